"""The generated functions of a compiled task, mapped over environments.

They know neither physics nor episodes: what they are given is what they look at. A task steps with them, a replay
evaluates recorded states with them.

Axes: E environments, Q positions, V velocities, U actuators, A numbers of an action, L numbers of an observation.
`params` are the runtime parameters as `TaskFunctions.params` gives them: `p` by qualified name, and the levels `lv`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

Params = Mapping[str, Mapping[str, Any]]
Arrays = Mapping[str, Float[Array, "E ..."]]
Commands = dict[str, dict[str, Float[Array, "E"]]]
Memory = dict[str, Float[Array, "E ..."] | Bool[Array, "E ..."]]


class Moment(NamedTuple):
    """What rewards, terminations and observations look at, for every environment.

    `sim` are simulator arrays by MuJoCo's names, `temporal` the values of temporal operators at this moment (empty
    while they are worked out), `samples` standard samples by stream.
    """

    sim: Arrays
    action: Float[Array, "E A"]
    commands: Mapping[str, Mapping[str, Float[Array, "E"]]]
    time: Float[Array, "E"]
    temporal: Mapping[str, Array]
    samples: Arrays


def held(fixed: Array, drawn_E: Float[Array, "E"]) -> Float[Array, "E"]:
    """Returns a command field that somebody holds at a value; NaN leaves it as it was drawn."""
    return jnp.where(jnp.isnan(fixed), drawn_E, fixed)


@dataclass(frozen=True)
class TaskFunctions:
    """The functions of a compiled module for `num_envs` environments. All are pure and may be traced."""

    module: ModuleType
    num_envs: int

    @property
    def about(self) -> dict[str, Any]:
        """The literal `TASK` of the module: sizes, timing, streams."""
        return self.module.TASK

    @property
    def params(self) -> dict[str, dict[str, Float[Array, ""]]]:
        """The runtime parameters as the spec gives them: `p` by qualified name and the curriculum levels `lv`."""
        return {
            "p": {k: jnp.asarray(v, jnp.float32) for k, v in self.about["params"].items()},
            "lv": {k: jnp.asarray(v, jnp.float32) for k, v in self.about["levels"].items()},
        }

    # Where an episode begins --------------------------------------------------------------------------------------

    def start(self, samples: Arrays, params: Params) -> tuple[Float[Array, "E Q"], Float[Array, "E V"]]:
        """Returns fresh positions and velocities."""
        return self._of_samples("start", samples, params)

    def activations(self, ctrl_EU: Float[Array, "E U"]) -> Float[Array, "E N"] | None:
        """Returns the activations that controls keep where an episode begins, None for a model without any."""
        role = getattr(self.module, "activations", None)
        return None if role is None else jax.vmap(role)(ctrl_EU)

    def fields(self, nominal: Mapping[str, Array], samples: Arrays, params: Params) -> dict[str, Float[Array, "E ..."]]:
        """Returns the model fields that differ between environments, from the values of the model itself."""
        if not nominal:
            return {}
        p, lv = params["p"], params["lv"]
        return jax.vmap(lambda d: self.module.fields(nominal, d, p, lv), axis_size=self.num_envs)(samples)

    def new_commands(self, samples: Arrays, params: Params) -> tuple[Commands, dict[str, Float[Array, "E"]]]:
        """Returns every command drawn anew, and the seconds until it is drawn again.

        `params["fixed"]`, where someone steers, has by block and field the value (SI) that holds it, NaN for none.
        """
        command, left = {}, {}
        steered = params.get("fixed", {})
        for name in self.about["commands"]:
            fields, seconds = self._of_samples(f"command_{name}", samples, params)
            fixed, drawn_E = steered.get(name, {}), {k: self._each(x) for k, x in fields.items()}
            command[name] = {k: held(fixed[k], x) if k in fixed else x for k, x in drawn_E.items()}
            left[name] = self._each(seconds)
        return command, left

    def _of_samples(self, role: str, samples: Arrays, params: Params) -> Any:
        function, p, lv = getattr(self.module, role), params["p"], params["lv"]
        return jax.vmap(lambda d: function({}, None, {}, 0.0, {}, d, p, lv), axis_size=self.num_envs)(samples)

    def _each(self, x: Array) -> Float[Array, "E"]:
        return jnp.broadcast_to(x, (self.num_envs,)).astype(jnp.float32)

    def event(
        self, name: str, sim: Arrays, samples: Arrays, params: Params
    ) -> tuple[Float[Array, "E V"], Float[Array, "E"]]:
        """Returns the change of velocity that an event makes at these states, and the seconds until the next one."""
        role, p, lv = getattr(self.module, f"event_{name}"), params["p"], params["lv"]
        return jax.vmap(lambda s, d: role(s, None, {}, 0.0, {}, d, p, lv))(sim, samples)

    # A control step -----------------------------------------------------------------------------------------------

    def controls(self, action_EA: Float[Array, "E A"], params: Params) -> Float[Array, "E U"]:
        """Returns the control of every actuator for actions that nothing delays."""
        p, lv = params["p"], params["lv"]
        return jax.vmap(lambda a: self.module.act({}, a, {}, 0.0, {}, {}, p, lv))(action_EA)

    def blank_memory(self) -> Memory:
        """Returns memories of the temporal operators that hold nothing, in their shapes."""
        return {
            name: jnp.zeros((self.num_envs, *shape), bool if dtype == "bool" else jnp.float32)
            for name, (dtype, shape) in self.about["memory"].items()
        }

    def advance(self, moment: Moment, memory: Memory | None, params: Params) -> tuple[dict[str, Array], Memory]:
        """Returns values and new memories of the temporal operators; `memory` None is the first of an episode."""
        first, old = memory is None, self.blank_memory() if memory is None else memory
        p, lv = params["p"], params["lv"]
        return jax.vmap(lambda s, a, c, t, d, old: self.module.advance(s, a, c, t, d, p, lv, first, old))(
            moment.sim, moment.action, moment.commands, moment.time, moment.samples, old
        )

    def rewards(self, moment: Moment, params: Params) -> tuple[Float[Array, "E"], dict[str, Float[Array, "E"]]]:
        """Returns the reward of the step that led here, and each weighted term by name."""
        return self._at("rewards", moment, params)

    def terminations(self, moment: Moment, params: Params) -> dict[str, Bool[Array, "E"]]:
        """Returns by name which termination rules fire."""
        return self._at("terminations", moment, params)

    def checks(self, moment: Moment, params: Params) -> dict[str, tuple[Array, Array]]:
        """Returns by number what each line of the check block collects: (value, where it counts)."""
        return self._at("checks", moment, params)

    def observe(self, moment: Moment, params: Params) -> dict[str, Float[Array, "E L"]]:
        """Returns every observation group by name, in SI numbers."""
        return self._at("observe", moment, params)

    def _at(self, role: str, moment: Moment, params: Params) -> Any:
        function, p, lv = getattr(self.module, role), params["p"], params["lv"]
        return jax.vmap(lambda s, a, c, t, v, d: function(s, a, c, t, v, d, p, lv))(*moment)

    # Between updates ----------------------------------------------------------------------------------------------

    def levels(self, stats: Mapping[str, Array], params: Params) -> dict[str, Float[Array, ""]]:
        """Returns the curriculum levels moved on by the statistics of one update's episodes."""
        moved = self.module.levels(stats, params["p"], params["lv"])
        return {k: jnp.asarray(v, jnp.float32) for k, v in moved.items()}
