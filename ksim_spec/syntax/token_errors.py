"""Finds tokens that are wrong by themselves, before the grammar is asked, which would only call them unexpected."""

from __future__ import annotations

from collections.abc import Sequence

from ksim_spec import rules
from ksim_spec.diagnostics import Advice, did_you_mean, meant
from ksim_spec.syntax.keywords import PER_SCOPES, UNIT_SPELLINGS
from ksim_spec.syntax.layout_errors import MAX_DEPTH, Report, shorten
from ksim_spec.syntax.roles import OPERAND_ENDS
from ksim_spec.syntax.tokens import Statement, Tok
from ksim_spec.units import UNITS

_CHARACTER_HELP = {
    "%": "`%` is a unit and follows a number; the remainder is `mod`",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`",
}


def check_tokens(statement: Statement, report: Report) -> bool:
    """Reports the first faulty token of a statement whose roles are known; True when there is one."""
    tokens = statement.tokens
    if len(tokens) > MAX_DEPTH and _nesting(tokens) > MAX_DEPTH:
        report.too_deep(tokens[0])
        return True
    return any(tok.type in _CHECKS and _CHECKS[tok.type](tokens, k, report) for k, tok in enumerate(tokens))


def _nesting(tokens: Sequence[Tok]) -> int:
    """Counts what nests to the right without brackets: `if`, `not`, `^` and signs."""
    pairs = zip(tokens, tokens[1:], strict=False)
    signs = sum(b.type in ("MINUS", "PLUS") and a.type not in OPERAND_ENDS for a, b in pairs)
    return signs + sum(t.type in ("IF", "NOT", "CARET") for t in tokens)


def _at(tokens: Sequence[Tok], k: int) -> Tok | None:
    return tokens[k] if 0 <= k < len(tokens) else None


def _character(tokens: Sequence[Tok], k: int, report: Report) -> bool:
    tok = tokens[k]
    if tok.type == "SEMI":
        report.add(rules.INVALID_CHARACTER, "unexpected character `;`", tok, help="arguments are separated by `,`")
        return True
    last = k
    while (after := _at(tokens, last + 1)) and after.type == "STRAY" and after.start == tokens[last].end:
        last += 1
    text = "".join(t.text for t in tokens[k : last + 1])
    shown = text if text.isprintable() else text.encode("unicode_escape").decode()
    advice = _CHARACTER_HELP.get(text[0], "")
    report.add(rules.INVALID_CHARACTER, f"unexpected character `{shorten(shown)}`", (tok, tokens[last]), help=advice)
    return True


def _string(tokens: Sequence[Tok], k: int, report: Report) -> bool:
    tok = tokens[k]
    if len(tok.text) > 1 and tok.text[0] == tok.text[-1] == "'":
        advice = f'write "{tok.text[1:-1]}"'
        report.add(rules.UNTERMINATED_STRING, "strings are written in double quotes", tok, help=advice)
    else:
        report.add(rules.UNTERMINATED_STRING, "the string is not closed on its line", tok, help="add the closing quote")
    return True


def _decimal_point(tokens: Sequence[Tok], k: int, report: Report) -> bool:
    """`1.2.3`, `.5`, `5.` and `v.2`."""
    tok = tokens[k]
    before, after = _at(tokens, k - 1), _at(tokens, k + 1)
    if before is not None and before.end != tok.start:
        before = None
    if after is not None and after.type == "QUANTITY" and after.start == tok.end:
        if before is not None and before.type == "QUANTITY":
            text = shorten(f"{before.text}.{after.text}")
            report.add(rules.MALFORMED_NUMBER, f"`{text}` is not a number", (before, after))
        elif before is not None and before.type in OPERAND_ENDS:
            message = "a field name cannot start with a digit"
            report.add(rules.MALFORMED_NUMBER, message, (tok, after), help="elements are picked with `[…]`")
        else:
            advice = f"write `0.{after.text}`"
            report.add(rules.MALFORMED_NUMBER, f"`.{shorten(after.text)}` is not a number", (tok, after), help=advice)
        return True
    if before is not None and before.type == "QUANTITY" and (after is None or after.type != "NAME"):
        advice = f"write `{before.text}.0`"
        report.add(rules.MALFORMED_NUMBER, f"`{before.text}.` is not a number", (before, tok), help=advice)
        return True
    return False


def _number_tail(tokens: Sequence[Tok], k: int, report: Report) -> bool:
    """A name right after a number that cannot be meant as an attribute: `3 metres`, `0x10`, `2 e3`."""
    tok, number = tokens[k], _at(tokens, k - 1)
    if number is None or number.type != "QUANTITY":
        return False
    if tok.text in UNIT_SPELLINGS:
        report.add(rules.UNKNOWN_UNIT, f"unknown unit `{tok.text}`", tok, help=_unit_help(tok.text))
    elif tok.start == number.end and number.text[-1].isdigit():
        text = shorten(number.text + tok.text)
        message = f"`{text}` is not a number with a unit"
        report.add(rules.MALFORMED_NUMBER, message, (number, tok), help=_unit_help(tok.text))
    elif tok.text[0] in "eE" and tok.text[1:].isdigit():
        advice = f"write `{number.text}{tok.text}` without the space"
        report.add(rules.MALFORMED_NUMBER, f"`{number.text} {tok.text}` is not a number", (number, tok), help=advice)
    else:
        return False
    return True


def _unit_help(text: str) -> str:
    if text in UNIT_SPELLINGS:
        return Advice(f"write `{UNIT_SPELLINGS[text]}`", UNIT_SPELLINGS[text], text)
    near = did_you_mean(text, [*UNITS, *PER_SCOPES])
    return meant(text, near[0]) if near else ""


def _operator_between_units(tokens: Sequence[Tok], k: int, report: Report) -> bool:
    """`0.3 m / s`, `2 m/s/s` and `1 / s`: the grammar would divide by a variable called `s`."""
    op, before, after = tokens[k], _at(tokens, k - 1), _at(tokens, k + 1)
    if before is None or after is None:
        return False
    if before.type != "QUANTITY" or after.type != "NAME" or after.text not in UNITS:
        return False
    unit = before.text.lstrip("0123456789._+-eE ").split(" ")[-1]
    if not unit and op.type == "STAR":
        return False
    if "/" in unit and op.type == "SLASH":
        top, bottom = unit.split("/")
        tidy = f"{top}/{bottom}^2" if bottom == after.text else f"{top}/{bottom} per {after.text}"
        report.add(rules.SPACED_UNIT, "a unit has at most one `/`", (before, after), help=f"write `{tidy}`")
        return True
    tidy = f"{before.text}{op.text}{after.text}" if unit else f"{before.text} per {after.text}"
    advice = Advice(f"write the unit without spaces: `{tidy}`" if unit else f"write `{tidy}`", tidy)
    report.add(rules.SPACED_UNIT, f"`{after.text}` reads as a variable here", (before, after), help=advice)
    return True


def _scope(tokens: Sequence[Tok], k: int, report: Report) -> bool:
    """`per` followed by something that is neither a unit nor a scope."""
    tok, before, after = tokens[k], _at(tokens, k - 1), _at(tokens, k + 1)
    if tok.text != "per" or after is None:
        return False
    if after.type != "NAME" or after.text in PER_SCOPES:
        return False
    if after.text in UNITS:
        message = f"`per {after.text}` is the unit of a number, and no number stands before it"
        factor = f"{before.text} * 1" if before is not None and before.type == "NAME" else "1"
        help = f"give a number the unit: `{factor} per {after.text}`"
        report.add(rules.UNEXPECTED_TOKEN, message, (tok, after), help=help)
        return True
    message = f"`per {after.text}` is neither a unit nor a scope"
    report.add(rules.UNKNOWN_UNIT, message, after, help=_unit_help(after.text))
    return True


# By the type of the token that is looked at: most tokens cannot be wrong by themselves.
_CHECKS = {
    "SEMI": _character, "STRAY": _character, "BAD_STRING": _string, "DOT": _decimal_point, "NAME": _number_tail,
    "SLASH": _operator_between_units, "STAR": _operator_between_units, "ATTR": _scope,
}  # fmt: skip
