"""Inputs that nobody means to write: each builds its files in a folder and returns the spec."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

from ksim_spec.syntax.parse import LARGEST

ROOT = Path(__file__).parents[1]
GOOD = (Path(__file__).parent / "language" / "good" / "walk.ksim").read_text(encoding="utf-8")
ROBOT = (ROOT / "specs" / "robots" / "biped.xml").read_text(encoding="utf-8")
NAMED = 'robot "../../../specs/robots/biped.xml" {'


def spec(folder: Path, text: str | bytes, robot: str = ROBOT) -> Path:
    """Writes a spec with the robot beside it; returns its path."""
    (folder / "robot.xml").write_text(robot, encoding="utf-8")
    path = folder / "task.ksim"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def good(change: Callable[[str], str] = str) -> str:
    """Returns the good spec beside its robot, changed."""
    return change(GOOD.replace(NAMED, 'robot "robot.xml" {'))


def signals(lines: str) -> str:
    return good(lambda t: t.replace("signal {\n", f"signal {{\n{lines}\n", 1))


def binary(folder: Path) -> Path:
    return spec(folder, random.Random(1).randbytes(300_000))


def binary_text(folder: Path) -> Path:
    letters = random.Random(1)
    return spec(folder, "".join(chr(letters.randrange(1, 0xD7FF)) for _ in range(50_000)))


def ten_megabytes_of_words(folder: Path) -> Path:
    return spec(folder, "word " * 2_000_000)


def ten_megabytes_of_lines(folder: Path) -> Path:
    return spec(folder, good() + "# a line of a comment\n" * 480_000)


def ten_megabytes_of_braces(folder: Path) -> Path:
    return spec(folder, "reward {\n" * 1_100_000)


def as_many_words_as_go(folder: Path) -> Path:
    return spec(folder, "word " * (LARGEST // 5))


def ten_thousand_lines(folder: Path) -> Path:
    return spec(folder, signals("\n".join(f"  # number {k}\n  s{k} = base.height * {k + 1}" for k in range(5_000))))


def sum_of_five_thousand(folder: Path) -> Path:
    return spec(folder, signals("  s = " + " + ".join(["base.height"] * 5000)))


def brackets_three_thousand_deep(folder: Path) -> Path:
    return spec(folder, signals(f"  s = {'(' * 3000}1{')' * 3000}"))


def brackets_never_closed(folder: Path) -> Path:
    return spec(folder, signals("  s = " + "([{" * 1000))


def lines_of_windows(folder: Path) -> Path:
    return spec(folder, good(lambda t: t.replace("\n", "\r\n")))


def byte_order_mark(folder: Path) -> Path:
    return spec(folder, "\ufeff" + good())


def tabs(folder: Path) -> Path:
    return spec(folder, good(lambda t: t.replace("  ", "\t")))


def emoji(folder: Path) -> Path:
    return spec(
        folder, good(lambda t: t.replace("task walk", "task \U0001f916").replace("landing", "l\u00e4nd\U0001f9b6"))
    )


def path_of_windows(folder: Path) -> Path:
    return spec(folder, good(lambda t: t.replace('"robot.xml"', '"C:\\\\robots\\\\biped.xml"')))


def include_of_a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.ksim")
    return spec(folder, 'include "pipe.ksim"\n' + good())


def include_of_a_folder(folder: Path) -> Path:
    (folder / "folder.ksim").mkdir()
    return spec(folder, 'include "folder.ksim"\n' + good())


def include_without_leave(folder: Path) -> Path:
    (folder / "secret.ksim").write_text("task secret\n")
    (folder / "secret.ksim").chmod(0)
    return spec(folder, 'include "secret.ksim"\n' + good())


def include_of_what_is_endless(folder: Path) -> Path:
    return spec(folder, 'include "/dev/zero"\n' + good())


def links_in_a_circle(folder: Path) -> Path:
    (folder / "a.ksim").symlink_to("b.ksim")
    (folder / "b.ksim").symlink_to("a.ksim")
    (folder / "again").symlink_to(folder, target_is_directory=True)
    return spec(folder, 'include "a.ksim"\n' + good())


def includes_in_a_circle(folder: Path) -> Path:
    (folder / "a.ksim").write_text('include "again/a.ksim"\n')
    (folder / "again").symlink_to(folder, target_is_directory=True)
    return spec(folder, 'include "a.ksim"\n' + good())


def robot_with_an_entity(folder: Path) -> Path:
    (folder / "secret.txt").write_text("KEEP-THIS-SECRET")
    head = f'<!DOCTYPE m [<!ENTITY x SYSTEM "{(folder / "secret.txt").as_uri()}">]>\n'
    return spec(folder, good(), head + ROBOT.replace("<worldbody>", "<worldbody><!-- -->&x;", 1))


def robot_that_grows(folder: Path) -> Path:
    levels = "".join(f'<!ENTITY x{k} "{f"&x{k - 1};" * 10}">' for k in range(1, 12))
    return spec(folder, good(), f'<!DOCTYPE m [<!ENTITY x0 "ha">{levels}]>\n<mujoco>&x11;</mujoco>')


def robot_with_a_huge_mesh(folder: Path) -> Path:
    with open(folder / "huge.stl", "wb") as file:
        file.truncate(4 << 30)  # four gigabytes without a block on disk
    mesh = '<asset><mesh name="huge" file="huge.stl"/></asset><worldbody><geom type="mesh" mesh="huge"/>'
    return spec(folder, good(), ROBOT.replace("<worldbody>", mesh, 1))


def robot_of_a_pipe(folder: Path) -> Path:
    path = spec(folder, good())
    (folder / "robot.xml").unlink()
    os.mkfifo(folder / "robot.xml")
    return path


def robot_of_ten_megabytes(folder: Path) -> Path:
    return spec(
        folder, good(), ROBOT.replace("<worldbody>", "<worldbody>" + "<!-- a comment that goes on -->\n" * 320_000, 1)
    )


def robot_that_includes_itself(folder: Path) -> Path:
    return spec(folder, good(), ROBOT.replace("<worldbody>", '<include file="robot.xml"/><worldbody>', 1))


INPUTS = [
    binary, binary_text, ten_megabytes_of_words, ten_megabytes_of_lines, ten_megabytes_of_braces,
    as_many_words_as_go, ten_thousand_lines,
    sum_of_five_thousand, brackets_three_thousand_deep, brackets_never_closed, lines_of_windows, byte_order_mark, tabs,
    emoji, path_of_windows, include_of_a_pipe, include_of_a_folder, include_without_leave, include_of_what_is_endless,
    links_in_a_circle, includes_in_a_circle, robot_with_an_entity, robot_that_grows, robot_with_a_huge_mesh,
    robot_of_a_pipe, robot_of_ten_megabytes, robot_that_includes_itself,
]  # fmt: skip
