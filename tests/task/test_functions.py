"""The mapped functions of a task: each environment gets what the generated function gives for it alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ksim_spec.task.functions import Moment, TaskFunctions
from ksim_spec.task.module import load_module
from tests.task.runs import compiled, text

E = 5
SOURCE = text(
    more="command aim {\n  x = uniform(1 m)\n  resample every 1 s .. 2 s\n}\n"
    "event kick every 1 s .. 2 s {\n  slider.vel += uniform(1 m/s)\n}\n"
    "randomize {\n  slider.damping *= uniform(0.5, 2)\n}\n"
    "curriculum {\n  hard from 0 to 1 by 0.1 when mean(episode_time) > 1 s\n}\n"
    "check {\n  always slider.pos > -100 m\n}\n",
    observe="observe actor {\n  cart = slider.pos - aim.x  noise normal(0.1 m)\n  change = delta(hinge.pos)\n}\n",
    reward="reward {\n  near = -abs(slider.pos - aim.x) * hard  weight 1 per m per s\n  held = timer(hinge.vel > 0 rad/s)  weight 1 per s per s\n}\n",
)


def functions() -> TaskFunctions:
    return TaskFunctions(load_module(compiled(SOURCE).source, "cart_task.py"), E)


def moment(f: TaskFunctions) -> Moment:
    rng = np.random.default_rng(0)
    sizes = {"qpos": 2, "qvel": 2, "sensordata": 0}
    kinds = f.about["streams"]
    samples = {n: jnp.asarray(rng.uniform(0, 1, (E, *shape)), jnp.float32) for n, (_, _, shape) in kinds.items()}
    sim = {n: jnp.asarray(rng.normal(size=(E, sizes[n])), jnp.float32) for n in f.about["reads"]}
    action, aim, time = (jnp.asarray(rng.uniform(-1, 1, s), jnp.float32) for s in ((E, 1), E, E))
    return Moment(sim, action, {"aim": {"x": aim}}, time + 2, {}, samples)


def alone(tree: Any, i: int) -> Any:
    return jax.tree.map(lambda x: x[i], tree)


def same(got: Any, want: Any) -> None:
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7), got, want)


def test_every_environment_gets_its_own() -> None:
    f = functions()
    module: Any = f.module
    params, m = f.params, moment(f)
    p, lv = params["p"], params["lv"]
    values, memory = f.advance(m, None, params)
    assert jax.tree.map(jnp.shape, memory) == jax.tree.map(jnp.shape, f.blank_memory())
    later, _ = f.advance(m, memory, params)
    m = m._replace(temporal=later)
    found = {
        "rewards": f.rewards(m, params), "terminations": f.terminations(m, params), "checks": f.checks(m, params),
        "observe": f.observe(m, params),
    }  # fmt: skip
    nominal = {"dof_damping": jnp.asarray([0.1, 0.2])}
    drawn, starts = f.fields(nominal, m.samples, params), f.start(m.samples, params)
    commands, left = f.new_commands(m.samples, params)
    for i in range(E):
        s, a, c, t, v, d = alone(m, i)
        old = alone(memory, i)
        same(alone(values, i), module.advance(s, a, c, t, d, p, lv, True, alone(f.blank_memory(), i))[0])
        same(alone(later, i), module.advance(s, a, c, t, d, p, lv, False, old)[0])
        for role, result in found.items():
            same(alone(result, i), getattr(module, role)(s, a, c, t, v, d, p, lv))
        same(alone(f.controls(m.action, params), i), module.act({}, a, {}, 0.0, {}, {}, p, lv))
        same(alone(drawn, i), module.fields(nominal, d, p, lv))
        same(alone(starts, i), module.start({}, None, {}, 0.0, {}, d, p, lv))
        same((alone(commands["aim"], i), left["aim"][i]), module.command_aim({}, None, {}, 0.0, {}, d, p, lv))
        same(alone(f.event("kick", m.sim, m.samples, params), i), module.event_kick(s, None, {}, 0.0, {}, d, p, lv))


def test_constants_are_given_to_every_environment() -> None:
    """Commands and starts that draw nothing have no axis of environments of their own."""
    source = SOURCE.replace("x = uniform(1 m)", "x = 0.5 m").replace("resample every 1 s .. 2 s", "resample every 1 s")
    f = TaskFunctions(load_module(compiled(source).source, "cart_task.py"), E)
    commands, left = f.new_commands({}, f.params)
    np.testing.assert_array_equal(commands["aim"]["x"], np.full(E, 0.5, np.float32))
    np.testing.assert_array_equal(left["aim"], np.ones(E, np.float32))


def test_levels_move_by_the_statistics() -> None:
    f = functions()
    stats = {"episode_time": jnp.float32(2), "episodes": jnp.float32(3)}
    assert float(f.levels(stats, f.params)["hard"]) == pytest.approx(0.1)
    assert float(f.levels({**stats, "episode_time": jnp.float32(0.5)}, f.params)["hard"]) == 0.0


def test_they_are_a_value() -> None:
    f = functions()
    with pytest.raises(dataclasses.FrozenInstanceError):
        f.num_envs = 3  # type: ignore[misc]
    assert all(len(x) == 2 for x in dataclasses.replace(f, num_envs=2).blank_memory().values())
