"""What the CPU engine costs over bare `mujoco.batch`: the same steps, in turn, in one run.

    python benchmarks/physics_engine.py MODEL.xml [--envs 512] [--substeps 1] [--stage vel] [--changes] [--resets 0.002]

The engine runs inside a jitted `lax.scan` and returns everything it reads to the program; the bare loop writes the same
controls, steps with the same stage and persistence, and leaves the results where MuJoCo puts them. Prints control steps
per second of both and the ratio of the two, median over alternating pairs. Wall time on a busy machine says little, so
processor time is printed beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from mujoco.batch import Batch

from ksim_spec.physics.cpu import CpuEngine, keeps_data
from ksim_spec.physics.cpu_host import NEEDED
from ksim_spec.physics.protocol import EngineConfig, Starts


def bare_loop(
    model: mujoco.MjModel, config: EngineConfig, ctrl_TEKU: np.ndarray, persistent: bool
) -> Callable[[], None]:
    """Returns a function that runs the controls through a batch of its own."""
    batch = Batch(model, config.num_envs, persistent=persistent)
    ctrl = batch.bind("ctrl")
    for name in config.reads:
        batch.bind(name)
    ctrl_TEKU = ctrl_TEKU.astype(np.float64)
    stretch = config.substeps // config.num_controls

    def run() -> None:
        for ctrl_EKU in ctrl_TEKU:
            for k in range(config.num_controls):
                ctrl[...] = ctrl_EKU[:, k]
                last = k == config.num_controls - 1
                batch.step(nstep=stretch, stage=NEEDED[config.stage] if last else 0)

    return run


def engine_loop(
    model: mujoco.MjModel, config: EngineConfig, ctrl_TEKU: np.ndarray, persistent: bool, resets: float
) -> Callable[[], None]:
    """Returns a function that runs the controls through the engine inside one compiled program."""
    engine = CpuEngine(model, config, persistent=persistent)
    qpos = jnp.tile(jnp.asarray(model.qpos0, jnp.float32), (config.num_envs, 1))
    state, _ = jax.jit(engine.init)(Starts(qpos, jnp.zeros((config.num_envs, model.nv))), {})
    take_TE = jnp.asarray(np.random.default_rng(1).random(ctrl_TEKU.shape[:2]) < resets)
    controls = jnp.asarray(ctrl_TEKU)

    @jax.jit
    def roll(state, take_TE, ctrl_TEKU):
        def one(carry, inputs):
            state, total = carry
            state, reads, fault_E = engine.step(state, *inputs)
            return (state, total + sum(x.sum() for x in reads.values()) + fault_E.sum()), None

        return jax.lax.scan(one, (state, jnp.float32(0)), (take_TE, ctrl_TEKU))[0]

    box = [state]

    def run() -> None:
        box[0], total = roll(box[0], take_TE, controls)
        jax.block_until_ready(total)

    return run


def timed(run: Callable[[], None]) -> tuple[float, float]:
    """Returns wall and processor seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mjcf")
    parser.add_argument("--envs", type=int, default=512)
    parser.add_argument("--substeps", type=int, default=1)
    parser.add_argument("--stage", choices=list(NEEDED), default="vel")
    parser.add_argument("--changes", action="store_true", help="another control at every physics step")
    parser.add_argument("--resets", type=float, default=0.0, help="probability that an environment restarts at a step")
    parser.add_argument("--length", type=int, default=25, help="control steps in one turn")
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--persistent", choices=["auto", "yes", "no"], default="auto")
    options = parser.parse_args()
    model = mujoco.MjModel.from_xml_path(options.mjcf)
    config = EngineConfig(options.envs, options.substeps, options.stage, control_changes=options.changes)
    persistent = keeps_data(model, config) if options.persistent == "auto" else options.persistent == "yes"
    low, high = np.where(model.actuator_ctrllimited[:, None], model.actuator_ctrlrange, [-1.0, 1.0]).T
    shape = (options.length, config.num_envs, config.num_controls, model.nu)
    ctrl_TEKU = np.random.default_rng(0).uniform(low, high, shape).astype(np.float32)
    bare = bare_loop(model, config, ctrl_TEKU, persistent)
    engine = engine_loop(model, config, ctrl_TEKU, persistent, options.resets)
    for run in (bare, engine, bare, engine):
        run()
    rows = []
    for pair in range(options.pairs):
        first, second = (bare, engine) if pair % 2 else (engine, bare)
        a, b = timed(first), timed(second)
        rows.append((a, b) if pair % 2 else (b, a))
    steps = options.length * config.num_envs
    print(
        json.dumps(
            {
                **vars(options) | {"mjcf": Path(options.mjcf).name, "persistent": persistent},
                "bare_steps_per_s": round(steps / statistics.median(b[0] for b, _ in rows)),
                "engine_steps_per_s": round(steps / statistics.median(e[0] for _, e in rows)),
                "ratio_wall": round(statistics.median(b[0] / e[0] for b, e in rows), 3),
                "ratio_cpu_time": round(statistics.median(b[1] / e[1] for b, e in rows), 3),
            }
        )
    )


if __name__ == "__main__":
    main()
