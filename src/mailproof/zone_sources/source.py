"""What all sources of zones have in common."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailproof.documents import UnreadableFile, read_octets
from mailproof.net.text import printable

MAX_RECORDS = 200_000
"""Records of a source, as many as a master file may have."""


MAX_DOCUMENT = 256 << 20
"""Octets of a JSON document: a plan holds all other resources as well."""


class SourceError(Exception):
    """A source of zones cannot be read. The message says where, why, and what to do."""


@dataclass
class SourceZone:
    """A zone as a source has it."""

    name: str
    lines: list[str] = field(default_factory=list)
    """Records as lines of a master file, all names absolute."""
    has_soa: bool = False
    has_ns: bool = False
    """Whether there is an NS record at the zone's own name."""


@dataclass(frozen=True)
class Trouble:
    """A record that a master file cannot hold as the source has it."""

    address: str
    """Where it stands: the address of a resource, or a name."""
    why: str

    def __str__(self) -> str:
        return printable(f"{self.address}: {self.why}")


def read_source(file: Path, hint: str) -> Any:
    """A JSON document, of whatever form. ``hint`` says what writes it. Raises SourceError."""
    try:
        return json.loads(read_octets(file, MAX_DOCUMENT))
    except FileNotFoundError:
        raise SourceError(f"{file}: there is no such file; {hint}") from None
    except UnreadableFile as error:
        raise SourceError(f"{file}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{file}: not JSON: {error}; {hint}") from None


def text_record(text: str) -> str:
    """``text`` as the strings of a TXT record: quoted, each of at most 255 octets (RFC 1035, section 3.3)."""
    octets = text.encode("utf-8", "surrogatepass")  # JSON may hold halves of characters
    pieces = [octets[start : start + 255] for start in range(0, len(octets), 255)] or [b""]
    return " ".join(f'"{_escaped(piece)}"' for piece in pieces)


def _escaped(octets: bytes) -> str:
    return "".join(
        f"\\{chr(octet)}" if octet in b'"\\' else chr(octet) if 32 <= octet < 127 else f"\\{octet:03}"
        for octet in octets
    )
