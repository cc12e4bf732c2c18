"""Finds in the code every (code, slug) pair that ksim can report, so that the registry can be held against it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "ksim_spec"
_CODE = re.compile(r"KS\d{3}")
_SLUG = re.compile(r"[a-z]+(-[a-z]+)*")


def _text(node: ast.expr, pattern: re.Pattern[str]) -> str:
    return (
        node.value
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and pattern.fullmatch(node.value)
        else ""
    )


def _pairs(node: ast.AST) -> Iterator[tuple[ast.expr, str, str]]:
    """Yields each code with its slug: neighbours in a call or a tuple, or the value and key of a table of slugs."""
    beside: list[tuple[ast.expr, ast.expr]] = []
    if isinstance(node, ast.Call):
        beside = list(zip(node.args, node.args[1:], strict=False))
    elif isinstance(node, ast.Tuple):
        beside = list(zip(node.elts, node.elts[1:], strict=False))
    elif isinstance(node, ast.Dict):
        beside = [(value, key) for key, value in zip(node.keys, node.values, strict=True) if key is not None]
    for code, slug in beside:
        if _text(code, _CODE) and _text(slug, _SLUG):
            yield code, _text(code, _CODE), _text(slug, _SLUG)


def emitted(package: Path = PACKAGE) -> tuple[set[tuple[str, str]], list[str]]:
    """Returns every pair of a code and its slug outside the registry, and each code whose slug cannot be read off."""
    found: set[tuple[str, str]] = set()
    loose: list[str] = []
    for path in sorted(package.rglob("*.py")):
        if path.parent.name == "rules" and path.name in ("reading.py", "task.py"):
            continue  # the registry itself
        tree = ast.parse(path.read_text(encoding="utf-8"))
        paired: set[int] = set()
        for node in ast.walk(tree):
            for place, code, slug in _pairs(node):
                paired.add(id(place))
                found.add((code, slug))
        codes = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and _text(n, _CODE) and id(n) not in paired]
        loose += [f"{path.name}:{n.lineno} {n.value}" for n in sorted(codes, key=lambda n: (n.lineno, n.col_offset))]
    return found, loose
