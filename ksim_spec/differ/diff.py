"""What `ksim diff` shows: two sides compared, spec by spec where they are folders."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.differ.change import Change, ordered
from ksim_spec.differ.compare import compare
from ksim_spec.differ.git.trees import Tree
from ksim_spec.differ.sides import Opener, Side
from ksim_spec.rules import changes as change_rules

Place = tuple[Tree, str]


@dataclass(frozen=True)
class Difference:
    """Two versions of one task; a side is None where the spec was added, removed, or cannot be read."""

    name: str
    old: Side | None
    new: Side | None
    changes: tuple[Change, ...] = ()
    problem: SpecError | None = None


@dataclass
class DiffResult:
    """Everything that was compared; `same` counts specs whose files are the same."""

    old: str
    new: str
    differences: list[Difference] = field(default_factory=list)
    same: int = 0

    @property
    def changes(self) -> list[Change]:
        return ordered([c for d in self.differences for c in d.changes])


def difference(opener: Opener, old: str, new: str) -> DiffResult:
    """Returns what changed between two sides; raises SpecError for a side that cannot be read."""
    places = opener.locate(old), opener.locate(new)
    result = DiffResult(old, new)
    folders = [opener.is_folder(*p) for p in places]
    if folders == [False, False]:
        result.differences.append(_single(opener, *places))
        return result
    specs = [_specs(opener, place, folder) for place, folder in zip(places, folders, strict=True)]
    if not any(specs):
        message = f"there are no specs in `{old}` and none in `{new}`"
        raise SpecError([Diagnostic(rules.UNREADABLE_FILE, message, help="give specs, runs, or folders of specs")])
    for name in sorted(specs[0].keys() | specs[1].keys()):
        one, other = specs[0].get(name), specs[1].get(name)
        if one and other and opener.same_files(one, other):
            result.same += 1
            continue
        found = _of_folder(opener, name, one, other)
        if found is not None:
            result.differences.append(found)
    result.differences = _renamed(result.differences)
    return result


def _specs(opener: Opener, place: Place, folder: bool) -> dict[str, Place]:
    tree, path = place
    if not folder:
        return {posixpath.basename(path): place}
    base = path.rstrip("/")
    return {posixpath.relpath(p, base): (tree, p) for p in tree.specs(path)}


def _single(opener: Opener, old: Place, new: Place) -> Difference:
    a, b = opener.open(*old), opener.open(*new)
    return Difference(b.contract.task, a, b, tuple(changes(a, b)))


def changes(old: Side, new: Side) -> list[Change]:
    """Returns the changes between two sides; texts that differ in layout or comments alone are one cosmetic change."""
    found = compare(old.contract, new.contract)
    if not found and old.text and new.text and old.text != new.text:
        rule = change_rules.TEXT_ONLY
        found = [Change(rule, "task", rule.summary)]
    return found


def _of_folder(opener: Opener, name: str, one: Place | None, other: Place | None) -> Difference | None:
    try:
        if not all(is_task(x) for x in (one, other) if x):
            return None  # a file that others include: they show what it changes
        a, b = (opener.open(*x) if x else None for x in (one, other))
    except SpecError as error:
        return Difference(name, None, None, problem=error)
    if a is not None and b is not None:
        found = changes(a, b)
        return Difference(name, a, b, tuple(found)) if found else None
    rule = change_rules.SPEC_ADDED if a is None else change_rules.SPEC_REMOVED
    side = a or b
    assert side is not None
    old, new = (s and s.contract.hashes["declared"] for s in (a, b))
    return Difference(name, a, b, (Change(rule, "task", rule.summary, old, new),))


def is_task(place: Place) -> bool:
    """Whether a file is a task of its own, and not one that others include."""
    data = place[0].read(place[1]) or b""
    return any(line.split()[:1] in ([b"task"], [b"extends"]) for line in data.splitlines())


ALIKE = 0.5  # the share of lines from which git takes a file for a renamed one


def _renamed(found: Sequence[Difference]) -> list[Difference]:
    """A spec that went and one that came are one with another name: the same contract first, then most lines alike."""
    kept = list(found)
    gone = [d for d in found if d.old and not d.new]
    came = [d for d in found if d.new and not d.old]
    pairs = [(likeness, a, b) for a in gone for b in came if (likeness := _likeness(a, b)) >= ALIKE]
    taken: set[str] = set()
    for _, a, b in sorted(pairs, key=lambda pair: -pair[0]):
        if a.name in taken or b.name in taken:
            continue
        taken |= {a.name, b.name}
        assert a.old is not None and b.new is not None
        named = Change(change_rules.RENAMED, "task", f"`{a.name}` is now called `{b.name}`", a.name, b.name)
        kept[kept.index(b)] = replace(b, old=a.old, changes=(named, *_beside(named, changes(a.old, b.new))))
        kept.remove(a)
    return kept


def _beside(named: Change, found: Sequence[Change]) -> list[Change]:
    """What changed besides the name: the text, or the task's own name, alone is not told again."""
    return [c for c in found if c.rule not in (named.rule, change_rules.TEXT_ONLY)]


def _likeness(gone: Difference, came: Difference) -> float:
    """Returns 2 for the same contract, else how many of the lines of both texts are alike, from 0 to 1."""
    assert gone.old is not None and came.new is not None
    if gone.old.contract.hashes["declared"] == came.new.contract.hashes["declared"]:
        return 2.0
    lines = [[x.strip() for x in side.text.splitlines() if x.strip()] for side in (gone.old, came.new)]
    return SequenceMatcher(None, *lines, autojunk=False).ratio() if all(lines) else 0.0
