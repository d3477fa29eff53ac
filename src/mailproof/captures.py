"""Captures: what programs on a host say of their own configuration, as `mailproof capture` writes it into a directory.

The directory holds a file for each command and ``capture.json``, which says what they are. An inventory names the
directory under ``captures``; the host is not needed any more then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter, ValidationError

from mailproof.documents import UnreadableDocument, json_lines, read_json, write_atomically

MANIFEST = "capture.json"
FORMAT = "mailproof-capture"
VERSION = 1

COPIED = "cat "
"""Begins the commands whose outputs are files of the host."""
COPIES = "files"
"""The directory, beside the manifest, that these files lie in, by their paths on the host."""
LEADS_NOWHERE = 2
"""The status of a copied file that is a link to what is not there."""
COMPLAINT = "# stderr: "
"""Begins the lines that a command wrote to standard error beside its output."""

MAX_MANIFEST = 1024 * 1024
"""Octets."""


@dataclass(frozen=True)
class CapturedOutput:
    """What one command said. ``file`` is the path of its file in the directory, ``status`` its exit status."""

    program: str
    command: str
    file: str
    status: int


@dataclass(frozen=True)
class Capture:
    """The captures of one host. ``taken_at`` is ISO 8601 in UTC."""

    host: str
    taken_at: str
    outputs: tuple[CapturedOutput, ...]


_ADAPTER = TypeAdapter(Capture)


def read_capture(directory: Path) -> Capture:
    """Read the manifest of a capture. Raises UnreadableDocument."""
    file = directory / MANIFEST
    document = read_json(
        file, "capture", FORMAT, VERSION, missing="; `mailproof capture HOST` writes one", most=MAX_MANIFEST
    )
    try:
        found = _ADAPTER.validate_python({name: document.get(name) for name in ("host", "taken_at", "outputs")})
    except ValidationError as error:
        first = error.errors()[0]
        raise UnreadableDocument(f"{file}: damaged: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    for output in found.outputs:
        parts = PurePosixPath(output.file).parts
        if "\0" in output.file or not parts or parts[0] == "/" or ".." in parts:
            raise UnreadableDocument(f"{file}: damaged: {output.file!r} is not the path of a file beside it")
        if not (directory / output.file).resolve().is_relative_to(directory.resolve()):
            raise UnreadableDocument(f"{file}: damaged: {output.file!r} is a link to what is not beside it")
    return found


def write_capture(directory: Path, capture: Capture, texts: Mapping[str, str]) -> None:
    """Write a capture and what its commands said, by file name, for its owner only. Raises OSError.

    A directory that holds anything else already stays as open as it is.
    """
    if not directory.parent.exists():
        directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    if (directory / MANIFEST).exists() or not any(directory.iterdir()):
        directory.chmod(0o700)
    for output in capture.outputs:
        file = directory / output.file
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(file, [texts[output.file]], private=True)
    head = {"format": FORMAT, "version": VERSION, "host": capture.host, "taken_at": capture.taken_at}
    write_atomically(directory / MANIFEST, json_lines(head, outputs=map(asdict, capture.outputs)), private=True)
