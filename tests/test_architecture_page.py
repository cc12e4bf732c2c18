"""docs/architecture.md says what is so: its paths and names are there, and what it quotes of `walk` is what is compiled."""

import ast
import re
from pathlib import Path

import pytest

import ksim_spec as ks

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:ksim_spec|tests|benchmarks|docs|specs|grammar)/[\w/.]+)`(?: `([\w.]+)`)?", PAGE)))
ROWS = re.findall(r"^\| +(\d+) \| (.+?\?) \| (.+?) \|$", PAGE, re.M)
COMPILED = ks.compile(ROOT / "specs" / "walk.ksim").files


def defined(path: Path) -> set[str]:
    """Returns what a module defines, methods as `Class.method`, and the names that it gives values."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            inside = node.body if isinstance(node, ast.ClassDef) else ()
            found |= {f"{node.name}.{m.name}" for m in inside if isinstance(m, ast.FunctionDef)}
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        found |= {t.id for t in targets if isinstance(t, ast.Name)}
    return found


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[f"{p}-{n}" for p, n in NAMED])
def test_what_the_page_names_is_there(path: str, name: str):
    assert (ROOT / path).exists()
    assert not name or name in defined(ROOT / path)


def test_every_room_has_a_row():
    rooms = {p.name for p in (ROOT / "ksim_spec").iterdir() if (p / "__init__.py").is_file()}
    table = PAGE.partition("## Rooms")[2].partition("## From text")[0]
    assert rooms <= set(re.findall(r"`(\w+)/`", table))


def test_twenty_questions_have_an_answer_each():
    assert [int(number) for number, _, _ in ROWS] == list(range(1, 21))
    assert all(re.fullmatch(r"`ksim_spec/[\w/]+\.py` `[\w.]+`", answer) for _, _, answer in ROWS)
    assert len({answer for _, _, answer in ROWS}) == 20


def quoted(language: str, after: str) -> list[str]:
    block = re.search(rf"^```{language}\n(.*?)^```", PAGE[PAGE.index(after) :], re.M | re.S)
    assert block is not None
    return block[1].splitlines()


@pytest.mark.parametrize("line", quoted("", "**IR.**"))
def test_the_nodes_are_those_of_the_compiled_spec(line: str):
    assert line in COMPILED["ir.txt"].splitlines()


@pytest.mark.parametrize("line", quoted("python", "**JAX.**"))
def test_the_code_is_that_of_the_compiled_spec(line: str):
    assert line in [own.strip() for own in COMPILED["task.py"].splitlines()]


def test_the_term_stands_in_the_spec():
    (line,) = quoted("ksim", "## One reward term")
    words = line.split()
    assert words in [own.split() for own in (ROOT / "specs" / "walk.ksim").read_text(encoding="utf-8").splitlines()]
