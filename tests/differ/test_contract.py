"""The contract: complete, valid by its JSON Schema, the same for all ways to say the same."""

import json
from importlib import resources
from pathlib import Path

import pytest
from pydantic import ValidationError

import ksim_spec as ks
from ksim_spec.contract.build import as_plain
from ksim_spec.contract.extract import declared
from ksim_spec.contract.schema import SCHEMA_VERSION, Contract, json_schema
from ksim_spec.language.load import load_spec
from ksim_spec.robot.index import RobotIndex
from tests.test_import_hygiene import heavy_imports

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.ksim"))
WALK = next(p for p in SPECS if p.stem == "walk")


def of(path: Path) -> Contract:
    loaded = load_spec(path)
    program = loaded.require()
    return declared(program, RobotIndex.load(program.robot_path), loaded.items, loaded.sources)


@pytest.fixture(scope="module")
def walk() -> Contract:
    return of(WALK)


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_a_contract_survives_json(path: Path):
    whole = of(path)
    plain = json.loads(json.dumps(as_plain(whole)))
    assert Contract.model_validate(plain) == whole and plain["schema_version"] == SCHEMA_VERSION == 3


def test_the_shipped_schema_is_that_of_the_models():
    text = resources.files("ksim_spec.contract").joinpath("contract.schema.json").read_text()
    assert json.loads(text) == json_schema(), "write it again: python -m ksim_spec.contract.schema"


def test_what_is_not_in_the_schema_is_refused(walk: Contract):
    with pytest.raises(ValidationError):
        Contract.model_validate({**as_plain(walk), "extra": 1})


def test_it_says_what_the_policy_sees(walk: Contract):
    gyro, gravity, joint_pos, *_ = walk.observations["actor"]
    assert (gyro.slice, gyro.unit, gyro.frame, gyro.history, gyro.elements) == (
        (0, 9),
        "rad/s",
        "base",
        3,
        ("x", "y", "z"),
    )
    assert gyro.scale is not None and gyro.scale.values == (0.25,)
    assert gyro.noise is not None and [(d.distribution, d.arguments) for d in gyro.noise.draws] == [("normal", (0.2,))]
    assert gravity.slice == (9, 12) and gravity.scale is None and gravity.clip is None
    assert joint_pos.slice == (12, 60) and joint_pos.elements[0] == "left_hip_yaw" and len(joint_pos.elements) == 12
    assert walk.networks.actor_inputs == walk.observations["actor"][-1].slice[1]
    assert walk.networks.normalize_observations and walk.networks.observation_clip == 10


def test_it_says_what_an_action_does(walk: Contract):
    (action,) = walk.action
    assert action.slice == (0, 12) and action.delay_physics_steps == (0, 5) and action.scale.values == (0.5,)
    assert action.offset is not None and action.offset.values is not None and len(action.offset.values) == 12
    hip = action.actuators[0]
    assert (hip.joint, hip.kind, hip.kp, hip.control_range, hip.force_range) == (
        "left_hip_yaw",
        "position",
        120,
        (-0.5, 0.6),
        (-60, 60),
    )
    assert hip.gear[0] == 1


def test_it_says_what_is_commanded_and_rewarded(walk: Contract):
    velocity = walk.commands["velocity"]
    assert [f.name for f in velocity.fields] == ["x", "y", "yaw"] and velocity.frame == "base.heading"
    assert velocity.fields[0].value.draws[0].arguments == (-0.5, 1.0)
    assert velocity.resample == (4, 8) and velocity.zero == 0.1
    assert walk.rewards["slip"].effective == (-0.25, -2.5) and walk.rewards["slip"].mode == "rate"
    assert walk.model.elements["actuator"][0].attributes["kp"] == "120" and walk.model.options["iterations"] == "3"
    assert len(walk.model.joints) == 12


def test_the_compiled_contract_is_the_declared_one_and_more(walk: Contract, tmp_path: Path):
    whole = ks.compile(WALK).contract
    assert (
        whole.built is not None
        and 30 < whole.built.mass < 40
        and set(whole.mirrored) == {"action", "observe.actor", "observe.critic"}
    )
    same = {"built": None, "mirrored": {}, "hashes": walk.hashes}
    assert whole.model_copy(update=same) == walk
    assert whole.hashes["declared"] == walk.hashes["declared"] and set(whole.hashes) == {
        "declared",
        "structure",
        "meaning",
    }


def test_reading_a_contract_imports_nothing_heavy():
    program = (
        "from ksim_spec.language.load import load_spec\nfrom ksim_spec.contract.extract import declared\n"
        "from ksim_spec.robot.index import RobotIndex\n"
        f"loaded = load_spec({str(WALK)!r})\nprogram = loaded.require()\n"
        "declared(program, RobotIndex.load(program.robot_path), loaded.items, loaded.sources)"
    )
    assert heavy_imports(program) == []
