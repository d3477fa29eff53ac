"""Loads the settings of property tests. Not in ``tests``: pytest reads that conftest when it judges, too."""

from __future__ import annotations

import tests.property_settings  # noqa: F401
