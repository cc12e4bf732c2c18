"""Completion: each place of a spec offers what the checker would take there."""

from __future__ import annotations

import re

import pytest

from ksim_spec.ide.completion import complete
from ksim_spec.ide.diagnostics import problems
from ksim_spec.language.blocks.registry import header_takes, line_takes
from ksim_spec.language.quantities import QUANTITIES
from ksim_spec.language.stdlib import functions
from ksim_spec.settings import TrainConfig
from ksim_spec.syntax.keywords import ATTRIBUTES, FLAGS, SECTIONS
from tests.ide.helpers import WALK_TEXT, edited, snapshot


def labels(old: str, new: str) -> list[str]:
    here, offset = edited(old, new)
    return [item.label for item in complete(here, offset).items]


GAIT = "  gait    = phase(1.4 Hz)"


@pytest.mark.parametrize(
    ("old", "new", "some", "none"),
    [
        (GAIT, "  gait = base.|", [*QUANTITIES["body"], "heading"], ["velocity", "sum"]),
        (GAIT, "  gait = base.lin|", ["linvel"], ["legs"]),
        (GAIT, "  gait = legs.|", [*QUANTITIES["joint"]], ["linvel"]),
        (GAIT, '  gait = body("torso").|', [*QUANTITIES["body"]], ["torque"]),
        (GAIT, "  gait = sum(square((base.linvel in base).|", ["x", "xy", "xyz"], ["pos"]),
        (GAIT, "  gait = velocity.|", ["x", "y", "yaw", "xy"], ["xyz"]),
        (GAIT, "  gait = world.|", ["up", "down", "gravity", "floor"], ["pos"]),
        (GAIT, "  gait = home.|", ["pos"], ["x"]),
        (GAIT, "  gait = std.|", [fn.name for _, fns in functions() for fn in fns], ["sum"]),
        (GAIT, "  gait = |", ["v", "moving", "velocity", "legs", "gaussian", "rising", "joints", "action", "std"], ["weight"]),
        (GAIT, "  gait = square(v) + mo|", ["moving"], ["weight", "reward"]),
        (GAIT, '  gait = joint("|', ["left_knee", "right_hip_roll"], ["left_foot", "torso"]),
        (GAIT, '  gait = sites("left_foot", "ri|', ["right_foot"], ["torso"]),
        (GAIT, '  gait = body("to|', ["torso"], ["stand", "legs"]),
        ('keyframe("stand")', 'keyframe("|', ["stand"], ["torso"]),
        ("physics_step = 4 ms", "|", ["floor", "physics_step", "control_step", "iterations"], ["num_envs", "reward"]),
        ("physics_step = 4 ms", "physics_step = 4 |", ["s", "ms"], ["m", "rad", "kg"]),
        ("floor        = plane  friction 0.8", "floor = plane |", ["friction"], ["weight"]),
        ("floor        = plane  friction 0.8", "floor = |", ["plane", "robot"], []),
        ("  num_envs                     = 1024", "  |", list(TrainConfig.model_fields), ["floor"]),
        ("learning_rate_schedule       = linear", "learning_rate_schedule = |", ["constant", "linear", "adaptive"], []),
        ("actor    = mlp(128, 128)", "|", ["actor", "init_std"], ["num_envs"]),
        ("critic   = mlp(128, 128)  observes critic", "critic = mlp(128) observes |", ["actor", "critic"], []),
        ("critic   = mlp(128, 128)  observes critic", "critic = mlp(128) |", ["observes"], ["weight"]),
        ("weight 0.5 per s", "|", ["weight", "on", "per", "clip"], ["noise", "fail"]),
        ("gravity   = down                 noise uniform(0.05)", "gravity = down |", ["noise", "scale", "history"], ["weight"]),
        ("gravity   = down                 noise uniform(0.05)", "gravity = down noise |", ["uniform", "normal"], []),
        ("base.height < 0.5 m or", "base.height < 0.5 | or", ["m", "cm", "mm"], ["s", "rad"]),
        ("tilt(base) > 60 deg  fail", "tilt(base) > 60 |", ["deg", "rad"], ["m", "kg"]),
        ("tilt(base) > 60 deg  fail", "tilt(base) > 60 deg |", ["fail", "success", "truncate"], ["weight"]),
        ("abs(velocity.yaw) > 0.1 rad/s", "abs(velocity.yaw) > 0.1 |", ["rad/s", "rpm"], ["m/s", "m"]),
        ("noise normal(0.01 rad)", "noise normal(0.01 |)", ["rad", "deg"], ["m"]),
        ("  pose home", "  |", ["pose", "settle", "base", "legs"], ["weight"]),
        ("base.yaw += uniform", "base.|", ["yaw", "roll", "pitch"], []),
        ("base.mass              +=", "base.|", ["mass", "com", "inertia"], []),
        ("target = position(legs)", "target = |", ["position", "velocity", "torque"], []),
        ("observe critic includes actor {", "observe critic includes | {", ["actor"], ["weight"]),
        ("observe critic includes actor {", "observe critic | {", ["includes"], ["weight"]),
        ("event push every 5 s .. 10 s {", "event push | {", ["every"], ["weight"]),
        ("per run", "per |", ["episode", "run"], []),
        ("  survived(20 s) >= 95 %", "  |", ["rms", "mean", "survived", "always"], []),
        ("\nworld {", "\n|\nworld {", [*SECTIONS, "task", "include", "fn"], ["pose", "v"]),
        ("when mean(episode_time) > 10 s", "when mean(|) > 10 s", ["episode_time"], []),
    ],
)  # fmt: skip
def test_each_place_offers_what_fits(old: str, new: str, some: list[str], none: list[str]):
    found = labels(old, new)
    assert [x for x in some if x not in found] == [], found
    assert [x for x in none if x in found] == [], found
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    "new", ["# ba|", "  gait = base.linvel # |", 'task a "x |"', "  gait = nothing.|", "  gait = 1|"]
)
def test_nothing_is_offered_where_nothing_fits(new: str):
    assert labels(GAIT, new) == []


def test_what_is_offered_replaces_the_word_at_the_cursor():
    here, offset = edited(GAIT, "  gait = base.lin|")
    assert complete(here, offset).start == offset - 3
    here, offset = edited(GAIT, '  gait = joint("left_k|')
    assert complete(here, offset).start == offset - 6
    here, offset = edited("base.height < 0.5 m or", "base.height < 0.5 m| or")
    assert complete(here, offset).start == offset - 1


def test_an_unfinished_line_leaves_the_checker_as_it_was():
    here, offset = edited(GAIT, "  gait = base.nonsense(|")
    before = problems(here)
    complete(here, offset)
    assert problems(here) == before and here.checker is not None and len(here.checker.out.items) >= len(before)


LINES = {
    "signal": ("signal", "zz{k} = base.height {a}"),
    "terminate": ("terminate", "zz{k} when base.height < 0 m fail {a}"),
    "observe": ("observe zz", "zz{k} = base.height {a}"),
    "reward": ("reward", "zz{k} = 1 {a}"),
    "reset": ("reset", "base.pos.x += 0 m {a}"),
    "randomize": ("randomize", "hips.kd *= 1 {a}"),
    "event": ("event zz every 5 s", "base.linvel.x += 0 m/s {a}"),
    "command": ("command zz", "z{k} = uniform(1 m) {a}"),
}
HEADERS = {
    "command": "command zz{k} {a} {{\n  x = uniform(1 m)\n}}",
    "observe": "observe zz{k} {a} {{\n  a = base.height\n}}",
    "event": "event zz{k} {a} {{\n  base.linvel.x += 0 m/s\n}}",
    "reward": "reward {a} {{\n  zz{k} = 1 weight 1 per s\n}}",
}
REFUSED = re.compile(r"takes no `(\w+)`")


def refused(piece: str) -> set[str]:
    return {m[1] for p in problems(snapshot(WALK_TEXT + piece)) if p.code == "KS105" and (m := REFUSED.search(p.text))}


def attribute(word: str) -> str:
    return (
        word if word in FLAGS else f"{word} base" if word == "in" else f'{word} "x"' if word == "doc" else f"{word} 1"
    )


@pytest.mark.parametrize("block", LINES)
def test_the_checker_takes_exactly_the_attributes_that_are_offered_for_a_line(block: str):
    opening, line = LINES[block]
    words = [
        w
        for w in (*ATTRIBUTES, *FLAGS)
        if w not in ("reason", "fail", "success", "truncate", "when", "normalize", "stale")
    ]
    lines = "\n  ".join(line.format(k=k, a=attribute(w)) for k, w in enumerate(words))
    assert refused(f"\n{opening} {{\n  {lines}\n}}\n") == set(words) - set(line_takes(block))


@pytest.mark.parametrize("block", HEADERS)
def test_the_checker_takes_exactly_the_attributes_that_are_offered_for_a_header(block: str):
    words = [w for w in (*ATTRIBUTES, "in") if w not in ("reason", "normalize", "every")]
    headers = "\n".join(HEADERS[block].format(k=k, a=attribute(w)) for k, w in enumerate(words))
    assert refused(f"\n{headers}\n") == set(words) - set(header_takes(block))


@pytest.mark.parametrize(
    ("old", "new", "offered"),
    [
        (GAIT, "  gait = v in |", {"base", "world"}),
        ("command velocity in base.heading {", "command velocity in | {", {"base", "world"}),
        ("weight 0.5 per s", "weight 0.5 per |", {"s", "step"}),
        ("weight 0.5 per s", "weight 0.5 on |", {"event"}),
        ("critic   = mlp(128, 128)  observes critic", "critic = mlp(128) observes |", {"actor", "critic"}),
        ("floor        = plane  friction 0.8", "floor = |", {"plane", "robot"}),
        ("learning_rate_schedule       = linear", "learning_rate_schedule = |", {"constant", "linear", "adaptive"}),
        ("  pose home", "  pose |", {"home"}),
        ("physics_step = 4 ms", "physics_step = 4 |", {"s", "ms"}),
    ],
)
def test_a_space_offers_the_words_of_a_closed_set(old: str, new: str, offered: set[str]):
    here, offset = edited(old, new)
    found = {item.label for item in complete(here, offset, " ").items}
    assert offered <= found and len(found) <= 12, found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (GAIT, "  gait = |"),
        (GAIT, "  gait = v + |"),
        (GAIT, "  gait = v |"),
        (GAIT, "  |"),
        (GAIT, "  gait = 2 |"),
        ("weight 0.5 per s", "|"),
        ("weight 0.5 per s", "weight |"),
        (GAIT, "  gait = min(1, |"),
        (GAIT, "# say |"),
        (GAIT, "  gait = if |"),
        (GAIT, "  gait = not |"),
        ("  num_envs                     = 1024", "  num_envs = |"),
    ],
)
def test_a_space_anywhere_else_offers_nothing(old: str, new: str):
    here, offset = edited(old, new)
    assert complete(here, offset, " ").items == ()


@pytest.mark.parametrize(
    ("text", "word", "says"),
    [
        ("observe actor {\n  action = base.angvel in base  |\n", "scale", "a factor on an observation"),
        ("reward {\n  group a | {\n", "weight", "a factor on the weights inside"),
        ("reward {\n  group a weight 1 {\n    b = base.height  |\n", "weight", "what a value of 1 adds"),
        ("action {\n  a = position(legs)  |\n", "scale", "how far an action of 1"),
    ],
)
def test_an_attribute_means_what_it_means_there(text: str, word: str, says: str):
    found = complete(snapshot(text.replace("|", "")), text.index("|"))
    assert says in next(item.doc for item in found.items if item.label == word)
