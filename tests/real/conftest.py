"""The laboratory as a fixture: started once, if a test asks for it, or skipped with the reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real.lab import Lab
from tests.real.lab.requirements import why_not


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Real servers in network namespaces. Skips without root, ``ip netns`` or the packages."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with Lab() as laboratory:
        yield laboratory
