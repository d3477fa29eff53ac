"""Inputs for the fuzzer: each is determined by parser, seed and number, so that any one can be made again.

Three in ten are damaged octets, the rest keeps to the structure of what it was made from: fields of a record are
swapped, repeated and joined with the words that the parser looks for; values of a JSON document are replaced.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

MAX_OCTETS = 64 * 1024
"""The largest input; what comes from the network is cut at about this size before it is parsed."""

_ODD_OCTETS = (
    b"\x00",
    b"\x1b[31m",
    b"\xff",
    b"\x80",
    b"\xe2\x80\xae",
    b"\r\n",
    b"\n",
    b"\x7f",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
)
_ODD_NUMBERS = (b"-1", b"0", b"00", b"255", b"256", b"65536", b"4294967296", b"1e999", b"9" * 5000, b"\xd9\xa1")
_ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, 10**400, -(10**18), "", "x", "\x00\x1b[31m\u202e", "\ud800", "9" * 5000),
    *([], {}, [[]], [None], {"": None}, {"kind": "timed out"}, "MailDomain", "timed out", "<script>", float("nan")),
    *(float("inf"), "2026-13-45T99:99:99Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
)

Change = Callable[[Random, bytes, tuple[bytes, ...]], bytes]


def make_input(name: str, seed: int, number: int, corpus: tuple[bytes, ...], words: tuple[bytes, ...]) -> bytes:
    """Input ``number`` of the parser called ``name``: mutated from ``corpus`` with the help of ``words``."""
    random = Random(f"{name} {seed} {number}")
    data = random.choice(corpus)
    if data[:1] == b"{" and random.random() < 0.7:
        return _changed_json(random, data)
    if data[:2] == b"\x30\x82" and random.random() < 0.6:
        for _ in range(random.choice((1, 1, 2, 4))):
            data = _changed_der(random, data, words)
        return data
    if random.random() < 0.02:
        return random.randbytes(random.randrange(200))
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5, 12))):
        changes = _OCTETS if random.random() < 0.3 else _STRUCTURE
        data = random.choice(changes)(random, data, words)[:MAX_OCTETS]
    if random.random() < 0.1:
        other = random.choice(corpus)
        data = (data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :])[:MAX_OCTETS]
    return data


def _span(random: Random, data: bytes, longest: int = 40) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, min(len(data), start + random.randrange(1, longest))


def _flip(random: Random, data: bytes, _: tuple[bytes, ...]) -> bytes:
    if not data:
        return b"\x00"
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]


def _overwrite(random: Random, data: bytes, _: tuple[bytes, ...]) -> bytes:
    start, end = _span(random, data, 6)
    return data[:start] + random.randbytes(end - start) + data[end:]


def _odd(random: Random, data: bytes, _: tuple[bytes, ...]) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(_ODD_OCTETS) + data[at:]


def _cut(random: Random, data: bytes, _: tuple[bytes, ...]) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _drop(random: Random, data: bytes, _: tuple[bytes, ...]) -> bytes:
    start, end = _span(random, data)
    return data[:start] + data[end:]


def _double(random: Random, data: bytes, _: tuple[bytes, ...]) -> bytes:
    start, end = _span(random, data)
    return data[:end] + data[start:end] + data[end:]


def _move(random: Random, data: bytes, _: tuple[bytes, ...]) -> bytes:
    start, end = _span(random, data)
    rest = data[:start] + data[end:]
    at = random.randrange(len(rest) + 1)
    return rest[:at] + data[start:end] + rest[at:]


def _word(random: Random, data: bytes, words: tuple[bytes, ...]) -> bytes:
    start, end = _span(random, data, 8)
    return data[:start] + random.choice(words) + data[random.choice((start, end)) :]


def _number(random: Random, data: bytes, _: tuple[bytes, ...]) -> bytes:
    places = [at for at in range(len(data)) if data[at : at + 1].isdigit()]
    at = random.choice(places) if places else random.randrange(len(data) + 1)
    return data[:at] + random.choice(_ODD_NUMBERS) + data[at + 1 :]


def _parts(random: Random, data: bytes, _: tuple[bytes, ...]) -> bytes:
    """Shuffle, drop or repeat the parts between separators."""
    separator = random.choice((b";", b" ", b"\n", b"\r\n", b".", b",", b":", b"="))
    parts = data.split(separator)
    match random.randrange(3):
        case 0:
            random.shuffle(parts)
        case 1:
            del parts[random.randrange(len(parts))]
        case _:
            at = random.randrange(len(parts))
            parts[at:at] = [parts[at]] * random.choice((1, 2, 20))
    return separator.join(parts)


def _flood(random: Random, data: bytes, words: tuple[bytes, ...]) -> bytes:
    """Repeat something very often: what takes quadratic time shows."""
    if random.random() < 0.8:
        return _word(random, data, words)
    at = random.randrange(len(data) + 1)
    what = random.choice((*words, b" ", b"\t", b"a", b".", b"-", b"0", b"*", b"(", b"[", b"{", b"\\", b"%{d}"))
    return data[:at] + what * (random.choice((300, 5000, 60000)) // len(what) + 1) + data[at:]


_OCTETS: tuple[Change, ...] = (_flip, _overwrite, _odd, _cut)
_STRUCTURE: tuple[Change, ...] = (_word, _word, _number, _parts, _parts, _drop, _double, _move, _flood)


def _changed_der(random: Random, data: bytes, words: tuple[bytes, ...]) -> bytes:
    """One element of a DER structure changed, dropped or doubled, and the lengths around it set right again."""
    try:
        elements = _elements(data)
    except IndexError:
        return data
    if not elements or random.random() < 0.15:
        return _flip(random, data, words)
    at = random.randrange(len(elements))
    start, content, end = elements[at]
    element, tag = data[start:end], data[start : start + 1]
    change = random.random()
    if data[start] & 0x20 or (data[start] == 4 and data[content : content + 1] == b"\x30" and change < 0.6):
        element = _der(tag, _changed_der(random, data[content:end], words))
    elif change < 0.1:
        element = b""
    elif change < 0.2:
        element += element * random.choice((1, 2, 500))
    elif change < 0.4:
        element = random.choice(words)
    elif change < 0.7:
        element = _der(tag, random.choice((b"", b"\x00", b"\xff", random.randbytes(random.randrange(1, 40)))))
    else:
        element = _der(tag, _flip(random, data[content:end], words))
    return data[:start] + element + data[end:]


def _elements(data: bytes) -> list[tuple[int, int, int]]:
    """Where each element begins, where its content begins and where it ends. Raises IndexError for what is no DER."""
    found = []
    at = 0
    while at < len(data):
        length, content = data[at + 1], at + 2
        if length & 0x80:
            content += length & 0x7F
            length = int.from_bytes(data[at + 2 : content])
        if content + length > len(data):
            raise IndexError("an element is longer than what holds it")
        found.append((at, content, content + length))
        at = content + length
    return found


def _der(tag: bytes, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return tag + bytes([size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return tag + bytes([0x80 | len(octets)]) + octets + content


def _changed_json(random: Random, data: bytes) -> bytes:
    document = json.loads(data)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        container = document
        while True:
            keys = list(container) if isinstance(container, dict) else range(len(container))
            key: Any = random.choice(keys) if keys else None
            if key is None or not isinstance(container[key], dict | list) or random.random() < 0.15:
                break
            container = container[key]
        match random.randrange(5):
            case 0 if key is not None:
                del container[key]
            case 1 if isinstance(container, list) and key is not None:
                container.append(deepcopy(container[key]))
            case 2 if isinstance(container, dict):
                name = random.choice(("", "x", "verdict", "observation", "not_observed"))
                container[name] = deepcopy(random.choice(_ODD_VALUES))
            case _ if key is not None:
                container[key] = deepcopy(random.choice(_ODD_VALUES))
    text = json.dumps(document)
    if random.random() < 0.05:  # a key that is there twice
        text = text.replace('"version"', '"version": 7, "version"', 1)
    return text.encode()
