"""A trained run played live: what it shows moves in real time, and steering reaches the policy."""

import time
from pathlib import Path

import numpy as np
import pytest

from ksim_spec.cli.main import main
from ksim_spec.diagnostics import SpecError
from ksim_spec.runs.interactive import Live

SPEC = str(Path(__file__).with_name("small.ksim"))
TINY = (
    "train.num_envs=8",
    "train.num_minibatches=1",
    "train.num_env_states_per_minibatch=64",
    "train.budget=64",
    "policy.actor=mlp(8)",
    "policy.critic=mlp(8)",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "small"
    sets = [part for text in TINY for part in ("--set", text)]
    assert main(["train", SPEC, "--out", str(out), "--no-progress", "--no-video", *sets]) == 0
    return out


@pytest.fixture(scope="module")
def live(run) -> Live:
    return Live(run)


def seen(live: Live) -> list[float]:
    command_C = live.step().command_C
    assert command_C is not None
    return command_C.tolist()


def test_the_ranges_are_those_of_the_draws(live):
    assert live.ranges == {"velocity.x": (-1, 1), "velocity.y": (-0.5, 0.5), "velocity.yaw": (-1, 1)}


def test_a_command_holds_from_the_next_step_on_and_only_while_it_is_fixed(live):
    live.restart()
    live.step()
    live.steer({"velocity.x": 0.75, "velocity.y": -0.25, "velocity.yaw": 0.5})
    for _ in range(3):
        assert seen(live) == [0.75, -0.25, 0.5]
    live.steer({"velocity.x": 0.25})
    x, y, _yaw = seen(live)
    assert x == 0.25 and y != -0.25
    live.steer({})
    assert seen(live)[0] != 0.25


def test_a_command_given_at_the_start_is_there_at_the_first_step(run):
    assert seen(Live(run, {"velocity.x": 0.5, "velocity.y": 0.0, "velocity.yaw": 0.0})) == [0.5, 0, 0]


DRAWS = {
    "x": "uniform(1 m/s)", "y": "normal(0.1 m/s)",
    "yaw": "if bernoulli(50 %) then uniform(0 rad/s, 1 rad/s) else uniform(3 rad/s, 5 rad/s)",
}  # fmt: skip


@pytest.fixture(scope="module")
def drawing(tmp_path_factory) -> Path:
    """A run whose commands are drawn in other ways than between two literals."""
    out = tmp_path_factory.mktemp("runs") / "drawing"
    texts = [*TINY, *(f"command.velocity.{name}={text}" for name, text in DRAWS.items())]
    sets = [part for text in texts for part in ("--set", text)]
    assert main(["train", SPEC, "--out", str(out), "--no-progress", "--no-video", *sets]) == 0
    return out


def test_the_range_of_a_field_is_that_of_its_expression(drawing):
    """The spec's command is zero now and then, which the last field by itself never is."""
    ranges = Live(drawing).ranges
    assert ranges["velocity.x"] == (-1, 1) and ranges["velocity.y"] == pytest.approx((-0.3, 0.3))
    assert ranges["velocity.yaw"] == (0, 5)


def test_a_field_is_held_at_a_value_whatever_it_is_drawn_from(drawing):
    live = Live(drawing, {"velocity.x": 0.5})
    drawn = set()
    for _ in range(6):
        live.restart()
        x, y, yaw = seen(live)
        assert x == 0.5
        drawn.add((y, yaw))
    assert len(drawn) > 1  # the others stay as the spec draws them
    live.steer({"velocity.y": 2.0, "velocity.yaw": -1.0})
    for _ in range(6):
        live.restart()
        assert seen(live)[1:] == [2, -1]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(live, value):
    with pytest.raises(SpecError, match="velocity.x"):
        live.steer({"velocity.x": value})


def test_an_unknown_field_is_refused_and_changes_nothing(live):
    live.steer({"velocity.x": 0.5})
    with pytest.raises(SpecError, match="velocity.z"):
        live.steer({"velocity.z": 1.0})
    assert live.command == {"velocity.x": 0.5}


def test_an_episode_begins_anew(live):
    live.restart()
    times = [live.step().time_s for _ in range(3)]
    live.restart()
    np.testing.assert_allclose([*times, live.step().time_s], [0.02, 0.04, 0.06, 0.02], rtol=1e-6)


def test_pace_is_real_time(live):
    live.restart()
    begin = time.perf_counter()
    moments = list(live.paced(0.5, 1 / 30))
    assert time.perf_counter() - begin >= 0.45  # a slow machine takes longer, none is faster
    assert 1 <= len(moments) <= 25


@pytest.mark.parametrize("flags", [[], ["--viewer", "--web"]])
def test_one_way_to_show_it_must_be_named(run, flags, capsys):
    assert main(["play", str(run), *flags]) == 2
    assert "one of `--video FILE`, `--viewer` and `--web`" in capsys.readouterr().err


def test_no_display_is_said(run, capsys, monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert main(["play", str(run), "--viewer"]) == 2
    told = capsys.readouterr().err
    assert "there is no display" in told and "--web" in told
