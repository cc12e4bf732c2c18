"""The kinds of changes between two versions of a task, by who breaks.

`shape`: a trained policy cannot be loaded. `meaning`: it loads and acts differently in the same state, and nothing says
so. `behaviour`: it acts the same; the task it is judged by, or its training, is another. `cosmetic`: nothing but text.
What stands between an action and the force it gives is meaning; what comes after is physics, and so behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Class = Literal["shape", "meaning", "behaviour", "cosmetic"]
CLASSES: tuple[Class, ...] = ("shape", "meaning", "behaviour", "cosmetic")  # strongest first
CLASSES_MEAN: dict[Class, str] = {
    "shape": "a trained policy cannot be loaded",
    "meaning": "a trained policy loads, and acts differently in the same state",
    "behaviour": "a trained policy acts the same, and is trained or judged otherwise",
    "cosmetic": "a trained policy is not concerned",
}
_BY_DIGIT: dict[str, Class] = {"1": "shape", "2": "meaning", "3": "behaviour", "4": "cosmetic"}


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """One kind of change; the first digit of its code says its class."""

    code: str
    slug: str
    summary: str
    advice: str = ""

    @property
    def cls(self) -> Class:
        return _BY_DIGIT[self.code[2]]


_RETRAIN = "retrain, or keep the old layout"
_SILENT = "retrain, or go back: an old policy runs on without complaint, and wrongly"
_AGAIN = "compare results of old and new runs with care; retrain to profit"

OBSERVATION_ADDED = ChangeRule("KD101", "observation-added", "a group that a network sees has one entry more", _RETRAIN)
OBSERVATION_REMOVED = ChangeRule(
    "KD102", "observation-removed", "a group that a network sees has one entry less", _RETRAIN
)
OBSERVATION_RESIZED = ChangeRule(
    "KD103", "observation-resized", "an entry that a network sees has another size", _RETRAIN
)
ACTION_RESIZED = ChangeRule("KD104", "action-resized", "the action has another size", _RETRAIN)
NETWORK_CHANGED = ChangeRule(
    "KD105", "network-changed", "a network has other layers or outputs", "retrain, or keep the layers"
)
CRITIC_GROUP = ChangeRule("KD106", "critic-group", "the critic sees a group of another size", _RETRAIN)
SPEC_REMOVED = ChangeRule("KD109", "spec-removed", "a spec is gone", "keep it, or let go of its policies")
OBSERVATION_MOVED = ChangeRule(
    "KD201", "observation-moved", "an entry of the actor stands elsewhere in its vector", _SILENT
)
OBSERVATION_UNIT = ChangeRule("KD202", "observation-unit", "an entry of the actor is in another unit", _SILENT)
OBSERVATION_SCALE = ChangeRule("KD203", "observation-scale", "an entry of the actor has another scale", _SILENT)
OBSERVATION_CLIP = ChangeRule("KD204", "observation-clip", "an entry of the actor is clipped elsewhere", _SILENT)
OBSERVATION_FRAME = ChangeRule("KD205", "observation-frame", "an entry of the actor is in another frame", _SILENT)
OBSERVATION_VALUE = ChangeRule(
    "KD206", "observation-value", "an entry of the actor is computed in another way", _SILENT
)
OBSERVATION_DELAY = ChangeRule("KD207", "observation-delay", "an entry of the actor is seen later or earlier", _SILENT)
OBSERVATION_ELEMENTS = ChangeRule(
    "KD208", "observation-elements", "an entry of the actor has other elements, or another order", _SILENT
)
ACTION_MODE = ChangeRule("KD211", "action-mode", "an action drives its joints in another way", _SILENT)
ACTION_SCALE = ChangeRule("KD212", "action-scale", "an action of 1 moves the target by another amount", _SILENT)
ACTION_OFFSET = ChangeRule("KD213", "action-offset", "an action of 0 means another target", _SILENT)
ACTION_JOINTS = ChangeRule("KD214", "action-joints", "the action drives other joints, or in another order", _SILENT)
ACTION_GAIN = ChangeRule("KD215", "action-gain", "the same target gives another force: gains differ", _SILENT)
ACTUATOR_CHANGED = ChangeRule(
    "KD216", "actuator-changed", "the same control gives another force: an actuator differs", _SILENT
)
CONTROL_STEP = ChangeRule("KD221", "control-step", "the policy is asked at another rate", _SILENT)
COMMAND_LAYOUT = ChangeRule("KD231", "command-layout", "a command has other fields, or another order", _SILENT)
COMMAND_FRAME = ChangeRule("KD232", "command-frame", "a command is given in another frame", _SILENT)
NETWORK_FUNCTION = ChangeRule("KD241", "network-function", "the same weights compute another function", _SILENT)
SYMMETRY_CHANGED = ChangeRule("KD242", "symmetry-changed", "a symmetric policy has another mirror image", _SILENT)
JOINT_MEANING = ChangeRule(
    "KD251", "joint-meaning", "the angle of a driven or observed joint means another pose", _SILENT
)
OBSERVED_ELEMENT = ChangeRule(
    "KD252", "observed-element", "something that the actor observes sits or works otherwise", _SILENT
)
REWARD_WEIGHT = ChangeRule("KD301", "reward-weight", "a reward term counts more or less", _AGAIN)
REWARD_ADDED = ChangeRule("KD302", "reward-added", "a reward term was added", _AGAIN)
REWARD_REMOVED = ChangeRule("KD303", "reward-removed", "a reward term was removed", _AGAIN)
REWARD_VALUE = ChangeRule("KD304", "reward-value", "a reward term rewards something else", _AGAIN)
REWARD_MODE = ChangeRule(
    "KD305", "reward-mode", "a reward term counts per second, per step or on events as it did not", _AGAIN
)
TERMINATION_CHANGED = ChangeRule("KD311", "termination-changed", "episodes end at other moments", _AGAIN)
TERMINATION_OUTCOME = ChangeRule(
    "KD312", "termination-outcome", "an end of an episode counts as something else", _AGAIN
)
RESET_CHANGED = ChangeRule("KD321", "reset-changed", "episodes begin elsewhere", _AGAIN)
EVENT_CHANGED = ChangeRule("KD322", "event-changed", "other things happen to the robot", _AGAIN)
RANDOMIZATION_CHANGED = ChangeRule("KD323", "randomization-changed", "the model varies in another way", _AGAIN)
CURRICULUM_CHANGED = ChangeRule("KD324", "curriculum-changed", "a level moves in another way", _AGAIN)
COMMAND_RANGE = ChangeRule("KD331", "command-range", "other commands are given in training", _AGAIN)
COMMAND_TIMING = ChangeRule("KD332", "command-timing", "commands change at other moments", _AGAIN)
NOISE_CHANGED = ChangeRule("KD341", "noise-changed", "observations are disturbed more or less in training", _AGAIN)
ACTION_DELAY = ChangeRule("KD342", "action-delay", "actions arrive later or earlier in training", _AGAIN)
CRITIC_OBSERVATION = ChangeRule(
    "KD351", "critic-observation", "the critic, or nobody, sees a value that differs", _AGAIN
)
TRAINING_SETTING = ChangeRule("KD361", "training-setting", "training runs with another setting", _AGAIN)
EXPLORATION = ChangeRule("KD362", "exploration", "the policy explores more or less", _AGAIN)
PHYSICS_SETTING = ChangeRule("KD371", "physics-setting", "the world is simulated with other settings", _AGAIN)
JOINT_DYNAMICS = ChangeRule("KD372", "joint-dynamics", "a joint moves differently", _AGAIN)
JOINT_LIMIT = ChangeRule("KD373", "joint-limit", "a joint has another range", _AGAIN)
MASS_CHANGED = ChangeRule("KD374", "mass-changed", "a mass or an inertia differs", _AGAIN)
GEOMETRY_CHANGED = ChangeRule("KD375", "geometry-changed", "a shape, its place or its contact differs", _AGAIN)
CONTACT_PAIR = ChangeRule("KD376", "contact-pair", "other pairs of geoms touch, or touch differently", _AGAIN)
MODEL_REORDERED = ChangeRule("KD377", "model-reordered", "the elements of the model stand in another order", _AGAIN)
MODEL_ELEMENT = ChangeRule(
    "KD378", "model-element", "the model has an element more or less, or one that differs", _AGAIN
)
ELEMENT_RENAMED = ChangeRule(
    "KD379", "element-renamed", "an element of the model has another name", "rename it on the robot's side"
)
CHECK_CHANGED = ChangeRule("KD381", "check-changed", "a trained policy is judged by another check", _AGAIN)
PROFILE_CHANGED = ChangeRule("KD382", "profile-changed", "a profile changes other things when it is asked for")
MIRROR_CHANGED = ChangeRule(
    "KD383", "mirror-changed", "the name pairs of the mirror differ; the policy is not symmetric"
)
DRAW_RENAMED = ChangeRule(
    "KD391", "draw-renamed", "a declaration that draws has another name, so it draws other numbers"
)
OTHER_CHANGE = ChangeRule("KD399", "other-change", "something differs that no other rule names", _AGAIN)
RENAMED = ChangeRule("KD401", "renamed", "something has another name and means the same")
REORDERED = ChangeRule("KD402", "reordered", "things stand in another order, which means nothing")
RESPELLED = ChangeRule("KD403", "respelled", "something is written in another way and means the same")
TEXT_ONLY = ChangeRule("KD404", "text-only", "only layout and comments differ")
DOCUMENTATION = ChangeRule("KD405", "documentation", "the name or the description of the task differs")
UNUSED_CHANGED = ChangeRule("KD406", "unused-changed", "something differs that nothing uses")
APPEARANCE = ChangeRule("KD407", "appearance", "the robot looks different")
SOURCE_DECLARED = ChangeRule("KD408", "source-declared", "an entry counts as measured by the robot as it did not")
SPEC_ADDED = ChangeRule("KD409", "spec-added", "there is a new spec")
NOT_COMPARED = ChangeRule("KD410", "not-compared", "an older contract does not say it", "write it anew with this ksim")
CHANGE_RULES: tuple[ChangeRule, ...] = tuple(r for r in list(globals().values()) if isinstance(r, ChangeRule))
_BY_NAME = {r.code.lower(): r for r in CHANGE_RULES} | {r.slug: r for r in CHANGE_RULES}


def change_rule(name: str) -> ChangeRule | None:
    """Returns the rule of a code or slug, in whatever case; None when there is none."""
    return _BY_NAME.get(name.strip().lower())
