"""Domains from a file of names, one a line: how a fleet is named."""

from __future__ import annotations

import zlib
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from mailproof.documents import UnreadableFile, read_octets
from mailproof.inventory.errors import InventoryError, Problem
from mailproof.inventory.reading import Places, beside
from mailproof.inventory.values import domain_name
from mailproof.places import Place

KEY = "domains_from"

MAX_OCTETS = 512 * 1024 * 1024
"""Of a file of names, packed or not: 20 million names."""
MAX_TOLD = 20
"""Faults of one file that are told."""


def add_names(data: dict[str, Any], places: Places, only: Container[str] | None = None) -> None:
    """Add to the ``domains`` of an inventory those of the file that ``domains_from`` names.

    A domain that the inventory names itself stays as it is there. Of both, those that are not in ``only`` are left out,
    if that is given. Raises InventoryError.
    """
    if only is not None and isinstance(data.get("domains"), list):
        _keep(data, places, only)
    value = data.get(KEY)
    if value is None:
        return
    place = places[KEY,]
    listed = data.setdefault("domains", [])
    if not isinstance(value, str) or not isinstance(listed, list):
        return  # the model says what is wrong
    file = beside(place.path, Path(value))
    if file is None:
        raise InventoryError(Problem(place.path, place.line, KEY, f"there is no file {value} beside this one"))
    known = {name_of(entry) for entry in listed}
    problems: list[Problem] = []
    named = bool(known)
    try:
        for line, text in _lines(file):
            try:
                name = domain_name(text)
            except ValueError as error:
                problems.append(Problem(file, line, KEY, str(error)))
                if len(problems) == MAX_TOLD:
                    break
                continue
            named = True
            if name not in known and (only is None or name in only):
                known.add(name)
                places["domains", len(listed)] = Place(str(file), line)
                listed.append(name)
    except UnreadableFile as error:
        problems.append(Problem(place.path, place.line, KEY, f"{value}: {error}"))
    if not problems and not named:
        problems.append(Problem(place.path, place.line, KEY, f"{value} names no domain: it has one a line"))
    if problems:
        raise InventoryError(*problems)


def _keep(data: dict[str, Any], places: Places, only: Container[str]) -> None:
    """Leave out the entries of ``domains`` that are not in ``only``; what is no domain at all stays, and is told of."""
    listed = data["domains"]
    kept = [index for index, entry in enumerate(listed) if not (name := name_of(entry)) or name in only]
    new = {index: number for number, index in enumerate(kept)}
    data["domains"] = [listed[index] for index in kept]
    moved = {path: place for path, place in places.items() if path[:1] == ("domains",) and len(path) > 1}
    for path in moved:
        del places[path]
    for path, place in moved.items():
        if isinstance(path[1], int) and path[1] in new:
            places["domains", new[path[1]], *path[2:]] = place


def name_of(entry: object) -> str:
    """The domain that an entry of the inventory is about, as far as that can be told before it is validated."""
    name = entry.get("name") if isinstance(entry, dict) else entry
    try:
        return domain_name(name) if isinstance(name, str) else ""
    except ValueError:
        return ""


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines with a name, from 1; ``#`` begins a comment. Raises UnreadableFile."""
    octets = read_octets(file, MAX_OCTETS)
    if octets[:2] == b"\x1f\x8b":
        unpacking = zlib.decompressobj(wbits=31)
        try:
            octets = unpacking.decompress(octets, MAX_OCTETS)
        except zlib.error as error:
            raise UnreadableFile(f"its gzip cannot be read: {error}") from None
        if not unpacking.eof:
            raise UnreadableFile(f"its gzip ends too early, or holds more than {MAX_OCTETS} octets")
    for number, line in enumerate(octets.splitlines(), 1):
        text = line.partition(b"#")[0].strip().decode("utf-8", "replace")
        if text:
            yield number, text
