"""Loading a model into MuJoCo's `MjSpec`, whatever its file suffix, with MuJoCo's refusals as SpecError."""

from __future__ import annotations

import re
from pathlib import Path

import mujoco

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.robot.mjcf import decoded, is_utf8
from ksim_spec.source import NOWHERE, SourceFile, SourceMap, Span

LINE = re.compile(r"line (\d+)")
DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def spec_from_file(path: Path) -> mujoco.MjSpec:
    """Returns the MjSpec of a model file; SpecError (KS160) when MuJoCo refuses it.

    MuJoCo takes only `.xml`, `.mjb` and `.urdf` as model files, and only UTF-8, so others are read as text; assets and
    includes are still found beside the file.
    """
    try:
        data = path.read_bytes()
        if path.suffix == ".xml" and is_utf8(data):
            return mujoco.MjSpec.from_file(str(path))
        spec = mujoco.MjSpec.from_string(_undeclared(decoded(data)), include=_texts(path.parent))
        spec.modelfiledir = str(path.parent)
        return spec
    except (ValueError, OSError) as error:
        raise _refused(error, path) from None


def spec_from_text(text: str, assets: dict[str, bytes] | None = None) -> mujoco.MjSpec:
    """Returns the MjSpec of MJCF text and the files it names; SpecError (KS160) when MuJoCo refuses it."""
    try:
        return mujoco.MjSpec.from_string(text, assets=assets or None)
    except ValueError as error:
        raise _refused(error, None) from None


def compile_spec(spec: mujoco.MjSpec, path: Path | None = None) -> mujoco.MjModel:
    """Returns the compiled model; SpecError (KS160) when MuJoCo refuses it."""
    try:
        return spec.compile()
    except ValueError as error:
        raise _refused(error, path) from None


def _texts(directory: Path) -> dict[str, bytes]:
    """Model files that an include might name: MuJoCo reads them from memory when the model itself is text."""
    near = (p for p in (*directory.glob("*"), *directory.glob("*/*")) if p.suffix in (".xml", ".mjcf") and p.is_file())
    return {p.relative_to(directory).as_posix(): _undeclared(decoded(p.read_bytes())).encode() for p in near}


def _undeclared(text: str) -> str:
    """A text without the line that says how its file was encoded, for it is no longer so."""
    return DECLARATION.sub("", text, count=1)


def _refused(error: Exception, path: Path | None) -> SpecError:
    text = " ".join(str(error).split()).removeprefix("Error: ")
    sources, span = SourceMap(), NOWHERE
    line = LINE.search(text)
    if path and path.is_file():
        source = sources.add(SourceFile(str(path), decoded(path.read_bytes()), path))
        span = source.line_span(int(line[1])) if line else Span(source.name, 0, 0)
    return SpecError([Diagnostic(rules.MUJOCO_REFUSED, f"MuJoCo refuses the robot: {text}", span)], sources)
