"""From a spec file to a checked program: parse, overlay, resolve the robot, check every block. Never imports jax."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, Diagnostics, Label, SpecError, suggest
from ksim_spec.ir.node import walk
from ksim_spec.language import expressions as expressions  # registers how expressions are checked
from ksim_spec.language.blocks.form import check_form
from ksim_spec.language.blocks.registry import Parts, block, blocks
from ksim_spec.language.checker import Checker, Fn
from ksim_spec.language.functions import free_function
from ksim_spec.language.limits import endless_limits
from ksim_spec.language.overlay import Edit, Item, apply, expand, profile_edits
from ksim_spec.language.params import Params
from ksim_spec.language.program import Program
from ksim_spec.language.recovery import Lost, lost
from ksim_spec.language.robot_view import RobotView
from ksim_spec.language.scope import DrawContext, Scope, Thing
from ksim_spec.language.types import UNKNOWN
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.sources import resolve
from ksim_spec.robot.who import floating_base
from ksim_spec.source import NOWHERE, SourceFile, SourceMap, Span, plain_lines
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import parse_expr, parse_file, read_bytes, text_of


@dataclass(frozen=True)
class Loaded:
    """The result of checking a spec: the program (None when it has errors), every finding, the texts, the blocks.

    `robot` is what the spec was checked against, where it was found.
    """

    program: Program | None
    diagnostics: list[Diagnostic]
    sources: SourceMap
    robot: RobotIndex | None = None
    items: tuple[Item, ...] = ()

    def require(self) -> Program:
        """Returns the program; raises SpecError with all findings when there are errors."""
        if self.program is None:
            raise SpecError(self.diagnostics, self.sources)
        return self.program


@dataclass
class Trace:
    """What an editor wants to know of a check, as far as it came: `program` is there for a spec with errors too.

    `seen`, where it is a dict, is filled with what each expression stood for; `items` are the blocks of the spec and of
    what it includes. With `fragments`, a file that others include is checked for what it has, and misses nothing.
    `texts` are those of files that are open, which go before what is on the disk.
    """

    read_robot: Callable[[Path], RobotIndex] = RobotIndex.load
    items: list[Item] = field(default_factory=list)
    seen: dict[Span, Thing] | None = None
    checker: Checker | None = None
    program: Program | None = None
    fragments: bool = False
    texts: Mapping[Path, str] = field(default_factory=dict)


def load_spec(
    path: str | Path, *, profile: str | None = None, sets: Sequence[str] = (), trace: Trace | None = None
) -> Loaded:
    """Returns the checked spec of a file. Only a file that cannot be read raises (SpecError)."""
    file = Path(path)
    try:
        data = read_bytes(file)
    except OSError as error:
        raise SpecError([Diagnostic(rules.UNREADABLE_FILE, f"`{path}` cannot be read: {error.strerror}")]) from None
    return load_text(text_of(data, str(path)), str(path), file, profile=profile, sets=sets, trace=trace)


def load_text(
    text: str,
    name: str,
    path: Path | None = None,
    *,
    profile: str | None = None,
    sets: Sequence[str] = (),
    trace: Trace | None = None,
) -> Loaded:
    """Returns the checked spec of a text; `path` is where relative files are looked for."""
    source = SourceFile(name, plain_lines(text), path)
    tree, problems = parse_file(source)
    return load_tree(source, tree, problems, profile=profile, sets=sets, trace=trace)


def load_tree(
    source: SourceFile,
    tree: ast.File,
    problems: Sequence[Diagnostic],
    *,
    profile: str | None = None,
    sets: Sequence[str] = (),
    trace: Trace | None = None,
) -> Loaded:
    """Returns the checked spec of a parsed text with these problems; fills `trace` on the way."""
    sources, out, trace = SourceMap(), Diagnostics(), trace or Trace()
    sources.add(source)
    out.extend(problems)
    items = expand(tree, source.path, sources, out, texts=trace.texts)
    if trace.fragments and is_fragment(tree, items):
        trace.items = items
        robot = _check_fragment(items, source, sources, out, trace)
        return Loaded(None, out.sorted(), sources, robot, tuple(items))
    trace.items = items = overlaid(items, profile, sets, sources, out)
    program = _check(items, source.name, source.path, sources, out, profile is None, trace)
    trace.program = program
    robot = trace.checker.robot.index if trace.checker is not None else None
    return Loaded(None if out.has_errors else program, out.sorted(), sources, robot, tuple(items))


def _check_fragment(
    items: list[Item], source: SourceFile, sources: SourceMap, out: Diagnostics, trace: Trace
) -> RobotIndex | None:
    """Checks the blocks of a file that others include; returns the robot where the file names one."""
    check_form([i for i in items if isinstance(i, ast.Section)], out)
    robot = RobotView(RobotIndex.load("<mujoco/>"), Path(), "the robot", sources, unknown=True)
    if _robot_lines(items):
        found = _robot(items, source.path, sources, out, source.name, trace)
        if found is None:
            return None
        robot = found[0]
    robot.incomplete = True
    worlds = _sections(items, "world")
    robot.any_floor = not worlds or (robot.unknown and not _own_floor(items))
    if not _sections(items, "action"):
        robot.unsure.update(name_of(j) for j in robot.index.joints)
    names = lost(items).names
    c = trace.checker = Checker(Scope(salvaged=set(names), nameless=True), robot, out, seen=trace.seen)
    c.clockless = not worlds
    c.lost = Lost(names, nameless=True, sites=True, groups=True, blocks=True)
    _functions(c, items)
    _checked(c, items, False)
    _unused_functions(c)
    return None if robot.unknown else robot.index


def overlaid(
    items: list[Item], profile: str | None, sets: Sequence[str], sources: SourceMap, out: Diagnostics
) -> list[Item]:
    edits: list[Edit] = []
    if profile is not None:
        line = sources.add(SourceFile("--profile", profile))
        edits += profile_edits(items, profile, out, Span(line.name, 0, len(profile)))
    for number, text in enumerate(sets, 1):
        line = sources.add(SourceFile(f"--set #{number}", text))
        span = Span(line.name, 0, len(text))
        target, equals, value = text.partition("=")
        if not equals:
            out.report(
                rules.BAD_SET, span, f"`{text}` is not `path=value`", help="for example `--set train.num_envs=64`"
            )
            continue
        # Blanks in place of the path keep the columns of messages right.
        expr, problems = parse_expr(SourceFile(line.name, " " * (len(target) + 1) + value))
        out.extend(problems)
        if not problems:
            edits.append(
                Edit(
                    tuple(target.strip().split(".")),
                    expr,
                    span,
                    create=(own := block(target.strip().partition(".")[0])) is not None and bool(own.settings),
                )
            )
    for edit in edits:
        items = apply(items, edit, out)
    return items


def profile_errors(loaded: Loaded) -> list[Diagnostic]:
    """Returns what is an error in a sound spec as one of its profiles changes it."""
    program, robot = loaded.program, loaded.robot
    if program is None or robot is None:
        return []
    found = Diagnostics()
    for section in _sections(list(loaded.items), "profile"):
        if section.name is None:
            continue
        items = list(loaded.items)
        for edit in profile_edits(items, section.name, found, section.name_span):
            items = apply(items, edit, found)
        name = section.span.file
        path = source.path if (source := loaded.sources.get(name)) else None
        _check(items, name, path, loaded.sources, found, False, Trace(read_robot=lambda _: robot))
    return [d for d in found.sorted() if d.severity == "error"]


def _sections(items: list[Item], keyword: str) -> list[ast.Section]:
    return [i for i in items if isinstance(i, ast.Section) and i.keyword == keyword]


def _robot_lines(items: list[Item]) -> list[ast.Section | ast.Directive]:
    lines = [i for i in items if isinstance(i, ast.Directive) and i.word == "robot"]
    return [*_sections(items, "robot"), *lines]


def is_fragment(tree: ast.File, items: Sequence[Item]) -> bool:
    """Returns whether a file is one that others include: no `task`, no `extends`, and without all that a task needs.

    `items` are its blocks and those of what it includes.
    """
    if any(isinstance(i, ast.Directive) and i.word in ("task", "extends") for i in tree.items):
        return False
    blocks_there = {i.keyword for i in items if isinstance(i, ast.Section)}
    return not _robot_lines(list(items)) or any(b.needed and b.keyword not in blocks_there for b in blocks())


def _robot(
    items: list[Item], path: Path | None, sources: SourceMap, out: Diagnostics, source: str, trace: Trace
) -> tuple[RobotView, ast.Section | ast.Directive] | None:
    section: ast.Section | ast.Directive | None = next(iter(_robot_lines(items)), None)
    if section is None and lost(items).blocks:
        return None  # it may be among what was not understood
    if isinstance(section, ast.Section) and section.broken and section.text is None:
        return None
    if section is None or section.text is None:
        span = section.span if section else Span(source, 0, 0)
        out.report(
            rules.MISSING_ROBOT, span, "the spec names no robot", help='for example `robot "robots/biped.xml" {`'
        )
        return None
    span = section.header_span if isinstance(section, ast.Section) else section.span
    try:
        home = sources.get(span.file)
        folder = home.path.parent if home and home.path else path.parent if path else Path(".")
        found = resolve(section.text, folder, span)
        index = trace.read_robot(found.path)
    except SpecError as error:
        sources.files.update({k: v for k, v in error.sources.files.items() if k not in sources.files})
        # What a file that cannot be read has no place in itself is shown where the spec names it.
        out.extend(d if d.span != NOWHERE else replace(d, span=span) for d in error.diagnostics)
        return None
    for file in index.sources.files.values():
        sources.files.setdefault(file.name, file)
    view = RobotView(index, found.path, index.model_name or found.path.stem, sources)
    view.world_floor = _own_floor(items)
    return view, section


def _own_floor(items: list[Item]) -> bool:
    """Whether the world of a spec has a floor of its own, known before its blocks are read: names depend on it."""
    lines = [s for section in _sections(items, "world") for s in section.body if isinstance(s, ast.Assign)]
    said = [s.value for s in lines if isinstance(s.target, ast.Name) and s.target.id == "floor"]
    return any(isinstance(value, ast.Name) and value.id == "plane" for value in said[-1:])


def _mirror_span(robot: Item | None) -> Span:
    """Where the first `mirror` stands."""
    clauses = [s for s in robot.body if isinstance(s, ast.Clause)] if isinstance(robot, ast.Section) else []
    return next((s.span for s in clauses if s.word == "mirror"), NOWHERE)


def _checked(c: Checker, items: list[Item], complete: bool) -> Parts:
    """Checks every block: first what others use, then the rest, then what needs all the others."""
    parts = Parts(complete=complete)
    of = {b.keyword: _sections(items, b.keyword)[: 1 if b.single else None] for b in blocks()}
    for b in blocks():
        b.declare(c, of[b.keyword], parts)
    for b in blocks():
        b.check(c, of[b.keyword], parts)
    for b in blocks():
        b.finish(c, of[b.keyword], parts)
    return parts


def _check(
    items: list[Item], name: str, path: Path | None, sources: SourceMap, out: Diagnostics, complete: bool, trace: Trace
) -> Program | None:
    """Checks block after block, in the order in which they need each other."""
    check_form([i for i in items if isinstance(i, ast.Section)], out)
    found = _robot(items, path, sources, out, name, trace)
    if found is None:
        return None
    robot, robot_section = found
    unknown = lost(items)
    scope = Scope(salvaged=set(unknown.names), nameless=unknown.nameless)
    c = trace.checker = Checker(scope, robot, out, seen=trace.seen, lost=unknown)
    robot.incomplete = unknown.sites
    _functions(c, items)
    parts = _checked(c, items, complete)
    assert parts.world is not None and parts.reset is not None
    task = next((i for i in items if isinstance(i, ast.Directive) and i.word == "task"), None)
    _complete(c, items, task, name)
    _unused_functions(c)
    _unused(c)
    floats = floating_base(robot.index, robot.base)
    base = name_of(floats) if floats else None
    program = Program(
        name=(task.name if task else None) or (path.stem if path else "task"),
        doc=(task.text if task else None) or "",
        robot_path=robot.path,
        robot_name=robot.name,
        base=base,
        world=replace(parts.world, solver=tuple(parts.options)),
        action=tuple(parts.action),
        commands=tuple(parts.commands),
        signals=tuple(parts.signals),
        observations=parts.observations,
        rewards=tuple(parts.rewards),
        terminations=tuple(parts.terminations),
        reset=parts.reset,
        events=tuple(parts.events),
        randomization=tuple(parts.randomization),
        levels=tuple(parts.levels),
        checks=tuple(parts.checks),
        policy=parts.policy,
        critic_group=parts.critic_group,
        train=parts.train,
        parameters=c.params.all(),
        own=robot.own,
        mirror=tuple(parts.mirror),
        mirror_span=_mirror_span(robot_section),
        names=dict(c.declared),
        settings=parts.settings,
        items=tuple(items),
        limits=tuple(c.limits),
    )
    _nominal_reads(c, program)
    out.extend(endless_limits(program, robot.index))
    return program


def _nominal_reads(c: Checker, program: Program) -> None:
    """Warns where a drawn mass or gravity is read too: reads give the value of the MJCF, the same everywhere."""
    read = [n for n in walk(program.roots()) if n.op == "model"]
    for change in program.randomization:
        for node in read:
            what, names = node.attr("what"), change.names
            same = what == change.quantity and (not names or not set(names).isdisjoint(node.attr("names")))
            if same or (what == "total_mass" and change.quantity == "mass"):
                c.report(
                    rules.READS_NOMINAL,
                    change.span,
                    f"`{change.name}` is drawn here, but `{what}` reads the robot file's value elsewhere",
                    help="use a quantity that is measured, such as a force or an acceleration",
                )
                break


def _functions(c: Checker, items: list[Item]) -> None:
    for item in items:
        if isinstance(item, ast.FnDef):
            if item.name in c.functions:
                c.report(
                    rules.DUPLICATE_NAME,
                    item.span,
                    f"there is already a function `{item.name}`",
                    related=(Label(c.functions[item.name].span, "first given here"),),
                    help="rename one of the two",
                )
            if not free_function(item, c.out):
                continue
            c.functions[item.name] = Fn(item.name, item.params, item.body, item.span)
            names = [name for name, _ in item.params]
            for name in dict.fromkeys(n for n in names if names.count(n) > 1):
                message = f"`{item.name}` has two parameters `{name}`"
                c.report(rules.DUPLICATE_NAME, item.span, message, help="rename one of the two")
        elif isinstance(item, ast.Assign | ast.Clause):
            c.report(
                rules.STATEMENT_OUTSIDE_BLOCK,
                item.span,
                "this stands outside every block",
                help="put it into a block such as `signal { … }`",
            )


def _unused_functions(c: Checker) -> None:
    """Checks what nothing calls, as far as that goes without arguments, so that its mistakes are reported."""
    used = {name: binding.used for name, binding in c.scope.names.items()}
    for fn in c.functions.values():
        if fn.name in c.inlined or fn.name.startswith("std."):
            continue
        apart = replace(c, params=Params(), declared={}, draws=DrawContext("fn", "step"), streams=set(), seen=None)
        with c.scope.local(dict.fromkeys((name for name, _ in fn.params), UNKNOWN)):
            apart.calls.append(fn.name)
            for expr in (*(default for _, default in fn.params if default is not None), fn.body):
                apart.thing(expr)
            apart.calls.pop()
    for name, count in used.items():
        c.scope.names[name].used = count


def _unused(c: Checker) -> None:
    if c.out.has_errors:
        return  # what uses a signal may be among what was not understood
    for binding in c.scope.names.values():
        if binding.what == "signal" and binding.used == 0:
            c.report(
                rules.UNUSED_SIGNAL,
                binding.span,
                f"nothing uses the signal `{binding.name}`",
                help="remove it, or observe or reward it",
            )


def _complete(c: Checker, items: list[Item], task: ast.Directive | None, name: str) -> None:
    if c.lost.blocks:
        return  # what is missing may be among what was not understood
    start = task.span if task else Span(name, 0, 0)
    for b in blocks():
        if b.needed is not None and not _sections(items, b.keyword):
            rule, example = b.needed
            c.report(rule, start, f"the spec has no `{b.keyword}` block", help=f"for example `{example}`")
    groups = [s.name for s in _sections(items, "observe")]
    if groups and "actor" not in groups and not c.lost.groups:
        c.report(
            rules.MISSING_ACTOR,
            start,
            "there is no observation group `actor`",
            help=suggest("actor", [g for g in groups if g], "groups"),
        )
