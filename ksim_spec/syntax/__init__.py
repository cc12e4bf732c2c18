"""Text to syntax tree: `parse.parse_file` and `parse.parse_expr` never raise and report every mistake they find."""
