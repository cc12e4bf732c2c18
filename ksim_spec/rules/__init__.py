"""The rules: every kind of finding that ksim can report, by name as `rules.UNIT_MISMATCH`, by code and by slug.

Imports nothing heavy.
"""

# ruff: noqa: F401, F403
from ksim_spec.rules.design import *
from ksim_spec.rules.front_end import *
from ksim_spec.rules.registry import RULES, find, near
from ksim_spec.rules.rule import FAMILIES, Family, Rule
