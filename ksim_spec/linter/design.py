"""What a checked spec does that its author hardly meant: rules about design, on the IR, one module a family.

Every rule here is a warning or a hint and says what it saw. The kinds of findings are in the registry with all others
(`ksim_spec.rules`).
"""

from __future__ import annotations

from dataclasses import replace

from ksim_spec.diagnostics import Diagnostic, Diagnostics
from ksim_spec.ir.intervals.analysis import Found
from ksim_spec.language.load import Loaded, profile_errors
from ksim_spec.language.program import Program
from ksim_spec.robot.file_problems import file_problems
from ksim_spec.robot.index import RobotIndex


def design(
    program: Program, index: RobotIndex, complete: bool = True, memory: dict[str, Found] | None = None
) -> list[Diagnostic]:
    """Returns the findings about the design of a task without errors.

    Where a profile changed the spec, `complete` is false: what it left unused or made alike is left alone, and so are
    settings for play. `memory` holds the intervals of an earlier text, and those of this one afterwards.
    """
    from ksim_spec.linter import cost, domains, episode, interface, reward, robot, training, variation
    from ksim_spec.linter.context import Subject

    subject = Subject(program, index, memory or {})
    families = [domains.CHECKS, reward.CHECKS, interface.CHECKS, episode.CHECKS, variation.CHECKS]
    families += [cost.CHECKS, robot.CHECKS]
    families += [interface.ALIKE, interface.UNUSED, variation.UNUSED, training.CHECKS] if complete else []
    findings = [finding for checks in families for check in checks for finding in check(subject)]
    if memory is not None:
        memory.update(subject.found())
    return findings


def designed(loaded: Loaded, complete: bool = True, memory: dict[str, Found] | None = None) -> Loaded:
    """Returns what was loaded with the findings about its robot file and its design among the others."""
    if loaded.robot is None:
        return loaded
    found = Diagnostics([*loaded.diagnostics, *file_problems(loaded.robot)])
    if loaded.program is not None:
        found.extend(design(loaded.program, loaded.robot, complete, memory))
    return replace(loaded, diagnostics=found.sorted())


def profiled(loaded: Loaded) -> Loaded:
    """Returns what was loaded with what is wrong in its profiles among the findings."""
    found = Diagnostics([*loaded.diagnostics, *profile_errors(loaded)])
    return replace(loaded, diagnostics=found.sorted())
