"""Short ways to parse a snippet, shared by the syntax tests."""

from __future__ import annotations

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import parse_expr, parse_file


def expr(text: str) -> ast.Expr:
    """The tree of an expression that must parse cleanly."""
    tree, found = parse_expr(SourceFile("t.ksim", text))
    assert found == []
    return tree


def clean(text: str) -> ast.File:
    """The tree of a file that must parse cleanly."""
    tree, found = parse_file(SourceFile("t.ksim", text))
    assert [d.message for d in found] == []
    return tree


def faulty(text: str) -> tuple[ast.File, list[Diagnostic]]:
    return parse_file(SourceFile("t.ksim", text))


def only(text: str, section: str = "signal"):
    """The single statement of a block."""
    block = clean(f"{section} {{\n{text}\n}}\n").items[0]
    assert isinstance(block, ast.Section) and len(block.body) == 1
    return block.body[0]


def shape(node: object) -> str:
    """A fully bracketed spelling of an expression, to read precedence off."""
    match node:
        case ast.Quantity():
            return node.text
        case ast.String():
            return f'"{node.value}"'
        case ast.Bool():
            return str(node.value).lower()
        case ast.Name():
            return node.id
        case ast.Hole():
            return "?"
        case ast.Attribute():
            return f"{shape(node.value)}.{node.name}"
        case ast.Index():
            return f"{shape(node.value)}[{shape(node.index)}]"
        case ast.Call():
            return f"{shape(node.func)}({', '.join(map(shape, node.args))})"
        case ast.Arg():
            text = (f"{node.name}: " if node.name else "") + shape(node.value)
            text += f" where {shape(node.where)}" if node.where else ""
            text += f" over {'+'.join(node.over)}" if node.over else ""
            return text + (f" for {node.binder[0]} of {shape(node.binder[1])}" if node.binder else "")
        case ast.Unary():
            return f"({node.op} {shape(node.value)})"
        case ast.Binary():
            return f"({shape(node.left)} {node.op} {shape(node.right)})"
        case ast.InFrame():
            return f"({shape(node.value)} {node.word} {shape(node.frame)})"
        case ast.AsUnit():
            return f"({shape(node.value)} as {node.unit.text})"
        case ast.Member():
            return f"({shape(node.value)} is {shape(node.options)})"
        case ast.IfExpr():
            return f"(if {shape(node.cond)} then {shape(node.then)} else {shape(node.otherwise)})"
        case ast.Range():
            return f"<{shape(node.low)} .. {shape(node.high)}>"
        case ast.Tuple():
            return f"({', '.join(map(shape, node.items))},)"
        case ast.Table():
            return "{" + "; ".join(f"{e.pattern}={shape(e.value)}" for e in node.entries) + "}"
    raise AssertionError(node)
