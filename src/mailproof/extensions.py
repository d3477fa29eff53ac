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
    """What an installed package adds cannot be imported, or is not what it must be."""


def extensions() -> tuple[ModuleType, ...]:
    """The modules that installed packages add. Raises BrokenExtension.

    They are imported when they are first asked for, which is before the inventory is read.
    """
    return tuple(_extensions())


@cache
def _extensions() -> dict[ModuleType, str]:
    """The modules, each with the name of the extension that it belongs to."""
    found: dict[ModuleType, str] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        package = entry.dist.name if entry.dist is not None else "a package"
        name = f"the extension {entry.name} = {entry.value} of {package}"
        try:
            for module in walk(entry.module):
                found.setdefault(module, name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit as well, and what pytest raises to skip
            raise BrokenExtension(f"{name} cannot be imported: {told(error)}; mend or uninstall it") from error
    return found


def told(error: BaseException) -> str:
    """An exception in one line."""
    if isinstance(error, SystemExit):
        return f"SystemExit: {error.code}, which ends the program"
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def extension_of(module: str) -> str:
    """The extension that a module belongs to, in words; empty for a module of mailproof or of nobody."""
    return next((name for known, name in _extensions().items() if known.__name__ == module), "")


def broken(module: str, why: str) -> BrokenExtension | TypeError:
    """What to raise where something in ``module`` is wrong: a TypeError unless the module is an extension's."""
    name = extension_of(module)
    return BrokenExtension(f"{name} is broken: {why}; mend or uninstall it") if name else TypeError(why)


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
