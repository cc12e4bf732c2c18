"""The intermediate representation: interned nodes over one table of operations.

Importing the package fills the table: the temporal operators add their rows to it.
"""

from ksim_spec.ir import ops as ops
from ksim_spec.ir import temporal_ops as temporal_ops
