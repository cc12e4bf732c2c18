"""Colours for `.ksim` text: the words of the language in one table, and the class of every piece of a text.

What editors and terminals use is made from these: the TextMate grammar (`editors/generate.py`), the Pygments lexer, the
language server's semantic tokens.
"""
