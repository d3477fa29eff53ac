"""Damage to the results of a shard on disk."""

from __future__ import annotations

import gzip
import json
from typing import Any


def changed(number: int, **values: Any) -> Any:
    """Damage to the line of this number."""

    def damage(octets: bytes) -> bytes:
        lines = gzip.decompress(octets).splitlines()
        lines[number] = json.dumps(json.loads(lines[number]) | values).encode()
        return gzip.compress(b"\n".join(lines))

    return damage


def moved(order: Any) -> Any:
    """Damage to the lines between the first and the last."""

    def damage(octets: bytes) -> bytes:
        first, *lines, last = gzip.decompress(octets).splitlines()
        return gzip.compress(b"\n".join([first, *order(lines), last]))

    return damage


def of_total(**values: Any) -> Any:
    """Damage to what the last line says."""

    def damage(octets: bytes) -> bytes:
        *lines, last = gzip.decompress(octets).splitlines()
        total = json.loads(last)["total"] | values
        return gzip.compress(b"\n".join([*lines, json.dumps({"total": total}).encode()]))

    return damage
