"""From a checked spec and its robot file to the contract, without building the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ksim_spec.analysis.effective_weights import effective
from ksim_spec.contract import schema
from ksim_spec.contract.canonical import Canonical
from ksim_spec.contract.placed import placed
from ksim_spec.contract.robot_model import model_facts
from ksim_spec.ir.hash import digest
from ksim_spec.ir.node import Node
from ksim_spec.language.declarations import Written, text_of, texts, written
from ksim_spec.language.overlay import Item
from ksim_spec.language.program import ActionTerm, ObservationGroup, Program, StateChange
from ksim_spec.robot.index import RobotIndex
from ksim_spec.source import SourceMap

UNORDERED = ("sensor", "site", "keyframe", "numeric")  # elements of the MJCF that may stand in any order


def declared(
    program: Program, index: RobotIndex, items: Sequence[Item], sources: SourceMap, model: schema.Model | None = None
) -> schema.Contract:
    """Returns the contract of a spec as far as spec and robot file say; `built` is None and `mirrored` empty.

    `model` are the facts of the robot file, for whoever has them already.
    """
    return _Reader(program, index, model or model_facts(index), written(items), sources).contract()


class _Reader:
    def __init__(
        self, program: Program, index: RobotIndex, model: schema.Model, rows: list[Written], sources: SourceMap
    ) -> None:
        self.program, self.index, self.model, self.sources = program, index, model, sources
        self.rows, self.texts = rows, texts(rows, sources)
        self.canon = Canonical(program, index)

    def contract(self) -> schema.Contract:
        p = self.program
        whole = schema.Contract(
            task=p.name,
            doc=p.doc,
            robot=p.robot_name,
            robot_names=self._robot_names(),
            timing=schema.Timing(control_step=_clean(p.world.control_step), physics_step=_clean(p.world.physics_step)),
            observations={g.name: tuple(self._observations(g)) for g in p.observations},
            action=tuple(self._actions()),
            commands=dict(self._commands()),
            networks=_networks(p),
            mirror=p.mirror,
            mirrored={},
            world=_world(p),
            rewards=dict(self._rewards()),
            terminations={
                t.name: schema.Termination(when=self._value(t.when, f"terminate.{t.name}.when"), outcome=t.outcome)
                for t in p.terminations
            },
            reset=self._reset(),
            events=dict(self._events()),
            randomize=tuple(self._randomize()),
            levels=dict(self._levels()),
            checks=tuple(self._checks()),
            train=p.train.model_dump(mode="json"),
            signals={
                name: schema.Signal(type=v.describe(), value=self._value(v.node, f"signal.{name}:value"))
                for name, v in p.signals
            },
            profiles=self._profiles(),
            model=self.model,
            built=None,
            hashes={},
        )
        return whole.model_copy(update={"hashes": {"declared": declared_digest(whole)}})

    def _value(self, node: Node, place: str) -> schema.Expression:
        return self.canon(node, self.texts.get(place, ""))

    def _maybe(self, node: Node | None, place: str) -> schema.Expression | None:
        return None if node is None else self._value(node, place)

    def _observations(self, group: ObservationGroup) -> Iterator[schema.Observation]:
        for e, start, stop in group.slices():
            pipe, at = e.pipeline, e.stream
            assert pipe is not None
            clip = pipe.clip and tuple(self.canon(n) for n in pipe.clip)
            yield schema.Observation(
                name=e.name,
                slice=(start, stop),
                unit=e.unit,
                frame=e.frame,
                elements=e.labels,
                privileged=e.privileged,
                value=self._value(pipe.value, f"{at}:value"),
                delay_control_steps=pipe.delay,
                bias=self._maybe(pipe.bias, f"{at}.bias"),
                noise=self._maybe(pipe.noise, f"{at}.noise"),
                scale=self._maybe(pipe.scale, f"{at}.scale"),
                clip=clip,  # type: ignore[arg-type]
                history=pipe.history,
            )

    def _actions(self) -> Iterator[schema.Action]:
        start = 0
        for t in self.program.action:
            at = f"action.{t.name}"
            yield schema.Action(
                name=t.name,
                slice=(start, start + t.size),
                mode=t.mode,
                joints=t.joints,
                actuators=tuple(self._actuator(t, j, a) for j, a in zip(t.joints, t.actuators, strict=True)),
                scale=self._value(t.scale, f"{at}.scale"),
                offset=self._maybe(t.around, f"{at}.around"),
                delay_physics_steps=t.delay,
            )
            start += t.size

    def _actuator(self, term: ActionTerm, joint: str, name: str) -> schema.Actuator:
        a = self.program.actuator(self.index, name)
        return schema.Actuator(
            name=name,
            joint=joint,
            kind="servo" if term.servo else a.tag,
            kp=a.kp,
            kv=a.kv,
            gear=a.gear,
            control_range=a.ctrlrange,
            force_range=a.forcerange,
        )

    def _commands(self) -> Iterator[tuple[str, schema.Command]]:
        for c in self.program.commands:
            at = f"command.{c.name}"
            zero = self.program.param(at, "probability")
            values = [self._value(f.value, f"{at}.{f.name}:value") for f in c.fields]
            fields = tuple(
                schema.Field(name=f.name, unit=f.dim, value=v) for f, v in zip(c.fields, values, strict=True)
            )
            yield (
                c.name,
                schema.Command(
                    frame=c.frame,
                    frame_of=c.frame_key,
                    fields=fields,
                    resample=self.program.interval(at),
                    zero=zero and zero.value,
                ),
            )

    def _rewards(self) -> Iterator[tuple[str, schema.Reward]]:
        for r in self.program.rewards:
            found = effective(self.program, r)
            yield (
                r.name,
                schema.Reward(
                    value=self._value(r.value, f"reward.{r.name}:value"),
                    unit=r.unit,
                    weight=self._value(r.weight, f"reward.{r.name}.weight"),
                    mode=r.mode,
                    effective=found and (_clean(found.ends[0]), _clean(found.ends[1])),
                ),
            )

    def _changes(self, changes: Sequence[StateChange], path: str) -> tuple[schema.Change, ...]:
        return tuple(
            schema.Change(
                target=s.target,
                names=s.names,
                components=s.components,
                op=s.op,
                value=self._value(s.value, f"{path}.{i}:value"),
            )
            for i, s in enumerate(changes)
        )

    def _reset(self) -> schema.Reset:
        r = self.program.reset
        joints = [j for j in self.index.joints if j.type in ("hinge", "slide")]
        pose = tuple(_clean(x) for x in self.canon.pose(r.pose, joints))
        return schema.Reset(
            keyframe=r.pose,
            pose=pose,
            placed=placed(self.index, r.pose),
            settle=r.settle,
            changes=self._changes(r.changes, "reset"),
        )

    def _events(self) -> Iterator[tuple[str, schema.Event]]:
        for e in self.program.events:
            path = f"event.{e.name}"
            every = self.program.interval(path) or (0.0, 0.0)
            yield e.name, schema.Event(every=every, changes=self._changes(e.changes, path))

    def _randomize(self) -> Iterator[schema.Randomization]:
        for i, f in enumerate(self.program.randomization):
            value = self._value(f.value, f"randomize.{i}:value")
            yield schema.Randomization(
                name=f.name, quantity=f.quantity, of=f.of, names=f.names, op=f.op, scope=f.scope, value=value
            )

    def _levels(self) -> Iterator[tuple[str, schema.Level]]:
        for v in self.program.levels:
            when = self._maybe(v.when, f"curriculum.{v.name}.when")
            yield v.name, schema.Level(start=v.start, end=v.end, step=v.step, over_env_states=v.over, when=when)

    def _checks(self) -> Iterator[schema.Check]:
        for k in self.program.checks:
            yield schema.Check(
                text=k.text,
                kind=k.kind,
                statistic=k.statistic,
                op=k.op,
                bound=_clean(k.bound),
                argument=k.argument,
                value=self._maybe(k.value, ""),
                where=self._maybe(k.where, ""),
            )

    def _robot_names(self) -> dict[str, str]:
        """What the spec calls parts of the robot."""
        return {r.own: self.texts[f"{r.name}:value"] for r in self.rows if r.block == "robot" and r.value}

    def _profiles(self) -> dict[str, str]:
        """The lines of every profile, in order: they are applied only on request."""
        names = [r.own for r in self.rows if r.header and r.block == "profile"]
        lines = {n: [text_of(r.span, self.sources) for r in self.rows if r.block == f"profile.{n}"] for n in names}
        return {name: "; ".join(inside) for name, inside in lines.items()}


def _networks(p: Program) -> schema.Networks:
    policy = p.policy.model_dump()
    return schema.Networks(
        **policy,
        actor_inputs=p.group("actor").size,
        critic_inputs=p.group(p.critic_group).size,
        actions=p.action_size,
        critic_observes=p.critic_group,
        normalize_observations=p.train.normalize_observations,
        observation_clip=p.train.observation_clip,
    )


def _world(p: Program) -> schema.World:
    w = p.world
    sites = {s.name: (s.body, s.position) for s in w.sites}
    return schema.World(floor=w.floor, floor_friction=w.floor_friction, solver=dict(w.solver), sites=sites)


def _clean(x: float) -> float:
    """A float without the tail that conversions leave."""
    return float(f"{float(x):.12g}")


def declared_digest(whole: schema.Contract) -> str:
    """Returns a digest of what a contract means: texts, names that nothing hangs on, and appearance left out."""
    body = whole.model_dump(
        mode="json", exclude={"task", "doc", "robot", "robot_names", "mirrored", "signals", "built", "hashes"}
    )
    for entries in (*body["observations"].values(), body["action"]):
        for entry in entries:
            entry["name"] = entry["privileged"] = None
    del body["model"]["appearance"], body["levels"]  # levels count in the expressions that use them
    meant = _meant(body)
    elements = meant["model"]["elements"]
    elements.update({kind: sorted(elements[kind], key=str) for kind in UNORDERED if kind in elements})
    for unordered in ("rewards", "terminations"):
        meant[unordered] = sorted(meant[unordered].values(), key=str)
    meant["checks"] = sorted(meant["checks"], key=str)
    return digest(meant)


def _meant(value: Any) -> Any:
    """The same without what only describes: the digest of an expression says all that its text says."""
    if isinstance(value, dict) and "anonymous" in value:
        return value["digest"]
    if isinstance(value, dict):
        return {k: _meant(v) for k, v in value.items() if k not in ("text", "unit", "keyframe", "frame")}
    return [_meant(v) for v in value] if isinstance(value, list) else value
