"""The configuration of the rules: `[tool.ksim.lint]` of a `pyproject.toml`, or `[lint]` of a `ksim.toml`.

The nearest file above the spec that has such a table counts, alone. `select` and `ignore` list rules by code, slug,
start of codes or family; `severity` maps rules to `error`, `warning`, `hint` or `off`. Errors stay errors: they are
what the compiler stops at. A table `diff` beside `lint` has a `severity` too, for the rules of changes (`KD301`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, Severity, suggest
from ksim_spec.rules.changes import CHANGE_RULES, change_rule
from ksim_spec.rules.registry import find, group, near
from ksim_spec.rules.rule import Rule
from ksim_spec.source import SourceFile, Span

Level = Literal["error", "warning", "hint", "off"]
LEVELS: tuple[Level, ...] = ("error", "warning", "hint", "off")
KEYS = ("select", "ignore", "severity")
_FILES = {"ksim.toml": (), "pyproject.toml": ("tool", "ksim")}  # name: the tables around `lint`


@dataclass(frozen=True)
class Config:
    """Which rules are reported, and how severely. `selected` is None for all of them; rules are named by code.

    `changes` are the severities of rules of changes, of those that the configuration names.
    """

    selected: frozenset[str] | None = None
    ignored: frozenset[str] = frozenset()
    levels: Mapping[str, Level] = field(default_factory=dict)
    changes: Mapping[str, Level] = field(default_factory=dict)

    def apply(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Returns the findings that are reported, with their severities; every error is among them, as it was."""
        judged = [self._judge(d) for d in found]
        return [d for d in judged if d is not None]

    def _judge(self, d: Diagnostic) -> Diagnostic | None:
        if d.severity == "error":
            return d
        if d.code in self.ignored or (self.selected is not None and d.code not in self.selected):
            return None
        level = self.levels.get(d.code, d.severity)
        if level == d.severity:
            return d
        return None if level == "off" else replace(d, severity=cast(Severity, level))


@dataclass(frozen=True)
class Configured:
    """A configuration, the file it was read from if any, and what is wrong with that file."""

    config: Config = Config()
    source: SourceFile | None = None
    problems: tuple[Diagnostic, ...] = ()


def configured(spec: Path) -> Configured:
    """Returns the configuration that holds for a spec; what cannot be used of it is left out and reported."""
    for folder in spec.absolute().parents:
        if (found := _in_folder(folder)) is not None:
            return found
    return Configured()


def forget() -> None:
    """Makes the next `configured` look at the files again."""
    _in_folder.cache_clear()


@lru_cache(maxsize=256)
def _in_folder(folder: Path) -> Configured | None:
    for name, outer in _FILES.items():
        path = folder / name
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            if outer:
                continue  # the pyproject.toml of another tool's project: not ours to complain about
            message = f"the configuration cannot be read: {error}"
            return Configured(problems=(Diagnostic(rules.BAD_CONFIGURATION, message, Span(str(path), 0, 0)),))
        if not outer or re.search(r"^\s*\[\s*tool\s*\.\s*ksim\b|^\s*ksim\s*[.=]", text, re.M):
            return parse(SourceFile(_shown(path), text, path), outer)
    return None


def _shown(path: Path) -> str:
    """Returns the path as a person here would write it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def parse(source: SourceFile, outer: tuple[str, ...] = ()) -> Configured:
    """Returns what the text of a configuration file says; `outer` are the tables that `lint` stands in."""
    import tomllib

    try:
        table: Any = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        span = source.line_span(int(line[1]) if line else source.text.count("\n") + 1)
        problem = Diagnostic(rules.BAD_CONFIGURATION, f"this is not TOML: {_lowered(str(error))}", span)
        return Configured(source=source, problems=(problem,))
    reader = _Reader(source)
    for name in outer:
        table = table.get(name, {}) if isinstance(table, dict) else {}
    whole = reader.known(reader.table(table, "ksim"), ("lint", "diff"))
    lint, diff = (reader.table(whole.get(name, {}), name) for name in ("lint", "diff"))
    config = reader.config(reader.known(lint, KEYS))
    changes = reader.changes(reader.table(reader.known(diff, ("severity",)).get("severity", {}), "severity"))
    return Configured(replace(config, changes=changes), source, tuple(reader.problems))


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


class _Reader:
    """Takes a parsed table apart and collects what is wrong with it, each with the place of its word in the text."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []
        header = re.search(r"^\s*\[\s*(tool\s*\.\s*ksim\s*\.\s*)?lint\b", source.text, re.M)
        self.start = header.start() if header else 0

    def config(self, table: dict[str, Any]) -> Config:
        selected = self.rules(table["select"], "select", fixed_too=True) if "select" in table else None
        return Config(
            None if selected is None else frozenset(selected),
            frozenset(self.rules(table.get("ignore", []), "ignore", fixed_too=False)),
            self.levels(self.table(table.get("severity", {}), "severity")),
        )

    def table(self, value: object, name: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return cast("dict[str, Any]", value)
        self.bad(f"`{name}` must be a table", name)
        return {}

    def known(self, table: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
        for key in table.keys() - set(keys):
            help = "it belongs into the table `lint`" if key in KEYS else suggest(key, keys, "settings")
            self.bad(f"there is no setting `{key}`", key, help)
        return {k: v for k, v in table.items() if k in keys}

    def rules(self, names: object, key: str, fixed_too: bool) -> list[str]:
        """Returns the codes that a list names; naming a single error is reported unless `fixed_too`."""
        if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
            self.bad(f"`{key}` must be a list of rules", key, f'for example `{key} = ["unused-signal"]`')
            return []
        codes: list[str] = []
        for name in cast("list[str]", names):
            members = group(name)
            if not members:
                self.unknown(name)
            elif (rule := find(name)) and rule.fixed and not fixed_too:
                self.unalterable(rule, name)
            codes += [r.code for r in members if fixed_too or not r.fixed]
        return codes

    def levels(self, table: dict[str, Any]) -> dict[str, Level]:
        levels: dict[str, Level] = {}
        for name, level in table.items():
            rule = find(name)
            if rule is None:
                self.unknown(name)
            elif level not in LEVELS:
                self.bad(f"`{level}` is not a severity", name, f"severities: {', '.join(LEVELS)}")
            elif rule.fixed and level != "error":
                self.unalterable(rule, name)
            else:
                levels[rule.code] = level
        return levels

    def changes(self, table: dict[str, Any]) -> dict[str, Level]:
        """Returns the severities of rules of changes; a break of trained policies keeps its own."""
        levels: dict[str, Level] = {}
        for name, level in table.items():
            rule = change_rule(name)
            if rule is None:
                advice = suggest(name, [r.slug for r in CHANGE_RULES], "rules")
                self.bad(f"there is no rule of changes `{name}`", name, advice)
            elif level not in LEVELS:
                self.bad(f"`{level}` is not a severity", name, f"severities: {', '.join(LEVELS)}")
            elif rule.cls in ("shape", "meaning") and level != "error":
                message = f"`{rule.slug}` breaks trained policies and can be accepted, not lowered"
                self.bad(message, name, "accept the change in `ksim-accept.toml`, with a reason")
            else:
                levels[rule.code] = level
        return levels

    def unknown(self, name: str) -> None:
        message = f"there is no rule `{name}`"
        self.problems.append(Diagnostic(rules.UNKNOWN_RULE, message, self.place(name), help=near(name)))

    def unalterable(self, rule: Rule, name: str) -> None:
        message = f"`{rule.slug}` is an error and can be neither silenced nor lowered"
        help = "the compiler stops at it: repair what it reports"
        self.problems.append(Diagnostic(rules.FIXED_SEVERITY, message, self.place(name), help=help))

    def bad(self, message: str, word: str, help: str = "") -> None:
        self.problems.append(Diagnostic(rules.BAD_CONFIGURATION, message, self.place(word), help=help))

    def place(self, word: str) -> Span:
        """Returns where the word stands, in the `lint` table if it is there; the whole first line for one not found."""
        pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
        found = pattern.search(self.source.text, self.start) or pattern.search(self.source.text)
        return Span(self.source.name, found.start(), found.end()) if found else self.source.line_span(1)
