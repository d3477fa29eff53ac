"""The JSON documents that runs leave behind: read with a word for whatever is wrong, written in one step."""

from __future__ import annotations

import io
import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

JSON: TypeAlias = "str | float | bool | Sequence[JSON] | Mapping[str, JSON] | None"
"""What JSON can hold; integers are floats to the type checker."""


class UnreadableDocument(Exception):
    """The file is not the document that it should be; the message names it and says why."""


class UnreadableFile(Exception):
    """The file cannot be read as text, or is not one; the message says why and does not name it."""


class TooLarge(UnreadableFile):
    """The file has more octets than are read."""


MAX_FILE_SIZE = 1 << 30
"""Octets of a document. A million verdicts with their evidence are about as many."""

MAX_HEAD = 16 * 1024 * 1024
"""Octets of a document that are looked through for the end of its head."""


def read_octets(file: Path, most: int) -> bytes:
    """A regular file of at most ``most`` octets. Raises UnreadableFile (TooLarge), and FileNotFoundError.

    Devices and pipes never end, or never begin.
    """
    try:
        # A pipe that nobody writes to would otherwise be waited for.
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise UnreadableFile("not a regular file")
            data = stream.read(most + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {error.strerror}") from None
    except ValueError as error:  # NUL in the name
        raise UnreadableFile(f"cannot be read: {error}") from None
    if len(data) > most:
        raise TooLarge(f"larger than {most} octets")
    return data


def read_text(file: Path, most: int) -> str:
    """A file as ``read_octets`` reads it, as UTF-8 text. Raises UnreadableFile for other text, too."""
    try:
        return read_octets(file, most).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"not UTF-8 text (octet {error.start})") from None


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two names lead to one file that is there."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def why_not_writable(file: Path) -> str:
    """Why ``file`` could not be written; empty if it can be. Nothing is made or changed to find out."""
    try:
        if file.is_dir():
            return "is a directory"
        if file.exists() and not file.is_file():
            return "" if os.access(file, os.W_OK) else "cannot be written"
        folder = next(parent for parent in file.absolute().parents if parent.exists())
        if not folder.is_dir():
            return f"cannot be written: {folder} is no directory"
        if not os.access(folder, os.W_OK | os.X_OK):
            return f"cannot be written: {folder} is not writable"
        name_limit = os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, ValueError) as error:
        return f"cannot be written: {getattr(error, 'strerror', None) or error}"
    longest = max(len(os.fsencode(part)) for part in file.parts)
    return f"cannot be written: a name of {longest} octets is too long" if longest > name_limit - _ADDED else ""


_ADDED = 10
"""Octets that a temporary name is longer than the name of its file."""


def read_json(
    file: Path,
    what: str,
    format: str,
    version: int,
    *,
    missing: str = "",
    others: Mapping[str, str] | None = None,
    most: int = MAX_FILE_SIZE,
) -> dict[str, Any]:
    """Read a document of one format and version. Raises UnreadableDocument.

    ``what`` it is called, ``missing`` goes behind the message that there is no such file, and ``others`` behind the one
    that it has another format, by that format. ``most`` is the size in octets that is read at all.
    """
    try:
        document = json.loads(read_text(file, most))
    except FileNotFoundError:
        raise UnreadableDocument(f"{file}: there is no such file{missing}") from None
    except UnreadableFile as error:
        raise UnreadableDocument(f"{file}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise UnreadableDocument(f"{file}: damaged, not JSON: {error}") from None
    found = document.get("format") if isinstance(document, dict) else None
    if found != format:
        hint = (others or {}).get(found, "") if isinstance(found, str) else ""
        raise UnreadableDocument(f'{file}: not a {what} of mailproof (no "format": "{format}"){hint}')
    if document.get("version") != version or isinstance(document["version"], bool):
        raise UnreadableDocument(
            f"{file}: {what.split()[-1]} version {document.get('version')!r}; this mailproof reads version {version}"
        )
    return dict(document)


def read_head(file: Path, format: str) -> dict[str, Any]:
    """A document that ``json_lines`` wrote, without its lists. Raises UnreadableDocument."""
    try:
        with file.open(encoding="utf-8") as stream:
            text = stream.read(MAX_HEAD)
    except (OSError, ValueError) as error:
        raise UnreadableDocument(f"{file}: cannot be read: {error}") from None
    head, _, _ = text.partition(',\n "results": [')
    try:
        document = json.loads(f"{head}\n}}")
    except (ValueError, RecursionError):
        raise UnreadableDocument(f"{file}: damaged, not JSON") from None
    if not isinstance(document, dict) or document.get("format") != format:
        raise UnreadableDocument(f"{file}: not a {format}")
    return dict(document)


def json_lines(head: Mapping[str, Any], **lists: Iterable[Any]) -> Iterator[str]:
    """A JSON object of ``head`` and of ``lists``, whose items stand on a line each.

    It comes piece by piece, since the lists of a large run do not fit into memory twice.
    """
    encode = json.JSONEncoder(ensure_ascii=False).encode
    yield json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
    for name, items in lists.items():
        yield f",\n {json.dumps(name)}: ["
        separator = "\n  "
        for item in items:
            yield separator + encode(item)
            separator = ",\n  "
        yield "\n ]"
    yield "\n}\n"


def write_atomically(file: Path, text: Iterable[str], *, private: bool = False) -> None:
    """Replace ``file`` by the pieces of ``text`` in one step; parents are made. Raises OSError and leaves no debris.

    What is no regular file, like /dev/stdout, is written to and never replaced. Nobody but its owner may read a
    ``private`` one.
    """
    with _written(file, private=private) as octets:
        written = io.TextIOWrapper(octets, encoding="utf-8", errors="backslashreplace")
        written.writelines(text)
        written.detach()


def write_octets(file: Path, octets: bytes) -> None:
    """Replace ``file`` by ``octets``, as ``write_atomically`` does it with text."""
    with _written(file) as stream:
        stream.write(octets)


@contextmanager
def _written(file: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """A stream of octets that replaces ``file`` where it is a regular one or is not there, and is it otherwise."""
    if file.exists() and not file.is_file():
        with file.open("wb") as stream:
            yield stream
        return
    with replacing(file, private=private) as stream:
        yield stream


@contextmanager
def replacing(file: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """A stream of octets that replaces ``file`` in one step, at the end of the block, if nothing was raised in it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if not private:
            umask = os.umask(0)
            os.umask(umask)
            Path(name).chmod(0o666 & ~umask)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
