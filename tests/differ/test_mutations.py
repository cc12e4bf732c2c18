"""Every edit of a spec or a robot lands in its class, on every spec that it applies to, in both directions."""

import random

import pytest

from ksim_spec.differ.change import strongest, verdict
from ksim_spec.differ.compare import compare
from ksim_spec.rules.changes import CLASSES
from tests.differ.mutations import EDITS, SPECS, Edit, Version, contract, original

ORIGINALS = {p.stem: original(p) for p in SPECS}
VERDICTS = {
    "shape": "incompatible",
    "meaning": "silently different",
    "behaviour": "compatible",
    "cosmetic": "compatible",
}


def test_there_are_enough_edits_and_their_names_differ():
    assert len(EDITS) >= 60 and len({e.name for e in EDITS}) == len(EDITS)
    assert {e.cls for e in EDITS} == set(CLASSES)


@pytest.mark.parametrize("name", ORIGINALS)
def test_a_spec_does_not_differ_from_itself(name: str):
    assert compare(contract(ORIGINALS[name]), contract(ORIGINALS[name])) == []


def applied(edit: Edit) -> dict[str, Version]:
    return {name: new for name, old in ORIGINALS.items() if (new := edit(old)) is not None}


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: e.name)
def test_an_edit_lands_in_its_class_both_ways(edit: Edit):
    versions = applied(edit)
    assert versions, "it applies to no spec"
    for name, version in versions.items():
        old, new = contract(ORIGINALS[name]), contract(version)
        there, back = compare(old, new), compare(new, old)
        for changes in (there, back):
            shown = [(c.cls, c.rule.code, c.path, c.text) for c in changes]
            assert (strongest(changes) or "cosmetic") == edit.cls, (name, shown)
            assert verdict(changes) == VERDICTS[edit.cls]
        codes = {c.rule.code for c in there}
        assert not edit.rule or edit.rule in codes, (name, codes)
        # what is only cosmetic means the same, and what is not does not
        assert (old.hashes["declared"] == new.hashes["declared"]) == (edit.cls == "cosmetic"), name


def test_a_pair_of_edits_is_never_weaker_than_the_stronger_of_the_two():
    pick = random.Random(4)
    tried = 0
    while tried < 60:
        name = pick.choice(list(ORIGINALS))
        first, second = pick.sample(EDITS, 2)
        once = first(ORIGINALS[name])
        twice = second(once) if once is not None else None
        if once is None or twice is None or twice in (once, ORIGINALS[name]):
            continue
        try:
            new = contract(twice)
        except AssertionError:
            continue  # two edits together may make a spec that does not check
        tried += 1
        wanted = min(first.cls, second.cls, key=CLASSES.index)
        found = strongest(compare(contract(ORIGINALS[name]), new)) or "cosmetic"
        assert CLASSES.index(found) <= CLASSES.index(wanted), (name, first.name, second.name)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<site name="imu" pos="0 0 0.10"/>', '<site name="imu" pos="0 0 0.10" euler="0 0 0.3"/>'),
        ('<gyro name="imu_gyro" site="imu"/>', '<gyro name="imu_gyro" site="left_foot"/>'),
        ("<worldbody>", '<worldbody><frame pos="0 0 0.1"/>'),
        ('<compiler angle="radian"', '<compiler eulerseq="zyx" angle="radian"'),
    ],
)
def test_where_an_observed_sensor_sits_matters(old: str, new: str):
    walk = ORIGINALS["walk"]
    spec = walk.spec.replace("base.angvel in base ", 'sensor("imu_gyro") ', 1)
    assert spec != walk.spec and old in walk.robot
    before, after = Version(walk.path, spec, walk.robot), Version(walk.path, spec, walk.robot.replace(old, new))
    changes = compare(contract(before), contract(after))
    assert [(c.cls, c.rule.code) for c in changes] == [("meaning", "KD252")]
    # where the actor does not observe the sensor, it is physics
    assert strongest(compare(contract(walk), contract(Version(walk.path, walk.spec, after.robot)))) == "behaviour"


def test_where_a_camera_is_matters_where_an_observed_sensor_refers_to_it():
    walk = ORIGINALS["walk"]
    camera = '<camera name="eye" pos="0 0 0.1"/>'
    sensor = '<framepos name="seen" objtype="site" objname="imu" reftype="camera" refname="eye"/>'
    robot = walk.robot.replace('<site name="imu"', f'{camera}<site name="imu"').replace(
        "</sensor>", f"{sensor}</sensor>"
    )
    angvel = next(line for line in walk.spec.splitlines() if "base.angvel in base " in line)
    spec = walk.spec.replace(angvel, '  seen = sensor("seen")', 1)
    assert sensor in robot and camera in robot
    moved = robot.replace(camera, camera.replace("0 0 0.1", "0 0 0.2"))
    before, after = (contract(Version(walk.path, spec, text)) for text in (robot, moved))
    assert [(c.cls, c.rule.code) for c in compare(before, after)] == [("meaning", "KD252")]
    unseen = [contract(Version(walk.path, walk.spec, text.replace(sensor, ""))) for text in (robot, moved)]
    assert strongest(compare(*unseen)) in (None, "cosmetic")
