"""The JSON documents that runs leave behind: read with a word for whatever is wrong, written in one step."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any


class UnreadableDocument(Exception):
    """The file is not the document that it should be; the message names it and says why."""


def read_json(
    file: Path,
    what: str,
    format: str,
    version: int,
    *,
    missing: str = "",
    others: Mapping[str, str] | None = None,
    most: int | None = None,
) -> dict[str, Any]:
    """Read a document of one format and version. Raises UnreadableDocument.

    ``what`` it is called, ``missing`` goes behind the message that there is no such file, and ``others`` behind the one
    that it has another format, by that format. ``most`` is the size in octets that is read at all.
    """
    try:
        if most is not None and file.stat().st_size > most:
            raise UnreadableDocument(f"{file}: larger than {most} octets")
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UnreadableDocument(f"{file}: there is no such file{missing}") from None
    except OSError as error:
        raise UnreadableDocument(f"{file}: cannot be read: {error.strerror}") from None
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


def json_lines(head: Mapping[str, Any], **lists: Iterable[Any]) -> Iterator[str]:
    """A JSON object of ``head`` and of ``lists``, whose items stand on a line each.

    It comes piece by piece, since the lists of a large run do not fit into memory twice.
    """
    yield json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
    for name, items in lists.items():
        yield f",\n {json.dumps(name)}: ["
        separator = "\n  "
        for item in items:
            yield separator + json.dumps(item, ensure_ascii=False)
            separator = ",\n  "
        yield "\n ]"
    yield "\n}\n"


def write_atomically(file: Path, text: Iterable[str]) -> None:
    """Replace ``file`` by the pieces of ``text`` in one step; parents are made. Raises OSError and leaves no debris.

    What is no regular file, like /dev/stdout, is written to and never replaced.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and not file.is_file():
        with file.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.writelines(text)
        return
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.writelines(text)
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
