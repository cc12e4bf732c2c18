"""The rules about text, names, values and units: everything that is wrong before a task has a meaning."""

from __future__ import annotations

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
UNKNOWN_SECTION = Rule("KS010", "unknown-section", "error", "a block opens with a word that names no block", fix=True)
UNKNOWN_WORD = Rule("KS011", "unknown-word", "error", "a word after a value is no attribute of the language", fix=True)
MISPLACED_LINE_START = Rule("KS012", "misplaced-line-start", "error", "a line starts with an operator or an attribute")
NESTING_TOO_DEEP = Rule(
    "KS013", "nesting-too-deep", "error", "blocks or brackets are nested deeper than the compiler goes"
)
INVALID_TARGET = Rule("KS014", "invalid-target", "error", "what stands before `=` is not a name or a path")
RESERVED_WORD = Rule("KS015", "reserved-word", "error", "a word of the language is used as a name")
MISPLACED_BLOCK = Rule("KS016", "misplaced-block", "error", "a block stands inside a block that cannot hold it")
STATEMENT_OUTSIDE_BLOCK = Rule("KS017", "statement-outside-block", "error", "a statement stands outside every block")
NOT_TEXT = Rule("KS018", "not-text", "error", "the file is not UTF-8 text", "file")
FILE_TOO_LARGE = Rule("KS019", "file-too-large", "error", "the file is far larger than a spec can be", "file")

# Names ---------------------------------------------------------------------------------------------------------------

UNKNOWN_NAME = Rule("KS101", "unknown-name", "error", "nothing has this name", fix=True)
UNKNOWN_ELEMENT = Rule("KS102", "unknown-element", "error", "the robot has no element of this name", fix=True)
UNKNOWN_MEMBER = Rule("KS103", "unknown-member", "error", "a value has no quantity or component of this name", fix=True)
UNKNOWN_FUNCTION = Rule("KS104", "unknown-function", "error", "there is no function of this name", fix=True)
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
UNUSED_SIGNAL = Rule("KS115", "unused-signal", "warning", "nothing uses a signal", fix=True)
UNKNOWN_PROFILE = Rule("KS116", "unknown-profile", "error", "`--profile` names no profile of the spec", "command")
EMPTY_MATCH = Rule("KS117", "empty-match", "error", "a name pattern matches nothing")
UNKNOWN_SETTING = Rule("KS118", "unknown-setting", "error", "a block has no setting of this name", fix=True)
DUPLICATE_ATTRIBUTE = Rule(
    "KS119", "duplicate-attribute", "error", "an attribute is given twice in one statement", fix=True
)
UNEXPECTED_NAME = Rule("KS120", "unexpected-name", "error", "a block has a name and takes none")
AMBIGUOUS_SELECTOR = Rule("KS121", "ambiguous-selector", "error", "a selector for one element matches several")
BAD_SET = Rule("KS122", "bad-set", "error", "a `--set` is not `path=value`", "command")
UNREADABLE_FILE = Rule("KS123", "unreadable-file", "error", "a spec cannot be read", "file")
MISSING_FILE = Rule("KS124", "missing-file", "error", "an included spec does not exist")
INCLUDE_CYCLE = Rule("KS125", "include-cycle", "error", "a spec includes itself", "file")
MISSING_NAME = Rule("KS126", "missing-name", "error", "a block needs a name and has none")

# Robot ---------------------------------------------------------------------------------------------------------------

ROBOT_FILE = Rule("KS150", "robot-file", "error", "the robot file, or a file it includes, cannot be found or read")
XML_SYNTAX = Rule("KS151", "xml-syntax", "error", "the robot file is not well-formed XML", "robot")
NOT_MJCF = Rule("KS152", "not-mjcf", "error", "the robot file is not an MJCF model", "robot")
XML_ENTITY = Rule("KS153", "xml-entity", "error", "the robot file declares XML entities", "robot")
INCLUDE_TWICE = Rule("KS154", "include-twice", "error", "the robot file includes a file twice", "robot")
UNKNOWN_DEFAULT_CLASS = Rule(
    "KS155", "unknown-default-class", "error", "the robot file uses a default class it does not declare", "robot"
)
MJCF_DUPLICATE = Rule("KS156", "mjcf-duplicate", "error", "two elements of the robot have one name", "robot")
MJCF_NUMBER = Rule("KS157", "mjcf-number", "error", "an attribute of the robot file is not numeric", "robot")
MJCF_VALUE = Rule("KS158", "mjcf-value", "error", "an attribute of the robot file has an unknown value", "robot")
KEYFRAME_SIZE = Rule("KS159", "keyframe-size", "error", "a keyframe does not fit the robot", "robot")
MUJOCO_REFUSED = Rule("KS160", "mujoco-refused", "error", "MuJoCo refuses the robot", "robot")
ROBOT_PACKAGE = Rule("KS161", "robot-package", "error", "the package that should hold the robot is not installed")
SCENE_NAME = Rule("KS162", "scene-name", "error", "the scene lacks an element that the task asks for", "robot")
PHYSICS_OPTION = Rule(
    "KS163", "physics-option", "error", "a physics option is unknown or has an impossible value", "robot"
)
FLOOR_NAME = Rule("KS164", "floor-name", "error", "the robot uses the floor's name for another geom", "robot")
AMBIGUOUS_ACTUATOR = Rule(
    "KS165", "ambiguous-actuator", "error", "several actuators of a joint take the same kind of target", "robot"
)

IGNORED_SETTING = Rule("KS170", "ignored-setting", "warning", "a setting has no effect beside another")
EMPTY_BLOCK = Rule("KS171", "empty-block", "error", "a block that means nothing without a line has none")
UNUSED_GROUP = Rule("KS172", "unused-group", "warning", "no network sees an observation group")

# Types ---------------------------------------------------------------------------------------------------------------

SHAPE_MISMATCH = Rule("KS201", "shape-mismatch", "error", "values with different axes meet")
NOT_SCALAR = Rule(
    "KS202", "not-scalar", "error", "a single number or condition is needed, and the value has axes", fix=True
)
WRONG_ARGUMENTS = Rule(
    "KS203", "wrong-arguments", "error", "a function or statement has too few, too many or wrong arguments"
)
BOOL_AS_NUMBER = Rule("KS204", "bool-as-number", "error", "true or false stands where a number is needed")
INDEX_OUT_OF_RANGE = Rule("KS205", "index-out-of-range", "error", "an index lies outside what there is")
FRAME_MISMATCH = Rule("KS207", "frame-mismatch", "error", "vectors given in different frames are combined")
NOT_A_ROTATION = Rule("KS208", "not-a-rotation", "error", "a rotation is needed")
NOT_A_CONDITION = Rule("KS209", "not-a-condition", "error", "true or false is needed, and the value is a number")
NO_FRAME = Rule("KS210", "no-frame", "error", "a value that has no frame is to change its frame")
NOT_A_VALUE = Rule(
    "KS211", "not-a-value", "error", "a name, a range, or a text stands where a value is needed", fix=True
)
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
NOTHING_DRAWN = Rule("KS250", "nothing-drawn", "error", "a number stands where something must be drawn", fix=True)

# Units ---------------------------------------------------------------------------------------------------------------

UNIT_MISMATCH = Rule("KS301", "unit-mismatch", "error", "quantities of different dimensions are combined")
MISSING_UNIT = Rule("KS302", "missing-unit", "error", "a number without a unit meets a quantity that has one", fix=True)
NOT_DIMENSIONLESS = Rule(
    "KS303", "not-dimensionless", "error", "a function of plain numbers gets a quantity with a unit"
)
UNKNOWN_UNIT = Rule("KS304", "unknown-unit", "error", "there is no such unit", fix=True)
NON_CONSTANT_EXPONENT = Rule("KS305", "non-constant-exponent", "error", "an exponent is not a literal number")
MIXED_UNITS = Rule("KS306", "mixed-units", "error", "the elements of a value have different units")
ANGLE_MISMATCH = Rule("KS311", "angle-mismatch", "warning", "an angle meets a plain number", fix=True)
SPACED_UNIT = Rule(
    "KS314", "spaced-unit", "error", "a unit is written with spaces, so that it reads as a division", fix=True
)
OUTSIDE_DOMAIN = Rule(
    "KS350", "outside-domain", "warning", "a value is, or can be, none of the numbers that its place takes"
)
SUM_OF_PLACES = Rule("KS351", "sum-of-places", "error", "two places are added")
