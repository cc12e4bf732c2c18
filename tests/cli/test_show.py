"""`ksim show`: numbers that a person would work out by hand, after profile and overrides."""

import json
from pathlib import Path

import pytest
import yaml

from ksim_spec.cli.main import main
from ksim_spec.cli.show import table
from ksim_spec.render.ansi import Style

FILE = Path(__file__).with_name("small.ksim")
SMALL = str(FILE)


def shown(capsys, *arguments: str) -> dict:
    assert main(["show", *arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def changed(tmp_path, old: str, new: str) -> str:
    text = FILE.read_text()
    assert old in text
    text = text.replace("../..", str(FILE.parents[2]), 1).replace(old, new, 1)
    (tmp_path / "small.ksim").write_text(text)
    return str(tmp_path / "small.ksim")


def test_slices_cover_a_group_without_gaps(capsys):
    for group in shown(capsys, SMALL)["observations"].values():
        slices = [e["slice"] for e in group["entries"]]
        assert slices[0][0] == 0 and slices[-1][1] == group["size"]
        assert all(a[1] == b[0] for a, b in zip(slices, slices[1:], strict=False))


def test_sources_units_and_texts_of_observations(capsys):
    critic = {e["name"]: e for e in shown(capsys, SMALL)["observations"]["critic"]["entries"]}
    assert critic["linvel"]["source"] == "privileged" and critic["linvel"]["frame"] == "base.heading"
    gyro = critic["gyro"]
    assert gyro["source"] == "robot" and gyro["unit"] == "rad/s" and gyro["noise"] == "normal(0.2 rad/s)"
    assert gyro["expression"] == "base.angvel in base"


def test_signals_say_what_they_are(capsys):
    signals = {s["name"]: s for s in shown(capsys, SMALL)["signals"]}
    assert signals["v"]["type"] == "[xyz 3] m/s in base.heading" and signals["v"]["source"] == "privileged"
    assert signals["down"]["source"] == "robot" and signals["down"]["expression"] == "world.down in base"


def test_effective_weights_follow_step_episode_and_curriculum(capsys):
    # 0.02 s a step and `time >= 20 s`: 1000 steps; `cost` goes from 0.1 to 1
    terms = {r["name"]: r for r in shown(capsys, SMALL, "--set", "reward.upright.weight=-3 per s")["rewards"]}
    track, upright, landing = terms["track_linear"], terms["upright"], terms["air_time"]
    assert track["per_step"] == [0.04, 0.04] and track["per_episode"] == [40, 40]
    assert upright["per_second"] == pytest.approx([-0.3, -3]) and upright["per_episode"] == pytest.approx([-6, -60])
    assert landing["mode"] == "on event" and landing["per_second"] is None and landing["per_episode"] is None
    assert upright["weight"] == "-3 per s"


def test_rewards_say_what_they_can_come_to(capsys):
    told = shown(capsys, SMALL)
    terms = {r["name"]: r for r in told["rewards"]}
    track, torque = terms["track_linear"], terms["torque"]
    assert track["range"] == [0, 1] and track["adds_per_episode"] == [0, 40] and track["share_of_best"] == 1
    assert track["doing_nothing"] > 0.9 * 2 > 0.1 > track["doing_nothing_at_full_command"]
    assert torque["range"][0] == 0 and torque["adds_per_second"][1] == 0 and torque["share_of_best"] is None
    assert {t["name"]: t["fires"] for t in told["terminations"]} == {"fell": "sometimes", "timeout": "sometimes"}
    assert {t["name"]: t["in_the_reset_pose"] for t in told["terminations"]}["fell"] == "never"


def test_a_termination_that_cannot_fire_is_shown_so(tmp_path, capsys):
    spec = changed(tmp_path, "timeout when", "rolled when tilt(base) > 200 deg fail\n  timeout when")
    assert {t["name"]: t["fires"] for t in shown(capsys, spec)["terminations"]}["rolled"] == "never"


@pytest.mark.parametrize(
    ("rule", "steps"), [("time >= 20 s", 1000), ("time > 20 s", 1001), ("tilt(base) > 1 rad or time > 0.03 s", 2)]
)
def test_the_episode_length_follows_the_timeout(rule, steps, tmp_path, capsys):
    timing = shown(capsys, changed(tmp_path, "timeout when time >= 20 s", f"timeout when {rule}"))["timing"]
    assert timing["episode_steps"] == steps and timing["episode_s"] == pytest.approx(steps * 0.02)


def test_without_a_timeout_there_is_no_episode_weight(tmp_path, capsys):
    spec = changed(tmp_path, "timeout when time >= 20 s                                  truncate", "")
    told = shown(capsys, spec)
    assert told["timing"]["episode_s"] is None and told["rewards"][0]["per_episode"] is None


def test_the_action_map_has_home_scale_and_limits(capsys):
    told = shown(capsys, SMALL)
    first = told["action"][0]
    assert len(told["action"]) == 12 and first["unit"] == "rad" and first["scale"] == 0.4
    low, high = first["target_range"]
    assert high - low == pytest.approx(0.8) and (low + high) / 2 == pytest.approx(first["home"])


def test_overrides_reach_commands_and_training(capsys):
    told = shown(capsys, SMALL, "--set", "command.velocity.x=uniform(2 m/s)", "--set", "train.num_envs=256")
    x = told["commands"]["velocity"]["fields"][0]
    assert x["range"] == [-2, 2] and x["value"] == "uniform(2 m/s)"
    train = told["train"]
    assert train["rollout_length"] == 4 * 2560 // 256 and train["real_budget"] % train["num_env_states"] == 0


def test_the_stage_names_who_needs_it(capsys):
    cost = shown(capsys, SMALL)["cost"]
    assert cost["stage"] == "acc" and cost["stage_because"] == ["reward.torque"]
    assert cost["contact_slots"] == sum(cost["contacts"].values()) > 0


def test_yaml_holds_the_same(capsys):
    assert main(["show", SMALL, "--format", "yaml"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == shown(capsys, SMALL)


def test_the_text_has_every_part_and_no_markup(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["show", changed(tmp_path, "Trot at a commanded velocity", "[bold]Trot[/bold]")]) == 0
    text = capsys.readouterr().out
    assert "[bold]Trot[/bold]" in text and "\x1b" not in text
    for word in ("observe actor", "action: 12", "command velocity", "rewards", "terminations", "training", "cost of"):
        assert word in text


def test_tables_line_up_with_wide_and_control_characters():
    lines = table(("a", "b"), [("漢字", "x"), ("\x1b[31m", "y")], Style())
    assert lines[1].endswith("x") and "\x1b" not in lines[2]


def test_a_spec_with_errors_is_2(tmp_path, capsys):
    assert main(["show", changed(tmp_path, 'body("trunk")', 'body("trunc")')]) == 2
    assert "did you mean" in capsys.readouterr().err


# Everything that a spec says ----------------------------------------------------------------------------------------

MJCF = """<mujoco><option timestep="0.005" iterations="7" gravity="0 0 0"/><worldbody><geom name="ground" type="plane" size="5 5 .1"/>
<body name="trunk" pos="0 0 0.5"><freejoint name="root"/><geom name="t" size="0.1 0.1 0.05" type="box"/>
<body name="leg" pos="0 0 -0.1"><joint name="hip" axis="0 1 0" range="-60 60" actuatorfrcrange="-4 4"/>
<geom name="l" type="capsule" fromto="0 0 0 0 0 -0.2" size="0.02"/><site name="foot" pos="0 0 -0.2"/></body>
<body name="arm" pos="0 0 0.1"><joint name="sho" axis="0 1 0" range="-90 30"/>
<geom name="a" type="capsule" fromto="0 0 0 0 0 0.2" size="0.02"/></body></body></worldbody>
<actuator><position name="hip" joint="hip" kp="20" ctrlrange="-0.3 0.3"/>
<motor name="sho" joint="sho" ctrlrange="-5 5"/></actuator>
<keyframe><key name="home" qpos="0 0 0.5 1 0 0 0 0.2 -0.3"/></keyframe></mujoco>"""
BLOCKS = {
    "robot": '  base = body("trunk")\n  foot = site("foot")\n  limbs = joints("hip", "sho")\n  home = keyframe("home")',
    "world": "  floor = plane  friction 0.7\n  control_step = 20 ms\n  iterations = 3\n  tolerance = 1e-6",
    "action": '  t = position(joint("hip"))  around (limbs.lower[0] + limbs.upper[0]) / 2  scale 0.5 rad\n'
    '  u = torque(joint("sho"))  scale 3 Nm',
    "observe": "  gyro = base.angvel in base  delay 40 ms  bias uniform(0.1 rad/s)  scale 0.2 per rad/s  clip -3 .. 3  history 3\n"
    "  q = (limbs.lower + limbs.upper) / 2 - limbs.pos\n  aim = aim\n  all = aiming",
    "reward": "  seen = base.yaw  weight -0.1 per rad per s\n  high = base.height  weight 1 per m per s\n"
    "  fly = foot.air_time * number(rising(foot.contact))  weight 3 per s per s\n"
    "  win = number(base.height > 2 m)  weight 50 per step\n  alive = 1  weight 1 per s",
    "reset": "  pose home\n  limbs.pos += uniform(0.1 rad)  shared\n  base.yaw = 1 rad\n  base.height = 1.2 m\n  settle 0.2 s",
    "more": "terminate { won when base.height > 2 m  success }\n"
    "command aim { x = choice(0.1 m, 0.3 m, -0.2 m)\n go = bernoulli(30 %) }\n"
    "command aiming in base { x = if bernoulli(50 %) then uniform(0 m, 1 m) else uniform(2 m, 3 m) }\n"
    "randomize { limbs.damping += uniform(0 Nm*s/rad, 0.1 Nm*s/rad)  shared  per run }",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict:
    from ksim_spec.summary.summary import describe
    from tests.tiny_tasks import compiled

    return describe(compiled(tmp_path_factory.mktemp("show"), MJCF, **BLOCKS))


def test_every_attribute_of_an_observation_is_shown(whole):
    gyro, q, *_ = whole["observations"]["actor"]["entries"]
    assert [gyro[word] for word in ("delay", "bias", "clip", "history")] == [
        "40 ms", "uniform(0.1 rad/s)", "-3 .. 3", "3"
    ]  # fmt: skip
    assert q["expression"] == "(limbs.lower + limbs.upper) / 2 - limbs.pos"


def test_the_floor_and_the_solver_are_those_of_the_model(whole):
    assert whole["world"]["floor"] == {"floor": "floor", "of_the_spec": True, "friction": [0.7, 0.005, 0.0001]}
    solver = whole["world"]["solver"]
    assert (solver["iterations"], solver["tolerance"], solver["solver"]) == (3, 1e-6, "newton")


def test_targets_are_known_and_cut_and_forces_limited_at_the_joint(whole):
    hip, sho = whole["action"]
    assert hip["target_range"] == [-0.3, 0.3] and hip["cut"] and hip["force_range"] == [-4, 4]
    assert sho["target_range"] == [-3, 3] and not sho["cut"] and sho["force_range"] == [-5, 5]


def test_commands_say_their_frame_where_they_have_one_and_every_range(whole):
    aim, aiming = whole["commands"]["aim"], whole["commands"]["aiming"]
    assert aim["frame"] is None and aiming["frame"] == "base"
    assert aim["fields"][0]["range"] == [-0.2, 0.3] and aim["fields"][1]["values"] == [False, True]
    assert aiming["fields"][0]["range"] == [0, 3]


def test_lines_of_the_reset_are_whole(whole):
    assert whole["reset"]["changes"] == [
        "limbs.pos += uniform(0.1 rad)  shared",
        "base.yaw = 1 rad",
        "base.height = 1.2 m",
    ]
    assert whole["reset"]["settle_s"] == 0.2
    assert whole["randomize"][0]["change"] == "limbs.damping += uniform(0 Nm*s/rad, 0.1 Nm*s/rad)  shared"


def test_what_counts_in_one_step_is_bounded_by_it(whole):
    terms = {r["name"]: r for r in whole["rewards"]}
    assert terms["fly"]["counts"] == "moment" and terms["fly"]["adds_per_episode"] is None
    assert terms["fly"]["adds_per_second"] == pytest.approx([0, 5.02 * 3 * 0.02], rel=0.01)
    assert terms["win"]["counts"] == "once" and terms["win"]["adds_per_episode"] == [0, 50]
    assert terms["fly"]["share_of_best"] is None and terms["win"]["share_of_best"] is None


def test_doing_nothing_begins_where_episodes_do(whole):
    terms = {r["name"]: r["doing_nothing"] for r in whole["rewards"]}
    assert terms["seen"] == pytest.approx(-0.1, abs=0.02)  # a yaw of 1 rad
    # nothing falls here: it stays at its height
    assert terms["high"] == pytest.approx(1.2, abs=0.05)


def test_the_text_says_it_all(whole):
    from ksim_spec.cli.show import as_text

    text = as_text(whole, Style(False))
    for part in ("floor `floor`: the spec's plane, friction 0.7 0.005 0.0001", "solver: newton, ", ", 3 iterations, ",
                 "uniform(0.1 rad/s)", "-0.3 .. 0.3 (cut)", "false or true", "settles for 0.2 s", "last step"):  # fmt: skip
        assert part in text
    assert "in world" not in text and "nan" not in text
