"""Questions about this machine, each asked in a process of its own: a broken driver ends that process, not ours."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

Status = Literal["ok", "missing", "broken"]
_TIMEOUT_S = 120.0
# Needed by every installation first, then those that an extra adds; what an engine needs is said with the engine.
REQUIRED = ("jax", "jaxlib", "mujoco", "mujoco-mjx", "numpy", "equinox", "optax", "pydantic", "lark", "typer")
OPTIONAL = {"pygls": "lsp"}

_DEVICES = """
import jax
print(", ".join(f"{d.platform}:{d.id} {d.device_kind}" for d in jax.devices()))
"""
_FFMPEG = """
import imageio_ffmpeg
print(f"ffmpeg {imageio_ffmpeg.get_ffmpeg_version()}")
"""


@dataclass(frozen=True)
class Finding:
    """The answer to one question: what was asked about, whether it works here, and a line of detail or of why not."""

    group: str
    name: str
    status: Status
    detail: str


def examine() -> list[Finding]:
    """Returns every finding, in the order to show them. Takes a few seconds: importing JAX alone takes two."""
    from ksim_spec.physics.registry import ENGINES
    from ksim_spec.viewer.gl import backends

    asked: list[tuple[str, str, str]] = [
        *(("engines", name, engine_program(name)) for name in sorted(ENGINES)),
        ("devices", "jax", _DEVICES),
        ("video", "encoder", _FFMPEG),
    ]
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2)) as pool:
        answers = [pool.submit(ask, *question) for question in asked]
        drawing = [pool.submit(_rendering, backend) for backend in backends(os.environ)]
        found = [a.result() for a in (*answers, *drawing)]
    return [*_packages(), *found]


def engine_program(name: str) -> str:
    """Returns the program that tries an engine out, as its own description says."""
    return f"from ksim_spec.physics.registry import probe\nprint(probe({name!r}))"


def ask(group: str, name: str, program: str) -> Finding:
    """Runs a Python program; its last line of output is the detail, and of its errors the reason."""
    command = [sys.executable, "-c", program]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Finding(group, name, "broken", f"no answer after {_TIMEOUT_S:.0f} s")
    if done.returncode == 0:
        return Finding(group, name, "ok", _last_line(done.stdout))
    why = _last_line(done.stderr) or f"ended with status {done.returncode}"
    status: Status = "missing" if why.startswith(("ModuleNotFoundError", "ImportError")) else "broken"
    return Finding(group, name, status, why)


def _rendering(backend: str) -> Finding:
    from ksim_spec.viewer.video import probe

    why = probe(backend)
    return Finding("video", f"MUJOCO_GL={backend}", "broken" if why else "ok", why or "draws without a display")


def _packages() -> list[Finding]:
    from ksim_spec.version import __version__

    found = [
        Finding("installed", "ksim", "ok", __version__),
        Finding("installed", "python", "ok", f"{platform.python_version()}, {platform.platform(terse=True)}"),
    ]
    found += [_package(name, "needed: pip install -e .") for name in REQUIRED]
    return found + [_package(name, f"optional: pip install -e '.[{extra}]'") for name, extra in OPTIONAL.items()]


def _package(name: str, how: str) -> Finding:
    try:
        return Finding("installed", name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding("installed", name, "missing", how)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def to_json(findings: list[Finding]) -> str:
    """Returns the findings as JSON with `schema_version`, grouped as they are shown."""
    groups: dict[str, list[dict[str, str]]] = {}
    for f in findings:
        groups.setdefault(f.group, []).append({"name": f.name, "status": f.status, "detail": f.detail})
    return json.dumps({"schema_version": 1, **groups}, indent=2)
