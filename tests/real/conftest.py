"""The laboratory as a fixture: started once, if a test asks for it, or skipped with the reason."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.real.lab import Lab
from tests.real.lab.requirements import why_not


@pytest.fixture(scope="session")
def installed() -> None:
    """The packages of the laboratory are there. Skips without root, ``ip netns`` or one of them.

    Where MAILPROOF_REQUIRE_LAB is set, as in CI, a laboratory that cannot be had is a failure.
    """
    reason = why_not()
    if reason:
        (pytest.fail if os.environ.get("MAILPROOF_REQUIRE_LAB") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def lab(installed: None) -> Iterator[Lab]:
    """Real servers in network namespaces."""
    with Lab() as laboratory:
        yield laboratory
