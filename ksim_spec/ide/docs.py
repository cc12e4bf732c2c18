"""Signatures and meanings of the words of the language, from the tables that the checker reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from pydantic.fields import FieldInfo

from ksim_spec.language import distributions, selectors, stdlib, temporal_functions, word_docs
from ksim_spec.language.blocks.randomize import FIELDS
from ksim_spec.language.blocks.registry import Words
from ksim_spec.language.blocks.registry import block as block_of
from ksim_spec.language.checker import Checker
from ksim_spec.language.functions import FUNCTIONS, signature
from ksim_spec.language.quantities import QUANTITIES
from ksim_spec.language.ranges import noted
from ksim_spec.language.scope import Thing
from ksim_spec.language.things import Selection, World
from ksim_spec.settings import NETWORKS, NetworkSettings
from ksim_spec.units import UNITS

_LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


@dataclass(frozen=True)
class Doc:
    """How something is written and what it means (empty where no table says)."""

    signature: str
    text: str = ""


def function_doc(name: str, checker: Checker | None = None) -> Doc | None:
    """Returns the documentation of a function, an operator, a draw, a selector or a function of the spec."""
    if name in FUNCTIONS:
        row = FUNCTIONS[name]
        return Doc(signature(name), row.doc + (f": `{row.formula}`" if row.formula else "") + _takes(noted(row.ranges)))
    if name in temporal_functions.OPERATORS:
        row, (meaning, first) = temporal_functions.OPERATORS[name], word_docs.TEMPORAL[name]
        text = f"{meaning}; at the first step of an episode {first}"
        return Doc(row.signature, text + _takes(noted(row.ranges)))
    if name in distributions.SIGNATURES:
        shown, _, text = distributions.SIGNATURES[name].partition(": ")
        return Doc(shown, (text or "a random draw") + _takes(distributions.takes(name)))
    if name in selectors.SELECTORS:
        kind = selectors.kind_of(name) or name
        if name == kind:
            return Doc(f'{name}("name")', f"one {kind} of the robot")
        return Doc(f'{name}("pattern", …)', f"each {kind} whose name matches, in the order of the patterns")
    if name.startswith("std."):
        return _library_doc(name)
    return _spec_function(name, checker)


def _takes(ranges: str) -> str:
    return f"; {ranges}" if ranges else ""


def _spec_function(name: str, checker: Checker | None) -> Doc | None:
    fn = checker.functions.get(name) if checker is not None else None
    return Doc(f"{name}({', '.join(p if d is None else f'{p}?' for p, d in fn.params)})") if fn is not None else None


def _library_doc(name: str) -> Doc | None:
    for source, functions in stdlib.functions():
        for fn in functions:
            if f"std.{fn.name}" == name:
                params = [p if d is None else f"{p} = {source.text[d.span.start : d.span.end]}" for p, d in fn.params]
                return Doc(f"{name}({', '.join(params)})", fn.doc)
    return None


def library_names() -> list[str]:
    """Returns the names of the library's functions, without `std.`."""
    return [fn.name for _, functions in stdlib.functions() for fn in functions]


def quantity_doc(kind: str, name: str) -> Doc | None:
    """Returns what a quantity of a kind of element means."""
    row = QUANTITIES.get(kind, {}).get(name)
    if row is None:
        return None
    where = "" if row.measured else " (known to the simulator only)"
    return Doc(f"{kind}.{name}: {'true/false' if row.dtype == 'bool' else row.dim}", row.doc + where)


def field_text(owner: Thing | None, name: str) -> str:
    """Returns what a value of the model is that `randomize` can change; empty for other things."""
    kind = "world" if isinstance(owner, World) else owner.of if isinstance(owner, Selection) else ""
    field = FIELDS.get(kind, {}).get(name)
    return f"{field.doc} ({field.dim})" if field is not None else ""


def unit_doc(symbol: str) -> Doc | None:
    """Returns the name of a unit and what it is in SI."""
    unit = UNITS.get(symbol)
    return Doc(symbol, f"{unit.name}: {unit.to_si:g} {unit.dim}") if unit is not None else None


def settings(block: str) -> Words:
    """Returns the settings of a block, with what each is for."""
    found = block_of(block)
    return found.settings if found is not None else {}


def setting_field(block: str, name: str) -> FieldInfo | None:
    """Returns the type and limits of a setting that a pydantic model holds."""
    found = block_of(block)
    return found.model.model_fields.get(name) if found is not None and found.model is not None else None


def setting_doc(block: str, name: str) -> Doc | None:
    """Returns what a setting is for, with its type, limits and default where a model says them."""
    text, field = settings(block).get(name), setting_field(block, name)
    if text is None or field is None:
        return None if text is None else Doc(name, text)
    default = f"default `{_plain(field.default)}`" + _takes(limits(field))
    return Doc(f"{name}: {' | '.join(choices(field)) or _type(field.annotation)}", f"{text}\n\n{default}")


def limits(field: FieldInfo) -> str:
    """Returns between which numbers a setting must be, and what it may be counted in; empty for any."""
    known = [(words, getattr(m, side, None)) for m in field.metadata for side, words in _LIMITS.items()]
    found = [
        f"{words} {value if isinstance(value, int) else f'{value:g}'}" for words, value in known if value is not None
    ]
    extra = field.json_schema_extra
    counts = extra.get("counts", []) if isinstance(extra, dict) else []
    assert isinstance(counts, list)
    return ", ".join([*found, *(["counted in " + " or ".join(f"`{c}`" for c in counts)] if counts else [])])


def choices(field: FieldInfo) -> list[str]:
    """Returns the words that a setting may have, none for a number."""
    words = [str(a) for a in get_args(field.annotation) if isinstance(a, str)]
    return ["true", "false"] if field.annotation is bool else words


def _type(annotation: Any) -> str:
    if annotation is NetworkSettings:
        return " or ".join(f"{kind}(…)" for kind in NETWORKS)
    names = [a.__name__ for a in get_args(annotation) or (annotation,) if isinstance(a, type)]
    return " or ".join("none" if n == "NoneType" else "whole number" if n == "int" else "number" for n in names)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "none" if value is None else f"{value}"
