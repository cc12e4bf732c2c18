"""A product on `mjx` beside the same on `cpu`: the same starts, actions and draws, so nearly the same observations."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

import ksim_spec as ks
from tests.random_specs.check import Disagreement, compiled
from tests.random_specs.products import Product

ENVS, STEPS = 2, 2
# Solvers and contacts differ: what hangs on forces is not compared, positions and velocities nearly.
FORCES = ("force", "acc", "torque", "sensor", "contact", "time", "rate", "delta")
NEAR = 5e-3


def alike(product: Product, folder: Path, tally: Counter[str]) -> None:
    """Raises Disagreement where the critic of the same product sees something else on `mjx`."""
    task = compiled(product, folder)
    try:
        envs = {name: ks.make(task, num_envs=ENVS, backend=name) for name in ("cpu", "mjx")}
    except ks.SpecError:
        tally["robots that mjx does not take"] += 1
        return
    states: dict[str, Any] = {name: env.reset(1) for name, env in envs.items()}
    rng = np.random.default_rng(1)
    for step in range(STEPS + 1):
        seen = {name: np.asarray(s.observation["critic"]) for name, s in states.items()}
        if not np.isfinite(seen["mjx"]).all():
            raise Disagreement(f"mjx sees {seen['mjx']}")
        at = 0
        for entry, e in zip(task.program.group("critic").entries, product.entries, strict=True):
            a, b = (seen[n][:, at : at + entry.size] for n in ("cpu", "mjx"))
            at += entry.size
            hangs = any(word in e[1].text for word in FORCES) or e[1].condition or "number" in e[1].text
            if not hangs and np.abs(a - b).max() > NEAR * max(1, np.abs(a).max()) * (1 + 10 * step):
                raise Disagreement(f"mjx, step {step}: {e[0]} = {e[1].text}: {b}, and not {a}")
            tally["values on mjx"] += int(not hangs) * ENVS
        action = rng.uniform(-1, 1, (ENVS, product.size)).astype(np.float32)
        states = {name: envs[name].step(s, action) for name, s in states.items()}
        if any(np.asarray(s.done).any() or np.asarray(s.info.fault_E).any() for s in states.values()):
            return
