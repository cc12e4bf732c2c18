"""NumPy evaluation of the IR in float64: the reference that generated code is checked against, and what a deployed
policy computes its observations with. Needs neither JAX nor MuJoCo.

An `Evaluator` is built once for the roots that are wanted. Called with the `Inputs` of a control step it returns
their values and the memories that the temporal operators carry to the next step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ksim_spec.ir.clock import CUTS, Clocks
from ksim_spec.ir.node import Node, walk
from ksim_spec.ir.ops import OPS
from ksim_spec.ir.temporal_ops import TEMPORAL, is_temporal

Memory = dict[str, np.ndarray]
_NOTHING: Mapping[str, Any] = {}


class Place(Protocol):
    """Where a simulator quantity is found; `ksim_spec.emit.binding.Leaf` is one."""

    @property
    def kind(self) -> str: ...
    @property
    def array(self) -> str: ...
    @property
    def indices(self) -> tuple[Any, ...]: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def value(self) -> Any: ...


@dataclass(frozen=True)
class Inputs:
    """What one environment knows at one control step, in SI.

    `reads` simulator arrays by MuJoCo's names, `commands` numbers by command and field, `samples` standard samples by
    stream, `params` runtime parameters, `levels` curriculum levels, `stats` statistics of an update. Only what the
    roots use has to be there.
    """

    reads: Mapping[str, Any] = field(default_factory=dict)
    action: Any = ()
    commands: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    time: float = 0.0
    samples: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    levels: Mapping[str, Any] = field(default_factory=dict)
    stats: Mapping[str, Any] = field(default_factory=dict)

    def row(self, index: int) -> Inputs:
        """Returns one environment of inputs whose reads, action, commands, time and samples are batched.

        The environment axis is the first; parameters, levels and statistics belong to all.
        """
        return Inputs(
            {k: np.asarray(v)[index] for k, v in self.reads.items()},
            np.asarray(self.action)[index] if np.ndim(self.action) > 1 else self.action,
            {c: {k: np.asarray(v)[index] for k, v in fields.items()} for c, fields in self.commands.items()},
            float(np.asarray(self.time)[index]) if np.ndim(self.time) else self.time,
            {k: np.asarray(v)[index] for k, v in self.samples.items()},
            self.params,
            self.levels,
            self.stats,
        )


class Evaluator:
    """Evaluates `roots` and everything below them, each node once a call.

    `places` says where nodes that read the simulator or the model are found, by node id (`Binding.leaves`).
    `control_step` in seconds is needed where roots compare `time`, so that they do in whole control steps.
    """

    def __init__(
        self,
        roots: Iterable[Node],
        places: Mapping[int, Place] = _NOTHING,  # type: ignore[assignment]
        control_step: float = 0.0,
    ) -> None:
        self.roots = tuple(roots)
        self.places = places
        clocks = Clocks(control_step)
        self._order = tuple(walk(self.roots))
        self._cuts = {id(n): step for n in self._order if (step := clocks.cut(n)) is not None}

    def __call__(self, inputs: Inputs, memory: Mapping[str, Any] | None = None) -> tuple[list[np.ndarray], Memory]:
        """Returns the value of every root, in order, and the memories for the next step.

        `memory` is what the call of the step before returned, or None on the first sample of an episode. Raises
        KeyError where a root needs an input that is missing.
        """
        values, kept = self.evaluate(inputs, memory)
        return [values[id(r)] for r in self.roots], kept

    def evaluate(self, inputs: Inputs, memory: Mapping[str, Any] | None = None) -> tuple[dict[int, np.ndarray], Memory]:
        """Returns the value of every node by id, and the memories for the next step by digest."""
        values: dict[int, np.ndarray] = {}
        kept: Memory = {}
        with np.errstate(all="ignore"):
            for node in self._order:
                args = [values[id(a)] for a in node.args]
                if is_temporal(node):
                    value, kept[node.digest] = advance(node, args, memory)
                elif OPS[node.op].leaf:
                    value = self._leaf(node, inputs)
                elif id(node) in self._cuts:
                    slack = self._cuts[id(node)].value(lambda n: self._leaf(n, inputs))
                    value = CUTS[node.op].numpy(*args, slack)
                else:
                    value = OPS[node.op].numpy(*args, **dict(node.attrs))
                values[id(node)] = np.asarray(value)
        return values, kept

    def batch(
        self, inputs: Inputs, num_rows: int, memory: Mapping[str, Any] | None = None
    ) -> tuple[list[np.ndarray], Memory]:
        """Returns the same for batched inputs (and memories), each array with the environment axis first."""
        rows: list[list[np.ndarray]] = []
        kept: list[Memory] = []
        for i in range(num_rows):
            values, after = self(inputs.row(i), None if memory is None else {k: v[i] for k, v in memory.items()})
            rows.append(values)
            kept.append(after)
        stacked = [np.stack(column) for column in zip(*rows, strict=True)]
        return stacked, {k: np.stack([m[k] for m in kept]) for k in (kept[0] if kept else ())}

    def _leaf(self, node: Node, inputs: Inputs) -> Any:
        op = node.op
        if op == "const":
            return np.asarray(node.attr("value"))
        if op in _NAMED:
            return _number(getattr(inputs, _NAMED[op])[node.attr("stream" if op == "sample" else "name")])
        if op == "command":
            return _number(inputs.commands[node.attr("command")][node.attr("field")])
        if op in ("action", "time"):
            return _number(inputs.action if op == "action" else inputs.time)
        return fetch(self.places[id(node)], inputs.reads)


_NAMED = {"param": "params", "level": "levels", "sample": "samples", "stat": "stats"}


def _number(value: Any) -> np.ndarray:
    return np.asarray(value, float)


def advance(node: Node, args: Sequence[Any], memory: Mapping[str, Any] | None) -> tuple[Any, np.ndarray]:
    """Returns the value of a temporal operator now and its memory for the next step (None: first of an episode)."""
    row, attrs = TEMPORAL[node.op], dict(node.attrs)
    value, after = row.first(*args, **attrs) if memory is None else row.later(memory[node.digest], *args, **attrs)
    return value, np.asarray(after)


def fetch(place: Place, reads: Mapping[str, Any]) -> np.ndarray:
    """Returns a simulator quantity of one environment from the arrays that were read."""
    if place.kind == "const":
        return np.asarray(place.value, float)
    array = np.asarray(reads[place.array], float) if place.array in reads or _filled(place) else np.zeros(0)
    if place.kind == "slice":
        return array[np.array(place.indices, int)].reshape(place.shape)
    if place.kind == "contact":
        touching = [any(array[i] > 0 for i in slots) for slots in place.indices]
        return np.array(touching, bool).reshape(place.shape)
    forces = [_force(array[np.array(slots, int)]) if slots else np.zeros(3) for slots in place.indices]
    return np.array(forces).reshape(place.shape)


def _filled(place: Place) -> bool:
    """Something that nothing can touch has no slots, so its array may not be read at all."""
    return place.kind == "slice" or any(len(slots) for slots in place.indices)


def _force(slots: np.ndarray) -> np.ndarray:
    """World-frame force on the first geom: slots hold the force on the second in the contact frame."""
    total = np.zeros(3)
    for force, normal, tangent in slots.reshape(-1, 3, 3):
        total -= np.array([normal, tangent, np.cross(normal, tangent)]).T @ force
    return total
