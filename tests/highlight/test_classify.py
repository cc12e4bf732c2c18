"""Every class of a text, from a golden example, and on every spec that is shipped."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ksim_spec.highlight.classes import NAMES, STYLES
from ksim_spec.highlight.classify import pieces
from ksim_spec.highlight.vocabulary import vocabulary
from ksim_spec.source import SourceFile
from ksim_spec.syntax.parse import read_file
from ksim_spec.units import UNITS

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("golden.ksim")
SPECS = sorted(
    [
        *(ROOT / "specs").glob("*.ksim"),
        *(ROOT / "benchmarks").rglob("*.ksim"),
        *(ROOT / "ksim_spec").rglob("*.ksim"),
        *(ROOT / "tests").glob("*/*.ksim"),
        *(ROOT / "tests").glob("*/good/*.ksim"),
    ]
)


def classified(text: str) -> list[tuple[str, str]]:
    """Returns the pieces of a text with their classes."""
    return [(text[p.start : p.end], p.name) for p in pieces(read_file(SourceFile("t", text)), text)]


def line(text: str, block: str = "signal") -> str:
    """Returns the classes of one line in a block: `word:class word:class`, without punctuation and operators."""
    found = classified(f"{block} {{\n{text}\n}}\n")
    found = found[found.index(("{", "punctuation")) + 1 :]
    return " ".join(f"{word}:{name}" for word, name in found if name not in ("punctuation", "operator"))


def test_the_golden_example_has_every_class_but_errors():
    found = classified(GOLDEN.read_text(encoding="utf-8"))
    assert {name for _, name in found} == set(NAMES) - {"error"} == set(STYLES) - {"error"}


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("# every class once", "comment"), ("task", "keyword"), ("demo", "title"), ('"words"', "string"),
        ("robot", "block"), ("body", "builtin"), ("nose", "declaration"), ("at", "attribute"), ("fn", "keyword"),
        ("limit", "parameter"), ("m/s", "unit"), ("max", "builtin"), ("up", "quantity"), ("as", "word"),
        ("deg", "unit"), ("time", "special"), ("true", "constant"), ("f", "parameter"), ("feet", "name"),
        ("xy", "member"), ("?", "operator"), ("global", "constant"), ("weight", "attribute"),
        ("2e-5", "number"), ("per Nm^2 per s", "unit"), ("event", "constant"), ("no", "keyword"),
        ("noise", "attribute"), ("env_states", "unit"), ("mod", "word"), ("-", "operator"), ("(", "punctuation"),
    ],
)  # fmt: skip
def test_words_of_the_golden_example(word: str, name: str):
    found = [n for text, n in classified(GOLDEN.read_text(encoding="utf-8")) if text == word]
    assert set(found) == {name}


@pytest.mark.parametrize(
    ("block", "text", "want"),
    [
        ("signal", "scale = action", "scale:declaration action:special"),
        ("signal", "a = weight + scale * 2 m", "a:declaration weight:name scale:name 2:number m:unit"),
        ("signal", "a = noise(b)", "a:declaration noise:function b:name"),
        ("signal", "a = std.lean(b) + x.lean(b)",
         "a:declaration std:special lean:builtin b:name x:name lean:builtin b:name"),
        ("observe actor", "a = b noise normal(1)", "a:declaration b:name noise:attribute normal:builtin 1:number"),
        ("reset", "pose home", "pose:keyword home:name"),
        ("reset", "base.yaw += normal(1 rad)", "base:name yaw:quantity normal:builtin 1:number rad:unit"),
        ("command v", "zero with probability 10 %",
         "zero:keyword with:attribute probability:attribute 10:number %:unit"),
        ("terminate", "fell when x < 1 m  fail", "fell:declaration when:attribute x:name 1:number m:unit fail:attribute"),
        ("train ppo", "clip = 0.2", "clip:setting 0.2:number"),
        ("signal", "clip = 0.2", "clip:declaration 0.2:number"),
        ("profile p", "remove reward.slip", "remove:keyword reward:block slip:member"),
        ("signal", 'a = {"x": 1 m, "y": 2 m}', 'a:declaration "x":string 1:number m:unit "y":string 2:number m:unit'),
    ],
)  # fmt: skip
def test_a_word_is_what_its_place_makes_it(block: str, text: str, want: str):
    assert line(text, block) == want


def test_names_in_a_header():
    found = classified("observe critic includes actor {\n}")
    assert [name for _, name in found[:4]] == ["block", "title", "attribute", "title"]


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_pieces_cover_a_spec_in_order_without_errors(path: Path):
    text = path.read_text(encoding="utf-8")
    found = pieces(read_file(SourceFile(path.name, text)), text)
    assert all(a.end <= b.start for a, b in zip(found, found[1:], strict=False))
    assert "error" not in {p.name for p in found}
    covered = {k for p in found for k in range(p.start, p.end)}
    assert not "".join(c for k, c in enumerate(text) if k not in covered).strip(" \n;")


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_pieces_of_broken_texts_stay_in_order(path: Path):
    text = path.read_text(encoding="utf-8")
    for k in range(8):
        rng = random.Random(f"{path.stem}{k}")
        start, size = rng.randrange(len(text)), rng.randrange(1, 9)
        broken = text[:start] + text[start + size :] if k % 2 else text[:start]
        found = pieces(read_file(SourceFile("t", broken)), broken)
        assert all(p.start < p.end <= len(broken) for p in found)
        assert all(a.end <= b.start for a, b in zip(found, found[1:], strict=False))


def test_the_vocabulary_is_that_of_the_language():
    words = vocabulary()
    assert words.units == tuple(UNITS) and "std.lean".removeprefix("std.") in words.library
    assert {"gaussian", "prev", "uniform", "joints", "rms", "position", "mlp"} <= set(words.functions)
    assert {"linvel", "heading", "kp", "roll", "gravity"} <= set(words.members)
    assert words.choices["policy"][:2] == ("swish", "elu") and "num_envs" in words.settings["train"]
    assert not set(words.names) & set(words.flags)
