"""The TextMate grammar of `.ksim` files, made from the words of the language.

A TextMate grammar sees one line at a time and knows no roles, so places are told by what stands around a word. Where it
cannot know (the uses of a function's parameters), the language server's semantic tokens say it better.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ksim_spec.highlight.classes import STYLES, Name
from ksim_spec.highlight.vocabulary import Vocabulary, vocabulary
from ksim_spec.syntax.grammar import NUMBER, unit_pattern
from ksim_spec.syntax.keywords import RESERVED

Rule = dict[str, Any]
NAME = r"[A-Za-z_][A-Za-z0-9_]*"
GAP = r"[ \t]*"
BLANK = r"[ \t]+"


def grammar() -> Rule:
    """Returns the grammar as the object that is written to `ksim.tmLanguage.json`."""
    words = vocabulary()
    own = [w for w in words.blocks if w in (*words.settings, *words.clauses)]
    blocks = {f"block-{word}": _block(words, [word], word) for word in own}
    blocks["block"] = _block(words, [w for w in words.blocks if w not in own])
    return {
        "$comment": "Written by editors/generate.py from the tables of the language: change those, not this.",
        "name": "ksim",
        "scopeName": "source.ksim",
        "fileTypes": ["ksim"],
        "patterns": _use("comment", *blocks, "directive", "function", "clause", "statement", "value"),
        "repository": {**_parts(words), **_values(words), **blocks},
    }


# Building blocks ------------------------------------------------------------------------------------------------------


def _scope(name: Name) -> str:
    return f"{STYLES[name].scope}.ksim"


def _any(words: Iterable[str]) -> str:
    """A pattern for one of some words, the longest first."""
    return "(?:" + "|".join(re.escape(w) for w in sorted(words, key=lambda w: (-len(w), w))) + ")"


def _match(pattern: str, *names: Name | None) -> Rule:
    """A rule whose groups have these classes in turn; None leaves a group uncoloured."""
    named = {str(k): {"name": _scope(name)} for k, name in enumerate(names, 1) if name is not None}
    return {"match": pattern, "captures": named}


def _use(*parts: str) -> list[Rule]:
    return [{"include": f"#{part}"} for part in parts]


def _list(*rules: Rule) -> Rule:
    return {"patterns": list(rules)}


# Blocks and lines -----------------------------------------------------------------------------------------------------


def _block(words: Vocabulary, opened_by: Iterable[str], block: str = "") -> Rule:
    """A block from its word to its brace; what may begin its lines depends on which it is."""
    no_title = rf"(?!{_any([*words.attributes, *words.header_attributes])}{BLANK}[-\w(\"])"
    inside = {
        "begin": r"\{",
        "beginCaptures": {"0": {"name": _scope("punctuation")}},
        "end": r"(?=\})",
        "patterns": [*_use("comment", "block"), *_lines(words, block), *_use("value")],
    }
    return {
        "begin": rf"^{GAP}({_any(opened_by)})\b(?:{BLANK}{no_title}({NAME}))?(?=[^={{}}#]*\{{)",
        "beginCaptures": {"1": {"name": _scope("block")}, "2": {"name": _scope("title")}},
        "end": r"\}",
        "endCaptures": {"0": {"name": _scope("punctuation")}},
        "patterns": [inside, *_use("header", "value")],
    }


def _lines(words: Vocabulary, block: str) -> list[Rule]:
    """What may begin a line of a block: its clauses, its settings, a name that it gives a meaning."""
    found: list[Rule] = []
    if block == "profile":
        found += _use("clause")
    elif block in words.clauses:
        found.append(_match(rf"^{GAP}(site){BLANK}({NAME})(?={BLANK})", "keyword", "declaration"))
        found.append(_match(rf"^{GAP}({_any(words.clauses[block])})\b(?!{GAP}[.:])", "keyword"))
    if block in words.settings:
        setting = _any(words.settings[block])
        if chosen := words.choices[block]:
            of_them = rf"^{GAP}({setting}){GAP}(=){GAP}({_any(chosen)})\b"
            found.append(_match(of_them, "setting", "operator", "constant"))
        found.append(_match(rf"^{GAP}({setting})(?={GAP}=)", "setting"))
    return found + ([] if block == "check" else _use("statement"))


def _parts(words: Vocabulary) -> dict[str, Rule]:
    assign = r"(?:\+=|\*=|=(?!=))"
    follows = _any([*words.attributes, *words.flags])
    never = _any([*words.prefix, *words.constants])
    head = [w for w in words.directives if w != "robot"]
    dotted = [_match(r"(\.)", "punctuation"), _match(rf"(?<=\.)({NAME})", "member")]
    return {
        "comment": {"match": r"#.*$", "name": _scope("comment")},
        "directive": _list(
            _match(rf"^{GAP}({_any(head)})\b(?:{BLANK}({NAME}))?(?={GAP}(?:\"|#|$))", "keyword", "title"),
            _match(rf"^{GAP}(robot)(?={BLANK}\"[^\"]*\"{GAP}(?:#|$))", "keyword"),
        ),
        "function": {
            "begin": rf"^{GAP}(fn){BLANK}({NAME}){GAP}(\()",
            "beginCaptures": _match("", "keyword", "function", "punctuation")["captures"],
            "end": r"\)",
            "endCaptures": {"0": {"name": _scope("punctuation")}},
            "patterns": [_match(rf"({NAME})(?={GAP}[,=)])", "parameter"), *_use("inner")],
        },
        "clause": _list(
            {
                "begin": rf"^{GAP}({_any(words.name_clauses)})\b(?!{GAP}[.:=])",
                "beginCaptures": {"1": {"name": _scope("keyword")}},
                "end": r"$|(?=#|;|\})",
                "patterns": [
                    *dotted,
                    _match(rf"\b({_any(words.blocks)})\b", "block"),
                    _match(rf"\b({_any(words.attributes)})\b", "attribute"),
                    _match(rf"\b({NAME})\b", "name"),
                ],
            },
        ),
        "statement": _list(
            _match(rf"^{GAP}(override)(?={BLANK}[A-Za-z_])", "keyword"),
            _match(rf"^{GAP}({NAME})(?={GAP}{assign})", "declaration"),
            _match(rf"^{GAP}(?!{never}\b)({NAME})(?={BLANK}{follows}\b)", "declaration"),
        ),
        "header": _match(rf"\b({_any(words.header_attributes)})\b", "attribute"),
    }


# Values ---------------------------------------------------------------------------------------------------------------


def _values(words: Vocabulary) -> dict[str, Rule]:
    """`value` is outside brackets, where attributes may follow; `inner` inside them, where names may have colons."""
    return {
        "value": {
            "patterns": [
                *_use("comment", "literal", "member", "call"),
                *_attributes(words),
                *_operators(words, attributes=True),
                *_use("word", "bracket"),
            ]
        },
        "inner": {
            "patterns": [
                *_use("comment", "literal"),
                _match(rf"\b({NAME})(?={GAP}:)", "parameter"),
                *_use("member"),
                *_operators(words, attributes=False),
                *_use("call", "word", "bracket"),
            ]
        },
        "literal": _literals(words),
        "member": _members(words),
        "call": _list(
            _match(rf"(?<![.\w])(?!{_any([*words.infix, *words.prefix])}\b)({_any(words.functions)})(?=\()", "builtin"),
            _match(rf"(?<![.\w])(?!{_any([*words.infix, *words.prefix])}\b)({NAME})(?=\()", "function"),
        ),
        "word": _list(
            _match(rf"\b({_any(words.constants)})\b", "constant"),
            _match(rf"\b({_any(words.names)})\b", "special"),
            _match(rf"\b({NAME})\b", "name"),
            _match(r"([,;:.])", "punctuation"),
        ),
        "bracket": _brackets(words),
    }


def _literals(words: Vocabulary) -> Rule:
    unit = unit_pattern()
    more = rf"(?:{BLANK}per{BLANK}{unit})*"
    counted = rf"(?:{_any(words.counts)}\b|per{BLANK}{unit})"
    return _list(
        {"match": r'"(?:[^"\\]|\\.)*"', "name": _scope("string")},
        {"match": r'"(?:[^"\\]|\\.)*$|\'[^\']*\'?', "name": _scope("error")},
        _match(rf"(?<!\w)({NUMBER})(?:{GAP}({unit}{more})|{BLANK}({counted}{more}))?", "number", "unit", "unit"),
        _match(rf"\b(as){BLANK}((?:per{BLANK})?{unit}{more})", "word", "unit"),
        _match(r"(\?)", "operator"),
    )


def _members(words: Vocabulary) -> Rule:
    dot = rf"(?<!\.)(\.)(?!\.){GAP}"
    return _list(
        _match(rf"{dot}({_any(words.library)})(?=\()", "punctuation", "builtin"),
        _match(rf"{dot}({NAME})(?=\()", "punctuation", "function"),
        _match(rf"{dot}({_any(words.members)})\b", "punctuation", "quantity"),
        _match(rf"{dot}({NAME})", "punctuation", "member"),
    )


def _attributes(words: Vocabulary) -> list[Rule]:
    """Attributes after a value; the word behind one that needs a value is a name, whatever it is."""
    follows = _any([*words.attributes, *words.flags])
    valued = _any(words.attributes)
    return [
        _match(rf"\b(per|on){BLANK}({_any(words.scopes)})\b", "attribute", "constant"),
        _match(rf"\b(includes|observes){BLANK}({NAME})\b", "attribute", "title"),
        _match(rf"\b(with)(?={BLANK}probability\b)", "attribute"),
        _match(rf"(?<!\.)\b({valued}){BLANK}({follows})\b(?!\()", "attribute", "name"),
        _match(rf"(?<!\.)\b({follows})\b(?!\()", "attribute"),
    ]


def _operators(words: Vocabulary, attributes: bool) -> list[Rule]:
    """Signs and words between values. What follows is an operand, so there an attribute's word is a name."""
    signs = r"<->|\.\.|[<>=!+*]=|[-+*/^<>=]"
    between = _any([*words.infix, *words.prefix])
    free = [w for w in [*words.attributes, *words.flags, *words.infix] if w not in (*RESERVED, *words.prefix)]
    operand = rf"(?:{GAP}({_any(free)})\b(?!\())?" if attributes else ""
    return [
        _match(rf"({signs}){operand}", "operator", "name"),
        _match(rf"(?<!\.)\b(for){BLANK}({NAME})\b", "word", "parameter"),
        _match(rf"(?<!\.)\b({between})\b{operand}", "word", "name"),
    ]


def _brackets(words: Vocabulary) -> Rule:
    """Brackets; one that is left open ends where a block surely begins or ends."""
    gives_up = rf"(?=^{GAP}(?:\}}|{_any(words.blocks)}\b[^=]*\{{{GAP}(?:#|$)))"
    pairs = [("\\(", "\\)"), ("\\[", "\\]")]
    ends = [(opening, f"{closing}|{gives_up}") for opening, closing in pairs] + [("\\{", "\\}")]
    mark = {"0": {"name": _scope("punctuation")}}
    return _list(
        *(
            {"begin": begin, "beginCaptures": mark, "end": end, "endCaptures": mark, "patterns": _use("inner")}
            for begin, end in ends
        )
    )
