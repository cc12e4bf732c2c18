"""What the rules about design look at: a program, its robot, and the intervals of its values in several situations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ksim_spec.analysis.leaf_intervals import Seeds
from ksim_spec.analysis.reward_bounds import RewardFact, reward_facts
from ksim_spec.analysis.standstill import Standing, Starting
from ksim_spec.diagnostics import Diagnostic
from ksim_spec.ir.intervals.analysis import Found, Ranges
from ksim_spec.ir.intervals.interval import INF, Ends
from ksim_spec.ir.node import Node, intern, walk
from ksim_spec.ir.ops import const
from ksim_spec.language.program import ObservationEntry, Program, RewardTerm
from ksim_spec.language.quantities import is_contact
from ksim_spec.robot import elements as el
from ksim_spec.robot.index import RobotIndex
from ksim_spec.rules.rule import Rule
from ksim_spec.source import Span

NEVER: Ends = (0.0, 0.0)
ALWAYS: Ends = (1.0, 1.0)
SPILL = 0.1  # share of a joint's range by which it is pressed beyond its limits: MuJoCo's give way under load
_SITUATIONS = ("anytime", "likely", "pressed", "still", "starting", "commanded")


@dataclass(frozen=True)
class Subject:
    """One program; `anytime` knows the intervals in any state, `still` and `commanded` those of standing still.

    `earlier` is what was found in each situation of an earlier text.
    """

    program: Program
    robot: RobotIndex
    earlier: Mapping[str, Found] = field(default_factory=dict)

    def found(self) -> dict[str, Found]:
        """Returns what was worked out of each situation that was asked about."""
        return {name: self.__dict__[name].found for name in _SITUATIONS if name in self.__dict__}

    @cached_property
    def seeds(self) -> Seeds:
        return Seeds(self.program, self.robot, found=self.earlier.get("anytime"))

    @cached_property
    def anytime(self) -> Ranges:
        return self.seeds.ranges()

    @cached_property
    def likely(self) -> Ranges:
        """As `anytime`, with normal draws within two deviations."""
        return Seeds(self.program, self.robot, 2.0, self.seeds, self.earlier.get("likely")).ranges()

    @cached_property
    def pressed(self) -> Ranges:
        """As `anytime`, with joints pressed a little beyond their limits."""
        found = self.earlier.get("pressed")
        return Seeds(self.program, self.robot, spill=SPILL, like=self.seeds, found=found).ranges()

    @cached_property
    def standing(self) -> Standing:
        return Standing(self.program, self.robot, like=self.seeds, found=self.earlier.get("still"))

    @cached_property
    def still(self) -> Ranges:
        """In the pose of the reset, with commands as near to zero as they come."""
        return self.standing.ranges()

    @cached_property
    def starting(self) -> Ranges:
        """Where episodes begin: as `still`, and then what the reset draws and changes."""
        return Starting(self.program, self.robot, like=self.standing, found=self.earlier.get("starting")).ranges()

    @cached_property
    def commanded(self) -> Ranges:
        """In the pose of the reset, with commands as far from zero as they come."""
        found = self.earlier.get("commanded")
        return Standing(self.program, self.robot, commanded=1.0, like=self.standing, found=found).ranges()

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node of the program, arguments before their users."""
        return tuple(walk(self.program.roots()))

    @cached_property
    def rewards(self) -> dict[str, RewardFact]:
        return reward_facts(self.seeds)

    @cached_property
    def steady(self) -> dict[str, RewardFact]:
        """The terms that count all the time: neither those on events nor a bonus a step for what is reached."""
        kept = [r.name for r in self.program.rewards if r.mode != "event" and not _is_bonus(r)]
        return {name: self.rewards[name] for name in kept if self.rewards[name].counts == "always"}

    @cached_property
    def best(self) -> float:
        """The most that all steady terms can add in a second."""
        return sum(max(f.adds[1], 0.0) for f in self.steady.values())

    def quiet(self, entry: ObservationEntry) -> Node:
        """Returns an observation without noise: every draw in its middle, and what then adds 0 left out."""
        return self._quieted[id(entry.node)]

    @cached_property
    def _quieted(self) -> dict[int, Node]:
        """By id, every node that observations need as `quiet` has it: one walk, for they share most of it."""
        quiet: dict[int, Node] = {}
        for node in walk(e.node for group in self.program.observations for e in group.entries):
            args = tuple(quiet[id(a)] for a in node.args)
            if node.op == "sample":
                node_now = _middle(node)
            elif all(a is b for a, b in zip(args, node.args, strict=True)):
                node_now = node
            else:
                node_now = intern(node.op, args, dict(node.attrs), node.dtype, node.shape)
            quiet[id(node)] = self._without_zeros(node_now)
        return quiet

    def _without_zeros(self, node: Node) -> Node:
        """Returns the part of a sum to which the other adds 0, and any other node as it is."""
        if node.op == "add":
            for kept, other in (node.args, node.args[::-1]):
                if kept.shape == node.shape and self.anytime(other).ends == NEVER:
                    return kept
        return node

    def reads(self, roots: Iterable[Node], op: str) -> Iterator[Node]:
        """Yields the nodes of an operation that the roots need."""
        return (n for n in walk(roots) if n.op == op)

    @cached_property
    def endings(self) -> tuple[str, ...]:
        """The names of the rules that fail or succeed and can fire."""
        return tuple(
            t.name for t in self.program.terminations if t.outcome != "truncate" and self.anytime(t.when).ends != NEVER
        )

    def slides(self, joint: str) -> bool:
        """True for a joint whose units are m and N."""
        found = self.robot.find("joint", joint)
        return isinstance(found, el.Joint) and found.type == "slide"

    def unable(self, roots: Iterable[Node]) -> tuple[str, ...]:
        """Returns a fact for each part of the robot whose contact is read and that can touch nothing asked for."""
        found: list[str] = []
        for node in walk(roots):
            if node.op != "read" or not is_contact(node):
                continue
            idle = [n for n in node.attr("names") if not self.seeds.touches(node, n)]
            other = node.attr("other")
            what = "anything outside the robot" if other == ("outside",) else f"{other[0]} `{', '.join(other[1:])}`"
            found += [f"{node.attr('of')} `{n}` can never touch {what}" for n in idle]
        return tuple(dict.fromkeys(found))


def _is_bonus(term: RewardTerm) -> bool:
    return term.mode == "step" and term.value.op == "to_float"


def _middle(sample: Node) -> Node:
    value: object = 0.5 if sample.attr("kind") == "uniform" else 0.0
    for size in reversed(sample.shape):
        value = [value] * size
    return const(value)


def warn(rule: Rule, message: str, span: Span, help: str, notes: tuple[str, ...] = ()) -> Diagnostic:
    """Returns a finding about design."""
    return Diagnostic(rule, message, span, notes=notes, help=help)


def bounded(ends: Ends) -> bool:
    return ends[0] > -INF and ends[1] < INF


def text_of(ends: Ends) -> str:
    """Returns a range for a message."""
    return f"{ends[0]:.4g}" if ends[0] == ends[1] else f"{ends[0]:.4g} .. {ends[1]:.4g}"
