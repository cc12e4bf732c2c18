"""Writes the tables of the pages here from the tables in the code: `python docs/generate.py` (`--check` only looks).

The other way round, the table of rules in the code (`ksim_spec/rules/table.py`) comes from the heads of their pages.
A table stands between `<!-- table: NAME -->` and `<!-- end -->`. What a word means stands beside it in the code; a row
that has no words is an error, so that nothing new stays undescribed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from ksim_spec.ide.docs import limits
from ksim_spec.language import distributions, functions, stdlib, temporal_functions
from ksim_spec.language.blocks.check import STATISTICS
from ksim_spec.language.blocks.randomize import FIELDS
from ksim_spec.language.blocks.registry import block
from ksim_spec.language.quantities import QUANTITIES, SENSORS
from ksim_spec.language.ranges import noted
from ksim_spec.language.sources import MjcfSensor
from ksim_spec.language.word_docs import TEMPORAL
from ksim_spec.rules import FAMILIES, Rule
from ksim_spec.rules.changes import CHANGE_RULES
from ksim_spec.rules.pages import rules_of_pages
from ksim_spec.units import UNITS

PAGE = Path(__file__).with_name("language.md")
REVIEW = Path(__file__).with_name("review.md")
RESULTS = Path(__file__).with_name("results.md")
RULE_INDEX = Path(__file__).parent / "rules" / "README.md"
RULE_TABLE = Path(__file__).parents[1] / "ksim_spec" / "rules" / "table.py"
RULES = rules_of_pages()
RECORD = Path(__file__).parents[1] / "benchmarks" / "learning.jsonl"
MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.S)
CHECK = re.compile(r"(.*) ([<>]=? .*)")

FORMULAS = {"tolerance": "at^(d^2)"}  # where the code has words instead


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a Markdown table; bars inside cells are escaped."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def units() -> str:
    rows = [
        (f"`{u.symbol}`", u.name, f"{u.to_si:.9g}", str(u.dim) if u.dim.hard != (0, 0, 0) or u.dim.angle else "")
        for u in UNITS.values()
    ]
    return table(("unit", "name", "in SI", "SI unit"), rows)


def quantities() -> str:
    owners: dict[str, dict[str, list[str]]] = {}
    texts: dict[str, tuple[str, ...]] = {}
    for of, rows in QUANTITIES.items():
        for q in rows.values():
            unit = "true/false" if q.dtype == "bool" else str(q.dim)
            text = (
                unit if unit != "1" else "",
                q.kind if q.kind != "scalar" else "",
                q.stage,
                "robot" if q.measured else "",
                q.doc,
            )
            key = f"{q.name}|{text}"
            texts[key] = text
            owners.setdefault(key, {}).setdefault(q.name, []).append(of)
    rows = [(f"`{name}`", ", ".join(ofs), *texts[key]) for key, names in owners.items() for name, ofs in names.items()]
    return table(("quantity", "of", "unit", "kind", "stage", "source", "meaning"), rows)


def sensors() -> str:
    rows = []
    frames = {"site": "its site", "reference": "its reference, else the world", "": "the world"}
    for tag, q in SENSORS.items():
        assert isinstance(q.source, MjcfSensor)
        frame, unit = "" if q.kind == "scalar" else frames[q.source.frame], str(q.dim) if str(q.dim) != "1" else ""
        kind = q.kind if q.kind != "scalar" else ""
        rows.append((f"`{tag}`", unit, kind, frame, q.stage, "robot" if q.measured else ""))
    return table(("sensor", "unit", "kind", "frame", "stage", "source"), rows)


def function_table() -> str:
    rows = []
    for name, f in functions.FUNCTIONS.items():
        more = " `where` and `over`" if f.reduces else ""
        formula = FORMULAS.get(name, f.formula)
        doc = f.doc.replace(f" ({f.formula})", "") if f.formula else f.doc
        rows.append((f"`{functions.signature(name)}`{more}", doc, f"`{formula}`" if formula else "", noted(f.ranges)))
    return table(("function", "returns", "formula", "takes"), rows)


def library_table() -> str:
    rows = []
    for source, defined in stdlib.functions():
        for fn in defined:
            above = source.text[: fn.span.start].rstrip().rpartition("\n\n")[2]  # the comment, up to an empty line
            head = source.text[fn.span.start : fn.body.span.start].rstrip("= \n").removeprefix("fn ")
            body = " ".join(source.text[fn.body.span.start : fn.body.span.end].split())
            meaning = " ".join(line.lstrip("# ") for line in above.splitlines())
            rows.append((f"`std.{head}`", meaning, f"`{body}`"))
    return table(("function", "meaning", "definition"), rows)


def temporal_table() -> str:
    return table(
        ("operator", "value", "first sample", "takes"),
        (
            (f"`{row.signature}`", *TEMPORAL[name], noted(row.ranges))
            for name, row in temporal_functions.OPERATORS.items()
        ),
    )


def draw_table() -> str:
    rows = []
    for name in distributions.DISTRIBUTIONS:
        signature, colon, meaning = distributions.SIGNATURES[name].partition(": ")
        signature, _, other = signature.partition(", or ")
        rows.append((f"`{signature}`", meaning if colon else f"or `{other}`", distributions.takes(name)))
    return table(("draw", "meaning", "takes"), rows)


def fields() -> str:
    rows = [
        (f"`{name}`", of, str(field.dim) if str(field.dim) != "1" else "", field.doc)
        for of, inside in FIELDS.items()
        for name, field in inside.items()
    ]
    return table(("field", "of", "unit", "what changes"), rows)


def statistics() -> str:
    return table(("statistic", "over all steps of all episodes"), ((f"`{s}`", STATISTICS[s]) for s in STATISTICS))


def settings(keyword: str) -> str:
    rows, own = [], block(keyword)
    assert own is not None and own.model is not None
    for name, field in own.model.model_fields.items():
        default = field.default
        shown = "none" if default is None else f"{default}"
        shown = shown.lower() if isinstance(default, bool) else shown
        choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        meaning = own.settings[name] + (f" ({', '.join(choices)})" if choices else "")
        rows.append((f"`{name}`", f"`{shown}`", meaning, limits(field)))
    return table(("setting", "default", "meaning", "takes"), rows)


def rules(digit: str) -> str:
    mine = [r for r in RULES if r.family.digit == digit]
    rows = [(f"[{r.code}]({r.code}.md)", f"`{r.slug}`", r.severity, r.summary) for r in mine]
    return table(("code", "name", "severity", "what is wrong"), rows)


def rule_table() -> str:
    """Returns the text of `table.py`: a name for each rule, by families."""
    parts = [
        '"""The rules by name. `python docs/generate.py` writes this from the heads of `docs/rules/KS*.md`."""',
        "from ksim_spec.rules.rule import Rule",
    ]
    for family in FAMILIES:
        mine = [_rule_line(r) for r in RULES if r.family is family]
        if mine:
            parts.append("\n".join([f"# {family.name.capitalize()} ".ljust(119, "-"), "", *mine]))
    return "\n\n".join(parts) + "\n"


def _rule_line(rule: Rule) -> str:
    """Returns the line that names a rule, broken as `ruff format` breaks it."""
    name = rule.slug.upper().replace("-", "_")
    texts = [json.dumps(text, ensure_ascii=False) for text in (rule.code, rule.slug, rule.severity, rule.summary)]
    inside = ", ".join(texts)
    if len(whole := f"{name} = Rule({inside})") <= 120:
        return whole
    if len(inside) <= 116:
        return f"{name} = Rule(\n    {inside}\n)"
    return f"{name} = Rule(\n" + "".join(f"    {text},\n" for text in texts) + ")"


def changes() -> str:
    rows = [
        (f"[{r.code}](rules/{r.cls}.md#{r.code.lower()}-{r.slug})", f"`{r.slug}`", r.cls, r.summary)
        for r in CHANGE_RULES
    ]
    return table(("code", "name", "class", "what changed"), rows)


@cache
def record() -> dict[str, list[dict[str, Any]]]:
    """Returns the recorded runs of each task, by seed."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in RECORD.read_text(encoding="utf-8").splitlines():
        run = json.loads(line)
        found.setdefault(run["task"], []).append(run)
    return {task: sorted(runs, key=lambda run: run["seed"]) for task, runs in found.items()}


def results(task: str) -> str:
    """A row for each recorded run, a column for each statistic that its spec checks, headed by all bounds on it."""
    runs = record()[task]
    bounds: dict[str, list[str]] = {}
    for check in runs[0]["checks"]:
        statistic, bound = CHECK.fullmatch(check).groups()
        bounds.setdefault(statistic, []).append(bound)
    head = [f"`{statistic}` {' and '.join(texts)}" for statistic, texts in bounds.items()]
    first = [f"{statistic} {texts[0]}" for statistic, texts in bounds.items()]
    rows = [
        (
            str(run["seed"]),
            f"{run['env_states'] / 1e6:.1f}M in {run['wall_s'] / 60:.1f} min",
            *(f"{run['checks'][c]:.1%}" if c.endswith("%") else f"{run['checks'][c]:.3f}" for c in first),
            run["commit"][:9],
            run["meaning"][:9],
        )
        for run in runs
    ]
    return table(("seed", "training", *head, "commit", "spec"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "units": units,
    "quantities": quantities,
    "sensors": sensors,
    "functions": function_table,
    "library": library_table,
    "temporal": temporal_table,
    "draws": draw_table,
    "fields": fields,
    "statistics": statistics,
    "policy": lambda: settings("policy"),
    "train": lambda: settings("train"),
}
# The tables of the index of rules, one for each family that has rules.
RULE_TABLES: dict[str, Callable[[], str]] = {
    family.name: partial(rules, family.digit) for family in FAMILIES if any(r.family is family for r in RULES)
}
RESULT_TABLES: dict[str, Callable[[], str]] = {task: partial(results, task) for task in record()}
PAGES = {PAGE: TABLES, RESULTS: RESULT_TABLES, REVIEW: {"changes": changes}, RULE_INDEX: RULE_TABLES}


def generated(page: str, tables: Mapping[str, Callable[[], str]] = TABLES) -> str:
    """Returns a page with its tables as the code has them; raises KeyError for a row without words."""
    return MARK.sub(lambda m: f"{m[1]}{tables[m[2]]()}{m[3]}", page)


def main() -> int:
    current = {path: generated(path.read_text(encoding="utf-8"), tables) for path, tables in PAGES.items()}
    current[RULE_TABLE] = rule_table()
    stale = {path: text for path, text in current.items() if path.read_text(encoding="utf-8") != text}
    if "--check" in sys.argv[1:]:
        return int(bool(stale))
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
