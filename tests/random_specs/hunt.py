"""Throws dice for as long as asked: products through every way of evaluation, and a report with what disagreed, small."""

from __future__ import annotations

import re
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import jax
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.random_specs.check import quick
from tests.random_specs.engines import alike
from tests.random_specs.episodes import Episodes
from tests.random_specs.products import Product
from tests.random_specs.truth import Truth
from tests.random_specs.writer import product

FULL, MJX = 3, 30  # every so many products go through the whole task, or through mjx
SHRINK_S = 60.0  # what making one finding small may take


@dataclass
class Hunt:
    """One run: what was tried, and by kind the smallest product that failed, with what it said."""

    folder: Path
    tally: Counter[str] = field(default_factory=Counter)
    found: dict[str, tuple[str, str]] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)

    def way(self, number: int) -> str:
        return "mjx" if number % MJX == MJX - 1 else "task" if number % FULL == FULL - 1 else "numpy"

    def tried(self, p: Product, way: str) -> str | None:
        """Returns the kind of what fails, None where all agree."""
        try:
            if way == "numpy":
                quick(p, self.folder, self.tally)
            elif way == "task":
                Episodes(p, self.folder, self.tally, 1).run()
            else:
                alike(p, self.folder, self.tally)
            jax.clear_caches()  # else every program that was ever compiled stays
        except Exception as problem:  # whatever it is, it is a finding
            kind = _kind(problem)
            text = str(problem) if isinstance(problem, AssertionError) else traceback.format_exc()
            if kind not in self.found or len(repr(p)) < len(self.found[kind][1]):
                self.found[kind] = (text, repr(p))
            return kind
        return None

    def run(self, minutes: float, first_seed: int, largest: int = 8) -> None:
        """Tries products with seeds from `first_seed` on until the time is over."""
        end, number = time.monotonic() + 60 * minutes, 0
        while time.monotonic() < end:
            way = self.way(number)
            self._one(first_seed + number, way, largest)
            number += 1

    def _one(self, number: int, way: str, largest: int) -> None:
        """Tries a few products of one seed; of a new kind of failure a small one is looked for."""
        known, began, fails = set(self.found), [0.0], set()

        @seed(number)
        @settings(
            max_examples=1 if way != "numpy" else 6, database=None, deadline=None, print_blob=False,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
        )  # fmt: skip
        @given(product(largest, round_only=way == "mjx"))
        def one(p: Product) -> None:
            text = repr(p)
            if began[0] and time.monotonic() > began[0] + SHRINK_S and text not in fails:
                return  # long enough; what is known to fail still does
            if not began[0]:
                self._count(p, way)
            kind = self.tried(p, way)
            if kind is not None:
                self.times[kind] += 1
            if kind is not None and kind not in known:
                began[0] = began[0] or time.monotonic()
                fails.add(text)
                raise AssertionError(kind)

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                one()
        except (AssertionError, ExceptionGroup):
            pass

    def _count(self, p: Product, way: str) -> None:
        self.tally["products"] += 1
        self.tally[f"products by {way}"] += 1
        self.tally["expressions"] += len(p.entries) + len(p.seen) + len(p.rewards) + len(p.rules)
        self.tally.update(f"robots with {kind}" for kind in kinds_of(p.truth))

    def report(self) -> str:
        lines = [f"{self.tally[k]:>9} {k}" for k in sorted(self.tally)]
        lines += ["", f"{len(self.found)} kinds of disagreement"]
        for kind, (text, spec) in self.found.items():
            lines += ["", f"== {kind} ({self.times[kind]} times)", text, spec]
        return "\n".join(lines)


def kinds_of(truth: Truth) -> set[str]:
    """Returns what is remarkable about a robot: kinds of joints and the like."""
    model = truth.model
    found = {f"{truth.joint_kind(n)} joints" for n in truth.names["joint"]}
    found |= {f"{len({truth._tree(b) for b in range(model.nbody)} - {-1})} trees"}
    also = {"tendons": model.ntendon, "mocap bodies": model.nmocap, "keyframes": model.nkey, "sensors": model.nsensor,
            "activations": model.na, "equality constraints": model.neq}  # fmt: skip
    found |= {what for what, count in also.items() if count}
    if any("[" in n and n.endswith("]") for kind in ("joint", "body", "actuator") for n in truth.names[kind]):
        found.add("unnamed parts")
    both = set(truth.names["joint"]) & set(truth.names["body"])
    return found | ({"a joint and a body of one name"} if both else set())


def _kind(problem: Exception) -> str:
    """Names a failure without what differs from product to product."""
    text = str(problem).split("\n")[0]
    if codes := re.findall(r"KS\d+", text):
        return f"{type(problem).__name__} {codes[0]}"
    if isinstance(problem, AssertionError):
        words = re.sub(r"\"[^\"]*\"|[\d.\[\]-]+|\(.*", "#", text.split(" = ")[-1])
        return f"{type(problem).__name__} {words[:60]}"
    words = re.sub(r"[`'].*?[`']|[0-9]+", "#", text)
    return f"{type(problem).__name__} {words[:60]}"


def hunt(minutes: float, first_seed: int, largest: int) -> str:
    """Returns the report of a run that long."""
    with tempfile.TemporaryDirectory() as folder:
        run = Hunt(Path(folder))
        run.run(minutes, first_seed, largest)
        return run.report()
