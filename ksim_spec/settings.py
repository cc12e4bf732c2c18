"""Settings of a training run, and the arithmetic that ties num_envs, minibatches and the budget together.

Imports neither jax nor MuJoCo: the checker validates `train` and `policy` blocks with these models.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    field_validator,
    model_serializer,
    model_validator,
)

Activation = Literal["swish", "elu", "tanh", "relu"]
MOST = 2**24  # environments, minibatches, EnvStates of one: what any device holds, and what can be divided quickly
LARGEST = 2**31 - 1  # EnvStates of one update: they are counted in 32 bits
FLOATS = (1e-37, 3e38)  # the least and the greatest size of a number that is not zero: float32 holds no others


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _fits_float32(cls, value: Any, info: Any) -> Any:
        if isinstance(value, float) and value and not FLOATS[0] <= abs(value) <= FLOATS[1]:
            size = "small" if abs(value) < 1 else "large"
            raise ValueError(f"`{info.field_name}` ({value:g}) is too {size} for the numbers of training, float32")
        return value


class NetworkSettings(_Section):
    """What a network is made of. A subclass is one kind of network; `kind` is what specs call it: `mlp(256, 128)`.

    `made_by` is where its `trainer.network.Network` is: module and class, not imported before a policy is made.
    """

    made_by: ClassVar[str]

    kind: str
    hidden: tuple[Annotated[int, Field(ge=1)], ...]  # sizes of the layers between input and output
    activation: Activation | None = None  # None: the policy's

    def __str__(self) -> str:
        return f"{self.kind}({', '.join(map(str, self.hidden))})"

    def parameters(self, inputs: int, outputs: int) -> int:
        """Returns how many numbers training changes in it."""
        raise NotImplementedError


class Mlp(NetworkSettings):
    """Dense layers. Written as its layer sizes alone wherever settings are kept."""

    made_by: ClassVar[str] = "ksim_spec.trainer.mlp:MLP"

    kind: Literal["mlp"] = "mlp"

    def parameters(self, inputs: int, outputs: int) -> int:
        sizes = (inputs, *self.hidden, outputs)
        return sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False))

    @model_serializer(mode="wrap")
    def _short(self, whole: Callable[[Mlp], dict[str, Any]]) -> Any:
        return self.hidden if self.activation is None else whole(self)


NETWORKS: dict[str, type[NetworkSettings]] = {"mlp": Mlp}


def _of_its_kind(value: Any) -> Any:
    """Returns the settings that a mapping with a `kind` stands for; layer sizes alone are those of an `mlp`."""
    if isinstance(value, NetworkSettings):
        return value
    given = {"kind": "mlp", "hidden": value} if isinstance(value, tuple | list) else value
    kind = given.get("kind") if isinstance(given, dict) else None
    if kind not in NETWORKS:
        raise ValueError(f"a network is {' or '.join(f'`{name}(…)`' for name in NETWORKS)}")
    return NETWORKS[kind].model_validate(given)


AnyNetwork = Annotated[SerializeAsAny[NetworkSettings], BeforeValidator(_of_its_kind)]


class PolicyConfig(_Section):
    """Networks and action distribution."""

    actor: AnyNetwork = Field(
        default=Mlp(hidden=(128, 128)), description="hidden layers of the actor, written `mlp(256, 128)`"
    )
    critic: AnyNetwork = Field(
        default=Mlp(hidden=(128, 128)), description="hidden layers of the critic; `observes GROUP` names what it sees"
    )
    activation: Activation = Field(default="swish", description="between layers")
    symmetric: bool = Field(
        default=False, description="mirrored observations give mirrored actions; needs `mirror` in the robot block"
    )
    distribution: Literal["tanh_normal", "normal"] = Field(
        default="tanh_normal", description="of actions; `tanh_normal` keeps them within -1 and 1"
    )
    std: Literal["global", "state"] = Field(
        default="global", description="`global`: one learned spread for each action; `state`: an output of the network"
    )
    init_std: float = Field(default=0.6, gt=0, le=100, description="spread at the start")
    min_std: float = Field(
        default=0.3, ge=0, description="spread never falls below this, so that exploration cannot collapse"
    )

    @model_validator(mode="after")
    def _check(self) -> PolicyConfig:
        if self.init_std <= self.min_std:
            raise ValueError(f"`init_std` ({self.init_std:g}) must be greater than `min_std` ({self.min_std:g})")
        return self

    def network(self, role: Literal["actor", "critic"]) -> NetworkSettings:
        """Returns the settings of one network, with the activation that it has."""
        own: NetworkSettings = getattr(self, role)
        return own if own.activation else own.model_copy(update={"activation": self.activation})


class TrainConfig(_Section):
    """PPO settings. The dataset of one update holds num_env_states_per_minibatch * num_minibatches EnvStates."""

    num_envs: int = Field(default=1024, ge=1, le=MOST, description="environments side by side")
    num_minibatches: int = Field(default=8, ge=1, le=MOST, description="of a dataset; must divide `num_envs`")
    num_env_states_per_minibatch: int = Field(
        default=2560,
        ge=1,
        le=MOST,
        description="EnvStates a minibatch holds; with the two above it fixes the rollout length",
        json_schema_extra={"counts": ["env_states"]},
    )
    num_epochs: int = Field(default=4, ge=1, le=1000, description="passes over a dataset")
    budget: int = Field(
        default=5_000_000,
        ge=1,
        le=10**15,
        description="EnvStates to learn from, or `updates`; rounded up to whole updates",
        json_schema_extra={"counts": ["env_states", "updates"]},
    )
    seed: int = Field(default=0, ge=0, lt=2**32, description="of everything random")

    discount: float = Field(default=0.98, ge=0, le=1, description="of a reward one control step later")
    gae_lambda: float = Field(default=0.95, ge=0, le=1, description="of generalized advantage estimation")
    reward_scale: float = Field(default=1.0, gt=0, description="factor on rewards before learning")
    advantages: Literal["minibatch", "epoch", "update"] = Field(
        default="minibatch", description="how often advantages are computed again from the newest critic"
    )
    normalize_advantages: bool = Field(default=True, description="to mean 0 and spread 1 within a minibatch")

    learning_rate: float = Field(default=1e-3, gt=0, le=1, description="of Adam")
    learning_rate_schedule: Literal["constant", "linear", "adaptive"] = Field(
        default="constant",
        description="`linear` falls over the budget; `adaptive` keeps the KL divergence near `target_kl`",
    )
    final_learning_rate: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="`linear`: fraction of the learning rate left at the end",
        json_schema_extra={"only": {"learning_rate_schedule": "linear"}},
    )
    target_kl: float = Field(
        default=0.015,
        gt=0,
        description="`adaptive`: wanted KL divergence of an update",
        json_schema_extra={"only": {"learning_rate_schedule": "adaptive"}},
    )
    clip: float = Field(default=0.2, gt=0, le=10, description="PPO's clip of the probability ratio")
    entropy: float = Field(default=0.01, ge=0, le=1000, description="weight of the entropy bonus")
    final_entropy: float = Field(
        default=1.0, ge=0, le=1, description="fraction of `entropy` left at the end; it falls evenly over the budget"
    )
    value_coefficient: float = Field(default=0.5, ge=0, le=1e6, description="weight of the critic's loss")
    max_grad_norm: float | None = Field(
        default=1.0,
        gt=0,
        description="gradients of actor and critic are each clipped to this norm; `none` switches it off",
    )

    normalize_observations: bool = Field(
        default=True, description="by running mean and spread, the latter at least 0.01; update 0 knows neither yet"
    )
    observation_clip: float = Field(
        default=10.0,
        gt=0,
        description="of normalized observations, in standard deviations",
        json_schema_extra={"only": {"normalize_observations": True}},
    )
    normalize_values: bool = Field(
        default=True, description="the critic predicts returns in units of their running spread"
    )

    checkpoint_every: int = Field(
        default=50,
        ge=1,
        le=10**9,
        description="updates between checkpoints",
        json_schema_extra={"counts": ["updates"]},
    )
    keep_checkpoints: int = Field(default=3, ge=1, le=10**6, description="how many are kept, besides the best")

    @property
    def num_env_states(self) -> int:
        """EnvStates in the dataset of one update."""
        return self.num_env_states_per_minibatch * self.num_minibatches

    @property
    def rollout_length(self) -> int:
        """Control steps every environment takes per update; meaningful when `validate_batch` finds nothing."""
        return self.num_env_states // self.num_envs

    @property
    def num_updates(self) -> int:
        """Updates that cover the budget."""
        return math.ceil(self.budget / self.num_env_states)

    @property
    def real_budget(self) -> int:
        """The budget rounded up to whole updates."""
        return self.num_updates * self.num_env_states


@dataclass(frozen=True, slots=True)
class BatchProblem:
    """An impossible combination: the settings it is about, what is wrong, and the nearest that work.

    Each alternative maps the settings to change to their new values; the smallest relative change comes first.
    """

    fields: tuple[str, ...]
    message: str
    alternatives: tuple[dict[str, int], ...] = ()

    @property
    def help(self) -> str:
        """One clause that lists the alternatives, empty when there are none."""
        texts = [" and ".join(f"`{k} = {v}`" for k, v in a.items()) for a in self.alternatives]
        return "nearest that work: " + "; or ".join(texts) if texts else ""


def _is_valid(num_envs: int, num_minibatches: int, states: int) -> bool:
    sequences, rest = divmod(num_envs, num_minibatches)
    return rest == 0 and sequences > 0 and states % sequences == 0 and states >= sequences


def _teaches_nothing(config: TrainConfig, states: int) -> bool:
    """True for minibatches of so many EnvStates: the advantage of one alone, less the mean of all, is 0."""
    return states == 1 and config.normalize_advantages


def _divisors(n: int) -> list[int]:
    low = [d for d in range(1, math.isqrt(n) + 1) if n % d == 0]
    return sorted({*low, *(n // d for d in low)})


def _single_changes(config: TrainConfig) -> list[dict[str, int]]:
    num_envs, num_minibatches, states = config.num_envs, config.num_minibatches, config.num_env_states_per_minibatch
    found: list[dict[str, int]] = []
    if num_envs % num_minibatches == 0:
        sequences = num_envs // num_minibatches
        below, above = states // sequences * sequences, -(-states // sequences) * sequences
        found += [{"num_env_states_per_minibatch": n} for n in (below, above) if n > 0]
    found += [{"num_envs": num_minibatches * d} for d in _divisors(states)]
    found += [{"num_minibatches": d} for d in _divisors(num_envs)]
    return found


def _alternatives(config: TrainConfig, limit: int = 4) -> tuple[dict[str, int], ...]:
    """Returns valid combinations near `config`: one setting changed, or if none is near, envs and states."""
    now = config.model_dump(include={"num_envs", "num_minibatches", "num_env_states_per_minibatch"})

    def distance(change: dict[str, int]) -> float:
        return sum(abs(math.log(value / now[name])) for name, value in change.items())

    def valid(change: dict[str, int]) -> bool:
        merged = now | change
        sizes = merged["num_envs"], merged["num_minibatches"], merged["num_env_states_per_minibatch"]
        return _is_valid(*sizes) and not _teaches_nothing(config, sizes[2])

    changes = [c for c in _single_changes(config) if valid(c)]
    for num_envs in {config.num_envs // config.num_minibatches, -(-config.num_envs // config.num_minibatches)}:
        sequences = max(num_envs, 1)
        steps = max(round(config.num_env_states_per_minibatch / sequences), 1)
        steps = 2 if _teaches_nothing(config, sequences * steps) else steps
        pair = {"num_envs": sequences * config.num_minibatches, "num_env_states_per_minibatch": sequences * steps}
        changes.append({k: v for k, v in pair.items() if v != now[k]})
    unique = {tuple(sorted(c.items())): c for c in changes if c}
    ordered = sorted(unique.values(), key=lambda c: (distance(c), len(c)))
    return tuple(c for c in ordered if valid(c))[:limit]


def validate_batch(config: TrainConfig) -> list[BatchProblem]:
    """Returns what makes the batch sizes or the budget impossible; empty means the run can start.

    Every minibatch holds whole sequences (one environment's rollout), so num_minibatches divides num_envs, and the
    rollout length num_env_states_per_minibatch * num_minibatches / num_envs is a whole number of at least 1.
    """
    num_envs, num_minibatches, states = config.num_envs, config.num_minibatches, config.num_env_states_per_minibatch
    names = ("num_envs", "num_minibatches", "num_env_states_per_minibatch")
    if num_envs % num_minibatches:
        message = f"{num_envs} environments do not split into {num_minibatches} minibatches of whole sequences"
        return [BatchProblem(names[:2], message, _alternatives(config))]
    if (states * num_minibatches) % num_envs or states * num_minibatches < num_envs:
        length = states * num_minibatches / num_envs
        message = f"{states} x {num_minibatches} EnvStates over {num_envs} environments is {length:.6g} steps each"
        return [BatchProblem(names, message, _alternatives(config))]
    if config.budget < config.num_env_states:
        message = f"a budget of {config.budget} EnvStates is less than one update of {config.num_env_states}"
        return [BatchProblem(("budget",), message, ({"budget": config.num_env_states},))]
    if config.num_env_states > LARGEST:
        message = f"one update of {config.num_env_states} EnvStates is more than the {LARGEST} that fit into memory"
        return [BatchProblem(names[1:], message)]
    if _teaches_nothing(config, states):
        message = "a minibatch of one EnvState teaches nothing: its advantage is brought to a mean of 0"
        return [BatchProblem(names[2:], message, ({names[2]: 2},))]
    return []
