"""Finds in the code every rule that ksim can report, so that the tables of rules can be held against it."""

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "ksim_spec"
_CODE = re.compile(r"K[SD]\d{3}")


def emitted(package: Path = PACKAGE) -> tuple[set[str], list[str]]:
    """Returns the names of rules used outside their tables, and where a code stands as a text, which no check sees.

    A rule is used as `rules.NAME` or `change_rules.NAME`.
    """
    found: set[str] = set()
    loose: list[str] = []
    for path in sorted(package.rglob("*.py")):
        if path.parent.name == "rules":
            continue  # the tables themselves
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if node.value.id in ("rules", "change_rules") and node.attr.isupper():
                    found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
                loose.append(f"{path.name}:{node.lineno} {node.value}")
    return found, sorted(loose)


def called(slug: str) -> str:
    """Returns the name under which the rule of a slug stands in the code."""
    return slug.upper().replace("-", "_")
