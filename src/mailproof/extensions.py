"""Modules that add to mailproof: its own packages are walked, and installed packages name theirs by an entry point."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

GROUP = "mailproof"
"""The group of entry points by which a package names modules with targets, finders, probes and services."""


class BrokenExtension(Exception):
    """A module that an installed package adds cannot be imported."""


@cache
def extensions() -> tuple[ModuleType, ...]:
    """The modules that installed packages add. Raises BrokenExtension.

    They are imported when they are first asked for, which is before the inventory is read.
    """
    found: list[ModuleType] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        try:
            found += walk(entry.module)
        except Exception as error:
            name = entry.dist.name if entry.dist is not None else "a package"
            raise BrokenExtension(
                f"the extension {entry.name} = {entry.value} of {name} cannot be imported: "
                f"{type(error).__name__}: {error}; mend or uninstall it"
            ) from error
    return tuple(dict.fromkeys(found))


def walk(name: str) -> Iterator[ModuleType]:
    """The module ``name``, and the modules in it if it is a package, by name."""
    module = import_module(name)
    yield module
    for info in sorted(iter_modules(getattr(module, "__path__", ())), key=lambda info: info.name):
        yield from walk(f"{name}.{info.name}")


def defined(package: str) -> Iterator[Any]:
    """Everything that the modules of ``package`` and the extensions define themselves, in the order of the modules."""
    for module in (*walk(package), *extensions()):
        for value in vars(module).values():
            if getattr(value, "__module__", None) == module.__name__:
                yield value
