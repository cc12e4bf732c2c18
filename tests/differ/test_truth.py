"""What the classes of a diff promise, held against a policy that was trained before the edit.

`shape` does not load; `meaning` loads and pushes on the joints with other forces in the same physical states;
`behaviour` and `cosmetic` push with the same ones.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ksim_spec.cli.main import main
from ksim_spec.contract.schema import Contract
from ksim_spec.diagnostics import SpecError
from ksim_spec.differ.compare import compare as changes
from ksim_spec.differ.renames import find_renames
from ksim_spec.differ.sides import Opener
from ksim_spec.differ.states import PolicyRow
from ksim_spec.replay.compare import actor_of, acts
from ksim_spec.replay.compiled_version import open_version
from ksim_spec.replay.evaluate import Evaluation, Replay
from ksim_spec.replay.recording import Recording, record_run
from tests.differ.mutations import EDITS, ROOT, Edit, original

# A symmetric policy refuses edits of one side; without symmetry every edit compiles.
_TROT = original(ROOT / "specs" / "trot.ksim")
BEFORE = replace(_TROT, spec=_TROT.spec.replace("symmetric = true", "symmetric = false"))
SAMPLE = [
    "remove an observation",
    "another actor",
    "swap two observations",
    "another frame",
    "change the action's scale",
    "a servo's gain",
    "change a weight",
    "more noise",
    "a heavier geom",
]
# What these change does not show in a state given by joint angles: the rate at which the policy is asked, when it sees
# an observation, a limit that nothing reaches there, and which pose an angle means.
UNSEEN = {
    "another control rate",
    "see an observation later",
    "observations clipped elsewhere",
    "a force limit",
    "a control limit",
    "a joint turns the other way",
}


def write(folder: Path, edit: Edit | None) -> Path | None:
    """Writes trot, or an edited version, with its robot; None where the edit does not apply."""
    found = BEFORE if edit is None else edit(BEFORE)
    if found is None:
        return None
    (folder / "robots").mkdir(parents=True, exist_ok=True)
    (folder / "robots" / "quadruped.xml").write_text(found.robot)
    (folder / "trot.ksim").write_text(found.spec)
    return folder / "trot.ksim"


@dataclass(frozen=True)
class Before:
    """A run, its contract, what was recorded of it, and the forces that its policy exerts there."""

    run: Path
    contract: Contract
    recording: Recording
    evaluation: Evaluation


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    """A run of a few updates: its policy already does different things in different states."""
    folder = tmp_path_factory.mktemp("truth")
    spec, run = write(folder / "before", None), folder / "run"
    small = ["--num-envs", "64", "--budget", "40960", "--set", "train.num_env_states_per_minibatch=1024"]
    assert main(["train", str(spec), "--out", str(run), "--no-progress", "--no-video", *small]) == 0
    recording, opener = record_run(run, 64 * 32), Opener()
    replay = Replay(open_version(opener, str(spec)), recording)
    contract = opener.open(*opener.locate(str(spec))).contract
    return Before(run, contract, recording, replay.evaluate(actor_of(run, replay)))


def acted(before: Before, folder: Path, edit: Edit) -> PolicyRow | None:
    path = write(folder, edit)
    if path is None:
        return None
    opener = Opener()
    contract = opener.open(*opener.locate(str(path))).contract
    assert edit.cls == "cosmetic" or changes(before.contract, contract)
    renames = find_renames(before.contract, contract)
    replay = Replay(open_version(opener, str(path)), before.recording, renames)
    try:
        actor = actor_of(before.run, replay)
    except SpecError as error:
        return PolicyRow(problem=error.diagnostics[0].message, changed=0.0, force=0.0, joint="")
    return acts(before.recording, before.evaluation, replay.evaluate(actor))


def promised(policy: PolicyRow, cls: str) -> None:
    assert bool(policy.problem) == (cls == "shape"), policy
    if cls == "meaning":
        assert policy.changed > 0.05, policy
    elif cls != "shape":
        assert policy.changed == 0, policy


@pytest.mark.parametrize("edit", [e for e in EDITS if e.name in SAMPLE], ids=lambda e: e.name)
def test_a_trained_policy_does_what_the_class_says(before, tmp_path: Path, edit: Edit):
    policy = acted(before, tmp_path, edit)
    assert policy is not None, "the edit does not apply to trot"
    promised(policy, edit.cls)


def test_every_name_of_the_sample_is_an_edit():
    assert set(SAMPLE) | UNSEEN <= {e.name for e in EDITS}


@pytest.mark.slow
@pytest.mark.parametrize("edit", [e for e in EDITS if e.name not in (*SAMPLE, *UNSEEN)], ids=lambda e: e.name)
def test_a_trained_policy_does_what_the_class_says_of_every_edit(before, tmp_path: Path, edit: Edit):
    policy = acted(before, tmp_path, edit)
    if policy is None:
        pytest.skip("the edit does not apply to trot")
    promised(policy, edit.cls)
