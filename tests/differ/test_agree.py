"""Policies are refused where they were not trained, with the differences and a way to go on."""

import json
from pathlib import Path

import pytest

from ksim_spec.contract.build import as_plain
from ksim_spec.diagnostics import SpecError
from ksim_spec.differ.compatibility import check_checkpoint, check_files, check_spec
from tests.differ.mutations import EDITS, SPECS, contract, original

TROT = original(next(p for p in SPECS if p.stem == "trot"))
KEPT = json.loads(json.dumps(as_plain(contract(TROT))))
SPEC = {"task": "trot", "train": {"budget": 100, "seed": 0}}
CKPT = Path("runs/a/checkpoints/1.ckpt")


def edited(name: str) -> dict:
    new = next(e for e in EDITS if e.name == name)(TROT)
    assert new is not None
    return json.loads(json.dumps(as_plain(contract(new))))


def refusal(*args) -> str:
    with pytest.raises(SpecError) as caught:
        check_checkpoint(*args, CKPT)
    (d,) = caught.value.diagnostics
    assert d.code == "KS718" and "--ignore-contract" in d.help and str(CKPT) in d.message
    return "\n".join([d.message, *d.notes])


def test_the_checkpoint_of_this_folder_is_taken():
    check_checkpoint(KEPT, SPEC, KEPT, SPEC, CKPT)
    check_checkpoint({"schema_version": 1}, SPEC, {"schema_version": 1}, SPEC, CKPT)  # an old run, whole
    check_checkpoint(KEPT, SPEC, None, {}, CKPT)  # trained without a contract


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("swap two observations", "meaning KD201 observe.actor.gyro"),
        ("change a scale", "scale `0.5 per rad/s` -> `0.25 per rad/s` (-50 %)"),
        ("another actor", "shape KD105 policy.actor"),
        ("change a weight", "behaviour KD301"),
        ("a heavier geom", "behaviour KD374"),
    ],
)
def test_a_checkpoint_of_another_task_is_refused_with_the_differences(name: str, said: str):
    assert said in refusal(KEPT, SPEC, edited(name), SPEC)


def test_another_description_is_no_reason_to_refuse():
    check_checkpoint(KEPT, SPEC, edited("another description"), SPEC, CKPT)


def test_a_changed_setting_is_refused():
    changed = {**SPEC, "train": {"budget": 200, "seed": 0}}
    assert "train.budget: 100 -> 200" in refusal(KEPT, changed, KEPT, SPEC)


def test_a_contract_of_another_version_is_refused():
    assert "version 1" in refusal(KEPT, SPEC, {"schema_version": 1}, SPEC)


def test_a_file_of_a_run_that_was_edited_is_refused(tmp_path: Path):
    import hashlib

    for file in ("model.xml", "task.py"):
        (tmp_path / file).write_text("as compiled")
    digest = hashlib.sha256(b"as compiled").hexdigest()
    whole = {"built": {"digest": digest, "program": digest}}
    check_files(tmp_path, whole)
    (tmp_path / "model.xml").write_text("by hand")
    with pytest.raises(SpecError) as caught:
        check_files(tmp_path, whole)
    assert caught.value.diagnostics[0].code == "KS719" and "model.xml" in caught.value.diagnostics[0].message
    check_files(tmp_path, {"schema_version": 1})


def test_a_run_is_not_resumed_with_a_changed_spec():
    run = Path("runs/trot")
    check_spec(contract(TROT), KEPT, run, TROT.path)
    with pytest.raises(SpecError) as caught:
        new = next(e for e in EDITS if e.name == "change a weight")(TROT)
        assert new is not None
        check_spec(contract(new), KEPT, run, TROT.path)
    (d,) = caught.value.diagnostics
    assert "ksim train --resume runs/trot" in d.help and f"ksim train {TROT.path}" in d.help
    assert any("KD301" in note for note in d.notes)
