"""Proposals: zones before they are published (``--zone``), hosts before they are put into service (``--connect``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from mailproof.inventory.model import connect_key, domain_name, socket_address
from mailproof.net.settings import NetSettings
from mailproof.net.zones import load_zone

SUFFIX = ".zone"
"""Files of a directory that are zones; the rest of the file name is the zone's name."""


class ProposalError(Exception):
    """A proposal cannot be read. The message says which, and how it is written."""


def propose(settings: NetSettings, zones: Iterable[str], connections: Iterable[str], directory: Path) -> NetSettings:
    """``settings`` with proposals laid over them.

    ``zones`` are ``NAME=FILE`` or directories of ``NAME.zone`` files, ``connections`` are
    ``HOST:PORT=ADDRESS:PORT``; file names are relative to ``directory``. Raises ProposalError, for master
    files with file and line.
    """
    files = dict(settings.zone_files)
    for text in zones:
        files.update(_zone_files(text, directory))
    for name, file in files.items():
        try:
            load_zone(name, file)
        except (ValueError, OSError) as error:
            raise ProposalError(f"the zone {name}: {error}") from None
    connect = dict(settings.connect)
    for text in connections:
        key, sign, value = text.partition("=")
        try:
            if not sign:
                raise ValueError(f"{text!r} is not HOST:PORT=ADDRESS:PORT")
            connect[connect_key(key)] = socket_address(value, None)
        except ValueError as error:
            raise ProposalError(f"--connect: {error}, like mx1.example.org:25=127.0.0.1:2525") from None
    return replace(settings, zone_files=files, connect=connect)


def _zone_files(text: str, directory: Path) -> dict[str, Path]:
    name, sign, file = text.partition("=")
    if sign:
        try:
            return {domain_name(name): directory / Path(file).expanduser()}
        except ValueError as error:
            raise ProposalError(f"--zone: {error}; write NAME=FILE") from None
    folder = directory / Path(text).expanduser()
    if not folder.is_dir():
        raise ProposalError(f"--zone: {text} is neither NAME=FILE nor a directory of NAME{SUFFIX} files")
    found = {path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*{SUFFIX}"))}
    if not found:
        raise ProposalError(f"--zone: there is no NAME{SUFFIX} file in {text}")
    try:
        return {domain_name(name): path for name, path in found.items()}
    except ValueError as error:
        raise ProposalError(f"--zone: a file in {text}: {error}") from None
