"""A spec with one token lost or doubled has one mistake, wherever the token was: hardly any gives several messages."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from ksim_spec.language.load import Trace, load_tree
from ksim_spec.robot.cache import Robots
from ksim_spec.source import SourceFile
from ksim_spec.syntax.parse import read_file

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.ksim"))
EACH = 24  # samples of each spec
SEVERAL = 0.05  # the share that may have several; it was 0.004 when this was written, and 0.12 before


def damaged(text: str) -> Iterator[str]:
    """Yields the text with each token lost, and with each doubled."""
    for statement in read_file(SourceFile("spec", text)).statements:
        for token in statement.written:
            yield text[: token.start] + text[token.end :]
            yield f"{text[: token.end]} {token.text}{text[token.end :]}"


def test_a_lost_or_doubled_token_gives_one_message() -> None:
    robots, several, count = Robots(), [], 0
    for path in SPECS:
        for text in random.Random(path.stem).sample(list(damaged(path.read_text(encoding="utf-8"))), EACH):
            source = SourceFile(str(path), text, path)
            reading = read_file(source)
            loaded = load_tree(source, reading.tree, reading.diagnostics, trace=Trace(read_robot=robots.read))
            errors = [d for d in loaded.diagnostics if d.severity == "error"]
            count += 1
            several += [[d.message for d in errors]] if len(errors) > 1 else []
    assert len(several) <= SEVERAL * count, several
