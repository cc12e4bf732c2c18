"""What the words of the language mean, in a line each: for hovers, completion, and the tables of the language page.

The words themselves, and what each block takes, are in the tables of the checker; a test holds that none of them is
without a line here.
"""

from __future__ import annotations

# Temporal operators: meaning, value on the first sample of an episode.
TEMPORAL = {
    "prev": ("`x` one control step ago", "`x`"),
    "delta": ("`x - prev(x)`", "0"),
    "rate": ("`delta(x)` divided by the control step", "0"),
    "ema": ("`m + a (x - m)` with `a = 1 - exp(-dt / time_constant)`; the time constant is a literal", "`x`"),
    "lowpass": ("the same filter by its cut-off frequency: `a = 1 - exp(-2 pi cutoff dt)`", "`x`"),
    "delay": ("`x` as it was a while ago (a literal time, rounded to control steps, or a number of steps)", "`x`"),
    "history": ("the last samples, newest first, along a new axis `past` (a literal time or number)", "`x` everywhere"),
    "integrate": ("the running sum of `x dt`", "0"),
    "slew": ("follows `x` by at most `rate dt` a step", "`x`"),
    "rising": ("true on the step at which `p` turns true", "false"),
    "falling": ("true on the step at which `p` turns false", "false"),
    "timer": ("seconds for which `p` has been true without a break, this step included", "0 s"),
    "held": ("`p` has been true for that long", "false"),
    "recently": ("`p` was true within that time", "`p`"),
    "latch": ("`p` has been true in this episode", "`p`"),
    "count": ("how many steps `p` was true", "1 or 0"),
    "max_since": ("the largest `x` since `p` was last true, that step included", "`x`"),
    "min_since": ("the smallest `x` since `p` was last true, that step included", "`x`"),
    "phase": ("a clock as an angle in [0, 2 pi) that advances by `2 pi frequency dt`; `start` in turns",
              "`2 pi start`"),
}  # fmt: skip
FIELDS = {
    "friction": "sliding friction; of the floor, explicit contact pairs with it too",
    "mass": "mass; the inertia grows by the same factor",
    "com": "centre of mass in the body's frame, x, y and z drawn separately",
    "inertia": "the three principal moments, by one factor",
    "kp": "stiffness of the joint's position servo, as felt at the joint; its control keeps its meaning",
    "kd": "damping of the joint's servo, as felt at the joint",
    "damping": "the joint's own damping",
    "armature": "inertia of the rotor, as felt at the joint",
    "frictionloss": "dry friction",
    "stiffness": "the joint's own spring",
    "zero": "offset of the joint's zero (`qpos0`)",
    "gravity": "gravity, x, y and z drawn separately",
}
STATISTICS = {
    "rms": "square root of the mean squared length of a value",
    "mean": "mean of a number",
    "max": "largest number seen",
    "min": "smallest number seen",
    "share": "fraction of steps at which a condition holds",
    "survived": "`survived(20 s)`: fraction of episodes that reach that time, or end in success",
}
_POLICY = {
    "actor": "hidden layers of the actor, written `mlp(256, 128)`",
    "critic": "hidden layers of the critic; `observes GROUP` names what it sees",
    "activation": "between layers",
    "symmetric": "mirrored observations give mirrored actions; needs `mirror` in the robot block",
    "distribution": "of actions; `tanh_normal` keeps them within -1 and 1",
    "std": "`global`: one learned spread for each action; `state`: an output of the network",
    "init_std": "spread at the start",
    "min_std": "spread never falls below this",
}
_TRAIN = {
    "num_envs": "environments side by side",
    "num_minibatches": "minibatches of a dataset; must divide `num_envs`",
    "num_env_states_per_minibatch": "EnvStates a minibatch holds; with the two above it fixes the rollout length",
    "num_epochs": "passes over a dataset",
    "budget": "EnvStates to learn from; rounded up to whole updates",
    "seed": "of everything random",
    "discount": "of a reward one control step later",
    "gae_lambda": "of generalized advantage estimation",
    "reward_scale": "factor on rewards before learning",
    "advantages": "how often advantages are computed again from the newest critic",
    "normalize_advantages": "to mean 0 and spread 1 within a minibatch",
    "learning_rate": "of Adam",
    "learning_rate_schedule": "`linear` falls over the budget; `adaptive` keeps the KL divergence near `target_kl`",
    "final_learning_rate": "`linear`: fraction of the learning rate left at the end",
    "target_kl": "`adaptive`: wanted KL divergence of an update",
    "clip": "PPO's clip of the probability ratio",
    "entropy": "weight of the entropy bonus",
    "final_entropy": "fraction of `entropy` left at the end; it falls evenly over the budget",
    "value_coefficient": "weight of the critic's loss",
    "max_grad_norm": "gradients of actor and critic are each clipped to this norm; `none` switches it off",
    "normalize_observations": "by running mean and spread",
    "observation_clip": "of normalized observations, in standard deviations",
    "normalize_values": "the critic predicts returns in units of their running spread",
    "checkpoint_every": "updates between checkpoints",
    "keep_checkpoints": "how many are kept, besides the best",
}
SETTINGS = {"policy": _POLICY, "train": _TRAIN}

# Blocks and lines, by their first word; `BLOCK.word` where a word means something else in one block.
LINES = {
    "task": "the name of the task, and a line that says what it is for",
    "include": "takes in the blocks of another file",
    "extends": "begins with all of another spec; what follows adds to it and changes it",
    "remove": "takes out something that `extends` or an include brought",
    "fn": "a function, expanded where it is called",
    "override": "replaces a line that `extends` or an include brought",
    "robot": "the MJCF file, and names for parts of the robot",
    "site": "adds a site that the MJCF lacks",
    "onboard": "a quantity that counts as measured by the robot, for a reason",
    "mirror": "names that change places in the robot's mirror image",
    "world": "floor, time steps, solver",
    "action": "what the policy drives",
    "command": "what the policy is told to do; all fields are drawn together",
    "resample": "how often the fields are drawn again",
    "zero": "how often all fields are zero at once",
    "signal": "named values",
    "observe": "what a network sees, in this order",
    "reward": "what is rewarded: each term times its weight",
    "group": "terms whose weights share a factor",
    "product": "one term, the product of plain numbers",
    "terminate": "when an episode ends, and as what",
    "reset": "where episodes begin",
    "pose": "the keyframe that an episode begins at",
    "settle": "lets the physics run for a while before the episode begins",
    "event": "changes velocities now and then: pushes",
    "randomize": "values of the model that vary",
    "curriculum": "numbers that move during training",
    "policy": "the networks and the distribution of actions",
    "train": "settings of the trainer",
    "profile": "changes that are applied when asked for by name",
    "no": "takes something out in this profile: `noise`, `event NAME`, `randomize`, …",
    "check": "what a trained policy must achieve; `ksim eval` judges it",
    "always": "a condition that must hold in every step",
}

# Attributes, by word; `BLOCK.word` where a word means something else in one block or line.
ATTRIBUTES = {
    "weight": "what a value of 1 adds: `per s` is multiplied by the control step, `per step` and `on event` are not",
    "on": "`on event`: the value is paid as it is, not multiplied by the control step",
    "site.on": "the body that the site sits on",
    "per": "`per step`: the weight is added as it is at every control step",
    "randomize.per": "when it is drawn: `per episode` at each reset, `per run` once for each environment",
    "clip": "limits a value, in its unit, before the weight: `0 .. 1`",
    "observe.clip": "limits an entry, after its scale: `1` for -1 .. 1, or `-1 .. 1`",
    "doc": "a line that says what it is for",
    "in": "the frame that the command's vectors belong to",
    "includes": "puts the entries of another group first, with the very same noisy numbers",
    "every": "the time from one to the next: a number, or a range that it is drawn from each time",
    "scale": "a factor on an observation",
    "action.scale": "how far an action of 1 moves the target from `around`",
    "reason": "why it may be seen on the robot",
    "at": "where on the body",
    "friction": "sliding friction of the floor",
    "around": "the target for an action of zero: a keyframe, a value, or a table by name",
    "delay": "how late the value is seen",
    "action.delay": "how late an action takes effect; drawn once an episode from the range",
    "gain": "stiffness at the joint of the position servos, which plain motors are made into",
    "damping": "damping of those servos at the joint",
    "probability": "the chance, at each draw",
    "noise": "a draw at each step, added",
    "bias": "a draw at each reset, added for the whole episode",
    "history": "the last samples, newest first: a number of them, or a time",
    "when": "the condition",
    "fail": "the episode failed: nothing is worth anything after it",
    "success": "the episode succeeded: nothing follows",
    "truncate": "the episode is cut off: its last observation is still worth what the critic expects of it",
    "shared": "one draw for all elements, not one for each",
    "from": "the value at the start",
    "to": "the value at the end",
    "by": "the step, each time the condition holds",
    "duration": "goes from one end to the other over so many EnvStates",
    "observes": "the observation group that the network sees",
}

# Those of the header of a block, where they differ from those of its lines.
_HEADERS = {"group.weight": "a factor on the weights inside", "group.scale": "a factor on the weights inside"}


def line(word: str, block: str = "") -> str:
    """Returns what a word at the start of a line or block means; empty for one that is not known."""
    return LINES.get(f"{block}.{word}", LINES.get(word, ""))


def attribute(word: str, owner: str = "", header: bool = False) -> str:
    """Returns what an attribute means in a line of a block, a line of its own kind, or the header of a block.

    `owner` is the word of that block or line; empty for an attribute that is not known.
    """
    key = f"{owner}.{word}"
    return (_HEADERS.get(key) if header else None) or ATTRIBUTES.get(key, ATTRIBUTES.get(word, ""))
