"""Names for what the MJCF leaves unnamed, so that specs, sensors and reports can refer to it."""

from __future__ import annotations

from ksim_spec.robot.elements import Element


def generated_name(kind: str, index: int) -> str:
    """Returns the name that scene composition gives an unnamed element, from its id in the robot's own model."""
    return f"{kind}[{index}]"


def name_of(element: Element) -> str:
    """Returns an element's name in the composed scene: its own, else the generated one."""
    return element.name or generated_name(element.kind, element.id)
