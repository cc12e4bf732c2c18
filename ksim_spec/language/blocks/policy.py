"""Block `policy`: the networks and the distribution of actions."""

from __future__ import annotations

from typing import Any

from ksim_spec import rules
from ksim_spec.diagnostics import suggest
from ksim_spec.language.blocks.attributes import attributes
from ksim_spec.language.blocks.model_settings import choices, described, read_setting, validated
from ksim_spec.language.blocks.registry import Block, Parts
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import ObservationGroup
from ksim_spec.language.ranges import Range
from ksim_spec.settings import NETWORKS, NetworkSettings, PolicyConfig
from ksim_spec.source import Span
from ksim_spec.syntax import ast
from ksim_spec.units import NUMBER

LAYER = Range(1, 16384, whole=True, dim=NUMBER)  # more do not fit into a device's memory with their square of weights


def check_policy(
    c: Checker, section: ast.Section | None, groups: tuple[ObservationGroup, ...], mirrored: bool
) -> tuple[PolicyConfig, str]:
    """Returns the networks and the observation group of the critic (`critic` when there is one).

    `mirrored` says that the robot block has `mirror` pairs.
    """
    settings: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    names = [g.name for g in groups]
    critic = "critic" if "critic" in names else "actor"
    for stmt in section.body if section else ():
        if isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name) and stmt.target.id in ("actor", "critic"):
            attrs = attributes(c, stmt.attrs, BLOCK.takes, "a network")
            network = _network(c, stmt)
            if network is not None:
                settings[stmt.target.id], spans[stmt.target.id] = network, stmt.value.span
            seen = attrs.word("observes")
            if seen is not None and seen not in names and c.lost.groups:
                continue
            if seen is not None and seen not in names:
                c.report(
                    rules.UNKNOWN_NAME,
                    stmt.span,
                    f"there is no observation group `{seen}`",
                    help=suggest(seen, names, "groups"),
                )
            elif seen is not None and stmt.target.id == "critic":
                critic = seen
            elif seen is not None and seen != "actor":
                help = "leave `observes` out: the actor sees the group `actor`"
                c.report(rules.ACTOR_GROUP, stmt.span, f"the actor cannot observe the group `{seen}`", help=help)
        else:
            read_setting(c, stmt, PolicyConfig, settings, spans, "policy")
    if settings.get("symmetric") is True and not mirrored and not c.robot.incomplete:
        c.report(
            rules.NO_MIRROR,
            spans["symmetric"],
            "a symmetric policy needs to know which names are mirror images",
            help='name the pairs in the robot block: `mirror "left_*" <-> "right_*"`',
        )
    return validated(c, PolicyConfig, settings, spans) or PolicyConfig(), critic


def _network(c: Checker, stmt: ast.Assign) -> NetworkSettings | None:
    call = stmt.value
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in NETWORKS):
        kinds = " or ".join(f"`{kind}(…)`" for kind in NETWORKS)
        c.report(rules.WRONG_ARGUMENTS, call.span, f"a network is {kinds}", help="for example `mlp(256, 128)`")
        return None
    if not call.args:
        example = f"for example `{call.func.id}(256, 128)`"
        c.report(rules.WRONG_ARGUMENTS, call.span, f"`{call.func.id}` needs the sizes of its layers", help=example)
        return None
    with c.counting():
        sizes = [c.scalar(a.value, NUMBER, "a layer size", LAYER, rules.BAD_SETTING) for a in call.args]
    if any(s is None for s in sizes):
        return None
    return NETWORKS[call.func.id](kind=call.func.id, hidden=tuple(int(s) for s in sizes if s is not None))


def _read(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    section = sections[0] if sections else None
    parts.policy, parts.critic_group = check_policy(c, section, parts.observations, bool(parts.mirror))


BLOCK = Block(
    "policy",
    "the networks and the distribution of actions",
    takes={"observes": "the observation group that the network sees"},
    settings=described(PolicyConfig),
    choices=choices(PolicyConfig),
    model=PolicyConfig,
    single=True,
    unique=True,
    check=_read,
    outlined="setting",
)
