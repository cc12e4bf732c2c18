"""Contracts of older schema versions as the newest has them, as far as they say it."""

from __future__ import annotations

from typing import Any

from ksim_spec.contract.extract import declared_digest
from ksim_spec.contract.placed import SIZES, from_numbers
from ksim_spec.contract.schema import SCHEMA_VERSION, Contract

READABLE = (2,)


def upgraded(plain: dict[str, Any]) -> dict[str, Any]:
    """Returns the JSON values of a contract of a version in `READABLE` in the newest version.

    Version 2 did not say where free and ball joints start. Its keyframes do, for joints that have a name; for others
    `placed` stays None.
    """
    try:
        placed = _placed(plain["reset"], plain["model"])
        return {**plain, "schema_version": SCHEMA_VERSION, "reset": {**plain["reset"], "placed": placed}}
    except (LookupError, TypeError, AttributeError, ValueError):
        return {**plain, "schema_version": SCHEMA_VERSION}  # no contract: validation says what is wrong with it


def restated(whole: Contract) -> Contract:
    """Returns an upgraded contract with the digest that its declaration has in the newest version."""
    return whole.model_copy(update={"hashes": {**whole.hashes, "declared": declared_digest(whole)}})


def _placed(reset: dict[str, Any], model: dict[str, Any]) -> list[dict[str, Any]] | None:
    kinds: dict[str, list[dict[str, Any]]] = model["elements"]
    many = [j for j in kinds.get("joint", ()) if _type(j) in SIZES.values()]
    frame = next((k for k in kinds.get("keyframe", ()) if k.get("name") == reset.get("keyframe")), None)
    rows = _rows(frame["attributes"].get("qpos", "")) if frame is not None else {}
    if any(frame is not None and j["name"] not in rows for j in many):
        return None
    found = [from_numbers(j["name"], j["parent"], rows.get(j["name"], ())) for j in many]
    return [p.model_dump(mode="json") for p in found]


def _type(joint: dict[str, Any]) -> str:
    return "free" if joint.get("tag") == "freejoint" else str(joint.get("attributes", {}).get("type", ""))


def _rows(text: str) -> dict[str, list[float]]:
    """The numbers of the joints in the text of a keyframe: `root 0 0 1 1 0 0 0; left_knee 0.6`."""
    parts = [part.split() for part in text.split("; ") if part]
    return {name: [float(x) for x in numbers] for name, *numbers in parts}
