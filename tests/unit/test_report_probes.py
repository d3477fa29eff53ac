"""What the probes of reports make of files, and of all files together."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from mailproof.inventory.model import Inventory
from mailproof.net.dns.client import DNSClient
from mailproof.net.errors import TimedOut, Unreadable
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.failing_sources import OwnSourceSeen
from mailproof.observations.reports import Reported, Reports, SourceSeen
from mailproof.observations.source_classes import SourceClass
from mailproof.probes.failing_sources import own_source_seen
from mailproof.probes.reports import reported, reports
from mailproof.targets.addresses import SendingAddress, find_sending_addresses
from mailproof.targets.base import Target, Targets
from mailproof.targets.discovery import Search
from mailproof.targets.files import ReportFile
from mailproof.targets.reports import OwnSource, ReportedDomain, find_own_sources
from tests.fuzz.parsers.reports import JSON, XML

DOMAINS = Inventory.model_validate({"domains": ["example.org", "news.example.org"]})
LATER = (
    XML.replace(b"<end>2", b"<end>90000000")
    .replace(b"<begin>1", b"<begin>89900000")
    .replace(b"<report_id>1", b"<report_id>2")
)
MAIL = b"From: a@example.org\n\nHello\n"


def _file(directory: Path, name: str, data: bytes) -> ReportFile:
    (directory / name).write_bytes(data)
    return ReportFile(str(directory / name), name, name)


async def no_look(*_: object) -> Any:
    raise AssertionError("a file needs no other probe")


async def _read(file: ReportFile) -> Reports:
    network = Network(NetSettings())
    try:
        return await reports(file, network, DOMAINS, no_look)
    finally:
        await network.close()


def read(directory: Path, name: str, data: bytes) -> Reports:
    return asyncio.run(_read(_file(directory, name, data)))


def test_files_of_reports(tmp_path: Path) -> None:
    found = read(tmp_path, "a.xml", gzip.compress(XML))
    (report,) = found.aggregate
    (source,) = report.sources
    assert (source.address, source.messages, source.by_dkim, source.by_spf, source.overridden) == (
        "192.0.2.1",
        2,
        2,
        0,
        2,
    )
    assert read(tmp_path, "b.json", JSON).ours == ("example.org",)
    assert read(tmp_path, "c.eml", MAIL).aggregate == ()
    assert read(tmp_path, "prod.json", b'{\n "format": "mailproof-result",\n "version": 1}') == Reports(
        "prod.json", observed_at=ANY
    )
    for name, data in (("d.xml", MAIL), ("e.xml", b"<html/>"), ("f.json", b"{}")):
        with pytest.raises(Unreadable, match=name):
            read(tmp_path, name, data)


def all_of(directory: Path, domain: str, *files: tuple[str, bytes]) -> Reported:
    targets = Targets.collect(
        (
            SendingAddress("192.0.2.25", domains=("example.org",)),
            SendingAddress("192.0.2.26", declared=False, domains=("example.org",)),
            *(_file(directory, name, data) for name, data in files),
        )
    )

    async def look(_: Callable[..., Any], target: Target) -> Any:
        assert isinstance(target, ReportFile)
        return await _read(target)

    return asyncio.run(reported(ReportedDomain(domain), look, DOMAINS, targets))  # type: ignore[arg-type]


def test_a_report_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    found = all_of(tmp_path, "example.org", ("a.xml", XML), ("b.xml.gz", gzip.compress(XML)), ("c.xml", b"<"))
    assert (found.messages, found.duplicates, len(found.unread)) == (2, 1, 1)
    assert (found.own, found.known) == (("192.0.2.25",), ("192.0.2.25", "192.0.2.26"))
    assert found.reporters == (("a", "b", 2),)


def test_only_the_last_month_counts(tmp_path: Path) -> None:
    found = all_of(tmp_path, "example.org", ("a.xml", XML), ("b.xml", LATER.replace(b"192.0.2.1", b"192.0.2.9")))
    assert [source.address for source in found.sources] == ["192.0.2.9"]


def test_a_report_from_times_to_come_hides_nothing(tmp_path: Path) -> None:
    """Anybody can send one: beside it, the reports of today would be old ones."""
    ahead = LATER.replace(b"<end>90000000", b"<end>99999999999")
    found = all_of(tmp_path, "example.org", ("a.xml", XML), ("b.xml", ahead))
    assert (found.messages, found.reporters, found.until) == (2, (("a", "b", 2),), 2)
    assert found.unread == ("b.xml: its report ends on 5138-11-16, which is still to come",)
    (report,) = read(tmp_path, "c.xml", ahead).aggregate
    assert "still to come" in report.errors[0]


def test_reports_of_several_domains_may_have_one_id(tmp_path: Path) -> None:
    news = XML.replace(b"example.org", b"news.example.org")
    assert all_of(tmp_path, "news.example.org", ("a.xml", XML), ("b.xml", news)).messages == 2


def test_what_names_no_period_does_not_say_since_when_reports_come(tmp_path: Path) -> None:
    timeless = XML.replace(b"<begin>1", b"<begin>x").replace(b"<report_id>1", b"<report_id>3")
    assert all_of(tmp_path, "example.org", ("a.xml", LATER), ("b.xml", timeless)).since == 89_900_000


def test_a_reason_without_a_type_is_none(tmp_path: Path) -> None:
    """Some reporters write empty elements in every row: that is no override."""
    found = all_of(tmp_path, "example.org", ("a.xml", XML.replace(b"<type>other</type>", b"<type/>")))
    assert found.sources[0].overridden == 0


def test_rows_belong_to_the_nearest_domain_of_from(tmp_path: Path) -> None:
    news = XML.replace(b"<header_from>", b"<header_from>a.news.")
    assert all_of(tmp_path, "news.example.org", ("a.xml", news)).messages == 2
    assert all_of(tmp_path, "example.org", ("a.xml", news)).messages == 0


def test_a_chart_has_the_days_of_the_last_year(tmp_path: Path) -> None:
    newest = 1_700_000_000
    files = []
    long_ago = newest - 500 * 86_400
    for number, (begin, end) in enumerate(
        ((newest - 86_400, newest), (newest - 2, newest), (long_ago, newest - 3), (newest + 90, newest + 5))
    ):
        text = XML.replace(b"<begin>1<", b"<begin>%d<" % begin).replace(b"<end>2<", b"<end>%d<" % end)
        files.append((f"{number}.xml", text))
    day = newest // 86_400 * 86_400
    assert all_of(tmp_path, "example.org", *files).days == ((day - 86_400, 2, 2), (day, 2, 2))


def test_each_sending_address_of_the_inventory_is_a_source_of_its_own() -> None:
    inventory = Inventory.model_validate(
        {
            "domains": ["example.org", "news.example.org"],
            "sending": ["192.0.2.25", {"address": "2001:DB8:0::1", "domains": ["example.org"]}],
        }
    )
    settings = NetSettings()
    search = Search(inventory, DNSClient(settings), settings)
    search.targets.add(ReportedDomain("example.org"))
    search.targets.add(ReportedDomain("news.example.org"))
    search.targets.add(SendingAddress("192.0.2.26", declared=False, domains=("example.org",)))

    async def find() -> None:
        await find_sending_addresses(search)
        await find_own_sources(search)

    asyncio.run(find())
    assert [(one.domain, one.address) for one in search.targets.found(OwnSource)] == [
        ("example.org", "192.0.2.25"),
        ("example.org", "2001:db8::1"),
        ("news.example.org", "192.0.2.25"),
    ]


def test_what_reports_tell_of_a_source_of_our_own() -> None:
    """Its messages under all names in From count together; who else sends does not."""
    seen = SourceSeen("192.0.2.25", "example.org", 7, 6, 5, 6, first=100_000, last=200_000)
    as_news = SourceSeen("192.0.2.25", "x.example.org", 3, first=300_000, last=400_000)
    other = SourceSeen("198.51.100.7", "example.org", 90)
    told = Reported("example.org", "", (), (seen, other, as_news), own=("192.0.2.25",), left_out=4)

    async def look(probe: Callable[..., Any], target: Target) -> Any:
        if probe is reported:
            assert target.id == "example.org (reports)"
            return told
        raise TimedOut("no answer")

    def of(address: str) -> OwnSourceSeen:
        return asyncio.run(own_source_seen(OwnSource("example.org", address), look, DOMAINS))  # type: ignore[arg-type]

    found = of("192.0.2.25")
    assert (found.seen.source, found.messages, found.left_out) == (seen + as_news, 100, 4)
    assert (found.seen.kind, found.seen.unknown) == (SourceClass.MISCONFIGURED, ("reverse DNS: no answer",))
    assert "seen from 1970-01-02 to 1970-01-05: own, misconfigured" in found.evidence()[0]
    assert of("192.0.2.26").seen.source.messages == 0
