"""The rules about what a task means, how it is trained and run, and about the handling of rules themselves."""

from __future__ import annotations

from ksim_spec.rules.rule import Rule

REWARD = (
    Rule("KS401", "ambiguous-weight", "error", "a weight does not say what time it is for"),
    Rule("KS402", "missing-weight", "error", "a reward term has no weight"),
    Rule("KS403", "missing-reward", "error", "the spec has no `reward` block"),
    Rule("KS409", "rate-on-event", "error", "a term is a rate and also given per event or per step"),
)

INTERFACE = (
    Rule("KS502", "privileged-in-actor", "warning", "the actor observes what a robot cannot measure"),
    Rule("KS503", "missing-actor", "error", "no observation group is called `actor`"),
    Rule("KS504", "wrong-actuator", "error", "an actuator cannot follow the kind of target the action gives it"),
    Rule("KS505", "missing-observe", "error", "the spec has no `observe` block"),
    Rule("KS506", "missing-action", "error", "the spec has no `action` block"),
    Rule("KS507", "empty-group", "error", "an observation group observes nothing"),
    Rule("KS508", "missing-field", "error", "a command has no field"),
    Rule("KS509", "actuator-driven-twice", "error", "two actions drive one actuator"),
    Rule("KS510", "joint-without-actuator", "error", "an action covers a joint that nothing drives"),
    Rule("KS511", "actor-group", "error", "the actor is told to observe another group than `actor`"),
)

EPISODE = (
    Rule("KS601", "missing-terminate", "error", "the spec has no `terminate` block"),
    Rule("KS603", "incomplete-termination", "error", "a termination lacks its condition or its outcome"),
    Rule("KS604", "not-a-state", "error", "a reset or an event sets something that is not part of the state"),
    Rule("KS605", "unknown-scope", "error", "the scope of a randomization is not known"),
    Rule("KS606", "not-a-field", "error", "a randomization changes something that is not a field of the model"),
    Rule("KS607", "reads-nominal", "warning", "a drawn quantity is read elsewhere, where it has its nominal value"),
    Rule("KS608", "not-a-pose", "error", "`pose` is not followed by a keyframe"),
)

TRAINING = (
    Rule("KS701", "impossible-batch", "error", "the batch sizes do not fit together"),
    Rule("KS702", "uneven-steps", "error", "the control step is not a multiple of the physics step"),
    Rule("KS703", "unknown-algorithm", "error", "there is no such training algorithm"),
    Rule("KS704", "bad-setting", "error", "a setting has a value it cannot take"),
    Rule("KS706", "not-a-check", "error", "a line of a `check` block is not a statistic with a bound"),
    Rule("KS710", "run-exists", "error", "the run folder exists and is not empty", "run"),
    Rule("KS711", "run-not-writable", "error", "the run folder cannot be written to", "run"),
    Rule("KS712", "not-a-run", "error", "a path is neither a run nor a checkpoint", "run"),
    Rule("KS713", "unwritable", "error", "the compiled task cannot be written", "run"),
    Rule("KS714", "checkpoint-mismatch", "error", "a checkpoint does not fit the task", "run"),
    Rule("KS715", "no-such-run", "error", "there is no such run folder or checkpoint", "run"),
    Rule("KS716", "no-checkpoint", "error", "a run folder holds no checkpoint", "run"),
    Rule("KS717", "bad-checkpoint", "error", "a checkpoint cannot be read", "run"),
    Rule("KS718", "contract-mismatch", "error", "a policy was trained in another task than it is to run in", "run"),
    Rule("KS719", "run-edited", "error", "a file of a run is not the one that was compiled", "run"),
    Rule("KS720", "field-not-per-environment", "error", "an engine cannot vary a field between environments", "engine"),
    Rule("KS721", "not-readable", "error", "a field cannot be read from a simulation", "engine"),
    Rule("KS722", "engine-unsupported", "error", "an engine cannot simulate the model", "engine"),
    Rule("KS723", "engine-ignores", "warning", "an engine ignores a part of the model", "engine"),
    Rule("KS724", "engine-missing", "error", "the package of an engine is not installed", "engine"),
    Rule("KS725", "unknown-engine", "error", "there is no such engine", "engine"),
    Rule("KS726", "no-window", "error", "a policy cannot be shown on this machine", "run"),
    Rule("KS730", "masked-friction", "warning", "the robot's own friction hides that of the floor", "engine"),
    Rule("KS731", "solver-cost", "hint", "the solver may take many iterations on an accelerator", "engine"),
    Rule("KS740", "no-mirror", "error", "a symmetric policy needs name pairs"),
    Rule(
        "KS741",
        "not-mirrored",
        "error",
        "a symmetric policy needs a robot and a task that have a mirror image",
        "engine",
    ),
    Rule("KS742", "not-quite-symmetric", "warning", "the two sides of the robot or of the task differ", "engine"),
    Rule("KS751", "not-a-contract", "error", "a side of a diff holds no contract that can be read", "command"),
    Rule("KS752", "no-repository", "error", "a revision is asked for where there is no git repository", "command"),
    Rule("KS753", "no-revision", "error", "there is no such revision in the repository", "command"),
    Rule("KS754", "bad-acceptance", "error", "the file of accepted breaks cannot be used", "file"),
    Rule("KS760", "bench-failed", "error", "a measurement did not finish", "engine"),
)

META = (
    Rule("KS901", "unused-suppression", "warning", "a suppression silences nothing"),
    Rule("KS902", "unknown-rule", "warning", "a suppression or the configuration names a rule that does not exist"),
    Rule("KS903", "suppression-without-reason", "warning", "a suppression does not say why"),
    Rule("KS904", "suppressed-error", "warning", "a suppression names an error, which cannot be silenced"),
    Rule("KS905", "malformed-suppression", "warning", "a comment addressed to ksim is not a suppression"),
    Rule("KS906", "bad-configuration", "error", "the configuration of the rules cannot be used", "file"),
    Rule("KS907", "fixed-severity", "error", "the configuration silences or lowers an error", "file"),
)
