"""`ksim compile`: writes what training runs, or prints one stage of it."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ksim_spec.cli.exit import UserError, show

if TYPE_CHECKING:
    from ksim_spec.compiler import Compiled

# Stages that are files of the compiled folder; the others are made from it by JAX.
FILES = {"python": "task.py", "ir": "ir.txt", "contract": "contract.json"}


class Stage(StrEnum):
    python = "python"
    ir = "ir"
    jaxpr = "jaxpr"
    hlo = "hlo"
    contract = "contract"


def compile_command(
    spec: Path = typer.Argument(..., metavar="SPEC", help="The spec to compile."),
    out: Path = typer.Option(None, "--out", "-o", metavar="DIR", help="The folder to write; made if it is missing."),
    emit: Stage = typer.Option(None, "--emit", help="Print one stage. jaxpr and hlo are of one control step."),
    profile: str = typer.Option(None, "--profile", help="A profile of the spec to apply."),
    sets: list[str] = typer.Option([], "--set", metavar="PATH=VALUE", help="Change a setting of the spec."),
    num_envs: int = typer.Option(None, "--num-envs", min=1, help="Environments in a jaxpr or hlo."),
    backend: str = typer.Option("auto", "--backend", help="The physics engine in a jaxpr or hlo."),
) -> None:
    from ksim_spec.compiler import compile_spec, write_compiled

    if out is None and emit is None:
        raise UserError("say where to write with `-o DIR`, or what to print with `--emit STAGE`")
    compiled = compile_spec(spec, profile=profile, sets=sets)
    show(compiled.loaded.diagnostics, compiled.loaded.sources)
    if out is not None:
        write_compiled(compiled, out)
        report = sys.stdout if emit is None else sys.stderr
        print(f"{out}: {', '.join(n for n in compiled.files if '/' not in n)}", file=report)
    if emit is None:
        return
    text = compiled.files[FILES[emit]] if emit in FILES else traced(compiled, emit, num_envs, backend)
    assert isinstance(text, str)
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def traced(compiled: Compiled, stage: str, num_envs: int | None, backend: str) -> str:
    """Returns one control step of the whole batch as a jaxpr, or as the HLO that XLA is given.

    Raises SpecError for what the engine cannot do.
    """
    import jax
    import jax.numpy as jnp

    from ksim_spec.runs.start import make_env

    task = make_env(compiled, num_envs or compiled.program.train.num_envs, backend).task
    params = task.params
    state, _ = jax.eval_shape(task.init, jax.random.key(0), params)
    action_EA = jax.ShapeDtypeStruct((task.num_envs, task.action_size), jnp.float32)
    if stage == "jaxpr":
        return str(jax.make_jaxpr(task.step)(state, action_EA, params))
    return jax.jit(task.step).lower(state, action_EA, params).as_text(dialect="hlo")
