"""What README and docs say is so: tables, examples, commands, links."""

import importlib.util
import re
from pathlib import Path

import pytest

from ksim_spec.cli.commands import COMMANDS
from ksim_spec.language.load import load_text
from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import parse_file

ROOT = Path(__file__).parents[2]
PAGE, README = (ROOT / "docs" / "language.md").read_text(), (ROOT / "README.md").read_text()
WALK = ROOT / "specs" / "walk.ksim"
PAGES = [f"docs/{name}.md" for name in ("architecture", "extending", "language", "results", "review", "rules/README")]


def generator():
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(page: str) -> list[str]:
    return re.findall(r"^```ksim\n(.*?)^```", page, re.M | re.S)


def test_the_tables_are_current():
    assert generator().generated(PAGE) == PAGE, "run: python docs/generate.py"


def test_the_index_of_rules_is_current():
    made = generator()
    page = made.RULE_INDEX.read_text()
    assert made.generated(page, made.RULE_TABLES) == page, "run: python docs/generate.py"
    assert set(re.findall(r"<!-- table: (\w+) -->", page)) == set(made.RULE_TABLES)


def test_the_table_of_rules_in_the_code_is_that_of_the_pages():
    made = generator()
    assert made.RULE_TABLE.read_text() == made.rule_table(), "run: python docs/generate.py"


def test_the_results_are_those_of_the_record():
    made = generator()
    page, record = made.RESULTS.read_text(), made.record()
    assert made.generated(page, made.RESULT_TABLES) == page, "run: python docs/generate.py"
    assert (
        set(re.findall(r"<!-- table: (\w+) -->", page)) == set(record) == {p.stem for p in WALK.parent.glob("*.ksim")}
    )
    for task, runs in record.items():
        assert [run["seed"] for run in runs] == list(range(len(runs)))
        assert all(run["passed"] and re.fullmatch(r"[0-9a-f]{40}", run["commit"]) for run in runs)
        (row,) = [line for line in README.splitlines() if line.startswith(f"| [{task}](specs/")]
        checks = [check for run in runs for check in run["checks"].items()]
        shown = {f"{v:.3f}" for _, v in checks} | {f"{100 * v:.1f} %" for text, v in checks if text.endswith("%")}
        numbers = re.findall(r"\d+\.\d %|\d\.\d{3}", row)
        assert numbers and set(numbers) <= shown


def test_every_table_of_the_generator_is_on_the_page():
    assert set(re.findall(r"<!-- table: (\w+) -->", PAGE)) == set(generator().TABLES)


def in_walk(block: str) -> str:
    """Returns the walk spec with the sections of a block in place of its own ones of the same name."""
    walk = WALK.read_text()
    mine, _ = parse_file(SourceFile("block", block))
    replaced = {(s.keyword, s.name) for s in mine.items if isinstance(s, ast.Section)}
    tree, _ = parse_file(SourceFile("walk", walk))
    for s in reversed(tree.items):
        if isinstance(s, ast.Section) and (s.keyword, s.name) in replaced:
            walk = walk[: s.span.start] + walk[s.span.end :]
    return f"{walk}\n{block}"


@pytest.mark.parametrize("block", [b for b in blocks(PAGE) if not b.startswith("task")])
def test_the_examples_check(block):
    text = in_walk(block)
    loaded = load_text(text, "walk.ksim", WALK)
    # what walk misses that the example need not declare is not the example's fault
    own = [d for d in loaded.diagnostics if d.severity == "error" and d.span.start >= len(text) - len(block)]
    assert own == []


@pytest.mark.parametrize("block", [*blocks(PAGE), *blocks(README)])
def test_the_examples_parse(block):
    assert parse_file(SourceFile("block", block))[1] == []


def plain_lines(text: str) -> list[str]:
    """Returns lines without alignment and with any number as a weight, which is what tuning changes."""
    return [re.sub(r"weight -?[\d.e-]+", "weight #", " ".join(line.split())) for line in text.splitlines()]


def test_the_readme_shows_the_walk_spec_but_for_weights():
    known = set(plain_lines(WALK.read_text()))
    (block,) = blocks(README)
    shown = plain_lines(block)
    assert [line for line in shown if line not in known and not line.startswith("# …")] == []


def test_the_readme_lists_the_commands_there_are():
    listed = set(re.findall(r"^\| `ksim ([\w-]+)", README, re.M))
    assert listed == {c.name for c in COMMANDS}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *PAGES])
def test_links_lead_somewhere(page):
    for target in re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", (ROOT / page).read_text()):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / page).parent / file if file else ROOT / page
        assert path.exists(), target
        assert not anchor or anchor in headings(path.read_text()), target


def headings(text: str) -> set[str]:
    """Returns the anchors of a page."""
    return {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", text, re.M)}
