"""The leaves of a program while the robot stands still in the pose of its reset, from the robot file alone.

What takes kinematics (feet, contacts, torques) stays as wide as at any time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ksim_spec.analysis.leaf_intervals import Seeds
from ksim_spec.ir.intervals.interval import Ends, Interval, of_pairs, product, sound, uniform
from ksim_spec.ir.node import Node
from ksim_spec.language.program import StateChange
from ksim_spec.language.quantities import SENSORS, row_of
from ksim_spec.robot import elements as el
from ksim_spec.robot import rotation
from ksim_spec.robot.rotation import Quat, Vector


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


@dataclass(frozen=True)
class Starting(Standing):
    """Seeds of the first state of an episode: the pose of the reset, and what its lines draw and change after it."""

    def _sample(self, node: Node) -> Interval:
        return Seeds._sample(self, node)

    def _read(self, node: Node) -> Interval:
        what, of, names = node.attr("what"), node.attr("of"), node.attr("names")
        row = None if of == "sensor" else row_of(node)
        if of == "joint" and what in ("pos", "vel"):
            return of_pairs([self._joint_start(f"joint_{what}", n, e) for n, e in self._each(node, names)])
        if of == "body" and what == "pos" and len(names) == 1:
            return of_pairs([self._place_start(names, i, e) for i, e in enumerate(super()._read(node).elements())])
        if of == "body" and what == "quat" and len(names) == 1:
            turned = self._turned(names, super()._read(node))
            return Seeds._read(self, node) if turned is None else of_pairs([(x, x) for x in turned], 1.0)
        moved = {change.target for change in self.program.reset.changes}
        if moved - {"joint_pos", "pos"} and (row is None or row.stage == "vel"):
            return Seeds._read(self, node)
        return super()._read(node)

    def _each(self, node: Node, names: tuple[str, ...]) -> Iterator[tuple[str, Ends]]:
        return zip(names, super()._read(node).elements(), strict=True)

    def _joint_start(self, target: str, joint: str, ends: Ends) -> Ends:
        for change in self.program.reset.changes:
            if change.target == target and joint in change.names:
                ends = self._changed(change, change.names.index(joint), ends)
        return ends

    def _place_start(self, names: tuple[str, ...], part: int, ends: Ends) -> Ends:
        for change in self.program.reset.changes:
            if change.target == "pos" and change.names == names and part in change.components:
                ends = self._changed(change, change.components.index(part), ends)
        return ends

    def _changed(self, change: StateChange, i: int, ends: Ends) -> Ends:
        """Returns what one number of the state is after a line of the reset."""
        drawn = self.ranges()(change.value)
        by = drawn.element(i if len(drawn.low) > 1 else 0)
        if change.op == "=":
            return by
        return product(ends, by) if change.op == "*=" else sound(ends[0] + by[0], ends[1] + by[1])

    def _turned(self, names: tuple[str, ...], start: Interval) -> Quat | None:
        """Returns the orientation after the turns of the reset; None where one of them is drawn."""
        turns = [c for c in self.program.reset.changes if c.target in _AXES and c.names == names]
        angles = [self.ranges()(c.value) for c in turns]
        if not start.exact or not all(angle.exact for angle in angles):
            return None
        w, x, y, z = start.low
        quat = (w, x, y, z)
        for change, angle in zip(turns, angles, strict=True):
            by = angle.low[0]
            if change.target == "yaw":  # about the world's axis; a roll or a pitch is about the body's
                now = math.atan2(2 * (quat[0] * quat[3] + quat[1] * quat[2]), 1 - 2 * (quat[2] ** 2 + quat[3] ** 2))
                by = {"=": by - now, "*=": (by - 1) * now}.get(change.op, by)
                quat = rotation.product(rotation.about(_AXES["yaw"], by), quat)
            else:
                quat = rotation.product(quat, rotation.about(_AXES[change.target], by))
        return quat


# What each of the turns of a reset is about.
_AXES: dict[str, Vector] = {"roll": (1.0, 0.0, 0.0), "pitch": (0.0, 1.0, 0.0), "yaw": (0.0, 0.0, 1.0)}
