"""A training update against the least it could take: its physics alone, and after that its matrix products alone.

    python benchmarks/training_bound.py [SPEC...] [--num-envs N] [--rounds 9]

The physics is replayed as in `task_step.py`. The matrix products are those of the networks' layers and nothing else:
the actor's for every control step, the critic's once an epoch for the targets, and both networks' forward and backward
for every minibatch, with the sizes and row counts of the spec. Prints one JSON line a spec; `update_to_bound` is the
median over rounds in which all three ran in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from ksim_spec.compiler import compile_spec, write_compiled
from ksim_spec.runs.benchmark import Loop, alternate, step_loops, update_loop
from ksim_spec.runs.folder import Folder, make_task, open_folder
from ksim_spec.trainer.policy import make_policy

SPECS = Path(__file__).parents[1] / "specs"
Weights = list[jax.Array]


def layers(network: Any, doubled: bool) -> Weights:
    """Returns the weights of a network; a symmetric one multiplies inputs once by both halves of its first layer."""
    first, *rest = [layer.weight for layer in network.layers]
    return [jnp.concatenate([first, first], 1) if doubled else first, *rest]


def forward(weights: Weights, x: jax.Array, doubled: bool) -> list[jax.Array]:
    """Returns the inputs of every layer and the output of the last."""
    seen = [x]
    for k, w in enumerate(weights):
        x = x @ w
        if doubled and k == 0:
            x = x.reshape(-1, x.shape[1] // 2)
        seen.append(x)
    return seen


def backward(weights: Weights, seen: list[jax.Array], doubled: bool) -> Weights:
    """Returns the products that gradients of the weights are made of."""
    out, g = [], seen[-1]
    for k in reversed(range(len(weights))):
        if doubled and k == 0:
            g = g.reshape(-1, 2 * g.shape[1])
        out.append(seen[k].T @ g)
        if k > 0:
            g = g @ weights[k].T
    return out[::-1]


def products_loop(task: Any, folder: Folder) -> Loop:
    """Returns the matrix products of one update after another."""
    config, policy_config = folder.spec.train, folder.spec.policy
    policy = make_policy(task, policy_config, jax.random.key(0))
    doubled = policy.mirror is not None
    actor, critic = layers(policy.actor, doubled), layers(policy.critic, doubled)
    rows, batch = config.num_env_states, config.num_env_states_per_minibatch
    sizes = task.obs_sizes[task.actor_group], task.obs_sizes[task.critic_group]

    @jax.jit
    def update(weights: tuple[Weights, Weights], x: tuple[jax.Array, jax.Array]) -> Any:
        def act(total: jax.Array, _: None) -> tuple[jax.Array, None]:
            return total + forward(weights[0], x[0][: task.num_envs] + total, doubled)[-1].sum() * 1e-20, None

        def minibatch(both: Any, _: None) -> tuple[Any, None]:
            moved = []
            for w, rows_x in zip(both, x, strict=True):
                d = backward(w, forward(w, rows_x[:batch], doubled), doubled)
                moved.append([a + 1e-20 * b for a, b in zip(w, d, strict=True)])
            return tuple(moved), None

        def epoch(both: Any, _: None) -> tuple[Any, None]:
            total = forward(both[1], x[1], doubled)[-1].sum() * 1e-20
            both = (both[0], [both[1][0] + total, *both[1][1:]])
            return jax.lax.scan(minibatch, both, None, length=config.num_minibatches)[0], None

        total = jax.lax.scan(act, jnp.float32(0), None, length=rows // task.num_envs)[0]
        return total, jax.lax.scan(epoch, weights, None, length=config.num_epochs)[0]

    keys = jax.random.split(jax.random.key(1), 2)
    x = tuple(jax.random.normal(k, (rows, n)) for k, n in zip(keys, sizes, strict=True))
    return lambda: jax.block_until_ready(update((actor, critic), x))


def compare(spec: Path, sets: list[str], rounds: int) -> dict[str, Any]:
    """Returns the rates of physics, matrix products and whole updates, and the median ratio to their bound."""
    with tempfile.TemporaryDirectory() as temporary:
        write_compiled(compile_spec(spec, sets=sets), Path(temporary))
        folder = open_folder(Path(temporary))
        config = folder.spec.train
        task = make_task(folder, config.num_envs, "cpu")
        _, physics = step_loops(task, config.num_env_states // config.num_envs)
        products = products_loop(task, folder)
        update = update_loop(make_task(folder, config.num_envs, "cpu"), folder)
    load, states = os.getloadavg()[0], config.num_env_states
    loops = {"physics": physics, "products": products, "update": update}
    rates = alternate({name: (loop, states) for name, loop in loops.items()}, rounds)
    turns = zip(rates["physics"], rates["products"], rates["update"], strict=True)
    ratios = [u * (1 / p + 1 / m) for p, m, u in turns]
    return {
        "spec": spec.name,
        "num_envs": config.num_envs,
        "num_env_states": states,
        "rounds": rounds,
        **{f"{name}_per_s": round(statistics.median(r)) for name, r in rates.items()},
        "update_to_bound": round(statistics.median(ratios), 3),
        "lowest": round(min(ratios), 3),
        "highest": round(max(ratios), 3),
        "load_before": round(load, 2),
        "load_after": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("specs", nargs="*", type=Path, default=[SPECS / "walk.ksim", SPECS / "trot.ksim"])
    parser.add_argument("--set", dest="sets", action="append", default=[], metavar="PATH=VALUE")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    for spec in options.specs:
        print(json.dumps(compare(spec, options.sets, options.rounds)), flush=True)


if __name__ == "__main__":
    main()
