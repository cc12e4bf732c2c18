"""What leaves the hashes of a spec alone, and what does not; what a component, a function or an added fact means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ksim_spec as ks
from ksim_spec.compiler import Compiled
from ksim_spec.contract import build as review
from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.ir.node import Node
from ksim_spec.language.load import load_spec, load_text

WALK = Path(__file__).parent / "good" / "walk.ksim"
TEXT = WALK.read_text(encoding="utf-8").replace("../../../specs", str(WALK.parents[3] / "specs"))


def compiled(text: str, folder: Path) -> Compiled:
    path = folder / "walk.ksim"
    path.write_text(text, encoding="utf-8")
    return ks.compile(path)


def hashes(text: str, folder: Path) -> dict[str, str]:
    whole = compiled(text, folder)
    return review.hashes(whole.program, whole.binding)


def changed(*pairs: tuple[str, str]) -> str:
    text = TEXT
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def moved() -> str:
    """The same rewards in another order."""
    start, stop = TEXT.index("  track "), TEXT.index("}\n\nterminate")
    lines = TEXT[start:stop].splitlines()
    return TEXT[:start] + "\n".join(reversed(lines)) + "\n" + TEXT[stop:]


SCALAR = ("  landing = rising", "  scale_ = 0.5 m/s\n  landing = rising")
USES = ("v.x - velocity.x, 0.5 m/s", "v.x - velocity.x, scale_")
SAME = {
    "rewards in another order": moved(),
    "a signal renamed": changed(("v.x", "speed.x"), ("linvel = v", "linvel = speed"), ("  v     ", "  speed ")),
    "a reward renamed": changed(("  turn  ", "  spin  ")),
    "units spelled otherwise": changed(("20 ms\n", "0.02 s\n"), ("60 deg", "1.0471975511966 rad"), ("0.35 m", "35 cm")),
    "another layout and comments": changed(("reward {", "# paid\nreward {\n\n"), ("weight  2.0", "weight 2")),
    "operands of a sum exchanged": changed(
        ("base.height < 0.35 m or tilt(base) > 60 deg", "tilt(base) > 60 deg or base.height < 0.35 m")
    ),
    "a number given a name": changed(SCALAR, USES),
    "a named number renamed": changed(*((a, b.replace("scale_", "width")) for a, b in (SCALAR, USES))),
    "another title": changed(("The spec that every", "A spec that every")),
}
OTHER = {
    "a weight": changed(("weight  2.0 per s", "weight  2.5 per s")),
    "a threshold": changed(("time > 20 s", "time > 21 s")),
    "a range of a draw": changed(("uniform(-1 kg, 1 kg)", "uniform(-1 kg, 2 kg)")),
    "an interval": changed(("every 4 s .. 8 s", "every 4 s .. 9 s")),
    "a probability": changed(("10 %", "20 %")),
    "a delay": changed(("0 ms .. 20 ms", "0 ms .. 16 ms")),
    "an outcome": changed(("truncate", "fail")),
    "the scope of a draw": changed(("per run", "per episode")),
    "noise": changed(("normal(0.2 rad/s)", "normal(0.3 rad/s)")),
    "a setting": changed(("num_envs                     = 64", "num_envs                     = 32")),
    "a draw renamed": changed(("event push", "event shove")),
    "the reset pose": changed(("  pose home\n", "")),
    "a level": changed(("by 0.05", "by 0.1")),
    "a kick's target": changed(
        ("base.linvel.xy += strength * disc(0.5 m/s)", "base.angvel.xy += strength * disc(0.5 rad/s)")
    ),
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return hashes(TEXT, tmp_path_factory.mktemp("original"))


@pytest.mark.parametrize("name", SAME)
def test_the_meaning_stays(name: str, original: dict[str, str], tmp_path: Path) -> None:
    assert SAME[name] != TEXT
    assert hashes(SAME[name], tmp_path)["meaning"] == original["meaning"]


@pytest.mark.parametrize("name", OTHER)
def test_the_meaning_changes(name: str, original: dict[str, str], tmp_path: Path) -> None:
    assert hashes(OTHER[name], tmp_path)["meaning"] != original["meaning"]


def test_a_weight_is_no_part_of_the_structure(original: dict[str, str], tmp_path: Path) -> None:
    for name in ("a weight", "a range of a draw", "an interval"):
        assert hashes(OTHER[name], tmp_path)["structure"] == original["structure"], name
    for name in ("an outcome", "the reset pose"):
        assert hashes(OTHER[name], tmp_path)["structure"] != original["structure"], name


def test_the_order_of_rewards_does_not_change_the_program(tmp_path: Path) -> None:
    """Terms are summed in the order of their structure, so even the last bit stays."""
    (tmp_path / "other").mkdir()
    one, other = compiled(TEXT, tmp_path), compiled(moved(), tmp_path / "other")
    body = [c.source[c.source.index("def rewards") : c.source.index("def terminations")] for c in (one, other)]
    assert body[0] == body[1]
    assert one.binding.scene.xml == other.binding.scene.xml


# Meanings -------------------------------------------------------------------------------------------------------------


def found(*pairs: tuple[str, str]) -> list[tuple[str, str]]:
    return [(d.slug, d.severity) for d in load_text(changed(*pairs), "walk.ksim", WALK).diagnostics]


def test_a_name_holds_in_the_whole_file():
    named = ("  landing =", "  amp = 0.5 rad\n  top = 1 m/s\n  landing =")
    for use in (
        ("scale 0.5 rad", "scale amp"),
        ("1.0 m/s)\n", "top)\n"),
        ("scale 0.5 rad", "scale 0.5 rad * (0.5 + strength)"),
    ):
        assert [f for f in found(named, use) if f[0] != "unused-signal"] == []


def test_the_world_and_a_heading_share_z_and_nothing_else():
    assert found(("linvel = v\n", "linvel = v.z - base.linvel.z\n")) == []
    assert found(("linvel = v\n", "linvel = v.y - base.linvel.y\n")) == [("frame-mismatch", "error")]
    assert found(("linvel = v\n", "linvel = (v in base).z - base.linvel.z\n")) == [("frame-mismatch", "error")]


def test_what_a_robot_cannot_measure_is_pointed_out_in_the_actor_until_it_is_declared():
    seen = ("  command   = velocity\n", "  command   = velocity\n  speed = base.linvel\n")
    declared = ("  mirror", '  onboard base.linvel reason "state estimator"\n  mirror')
    assert found(seen) == [("privileged-in-actor", "warning")]
    assert found(seen, declared) == []
    assert found(declared) == []
    assert found(("  mirror", '  onboard base.linvle reason "x"\n  mirror')) == [("unknown-member", "error")]
    assert found(("  mirror", "  onboard base.linvel\n  mirror")) == [("wrong-arguments", "error")]


def test_a_function_does_not_see_what_is_local_where_it_is_called():
    leaky = ("task walk", "fn leaky() = j.pos\n\ntask walk")
    use = ("sum(square(legs.torque))  ", "sum(square(leaky()) + square(j.torque) for j of legs)  ")
    assert found(leaky, use) == [("unknown-name", "error")]


def test_the_clip_of_a_reward_has_the_unit_of_its_value():
    clip = "weight -2e-5 per Nm^2 per s"
    assert found((clip, f"clip 0 Nm^2 .. 100 Nm^2  {clip}")) == []
    assert found((clip, f"clip 0 N .. 100 N  {clip}")) == [("unit-mismatch", "error")]
    program = load_text(changed((clip, f"clip 0 Nm^2 .. 100 Nm^2  {clip}")), "walk.ksim", WALK).program
    assert program is not None and program.rewards[-1].value.op == "minimum"


NORTH_STAR = Path(__file__).parents[1] / "syntax" / "north_star.ksim"


def test_the_north_star_of_the_language_has_nothing_to_report():
    text = NORTH_STAR.read_text(encoding="utf-8").replace(
        "robots/biped.xml", str(WALK.parents[3] / "specs/robots/biped.xml")
    )
    assert load_text(text, "north_star.ksim", NORTH_STAR).diagnostics == []
    assert load_text(text, "north_star.ksim", NORTH_STAR, profile="play").diagnostics == []


@pytest.mark.parametrize("path", sorted((WALK.parents[3] / "specs").glob("*.ksim")), ids=lambda p: p.stem)
def test_shipped_specs_have_nothing_to_report(path: Path) -> None:
    assert load_spec(path).diagnostics == []


AROUND = "around home  scale 0.5 rad  delay"


def test_targets_may_lie_around_a_table_of_angles():
    table = 'around {\n"*_knee": 0.7 rad\n"*_hip_pitch": 20 deg\n"*": 0 rad\n}  scale 0.5 rad  delay'
    program = load_text(changed((AROUND, table)), "walk.ksim", WALK).require()
    (term,) = program.action
    assert term.around is not None
    value = dict(zip(term.joints, evaluated(term.around), strict=True))
    assert value["left_knee"] == value["right_knee"] == 0.7
    assert value["left_hip_pitch"] == pytest.approx(0.349066, abs=1e-6) and value["left_hip_yaw"] == 0


def evaluated(node: Node) -> list[float]:
    (value,), _ = Evaluator([node], {})(Inputs())
    return np.broadcast_to(value, node.shape).tolist()


@pytest.mark.parametrize(
    ("table", "slug"),
    [
        ('"*": 0.1 m', "unit-mismatch"),
        ('"*_knee": 0.7 rad', "shape-mismatch"),
        ('"*_nee": 0.7 rad\n"*": 0 rad', "empty-match"),
    ],
)
def test_a_table_of_angles_is_checked(table: str, slug: str):
    text = changed((AROUND, f"around {{\n{table}\n}}  scale 0.5 rad  delay"))
    assert [(d.slug, d.severity) for d in load_text(text, "walk.ksim", WALK).diagnostics] == [(slug, "error")]


SLIDER = (WALK.parents[3] / "specs" / "cartpole.ksim").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("gain", "slugs"), [("100 N/m  damping 5 N*s/m", []), ("100 Nm/rad  damping 5 N*s/m", ["unit-mismatch"])]
)
def test_the_gain_of_a_slide_is_a_force_per_length(gain: str, slugs: list[str]):
    drive = 'push = torque(joints("slider"))  scale 10 N'
    assert drive in SLIDER
    text = SLIDER.replace(drive, f'push = position(joints("slider"))  scale 0.5 m  gain {gain}')
    loaded = load_text(text, "cartpole.ksim", WALK.parents[3] / "specs" / "cartpole.ksim")
    assert [d.slug for d in loaded.diagnostics if d.severity == "error"] == slugs
