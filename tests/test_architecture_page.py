"""docs/architecture.md says what is so: its paths and names are there, and what it quotes of `walk` is what is compiled."""

import ast
import math
import re
from pathlib import Path

import jax.numpy as jnp
import pytest

import ksim_spec as ks
from ksim_spec.language.load import Trace, load_spec
from ksim_spec.linter.context import Subject
from ksim_spec.robot.index import RobotIndex
from ksim_spec.task.functions import Moment, TaskFunctions
from ksim_spec.task.module import load_module
from tests.test_architecture import ROWS as ROOMS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:ksim_spec|tests|benchmarks|docs|specs|grammar)/[\w/.]+)`(?: `([\w.]+)`)?", PAGE)))
ROWS = re.findall(r"^\| +(\d+) \| (.+?\?) \| (.+?) \|$", PAGE, re.M)
WALK = ROOT / "specs" / "walk.ksim"
COMPILED = ks.compile(WALK).files


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


def test_the_rows_of_rooms_are_those_that_hold():
    table = PAGE.partition("| | room | what it does |\n")[2].partition("\n\n")[0]
    rows: list[set[str]] = []
    for line in table.splitlines()[1:]:
        number, rooms = line.split("|")[1:3]
        if number.strip():
            rows.append(set())
        rows[-1] |= {re.sub(r"\.py$|/$", "", room) for room in re.findall(r"`([\w./]+)`", rooms)}
    assert rows == [set(row) for row in ROOMS]


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
    assert words in [own.split() for own in WALK.read_text(encoding="utf-8").splitlines()]


def test_the_values_of_its_parts_are_those_of_the_checker():
    seen: dict = {}
    load_spec(WALK, trace=Trace(seen=seen))
    text = WALK.read_text(encoding="utf-8")
    start = text.index("track_linear")
    end = text.index("\n", start)
    inside = {s: thing for s, thing in seen.items() if s.file == str(WALK) and start <= s.start < end}
    known = {text[s.start : s.end]: thing.describe() for s, thing in inside.items() if hasattr(thing, "describe")}
    table = PAGE.partition("| text | value |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(.+)` \| `(.+)` \|$", table, re.M)
    assert len(rows) == 6 and [(part, known.get(part)) for part, _ in rows] == rows


def test_the_term_lies_where_the_page_says():
    program = load_spec(WALK).require()
    fact = Subject(program, RobotIndex.load(program.robot_path)).rewards["track_linear"]
    assert fact.value == (0.0, 1.0) and fact.adds == pytest.approx((0.0, 2.0))


def test_the_numbers_of_the_term():
    functions = TaskFunctions(load_module(COMPILED["task.py"], "page_task.py"), 1)
    sim = {
        name: jnp.zeros((1, 64)) for name in functions.about["reads"]
    }  # longer than any of them; only its start is read
    sim["qpos"] = sim["qpos"].at[0, 3].set(1.0)
    sim["qvel"] = sim["qvel"].at[0, :2].set(jnp.array([0.4, 0.1]))
    command = {"velocity": {"x": jnp.array([0.5]), "y": jnp.array([0.3]), "yaw": jnp.zeros(1)}}
    samples = {name: jnp.zeros((1, *shape)) for name, (_, _, shape) in functions.about["streams"].items()}
    action = jnp.zeros((1, functions.about["action_size"]))
    moment = Moment(sim, action, command, jnp.zeros(1), {}, samples)
    temporal, _ = functions.advance(moment, None, functions.params)
    total, terms = functions.rewards(moment._replace(temporal=temporal), functions.params)
    paid = math.exp(-0.2) * 2.0 * 0.02
    assert float(terms["track_linear"][0]) == pytest.approx(paid, rel=1e-5)
    assert float(total[0]) == pytest.approx(sum(float(term[0]) for term in terms.values()), rel=1e-4)
    assert f"exp(-0.2) = {math.exp(-0.2):.3f}" in PAGE and f"= {paid:.4f} in this step" in PAGE
