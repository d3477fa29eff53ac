"""Old TLS is found where it is really spoken."""

from __future__ import annotations

import asyncio

import pytest

from mailproof.fixtures.authority import CertificateSpec
from mailproof.fixtures.old_tls import OldTLSBehaviour, OldTLSPeer, available
from mailproof.net.hosts import Hosts
from mailproof.net.pkix.certificates import Chain
from mailproof.net.settings import NetSettings
from mailproof.net.smtp import TLSSession
from mailproof.net.tls.handshakes import Handshake, TLSClient, TLSPeer, TLSVersion
from tests.unit.smtp_world import HOST, QUICK, authority, client

pytestmark = pytest.mark.skipif(not available(), reason="nassl's OpenSSL cannot be driven as a server here")


def ask(
    behaviour: OldTLSBehaviour, *questions: tuple[TLSVersion, str | None]
) -> tuple[list[Handshake], tuple[Chain, ...] | None]:
    """The answers to ``questions``; without any, the certificates."""

    async def run() -> tuple[list[Handshake], tuple[Chain, ...] | None]:
        peer = OldTLSPeer(behaviour, authority())
        where = await peer.start()
        try:
            async with TLSClient(NetSettings(limits=QUICK), Hosts(QUICK)) as tls:
                endpoint = TLSPeer(where.address, where.port, HOST, "smtp" if behaviour.starttls else None)
                answers = [await tls.accepts(endpoint, *question) for question in questions]
                return answers, None if questions else await tls.certificates(endpoint)
        finally:
            await peer.stop()

    return asyncio.run(run())


@pytest.mark.parametrize("starttls", [True, False])
def test_every_old_version_is_found(starttls: bool) -> None:
    versions = [(version, None) for version in TLSVersion]
    answers, _ = ask(OldTLSBehaviour(starttls=starttls), *versions)
    accepted = [answer.version for answer in answers if answer.accepted]
    assert accepted == [TLSVersion.SSLV2, TLSVersion.SSLV3, TLSVersion.TLS1_0]
    assert all(answer.cipher for answer in answers if answer.accepted)


def test_only_the_version_that_is_spoken_is_found() -> None:
    versions = [(version, None) for version in TLSVersion]
    answers, _ = ask(OldTLSBehaviour(versions=("SSLv3",)), *versions)
    assert [answer.version for answer in answers if answer.accepted] == [TLSVersion.SSLV3]


@pytest.mark.parametrize(
    ("served", "offered", "cipher"),
    [
        ("RC4-SHA", "RC4", "RC4-SHA"),
        ("DES-CBC3-SHA", "3DES", "DES-CBC3-SHA"),
        ("EXP-DES-CBC-SHA", "EXPORT", "EXP-DES-CBC-SHA"),
        ("NULL-SHA", "eNULL", "NULL-SHA"),
        ("AECDH-AES128-SHA", "aNULL", "AECDH-AES128-SHA"),
    ],
)
@pytest.mark.parametrize("version", [TLSVersion.TLS1_0, TLSVersion.TLS1_2])
def test_weak_suites_are_found_by_name_and_among_all(
    served: str, offered: str, cipher: str, version: TLSVersion
) -> None:
    behaviour = OldTLSBehaviour(versions=("TLSv1", "TLSv1.2"), ciphers=served)
    (named, among_all, other), _ = ask(behaviour, (version, offered), (version, None), (version, "AES128-SHA"))
    assert (named.accepted, named.cipher) == (True, cipher)
    assert (among_all.accepted, among_all.cipher) == (True, cipher)
    assert not other.accepted


@pytest.mark.parametrize("version", [TLSVersion.TLS1_0, TLSVersion.TLS1_2])
def test_weak_diffie_hellman_counts_as_accepted(version: TLSVersion) -> None:
    behaviour = OldTLSBehaviour(versions=("TLSv1", "TLSv1.2"), ciphers="DHE-RSA-AES128-SHA")
    (answer,), _ = ask(behaviour, (version, None))
    assert answer.accepted


@pytest.mark.parametrize("version", ["SSLv3", "TLSv1"])
def test_certificates_of_old_servers(version: str) -> None:
    behaviour = OldTLSBehaviour(
        versions=(version,),  # type: ignore[arg-type]
        certificate=CertificateSpec(key="rsa1024"),
    )
    _, chains = ask(behaviour)
    assert chains is not None
    assert [chain.leaf.key_bits for chain in chains] == [1024]


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
