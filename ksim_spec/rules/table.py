"""The rules by name. `python docs/generate.py` writes this from the heads of `docs/rules/KS*.md`."""

from ksim_spec.rules.rule import Rule

# Syntax --------------------------------------------------------------------------------------------------------------

UNEXPECTED_TOKEN = Rule(
    "KS001", "unexpected-token", "error", "something stands where the language allows nothing like it"
)
UNCLOSED_BLOCK = Rule("KS002", "unclosed-block", "error", "a block lacks its `{` or its `}`")
INVALID_CHARACTER = Rule("KS003", "invalid-character", "error", "a character that the language does not use")
MISSING_VALUE = Rule("KS004", "missing-value", "error", "a word or an operator is not followed by the value it needs")
UNTERMINATED_STRING = Rule(
    "KS005", "unterminated-string", "error", "a text is not closed on its line, or not in double quotes"
)
UNCLOSED_BRACKET = Rule("KS006", "unclosed-bracket", "error", "a bracket is opened and never closed")
UNMATCHED_BRACKET = Rule(
    "KS007", "unmatched-bracket", "error", "a closing bracket has no partner, or one of another kind"
)
MALFORMED_NUMBER = Rule(
    "KS008", "malformed-number", "error", "a number, with its unit, is not written as the language writes it"
)
MISSING_EQUALS = Rule("KS009", "missing-equals", "error", "a name is followed by a value without `=` between them")
UNKNOWN_SECTION = Rule("KS010", "unknown-section", "error", "a block opens with a word that names no block")
UNKNOWN_WORD = Rule("KS011", "unknown-word", "error", "a word after a value is no attribute of the language")
MISPLACED_LINE_START = Rule("KS012", "misplaced-line-start", "error", "a line starts with an operator or an attribute")
NESTING_TOO_DEEP = Rule(
    "KS013", "nesting-too-deep", "error", "blocks or brackets are nested deeper than the compiler goes"
)
INVALID_TARGET = Rule("KS014", "invalid-target", "error", "what stands before `=` is not a name or a path")
RESERVED_WORD = Rule("KS015", "reserved-word", "error", "a word of the language is used as a name")
MISPLACED_BLOCK = Rule("KS016", "misplaced-block", "error", "a block stands inside a block that cannot hold it")
STATEMENT_OUTSIDE_BLOCK = Rule("KS017", "statement-outside-block", "error", "a statement stands outside every block")
NOT_TEXT = Rule("KS018", "not-text", "error", "the file is not UTF-8 text")
FILE_TOO_LARGE = Rule("KS019", "file-too-large", "error", "the file is far larger than a spec can be")
MERGE_CONFLICT = Rule("KS020", "merge-conflict", "error", "git left the markers of a merge conflict in the file")

# Names ---------------------------------------------------------------------------------------------------------------

UNKNOWN_NAME = Rule("KS101", "unknown-name", "error", "nothing has this name")
UNKNOWN_ELEMENT = Rule("KS102", "unknown-element", "error", "the robot has no element of this name")
UNKNOWN_MEMBER = Rule("KS103", "unknown-member", "error", "a value has no quantity or component of this name")
UNKNOWN_FUNCTION = Rule("KS104", "unknown-function", "error", "there is no function of this name")
UNKNOWN_ATTRIBUTE = Rule("KS105", "unknown-attribute", "error", "a word of the language stands where it has no meaning")
DEFINITION_CYCLE = Rule("KS106", "definition-cycle", "error", "a definition needs itself")
HOLE = Rule("KS107", "hole", "error", "a `?` is still to be filled in")
MIXED_JOINT_TYPES = Rule("KS108", "mixed-joint-types", "error", "a selection mixes joints that have different units")
DUPLICATE_NAME = Rule("KS109", "duplicate-name", "error", "a name is given twice")
MISPLACED_STATEMENT = Rule(
    "KS110", "misplaced-statement", "error", "a block holds a statement that has no meaning in it"
)
NO_MIRROR_PARTNER = Rule("KS111", "no-mirror-partner", "error", "a mirrored name has no partner on the other side")
NO_SUCH_PATH = Rule("KS112", "no-such-path", "error", "a profile or `--set` changes something that is not there")
REPEATED_BLOCK = Rule("KS113", "repeated-block", "error", "a block that may stand once stands twice")
MISSING_ROBOT = Rule("KS114", "missing-robot", "error", "the spec names no robot")
UNUSED_SIGNAL = Rule("KS115", "unused-signal", "warning", "nothing uses a signal")
UNKNOWN_PROFILE = Rule("KS116", "unknown-profile", "error", "`--profile` names no profile of the spec")
EMPTY_MATCH = Rule("KS117", "empty-match", "error", "a name pattern matches nothing")
UNKNOWN_SETTING = Rule("KS118", "unknown-setting", "error", "a block has no setting of this name")
DUPLICATE_ATTRIBUTE = Rule("KS119", "duplicate-attribute", "error", "an attribute is given twice in one statement")
UNEXPECTED_NAME = Rule("KS120", "unexpected-name", "error", "a block has a name and takes none")
AMBIGUOUS_SELECTOR = Rule("KS121", "ambiguous-selector", "error", "a selector for one element matches several")
BAD_SET = Rule("KS122", "bad-set", "error", "a `--set` is not `path=value`")
UNREADABLE_FILE = Rule("KS123", "unreadable-file", "error", "a spec cannot be read")
MISSING_FILE = Rule("KS124", "missing-file", "error", "an included spec does not exist")
INCLUDE_CYCLE = Rule("KS125", "include-cycle", "error", "a spec includes itself")
MISSING_NAME = Rule("KS126", "missing-name", "error", "a block needs a name and has none")
ROBOT_FILE = Rule("KS150", "robot-file", "error", "the robot file, or a file it includes, cannot be found or read")
XML_SYNTAX = Rule("KS151", "xml-syntax", "error", "the robot file is not well-formed XML")
NOT_MJCF = Rule("KS152", "not-mjcf", "error", "the robot file is not an MJCF model")
XML_ENTITY = Rule("KS153", "xml-entity", "error", "the robot file declares XML entities")
INCLUDE_TWICE = Rule("KS154", "include-twice", "error", "the robot file includes a file twice")
UNKNOWN_DEFAULT_CLASS = Rule(
    "KS155", "unknown-default-class", "error", "the robot file uses a default class it does not declare"
)
MJCF_DUPLICATE = Rule("KS156", "mjcf-duplicate", "error", "two elements of the robot have one name")
MJCF_NUMBER = Rule("KS157", "mjcf-number", "error", "an attribute of the robot file is not numeric")
MJCF_VALUE = Rule("KS158", "mjcf-value", "error", "an attribute of the robot file has an unknown value")
KEYFRAME_SIZE = Rule("KS159", "keyframe-size", "error", "a keyframe does not fit the robot")
MUJOCO_REFUSED = Rule("KS160", "mujoco-refused", "error", "MuJoCo refuses the robot")
ROBOT_PACKAGE = Rule("KS161", "robot-package", "error", "the package that should hold the robot is not installed")
SCENE_NAME = Rule("KS162", "scene-name", "error", "the scene lacks an element that the task asks for")
PHYSICS_OPTION = Rule("KS163", "physics-option", "error", "a physics option is unknown or has an impossible value")
FLOOR_NAME = Rule("KS164", "floor-name", "error", "the robot uses the floor's name for another geom")
AMBIGUOUS_ACTUATOR = Rule(
    "KS165", "ambiguous-actuator", "error", "several actuators of a joint take the same kind of target"
)
IGNORED_SETTING = Rule("KS170", "ignored-setting", "warning", "a setting has no effect beside another")
EMPTY_BLOCK = Rule("KS171", "empty-block", "error", "a block that means nothing without a line has none")
UNUSED_GROUP = Rule("KS172", "unused-group", "warning", "no network sees an observation group")
ENDLESS_LIMIT = Rule("KS190", "endless-limit", "error", "a limit that a joint does not have is used as a number")
IDLE_ACTUATOR = Rule("KS191", "idle-actuator", "hint", "actuators of the robot are driven by no action")
NOT_THE_ROBOT = Rule("KS192", "not-the-robot", "error", "the composed model is not the robot of the file")
MJCF_WORD = Rule("KS193", "mjcf-word", "error", "the robot file has a word that MJCF does not have there")
MJCF_NAME = Rule("KS194", "mjcf-name", "error", "the robot file names an element that it does not have")
MJCF_FILE = Rule("KS195", "mjcf-file", "error", "a mesh or another file of the robot is not there")
NO_FLOOR = Rule("KS196", "no-floor", "warning", "a robot floats above nothing")
MJCF_IMPOSSIBLE = Rule("KS197", "mjcf-impossible", "error", "the robot file asks for what cannot be built")

# Types ---------------------------------------------------------------------------------------------------------------

SHAPE_MISMATCH = Rule("KS201", "shape-mismatch", "error", "values with different axes meet")
NOT_SCALAR = Rule("KS202", "not-scalar", "error", "a single number or condition is needed, and the value has axes")
WRONG_ARGUMENTS = Rule(
    "KS203", "wrong-arguments", "error", "a function or statement has too few, too many or wrong arguments"
)
BOOL_AS_NUMBER = Rule("KS204", "bool-as-number", "error", "true or false stands where a number is needed")
INDEX_OUT_OF_RANGE = Rule("KS205", "index-out-of-range", "error", "an index lies outside what there is")
FRAME_MISMATCH = Rule("KS207", "frame-mismatch", "error", "vectors given in different frames are combined")
NOT_A_ROTATION = Rule("KS208", "not-a-rotation", "error", "a rotation is needed")
NOT_A_CONDITION = Rule("KS209", "not-a-condition", "error", "true or false is needed, and the value is a number")
NO_FRAME = Rule("KS210", "no-frame", "error", "a value that has no frame is to change its frame")
NOT_A_VALUE = Rule("KS211", "not-a-value", "error", "a name, a range, or a text stands where a value is needed")
NOT_A_LITERAL = Rule("KS212", "not-a-literal", "error", "a literal is needed, and this varies")
NOT_A_FRAME = Rule("KS213", "not-a-frame", "error", "a frame is needed")
NOT_A_CONTACT = Rule("KS214", "not-a-contact", "error", "`with` stands beside something that cannot touch")
NOT_A_SELECTION = Rule("KS215", "not-a-selection", "error", "parts of the robot are needed")
DRAW_NOT_ALLOWED = Rule(
    "KS216", "draw-not-allowed", "error", "a random draw stands where the same value is computed every step"
)
EMPTY_RANGE = Rule("KS217", "empty-range", "error", "a range ends below its start")
NOT_KNOWN_HERE = Rule("KS218", "not-known-here", "error", "a value depends on something not known at that moment")
TOO_DEEP = Rule("KS219", "too-deep", "error", "an expression is nested too deeply to be checked")
NOTHING_TO_REDUCE = Rule(
    "KS220", "nothing-to-reduce", "error", "a reduction such as `sum` is applied to a single number"
)
AMBIGUOUS_REDUCTION = Rule("KS221", "ambiguous-reduction", "error", "a reduction could go over several axes")
ROTATION_PRODUCT = Rule("KS222", "rotation-product", "error", "two rotations are multiplied with `*`")
NO_PLACE = Rule("KS223", "no-place", "error", "a velocity is asked for in a frame that does not say from where")
OUT_OF_RANGE = Rule("KS224", "out-of-range", "error", "a number is none of those that its place takes")
IMPOSSIBLE_GAIN = Rule(
    "KS230", "impossible-gain", "error", "a servo is given a stiffness or a damping that it cannot have"
)
NOTHING_DRAWN = Rule("KS250", "nothing-drawn", "error", "a number stands where something must be drawn")

# Units ---------------------------------------------------------------------------------------------------------------

UNIT_MISMATCH = Rule("KS301", "unit-mismatch", "error", "quantities of different dimensions are combined")
MISSING_UNIT = Rule("KS302", "missing-unit", "error", "a number without a unit meets a quantity that has one")
NOT_DIMENSIONLESS = Rule(
    "KS303", "not-dimensionless", "error", "a function of plain numbers gets a quantity with a unit"
)
UNKNOWN_UNIT = Rule("KS304", "unknown-unit", "error", "there is no such unit")
NON_CONSTANT_EXPONENT = Rule("KS305", "non-constant-exponent", "error", "an exponent is not a literal number")
MIXED_UNITS = Rule("KS306", "mixed-units", "error", "the elements of a value have different units")
ANGLE_MISMATCH = Rule("KS311", "angle-mismatch", "warning", "an angle meets a plain number")
SPACED_UNIT = Rule("KS314", "spaced-unit", "error", "a unit is written with spaces, so that it reads as a division")
OUTSIDE_DOMAIN = Rule(
    "KS350", "outside-domain", "warning", "a value is, or can be, none of the numbers that its place takes"
)
SUM_OF_PLACES = Rule("KS351", "sum-of-places", "error", "two places are added")

# Reward --------------------------------------------------------------------------------------------------------------

AMBIGUOUS_WEIGHT = Rule("KS401", "ambiguous-weight", "error", "a weight does not say what time it is for")
MISSING_WEIGHT = Rule("KS402", "missing-weight", "error", "a reward term has no weight")
MISSING_REWARD = Rule("KS403", "missing-reward", "error", "the spec has no `reward` block")
NEVER_NONZERO = Rule("KS404", "never-nonzero", "warning", "a reward term is 0 in every state")
DUPLICATE_TERM = Rule("KS405", "duplicate-term", "warning", "two reward terms measure the same")
ZERO_WEIGHT = Rule("KS406", "zero-weight", "hint", "a reward term has the weight 0")
CONSTANT_REWARD = Rule(
    "KS407", "constant-reward", "warning", "a constant is rewarded where nothing but time ends an episode"
)
SIGN_SURPRISE = Rule("KS408", "sign-surprise", "warning", "a weight has the sign that pays for the opposite")
RATE_ON_EVENT = Rule("KS409", "rate-on-event", "error", "a term is a rate and also given per event or per step")
WIDE_TOLERANCE = Rule("KS410", "wide-tolerance", "warning", "standing still earns most of a term about a command")
NEGLIGIBLE_TERM = Rule("KS411", "negligible-term", "warning", "a reward term is too small to matter beside the others")
EVENT_AS_RATE = Rule("KS412", "event-as-rate", "warning", "a term of single steps has a weight per second")
STEADY_ON_EVENT = Rule("KS413", "steady-on-event", "warning", "a term that counts at every step says `on event`")
ONLY_COSTS = Rule("KS414", "only-costs", "warning", "no term can add anything, and an episode can be failed early")
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
    "KS512", "constant-observation", "warning", "an observation is the same number in every state"
)
DUPLICATE_OBSERVATION = Rule("KS513", "duplicate-observation", "warning", "two observations are the same")
UNOBSERVED_COMMAND = Rule(
    "KS514", "unobserved-command", "warning", "the reward hangs on a command that the actor does not observe"
)
UNOBSERVED_CLOCK = Rule(
    "KS515", "unobserved-clock", "warning", "the reward follows a clock that the actor does not observe"
)
UNOBSERVED_ACTION = Rule(
    "KS516", "unobserved-action", "warning", "the reward compares with an action that the actor does not observe"
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
NEVER_FIRES = Rule("KS602", "never-fires", "warning", "a termination can never be true")
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
ALWAYS_FIRES = Rule("KS609", "always-fires", "warning", "a termination is true in every state")
FIRES_AT_START = Rule("KS610", "fires-at-start", "warning", "a termination is true in the pose in which episodes begin")
NO_TIME_LIMIT = Rule("KS611", "no-time-limit", "warning", "nothing truncates an episode")
TIME_LIMIT_AS_FAILURE = Rule("KS612", "time-limit-as-failure", "warning", "a rule on time alone is called a failure")
SAME_START = Rule("KS613", "same-start", "warning", "every episode begins in exactly the same state")
START_BEYOND_LIMITS = Rule(
    "KS614", "start-beyond-limits", "warning", "an episode can begin with a joint outside its range"
)
BEYOND_EPISODE = Rule("KS615", "beyond-episode", "warning", "something is due later than an episode lasts")
CHANGES_NOTHING = Rule("KS616", "changes-nothing", "warning", "a change leaves everything as it is")
IMPOSSIBLE_FIELD = Rule(
    "KS617", "impossible-field", "warning", "a drawn field of the model can become negative, or a mass 0"
)
UNUSED_LEVEL = Rule("KS618", "unused-level", "warning", "nothing depends on a level of the curriculum")
STUCK_LEVEL = Rule("KS619", "stuck-level", "warning", "the condition of a level can never hold")
UNUSED_COMMAND = Rule("KS620", "unused-command", "warning", "nothing uses a command, or a field of one")
OVERWRITTEN_CHANGE = Rule("KS650", "overwritten-change", "warning", "a later line of `reset` undoes an earlier one")
START_BELOW_FLOOR = Rule("KS651", "start-below-floor", "warning", "an episode begins with the robot below the floor")
COSTLY_CONTACTS = Rule(
    "KS652", "costly-contacts", "hint", "contacts between very many pairs of geoms are read at every step"
)
REPEATED_FAILURE = Rule("KS653", "repeated-failure", "warning", "a reward term counts only where the episode is over")
MASSLESS_BODY = Rule("KS680", "massless-body", "warning", "the drawn mass of a body without mass is left as it is")
OVERRULED_FRICTION = Rule(
    "KS681", "overruled-friction", "warning", "a drawn friction does nothing, for the other geom's rules"
)

# Training ------------------------------------------------------------------------------------------------------------

IMPOSSIBLE_BATCH = Rule("KS701", "impossible-batch", "error", "the batch sizes do not fit together")
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
RUN_EXISTS = Rule("KS710", "run-exists", "error", "the run folder exists and is not empty")
RUN_NOT_WRITABLE = Rule("KS711", "run-not-writable", "error", "the run folder cannot be written to")
NOT_A_RUN = Rule("KS712", "not-a-run", "error", "a path is neither a run nor a checkpoint")
UNWRITABLE = Rule("KS713", "unwritable", "error", "the compiled task cannot be written")
CHECKPOINT_MISMATCH = Rule("KS714", "checkpoint-mismatch", "error", "a checkpoint does not fit the task")
NO_SUCH_RUN = Rule("KS715", "no-such-run", "error", "there is no such run folder or checkpoint")
NO_CHECKPOINT = Rule("KS716", "no-checkpoint", "error", "a run folder holds no checkpoint")
BAD_CHECKPOINT = Rule("KS717", "bad-checkpoint", "error", "a checkpoint cannot be read")
CONTRACT_MISMATCH = Rule(
    "KS718", "contract-mismatch", "error", "a policy was trained in another task than it is to run in"
)
RUN_EDITED = Rule("KS719", "run-edited", "error", "a file of a run is not the one that was compiled")
FIELD_NOT_PER_ENVIRONMENT = Rule(
    "KS720", "field-not-per-environment", "error", "an engine cannot vary a field between environments"
)
NOT_READABLE = Rule("KS721", "not-readable", "error", "a field cannot be read from a simulation")
ENGINE_UNSUPPORTED = Rule("KS722", "engine-unsupported", "error", "an engine cannot simulate the model")
ENGINE_IGNORES = Rule("KS723", "engine-ignores", "warning", "an engine ignores a part of the model")
ENGINE_MISSING = Rule("KS724", "engine-missing", "error", "the package of an engine is not installed")
UNKNOWN_ENGINE = Rule("KS725", "unknown-engine", "error", "there is no such engine")
NO_WINDOW = Rule("KS726", "no-window", "error", "a policy cannot be shown on this machine")
RESUME_SETTING = Rule("KS728", "resume-setting", "error", "a run cannot go on as it is asked to")
MASKED_FRICTION = Rule("KS730", "masked-friction", "warning", "the robot's own friction hides that of the floor")
SOLVER_COST = Rule("KS731", "solver-cost", "hint", "the solver may take many iterations on an accelerator")
NO_MIRROR = Rule("KS740", "no-mirror", "error", "a symmetric policy needs name pairs")
NOT_MIRRORED = Rule(
    "KS741", "not-mirrored", "error", "a symmetric policy needs a robot and a task that have a mirror image"
)
NOT_QUITE_SYMMETRIC = Rule(
    "KS742", "not-quite-symmetric", "warning", "the two sides of the robot or of the task differ"
)
SETTLED_CHECK = Rule("KS750", "settled-check", "warning", "a check passes, or fails, whatever the policy does")
NOT_A_CONTRACT = Rule("KS751", "not-a-contract", "error", "a side of a diff holds no contract that can be read")
NO_REPOSITORY = Rule("KS752", "no-repository", "error", "a revision is asked for where there is no git repository")
NO_REVISION = Rule("KS753", "no-revision", "error", "there is no such revision in the repository")
BAD_ACCEPTANCE = Rule("KS754", "bad-acceptance", "error", "the file of accepted breaks cannot be used")
CANNOT_EVALUATE = Rule("KS755", "cannot-evaluate", "error", "a side of a diff cannot be evaluated on states")
BENCH_FAILED = Rule("KS760", "bench-failed", "error", "a measurement did not finish")
BAD_ARGUMENT = Rule("KS770", "bad-argument", "error", "a Python call is given something that it cannot use")
INTERNAL_ERROR = Rule("KS771", "internal-error", "error", "ksim itself failed on a file")

# Meta ----------------------------------------------------------------------------------------------------------------

UNUSED_SUPPRESSION = Rule("KS901", "unused-suppression", "warning", "a suppression silences nothing")
UNKNOWN_RULE = Rule(
    "KS902", "unknown-rule", "warning", "a suppression or the configuration names a rule that does not exist"
)
SUPPRESSION_WITHOUT_REASON = Rule("KS903", "suppression-without-reason", "warning", "a suppression does not say why")
SUPPRESSED_ERROR = Rule(
    "KS904", "suppressed-error", "warning", "a suppression names an error, which cannot be silenced"
)
MALFORMED_SUPPRESSION = Rule(
    "KS905", "malformed-suppression", "warning", "a comment addressed to ksim is not a suppression"
)
BAD_CONFIGURATION = Rule("KS906", "bad-configuration", "error", "the configuration of the rules cannot be used")
FIXED_SEVERITY = Rule("KS907", "fixed-severity", "error", "the configuration silences or lowers an error")
