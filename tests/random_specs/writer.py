"""Writes a random task around a random robot, beside what every part of it must come to."""

from __future__ import annotations

import mujoco
import numpy as np
from hypothesis import reject
from hypothesis import strategies as st

from tests.random_specs.choice import Choice
from tests.random_specs.drawn import Draw, quantity
from tests.random_specs.functions import Functions
from tests.random_specs.leaves import Leaves, quoted
from tests.random_specs.products import Drive, Product, Seen
from tests.random_specs.robots import robot
from tests.random_specs.truth import Truth
from tests.random_specs.words import DEFINED

KINDS = ("uniform", "normal", "log_uniform", "truncated_normal", "centred", "mixture")
UNITS = {"position": {"hinge": "rad", "slide": "m"}, "velocity": {"hinge": "rad/s", "slide": "m/s"},
         "torque": {"hinge": "Nm", "slide": "N"}}  # fmt: skip


class Writer:
    """Writes one product. `entries` is how many expressions the critic sees."""

    def __init__(self, pick: Choice, most: int, round_only: bool) -> None:
        self.pick, self.most = pick, most
        machine = robot(pick, round_only)
        self.friction = pick.number(0.5, 1.2)
        self.product = Product(machine, Truth(machine, self.friction), pick.of((1, 2, 4)), self.friction)
        self.truth = self.product.truth
        self.aliases: dict[tuple[str, tuple[str, ...]], str] = {}
        self.draws = 0

    def write(self) -> Product:
        p, pick = self.product, self.pick
        action = self._action()
        commands = self._commands()
        fields = {block: {n: d.unit for n, d in row.items()} for block, row in p.commands.items()}
        leaves = Leaves(pick, self.truth, self.aliases, fields, p.size)
        self.functions = Functions(leaves=leaves, dt=p.dt)
        p.entries = [(f"e{i}", self.functions.any(3)) for i in range(pick.count(1, self.most))]
        critic = [f"  {name} = {e.text}" for name, e in p.entries]
        actor = [self._seen(i) for i in range(pick.count(1, 3))]
        reward = [self._reward(i) for i in range(pick.count(1, 3))]
        rules = [self._rule(i) for i in range(pick.count(0, 2))]
        reset, events, randomize = self._reset(), self._events(), self._randomize()
        blocks = [
            "task dice", *DEFINED,
            'robot "robot.xml" {', *self._names(), "}",
            "world {", *self._world(), "}",
            "action {", *action, "}",
            *commands,
            *(["signal {", *self.functions.written, "}"] if self.functions.written else []),
            "observe actor {", *actor, "}",
            "observe critic {", *critic, "}",
            "reward {", *reward, "}",
            "terminate {", *rules, f"  timeout when time >= {p.dt * 6 * 1000:g} ms  truncate", "}",
            *reset, *events, *randomize, *(["curriculum {", *p.levels, "}"] if p.levels else []),
            "policy {", "  actor = mlp(8)", "  critic = mlp(8)  observes critic", "}",
            "train ppo {", "  num_envs = 4", "  num_minibatches = 1", "  num_env_states_per_minibatch = 4", "}",
        ]  # fmt: skip
        p.text = "\n".join(blocks) + "\n"
        return p

    def _names(self) -> list[str]:
        made = [f"  {alias} = {quoted(kind, list(names), True)}" for (kind, names), alias in self.aliases.items()]
        return [*made, *self.functions.sites, *([f'  base = body("{self.product.base}")'] if self.product.base else [])]

    def _world(self) -> list[str]:
        floor = f"  floor = plane  friction {self.friction:g}" if self.product.robot.plane else "  floor = robot"
        return [floor, f"  control_step = {self.product.dt * 1000:g} ms"]

    # What the policy does -------------------------------------------------------------------------------------------

    def _action(self) -> list[str]:
        pick, p, lines = self.pick, self.product, []
        groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for name in self.truth.names["actuator"]:
            joint = self.truth.actuator_joint(name)
            integrates = self.truth.model.actuator(name).dyntype[0] == mujoco.mjtDyn.mjDYN_INTEGRATOR
            if joint and not integrates and self.truth.joint_kind(joint) in ("hinge", "slide"):
                groups.setdefault((self._mode(name), self.truth.joint_kind(joint)), []).append((joint, name))
        if not groups:
            reject()
        chosen = pick.some(list(groups), 3)
        for i, (mode, kind) in enumerate(chosen):
            pairs = pick.some(groups[mode, kind], 4)
            unit, scale = UNITS[mode][kind], pick.number(0.1, 0.5)
            around = pick.number(-0.2, 0.2) if pick.chance(40) else 0.0
            delay = (0, 0)
            if pick.chance(25):
                low = pick.count(0, 2)
                delay = (low, low + pick.count(0, 3))
            gains = None
            if mode != "velocity" and pick.chance(30) and all(self._plain(a) for _, a in pairs):
                mode, gains = "position", (pick.number(5, 20), pick.number(0.1, 1))
                unit = UNITS[mode][kind]
            step = float(self.truth.model.opt.timestep) * 1000
            text = f"  drive{i} = {mode}({quoted('joint', [j for j, _ in pairs], True)})  scale {scale:g} {unit}"
            text += f"  around {around:g} {unit}" if around else ""
            text += f"  delay {delay[0] * step:g} ms .. {delay[1] * step:g} ms" if delay != (0, 0) else ""
            if gains is not None:
                stiff = "Nm/rad" if kind == "hinge" else "N/m"
                damp = "Nm*s/rad" if kind == "hinge" else "N*s/m"
                text += f"  gain {gains[0]:g} {stiff}  damping {gains[1]:g} {damp}"
                self.truth.serve([a for _, a in pairs], *gains)
            lines.append(text)
            joints, actuators = tuple(j for j, _ in pairs), tuple(a for _, a in pairs)
            p.drives.append(Drive(mode, joints, actuators, p.size, around, scale, delay, gains))
        return lines

    def _plain(self, actuator: str) -> bool:
        """Whether a servo can be made of it: it is one, or nothing filters its torque."""
        alone = [self.truth.actuator_joint(a) for a in self.truth.names["actuator"]]
        if alone.count(self.truth.actuator_joint(actuator)) > 1:
            return False
        return self._mode(actuator) == "position" or self.truth.model.actuator(actuator).dyntype[0] == 0

    def _mode(self, actuator: str) -> str:
        bias = self.truth.model.actuator(actuator).biasprm
        return "position" if bias[1] else "velocity" if bias[2] else "torque"

    def _commands(self) -> list[str]:
        pick, p, lines = self.pick, self.product, []
        for i in range(pick.of((0, 1, 2))):
            block, fields = f"command{i}", {}
            body = []
            for name in pick.some(["x", "yaw", "pace"], 2):
                unit = {"x": "m/s", "yaw": "rad/s", "pace": ""}[name]
                draw = self._draw(unit)
                fields[name] = draw
                body.append(f"  {name} = {draw.text}")
            p.commands[block] = fields
            steps = pick.of((0, 2, 3))
            if steps:
                p.resample[block] = steps
                body.append(f"  resample every {steps * p.dt * 1000:g} ms")
            lines += [f"command {block} {{", *body, "}"]
        return lines

    def _draw(self, unit: str, low: float = 0.1, kinds: tuple[str, ...] = KINDS) -> Draw:
        """Returns a draw in a range that no other draw of the product has."""
        self.draws += 1
        return quantity(self.pick.of(kinds), unit, low * (1 + 0.1 * self.draws))

    # What it sees, and what it earns --------------------------------------------------------------------------------

    def _seen(self, i: int) -> str:
        pick, e = self.pick, self.functions.any(1)
        clip = pick.number(1, 4) if pick.chance(20) else None
        if e.condition or clip is not None:
            e = self.functions.plain(e)
        noise = (
            self._draw(e.unit, kinds=("uniform", "normal", "truncated_normal", "centred"), low=0.05)
            if pick.chance(60)
            else None
        )
        bias = (
            self._draw(e.unit, kinds=("uniform", "normal", "truncated_normal", "centred"), low=0.05)
            if pick.chance(40)
            else None
        )
        scale = pick.number(0.5, 3) if pick.chance(40) else 1.0
        delay, history = (pick.count(1, 2) if pick.chance(20) else 0), (pick.count(2, 3) if pick.chance(20) else 1)
        text = f'  s{i} = {e.text}  reason "a test"'
        text += f"  delay {delay * self.product.dt * 1000:g} ms" if delay else ""
        text += f"  bias {bias.text}" if bias else ""
        text += f"  noise {noise.text}" if noise else ""
        text += f"  scale {scale:g}" if scale != 1 else ""
        text += f"  clip {clip:g}" if clip is not None else ""
        text += f"  history {history}" if history > 1 else ""
        self.product.seen.append(Seen(f"s{i}", e, noise, bias, scale, clip, delay, history))
        return text

    def _reward(self, i: int) -> str:
        e, weight, event = self.functions.number(2), self.pick.number(-2, 2), self.pick.chance(30)
        weight = weight or 1.0
        form = self.pick.of(("term", "term", "clip", "group", "product", "level"))
        rate = "on event" if event else "per s"
        if form == "clip":
            value = e.but(e.text, lambda m: np.clip(e.value(m), -0.3, 0.6))
            self.product.rewards.append((f"r{i}", value, weight, event))
            return f"  r{i} = {e.text}  clip -0.3 .. 0.6  weight {weight:g} {rate}"
        if form == "group":
            self.product.rewards.append((f"r{i}", e, weight * 0.5, event))
            return f"  group g{i} weight 0.5 {{\n    r{i} = {e.text}  weight {weight:g} {rate}\n  }}"
        if form == "product":
            other = self.functions.number(1)
            both = e.but(e.text, lambda m: e.value(m) * other.value(m))
            self.product.rewards.append((f"r{i}", both, weight, event))
            return f"  product r{i} weight {weight:g} {rate} {{\n    one = {e.text}\n    two = {other.text}\n  }}"
        if form == "level":
            self.product.levels.append(f"  level{i} from {0.4 + 0.1 * i:g} to 1  duration 1000 env_states")
            self.product.rewards.append((f"r{i}", e, weight * (0.4 + 0.1 * i), event))
            return f"  r{i} = {e.text}  weight {weight:g} * level{i}{'  on event' if event else ' * 1 Hz'}"
        self.product.rewards.append((f"r{i}", e, weight, event))
        return f"  r{i} = {e.text}  weight {weight:g}{'  on event' if event else ' per s'}"

    def _rule(self, i: int) -> str:
        e, outcome = self.functions.condition(2), self.pick.of(("fail", "success", "truncate"))
        self.product.rules.append((f"rule{i}", e, outcome))
        return f"  rule{i} when {e.text}  {outcome}"

    # What is drawn --------------------------------------------------------------------------------------------------

    def _reset(self) -> list[str]:
        p, pick = self.product, self.pick
        lines = []
        if self.truth.keys and pick.chance(60):
            p.pose = pick.of(self.truth.keys)
            lines.append(f'  pose keyframe("{p.pose}")')
        lines += p.drawn.resets(pick, self.truth, self._draw)
        if pick.chance(15):
            p.settles = True
            lines.append(f"  settle {2 * p.dt * 1000:g} ms")
        return ["reset {", *lines, "}"] if lines else []

    def _events(self) -> list[str]:
        return self.product.drawn.events(self.pick, self.truth, self._draw, self.product.dt)

    def _randomize(self) -> list[str]:
        lines = self.product.drawn.fields(self.pick, self.truth, self._draw)
        return ["randomize {", *lines, "}"] if lines else []


def product(most: int = 8, round_only: bool = False) -> st.SearchStrategy[Product]:
    """Returns the strategy for products whose critic sees up to `most` expressions; `round_only` as in `robot`."""

    @st.composite
    def one(draw: st.DrawFn) -> Product:
        draw(st.none())  # what draws is handed on, and hypothesis looks for a use of it here
        return Writer(Choice(draw), most, round_only).write()

    return one()
