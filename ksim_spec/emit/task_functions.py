"""The generated functions: one per role, each term under its name, all of one environment and without side effects.

Arguments are the same everywhere: `sim` what the simulator shows (arrays by name), `action`, `commands` (by command and
field), `time` in seconds since the episode began, `temporal` the values of temporal operators, `samples` standard
samples by stream, `params` runtime parameters, `levels` curriculum levels. The header of `task.py` says so to readers,
and `ksim_spec.task.functions` calls them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import mujoco

from ksim_spec.emit.binding import Binding, Leaf
from ksim_spec.emit.rest import following_activations, held_activation, idle_control, start_velocity
from ksim_spec.emit.writer import Writer, constant_text, index_text
from ksim_spec.ir.clock import Clocks
from ksim_spec.ir.hash import Canon
from ksim_spec.ir.node import Node, walk
from ksim_spec.ir.temporal_ops import TEMPORAL, is_temporal
from ksim_spec.language.program import ActionTerm, Program, StateChange, in_order
from ksim_spec.robot.compiled_reader import law_of
from ksim_spec.robot.servo import control_factor

ARGUMENTS = "sim, action, commands, time, temporal, samples, params, levels"


@dataclass
class Roles:
    """Emits every role of one bound program."""

    program: Program
    binding: Binding
    temporal: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        used: set[str] = set()
        for node in walk(self.program.roots()):
            if is_temporal(node):
                name = self.program.names.get(id(node)) or f"{node.op}_{node.digest[:6]}"
                while name in used:
                    name += f"_{node.digest[:4]}"
                used.add(name)
                self.temporal[id(node)] = name

    @property
    def model(self) -> mujoco.MjModel:
        return self.binding.scene.model

    # Texts of leaves ----------------------------------------------------------------------------------------------

    def leaf_text(self, node: Node) -> str:
        """Returns the source that reads a leaf, or the stored value of a temporal operator."""
        if is_temporal(node):
            return f'temporal["{self.temporal[id(node)]}"]'
        if node.op == "const":
            return constant_text(node.attr("value"))
        if node.op in ("param", "level"):
            return f'{"params" if node.op == "param" else "levels"}["{node.attr("name")}"]'
        if node.op == "command":
            return f'commands["{node.attr("command")}"]["{node.attr("field")}"]'
        if node.op == "sample":
            return f'samples["{node.attr("stream")}"]'
        if node.op == "stat":
            return f'stats["{node.attr("name")}"]'
        if node.op in ("action", "time"):
            return node.op
        return place_text(self.binding.leaves[id(node)])

    def writer(self) -> Writer:
        taken = {*self.binding.reads}  # bound to names of their own where a function reads them
        return Writer(self.leaf_text, self.program.names, Clocks(self.program.world.control_step), taken=taken)

    def function(self, name: str, doc: str, body: Callable[[Writer], list[str]], arguments: str = ARGUMENTS) -> str:
        """Returns the source of one function; arrays that the body uses are bound to names first."""
        writer = self.writer()
        tail = body(writer)
        lines = [*writer.lines, *tail]
        text = "\n".join(lines)
        arrays = [r for r in self.binding.reads if f"{r}[" in text.replace(f'["{r}"]', "")]
        head = [f'{r} = sim["{r}"]' for r in arrays]
        inside = "\n".join(f"    {line}" for line in [f'"""{doc}"""', *head, *lines])
        return f"def {name}({arguments}):\n{inside}\n"

    # Roles --------------------------------------------------------------------------------------------------------

    def advance(self) -> str:
        """Every temporal operator: its value now and its memory for the next step."""
        nodes = [n for n in walk(self.program.roots()) if id(n) in self.temporal]

        def body(w: Writer) -> list[str]:
            w.stop = lambda node: False
            memories: dict[str, str] = {}
            w.special = lambda node, args: self._temporal(w, node, args, memories) if is_temporal(node) else None
            values = w.write(nodes)
            keys = [self.temporal[id(n)] for n in nodes]
            out = ["return {"]
            out += [f'    "{k}": {text},' for k, text in zip(keys, values, strict=True)]
            out += ["}, {"]
            out += [f'    "{k}": {memories[k]},' for k in keys]
            return [*out, "}"]

        doc = "Values and new memories of the temporal operators; `first` on the first sample of an episode."
        arguments = "sim, action, commands, time, samples, params, levels, first, memory"
        return self.function("advance", doc, body, arguments)

    def _temporal(self, w: Writer, node: Node, args: list[str], memories: dict[str, str]) -> str:
        row, key, attrs = TEMPORAL[node.op], self.temporal[id(node)], dict(node.attrs)
        first, first_memory = row.first_text(args, attrs)
        later, later_memory = row.later_text(f'memory["{key}"]', args, attrs)
        name = w.variable(key)
        w.lines.append(f"{name} = jnp.where(first, {first}, {later})")
        same = later_memory == "$value" and first_memory in ("$value", first)
        first_memory = first if first_memory == "$value" else first_memory
        later_memory = later if later_memory == "$value" else later_memory
        if same:
            memories[key] = name
        elif first_memory == later_memory:
            memories[key] = first_memory
        else:
            memories[key] = f"jnp.where(first, {first_memory}, {later_memory})"
        return name

    def rewards(self) -> str:
        dt = self.program.world.control_step
        # Summed in the order of structural hashes, so that reordering or renaming terms leaves the sum bit-equal.
        shape = Canon(dict.fromkeys(self.program.params, 0.0))
        terms = sorted(self.program.rewards, key=lambda r: (shape(r.value), shape(r.weight), r.name))

        def body(w: Writer) -> list[str]:
            parts: list[str] = []
            for term in terms:
                value, weight = w.write([term.value, term.weight])
                rate = f" * {dt!r}" if term.mode == "rate" else ""
                name = w.variable(f"r_{term.name}")
                w.lines.append(f"{name} = {value} * ({weight}){rate}")
                parts.append(name)
            pairs = ", ".join(f'"{t.name}": {n}' for t, n in zip(terms, parts, strict=True))
            return [f"return {' + '.join(parts) or '0.0'}, {{{pairs}}}"]

        return self.function("rewards", "The reward of this step (), and each weighted term by name.", body)

    def terminations(self) -> str:
        def body(w: Writer) -> list[str]:
            texts = w.write([t.when for t in self.program.terminations])
            pairs = ", ".join(f'"{t.name}": {x}' for t, x in zip(self.program.terminations, texts, strict=True))
            return [f"return {{{pairs}}}"]

        return self.function("terminations", "Each termination rule by name: true when it fires.", body)

    def observe(self) -> str:
        def body(w: Writer) -> list[str]:
            out: list[str] = []
            entries = {id(e.node): e for g in self.program.observations for e in g.entries}
            names: dict[int, str] = {}
            for key, entry in entries.items():
                (text,) = w.write([entry.node])
                names[key] = text
                if not text.isidentifier():
                    names[key] = w.variable(f"o_{entry.name}")
                    w.lines.append(f"{names[key]} = {text}")
            out.append("return {")
            for group in self.program.observations:
                inside = ", ".join(names[id(e.node)] for e in group.entries)
                out.append(f'    "{group.name}": jnp.concatenate([{inside}]),')
            return [*out, "}"]

        return self.function("observe", "Every observation group by name as one vector of SI numbers.", body)

    def checks(self) -> str:
        def body(w: Writer) -> list[str]:
            pairs: list[str] = []
            for i, check in enumerate(self.program.checks):
                if check.value is None:
                    continue
                (value,) = w.write([check.value])
                where = w.write([check.where])[0] if check.where is not None else "True"
                pairs.append(f'"{i}": ({value}, {where})')
            return [f"return {{{', '.join(pairs)}}}"]

        return self.function("checks", "What each line of the check block collects: (value, counts) by number.", body)

    def act(self) -> str:
        """The control of every actuator for an action; actuators that no term drives hold the home pose or zero."""
        rest = idle_control(self.program, self.model)

        def body(w: Writer) -> list[str]:
            texts = [
                self._control(t, x)
                for t, x in zip(self.program.action, w.write([t.target for t in self.program.action]), strict=True)
            ]
            ids = [tuple(self.model.actuator(a).id for a in t.actuators) for t in self.program.action]
            flat = [i for part in ids for i in part]
            joined = texts[0] if len(texts) == 1 else f"jnp.concatenate([{', '.join(texts)}])"
            if flat == list(range(self.model.nu)):
                return [f"return {joined}"]
            if sorted(flat) == list(range(self.model.nu)):
                order = tuple(flat.index(i) for i in range(self.model.nu))
                return [f"return {joined}[{index_text(order)}]"]
            return [f"return {constant_text(rest.tolist())}.at[np.array({flat})].set({joined})"]

        return self.function("act", "The control of every actuator (U,) for an action (A,).", body)

    def _control(self, term: ActionTerm, target: str) -> str:
        factor = control_factors(term, self.model)
        if all(f == 1.0 for f in factor):
            return target
        return f"({target} * {constant_text(factor[0] if len(set(factor)) == 1 else factor)})"

    def commands(self) -> list[str]:
        return [self._command(i) for i in range(len(self.program.commands))]

    def _command(self, number: int) -> str:
        command = self.program.commands[number]

        def body(w: Writer) -> list[str]:
            texts = w.write([f.value for f in command.fields])
            if command.zero is not None:
                (zero,) = w.write([command.zero])
                texts = [f"jnp.where({zero}, 0.0, {x})" for x in texts]
            pairs = ", ".join(f'"{f.name}": {x}' for f, x in zip(command.fields, texts, strict=True))
            interval = w.write([command.interval])[0] if command.interval is not None else "jnp.inf"
            return [f"return {{{pairs}}}, {interval}"]

        return self.function(
            f"command_{command.name}", f"A new `{command.name}` and the seconds until the next one.", body
        )

    def start(self) -> str:
        reset = self.program.reset
        model = self.model
        qpos = model.key(reset.pose).qpos if reset.pose else model.qpos0
        velocity = start_velocity(self.program, model)

        def body(w: Writer) -> list[str]:
            w.lines.append(f"q = {constant_text(qpos.tolist())}")
            moving = constant_text(velocity.tolist()) if velocity.any() else f"jnp.zeros({model.nv})"
            w.lines.append(f"qd = {moving}")
            for change in in_order(reset.changes):
                (value,) = w.write([change.value])
                w.lines.append(state_line(change, value, model, "q", "qd"))
            return ["return q, qd"]

        return self.function("start", "A fresh start: generalized positions (Q,) and velocities (V,).", body)

    def activations(self) -> list[str]:
        """Where an episode begins with activations; nothing for a model that has none."""
        if not self.model.na:
            return []
        follow = following_activations(self.program, self.model)

        def body(w: Writer) -> list[str]:
            text = constant_text(held_activation(self.program, self.model).tolist())
            if follow:
                places, actuators, low, high = zip(*follow, strict=True)
                bounds = f"{constant_text(list(low))}, {constant_text(list(high))}"
                followed = f"jnp.clip(control[np.array({list(actuators)})], {bounds})"
                text += f".at[np.array({list(places)})].set({followed})"
            return [f"return {text}"]

        doc = "Activations (N,) that the controls (U,) of a start keep."
        return [self.function("activations", doc, body, "control")]

    def events(self) -> list[str]:
        return [self._event(i) for i in range(len(self.program.events))]

    def _event(self, number: int) -> str:
        event = self.program.events[number]

        def body(w: Writer) -> list[str]:
            w.lines.append('q, qd = sim["qpos"], sim["qvel"]')
            for change in event.changes:
                (value,) = w.write([change.value])
                w.lines.append(state_line(change, value, self.model, "q", "qd"))
            (interval,) = w.write([event.interval])
            return [f'return qd - sim["qvel"], {interval}']

        return self.function(
            f"event_{event.name}", f"The change of velocity (V,) of `{event.name}`, and seconds to the next.", body
        )

    def levels(self) -> str:
        def body(w: Writer) -> list[str]:
            parts: list[str] = []
            for level in self.program.levels:
                low, high = min(level.start, level.end), max(level.start, level.end)
                old = f'levels["{level.name}"]'
                if level.over is not None:
                    slope = (level.end - level.start) / level.over
                    along = f'{level.start!r} + {slope!r} * stats["env_states"]'
                    parts.append(f'"{level.name}": jnp.clip({along}, {low!r}, {high!r})')
                    continue
                assert level.when is not None and level.step is not None
                (when,) = w.write([level.when])
                step = abs(level.step) if level.end >= level.start else -abs(level.step)
                moved = f"jnp.clip({old} + {step!r}, {low!r}, {high!r})"
                parts.append(f'"{level.name}": jnp.where({when} & (stats["episodes"] > 0), {moved}, {old})')
            return [f"return {{{', '.join(parts)}}}"]

        doc = "The curriculum levels after an update, from the statistics of its finished episodes."
        return self.function("levels", doc, body, "stats, params, levels")


# Texts ---------------------------------------------------------------------------------------------------------------


def place_text(leaf: Leaf) -> str:
    """Returns the source that picks a bound quantity out of the reads."""
    if leaf.kind == "const":
        return constant_text(leaf.value)
    if leaf.kind == "slice":
        if leaf.shape == ():
            return f"{leaf.array}[{leaf.indices[0]}]"
        picked = f"{leaf.array}[{index_text(leaf.indices)}]"
        return picked if len(leaf.shape) == 1 else f"{picked}.reshape{leaf.shape}"
    if leaf.kind == "contact":
        return _contact_text(leaf)
    return _force_text(leaf)


def _contact_text(leaf: Leaf) -> str:
    elements = leaf.indices
    counts = {len(e) for e in elements}
    if counts == {0}:
        return f"jnp.zeros({leaf.shape}, bool)"
    if leaf.shape == ():
        return f"jnp.any({leaf.array}[{index_text(elements[0])}] > 0)"
    if len(counts) == 1:
        flat = tuple(i for e in elements for i in e)
        k = counts.pop()
        picked = f"{leaf.array}[{index_text(flat)}]"
        return f"({picked} > 0)" if k == 1 else f"jnp.any({picked}.reshape({len(elements)}, {k}) > 0, axis=1)"
    parts = [f"jnp.any({leaf.array}[{index_text(e)}] > 0)" if e else "jnp.array(False)" for e in elements]
    return f"jnp.stack([{', '.join(parts)}])"


def _force_text(leaf: Leaf) -> str:
    parts = []
    for slots in leaf.indices:
        flat = tuple(i for slot in slots for i in slot)
        parts.append(
            f"km.contact_force({leaf.array}[{index_text(flat)}].reshape({len(slots)}, 9))" if slots else "jnp.zeros(3)"
        )
    return parts[0] if leaf.shape == (3,) else f"jnp.stack([{', '.join(parts)}])"


_AT = {"=": "set", "+=": "add", "*=": "multiply"}


def _index(indices: list[int]) -> str:
    """The subscript of some entries; a single one drops the axis."""
    return index_text(indices[0] if len(indices) == 1 else tuple(indices))


def state_line(change: StateChange, value: str, model: mujoco.MjModel, q: str, qd: str) -> str:
    """Returns the statement that applies one change to positions `q` or velocities `qd`."""
    at = _AT[change.op]
    if change.target in ("joint_pos", "joint_vel"):
        joints = [model.joint(n) for n in change.names]
        if change.target == "joint_pos":
            ids = tuple(int(j.qposadr[0]) for j in joints)
            return f"{q} = {q}.at[{index_text(ids)}].{at}({value})"
        ids = tuple(int(j.dofadr[0]) for j in joints)
        return f"{qd} = {qd}.at[{index_text(ids)}].{at}({value})"
    joint = model.joint(int(model.body(change.names[0]).jntadr[0]))
    pos, vel = int(joint.qposadr[0]), int(joint.dofadr[0])
    quat = f"{q}[{pos + 3}:{pos + 7}]"
    if change.target == "pos":
        return f"{q} = {q}.at[{_index([pos + i for i in change.components])}].{at}({value})"
    if change.target == "linvel":
        return f"{qd} = {qd}.at[{_index([vel + i for i in change.components])}].{at}({value})"
    if change.target == "angvel":
        # The world's components change; MuJoCo keeps them in the body's frame.
        picked = _index(list(change.components))
        spin = f"km.rotate({quat}, {qd}[{vel + 3}:{vel + 6}]).at[{picked}].{at}({value})"
        return f"{qd} = {qd}.at[{vel + 3}:{vel + 6}].set(km.rotate_inverse({quat}, {spin}))"
    if change.target == "yaw":
        turn = (
            value
            if change.op == "+="
            else f"{value} - km.yaw({quat})"
            if change.op == "="
            else f"({value} - 1.0) * km.yaw({quat})"
        )
        return f"{q} = {q}.at[{pos + 3}:{pos + 7}].set(km.quat_mul(km.yaw_quat({turn}), {quat}))"
    axis = 0 if change.target == "roll" else 1
    vector = ", ".join(value if i == axis else "0.0" for i in range(3))
    return f"{q} = {q}.at[{pos + 3}:{pos + 7}].set(km.quat_mul({quat}, km.axis_angle_quat(jnp.array([{vector}]))))"


def control_factors(term: ActionTerm, model: mujoco.MjModel) -> list[float]:
    """Returns control over target: MuJoCo scales a joint by the actuator's gear, and a control by its gain."""
    ids = [int(model.actuator(a).id) for a in term.actuators]
    return [control_factor(law_of(model, i), float(model.actuator_gear[i, 0]), term.mode) for i in ids]
