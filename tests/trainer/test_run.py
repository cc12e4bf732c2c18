"""Whole runs on toy tasks: learning, determinism, one compile, resume, faults, records, evaluation."""

import errno
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from ksim_spec.diagnostics import SpecError
from ksim_spec.settings import PolicyConfig, TrainConfig
from ksim_spec.trainer import checkpoint as ckpt
from ksim_spec.trainer.evaluate import Reducer, evaluate
from ksim_spec.trainer.metrics import RunLog, read_rows
from ksim_spec.trainer.ppo import init_state, make_update
from ksim_spec.trainer.run import create_run_dir, train
from tests.trainer.toy_task import Pendulum, PointMass

SMALL = PolicyConfig(actor=(32, 32), critic=(32, 32))
TINY = TrainConfig(
    num_envs=32, num_minibatches=2, num_env_states_per_minibatch=160, num_epochs=2, budget=1920, checkpoint_every=2
)
TIMED = ("wall_s", "perf/")


def rows_without_time(run: Path) -> list[dict]:
    return [{k: v for k, v in row.items() if not k.startswith(TIMED)} for row in read_rows(run / "metrics.jsonl")]


@pytest.fixture(scope="module")
def full_run(tmp_path_factory):
    run = tmp_path_factory.mktemp("run") / "a"
    result = train(
        PointMass(32), TINY, SMALL, run, progress="none", spec="task: toy\n", contract={"toy": 1}, commit="abc"
    )
    return run, result


def test_records(full_run):
    run, result = full_run
    rows = read_rows(run / "metrics.jsonl")
    assert [r["env_states"] for r in rows] == [320 * i for i in range(1, 7)]
    wanted = {
        "reward/track",
        "reward/effort",
        "reward/total",
        "episode/return",
        "episode/seconds",
        "loss/kl",
        "perf/env_states_per_s",
        "wall_s",
        "level/wind",
    }
    assert wanted <= set(rows[0])
    assert rows[0]["reward/total"] == pytest.approx(rows[0]["reward/track"] + rows[0]["reward/effort"], rel=1e-4)
    assert result.updates == 6 and result.env_states == 1920 and not result.interrupted and result.faults == 0
    assert list(run.glob("events.out.tfevents.*"))
    assert not list(run.rglob("*.tmp"))


def test_checkpoint_content(full_run):
    run, result = full_run
    saved = ckpt.load(ckpt.find(run))
    assert saved.path == result.checkpoint and saved.spec == "task: toy\n" and saved.contract == {"toy": 1}
    assert saved.config == TINY and saved.policy_config == SMALL
    assert saved.meta["versions"]["jax"] == jax.__version__ and saved.meta["commit"] == "abc"
    assert len(list((run / "checkpoints").glob("*.ckpt"))) <= TINY.keep_checkpoints + 1
    assert ckpt.find(run, "best").exists()


def test_same_seed_same_bits(full_run, tmp_path):
    train(PointMass(32), TINY, SMALL, tmp_path / "b", progress="none")
    assert rows_without_time(tmp_path / "b") == rows_without_time(full_run[0])


def test_resume_is_exact(full_run, tmp_path):
    run = tmp_path / "c"
    stop_after = 3

    class Stop(Exception):
        pass

    def stop(row):
        if row["update"] == stop_after:
            raise Stop

    with pytest.raises(Stop):
        train(PointMass(32), TINY, SMALL, run, progress="none", commit="abc", on_update=[stop])
    assert len(read_rows(run / "metrics.jsonl")) == 3  # one more than the last checkpoint holds
    train(PointMass(32), TINY, SMALL, run, progress="none", resume=True)
    assert ckpt.load(ckpt.find(run)).meta["commit"] == "abc"  # where it began, not where it went on
    assert rows_without_time(run) == rows_without_time(full_run[0])
    ours, theirs = (ckpt.load(ckpt.find(p)).arrays for p in (run, full_run[0]))
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)


def test_compiles_once():
    task = PointMass(32)  # its parameters are weakly typed Python numbers
    state = init_state(task, TINY, SMALL)
    update = jax.jit(make_update(task, TINY), donate_argnums=0)
    for _ in range(4):
        state, metrics = update(state)
    assert update._cache_size() == 1
    assert float(metrics["loss/skipped"]) == 0


@pytest.mark.parametrize("advantages", ["epoch", "update"])
def test_advantage_modes_and_state_std(advantages):
    config = TINY.model_copy(update={"advantages": advantages, "learning_rate_schedule": "adaptive"})
    task = PointMass(32)
    state = init_state(task, config, SMALL.model_copy(update={"std": "state", "distribution": "normal"}))
    state, metrics = jax.jit(make_update(task, config))(state)
    assert np.isfinite(float(metrics["loss/critic"])) and float(metrics["loss/kl"]) < 0.1


def test_the_entropy_bonus_fades():
    task = PointMass(32)

    def after_one(**settings):
        """Returns the spread after one update, as a function of which update it is."""
        config = TINY.model_copy(update=settings)
        state, update = init_state(task, config, SMALL), jax.jit(make_update(task, config))
        return lambda k: update(state._replace(update=np.int32(k)))[0].policy.std_param

    fading, none, full = after_one(entropy=1.0, final_entropy=0.0), after_one(entropy=0.0), after_one(entropy=1.0)
    end = TINY.num_updates
    np.testing.assert_allclose(fading(end), none(end), atol=1e-7)
    np.testing.assert_allclose(fading(0), full(0), atol=1e-7)
    assert not np.allclose(fading(end), full(end), atol=1e-4)


@pytest.mark.parametrize("schedule", ["constant", "linear", "adaptive"])
@pytest.mark.parametrize("rate", [0.05, 2e-6])
def test_learning_begins_with_the_rate_that_is_written(schedule, rate):
    config = TINY.model_copy(update={"learning_rate": rate, "learning_rate_schedule": schedule, "target_kl": 1e3})
    task = PointMass(32)
    state = init_state(task, config, SMALL)
    update = jax.jit(make_update(task, config))
    state, metrics = update(state)
    assert float(metrics["loss/learning_rate"]) == pytest.approx(rate, rel=1e-6)
    state, metrics = update(state)  # a KL this far below its target would have an adaptive rate grow
    if schedule == "adaptive":
        assert float(metrics["loss/learning_rate"]) == pytest.approx(min(1.5 * rate, max(rate, 1e-2)), rel=1e-5)
    if schedule == "constant":
        assert float(metrics["loss/learning_rate"]) == pytest.approx(rate, rel=1e-6)


def test_faults_are_counted_and_survived(tmp_path):
    result = train(PointMass(32, fault=0.02), TINY, SMALL, tmp_path / "f", progress="none")
    assert 5 < result.faults < 120
    assert result.last["loss/skipped"] == 0 and result.last["loss/critic"] is not None


def test_learns_point_mass_then_evaluates():
    config = TrainConfig(num_envs=128, num_minibatches=4, num_env_states_per_minibatch=640, budget=250_000)
    task = PointMass(128)
    state = init_state(task, config, SMALL)
    update = jax.jit(make_update(task, config), donate_argnums=0)
    started = time.monotonic()
    for _ in range(config.num_updates):
        state, metrics = update(state)
    assert time.monotonic() - started < 60
    assert float(metrics["episode/return"]) > 3.5  # of 4; standing still gives less than 2
    assert float(state.params["level"]) > 0.5  # the curriculum moved
    actor = ckpt.Actor(state.policy, state.normalizer, state.value_scale)
    reducers = {
        "rms": Reducer("rms", lambda m: m["speed_error"], after=1.0),
        "largest": Reducer("max", lambda m: abs(m["x"])),
        "near": Reducer("fraction", lambda m: abs(m["speed_error"]) < 0.3, after=1.0),
        "never": Reducer("mean", lambda m: m["x"], where=lambda m: m["x"] > 100),
    }
    result = evaluate(task, config, actor, state.params, jax.random.key(7), 200, 4.0, reducers)
    assert result.episodes == 256 and result.survived == 1.0 and result.faults == 0
    np.testing.assert_allclose(result.seconds, 4.0, atol=1e-5)
    assert result.returns.mean() == pytest.approx(sum(result.term_returns.values()), rel=1e-4)
    assert result.reduced["rms"] < 0.25 and result.reduced["near"] > 0.9 and result.reduced["never"] is None
    assert 0.5 < result.reduced["largest"] < 5.2


@pytest.mark.parametrize("seconds", [1.0, 8.0])
def test_evaluation_counts_each_environment_equally(seconds):
    config = TINY.model_copy(update={"num_envs": 16})
    task = Pendulum(16, limit=4.0)
    state = init_state(task, config, SMALL)
    actor = ckpt.Actor(state.policy, state.normalizer, state.value_scale)
    result = evaluate(task, config, actor, state.params, jax.random.key(0), 48, seconds, {})
    assert result.episodes == 48
    np.testing.assert_allclose(result.seconds, min(seconds, 4.0), atol=1e-5)


def test_bad_folders(tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "x").write_text("x")
    with pytest.raises(SpecError, match="not empty"):
        create_run_dir(tmp_path / "used")
    (tmp_path / "file").write_text("x")
    with pytest.raises(SpecError, match="cannot write"):
        create_run_dir(tmp_path / "file" / "run")
    with pytest.raises(SpecError, match="no run folder"):
        ckpt.find(tmp_path / "nothing")
    with pytest.raises(SpecError, match="no checkpoint"):
        ckpt.find(tmp_path / "used")


def test_bad_checkpoints(full_run, tmp_path):
    good = full_run[1].checkpoint.read_bytes()
    torn = tmp_path / "torn.ckpt"
    torn.write_bytes(good[: len(good) // 2])
    with pytest.raises(SpecError, match="cannot read"):
        ckpt.load(torn)
    saved = ckpt.load(full_run[1].checkpoint)
    other = PointMass(32)
    other.action_size = 2
    with pytest.raises(SpecError, match="the spec needs"):
        ckpt.restore_actor(saved, other)


def test_impossible_settings(tmp_path):
    with pytest.raises(SpecError) as error:
        train(PointMass(32), TINY.model_copy(update={"num_envs": 31}), SMALL, tmp_path / "x")
    assert "nearest that work" in error.value.diagnostics[0].help
    assert not (tmp_path / "x").exists()


def test_a_full_disk_says_what_is_safe_and_how_to_go_on(tmp_path, monkeypatch):
    write, rows = RunLog.write, []

    def full(self, row):
        rows.append(row)
        if len(rows) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, row)

    config = TINY.model_copy(update={"checkpoint_every": 2})
    with monkeypatch.context() as patched, pytest.raises(SpecError) as error:
        patched.setattr(RunLog, "write", full)
        train(PointMass(32), config, SMALL, tmp_path / "x")
    [told] = error.value.diagnostics
    saved = ckpt.load(ckpt.find(tmp_path / "x"))
    assert told.code == "KS711" and "No space left" in told.message and saved.path.name in told.message
    assert saved.meta["update"] == 2 and f"ksim train --resume {tmp_path / 'x'}" in told.help
    result = train(PointMass(32), config, SMALL, tmp_path / "x", resume=True)
    kept = [row["update"] for row in read_rows(tmp_path / "x" / "metrics.jsonl")]
    assert result.updates == 6 and kept == [1, 2, 3, 4, 5, 6]


def test_a_run_that_ended_before_its_first_checkpoint_gives_its_folder_back(tmp_path):
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    with pytest.raises(SpecError, match="already exists"):
        create_run_dir(run)
    (run / "spec.ksim").write_text("task t")
    (run / "metrics.jsonl").write_text(json.dumps({"env_states": 320}) + "\n")
    create_run_dir(run)
    result = train(PointMass(32), TINY, SMALL, run, prepared=True)
    assert [row["update"] for row in read_rows(run / "metrics.jsonl")] == list(range(1, result.updates + 1))
    with pytest.raises(SpecError, match="already exists"):
        create_run_dir(run)


def test_training_goes_on_when_nobody_reads_what_it_says(tmp_path, monkeypatch):
    class Gone(io.StringIO):
        def write(self, text):
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Gone())
    assert train(PointMass(32), TINY, SMALL, tmp_path / "x", progress="plain").updates == 6


SCRIPT = """
import sys, pathlib
from ksim_spec.trainer.run import train
from tests.trainer.test_run import PointMass, SMALL, TINY
config = TINY.model_copy(update={"budget": 10**9, "checkpoint_every": 10**6})
result = train(PointMass(32), config, SMALL, pathlib.Path(sys.argv[1]), progress="plain")
print(result.interrupted, result.updates)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_writes_a_checkpoint(tmp_path, number):
    run = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(run)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (run / "metrics.jsonl").is_file():
        time.sleep(0.1)
    while time.monotonic() < deadline and not (run / "metrics.jsonl").read_text():
        time.sleep(0.1)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert out.split()[0] == "True", err
    assert "ksim train --resume" in err and "Traceback" not in err
    saved = ckpt.load(ckpt.find(run))
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert saved.meta["update"] == rows[-1]["update"] == int(out.split()[1])


def test_mesh_axis_keeps_parameters_equal():
    """Two shards with different environments: gradients, statistics and so parameters are those of both together."""
    task = PointMass(32)
    states = [init_state(task, TINY.model_copy(update={"seed": s}), SMALL) for s in (0, 1)]
    shards = [s._replace(policy=states[0].policy, key=states[0].key) for s in states]
    both = jax.tree.map(lambda a, b: jax.numpy.stack([a, b]), *shards)
    step = jax.jit(jax.vmap(make_update(task, TINY, axis="device"), axis_name="device"))
    both, _ = step(both)
    both, metrics = step(both)
    first, second = (jax.tree.map(lambda x, i=i: x[i], both) for i in (0, 1))
    for a, b in zip(jax.tree.leaves(first.policy), jax.tree.leaves(second.policy), strict=True):
        np.testing.assert_array_equal(a, b)
    assert float(first.normalizer["actor"].count[0]) == 4 * TINY.num_env_states
    assert not np.array_equal(first.env_state.obs["actor"], second.env_state.obs["actor"])
    assert metrics["reward/total"][0] == metrics["reward/total"][1]
