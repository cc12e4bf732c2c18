"""From a spec to environments in Python: `compile` and `make`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ksim_spec.api.arguments import (
    PathLike,
    Settings,
    bad_argument,
    count,
    log_warnings,
    path_of,
    profile_of,
    set_lines,
    word,
)
from ksim_spec.viewer.gl import import_mujoco

if TYPE_CHECKING:
    from ksim_spec.compiler import Compiled
    from ksim_spec.task.env import Env


def compile(
    spec: PathLike, out: PathLike | None = None, *, profile: str | None = None, set: Settings | None = None
) -> Compiled:
    """Returns the compiled task of a spec: `.program`, `.source` (the functions that training runs), `.contract`,
    `.files` by name; with `out` these are also written into that folder.

    Raises SpecError with every finding where the spec has errors, and where the folder cannot be written.
    """
    import_mujoco()
    from ksim_spec.compiler import compile_spec, write_compiled

    compiled = compile_spec(path_of(spec, "spec"), profile=profile_of(profile), sets=set_lines(set))
    if out is not None:
        write_compiled(compiled, path_of(out, "out"))
    return compiled


def make(
    spec: PathLike | Compiled,
    *,
    num_envs: int = 1,
    backend: str = "auto",
    profile: str | None = None,
    set: Settings | None = None,
) -> Env:
    """Returns `num_envs` environments to step from Python, the same that training steps.

    `state = env.reset(0)`, then `state = env.step(state, action)` with actions of shape (num_envs, action_size): see
    `Env` and `State`. `spec` is a spec, what `compile` returned (`profile` and `set` belong there, then), or a compiled
    folder. Raises SpecError where the spec has errors or the engine cannot run it.
    """
    import_mujoco()
    from ksim_spec.compiler import Compiled
    from ksim_spec.runs.start import make_env

    given = spec if isinstance(spec, Compiled) else path_of(spec, "spec")
    built = isinstance(given, Compiled) or given.is_dir()
    if built and (profile is not None or set):
        raise bad_argument("`profile` and `set` change a spec, and this is a compiled one", "give them to `compile`")
    num_envs = count(num_envs, "num_envs")
    return make_env(
        given, num_envs, word(backend, "backend"), profile=profile_of(profile), sets=set_lines(set), notify=log_warnings
    )
