"""ARC chains (RFC 8617, section 5.2): dkimpy seals, and whatever is changed behind the seal is noticed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dkim
import pytest

from mailproof.grammars.dkim import parse_key_record
from mailproof.grammars.messages import parse_header
from mailproof.net.errors import TimedOut
from mailproof.observations.arc import ARCChain
from mailproof.observations.messages import Message
from mailproof.probes.arc import MAX_SETS, arc_chain
from mailproof.probes.dkim_verification import verify_chain
from mailproof.targets.files import MessageFile

from .observed import answer, missing
from .test_dkim_signatures import MESSAGE, pem, record

NAME = "sel1._domainkey.list.example"
RESULTS = b"Authentication-Results: list.example; dkim=pass header.d=example.org"
KEYS = {NAME: parse_key_record(record())}


def sealed(message: bytes = MESSAGE, times: int = 1) -> bytes:
    """The message as ``times`` forwarders passed it on, one after the other."""
    for number in range(times):
        message = RESULTS + (b"; arc=pass\r\n" if number else b"\r\n") + message
        fields = dkim.arc_sign(message, b"sel1", b"list.example", pem(), b"list.example")
        message = b"".join(fields) + message
    return message


@pytest.mark.parametrize("times", [1, 2])
def test_a_whole_chain_verifies(times: int) -> None:
    assert verify_chain(sealed(times=times), KEYS) == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Hello", b"Hullo"),
        (b"blanks", b"blancs"),
        (b"dkim=pass", b"dkim=fail"),
        (b"cv=none", b"cv=pass"),
        (b"ARC-Authentication-Results", b"X-Authentication-Results"),
        (b"s=sel1", b"s=sel2"),
        (b"b=", b"b=A"),
        (b"i=1", b"i=x"),
        (b"ARC-Seal:", b"ARC-Seal: i=1; a=rsa-sha256\r\nARC-Seal:"),
    ],
)
def test_what_is_changed_is_noticed(before: bytes, after: bytes) -> None:
    assert verify_chain(sealed().replace(before, after), KEYS)


def test_a_key_that_is_not_there_or_too_short_verifies_nothing() -> None:
    assert verify_chain(sealed(), {})
    assert verify_chain(sealed(), {NAME: parse_key_record(record(bits=1024))})


def test_blanks_without_end_take_no_time() -> None:
    assert verify_chain(sealed() + b" \t" * 500_000 + b"x\r\n", KEYS)


def _observed(data: bytes, resolve: Any, tmp_path: Path, ours: str = "") -> ARCChain:
    async def read(path: Path, limit: int = 0) -> bytes:
        return data

    net: Any = SimpleNamespace(dns=SimpleNamespace(resolve=resolve), files=SimpleNamespace(read=read))
    file = MessageFile(str(tmp_path / "a.eml"), "a.eml", ".")

    async def run() -> ARCChain:
        return await arc_chain(file, net, Message("a.eml", parse_header(data), ours))

    return asyncio.run(run())


def test_only_for_a_message_of_ours_anything_is_asked(tmp_path: Path) -> None:
    asked: list[str] = []

    async def resolve(name: str, type: str) -> Any:
        asked.append(name)
        return answer(name, type, record())

    assert _observed(sealed(times=2), resolve, tmp_path, ours="example.org").broken == ""
    assert asked == [NAME]
    del asked[:]
    assert _observed(sealed(), resolve, tmp_path).sets == 1
    assert asked == []


def test_silence_is_no_broken_chain(tmp_path: Path) -> None:
    async def silent(name: str, type: str) -> Any:
        raise TimedOut("no answer")

    async def nothing(name: str, type: str) -> Any:
        return missing(name, type)

    assert _observed(sealed(), silent, tmp_path, ours="example.org").unknown == "no answer"
    assert _observed(sealed(), nothing, tmp_path, ours="example.org").broken
    many = _observed(sealed(times=MAX_SETS + 1), silent, tmp_path, ours="example.org")
    assert "more than" in many.unknown
