"""A digest of what a checked spec does, to hold a safe fix against: it must not change."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ksim_spec.ir.hash import Canon, digest
from ksim_spec.ir.node import Node
from ksim_spec.language.program import Program
from ksim_spec.source import Span

_SAID_ELSEWHERE = frozenset(("signals", "parameters"))  # expressions hold their signals, and parameters their values


def meaning(program: Program) -> str:
    """Returns the digest of everything in a program but its signals, which count where they are used.

    Numbers count by value, so another unit changes nothing. Needs no robot model.
    """
    return digest(_parts(program))


def differences(a: Program, b: Program) -> list[str]:
    """Returns which parts of two programs differ in meaning, by name: `rewards`, `train`, …"""
    ours, theirs = _parts(a), _parts(b)
    return [name for name in ours if digest(ours[name]) != digest(theirs[name])]


def _parts(program: Program) -> dict[str, Any]:
    canon = Canon(program.params)
    kept = [f.name for f in fields(program) if f.compare and f.name not in _SAID_ELSEWHERE]
    return {name: _plain(getattr(program, name), canon) for name in kept}


def _plain(value: Any, canon: Canon) -> Any:
    if isinstance(value, Node):
        return canon(value)
    if isinstance(value, Span):
        return None  # where something stands is no part of its meaning
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name), canon) for f in fields(value) if f.compare}
    if isinstance(value, tuple | list):
        return [_plain(v, canon) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v, canon) for k, v in value.items()}
    return str(value) if isinstance(value, Path) else f"{value:.12g}" if isinstance(value, float) else value
