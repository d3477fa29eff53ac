"""CAs are asked whether they revoked a certificate: once, within bounds, and only those that are trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from mailproof.fixtures.listener import Listener, ServerStream
from mailproof.inventory.budgets import MAX_LISTS
from mailproof.inventory.model import Inventory
from mailproof.net.errors import NoAddress, NotAvailable, NotFollowed, NotObserved, TimedOut
from mailproof.net.network import Network
from mailproof.net.pkix.paths import Roots, verify
from mailproof.net.pkix.revocation import Status
from mailproof.net.revocation_lists import MAX_KEPT, MAX_URLS
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.observations.certificates import CertificateContents, Revocation
from mailproof.observations.tls import Certificates, Deployment
from mailproof.probes import revocation as probes
from mailproof.probes.certificates import _shown
from mailproof.targets.services import MXEndpoint
from tests.unit.chains import AT, HOST, Made, ca, leaf, sent
from tests.unit.smtp_world import QUICK

T = TypeVar("T")
ENDPOINT = MXEndpoint(HOST, "192.0.2.25", 25)
ROOT = ca("root")
MIDDLE = ca("middle", ROOT)
FIRST, SECOND = "http://crl.example/1.crl", "http://crl.example/2.crl"


def _leaf(*lists: str, responder: str = "", subject: str = "server", issuer: Made = MIDDLE) -> Made:
    extra: list[tuple[x509.ExtensionType, bool]] = []
    if lists:
        names = ([x509.UniformResourceIdentifier(url)] for url in lists)
        extra.append((x509.CRLDistributionPoints([x509.DistributionPoint(n, None, None, None) for n in names]), False))
    if responder:
        where = x509.UniformResourceIdentifier(responder)
        access = [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)]
        extra.append((x509.AuthorityInformationAccess(access), False))
    return leaf(issuer, subject=subject, extra=extra)


def _list(*serials: int, issuer: Made = MIDDLE) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(AT).next_update(AT + timedelta(days=7))
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(AT)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


@dataclass
class _Lists:
    """What is at the URLs; ``asked`` are those that were fetched."""

    known: dict[str, bytes | NotObserved]
    asked: list[str] = field(default_factory=list)

    async def get(self, url: str) -> bytes:
        self.asked.append(url)
        found = self.known.get(url) or next((v for k, v in self.known.items() if url.startswith(f"{k}/")), None)
        if found is None or isinstance(found, NotObserved):
            raise found or NotAvailable(f"{url}: nothing")
        return found


def _look(
    monkeypatch: pytest.MonkeyPatch, *chains: tuple[Made, ...], trusted: bool = True, crl: bool = True, **known: Any
) -> tuple[Revocation, _Lists]:
    roots = Roots([ROOT.certificate] if trusted else [])
    monkeypatch.setattr(probes, "trusted_roots", lambda _file: roots)
    deployments = tuple(Deployment(chain := sent(*made), verify(chain, roots, AT), True) for made in chains)
    seen = Certificates(ENDPOINT.id, HOST, "2026-11-22T00:00:00Z", True, deployments)
    contents = CertificateContents(ENDPOINT.id, tuple(_shown(d, roots, frozenset()) for d in deployments))
    lists = _Lists(known["known"] if known else {})
    net: Any = SimpleNamespace(revocation_lists=lists, settings=SimpleNamespace(ca_file=None))
    inventory = Inventory.model_validate({"domains": ["example.org"], "crl": crl})

    async def run() -> Revocation:
        return await probes.revocation(ENDPOINT, net, inventory, seen, contents)

    return asyncio.run(run()), lists


def test_a_list_is_asked_for_and_no_responder_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    server = _leaf(FIRST, responder="http://ocsp.example")
    known = {FIRST: _list(server.certificate.serial_number)}
    seen, lists = _look(monkeypatch, (server, MIDDLE), known=known)
    (checked,) = seen.checked
    assert checked.said is not None
    assert checked.said.status is Status.REVOKED
    assert lists.asked == [FIRST]


def test_the_second_place_is_tried_where_the_first_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    server = _leaf(FIRST, SECOND)
    for first in (TimedOut("no answer"), _list(issuer=ca("stranger"))):
        seen, lists = _look(monkeypatch, (server, MIDDLE), known={FIRST: first, SECOND: _list()})
        (checked,) = seen.checked
        assert checked.said is not None
        assert (checked.source, checked.said.fault, checked.said.status) == (SECOND, "", Status.GOOD)
        assert lists.asked == [FIRST, SECOND]
    seen, _ = _look(monkeypatch, (server, MIDDLE), known={FIRST: NotAvailable("status 404")})
    assert seen.checked[0].failure is not None
    assert isinstance(seen.checked[0].failure.failure(), NotAvailable)


def test_what_may_pass_is_raised_so_that_the_survey_tries_again_unless_something_is_revoked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, other = _leaf(FIRST), _leaf(SECOND, subject="another")
    known = {FIRST: TimedOut("no answer"), SECOND: _list(other.certificate.serial_number)}
    with pytest.raises(TimedOut):
        _look(monkeypatch, (server, MIDDLE), known=known)
    seen, _ = _look(monkeypatch, (server, MIDDLE), (other, MIDDLE), known=known)
    assert [bool(checked.failure) for checked in seen.checked] == [True, False]


def test_a_responder_is_asked_where_there_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    server = _leaf(responder="http://ocsp.example/")
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=server.certificate,
        issuer=MIDDLE.certificate,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=AT,
        next_update=None,
        revocation_time=None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, MIDDLE.certificate)
    response = builder.sign(MIDDLE.key, hashes.SHA256()).public_bytes(Encoding.DER)
    seen, lists = _look(monkeypatch, (server, MIDDLE), known={"http://ocsp.example": response})
    assert seen.checked[0].said is not None
    assert (seen.checked[0].said.status, seen.checked[0].said.next_update) == (Status.GOOD, "")
    (asked,) = lists.asked
    assert asked.startswith("http://ocsp.example/")
    assert "/" not in asked.removeprefix("http://ocsp.example/")


def test_nobody_is_asked_for_what_no_trusted_ca_signed_or_where_the_inventory_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = _leaf(FIRST)
    seen, lists = _look(monkeypatch, (server, MIDDLE), trusted=False, known={FIRST: _list()})
    assert (seen.checked, lists.asked) == ((), [])
    seen, lists = _look(monkeypatch, (server, MIDDLE), crl=False, known={FIRST: _list()})
    assert (seen.off, lists.asked) == (True, [])
    seen, lists = _look(monkeypatch, (_leaf(), MIDDLE))
    assert (seen.checked, lists.asked) == ((), [])


def test_few_certificates_of_an_endpoint_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    chains = [(_leaf(FIRST, subject=f"server {number}"), MIDDLE) for number in range(MAX_LISTS + 2)]
    seen, lists = _look(monkeypatch, *chains, known={FIRST: _list()})
    assert len(lists.asked) == MAX_LISTS
    assert seen.checked[-1].failure is not None


def _served(
    directory: Path, what: Callable[[Network], Awaitable[T]], status: str = "200 OK", body: bytes = b"list"
) -> tuple[T, list[bytes]]:
    """What comes of asking a network in which crl.example is a web server that answers so."""
    (directory / "zone").write_text(
        "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\ncrl 60 A 192.0.2.80\nprivate 60 A 10.0.0.1\nempty 60 TXT x\n"
    )
    requests: list[bytes] = []

    async def serve(stream: ServerStream, number: int) -> None:
        requests.append((await stream.read_some(4096)).splitlines()[0])
        stream.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await stream.drain(5)

    async def run() -> T:
        listener = Listener(serve)
        where = await listener.start()
        connect = {"192.0.2.80:80": SocketAddress(where.address, where.port)}
        net = Network(NetSettings(limits=QUICK, connect=connect, zone_files={"example": directory / "zone"}))
        try:
            return await what(net)
        finally:
            await net.close()
            await listener.stop()

    return asyncio.run(run()), requests


def test_a_list_is_fetched_once_in_a_run(tmp_path: Path) -> None:
    async def ask(net: Network) -> list[bytes]:
        return list(await asyncio.gather(*(net.revocation_lists.get("http://crl.example/a?b=c") for _ in range(5))))

    found, requests = _served(tmp_path, ask)
    assert found == [b"list"] * 5
    assert requests == [b"GET /a?b=c HTTP/1.1"]


@pytest.mark.parametrize(
    ("url", "failure"),
    [
        ("ldap://crl.example/", NotAvailable),
        ("http://[::1", NotAvailable),
        ("http://a:b@crl.example/", NotAvailable),
        ("http://private.example/", NotFollowed),
        ("http://empty.example/", NoAddress),
    ],
)
def test_what_is_not_fetched(tmp_path: Path, url: str, failure: type[NotObserved]) -> None:
    async def ask(net: Network) -> bytes:
        return await net.revocation_lists.get(url)

    with pytest.raises(failure):
        _served(tmp_path, ask)


def test_an_answer_that_is_no_list_is_a_failure(tmp_path: Path) -> None:
    async def ask(net: Network) -> bytes:
        return await net.revocation_lists.get("http://crl.example/")

    with pytest.raises(NotAvailable, match="status 404"):
        _served(tmp_path, ask, "404 Not Found")


def test_what_is_of_no_use_is_not_fetched_for_every_host(tmp_path: Path) -> None:
    async def ask(net: Network) -> list[bytes | BaseException]:
        wanted = (net.revocation_lists.get("http://crl.example/") for _ in range(3))
        return list(await asyncio.gather(*wanted, return_exceptions=True))

    found, requests = _served(tmp_path, ask, "404 Not Found")
    assert [str(failure) for failure in found] == ["http://crl.example/ answers with the status 404"] * 3
    assert len(requests) == 1


def test_lists_do_not_fill_the_memory(tmp_path: Path) -> None:
    async def ask(net: Network) -> bytes:
        await net.revocation_lists.get("http://crl.example/1")
        assert net.revocation_lists._kept == len(b"list")
        net.revocation_lists._kept = MAX_KEPT
        assert await net.revocation_lists.get("http://crl.example/1") == b"list", "it is kept"
        return await net.revocation_lists.get("http://crl.example/2")

    with pytest.raises(NotAvailable, match="256 MiB"):
        _served(tmp_path, ask)


def test_a_directory_is_no_place_to_ask_where_there_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    directories = "ldap://one.example/?crl", "ldap://two.example/?crl"
    seen, lists = _look(monkeypatch, (_leaf(*directories, FIRST), MIDDLE), known={FIRST: _list()})
    assert lists.asked == [FIRST]
    assert seen.checked[0].said is not None
    _, lists = _look(monkeypatch, (_leaf(*directories, responder="http://ocsp.example"), MIDDLE))
    assert [url.rpartition("/")[0] for url in lists.asked] == ["http://ocsp.example"]
    _, lists = _look(monkeypatch, (_leaf(*directories), MIDDLE))
    assert lists.asked == list(directories), "why nothing is known is said"


def test_a_run_fetches_only_so_many(tmp_path: Path) -> None:
    async def ask(net: Network) -> None:
        net.revocation_lists._locks.update({f"http://{number}": asyncio.Lock() for number in range(MAX_URLS)})
        await net.revocation_lists.get("http://crl.example/")

    with pytest.raises(NotAvailable, match="more than"):
        _served(tmp_path, ask)
