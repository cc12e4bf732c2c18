"""Between which numbers the leaves of a program lie: what the robot file and the blocks of the spec say of them.

Joints are taken to be within their limits, though MuJoCo's limits give way a little; velocities and positions in the
world are unbounded. Draws of a normal distribution are unbounded too, unless a number of deviations is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from ksim_spec.ir.intervals.analysis import Found, Ranges, unknown
from ksim_spec.ir.intervals.interval import ANYTHING, INF, TRUTH, Ends, Interval, of_pairs, uniform, union
from ksim_spec.ir.node import Node
from ksim_spec.language.episode import episode_steps
from ksim_spec.language.program import Program
from ksim_spec.language.quantities import SENSORS, UNIT, Quantity, row_of
from ksim_spec.robot import elements as el
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.servo import force, joint_force
from ksim_spec.robot.static_contacts import Touch


@dataclass(frozen=True)
class Seeds:
    """The intervals of a program's leaves, at any time in an episode.

    `like` is another situation of the same program: what holds there is taken over for all whose leaves are the same.
    So is what was `found` in this situation of an earlier text.
    """

    program: Program
    index: RobotIndex
    deviations: float = INF  # of normal draws
    like: Seeds | None = None
    found: Found | None = None
    spill: float = 0.0  # share of its range by which a joint may be beyond its limits

    @cached_property
    def touch(self) -> Touch:
        """What can touch what."""
        world = self.program.world
        sites = {s.name: s.body for s in world.sites}
        return self.like.touch if self.like else Touch(self.index, world.floor, self.program.own, sites)

    @cached_property
    def seconds(self) -> float:
        """The longest episode."""
        steps = episode_steps(self.program)
        return INF if steps is None else steps * self.program.world.control_step

    def ranges(self) -> Ranges:
        """Returns what works out the intervals of the program's nodes: one for all who ask, so each is done once."""
        return self._ranges

    @cached_property
    def _ranges(self) -> Ranges:
        return Ranges(self, self.seconds, None, self.like.ranges() if self.like else None, self.found)

    def __call__(self, node: Node) -> Interval:
        seed = getattr(self, f"_{node.op}", None)
        return unknown(node) if seed is None else seed(node)

    # Numbers of the spec ------------------------------------------------------------------------------------------

    def _param(self, node: Node) -> Interval:
        value = self.program.params[node.attr("name")]
        return uniform(node.shape, (value, value))

    def _level(self, node: Node) -> Interval:
        found = next((v for v in self.program.levels if v.name == node.attr("name")), None)
        ends = ANYTHING if found is None else (min(found.start, found.end), max(found.start, found.end))
        return uniform(node.shape, ends)

    def _stat(self, node: Node) -> Interval:
        name = node.attr("name")
        known = {"fail": TRUTH, "success": TRUTH, "episode_time": (0.0, self.seconds), "env_states": (0.0, INF)}
        return uniform(node.shape, known.get(name, ANYTHING))

    def _time(self, node: Node) -> Interval:
        return uniform(node.shape, (0.0, self.seconds))

    def _sample(self, node: Node) -> Interval:
        normal = (-self.deviations, self.deviations)
        return uniform(node.shape, TRUTH if node.attr("kind") == "uniform" else normal)

    def _action(self, node: Node) -> Interval:
        return uniform(node.shape, UNIT if self.program.policy.distribution == "tanh_normal" else ANYTHING)

    def _command(self, node: Node) -> Interval:
        return uniform(node.shape, self.command(node.attr("command"), node.attr("field")))

    def command(self, name: str, part: str) -> Ends:
        """Returns between which numbers a field of a command is drawn; a command may also be zero."""
        block = next(c for c in self.program.commands if c.name == name)
        value = next(f.value for f in block.fields if f.name == part)
        drawn, known = self._ranges(value).ends, self._ranges
        return drawn if block.zero is None or known(block.zero).ends == (0.0, 0.0) else union(drawn, (0.0, 0.0))

    # The robot ----------------------------------------------------------------------------------------------------

    def _pose(self, node: Node) -> Interval:
        return of_pairs([(x, x) for x in (self.posed(node.attr("key"), n) for n in node.attr("names"))])

    def posed(self, key: str, joint: str) -> float:
        """Returns where a scalar joint is in a keyframe, or in the reference pose without one (rad or m)."""
        frame, found = self.index.find("keyframe", key), self.index.find("joint", joint)
        assert isinstance(found, el.Joint)
        if not isinstance(frame, el.Keyframe):
            return found.ref
        return self.index.key_positions(frame, [found])[0][0]

    def _model(self, node: Node) -> Interval:
        return self._within(node, row_of(node), node.attr("names"))

    def _within(self, node: Node, row: Quantity | None, names: tuple[str, ...]) -> Interval:
        """What a row says of its value; a named bound is asked about the elements that are read."""
        if row is None or row.interval == ANYTHING:
            return unknown(node)
        if not isinstance(row.interval, str):
            return uniform(node.shape, row.interval, 1.0 if row.interval == UNIT else INF)
        if row.interval == "contact":
            return self._contact(node, names)
        return of_pairs([self._bounds[row.interval](n) for n in names])

    @cached_property
    def _bounds(self) -> dict[str, Callable[[str], Ends]]:
        return {
            "joint_range": self.joint_positions, "joint_effort": self.torque, "actuator_effort": self._force,
            "joint_lower": lambda n: self._limit(n, False), "joint_upper": lambda n: self._limit(n, True),
        }  # fmt: skip

    def _limit(self, joint: str, upper: bool) -> Ends:
        limits = self._joint(joint).range
        end = (INF if upper else -INF) if limits is None else limits[upper]
        return end, end

    def _joint(self, name: str) -> el.Joint:
        found = self.index.find("joint", name)
        assert isinstance(found, el.Joint)
        return found

    def _read(self, node: Node) -> Interval:
        names = node.attr("names")
        if node.attr("of") != "sensor":
            return self._within(node, row_of(node), names)
        sensor = self.sensor(names[0])
        return self._within(node, SENSORS.get(sensor.tag), (sensor.obj,))

    def sensor(self, name: str) -> el.Sensor:
        """Returns a sensor of the robot file."""
        found = self.index.find("sensor", name)
        assert isinstance(found, el.Sensor)
        return found

    def joint_positions(self, name: str) -> Ends:
        """Returns a joint's limits (rad or m), and beyond them as far as this situation lets it go."""
        limits = self._joint(name).range
        if limits is None:
            return ANYTHING
        beyond = self.spill * (limits[1] - limits[0])
        return limits[0] - beyond, limits[1] + beyond

    def _force(self, name: str) -> Ends:
        """The force range of an actuator, at its own side of the gear."""
        return force(self.program.actuator(self.index, name))

    def torque(self, joint: str) -> Ends:
        """Returns what the actuators can apply at a joint (Nm or N)."""
        if any(not a.transmission.startswith("joint") for a in self.index.actuators):
            return ANYTHING
        if self._joint(joint).attrs.get("actuatorgravcomp") == "true":
            return ANYTHING
        direct = [self.program.actuator(self.index, name_of(a)) for a in self.index.actuators_of(joint)]
        given = [joint_force(a) for a in direct]
        return sum(low for low, _ in given), sum(high for _, high in given)

    def _contact(self, node: Node, names: tuple[str, ...]) -> Interval:
        each = math.prod(node.shape) // max(len(names), 1)
        can = TRUTH if node.dtype == "bool" else ANYTHING
        return of_pairs([can if self.touches(node, n) else (0.0, 0.0) for n in names for _ in range(each)])

    def touches(self, node: Node, name: str) -> bool:
        """Returns whether one element of a contact that is read can touch the other side at all."""
        other = node.attr("other")
        named = (g for n in other[1:] for g in self.touch.of(other[0], n))
        against = self.touch.outside if other == ("outside",) else named
        return self.touch.any_pair(self.touch.of(node.attr("of"), name), against)
