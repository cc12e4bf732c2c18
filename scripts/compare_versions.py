"""Holds two checkouts of ksim against each other: does the same spec still mean, and train to, the same?

    python scripts/compare_versions.py OLD NEW [--train N] [--also FOLDER]

Both run the inputs of OLD, each with its own code: every shipped spec and benchmark spec is compiled, every spec of the
corpora and every example of a rule's page is linted, every realistic edit is diffed, and with `--train N` each spec is
trained for about N env_states on the `cpu` engine. Prints every kind of difference once, with how often it
was seen, and a table. Exit code 1 where something differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ALSO: list[Path] = []  # folders of more specs
COMPILED = ("task.py", "model.xml", "contract.json", "spec.yaml", "ir.txt")
WALL = re.compile(r"^(wall_s|perf/|memory/)")  # what differs between two runs of one version
LEFT_OUT = ("meta.json", "spec.yaml", "contract.json")  # of a checkpoint: dates, versions, and what `compile` compares


class Version:
    """One checkout, run in processes of its own."""

    def __init__(self, root: Path, inputs: Path) -> None:
        self.root, self.inputs = root.resolve(), inputs

    def ksim(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PYTHONPATH": str(self.root), "NO_COLOR": "1", "KSIM_NO_CACHE": "1"}
        command = [sys.executable, "-P", "-m", "ksim_spec.cli.main", *words]  # -P: not the package of the inputs
        done = subprocess.run(command, cwd=cwd or self.inputs, env=env, capture_output=True, text=True)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{self.root}: ksim {' '.join(words)}\n{done.stderr[-2000:]}")
        return done


def specs(inputs: Path) -> list[str]:
    return [
        *(
            str(p.relative_to(inputs))
            for d in ("specs", "benchmarks/specs")
            for p in sorted((inputs / d).glob("*.ksim"))
        ),
        *(str(p) for folder in ALSO for p in sorted(folder.resolve().glob("*.ksim"))),
    ]


# What is compared: each yields a name and a value ---------------------------------------------------------------------


def compiled(version: Version, work: Path) -> Iterator[tuple[str, Any]]:
    """Every file that `ksim compile` writes, and every value of the contract."""
    for spec in specs(version.inputs):
        out = work / hashlib.sha256(spec.encode()).hexdigest()[:8]
        try:
            version.ksim("compile", spec, "-o", str(out))
        except RuntimeError as error:  # such as a robot that is not here
            yield f"{spec} is refused", re.findall(r"error\[(\w+)", str(error))
            continue
        for name in COMPILED:
            text = (out / name).read_text()
            yield f"{spec} {name}", json.loads(text) if name.endswith("json") else text


def findings(version: Version, work: Path) -> Iterator[tuple[str, Any]]:
    """Everything that `ksim lint` says of good and bad specs."""
    paths = [*specs(version.inputs), *(str(p) for p in sorted((work.parent / "corpus").rglob("*.ksim")))]
    for start in range(0, len(paths), 100):
        told = json.loads(version.ksim("lint", "--format", "json", *paths[start : start + 100]).stdout)
        by_file: dict[str, list[Any]] = {p: [] for p in paths[start : start + 100]}
        for found in told["diagnostics"]:
            by_file.setdefault(found.pop("file"), []).append(found)
        for path, found in by_file.items():
            yield Path(path).name, found


def edits(version: Version, work: Path) -> Iterator[tuple[str, Any]]:
    """Every change that `ksim diff` finds between two versions of a spec and its robot."""
    both = work.parent / "edits"
    told = json.loads(version.ksim("diff", "old", "new", "--format", "json", cwd=both).stdout)
    for row in told.get("specs", told.get("differences", [])):
        yield str(row.get("name", row.get("spec", ""))), row


def trained(version: Version, work: Path, budget: int) -> Iterator[tuple[str, Any]]:
    """Metrics of every update and the bits of the last checkpoint."""
    for spec in [s for s in specs(version.inputs) if s.startswith("specs/")]:
        out = work / f"run-{Path(spec).stem}"
        version.ksim(
            "train", spec, "--budget", str(budget), "--backend", "cpu", "--out", str(out), "--no-progress", "--no-video"
        )
        rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        for row in rows:
            yield f"{spec} update {row['update']}", {k: v for k, v in row.items() if not WALL.match(k)}
        last = sorted((out / "checkpoints").glob("0*.ckpt"))[-1]
        with zipfile.ZipFile(last) as archive:
            for name in sorted(set(archive.namelist()) - set(LEFT_OUT)):
                yield f"{spec} {last.name} {name}", hashlib.sha256(archive.read(name)).hexdigest()


# Inputs ---------------------------------------------------------------------------------------------------------------

# Run with the code of OLD, whose helpers know its corpora: whole texts of the mistakes, the pages, and the edits.
_WRITE_INPUTS = """
import importlib, re, shutil, sys
from pathlib import Path
inputs, work = Path(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, str(inputs))
corpus = work / "corpus"; corpus.mkdir(parents=True)
def put(name, text):
    text = text.replace('"../../../specs/', f'"{inputs}/specs/').replace('"../../specs/', f'"{inputs}/specs/')
    (corpus / f"{name}.ksim").write_text(text)
try:
    from tests.mistakes import mistakes
    for case in mistakes(): put(case.name, case.text)
except ImportError:
    for path in sorted((inputs / "tests/language/bad").glob("*.ksim")): put(path.stem, path.read_text())
from tests.rules.pages import completed
from ksim_spec.rules.pages import Page
for path in sorted((inputs / "docs/rules").glob("KS*.md")):
    page = Page(path.read_text())
    for word in ("fails", "passes"):
        example = getattr(page, word)
        if example: put(f"{path.stem}-{word}", completed(example))
room = next(r for r in ("differ", "review") if (inputs / "tests" / r / "mutations.py").is_file())
m = importlib.import_module(f"tests.{room}.mutations")
for spec in m.SPECS:
    before = m.original(spec)
    for edit in m.EDITS:
        after = edit(before)
        if after is None: continue
        for side, version in (("old", before), ("new", after)):
            home = work / "edits" / side / f"{spec.stem}-{edit.name.replace(' ', '-')}"
            home.mkdir(parents=True)
            (home / "spec.ksim").write_text(version.spec)
            named = re.search(r'robot "([^"]+)"', version.spec)
            robot = inputs / "specs" / named[1] if named else None
            if robot is None or not robot.is_file() or robot.read_text() == version.robot:
                (home / "robots").symlink_to(inputs / "specs" / "robots")
            else:
                shutil.copytree(inputs / "specs" / "robots", home / "robots")
                (home / named[1]).write_text(version.robot)
"""


def write_inputs(old: Path, work: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(old.resolve())}
    subprocess.run([sys.executable, "-c", _WRITE_INPUTS, str(old.resolve()), str(work)], env=env, check=True)


# Comparing ------------------------------------------------------------------------------------------------------------


def differing(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Yields where two values differ, as paths into them with both sides, short."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(k for k in new if k not in old)]:
            if key not in old or key not in new:
                yield f"{path}.{key} {'gone' if key in old else 'new'}"
            else:
                yield from differing(old[key], new[key], f"{path}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for i, (a, b) in enumerate(zip(old, new, strict=True)):
            yield from differing(a, b, f"{path}[{i}]")
    elif isinstance(old, str) and isinstance(new, str) and old != new and "\n" in old:
        pairs = [(a, b) for a, b in zip(old.splitlines(), new.splitlines(), strict=False) if a != b]
        yield (
            f"{path} {len(pairs)} lines, first: {pairs[0][0].strip()[:90]!r} -> {pairs[0][1].strip()[:90]!r}"
            if pairs
            else f"{path} length"
        )
    elif old != new:
        yield f"{path} {json.dumps(old, default=str)[:120]} -> {json.dumps(new, default=str)[:120]}"


def compare(
    name: str,
    look: Callable[[Version, Path], Iterator[tuple[str, Any]]],
    versions: list[Version],
    work: Path,
    report: list[str],
) -> tuple[str, int, int]:
    sides = []
    for side, version in zip(("a", "b"), versions, strict=True):
        home = work / f"{name}-{side}"
        home.mkdir()
        sides.append(dict(look(version, home)))
        shutil.rmtree(home)
    old, new = sides
    unlike, alike = 0, dict[str, list[str]]()
    for key in [*old, *(k for k in new if k not in old)]:
        lines = ["gone"] if key not in new else ["new"] if key not in old else list(differing(old[key], new[key]))
        unlike += bool(lines)
        for line in lines:
            alike.setdefault(re.sub(r"\[\d+\]", "[]", line), []).append(key)
    for line, keys in sorted(alike.items(), key=lambda pair: -len(set(pair[1]))):
        more = f", and {len(set(keys)) - 1} more" if len(set(keys)) > 1 else ""
        report.append(f"{name}: {line}  ({keys[0]}{more})")
    return name, len(old), unlike


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--train", type=int, default=0, metavar="N", help="train each spec for about N env_states")
    parser.add_argument("--only", help="one of compiled, findings, edits, trained")
    parser.add_argument("--also", type=Path, action="append", default=[], help="a folder of more specs to compile")
    asked = parser.parse_args()
    ALSO.extend(asked.also)
    looks: dict[str, Any] = {"compiled": compiled, "findings": findings, "edits": edits}
    if asked.train:
        looks["trained"] = lambda version, work: trained(version, work, asked.train)
    if asked.only:
        looks = {asked.only: looks[asked.only]}
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary).resolve()
        write_inputs(asked.old, work)
        versions = [Version(asked.old, asked.old.resolve()), Version(asked.new, asked.old.resolve())]
        report: list[str] = []
        rows = [compare(name, look, versions, work, report) for name, look in looks.items()]
    print("\n".join(report))
    print(f"\n{'':10} {'compared':>9} {'unlike':>7}")
    for name, count, unlike in rows:
        print(f"{name:10} {count:9,} {unlike:7,}")
    return int(any(unlike for _, _, unlike in rows))


if __name__ == "__main__":
    sys.exit(main())
