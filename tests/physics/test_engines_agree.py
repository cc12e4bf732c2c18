"""The engines inside JAX against the CPU engine: same starts, same controls, one control step at a time.

Tolerances are those of float32 against float64 after the physics steps of one control step; forces of stiff contacts
differ most. The engines compile their own parts, and the tests trace nothing more, because MJX compiles slowly.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from ksim_spec.diagnostics import SpecError
from ksim_spec.physics.mjx import MjxEngine
from ksim_spec.physics.protocol import EngineConfig, Starts
from ksim_spec.physics.registry import engine_info, make_engine
from ksim_spec.physics.warp import capacity
from tests.physics.physics_models import PENDULUM, QUADRUPED, controls, load, starts

E, FIELDS = 8, ("geom_friction", "body_mass", "actuator_gainprm", "actuator_biasprm")
CONFIG = EngineConfig(
    E,
    substeps=3,
    stage="acc",
    reads=("qpos", "qvel", "sensordata", "actuator_force", "site_xpos"),
    fields=FIELDS,
    control_changes=True,
)
# largest difference that passes, by what is compared: metres or radians, and per second, contact found, newtons
POSE, SPEED, FORCE, ACCELERATION = 1e-5, 2e-3, 0.3, 1.0


def fields_of(model: mujoco.MjModel, spread: float) -> dict[str, jax.Array]:
    scale_E = 1 + spread * np.arange(E)
    return {
        name: jnp.asarray(getattr(model, name) * scale_E.reshape(-1, *[1] * getattr(model, name).ndim), jnp.float32)
        for name in FIELDS
    }


def check(model: mujoco.MjModel, want: dict[str, Any], got: dict[str, Any]) -> None:
    assert set(want) == set(got)
    for name, limit in (("qpos", POSE), ("site_xpos", POSE), ("qvel", SPEED), ("actuator_force", 10 * SPEED)):
        np.testing.assert_allclose(got[name], want[name], atol=limit, rtol=1e-4, err_msg=name)
    for i in range(model.nsensor):
        columns = slice(model.sensor_adr[i], model.sensor_adr[i] + model.sensor_dim[i])
        name = model.sensor(i).name
        stage = int(model.sensor_needstage[i])
        limit = {1: POSE, 2: SPEED}.get(stage, ACCELERATION if name == "acc" else FORCE)
        np.testing.assert_allclose(
            got["sensordata"][:, columns], want["sensordata"][:, columns], atol=limit, rtol=1e-2, err_msg=name
        )


def agree(name: str) -> None:
    """Runs the whole protocol on the CPU engine and another, restarting the other from the same states every step."""
    model = load(QUADRUPED)
    engines = [make_engine("cpu", model, CONFIG), make_engine(name, model, CONFIG)]
    spread, ctrl_TEKU = fields_of(model, 0.05), controls(model, (4, E, 3))
    rng = np.random.default_rng(11)
    # the base so high that some feet touch, some do not
    at = starts(model, E, height=-0.03)
    touched, saved = [], [None, None]
    for t in range(4):
        take_E = jnp.arange(E) % 3 == t % 3
        spares = starts(model, E, seed=20 + t, height=-0.03)
        dqvel_EV = jnp.asarray(rng.normal(0, 0.2, (E, model.nv)), jnp.float32)
        xfrc_EB6 = jnp.asarray(rng.normal(0, 2, (E, model.nbody, 6)), jnp.float32).at[:, 0].set(0)
        results = []
        for i, engine in enumerate(engines):
            if t == 0:
                physics, first = engine.init(at, fields_of(model, 0.0))
            else:
                physics, first = restart(engine, saved[i], at), {}
            physics, at_spares = engine.prepare(physics, take_E, spares, spread)
            physics, reads, fault_E = engine.step(physics, take_E, ctrl_TEKU[t], dqvel_EV, xfrc_EB6)
            results.append((first, at_spares, reads, fault_E))
            saved[i] = physics
        results = jax.tree.map(np.asarray, results)
        (first, at_spares, reads, fault_E), (first2, at_spares2, reads2, fault2_E) = results
        if t == 0:
            check(model, first, first2)
        masked = np.asarray(take_E)
        check(model, {k: v[masked] for k, v in at_spares.items()}, {k: v[masked] for k, v in at_spares2.items()})
        check(model, reads, reads2)
        assert not fault_E.any() and not fault2_E.any()
        touched.append(reads["sensordata"][:, model.sensor("touch0").adr[0]])
        at = Starts(jnp.asarray(reads["qpos"]), jnp.asarray(reads["qvel"]))
    assert 0 < np.mean(touched) < 1


def restart(engine: Any, own: Any, at: Starts) -> Any:
    """Returns the engine's own physics moved to the given states, its spares and fields kept."""
    if engine.name == "cpu":
        tree = engine.export_state(own)
        layout = engine.host.main._component(mujoco.mjtState.mjSTATE_QPOS)[0]
        tree["main"][:, layout : layout + at.qpos_EQ.shape[1]] = at.qpos_EQ
        layout = engine.host.main._component(mujoco.mjtState.mjSTATE_QVEL)[0]
        tree["main"][:, layout : layout + at.qvel_EV.shape[1]] = at.qvel_EV
        return engine.import_state(tree)
    return own._replace(main=own.main._replace(qpos=at.qpos_EQ, qvel=at.qvel_EV))


def test_mjx_agrees_with_cpu() -> None:
    agree("mjx")


@pytest.mark.skipif(not engine_info("warp").installed, reason="warp-lang is not installed")
def test_warp_agrees_with_cpu() -> None:
    agree("warp")


@pytest.mark.slow
def test_mjx_agrees_with_cpu_on_the_humanoid() -> None:
    """MuJoCo's own humanoid for MJX, falling from just above the floor: one control step from the same states."""
    path = Path(mujoco.__file__).parent / "mjx/test_data/humanoid/humanoid.xml"
    model = mujoco.MjModel.from_xml_path(str(path))
    model.opt.iterations = model.opt.ls_iterations = 50  # with the file's single iteration neither solver has converged
    config = EngineConfig(4, substeps=2, stage="vel", reads=("qpos", "qvel", "site_xpos", "cvel"))
    take_E, at, ctrl_EKU = jnp.zeros(4, bool), starts(model, 4), controls(model, (4, 1))
    reads = []
    for name in ("cpu", "mjx"):
        engine = make_engine(name, model, config)
        reads.append(engine.step(engine.init(at, {})[0], take_E, ctrl_EKU)[1])
    for name, limit in (("qpos", 1e-4), ("qvel", 1e-2), ("site_xpos", 1e-4), ("cvel", 2e-2)):
        np.testing.assert_allclose(reads[1][name], reads[0][name], atol=limit, rtol=1e-3, err_msg=name)


@pytest.fixture(scope="module")
def pendulum() -> tuple[MjxEngine, Any]:
    engine = MjxEngine(load(PENDULUM), EngineConfig(3, substeps=2, stage="acc", reads=("qpos", "qvel", "sensordata")))
    return engine, engine.step


def test_mjx_reads_current_sensors_where_nothing_can_touch(pendulum: tuple[MjxEngine, Any]) -> None:
    engine, step = pendulum
    model, at = engine.model, Starts(jnp.asarray([[0.1], [1.0], [2.0]]), jnp.asarray([[0.0], [1.0], [-2.0]]))
    physics, _ = engine.init(at, {})
    physics, reads, fault_E = step(physics, jnp.zeros(3, bool), jnp.full((3, 1, 1), 0.5))
    assert not fault_E.any()
    for e in range(3):
        data = mujoco.MjData(model)
        data.qpos[:], data.qvel[:], data.ctrl[:] = at.qpos_EQ[e], at.qvel_EV[e], 0.5
        mujoco.mj_step(model, data, 2)
        mujoco.mj_forward(model, data)
        np.testing.assert_allclose(reads["sensordata"][e], data.sensordata, atol=1e-4)


def test_mjx_reports_faults_and_recovers(pendulum: tuple[MjxEngine, Any]) -> None:
    engine, step = pendulum
    physics, _ = engine.init(Starts(jnp.ones((3, 1)), jnp.zeros((3, 1))), {})
    physics, reads, fault_E = step(physics, jnp.zeros(3, bool), jnp.full((3, 1, 1), 0.1).at[1].set(jnp.nan))
    np.testing.assert_array_equal(fault_E, [False, True, False])
    assert all(np.isfinite(x).all() for x in reads.values()) and reads["qpos"][1] == 0
    physics, reads, fault_E = step(physics, fault_E, jnp.full((3, 1, 1), 0.1))
    assert not fault_E.any() and abs(reads["qpos"][1] - 1) < 0.1


def test_mjx_restored_run_continues_bit_for_bit(pendulum: tuple[MjxEngine, Any]) -> None:
    engine, step = pendulum
    ctrl_EKU, no_one = jnp.full((3, 1, 1), 0.3), jnp.zeros(3, bool)
    physics, _ = engine.init(Starts(jnp.ones((3, 1)), jnp.zeros((3, 1))), {})
    physics, _, _ = step(physics, no_one, ctrl_EKU)
    saved = engine.export_state(physics)
    assert all(isinstance(x, np.ndarray) for x in jax.tree.leaves(saved))
    want = step(physics, no_one, ctrl_EKU)
    got = step(engine.import_state(saved), no_one, ctrl_EKU)
    jax.tree.map(np.testing.assert_array_equal, want, got)
    assert engine._advance._cache_size() == 1  # a second compile would cost as much as the first


def test_what_mjx_cannot_do_is_said() -> None:
    model = load(QUADRUPED.replace('geom1="foot0"', 'body1="leg0"'))
    with pytest.raises(SpecError, match="cannot simulate") as caught:
        MjxEngine(model, EngineConfig(2))
    assert "body matching" in caught.value.diagnostics[0].notes[0]
    with pytest.raises(SpecError, match="cannot differ"):
        MjxEngine(load(PENDULUM), EngineConfig(2, fields=("body_parentid",)))


def test_capacity_covers_what_happens() -> None:
    assert capacity(load(QUADRUPED))[:2] == (4, 16)
    assert capacity(load(PENDULUM)).contacts == 0
