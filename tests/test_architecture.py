"""The rooms of the package and the arrows between them, as docs/architecture.md has them: a room imports downwards only."""

import ast
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "ksim_spec"
# From the ground up; a room imports rooms of lower rows, and of its own row only without a circle.
ROWS = (
    ("source", "diagnostics", "units", "version", "settings", "_internal"),
    ("rules", "syntax", "ir", "robot"),
    ("language", "formatter"),
    ("analysis", "emit", "contract"),
    ("compiler", "linter", "differ", "summary", "render", "highlight"),
    ("physics", "task", "trainer", "viewer"),
    ("runs", "replay", "ide", "lsp", "cli"),
    ("api",),
)
ROW = {room: i for i, rooms in enumerate(ROWS) for room in rooms}
# Loose files at the top, each a room of its own.
LOOSE = {"source", "diagnostics", "units", "version", "settings", "compiler"}


def modules() -> dict[str, Path]:
    """Returns every module of the package by its dotted name."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> Iterator[tuple[str, bool]]:
    """Yields the modules of the package that a file imports, anywhere in it, and whether only for its annotations."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)]
    typing_only = {id(n) for block in guarded for n in ast.walk(block)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ksim_spec"):
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in known else node.module, id(node) in typing_only
        elif isinstance(node, ast.Import):
            yield from ((a.name, id(node) in typing_only) for a in node.names if a.name in known)


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def graph(with_typing: bool) -> dict[str, set[str]]:
    known = modules()
    return {
        name: {to for to, only in imports(path, known) if (with_typing or not only) and to != name}
        for name, path in known.items()
    }


def circles(arrows: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Returns pairs that reach each other."""
    reached: dict[str, set[str]] = {}
    for start in arrows:
        seen, stack = set(), [start]
        while stack:
            for to in arrows.get(stack.pop(), ()):
                if to not in seen:
                    seen.add(to)
                    stack.append(to)
        reached[start] = seen
    return [(a, b) for a, b in combinations(sorted(arrows), 2) if b in reached[a] and a in reached[b]]


def rooms(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, targets in arrows.items():
        if room(name) in ROW:
            found.setdefault(room(name), set()).update(
                room(t) for t in targets if room(t) in ROW and room(t) != room(name)
            )
    return found


def test_the_search_for_circles_finds_them():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [("b", "c")]


def test_every_room_has_a_place_and_nothing_else_is_loose():
    there = {
        p.stem if p.suffix else p.name for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()
    }
    assert there - {"__init__"} == set(ROW)
    assert {p.stem for p in PACKAGE.glob("*.py")} - {"__init__"} <= LOOSE


def test_rooms_import_downwards_only():
    arrows = rooms(graph(with_typing=True))
    upward = [(a, b) for a, targets in arrows.items() for b in targets if ROW[b] > ROW[a]]
    assert upward == []
    assert circles(arrows) == []


def test_no_module_imports_itself_by_way_of_others():
    assert circles(graph(with_typing=False)) == []
