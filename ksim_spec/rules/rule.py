"""What is known about one kind of finding, and the families that kinds of findings belong to."""

from __future__ import annotations

from dataclasses import dataclass

from ksim_spec.diagnostics import Severity


@dataclass(frozen=True, slots=True)
class Family:
    """Rules whose codes share the digit after `KS`."""

    digit: str
    name: str
    about: str


FAMILIES: tuple[Family, ...] = (
    Family("0", "syntax", "text that cannot be read as a spec"),
    Family("1", "names", "names, files and robots that are missing, doubled or out of place"),
    Family("2", "types", "values of the wrong kind, shape or frame"),
    Family("3", "units", "units that are missing, wrong or mixed"),
    Family("4", "reward", "reward terms and their weights"),
    Family("5", "interface", "what the policy observes and drives"),
    Family("6", "episode", "how episodes begin, end and vary"),
    Family("7", "training", "training settings, runs, engines and their limits"),
    Family("8", "style", "what reads badly"),
    Family("9", "meta", "the suppression and configuration of rules"),
)
_BY_DIGIT = {family.digit: family for family in FAMILIES}


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding, as the head of its page has it. `severity` is what it has before any configuration."""

    code: str
    slug: str
    severity: Severity
    summary: str

    @property
    def family(self) -> Family:
        return _BY_DIGIT[self.code[2]]

    @property
    def fixed(self) -> bool:
        """True for an error: it stops compilation, so nobody can silence or lower it."""
        return self.severity == "error"
