"""The IR as text: one numbered line a node, shared nodes once, arguments by number."""

from __future__ import annotations

from collections.abc import Iterable

from ksim_spec.ir.node import Node, walk


def print_ir(roots: Iterable[tuple[str, Node]], names: dict[int, str]) -> str:
    """Returns a listing of everything that the named roots need; deterministic for the same program."""
    roots = list(roots)
    number: dict[int, int] = {}
    lines: list[str] = []
    for node in walk([n for _, n in roots]):
        number[id(node)] = len(number)
        args = " ".join(f"%{number[id(a)]}" for a in node.args)
        attrs = " ".join(f"{k}={v!r}" for k, v in node.attrs if k not in ("dtype", "shape"))
        shape = f"{node.dtype}[{','.join(map(str, node.shape))}]"
        name = f"  # {names[id(node)]}" if id(node) in names else ""
        lines.append(" ".join(filter(None, (f"%{number[id(node)]} = {node.op}", args, attrs, f": {shape}"))) + name)
    lines += [f"{label} <- %{number[id(node)]}" for label, node in roots]
    return "\n".join(lines) + "\n"
