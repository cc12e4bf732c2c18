"""Block `robot`: names for parts of the robot, added sites, its mirror image."""

from __future__ import annotations

from ksim_spec import rules
from ksim_spec.ir.node import walk
from ksim_spec.language.blocks.attributes import attributes
from ksim_spec.language.blocks.registry import Block, Line, Parts
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import AddedSite
from ksim_spec.language.scope import Thing
from ksim_spec.language.things import Keyframe, Selection
from ksim_spec.language.types import Axis, Unknown, Value
from ksim_spec.robot.naming import matching, other_name
from ksim_spec.syntax import ast
from ksim_spec.units import LENGTH


def declare_robot(c: Checker, section: ast.Section) -> tuple[list[AddedSite], list[tuple[str, str]]]:
    """Declares the names of a robot block; returns added sites and mirror pairs."""
    sites: list[AddedSite] = []
    mirror: list[tuple[str, str]] = []
    for stmt in section.body:
        if isinstance(stmt, ast.Clause) and stmt.word == "site":
            added = len(sites)
            _added_site(c, stmt, sites)
            c.robot.incomplete = c.robot.incomplete or len(sites) == added
    for stmt in section.body:
        if isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name):
            _alias(c, stmt, stmt.target.id)
        elif isinstance(stmt, ast.Clause) and stmt.word == "mirror":
            mirror += _mirror(c, stmt, mirror)
        elif isinstance(stmt, ast.Clause) and stmt.word in ("site", "onboard"):
            continue
        elif not isinstance(stmt, ast.ErrorStmt):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a robot block holds names, `site`, `onboard`, and `mirror`",
                help='for example `base = body("torso")`',
            )
    _find_base(c, section)
    for stmt in section.body:
        if isinstance(stmt, ast.Clause) and stmt.word == "onboard":
            _onboard(c, stmt)
        elif isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name) and stmt.target.id in c.scope.names:
            _part_of_the_robot(c, stmt.target)
    return sites, mirror


def _find_base(c: Checker, section: ast.Section) -> None:
    """Tells the view which body the spec calls `base`: it belongs to the robot."""
    for stmt in section.body:
        if isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name) and stmt.target.id == "base":
            thing = c.thing(stmt.target)
            if isinstance(thing, Selection) and thing.of == "body" and len(thing.names) == 1:
                c.robot.base = thing.one


def _part_of_the_robot(c: Checker, name: ast.Name) -> None:
    """Looks a name up although nothing may use it, so that its mistakes are reported."""
    thing = c.thing(name)
    if isinstance(thing, Value) and not any(n.op in ("read", "model", "pose") for n in walk([thing.node])):
        example = 'for example `base = body("torso")`; numbers go into a `signal` block'
        c.report(rules.NOT_A_SELECTION, name.span, f"`{name.id}` is not a part of the robot", help=example)


def _onboard(c: Checker, stmt: ast.Clause) -> None:
    """Declares that the robot measures quantities that otherwise only the simulator knows."""
    example = 'for example `onboard base.linvel reason "state estimator"`'
    if "reason" not in attributes(c, stmt.attrs, BLOCK.lines["onboard"].takes, "`onboard`"):
        c.report(rules.WRONG_ARGUMENTS, stmt.span, "`onboard` needs a reason", help=example)
    for arg in stmt.args:
        owner = c.thing(arg.value) if isinstance(arg, ast.Attribute) else None
        if isinstance(owner, Unknown) or (isinstance(arg, ast.Attribute) and isinstance(c.thing(arg), Unknown)):
            continue
        if not isinstance(arg, ast.Attribute) or not isinstance(owner, Selection):
            c.report(rules.NOT_A_SELECTION, arg.span, "`onboard` needs quantities of the robot", help=example)
            continue
        c.onboard.update((owner.of, name, arg.name) for name in owner.names)


def _alias(c: Checker, stmt: ast.Assign, name: str) -> None:
    attributes(c, stmt.attrs, BLOCK.takes, "a name of the robot")

    def resolve() -> Thing:
        if isinstance(stmt.value, ast.Name) and stmt.value.id == "default":
            return Keyframe("")
        thing = c.thing(stmt.value)
        if isinstance(thing, Selection):
            axis = Axis(thing.of if thing.of == "joint" else name, thing.names) if thing.axis else None
            return Selection(thing.of, thing.names, name, axis)
        return thing

    c.declare(name, "robot name", resolve, stmt.target)


def _added_site(c: Checker, stmt: ast.Clause, sites: list[AddedSite]) -> None:
    attrs = attributes(c, stmt.attrs, BLOCK.lines["site"].takes, "`site`")
    name = stmt.args[0].id if stmt.args and isinstance(stmt.args[0], ast.Name) else None
    on, at = attrs.expr("on"), attrs.expr("at")
    if name is None or on is None:
        c.report(
            rules.WRONG_ARGUMENTS,
            stmt.span,
            "`site` needs a name and a body",
            help='for example `site left_foot on body("left_shin") at (0 m, 0 m, -0.2 m)`',
        )
        return
    if name in c.robot.names("site"):
        c.report(
            rules.DUPLICATE_NAME,
            stmt.span,
            f"the robot already has a site `{name}`",
            help="give it another name, or use the one of the robot",
        )
        return
    body = c.thing(on)
    if isinstance(body, Unknown):
        return
    if not isinstance(body, Selection) or body.of != "body" or len(body.names) != 1:
        c.report(rules.NOT_A_SELECTION, on.span, "`on` needs one body", help='for example `on body("torso")`')
        return
    position = [0.0, 0.0, 0.0]
    if at is not None:
        items = at.items if isinstance(at, ast.Tuple) else ()
        if len(items) != 3:
            c.report(
                rules.SHAPE_MISMATCH,
                at.span,
                "`at` needs three lengths",
                help="for example `at (0 m, 0 m, -0.2 m)`",
            )
            return
        numbers: list[float | None] = []
        for x in items:  # what is wrong with all is said once
            numbers.append(None if None in numbers else c.scalar(x, LENGTH, "a coordinate"))
        if any(x is None for x in numbers):
            return
        position = [x for x in numbers if x is not None]
    site = AddedSite(name, body.one, (position[0], position[1], position[2]))
    sites.append(site)
    c.robot.add_site(name, body.one)


def _mirror(c: Checker, stmt: ast.Clause, earlier: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if len(stmt.args) != 2 or not all(isinstance(a, ast.String) for a in stmt.args):
        c.report(
            rules.WRONG_ARGUMENTS,
            stmt.span,
            "`mirror` needs two name patterns",
            help='for example `mirror "left_*" <-> "right_*"`',
        )
        return []
    left, right = (a.value for a in stmt.args if isinstance(a, ast.String))
    if left == right and any(sign in left for sign in "*?["):  # a part in the middle is its own image, by its name
        message = f"`{left}` is on both sides: nothing changes places"
        help = 'name one side and the other, for example `mirror "left_*" <-> "right_*"`'
        c.report(rules.NO_MIRROR_PARTNER, stmt.args[1].span, message, help=help)
        return []
    if (left, right) in earlier or (right, left) in earlier:
        message = f"`{left}` and `{right}` are mirror images already"
        c.report(rules.DUPLICATE_NAME, stmt.span, message, help="keep one of the two lines")
        return []
    names = [n for kind in ("joint", "body", "site", "geom", "actuator") for n in c.robot.names(kind)]
    known = set(names)
    for pattern, other in ((left, right), (right, left)):
        hits = matching(pattern, names)
        lonely = [n for n in hits if other_name(n, pattern, other) not in known]
        if c.robot.incomplete and (lonely or not hits):
            return []
        if not hits:
            c.report(
                rules.EMPTY_MATCH,
                stmt.span,
                f"`{pattern}` matches nothing on {c.robot.name}",
                help="a pattern matches whole names of the robot, for example `left_*`",
            )
            return []
        if lonely:
            c.report(
                rules.NO_MIRROR_PARTNER,
                stmt.span,
                f"`{lonely[0]}` has no partner `{other_name(lonely[0], pattern, other)}`",
                help="correct the patterns, or the name in the robot file",
            )
            return []
    return [(left, right)]


def _read(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    for section in sections:
        parts.sites, parts.mirror = declare_robot(c, section)


BLOCK = Block(
    "robot",
    "the MJCF file, and names for parts of the robot",
    takes={},
    lines={
        "site": Line(
            "adds a site that the MJCF lacks",
            {"on": "the body that the site sits on", "at": "where on the body"},
        ),
        "onboard": Line(
            "a quantity that counts as measured by the robot, for a reason",
            {"reason": "why it may be seen on the robot"},
        ),
        "mirror": Line("names that change places in the robot's mirror image"),
    },
    single=True,
    declare=_read,
    outlined="name",
)
