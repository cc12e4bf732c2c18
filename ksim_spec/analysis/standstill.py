"""The leaves of a program while the robot stands still in the pose of its reset, from the robot file alone.

What takes kinematics (feet, contacts, torques) stays as wide as at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ksim_spec.analysis.leaf_intervals import Seeds
from ksim_spec.ir.intervals.interval import Ends, Interval, of_pairs, uniform
from ksim_spec.ir.node import Node
from ksim_spec.language.quantities import SENSORS, row_of
from ksim_spec.robot import elements as el


@dataclass(frozen=True)
class Standing(Seeds):
    """Seeds without motion, action, noise or draws. `commanded` is the share of the command that is given: 0 or 1.

    At 0 each field of a command is as near to zero as its range allows, at 1 as far from it.
    """

    commanded: float = 0.0

    def _sample(self, node: Node) -> Interval:
        middle = 0.5 if node.attr("kind") == "uniform" else 0.0
        return uniform(node.shape, (middle, middle))

    def _action(self, node: Node) -> Interval:
        return uniform(node.shape, (0.0, 0.0))

    def command(self, name: str, part: str) -> Ends:
        ends = self._drawn.command(name, part)
        nearest = min(max(0.0, ends[0]), ends[1])
        given = max(ends, key=abs) if self.commanded else nearest
        return given, given

    @cached_property
    def _drawn(self) -> Seeds:
        """Draws as they mostly are: no command is as far from zero as a normal one can be."""
        return Seeds(self.program, self.index, 2.0)

    def _read(self, node: Node) -> Interval:
        what, of, names = node.attr("what"), node.attr("of"), node.attr("names")
        row = SENSORS.get(self.sensor(names[0]).tag) if of == "sensor" else row_of(node)
        if row is not None and row.stage == "vel":
            return uniform(node.shape, (0.0, 0.0), 0.0)
        if of == "joint" and what == "pos":
            return of_pairs([(x, x) for x in (self.posed(self.program.reset.pose, n) for n in names)])
        place = self._place(names[0]) if of == "body" and len(names) == 1 and what in ("pos", "quat") else None
        if place is not None:
            return of_pairs([(x, x) for x in (place[:3] if what == "pos" else place[3:])])
        return super()._read(node)

    def _place(self, body: str) -> tuple[float, ...] | None:
        """Position and orientation of a floating body in the keyframe of the reset; None where there is none."""
        key, free = self.index.find("keyframe", self.program.reset.pose), self.index.free_joint(body)
        if not isinstance(key, el.Keyframe) or key.qpos is None or free is None:
            return None
        return self.index.key_positions(key, [free])[0]
