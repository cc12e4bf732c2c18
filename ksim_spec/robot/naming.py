"""Names for what the MJCF leaves unnamed, so that specs, sensors and reports can refer to it."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from ksim_spec.robot.elements import Element


def generated_name(kind: str, index: int) -> str:
    """Returns the name that scene composition gives an unnamed element, from its id in the robot's own model."""
    return f"{kind}[{index}]"


def name_of(element: Element) -> str:
    """Returns an element's name in the composed scene: its own, else the generated one."""
    return element.name or generated_name(element.kind, element.id)


def matches(name: str, pattern: str) -> bool:
    """Returns whether a glob matches a whole name; brackets that a name holds mean themselves too."""
    return (
        name == pattern
        or fnmatch.fnmatchcase(name, pattern)
        or ("[" in name and fnmatch.fnmatchcase(name, pattern.replace("[", "[[]")))
    )


def matching(pattern: str, names: Sequence[str]) -> list[str]:
    """Returns the names that a glob matches; one that is written as it is matches nothing else."""
    return [pattern] if pattern in names else [n for n in names if matches(n, pattern)]


def partner(name: str, pairs: Sequence[tuple[str, str]]) -> str | None:
    """Returns the name on the other side by `mirror` pairs of patterns, None where no pattern matches."""
    for left, right in pairs:
        for pattern, other in ((left, right), (right, left)):
            if matches(name, pattern):
                return other_name(name, pattern, other)
    return None


def other_name(name: str, pattern: str, other: str) -> str:
    """Returns the name on the other side: what the single `*` of `pattern` matched goes into `other`."""
    if "*" not in pattern:
        return other
    before, after = pattern.split("*", 1)
    middle = name[len(before) : len(name) - len(after)] if after else name[len(before) :]
    return other.replace("*", middle, 1)
