"""What the tests of the editor share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ide.client import Client


@pytest.fixture
def client(home: Path) -> Iterator[Client]:
    """An editor with a module's own folder `home` open; its server is gone when the test is over."""
    found = Client(root=home)
    yield found
    if found.process.poll() is None:
        found.process.kill()
        found.process.communicate()
