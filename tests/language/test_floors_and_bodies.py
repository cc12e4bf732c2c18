"""The floor by its names, friction where pairs have their own, and bodies without mass."""

from __future__ import annotations

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from ksim_spec.task.module import load_module
from tests.tiny_tasks import compiled, errors, found

PLANE = 'type="plane" size="1 1 1"'
ROBOT = """<mujoco><worldbody>{world}
  <body name="torso" pos="0 0 0.5"><freejoint/><geom name="foot" size="0.1"/><geom name="hand" pos="0 0 1" size="0.1"/>
    <body name="camera"/><body name="marker"><site/></body>
    <body name="leg"><joint name="j"/><geom name="shin" size="0.01" pos="0 0 0.2"/></body></body></worldbody>
  <contact>{pairs}</contact><actuator><motor joint="j"/></actuator></mujoco>"""
DRIVEN = {"action": '  x = torque(joint("j"))  scale 1 Nm'}
FLOORS = {
    "named": f'<geom name="floor" {PLANE}/>',
    "ground": f'<geom name="wall" {PLANE} zaxis="1 0 0" pos="-9 0 0"/><geom name="ground" {PLANE}/>',
    "unnamed": f"<geom {PLANE}/>",
}


def robot(world: str = "", pairs: str = "") -> str:
    return ROBOT.format(world=world, pairs=pairs)


@pytest.mark.parametrize("floor", ["robot", "plane"])
@pytest.mark.parametrize("world", FLOORS)
def test_the_worlds_floor_is_what_the_robot_stands_on(tmp_path: Path, floor: str, world: str):
    blocks = DRIVEN | {
        "world": f"  floor = {floor}",
        "observe": '  t = (geom("foot").contact with world.floor)',
        "more": "randomize { world.floor.friction = 0.3 }",
    }
    task = compiled(tmp_path, robot(FLOORS[world]), **blocks)
    model = task.binding.scene.model
    name = {"named": "floor", "ground": "ground", "unnamed": "geom[0]"}[world] if floor == "robot" else "floor"
    sensor = next(i for i in range(model.nsensor) if "foot.contact" in model.sensor(i).name)
    assert model.geom(int(model.sensor_refid[sensor])).name == name
    assert changed(task, "geom_friction") == {name: 0.3}


def changed(task, array: str) -> dict[str, float]:
    """Returns the geoms whose sliding friction a task changes, and to what."""
    model = task.binding.scene.model
    before = jnp.asarray(getattr(model, array))
    module = load_module(task.source, "task.py")
    samples = {k: jnp.zeros(shape) for k, (_, _, shape) in module.TASK["streams"].items()}
    after = np.asarray(
        module.fields(
            {n: jnp.asarray(getattr(model, n)) for n in module.TASK["fields"]}, samples, module.TASK["params"], {}
        )[array]
    )
    moved = np.flatnonzero(np.abs(after - before)[:, 0] > 1e-9)
    return {model.geom(int(i)).name: round(float(after[i, 0]), 6) for i in moved}


def test_a_floor_that_is_not_there_is_an_error_at_its_name(tmp_path: Path):
    blocks = DRIVEN | {"observe": '  t = (geom("foot").contact with world.floor)'}
    for world in ("", f'<geom name="wall" {PLANE} zaxis="1 0 0"/>'):
        told = errors(tmp_path, robot(world), **blocks)
        assert told == ["KS102 robot has no floor, and the world has none of its own"]
        assert not errors(tmp_path, robot(world), **blocks | {"world": "  floor = plane"})


def test_floor_names_no_geom_where_there_is_none(tmp_path: Path):
    blocks = DRIVEN | {"more": 'randomize { geom("floor").friction = 0.3 }'}
    assert errors(tmp_path, robot(FLOORS["ground"]), **blocks) == ["KS102 `floor` is not a geom of robot"]


def test_the_robots_floor_keeps_its_name_beside_the_specs(tmp_path: Path):
    world = {"world": "  floor = plane"}
    for selection in ('geom("ground")', 'geom("floor")', "world.floor"):
        line = {"more": f"randomize {{ {selection}.friction = 0.3 }}"}
        assert changed(compiled(tmp_path, robot(FLOORS["ground"]), **DRIVEN | world | line), "geom_friction") == {
            "floor": 0.3
        }
    all_of_them = {"more": 'randomize { geoms("*").friction *= uniform(0.5, 1) }'}
    task = compiled(tmp_path, robot(FLOORS["ground"]), **DRIVEN | world | all_of_them)
    assert sorted(changed(task, "geom_friction")) == ["floor", "foot", "hand", "shin", "wall"]


def test_another_geom_called_floor_is_found_before_the_model_is_built(tmp_path: Path):
    box = '<geom name="floor" type="box" size="1 1 1" pos="0 0 -1"/>'
    assert errors(tmp_path, robot(box), **DRIVEN, world="  floor = plane") == [
        "KS164 the robot has a geom `floor` that is not a floor"
    ]
    assert not errors(tmp_path, robot(box), **DRIVEN, world="  floor = robot")


PAIR = '<pair geom1="floor" geom2="foot" friction="0.5 0.5"/>'


@pytest.mark.parametrize("selection", ['geom("foot")', 'geoms("*")', 'geoms("hand", "foot")'])
def test_a_friction_that_a_pair_overrules_is_not_drawn(tmp_path: Path, selection: str):
    for floor in ("plane", "robot"):
        told = errors(
            tmp_path,
            robot(FLOORS["named"], PAIR),
            **DRIVEN,
            world=f"  floor = {floor}",
            more=f"randomize {{ {selection}.friction *= uniform(0.5, 2) }}",
        )
        first, other = ("floor", "foot") if selection == 'geoms("*")' and floor == "robot" else ("foot", "floor")
        assert told == [f"KS606 `{first}` touches `{other}` by a pair, which has a friction of its own"]


def test_pairs_follow_the_floor_that_the_spec_puts_there(tmp_path: Path):
    task = compiled(
        tmp_path,
        robot(FLOORS["named"], PAIR),
        **DRIVEN,
        world="  floor = plane",
        more='randomize { geoms("floor", "hand").friction *= uniform(0.5, 2) }',
    )
    module = load_module(task.source, "task.py")
    model, samples = task.binding.scene.model, {k: jnp.array([0.2, 0.9]) for k in module.TASK["streams"]}
    nominal = {n: jnp.asarray(getattr(model, n)) for n in module.TASK["fields"]}
    after = module.fields(nominal, samples, module.TASK["params"], {})
    assert np.allclose(after["pair_friction"][0], model.pair_friction[0] * [0.8, 0.8, 1, 1, 1])


def masses(task) -> tuple[np.ndarray, np.ndarray]:
    module, model = load_module(task.source, "task.py"), task.binding.scene.model
    samples = {k: jnp.array([0.0, 0.25, 0.5, 1.0]) for k in module.TASK["streams"]}
    nominal = {n: jnp.asarray(getattr(model, n)) for n in ("body_mass", "body_inertia")}
    after = module.fields(nominal, samples, module.TASK["params"], {})
    return (np.asarray(after["body_mass"]) / np.maximum(model.body_mass, 1e-9), np.asarray(after["body_inertia"]))


@pytest.mark.parametrize("line", ['bodies("*").mass *= uniform(1, 3)', 'bodies("*").mass = bodies("*").mass'])
def test_a_body_without_mass_is_left_alone_and_named(tmp_path: Path, line: str):
    task = compiled(tmp_path, robot(), **DRIVEN, more=f"randomize {{ {line} }}")
    factors, inertia = masses(task)
    expected = [0, 1, 0, 0, 3] if "*=" in line else [0, 1, 0, 0, 1]
    assert np.allclose(factors, expected, atol=1e-6) and np.isfinite(inertia).all()
    (notice,) = task.notices()
    assert notice.message == "the mass of `camera`, `marker` is zero and stays zero"


def test_a_line_about_massless_bodies_only_changes_nothing(tmp_path: Path):
    task = compiled(tmp_path, robot(), **DRIVEN, more='randomize { body("camera").mass += 1 kg }')
    factors, _ = masses(task)
    assert np.allclose(factors, [0, 1, 0, 0, 1]) and len(task.notices()) == 1


# What holds the robot up, and whose friction counts -------------------------------------------------------------------

BASE = {"action": '  x = torque(joint("j"))  scale 1 Nm', "world": ""}
NO_FLOORS = {
    "nothing": "",
    "a wall": f'<geom name="wall" {PLANE} zaxis="1 0 0" pos="-3 0 0" contype="0" conaffinity="0"/>',
    "what is only seen": f'<geom name="floor" {PLANE} contype="0" conaffinity="0"/>',
    "a cube that falls too": '<body name="cube" pos="3 0 1"><freejoint/><geom size="0.1"/></body>',
}
HELD = {
    "a floor": (f"<geom {PLANE}/>", ""),
    "a box": ('<geom type="box" size="9 9 1" pos="0 0 -1"/>', ""),
    "no gravity": ("", '<option gravity="0 0 0"/>'),
    "no gravity by its flag": ("", '<option><flag gravity="disable"/></option>'),
    "water": ("", '<option density="1000"/>'),
    "a tie": ("", '<equality><weld body1="torso"/></equality>'),
    "a rotor": ("", '<actuator><motor site="s" gear="0 0 1 0 0 0"/></actuator>'),
    "a balance": ("", "gravcomp"),
}


def lone(world: str, more: str = "") -> str:
    text = robot(world).replace("<site/>", '<site name="s"/>')
    if more == "gravcomp":
        return text.replace('<body name="torso"', '<body name="torso" gravcomp="1"')
    return text.replace("</mujoco>", f"{more}</mujoco>")


def slugs(folder: Path, mjcf: str, **blocks: str) -> list[str]:
    return [d.slug for d in found(folder, mjcf, **BASE | blocks) if d.slug in ("no-floor", "overruled-friction")]


@pytest.mark.parametrize("world", NO_FLOORS)
def test_a_robot_that_falls_for_ever_is_said_to(tmp_path: Path, world: str):
    assert slugs(tmp_path, lone(NO_FLOORS[world])) == ["no-floor"]
    assert slugs(tmp_path, lone(NO_FLOORS[world]), world="  floor = plane") == []


@pytest.mark.parametrize("what", HELD)
def test_what_something_else_may_hold_is_left_alone(tmp_path: Path, what: str):
    assert slugs(tmp_path, lone(*HELD[what])) == []


def test_a_robot_that_stands_on_the_world_needs_no_floor(tmp_path: Path):
    assert slugs(tmp_path, lone("").replace("<freejoint/>", "")) == []


GROUND = f'<geom name="ground" {PLANE} {{}}/>'
CUBE = '<body name="cube" pos="3 0 1"><freejoint/><geom name="cube" size="0.1"/></body>'
DRAWN = {
    "a foot on the floor of the spec": ("", "plane", 'geom("foot").friction *= uniform(0.5, 2)', True),
    "several": ("", "plane", 'geoms("foot", "hand").friction = uniform(0.5, 2)', True),
    "the floor": ("", "plane", "world.floor.friction *= uniform(0.5, 2)", False),
    "all of them": ("", "plane", 'geoms("*").friction *= uniform(0.5, 2)', False),
    "a hand that can hold a cube": (CUBE, "plane", 'geom("hand").friction *= uniform(0.5, 2)', False),
    "a floor of higher priority": (GROUND.format('priority="1"'), "robot", 'geom("foot").friction *= 2', True),
    "a floor of larger friction": (GROUND.format('friction="3"'), "robot", 'geom("foot").friction *= uniform(0.5, 2)', True),
    "a floor of less friction": (GROUND.format('friction="1.5"'), "robot", 'geom("foot").friction *= uniform(0.5, 2)', False),
    "both": (GROUND.format('friction="3"'), "robot", 'geom("foot").friction *= 2\n geom("ground").friction *= 0.1', False),
    "the robot's floor under rubber": (GROUND.format('friction="0.1"'), "robot", "world.floor.friction = 0.5", True),
}  # fmt: skip


@pytest.mark.parametrize("what", DRAWN)
def test_a_friction_that_another_geom_overrules_is_said_to_do_nothing(tmp_path: Path, what: str):
    world, floor, line, told = DRAWN[what]
    more = f"randomize {{ {line} }}"
    assert slugs(tmp_path, robot(world), world=f"  floor = {floor}", more=more) == ["overruled-friction"] * told


def test_an_overruled_friction_is_overruled_in_mujoco_too(tmp_path: Path):
    """The friction of the contact that MuJoCo makes of the composed model does not follow the drawn geom."""
    import mujoco

    model = compiled(
        tmp_path, robot(FLOORS["ground"]), **DRIVEN, world="  floor = plane  friction 0.7"
    ).binding.scene.model
    for geom, expected in (("foot", 0.7), ("floor", 3.0)):
        kept = model.geom(geom).friction[0]
        model.geom(geom).friction[0] = 3.0
        data = mujoco.MjData(model)
        data.qpos[2] = 0.09
        mujoco.mj_forward(model, data)
        contact = next(c for c in data.contact if model.geom("foot").id in c.geom)
        assert contact.friction[0] == pytest.approx(expected)
        model.geom(geom).friction[0] = kept
