"""The CPU engine against plain MuJoCo, one simulation at a time."""

from __future__ import annotations

import copy

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from ksim_spec.diagnostics import SpecError
from ksim_spec.physics.cpu import CpuEngine
from ksim_spec.physics.protocol import EngineConfig, Starts
from ksim_spec.physics.registry import choose_engine, make_engine
from tests.physics.physics_models import PENDULUM, QUADRUPED, controls, load, starts

E = 6
READS = ("qpos", "qvel", "sensordata", "site_xpos", "qfrc_actuator", "qacc")
NO_ONE = jnp.zeros(E, bool)
STAGES = {"pos": mujoco.mj_fwdPosition, "vel": None, "acc": mujoco.mj_forward}


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return load(QUADRUPED)


def plain(model: mujoco.MjModel, at: Starts, e: int) -> mujoco.MjData:
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:] = np.asarray(at.qpos_EQ[e]), np.asarray(at.qvel_EV[e])
    return data


def forward(model: mujoco.MjModel, data: mujoco.MjData) -> mujoco.MjData:
    """Returns a copy after a full forward: what current means."""
    data = copy.copy(data)
    mujoco.mj_forward(model, data)
    return data


def rollout(engine: CpuEngine, physics, ctrl_TEKU, take_TE=None):
    """Returns the last physics and what was read at every control step, from one compiled scan."""
    take_TE = jnp.zeros(ctrl_TEKU.shape[:2], bool) if take_TE is None else take_TE

    @jax.jit
    def run(physics, ctrl_TEKU, take_TE):
        def one(physics, inputs):
            physics, reads, fault_E = engine.step(physics, inputs[1], inputs[0])
            return physics, (reads, fault_E)

        return jax.lax.scan(one, physics, (ctrl_TEKU, take_TE))

    physics, (reads, fault_TE) = run(physics, jnp.asarray(ctrl_TEKU), take_TE)
    return physics, jax.tree.map(np.asarray, reads), np.asarray(fault_TE)


@pytest.mark.parametrize("persistent", [False, True])
def test_reads_are_current_at_the_acceleration_stage(model: mujoco.MjModel, persistent: bool) -> None:
    config = EngineConfig(E, substeps=5, stage="acc", reads=READS)
    engine = CpuEngine(model, config, persistent=persistent)
    at, ctrl_TEKU = starts(model, E), controls(model, (12, E, 1))
    physics, first = jax.jit(engine.init)(at, {})
    _, reads, fault_TE = rollout(engine, physics, ctrl_TEKU)
    assert not fault_TE.any()
    for e in range(E):
        data = plain(model, at, e)
        for name in READS:
            np.testing.assert_array_equal(first[name][e], getattr(forward(model, data), name).astype(np.float32))
        for t, ctrl_EKU in enumerate(ctrl_TEKU):
            data.ctrl[:] = ctrl_EKU[e, 0]
            mujoco.mj_step(model, data, 5)
            now = forward(model, data)
            for name in READS:
                np.testing.assert_array_equal(reads[name][t, e], getattr(now, name).astype(np.float32), err_msg=name)
    touch = reads["sensordata"][..., model.sensor("touch0").adr[0]]
    assert 0 < touch.mean() < 1  # the test sees feet on the ground and off it


@pytest.mark.parametrize("stage", ["pos", "vel"])
def test_sensors_up_to_the_stage_are_current(model: mujoco.MjModel, stage: str) -> None:
    engine = CpuEngine(model, EngineConfig(E, substeps=3, stage=stage))
    at, ctrl_TEKU = starts(model, E), controls(model, (8, E, 1))
    physics, _ = engine.init(at, {})
    _, reads, _ = rollout(engine, physics, ctrl_TEKU)
    limit = {"pos": 1, "vel": 2}[stage]  # mjSTAGE_POS, mjSTAGE_VEL
    current = np.repeat(model.sensor_needstage <= limit, model.sensor_dim)
    assert current.any() and not current.all()
    for e in range(E):
        data = plain(model, at, e)
        for t, ctrl_EKU in enumerate(ctrl_TEKU):
            data.ctrl[:] = ctrl_EKU[e, 0]
            mujoco.mj_step(model, data, 3)
            want = forward(model, data).sensordata.astype(np.float32)
            np.testing.assert_array_equal(reads["sensordata"][t, e][current], want[current])


def test_controls_may_change_between_physics_steps(model: mujoco.MjModel) -> None:
    engine = CpuEngine(model, EngineConfig(E, substeps=4, stage="acc", control_changes=True))
    at, ctrl_TEKU = starts(model, E), controls(model, (10, E, 4))
    ctrl_TEKU = ctrl_TEKU.at[:, :, 1].set(ctrl_TEKU[:, :, 0])  # a stretch of two steps
    physics, _ = engine.init(at, {})
    _, reads, _ = rollout(engine, physics, ctrl_TEKU)
    for e in range(E):
        data = plain(model, at, e)
        for t, ctrl_EKU in enumerate(ctrl_TEKU):
            for ctrl_U in ctrl_EKU[e]:
                data.ctrl[:] = ctrl_U
                mujoco.mj_step(model, data)
            np.testing.assert_array_equal(reads["sensordata"][t, e], forward(model, data).sensordata.astype(np.float32))


def test_same_numbers_at_any_number_of_threads(model: mujoco.MjModel) -> None:
    results = []
    for nthread, persistent in ((1, False), (2, True), (3, False)):
        engine = CpuEngine(model, EngineConfig(E, 4), nthread=nthread, persistent=persistent)
        physics, _ = engine.init(starts(model, E), {})
        take_TE = jnp.asarray(np.random.default_rng(3).random((20, E)) < 0.2)
        results.append(rollout(engine, physics, controls(model, (20, E, 1)), take_TE)[1])
    for other in results[1:]:
        jax.tree.map(np.testing.assert_array_equal, results[0], other)


def test_a_taken_spare_begins_again_with_its_fields(model: mujoco.MjModel) -> None:
    names = ("geom_friction", "body_mass", "actuator_gainprm", "actuator_biasprm")
    engine = CpuEngine(model, EngineConfig(E, 2, stage="acc", reads=READS, fields=names))
    nominal = {name: jnp.stack([jnp.asarray(getattr(model, name), jnp.float32)] * E) for name in names}
    physics, _ = engine.init(starts(model, E), nominal)
    physics, _, _ = rollout(engine, physics, controls(model, (5, E, 1)))
    scale_E = 1 + 0.1 * np.arange(E)
    changed = {
        name: value * scale_E.reshape(-1, *[1] * (value.ndim - 1)).astype(np.float32) for name, value in nominal.items()
    }
    fresh, mask_E = starts(model, E, seed=7), jnp.arange(E) % 2 == 0
    physics, spare_reads = engine.prepare(physics, mask_E, fresh, changed)
    take_TE = jnp.zeros((4, E), bool).at[0].set(mask_E)
    ctrl_TEKU = controls(model, (4, E, 1), seed=5)
    _, reads, _ = rollout(engine, physics, ctrl_TEKU, take_TE)
    for e in np.flatnonzero(mask_E):
        own = load(QUADRUPED)
        for name in names:
            getattr(own, name)[:] = np.asarray(changed[name][e])
        data = plain(own, fresh, e)
        mujoco.mj_setConst(own, mujoco.MjData(own))
        np.testing.assert_array_equal(spare_reads["sensordata"][e], forward(own, data).sensordata.astype(np.float32))
        for t in range(4):
            data.ctrl[:] = ctrl_TEKU[t, e, 0]
            mujoco.mj_step(own, data, 2)
            np.testing.assert_array_equal(reads["qpos"][t, e], data.qpos.astype(np.float32))
            np.testing.assert_array_equal(reads["qacc"][t, e], forward(own, data).qacc.astype(np.float32))
    weights = engine.host.main_fields["dof_invweight0"]
    assert not np.array_equal(weights[0], weights[2])


def test_environments_outside_the_mask_keep_their_spares(model: mujoco.MjModel) -> None:
    engine = CpuEngine(model, EngineConfig(E))
    first = starts(model, E)
    physics, _ = engine.init(first, {})
    physics, _ = engine.prepare(physics, jnp.arange(E) < 2, starts(model, E, seed=9), {})
    _, reads, _ = rollout(engine, physics, controls(model, (1, E, 1)), jnp.ones((1, E), bool))
    data = plain(model, first, 3)
    data.ctrl[:] = controls(model, (1, E, 1))[0, 3, 0]
    mujoco.mj_step(model, data)
    np.testing.assert_array_equal(reads["qpos"][0, 3], data.qpos.astype(np.float32))


def test_kick_and_wrench(model: mujoco.MjModel) -> None:
    engine = CpuEngine(model, EngineConfig(E, 3, stage="acc"))
    at = starts(model, E)
    physics, _ = engine.init(at, {})
    dqvel_EV = np.zeros((E, model.nv), np.float32)
    dqvel_EV[1, 0] = 2.0
    xfrc_EB6 = np.zeros((E, model.nbody, 6), np.float32)
    xfrc_EB6[2, 1, 2] = 50.0
    ctrl_EKU = jnp.zeros((E, 1, model.nu))
    physics, _, _ = engine.step(physics, NO_ONE, ctrl_EKU, jnp.asarray(dqvel_EV), jnp.asarray(xfrc_EB6))
    physics, reads, _ = engine.step(physics, NO_ONE, ctrl_EKU)
    for e in range(E):
        data = plain(model, at, e)
        data.qvel += dqvel_EV[e]
        data.xfrc_applied[:] = xfrc_EB6[e]
        mujoco.mj_step(model, data, 3)
        data.xfrc_applied[:] = 0  # it held for one control step
        mujoco.mj_step(model, data, 3)
        np.testing.assert_array_equal(reads["sensordata"][e], forward(model, data).sensordata.astype(np.float32))


def test_an_unstable_environment_is_reported_and_recovers(model: mujoco.MjModel) -> None:
    engine = CpuEngine(model, EngineConfig(E, 2))
    physics, _ = engine.init(starts(model, E), {})
    ctrl_TEKU = controls(model, (3, E, 1)).at[1, 4].set(np.nan)
    physics, reads, fault_TE = rollout(engine, physics, ctrl_TEKU, jnp.zeros((3, E), bool).at[2, 4].set(True))
    want_TE = np.zeros((3, E), bool)
    want_TE[1, 4] = True
    np.testing.assert_array_equal(fault_TE, want_TE)
    assert all(np.isfinite(x).all() for x in reads.values())
    assert (reads["qpos"][1, 4] == 0).all() and (reads["qpos"][2, 4] != 0).any()
    dqvel_EV = np.zeros((E, model.nv), np.float32)
    dqvel_EV[3] = 1e12
    physics, reads, fault_E = engine.step(physics, NO_ONE, ctrl_TEKU[0], jnp.asarray(dqvel_EV))
    np.testing.assert_array_equal(fault_E, np.arange(E) == 3)
    physics, reads, fault_E = engine.step(physics, jnp.asarray(fault_E), ctrl_TEKU[0])
    assert not fault_E.any() and (reads["qpos"][3] != 0).any()


def test_a_restored_run_continues_bit_for_bit(model: mujoco.MjModel) -> None:
    config = EngineConfig(E, 3, stage="vel", fields=("body_mass",))
    at, ctrl_TEKU = starts(model, E), controls(model, (30, E, 1))
    take_TE = jnp.asarray(np.random.default_rng(3).random((30, E)) < 0.1)
    masses = {"body_mass": jnp.asarray(model.body_mass, jnp.float32) * (1 + 0.1 * jnp.arange(E)[:, None])}
    engine = CpuEngine(model, config)
    physics, _ = engine.init(at, masses)
    physics, _, _ = rollout(engine, physics, ctrl_TEKU[:10], take_TE[:10])
    heavier = {"body_mass": 1.1 * masses["body_mass"]}
    physics, _ = engine.prepare(physics, jnp.arange(E) > 3, starts(model, E, seed=5), heavier)
    saved = engine.export_state(physics)
    _, want, _ = rollout(engine, physics, ctrl_TEKU[10:], take_TE[10:])
    other = CpuEngine(model, config)
    _, got, _ = rollout(other, other.import_state(saved), ctrl_TEKU[10:], take_TE[10:])
    jax.tree.map(np.testing.assert_array_equal, want, got)


def test_a_physics_value_used_twice_is_refused(model: mujoco.MjModel) -> None:
    engine = CpuEngine(model, EngineConfig(E))
    physics, _ = engine.init(starts(model, E), {})
    jax.block_until_ready(engine.step(physics, NO_ONE, controls(model, (E, 1))))
    with pytest.raises(Exception, match="used twice"):
        jax.block_until_ready(engine.step(physics, NO_ONE, controls(model, (E, 1))))


def test_the_ordinary_callback_gives_the_same_numbers(model: mujoco.MjModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> dict[str, np.ndarray]:
        engine = CpuEngine(model, EngineConfig(E, 2))
        physics, _ = engine.init(starts(model, E), {})
        return rollout(engine, physics, controls(model, (6, E, 1)))[1]

    want = run()
    monkeypatch.setattr("ksim_spec.physics.cpu_callback._direct", lambda: None)
    jax.tree.map(np.testing.assert_array_equal, want, run())


def test_unknown_names_are_explained(model: mujoco.MjModel) -> None:
    with pytest.raises(SpecError) as caught:
        CpuEngine(model, EngineConfig(E, fields=("geom_frction",)))
    assert caught.value.diagnostics[0].code == "KS720" and "geom_friction" in caught.value.diagnostics[0].help
    with pytest.raises(SpecError) as caught:
        CpuEngine(model, EngineConfig(E, reads=("sensor_data",)))
    assert "sensordata" in caught.value.diagnostics[0].help
    with pytest.raises(SpecError, match="no engine"):
        choose_engine("gpu")


def test_a_model_that_sleeps_runs() -> None:
    model = load(QUADRUPED.replace("<worldbody>", '<option><flag sleep="enable"/></option><worldbody>', 1))
    engine = CpuEngine(model, EngineConfig(2))
    physics, _ = engine.init(starts(model, 2), {})
    assert not engine.step(physics, jnp.ones(2, bool), controls(model, (2, 1)))[2].any()


def test_auto_is_the_cpu_engine_here() -> None:
    if jax.default_backend() != "cpu":
        pytest.skip("this machine has an accelerator")
    assert make_engine("auto", load(PENDULUM), EngineConfig(2)).name == "cpu"
