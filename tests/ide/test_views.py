"""Colours, signatures, what runs measured, and names of all specs: each from a text of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ksim_spec.ide.code_lens import lenses, means
from ksim_spec.ide.latest_run import latest_run
from ksim_spec.ide.legend import MODIFIERS, TYPES
from ksim_spec.ide.semantic_tokens import tokens
from ksim_spec.ide.signature_help import signature_at
from ksim_spec.ide.workspace_symbols import Index
from tests.ide.helpers import WALK_TEXT, at, edited, snapshot

# Colours --------------------------------------------------------------------------------------------------------------


def coloured(line: str) -> list[str]:
    """Returns `word:type` for the tokens of the line that begins like this."""
    here = snapshot()
    start = here.text.index(line)
    end = here.text.index("\n", start)
    return [f"{here.text[t.start : t.end]}:{t.type}" for t in tokens(here) if start <= t.start < end]


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("  v       = base", "v:variable =:operator base:namespace linvel:property in:keyword base:namespace heading:property"),
        ("  moving  = norm", "moving:variable =:operator norm:function velocity:struct xy:property >:operator 0.1:number "
         "m/s:type or:keyword abs:function velocity:struct yaw:property >:operator 0.1:number rad/s:type"),
        ("  legs  = joints", "legs:namespace =:operator joints:function \"*_hip_*\":string \"*_knee\":string \"*_ankle\":string"),
        ("  command   = velocity", "command:variable =:operator velocity:struct"),
        ("  fell    when", "fell:variable when:modifier base:namespace height:property <:operator 0.5:number m:type "
         "or:keyword tilt:function base:namespace >:operator 60:number deg:type fail:modifier"),
    ],
)  # fmt: skip
def test_words_are_coloured_by_what_they_stand_for(line: str, want: str):
    assert coloured(line) == want.split(" ")


def test_modifiers_and_types_are_in_the_legend():
    found = tokens(snapshot())
    assert {t.type for t in found} <= set(TYPES) and {m for t in found for m in t.modifiers} == set(MODIFIERS)
    assert all(a.end <= b.start for a, b in zip(found, found[1:], strict=False))


# Signatures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "label", "active"),
    [
        ("gaussian(|v.xy - velocity.xy, 0.2 m/s)", "gaussian(e, scale)", "e"),
        ("gaussian(v.xy - velocity.xy, |0.2 m/s)", "gaussian(e, scale)", "scale"),
        ("  wobble      = sum(square(|", "square(x)", "x"),
        ("  gait    = phase(1.4 Hz|)", "phase(frequency, start?)", "frequency"),
        ("  x   = uniform(-0.5 m/s, 1|.0 m/s)", "uniform(low, high)", "high"),
        ('  legs  = joints("*_hip_*", "*_knee|"', 'joints("pattern", …)', "…"),
    ],
)
def test_the_argument_that_is_being_written(marked: str, label: str, active: str):
    found = signature_at(*at(marked))
    assert found is not None and found.label == label and found.active is not None
    assert label[slice(*found.parameters[found.active])] == active


@pytest.mark.parametrize(
    ("typed", "active"),
    [
        ("tolerance(|", "x"),
        ("tolerance(v, 1 m, |", "high?"),
        ("tolerance(v, margin: |", "margin"),
        ("tolerance(v, margin: 1, at: |", "at?"),
        ("std.near_limits(legs, |", "margin = 0.05 rad"),
        ("max(1, min(2, |", "y?"),
        ("norm(v)|", None),
        ("norm(1, 2, |", None),
        ("(|", None),
        ("nothing(|", None),
        ("norm(  # a comment, |", None),
        ("tolerance(v, nonsense: |", None),
    ],
)
def test_half_written_calls(typed: str, active: str | None):
    found = signature_at(*edited("  gait    = phase(1.4 Hz)", f"  gait    = {typed}"))
    shown = found.label[slice(*found.parameters[found.active])] if found and found.active is not None else None
    assert shown == active


def test_no_signature_outside_calls_or_on_the_next_line():
    for marked in ("reward {|", "  v       = base.lin|vel", "  gait    = phase(1.4 Hz)|"):
        assert signature_at(*at(marked)) is None


# Runs -----------------------------------------------------------------------------------------------------------------


def a_run(folder: Path, name: str, rows: list[object], spec: str = WALK_TEXT, age: int = 0) -> None:
    run = folder / "runs" / name
    run.mkdir(parents=True)
    (run / "spec.ksim").write_text(spec, encoding="utf-8")
    metrics = run / "metrics.jsonl"
    metrics.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    os.utime(metrics, (metrics.stat().st_mtime - age,) * 2)


ROW = {
    "env_states": 2_500_000,
    "episode/return": 12.3456,
    "episode/seconds": 17.5,
    "wall_s": 90.0,
    "reward/upright": -0.0021828,
    "reward/track_yaw": 0.01244,
    "loss/kl": None,
}


def test_the_latest_mean_stands_beside_each_term(tmp_path: Path):
    a_run(tmp_path, "walk-old", [{**ROW, "reward/upright": 9.0}], age=100)
    a_run(tmp_path, "walk-new", [{**ROW, "reward/upright": 5.0}, ROW, '{"env_states": 3'])
    a_run(tmp_path, "other", [{**ROW, "reward/upright": 7.0}], spec=WALK_TEXT.replace("task walk", "task trot"))
    here = snapshot(WALK_TEXT, tmp_path / "specs" / "walk.ksim")
    found = {here.text[: h.offset].rsplit("\n", 1)[1].split()[0]: h for h in means(here, 0, len(here.text))}
    assert {name: h.text for name, h in found.items()} == {
        "upright": "mean -0.00218/step",
        "track_yaw": "mean 0.0124/step",
    }
    assert found["upright"].tip.endswith("in the last update of `walk-new`")
    assert means(here, 0, here.text.index("reward {")) == []
    (lens,) = lenses(here)
    assert (
        lens.text == "last run walk-new: 2.5M env_states, return 12.3, episodes of 17.5 s, 1.5 min" and lens.offset == 0
    )


def test_a_spec_that_has_changed_since_says_so_and_a_growing_run_is_read_again(tmp_path: Path):
    a_run(tmp_path, "walk-a", [ROW])
    text = WALK_TEXT.replace("weight 2.0 per s", "weight 3.0 per s", 1)
    assert lenses(snapshot(text, tmp_path / "walk.ksim"))[0].text.endswith("; the spec has changed since")
    with (tmp_path / "runs" / "walk-a" / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({**ROW, "env_states": 5_000_000}) + "\n")
    assert "5M env_states" in lenses(snapshot(text, tmp_path / "walk.ksim"))[0].text


@pytest.mark.parametrize("rows", [[], ["{"], ["[1]\n"], ["\x00\xff\n"], [{}]])
def test_runs_that_have_nothing_to_tell(tmp_path: Path, rows: list[object]):
    a_run(tmp_path, "walk-a", rows)
    here = snapshot(WALK_TEXT, tmp_path / "walk.ksim")
    assert latest_run(here) is None and lenses(here) == [] == means(here, 0, len(here.text))


def test_without_runs_or_a_file_there_is_nothing(tmp_path: Path):
    assert lenses(snapshot(WALK_TEXT, tmp_path / "walk.ksim")) == []
    assert lenses(snapshot("", tmp_path / "walk.ksim")) == []


# All specs ------------------------------------------------------------------------------------------------------------


def test_names_of_all_specs_are_found_best_first(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.ksim").write_text("task one\nsignal {\n  gait_clock = 1\n  other = 2\n}\n")
    (tmp_path / "two.ksim").write_text("task two\nsignal {\n  clock = 1\n}\nfn cook(x) = x\n")
    for skipped in ("runs", ".venv"):
        (tmp_path / skipped).mkdir()
        (tmp_path / skipped / "no.ksim").write_text("signal {\n  clock = 1\n}\n")
    (tmp_path / "binary.ksim").write_bytes(b"\xff\xfe\x00")
    index = Index()
    found = index.search("clock", [tmp_path])
    assert [(f.symbol.name, f.inside, Path(f.source.name).name) for f in found] == [
        ("clock", "signal", "two.ksim"),
        ("gait_clock", "signal", "one.ksim"),
    ]
    assert {f.symbol.name for f in index.search("cok", [tmp_path])} == {"clock", "gait_clock", "cook"}
    assert "task one" in {f.symbol.name for f in index.search("", [tmp_path])}
    (tmp_path / "two.ksim").write_text("signal {\n  clock_of_mine = 1\n}\n")
    assert [f.symbol.name for f in index.search("clock", [tmp_path])] == ["clock_of_mine", "gait_clock"]


def test_open_documents_are_searched_as_they_are(tmp_path: Path):
    path = tmp_path / "walk.ksim"
    path.write_text("signal {\n  before = 1\n}\n")
    opened = snapshot("signal {\n  after = 1\n}\n", path)
    found = {f.symbol.name for f in Index().search("", [tmp_path], [opened])}
    assert "after" in found and "before" not in found


def test_a_pipe_in_place_of_a_runs_spec_holds_nothing_up(tmp_path: Path):
    a_run(tmp_path, "walk-a", [ROW])
    (tmp_path / "runs" / "walk-a" / "spec.ksim").unlink()
    os.mkfifo(tmp_path / "runs" / "walk-a" / "spec.ksim")
    assert latest_run(snapshot(WALK_TEXT, tmp_path / "walk.ksim")) is None


def test_folders_that_lead_back_are_passed_by(tmp_path: Path):
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "one.ksim").write_text("signal {\n  clock = 1\n}\n")
    assert [f.symbol.name for f in Index().search("clock", [tmp_path])] == ["clock"]
