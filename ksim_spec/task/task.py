"""The compiled task: generated functions and a physics engine joined into one step of the whole batch.

Order of a control step: events, delayed action, physics, temporal operators, rewards and terminations with the command
the policy saw, the terminal observation's value, new commands, resets, next observation. Fail beats truncate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ksim_spec.physics.fields import model_field
from ksim_spec.physics.protocol import Engine, EngineConfig, Starts
from ksim_spec.task.functions import Moment, TaskFunctions
from ksim_spec.task.random import Samples, samples
from ksim_spec.task.state import EnvState, Episode, StepInfo, TaskState

ValueFn = Callable[[Mapping[str, Array], Array], Array]  # observations, and which environment each row is of
NEVER = np.iinfo(np.int32).max  # a control step that no episode reaches
TERMINAL_ROWS = 32  # terminal observations are valued in chunks of this many rows


def where_rows(mask_E: Bool[Array, "E"], then: Any, otherwise: Any) -> Any:
    """Returns the tree that takes rows of `then` where the mask holds."""

    def pick(a: Array, b: Array) -> Array:
        return jnp.where(mask_E.reshape(mask_E.shape + (1,) * (a.ndim - 1)), a, b)

    return jax.tree.map(pick, then, otherwise)


class Task:
    """A batch of environments of one compiled task on one engine. `init`, `stagger` and `step` are traceable."""

    actor_group = "actor"

    def __init__(self, module: ModuleType, engine: Engine) -> None:
        self.engine = engine
        self.num_envs = engine.config.num_envs
        self.functions = TaskFunctions(module, self.num_envs)
        self.about = about = self.functions.about
        self.name: str = about["name"]
        self.control_dt: float = about["control_step"]
        self.action_size: int = about["action_size"]
        self.obs_sizes: dict[str, int] = about["groups"]
        self.critic_group: str = about["critic_group"]
        self.term_names: tuple[str, ...] = tuple(about["terms"])
        self.streams = {k: (v[0], v[1], tuple(v[2])) for k, v in about["streams"].items()}
        self.nominal_fields = {n: jnp.asarray(model_field(engine.model, n), jnp.float32) for n in about["fields"]}
        substeps: int = about["substeps"]
        longest = max((d["steps"][1] for d in about["delays"]), default=0)
        self._past = math.ceil(longest / substeps)

    @staticmethod
    def engine_config(module: ModuleType, num_envs: int) -> EngineConfig:
        """Returns how the engine of a compiled task must step: its stage, what is read, which fields vary."""
        about: dict[str, Any] = module.TASK
        return EngineConfig(
            num_envs=num_envs,
            substeps=about["substeps"],
            stage=about["stage"],
            reads=tuple(about["reads"]),
            fields=tuple(about["fields"]),
            friction_dofs=tuple(about["friction_dofs"]) if "friction_dofs" in about else None,
            control_changes=bool(about["delays"]),
            settle=round(about["settle"] / about["control_step"]),
            mocap_key=about.get("mocap_key"),
        )

    @property
    def mirror(self) -> dict[str, tuple[list[int], list[int]]]:
        """What mirroring does to the `action` and to every group `observe.<name>`: index and sign; maybe empty."""
        return {name: (index, sign) for name, (index, sign) in self.about["mirror"].items()}

    @property
    def model(self) -> mujoco.MjModel:
        return self.engine.model

    @property
    def params(self) -> dict[str, dict[str, Array]]:
        """The runtime parameters as the spec gives them: `p` by qualified name and the curriculum levels `lv`.

        Whoever steers adds `fixed`: by block and field of the commands what to hold it at (SI), NaN for what is drawn.
        """
        return self.functions.params

    # Drawing starts -----------------------------------------------------------------------------------------------

    def _samples(self, key: PRNGKeyArray, counter: Array, *scopes: str) -> Samples:
        return samples(key, self.streams, scopes, counter, self.num_envs)

    def _draw_start(
        self, key: PRNGKeyArray, counter: Array, run: Samples, params: Any
    ) -> tuple[Starts, dict[str, Array], Samples]:
        """Draws a start for every environment: state, model fields, and the samples that last an episode."""
        # Starts draw on counters of their own (negative), apart from those of steps.
        draws = {**run, **self._samples(key, -1 - counter, "episode", "command", "event", "step")}
        qpos_EQ, qvel_EV = self.functions.start(draws, params)
        fields = self.functions.fields(self.nominal_fields, draws, params)
        ctrl_EU = self.functions.controls(self._no_action(), params)
        return Starts(qpos_EQ, qvel_EV, ctrl_EU, self.functions.activations(ctrl_EU)), fields, draws

    def _no_action(self) -> Float[Array, "E A"]:
        return jnp.zeros((self.num_envs, self.action_size), jnp.float32)

    def _begin(self, reads: dict[str, Array], draws: Samples, params: Any) -> Episode:
        """Returns the first moment of an episode at the given simulator arrays."""
        command, command_left = self.functions.new_commands(draws, params)
        event_left = {n: self.functions.event(n, reads, draws, params)[1] for n in self.about["events"]}
        zero = self._no_action()
        moment = Moment(reads, zero, command, jnp.zeros(self.num_envs), {}, draws)
        values, memory = self.functions.advance(moment, None, params)
        lasting = {name: draws[name] for name in self.about["lasting"]}
        return Episode(
            reads=reads,
            values=values,
            memory=memory,
            command=command,
            command_left=command_left,
            event_left=event_left,
            draws=lasting,
            action_EA=zero,
            past_EHA=jnp.zeros((self.num_envs, self._past, self.action_size), jnp.float32),
            step_E=jnp.zeros(self.num_envs, jnp.int32),
            return_E=jnp.zeros(self.num_envs, jnp.float32),
        )

    def init(self, key: PRNGKeyArray, params: Any) -> tuple[TaskState, EnvState]:
        """Returns the state of a fresh batch and its first observation."""
        run = self._samples(key, jnp.int32(0), "run")
        counter = jnp.int32(0)
        starts, fields, draws = self._draw_start(key, counter, run, params)
        physics, reads = self.engine.init(starts, fields)
        now = self._begin(reads, draws, params)
        none_E = jnp.zeros(self.num_envs, bool)
        never_E = jnp.full(self.num_envs, NEVER, jnp.int32)
        state = TaskState(physics, now, now, none_E, ~none_E, never_E, run, fields, key, jnp.int32(0), jnp.int32(1))
        state = self._refill(state, params)
        shown = self._show(state, jnp.zeros(self.num_envs, jnp.float32), none_E, params)
        return _stored(state), shown

    def _refill(self, state: TaskState, params: Any) -> TaskState:
        """Draws anew every spare that has been used."""
        starts, fields, draws = self._draw_start(state.key, state.refill, state.run, params)
        physics, reads = self.engine.prepare(state.physics, state.used_E, starts, fields)
        fresh = self._begin(reads, draws, params)
        spare = where_rows(state.used_E, fresh, state.spare)
        return state._replace(
            physics=physics, spare=spare, used_E=jnp.zeros_like(state.used_E), refill=state.refill + 1
        )

    def stagger(self, state: TaskState, key: PRNGKeyArray) -> TaskState:
        """Returns the state with the first episode of every environment cut short at a time drawn evenly.

        Episodes that end by the clock alone would otherwise all be at the same moment for the whole training, and every
        update would see only that moment. Does nothing where the task has no time limit.
        """
        steps = self.about["episode_steps"]
        if steps is None:
            return state
        return state._replace(cut_E=jax.random.randint(key, (self.num_envs,), 1, steps + 1, jnp.int32))

    # Stepping -----------------------------------------------------------------------------------------------------

    def step(
        self, state: TaskState, action_EA: Float[Array, "E A"], params: Any, value_fn: ValueFn | None = None
    ) -> tuple[TaskState, EnvState, StepInfo]:
        """Returns the state one control step later, what it shows, and how the step ended.

        `value_fn` maps observations of some environments, and which those are, to their values; with it `bootstrap_E`
        holds the value of the true final observation of truncated episodes.
        """
        step = state.step + 1
        drawn = self._samples(state.key, step, "event", "command", "step")
        now, dqvel_EV = self._events(state.now, drawn, params)
        control_EKU = self._controls(now, action_EA, params)
        physics, reads, fault_E = self.engine.step(state.physics, state.take_E, control_EKU, dqvel_EV)
        time_E = (now.step_E + 1).astype(jnp.float32) * self.control_dt
        draws = {**now.draws, **drawn}
        moment = Moment(reads, action_EA, now.command, time_E, {}, draws)
        values, memory = self.functions.advance(moment, now.memory, params)
        moment = moment._replace(temporal=values)
        after = now._replace(reads=reads, values=values, memory=memory, action_EA=action_EA)

        total_E, terms = self.functions.rewards(moment, params)
        rules = self.functions.terminations(moment, params)
        ok_E = ~fault_E & jnp.isfinite(total_E)
        # A term that is no number stays so, unless the physics broke: what is counted then names it.
        terms = {k: jnp.where(ok_E, v, jnp.where(fault_E | jnp.isfinite(v), 0.0, jnp.nan)) for k, v in terms.items()}
        fault_E = ~ok_E
        reward_E = jnp.where(ok_E, total_E, 0.0)
        fail_E, success_E, truncated_E = self._outcome(rules, ok_E)
        cut_E = ok_E & (now.step_E + 1 >= state.cut_E) & ~(fail_E | success_E | truncated_E)
        truncated_E = truncated_E | cut_E
        done_E = fail_E | success_E | truncated_E | fault_E
        bootstrap_E = self._bootstrap(moment, truncated_E, params, value_fn)
        info = StepInfo(
            fail_E,
            success_E,
            truncated_E,
            cut_E,
            fault_E,
            bootstrap_E,
            terms,
            self.functions.checks(moment, params),
            rules,
            time_E,
            now.return_E + reward_E,
            reads,
        )

        after = self._age(after, drawn, reward_E, params)
        cut_E = jnp.where(done_E, NEVER, state.cut_E)
        state = state._replace(physics=physics, now=after, step=step, cut_E=cut_E)
        state = self._reset(state, done_E, params)
        shown = self._show(state, reward_E, done_E, params, drawn)
        return _stored(state), shown, info

    def _reset(self, state: TaskState, done_E: Bool[Array, "E"], params: Any) -> TaskState:
        """Lets finished environments begin at their spares; a spare that was used before is drawn anew first."""
        # Every used spare is drawn anew at the first moment that one is needed twice: seldom, and many at once. The
        # physics has taken the spares of earlier steps by now, so none of them is still waited for.
        again_E = done_E & state.used_E
        state = jax.lax.cond(jnp.any(again_E), lambda s: self._refill(s, params), lambda s: s, state)
        now = where_rows(done_E, state.spare, state.now)
        return state._replace(now=now, take_E=done_E, used_E=state.used_E | done_E)

    def _events(self, now: Episode, drawn: Samples, params: Any) -> tuple[Episode, Float[Array, "E V"] | None]:
        """Returns the clocks of the events moved on, and by how much those that are due change the velocities.

        Of several in one step each begins with the velocities that those before it leave.
        """
        names: list[str] = self.about["events"]
        if not names:
            return now, None
        total: Any = 0.0
        left = dict(now.event_left)
        for name in names:
            fires_E = left[name] <= 0.5 * self.control_dt
            reads = now.reads if name == names[0] else {**now.reads, "qvel": now.reads["qvel"] + total}
            change_EV, interval_E = self.functions.event(name, reads, {**now.draws, **drawn}, params)
            total = total + jnp.where(fires_E[:, None], change_EV, 0.0)
            left[name] = jnp.where(fires_E, interval_E, left[name]) - self.control_dt
        return now._replace(event_left=left), total

    def _controls(self, now: Episode, action_EA: Array, params: Any) -> Float[Array, "E K U"]:
        """Returns the control of every physics step: one row, or with delays one a substep."""
        current_EU = self.functions.controls(action_EA, params)
        if not self.about["delays"]:
            return current_EU[:, None]
        past = [current_EU, *(self.functions.controls(now.past_EHA[:, h], params) for h in range(self._past))]
        history_EHU = jnp.stack(past, axis=1)
        n: int = self.about["substeps"]
        delay_EU = self._delay_steps(now, params)
        rows = []
        for k in range(n):
            # With a delay of d physics steps, substep k still sees the action of ceil((d - k) / n) control steps ago.
            age_EU = jnp.clip(-((k - delay_EU) // n), 0, self._past)
            rows.append(jnp.take_along_axis(history_EHU, age_EU[:, None], axis=1)[:, 0])
        return jnp.stack(rows, axis=1)

    def _delay_steps(self, now: Episode, params: Any) -> Array:
        """Returns each actuator's delay in physics steps, drawn once an episode."""
        steps_EU = jnp.zeros((self.num_envs, self.model.nu), jnp.int32)
        for delay in self.about["delays"]:
            name = f"action.{delay['name']}.delay"
            low, high = params["p"][f"{name}.low"], params["p"][f"{name}.high"]
            u_E = now.draws[name]
            drawn_E = jnp.clip(jnp.floor(low + u_E * (high - low + 1)), low, high).astype(jnp.int32)
            steps_EU = steps_EU.at[:, np.array(delay["actuators"])].set(drawn_E[:, None])
        return steps_EU

    # How a step ends, and what goes on ----------------------------------------------------------------------------

    def _outcome(self, rules: dict[str, Array], ok_E: Array) -> tuple[Array, Array, Array]:
        """Returns fail, success and truncated: at most one holds, a failure before a success before a truncation."""
        found = {kind: jnp.zeros(self.num_envs, bool) for kind in ("fail", "success", "truncate")}
        for name, outcome in self.about["terminations"].items():
            found[outcome] = found[outcome] | rules[name]
        fail_E = found["fail"] & ok_E
        success_E = found["success"] & ok_E & ~fail_E
        return fail_E, success_E, found["truncate"] & ok_E & ~fail_E & ~success_E

    def _age(self, after: Episode, drawn: Samples, reward_E: Array, params: Any) -> Episode:
        """Moves the clocks on by a control step and redraws the commands whose time is up."""
        left = {k: v - self.control_dt for k, v in after.command_left.items()}
        command = dict(after.command)
        if command:
            fresh, interval = self.functions.new_commands(drawn, params)
            for name in command:
                due_E = left[name] <= 0.5 * self.control_dt
                command[name] = where_rows(due_E, fresh[name], command[name])
                left[name] = jnp.where(due_E, interval[name], left[name])
        past = after.past_EHA
        if self._past:
            past = jnp.concatenate([after.action_EA[:, None], past[:, :-1]], axis=1)
        return after._replace(
            command=command,
            command_left=left,
            past_EHA=past,
            step_E=after.step_E + 1,
            return_E=after.return_E + reward_E,
        )

    def _show(
        self, state: TaskState, reward_E: Array, done_E: Array, params: Any, noise: Samples | None = None
    ) -> EnvState:
        noise = noise if noise is not None else self._samples(state.key, state.step, "step")
        now = state.now
        time_E = now.step_E.astype(jnp.float32) * self.control_dt
        moment = Moment(now.reads, now.action_EA, now.command, time_E, now.values, {**now.draws, **noise})
        return EnvState(self.functions.observe(moment, params), now.command, now.action_EA, reward_E, done_E)

    def _bootstrap(
        self, moment: Moment, truncated_E: Bool[Array, "E"], params: Any, value_fn: ValueFn | None
    ) -> Float[Array, "E"]:
        """Returns the value of the true final observation where an episode was truncated, zero elsewhere.

        Few episodes end in a step, so rows are gathered in chunks; a step in which many end takes more rounds.
        """
        values_E = jnp.zeros(self.num_envs, jnp.float32)
        if value_fn is None:
            return values_E
        rows = min(TERMINAL_ROWS, self.num_envs)

        def more(carry: tuple[Array, Array]) -> Array:
            return jnp.any(carry[0])

        def chunk(carry: tuple[Array, Array]) -> tuple[Array, Array]:
            left_E, values_E = carry
            (index_K,) = jnp.nonzero(left_E, size=rows, fill_value=self.num_envs)
            safe_K = jnp.minimum(index_K, self.num_envs - 1)
            picked = jax.tree.map(lambda x: x[safe_K], moment)
            value_K = value_fn(self.functions.observe(picked, params), safe_K)
            return left_E.at[index_K].set(False, mode="drop"), values_E.at[index_K].set(value_K, mode="drop")

        return jax.lax.while_loop(more, chunk, (truncated_E, values_E))[1]

    # Curriculum and checkpoints -----------------------------------------------------------------------------------

    def levels(self, params: Any) -> dict[str, Float[Array, ""]]:
        """Returns the curriculum levels by name."""
        return params["lv"]

    def update_levels(self, params: Any, stats: Mapping[str, Array]) -> Any:
        """Returns the parameters with the curriculum levels moved on by the statistics of one update's episodes."""
        if not self.about["levels"]:
            return params
        return {**params, "lv": self.functions.levels(stats, params)}

    def export_state(self, state: TaskState) -> dict[str, Any]:
        """Returns everything a run needs to go on bit for bit, as arrays."""
        rest = state._replace(physics=None, key=jax.random.key_data(state.key))
        return {"physics": self.engine.export_state(state.physics), "rest": rest._asdict()}

    def import_state(self, tree: dict[str, Any]) -> TaskState:
        """Returns the state that `export_state` saved."""
        rest = dict(tree["rest"])
        rest["now"], rest["spare"] = (_episode(rest[k]) for k in ("now", "spare"))
        rest["key"] = jax.random.wrap_key_data(jnp.asarray(rest["key"]))
        rest["physics"] = self.engine.import_state(tree["physics"])
        return TaskState(**rest)


def _stored(state: TaskState) -> TaskState:
    """Returns the state as it is kept between steps: the values of temporal operators follow from their memory."""
    return state._replace(now=state.now._replace(values={}))


def _episode(tree: Any) -> Episode:
    return tree if isinstance(tree, Episode) else Episode(**tree)
