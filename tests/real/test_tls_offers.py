"""What hellos find on servers of OpenSSL, GnuTLS, Go and nginx is what these were told to take; in both depths."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mailproof.fixtures.authority import Authority, CertificateSpec
from mailproof.net.hosts import Hosts
from mailproof.net.settings import Limits, NetSettings, TLSDepth
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.handshakes import TLSClient
from mailproof.net.tls.offers import Offers, ask_offers
from mailproof.net.tls.versions import TLSVersion
from tests.real.lab import Lab, plan
from tests.real.tls_servers import SERVERS, TLSServer, openssl, openssl_with_two_keys, running

HOST = "mx.example"


def limits(depth: TLSDepth) -> Limits:
    return Limits(connect=10, greeting=10, reply=10, tls=10, pause=0, retries=0, tls_depth=depth)


def asked(port: int, depth: TLSDepth) -> Offers:
    hosts = Hosts(limits(depth))
    endpoint = TLSPeer("127.0.0.1", port, HOST, None)
    offers = asyncio.run(ask_offers(NetSettings(limits=limits(depth)), hosts, endpoint))
    assert offers.connections == hosts.connections["127.0.0.1"]
    return offers


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_what_servers_were_told_to_take_is_found(server: TLSServer, authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue((HOST,), CertificateSpec(key=server.key))  # type: ignore[arg-type]
    with running(server, tmp_path, issued) as port:
        usual, full = asked(port, TLSDepth.USUAL), asked(port, TLSDepth.FULL)
    for offers in (usual, full):
        assert tuple(h.version for h in offers.versions if h.accepted) == server.versions
        assert offers.unanswered == ()
    assert {name: getattr(full, name) for name in server.found} == server.found
    listed = {suites.version: (suites.suites, bool(suites.server_order)) for suites in full.suites or ()}
    assert {version: listed[version] for version in server.suites} == server.suites
    assert (usual.hybrid, usual.traits) == (full.hybrid, full.traits)
    assert usual.weak == tuple(
        h for h in full.weak or () if h.version is server.versions[-1] or h.version is TLSVersion.TLS1_2
    )
    assert (usual.suites, usual.groups, usual.schemes_13) == (None, None, None)
    assert usual.connections <= server.usual
    assert full.connections <= server.full


def test_the_size_of_diffie_hellman_and_its_prime(authority: Authority, tmp_path: Path) -> None:
    server = next(server for server in SERVERS if "finite-field" in server.name)
    with running(server, tmp_path, authority.issue((HOST,), CertificateSpec(key="rsa2048"))) as port:
        found = asked(port, TLSDepth.FULL).diffie_hellman
    assert found is not None
    assert [(group.bits, group.prime, group.generator) for group in found] == [(3072, "ffdhe3072", 2)]


_OLD = ("-cipher", "DEFAULT:@SECLEVEL=0")
_AS_IT_COMES = TLSServer("OpenSSL as it comes", openssl(), (), 11, 60)
_AND_OLD = TLSServer("OpenSSL as it comes, with TLS 1.0 and 1.1", openssl(*_OLD), (), 12, 60)
_OLD_ALONE = TLSServer("OpenSSL without TLS 1.3", openssl(*_OLD, "-no_tls1_3"), (), 12, 60)
_TWO_KEYS = TLSServer("OpenSSL with two keys, and TLS 1.0 and 1.1", openssl_with_two_keys(*_OLD), (), 12, 0)
_NGINX = next(server for server in SERVERS if server.name == "nginx")


@pytest.mark.parametrize(
    ("server", "depth", "most"),
    [
        *((server, TLSDepth.USUAL, 14) for server in (_NGINX, _AS_IT_COMES, _AND_OLD, _OLD_ALONE, _TWO_KEYS)),
        *((server, TLSDepth.FULL, 60) for server in (_NGINX, _AS_IT_COMES, _AND_OLD, _OLD_ALONE)),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_what_a_server_gets_with_its_certificates(
    server: TLSServer, depth: TLSDepth, most: int, authority: Authority, tmp_path: Path
) -> None:
    async def look(port: int) -> int:
        hosts, settings = Hosts(limits(depth)), NetSettings(limits=limits(depth))
        peer = TLSPeer("127.0.0.1", port, HOST, None)
        async with TLSClient(settings, hosts) as tls:
            offers = await tls.offers(peer)
            await tls.certificates(peer, known=offers.leaves or ())
        return hosts.connections["127.0.0.1"]

    with running(server, tmp_path, authority.issue((HOST,), CertificateSpec(key=server.key))) as port:  # type: ignore[arg-type]
        assert asyncio.run(look(port)) <= most


SCRIPT = """
import asyncio, dataclasses, json, sys
from mailproof.net.hosts import Hosts
from mailproof.net.settings import Limits, NetSettings, TLSDepth
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.handshakes import TLSClient
address, port, host, starttls, depth = sys.argv[1:]
limits = Limits(pause=0.0, retries=0, tls_depth=TLSDepth(depth))
endpoint = TLSPeer(address, int(port), host, starttls or None)
settings = NetSettings(limits=limits, ehlo_name="prober.client.test")
hosts = Hosts(limits)
async def look():
    async with TLSClient(settings, hosts) as tls:
        offers = await tls.offers(endpoint)
        await tls.certificates(endpoint, known=offers.leaves or ())
    return offers
found = dataclasses.asdict(asyncio.run(look()))
print(json.dumps(found | {"with_certificates": hosts.connections[address]}))
"""


def asked_in_lab(lab: Lab, label: str, depth: TLSDepth, port: int = 25, starttls: str = "smtp") -> dict[str, Any]:
    domain = plan.by_label(label)
    address = plan.address(domain) if port == 25 else plan.store_address(domain)
    done = lab.run([sys.executable, "-c", SCRIPT, address, str(port), domain.host, starttls, depth])
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["unanswered"] == []
    return found


def versions(found: dict[str, Any]) -> list[str]:
    return [handshake["version"] for handshake in found["versions"] if handshake["accepted"]]


class TestLaboratory:
    @pytest.mark.parametrize(
        ("label", "spoken", "usual"),
        [
            ("right", ["TLSv1.2", "TLSv1.3"], 9),
            ("right-exim", ["TLSv1.2", "TLSv1.3"], 9),
            ("chasquid", ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"], 14),
            ("right-haproxy", ["TLSv1.2", "TLSv1.3"], 9),
            ("tls11-postfix", ["TLSv1.1", "TLSv1.2", "TLSv1.3"], 13),
            ("tls11-only", ["TLSv1.1"], 13),
            ("ssl3", ["SSLv3"], 10),
            ("ssl2", ["SSLv2", "TLSv1.2"], 13),
            ("old-ciphers", ["TLSv1.0"], 11),
        ],
    )
    def test_versions_behind_starttls(self, lab: Lab, label: str, spoken: list[str], usual: int) -> None:
        found = asked_in_lab(lab, label, TLSDepth.USUAL)
        assert versions(found) == spoken
        assert found["connections"] <= usual

    @pytest.mark.parametrize(("port", "starttls"), [(143, "imap"), (993, ""), (110, "pop3"), (995, "")])
    def test_mail_stores(self, lab: Lab, port: int, starttls: str) -> None:
        """Dovecot hangs up on what it refuses; two of those hellos take two connections."""
        found = asked_in_lab(lab, "right-dovecot", TLSDepth.USUAL, port, starttls)
        assert versions(found) == ["TLSv1.2", "TLSv1.3"]
        assert found["connections"] <= 11

    @pytest.mark.parametrize(
        ("depth", "most", "label", "port", "starttls"),
        [
            *(
                (TLSDepth.USUAL, 14, label, port, starttls)
                for label, port, starttls in (
                    ("right-dovecot", 143, "imap"),
                    ("right-cyrus", 993, ""),
                    ("right-stunnel", 993, ""),
                    ("stunnel-static", 993, ""),
                    ("right", 25, "smtp"),
                    ("small-key-exim", 25, "smtp"),
                    ("tls11-postfix", 25, "smtp"),
                    ("chasquid", 25, "smtp"),
                )
            ),
            (TLSDepth.FULL, 60, "right-dovecot", 993, ""),
            (TLSDepth.FULL, 60, "right-cyrus", 993, ""),
            (TLSDepth.FULL, 60, "tls11-postfix", 25, "smtp"),
        ],
    )
    def test_with_certificates(
        self, lab: Lab, depth: TLSDepth, most: int, label: str, port: int, starttls: str
    ) -> None:
        found = asked_in_lab(lab, label, depth, port, starttls)
        assert found["with_certificates"] <= most

    @pytest.mark.parametrize("bits", [512, 1024])
    def test_weak_diffie_hellman(self, lab: Lab, bits: int) -> None:
        found = asked_in_lab(lab, f"dh-{bits}", TLSDepth.FULL)
        assert [group["bits"] for group in found["diffie_hellman"]] == [bits]

    @pytest.mark.parametrize(
        ("label", "groups", "own_order"),
        [
            ("right", ["x25519", "secp256r1"], True),
            ("right-exim", ["x25519", "secp256r1"], None),
            ("chasquid", ["x25519", "secp256r1", "secp384r1", "secp521r1"], None),
        ],
    )
    def test_everything_behind_starttls(self, lab: Lab, label: str, groups: list[str], own_order: bool | None) -> None:
        found = asked_in_lab(lab, label, TLSDepth.FULL)
        assert set(groups) <= set(found["groups"])
        assert set(groups) <= set(found["curves"])
        assert {listed["version"] for listed in found["suites"]} == {"TLSv1.2", "TLSv1.3"}
        if own_order is not None:
            assert found["suites"][-1]["server_order"] is own_order
        assert found["connections"] <= 110
