"""Says what the parser stumbled over, from the tokens around the place rather than from its tables."""

from __future__ import annotations

from collections.abc import Sequence

from ksim_spec import rules
from ksim_spec.diagnostics import Advice, did_you_mean, meant
from ksim_spec.syntax.keywords import COUNTS, DIRECTIVES, EXPRESSION, INFIX, SECTIONS
from ksim_spec.syntax.layout_errors import Report, shorten
from ksim_spec.syntax.roles import ATTRIBUTE_WORDS, CLOSERS, OPENERS, OPERAND_ENDS
from ksim_spec.syntax.tokens import ASSIGN_OPS, Statement, Tok
from ksim_spec.units import UNITS

_RESERVED = frozenset(INFIX.values())
_VALUES = frozenset({"NAME", "QUANTITY", "STRING", "TRUE", "FALSE", "HOLE", "LTABLE"})
_SUFFIXES = frozenset({"WHERE", "OVER", "FOR"})


def explain(statement: Statement, k: int, report: Report) -> None:
    """Reports that token `k` of the statement (its end, when `k` is past the last) did not fit."""
    tokens = statement.tokens
    if not k:
        _first(tokens[0] if tokens else statement.end, report)
    elif k >= len(tokens):
        _unfinished(tokens, report)
    elif tokens[0].type == "DIRECTIVE":
        _directive(tokens, k, report)
    elif tokens[k - 1].type in OPERAND_ENDS:
        _after_operand(statement, k, report)
    else:
        _operand_wanted(statement, k, report)


def _first(tok: Tok, report: Report) -> None:
    if tok.type == "$END":
        report.add(rules.MISSING_VALUE, "an expression is missing", tok)
    elif tok.type in _RESERVED:
        report.add(
            rules.RESERVED_WORD, f"`{tok.text}` is reserved and cannot be a name", tok, help="choose another name"
        )
    else:
        report.add(rules.UNEXPECTED_TOKEN, f"nothing can start with `{shorten(tok.text)}`", tok)


def _unfinished(tokens: Sequence[Tok], report: Report) -> None:
    """The statement ended too early."""
    first, last = tokens[0], tokens[-1]
    assigned = any(t.type in ASSIGN_OPS for t in tokens)
    kinds = {t.type for t in tokens}
    if first.type == "OVERRIDE" and not assigned:
        advice = "write `override path = value`"
        report.add(rules.MISSING_EQUALS, "`override` needs a new value", (first, last), help=advice)
    elif first.type == "FN" and not assigned:
        advice = "write `fn name(arguments) = expression`"
        report.add(rules.MISSING_EQUALS, "the function has no body", (first, last), help=advice)
    elif last.type in ("ATTR", "CLAUSE", "CLAUSE_NAMES"):
        report.add(rules.MISSING_VALUE, f"`{last.text}` needs a value", last)
    elif "IF" in kinds and "ELSE" not in kinds:
        report.add(
            rules.MISSING_VALUE, "`if` needs `then` and `else`", (first, last), help="write `if c then a else b`"
        )
    elif last.type in OPERAND_ENDS:
        report.add(rules.UNEXPECTED_TOKEN, "the statement is not complete", (first, last))
    else:
        report.add(rules.MISSING_VALUE, f"a value is missing after `{last.text}`", last, help="write one, or remove it")


def _directive(tokens: Sequence[Tok], k: int, report: Report) -> None:
    word = tokens[0].text
    takes = "a name and a text in quotes" if word == "task" else "a file name in quotes"
    report.add(
        rules.UNEXPECTED_TOKEN, f"unexpected `{shorten(tokens[k].text)}`", tokens[k], help=f"`{word}` takes {takes}"
    )


def _operand_wanted(statement: Statement, k: int, report: Report) -> None:
    """An operator, an attribute word or an opening bracket stands before the token."""
    tok, before = statement.tokens[k], statement.tokens[k - 1]
    if before.type == "DOT":
        report.add(rules.UNEXPECTED_TOKEN, "a name must follow `.`", (before, tok))
    elif before.type in ("CLAUSE", "CLAUSE_NAMES") and tok.type in ASSIGN_OPS:
        where = f"in `{statement.section}`" if statement.section else "here"
        message = f"`{before.text}` opens a statement {where} and cannot be a name"
        report.add(rules.RESERVED_WORD, message, before, help="choose another name")
    elif tok.type in _RESERVED:
        advice = f"`{tok.text}` is reserved and cannot be a name"
        report.add(rules.MISSING_VALUE, f"a value is missing before `{tok.text}`", (before, tok), help=advice)
    elif tok.type == "IF":
        report.add(rules.UNEXPECTED_TOKEN, f"unexpected `if` after `{before.text}`", tok, help="put it in parentheses")
    else:
        found = f"found `{shorten(tok.text)}`"
        message = f"a value is missing after `{shorten(before.text)}`"
        report.add(rules.MISSING_VALUE, message, (before, tok), label=found, help="write one")


def _after_operand(statement: Statement, k: int, report: Report) -> None:
    """A value stands before the token: an operator, an attribute or the end of the line was possible."""
    tokens = statement.tokens
    tok, before = tokens[k], tokens[k - 1]
    inside = statement.section == EXPRESSION or _inside_brackets(tokens, k)
    if tok.type in ASSIGN_OPS:
        _assignment(tokens, k, inside, report)
    elif k == 1 and not statement.section and _unknown_statement(before, report):
        return
    elif tok.type == "NAME":
        _name(statement, k, inside, report)
    elif tok.type in _SUFFIXES and not inside:
        advice = f"write `sum(value {tok.text} …)`"
        report.add(rules.UNEXPECTED_TOKEN, f"`{tok.text}` stands only inside a call's parentheses", tok, help=advice)
    elif tok.type == "COMPARE" and any(t.type == "COMPARE" for t in tokens[:k]):
        report.add(rules.UNEXPECTED_TOKEN, "comparisons do not chain", tok, help="join two comparisons with `and`")
    elif "AS_UNIT" in (tok.type, before.type):
        advice = "put `value as unit` in parentheses"
        report.add(rules.UNEXPECTED_TOKEN, f"`{shorten(tok.text)}` cannot follow here", tok, help=advice)
    elif k == 1 and tok.type == "COLON":
        advice = f"write `{before.text} = …`"
        report.add(rules.MISSING_EQUALS, f"`{before.text}` is followed by `:`", tok, help=advice)
    elif _is_path_then_value(statement, k, inside):
        _missing_equals(tokens, k, report)
    else:
        message = f"unexpected `{shorten(tok.text)}` after `{shorten(before.text)}`"
        report.add(rules.UNEXPECTED_TOKEN, message, tok, help=_advice(before, tok))


def _advice(before: Tok, tok: Tok) -> str:
    if before.type == "FLAG":
        return f"`{before.text}` takes no value"
    if before.text.endswith("%"):
        return "`%` is per cent; the remainder is written `mod`"
    if tok.type == "RANGE":
        return "a range stands alone as a value"
    return "an operator, a comma or an attribute word may be missing" if tok.type in _VALUES | {"LPAR"} else ""


def _assignment(tokens: Sequence[Tok], k: int, inside: bool, report: Report) -> None:
    tok, before = tokens[k], tokens[k - 1]
    if tokens[0].type == "FN" and k == 2:
        advice = f"write `fn {before.text}() = …`"
        report.add(rules.UNEXPECTED_TOKEN, "a function lists its arguments in parentheses", before, help=advice)
    elif inside:
        advice = "a named argument is written `name: value`, equality `==`"
        report.add(rules.UNEXPECTED_TOKEN, f"`{tok.text}` cannot stand inside an expression", tok, help=advice)
    else:
        report.add(
            rules.UNEXPECTED_TOKEN, f"a second `{tok.text}` in one statement", tok, help="equality is written `==`"
        )


def _unknown_statement(first: Tok, report: Report) -> bool:
    """A top-level line that starts with a section's word or a misspelt directive; False when it is neither."""
    near = did_you_mean(first.text, DIRECTIVES)
    if first.text in SECTIONS:
        report.add(rules.UNEXPECTED_TOKEN, f"`{first.text}` opens a block", first, help="end the line with `{`")
    elif near:
        report.add(rules.UNEXPECTED_TOKEN, f"unknown statement `{first.text}`", first, help=meant(first.text, near[0]))
    return bool(near) or first.text in SECTIONS


def _name(statement: Statement, k: int, inside: bool, report: Report) -> None:
    """A name follows a value: a misspelt attribute, unit or operator word, or a missing sign."""
    tokens = statement.tokens
    tok, before = tokens[k], tokens[k - 1]
    number = before.type == "QUANTITY"
    infix = [word for word in INFIX if len(word) > 3]
    words = infix if inside else [*ATTRIBUTE_WORDS, *infix]
    near = did_you_mean(tok.text, [*words, *UNITS, *COUNTS] if number else words)
    advice = meant(tok.text, near[0]) if near else ""
    if tok.text == "if":
        message = "the condition comes first: `if` cannot stand behind a value"
        report.add(rules.UNEXPECTED_TOKEN, message, tok, help="write `if condition then a else b`")
    elif inside and tok.text in ATTRIBUTE_WORDS:
        advice = "" if statement.section == EXPRESSION else "a closing bracket may be missing before it"
        report.add(rules.UNEXPECTED_TOKEN, f"attribute `{tok.text}` inside an expression", tok, help=advice)
    elif tok.text == "as" and k + 1 < len(tokens):
        report.add(rules.UNKNOWN_UNIT, f"unknown unit `{shorten(tokens[k + 1].text)}` after `as`", tokens[k + 1])
    elif tok.text not in INFIX and tok.text.lower() in ("and", "or", "not", "is", "in"):
        lower = Advice(f"write `{tok.text.lower()}`", tok.text.lower(), tok.text)
        report.add(rules.UNEXPECTED_TOKEN, f"unexpected `{tok.text}`", tok, help=lower)
    elif _is_path_then_value(statement, k, inside) and not near:
        _missing_equals(tokens, k, report)
    elif near and near[0] in INFIX:
        report.add(rules.UNEXPECTED_TOKEN, f"unexpected `{tok.text}`", tok, help=advice)
    elif number and (near[:1] and near[0] not in ATTRIBUTE_WORDS or not near and before.text[-1].isdigit()):
        report.add(rules.UNKNOWN_UNIT, f"unknown unit `{tok.text}`", tok, help=advice)
    elif near or (not inside and k + 1 < len(tokens)):
        known = "attributes are words such as `weight`, `scale`, and `noise`"
        report.add(rules.UNKNOWN_WORD, f"unknown attribute `{tok.text}`", tok, help=advice or known)
    else:
        message = f"unexpected `{tok.text}` after `{shorten(before.text)}`"
        report.add(rules.UNEXPECTED_TOKEN, message, tok, help="an operator may be missing")


def _inside_brackets(tokens: Sequence[Tok], k: int) -> bool:
    return sum(t.type in OPENERS for t in tokens[:k]) > sum(t.type in CLOSERS for t in tokens[:k])


def _missing_equals(tokens: Sequence[Tok], k: int, report: Report) -> None:
    path = "".join(t.text for t in tokens[:k] if t.type != "OVERRIDE")
    message = f"`=` is missing after `{shorten(path)}`"
    report.add(rules.MISSING_EQUALS, message, (tokens[0], tokens[k - 1]), help=f"write `{shorten(path)} = …`")


def _is_path_then_value(statement: Statement, k: int, inside: bool) -> bool:
    """True when the statement so far is only a path and a value follows it."""
    tokens = statement.tokens
    if inside or statement.section == "check" or tokens[k].type not in _VALUES:
        return False
    return all(t.type in ("NAME", "DOT", "OVERRIDE") for t in tokens[:k])
