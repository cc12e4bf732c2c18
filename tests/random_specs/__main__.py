"""`python -m tests.random_specs --minutes 10`: random robots and specs until the time is over, then a report."""

import argparse
import logging
import os
import random

os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # compiling is most of the time

from tests.random_specs.hunt import hunt  # noqa: E402

parser = argparse.ArgumentParser(prog="python -m tests.random_specs", description=__doc__)
parser.add_argument("--minutes", type=float, default=10.0)
parser.add_argument("--seed", type=int, default=None, help="the first of the seeds; drawn and shown if left out")
parser.add_argument("--largest", type=int, default=8, help="most expressions that a critic sees")
given = parser.parse_args()
first = random.SystemRandom().randrange(1 << 30) if given.seed is None else given.seed
logging.getLogger("ksim_spec").setLevel(logging.ERROR)  # most random specs are warned of
print(f"seeds from {first} on")
print(hunt(given.minutes, first, given.largest))
