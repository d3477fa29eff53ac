"""What probes make of messages: whose they are, which hop sent them, who took them, what is aligned with From."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailproof.grammars.messages import parse_header
from mailproof.inventory.model import Inventory
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations import Observation
from mailproof.observations.dmarc import DMARC, Step
from mailproof.observations.messages import Message
from mailproof.probes.messages import _belongs_to, _hop, _is_aligned, _is_forwarded, _taken_at
from mailproof.probes.messages import message as read_message
from mailproof.targets.base import Target, Targets
from mailproof.targets.files import MessageFile

from .observed import answer, missing

OURS = "Received: from mx.example.org (mx.example.org [192.0.2.25]) by mx.example.net with ESMTPS; x"
INSIDE = "Received: from edge.example.net (edge.example.net [8.8.8.8]) by store.example.net with LMTP; x"
OUTSIDE = "Received: from mx.example.org (mx.example.org [8.8.4.4]) by edge.example.net with ESMTPS; x"
SPF = "Received-SPF: pass client-ip=1.1.1.1; envelope-from=a@example.org; helo=h.example.org"


def message(*lines: str) -> Message:
    return Message("a.eml", parse_header("\n".join((*lines, "From: a@example.org", "", "x")).encode()))


@pytest.mark.parametrize(
    ("lines", "own", "address", "told_by"),
    [
        ((INSIDE, OUTSIDE), set(), "8.8.4.4", "Received"),
        ((INSIDE, OURS), {"192.0.2.25"}, "192.0.2.25", "Received"),
        ((SPF, INSIDE, OUTSIDE), set(), "1.1.1.1", "Received-SPF"),
        ((SPF, INSIDE, OURS), {"192.0.2.25"}, "192.0.2.25", "Received"),
        ((INSIDE,), set(), "", ""),
        ((), set(), "", ""),
    ],
)
def test_the_hop_that_sent_a_message(lines: tuple[str, ...], own: set[str], address: str, told_by: str) -> None:
    found = _hop(message(*lines), own)
    assert (found.address, found.told_by) == (address, told_by)


def test_who_took_a_message_from_outside() -> None:
    taken = message(INSIDE, OUTSIDE, OURS)
    assert _taken_at(taken, {"store.example.net", "edge.example.net"}, [], set()) == 2
    assert _taken_at(taken, set(), ["example.net"], {"8.8.4.4"}) == 0
    assert _taken_at(taken, set(), ["example.com"], set()) == 0
    assert _taken_at(message(), set(), ["example.net"], set()) == 0


def test_what_is_forwarded_is_not_written_by_us() -> None:
    first = "Received: from client.example.com ([8.8.8.8]) by mx.example.org with ESMTP; x"
    assert _is_forwarded(message(OUTSIDE, first))
    assert not _is_forwarded(message(INSIDE, OUTSIDE, first.replace("ESMTP", "ESMTPSA")))
    assert _is_forwarded(message(OUTSIDE, "ARC-Seal: i=1"))


def test_a_byte_order_mark_is_no_part_of_a_message(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"\xef\xbb\xbfFrom: a@example.org\n\nx")

    async def read() -> Message:
        network = Network(NetSettings())
        try:
            file = MessageFile(str(tmp_path / "a.eml"), "a.eml", "a.eml")
            return await read_message(
                file, network, Inventory.model_validate({"domains": ["example.org"]}), Targets.collect(())
            )
        finally:
            await network.close()

    found = asyncio.run(read())
    assert (found.author_domain, found.header.errors) == ("example.org", ())


def test_the_domain_of_the_inventory_that_a_name_belongs_to() -> None:
    domains = ["example.org", "news.example.org", "xn--mller-kva.example"]
    assert _belongs_to("a.news.example.org", domains) == "news.example.org"
    assert _belongs_to("EXAMPLE.ORG", domains) == "example.org"
    assert _belongs_to("badexample.org", domains) == ""
    assert _belongs_to("müller.example", domains) == "xn--mller-kva.example"
    assert _belongs_to("", domains) == ""


RECORDS = {
    "example.org": "v=DMARC1; p=none",
    "strict.org": "v=DMARC1; p=none; adkim=s",
    "capital.org": "v=DMARC1; p=none; ADKIM=S",
    "own.example.org": "v=DMARC1; p=none; psd=n",
}


async def _look(_: Callable[..., Any], target: Target) -> Any:
    """The walk of a name by the records above."""
    name = target.id
    steps: list[Step] = []
    while name:
        found = answer(f"_dmarc.{name}", "TXT", RECORDS[name]) if name in RECORDS else missing(f"_dmarc.{name}", "TXT")
        steps.append(Step(name, found))
        name = name.partition(".")[2]
    observation: Observation = DMARC(target.id, True, tuple(steps))
    return observation


@pytest.mark.parametrize(
    ("author", "domain", "aligned"),
    [
        ("example.org", "example.org", True),
        ("example.org", "news.example.org", True),
        ("a.example.org", "b.example.org", True),
        ("example.org", "own.example.org", False),
        ("example.org", "example.com", False),
        ("strict.org", "news.strict.org", False),
        ("strict.org", "strict.org", True),
        ("capital.org", "news.capital.org", False),
        ("nothing.example", "sub.nothing.example", False),
    ],
)
def test_alignment(author: str, domain: str, aligned: bool) -> None:
    """RFC 9989, section 4.4: relaxed by the tree walk of both names, strict by adkim=s."""
    found = message()
    about = Message("a.eml", parse_header(f"From: a@{author}\n\nx".encode()))
    assert found.author_domain == "example.org"
    assert asyncio.run(_is_aligned(domain, "adkim", about, _look)) == aligned  # type: ignore[arg-type]
