"""Tasks around a robot that a test writes: the blocks that every task needs, and those that the test is about."""

from __future__ import annotations

from pathlib import Path

from ksim_spec.compiler import Compiled, compile_spec
from ksim_spec.diagnostics import Diagnostic
from ksim_spec.language.load import load_text
from ksim_spec.linter.design import designed

SPEC = """task tiny "A task for one test"
robot "robot.xml" {{
{robot}
}}
world {{
{world}
}}
action {{
{action}
}}
observe actor {{
{observe}
}}
reward {{
{reward}
}}
terminate {{ timeout when time > 5 s  truncate }}
reset {{
{reset}
}}
policy {{ actor = mlp(8) }}
train ppo {{ num_envs = 8 }}
{more}
"""
PLAIN = {
    "robot": "",
    "world": "control_step = 20 ms",
    "action": "",
    "observe": "  t = time",
    "reward": "  alive = 1  weight 1 per s",
    "reset": "",
    "more": "",
}


def written(folder: Path, mjcf: str | bytes, **blocks: str) -> Path:
    """Returns the file of a task about a robot, which is written beside it."""
    (folder / "robot.xml").write_bytes(mjcf.encode() if isinstance(mjcf, str) else mjcf)
    path = folder / "tiny.ksim"
    path.write_text(SPEC.format(**PLAIN | blocks), encoding="utf-8")
    return path


def found(folder: Path, mjcf: str | bytes, **blocks: str) -> list[Diagnostic]:
    """Returns what lint finds in a task about a robot, but for the sizes of its training."""
    path = written(folder, mjcf, **blocks)
    loaded = designed(load_text(path.read_text(encoding="utf-8"), str(path), path))
    return [d for d in loaded.diagnostics if d.rule.code[2] != "7"]


def errors(folder: Path, mjcf: str | bytes, **blocks: str) -> list[str]:
    """Returns the codes and messages of the errors that lint finds."""
    return [f"{d.code} {d.message}" for d in found(folder, mjcf, **blocks) if d.severity == "error"]


def compiled(folder: Path, mjcf: str | bytes, **blocks: str) -> Compiled:
    """Returns the compiled task about a robot."""
    return compile_spec(written(folder, mjcf, **blocks))
