"""Writes what MuJoCo's reader of XML takes, element by element, to the file that lint reads: once for each MuJoCo."""

from __future__ import annotations

import re
from pathlib import Path

FILE = Path(__file__).parents[1] / "ksim_spec" / "robot" / "mjcf_schema.txt"


def schema() -> str:
    """Returns MuJoCo's schema with an element a line: as many blanks as it is deep, its tag, its attributes."""
    import mujoco

    lines: list[str] = []
    for line in mujoco.mj_printSchema(False, False).splitlines():
        start = re.match(r"( *)(?:\(world\))?(\w+) \([!?*R]\)", line)
        if start and len(start[1]) < 25:
            lines.append(" ".join([" " * (len(start[1]) // 3) + start[2], *line[start.end() :].split()]))
        elif line.strip():
            lines[-1] = " ".join([lines[-1], *line.split()])
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema(), encoding="utf-8")
