# MuJoCo's Python package is a compiled module without type information: every name in it is Any to the type checker.
from typing import Any

def __getattr__(name: str) -> Any: ...
