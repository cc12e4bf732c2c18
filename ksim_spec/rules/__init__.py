"""The rules: every kind of finding that ksim can report, by name as `rules.UNIT_MISMATCH`, by code and by slug.

A rule is known by its page, `docs/rules/KSnnn.md`, and by the place that reports it. Imports nothing heavy.
"""

# ruff: noqa: F401, F403
from ksim_spec.rules.registry import RULES, find, near
from ksim_spec.rules.rule import FAMILIES, Family, Rule
from ksim_spec.rules.table import *
