"""Every parser of hostile or hand-written input, with what to make inputs from and what must hold for any of them.

``parse`` returns whether the input was taken for valid, and raises for what must never happen: the failures that a
parser announces are caught here, whatever else it raises is a finding.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dns.edns
import dns.message
import dns.rrset
import httpcore
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mailproof.controls import load_catalogue
from mailproof.gate.baseline import ResultError, compare, read_snapshot
from mailproof.gate.document import DocumentError, read_document
from mailproof.gate.profile import UnknownProfile, load_profile
from mailproof.gate.waivers import EXAMPLE, WaiverFile
from mailproof.grammars import dkim, dmarc, mta_sts, spf
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import load_inventory, load_part
from mailproof.inventory.values import domain_name
from mailproof.net import https
from mailproof.net.dns.client import normalise, reverse_name
from mailproof.net.dns.messages import Question, read_answer
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.dns.zones import Zones
from mailproof.net.errors import Malformed, NotObserved
from mailproof.net.hosts import Hosts
from mailproof.net.https import HTTPSClient
from mailproof.net.pkix.certificates import Chain, facts, load
from mailproof.net.pkix.paths import Roots, verify
from mailproof.net.pkix.reference_names import matches_name
from mailproof.net.settings import Limits, NetSettings
from mailproof.net.smtp import Dialogue, Reply, extensions
from mailproof.net.stream import Stream
from mailproof.net.text import printable
from mailproof.net.tls.flight import Flight
from mailproof.net.transcript import Transcript
from mailproof.observations import Observation, reverse
from mailproof.observations.dane import TLSA
from mailproof.observations.mta_sts import STSRecord
from mailproof.observations.published import PublishedRecord
from mailproof.observations.tls_reporting import TLSRPTRecord
from mailproof.patterns import matches
from mailproof.probes import load_probes
from mailproof.probes.dane import matching_records
from mailproof.probes.spf import expand
from mailproof.record import Record, RecordError, read_record, write_record
from mailproof.report.formats import FORMATS
from tests.unit import documents, observed, test_hellos
from tests.unit.test_hellos import record
from tests.unit.test_record import RECORD
from tests.unit.test_tls_offers import RETRY

CORPUS = Path(__file__).parent / "corpus"

AT = datetime(2026, 11, 22, tzinfo=UTC)

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)")
"""What must not reach a terminal, a page or a table as it is."""


_PLACE = re.compile(r"zone:[0-9]+: ")


def _told(message: str) -> bool:
    """An input was refused with a message that can be shown."""
    assert message
    assert not _CONTROLS.search(message), message
    return False


@dataclass(frozen=True)
class Parser:
    """A parser under test. ``weight`` is its share of the inputs, in proportion to the others'."""

    name: str
    parse: Callable[[bytes], bool]
    corpus: tuple[bytes, ...]
    words: tuple[bytes, ...]
    weight: int = 10


def _words(text: str) -> tuple[bytes, ...]:
    """The words of ``text``, in which an underscore stands for a blank, and the separators."""
    words = (word.replace("_", " ").encode("latin-1") for word in text.split(" "))
    return (*filter(None, words), b" ", b";", b".", b",", b":", b"=", b"\n")


def _text(data: bytes) -> str:
    """Octets as the DNS client hands them on: one character for each."""
    return data.decode("latin-1")


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


_DIRECTORY = TemporaryDirectory(prefix="mailproof-fuzz-")


def _directory() -> Path:
    """A directory of this process's own: the processes of a run are forked from one."""
    directory = Path(_DIRECTORY.name) / str(os.getpid())
    directory.mkdir(exist_ok=True)
    return directory


def _file(data: bytes, suffix: str) -> Path:
    file = _directory() / f"input{suffix}"
    file.write_bytes(data)
    return file


# Records of the DNS


def _spf(data: bytes) -> bool:
    texts = spf.select_records((_text(data),))
    record = spf.parse_record(texts[0] if texts else f"v=spf1 {_text(data)}")
    for term in record.evaluated:
        if term.domain is not None and not term.error:
            name = expand(term.domain, "example.org", "mail.example.org")
            target = spf.target_name(name) if name is not None else None
            if target is not None:
                normalise(target)
    assert all(isinstance(error, str) for error in record.errors)
    return not record.errors


def _dkim(data: bytes) -> bool:
    record = dkim.parse_key_record(_text(data))
    assert record.key_type
    assert record.revoked in (True, False)
    return not record.errors


def _dmarc(data: bytes) -> bool:
    texts = dmarc.select_records((_text(data),))
    record = dmarc.parse_record(texts[0] if texts else _text(data))
    assert record.policy("sp", "p") in dmarc.POLICIES
    assert record.psd in ("y", "n", "u")
    assert isinstance(record.report_addresses, tuple)
    return bool(texts) and record.is_usable


def _published_record(kind: type[PublishedRecord]) -> Callable[[bytes], bool]:
    def parse(data: bytes) -> bool:
        answer = observed.answer("example.org", "TXT", _text(data))
        record = kind("example.org", answer)
        assert record.in_force == (len(record.texts) == 1 and not record.errors)
        assert record.evidence()
        return record.in_force

    return parse


def _sts_policy(data: bytes) -> bool:
    policy = mta_sts.parse_policy(https._text(data))
    for pattern in policy.mx[:50]:
        assert mta_sts.covers(pattern, "mx1.example.org") in (True, False)
    return not policy.errors


def _tls_flight(data: bytes) -> bool:
    """Whole and in small pieces, an answer is the same; what is read of it is bounded by what came."""
    seen = []
    for size in (len(data) or 1, 7):
        flight = Flight()
        try:
            for at in range(0, len(data), size):
                flight.feed(data[at : at + size])
            flight.end()
        except Malformed as failure:
            _told(failure.reason)
        seen.append((flight.hello, flight.alert, flight.certificates, flight.key_exchange, flight.stapled))
        assert sum(map(len, flight.certificates)) <= len(data)
        assert flight.hello is None or flight.hello.alpn is None or not _CONTROLS.search(printable(flight.hello.alpn))
    assert seen[0] == seen[1]
    return not flight.empty


def _tlsa(data: bytes) -> bool:
    answer = (
        observed.answer("_25._tcp.mx1.example.org", "TLSA", f"{data[0]} {data[1]} {data[2]} {data[3:].hex()}")
        if len(data) >= 3
        else observed.answer("_25._tcp.mx1.example.org", "TLSA")
    )
    records = TLSA("mx1.example.org", observed.answer("mx1.example.org", "A", "192.0.2.1"), answer, True).records
    matched = matching_records(records, _chain(), ("mx1.example.org",), AT)
    assert set(matched) <= set(records)
    return bool(matched)


@cache
def _chain() -> Chain:
    certificate = x509.load_der_x509_certificate((CORPUS / "ed25519.der").read_bytes())
    pem = certificate.public_bytes(Encoding.PEM).decode()
    return Chain((pem,), (facts(load(pem)),))


# The wire


_TYPES = ("MX", "TXT", "A", "AAAA", "NS", "SOA", "PTR", "TLSA", "CNAME", "DS", "ANY")
_ID = 0x1234


def _dns(data: bytes) -> bool:
    """The first octet chooses the type that was asked for."""
    type_ = _TYPES[data[0] % len(_TYPES)] if data else "MX"
    asked = Question.make("example.org", type_, recurse=True)
    try:
        answer = read_answer(data[1:], _ID, asked, "192.0.2.53:53", "udp", 0.01)
    except NotObserved as failure:
        return _told(printable(failure.reason))
    assert all(isinstance(record.target, str) for record in answer.records)
    assert all(printable(line) for line in answer.evidence())
    return answer.exists


def _message(type_: str, *rrsets: tuple[str, str, str], error: str = "") -> bytes:
    query = dns.message.make_query("example.org", type_, use_edns=True, want_dnssec=True)
    query.id = _ID
    response = dns.message.make_response(query, True, 1232)
    for name, kind, data in rrsets:
        response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *data.split("|")))
    response.authority.append(dns.rrset.from_text("example.org.", 60, "IN", "SOA", "ns. h. 1 2 3 4 5"))
    response.additional.append(dns.rrset.from_text("mx.example.org.", 60, "IN", "A", "192.0.2.1"))
    if error:
        response.use_edns(options=[dns.edns.EDEOption(dns.edns.EDECode.DNSKEY_MISSING, error)])
    return bytes([_TYPES.index(type_)]) + response.to_wire()


def _dns_corpus() -> tuple[bytes, ...]:
    return (
        _message("MX", ("example.org.", "MX", "10 mx.example.org.|20 mx2.example.org.")),
        _message("TXT", ("example.org.", "TXT", '"v=spf1 -all"|"a" "b" "c"'), error="no DNSKEY"),
        _message("TXT", ("example.org.", "CNAME", "a.example.org."), ("a.example.org.", "TXT", '"alias"')),
        _message("AAAA", ("example.org.", "AAAA", "2001:db8::1|2001:db8::2")),
        _message("TLSA", ("example.org.", "TLSA", f"3 1 1 {'ab' * 32}")),
        _message("SOA", ("example.org.", "SOA", "ns. h. 1 2 3 4 5")),
        _message("ANY", ("example.org.", "NS", "ns.example.org."), ("example.org.", "CAA", '0 issue "ca.test"')),
        _message("DS", ("example.org.", "DS", f"1 13 2 {'cd' * 32}")),
    )


def _stream(data: bytes) -> Stream:
    """A stream that has received ``data`` and whose peer has closed."""
    stream = _Fed()
    stream.data_received(data)
    stream.eof_received()
    return stream


class _Fed(Stream):
    """What is written goes nowhere."""

    def write(self, data: bytes) -> None:
        pass


def _smtp(data: bytes) -> bool:
    return _loop().run_until_complete(_talk(data))


async def _talk(data: bytes) -> bool:
    """Greeting, EHLO, MAIL and QUIT against a server that says ``data``."""
    dialogue = Dialogue(_stream(data), Transcript(), Limits(), host="mx.example", ehlo_name="probe.example")
    heard = 0
    try:
        for step in (dialogue.greeting, dialogue.ehlo, lambda: dialogue.command("MAIL FROM:<>"), dialogue.quit):
            reply = await step()
            heard += 1
            _reply_is_sound(reply)
            extensions(reply)
    except NotObserved as failure:
        _told(failure.reason)
    for line in dialogue.transcript.evidence():
        assert not _CONTROLS.search(line), line
    return heard > 1


def _reply_is_sound(reply: Reply) -> None:
    assert 200 <= reply.code <= 599
    assert reply.lines
    assert reply.enhanced is None or reply.enhanced[0] in "245"
    assert not _CONTROLS.search(reply.text)


def _ehlo(data: bytes) -> bool:
    lines = tuple(printable(line) for line in _text(data).split("\n"))
    found = extensions(Reply(250, lines))
    assert all(keyword == keyword.upper() for keyword in found)
    return len(found) > 1


def _http(data: bytes) -> bool:
    return _loop().run_until_complete(_fetch(data))


async def _fetch(data: bytes) -> bool:
    client = HTTPSClient(NetSettings(limits=Limits(pause=0)), Hosts(Limits(pause=0)), _Replies(data))
    try:
        response = await client.fetch("https://mta-sts.example.org/.well-known/mta-sts.txt", ("192.0.2.1",))
    except NotObserved as failure:
        return _told(failure.reason)
    assert len(response.body) <= 4 * 65536
    for line in response.evidence():
        assert not _CONTROLS.search(line), line
    return response.status == 200


class _Replies(httpcore.AsyncNetworkBackend):
    """A network whose every peer says the same, and TLS always works."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def connect_tcp(self, *arguments: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return _OneReply(self._data)

    async def connect_unix_socket(self, *arguments: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        pass


class _OneReply(httpcore.AsyncNetworkStream):
    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        taken, self._data = self._data[:max_bytes], self._data[max_bytes:]
        return taken

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass

    async def aclose(self) -> None:
        pass

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:
        return None


def _certificate(data: bytes) -> bool:
    body = base64.encodebytes(data).decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    try:
        found = facts(load(pem))
        chain = Chain((pem, pem), (found, found))
        verify(chain, _roots(), AT)
        matching_records((), chain, ("mx1.example.org",), AT)
    except NotObserved:
        return False
    matches_name(found, "mx1.example.org")
    for text in (found.subject, found.issuer, *found.dns_names, *found.aia_issuers):
        assert not _CONTROLS.search(text), text
    for moment in (found.not_before, found.not_after):
        datetime.fromisoformat(moment)
    return True


@cache
def _roots() -> Roots:
    return Roots([x509.load_der_x509_certificate((CORPUS / "rsa.der").read_bytes())])


# Files


def _zone(data: bytes) -> bool:
    try:
        zone = parse_zone("example.org", _text(data), "zone")
    except ValueError as error:
        assert _PLACE.match(str(error)), error  # noqa: PT017
        return False
    zones = Zones([zone])
    for type_ in ("MX", "TXT"):
        query = dns.message.make_query("www.example.org", type_)
        zones.respond(query, recursive=True).to_wire(max_size=65535, prefer_truncation=True)
    return True


def _inventory(data: bytes) -> bool:
    try:
        loaded = load_inventory(_file(data, ".yaml"), {"SECRET": "hush"})
    except InventoryError as error:
        return _told(str(error))
    loaded.model.net_settings()
    return True


def _waivers(data: bytes) -> bool:
    try:
        part, _ = load_part(_file(data, ".yaml"), WaiverFile, EXAMPLE, {})
    except InventoryError as error:
        return _told(str(error))
    return all(isinstance(waiver.expires, date) for waiver in part.waivers)


def _profile(data: bytes) -> bool:
    try:
        profile = load_profile(str(_file(data, ".yaml")), _catalogue(), _directory())
    except (InventoryError, UnknownProfile) as error:
        return _told(str(error))
    profile.note(_catalogue())
    return True


_catalogue = cache(load_catalogue)


def _record(data: bytes) -> bool:
    try:
        record = read_record(_file(data, ".json"), _probes())
    except RecordError as error:
        return _told(str(error))
    again = _directory() / "again.json"
    write_record(again, record, lambda text: text)
    assert len(read_record(again, _probes()).outcomes) == len(record.outcomes)
    for outcome in record.outcomes.values():
        if isinstance(outcome, Observation):
            assert all(isinstance(line, str) for line in outcome.evidence())
    return True


_probes = cache(load_probes)


def _report(data: bytes) -> bool:
    try:
        document = read_document(_file(data, ".json"))
    except DocumentError as error:
        return _told(str(error))
    for name, render in FORMATS.items():
        text = "".join(render(document))
        if name != "json":  # JSON has its own escapes, and readers that undo them
            assert not _CONTROLS.search(text), name
    return True


def _baseline(data: bytes) -> bool:
    try:
        found = read_snapshot(_file(data, ".json"))
    except ResultError as error:
        return _told(str(error))
    compare(found, found).note("report.json")
    return True


# Names and patterns


def _name(data: bytes) -> bool:
    text = data.decode("utf-8", "surrogateescape")
    valid = False
    for parse in (normalise, domain_name, reverse_name):
        try:
            parsed = parse(text)
        except ValueError:
            continue
        valid = True
        assert parsed == parsed.lower()
        assert not _CONTROLS.search(parsed)
        if parse is not reverse_name:
            assert normalise(parsed) == parsed
    reverse.looks_generic(text, "192.0.2.25")
    spf.target_name(_text(data))
    return valid


def _pattern(data: bytes) -> bool:
    pattern, _, id = data[:8192].decode("utf-8", "surrogateescape").partition("\n")
    found = matches(pattern, id)
    assert not found or matches("*", id)
    return found


_ZONE = b"""$TTL 3600
$ORIGIN example.org.
@ IN SOA ns hostmaster ( 1 2h 3 4w 5 )
@ NS ns
  NS ns.example.net.
@ MX 10 mx
ns A 192.0.2.1
mx A 192.0.2.2 ; comment
   AAAA 2001:db8::2
*.wild TXT "a" "b\\"c" \\200
www CNAME mx
sub NS ns.sub
ns.sub A 192.0.2.3
d DNAME other.example.
_25._tcp.mx TLSA 3 1 1 ( 0000000000000000000000000000000000000000000000000000000000000000 )
$GENERATE 1-3 host$ A 192.0.2.$
"""

_INVENTORY = b"""# the inventory
include: []
contact: ops@example.org
active: true
domains:
  - example.org
  - {name: example.net, sends: false, receives: false}
  - name: b\xc3\xbccher.example
    selectors: [s1]
    active: false
hosts:
  - name: mx1.example.org
    addresses: [192.0.2.1, "2001:db8::1"]
sending: [192.0.2.25]
zones: [example.org]
blocklists: [{name: list, zone: "${secret:SECRET}.bl.example"}]
limits: {connect: 3, greeting: 5.5, retries: 0}
probe: {ehlo: probe.example.org, sender: postmaster@example.org}
resolvers: [127.0.0.1]
trust: {dnssec: resolver}
controls: {SPF-EXISTS: {level: MUST}}
waivers:
  - {control: SPF-*, target: example.net, reason: "until &a the move", expires: 2027-01-31}
"""

_WAIVERS = b"""waivers:
  - {control: SPF-EXISTS, target: example.org, reason: until the move, expires: 2027-01-31, owner: ops}
  - control: "TLS-*"
    target: mx1.example.org[192.0.2.25]:25
    reason: >
      folded
      text
    expires: 2026-12-31
"""

_PROFILE = b"""name: ours
title: Ours
extends: rfc
fail_on: SHOULD
source: {title: policy, date: 2026-01-01, url: "https://example.org"}
controls:
  SPF-EXISTS: {level: MUST}
  CERT-KEY-SIZE: {level: MUST, parameters: {minimum_rsa_bits: 3072}}
  DMARC-EXISTS: {off: not ours}
not_covered: [something]
"""

_YAML = _words(
    "- {  } [ ] & * &a *a !!float !!binary !!set !!omap !!timestamp !x | > ? --- ... %YAML_1.1 # ' \" ${A} ${secret:A} "
    "<<: include: domains: hosts: waivers: null true .inf .nan 0x1f 1_000 2027-01-31 9999999999 \t \\x00"
)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _record_corpus() -> tuple[bytes, ...]:
    file = _directory() / "corpus.json"
    write_record(file, RECORD, lambda text: text)
    whole = file.read_bytes()
    write_record(file, Record("lab", "now", RECORD.targets, {}, {"192.0.2.1": 1}, {}), lambda text: text)
    return whole, file.read_bytes()


def _report_corpus() -> tuple[bytes, ...]:
    plain = documents.document(
        *(documents.result(verdict, target=f"{verdict}.example") for verdict in documents.VERDICTS)
    )
    hostile = documents.document(documents.result("fail", observed=documents.HOSTILE, evidence=(documents.HOSTILE,)))
    return _json(plain), _json(hostile)


def _parsers() -> tuple[Parser, ...]:
    json_words = _words('{ } [ ] null true 1e999 NaN "\\ud800" "verdict" "pass" "\\u001b[31m" 1.0')
    reports = _report_corpus()
    certificates = tuple(file.read_bytes() for file in sorted(CORPUS.glob("*.der")))
    return (
        Parser(
            "spf",
            _spf,
            (
                b"v=spf1 a mx/24 a:a.example//64 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:b.example ~all",
                b"v=spf1 exists:%{ir}.%{v}.%{d2r+-}.example redirect=_spf.%{o} exp=e.%{d} x=%%%_%- ptr -all",
            ),
            _words(
                "v=spf1 a mx ptr ip4: ip6: include: exists: redirect= exp= %{ %{d} %{d9r.} } % / // - ~ ? + all -all"
            ),
            20,
        ),
        Parser(
            "dkim",
            _dkim,
            (
                b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
                b"v=DKIM1; h=sha256; s=email:*; t=y:s; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9"
                b"ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gb"
                b"to/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB",
                b"k=rsa; p=",
            ),
            _words("v=DKIM1 k= rsa ed25519 p= h= sha1 t= s= n= AAAA ==== =3D"),
            10,
        ),
        Parser(
            "dmarc",
            _dmarc,
            (
                b"v=DMARC1; p=reject; sp=none; np=quarantine; rua=mailto:a@b.example!10m,mailto:c@d.example; fo=1:d:s",
                b"v=DMARC1;p=none;adkim=s;aspf=r;pct=50;rf=afrf;ri=86400;ruf=mailto:x@y.example;t=y",
            ),
            _words(
                "v=DMARC1 p= sp= np= rua= ruf= mailto: https:// !10m none quarantine reject psd= t= fo= @ %2C pct= 100"
            ),
            20,
        ),
        Parser(
            "sts-record",
            _published_record(STSRecord),
            (b"v=STSv1; id=20261122T120000; x=y;",),
            _words("v=STSv1; id= a=b"),
            10,
        ),
        Parser(
            "sts-policy",
            _sts_policy,
            (b"version: STSv1\nmode: enforce\nmx: *.example.org\r\nmx: mx1.example.org\nmax_age: 1209600\n",),
            _words("version: STSv1 mode: enforce testing none mx: *. max_age: 86400 \r\n \t \xa0"),
            15,
        ),
        Parser(
            "tlsrpt",
            _published_record(TLSRPTRecord),
            (b"v=TLSRPTv1; rua=mailto:a@b.example,https://r.example/x; y=z", b"v=TLSRPTv1;rua=https://[::1]/"),
            _words("v=TLSRPTv1; rua= mailto: https:// ! @ [ ] %5B :99999"),
            10,
        ),
        Parser(
            "tls-flight",
            _tls_flight,
            _tls_corpus(),
            (b"\x16\x03\x03", b"\x02\x00\x00", b"\xff\xff", b"\x80", b"\x15"),
            15,
        ),
        Parser("tlsa", _tlsa, _tlsa_corpus(), (b"\x03\x01\x01", b"\x02\x00\x00", b"\xff", b"\x00" * 32), 5),
        Parser(
            "smtp",
            _smtp,
            (
                b"220 mx.example ESMTP\r\n250-mx.example\r\n250-SIZE 1\r\n250 STARTTLS\r\n250 2.1.0 Ok\r\n221 Bye\r\n",
                b"220-wait\r\n220-a\r\n220 go\r\n502 5.5.1 no\r\n250 Ok\r\n221 Bye\r\n",
                b"421 4.3.2 busy\r\n",
            ),
            _words("220 220- 250- 250_ 354 421 554 5.7.1 \r\n \n \r 2.1.0 999 099 STARTTLS SIZE"),
            12,
        ),
        Parser(
            "ehlo",
            _ehlo,
            (b"mx.example\nPIPELINING\nSIZE 10485760\nAUTH=LOGIN PLAIN\nAUTH CRAM-MD5\nSTARTTLS\nXFOO a=b",),
            _words("AUTH AUTH= SIZE STARTTLS \xdf starttls"),
            10,
        ),
        Parser("dns", _dns, _dns_corpus(), _dns_words(), 25),
        Parser("certificate", _certificate, certificates, _der_words(), 12),
        Parser(
            "http",
            _http,
            (
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain;q=x\r\nContent-Length: 20\r\n\r\nversion: STSv1\nmode:\n",
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nT: x\r\n\r\n",
                b"HTTP/1.1 301 Moved\r\nLocation: https://example.org/\r\nConnection: close\r\n\r\n",
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 No\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00",
            ),
            _words(
                "HTTP/1.1 HTTP/2 200 Content-Length: Transfer-Encoding: chunked gzip Content-Encoding: \r\n \r\n\r\n "
                "Content-Type: text/plain ffffffff -1 0"
            ),
            4,
        ),
        Parser(
            "zone",
            _zone,
            (_ZONE,),
            _words(
                "$TTL $ORIGIN $GENERATE_1-9_a$ ( ) @ IN CH SOA NS MX TXT A AAAA CNAME DNAME DS RRSIG NSEC3 TYPE65280 "
                '\\# \\000 \\. " ; * 1w2d 99999999999 _tcp'
            ),
            4,
        ),
        Parser(
            "inventory",
            _inventory,
            (_INVENTORY, b"domains: [example.org]\n", b"domains: &x [a.example, {name: *y}]\nzones: *x\n"),
            _YAML,
            1,
        ),
        Parser("waivers", _waivers, (_WAIVERS,), _YAML, 2),
        Parser("profile", _profile, (_PROFILE,), _YAML, 2),
        Parser("record", _record, _record_corpus(), json_words, 3),
        Parser("report", _report, reports, json_words, 2),
        Parser("baseline", _baseline, reports, json_words, 5),
        Parser(
            "name",
            _name,
            (
                b"mail.example.org",
                b"b\xc3\xbccher.example",
                b"xn--bcher-kva.example",
                b"_dmarc.example.",
                b"192.0.2.1",
                b"a\\046b.example",
                b"2001:db8::1%eth0",
                b"\xe3\x80\x82\xe2\x84\xaa.\xc3\x9f",
            ),
            _words(". .. \\ \\000 \\256 \\. xn-- xn--a @ _ * \xc3\x9f \xe3\x80\x82 \xe2\x80\x8d \xf0\x9f\x98\x80 ::"),
            15,
        ),
        Parser(
            "pattern",
            _pattern,
            (
                b"mx1.*.example.org[192.0.2.25]:25\nmx1.a.example.org[192.0.2.25]:25",
                b"SPF-*\nSPF-EXISTS",
                b"*a*b?c*\naabbcc",
            ),
            _words("* ? [ ] [! [a-z] ** *a ?* \\"),
            10,
        ),
    )


def _tls_corpus() -> tuple[bytes, ...]:
    tls12 = b"".join(record(test_hellos.WHOLE[at : at + 60]) for at in range(0, len(test_hellos.WHOLE), 60))
    ssl2 = b"\x80\x1d\x04\x00\x01\x00\x02\x00\x02\x00\x06\x00\x04der:\x07\x00\xc0\x01\x00\x80conn\x00\x00\x00\x00"
    return tls12, record(RETRY), ssl2, record(b"\x01\x70", 21) + record(b"\x02\x28", 21), b"500 what?\r\n"


def _tlsa_corpus() -> tuple[bytes, ...]:
    leaf = _chain().leaf
    return (
        b"\x03\x01\x01" + bytes.fromhex(leaf.spki_sha256),
        b"\x03\x00\x01" + bytes.fromhex(leaf.sha256),
        b"\x02\x00\x00" + (CORPUS / "ed25519.der").read_bytes(),
    )


def _dns_words() -> tuple[bytes, ...]:
    pointers = tuple(struct.pack("!H", 0xC000 | at) for at in (0, 12, 13, 25, 41, 0x3FFF))
    types = tuple(
        struct.pack("!HH", type_, 1) for type_ in (1, 2, 5, 6, 15, 16, 28, 39, 41, 46, 47, 50, 52, 64, 255, 257)
    )
    return (*pointers, *types, b"\x07example\x03org\x00", b"\x00", b"\xff\xff", b"\x3f" + b"a" * 63, b"\x40", b"\x80")


def _der_words() -> tuple[bytes, ...]:
    return (
        *(
            b"\x30\x80",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x02\x01\xff",
            b"\x02\x00",
            b"\x05\x00",
            b"\xa3\x00",
            b"\x1f\xff\x7f",
        ),
        *(b"\x17\x0d000101000000Z", b"\x18\x0f00010101000000Z", b"\x18\x0f99991231235959Z", b"\x18\x0f20261301000000Z"),
        *(
            b"\x82\x03a\x00b",
            b"\x82\x01\x1b",
            b"\x87\x04\xc0\x00\x02\x01",
            b"\x87\x05\x00\x00\x00\x00\x00",
            b"\x86\x00",
        ),
        *(
            b"\x06\x03\x55\x1d\x11",
            b"\x06\x03\x55\x1d\x13",
            b"\x06\x03\x2b\x65\x70",
            b"\x06\x03\x2b\x65\x71",
            b"\x0c\x02\xff\xfe",
        ),
    )


PARSERS = {parser.name: parser for parser in _parsers()}
