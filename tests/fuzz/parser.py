"""A parser under test, and what the parsers of all families share."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mailproof.net.stream import Stream

CORPUS = Path(__file__).parent / "corpus"

AT = datetime(2026, 11, 22, tzinfo=UTC)

CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)")
"""What must not reach a terminal, a page or a table as it is."""

PLACE = re.compile(r"zone:[0-9]+: ")


def told(message: str) -> bool:
    """An input was refused with a message that can be shown."""
    assert message
    assert not CONTROLS.search(message), message
    return False


@dataclass(frozen=True)
class Parser:
    """A parser under test. ``weight`` is its share of the inputs, in proportion to the others'."""

    name: str
    parse: Callable[[bytes], bool]
    corpus: tuple[bytes, ...]
    words: tuple[bytes, ...]
    weight: int = 10


def words_of(text: str) -> tuple[bytes, ...]:
    """The words of ``text``, in which an underscore stands for a blank, and the separators."""
    words = (word.replace("_", " ").encode("latin-1") for word in text.split(" "))
    return (*filter(None, words), b" ", b";", b".", b",", b":", b"=", b"\n")


def as_text(data: bytes) -> str:
    """Octets as the DNS client hands them on: one character for each."""
    return data.decode("latin-1")


@cache
def loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def fed(data: bytes) -> Stream:
    """A stream that has received ``data`` and whose peer has closed."""
    stream = _Fed()
    stream.data_received(data)
    stream.eof_received()
    return stream


class _Fed(Stream):
    """What is written goes nowhere."""

    def write(self, data: bytes) -> None:
        pass


_DIRECTORY = TemporaryDirectory(prefix="mailproof-fuzz-")


def directory() -> Path:
    """A directory of this process's own: the processes of a run are forked from one."""
    own = Path(_DIRECTORY.name) / str(os.getpid())
    own.mkdir(exist_ok=True)
    return own


def input_file(data: bytes, suffix: str) -> Path:
    file = directory() / f"input{suffix}"
    file.write_bytes(data)
    return file


def json_octets(value: Any) -> bytes:
    return json.dumps(value).encode()
