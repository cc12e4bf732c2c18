"""What the functions of the public face are given, checked and put into the form that the package works with."""

from __future__ import annotations

import logging
import numbers
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.source import SourceMap

PathLike: TypeAlias = str | os.PathLike[str]
Settings: TypeAlias = Mapping[str, str | float | bool]


def path_of(value: Any, name: str) -> Path:
    if not isinstance(value, str | os.PathLike) or not os.fspath(value) or "\0" in os.fspath(value):
        raise bad_argument(f"`{name}` is {_shown(value)}", "give a path")
    return Path(value)


def word(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise bad_argument(f"`{name}` is {_shown(value)}", "give a name, as a text")
    return value


def profile_of(value: Any) -> str | None:
    return None if value is None else word(value, "profile")


def count(value: Any, name: str, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise bad_argument(f"`{name}` is {_shown(value)}", f"give a whole number from {least} on")
    return int(value)


def given(**settings: Any) -> dict[str, Any]:
    """Returns the settings of training that are given, by their paths in a spec."""
    return {f"train.{name}": value for name, value in settings.items() if value is not None}


def set_lines(settings: Settings | None) -> tuple[str, ...]:
    """Returns settings as the command line takes them: `train.num_envs=64`."""
    if settings is None:
        return ()
    if not isinstance(settings, Mapping):
        raise bad_argument(f"`set` is {_shown(settings)}", 'give a mapping: `{"train.num_envs": 64}`')
    return tuple(f"{path}={_written(value, path)}" for path, value in settings.items())


def _written(value: Any, path: object) -> str:
    """Returns a value as a spec writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, numbers.Real):
        number = float(value)
        return f"{int(number)}" if number.is_integer() else f"{number!r}"
    raise bad_argument(f"`{path}` is set to {_shown(value)}", "give a number, or what a spec would say there as a text")


def rule_codes(names: str | Sequence[str], argument: str) -> frozenset[str]:
    from ksim_spec.linter.filter import codes
    from ksim_spec.rules.registry import near

    found, unknown = codes([names] if isinstance(names, str) else names)
    if unknown:
        raise bad_argument(f"`{argument}` names no rule: `{unknown[0]}`", near(unknown[0]))
    return found


def _shown(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}…"


def bad_argument(message: str, help: str) -> SpecError:
    return SpecError([Diagnostic(rules.BAD_ARGUMENT, message, help=help)])


def log_warnings(found: Sequence[Diagnostic], sources: SourceMap) -> None:
    from ksim_spec.render.diagnostics import render

    logging.getLogger("ksim_spec").warning("%s", render(found, sources).rstrip())
