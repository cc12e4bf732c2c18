"""Who is the robot: the trees of moving bodies that hold a joint which an actuator moves. All else is its world.

A tree begins at the first body below the world, or below what is fixed to it, that has a joint. An object that floats,
a door and a drawer are trees of their own, without actuators. A spec's alias `base` adds the tree that it names.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksim_spec.robot import elements as el
from ksim_spec.robot.index import RobotIndex


def welds(index: RobotIndex) -> list[int]:
    """Returns for each body the one that it moves with: itself with a joint, else its parent's; 0 is the world."""
    moved = {j.body for j in index.joints}
    found: list[int] = []
    for b in index.bodies:
        own = b.id in moved or b.attrs.get("mocap") == "true"
        found.append(b.id if own else found[b.parent] if b.id else 0)
    return found


def trees(index: RobotIndex) -> list[int]:
    """Returns for each body the first body of its tree; 0 for what does not move."""
    found: list[int] = []
    for b, weld in zip(index.bodies, welds(index), strict=True):
        above = found[b.parent] if b.id else 0
        found.append(above or weld)
    return found


def robot_bodies(index: RobotIndex, base: str = "") -> tuple[int, ...]:
    """Returns the ids of the robot's bodies; all that move where nothing says which are.

    `base` is the body that the spec calls so.
    """
    of = trees(index)
    named = index.find("body", base)
    mine = {of[body] for body in [*actuated(index), *([named.id] if named else [])]} - {0}
    return tuple(b for b, tree in enumerate(of) if tree and (tree in mine or not mine))


def floating_base(index: RobotIndex, base: str = "") -> el.Body | None:
    """Returns the robot's body on a free joint: `base` if it is one, else the one that carries most actuated joints."""
    of, own = trees(index), robot_bodies(index, base)
    load = [of[body] for body in actuated(index)]
    free = [index.bodies[j.body] for j in index.joints if j.type == "free" and j.body in own]
    return max(free, key=lambda b: (b.name == base, load.count(of[b.id])), default=None)


def actuated(index: RobotIndex) -> list[int]:
    """Returns the bodies that actuators move, one for each joint, site or body that an actuator works on."""
    return [body for a in index.actuators for body in works_on(index, a)]


def works_on(index: RobotIndex, actuator: el.Actuator) -> Iterator[int]:
    """Yields the bodies of the joint, site or body that an actuator works on, of all that its tendon runs along."""
    words = {"joint": "joint", "jointinparent": "joint", "site": "site", "slidersite": "site", "cranksite": "site"}
    if actuator.transmission == "tendon":
        for kind, name in _path(index, actuator.target):
            yield from _body(index, kind, name)
        return
    yield from _body(index, words.get(actuator.transmission, actuator.transmission), actuator.target)


def _body(index: RobotIndex, kind: str, name: str) -> Iterator[int]:
    found = index.find(kind, name)
    if isinstance(found, el.Attached):
        yield found.body
    elif isinstance(found, el.Body):
        yield found.id


def _path(index: RobotIndex, tendon: str) -> Iterator[tuple[str, str]]:
    """Yields kind and name of what a tendon runs along."""
    for node in index.tree.root.walk():
        if node.tag in ("fixed", "spatial") and node.attrs.get("name") == tendon:
            for part in node.children:
                yield from ((k, part.attrs[k]) for k in ("joint", "site", "geom") if k in part.attrs)
