"""Canonical digests of expressions for comparison: the same thing written in two ways has one digest.

Values that a spec takes from elsewhere (parameters, poses, joint limits, curriculum levels) count by what they are and
not by what they are called. The control step is left out: it is compared by itself.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterator
from typing import Any

from ksim_spec.contract.schema import Draw, Expression
from ksim_spec.ir.hash import number_text
from ksim_spec.ir.node import Node, walk
from ksim_spec.ir.ops import OPS
from ksim_spec.language.program import Level, Program
from ksim_spec.language.things import named_as
from ksim_spec.robot.elements import Joint, Keyframe
from ksim_spec.robot.index import RobotIndex

_NAMED = ("read", "model", "pose")
_ARITHMETIC = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}


class Canonical:
    """Makes `Expression`s of a program's nodes."""

    def __init__(self, program: Program, index: RobotIndex) -> None:
        self.program, self.index = program, index
        self.levels = {level.name: level for level in program.levels}
        self._shaping = {p.name: (p.draw, p.value) for p in program.parameters if p.draw is not None}
        self._known: dict[int, str] = {}

    def __call__(self, node: Node, text: str = "") -> Expression:
        """Returns a node as an expression."""
        names = list(dict.fromkeys(n for x in walk([node]) for n in self._names(x)))
        return Expression(
            text=text,
            digest=self.digest(node),
            anonymous=self._anonymous(node, names),
            names=tuple(names),
            values=self.values(node),
            draws=tuple(self._draws(node)),
        )

    def digest(self, node: Node) -> str:
        """Returns the digest of a node and everything below it, names included."""
        for n in walk([node]):
            if id(n) not in self._known:
                self._known[id(n)] = _joined(n, self._own(n), [self._known[id(a)] for a in n.args])
        return self._known[id(node)]

    def _anonymous(self, node: Node, names: list[str]) -> str:
        order = {name: str(i) for i, name in enumerate(names)}
        known: dict[int, str] = {}
        for n in walk([node]):
            own = self._own(n)
            if n.op in (*_NAMED, "command", "sample"):
                own = "|".join((n.op, *(order[x] for x in self._names(n)), *self._unnamed(n)))
            known[id(n)] = _joined(n, own, [known[id(a)] for a in n.args])
        return known[id(node)]

    def _own(self, n: Node) -> str:
        if n.op == "param" and n.attr("name") in self.program.params:
            return number_text(self.program.params[n.attr("name")])
        if n.op == "const":
            if not n.shape and n.dtype != "bool":
                return number_text(n.attr("value"))
            return f"{n.dtype}{n.shape}{_numbers(n.attr('value'))}"
        if n.op == "level" and n.attr("name") in self.levels:
            return self._level(self.levels[n.attr("name")])
        if n.op == "pose" or (n.op == "model" and n.attr("what") in ("lower", "upper")):
            return f"values|{_numbers(self.constant(n))}"
        return f"{n.op}|{[(k, v) for k, v in n.attrs if k != 'dt']!r}"

    def _level(self, level: Level) -> str:
        when = self.digest(level.when) if level.when is not None else ""
        return f"level|{_numbers((level.start, level.end, level.step or 0.0, level.over or 0.0))}|{when}"

    def _names(self, n: Node) -> list[str]:
        """What a node calls by name: `joint:left_knee`, `command:velocity.x`, `stream:observe.actor.gyro.noise`."""
        if n.op in ("read", "model"):
            other: tuple[str, ...] = dict(n.attrs).get("other", ())
            pairs = [(n.attr("of"), x) for x in n.attr("names")] + [(kind, x) for kind in other[:1] for x in other[1:]]
            return [f"{named_as(kind)}:{name}" for kind, name in pairs]
        if n.op == "pose":
            return [f"joint:{name}" for name in n.attr("names")]
        if n.op == "command":
            return [f"command:{n.attr('command')}.{n.attr('field')}"]
        return [f"stream:{n.attr('stream')}"] if n.op == "sample" else []

    def _unnamed(self, n: Node) -> list[str]:
        if n.op == "pose" or (n.op == "model" and n.attr("what") in ("lower", "upper")):
            return [_numbers(self.constant(n))]
        hidden = ("names", "other", "stream", "command", "field")
        return [f"{k}={v!r}" for k, v in n.attrs if k not in hidden]

    # Numbers ------------------------------------------------------------------------------------------------------

    def constant(self, n: Node) -> tuple[float, ...]:
        """Returns the joint positions of a `pose`, or the joint limits of a `model` leaf, as the MJCF has them."""
        joints = [j for name in n.attr("names") if isinstance(j := self.index.find("joint", name), Joint)]
        if n.op == "model":
            ends = [j.range or (0.0, 0.0) for j in joints]
            return tuple(end[0 if n.attr("what") == "lower" else 1] for end in ends)
        return self.pose(n.attr("key"), joints)

    def pose(self, key: str, joints: list[Joint]) -> tuple[float, ...]:
        """Returns positions in a keyframe, in the reference pose for an empty name."""
        found = self.index.find("keyframe", key) if key else None
        frame = found if isinstance(found, Keyframe) else Keyframe("keyframe", -1, None, "key", "", 0)
        return tuple(x for p in self.index.key_positions(frame, joints) for x in p)

    def values(self, node: Node) -> tuple[float, ...] | None:
        """Returns the numbers of a node that hangs on literals, parameters and poses, else None.

        In plain Python: importing NumPy would take longer than all else here.
        """
        nodes = list(walk([node]))
        if len(nodes) > 40:
            return None
        known: dict[int, tuple[float, ...]] = {}
        for n in nodes:
            value = self._number(n, [known[id(a)] for a in n.args])
            if value is None:
                return None
            known[id(n)] = value
        return known[id(node)]

    def _number(self, n: Node, args: list[tuple[float, ...]]) -> tuple[float, ...] | None:
        if n.op == "const" and n.dtype == "float":
            return tuple(_flat(n.attr("value")))
        if n.op == "param" and n.attr("name") in self.program.params:
            return (self.program.params[n.attr("name")],)
        if n.op == "pose":
            return self.constant(n)
        if n.op in ("expand", "neg"):
            return args[0] if n.op == "expand" else tuple(-x for x in args[0])
        if n.op not in _ARITHMETIC or (len(args[0]) != len(args[1]) and 1 not in map(len, args)):
            return None
        a, b = (x * max(map(len, args)) if len(x) == 1 else x for x in args)
        return tuple(map(_ARITHMETIC[n.op], a, b))

    def _draws(self, node: Node) -> Iterator[Draw]:
        """Yields the draws in an expression that have literal arguments, in the order in which they are made."""
        used = {n.attr("name") for n in walk([node]) if n.op == "param"}
        shaping = [found for name, found in self._shaping.items() if name in used] if used else []
        for draw in dict.fromkeys(draw for draw, _ in shaping):
            yield Draw(distribution=draw.distribution, arguments=tuple(x for d, x in shaping if d == draw))


def _joined(n: Node, own: str, args: list[str]) -> str:
    if OPS[n.op].commutative:
        args = sorted(args)
    return hashlib.sha256(f"{own}|{args}".encode()).hexdigest()[:24]


def _numbers(value: Any) -> str:
    return ",".join("true" if x is True else "false" if x is False else f"{x:.12g}" for x in _flat(value))


def _flat(value: Any) -> list[Any]:
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [x for v in value for x in _flat(v)] if isinstance(value, list | tuple) else [value]
