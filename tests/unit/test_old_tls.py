"""Old TLS is found where it is really spoken."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from mailproof.fixtures.authority import CertificateSpec
from mailproof.fixtures.old_tls import OldTLSBehaviour, OldTLSPeer, available
from mailproof.net.dialogue import TLSSession
from mailproof.net.hosts import Hosts
from mailproof.net.pkix.certificates import Chain
from mailproof.net.settings import Limits, NetSettings, TLSDepth
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.handshakes import TLSClient
from mailproof.net.tls.offers import Question, ask_offers
from mailproof.net.tls.suites import DatedKind, WeakKind
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import TLSOffers
from tests.unit.smtp_world import HOST, QUICK, authority, client

FULL = replace(QUICK, tls_depth=TLSDepth.FULL)

pytestmark = pytest.mark.skipif(not available(), reason="nassl's OpenSSL cannot be driven as a server here")


def asked(behaviour: OldTLSBehaviour, limits: Limits = QUICK) -> TLSOffers:
    async def run() -> TLSOffers:
        peer = OldTLSPeer(behaviour, authority())
        where = await peer.start()
        try:
            endpoint = TLSPeer(where.address, where.port, HOST, "smtp" if behaviour.starttls else None)
            return TLSOffers(
                "", behaviour.starttls, await ask_offers(NetSettings(limits=limits), Hosts(limits), endpoint)
            )
        finally:
            await peer.stop()

    return asyncio.run(run())


@pytest.mark.parametrize("starttls", [True, False])
def test_every_old_version_is_found(starttls: bool) -> None:
    seen = asked(OldTLSBehaviour(starttls=starttls))
    assert seen.accepted == (TLSVersion.SSLV2, TLSVersion.SSLV3, TLSVersion.TLS1_0)
    assert all(seen.version(version).cipher for version in seen.accepted)
    assert not seen.version(TLSVersion.TLS1_3).accepted


def test_only_the_version_that_is_spoken_is_found() -> None:
    assert asked(OldTLSBehaviour(versions=("SSLv3",))).accepted == (TLSVersion.SSLV3,)


@pytest.mark.parametrize(
    ("served", "cipher", "weak"),
    [
        ("RC4-SHA", "RC4-SHA", WeakKind.RC4),
        ("DES-CBC3-SHA", "DES-CBC3-SHA", WeakKind.TRIPLE_DES),
        ("ADH-RC4-MD5", "ADH-RC4-MD5", WeakKind.ANONYMOUS),
        ("EXP-DES-CBC-SHA", "EXP-DES-CBC-SHA", WeakKind.EXPORT),
        ("DES-CBC-SHA", "DES-CBC-SHA", WeakKind.DES),
        ("NULL-SHA", "NULL-SHA", WeakKind.NULL),
        ("AECDH-AES128-SHA", "AECDH-AES128-SHA", WeakKind.ANONYMOUS),
        ("DHE-RSA-AES128-SHA", "DHE-RSA-AES128-SHA", None),
    ],
)
def test_weak_suites_are_found_by_kind_and_among_all(served: str, cipher: str, weak: WeakKind | None) -> None:
    seen = asked(OldTLSBehaviour(versions=("TLSv1", "TLSv1.2"), ciphers=served), FULL)
    assert {seen.version(version).cipher for version in seen.accepted} == {cipher}
    assert seen.accepted == (TLSVersion.TLS1_0, TLSVersion.TLS1_2)
    found = {kind: {h.cipher for h in seen.weak(kind)} for kind in WeakKind}
    assert found == {kind: {cipher if kind is weak else None} for kind in WeakKind}
    versions = {kind: [h.version for h in seen.weak(kind)] for kind in (WeakKind.RC4, WeakKind.NULL)}
    assert versions == {
        WeakKind.RC4: [TLSVersion.TLS1_0, TLSVersion.TLS1_2],
        WeakKind.NULL: [TLSVersion.TLS1_2],
    }


@pytest.mark.parametrize(
    ("served", "kind", "cipher"),
    [
        ("AES128-SHA", DatedKind.STATIC, "AES128-SHA"),
        ("ECDHE-RSA-AES128-SHA256", DatedKind.CBC, "ECDHE-RSA-AES128-SHA256"),
        ("DHE-RSA-AES128-SHA", DatedKind.DHE, "DHE-RSA-AES128-SHA"),
        ("ECDHE-RSA-AES128-GCM-SHA256", None, None),
    ],
)
def test_suites_out_of_date_are_found_by_kind(served: str, kind: DatedKind | None, cipher: str | None) -> None:
    seen = asked(OldTLSBehaviour(versions=("TLSv1.2",), ciphers=served))
    found = {shown.kind: shown for one in DatedKind if (shown := seen.dated(one)) is not None}
    assert {one: shown.cipher for one, shown in found.items()} == {
        one: cipher if one is kind else None for one in DatedKind
    }
    assert not any(shown.encrypt_then_mac for shown in found.values())
    assert [shown.group.bits for shown in found.values() if shown.group] == ([512] if kind is DatedKind.DHE else [])


def test_sha_1_is_seen_where_a_client_knows_nothing_else() -> None:
    seen = asked(OldTLSBehaviour(versions=("TLSv1.2",), ciphers="ECDHE-RSA-AES128-GCM-SHA256"))
    assert seen.found(Question.SHA1) is True
    assert seen.found(Question.REUSED) == ""


def test_both_weak_kinds_are_told_apart() -> None:
    seen = asked(OldTLSBehaviour(versions=("SSLv3", "TLSv1"), ciphers="RC4-SHA:RC4-MD5:DES-CBC3-SHA:AES128-SHA"), FULL)
    assert [(h.version, h.cipher) for h in seen.weak(WeakKind.TRIPLE_DES)] == [
        (TLSVersion.SSLV3, "DES-CBC3-SHA"),
        (TLSVersion.TLS1_0, "DES-CBC3-SHA"),
    ]
    assert all(h.accepted and "RC4" in str(h.cipher) for h in seen.weak(WeakKind.RC4))


def test_the_usual_depth_asks_for_weak_suites_in_the_newest_version() -> None:
    seen = asked(OldTLSBehaviour(versions=("TLSv1", "TLSv1.2"), ciphers="RC4-SHA:AES128-SHA"))
    assert [(h.version, h.accepted) for h in seen.weak(WeakKind.RC4)] == [(TLSVersion.TLS1_2, True)]


def test_weak_diffie_hellman_is_seen() -> None:
    seen = asked(OldTLSBehaviour(versions=("TLSv1.2",), ciphers="DHE-RSA-AES128-SHA"), FULL)
    assert seen.offers is not None
    assert seen.offers.diffie_hellman is not None
    assert [(group.bits, group.generator) for group in seen.offers.diffie_hellman] == [(512, 2)]


def certificates(behaviour: OldTLSBehaviour) -> tuple[Chain, ...]:
    async def run() -> tuple[Chain, ...]:
        peer = OldTLSPeer(behaviour, authority())
        where = await peer.start()
        try:
            async with TLSClient(NetSettings(limits=QUICK), Hosts(QUICK)) as tls:
                return await tls.certificates(TLSPeer(where.address, where.port, HOST, "smtp"))
        finally:
            await peer.stop()

    return asyncio.run(run())


@pytest.mark.parametrize("version", ["SSLv3", "TLSv1"])
def test_certificates_of_old_servers(version: str) -> None:
    behaviour = OldTLSBehaviour(
        versions=(version,),  # type: ignore[arg-type]
        certificate=CertificateSpec(key="rsa1024"),
    )
    assert [chain.leaf.key_bits for chain in certificates(behaviour)] == [1024]


def test_the_dialogue_speaks_with_them_too() -> None:
    async def run() -> tuple[TLSSession, int]:
        peer = OldTLSPeer(OldTLSBehaviour(versions=("TLSv1",)), authority())
        where = await peer.start()
        try:
            async with client().connect(where.address, where.port, host=HOST) as dialogue:
                await dialogue.greeting()
                await dialogue.ehlo()
                await dialogue.starttls()
                return await dialogue.handshake(), (await dialogue.ehlo()).code
        finally:
            await peer.stop()

    session, code = asyncio.run(run())
    assert session.version == "TLSv1"
    assert code == 250
