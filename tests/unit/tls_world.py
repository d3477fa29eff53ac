"""What the TLS tests share: versions offered to a server, one after the other."""

from __future__ import annotations

import functools

from mailproof.net.hosts import Hosts
from mailproof.net.settings import Limits, NetSettings, TLSDepth
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.facts import Handshake
from mailproof.net.tls.interview import Interview
from mailproof.net.tls.offers import MOST, ask_all
from mailproof.net.tls.questions import Questions
from mailproof.net.tls.versions import TLSVersion


async def offered(endpoint: TLSPeer, limits: Limits, *versions: TLSVersion) -> tuple[Handshake, ...]:
    """What comes of offering ``versions``; raises the first failure."""
    settings = NetSettings(limits=limits, ehlo_name="probe.example")
    questions = Questions(Interview(settings, Hosts(limits), endpoint, MOST[TLSDepth.USUAL]))
    answers: dict[str, Handshake] = {}
    asked = {str(version): functools.partial(questions.version, version) for version in versions}
    for failure in (await ask_all(asked, answers)).values():
        raise failure
    return tuple(answers[version] for version in versions)
