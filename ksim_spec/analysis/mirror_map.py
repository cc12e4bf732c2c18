"""What becomes of observations and actions when the robot and its surroundings are mirrored in the x-z plane.

Nothing about single quantities or operators is written down here. The mirror image of a simulator state is known
(`ksim_spec.robot.mirror`), MuJoCo works out everything else of both states, and the NumPy evaluation of the same
expressions that training runs gives both observations. Each number of the mirrored one must then be plus or minus a
number of the other, in every sampled state: that is how the map is found, and by the same comparison it is verified.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from ksim_spec.emit.binding import Binding
from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.ir.node import Node, substitute, walk
from ksim_spec.ir.ops import const, make
from ksim_spec.language.program import ObservationGroup, Program
from ksim_spec.robot.mirror import NotMirrored, Reflection, asymmetries, reflect

EPISODES = 20  # sampled; each lasts as many steps as it takes to fill every memory of past values
TOLERANCE = 1e-6
MISFIT = 0.25  # largest rms difference from the mirrored value, in its own rms: real robots are not quite symmetric
NEARLY, TRIES = 0.005, 20  # m: what is nearer to touching than this is not tried, if that can be helped
ODD_FIELDS = ("y", "yaw", "roll", "vy", "wz", "wx", "heading")  # of commands; every other field is even


@dataclass(frozen=True)
class SignedPermutation:
    """`mirrored = sign * x[index]`."""

    index: tuple[int, ...]
    sign: tuple[int, ...]


@dataclass(frozen=True)
class Mirror:
    """The mirror of the action and of every observation group, and what of the task is not symmetric.

    `differences` are sentences: what of the robot or of the reward is not its own mirror image.
    """

    action: SignedPermutation
    groups: dict[str, SignedPermutation]
    differences: tuple[str, ...] = ()

    def as_plain(self) -> dict[str, Any]:
        """Returns it as the literal that `task.py` and the contract hold: name to [index, sign]."""
        maps = {"action": self.action, **{f"observe.{name}": m for name, m in self.groups.items()}}
        return {name: [list(m.index), list(m.sign)] for name, m in maps.items()}


def derive_mirror(program: Program, binding: Binding) -> Mirror:
    """Returns the mirror of a program with `mirror` pairs; raises NotMirrored where it has none, with the reason."""
    model = _flat(binding.scene.model)
    reflection = reflect(model, program.mirror)
    action = _action(program, model, reflection)
    both = _Both(program, binding, model, reflection, action)
    both.run()
    here, there = both.controls()
    if not np.allclose(reflection.controls(here), there, atol=TOLERANCE):
        raise NotMirrored("a mirrored action does not give mirrored controls")
    groups = {g.name: _fit(g, *both.observations(g)) for g in program.observations}
    return Mirror(action, groups, (*asymmetries(model, reflection), *both.differences()))


def _flat(model: mujoco.MjModel) -> mujoco.MjModel:
    """A copy with a flat height field and a solver that converges, so that mirrored states touch alike."""
    model = copy.copy(model)
    model.hfield_data[:] = 0
    model.opt.iterations, model.opt.ls_iterations, model.opt.tolerance = 100, 50, 0.0
    return model


def _action(program: Program, model: mujoco.MjModel, reflection: Reflection) -> SignedPermutation:
    joints = [j for term in program.action for j in term.joints]
    index: list[int] = []
    sign: list[int] = []
    for name in joints:
        joint = model.joint(name).id
        other = model.joint(int(reflection.partners["joint"][joint])).name
        if other not in joints:
            raise NotMirrored(f"`{name}` is in the action and its partner `{other}` is not")
        index.append(joints.index(other))
        sign.append(int(reflection.joint_sign[joint]))
    return SignedPermutation(tuple(index), tuple(sign))


class _Both:
    """Evaluates a program at random states and at their mirror images."""

    def __init__(
        self,
        program: Program,
        binding: Binding,
        model: mujoco.MjModel,
        reflection: Reflection,
        action: SignedPermutation,
    ) -> None:
        self.program, self.binding, self.model, self.reflection, self.action = (
            program,
            binding,
            model,
            reflection,
            action,
        )
        roots = [t.target for t in program.action]
        roots += [n for r in program.rewards for n in (r.value, r.weight)]
        roots += [e.node for g in program.observations for e in g.entries]
        self.roots = list(dict.fromkeys(roots))
        # A clock has no left and right of its own: half a turn swaps what is left and what is right of a stride.
        turned = {id(n): make("add", n, const(0.5)) for n in walk(self.roots) if n.op == "phase"}
        mirrored_roots = substitute(self.roots, turned)
        self.here = Evaluator(self.roots, binding.leaves, program.world.control_step)
        self.there = Evaluator(mirrored_roots, binding.leaves, program.world.control_step)
        windows = [n.attr("steps") for n in walk(self.roots) if n.op == "history"]
        self.steps = 2 + max(windows, default=0)
        self.samples = {n.attr("stream"): _middle(n) for n in walk(self.roots) if n.op == "sample"}
        self.levels = {level.name: level.end for level in program.levels}
        self.values: dict[int, tuple[list[np.ndarray], list[np.ndarray]]] = {id(r): ([], []) for r in self.roots}

    def run(self) -> None:
        rng = np.random.default_rng(0)
        data = mujoco.MjData(self.model)
        for _ in range(EPISODES):
            memory: list[Any] = [None, None]
            for _ in range(self.steps):
                for side, inputs in enumerate(self._inputs(data, rng)):
                    found, memory[side] = (self.here, self.there)[side](inputs, memory[side])
                    for root, value in zip(self.roots, found, strict=True):
                        self.values[id(root)][side].append(np.atleast_1d(np.asarray(value, float)).ravel())

    def _inputs(self, data: mujoco.MjData, rng: np.random.Generator) -> Iterator[Inputs]:
        """Yields what one environment knows in a random state, and in its mirror image."""
        model, mirror = self.model, self.reflection
        qpos, qvel = random_state(model, data, rng, self.program.base)
        ctrl = rng.normal(size=model.nu) * 0.3
        action = rng.uniform(-1, 1, len(self.action.index))
        commands = {c.name: {f.name: rng.uniform(-1, 1) for f in c.fields} for c in self.program.commands}
        for there in (False, True):
            data.qpos[:] = mirror.positions(qpos) if there else qpos
            data.qvel[:] = mirror.velocities(qvel) if there else qvel
            data.ctrl[:] = mirror.controls(ctrl) if there else ctrl
            data.act[:] = 0
            data.qacc_warmstart[:] = 0
            mujoco.mj_forward(model, data)
            yield Inputs(
                {name: getattr(data, name).copy() for name in self.binding.reads},
                np.array(self.action.sign) * action[list(self.action.index)] if there else action,
                {c: {f: _parity(f) * v if there else v for f, v in x.items()} for c, x in commands.items()},
                1.0,
                self.samples,
                self.program.params,
                self.levels,
            )

    def controls(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the controls in the sampled states and in their mirror images, (N, nu) each; 0 for idle actuators."""
        here, there = (np.zeros((EPISODES * self.steps, self.model.nu)) for _ in range(2))
        for term in self.program.action:
            ids = [self.model.actuator(a).id for a in term.actuators]
            here[:, ids], there[:, ids] = map(np.array, self.values[id(term.target)])
        return here, there

    def observations(self, group: ObservationGroup) -> tuple[np.ndarray, np.ndarray]:
        """Returns a group's vectors in the sampled states and in their mirror images, (N, L) each."""
        columns = [self.values[id(e.node)] for e in group.entries]
        return np.hstack([np.array(c[0]) for c in columns]), np.hstack([np.array(c[1]) for c in columns])

    def differences(self) -> list[str]:
        """Returns a sentence per reward term that neither is unchanged by the mirror nor becomes another."""
        here: Mapping[str, np.ndarray] = {r.name: self._reward(r.value, r.weight, 0) for r in self.program.rewards}
        there = {r.name: self._reward(r.value, r.weight, 1) for r in self.program.rewards}
        if _close(sum(here.values(), np.zeros(1)), sum(there.values(), np.zeros(1))):
            return []
        lone = [n for n in here if not any(_close(there[n], here[m]) for m in here)]
        return [f"the reward `{n}` of a mirrored state differs from that of the state" for n in lone]

    def _reward(self, value: Node, weight: Node, side: int) -> np.ndarray:
        return np.array(self.values[id(value)][side])[:, 0] * np.array(self.values[id(weight)][side])[:, 0]


def _parity(field: str) -> float:
    return -1.0 if field in ODD_FIELDS else 1.0


def _middle(sample: Node) -> np.ndarray:
    """The standard sample in the middle of its distribution: observations without their noise."""
    return np.full(sample.shape, 0.5 if sample.attr("kind") == "uniform" else 0.0)


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.all(np.abs(a - b) <= TOLERANCE * max(1.0, float(np.max(np.abs(a), initial=0.0)))))


def random_state(
    model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, base: str | None
) -> tuple[np.ndarray, np.ndarray]:
    """Returns positions and velocities: joints within their ranges, free bodies tilted, `base` partly in the floor.

    Of a few states the first is taken in which nothing nearly touches: a real robot's mirror image is a little off.
    `data` is scratch space.
    """
    height = None if base is None else int(model.jnt_qposadr[model.body(base).jntadr[0]]) + 2
    for _ in range(TRIES):
        qpos = _random_positions(model, data, rng)
        if height is not None:
            qpos[height] += _lowered(model, data, rng, int(model.body(str(base)).id))
        touching = []
        for shift in (-NEARLY, NEARLY) if height is not None else ():
            data.qpos[:] = qpos
            data.qpos[height] += shift
            mujoco.mj_fwdPosition(model, data)
            touching.append({tuple(pair) for pair in data.contact.geom})
        if not touching or touching[0] == touching[1]:
            break
    return qpos, rng.normal(size=model.nv)


def _random_positions(model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator) -> np.ndarray:
    qpos = model.qpos0.copy()
    low, high = (np.where(model.jnt_limited == 1, model.jnt_range[:, i], (-1.0, 1.0)[i]) for i in range(2))
    for j in range(model.njnt):
        at, kind = int(model.jnt_qposadr[j]), model.jnt_type[j]
        if kind == mujoco.mjtJoint.mjJNT_FREE:
            qpos[at + 3 : at + 7] = _turned(qpos[at + 3 : at + 7], rng.normal(size=3) * [0.3, 0.3, 2.0])
        elif kind == mujoco.mjtJoint.mjJNT_BALL:
            qpos[at : at + 4] = _turned(qpos[at : at + 4], rng.normal(size=3) * 0.3)
        else:
            qpos[at] = rng.uniform(low[j], high[j])
    data.qpos[:] = qpos
    mujoco.mj_kinematics(model, data)
    return qpos


def _lowered(model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, base: int) -> float:
    """How far up to move a body so that a geom below it is at the floor: any of them, with others deep in it."""
    touching = set(np.flatnonzero(model.geom_contype | model.geom_conaffinity))
    touching |= {*model.pair_geom1, *model.pair_geom2}
    touching = [int(g) for g in sorted(touching) if model.body_rootid[model.geom_bodyid[g]] == base]
    return rng.uniform(-0.05, 0.05) - data.geom_xpos[rng.choice(touching), 2] if touching else 0.0


def _turned(quat: np.ndarray, spin: np.ndarray) -> np.ndarray:
    """Returns an orientation turned by a rotation vector (rad) of the world."""
    turn, out = np.zeros(4), np.zeros(4)
    mujoco.mju_axisAngle2Quat(turn, spin / np.linalg.norm(spin), float(np.linalg.norm(spin)))
    mujoco.mju_mulQuat(out, turn, quat)
    return out


def _fit(group: ObservationGroup, here: np.ndarray, there: np.ndarray) -> SignedPermutation:
    """Returns the signed permutation that takes `here` to `there`; an element that stays itself is preferred."""
    spread = np.maximum(np.sqrt(np.square(there).mean(0)), 1e-9)
    off = np.stack([np.sqrt(np.square(there[:, :, None] - s * here[:, None, :]).mean(0)) for s in (1, -1)])
    off = np.round(off / spread[:, None], 6)
    index: list[int] = []
    sign: list[int] = []
    for entry, start, stop in group.slices():
        constant = np.ptp(here[:, start:stop], axis=0) == 0
        if entry.size > 1 and constant.any():
            message = f"`{group.name}.{entry.name}` was the same in all {len(here)} states that were tried"
            raise NotMirrored(message)
        for i in range(start, stop):
            order = list(dict.fromkeys([i, *range(start, stop), *range(group.size)]))
            # Of equals the first counts: the earliest in `order`, unchanged before negated.
            errors = off[:, i, order].T.ravel()
            rank, side = divmod(int(errors.argmin()), 2)
            if errors.min() > MISFIT:
                message = f"`{group.name}.{entry.name}`, mirrored, is not made of observed numbers with a sign"
                raise NotMirrored(f"{message} (element {i - start})")
            index.append(order[rank])
            sign.append(1 - 2 * side)
    return SignedPermutation(tuple(index), tuple(sign))
