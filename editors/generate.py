"""Writes what editors need from the tables of the language: `python editors/generate.py` (`--check` only looks)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from textmate import grammar

HERE = Path(__file__).parent


def files() -> dict[Path, str]:
    """Returns the files that are generated, with what has to be in them."""
    return {HERE / "vscode" / "syntaxes" / "ksim.tmLanguage.json": json.dumps(grammar(), indent=1) + "\n"}


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
