"""From a spec file to a checked program: parse, overlay, resolve the robot, check every block. Never imports jax."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, Diagnostics, Label, SpecError, suggest
from ksim_spec.ir.node import walk
from ksim_spec.language import expressions as expressions  # registers how expressions are checked
from ksim_spec.language.blocks import chance, flow, scoring, setting, training
from ksim_spec.language.blocks.form import check_form
from ksim_spec.language.checker import Checker, Fn
from ksim_spec.language.overlay import Edit, Item, apply, expand, profile_edits
from ksim_spec.language.program import Program
from ksim_spec.language.recovery import lost
from ksim_spec.language.robot_view import RobotView
from ksim_spec.language.scope import Scope, Thing
from ksim_spec.language.types import Axis, Value
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.sources import resolve
from ksim_spec.robot.who import floating_base
from ksim_spec.source import NOWHERE, SourceFile, SourceMap, Span, plain_lines
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import parse_expr, parse_file, read_bytes, text_of

ONCE = ("robot", "world", "action", "policy", "train")


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
    what it includes.
    """

    read_robot: Callable[[Path], RobotIndex] = RobotIndex.load
    items: list[Item] = field(default_factory=list)
    seen: dict[Span, Thing] | None = None
    checker: Checker | None = None
    program: Program | None = None


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
    items = expand(tree, source.path, sources, out)
    trace.items = items = overlaid(items, profile, sets, sources, out)
    program = _check(items, source.name, source.path, sources, out, profile is None, trace)
    trace.program = program
    robot = trace.checker.robot.index if trace.checker is not None else None
    return Loaded(None if out.has_errors else program, out.sorted(), sources, robot, tuple(items))


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
                    create=target.strip().startswith(("train.", "policy.", "world.")),
                )
            )
    for edit in edits:
        items = apply(items, edit, out)
    return items


def _sections(items: list[Item], keyword: str) -> list[ast.Section]:
    return [i for i in items if isinstance(i, ast.Section) and i.keyword == keyword]


def _single(items: list[Item], keyword: str, out: Diagnostics) -> ast.Section | None:
    found = _sections(items, keyword)
    for extra in found[1:]:
        out.report(
            rules.REPEATED_BLOCK,
            extra.header_span,
            f"there is already a `{keyword}` block",
            help="write one block",
        )
    return found[0] if found else None


def _robot(
    items: list[Item], path: Path | None, sources: SourceMap, out: Diagnostics, source: str, trace: Trace
) -> tuple[RobotView, ast.Section | ast.Directive] | None:
    section: ast.Section | ast.Directive | None = _single(items, "robot", out) or next(
        (i for i in items if isinstance(i, ast.Directive) and i.word == "robot"), None
    )
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
        out.extend(error.diagnostics)
        return None
    for file in index.sources.files.values():
        sources.files.setdefault(file.name, file)
    return RobotView(index, found.path, index.model_name or found.path.stem, sources), section


def _mirror_span(robot: Item | None) -> Span:
    """Where the first `mirror` stands."""
    clauses = [s for s in robot.body if isinstance(s, ast.Clause)] if isinstance(robot, ast.Section) else []
    return next((s.span for s in clauses if s.word == "mirror"), NOWHERE)


def _check(
    items: list[Item], name: str, path: Path | None, sources: SourceMap, out: Diagnostics, complete: bool, trace: Trace
) -> Program | None:
    """Checks block after block, in the order in which they need each other."""
    check_form([i for i in items if isinstance(i, ast.Section)], out)
    one = {word: _single(items, word, out) for word in ONCE}
    found = _robot(items, path, sources, out, name, trace)
    if found is None:
        return None
    robot, robot_section = found
    unknown = lost(items)
    scope = Scope(salvaged=set(unknown.names), nameless=unknown.nameless)
    c = trace.checker = Checker(scope, robot, out, seen=trace.seen, lost=unknown)
    robot.incomplete = unknown.sites
    _functions(c, items)
    sites, mirror = setting.declare_robot(c, robot_section) if isinstance(robot_section, ast.Section) else ([], [])
    world = setting.check_world(c, one["world"], sites)
    action = setting.check_action(c, one["action"], world)
    _declare_action(c, sum(t.size for t in action), [j for t in action for j in t.joints])
    levels = chance.declare_levels(c, _sections(items, "curriculum"))
    commands = [b for s in _sections(items, "command") if (b := flow.check_command(c, s)) is not None]
    signals = [n for s in _sections(items, "signal") for n in flow.declare_signals(c, s)]
    observations = flow.check_observations(c, _sections(items, "observe"))
    rewards = scoring.check_rewards(c, _sections(items, "reward"))
    terminations = scoring.check_terminations(c, _sections(items, "terminate"))
    reset = chance.check_reset(c, _sections(items, "reset"))
    events = [e for s in _sections(items, "event") if (e := chance.check_event(c, s)) is not None]
    randomization = chance.check_randomization(c, _sections(items, "randomize"))
    policy, critic = training.check_policy(c, one["policy"], observations, bool(mirror))
    train, settings = training.check_train(c, one["train"], complete)
    checked_levels = chance.check_levels(c, levels, train.num_env_states)
    checks = training.check_checks(c, _sections(items, "check"))
    values = _signal_values(c, signals)
    for section in _sections(items, "symmetry"):
        message = "a `symmetry` block is not understood yet"
        out.report(
            rules.MISPLACED_STATEMENT,
            section.header_span,
            message,
            help="name the pairs in the robot block: `mirror`",
        )
    task = next((i for i in items if isinstance(i, ast.Directive) and i.word == "task"), None)
    _complete(c, items, observations, action, task, name)
    _unused(c)
    floats = floating_base(robot.index, robot.base)
    base = name_of(floats) if floats else None
    program = Program(
        name=(task.name if task else None) or (path.stem if path else "task"),
        doc=(task.text if task else None) or "",
        spec_path=path,
        robot_path=robot.path,
        robot_name=robot.name,
        base=base,
        world=world,
        action=tuple(action),
        commands=tuple(commands),
        signals=tuple(values),
        observations=observations,
        rewards=tuple(rewards),
        terminations=tuple(terminations),
        reset=reset,
        events=tuple(events),
        randomization=tuple(randomization),
        levels=tuple(checked_levels),
        checks=tuple(checks),
        policy=policy,
        critic_group=critic,
        train=train,
        parameters=c.params.all(),
        own=robot.own,
        mirror=tuple(mirror),
        mirror_span=_mirror_span(robot_section),
        names=dict(c.declared),
        settings=settings,
        items=tuple(items),
    )
    _nominal_reads(c, program)
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


def _declare_action(c: Checker, size: int, joints: list[str]) -> None:
    from ksim_spec.ir.ops import make

    if not size:
        c.scope.salvaged.add("action")  # a missing or broken `action` block is a mistake of its own
    if size:
        leaf = make("action", dtype="float", shape=(size,))
        c.scope.declare("action", "the action", lambda: Value(leaf, (Axis("joint", tuple(joints)),)))


def _signal_values(c: Checker, names: list[str]) -> list[tuple[str, Value]]:
    """Checks the signals that nothing uses too, so that their mistakes are reported."""
    values: list[tuple[str, Value]] = []
    for name in names:
        binding = c.scope.names.get(name)
        used = binding.used if binding else 0
        thing = c.thing(ast.Name(name, span=binding.span if binding else NOWHERE))
        if binding is not None:
            binding.used = used
        if isinstance(thing, Value):
            values.append((name, thing))
    return values


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


def _complete(
    c: Checker, items: list[Item], observations: object, action: object, task: ast.Directive | None, name: str
) -> None:
    if c.lost.blocks:
        return  # what is missing may be among what was not understood
    start = task.span if task else Span(name, 0, 0)
    needed = {
        "observe": (rules.MISSING_OBSERVE, "observe actor { … }"),
        "action": (rules.MISSING_ACTION, "action { target = position(legs) around home scale 0.5 rad }"),
        "reward": (rules.MISSING_REWARD, "reward { … }"),
        "terminate": (rules.MISSING_TERMINATE, "terminate { timeout when time > 20 s truncate }"),
    }
    for keyword, (rule, example) in needed.items():
        if not _sections(items, keyword):
            c.report(rule, start, f"the spec has no `{keyword}` block", help=f"for example `{example}`")
    groups = [s.name for s in _sections(items, "observe")]
    if groups and "actor" not in groups and not c.lost.groups:
        c.report(
            rules.MISSING_ACTOR,
            start,
            "there is no observation group `actor`",
            help=suggest("actor", [g for g in groups if g], "groups"),
        )
