"""What a server takes of all that can be offered: versions, cipher suites, groups, signature schemes, extensions.

Lists are found by offering all, noting what the server chooses, and offering the rest, until it declines. One hello
tells much: the first one of TLS 1.2 shows suite, curve, signature and extensions at once. The usual depth asks what
eight connections tell of a server that is as it should be; the full one asks everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mailproof.net.errors import KINDS, BoundReached, NoFiles, NotAvailable, NotObserved, Refused, Throttled
from mailproof.net.hosts import Hosts
from mailproof.net.settings import NetSettings, TLSDepth
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.facts import (
    ALPN,
    Dated,
    DiffieHellman,
    Handshake,
    SuiteList,
    Tolerance,
    Traits,
    Unanswered,
    WithoutSNI,
)
from mailproof.net.tls.full_questions import FullQuestions
from mailproof.net.tls.interview import HungUp, Interview, SaysNothing
from mailproof.net.tls.questions import Questions
from mailproof.net.tls.version_questions import OLD_VERSIONS
from mailproof.net.tls.versions import TLSVersion

MOST = {TLSDepth.USUAL: 48, TLSDepth.FULL: 250}
"""Connections to one endpoint at most, retries aside. The usual questions take 8 with a right server, and 48 with
the worst: one that hangs up on every hello which it does not like, and likes only the weak ones."""


class Question(StrEnum):
    """What is asked, beside each version (which is called by its name)."""

    WEAK = "weak suites"
    SUITES = "suites"
    DATED = "suites out of date"
    TRAITS = "traits"
    HYBRID = "post-quantum groups"
    GROUP = "group of TLS 1.3"
    SHA1 = "signatures over SHA-1"
    WITHOUT_SNI = "a hello without a name"
    REUSED = "key exchange values"
    LEAVES = "certificates"
    GROUPS = "groups of TLS 1.3"
    CURVES = "curves"
    SCHEMES_12 = "signature schemes of TLS 1.2"
    SCHEMES_13 = "signature schemes of TLS 1.3"
    DIFFIE_HELLMAN = "Diffie-Hellman"
    ENCRYPT_THEN_MAC = "encrypt-then-MAC"
    ALPN = "ALPN"
    FALLBACK_REFUSED = "fallback"
    TOLERANCE = "large hellos and reserved values"


@dataclass(frozen=True)
class Offers:
    """What a server takes. None: not asked, in this depth or because it failed (``unanswered`` says why).

    An empty list was asked for, and the server takes nothing of it. All lists are in the order in which the server
    chose; suites, groups and schemes are called as ``suites.py`` and ``groups.py`` call them.
    """

    depth: TLSDepth
    connections: int
    versions: tuple[Handshake, ...]
    """Every version that was asked for, oldest first, with all suites that it knows."""
    unanswered: tuple[Unanswered, ...] = ()
    weak: tuple[Handshake, ...] | None = None
    """Each kind in the newest version up to TLS 1.2; in the full depth RC4 and 3DES in every one that is spoken."""
    dated: tuple[Dated, ...] | None = None
    """Each kind of suites that are out of date, in TLS 1.2; empty where that is not spoken."""
    traits: Traits | None = None
    """What the newest version up to TLS 1.2 shows; None also where none is spoken."""
    hybrid: str | None = None
    """The post-quantum hybrid group that it chooses first; empty where it takes none."""
    group: str | None = None
    """The group of TLS 1.3 that it chooses of all; empty where it does not speak TLS 1.3."""
    sha1: bool | None = None
    """Whether a key exchange of TLS 1.2 is signed with SHA-1 or MD5; None also where TLS 1.2 is not spoken."""
    without_sni: WithoutSNI | None = None
    """None also where the host has no name that could be sent."""
    reused: str | None = None
    """The group of a key exchange value that came twice; empty: none did; None also where fewer than two were seen."""
    leaves: tuple[str, ...] | None = None
    """The SHA-256 of the certificates that the server sent in clear; None where fewer than two answers had one."""
    suites: tuple[SuiteList, ...] | None = None
    """Of TLS 1.3 and of the newest version up to TLS 1.2."""
    groups: tuple[str, ...] | None = None
    """Of TLS 1.3."""
    curves: tuple[str, ...] | None = None
    """Of TLS 1.2 or older."""
    schemes_12: tuple[str, ...] | None = None
    schemes_13: tuple[str, ...] | None = None
    """In no order. None also where the server does not look at the schemes before it needs them."""
    diffie_hellman: tuple[DiffieHellman, ...] | None = None
    """The group of finite-field Diffie-Hellman, if it has one."""
    encrypt_then_mac: bool | None = None
    """With a CBC suite (RFC 7366)."""
    alpn: tuple[ALPN, ...] | None = None
    fallback_refused: bool | None = None
    """Whether a client that falls back to an older version is stopped (RFC 7507)."""
    tolerance: Tolerance | None = None


async def ask_offers(settings: NetSettings, hosts: Hosts, endpoint: TLSPeer, *, spoken: bool = False) -> Offers:
    """Ask ``endpoint`` everything that belongs to the depth of the settings.

    ``spoken``: it has completed a handshake before, so that one which hangs up on everything has stopped answering.

    A question that fails is in ``unanswered``; what may pass is asked again, as the limits say. Raises the failure
    where no question has an answer: Refused, TimedOut, ClosedEarly, Malformed, NotAvailable (no STARTTLS), NoTLS,
    NoTLSNow, Throttled, and what ``Hosts`` raises.
    """
    limits = settings.limits
    interview = Interview(settings, hosts, endpoint, MOST[limits.tls_depth], spoken=spoken)
    full = limits.tls_depth is TLSDepth.FULL
    asked = _full(FullQuestions(interview)) if full else _usual(Questions(interview))
    answers: dict[str, Any] = {}
    failures: dict[str, NotObserved] = {}
    for attempt in range(1 + limits.retries):
        if attempt:
            await asyncio.sleep(limits.retry_pause)
            interview.allow(MOST[limits.tls_depth])
        failures = await ask_all({name: ask for name, ask in asked.items() if name not in answers}, answers)
        if failures and not interview.has_answers:
            first = next(iter(failures.values()))
            raise KINDS[first.kind](first.reason, first.evidence) from first  # what only an interview knows stays in it
        if not any(failure.transient for failure in failures.values()):
            break
    unanswered = (Unanswered(name, type(f).kind, f.reason, f.evidence) for name, f in failures.items())
    return Offers(
        depth=limits.tls_depth,
        connections=interview.connections,
        versions=tuple(answers.pop(version) for version in TLSVersion if version in answers),
        unanswered=tuple(unanswered),
        **{Question(name).name.lower(): answer for name, answer in answers.items()},
    )


_Asked = dict[str, Callable[[], Awaitable[Any]]]
"""Questions by name, those first that tell most."""


def _usual(questions: Questions) -> _Asked:
    def version(wanted: TLSVersion) -> Callable[[], Awaitable[Handshake]]:
        special = {TLSVersion.TLS1_3: questions.tls_1_3, TLSVersion.SSLV2: questions.ssl_2}
        return special.get(wanted, lambda: questions.version(wanted))

    order = (TLSVersion.TLS1_3, TLSVersion.TLS1_1, TLSVersion.TLS1_2, *OLD_VERSIONS[2:], TLSVersion.SSLV2)
    return {
        **{str(wanted): version(wanted) for wanted in order},
        Question.TRAITS: questions.traits,
        Question.HYBRID: questions.hybrid,
        Question.GROUP: questions.group,
        Question.WEAK: questions.weak,
        Question.DATED: questions.dated,
        Question.SHA1: questions.sha1,
        Question.WITHOUT_SNI: questions.without_sni,
        **_from_what_was_seen(questions),
    }


def _full(questions: FullQuestions) -> _Asked:
    return {
        **{name: ask for name, ask in _usual(questions).items() if name not in _from_what_was_seen(questions)},
        Question.GROUPS: questions.groups,
        Question.CURVES: questions.curves,
        Question.SCHEMES_12: questions.schemes_12,
        Question.SCHEMES_13: questions.schemes_13,
        Question.DIFFIE_HELLMAN: questions.diffie_hellman,
        Question.ENCRYPT_THEN_MAC: questions.encrypt_then_mac,
        Question.ALPN: questions.alpn,
        Question.FALLBACK_REFUSED: questions.fallback_refused,
        Question.TOLERANCE: questions.tolerance,
        Question.SUITES: questions.suites,
        **_from_what_was_seen(questions),
    }


def _from_what_was_seen(questions: Questions) -> _Asked:
    """What is told from all answers that are there: the last of all."""
    return {Question.REUSED: questions.reused, Question.LEAVES: questions.leaves}


_ABOUT_THE_SERVER = (Throttled, Refused, BoundReached, NoFiles, NotAvailable, SaysNothing)
"""Failures that would only happen again with another hello."""


async def ask_all(
    waiting: Mapping[str, Callable[[], Awaitable[Any]]], answers: dict[str, Any]
) -> dict[str, NotObserved]:
    """Ask what is waiting, put the answers into ``answers``, and return what failed.

    A hello on which the server hung up is asked again after all the others.
    """
    failures: dict[str, NotObserved] = {}
    while waiting:
        hung_up: dict[str, Callable[[], Awaitable[Any]]] = {}
        for name, ask in waiting.items():
            try:
                answers[name] = await ask()
            except HungUp:
                hung_up[name] = ask
            except NotObserved as failure:
                failures[name] = failure
                if isinstance(failure, _ABOUT_THE_SERVER):
                    left = (later for later in waiting if later not in answers)
                    return failures | dict.fromkeys((*left, *hung_up), failure) | failures
        waiting = hung_up
    return failures
