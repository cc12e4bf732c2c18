"""What can be written at the cursor, from the tables of the language and the names of the spec and its robot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ksim_spec.ide import docs
from ksim_spec.ide.completion_context import Context, context_at
from ksim_spec.ide.completion_item import Item
from ksim_spec.ide.completion_members import members
from ksim_spec.ide.expected_unit import as_typed, scopes, units, wanted
from ksim_spec.ide.hover import describe
from ksim_spec.ide.robot_docs import fact
from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.language import distributions, selectors, temporal_functions, word_docs
from ksim_spec.language.blocks.action import MODES
from ksim_spec.language.blocks.check import STATISTICS
from ksim_spec.language.blocks.curriculum import STATS
from ksim_spec.language.blocks.registry import Words, header_takes, line_takes
from ksim_spec.language.blocks.registry import block as block_of
from ksim_spec.language.blocks.world import FLOORS
from ksim_spec.language.functions import FUNCTIONS
from ksim_spec.language.members import BUILTIN_NAMES, builtin_name
from ksim_spec.language.scope import Thing
from ksim_spec.language.things import KINDS, Keyframe, Selection
from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from ksim_spec.syntax.keywords import DIRECTIVES, FLAGS, INFIX, PREFIX, clauses_of, sections_in
from ksim_spec.syntax.parse import parse_expr
from ksim_spec.units import NUMBER


@dataclass(frozen=True)
class Completion:
    """What can replace the text from `start` to the cursor; with `more` a longer word may be answered otherwise."""

    start: int
    items: tuple[Item, ...]
    more: bool = False


def complete(snapshot: Snapshot, offset: int, trigger: str = "") -> Completion:
    """Returns what can be written at an offset, each thing once, in the order of use.

    `trigger` is the letter that made the editor ask, if one did. It opens a list at every such letter, and Enter then
    takes the first entry: so there is one only where the line cannot be over. A `.` asks for members, a `"` for names
    of elements inside an open text, a space for one of few words: frames, groups, options, units.

    A word that stands there already and is complete comes first, so that Enter leaves it alone.
    """
    context = context_at(snapshot, offset)
    if trigger == " ":
        items = [] if _complete(snapshot, offset) else list(_few(snapshot, context))
    elif trigger and context.where != _OPENS.get(trigger):
        items = []
    else:
        items = list(_items(snapshot, context))
    found = {item.label: item for item in reversed(items)}
    typed = snapshot.text[context.start : offset]
    first = found.pop(typed, None) or (as_typed(snapshot, context, typed) if found else None)
    rest = tuple(reversed(found.values()))
    return Completion(context.start, rest if first is None else (first, *rest), context.where in ("unit", "per"))


_WORDED = ("per", "on", "observes", "includes")  # attributes that are followed by nothing but a word
_OPENS = {".": "member", '"': "element"}


def _complete(snapshot: Snapshot, offset: int) -> bool:
    """True where nothing is wrong with the line at an offset: it may be over."""
    start, end = snapshot.text.rfind("\n", 0, offset) + 1, offset
    places = (d.span for d in snapshot.diagnostics if d.severity in ("error", "warning") and snapshot.own(d.span))
    return not any(span.start <= end and start <= span.end for span in places)


def _few(snapshot: Snapshot, context: Context) -> Iterator[Item]:
    if context.where == "per" or (context.where == "unit" and wanted(snapshot, context) not in (None, NUMBER)):
        yield from units(snapshot, context)
    elif context.where == "operand" and context.last in ("in", "relative_to"):
        yield from _frames(snapshot)
    elif context.where == "operand" and context.last in ("=", context.attribute):
        yield from _special(snapshot, context)
    elif context.where == "operand" and context.last == "pose":
        yield from _named(snapshot, lambda thing: isinstance(thing, Keyframe))


def _frames(snapshot: Snapshot) -> Iterator[Item]:
    """The names that a vector can be given in: single bodies and sites, and the world."""
    yield from _named(snapshot, lambda t: isinstance(t, Selection) and KINDS[t.of].frame and t.axis is None)
    yield Item("world", "name", "the frame of the world")


def _named(snapshot: Snapshot, fits: Callable[[Thing | None], bool] = lambda thing: True) -> Iterator[Item]:
    """The declared names whose thing fits, each with what it is."""
    for name, binding in snapshot.checker.scope.names.items() if snapshot.checker is not None else ():
        if fits(binding.value):
            yield Item(name, "name", describe(binding.value) or binding.what, binding.what)


def _items(snapshot: Snapshot, context: Context) -> Iterator[Item]:
    if context.where == "line":
        yield from _line(snapshot, context)
    elif context.where == "operand":
        yield from _special(snapshot, context)
        if context.last not in _WORDED:
            yield from _operands(snapshot)
    elif context.where == "after":
        yield from _after(context)
    elif context.where == "member":
        yield from members(snapshot, _evaluated(snapshot, context.owner), context)
    elif context.where == "element":
        yield from _elements(snapshot, context.kind)
    elif context.where == "unit":
        yield from units(snapshot, context)
        yield from _after(context)
    elif context.where == "per":
        yield from units(snapshot, context)


# The start of a line --------------------------------------------------------------------------------------------------


def _line(snapshot: Snapshot, context: Context) -> Iterator[Item]:
    block = context.block
    for word in sections_in(block):
        yield Item(word, "keyword", "block", word_docs.line(word, block))
    for word in clauses_of(block):
        yield Item(word, "keyword", "line", word_docs.line(word, block))
    for word in (*DIRECTIVES, "fn", "override") if not block else ():
        yield Item(word, "keyword", "line", word_docs.line(word))
    for name in docs.settings(block):
        doc = docs.setting_doc(block, name)
        yield Item(
            name, "setting", (doc.signature.partition(": ")[2] if doc else "") or "setting", doc.text if doc else ""
        )
    if (own := block_of(block)) is not None and own.changes:
        yield from _named(snapshot)
        yield from _functions(selectors.SELECTORS, snapshot)
    if block == "check":
        yield from (Item(word, "function", "statistic", call=True) for word in STATISTICS)


# A value --------------------------------------------------------------------------------------------------------------


def _special(snapshot: Snapshot, context: Context) -> Iterator[Item]:
    """Words that mean something only as this value: of a setting, of an attribute, of a kind of line."""
    if context.attribute in ("observes", "includes"):
        names = [i.name for i in snapshot.items if isinstance(i, ast.Section) and i.keyword == "observe" and i.name]
        yield from (Item(name, "name", "observation group") for name in names)
    elif context.attribute == "per":
        yield from scopes(context)
    elif context.attribute == "on":
        yield from (Item(word, "word") for word in (("event",) if "weight" in context.given else ()))
    elif (field := docs.setting_field(context.block, context.opening)) is not None:
        yield from (Item(word, "word") for word in docs.choices(field))
    elif context.block == "action" and not context.attribute:
        yield from (Item(word, "function", str(dim), call=True) for word, dim in MODES.items())
    elif context.block == "world" and context.opening == "floor":
        yield from (Item(word, "word") for word in FLOORS)
    elif context.block == "curriculum" and context.attribute == "when":
        yield from (Item(name, "name", f"statistic of an update, {dim}") for name, dim in STATS.items())


def _operands(snapshot: Snapshot) -> Iterator[Item]:
    yield from _named(snapshot)
    for name in BUILTIN_NAMES:
        thing = builtin_name(snapshot.checker, name) if snapshot.checker is not None else None
        yield Item(name, "name", describe(thing))
    yield Item("std", "name", "the library: std.name(…)")
    yield from _functions(
        (*FUNCTIONS, *temporal_functions.OPERATORS, *selectors.SELECTORS, *distributions.DISTRIBUTIONS), snapshot
    )
    yield from _functions(snapshot.checker.functions if snapshot.checker is not None else (), snapshot)
    yield from (Item(word, "keyword") for word in PREFIX)


def _functions(names: Iterable[str], snapshot: Snapshot) -> Iterator[Item]:
    for name in names:
        doc = docs.function_doc(name, snapshot.checker)
        if doc is not None and not name.startswith("std."):
            yield Item(name, "function", doc.signature, doc.text, call=True)


# After a value --------------------------------------------------------------------------------------------------------


def _after(context: Context) -> Iterator[Item]:
    if not context.depth:
        for word, meaning in taken(context).items():
            if word not in context.given:
                kind = "flag" if word in FLAGS else "attribute"
                yield Item(word, "keyword", kind, meaning)
    yield from (Item(word, "keyword") for word in INFIX)


def taken(context: Context) -> Words:
    """Returns the attributes that the line or header at a place takes, with their meaning."""
    return header_takes(context.opening) if context.header else line_takes(context.block, context.opening)


def _evaluated(snapshot: Snapshot, text: str) -> Thing | None:
    """Returns what a piece of an expression stands for, or None."""
    expr, found = parse_expr(SourceFile(snapshot.source.name, text))
    return None if found or text == "std" else snapshot.evaluate(expr)


def _elements(snapshot: Snapshot, kind: str) -> Iterator[Item]:
    robot = snapshot.checker.robot if snapshot.checker is not None else None
    if robot is not None:
        names = robot.keyframes() if kind == "keyframe" else robot.names(kind)
        yield from (Item(name, "element", fact(robot.index, kind, name)) for name in names)
