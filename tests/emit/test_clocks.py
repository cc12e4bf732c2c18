"""Durations are compared in whole control steps, in generated code and in NumPy: every tenth of a second up to a minute.

What is right is worked out in whole numbers: at 50 Hz, 0.4 s are 20 steps.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ksim_spec.emit.task_module import task_source
from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import const, make
from ksim_spec.language.program import Termination
from ksim_spec.task.module import load_module
from tests.task.runs import compiled, noise, run, text

RATES = (50, 100, 200)
TENTHS = np.arange(1, 601)
LIMITS = const([float(Fraction(int(n), 10)) for n in TENTHS])
TIME = make("time", dtype="float", shape=())
PERIOD = make("param", name="period", dtype="float", shape=())


def rooms(rate: int) -> str:
    return text().replace("physics_step = 10 ms", f"physics_step = {1000 / rate:g} ms").replace(
        "control_step = 50 ms", f"control_step = {1000 / rate:g} ms"
    )  # fmt: skip


def roots(dt: float) -> dict[str, Node]:
    """Returns every way to ask a clock for a duration; each clock reads k steps at sample k of an episode."""
    always = make("le", const(0.0), TIME)
    clocks = {
        "time": TIME, "timer": make("timer", always, dt=dt), "spell": make("spell", make("not", always), dt=dt),
        "since": make("since", make("lt", TIME, const(0.5 * dt)), dt=dt),
        "counted": make("mul", make("sub", make("count", always), const(1.0)), const(dt)),
        "later": make("sub", make("add", TIME, const(3.0)), const(3.0)),
        "scaled": make("mul", make("div", TIME, PERIOD), PERIOD),
    }  # fmt: skip
    asked = {f"{name} >=": make("le", LIMITS, clock) for name, clock in clocks.items()}
    asked |= {f"{name} >": make("lt", LIMITS, clock) for name, clock in clocks.items()}
    return asked | {
        "time <": make("lt", TIME, LIMITS), "time <=": make("le", TIME, LIMITS),
        "time ==": make("eq", TIME, LIMITS), "time !=": make("ne", TIME, LIMITS),
        "time sign": make("le", const(0.0), make("sign", make("sub", TIME, LIMITS))),
        "time floor": make("le", const(1.0), make("floor", make("div", TIME, const(0.7)))),
        "time mod": make("lt", make("mod", TIME, const(0.7)), const(0.3)),
    }  # fmt: skip


def wrong(form: str, step: Any, rate: int, got: Any) -> Any:
    """Returns for how many limits a form says something else than whole numbers do."""
    limits, period, part = TENTHS * rate // 10, 7 * rate // 10, 3 * rate // 10
    want = {
        ">=": lambda: step >= limits, ">": lambda: step > limits, "<": lambda: step < limits,
        "<=": lambda: step <= limits, "==": lambda: step == limits, "!=": lambda: step != limits,
        "sign": lambda: step >= limits, "floor": lambda: step >= period, "mod": lambda: step % period < part,
    }[form.split()[1]]()  # fmt: skip
    return (got != want).sum()


@pytest.mark.parametrize("rate", RATES)
def test_generated_code_counts_whole_steps(rate: int) -> None:
    base = compiled(rooms(rate))
    dt = base.program.world.control_step
    rules = tuple(Termination(name, node, "fail") for name, node in roots(dt).items())
    program = dataclasses.replace(base.program, terminations=rules)
    module: Any = load_module(task_source(program, base.binding, {}), "clocks_task.py")
    blank = {
        k: jnp.zeros(tuple(s), bool if d == "bool" else jnp.float32) for k, (d, s) in module.TASK["memory"].items()
    }
    given = {**program.params, "period": jnp.float32(0.8)}

    def sample(memory: Any, step: Any) -> Any:
        seconds = step.astype(jnp.float32) * dt
        at = ({}, jnp.zeros(1), {}, seconds)
        first, later = (module.advance(*at, {}, given, {}, is_first, memory) for is_first in (True, False))
        values, memory = jax.tree.map(lambda a, b: jnp.where(step == 0, a, b), first, later)
        found = module.terminations(*at, values, {}, given, {})
        return memory, {form: wrong(form, step, rate, got) for form, got in found.items()}

    seen = jax.jit(lambda: jax.lax.scan(sample, blank, jnp.arange(60 * rate + 3))[1])()
    bad = {form: np.flatnonzero(count)[:5].tolist() for form, count in seen.items() if np.any(count)}
    assert not bad, f"wrong at steps {bad}"


@pytest.mark.parametrize("rate", RATES)
def test_the_numpy_evaluation_counts_whole_steps(rate: int) -> None:
    dt = compiled(rooms(rate)).program.world.control_step
    forms = roots(dt)
    evaluator, memory = Evaluator(forms.values(), control_step=dt), None
    for k in range(60 * rate + 3):
        values, memory = evaluator(Inputs(time=k * dt, params={"period": 0.8}), memory)
        bad = [form for form, got in zip(forms, values, strict=True) if wrong(form, k, rate, got)]
        assert not bad, f"{bad} at step {k}"


DURATIONS = ("0.02", "0.1", "0.3", "0.31", "0.305", "0.315", "0.4", "0.8")


def test_held_is_the_timer_and_recently_its_counterpart() -> None:
    seen = "".join(
        f"  seen{i} = [number(held(on, {d} s)), number(timer(on) >= {d} s), number(recently(past, {d} s))]\n"
        for i, d in enumerate(DURATIONS)
    )
    signals = "signal {\n  on = slider.pos > -1000 m\n  past = slider.pos < 1000 m and time < 10 ms\n}\n"
    source = rooms(50).replace("reward {", signals + "reward {").replace("  speed = hinge.vel\n", seen)
    shown = np.array([s.obs["actor"][0, 2:] for s in run(source, noise(45, 1)).shown])
    steps = np.arange(len(shown))
    for i, duration in enumerate(DURATIONS):
        ticks = Fraction(duration) * 50
        for column, want in enumerate((steps >= ticks, steps >= ticks, steps <= ticks)):
            np.testing.assert_array_equal(shown[:, 3 * i + column], want, err_msg=f"{duration} s, {column}")


ENDS = {
    "time >= 0.4 s": 20, "time > 0.4 s": 21, "time >= 0.8 s": 40, "time >= 0.6 s or hinge.pos > 1000 rad": 30,
    "time >= 0.405 s": 21, "time > 0.405 s": 21, "0.3 s <= time": 15, "time >= 1 ms": 1, "time >= limit": 30,
}  # fmt: skip


@pytest.mark.parametrize("when", ENDS)
def test_episodes_end_at_the_step_that_show_says(when: str) -> None:
    source = rooms(50).replace("time >= 100 s", when).replace("reward {", "signal {\n  limit = 0.6 s\n}\nreward {")
    r = run(source, noise(45, 2))
    ends = [k + 1 for k, info in enumerate(r.infos[1:]) if info.truncated_E.all()]
    assert ends[0] == r.task.about["episode_steps"] == ENDS[when]
    assert all(b - a == ends[0] for a, b in zip(ends, ends[1:], strict=False))
