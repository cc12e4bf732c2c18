"""Hovers and inlay hints."""

from __future__ import annotations

import pytest

from ksim_spec.ide import docs
from ksim_spec.ide.hover import hover
from ksim_spec.ide.inlay_hints import hints
from ksim_spec.language import word_docs
from ksim_spec.language.blocks.registry import blocks, header_takes, line_takes
from ksim_spec.language.distributions import SIGNATURES
from ksim_spec.language.functions import FUNCTIONS
from ksim_spec.language.selectors import SELECTORS
from ksim_spec.language.temporal_functions import OPERATORS
from ksim_spec.syntax.keywords import (
    ATTRIBUTES,
    CLAUSES,
    DIRECTIVES,
    FLAGS,
    NESTED_WORDS,
    SECTIONS,
    clauses_of,
    sections_in,
)
from tests.ide.helpers import at, edited, snapshot


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("  v|       = base.linvel", ["v: [xyz 3] m/s in base.heading", "simulator only"]),
        ("gaussian(|v.xy - velocity.xy, 0.5 m/s) ", ["v: [xyz 3] m/s in base.heading"]),
        ("base.angvel.z - velocity.y|aw, 0.5", ["rad/s"]),
        ("legs.po|s - home.pos", [".pos: [joint 12] rad", "joint position", "left_knee"]),
        ("sum(square(hip|s.pos))", ["hips: 2 joints", "`left_hip_roll`: hinge", "deg", "driven by"]),
        ('base  = body("tor|so")', ["1 of", "`torso`: below `world`"]),
        ('"*_kn|ee"', ["2 of", "`left_knee`: hinge"]),
        ("gaus|sian(v.xy - velocity.xy, 0.5 m/s) ", ["gaussian(", "→ plain number"]),
        ("ph|ase(1.4 Hz)", ["phase(frequency, start?)"]),
        ("world.down| in base", ["plain number"]),
        ("> 60 de|g", ["60 deg = 1.0472 rad", "degree"]),
        ("physics_step = 4 m|s", ["4 ms = 0.004 s", "millisecond"]),
        (
            "num_en|vs                     =",
            ["num_envs: whole number", "environments side by side", "default `1024`", "at least 1"],
        ),
        ("learning_rate_sch|edule", ["constant | linear | adaptive"]),
        ("  joint_ve|l = legs.vel", ["observation [18:30]"]),
        ("  linv|el  = v", ["observation [47:50]"]),
        ("  ali|ve        = 1", ["adds 0.5/s, 0.01/step, 10 over a whole episode", "value 1, adds 0.5 /s"]),
        ("  track_lin|ear = gaussian", ["value 0 .. 1, adds 0 .. 2 /s", "of the most", "at full command earns 0.0"]),
        ("    boun|ce      =", ["-0.05 → -0.5/s"]),
        ('geom("fl|oor")', ["geoms"]),
        ('geom("floor").fric|tion', ["sliding friction"]),
        ("legs.k|p ", ["stiffness of the joint's position servo", "(Nm"]),
        ("rew|ard {", ["reward", "each term times its weight"]),
        ("  zer|o with", ["zero", "at once"]),
        ("  gro|up costs", ["share a factor"]),
        ("group costs wei|ght cost", ["a factor on the weights inside"]),
        ("bounce      = square(base.linvel.z)                         wei|ght", ["what a value of 1 adds"]),
        ("around home  sca|le", ["how far an action of 1"]),
        ("noise normal(0.2 rad/s)  sca|le", ["a factor on an observation"]),
        ("tru|ncate", ["what the critic expects"]),
        ("ta|sk walk", ["a line that says what it is for"]),
    ],
)
def test_a_hover_says_what_a_thing_is(marked: str, expected: list[str]):
    here, offset = at(marked)
    found = hover(here, offset)
    assert found is not None and found.start <= offset <= found.end
    for text in expected:
        assert text in found.text, found.text


def test_a_library_function_is_hovered_with_its_comment():
    here, offset = edited("sum(square(delta(action)))", "std.act|ion_rate(action)")
    found = hover(here, offset)
    assert found is not None and "std.action_rate(a)" in found.text and "Change of the action" in found.text


def test_nothing_is_said_about_nothing():
    assert hover(*at("|\nworld {")) is None
    assert hover(snapshot(""), 0) is None


def test_every_function_of_the_language_has_a_text():
    for name in (*FUNCTIONS, *OPERATORS, *SIGNATURES, *SELECTORS, *(f"std.{n}" for n in docs.library_names())):
        doc = docs.function_doc(name)
        assert doc is not None and doc.text and doc.signature.startswith(name), name
    assert docs.function_doc("nonsense") is None and docs.function_doc("std.nonsense") is None


def test_hints_show_slices_and_effective_weights():
    here = snapshot()
    found = {here.text[: h.offset].rsplit("\n", 1)[1].split()[0]: h.text for h in hints(here, 0, len(here.text))}
    assert found["gyro"] == "[0:3]" and found["clock_cos"] == "[46:47]" and found["flight"] == "[53:55]"
    assert found["track_linear"] == "2/s, 0.04/step" and found["upright"] == "-0.5 → -5/s, -0.01 → -0.1/step"
    assert hints(here, 0, 10) == []


def test_hints_stay_while_another_line_is_broken():
    here, _ = edited("  gait    = phase(1.4 Hz)", "  gait    = phase(1.4 |kg)")
    assert "[0:3]" in [h.text for h in hints(here, 0, len(here.text))]


def test_every_word_of_the_language_says_what_it_means():
    opening = [("", w) for w in (*SECTIONS, *DIRECTIVES, "fn", "override", *clauses_of(""))]
    inside = [(b, w) for b in (*SECTIONS, *NESTED_WORDS) for w in (*clauses_of(b), *sections_in(b))]
    assert [w for block, w in opening + inside if not word_docs.line(w, block)] == []
    every = [*blocks(), *(inner for b in blocks() for inner in b.nested)]
    tables = [
        t for b in every for t in (b.settings, b.header, b.takes, *(line.takes for line in b.lines.values())) if t
    ]
    assert all(meaning for table in tables for meaning in table.values())


def test_every_word_that_is_explained_exists_and_every_word_is_taken_somewhere():
    assert set(word_docs.LINES) <= {*SECTIONS, *DIRECTIVES, "fn", "override", *CLAUSES[""]}
    every = {b.keyword: b for outer in blocks() for b in (outer, *outer.nested)}
    assert set(every) == {*SECTIONS, *NESTED_WORDS}
    for word, block in every.items():
        assert {w for w in block.lines if w not in block.settings} == set(clauses_of(word))
    taken = {w for word, b in every.items() for w in (*header_takes(word), *line_takes(word))}
    taken |= {w for b in every.values() for line in b.lines.values() for w in line.takes or ()}
    assert taken == {*ATTRIBUTES, *FLAGS, "in"}
