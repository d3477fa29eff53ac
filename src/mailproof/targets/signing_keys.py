"""Private keys of DKIM signers on disk, by the selectors that their names tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePath

from mailproof.net.errors import NotObserved
from mailproof.targets.base import Target, Undiscovered
from mailproof.targets.discovery import Search, finder
from mailproof.targets.mail import Selector

_SUFFIXES = (".private", ".key", ".pem", ".der", "")
_TABLE = re.compile(r"key[._-]?table", re.IGNORECASE)
_MOST_OF_TABLE = 1024 * 1024
"""Octets of a KeyTable."""


@dataclass(frozen=True)
class SigningKey(Target):
    """A file with the private key of a signer. Only its public half is ever looked at."""

    path: str
    name: str
    """As reports call it: relative to the inventory."""
    named: str
    """The file or directory that the inventory names."""
    selector: str = ""
    domain: str = ""
    """Both are empty where the name of the file is that of no selector of the inventory."""

    @property
    def id(self) -> str:
        return self.name

    @property
    def entries(self) -> tuple[str, ...]:
        return (self.named, *self.domains)


@finder(SigningKey, after=(Selector,))
async def find_signing_keys(search: Search) -> None:
    """The files that the inventory names, and those below its directories.

    Whose they are is told by a KeyTable of OpenDKIM among them, or by their names: ``SELECTOR.DOMAIN.key``,
    ``DOMAIN.SELECTOR.key`` (rspamd), ``DOMAIN/SELECTOR.private`` (OpenDKIM).
    """
    selectors = {(found.selector.lower(), found.domain.lower()): found for found in search.targets.found(Selector)}
    for entry in search.inventory.private_keys:
        try:
            paths = await search.files.below(entry, ())
            tables = [await search.files.text(path, _MOST_OF_TABLE) for path in paths if _TABLE.fullmatch(path.name)]
        except NotObserved as failure:
            search.targets.add(Undiscovered.because(failure, SigningKey, search.named(entry)))
            continue
        told = [line for table in tables for line in _lines(table)]
        keys = [path for path in paths if not _TABLE.fullmatch(path.name) and path.suffix not in (".txt", ".pub")]
        if not keys:
            nothing = NotObserved(f"no private key lies below {search.named(entry)}")
            search.targets.add(Undiscovered.because(nothing, SigningKey, search.named(entry)))
        for path in keys:
            owner = _by_table(path, told) or _by_name(path, frozenset(selectors))
            found = selectors.get(owner)
            whose = (found.selector, found.domain) if found else ("", "")
            domains = (found.domain,) if found else ()
            search.targets.add(SigningKey(str(path), search.named(path), str(entry), *whose, domains=domains))


_Owner = tuple[str, str]
"""A selector and its domain, in lower case."""


def _lines(table: str) -> list[tuple[PurePath, _Owner]]:
    """The files that a KeyTable names, with selector and domain: ``NAME DOMAIN:SELECTOR:FILE`` (opendkim.conf)."""
    found = []
    for line in table.splitlines():
        words = line.split("#")[0].split(None, 1)
        parts = words[1].strip().split(":", 2) if len(words) == 2 else []
        if len(parts) == 3:
            found.append((PurePath(parts[2].strip()), (parts[1].lower(), parts[0].lower())))
    return found


def _by_table(path: Path, told: list[tuple[PurePath, _Owner]]) -> _Owner | None:
    """The owner of a file by the tables: its name, and that of its directory if several have the name."""
    named = [(file, owner) for file, owner in told if file.name == path.name]
    if len(named) > 1:
        named = [(file, owner) for file, owner in named if file.parent.name == path.parent.name]
    return named[0][1] if len(named) == 1 else None


def _by_name(path: Path, selectors: frozenset[_Owner]) -> _Owner:
    """The owner of a file by its name and that of its directory; empty if that is no selector of the inventory."""
    name, folder = path.name.lower(), path.parent.name.lower()
    for suffix in _SUFFIXES:
        stem = name.removesuffix(suffix) if name.endswith(suffix) else ""
        if (stem, folder) in selectors:
            return stem, folder
        for at, sign in enumerate(stem):
            if sign in "._-":
                first, second = stem[:at], stem[at + 1 :].removeprefix("_domainkey.")
                for owner in ((first, second), (second, first)):
                    if owner in selectors:
                        return owner
    return "", ""
