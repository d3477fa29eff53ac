"""The parsers that are fuzzed: a module for each family, found by itself, with ``PARSERS``."""

from __future__ import annotations

import importlib
import pkgutil

from tests.fuzz.parser import Parser


def _found() -> dict[str, Parser]:
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {parser.name: parser for module in modules for parser in module.PARSERS}


PARSERS = _found()
"""By name."""
