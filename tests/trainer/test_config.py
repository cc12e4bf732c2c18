"""Batch arithmetic: what is impossible is found, and every alternative offered works."""

import pytest
from pydantic import ValidationError

from ksim_spec.settings import PolicyConfig, TrainConfig, validate_batch


def test_derived_numbers():
    config = TrainConfig(num_envs=8, num_minibatches=2, num_env_states_per_minibatch=20, budget=81)
    assert (config.num_env_states, config.rollout_length) == (40, 5)
    assert (config.num_updates, config.real_budget) == (3, 120)
    assert validate_batch(config) == []


@pytest.mark.parametrize(
    "sizes", [(1000, 7, 4096), (1024, 8, 4000), (1000, 8, 4096), (3, 8, 16), (1024, 8, 64), (1, 2, 1), (4, 4, 1)]
)
def test_alternatives_are_valid(sizes):
    names = ("num_envs", "num_minibatches", "num_env_states_per_minibatch")
    config = TrainConfig(**dict(zip(names, sizes, strict=True)))
    [problem] = validate_batch(config)
    assert problem.alternatives and "`num_" in problem.help
    for change in problem.alternatives:
        assert set(change) <= set(names)
        assert validate_batch(config.model_copy(update=change)) == []


def test_nearest_comes_first():
    config = TrainConfig(num_envs=1024, num_minibatches=8, num_env_states_per_minibatch=4000)
    assert validate_batch(config)[0].alternatives[0] == {"num_env_states_per_minibatch": 3968}


def test_budget_below_one_update():
    config = TrainConfig(num_envs=8, num_minibatches=2, num_env_states_per_minibatch=20, budget=39)
    [problem] = validate_batch(config)
    assert problem.fields == ("budget",) and problem.alternatives == ({"budget": 40},)


def test_frozen_and_closed():
    with pytest.raises(ValidationError):
        TrainConfig(learning_rat=1e-3)  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        TrainConfig().num_envs = 3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="greater than `min_std`"):
        PolicyConfig(init_std=0.2, min_std=0.3)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 1e39, 1e-60])
def test_numbers_that_cannot_be_trained_with_are_refused(value):
    with pytest.raises(ValidationError, match="learning_rate"):
        TrainConfig(learning_rate=value)
    with pytest.raises(ValidationError, match="max_grad_norm"):
        TrainConfig(max_grad_norm=value)
    with pytest.raises(ValidationError, match="init_std"):
        PolicyConfig(init_std=value, min_std=0)


def test_a_network_is_of_a_kind_and_an_mlp_is_written_as_its_layers():
    policy = PolicyConfig(actor=(64, 32), activation="elu")
    assert policy == PolicyConfig(actor={"kind": "mlp", "hidden": [64, 32]}, activation="elu")
    assert (
        str(policy.actor) == "mlp(64, 32)" and policy.actor.parameters(3, 2) == 3 * 64 + 64 + 64 * 32 + 32 + 32 * 2 + 2
    )
    assert policy.model_dump(mode="json")["actor"] == [64, 32]
    assert PolicyConfig(**policy.model_dump(mode="json")) == policy
    assert policy.network("actor").activation == "elu"
    own = PolicyConfig(actor={"kind": "mlp", "hidden": [8], "activation": "tanh"})
    assert own.network("actor").activation == "tanh" and PolicyConfig(**own.model_dump(mode="json")) == own
    for wrong in ({"kind": "no_such", "hidden": [8]}, "mlp", {"hidden": [8]}):
        with pytest.raises(ValidationError, match=r"a network is `mlp\(…\)`"):
            PolicyConfig(actor=wrong)
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        PolicyConfig(critic=(8, 0))
