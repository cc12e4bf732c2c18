"""Block `observe`: what a network sees, in order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from ksim_spec import rules
from ksim_spec.diagnostics import Label, suggest
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import make
from ksim_spec.language import algebra
from ksim_spec.language.algebra import TypeProblem
from ksim_spec.language.blocks.attributes import (
    Attributes,
    as_written,
    attributes,
    limits_of,
    within,
)
from ksim_spec.language.blocks.drawn import refuse_fixed, refuse_pair
from ksim_spec.language.blocks.registry import Block, Parts, Row
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import ObservationEntry, ObservationGroup, Pipeline, Program
from ksim_spec.language.ranges import DELAY, HISTORY, Word, range_of
from ksim_spec.language.tables import table_value
from ksim_spec.language.types import XYZ, Unknown, Value
from ksim_spec.source import Span
from ksim_spec.syntax import ast
from ksim_spec.units import ANGLE, NUMBER, TIME, Dim, in_unit


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
        header = attributes(c, section.attrs, BLOCK.header, "an observation group")
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
    attrs = attributes(c, stmt.attrs, BLOCK.takes, "an observation")
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
    texts = {w: as_written(c, attrs.expr(w)) for w in ("scale", "noise")}
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


def _draws(c: Checker, attr: ast.Attr, owner: str, scope: str, value: Value) -> Value | None:
    expr, what = attr.values[0], attr.word
    if refuse_pair(c, expr, f"the {what}"):
        return None
    turns = value.kind == "rotation"
    axes, dim = ((*value.axes[:-1], XYZ), ANGLE) if turns else (value.axes, value.dim)
    c.draws = c.drawing(f"{owner}.{what}", scope, owner, axes)
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
    if not value.mixed and not drawn.dim.same(dim) and not drawn.zero:
        rule = rules.MISSING_UNIT if drawn.dim == NUMBER else rules.UNIT_MISMATCH
        wanted = f"a rotation is turned {in_unit(dim)}" if turns else f"the observation is {in_unit(dim)}"
        c.report(
            rule,
            expr.span,
            f"the {what} {'has no unit' if drawn.dim == NUMBER else f'is {in_unit(drawn.dim)}'}, and {wanted}",
            help=f"write it {in_unit(dim)}",
        )
        return None
    if turns and drawn.dim.angle_differs(dim):
        c.expect_dim(drawn, dim, expr.span, f"the {what} of a rotation")
    return None if fixed else drawn.but(dim=dim, frame=None, kind="scalar")


def _with_draw(value: Value, drawn: Value) -> Value:
    """Returns what is observed with noise or a bias: added, and a rotation turned by it.

    The three angles of a rotation are a rotation vector in the axes that it gives: turned by its length, about it.
    """
    if value.kind != "rotation":
        return algebra.add(value, drawn)
    if not drawn.axes or drawn.axes[-1] != XYZ:
        message, help = "a rotation is turned about x, y and z", "for example `normal(1 deg)`"
        raise TypeProblem(rules.SHAPE_MISMATCH, message, help=help)
    axes = algebra.common_axes([value.but(axes=(*value.axes[:-1], XYZ)), drawn])
    vector = algebra.expanded(drawn, axes)
    node = make("quat_mul", value.node, make("axis_angle_quat", vector))
    return value.but(node=make("quat_positive", node))


def _pipeline(c: Checker, value: Value, attrs: Attributes, group: str, name: str) -> tuple[Node, Pipeline] | None:
    """Delay, bias, noise, scale, clip, history: always in this order. Returns the finished vector and its parts."""
    qualified = f"observe.{group}.{name}"
    pipeline = Pipeline(value.node)
    if (expr := attrs.expr("delay")) is not None:
        steps = c.scalar(expr, TIME, "a delay", range_of(BLOCK.takes or {}, "delay"))
        if steps is None:
            return None
        n = round(steps / c.control_dt)
        pipeline = replace(pipeline, delay=n)
        if n > 0:
            value = value.but(node=make("take", make("history", value.node, steps=n + 1), axis=0, indices=n))
    for word, scope in (("bias", "episode"), ("noise", "step")):
        if (attr := attrs.get(word)) is not None and attr.values:
            drawn = _draws(c, attr, qualified, scope, value)
            if drawn is None:
                return None
            pipeline = replace(pipeline, **{word: drawn.node})
            value = _with_draw(value, drawn)
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
        timed = length.dim.same(TIME)
        steps = c.scalar(expr, TIME if timed else NUMBER, "a history", range_of(BLOCK.takes or {}, "history"))
        if steps is None:
            return None
        count = round(steps / c.control_dt) if timed else int(steps)
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


def _read(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    parts.observations = check_observations(c, sections)


def _declares(program: Program) -> Iterator[Row]:
    """Every group's entries; those that it includes are its own too."""
    for group in program.observations:
        for e in group.entries:
            pipe = e.pipeline
            assert pipe is not None
            low, high = pipe.clip or (None, None)
            drawn = {"bias": pipe.bias, "noise": pipe.noise, "scale": pipe.scale}
            parts = {"value": pipe.value, **drawn, "clip.low": low, "clip.high": high}
            yield Row("observation", f"observe.{group.name}.{e.name}", e.span, {"": e.node}, parts)


BLOCK = Block(
    "observe",
    "what a network sees, in this order",
    takes={
        "noise": "a draw at each step, added",
        "scale": "a factor on an observation",
        "clip": "limits an entry, after its scale: `1` for -1 .. 1, or `-1 .. 1`",
        "delay": Word("how late the value is seen", DELAY),
        "bias": "a draw at each reset, added for the whole episode",
        "history": Word("the last samples, newest first: a number of them, or a time", HISTORY),
        "reason": "why it may be seen on the robot",
    },
    header={"includes": "puts the entries of another group first, with the very same noisy numbers"},
    one="an observation group",
    name="needed",
    example="actor",
    needed=(rules.MISSING_OBSERVE, "observe actor { … }"),
    check=_read,
    declares=_declares,
)
