"""Markers of a merge: one error a conflict, the rest is read as if the first side had been kept."""

import pytest

from ksim_spec.source import SourceFile
from ksim_spec.syntax.conflicts import without_conflicts
from ksim_spec.syntax.incremental import read_again
from ksim_spec.syntax.parse import parse_file, read_file

TEXT = """task hop

world {
<<<<<<< HEAD
  control_step = 20 ms
||||||| 1234567
  control_step = 30 ms
=======
  control_step = 10 ms
  floor = plane
>>>>>>> theirs
}
<<<<<<< HEAD
budget = 2e6
=======
budget = 3e6
>>>>>>> theirs
"""
OURS = "task hop\n\nworld {\n  control_step = 20 ms\n}\nbudget = 2e6\n"


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_each_conflict_is_one_error_and_the_first_side_is_read(ends):
    source = SourceFile("a.ksim", TEXT.replace("\n", ends))
    tree, found = parse_file(source)
    assert [(d.code, source.position(d.span.start).line) for d in found] == [("KS020", 4), ("KS020", 13)]
    kept, none = parse_file(SourceFile("a.ksim", OURS.replace("\n", ends)))
    assert tree.items == kept.items and not none
    seen, _ = without_conflicts(source)
    assert len(seen.text) == len(source.text) and seen.text.count("\n") == source.text.count("\n")


@pytest.mark.parametrize("marker", ["<<<<<<< HEAD", "=======", ">>>>>>> theirs"])
def test_a_marker_that_was_left_alone_is_one_error(marker):
    _, found = parse_file(SourceFile("a.ksim", OURS.replace("budget", f"{marker}\nbudget")))
    assert [d.code for d in found] == ["KS020"]


def test_mistakes_beside_a_conflict_are_told_too():
    _, found = parse_file(SourceFile("a.ksim", TEXT.replace("20 ms", "20 ms )")))
    assert len(found) == 3 and {d.code for d in found} > {"KS020"}


def test_the_editor_reads_a_conflict_as_it_comes_and_goes():
    before, after = SourceFile("a.ksim", OURS), SourceFile("a.ksim", TEXT)
    assert read_again(after, read_file(before)) == read_file(after)
    assert read_again(before, read_file(after)) == read_file(before)
