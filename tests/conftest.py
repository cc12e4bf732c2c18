"""Every test runs with the shapes checked: an array that is not what its annotation says raises where it is passed.

The hook wraps what is annotated in the packages through which arrays flow. It must stand before the first import of
one of them, so tests that start processes of their own run without it.
"""

import os

from jaxtyping import install_import_hook

# Half of the time of these tests goes into compiling programs that then run for a moment: they are left unoptimized.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

ARRAYS = ["task", "trainer", "physics", "replay", "emit", "runs.interactive", "viewer.video"]

install_import_hook([f"ksim_spec.{name}" for name in ARRAYS], "beartype.beartype")
