"""`ksim bench`: the physics replay does what the task's engine did, and a start that fails says why."""

import sys

import jax
import numpy as np
import pytest

import ksim_spec as ks
from ksim_spec.cli.bench import as_text
from ksim_spec.compiler import write_compiled
from ksim_spec.diagnostics import SpecError
from ksim_spec.runs import benchmark, benchmark_startup
from ksim_spec.runs.folder import make_task, open_folder
from tests.cli.test_show import SMALL


def test_the_replay_ends_where_the_task_ended(tmp_path):
    # without randomized fields, which the replay leaves as they were at its start
    write_compiled(ks.compile(SMALL, profile="bare"), tmp_path / "out")
    task = make_task(open_folder(tmp_path / "out"), 4, "cpu")
    recorder = benchmark.Recorder(task.engine)
    state, _ = jax.jit(task.init)(jax.random.key(0), task.params)
    step = jax.jit(lambda s, key: task.step(s, jax.random.uniform(key, (4, 12), minval=-1, maxval=1), task.params)[0])
    box = [state]

    def run() -> None:
        for i in range(80):
            box[0] = jax.block_until_ready(step(box[0], jax.random.key(i)))

    replay = recorder.replay_of(run)
    assert any(orders.take.size for orders, _ in recorder.steps), (
        "no environment began again: nothing was shown about resets"
    )
    assert any(orders.dqvel is not None and orders.dqvel.any() for orders, _ in recorder.steps), "no push"
    for _ in range(2):
        replay()
        np.testing.assert_array_equal(recorder.batch.state, task.engine.host.main.state)


def test_alternating_times_every_loop_in_every_round():
    calls = []
    rates = benchmark.alternate({"a": (lambda: calls.append("a"), 1), "b": (lambda: calls.append("b"), 1)}, 2)
    assert calls == ["a", "b", "b", "a", "a", "b"] and {k: len(v) for k, v in rates.items()} == {"a": 2, "b": 2}


FAKE = """
import pathlib, sys, time
run = pathlib.Path(sys.argv[-1])
run.mkdir()
time.sleep(0.2)
(run / "metrics.jsonl").write_text("{}\\n")
time.sleep(0.3)
"""


def test_a_start_is_timed_to_the_first_line_of_metrics(tmp_path):
    start = benchmark_startup.timed_start([sys.executable, "-c", FAKE], tmp_path / "run", tmp_path / "cache")
    assert 0.2 < start.first_update_s <= start.whole_s - 0.2 and 1 < start.peak_mib < 500


def test_a_start_that_fails_shows_the_last_lines(tmp_path):
    with pytest.raises(SpecError) as caught:
        benchmark_startup.timed_start(
            [sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path / "run", tmp_path
        )
    assert "no such thing" in caught.value.diagnostics[0].notes


def test_the_text_names_load_and_ratios():
    result = {
        "task": "t",
        "backend": "cpu",
        "num_envs": 8,
        "rollout_length": 4,
        "substeps": 5,
        "stage": "vel",
        "cores": 2,
        "load_before": 1.5,
        "load_after": 2.5,
        "rounds": 3,
        "control_steps_per_s": {"physics": 1000, "task_step": 900},
        "ratio_to_physics": {"task_step": 0.9},
    }
    assert "90.0%" in as_text(result) and "load 1.5" in as_text(result) and "first update" not in as_text(result)
