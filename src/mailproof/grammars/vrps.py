"""Validated ROA payloads as Routinator and rpki-client write them, in JSON.

The files have half a million entries: only those that are wanted are taken apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Set
from dataclasses import dataclass

ENTRY = re.compile(r'\{[^{}]{0,2000}?"prefix"\s*:\s*"(?P<prefix>[0-9a-fA-F.:/]{3,43})"[^{}]{0,2000}\}')
GENERATED = re.compile(r'"(?:generatedTime|buildtime)"\s*:\s*"(?P<time>[^"]{1,40})"')


@dataclass(frozen=True)
class Payload:
    """One entry."""

    prefix: str
    max_length: int
    asn: int


@dataclass(frozen=True)
class Payloads:
    """The entries that were wanted, and when the file was made."""

    count: int
    """Entries in all."""
    generated: str
    payloads: tuple[Payload, ...]


def parse_vrps(text: str, wanted: Set[str]) -> Payloads:
    """The entries whose prefix is one of ``wanted``. Never raises; what is no entry is passed over."""
    count, found = 0, []
    for entry in ENTRY.finditer(text):
        count += 1
        if entry["prefix"].lower() in wanted and (payload := _payload(entry[0])) is not None:
            found.append(payload)
    made = GENERATED.search(text)
    return Payloads(count, made["time"] if made else "", tuple(dict.fromkeys(found)))


def _payload(text: str) -> Payload | None:
    try:
        entry = json.loads(text)
        asn = str(entry["asn"]).upper().removeprefix("AS")
        prefix = str(entry["prefix"]).lower()
        return Payload(prefix, int(entry.get("maxLength", prefix.rpartition("/")[2])), int(asn))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
