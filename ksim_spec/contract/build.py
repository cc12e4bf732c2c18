"""The policy contract: everything that must agree between a trained policy and what runs it.

Most of it is read from spec and robot file alone (`declared`); what only the built model tells is added here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ksim_spec.contract.extract import declared
from ksim_spec.contract.schema import Built, Contract
from ksim_spec.ir.hash import Canon, digest, number_text
from ksim_spec.ir.node import Node
from ksim_spec.language.overlay import Item
from ksim_spec.language.program import Program
from ksim_spec.robot.index import RobotIndex
from ksim_spec.source import SourceMap

WIDTH = 110  # of a line of `contract.json`

if TYPE_CHECKING:
    from ksim_spec.analysis.mirror_map import Mirror
    from ksim_spec.emit.binding import Binding


def contract(
    program: Program,
    index: RobotIndex,
    binding: Binding,
    items: Sequence[Item],
    sources: SourceMap,
    source: str,
    mirror: Mirror | None = None,
) -> Contract:
    """Returns the whole contract of a compiled task; `source` is the text of its `task.py`.

    `mirrored` says by name of a vector which element with which sign becomes each element of its mirror image.
    """
    stated = declared(program, index, items, sources)
    mass = float(binding.scene.model.body_subtreemass[0])
    more = {
        "built": Built(mass=mass, digest=_sha256(binding.scene.xml), program=_sha256(source)),
        "mirrored": mirror.as_plain() if mirror else {},
        "hashes": {**stated.hashes, **hashes(program, binding)},
    }
    return stated.model_copy(update=more)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def as_plain(whole: Contract) -> dict[str, Any]:
    """Returns a contract as JSON-able values, as files and checkpoints hold it."""
    return whole.model_dump(mode="json")


def contract_text(whole: Contract) -> str:
    """Returns the text of `contract.json` and of `SPEC.lock`; the same for the same contract, on every machine."""
    return laid_out(as_plain(whole)) + "\n"


def laid_out(value: Any, indent: int = 0) -> str:
    """Returns JSON in which whatever fits stands on one line: a declaration a line, more or less."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= WIDTH or not isinstance(value, dict | list | tuple) or not value:
        return flat
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        body = [f"{json.dumps(k, ensure_ascii=False)}: {laid_out(v, indent + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(inner + line for line in body) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(inner + laid_out(v, indent + 1) for v in value) + "\n" + " " * indent + "]"


def hashes(program: Program, binding: Binding) -> dict[str, str]:
    """Returns `structure` (what is computed, without parameter values) and `meaning` (values included).

    Neither depends on the order of rewards. `meaning` does not depend on how signals and rewards are called either, nor
    on the units that numbers are written in; a declaration that draws keeps its name in both, for its stream has it.
    """
    common = {
        "timing": {"control_step": program.world.control_step, "physics_step": program.world.physics_step},
        "commands": {c.name: {"frame": c.frame, "fields": {f.name: f.dim for f in c.fields}} for c in program.commands},
        "critic_observes": program.critic_group,
        "normalize_observations": program.train.normalize_observations,
        "networks": program.policy.model_dump(include={"actor", "critic", "activation", "distribution"}),
        "model": _sha256(binding.scene.xml),
        "mirror": [list(pair) for pair in program.mirror],
    }
    structure = {"contract": common, **_computed(program, Canon())}
    meaning = {
        "contract": common,
        **_computed(program, Canon(program.params)),
        "delays": [t.delay for t in program.action],
        "train": program.train.model_dump(),
        "policy": program.policy.model_dump(),
        "settle": number_text(program.reset.settle),
    }
    return {"structure": digest(structure), "meaning": digest(meaning)}


def _computed(program: Program, canon: Canon) -> dict[str, Any]:
    """Everything that is worked out from expressions, by canonical digests."""

    def maybe(node: Node | None) -> str | None:
        return None if node is None else canon(node)

    return {
        "observations": {
            g.name: [(canon(e.node), e.unit, e.frame, e.privileged) for e in g.entries] for g in program.observations
        },
        "action": [(t.mode, t.joints, t.actuators, canon(t.target), t.servo) for t in program.action],
        "rewards": sorted((canon(r.value), canon(r.weight), r.mode) for r in program.rewards),
        "terminations": sorted((canon(t.when), t.outcome) for t in program.terminations),
        "reset": [
            program.reset.pose,
            [(s.target, s.names, s.components, s.op, canon(s.value)) for s in program.reset.changes],
        ],
        "events": [
            (e.name, canon(e.interval), [(s.target, s.names, s.components, s.op, canon(s.value)) for s in e.changes])
            for e in program.events
        ],
        "randomize": [(f.name, f.quantity, f.names, f.op, f.scope, canon(f.value)) for f in program.randomization],
        "commands": [
            (c.name, c.frame, maybe(c.interval), maybe(c.zero), [(f.name, f.dim, canon(f.value)) for f in c.fields])
            for c in program.commands
        ],
        "levels": [(v.name, v.start, v.end, v.step, v.over, maybe(v.when)) for v in program.levels],
        "checks": sorted(
            (k.kind, k.statistic, k.op, number_text(k.bound), k.argument, str(maybe(k.value)), str(maybe(k.where)))
            for k in program.checks
        ),
    }
