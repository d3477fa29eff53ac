"""Documents that are compressed, within bounds."""

from __future__ import annotations

import zlib


def gunzipped(data: bytes, most: int) -> tuple[bytes, bool]:
    """The document, and whether it was compressed with gzip. Raises ValueError for more than ``most`` octets."""
    if data[:2] != b"\x1f\x8b":
        return data, False
    inflater = zlib.decompressobj(wbits=31)
    try:
        document = inflater.decompress(data, most + 1)
    except zlib.error as error:
        raise ValueError(f"it is compressed with gzip and does not decompress: {error}") from None
    if len(document) > most:
        raise ValueError(f"it has more than {most} octets once decompressed")
    if not inflater.eof:
        raise ValueError("it is compressed with gzip and ends too early")
    return document, True
