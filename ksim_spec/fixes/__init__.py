"""Repairs of findings: what to write instead, and a way to write it that never makes a spec worse."""
