"""A name in a spec never collides with what generated code calls its own things."""

from __future__ import annotations

import numpy as np

from tests.task.runs import noise, run, text

# Arguments of the generated functions, modules they use, and simulator arrays that this task reads.
NAMES = (
    "sim", "temporal", "samples", "params", "levels", "first", "memory", "nominal", "stats", "jnp", "np", "km", "q", "qd",
    "qpos", "qvel", "qacc", "qfrc_actuator", "sensordata", "gain", "mass_ratio", "dof_damping",
)  # fmt: skip


def test_signals_with_names_of_generated_code() -> None:
    signals = "".join(f"  {name} = slider.pos * {i + 2} + hinge.vel * (1 m*s/rad)\n" for i, name in enumerate(NAMES))
    seen = "".join(f"  o{i} = [{name}, delta({name})]\n" for i, name in enumerate(NAMES))
    # The simulator's arrays are read after the signals of their names, so a collision would show.
    watched = f"observe critic {{\n  pos = slider.pos\n  vel = hinge.vel\n{seen}  acc = hinge.acc\n  push = slider.torque\n}}\n"
    source = text(
        observe="observe actor {\n  pos = slider.pos\n}\n" + watched,
        more=f"signal {{\n{signals}}}\nrandomize {{\n  slider.damping *= uniform(0.5, 2)\n}}\n"
        "event kick every 100 ms {\n  slider.vel += uniform(1 m/s)\n}\n",
    )
    r = run(source, noise(5, 3))
    obs_TEL = np.array([s.obs["critic"] for s in r.shown])
    np.testing.assert_array_equal(obs_TEL[..., -2], r.reads("qacc")[..., 1])
    np.testing.assert_array_equal(obs_TEL[..., -1], r.reads("qfrc_actuator")[..., 0])
    for i, name in enumerate(NAMES):
        want_TE = obs_TEL[..., 0] * (i + 2) + obs_TEL[..., 1]
        np.testing.assert_allclose(obs_TEL[..., 2 + 2 * i], want_TE, rtol=1e-5, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(
            obs_TEL[1:, :, 3 + 2 * i], np.diff(want_TE, axis=0), rtol=1e-4, atol=1e-5, err_msg=name
        )
