"""Programs of the system that a test needs: without one it is skipped and says so, but not where all must be there."""

from __future__ import annotations

import os
import shutil

import pytest


def needs(program: str) -> pytest.MarkDecorator:
    """For a test that runs ``program``, of the packages in tests/real/packages.txt."""
    return pytest.mark.skipif(
        shutil.which(program) is None and not os.environ.get("MAILPROOF_REQUIRE_LAB"),
        reason=f"needs {program}; all packages: tests/real/packages.txt",
    )
