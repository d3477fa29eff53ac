"""Master files: what is read, and what is refused with file and line."""

from __future__ import annotations

import os
from pathlib import Path

import dns.dnssec
import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.opcode
import dns.rcode
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.zone
import pytest

from mailproof.net.dns import zone_files
from mailproof.net.dns.zone_files import load_zone, parse_zone
from mailproof.net.dns.zones import Zones

from .zone_world import NET, ask


def test_zones_must_be_absolute_and_distinct() -> None:
    with pytest.raises(ValueError, match="twice"):
        Zones([parse_zone("example.net", NET), parse_zone("EXAMPLE.net", NET)])
    with pytest.raises(ValueError, match="absolute"):
        Zones([dns.zone.from_text(NET, "example.net", relativize=True)])


def test_a_zone_is_loaded_from_a_master_file(tmp_path: Path) -> None:
    path = tmp_path / "example.net.zone"
    path.write_text(NET)
    assert len(ask("target.example.net", "A", zones=Zones([load_zone("example.net.", path)])).answer) == 1


@pytest.mark.parametrize("text", ["both CNAME ns\nboth A 192.0.2.1\n", "both A 192.0.2.1\nboth CNAME ns\n"])
def test_an_alias_gives_way_to_the_records_beside_it_and_is_noted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "example.net.zone"
    path.write_text(NET + text)
    (answer,) = ask("both.example.net", "A", zones=Zones([load_zone("example.net.", path)])).answer
    assert answer[0].address == "192.0.2.1"
    noted = zone_files.read_records("example.net", path, 100)[-2:]
    assert sorted((dns.rdatatype.to_text(note.rdata.rdtype), note.place.line) for note in noted) in (
        [("A", 7), ("CNAME", 8)],
        [("A", 8), ("CNAME", 7)],
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NET + "bad A 192.0.2.300\n", r"\.zone:7: "),
        (NET + "bad NONSENSE x\n", r"\.zone:7: "),
        (NET + "open TXT (\n\n\n", r"\.zone:7: "),
        (NET + "$INCLUDE missing.zone\n", r"\.zone:7: .*missing\.zone: there is no such file"),
        (NET + "a\\256 A 192.0.2.1\n", r"\.zone:7: a number is out of its range"),
        (NET + "\nl LOC 52 14 05 N 00 08 50 E 99999999m\n", r"\.zone:8: a number is out of its range"),
        (NET + "l LOC 91 0 0 N 0 0 0 E 0m\n", r"\.zone:7: .*range"),
        (NET + "g A \\# 3 c00002\n", r"\.zone:7: "),
        ("@ 60 NS ns\n", r"\.zone:1: zone example\.net\. has no SOA"),
        ("@ 60 SOA ns h 1 2 3 4 5\n", r"\.zone:1: zone example\.net\. has no NS"),
    ],
)
def test_a_bad_master_file_is_a_value_error_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.zone"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_zone("example.net", path)


def test_an_unreadable_master_file_is_a_value_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no such file"):
        load_zone("example.net", tmp_path / "absent.zone")
    for octets, message in (
        (b"\xff\xfe\x00", ":1: .*byte order mark of UTF-16"),
        (b"\xef\xbb\xbf" + NET.encode(), ":1: .*byte order mark of UTF-8"),
        (NET.encode() + b"\0", ":7: an octet zero"),
    ):
        (tmp_path / "binary.zone").write_bytes(octets)
        with pytest.raises(ValueError, match=message):
            load_zone("example.net", tmp_path / "binary.zone")
    with pytest.raises(ValueError, match="not a zone name"):
        parse_zone("a..b", NET)


@pytest.mark.parametrize(
    "record",
    [
        't TXT "over two\nlines"',
        "k IPSECKEY 10 0 0 .",
        "s HTTPS 1 . tls-supported-groups=29,23",
        "n NEWERTYPE 1 2",
    ],
)
def test_what_the_reader_cannot_read_is_not_called_wrong(record: str) -> None:
    with pytest.raises(ValueError, match=r"<text>:7: .*this reader cannot read that, which may well be right"):
        parse_zone("example.net", f"{NET}{record}\n")


@pytest.mark.parametrize(
    "record",
    [
        r"g A \# 4 c0000201",
        r"g MX \# 7 000a 036d7831 00",
        r"u TYPE65534 \# 2 abcd",
        "s HTTPS 1 . key65000=abc",
        "l LOC 1 N 1 E 0m",
    ],
)
def test_other_ways_to_write_records(record: str) -> None:
    parse_zone("example.net", f"{NET}{record}\n")


def test_files_that_never_end_or_never_begin_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(ValueError, match=r"not a regular file|cannot be read"):
            load_zone("example.net", path)


def test_a_large_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zone_files, "MAX_SIZE", 1000)
    (tmp_path / "large.zone").write_text(NET + ";" * 1000)
    with pytest.raises(ValueError, match="larger than 1000 octets"):
        load_zone("example.net", tmp_path / "large.zone")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("$GENERATE 1-999999999 h$ A 192.0.2.1", r":7: more than 50 records"),
        ("$GENERATE 1-3 h${0,999999999} A 192.0.2.1", r":7: a width of 999999999 digits"),
        ('t TXT "' + "a" * 3_000_000 + '"', r":7: more than 70000 characters in a row"),
        ("t TXT " + "a" * 3_000_000, r":7: more than 70000 characters in a row"),
        ("\n".join(f"h{n} A 192.0.2.1" for n in range(60)), r":\d+: more than 50 records"),
        ("a. A 192.0.2.1\n" * 60, r":\d+: more than 50 records"),
    ],
)
def test_zones_are_bounded(monkeypatch: pytest.MonkeyPatch, line: str, message: str) -> None:
    monkeypatch.setattr(zone_files, "MAX_RECORDS", 50)
    with pytest.raises(ValueError, match=message):
        parse_zone("example.net", f"{NET}{line}\n")


def test_included_files_are_read_at_their_origin_and_the_file_goes_on(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "hosts.inc").write_text("$TTL 7\nhost A 192.0.2.7\n$INCLUDE parts/more.inc deeper\n")
    (tmp_path / "parts" / "more.inc").write_text("host A 192.0.2.8\n")
    text = f"{NET}last A 192.0.2.1\n$include parts/hosts.inc sub ; comment\n AAAA 2001:db8::1\nhost A 192.0.2.9\n"
    (tmp_path / "whole.zone").write_text(text)
    zone = load_zone("example.net", tmp_path / "whole.zone")
    found = {name.to_text(): rdata.to_text() for name, _, rdata in zone.iterate_rdatas("A")}
    assert found["host.sub.example.net."] == "192.0.2.7"
    assert found["host.deeper.sub.example.net."] == "192.0.2.8"
    assert found["host.example.net."] == "192.0.2.9"
    assert zone.get_rdataset("last.example.net.", "AAAA") is not None
    assert {rdataset.ttl for name, rdataset in zone.iterate_rdatasets("A") if "sub" in str(name)} == {7}
    assert zone.find_rdataset("host.example.net.", "A").ttl == 3600


def test_a_fault_in_an_included_file_and_behind_it_has_the_right_line(tmp_path: Path) -> None:
    (tmp_path / "part.inc").write_text("a A 192.0.2.1\nb A 192.0.2.300\n")
    (tmp_path / "whole.zone").write_text(f"{NET}$INCLUDE part.inc\n")
    with pytest.raises(ValueError, match=r"part\.inc:2: "):
        load_zone("example.net", tmp_path / "whole.zone")
    (tmp_path / "part.inc").write_text("a A 192.0.2.1\n")
    (tmp_path / "whole.zone").write_text(f"{NET}$INCLUDE part.inc\nb A 192.0.2.300\n")
    with pytest.raises(ValueError, match=r"whole\.zone:8: "):
        load_zone("example.net", tmp_path / "whole.zone")


@pytest.mark.parametrize("file", ["../secret", "/etc/hostname", "link", "../zones/../secret", "~/secret"])
def test_files_outside_of_the_folder_are_not_read_and_never_quoted(tmp_path: Path, file: str) -> None:
    (tmp_path / "secret").write_text("root:$6$secret:19000:0:99999:7:::\n")
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "zones" / "whole.zone").write_text(f"{NET}$INCLUDE {file}\n")
    with pytest.raises(ValueError, match=r"whole\.zone:7: \$INCLUDE: ") as caught:
        load_zone("example.net", tmp_path / "zones" / "whole.zone")
    assert "root" not in str(caught.value).replace(str(tmp_path), "")


def test_a_circle_of_files_ends(tmp_path: Path) -> None:
    (tmp_path / "whole.zone").write_text(f"{NET}$INCLUDE whole.zone\n")
    with pytest.raises(ValueError, match="more than 20 files within files"):
        load_zone("example.net", tmp_path / "whole.zone")


def test_text_that_is_no_file_includes_nothing() -> None:
    with pytest.raises(ValueError, match="no folder to include from"):
        parse_zone("example.net", f"{NET}$INCLUDE /etc/hostname\n")


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_may_end_as_on_other_systems(tmp_path: Path, end: str) -> None:
    (tmp_path / "part.inc").write_bytes(b"a A 192.0.2.9\r\n")
    (tmp_path / "whole.zone").write_bytes(f"{NET}$INCLUDE part.inc\nbad A 192.0.2.300\n".replace("\n", end).encode())
    with pytest.raises(ValueError, match=r"whole\.zone:8: "):
        load_zone("example.net", tmp_path / "whole.zone")
    (tmp_path / "whole.zone").write_bytes(f"{NET}$INCLUDE part.inc\nlast A 192.0.2.1".replace("\n", end).encode())
    zone = load_zone("example.net", tmp_path / "whole.zone")
    assert zone.get_rdataset("a.example.net.", "A") is not None
    assert zone.get_rdataset("last.example.net.", "A") is not None


def test_octets_beyond_ascii_stay_as_they_are(tmp_path: Path) -> None:
    """Servers know no encoding: neither is a name turned into an A-label, nor is Latin-1 an error."""
    (tmp_path / "whole.zone").write_bytes(
        NET.encode() + b't TXT "gr\xfc\xdfe" ; gr\xfc\xdfe\n' + "u\u00fc A 192.0.2.1\n".encode()
    )
    zone = load_zone("example.net", tmp_path / "whole.zone")
    assert zone.find_rdataset("t.example.net.", "TXT")[0].strings == (b"gr\xfc\xdfe",)
    assert zone.get_rdataset(dns.name.Name((b"u\xc3\xbc", b"example", b"net", b"")), "A") is not None


def test_an_origin_may_be_relative() -> None:
    zone = parse_zone("example.net", f"{NET}$ORIGIN deep\nx A 192.0.2.1\n$ORIGIN deeper\ny A 192.0.2.2\n")
    assert zone.get_rdataset("x.deep.example.net.", "A") is not None
    assert zone.get_rdataset("y.deeper.deep.example.net.", "A") is not None


@pytest.mark.parametrize("record", ["@ CDS 0 0 0 0", "@ CDNSKEY 0 3 0 0", '$GENERATE 1-2 h$ TXT "a $"'])
def test_what_standards_and_servers_write_is_not_called_wrong(record: str) -> None:
    with pytest.raises(ValueError, match="this reader cannot read that, which may well be right"):
        parse_zone("example.net", f"{NET}{record}\n")


@pytest.mark.parametrize("record", ["\t$INCLUDE x.inc", "a 4294967296 A 192.0.2.1"])
def test_what_is_no_type_at_all_is_called_wrong(record: str) -> None:
    with pytest.raises(ValueError, match=r"<text>:7: unknown rdatatype '[^']*'$"):
        parse_zone("example.net", f"{NET}{record}\n")
