"""Fixes repair what they say, leave comments and the rest alone, and never make a spec worse."""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import ksim_spec as ks
from ksim_spec import rules
from ksim_spec.cli.main import main
from ksim_spec.contract.program_digest import differences, meaning
from ksim_spec.diagnostics import Diagnostic, Edit, Fix
from ksim_spec.language.load import load_text
from ksim_spec.linter import statement_fixes
from ksim_spec.linter.apply_fixes import Repair, applied, repair
from ksim_spec.linter.filter import settled
from ksim_spec.linter.statement_fixes import DERIVED, with_fixes
from ksim_spec.rules import RULES, find
from ksim_spec.rules.pages import page_of
from ksim_spec.source import SourceFile, Span
from ksim_spec.syntax.parse import read_file
from tests.mistakes import Mistake, lint, mistakes
from tests.rules.pages import BASE, completed

ROOT = Path(__file__).parents[2]
WALK = ROOT / "specs" / "walk.ksim"
TEXT = WALK.read_text(encoding="utf-8")


def repaired(text: str, unsafe: bool, path: Path = WALK) -> Repair:
    return repair(text, path, lambda found, sources: settled(path, found, sources), unsafe)


def changed(old: str, new: str) -> str:
    assert old in TEXT, old
    return TEXT.replace(old, new, 1)


@cache
def findings(text: str, path: Path = WALK) -> list[Diagnostic]:
    loaded = lint(text, path)
    return with_fixes(settled(path, loaded.diagnostics, loaded.sources), loaded.sources)


def comments(text: str) -> Counter[str]:
    return Counter(text[c.span.start : c.span.end] for c in read_file(SourceFile("", text)).comments)


# A mistake, and what becomes of it: in `walk`, by every fix.
REPAIRED = [
    ("legs.torque))                      weight", "legs.torqe)) weight", "legs.torque)) weight"),
    ('body("torso")', 'body("torsoo")', 'body("torso")'),
    ("resample every", "resampel every", None),
    ("discount  ", "discont  ", "discount  "),
    ("weight 0.5 per s", "weigth 0.5 per s", "weight 0.5 per s"),
    ("weight 0.5 per s", "weight 0.5", "weight 0.5 per s"),
    ("weight 0.5 per s\n", "\n", "alive        = 1  weight 1.0 per s"),
    ("weight 0.5 per s", "weight 0.5 per s weight 1 per s", "weight 0.5 per s"),
    ("friction 0.8", "fricton 0.8", "friction 0.8"),
    ("4 ms\n", "4 m s\n", None),
    ("sum(square(delta(action)))", "square(delta(action))", "sum(square(delta(action)))"),
    ("base.height - 0.80 m", "base.height - 0.80", "base.height - 0.80 m"),
    ("base.height < 0.5 m", "base.height < 0.5", "base.height < 0.5 m"),
    ("physics_step = 4 ms", "physics_step = 4 msec", None),
    ("0.2 m/s)               weight", "0.2 m / s) weight", "0.2 m/s) weight"),
    ("num_envs                     = 1024", "num_envs = 1000", None),
    ("  previous  = action\n", "", "  previous = action\n}"),
    ("weight -5.0 per s", "weight 5.0 per s", "weight -5.0 per s"),
    ("time >= 20 s                                truncate", "time >= 20 s  fail", "time >= 20 s  truncate"),
    (
        "  timeout when time >= 20 s                                truncate\n",
        "",
        "timeout when time >= 20 s  truncate\n}",
    ),
    (
        "  alive  ",
        "  air = sum(feet.air_time where landing) weight 1 per s per s\n  alive  ",
        "weight 1 per s  on event",
    ),
    ("  alive  ", "  never = sum(max(legs.pos - legs.upper, 0 rad)) weight -1 per rad per s\n  alive  ", "  alive  "),
    ("push_strength * disc", "disc", "curriculum {\n  cost"),
    ("  previous  = action\n", "  previous  = action\n  again = action  # twice\n", "  # twice\n"),
]


@pytest.mark.parametrize(
    ("old", "new", "expected"), REPAIRED, ids=[f"{k}-{r[1].strip()[:24]}" for k, r in enumerate(REPAIRED)]
)
def test_a_mistake_is_repaired(old, new, expected):
    text = changed(old, new)
    before = findings(text)
    done = repaired(text, unsafe=True)
    if expected is None:  # there may be a fix or not: it must not do harm
        assert sum(d.severity == "error" for d in findings(done.new)) <= sum(d.severity == "error" for d in before)
    else:
        assert expected in done.new and done.refused == ()
        assert findings(done.new) == []
    assert repaired(done.new, unsafe=True).new == done.new
    assert not comments(text) - comments(done.new)


def test_what_changes_the_meaning_waits_for_its_flag():
    text = changed("weight -5.0 per s", "weight 5.0 per s")
    assert not repaired(text, unsafe=False).changed and repaired(text, unsafe=True).changed
    assert repaired(text, unsafe=True).effect == "the meaning changes in rewards"


def test_an_unused_signal_goes_and_its_comment_stays():
    text = changed("signal {\n", "signal {\n  idle = base.height  # for later\n  lone = legs.vel\n")
    done = repaired(text, unsafe=False)
    assert "idle" not in done.new and "lone" not in done.new and "# for later" in done.new
    assert [t.split()[0] for t in done.done] == ["KS115", "KS115"] and done.effect == "the meaning is unchanged"


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("  # ksim: allow zero-weight -- tried", ""),
        ("  # ksim: allow zero-weight, sign-surprise -- tried", ""),
        ("  # ksim: allow unit-mismatch -- tried", ""),
    ],
)
def test_suppressions_of_nothing_go(comment, left):
    text = changed("weight 0.5 per s", f"weight 0.5 per s{comment}")
    assert repaired(text, unsafe=False).new == changed("weight 0.5 per s", f"weight 0.5 per s{left}")


def test_of_two_suppressed_rules_the_used_one_stays():
    text = changed("weight 0.5 per s", "weight 0 per s  # ksim: allow sign-surprise, zero-weight -- watched")
    assert "# ksim: allow zero-weight -- watched" in repaired(text, unsafe=False).new


def test_an_angle_without_its_unit_is_given_it_and_means_the_same():
    text = changed("uniform(-180 deg, 180 deg)", "uniform(-3.14 rad, 3.14 rad)").replace("scale 0.5 rad", "scale 0.5")
    done = repaired(text, unsafe=False)
    if done.changed:
        assert "scale 0.5 rad" in done.new and done.effect == "the meaning is unchanged"


@pytest.mark.parametrize("case", mistakes(), ids=lambda c: c.name)
def test_no_fix_makes_a_spec_of_the_corpus_worse(case: Mistake):
    text, path = case.text, case.path
    before = findings(text, path)
    if not any(d.fix for d in before):
        return
    done = repaired(text, unsafe=True, path=path)
    after = findings(done.new, path)
    assert sum(d.severity == "error" for d in after) <= sum(d.severity == "error" for d in before)
    assert not comments(text) - comments(done.new)
    errors = [sum(d.severity == "error" for d in found) for found in (before, after)]
    assert not done.changed or errors[1] < errors[0] or len(after) < len(before)
    helps = {"unknown-name", "unknown-element", "missing-weight", "not-scalar", "unknown-setting", "angle-mismatch"}
    if before[0].slug in helps and len(before) == 1 and path.stem != "level-statistic-unknown":
        assert done.changed and done.refused == ()


SHOWN = [r for r in RULES if (page := page_of(r)) is not None and page.fails is not None]
# Rules of which a finding brings a fix, in some case or other.
FIXED = """
unknown-section unknown-word unknown-name unknown-element unknown-member unknown-function unused-signal
unknown-setting duplicate-attribute not-scalar not-a-value nothing-drawn missing-unit unknown-unit angle-mismatch
spaced-unit ambiguous-weight missing-weight never-nonzero duplicate-term zero-weight constant-reward sign-surprise
negligible-term event-as-rate only-costs constant-observation duplicate-observation unobserved-action never-fires
unit-mismatch always-fires no-time-limit time-limit-as-failure beyond-episode changes-nothing unused-level unused-command
impossible-batch unused-suppression unknown-rule suppressed-error
"""


@pytest.mark.parametrize("rule", [r for r in SHOWN if r in DERIVED], ids=lambda r: r.slug)
def test_the_fix_of_a_rule_repairs_the_example_of_its_page(rule):
    page = page_of(rule)
    assert page is not None and page.fails is not None
    text = completed(page.fails)
    (found,) = findings(text, BASE)
    assert found.slug == rule.slug and found.fix is not None
    assert rule.slug not in [d.slug for d in findings(applied(text, [found.fix]), BASE)]


def test_no_rule_loses_its_fix():
    seen = {d.slug for case in mistakes() for d in findings(case.text, case.path) if d.fix}
    examples = [(r, p.fails) for r in SHOWN if (p := page_of(r)) is not None and p.fails]
    seen |= {d.slug for _, text in examples for d in findings(completed(text), BASE) if d.fix}
    assert seen == set(FIXED.split())
    assert all(find(rule.slug) is rule for rule in DERIVED)


def test_the_meaning_ignores_names_of_signals_and_units_but_no_value():
    program = ks.load(WALK)
    for old, new in (("0.80 m", "80 cm"), ("gait    = phase", "gait = phase")):
        assert meaning(load_text(changed(old, new), "x.ksim", WALK).require()) == meaning(program)
    other = load_text(changed("0.80 m", "0.81 m"), "x.ksim", WALK).require()
    assert meaning(other) != meaning(program) and differences(program, other) == ["rewards"]


def test_a_fix_that_does_harm_is_refused(monkeypatch):
    text = changed("signal {\n", "signal {\n  idle = base.height\n")

    def bad(page, found):
        start = page.source.text.index("gait    =")
        return Fix("ruin it", (Edit(Span(page.source.name, start, start + 4), "gate"),), safe=True)

    monkeypatch.setitem(statement_fixes.DERIVED, rules.UNUSED_SIGNAL, bad)
    done = repaired(text, unsafe=False)
    assert not done.changed and [d.slug for d in done.refused] == ["unused-signal"]


def test_a_safe_fix_that_changes_the_meaning_is_refused(monkeypatch):
    text = changed("signal {\n", "signal {\n  idle = base.height\n")

    def wrong(page, found):
        start = page.source.text.find("0.80 m")
        edit = Edit(Span(page.source.name, start, start + 4), "0.90")
        return Fix("tune it", (edit, page.without(*_stretch(page, found))), safe=True) if start >= 0 else None

    monkeypatch.setitem(statement_fixes.DERIVED, rules.UNUSED_SIGNAL, wrong)
    assert not repaired(text, unsafe=False).changed


def _stretch(page, found):
    statement = page.statement(found.span.start)
    return statement.start, statement.stop


# The command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def spec(tmp_path):
    """Returns a function that writes `walk` with a change beside its robots."""
    (tmp_path / "robots").symlink_to(ROOT / "specs" / "robots")

    def write(text: str) -> Path:
        path = tmp_path / "walk.ksim"
        path.write_bytes(text.encode())
        return path

    return write


def test_lint_fix_writes_and_says_what_it_did(spec, capsys):
    path = spec(changed("signal {\n", "signal {\n  idle = base.height\n"))
    assert main(["lint", str(path)]) == 0
    assert "1 fixable with `--fix`" in capsys.readouterr().err
    assert main(["lint", "--fix", str(path)]) == 0
    told = capsys.readouterr()
    assert "KS115 remove the signal" in told.err and told.out == "" and path.read_text() == TEXT


def test_unsafe_fixes_show_what_they_change(spec, capsys):
    path = spec(changed("weight -5.0 per s", "weight 5.0 per s"))
    assert main(["lint", "--fix", str(path)]) == 0
    assert path.read_text() != TEXT and "fixed" not in capsys.readouterr().err
    assert main(["lint", "--unsafe-fixes", str(path)]) == 0
    told = capsys.readouterr().err
    assert path.read_text() == TEXT and "the meaning changes in rewards" in told and "+    upright" in told


def test_line_ends_and_a_byte_order_mark_stay(spec):
    text = changed("signal {\n", "signal {\n  idle = base.height\n").replace("\n", "\r\n")
    path = spec("\ufeff" + text)
    assert main(["lint", "--fix", str(path)]) == 0
    assert path.read_bytes() == ("\ufeff" + TEXT.replace("\n", "\r\n")).encode()


def test_a_profile_is_not_repaired(spec, capsys):
    assert main(["lint", "--fix", "--profile", "play", str(spec(TEXT))]) == 2
    assert "leave out `--profile`" in capsys.readouterr().err
