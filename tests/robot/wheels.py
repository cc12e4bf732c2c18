"""The robots inside installed packages: the models that MuJoCo compiles, by package."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import mujoco

PACKAGES = {
    "mujoco-mjx": ("mujoco", "mjx/test_data"),
    "playground": ("mujoco_playground", "_src"),
    "mjlab": ("mjlab", "asset_zoo"),
    "dm_control": ("dm_control", "."),
    "gymnasium": ("gymnasium", "envs/mujoco/assets"),
}


def folder(package: str) -> Path | None:
    """Returns where a package keeps its models, None where it is not installed; it is not imported."""
    module, inside = PACKAGES[package]
    found = find_spec(module)
    place = Path(next(iter(found.submodule_search_locations or [""])), inside) if found else None
    return place if place and place.is_dir() else None


def robots(package: str) -> Iterator[tuple[Path, mujoco.MjModel]]:
    """Yields the files of a package that are whole models, and these; files that others include are none."""
    place = folder(package)
    for path in sorted(place.rglob("*.xml")) if place else ():
        try:
            yield path, mujoco.MjModel.from_xml_path(str(path))
        except ValueError:
            continue
