"""A document that is typed in shows at every letter what it would show when it was opened anew."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ksim_spec.ide.diagnostics import problems
from ksim_spec.ide.document_symbols import symbols
from ksim_spec.ide.folding_range import folds
from ksim_spec.ide.inlay_hints import hints
from ksim_spec.ide.semantic_tokens import tokens
from ksim_spec.ide.snapshot import Snapshot, analyse
from ksim_spec.syntax import parse
from tests.ide.helpers import ROBOTS, ROOT

SPECS = sorted((ROOT / "specs").glob("*.ksim"))
PIECES = [
    "",
    "x",
    "\n",
    "{",
    "}",
    "(",
    '"',
    "# ksim: allow unused-signal -- why\n",
    " 0.5 m",
    "fn f(x) = x\n",
    "  s = 1\n",
]


def shown(here: Snapshot) -> list[object]:
    everything = [problems(here), symbols(here), folds(here), tokens(here), hints(here, 0, len(here.text))]
    return [*everything, here.diagnostics, list(here.seen), here.blocks]


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(SPECS),
    st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from([0, 1, 3, 40]), st.sampled_from(PIECES)), min_size=2, max_size=4
    ),
)
def test_what_is_shown_hangs_on_the_text_alone(path: Path, edits: list[tuple[float, int, str]]) -> None:
    original = path.read_text(encoding="utf-8")
    texts = [original]
    for start, length, piece in edits:
        at = int(start * len(texts[-1]))
        texts.append(texts[-1][:at] + piece + texts[-1][at + length :])
    earlier = None
    for text in [*texts, original]:
        earlier = analyse(text, str(path), path, ROBOTS, earlier)
        anew = analyse(text, str(path), path, ROBOTS)
        assert earlier.diagnostics == anew.diagnostics
        if anew.checker is not None:  # without a robot, what an earlier text knew of it still serves
            assert [repr(part) for part in shown(earlier)] == [repr(part) for part in shown(anew)]


@settings(max_examples=8, deadline=None)
@given(
    st.sampled_from(SPECS),
    st.lists(st.tuples(st.floats(0, 0.999), st.sampled_from(["0", "1", "3", "250"])), min_size=4, max_size=6),
)
def test_numbers_are_followed_wherever_they_count(path: Path, edits: list[tuple[float, str]]) -> None:
    """What lies between which numbers is taken over from check to check, and only where nothing below has changed."""
    text, earlier = path.read_text(encoding="utf-8"), None
    for where, number in edits:
        numbers = [m for m in re.finditer(r"(?<![\w.*-])\d+(\.\d+)?(?= )", text)]
        at = numbers[int(where * len(numbers))]
        text = text[: at.start()] + number + text[at.end() :]
        earlier = analyse(text, str(path), path, ROBOTS, earlier)
        assert earlier.diagnostics == analyse(text, str(path), path, ROBOTS).diagnostics


def test_a_suppression_reads_the_text_no_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    path = ROOT / "specs" / "cartpole.ksim"
    text = (
        path.read_text(encoding="utf-8") + "\nsignal {\n  spare = time  # ksim: allow unused-signal -- for the log\n}\n"
    )
    earlier = analyse(text, str(path), path, ROBOTS)
    read: list[str] = []
    monkeypatch.setattr(parse, "_read", lambda name, text: read.append(name))
    later = analyse(text.replace("10 ms", "11 ms", 1), str(path), path, ROBOTS, earlier)
    assert read == [] and "unused-signal" not in {d.slug for d in later.diagnostics}
