"""Expressions: precedence, quantities, arguments, tables."""

from __future__ import annotations

import math

import pytest

from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import parse_expr
from tests.syntax.parse_helpers import expr, only, shape


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b mod c", "((a / b) mod c)"),
        ("-a ^ 2", "(- (a ^ 2))"),
        ("2 ^ -1", "(2 ^ -1)"),
        ("a ^ b ^ c", "(a ^ (b ^ c))"),
        ("-v in base", "(- (v in base))"),
        ("v in base.heading ^ 2", "((v in base.heading) ^ 2)"),
        ("(v in base).xy", "(v in base).xy"),
        ("a relative_to b in c", "((a relative_to b) in c)"),
        ("feet.contact with world.floor", "(feet.contact with world.floor)"),
        ('a.gyro in sites("imu")', '(a.gyro in sites("imu"))'),
        ("a or b and not c", "(a or (b and (not c)))"),
        ("not a < b", "(not (a < b))"),
        ("a + 1 < b and c", "(((a + 1) < b) and c)"),
        ("x is (a, b)", "(x is (a, b,))"),
        ("x is 1 .. 2 or y", "((x is <1 .. 2>) or y)"),
        ("x + y as deg < 3", "(((x + y) as deg) < 3)"),
        ("x as rad/s", "(x as rad/s)"),
        ("x as per s", "(x as per s)"),
        ("if a then b else if c then d else e", "(if a then b else (if c then d else e))"),
        ("if a then b + 1 else c + 2", "(if a then (b + 1) else (c + 2))"),
        ("-1 m .. 2 m", "<-1 m .. 2 m>"),
        ("0..1", "<0 .. 1>"),
        ("a -0.1", "(a - 0.1)"),
        ("a - -0.1", "(a - -0.1)"),
        ("-(0.1)", "(- 0.1)"),
        ("+a", "(+ a)"),
        ("[a, b]", "(a, b,)"),
        ("(a,)", "(a,)"),
        ("()", "(,)"),
        ("(a)", "a"),
        ("f(a)[0].x(b)", "f(a)[0].x(b)"),
        ("f(a,\n  b,\n)", "f(a, b)"),
        ("sum(x where c)", "sum(x where c)"),
        ("sum(x over joint where c)", "sum(x where c over joint)"),
        ("sum(x over (foot, xyz))", "sum(x over foot+xyz)"),
        ("sum(f(j) for j of legs)", "sum(f(j) for j of legs)"),
        ("f(low: 1 m, high: a + b)", "f(low: 1 m, high: (a + b))"),
        ("f(min: 1, in: 2)", "f(min: 1, in: 2)"),
        ('{ "hip_*": 0.3, "knee": 0.6 }', "{hip_*=0.3; knee=0.6}"),
        ('{\n "a": 1\n "b": 2,\n\n "c":\n 3\n}', None),
        ('f({ "a": 1\n "b": 2 })', "f({a=1; b=2})"),
        ("{}", "{}"),
        ("true and not false", "(true and (not false))"),
        ("? + 1", "(? + 1)"),
        ("action.in.weight", "action.in.weight"),
        ("min(a, b) + max", "(min(a, b) + max)"),
        ("a +\n b", "(a + b)"),
    ],
)
def test_expression_shape(text: str, expected: str | None) -> None:
    tree, found = parse_expr(SourceFile("t", text))
    if expected is None:  # a newline after the `:` of an entry separates nothing and cannot be a value
        assert len(found) == 1 and isinstance(tree, ast.ErrorExpr)
    else:
        assert found == []
        assert shape(tree) == expected


@pytest.mark.parametrize(
    ("text", "value", "si", "dim"),
    [
        ("0.3 m/s", 0.3, 0.3, "m/s"),
        ("0.3m/s", 0.3, 0.3, "m/s"),
        ("40 Nm/rad", 40, 40, "Nm"),
        ("10 %", 10, 0.1, "1"),
        ("10%", 10, 0.1, "1"),
        ("180 deg", 180, math.pi, "rad"),
        ("4 ms", 4, 0.004, "s"),
        ("2.0 per s", 2, 2, "per s"),
        ("-2e-5 per Nm^2 per s", -2e-5, -2e-5, None),
        ("1 kg*m^2/s^2", 1, 1, "Nm"),
        ("1_000", 1000, 1000, "1"),
        ("20e6 env_states", 20e6, 20e6, "1"),
        ("100 updates", 100, 100, "1"),
        ("0.25 per rad/s", 0.25, 0.25, None),
    ],
)
def test_quantity_is_one_token(text: str, value: float, si: float, dim: str | None) -> None:
    tree = expr(text)
    assert isinstance(tree, ast.Quantity)
    assert tree.value == pytest.approx(value) and tree.si == pytest.approx(si)
    assert tree.text == text
    assert dim is None or str(tree.unit.dim) == dim


def test_counts_keep_their_word() -> None:
    tree = expr("20e6 env_states")
    assert isinstance(tree, ast.Quantity) and tree.unit.text == "env_states"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 m*x", "(5 m * x)"),
        ("0.1 m/dt", "(0.1 m / dt)"),
        ("3 mod 2", "(3 mod 2)"),
        ("5 m * 2 s", "(5 m * 2 s)"),
        ("3 m - s2", "(3 m - s2)"),
        ("1 m .. 2 m", "<1 m .. 2 m>"),
    ],
)
def test_units_are_a_closed_vocabulary(text: str, expected: str) -> None:
    assert shape(expr(text)) == expected


def test_spans_are_code_point_offsets() -> None:
    line = "# 🤖\nx = (a + bb) * f(c)"
    source = f"signal {{\n{line}\n}}\n"
    tree = only(line)
    value = tree.value
    assert source[value.left.span.start : value.left.span.end] == "(a + bb)"
    assert source[value.right.span.start : value.right.span.end] == "f(c)"
    assert source[value.op_span.start : value.op_span.end] == "*"
    assert source[tree.span.start : tree.span.end] == "x = (a + bb) * f(c)"
    assert tree.span.file == "t.ksim"


def test_spans_do_not_take_part_in_equality() -> None:
    assert expr("a + b") == expr("  a\n+\nb")


def test_strings_unescape_quotes_and_backslashes_only() -> None:
    assert expr(r'"a\"b\\c\d"') == ast.String(r'a"b\c\d')
