"""The rules: every kind of finding that ksim can report, by code and by slug. Imports nothing heavy."""

from ksim_spec.rules.registry import RULES, find, near, rule_of
from ksim_spec.rules.rule import FAMILIES, Family, Rule

__all__ = ["FAMILIES", "RULES", "Family", "Rule", "find", "near", "rule_of"]
