"""Writes what editors need from the tables of the language: `python editors/generate.py` (`--check` only looks)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from textmate import grammar

from ksim_spec.highlight.vocabulary import vocabulary

HERE = Path(__file__).parent


def files() -> dict[Path, str]:
    """Returns the files that are generated, with what has to be in them."""
    return {
        HERE / "vscode" / "syntaxes" / "ksim.tmLanguage.json": json.dumps(grammar(), indent=1) + "\n",
        HERE / "tree-sitter-ksim" / "words.json": json.dumps(words(), indent=1) + "\n",
    }


def words() -> dict[str, Any]:
    """Returns the words that the tree-sitter grammar and its queries need."""
    v = vocabulary()
    return {
        "blocks": list(v.blocks),
        "nested": list(v.nested),
        "directives": list(v.directives),
        "clauses": {block: list(found) for block, found in v.clauses.items()},
        "name_clauses": list(v.name_clauses),
        "attributes": list(v.attributes),
        "flags": list(v.flags),
        "header_attributes": list(v.header_attributes),
        "counts": list(v.counts),
        "units": list(v.units),
    }


def main() -> int:
    stale = [path for path, text in files().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path} is not what `python editors/generate.py` writes\n")
        return int(bool(stale))
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
