// The tree-sitter grammar of `.ksim` files. The words come from words.json, which editors/generate.py writes from the
// tables of the language; the shape follows grammar/ksim.lark.
//
// No word is reserved: tree-sitter takes a word as a keyword only where the parser could go on with one, which is what
// the language means by contextual words. A newline ends a statement where one can end, and is a blank anywhere else.

const words = require("./words.json");

const PREC = { conditional: 1, or: 2, and: 3, not: 4, compare: 5, range: 6, as: 7, sum: 8, product: 9, sign: 10, power: 11,
  frame: 12, postfix: 13 };

const anyOf = (list) => (list.length === 1 ? list[0] : choice(...list));
const separated = (rule, by) => seq(rule, repeat(seq(by, rule)));
const END = ["\n", ";"];

// The body of a block: which clauses may open its lines, which blocks may stand inside.
const body = ($, line) => seq("{", repeat(choice(seq(line, anyOf(END)), seq($._nested, optional(anyOf(END))), ...END)), optional(line), "}");
const clauses = (section) => (words.clauses[section] ?? []).filter((word) => !words.name_clauses.includes(word));

const own = words.blocks.filter((word) => words.clauses[word]);
const others = words.blocks.filter((word) => !words.clauses[word]);

// Words that open a line are names where an assignment follows: `pose = choice(1, 2)`.
const openers = [...new Set([...words.nested, ...Object.values(words.clauses).flat()])];

/** The rules of blocks with clauses of their own: `robot_block` and its `robot_clause`. */
function blocks() {
  const rules = {};
  for (const word of own) {
    const named = (words.clauses[word] ?? []).some((clause) => words.name_clauses.includes(clause));
    const mine = clauses(word);
    rules[`${word}_block`] = ($) => seq(header($, [word]), body($, named
      ? choice($._line, $.name_clause, $.override)
      : choice($._line, $[`${word}_clause`])));
    if (mine.length) {
      rules[`${word}_clause`] = ($) => seq(field("word", anyOf(mine)), optional(choice(separated($._value, choice(",", "<->")), alias($._with, $.attribute))), repeat($._attribute));
    }
  }
  return rules;
}

const header = ($, opened) => seq(field("word", anyOf(opened)), optional(field("name", $.identifier)), optional($.string),
  repeat(choice($._attribute, alias($._header_attribute, $.attribute))));

module.exports = grammar({
  name: "ksim",
  word: ($) => $.identifier,
  extras: ($) => [$.comment, /\s|\u00a0|\ufeff/],
  supertypes: ($) => [$._expression],
  inline: ($) => [$._value],
  conflicts: ($) => [[$.quantity]],

  rules: {
    file: ($) => seq(repeat(choice(seq($._top, anyOf(END)), seq($._block, optional(anyOf(END))), ...END)), optional($._top)),
    _top: ($) => choice($.directive, $.function, $.override, $.name_clause, $.assignment),
    _block: ($) => choice($.block, ...own.filter((word) => !words.nested.includes(word)).map((word) => $[`${word}_block`])),
    _nested: ($) => choice(alias($.nested_block, $.block), ...own.filter((word) => words.nested.includes(word)).map((word) => $[`${word}_block`])),

    block: ($) => seq(header($, others.filter((word) => !words.nested.includes(word))), body($, $._line)),
    nested_block: ($) => seq(header($, others.filter((word) => words.nested.includes(word))), body($, $._line)),
    ...blocks(),

    // Lines -----------------------------------------------------------------------------------------------------------

    directive: ($) => seq(field("word", anyOf(words.directives)), optional(field("name", $.identifier)), optional($.string)),
    function: ($) => seq("fn", field("name", $.identifier), "(", optional(seq(separated($.parameter, ","), optional(","))), ")", "=", field("body", $._value)),
    parameter: ($) => seq(field("name", $.identifier), optional(seq("=", field("default", $._value)))),
    override: ($) => seq("override", $.assignment),
    name_clause: ($) => seq(field("word", anyOf(words.name_clauses)), repeat1($.path)),
    path: ($) => separated($.identifier, "."),

    _line: ($) => choice($.assignment, $.entry),
    assignment: ($) => seq(field("target", choice($._expression, alias(anyOf(openers), $.identifier))), field("operator", choice("=", "+=", "*=")), field("value", $._value), repeat($._attribute)),
    entry: ($) => seq(field("value", $._value), repeat($._attribute)),

    _attribute: ($) => choice($.attribute, $.flag),
    attribute: ($) => seq(field("word", anyOf(words.attributes)), separated($._value, ",")),
    _with: ($) => seq("with", field("word", "probability"), $._value),
    flag: () => anyOf(words.flags),
    _header_attribute: ($) => seq(field("word", anyOf(words.header_attributes)), $._value),

    // Values ----------------------------------------------------------------------------------------------------------

    _value: ($) => choice($._expression, $.range),
    range: ($) => prec.left(PREC.range, seq($._expression, "..", $._expression)),

    _expression: ($) => choice($.conditional, $.binary, $.unary, $.member_test, $.as_unit, $.in_frame, $.call, $.field, $.index,
      $.group, $.tuple, $.table, $.quantity, $.string, $.boolean, $.hole, $.identifier),

    conditional: ($) => prec.right(PREC.conditional, seq("if", $._expression, "then", $._expression, "else", $._expression)),
    binary: ($) => choice(
      ...[["or", PREC.or], ["and", PREC.and], [choice("<", "<=", ">", ">=", "==", "!="), PREC.compare],
        [choice("+", "-"), PREC.sum], [choice("*", "/", "mod"), PREC.product]].map(([sign, level]) =>
        prec.left(level, seq($._expression, field("operator", sign), $._expression))),
      prec.right(PREC.power, seq($._expression, field("operator", "^"), $._expression)),
    ),
    unary: ($) => choice(
      prec(PREC.not, seq("not", $._expression)),
      prec(PREC.sign, seq(choice("-", "+"), $._expression)),
    ),
    member_test: ($) => prec.left(PREC.compare, seq($._expression, "is", choice($._expression, $.range))),
    as_unit: ($) => prec.left(PREC.as, seq($._expression, "as", choice($.unit, $.per_unit), repeat($.per_unit))),
    in_frame: ($) => prec.left(PREC.frame, seq($._expression, choice("in", "relative_to", "with"), $._expression)),

    call: ($) => prec(PREC.postfix, seq(field("function", $._expression), "(", optional(seq(separated($.argument, ","), optional(","))), ")")),
    argument: ($) => seq(optional(seq(field("name", $.identifier), ":")), $._value, repeat(choice($.where, $.over, $.binder))),
    where: ($) => seq("where", $._expression),
    over: ($) => seq("over", choice($.identifier, seq("(", separated($.identifier, ","), optional(","), ")"))),
    binder: ($) => seq("for", field("name", $.identifier), "of", $._expression),
    field: ($) => prec(PREC.postfix, seq($._expression, ".", field("name", $.identifier))),
    index: ($) => prec(PREC.postfix, seq($._expression, "[", $._value, "]")),

    group: ($) => seq("(", $._value, ")"),
    tuple: ($) => choice(
      seq("(", ")"),
      seq("(", $._value, ",", optional(seq(separated($._value, ","), optional(","))), ")"),
      seq("[", optional(seq(separated($._value, ","), optional(","))), "]"),
    ),
    table: ($) => seq("{", repeat("\n"), optional(seq(separated($.pair, repeat1(choice(",", "\n"))), repeat(choice(",", "\n")))), "}"),
    pair: ($) => seq($.string, ":", $._value),

    quantity: ($) => seq($.number, optional(choice($.unit, $.count)), repeat($.per_unit)),
    number: () => /[0-9]+(_[0-9]+)*(\.[0-9]+(_[0-9]+)*)?([eE][+-]?[0-9]+)?/,
    unit: ($) => choice($._unit_symbol, $._unit_product),
    per_unit: ($) => prec.dynamic(1, seq("per", $.unit)), // rather than an attribute `per` with a name
    count: () => anyOf(words.counts),
    _unit_symbol: () => anyOf(words.units),
    _unit_product: () => token(unitProduct()),

    boolean: () => choice("true", "false"),
    hole: () => "?",
    string: () => /"([^"\\\n]|\\[^\n])*"/,
    identifier: () => /[A-Za-z_][A-Za-z0-9_]*/,
    comment: () => /#[^\n]*/,
  },
});

/** A pattern for units of more than one symbol: `m/s^2`, `kg*m^2`, `Nm^2`; single symbols are words. */
function unitProduct() {
  const symbol = words.units.map((unit) => unit.replace(/[^A-Za-z]/g, "\\$&")).sort((a, b) => b.length - a.length).join("|");
  const power = `(${symbol})(\\^-?[0-9]+)`;
  const factor = `(${symbol})(\\^-?[0-9]+)?`;
  const product = `${factor}([*·]${factor})`;
  return new RegExp(`(${factor}([*·]${factor})*/${factor}([*·]${factor})*)|(${product}([*·]${factor})*)|(${power})`);
}
