"""Files that the inventory names as evidence: captured configuration, reports, messages, logs.

They are the world as well: read within bounds, counted, and what cannot be read is a typed failure, like a host that
cannot be reached. Nothing is ever executed.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mailproof.documents import TooLarge, UnreadableFile, read_octets
from mailproof.net.errors import Malformed, NotAvailable

MAX_OCTETS = 25 * 1024 * 1024
"""Of one file, if the caller sets no limit: the size of a large message."""

MAX_FILES = 10_000
"""Files of one directory that are looked at."""


class Files:
    """Reads files. ``read_files`` and ``read_octets`` count what was read."""

    def __init__(self) -> None:
        self.read_files = 0
        self.read_octets = 0

    async def read(self, path: Path, most: int = MAX_OCTETS) -> bytes:
        """The octets of a regular file. Raises NotAvailable where it cannot be read, Malformed where it is too large.

        A device or a pipe is no regular file.
        """
        data = await asyncio.to_thread(_read, path, most)
        self.read_files += 1
        self.read_octets += len(data)
        return data

    @contextmanager
    def mapped(self, path: Path, most: int) -> Iterator[mmap.mmap]:
        """A regular file that is too large to read as a whole, to look things up in. Raises as ``read`` does."""
        try:
            with path.open("rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise NotAvailable(f"{path.name} is no regular file")
                if not 0 < os.fstat(file.fileno()).st_size <= most:
                    raise Malformed(f"{path.name} is empty, or larger than {most} octets")
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as octets:
                    self.read_files += 1
                    yield octets
        except OSError as error:
            raise NotAvailable(f"{path.name} cannot be read: {error.strerror}") from None

    @contextmanager
    def opened(self, path: Path) -> Iterator[BinaryIO]:
        """A regular file of any size, to be read piece by piece. Raises NotAvailable."""
        try:
            with path.open("rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise NotAvailable(f"{path.name} is no regular file")
                self.read_files += 1
                self.read_octets += os.fstat(file.fileno()).st_size
                yield file
        except OSError as error:
            raise NotAvailable(f"{path.name} cannot be read: {error.strerror or error}") from None

    async def text(self, path: Path, most: int = MAX_OCTETS) -> str:
        """A file as UTF-8 text; octets that are not UTF-8 are replaced. Raises as ``read`` does."""
        return (await self.read(path, most)).decode("utf-8", "replace")

    async def below(self, path: Path, suffixes: tuple[str, ...]) -> tuple[Path, ...]:
        """The file itself, or the files below a directory whose names end so, sorted. Links to directories are not
        followed. Raises NotAvailable where the path cannot be read, Malformed where there are too many files.
        """
        return await asyncio.to_thread(_below, path, suffixes)


def _read(path: Path, most: int) -> bytes:
    try:
        return read_octets(path, most)
    except TooLarge as error:
        raise Malformed(f"{path.name} is {error}") from None
    except UnreadableFile as error:
        raise NotAvailable(f"{path.name}: {error}") from None
    except FileNotFoundError as error:
        raise NotAvailable(f"{path.name} cannot be read: {error.strerror}") from None


def _below(path: Path, suffixes: tuple[str, ...]) -> tuple[Path, ...]:
    if not path.is_dir():
        return (path,)
    found: list[Path] = []

    def fail(error: OSError) -> None:
        raise NotAvailable(f"{path.name} cannot be read: {error.strerror}")

    for folder, _, names in os.walk(path, onerror=fail):
        found += [Path(folder) / name for name in names if not suffixes or name.lower().endswith(suffixes)]
        if len(found) > MAX_FILES:
            raise Malformed(f"{path.name} holds more than {MAX_FILES} files")
    return tuple(sorted(found))
