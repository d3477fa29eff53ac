"""Web sites as they are looked at: one page, bounded, redirects within the domain, and what their headers say."""

from __future__ import annotations

import asyncio
import base64
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailproof.fixtures.dns_server import DNSServer
from mailproof.fixtures.https_peer import HTTPSPeer, Site
from mailproof.fixtures.listener import Listener, ServerStream
from mailproof.grammars import openpgp
from mailproof.grammars.security_txt import parse_date, parse_security_txt
from mailproof.grammars.web_headers import parse_csp, parse_hsts
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.errors import Malformed, NotObserved
from mailproof.net.hosts import Hosts
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.net.web import WebAnswer, WebClient
from mailproof.observations.web import Visit, WebSite
from mailproof.probes.web import _alike, security_txt, web_site, web_target
from mailproof.targets.web import WebHost
from tests.unit.dns_world import ROOT
from tests.unit.smtp_world import IMPATIENT, PATIENT, authority

HOST = "www.example.org"
ADDRESS, OTHER = "192.0.2.80", "192.0.2.81"


def got(*sites: Site, url: str = f"https://{HOST}/", plain: bytes = b"", **options: Any) -> WebAnswer:
    """The page of a site; ``plain`` is what a server in clear says, octet by octet."""

    async def serve(stream: ServerStream, number: int) -> None:
        await stream.read_some(4096)
        stream.write(plain)
        await stream.drain(5)

    async def run() -> WebAnswer:
        secure, clear = HTTPSPeer(sites or (Site(HOST),), authority()), Listener(serve)
        connect = {f"{ADDRESS}:443": await secure.start(), f"{ADDRESS}:80": await clear.start()}
        waits = any(site.fault in ("silence", "drip") for site in sites)
        settings = NetSettings(limits=IMPATIENT if waits else PATIENT, ca_file=authority().root_file, connect=connect)
        try:
            return await WebClient(settings, Hosts(settings.limits)).get(url, ADDRESS, **options)
        finally:
            await secure.stop()
            await clear.stop()

    return asyncio.run(run())


def test_a_page_over_https_and_http() -> None:
    answer = got(Site(HOST, "hello", headers=(("X-One", "1"), ("X-One", "2"))))
    assert (answer.status, answer.body, answer.whole, answer.scheme) == (200, "hello", True, "https")
    assert answer.fields("x-one") == ("1", "2")
    plain = got(
        url=f"http://{HOST}/a?b", plain=b"HTTP/1.1 301 Moved\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n"
    )
    assert (plain.status, plain.redirect, plain.scheme) == (301, "https://x/", "http")


@pytest.mark.parametrize("fault", ["endless body", "endless chunks", "lying length", "gzip bomb"])
def test_only_the_beginning_of_a_page_is_read(fault: Any) -> None:
    answer = got(Site(HOST, fault=fault))
    assert not answer.whole
    assert len(answer.body) <= 128 * 1024 * 4  # zero octets are escaped


@pytest.mark.parametrize("fault", ["endless headers", "endless header", "silence", "close", "garbage", "drip"])
def test_hostile_sites_are_typed_failures(fault: Any) -> None:
    with pytest.raises(NotObserved):
        got(Site(HOST, "x" * 600, fault=fault))


def test_blanks_without_end_are_malformed() -> None:
    with pytest.raises(Malformed):
        got(url=f"http://{HOST}/", plain=b"HTTP/1.1 200 OK\r\nX: " + b" " * 60_000 + b"\r\n\r\n")


def test_what_tls_says_no_to_is_an_answer() -> None:
    assert got(Site("elsewhere.example")).tls_error
    assert got(Site(HOST, fault="alert")).tls_error


@pytest.mark.parametrize("url", ["ftp://x/", "https://", "https://a@b/", "https://x:8443/"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not a plain URL"):
        got(url=url)


ZONE = f"""$TTL 60
@ SOA ns h 1 2 3 4 5
@ NS ns
ns A 192.0.2.53
www A {ADDRESS}
other A {ADDRESS}
inside A 10.0.0.1
"""


def looked(*sites: Site, probe: Callable[..., Any] = web_site) -> tuple[Any, HTTPSPeer]:
    """What the probe sees of a site behind a resolver."""

    async def run() -> tuple[Any, HTTPSPeer]:
        resolver = DNSServer([parse_zone("example.org", ZONE), parse_zone(".", ROOT)], recursive=True)
        where = await resolver.start()
        peer = HTTPSPeer(sites, authority())
        connect = {f"{ADDRESS}:443": await peer.start(), f"{ADDRESS}:80": SocketAddress("127.0.0.1", 1)}
        settings = NetSettings(
            resolvers=(where,),
            limits=PATIENT,
            ca_file=authority().root_file,
            connect={**connect, str(where): where},
            offline=True,
        )
        net = Network(settings)
        try:
            seen = await web_site(WebHost(HOST), net)
            return (seen if probe is web_site else await probe(WebHost(HOST), net, seen)), peer
        finally:
            await net.close()
            await peer.stop()
            await resolver.stop()

    return asyncio.run(run())


def leading(location: str, host: str = HOST) -> Site:
    return Site(host, status=302, headers=(("Location", location),))


def test_one_page_is_asked_for() -> None:
    seen, peer = looked(Site(HOST, "hello", content_type="text/html"))
    assert isinstance(seen, WebSite)
    assert seen.page is not None
    assert [asked.request for asked in peer.asked] == ["GET / HTTP/1.1"] * 2  # the second one takes any coding
    assert seen.evidence()


def test_a_redirect_within_the_domain_is_followed() -> None:
    seen, peer = looked(leading("https://other.example.org/mail"), Site("other.example.org", "webmail"))
    assert [page.url for page in seen.followed] == ["https://other.example.org/mail"]
    assert (seen.left, {asked.sni for asked in peer.asked}) == ("", {HOST, "other.example.org"})


@pytest.mark.parametrize(
    "location",
    [
        "https://victim.example/", "https://inside.example.org/", "http://other.example.org/", "https://[",
        "//10.0.0.1/",
        "https://other.example.org:8443/", "https://user@other.example.org/", "https://nowhere.example.org/", "ftp://x/",
        "https://example.org.victim.example/", "https://org/",
    ],
)  # fmt: skip
def test_nobody_else_is_asked(location: str) -> None:
    seen, peer = looked(leading(location))
    assert (seen.followed, bool(seen.left)) == ((), True)
    assert {asked.sni for asked in peer.asked} == {HOST}


def test_redirects_in_a_ring_are_bounded() -> None:
    seen, peer = looked(leading("/again"))
    assert (len(seen.followed), seen.left) == (3, "/again")
    assert len(peer.asked) == 5


def test_security_txt_and_its_key() -> None:
    body = f"Contact: mailto:a@example.org\nEncryption: https://{HOST}/key.asc\n"
    seen, _ = looked(Site(HOST, body), probe=security_txt)
    assert seen.answer.body == body
    assert seen.key.url == f"https://{HOST}/key.asc"
    elsewhere, _ = looked(Site(HOST, body.replace(HOST, "victim.example")), probe=security_txt)
    assert elsewhere.key is None


def test_pages_are_compared_by_their_words() -> None:
    def alike(four: str, six: str) -> float | None:
        pages = [
            WebAnswer(f"https://{HOST}/", address, 200, (), body) for address, body in ((ADDRESS, four), ("::1", six))
        ]
        return _alike([Visit("https", page.address, page) for page in pages])

    assert alike("a b c", "c b a") == 1.0
    assert alike("a nonce='abcdefgh1'", 'a nonce="zyxwvuts2"') == 1.0
    assert alike("a b c d", "a b") == 0.5
    assert alike("", "") == 1.0
    assert _alike([]) is None


@pytest.mark.parametrize(
    ("value", "age", "errors"),
    [
        ('max-age="100" ; IncludeSubDomains; preload', 100, 0),
        ("MAX-AGE=0", 0, 0),
        ("max-age=1;;", 1, 0),
        ("max-age=-1", None, 1),
        ("", None, 1),
        ("max-age=1; (x)", None, 1),
    ],
)
def test_hsts(value: str, age: int | None, errors: int) -> None:
    found = parse_hsts(value)
    assert (found.max_age, len(found.errors)) == (age, errors)


def test_csp_takes_the_first_of_two() -> None:
    policy = parse_csp("Default-Src 'self' ; default-src *;; child-src 'none'")
    assert policy.sources("frame-src") == ("'none'",)
    assert policy.sources("script-src") == ("'self'",)
    assert policy.sources("base-uri") is None


@pytest.mark.parametrize("text", ["2026-13-01T00:00:00Z", "2026-01-01", "9999-12-31T23:59:59-23:59", "x"])
def test_dates_that_are_none(text: str) -> None:
    assert parse_date(text) is None


def test_dates_and_dashes_of_signed_texts() -> None:
    assert str(parse_date("2026-01-01t01:00:00.5+01:00")) == "2026-01-01 00:00:00+00:00"
    signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- Contact: tel:1\nExpires: 2026-01-01T00:00:00Z\n"
    found = parse_security_txt(f"{signed}-----BEGIN PGP SIGNATURE-----\n")
    assert found.errors == ()
    assert found.values("contact") == ("tel:1",)
    assert found.signature


@pytest.mark.skipif(shutil.which("gpg") is None, reason="GnuPG is not installed")
@pytest.mark.parametrize(("algorithm", "lasts"), [("ed25519", "1y"), ("rsa2048", "0")])
def test_keys_of_gnupg(tmp_path: Path, algorithm: str, lasts: str) -> None:
    def gpg(*arguments: str) -> str:
        command = [
            "gpg",
            "--homedir",
            str(tmp_path),
            "--batch",
            "--quiet",
            "--passphrase",
            "",
            "--pinentry-mode",
            "loopback",
        ]
        return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout

    tmp_path.chmod(0o700)
    gpg("--faked-system-time", "20260101T000000", "--quick-generate-key", "a@example.org", algorithm, "sign", lasts)
    data = openpgp.unarmoured(gpg("--armor", "--export"))
    listed = next(line for line in gpg("--list-keys", "--with-colons").splitlines() if line.startswith("pub")).split(
        ":"
    )
    subprocess.run(["gpgconf", "--homedir", str(tmp_path), "--kill", "all"], check=False)
    assert data is not None
    key = openpgp.read_key(data)
    assert key is not None
    assert key.id == listed[4].lower()
    assert key.created == int(listed[5])
    assert (key.expires or "") == (int(listed[6]) if listed[6] else "")
    assert not key.revoked


def test_octets_that_are_no_key() -> None:
    assert openpgp.unarmoured("nothing") is None
    assert openpgp.unarmoured("-----BEGIN PGP X-----\n\n!\n-----END PGP X-----") is None
    for data in (b"", b"\x99", b"\xc6\xff\xff\xff\xff\xff", b"\xc6\x01\x04", base64.b64decode("mQENBA==")):
        assert openpgp.read_key(data) is None
    assert openpgp.read_signature(b"\xc2\x0a\x04\x01\x16\x08\x00\x00\x00\x00\x00\x00") == openpgp.Signature("", None)


def test_a_visit_is_kept_without_its_body() -> None:
    seen, _ = looked(Site(HOST, "hello"))
    assert all(not visit.answer.body for visit in seen.visits if visit.answer)
    assert replace(seen, visits=()).page is None


@pytest.mark.parametrize(
    ("location", "leads"),
    [
        ("/caf\xe9?q=\xfc", "/caf%C3%A9?q=%C3%BC"),
        ("/a b", "/a%20b"),
        ("/a%20b?c=d&e=[f]", "/a%20b?c=d&e=[f]"),
        ("/\\x0d<b>", "/%5Cx0d%3Cb%3E"),
    ],
)
def test_a_redirect_is_followed_as_browsers_write_it(location: str, leads: str) -> None:
    page = WebAnswer(f"https://{HOST}/", ADDRESS, 302, (("location", location),))
    assert web_target(page) == f"https://{HOST}{leads}"


def test_tokens_are_looked_for_in_bounded_time() -> None:
    started = time.process_time()
    visits = [
        Visit("https", at, WebAnswer("https://x/", at, 200, (), "csrf" * 32_000)) for at in (ADDRESS, "2001:db8::1")
    ]
    assert _alike(visits) == 1.0
    assert time.process_time() - started < 5


def test_a_byte_order_mark_is_kept_for_the_format_to_judge() -> None:
    assert got(Site(HOST, body="\ufeff<x/>")).body == "\ufeff<x/>"
    text = "\ufeffContact: https://example.org\nExpires: 2027-01-01T00:00:00Z"
    assert parse_security_txt(text).errors == ("it begins with a byte order mark",)


def test_a_contact_of_the_web_uses_https_and_unknown_fields_are_nobodys() -> None:
    text = "Contact: http://example.org\nExpires: 2027-01-01T00:00:00Z\nBug-Bounty: http://example.org"
    assert parse_security_txt(text).errors == ("Contact does not use https: http://example.org",)


def test_faults_of_security_txt_are_told_up_to_a_number() -> None:
    assert len(parse_security_txt("what\n" * 50_000).errors) == 20
