"""The HTTPS client against right policy hosts and wrong ones."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from mailproof.fixtures.authority import CertificateSpec
from mailproof.fixtures.https_peer import HTTPSPeer, Site
from mailproof.net.errors import ClosedEarly, Malformed, NotObserved, Refused, TimedOut
from mailproof.net.hosts import Hosts
from mailproof.net.https import HTTPSClient, Response, TLSFault
from mailproof.net.settings import Limits, NetSettings, SocketAddress
from tests.unit.smtp_world import IMPATIENT, QUICK, authority

NAME = "mta-sts.mail.example"
URL = f"https://{NAME}/.well-known/mta-sts.txt"
POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mx.example\r\nmax_age: 604800\r\n"


def fetch(
    *sites: Site, limits: Limits = QUICK, addresses: tuple[str, ...] = ("192.0.2.80",), trusted: bool = True
) -> tuple[Response, HTTPSPeer]:
    async def run() -> tuple[Response, HTTPSPeer]:
        peer = HTTPSPeer(sites, authority())
        where = await peer.start()
        settings = NetSettings(
            limits=limits,
            ca_file=authority().root_file if trusted else None,
            connect={"192.0.2.80:443": where, "192.0.2.81:443": SocketAddress("127.0.0.1", closed_port())},
        )
        try:
            return await HTTPSClient(settings, Hosts(limits)).fetch(URL, addresses), peer
        finally:
            await peer.stop()

    return asyncio.run(run())


def closed_port() -> int:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        return int(unheard.getsockname()[1])


def test_a_right_policy() -> None:
    response, peer = fetch(Site(NAME, POLICY, content_type="Text/Plain; charset=utf-8"))
    assert (response.status, response.content_type, response.body) == (200, "text/plain", POLICY)
    assert (response.url, response.address, response.tls_error) == (URL, "192.0.2.80", None)
    assert ("content-type", "Text/Plain; charset=utf-8") in response.headers
    (asked,) = peer.asked
    assert asked.sni == NAME
    assert asked.request == "GET /.well-known/mta-sts.txt HTTP/1.1"
    assert dict(asked.headers)["host"] == NAME
    assert dict(asked.headers)["accept-encoding"] == "identity"
    assert response.evidence()[1] == "status 200"
    assert "mode: enforce" in response.evidence()
    adapter = TypeAdapter(Response)
    assert adapter.validate_json(adapter.dump_json(response)) == response


@pytest.mark.parametrize("status", [301, 302, 307, 308, 404, 500])
def test_redirects_and_errors_are_returned(status: int) -> None:
    response, peer = fetch(Site(NAME, status=status, headers=(("Location", "https://elsewhere.test/"),)))
    assert response.status == status
    assert ("location", "https://elsewhere.test/") in response.headers
    assert peer.connections == 1


@pytest.mark.parametrize("location", ["https:\xff//example.org/", "http://[", "https://a:99999999/", "\x01", URL, ""])
def test_where_a_redirect_leads_is_not_even_parsed(location: str) -> None:
    response, peer = fetch(Site(NAME, status=301, headers=(("Location", location),)))
    assert (response.status, len(peer.asked)) == (301, 1)


def test_the_site_is_chosen_by_sni() -> None:
    response, _ = fetch(Site("other.example", "wrong"), Site(NAME, POLICY))
    assert response.body == POLICY


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (CertificateSpec(names=("other.example",)), "Hostname mismatch"),
        (CertificateSpec(not_after_days=-2), "expired"),
        (CertificateSpec(not_before_days=2), "not yet valid"),
        (CertificateSpec(issuer="self"), "self-signed"),
        (CertificateSpec(issuer="foreign"), "unable to get"),
        (CertificateSpec(issuer="foreign-root-sent"), "self-signed certificate in certificate chain"),
        (CertificateSpec(order="incomplete"), "unable to get local issuer"),
    ],
)
def test_an_invalid_certificate_is_an_observation(certificate: CertificateSpec, words: str) -> None:
    response, peer = fetch(Site(NAME, POLICY, certificate=certificate))
    assert response.status == 0
    assert words.lower() in (response.tls_error or "").lower()
    assert response.tls_fault is TLSFault.CERTIFICATE
    assert response.evidence()[1].startswith("TLS: ")
    assert peer.asked == []


def test_private_roots_are_trusted_only_when_named() -> None:
    response, _ = fetch(Site(NAME, POLICY), trusted=False)
    assert response.tls_error


def test_a_wildcard_certificate_will_do() -> None:
    response, _ = fetch(Site(NAME, POLICY, certificate=CertificateSpec(names=("*.mail.example",))))
    assert (response.status, response.tls_error) == (200, None)


def test_a_refused_handshake_is_an_observation() -> None:
    response, _ = fetch(Site(NAME, POLICY, fault="alert"))
    assert response.status == 0
    assert "ALERT" in (response.tls_error or "")
    assert response.tls_fault is TLSFault.HANDSHAKE


def test_old_versions_are_told_from_a_refused_certificate() -> None:
    response, _ = fetch(Site(NAME, POLICY, fault="old TLS"))
    assert "PROTOCOL_VERSION" in (response.tls_error or "")
    assert response.tls_fault is TLSFault.VERSION


def test_a_body_of_just_the_limit() -> None:
    response, _ = fetch(Site(NAME, "x" * 65536))
    assert len(response.body) == 65536
    with pytest.raises(Malformed):
        fetch(Site(NAME, "x" * 65537))


def test_compressed_bodies_are_read_within_the_limit() -> None:
    response, _ = fetch(Site(NAME, POLICY, gzipped=True))
    assert response.body == POLICY
    with pytest.raises(Malformed):
        fetch(Site(NAME, "x" * 65537, gzipped=True))


@pytest.mark.parametrize(
    ("site", "failure"),
    [
        (Site(NAME, fault="gzip bomb"), Malformed),
        (Site(NAME, fault="endless body"), Malformed),
        (Site(NAME, "x" * 1000, fault="drip", drip=0.02), TimedOut),
        (Site(NAME, fault="silence"), TimedOut),
        (Site(NAME, fault="close"), ClosedEarly),
        (Site(NAME, fault="hang up"), ClosedEarly),
        (Site(NAME, fault="garbage"), Malformed),
        (Site(NAME, headers=(("Content-Encoding", "br"),)), Malformed),
        (Site(NAME, "no gzip", headers=(("Content-Encoding", "gzip"),)), Malformed),
        (Site(NAME, headers=(("X", "y" * 300_000),)), Malformed),
        (Site(NAME, headers=(("X", "y" + " " * 60_000 + "y"),)), Malformed),
    ],
)
def test_hostile_servers(site: Site, failure: type[NotObserved]) -> None:
    with pytest.raises(failure) as caught:
        fetch(site, limits=replace(IMPATIENT, connect=2) if failure is TimedOut else QUICK)
    assert type(caught.value) is failure


def test_a_handshake_that_gets_no_answer_is_no_fault_of_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = SocketAddress(*silent.getsockname())
        limits = replace(QUICK, connect=0.3)
        client = HTTPSClient(NetSettings(limits=limits, connect={"192.0.2.80:443": where}), Hosts(limits))
        with pytest.raises(TimedOut):
            asyncio.run(client.fetch(URL, ("192.0.2.80",)))


def test_the_next_address_is_tried_when_one_refuses() -> None:
    response, _ = fetch(Site(NAME, POLICY), addresses=("192.0.2.81", "192.0.2.80"))
    assert (response.status, response.address) == (200, "192.0.2.80")
    with pytest.raises(Refused) as caught:
        fetch(Site(NAME, POLICY), addresses=("192.0.2.81",))
    assert "192.0.2.81" in caught.value.evidence[0]


def test_no_address_at_all() -> None:
    with pytest.raises(NotObserved):
        fetch(Site(NAME, POLICY), addresses=())


def test_control_characters_in_the_body_and_headers_are_escaped() -> None:
    response, _ = fetch(Site(NAME, "a\x1b[2Jb\r\n\tc\x00", headers=(("X-Odd", "gr\xfc\xdfe"),)))
    assert response.body == "a\\x1b[2Jb\r\n\tc\\x00"


@pytest.mark.parametrize("url", ["http://mta-sts.example/", "https://user@mta-sts.example/", "file:///etc/passwd"])
def test_other_urls_are_a_mistake_of_the_caller(url: str) -> None:
    client = HTTPSClient(NetSettings(limits=QUICK), Hosts(QUICK))
    with pytest.raises(ValueError, match="https"):
        asyncio.run(client.fetch(url, ("127.0.0.1",)))


def test_over_ipv6_with_the_name_in_host_and_sni() -> None:
    async def run() -> tuple[Response, HTTPSPeer]:
        peer = HTTPSPeer((Site(NAME, POLICY),), authority())
        try:
            where = await peer.start("::1")
        except OSError:
            pytest.skip("no IPv6 on loopback")
        settings = NetSettings(limits=QUICK, ca_file=authority().root_file, connect={f"{NAME}:443": where})
        try:
            return await HTTPSClient(settings, Hosts(QUICK)).fetch(URL, ("2001:db8::80",)), peer
        finally:
            await peer.stop()

    response, peer = asyncio.run(run())
    assert (response.status, response.address) == (200, "2001:db8::80")
    assert peer.asked[0].sni == NAME
    assert dict(peer.asked[0].headers)["host"] == NAME
