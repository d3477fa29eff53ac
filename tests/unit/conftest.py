"""Loads the settings of property tests. Not in ``tests``: pytest reads that conftest for a run with an inventory, too."""

from __future__ import annotations

import tests.property_settings  # noqa: F401
