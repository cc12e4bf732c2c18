"""What a person sees while training: a live panel on a terminal, else a line now and then. Everything on stderr."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Literal, Protocol, runtime_checkable

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ksim_spec.trainer.metrics import Row

Mode = Literal["auto", "live", "plain", "none"]
LINE_EVERY_S = 10.0
WIDTH, BAR = 60, 24


@runtime_checkable
class Progress(Protocol):
    """Told about every update; `say` prints a line that stays."""

    def update(self, row: Row) -> None: ...
    def say(self, text: str) -> None: ...
    def close(self) -> None: ...


def make_progress(mode: Mode, title: str, total: int) -> Progress:
    """Returns the progress for a run of `total` EnvStates; `auto` looks at whether stderr is a terminal."""
    if mode == "none":
        return Quiet()
    if mode == "plain" or (mode == "auto" and not sys.stderr.isatty()):
        return Heard(Plain(title, total))
    return Heard(Panel(title, total))


class Heard:
    """Passes everything on until nobody can hear it: training goes on when the terminal is closed or the pipe ends."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def update(self, row: Row) -> None:
        self._tell(lambda: self.progress.update(row))

    def say(self, text: str) -> None:
        self._tell(lambda: self.progress.say(text))

    def close(self) -> None:
        self._tell(self.progress.close)

    def _tell(self, what: Callable[[], None]) -> None:
        try:
            what()
        except OSError:
            self.progress = Mute()


def clock(seconds: float) -> str:
    """Returns `1:02:03`, `2:03` or `0:03`."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def _number(value: float | int | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}g}"


class Pace:
    """The rate over the last updates: one slow update must not make the time left jump."""

    def __init__(self) -> None:
        self.seen: deque[tuple[float, float]] = deque(maxlen=20)

    def add(self, row: Row) -> float:
        """Returns EnvStates per second, of this update alone while there are no others."""
        self.seen.append((row["wall_s"] or 0.0, row["env_states"] or 0))
        seconds, states = (last - first for first, last in zip(self.seen[0], self.seen[-1], strict=True))
        return states / seconds if seconds > 0 else float(row.get("perf/env_states_per_s") or 0)


def _speed(row: Row, total: int, rate: float) -> str:
    done = row["env_states"] or 0
    left = clock((total - done) / rate) if rate else "?"
    return (
        f"{done / 1e6:.2f}M of {total / 1e6:.2f}M states, {rate:,.0f}/s, {clock(row['wall_s'] or 0)} gone, {left} left"
    )


def _episodes(row: Row) -> str:
    head = f"return {_number(row.get('episode/return'))}, episode {_number(row.get('episode/seconds'))} s"
    levels = (f"{k.removeprefix('level/')} {_number(v)}" for k, v in row.items() if k.startswith("level/"))
    return ", ".join([head, *levels])


class Quiet:
    """Says only what must be said."""

    def update(self, row: Row) -> None:
        del row

    def say(self, text: str) -> None:
        print(text, file=sys.stderr)

    def close(self) -> None: ...


class Mute(Quiet):
    """Says nothing."""

    def say(self, text: str) -> None:
        del text


class Plain(Quiet):
    """A line for the first update and then one per interval: for logs and pipes."""

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total, self.last = title, total, 0.0
        self.row: Row | None = None
        self.pace, self.rate = Pace(), 0.0

    def update(self, row: Row) -> None:
        self.row, self.rate = row, self.pace.add(row)
        if self.last and time.monotonic() - self.last < LINE_EVERY_S:
            return
        self._line(row)

    def _line(self, row: Row) -> None:
        self.last, self.row = time.monotonic(), None
        terms = ", ".join(f"{k.removeprefix('reward/')} {_number(v)}" for k, v in row.items() if _is_term(k))
        text = f"{self.title}: {_speed(row, self.total, self.rate)} | {_episodes(row)} | {terms}"
        print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        if self.row is not None:
            self._line(self.row)


def _is_term(name: str) -> bool:
    return name.startswith("reward/") and name != "reward/total"


class Panel:
    """Progress bar, rates, and one bar per reward term, as large as its share of the largest."""

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total, self.pace = title, total, Pace()
        self.console = Console(stderr=True)
        start = Text(f"{title}: compiling the first update ...")
        self.live = Live(start, console=self.console, refresh_per_second=4, transient=False)
        self.live.start()
        self.last_return: float | int | None = None

    def update(self, row: Row) -> None:
        if row.get("episode/return") is not None:
            self.last_return = row["episode/return"]
        shown = row | {"episode/return": self.last_return}
        length = round(WIDTH * min((row["env_states"] or 0) / self.total, 1.0))
        bar = Text("█" * length + "░" * (WIDTH - length))
        lines = Text(_speed(row, self.total, self.pace.add(row)) + "\n" + _episodes(shown))
        self.live.update(Group(Text(self.title, style="bold"), bar, lines, _terms(row)))

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        self.live.stop()


def _terms(row: Row) -> Table:
    terms = {k.removeprefix("reward/"): v or 0.0 for k, v in row.items() if _is_term(k)}
    largest = max((abs(v) for v in terms.values()), default=0.0) or 1.0
    table = Table(box=None, show_header=False, padding=(0, 1))
    for name, value in terms.items():
        length = round(abs(value) / largest * BAR)
        bar = Text("█" * length + "░" * (BAR - length), style="green" if value >= 0 else "red")
        table.add_row(name, bar, f"{value:+.4g} per step")
    return table
