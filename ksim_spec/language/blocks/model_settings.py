"""Lines that are settings of a pydantic model, as in `policy` and `train`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from ksim_spec import rules
from ksim_spec.diagnostics import listed, suggest
from ksim_spec.language.blocks.attributes import attributes
from ksim_spec.language.checker import Checker
from ksim_spec.language.types import Unknown
from ksim_spec.source import NOWHERE, Span
from ksim_spec.syntax import ast
from ksim_spec.units import NUMBER


def described(model: type[BaseModel]) -> dict[str, str]:
    """Returns what each setting of a model is for."""
    return {name: field.description or "" for name, field in model.model_fields.items()}


def choices(model: type[BaseModel]) -> tuple[str, ...]:
    """Returns the words that settings of a model may be."""
    found = (word for field in model.model_fields.values() for word in get_args(field.annotation))
    return tuple(dict.fromkeys(word for word in found if isinstance(word, str)))


def _plain(c: Checker, expr: ast.Expr, field: Any) -> Any:
    """Returns a setting as a plain Python value; numbers with units become SI."""
    if isinstance(expr, ast.Name):
        return None if expr.id == "none" else expr.id
    if isinstance(expr, ast.String | ast.Bool):
        return expr.value
    value = c.value(expr)
    if isinstance(value, Unknown):
        return _FAILED
    if value.node.op not in ("const", "neg") or value.axes:
        c.report(rules.NOT_A_LITERAL, expr.span, "a setting must be a literal", help="write the value itself")
        return _FAILED
    if value.is_bool:
        return bool(value.node.attr("value"))
    number = c.scalar(expr, NUMBER, "a setting")
    if number is None:
        return _FAILED
    # Pydantic would take 1024.0 for an int in lax mode, but 20e6 should read as a whole number too.
    return int(number) if float(number).is_integer() and _wants_int(field) else number


_FAILED = object()


def _counts(field: FieldInfo) -> Sequence[str]:
    """Returns what a setting may be counted in, as in `20e6 env_states`: the first is what it is kept in."""
    extra = field.json_schema_extra
    return extra.get("counts", ()) if isinstance(extra, dict) else ()  # type: ignore[return-value]


def _wants_int(field: Any) -> bool:
    return field is not None and (field.annotation is int or int in get_args(field.annotation))


def _wants_other(value: Any, field: Any) -> str:
    """Returns what a setting must be where pydantic would read something else as it: a word, or true for 1."""
    wanted = get_args(field.annotation) or (field.annotation,)
    if bool in wanted:
        return "" if isinstance(value, bool) else "true or false"
    if isinstance(value, str | bool) and (int in wanted or float in wanted):
        return "a whole number" if int in wanted else "a number"
    return ""


def read_setting(
    c: Checker,
    stmt: ast.Stmt | ast.Section,
    model: type[BaseModel],
    out: dict[str, Any],
    spans: dict[str, Span],
    where: str,
) -> None:
    if isinstance(stmt, ast.ErrorStmt):
        return
    if not isinstance(stmt, ast.Assign) or not isinstance(stmt.target, ast.Name):
        c.report(rules.MISPLACED_STATEMENT, stmt.span, f"a {where} block holds settings", help="write `name = value`")
        return
    name = stmt.target.id
    attributes(c, stmt.attrs, (), "a setting")
    if name not in model.model_fields:
        c.report(
            rules.UNKNOWN_SETTING,
            stmt.target.span,
            f"`{where}` has no setting `{name}`",
            help=suggest(name, model.model_fields, "settings"),
        )
        return
    field = model.model_fields[name]
    with c.counting(*_counts(field)):
        value = _plain(c, stmt.value, field)
    if wanted := "" if value is _FAILED else _wants_other(value, field):
        help = f"for example `{name} = {shown_default(field)}`"
        c.report(rules.BAD_SETTING, stmt.value.span, f"`{name}` must be {wanted}", help=help)
    elif value is not _FAILED:
        out[name], spans[name] = value, stmt.value.span


def validated(c: Checker, model: type[Any], settings: dict[str, Any], spans: dict[str, Span]) -> Any:
    try:
        return model(**settings)
    except ValidationError as error:
        for detail in error.errors():
            name = str(detail["loc"][0]) if detail["loc"] else ""
            c.report(
                rules.BAD_SETTING,
                spans.get(name, next(iter(spans.values()), NOWHERE)),
                setting_message(name, detail),
                help=_example(model, name, detail),
            )
        return None


def _example(model: type[Any], name: str, detail: Any) -> str:
    """Returns a value that a setting outside of its limits can have: that of a spec which leaves it out."""
    field = model.model_fields.get(name)
    if (
        field is None
        or detail["type"] in ("literal_error", "value_error")
        or not isinstance(field.default, int | float)
    ):
        return ""
    return f"for example `{name} = {shown_default(field)}`"


def shown_default(field: FieldInfo) -> str:
    """Returns the value of a setting that is left out, as a spec would have it."""
    default = field.default
    return str(default).lower() if isinstance(default, bool) else "none" if default is None else f"{default}"


def setting_message(name: str, detail: Any) -> str:
    """Returns our own words for a pydantic error of one setting."""
    kind, ctx = detail["type"], detail.get("ctx", {})
    bounds = {
        "greater_than": ("gt", "greater than"),
        "greater_than_equal": ("ge", "at least"),
        "less_than": ("lt", "less than"),
        "less_than_equal": ("le", "at most"),
    }
    if kind in bounds:
        key, words = bounds[kind]
        return f"`{name}` must be {words} {ctx[key] if isinstance(ctx[key], int) else f'{ctx[key]:g}'}"
    if kind in ("int_parsing", "int_from_float", "int_type"):
        return f"`{name}` must be a whole number"
    if kind in ("float_parsing", "float_type"):
        return f"`{name}` must be a number"
    if kind == "finite_number":
        return f"`{name}` must be a finite number"
    if kind == "literal_error":
        options = re.findall(r"'([^']*)'", str(ctx.get("expected", "")))
        return f"`{name}` must be {listed(options)}"
    if kind in ("bool_parsing", "bool_type"):
        return f"`{name}` must be true or false"
    if kind == "value_error":
        return str(ctx.get("error", "")) or f"`{name}` is not valid"
    return f"`{name}` is not valid"
