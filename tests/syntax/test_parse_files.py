"""Files, blocks, statements, attributes and comments; the north-star file of the design."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import comments, parse_file
from tests.syntax.parse_helpers import clean, only, shape

NORTH_STAR = (Path(__file__).parent / "north_star.ksim").read_text("utf-8")


def attrs(node: object) -> dict[str, str]:
    return {a.word: ", ".join(map(shape, a.values)) for a in node.attrs}  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def sections() -> dict[str, ast.Section]:
    tree = clean(NORTH_STAR)
    assert isinstance(tree.items[0], ast.Directive)
    assert tree.items[0] == ast.Directive("task", "walk", "Follow a velocity command on flat ground")
    found = {f"{s.keyword} {s.name or ''}".strip(): s for s in tree.items if isinstance(s, ast.Section)}
    assert len(found) == len(tree.items) - 1 == 17
    return found


def test_north_star_headers(sections: dict[str, ast.Section]) -> None:
    assert sections["robot"].text == "robots/biped.xml"
    assert attrs(sections["command velocity"]) == {"in": "base.heading"}
    assert attrs(sections["observe critic"]) == {"includes": "actor"}
    assert attrs(sections["event push"]) == {"every": "<5 s .. 10 s>"}
    assert {"world", "action", "observe actor", "train ppo", "profile play", "check"} <= set(sections)


def test_north_star_statements(sections: dict[str, ast.Section]) -> None:
    target = sections["action"].body[0]
    assert isinstance(target, ast.Assign) and shape(target.value) == "position(legs)"
    assert attrs(target) == {"around": "home", "scale": "0.5 rad", "delay": "<0 ms .. 20 ms>"}
    resample, zero = sections["command velocity"].body[3:]
    assert (resample.word, attrs(resample)) == ("resample", {"every": "<4 s .. 8 s>"})
    assert (zero.word, zero.args, attrs(zero)) == ("zero", (), {"probability": "10 %"})
    weights = {s.target.id: attrs(s)["weight"] for s in sections["reward"].body}
    assert weights["slip"] == "-0.1 per m/s per s" and weights["torque"] == "-2e-5 per Nm^2 per s"
    assert attrs(sections["reward"].body[3])["on"] == "event"
    fell, timeout = sections["terminate"].body
    assert isinstance(fell, ast.Entry) and list(attrs(fell)) == ["when", "fail"]
    assert isinstance(timeout, ast.Entry) and timeout.attrs[1] == ast.Attr("truncate")
    friction = sections["randomize"].body[0]
    assert friction.op == "*=" and shape(friction.target) == 'geom("floor").friction'
    assert attrs(friction) == {"per": "episode"}
    level = sections["curriculum"].body[0]
    assert isinstance(level, ast.Entry) and list(attrs(level)) == ["from", "to", "by", "when"]
    assert [type(s).__name__ for s in sections["check"].body] == ["Clause", "ExprStmt", "ExprStmt"]
    noise, event, envs = sections["profile play"].body
    assert noise == ast.Clause("no", (ast.Name("noise"),))
    assert event == ast.Clause("no", (ast.Name("event"), ast.Name("push")))
    assert shape(envs.target) == "train.num_envs"
    assert sections["robot"].body[-1] == ast.Clause("mirror", (ast.String("left_*"), ast.String("right_*")))


@pytest.mark.parametrize("change", [("\n", "\r\n"), ("  ", "\t"), ("task", "\ufefftask")])
def test_line_ends_tabs_and_byte_order_mark_change_nothing(change: tuple[str, str]) -> None:
    assert clean(NORTH_STAR.replace(*change, *([1] if change[0] == "task" else []))) == clean(NORTH_STAR)


def test_one_line_blocks_and_semicolons() -> None:
    text = "profile play { no noise; no event push; train.num_envs = 1 }"
    body = clean(text).items[0].body
    assert [getattr(s, "word", "=") for s in body] == ["no", "no", "="]


def test_directives_functions_and_overrides() -> None:
    items = clean(
        'include "std.ksim"\nextends "base.ksim"\nrobot "r.xml"\nfn f(a, b = 0.2 m) = a + b\n'
        "fn g(\n  a,\n  b = 1,\n) = a\noverride reward.slip.weight = -0.2 per m/s per s\nremove reward.slip\n"
    ).items
    assert items[:3] == (
        ast.Directive("include", None, "std.ksim"),
        ast.Directive("extends", None, "base.ksim"),
        ast.Directive("robot", None, "r.xml"),
    )
    f, g, override, remove = items[3:]
    assert isinstance(f, ast.FnDef) and [p[0] for p in f.params] == ["a", "b"]
    assert f.params[0][1] is None and shape(f.params[1][1]) == "0.2 m" and shape(f.body) == "(a + b)"
    assert isinstance(g, ast.FnDef) and len(g.params) == 2
    assert isinstance(override, ast.Assign) and override.override and shape(override.target) == "reward.slip.weight"
    assert isinstance(remove, ast.Clause) and [shape(a) for a in remove.args] == ["reward.slip"]


def test_nested_blocks() -> None:
    reward = clean("reward {\n product gait weight 2 per s {\n  a = x\n }\n group g scale 2 {\n  b = y\n }\n}\n").items[
        0
    ]
    product, group = reward.body
    assert (product.keyword, product.name, attrs(product)) == ("product", "gait", {"weight": "2 per s"})
    assert (group.keyword, attrs(group)) == ("group", {"scale": "2"})


def test_attribute_and_section_words_stay_free_as_names() -> None:
    text = "weight = scale + feet.contact.in\nreward = noise\nscale.x = every\ncommand = action.delay\n"
    assert [shape(s.target) for s in clean(f"signal {{\n{text}}}\n").items[0].body] == [
        "weight",
        "reward",
        "scale.x",
        "command",
    ]
    assert isinstance(only("duration from 0 to 1", "curriculum"), ast.Entry)
    assert isinstance(only("success when x", "terminate"), ast.Entry)


def test_attribute_values() -> None:
    assert attrs(only("a = x weight -0.1 clip 0 .. 1 shared"))["weight"] == "-0.1"
    assert attrs(only("a = x includes b, c")) == {"includes": "b, c"}
    assert attrs(only('a = x scale { "hip_*": 0.3\n "knee": 0.6 } delay 1 ms')) == {
        "scale": "{hip_*=0.3; knee=0.6}",
        "delay": "1 ms",
    }
    assert attrs(only("a = x shared history 3")) == {"shared": "", "history": "3"}
    site = only('site foot on body("x") at (1 m, 2 m, 3 m)', "robot")
    assert site.args == (ast.Name("foot"),) and attrs(site) == {"on": 'body("x")', "at": "(1 m, 2 m, 3 m,)"}
    assert attrs(only("a = x weight 1 per step")) == {"weight": "1", "per": "step"}


def test_newlines_continue_in_brackets_and_after_operators() -> None:
    body = (
        clean("signal {\n a = f(\n  x where c,\n  y\n )\n b = x +\n  # why\n  y\n c = [\n  1,\n  2\n ]\n}\n")
        .items[0]
        .body
    )
    assert [shape(s.value) for s in body] == ["f(x where c, y)", "(x + y)", "(1, 2,)"]


def test_comments_are_kept() -> None:
    text = "# top\nsignal {\n  a = b  # why\n  # above\n  c = d\n}\n# doc\n# two\nfn f(x) = x\n"
    tree = clean(text)
    assert [s.comment for s in tree.items[0].body] == ["why", "above"]
    assert tree.items[1].doc == "doc\ntwo"
    found = comments(SourceFile("t", text))
    assert [c for _, c in found] == ["top", "why", "above", "doc", "two"]
    assert text[found[1][0].start : found[1][0].end] == "# why"


def test_empty_files() -> None:
    for text in ("", "\n\n", "# only a comment", "\r\n", "\ufeff"):
        assert parse_file(SourceFile("t", text)) == (ast.File(()), [])
