; The names are those of nvim-treesitter and Helix; later patterns win.

(identifier) @variable
(field name: (identifier) @variable.member)
(path (identifier) @variable.member)
(call function: (identifier) @function)
(call function: (field name: (identifier) @function))
(assignment target: (identifier) @variable.definition)
(entry value: (identifier) @variable.definition)
(argument name: (identifier) @variable.parameter)
(parameter name: (identifier) @variable.parameter)
(binder name: (identifier) @variable.parameter)
(function name: (identifier) @function)
((identifier) @variable.builtin
  (#any-of? @variable.builtin "action" "time" "dt" "world" "pi" "std"))

(block name: (identifier) @type)
(robot_block name: (identifier) @type)
(command_block name: (identifier) @type)
(reset_block name: (identifier) @type)
(profile_block name: (identifier) @type)
(check_block name: (identifier) @type)
(directive name: (identifier) @type)

(block word: _ @keyword)
(robot_block word: _ @keyword)
(command_block word: _ @keyword)
(reset_block word: _ @keyword)
(profile_block word: _ @keyword)
(check_block word: _ @keyword)
(directive word: _ @keyword)
(name_clause word: _ @keyword)
(robot_clause word: _ @keyword)
(command_clause word: _ @keyword)
(reset_clause word: _ @keyword)
(check_clause word: _ @keyword)
["fn" "override"] @keyword

(attribute word: _ @attribute)
(flag) @attribute
"with" @keyword.operator
((attribute word: _ @_word . (identifier) @constant)
  (#any-of? @_word "per" "on"))

["or" "and" "not" "is" "mod" "in" "relative_to" "as" "if" "then" "else" "where" "over" "for" "of"] @keyword.operator
["=" "+=" "*=" "<" "<=" ">" ">=" "==" "!=" "+" "-" "*" "/" "^" ".." "<->"] @operator
(hole) @operator

(number) @number
(unit) @type.builtin
(per_unit) @type.builtin
(count) @type.builtin
(boolean) @boolean
(string) @string
(comment) @comment

["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," "." ":"] @punctuation.delimiter
