"""MJCF default classes: what an element's attributes are once its class and its body's `childclass` have been applied.

A class inherits from the class around it. An element uses its own `class`, else the nearest `childclass` of the bodies
and frames around it, else the top class. The kinds of actuator share one set of defaults, as they do in MuJoCo.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError, suggest
from ksim_spec.robot.mjcf import Node, Tree

ACTUATORS = frozenset(
    [
        "general",
        "motor",
        "position",
        "velocity",
        "intvelocity",
        "damper",
        "cylinder",
        "muscle",
        "adhesion",
        "dcmotor",
        "pid",
        "plugin",
    ]
)
# What the shortcuts have in common; the rest (kp, kv, …) belongs to one shortcut.
SHARED_ACTUATOR = frozenset(
    [
        "ctrlrange",
        "forcerange",
        "actrange",
        "lengthrange",
        "ctrllimited",
        "forcelimited",
        "actlimited",
        "gear",
        "cranklength",
        "group",
        "delay",
        "nsample",
        "interp",
        "user",
        "armature",
        "damping",
    ]
)
TENDONS = frozenset(("spatial", "fixed"))


@dataclass
class DefaultClass:
    """One class: the attributes it sets for each tag, own and inherited."""

    name: str
    parent: DefaultClass | None
    own: dict[str, dict[str, str]] = field(default_factory=dict)

    def resolved(self, tag: str) -> dict[str, str]:
        """Returns the attributes that an element of `tag` starts from."""
        merged = self.parent.resolved(tag) if self.parent else {}
        for key, attrs in self.own.items():
            if key == tag or (tag in TENDONS and key == "tendon"):
                merged.update(attrs)
            elif tag in ACTUATORS and key in ACTUATORS:
                merged.update({k: v for k, v in attrs.items() if k in SHARED_ACTUATOR})
        return merged


class Defaults:
    """All default classes of a model."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._main = DefaultClass("main", None)
        self.classes: dict[str, DefaultClass] = {"main": self._main}
        for section in tree.sections("default"):
            # The top class may carry a name of its own; it is then known under both.
            self.classes[section.attrs.get("class", "main")] = self._main
            self._fill(self._main, section)
        self._cache: dict[tuple[str, str], dict[str, str]] = {}

    def _fill(self, cls: DefaultClass, node: Node) -> None:
        for child in node.children:
            if child.tag == "default":
                name = child.attrs.get("class", "")
                inner = self.classes.setdefault(name, DefaultClass(name, cls))
                self._fill(inner, child)
            else:
                cls.own.setdefault(child.tag, {}).update(child.attrs)

    def attributes(self, node: Node, childclass: str = "main") -> dict[str, str]:
        """Returns a node's attributes with its defaults applied; SpecError for an unknown class."""
        name = node.attrs.get("class", childclass)
        key = (name, node.tag)
        if key not in self._cache:
            if name not in self.classes:
                self._unknown(node, name)
            self._cache[key] = self.classes[name].resolved(node.tag)
        return {**self._cache[key], **node.attrs}

    def of_actuator(self, node: Node) -> list[list[tuple[str, dict[str, str]]]]:
        """Returns what sets an actuator's parameters: tag and attributes by class, outermost first, then its own."""
        cls: DefaultClass | None = self.classes.get(node.attrs.get("class", "main"), self._main)
        chain: list[DefaultClass] = []
        while cls is not None:
            chain.insert(0, cls)
            cls = cls.parent
        classes = [[(tag, attrs) for tag, attrs in one.own.items() if tag in ACTUATORS] for one in chain]
        return [*classes, [(node.tag, node.attrs)]]

    def _unknown(self, node: Node, name: str) -> None:
        known = [c for c in self.classes if c]
        raise SpecError(
            [
                Diagnostic(
                    rules.UNKNOWN_DEFAULT_CLASS,
                    f"unknown default class `{name}`",
                    self._tree.span(node),
                    help=suggest(name, known, "classes"),
                )
            ],
            self._tree.sources,
        )
