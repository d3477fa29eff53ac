"""Hellos as they are written, and answers as they are read: held against tlslite-ng's messages, and against junk."""

from __future__ import annotations

import contextlib
import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sslyze.plugins.openssl_cipher_suites import cipher_suites as sslyze_suites
from tlslite import mathtls
from tlslite.constants import CipherSuite, ExtensionType, GroupName, SignatureScheme
from tlslite.messages import ClientHello as Message
from tlslite.utils.codec import Parser

from mailproof.net.errors import Malformed
from mailproof.net.tls.flight import CLOSE_NOTIFY, FLIGHT_OCTETS, Flight
from mailproof.net.tls.groups import (
    CURVES,
    HYBRIDS,
    SCHEMES,
    TLS13_GROUPS,
    TLS13_SCHEMES,
    group_name,
    scheme_name,
    well_known_prime,
)
from mailproof.net.tls.hello import ClientHello, Extension
from mailproof.net.tls.suites import (
    OLD_SUITES,
    RARE_SUITES,
    SSL2_SUITES,
    TLS13_SUITES,
    USUAL_SUITES,
    WEAK_SUITES,
    WeakKind,
    suite,
)
from mailproof.net.tls.versions import TLSVersion, version_of

SSL2, SSL3, TLS10, TLS11, TLS12, TLS13 = TLSVersion
HOST = "mx.example"


def read(hello: ClientHello) -> Message:
    """A hello as tlslite-ng reads it."""
    octets = hello.encode()
    assert octets[0] == 22
    assert int.from_bytes(octets[3:5]) == len(octets) - 5
    parser = Parser(bytearray(octets[5:]))
    assert parser.get(1) == 1
    return Message().parse(parser)


# What is written


@pytest.mark.parametrize("version", [SSL3, TLS10, TLS11, TLS12, TLS13])
def test_another_library_reads_the_same(version: TLSVersion) -> None:
    offered = TLS13_SUITES if version is TLS13 else USUAL_SUITES
    message = read(ClientHello(version, offered, TLS13_GROUPS, SCHEMES, HOST))
    assert message.client_version == divmod(min(version.number, 0x0303), 256)
    assert tuple(message.cipher_suites[: len(offered)]) == offered
    if version is SSL3:
        assert not message.extensions
        assert message.cipher_suites[-1] == CipherSuite.TLS_EMPTY_RENEGOTIATION_INFO_SCSV
        return
    assert message.server_name == HOST.encode()
    assert tuple(message.getExtension(ExtensionType.supported_groups).groups) == TLS13_GROUPS
    schemes = message.getExtension(ExtensionType.signature_algorithms).sigalgs
    assert tuple(256 * one + other for one, other in schemes) == SCHEMES
    key_share = message.getExtension(ExtensionType.key_share)
    if version is TLS13:
        assert message.compression_methods == [0]
        assert message.getExtension(ExtensionType.supported_versions).versions == [(3, 4)]
        assert key_share.client_shares == []
    else:
        assert message.compression_methods == [1, 0]
        assert key_share is None
        for kind in (ExtensionType.extended_master_secret, ExtensionType.encrypt_then_mac):
            assert message.getExtension(kind) is not None


def test_a_hello_as_clients_send_it_has_a_key_and_older_versions() -> None:
    message = read(ClientHello(TLS13, TLS13_SUITES, (0x001D,), SCHEMES, HOST, share=True, older=True))
    assert message.getExtension(ExtensionType.supported_versions).versions == [(3, 4), (3, 3), (3, 2), (3, 1)]
    (share,) = message.getExtension(ExtensionType.key_share).client_shares
    assert (share.group, len(share.key_exchange)) == (GroupName.x25519, 32)


@pytest.mark.parametrize(("host", "sent"), [("192.0.2.1", None), ("2001:db8::1", None), ("MX.example.", b"MX.example")])
def test_only_names_are_sent_as_sni(host: str, sent: bytes | None) -> None:
    assert read(ClientHello(TLS12, USUAL_SUITES, host=host)).server_name == (sent or b"")


def test_protocols_are_offered_by_alpn() -> None:
    message = read(ClientHello(TLS12, USUAL_SUITES, alpn=("imap", "http/1.1")))
    assert message.getExtension(ExtensionType.alpn).protocol_names == [b"imap", b"http/1.1"]


@given(st.sampled_from([TLS10, TLS12, TLS13]), st.lists(st.sampled_from(USUAL_SUITES), min_size=1, max_size=240))
def test_no_hello_has_a_size_that_some_servers_never_answer(version: TLSVersion, offered: list[int]) -> None:
    size = len(ClientHello(version, tuple(offered), CURVES, SCHEMES, HOST).encode()) - 5
    assert not 256 <= size < 512
    read(ClientHello(version, tuple(offered), CURVES, SCHEMES, HOST))


def test_the_hello_of_ssl_2() -> None:
    octets = ClientHello(SSL2, tuple(SSL2_SUITES)).encode()
    length, kind, version, kinds, session, challenge = struct.unpack("!HBHHHH", octets[:11])
    assert (length & 0x7FFF, kind, version) == (len(octets) - 2, 1, 2)
    assert (kinds, session, challenge) == (3 * len(SSL2_SUITES), 0, 16)


# Numbers and names


def test_suites_are_called_as_openssl_and_the_registry_call_them() -> None:
    known = sslyze_suites._TLS_OPENSSL_TO_RFC_NAMES_MAPPING
    for number in (*USUAL_SUITES, *RARE_SUITES, *WEAK_SUITES):
        entry = suite(number)
        # OpenSSL knows neither ARIA with CBC nor Camellia with GCM: these are called as it would call them.
        assert known.get(entry.name) == entry.iana or re.search("ARIA.*_CBC_|CAMELLIA.*_GCM_", entry.iana)
        theirs = CipherSuite.ietfNames.get(number)
        assert theirs is None or theirs.upper() == entry.iana.upper()
    assert {CipherSuite.ietfNames[number] for number in TLS13_SUITES} == {suite(number).iana for number in TLS13_SUITES}


def test_no_usual_hello_has_more_suites_than_some_servers_take() -> None:
    assert len(USUAL_SUITES) <= 64
    assert len(OLD_SUITES) < 128
    everything = (*USUAL_SUITES, *RARE_SUITES, *WEAK_SUITES)
    assert len(set(everything)) == len(everything)
    assert set(OLD_SUITES) <= set(everything)


@pytest.mark.parametrize(
    ("number", "kinds", "exchange", "old"),
    [
        (0x0018, {WeakKind.RC4, WeakKind.ANONYMOUS}, "DH_anon", True),
        (0x0008, {WeakKind.EXPORT, WeakKind.DES}, "RSA", True),
        (0xC012, {WeakKind.TRIPLE_DES}, "ECDHE_RSA", True),
        (0x003B, {WeakKind.NULL}, "RSA", False),
        (0x0009, {WeakKind.DES}, "RSA", True),
        (0x002F, set(), "RSA", True),
        (0xC02F, set(), "ECDHE_RSA", False),
        (0x1301, set(), "", False),
        (0xFFFE, set(), "unknown", False),
    ],
)
def test_what_a_suite_is(number: int, kinds: frozenset[WeakKind], exchange: str, old: bool) -> None:
    entry = suite(number)
    assert entry.weak == kinds
    assert (entry.key_exchange, entry.is_old, entry.is_tls13) == (exchange, old, number == 0x1301)


def test_groups_and_schemes_are_called_as_another_library_calls_them() -> None:
    for number in (*TLS13_GROUPS, *CURVES):
        theirs = GroupName.toRepr(number)
        assert (
            theirs is None or theirs.lower().replace("brainpoolp", "brainpoolP".lower()) == group_name(number).lower()
        )
    for number in TLS13_SCHEMES:
        theirs = SignatureScheme.toRepr(divmod(number, 256))
        assert theirs is None or theirs.lower() == scheme_name(number).lower()
    assert [group_name(number) for number in HYBRIDS] == ["X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024"]
    assert group_name(0x4A4A) == scheme_name(0x4A4A) == "0x4A4A"


@pytest.mark.parametrize(
    ("constant", "name"),
    [
        *((f"FFDHE{bits}", f"ffdhe{bits}") for bits in (2048, 3072, 4096, 6144, 8192)),
        ("RFC2409_GROUP2", "modp1024"),
        ("RFC3526_GROUP5", "modp1536"),
        ("RFC3526_GROUP14", "modp2048"),
        ("RFC3526_GROUP18", "modp8192"),
        ("RFC5114_GROUP22", ""),
    ],
)
def test_primes_that_rfcs_publish_have_names(constant: str, name: str) -> None:
    prime = int(getattr(mathtls, constant)[1])
    assert well_known_prime(prime) == name
    assert well_known_prime(prime - 2) == ""


@pytest.mark.parametrize("version", TLSVersion)
def test_versions_and_their_numbers(version: TLSVersion) -> None:
    assert version_of(version.number) is version
    assert version_of(0x0305) is None


# What is read


def record(content: bytes, kind: int = 22) -> bytes:
    return bytes([kind]) + b"\x03\x03" + len(content).to_bytes(2) + content


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3) + body


def vector(width: int, content: bytes) -> bytes:
    return len(content).to_bytes(width) + content


def hello(number: int, chosen: int = 0xC02F, *, random: bytes = bytes(32), **extensions: bytes) -> bytes:
    """A ServerHello; ``extensions`` by their names."""
    content = b"".join(Extension[name.upper()].to_bytes(2) + vector(2, data) for name, data in extensions.items())
    body = min(number, 0x0303).to_bytes(2) + random + b"\0" + chosen.to_bytes(2) + b"\0"
    return message(2, body + (vector(2, content) if extensions else b""))


RETRY = bytes.fromhex("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C")
ECDHE = message(12, b"\x03\x00\x1d" + vector(1, bytes(32)) + b"\x08\x04" + vector(2, bytes(256)))
WHOLE = (
    hello(0x0303, extended_master_secret=b"", session_ticket=b"")
    + message(11, vector(3, vector(3, b"leaf") + vector(3, b"issuer")))
    + message(22, b"\x01" + vector(3, b"response"))
    + ECDHE
    + message(14, b"")
)


def taken(octets: bytes, size: int = 1 << 20) -> Flight:
    """The flight of ``octets`` that come ``size`` at a time."""
    flight = Flight()
    for at in range(0, len(octets), size):
        flight.feed(octets[at : at + size])
    flight.end()
    return flight


@pytest.mark.parametrize("fragment", [1, 7, 100, 16_384])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_whole_flight_in_pieces_of_any_size(fragment: int, size: int) -> None:
    octets = b"".join(record(WHOLE[at : at + fragment]) for at in range(0, len(WHOLE), fragment))
    flight = taken(octets, size)
    assert flight.complete
    assert flight.hello is not None
    assert (flight.hello.version, flight.hello.suite) == (TLS12, 0xC02F)
    assert set(flight.hello.extensions) == {Extension.EXTENDED_MASTER_SECRET, Extension.SESSION_TICKET}
    assert flight.certificates == (b"leaf", b"issuer")
    assert flight.stapled
    assert flight.key_exchange is not None
    assert (flight.key_exchange.curve, flight.key_exchange.scheme) == (0x001D, 0x0804)


@pytest.mark.parametrize(
    ("octets", "version"),
    [
        *((record(hello(number)), version_of(number)) for number in (0x0300, 0x0301, 0x0302, 0x0303)),
        (record(hello(0x0304, 0x1301, supported_versions=b"\x03\x04")), TLS13),
        (b"\x80\x1d\x04\x00\x01\x00\x02\x00\x02\x00\x06\x00\x04der:\x07\x00\xc0\x01\x00\x80conn" + bytes(4), SSL2),
        (b"\x80\x0b\x04\x00\x01\x00\x02\x00\x00\x00\x00\x00\x00", SSL2),
    ],
)
def test_versions_that_servers_agree_on(octets: bytes, version: TLSVersion) -> None:
    flight = taken(octets)
    assert flight.hello is not None
    assert flight.hello.version is version


def test_a_retry_names_the_group() -> None:
    flight = taken(record(hello(0x0304, 0x1302, random=RETRY, supported_versions=b"\x03\x04", key_share=b"\x11\xec")))
    assert flight.hello is not None
    assert (flight.hello.retry, flight.hello.group) == (True, 0x11EC)


def test_diffie_hellman_shows_its_prime() -> None:
    exchange = message(12, vector(2, b"\xfb") + vector(2, b"\x02") + vector(2, b"\x10") + b"\x04\x01" + vector(2, b"s"))
    flight = taken(record(hello(0x0303, 0x009E) + exchange + message(14, b"")))
    assert flight.key_exchange is not None
    assert (flight.key_exchange.prime, flight.key_exchange.generator) == (0xFB, 2)
    assert flight.key_exchange.public == b"\x10"


@pytest.mark.parametrize(
    ("octets", "alert"),
    [
        (record(b"\x02\x28", 21), 40),
        (record(b"\x01\x70", 21) + record(b"\x02\x46", 21), 70),
        (record(b"\x01\x00", 21), CLOSE_NOTIFY),
        (b"\x80\x03\x00\x00\x01", 40),
    ],
)
def test_alerts(octets: bytes, alert: int) -> None:
    flight = taken(octets)
    assert (flight.hello, flight.alert, flight.complete) == (None, alert, True)


def test_a_warning_does_not_end_the_handshake() -> None:
    """unrecognized_name: the server does not know the name, and goes on (RFC 6066, section 3)."""
    flight = taken(record(b"\x01\x70", 21) + record(hello(0x0303)))
    assert flight.hello is not None
    assert flight.alert is None


@pytest.mark.parametrize("text", [b"220 ready\r\n", b"500 what?", b"* BAD \xff\r\n", b"HTTP/1.1 400 Bad Request\r\n"])
def test_what_is_said_in_clear(text: bytes) -> None:
    assert taken(text).text == text.rstrip()


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x16", b"\x16\x03", record(hello(0x0303))[:-1], record(b""), record(b"\x02", 21), b"\x80\x02\x04"],
)
def test_what_breaks_off_is_no_answer(octets: bytes) -> None:
    assert taken(octets).empty


@pytest.mark.parametrize(
    "octets",
    [
        record(message(11, b"")),
        record(hello(0x0303, supported_versions=b"\x03\x05")),
        record(hello(0x0002)),
        record(message(2, b"\x03\x03")),
        record(message(2, b"\x03\x03" + bytes(32) + b"\xff")),
        record(b"\x02\xff\xff\xff"),
        b"\x16\x02\x00\x00\x00",
        b"\x16\x03\x03\xff\xff",
        b"\x80\x03\x09\x00\x00",
        b"\x80\x03\x04\x00\x01",
    ],
)
def test_what_is_no_tls_is_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        taken(octets)


def test_an_answer_has_a_bound() -> None:
    piece = record(b"\x0b\x07\xff\xff" + bytes(9_996))
    with pytest.raises(Malformed, match="octets"):
        taken(record(hello(0x0303)) + piece * (FLIGHT_OCTETS // 10_000 + 2), 10_000)


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(1, 50))
def test_no_octets_make_it_crash(junk: bytes, cut: int, size: int) -> None:
    for octets in (junk, record(WHOLE)[:cut] + junk, record(junk), record(hello(0x0303) + junk)):
        with contextlib.suppress(Malformed):
            flight = taken(octets, size)
            assert flight.hello is None or flight.hello.version in TLSVersion
