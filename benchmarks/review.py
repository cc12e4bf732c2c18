"""Times of `ksim diff`, `lock --check` and `log` in fresh processes, on a scratch repository, one JSON line each.

    python benchmarks/review.py [--repeats 5] [--only one,changed,robot,lock,log]

Wall and processor seconds stand side by side, git's own included, for on a busy machine wall time says little.
`limit_s` is what is watched. A `ksim diff` that imported jax ends the script.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SPECS = sorted((ROOT / "specs").glob("*.ksim"))
KSIM = [sys.executable, "-m", "ksim_spec.cli.main"]
WATCHED = (
    "import sys; from ksim_spec.cli.main import main; code = main(sys.argv[1:]); "
    "sys.exit(3 if 'jax' in sys.modules else code)"
)
IDENTITY = {f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
COUNT = 50
# What people change, in turn: a weight, a discount, a fall, a timeout, noise, a clip of what is rewarded, a comment.
EDITS = (
    (r"(weight )([\d.]+)", r"\g<1>1\2"),
    (r"(discount += )0\.9\d*", r"\g<1>0.95"),
    (r"(base\.height < 0\.)(\d)", r"\g<1>1\2"),
    (r"(time >= )(\d+)", r"\g<1>1\2"),
    (r"(noise \w+\()([\d.]+)", r"\g<1>1\2"),
    (r"(scale )([\d.]+)(?= (?:per rad/s|rad|N)\b)", r"\g<1>1\2"),
    (r"^reward \{", "# what pays\nreward {"),
)


def edited(text: str, turn: int) -> str:
    """Returns a spec with one or two of the edits, beginning with that of its turn, that apply to it."""
    done = 0
    for k in range(len(EDITS)):
        pattern, to = EDITS[(turn + k) % len(EDITS)]
        new = re.sub(pattern, to, text, count=1, flags=re.M)
        done += new != text
        text = new
        if done > turn % 2:
            return text
    return text


def long_spec(lines: int = 200) -> str:
    """Returns walk.ksim with as many more signals and rewards as make it this many lines long."""
    text = (ROOT / "specs" / "walk.ksim").read_text(encoding="utf-8")
    more = max(0, lines - text.count("\n")) // 2
    signals = "".join(f"  extra_{k} = {k + 1} * norm(v.xy) / 1 m/s\n" for k in range(more))
    paid = "".join(f"  pay_{k} = square(extra_{k})  weight -0.01 per s\n" for k in range(more))
    text = re.sub(r"^signal \{\n", lambda m: m[0] + signals, text, count=1, flags=re.M)
    return re.sub(r"^reward \{\n", lambda m: m[0] + paid, text, count=1, flags=re.M)


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, env={**os.environ, **IDENTITY}, capture_output=True, check=True)


def commit(folder: Path, subject: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", subject)


@contextmanager
def repository() -> Iterator[Path]:
    """A repository of fifty specs and one long one: `first`, `edited` (every spec) and `robot` (one robot file)."""
    with tempfile.TemporaryDirectory() as scratch:
        top = Path(scratch)
        shutil.copytree(ROOT / "specs" / "robots", top / "specs" / "robots")
        texts = [p.read_text(encoding="utf-8") for p in SPECS]
        git(top, "init", "-q", "-b", "main")
        versions: list[Callable[[str, int], str]] = [lambda text, k: text, edited]
        for name, version in zip(("first", "edited"), versions, strict=True):
            for k in range(COUNT):
                text = f"# {k}\n{version(texts[k % len(texts)], k)}"
                (top / "specs" / f"spec{k}.ksim").write_text(text, encoding="utf-8")
            long = version(long_spec(), 1).replace('"robots/', '"specs/robots/')
            (top / "long.ksim").write_text(long, encoding="utf-8")
            commit(top, name)
            git(top, "tag", name)
        biped = top / "specs" / "robots" / "biped.xml"
        biped.write_text(re.sub(r'(mass=")([\d.]+)', r"\g<1>1\2", biped.read_text(), count=1))
        commit(top, "robot")
        git(top, "tag", "robot")
        yield top


def command(top: Path, *arguments: str, watched: bool = True) -> tuple[float, float]:
    """Returns wall and processor seconds of a `ksim` command; ends the script when it could not do its job."""
    start = [sys.executable, "-c", WATCHED] if watched else KSIM
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    before, begin = os.times(), time.perf_counter()
    done = subprocess.run(
        [*start, *arguments],
        cwd=top,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    wall, after = time.perf_counter() - begin, os.times()
    if done.returncode not in (0, 1):
        raise SystemExit("it imported jax" if done.returncode == 3 else done.stderr)
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu


def row(used: list[tuple[float, float]]) -> dict[str, float]:
    return {
        "wall_s": round(statistics.median(w for w, _ in used), 3),
        "cpu_s": round(statistics.median(c for _, c in used), 3),
    }


# What is measured -----------------------------------------------------------------------------------------------------


def one(top: Path, repeats: int) -> dict[str, Any]:
    """`ksim diff` of two revisions of one spec of 200 lines."""
    lines = (top / "long.ksim").read_text(encoding="utf-8").count("\n")
    used = [command(top, "diff", "first:long.ksim", "edited:long.ksim") for _ in range(repeats)]
    return {"lines": lines, **row(used), "limit_s": 0.8}


def changed(top: Path, repeats: int) -> dict[str, Any]:
    """`ksim diff` of fifty specs between two revisions, where every one of them changed."""
    used = [command(top, "diff", "first:specs", "edited:specs") for _ in range(max(1, repeats // 2))]
    return {"specs": COUNT, **row(used), "limit_s": 5.0}


def robot(top: Path, repeats: int) -> dict[str, Any]:
    """`ksim diff` of fifty specs between a revision and the working tree, where one robot file changed."""
    used = [command(top, "diff", "edited:specs", "specs") for _ in range(max(1, repeats // 2))]
    return {"specs": COUNT, **row(used), "limit_s": 5.0}


def lock(top: Path, repeats: int) -> dict[str, Any]:
    """`ksim lock --check` of fifty specs whose locks are current."""
    command(top, "lock", "specs", watched=False)
    used = [command(top, "lock", "specs", "--check") for _ in range(max(1, repeats // 2))]
    return {"specs": COUNT, **row(used), "limit_s": 5.0}


def log(top: Path, repeats: int) -> dict[str, Any]:
    """`ksim log` of a spec with three commits that concern it."""
    used = [command(top, "log", "specs/spec8.ksim") for _ in range(max(1, repeats // 2))]
    return {**row(used), "limit_s": 2.0}


MEASURES: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "one": one,
    "changed": changed,
    "robot": robot,
    "lock": lock,
    "log": log,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default=",".join(MEASURES), help="which, separated by commas")
    options = parser.parse_args()
    with repository() as top:
        for name in options.only.split(","):
            load = os.getloadavg()[0]
            found = MEASURES[name](top, options.repeats)
            loads = {"load_before": round(load, 2), "load_after": round(os.getloadavg()[0], 2)}
            print(json.dumps({"measure": name, **found, **loads}), flush=True)


if __name__ == "__main__":
    main()
