"""Rules about reward terms: what can never count, counts twice, or pays for the opposite of what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, Label
from ksim_spec.ir.hash import Canon
from ksim_spec.ir.intervals.interval import INF
from ksim_spec.ir.node import Node, walk
from ksim_spec.language.program import RewardTerm
from ksim_spec.linter.context import NEVER, Subject, bounded, warn
from ksim_spec.source import Span

NEGLIGIBLE = 0.001  # of the most that all terms can add
EARNED = 0.5  # by standing still at full command, of the most that a term can add


def never_nonzero(s: Subject) -> Iterator[Diagnostic]:
    """A term that is 0 in every state: a contact that cannot be, a limit beyond the limits of the joints."""
    for r in s.program.rewards:
        if s.rewards[r.name].value == NEVER:
            notes = s.unable([r.value]) or _joint_notes(s, r.value)
            yield warn(
                rules.NEVER_NONZERO,
                f"`{r.name}` is 0 in every state of the robot",
                r.span,
                "change what it measures, or remove it",
                notes,
            )
        elif idle := _beyond_limits(s, r.value):
            more = f" and {len(idle) - 1} more" if idle[1:] else ""
            yield warn(
                rules.NEVER_NONZERO,
                f"`{r.name}` never counts for `{idle[0]}`{more}: the bound lies outside the joint's own",
                r.span,
                "narrow the range about its middle: a factor on both ends shifts it where both have one sign",
                _joint_notes(s, r.value),
            )


def _beyond_limits(s: Subject, value: Node) -> list[str]:
    """Returns the joints whose excess over a bound made of their limits, `max(pos - bound, 0)`, is always 0."""
    found: list[str] = []
    for node in walk([value]):
        if node.op != "maximum" or not any(n.attr("what") in ("lower", "upper") for n in s.reads([node], "model")):
            continue
        names = next((n.attr("names") for n in s.reads([node], "read") if n.attr("what") == "pos"), ())
        over = next((a for a in node.args if not s.anytime(a).exact), None)
        if over is None or len(names) < 2 or over.shape != (len(names),):
            continue
        ends = s.anytime(over).elements()
        found += [name for name, (_, high) in zip(names, ends, strict=True) if -INF < high <= 0]
    return list(dict.fromkeys(found))


def _joint_notes(s: Subject, value: Node) -> tuple[str, ...]:
    reads = [n for n in s.reads([value], "read") if n.attr("of") == "joint" and n.attr("what") == "pos"]
    return ("joints are taken to stay within the limits of the robot file",) if reads else ()


def duplicate_term(s: Subject) -> Iterator[Diagnostic]:
    """Two terms that measure the very same thing."""
    canon, first = Canon(s.program.params), dict[str, RewardTerm]()
    for r in s.program.rewards:
        other = first.setdefault(canon(r.value), r)
        if other is not r and not s.anytime(r.value).exact:
            found = warn(
                rules.DUPLICATE_TERM,
                f"`{r.name}` measures the same as `{other.name}`",
                r.span,
                "keep one of them, with the weights added up",
            )
            yield replace(found, related=(Label(other.span, "measured here already"),))


def zero_weight(s: Subject) -> Iterator[Diagnostic]:
    for r in s.program.rewards:
        if s.anytime(r.weight).ends == NEVER:
            yield warn(
                rules.ZERO_WEIGHT,
                f"`{r.name}` has the weight 0: it is measured and adds nothing",
                r.span,
                "give it a weight, or leave it as a measurement",
            )


def constant_reward(s: Subject) -> Iterator[Diagnostic]:
    """A constant where nothing but time ends an episode: every policy gets it."""
    if any(t.outcome != "truncate" for t in s.program.terminations):
        return
    for r in s.program.rewards:
        value = s.anytime(r.value)
        if value.exact and value.ends != NEVER and s.anytime(r.weight).ends != NEVER:
            yield warn(
                rules.CONSTANT_REWARD,
                f"`{r.name}` adds the same in every state, and nothing but time ends an episode",
                r.span,
                "it rewards survival only where a rule of `terminate` can fail: add one, or remove the term",
            )


def sign_surprise(s: Subject) -> Iterator[Diagnostic]:
    """A sum of squares that is rewarded, or a kernel around a command that is punished."""
    for r in s.program.rewards:
        weight, value = s.anytime(r.weight).ends, s.anytime(r.value).ends
        summed = r.value.op in ("sum", "mean")
        if _is_square(r.value) and weight[0] > 0 and (summed or value[1] == INF or s.still(r.value).ends == NEVER):
            how = " without bound" if value[1] == INF else ""
            yield warn(
                rules.SIGN_SURPRISE,
                f"`{r.name}` is a square, and its weight rewards it{how}",
                r.span,
                "a cost has a negative weight",
            )
        elif _is_kernel(r.value) and weight[1] < 0 and any(s.reads([r.value], "command")):
            yield warn(
                rules.SIGN_SURPRISE,
                f"`{r.name}` is largest where a command is followed, and its weight is negative",
                r.span,
                "give it a positive weight",
            )


def _is_square(node: Node) -> bool:
    while node.op in ("sum", "mean", "max", "expand"):
        node = node.args[0]
    return node.op == "square"


def _is_kernel(node: Node) -> bool:
    return node.op == "exp" and node.args[0].op == "neg"


def wide_tolerance(s: Subject) -> Iterator[Diagnostic]:
    """A term about a command of which standing still earns most."""
    for r in s.program.rewards:
        best = s.anytime(r.value).ends[1]
        if s.anytime(r.weight).ends[0] <= 0 or not 0 < best < INF or not any(s.reads([r.value], "command")):
            continue
        without, earned = s.still(r.value).ends, s.commanded(r.value).ends[0]
        if without[1] > earned >= EARNED * best:
            yield warn(
                rules.WIDE_TOLERANCE,
                f"standing still earns {earned / best:.0%} of `{r.name}` even at full command",
                r.span,
                "narrow the scale, so that what is commanded is worth the effort",
            )


def negligible_term(s: Subject) -> Iterator[Diagnostic]:
    """A bounded term that cannot matter beside the others, or the one beside which none of them matters."""
    if not 0 < s.best < INF:
        return
    small = [r for r in s.program.rewards if r.name in s.steady and 0 < _largest(s, r.name) < NEGLIGIBLE * s.best]
    top = max(s.steady, key=lambda name: s.steady[name].adds[1])
    rest = s.best - max(s.steady[top].adds[1], 0.0)
    drowned = [r for r in small if _largest(s, r.name) >= NEGLIGIBLE * rest > 0]
    for r in small:
        if r not in drowned:
            yield warn(
                rules.NEGLIGIBLE_TERM,
                f"`{r.name}` adds at most {_largest(s, r.name):.2g} in a second, "
                f"and all terms together up to {s.best:.3g}",
                r.span,
                "give it a weight that is felt, or remove it",
            )
    if drowned:
        more = f" and {len(drowned) - 1} more" if drowned[1:] else ""
        at = next(r.span for r in s.program.rewards if r.name == top)
        yield warn(
            rules.NEGLIGIBLE_TERM,
            f"beside `{top}`, up to {s.steady[top].adds[1]:.3g} in a second, `{drowned[0].name}`{more} cannot be felt",
            at,
            "give it a smaller weight, or limit it: `clip 0 .. 1`",
            (f"all other terms together add up to {rest:.3g}",),
        )


def _largest(s: Subject, name: str) -> float:
    """The largest size of what a term adds in a second; 0 for one without bounds."""
    adds = s.rewards[name].adds
    return max(map(abs, adds)) if bounded(adds) else 0.0


def event_as_rate(s: Subject) -> Iterator[Diagnostic]:
    """A term of single steps with a weight per second: the control step makes next to nothing of it."""
    for r in s.program.rewards:
        if r.mode == "rate" and s.rewards[r.name].counts == "moment":
            dt = s.program.world.control_step
            yield warn(
                rules.EVENT_AS_RATE,
                f"`{r.name}` is other than 0 only in single steps, and its weight is per second: each counts "
                f"for {dt:g} of it",
                r.span,
                "leave `per s` out of the weight and end the line with `on event`",
            )


def steady_on_event(s: Subject) -> Iterator[Diagnostic]:
    """A term that counts at every step and says `on event`."""
    for r in s.program.rewards:
        if r.mode == "event" and s.rewards[r.name].value != NEVER and all(n.dtype != "bool" for n in walk([r.value])):
            yield warn(
                rules.STEADY_ON_EVENT,
                f"`{r.name}` counts at every control step, and says `on event`",
                r.span,
                "write the weight `per s`, or name the event: `where rising(…)`",
            )


def only_costs(s: Subject) -> Iterator[Diagnostic]:
    """Nothing can be earned, and an episode can be failed early: the sooner, the better."""
    endings = [t for t in s.program.terminations if t.outcome != "truncate"]
    fails = [t.name for t in endings if t.outcome == "fail" and t.name in s.endings]
    if not fails or any(t.outcome == "success" for t in endings):
        return
    adds = [f.adds for f in s.rewards.values()]
    if adds and max(a[1] for a in adds) <= 0 and min(a[0] for a in adds) < 0:
        at = s.program.rewards[0].span
        yield warn(
            rules.ONLY_COSTS,
            f"no term can add anything, so ending an episode early by `{fails[0]}` pays",
            at,
            "reward what is wanted, or staying alive: `alive = 1  weight 1 per s`",
        )


def division_by_zero(s: Subject) -> Iterator[Diagnostic]:
    """A quotient whose divisor is exactly 0 while the robot stands still, as it does when an episode begins."""
    for name, node, span in undefined_at_rest(s):
        what = "divides by 0" if node.op == "div" else "takes the logarithm of 0"
        yield warn(
            rules.DIVISION_BY_ZERO,
            f"`{name}` {what} while the robot stands still, as at each start",
            span,
            "keep it away from 0, for example with `max(…, 0.01 m/s)`",
        )


def undefined_at_rest(s: Subject) -> Iterator[tuple[str, Node, Span]]:
    """Yields quotients and logarithms of rewards and observations that have no value while the robot stands still."""
    places = [(r.name, r.value, r.span) for r in s.program.rewards]
    places += [(e.name, e.node, e.span) for g in s.program.observations for e in g.entries]
    told: set[int] = set()
    for name, root, span in places:
        for node in walk([root]):
            divided = node.op == "div" and any(e == NEVER for e in s.still(node.args[1]).elements())
            logged = node.op == "log" and any(e[1] <= 0 for e in s.still(node.args[0]).elements())
            if (divided or logged) and id(node) not in told:
                told.add(id(node))
                yield name, node, span


def unwrapped_angle(s: Subject) -> Iterator[Diagnostic]:
    """A difference of headings that jumps by a turn where the robot faces backwards."""
    for r in s.program.rewards:
        nodes = list(walk([r.value]))
        users: dict[int, list[Node]] = {}
        for node in nodes:
            for a in node.args:
                users.setdefault(id(a), []).append(node)
        for node in nodes:
            if node.op == "sub" and any(a.op == "yaw" for a in node.args) and not _comes_round(node, users):
                yield warn(
                    rules.UNWRAPPED_ANGLE,
                    f"`{r.name}` takes a difference of headings, which jumps by 360 deg",
                    r.span,
                    "bring it into one turn: `wrap(…)`",
                )
                break


def _comes_round(angle: Node, users: dict[int, list[Node]]) -> bool:
    """True where every use of an angle is the same after a full turn."""
    found = users.get(id(angle), [])
    return bool(found) and all(
        u.op in ("sin", "cos", "mod") or (u.op in ("add", "sub", "neg") and _comes_round(u, users)) for u in found
    )


CHECKS = (
    never_nonzero,
    duplicate_term,
    zero_weight,
    constant_reward,
    sign_surprise,
    wide_tolerance,
    negligible_term,
    event_as_rate,
    steady_on_event,
    only_costs,
    division_by_zero,
    unwrapped_angle,
)
