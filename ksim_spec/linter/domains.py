"""Rules about numbers that hang on the robot, a draw or the state, and lie outside of what their place takes."""

from __future__ import annotations

from collections.abc import Iterator

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic
from ksim_spec.ir.intervals.interval import INF, Ends
from ksim_spec.language.ranges import Limit, Range
from ksim_spec.linter.context import Subject, warn
from ksim_spec.linter.reward import undefined_at_rest
from ksim_spec.units import NUMBER, TIME


def outside_domain(s: Subject) -> Iterator[Diagnostic]:
    """An argument that is outside of its range in every state, or in some where it then has no value."""
    at_rest = {id(node.args[0]) for _, node, _ in undefined_at_rest(s) if node.op == "log"}  # told of already
    for limit in s.program.limits:
        elements = list(s.anytime(limit.node).elements())
        always = [e for e in elements if _apart(e, limit.range)]
        sometimes = [e for e in elements if limit.range.nan and _begins_outside(e, limit.range)]
        sometimes = [] if id(limit.node) in at_rest else sometimes
        if always:
            worst, how = min(always), "is"
        elif sometimes:
            worst, how = min(sometimes), "can be"
        else:
            continue
        yield warn(
            rules.OUTSIDE_DOMAIN,
            f"{limit.what} must be {limit.range.text(lambda x, limit=limit: _written(x, limit))}, and this {how} "
            f"{_seen(worst, limit)}",
            limit.span,
            "keep it within, for example with `max(…, …)`" if sometimes else "use another value",
        )


def beyond_episode(s: Subject) -> Iterator[Diagnostic]:
    """A time that an episode never reaches."""
    for limit in s.program.limits:
        first, seconds = s.anytime(limit.node).ends[0], s.seeds.seconds
        if limit.range.due and limit.dim.same(TIME) and seconds < INF and first >= seconds + 1e-9:
            yield warn(
                rules.BEYOND_EPISODE,
                f"{limit.what} is {first:g} s, and an episode lasts at most {seconds:g} s",
                limit.span,
                "shorten it, or let episodes last longer",
            )


def _apart(ends: Ends, range: Range) -> bool:
    """True when no number between these ends is within the range."""
    low, high = ends
    below = high <= range.low if range.open_low else high < range.low
    beyond = low >= range.high if range.open_high else low > range.high
    return below or beyond or (range.nonzero and low == high == 0)


def _begins_outside(ends: Ends, range: Range) -> bool:
    return ends[0] <= range.low if range.open_low else ends[0] < range.low


def _seen(ends: Ends, limit: Limit) -> str:
    low, high = ends
    if low == high:
        return _written(low, limit)
    if low == -INF:
        return "anything" if high == INF else f"{_written(high, limit)} and less"
    return _written(low, limit) if limit.range.nan else f"{low:.4g} .. {_written(high, limit)}"


def _written(x: float, limit: Limit) -> str:
    return f"{x:.4g}" if limit.dim == NUMBER else f"{x:.4g} {limit.dim}"


CHECKS = (outside_domain, beyond_episode)
