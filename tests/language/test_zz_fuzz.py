"""Whatever is done to a spec, the checker answers with findings: never with a traceback, and never with silence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ksim_spec.diagnostics import SpecError
from ksim_spec.language.load import load_text

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = [
    *sorted((ROOT / "specs").glob("*.ksim")),
    HERE / "good" / "walk.ksim",
    HERE.parent / "emit" / "everything.ksim",
]
TOKEN = re.compile(r"[A-Za-z_]+|\d[\d.e+-]*|\"[^\"\n]*\"|[^\sA-Za-z_\d]|\n")
TOKENS = {f: TOKEN.findall(f.read_text(encoding="utf-8")) for f in FILES}
WORDS = sorted({t for tokens in TOKENS.values() for t in tokens})
EDIT = st.tuples(
    st.sampled_from(("delete", "duplicate", "replace", "swap", "insert")), st.integers(0, 10**6), st.integers(0, 10**6)
)


def mutated(tokens: list[str], edits: list[tuple[str, int, int]]) -> str:
    out = list(tokens)
    for what, where, which in edits:
        i, word = where % len(out), WORDS[which % len(WORDS)]
        if what == "delete" and len(out) > 1:
            del out[i]
        elif what == "duplicate":
            out.insert(i, out[i])
        elif what == "replace":
            out[i] = word
        elif what == "swap":
            j = which % len(out)
            out[i], out[j] = out[j], out[i]
        elif what == "insert":
            out.insert(i, word)
    return " ".join(out)


def survives(text: str, path: Path) -> None:
    try:
        loaded = load_text(text, path.name, path)
    except SpecError as error:
        assert error.diagnostics
        return
    errors = [d for d in loaded.diagnostics if d.severity == "error"]
    assert (loaded.program is None) == bool(errors)
    for found in loaded.diagnostics:
        assert found.message and re.fullmatch(r"KS\d{3}", found.code)
        source = loaded.sources.get(found.span.file)
        assert source is None or 0 <= found.span.start <= found.span.end <= len(source.text)


@settings(max_examples=2500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(FILES), st.lists(EDIT, min_size=1, max_size=4))
def test_tokens_deleted_doubled_replaced(path: Path, edits: list[tuple[str, int, int]]) -> None:
    survives(mutated(TOKENS[path], edits), path)


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(FILES), st.integers(0, 10**6), st.integers(1, 400))
def test_a_piece_cut_out(path: Path, start: int, size: int) -> None:
    text = path.read_text(encoding="utf-8")
    at = start % len(text)
    survives(text[:at] + text[at + size :], path)


@pytest.mark.parametrize(
    "expr",
    [
        "(" * 3000 + "1" + ")" * 3000, "-" * 3000 + "1", " + ".join(["1"] * 5000), "not " * 2000 + "true",
        "if true then 1 else " * 800 + "1", "base.linvel" + " in base" * 1500, "square(" * 1200 + "1" + ")" * 1200,
        "1e999", "1 / 0", "0 ^ -1", "log(-1)", "v[-1]", "v[1e30]", "(1, 2, 3, 4)", "legs.pos * { }", "history(v, 1e9 s)",
        "ema(v, 0 s)", "ema(v, -1 s)", "delay(v, -1 s)", "history(v, -3)", "2 ^ 1e9", "legs.pos ^ 0.3333333",
        "phase(0 Hz)", "wrap(v)", "rotation_distance(v, v)", "sum(1 for j of base)", "cross(1, 2)", "dot(1, 2)",
        "world.floor.pos", "world.heading", "home.pos.x", "velocity.xyz", "velocity.yaw.yaw", "action.x", "time.pos",
        "joint(\"root\").pos", "body(\"world\").pos", "sites(\"*\").contact with sites(\"*\")", "std.nothing(1)", "std", "pi()",
        "uniform", "max()", "max(1, 2, 3)", "clip(v, 1)", "gaussian(scale: 1, 2)", "gaussian(e: 1, e: 2)", "tilt(1)",
        "tilt(legs)", "prev(legs)", "timer(1)", "1 s as deg", "v as m/s", "true as rad", "v is 1", "v is (1 m/s, true)",
        "feet is feet", "legs == legs", "home == home", "world == world", "not legs", "legs.pos in base", "v relative_to v",
    ],
)  # fmt: skip
def test_strange_expressions(expr: str) -> None:
    path = HERE / "good" / "walk.ksim"
    text = path.read_text(encoding="utf-8").replace("linvel = v\n", f"linvel = {expr}\n")
    survives(text, path)
    survives(path.read_text(encoding="utf-8").replace("time > 20 s", expr), path)
