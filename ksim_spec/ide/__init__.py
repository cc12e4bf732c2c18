"""What an editor asks about a spec, as pure functions of a snapshot of the document and an offset into it.

Nothing here knows the language server protocol: offsets are code points and answers are plain values. Everything is
read from the tables of the language (words, quantities, functions, units, attributes), so it grows with them.
"""
