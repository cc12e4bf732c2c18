"""The rules about what a task means, how it is trained and run, and about the handling of rules themselves."""

from __future__ import annotations

from ksim_spec.rules.rule import Rule

# Reward --------------------------------------------------------------------------------------------------------------

AMBIGUOUS_WEIGHT = Rule("KS401", "ambiguous-weight", "error", "a weight does not say what time it is for", fix=True)
MISSING_WEIGHT = Rule("KS402", "missing-weight", "error", "a reward term has no weight", fix=True)
MISSING_REWARD = Rule("KS403", "missing-reward", "error", "the spec has no `reward` block")
NEVER_NONZERO = Rule("KS404", "never-nonzero", "warning", "a reward term is 0 in every state", fix=True)
DUPLICATE_TERM = Rule("KS405", "duplicate-term", "warning", "two reward terms measure the same", fix=True)
ZERO_WEIGHT = Rule("KS406", "zero-weight", "hint", "a reward term has the weight 0", fix=True)
CONSTANT_REWARD = Rule(
    "KS407",
    "constant-reward",
    "warning",
    "a constant is rewarded where nothing but time ends an episode",
    fix=True,
)
SIGN_SURPRISE = Rule("KS408", "sign-surprise", "warning", "a weight has the sign that pays for the opposite", fix=True)
RATE_ON_EVENT = Rule("KS409", "rate-on-event", "error", "a term is a rate and also given per event or per step")
WIDE_TOLERANCE = Rule("KS410", "wide-tolerance", "warning", "standing still earns most of a term about a command")
NEGLIGIBLE_TERM = Rule(
    "KS411", "negligible-term", "warning", "a reward term is too small to matter beside the others", fix=True
)
EVENT_AS_RATE = Rule("KS412", "event-as-rate", "warning", "a term of single steps has a weight per second", fix=True)
STEADY_ON_EVENT = Rule("KS413", "steady-on-event", "warning", "a term that counts at every step says `on event`")
ONLY_COSTS = Rule(
    "KS414", "only-costs", "warning", "no term can add anything, and an episode can be failed early", fix=True
)
DIVISION_BY_ZERO = Rule("KS415", "division-by-zero", "warning", "a value is divided by 0 while the robot stands still")
UNWRAPPED_ANGLE = Rule("KS416", "unwrapped-angle", "warning", "a difference of headings is not brought into one turn")

# Interface -----------------------------------------------------------------------------------------------------------

PRIVILEGED_IN_ACTOR = Rule("KS502", "privileged-in-actor", "warning", "the actor observes what a robot cannot measure")
MISSING_ACTOR = Rule("KS503", "missing-actor", "error", "no observation group is called `actor`")
WRONG_ACTUATOR = Rule(
    "KS504", "wrong-actuator", "error", "an actuator cannot follow the kind of target the action gives it"
)
MISSING_OBSERVE = Rule("KS505", "missing-observe", "error", "the spec has no `observe` block")
MISSING_ACTION = Rule("KS506", "missing-action", "error", "the spec has no `action` block")
EMPTY_GROUP = Rule("KS507", "empty-group", "error", "an observation group observes nothing")
MISSING_FIELD = Rule("KS508", "missing-field", "error", "a command has no field")
ACTUATOR_DRIVEN_TWICE = Rule("KS509", "actuator-driven-twice", "error", "two actions drive one actuator")
JOINT_WITHOUT_ACTUATOR = Rule(
    "KS510", "joint-without-actuator", "error", "an action covers a joint that nothing drives"
)
ACTOR_GROUP = Rule("KS511", "actor-group", "error", "the actor is told to observe another group than `actor`")
CONSTANT_OBSERVATION = Rule(
    "KS512", "constant-observation", "warning", "an observation is the same number in every state", fix=True
)
DUPLICATE_OBSERVATION = Rule("KS513", "duplicate-observation", "warning", "two observations are the same", fix=True)
UNOBSERVED_COMMAND = Rule(
    "KS514", "unobserved-command", "warning", "the reward hangs on a command that the actor does not observe"
)
UNOBSERVED_CLOCK = Rule(
    "KS515", "unobserved-clock", "warning", "the reward follows a clock that the actor does not observe"
)
UNOBSERVED_ACTION = Rule(
    "KS516",
    "unobserved-action",
    "warning",
    "the reward compares with an action that the actor does not observe",
    fix=True,
)
TARGET_BEYOND_JOINT = Rule(
    "KS517", "target-beyond-joint", "warning", "most targets of an action lie outside what a joint can reach"
)
TORQUE_BEYOND_ACTUATOR = Rule(
    "KS518", "torque-beyond-actuator", "warning", "an action asks for far more torque than the actuator gives"
)
NOISE_DROWNS = Rule("KS519", "noise-drowns", "warning", "the noise of an observation is larger than what it observes")

# Episode -------------------------------------------------------------------------------------------------------------

MISSING_TERMINATE = Rule("KS601", "missing-terminate", "error", "the spec has no `terminate` block")
NEVER_FIRES = Rule("KS602", "never-fires", "warning", "a termination can never be true", fix=True)
INCOMPLETE_TERMINATION = Rule(
    "KS603", "incomplete-termination", "error", "a termination lacks its condition or its outcome"
)
NOT_A_STATE = Rule("KS604", "not-a-state", "error", "a reset or an event sets something that is not part of the state")
UNKNOWN_SCOPE = Rule("KS605", "unknown-scope", "error", "the scope of a randomization is not known")
NOT_A_FIELD = Rule(
    "KS606", "not-a-field", "error", "a randomization changes something that is not a field of the model"
)
READS_NOMINAL = Rule(
    "KS607", "reads-nominal", "warning", "a drawn quantity is read elsewhere, where it has its nominal value"
)
NOT_A_POSE = Rule("KS608", "not-a-pose", "error", "`pose` is not followed by a keyframe")
ALWAYS_FIRES = Rule("KS609", "always-fires", "warning", "a termination is true in every state", fix=True)
FIRES_AT_START = Rule("KS610", "fires-at-start", "warning", "a termination is true in the pose in which episodes begin")
NO_TIME_LIMIT = Rule("KS611", "no-time-limit", "warning", "nothing truncates an episode", fix=True)
TIME_LIMIT_AS_FAILURE = Rule(
    "KS612", "time-limit-as-failure", "warning", "a rule on time alone is called a failure", fix=True
)
SAME_START = Rule("KS613", "same-start", "warning", "every episode begins in exactly the same state")
START_BEYOND_LIMITS = Rule(
    "KS614", "start-beyond-limits", "warning", "an episode can begin with a joint outside its range"
)
BEYOND_EPISODE = Rule("KS615", "beyond-episode", "warning", "something is due later than an episode lasts", fix=True)
CHANGES_NOTHING = Rule("KS616", "changes-nothing", "warning", "a change leaves everything as it is", fix=True)
IMPOSSIBLE_FIELD = Rule(
    "KS617", "impossible-field", "warning", "a drawn field of the model can become negative, or a mass 0"
)
UNUSED_LEVEL = Rule("KS618", "unused-level", "warning", "nothing depends on a level of the curriculum", fix=True)
STUCK_LEVEL = Rule("KS619", "stuck-level", "warning", "the condition of a level can never hold")
UNUSED_COMMAND = Rule("KS620", "unused-command", "warning", "nothing uses a command, or a field of one", fix=True)

OVERWRITTEN_CHANGE = Rule("KS650", "overwritten-change", "warning", "a later line of `reset` undoes an earlier one")
START_BELOW_FLOOR = Rule("KS651", "start-below-floor", "warning", "an episode begins with the robot below the floor")

# Training ------------------------------------------------------------------------------------------------------------

IMPOSSIBLE_BATCH = Rule("KS701", "impossible-batch", "error", "the batch sizes do not fit together", fix=True)
UNEVEN_STEPS = Rule("KS702", "uneven-steps", "error", "the control step is not a multiple of the physics step")
UNKNOWN_ALGORITHM = Rule("KS703", "unknown-algorithm", "error", "there is no such training algorithm")
BAD_SETTING = Rule("KS704", "bad-setting", "error", "a setting has a value it cannot take")
SHORT_HORIZON = Rule("KS705", "short-horizon", "warning", "the discount looks ahead for less than a fifth of a second")
NOT_A_CHECK = Rule("KS706", "not-a-check", "error", "a line of a `check` block is not a statistic with a bound")
FEW_UPDATES = Rule("KS707", "few-updates", "warning", "the budget is a handful of updates")
BUDGET_BELOW_EPISODE = Rule(
    "KS708", "budget-below-episode", "warning", "training ends before an environment lives through an episode"
)
LEVEL_BEYOND_BUDGET = Rule(
    "KS709", "level-beyond-budget", "warning", "a level cannot reach its end before training does"
)
RUN_EXISTS = Rule("KS710", "run-exists", "error", "the run folder exists and is not empty", "run")
RUN_NOT_WRITABLE = Rule("KS711", "run-not-writable", "error", "the run folder cannot be written to", "run")
NOT_A_RUN = Rule("KS712", "not-a-run", "error", "a path is neither a run nor a checkpoint", "run")
UNWRITABLE = Rule("KS713", "unwritable", "error", "the compiled task cannot be written", "run")
CHECKPOINT_MISMATCH = Rule("KS714", "checkpoint-mismatch", "error", "a checkpoint does not fit the task", "run")
NO_SUCH_RUN = Rule("KS715", "no-such-run", "error", "there is no such run folder or checkpoint", "run")
NO_CHECKPOINT = Rule("KS716", "no-checkpoint", "error", "a run folder holds no checkpoint", "run")
BAD_CHECKPOINT = Rule("KS717", "bad-checkpoint", "error", "a checkpoint cannot be read", "run")
CONTRACT_MISMATCH = Rule(
    "KS718", "contract-mismatch", "error", "a policy was trained in another task than it is to run in", "run"
)
RUN_EDITED = Rule("KS719", "run-edited", "error", "a file of a run is not the one that was compiled", "run")
FIELD_NOT_PER_ENVIRONMENT = Rule(
    "KS720", "field-not-per-environment", "error", "an engine cannot vary a field between environments", "engine"
)
NOT_READABLE = Rule("KS721", "not-readable", "error", "a field cannot be read from a simulation", "engine")
ENGINE_UNSUPPORTED = Rule("KS722", "engine-unsupported", "error", "an engine cannot simulate the model", "engine")
ENGINE_IGNORES = Rule("KS723", "engine-ignores", "warning", "an engine ignores a part of the model", "engine")
ENGINE_MISSING = Rule("KS724", "engine-missing", "error", "the package of an engine is not installed", "engine")
UNKNOWN_ENGINE = Rule("KS725", "unknown-engine", "error", "there is no such engine", "engine")
NO_WINDOW = Rule("KS726", "no-window", "error", "a policy cannot be shown on this machine", "run")
MASKED_FRICTION = Rule(
    "KS730", "masked-friction", "warning", "the robot's own friction hides that of the floor", "engine"
)
SOLVER_COST = Rule("KS731", "solver-cost", "hint", "the solver may take many iterations on an accelerator", "engine")
NO_MIRROR = Rule("KS740", "no-mirror", "error", "a symmetric policy needs name pairs")
NOT_MIRRORED = Rule(
    "KS741",
    "not-mirrored",
    "error",
    "a symmetric policy needs a robot and a task that have a mirror image",
    "engine",
)
NOT_QUITE_SYMMETRIC = Rule(
    "KS742", "not-quite-symmetric", "warning", "the two sides of the robot or of the task differ", "engine"
)
SETTLED_CHECK = Rule("KS750", "settled-check", "warning", "a check passes, or fails, whatever the policy does")
NOT_A_CONTRACT = Rule(
    "KS751", "not-a-contract", "error", "a side of a diff holds no contract that can be read", "command"
)
NO_REPOSITORY = Rule(
    "KS752", "no-repository", "error", "a revision is asked for where there is no git repository", "command"
)
NO_REVISION = Rule("KS753", "no-revision", "error", "there is no such revision in the repository", "command")
BAD_ACCEPTANCE = Rule("KS754", "bad-acceptance", "error", "the file of accepted breaks cannot be used", "file")
CANNOT_EVALUATE = Rule("KS755", "cannot-evaluate", "error", "a side of a diff cannot be evaluated on states", "command")
BENCH_FAILED = Rule("KS760", "bench-failed", "error", "a measurement did not finish", "engine")

# Meta ----------------------------------------------------------------------------------------------------------------

UNUSED_SUPPRESSION = Rule("KS901", "unused-suppression", "warning", "a suppression silences nothing", fix=True)
UNKNOWN_RULE = Rule(
    "KS902",
    "unknown-rule",
    "warning",
    "a suppression or the configuration names a rule that does not exist",
    fix=True,
)
SUPPRESSION_WITHOUT_REASON = Rule("KS903", "suppression-without-reason", "warning", "a suppression does not say why")
SUPPRESSED_ERROR = Rule(
    "KS904", "suppressed-error", "warning", "a suppression names an error, which cannot be silenced", fix=True
)
MALFORMED_SUPPRESSION = Rule(
    "KS905", "malformed-suppression", "warning", "a comment addressed to ksim is not a suppression"
)
BAD_CONFIGURATION = Rule("KS906", "bad-configuration", "error", "the configuration of the rules cannot be used", "file")
FIXED_SEVERITY = Rule("KS907", "fixed-severity", "error", "the configuration silences or lowers an error", "file")
