"""Blocks `command`, `signal` and `observe`: what the policy is told, what is computed, and what it sees."""

from __future__ import annotations

import math
from dataclasses import replace

from ksim_spec import rules
from ksim_spec.diagnostics import Label, suggest
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import const, make
from ksim_spec.language import algebra, frames
from ksim_spec.language.algebra import TypeProblem
from ksim_spec.language.blocks.attributes import (
    DRAWN,
    HEADER_TAKES,
    LINE_TAKES,
    Attributes,
    attributes,
    drawn_interval,
    known_here,
    need_scalar,
)
from ksim_spec.language.blocks.drawn import refuse_fixed, refuse_pair
from ksim_spec.language.blocks.setting import declare, frame_for
from ksim_spec.language.checker import Checker
from ksim_spec.language.distributions import sample
from ksim_spec.language.program import CommandBlock, CommandField, ObservationEntry, ObservationGroup, Pipeline
from ksim_spec.language.scope import Thing
from ksim_spec.language.tables import table_value
from ksim_spec.language.things import Command
from ksim_spec.language.types import UNKNOWN, Frame, Unknown, Value
from ksim_spec.source import NOWHERE, Span
from ksim_spec.syntax import ast
from ksim_spec.units import NUMBER, TIME, Dim, in_unit

# command -------------------------------------------------------------------------------------------------------------


def check_command(c: Checker, section: ast.Section) -> CommandBlock | None:
    """Declares a command and returns its fields, redraw interval, and probability of zero."""
    name = section.name
    if name is None or section.broken:
        return None
    header = attributes(c, section.attrs, HEADER_TAKES["command"], "a command")
    frame = frame_for(c, header.expr("in"))
    fields: list[CommandField] = []
    leaves: list[tuple[str, Value]] = []
    interval = zero = None
    resampled = NOWHERE
    for stmt in section.body:
        if isinstance(stmt, ast.Clause) and stmt.word == "resample":
            interval, resampled = _resample(c, stmt, name), stmt.span
        elif isinstance(stmt, ast.Clause) and stmt.word == "zero":
            zero = _zero(c, stmt, name)
        elif isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name):
            _field(c, stmt, name, stmt.target.id, frame if "in" in header else None, fields, leaves)
        elif not isinstance(stmt, ast.ErrorStmt):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a command holds fields, `resample`, and `zero`",
                help="for example `x = uniform(-1 m/s, 1 m/s)`",
            )
    if not leaves:
        if not any(isinstance(s, ast.ErrorStmt) for s in section.body):
            example = "for example `x = uniform(-1 m/s, 1 m/s)`"
            c.report(rules.MISSING_FIELD, section.header_span, f"the command `{name}` has no field", help=example)
        c.scope.salvaged.add(name)
        return None
    wanted = [s for s in section.body if isinstance(s, ast.Assign | ast.ErrorStmt)]
    command = Command(name, tuple(leaves), frame, partial=len(leaves) < len(wanted))
    declare(c, name, "command", lambda: command, section)
    named = (frame.name, frame.key) if frame else ("world", "world")
    return CommandBlock(name, tuple(fields), interval, zero, *named, section.header_span, resampled)


def _field(
    c: Checker,
    stmt: ast.Assign,
    command: str,
    name: str,
    frame: Frame | None,
    fields: list[CommandField],
    leaves: list[tuple[str, Value]],
) -> None:
    attributes(c, stmt.attrs, LINE_TAKES["command"], "a command field")
    if (earlier := next((f.span for f in fields if f.name == name), None)) is not None:
        c.report(
            rules.DUPLICATE_NAME,
            stmt.target.span,
            f"`{name}` is already a field of `{command}`",
            related=(Label(earlier, "first given here"),),
            help="rename one of the two",
        )
        return
    if refuse_pair(c, stmt.value, "a command field"):
        leaves.append((name, Value(const(0.0), zero=True)))
        return
    c.draws = c.drawing(f"command.{command}.{name}", "command", f"command.{command}.{name}")
    value = c.value(stmt.value)
    c.draws = None
    checked = need_scalar(c, value, stmt.value.span, "a command field")
    if checked is None:
        leaves.append((name, Value(const(0.0), zero=True)))
        return
    if not known_here(c, checked.node, DRAWN, stmt.value.span, "a command field"):
        leaves.append((name, Value(const(0.0), zero=True)))
        return
    fields.append(CommandField(name, checked.node, str(checked.dim), stmt.span))
    leaf = make("command", command=command, field=name, dtype=checked.node.dtype, shape=())
    if name == "z" and frame is not None and frame.shares_z:
        frame = frames.WORLD
    leaves.append((name, Value(leaf, dim=checked.dim, frame=frame if name in ("x", "y", "z") else None)))


def _resample(c: Checker, stmt: ast.Clause, name: str) -> Node | None:
    attrs = attributes(c, stmt.attrs, LINE_TAKES["resample"], "`resample`")
    every = attrs.expr("every")
    if every is None:
        c.report(
            rules.WRONG_ARGUMENTS,
            stmt.span,
            "`resample` needs an interval",
            help="for example `resample every 4 s .. 8 s`",
        )
        return None
    return drawn_interval(c, every, TIME, f"command.{name}.resample", "command", "the interval", f"command.{name}")


def _zero(c: Checker, stmt: ast.Clause, name: str) -> Node | None:
    attrs = attributes(c, stmt.attrs, LINE_TAKES["zero"], "`zero`")
    expr = attrs.expr("probability")
    if expr is None:
        c.report(
            rules.WRONG_ARGUMENTS,
            stmt.span,
            "`zero` needs a probability",
            help="for example `zero with probability 10 %`",
        )
        return None
    p = c.scalar(expr, NUMBER, "a probability")
    if p is None:
        return None
    if not 0 <= p <= 1:
        c.report(
            rules.OUT_OF_RANGE,
            expr.span,
            f"a probability is between 0 and 100 %, and this is {p:.0%}",
            help="for example `10 %`",
        )
        return None
    key, owner = f"command.{name}.zero", f"command.{name}"
    param = c.param(key, algebra.number(p), "probability", owner, expr.span).node
    u = sample(c.drawing(key, "command", owner), "uniform", ())
    return make("lt", u, param)


# signal --------------------------------------------------------------------------------------------------------------


def declare_signals(c: Checker, section: ast.Section) -> list[str]:
    """Declares every signal; each is checked at its first use. Returns the names in order."""
    names: list[str] = []
    for stmt in section.body:
        if isinstance(stmt, ast.ErrorStmt):
            continue
        if isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name) and stmt.op == "=":
            attributes(c, stmt.attrs, LINE_TAKES["signal"], "a signal")
            declare(c, stmt.target.id, "signal", _resolver(c, stmt, stmt.target.id), stmt.target)
            names.append(stmt.target.id)
        else:
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a signal block holds definitions",
                help="for example `v = base.linvel in base.heading`",
            )
    return names


def _resolver(c: Checker, stmt: ast.Assign, name: str) -> object:
    def resolve() -> Thing:
        draws, c.draws = c.draws, None
        outer, c.scope.locals = c.scope.locals, []
        thing = c.thing(stmt.value)
        c.draws, c.scope.locals = draws, outer
        if isinstance(thing, Value):
            if thing.literal and thing.node.op in ("const", "neg") and not thing.axes and not thing.is_bool:
                thing = c.param(f"signal.{name}", thing, "scalar", f"signal.{name}", stmt.value.span)
            c.declared.setdefault(id(thing.node), name)
        return thing

    return resolve


# observe -------------------------------------------------------------------------------------------------------------


def check_observations(c: Checker, sections: list[ast.Section]) -> tuple[ObservationGroup, ...]:
    """Returns the groups in order; an included group's entries come first and share its noisy samples."""
    by_name: dict[str, ObservationGroup] = {}
    at: dict[str, Span] = {}
    for section in sections:
        name = section.name
        if name is None:
            continue
        if name in at:
            c.report(
                rules.DUPLICATE_NAME,
                section.name_span,
                f"there is already a group `{name}`",
                related=(Label(at[name], "first given here"),),
                help="rename one of the two",
            )
            continue
        at[name] = section.name_span
        header = attributes(c, section.attrs, HEADER_TAKES["observe"], "an observation group")
        entries: list[ObservationEntry] = []
        include = header.get("includes")
        for expr in include.values if include else ():
            other = expr.id if isinstance(expr, ast.Name) else ""
            if other not in by_name:
                if not c.lost.groups:
                    c.report(
                        rules.UNKNOWN_NAME,
                        expr.span,
                        f"there is no group `{other}` above",
                        help=suggest(other, by_name, "groups"),
                    )
            else:
                entries += by_name[other].entries
        taken = {e.name: e.span for e in entries}
        for stmt in section.body:
            entry = _entry_statement(c, stmt, name, taken)
            if entry is not None:
                entries.append(entry)
                taken[entry.name] = entry.span
        if not entries and not section.body:
            c.report(
                rules.EMPTY_GROUP,
                section.header_span,
                f"the group `{name}` observes nothing",
                help="add an entry, or leave the group out",
            )
            continue
        by_name[name] = ObservationGroup(name, tuple(entries))
    return tuple(by_name.values())


def _entry_statement(
    c: Checker, stmt: ast.Stmt | ast.Section, group: str, taken: dict[str, Span]
) -> ObservationEntry | None:
    if isinstance(stmt, ast.ErrorStmt):
        return None
    if not isinstance(stmt, ast.Assign) or not isinstance(stmt.target, ast.Name) or stmt.op != "=":
        c.report(
            rules.MISPLACED_STATEMENT,
            stmt.span,
            "an observation group holds entries",
            help="for example `gyro = base.angvel in base`",
        )
        return None
    name = stmt.target.id
    if name in taken:
        c.report(
            rules.DUPLICATE_NAME,
            stmt.target.span,
            f"the group already has an entry `{name}`",
            related=(Label(taken[name], "first given here"),),
            help="rename one of the two",
        )
        return None
    attrs = attributes(c, stmt.attrs, LINE_TAKES["observe"], "an observation")
    value = c.value(stmt.value)
    if isinstance(value, Unknown):
        return None
    if value.aligns:
        value = value.but(aligns=False)
    if value.privileged and group == "actor":
        _privileged(c, stmt, name, attrs)
    try:
        steps = _pipeline(c, value, attrs, group, name)
    except TypeProblem as problem:
        c.report(problem.rule, stmt.span, problem.message, help=problem.help, notes=problem.notes)
        return None
    if steps is None:
        return None
    node, pipeline = steps
    labels = tuple(value.axes[-1].labels) if value.axes else ()
    frame = value.frame.name if value.frame is not None else ""
    unit = "mixed" if value.mixed else "true/false" if value.is_bool else str(value.dim)
    size = math.prod(node.shape)
    texts = {w: c_text(c, attrs.expr(w)) for w in ("scale", "noise")}
    return ObservationEntry(
        name,
        node,
        size,
        unit,
        frame,
        texts["scale"],
        texts["noise"],
        value.privileged,
        labels,
        stmt.span,
        pipeline,
        f"observe.{group}.{name}",
    )


def _privileged(c: Checker, stmt: ast.Assign, name: str, attrs: Attributes) -> None:
    if "reason" not in attrs:
        c.report(
            rules.PRIVILEGED_IN_ACTOR,
            stmt.value.span,
            f"`{name}` needs the simulator: a robot cannot measure it",
            help='move it to the critic, or say where it comes from: `reason "state estimator"`',
        )


def c_text(c: Checker, expr: ast.Expr | None) -> str:
    """Returns an attribute's value as the user wrote it."""
    if expr is None:
        return ""
    source = c.robot.sources.get(expr.span.file)
    return " ".join(source.text[expr.span.start : expr.span.end].split()) if source is not None else ""


def _draws(c: Checker, attr: ast.Attr, owner: str, scope: str, value: Value) -> Value | None:
    expr, what = attr.values[0], attr.word
    if refuse_pair(c, expr, f"the {what}"):
        return None
    c.draws = c.drawing(f"{owner}.{what}", scope, owner, value.axes)
    drawn = c.value(expr)
    c.draws = None
    if isinstance(drawn, Unknown):
        return None
    if value.is_bool:
        raise TypeProblem(
            rules.BOOL_AS_NUMBER,
            f"{what} needs a number, and this is true or false",
            help="use `number(…)` for what is observed",
        )
    if drawn.is_bool:
        message = f"the {what} is true or false, and what is observed is a number"
        help = "use `number(…)`, or `if condition then a else b`"
        c.report(rules.BOOL_AS_NUMBER, expr.span, message, help=help)
        return None
    fixed = refuse_fixed(c, attr, drawn)
    if not value.mixed and not drawn.dim.same(value.dim) and not drawn.zero:
        rule = rules.MISSING_UNIT if drawn.dim == NUMBER else rules.UNIT_MISMATCH
        c.report(
            rule,
            expr.span,
            f"the {what} {'has no unit' if drawn.dim == NUMBER else f'is {in_unit(drawn.dim)}'}, "
            f"and the observation is {in_unit(value.dim)}",
            help=f"write it {in_unit(value.dim)}",
        )
        return None
    return None if fixed else drawn.but(dim=value.dim, frame=None, kind="scalar")


def _pipeline(c: Checker, value: Value, attrs: Attributes, group: str, name: str) -> tuple[Node, Pipeline] | None:
    """Delay, bias, noise, scale, clip, history: always in this order. Returns the finished vector and its parts."""
    qualified = f"observe.{group}.{name}"
    pipeline = Pipeline(value.node)
    if (expr := attrs.expr("delay")) is not None:
        steps = c.scalar(expr, TIME, "a delay")
        if steps is None:
            return None
        n = round(steps / c.control_dt)
        if n < 0:
            raise TypeProblem(rules.EMPTY_RANGE, "a delay cannot be negative", help="the past is behind: `40 ms`")
        pipeline = replace(pipeline, delay=n)
        if n > 0:
            value = value.but(node=make("take", make("history", value.node, steps=n + 1), axis=0, indices=n))
    for word, scope in (("bias", "episode"), ("noise", "step")):
        if (attr := attrs.get(word)) is not None and attr.values:
            drawn = _draws(c, attr, qualified, scope, value)
            if drawn is None:
                return None
            pipeline = replace(pipeline, **{word: drawn.node})
            value = algebra.add(value, drawn)
    if value.is_bool:
        value = Value(make("to_float", value.node), value.axes, privileged=value.privileged)
    found = _scaled(c, value, attrs, qualified)
    if found is None:
        return None
    scaled, factor = found
    pipeline = replace(pipeline, scale=factor)
    if (expr := attrs.expr("clip")) is not None:
        limits = limits_of(c, expr)
        if limits is None:
            return None
        scaled = within(scaled, *limits)
        pipeline = replace(pipeline, clip=(limits[0].node, limits[1].node))
    if (expr := attrs.expr("history")) is not None:
        length = c.value(expr)
        if isinstance(length, Unknown):
            return None
        literal = length.node.op == "const" and not length.node.shape
        steps = float(length.node.attr("value")) if literal else 0
        if not length.dim.same(TIME) and steps != int(steps):
            raise TypeProblem(
                rules.INDEX_OUT_OF_RANGE,
                f"a history keeps whole samples, and this is {steps:g}",
                help="for example `history 4`",
            )
        count = round(steps / c.control_dt) if length.dim.same(TIME) else int(steps)
        if not 1 <= count <= 1000:
            raise TypeProblem(
                rules.INDEX_OUT_OF_RANGE,
                f"a history keeps 1 to 1000 samples, and this is {count}",
                help="for example `history 4`",
            )
        scaled = scaled.but(node=make("history", scaled.node, steps=count))
        pipeline = replace(pipeline, history=count)
    return make("concat", scaled.node), pipeline


def _scaled(c: Checker, value: Value, attrs: Attributes, qualified: str) -> tuple[Value, Node | None] | None:
    """Returns the value times its scale, and the scale."""
    expr = attrs.expr("scale")
    if expr is None:
        return value, None
    scale = table_value(c, expr, value) if isinstance(expr, ast.Table) else c.value(expr)
    if isinstance(scale, Unknown):
        return None
    wanted: Dim = value.dim**-1
    if not value.mixed and scale.dim != NUMBER and not scale.dim.same(wanted):
        c.report(
            rules.UNIT_MISMATCH,
            expr.span,
            f"the scale is {in_unit(scale.dim)}, and should be {wanted}",
            help=f"write it {wanted}, or as a plain number",
        )
        return None
    if scale.node.op == "const" and not scale.axes:
        scale = c.param(f"{qualified}.scale", scale, "scale", qualified, expr.span)
    axes = algebra.common_axes([value, scale])
    node = make("mul", algebra.expanded(value, axes), algebra.expanded(scale, axes))
    return value.but(node=node, dim=NUMBER, mixed=False), scale.node


def _ends_below(low: Value, high: Value) -> bool:
    """True for two literals of which the second is the smaller."""
    if any(v.node.op != "const" or v.axes for v in (low, high)) or not low.dim.same(high.dim):
        return False
    return float(high.node.attr("value")) < float(low.node.attr("value"))


def clipped(c: Checker, value: Value, expr: ast.Expr) -> Value | None:
    """Returns a value kept within `a .. b`, or ±a; None when something in the limits was reported."""
    limits = limits_of(c, expr)
    return None if limits is None else within(value, *limits)


def limits_of(c: Checker, expr: ast.Expr) -> tuple[Value, Value] | None:
    """Returns the ends of `a .. b`, or of ±a; None when something in them was reported."""
    if isinstance(expr, ast.Range):
        low, high = c.value(expr.low), c.value(expr.high)
    else:
        high = c.value(expr)
        low = UNKNOWN if isinstance(high, Unknown) else algebra.negate(high)
    if isinstance(low, Unknown) or isinstance(high, Unknown):
        return None
    if _ends_below(low, high):
        raise TypeProblem(rules.EMPTY_RANGE, "the clip ends below its start", help="write the smaller value first")
    return low, high


def within(value: Value, low: Value, high: Value) -> Value:
    """Returns a value kept between two others; raises TypeProblem where they do not go together."""
    plain = value.but(frame=None, kind="scalar")
    limited = algebra.add(algebra.add(plain, low, "maximum"), high, "minimum")
    return replace(limited, mixed=value.mixed)
