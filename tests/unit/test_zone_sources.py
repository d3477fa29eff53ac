"""Zones from transfers, BIND's configuration, and files of OctoDNS."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.message
import dns.name
import dns.rcode
import dns.rrset
import dns.tsig
import dns.zone
import pytest

from mailproof.cli import main
from mailproof.fixtures.world import World
from mailproof.inventory.zone_sources import zone_source
from mailproof.net.dns.zone_files import load_zone, parse_zone
from mailproof.zone_sources.bind import zone_files
from mailproof.zone_sources.source import SourceError
from mailproof.zone_sources.transfer import transfer
from tests.offline.user import SOURCE

KEY = 'key "mover" { algorithm hmac-sha256; secret "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IQ=="; };\n'
MOVER = dns.tsig.Key("mover", "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IQ==", "hmac-sha256")
SOA = "example.org. 60 IN SOA ns.example.org. h.example.org. 1 2 3 4 5"
RECORDS = (SOA, "example.org. 60 IN NS ns.example.org.", "ns.example.org. 60 IN A 192.0.2.1", SOA)


@contextmanager
def server(answer: Callable[[dns.message.Message, socket.socket], None]) -> Iterator[int]:
    """A server for one transfer; gives its port. ``answer`` gets the question, its TSIG checked, and the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                length = int.from_bytes(connection.recv(2, socket.MSG_WAITALL), "big")
                wire = connection.recv(length, socket.MSG_WAITALL)
                answer(dns.message.from_wire(wire, keyring=MOVER), connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)


def sender(
    records: tuple[str, ...] = RECORDS,
    each: int = 2,
    key: dns.tsig.Key | None = None,
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
) -> Callable[[dns.message.Message, socket.socket], None]:
    """Sends ``records`` in messages of ``each``, signed by ``key``."""

    def answer(query: dns.message.Message, connection: socket.socket) -> None:
        context = None
        for start in range(0, max(len(records), 1), each):
            message = dns.message.make_response(query)
            message.set_rcode(rcode)
            message.use_tsig(key) if key is not None else setattr(message, "tsig", None)
            for line in records[start : start + each]:
                name, ttl, _, kind, data = line.split(" ", 4)
                message.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))
            wire = message.to_wire(multi=True, tsig_ctx=context)
            context = message.tsig_ctx
            connection.sendall(len(wire).to_bytes(2, "big") + wire)

    return answer


@pytest.mark.parametrize("key", [None, MOVER], ids=["unsigned", "signed"])
@pytest.mark.parametrize("each", [1, 2, 4])
def test_a_zone_is_transferred(key: dns.tsig.Key | None, each: int, tmp_path: Path) -> None:
    (tmp_path / "mover.key").write_text(KEY)
    with server(sender(each=each, key=key)) as port:
        url = f"axfr://127.0.0.1:{port}/Example.org"
        signed = f"{url}?key=mover&key-file={tmp_path / 'mover.key'}"
        zone = transfer(zone_source(signed if key else url))
    assert zone.lines == list(RECORDS[:-1])
    assert parse_zone("example.org", "\n".join(zone.lines) + "\n")


WRONG = dns.tsig.Key("mover", "d3Jvbmc=", "hmac-sha256")
ELSEWHERE = "www.example.net. 60 IN A 192.0.2.9"


@pytest.mark.parametrize(
    ("answer", "signed", "said"),
    [
        (sender((), rcode=dns.rcode.REFUSED), False, "REFUSED: the server must allow a transfer"),
        (sender(()), False, "a message without records"),
        (sender(RECORDS[1:]), False, "does not begin with an SOA"),
        (sender(RECORDS[:-1]), False, "ended the connection before the zone was whole"),
        (sender((*RECORDS[:2], ELSEWHERE, SOA)), False, "does not lie in the zone"),
        (sender((*RECORDS, RECORDS[2]), each=5), False, "records behind the end"),
        (sender(key=None), True, "did not sign its answer"),
        (sender(key=WRONG), True, "signature|TSIG|verify|BadSignature"),
        (lambda query, connection: connection.sendall(b"\0\x05hello"), False, "axfr://"),
        (lambda query, connection: None, False, "ended the connection"),
    ],
    ids=["refused", "empty", "no SOA", "cut", "elsewhere", "behind", "unsigned", "wrong key", "noise", "closed"],
)
def test_a_transfer_that_is_none_is_told(answer: Any, signed: bool, said: str, tmp_path: Path) -> None:
    (tmp_path / "mover.key").write_text(KEY)
    with server(answer) as port:
        key = f"?key=mover&key-file={tmp_path / 'mover.key'}" if signed else ""
        with pytest.raises(SourceError, match=said):
            transfer(zone_source(f"axfr://127.0.0.1:{port}/example.org{key}"))


def test_a_server_that_never_ends_is_left() -> None:
    released = threading.Event()

    def wait(query: dns.message.Message, connection: socket.socket) -> None:
        released.wait(10)

    with server(wait) as port:
        with pytest.raises(SourceError, match=r"timed out|too long"):
            transfer(zone_source(f"axfr://127.0.0.1:{port}/example.org"), patience=0.2)
        released.set()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("axfr://ns1.example.org", "write axfr://SERVER/ZONE"),
        ("axfr:///example.org", "write axfr://SERVER/ZONE"),
        ("axfr://ns1.example.org:x/example.org", "write axfr://SERVER/ZONE"),
        ("axfr://ns1.example.org/example.org?secret=abc", "behind the ? of axfr: stands key=... or key-file=..."),
        ("axfr://ns1.example.org/example.org?key=mover", "a key is key=NAME&key-file=FILE"),
        ("axfr://ns1.example.org/example.org?key=mover:c2Vj&key-file=f", "a key is key=NAME&key-file=FILE"),
        ("axfr://ns1.example.org/example.org?key-file=f", "key=NAME says which key"),
        ("axfr://ns1.example.org/example.org?key=mover:c2VjcmV0", "the secret of a key stands in the environment"),
        ("axfr://ns1.example.org/example.org?key=mover:${secret:NOT_THERE}", "NOT_THERE is not set"),
        ("plan.json", "is a master file already, or none of terraform:PLAN.json"),
        ("plan.json", "; write terraform:plan.json"),
        ("named.conf", "; write bind:named.conf"),
        ("terraform:", "no file is named; write terraform:PLAN.json"),
        ("terraform:gone.json", "there is no such file; `terraform show -json"),
        ("bind:named.conf?leave-out", "behind the ? of bind: stands view=..."),
        ("dnscontrol:ir.json?leave-out=yes", "behind the ? of dnscontrol: stands view=... or leave-out, once"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(url: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zones", url]) == 4
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('key "other" { };', "there is no key mover"),
        ('\nkey "mover" { algorithm hmac-sha256; };', ":2: the key has no algorithm or no secret"),
        ('key "mover" { algorithm hmac-sha256; secret "%%%"; };', ":1: the key is none"),
        ('key "mover" {', "the text ends inside"),
    ],
)
def test_a_key_that_is_none_is_told(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "mover.key").write_text(text)
    with pytest.raises(SourceError, match=said):
        transfer(zone_source(f"axfr://127.0.0.1/example.org?key=mover&key-file={tmp_path / 'mover.key'}"))


CONF = """options { directory "zones"; };
view "inside" { zone "example.org" { type primary; file "inside/example.org"; }; };
view "outside" {
    zone "example.org" { type master; file "/etc/bind/example.org"; };
    zone "example.net" { type secondary; file "example.net"; };
    zone "." { type hint; file "root"; };
};
"""


def test_the_zones_of_a_view_are_named_for_the_inventory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "named.conf"
    file.write_text(CONF)
    assert zone_files(file, "inside") == {"example.org": tmp_path / "zones" / "inside" / "example.org"}
    assert main(["zones", f"bind:{file}?view=outside"]) == 0
    assert capsys.readouterr().out == 'zone_files:\n  example.org: "/etc/bind/example.org"\n'
    for view, said in ((None, r"\?view=NAME chooses one of inside, outside"), ("nowhere", "there are inside, outside")):
        with pytest.raises(SourceError, match=said):
            zone_files(file, view)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('zone "example.org" { type secondary; };', "no zone of type primary"),
        ('include "zones.conf";', "what it includes is not read"),
        ('\nzone "-x" { type primary; file "f"; };', "named.conf:2: "),
        ("zone {", "the text ends inside a statement"),
    ],
)
def test_a_configuration_without_zones_is_told(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "named.conf"
    file.write_text(text)
    with pytest.raises(SourceError, match=said):
        zone_files(file)


OCTO = """---
'':
- type: MX
  ttl: 60
  values: [{preference: 10, exchange: mx1.hosting.example.}]
- type: NS
  values: [ns1.hosting.example.]
- type: TXT
  values: ['v=spf1 mx -all', 'with \\; and "quotes"']
www: {type: CNAME, value: no-spf.example.}
"""
PROXIED = "www2: {type: A, value: 192.0.2.1, octodns: {cloudflare: {proxied: true}}}\n"
DYNAMIC = """geo:
  type: A
  dynamic: {pools: {a: {values: [{value: 192.0.2.1}]}}, rules: [{pool: a}]}
  values: [192.0.2.1]
"""


def test_zones_of_octodns_are_read_by_its_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config").mkdir()
    file = Path("config/no-spf.example.yaml")
    file.write_text(OCTO)
    with World.load(SOURCE / "fixtures" / "worlds" / "demo") as world:
        assert main(["zones", "octodns:config", "-o", "build", "--resolver", str(world.resolver)]) == 0
    zone = load_zone("no-spf.example", Path("build/no-spf.example.zone"))
    apex = zone.origin or dns.name.root
    texts = {"".join(part.decode() for part in data.strings) for data in zone.find_rdataset(apex, "TXT")}
    assert texts == {"v=spf1 mx -all", 'with ; and "quotes"'}
    assert len(zone.find_rdataset(apex, "SOA")) == 1
    Path("build/other.example.zone").touch()
    with World.load(SOURCE / "fixtures" / "worlds" / "demo") as world:
        assert main(["zones", "octodns:config", "-o", "build", "--resolver", str(world.resolver)]) == 0
    told = capsys.readouterr().err
    assert "build/other.example.zone is not of this source" in told
    assert "no-spf" not in told
    file.write_text(OCTO + PROXIED)
    assert main(["zones", "octodns:config", "-o", "again"]) == 1
    assert "www2.no-spf.example. A: proxied: " in capsys.readouterr().err
    file.write_text(OCTO + DYNAMIC)
    assert main(["zones", "octodns:config", "-o", "again"]) == 1
    assert "geo.no-spf.example. A: dynamic: " in capsys.readouterr().err
    assert not Path("again").exists()
    file.write_text(OCTO + "bad: {type: A, value: nonsense}\n")
    assert main(["zones", "octodns:config"]) == 4
    assert "no-spf.example.yaml, line 11" in capsys.readouterr().err
    for source in ("octodns:nowhere", "octodns:build"):
        assert main(["zones", source]) == 4
