"""What a spec declares is enumerated once: nothing that the task computes, and no parameter, is outside of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

import ksim_spec as ks
from ksim_spec.ir.node import Node, walk
from ksim_spec.language.declarations import group_names, texts, written
from ksim_spec.language.load import load_spec
from ksim_spec.language.program import Program
from ksim_spec.language.types import Value
from ksim_spec.summary.summary import describe

ROOT = Path(__file__).parents[2]
SPECS = [*sorted((ROOT / "specs").glob("*.ksim")), ROOT / "tests" / "emit" / "everything.ksim",
         ROOT / "tests" / "language" / "good" / "walk.ksim"]  # fmt: skip


def program(path: Path) -> Program:
    return ks.load(path)


def held(value: object) -> Iterator[Node]:
    """Every node in a value, however deep."""
    if isinstance(value, Node | Value):
        yield value if isinstance(value, Node) else value.node
    elif is_dataclass(value) and not isinstance(value, type):
        for f in fields(value):
            if f.name != "limits":  # what is looked at before a run, and not worked out in one
                yield from held(getattr(value, f.name))
    elif isinstance(value, tuple | list):
        for x in value:
            yield from held(x)


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_no_expression_of_a_program_is_left_out(path):
    spec = program(path)
    listed = {node for d in spec.declarations() for _, node in (*d.nodes, *d.parts)}
    assert set(held(spec)) == listed
    assert set(walk(spec.roots())) >= {node for d in spec.declarations() if d.kind != "signal" for _, node in d.parts}
    assert [n for _, n in sorted(spec.named_roots(), key=lambda x: x[1].digest)] == sorted(
        spec.roots(), key=lambda n: n.digest
    )


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_a_declaration_has_one_name_where_it_is_written_and_where_it_is_meant(path):
    spec = program(path)
    names = [d.name for d in spec.declarations()]
    assert len(names) == len(set(names))
    included = {f"observe.{g.name}.{e.name}" for g in spec.observations for e in g.entries} - {
        e.stream for g in spec.observations for e in g.entries
    }
    for d in spec.declarations():
        if d.kind != "check" and d.name not in included:
            assert spec.places[d.name] == d.span, d.name


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_every_parameter_belongs_to_a_declaration(path):
    spec = program(path)
    sections = [i for i in spec.items if getattr(i, "keyword", "") == "reward"]
    groups = set(group_names(sections).values())
    assert {p.owner for p in spec.parameters} <= {d.name for d in spec.declarations()} | groups
    assert sum(len(d.params) for d in spec.declarations()) == sum(p.owner not in groups for p in spec.parameters)


def test_the_listing_of_the_ir_has_every_root():
    listing = ks.compile(ROOT / "tests" / "emit" / "everything.ksim").files["ir.txt"]
    assert isinstance(listing, str)
    labels = {line.split(" <- ")[0] for line in listing.splitlines() if " <- " in line}
    assert labels >= {
        "command.velocity.resample", "command.velocity.zero", "event.push.every", "event.push.0", "reset.0",
        "randomize.0", "curriculum.strength.when", "check.0", "check.3.where", "terminate.fell", "reward.both.weight",
    }  # fmt: skip


MORE = """
event every 5 s { base.linvel.x += uniform(1 m/s) }
reset { base.yaw += uniform(10 deg)   # a comment
}
reward {
  product stand weight 1 per s {
    high  = clip(base.height / (1 m), 0, 1)
    still = exp(-norm(base.linvel) / (1 m/s))
  }
}
"""


@pytest.fixture(scope="module")
def more(tmp_path_factory) -> Path:
    text = SPECS[-1].read_text(encoding="utf-8").replace('"../../../specs', f'"{ROOT}/specs')
    path = tmp_path_factory.mktemp("more") / "spec.ksim"
    path.write_text(text + MORE, encoding="utf-8")
    return path


def test_texts_of_lines_products_and_events_without_a_name(more):
    loaded = load_spec(more)
    found = texts(written(loaded.items), loaded.sources)
    assert found["event.event.0:line"] == "base.linvel.x += uniform(1 m/s)"
    assert found["reset.1:line"] == "base.yaw += uniform(10 deg)"
    assert found["reward.stand:value"].split(" * ")[0].startswith("clip(base.height")
    assert found["reward.stand.still:value"].startswith("exp(-norm(")


def test_show_lists_the_lines_of_an_event_without_a_name(more):
    shown = {e["name"]: e["changes"] for e in describe(ks.compile(more))["events"]}
    assert shown["event"] == ["base.linvel.x += uniform(1 m/s)"]
    assert len(shown["push"]) == 1
