"""A language for robot learning tasks: `import ksim_spec as ks`, then `ks.lint`, `ks.train`, `ks.make` …

Every name is imported when it is first used: `import ksim_spec` loads nothing heavy, and what only reads specs (`load`,
`lint`, `format`, `diff`) never loads JAX. Common to the functions:

- Specs, runs and folders are paths, `str` or `pathlib.Path`.
- `profile` is the name of a profile of the spec. `set` changes the spec as `--set` does: `{"train.num_envs": 64,
  "reward.slip.weight": "-3 per m*s"}`, plain numbers as they are and anything else as the spec would say it.
- `backend` is a physics engine: `cpu`, `mjx`, `warp`, or `auto` for the first that suits the machine.
- `network` is the class of the actor's and the critic's networks in place of what the spec's policy says: an Equinox
  module with the methods of `Network`. A run does not keep it: whoever opens the run gives the same class again.
- A mistake of the caller, in a spec or in an argument, raises `SpecError`: its text and its `diagnostics` say what is
  wrong, where, and what to do.
- Warnings are what `lint` returns. `train` and `make` also log them, with those about the engine, as warnings of the
  logger `ksim_spec`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ksim_spec.api.reading import Findings as Findings
    from ksim_spec.api.reading import diff as diff
    from ksim_spec.api.reading import format as format
    from ksim_spec.api.reading import lint as lint
    from ksim_spec.api.reading import load as load
    from ksim_spec.api.stepping import compile as compile
    from ksim_spec.api.stepping import make as make
    from ksim_spec.api.training import evaluate as evaluate
    from ksim_spec.api.training import open_run as open_run
    from ksim_spec.api.training import play as play
    from ksim_spec.api.training import resume as resume
    from ksim_spec.api.training import train as train
    from ksim_spec.compiler import Compiled as Compiled
    from ksim_spec.diagnostics import Diagnostic as Diagnostic
    from ksim_spec.diagnostics import SpecError as SpecError
    from ksim_spec.differ.diff import DiffResult as DiffResult
    from ksim_spec.language.program import Program as Program
    from ksim_spec.runs.evaluate import Judgement as Judgement
    from ksim_spec.runs.trained_policy import TrainedPolicy as TrainedPolicy
    from ksim_spec.settings import NetworkSettings as NetworkSettings
    from ksim_spec.task.env import Env as Env
    from ksim_spec.task.env import State as State
    from ksim_spec.trainer.network import Network as Network
    from ksim_spec.trainer.network import Sizes as Sizes
    from ksim_spec.trainer.run import TrainResult as TrainResult
    from ksim_spec.version import __version__ as __version__
    from ksim_spec.viewer.video import Video as Video

__all__ = [
    "Compiled", "Diagnostic", "DiffResult", "Env", "Findings", "Judgement", "Network", "NetworkSettings", "Program",
    "Sizes", "SpecError", "State", "TrainResult", "TrainedPolicy", "Video", "__version__", "compile", "diff",
    "evaluate", "format", "lint", "load", "make", "open_run", "play", "resume", "train",
]  # fmt: skip

# Where each name is.
_HOMES = {
    "Compiled": "compiler",
    "Diagnostic": "diagnostics",
    "DiffResult": "differ.diff",
    "Env": "task.env",
    "Findings": "api.reading",
    "Judgement": "runs.evaluate",
    "Network": "trainer.network",
    "NetworkSettings": "settings",
    "Program": "language.program",
    "Sizes": "trainer.network",
    "SpecError": "diagnostics",
    "State": "task.env",
    "TrainResult": "trainer.run",
    "TrainedPolicy": "runs.trained_policy",
    "Video": "viewer.video",
    "__version__": "version",
    **dict.fromkeys(("diff", "format", "lint", "load"), "api.reading"),
    **dict.fromkeys(("compile", "make"), "api.stepping"),
    **dict.fromkeys(("evaluate", "open_run", "play", "resume", "train"), "api.training"),
}


def __getattr__(name: str) -> Any:
    """Returns a public name, imported at its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module `ksim_spec` has no attribute `{name}`")
    from importlib import import_module

    found = getattr(import_module(f"ksim_spec.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
