"""What the latest run of a spec measured: a mean beside each reward term, a line about the run above the task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ksim_spec.ide.inlay_hints import Hint, end_of
from ksim_spec.ide.latest_run import Run, latest_run
from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.language.declarations import reward_terms
from ksim_spec.syntax import ast


@dataclass(frozen=True)
class Lens:
    """A line of text above the line of an offset."""

    offset: int
    text: str


def means(snapshot: Snapshot, start: int, end: int) -> list[Hint]:
    """Returns the latest measured mean of each reward term between two offsets, at the end of its line."""
    run = latest_run(snapshot)
    if run is None:
        return []
    blocks = [i for i in snapshot.tree.items if isinstance(i, ast.Section) and i.keyword == "reward"]
    terms = [(name, end_of(stmt)) for block in blocks for name, stmt in reward_terms(block.body)]
    return [h for name, at in terms if start <= at <= end for h in _mean(name, at, run)]


def _mean(term: str, offset: int, run: Run) -> Iterator[Hint]:
    mean = run.mean(term)
    if mean is not None:
        tip = f"mean of a control step, its weight included, in the last update of `{run.folder.name}`{_since(run)}"
        yield Hint(offset, f"mean {mean:.3g}/step", tip)


def lenses(snapshot: Snapshot) -> list[Lens]:
    """Returns a line about the latest run of the spec, above its task; none where there is no run."""
    task = next((i for i in snapshot.tree.items if isinstance(i, ast.Directive) and i.word == "task"), None)
    run = latest_run(snapshot) if task is not None else None
    if task is None or run is None:
        return []
    return [Lens(task.span.start, f"last run {run.folder.name}: {', '.join(_facts(run.row))}{_since(run)}")]


def task_offset(snapshot: Snapshot) -> int:
    """Returns where the task of a document is named; its start where it is not."""
    named = (i for i in snapshot.tree.items if isinstance(i, ast.Directive) and i.word == "task")
    return next((i.span.start for i in named), 0)


def _facts(row: dict[str, float]) -> Iterator[str]:
    yield f"{row.get('env_states', 0) / 1e6:.3g}M env_states"
    if "episode/return" in row:
        yield f"return {row['episode/return']:.3g}"
    if "episode/seconds" in row:
        yield f"episodes of {row['episode/seconds']:.3g} s"
    if "wall_s" in row:
        yield f"{row['wall_s'] / 60:.3g} min"


def _since(run: Run) -> str:
    return "" if run.current else "; the spec has changed since"
