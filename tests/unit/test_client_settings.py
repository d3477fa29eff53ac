"""Documents for mail programs, and whom a domain's settings may make us ask."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from mailproof.fixtures.dns_server import DNSServer
from mailproof.fixtures.https_peer import HTTPSPeer, Site
from mailproof.fixtures.store_peer import StoreBehaviour, StorePeer
from mailproof.grammars.client_settings import NamedServer, TLSStart, parse_autoconfig, parse_autodiscover
from mailproof.inventory.model import Inventory
from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.errors import NotFollowed
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.observations.client_settings import Autoconfig, Connected
from mailproof.probes import client_settings as probes
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain
from tests.unit.cases.client_settings import INCOMING, OUTGOING, config, named
from tests.unit.dns_world import ROOT
from tests.unit.smtp_world import PATIENT, authority

ADDRESS = "192.0.2.80"
DOMAIN = MailDomain("example.org")


def test_autoconfig_of_all_kinds() -> None:
    found = parse_autoconfig(
        config(
            INCOMING,
            OUTGOING,
            named("incomingServer", "POP3", 110, "STARTTLS"),
            named("incomingServer", "exchange", 443, "SSL"),
        ),
        "example.org",
    )
    assert [(s.service, s.port, s.tls) for s in found.servers] == [
        ("imap", 993, TLSStart.AT_ONCE),
        ("pop3", 110, TLSStart.STARTTLS),
        ("submission", 465, TLSStart.AT_ONCE),
    ]
    assert found.errors == ()


@pytest.mark.parametrize(
    "text", ["", "x", "<a", "<!DOCTYPE a><a/>", "<a>" * 100 + "</a>" * 100, "<a>" + "<b/>" * 6000 + "</a>", "\ud800"]
)
def test_what_is_no_document(text: str) -> None:
    assert parse_autoconfig(text, "example.org").errors
    assert parse_autodiscover(text).errors


def _protocol(type: str, port: int, more: str) -> str:
    return f"<Protocol><Type>{type}</Type><Server>mail.example.org</Server><Port>{port}</Port>{more}</Protocol>"


def test_autodiscover_of_all_kinds() -> None:
    protocols = (
        _protocol("IMAP", 993, "<SSL>on</SSL>"),
        _protocol("POP3", 110, "<SSL>off</SSL>"),
        _protocol("SMTP", 587, "<Encryption>TLS</Encryption>"),
        _protocol("EXCH", 443, ""),
    )
    space = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
    found = parse_autodiscover(
        f'<Autodiscover xmlns="{space}"><Response>{"".join(protocols)}</Response></Autodiscover>'
    )
    assert [(s.service, s.tls) for s in found.servers] == [
        ("imap", TLSStart.OPEN),
        ("pop3", TLSStart.NONE),
        ("submission", TLSStart.STARTTLS),
    ]
    moved = parse_autodiscover("<Autodiscover><RedirectAddr> a@example.com </RedirectAddr></Autodiscover>")
    assert moved.redirect == "a@example.com"


def asked(zone: str, probe: str, *sites: Site, domain: MailDomain = DOMAIN, **inventory: Any) -> tuple[Any, Any, Any]:
    """What a probe sees of a domain with this zone, the requests to its sites, and the questions."""

    async def run() -> tuple[Any, Any, Any]:
        text = f"$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.53\n{zone}\n"
        resolver = DNSServer([parse_zone("example.org", text), parse_zone(".", ROOT)], recursive=True)
        where = await resolver.start()
        peer = HTTPSPeer(sites or (Site("autoconfig.example.org"),), authority())
        connect = {str(where): where, f"{ADDRESS}:443": await peer.start()}
        net = Network(
            NetSettings(
                resolvers=(where,), limits=PATIENT, ca_file=authority().root_file, connect=connect, offline=True
            )
        )
        try:
            srv = await probes.client_srv(domain, net)
            match probe:
                case "client_srv":
                    seen: Any = srv
                case "autoconfig":
                    seen = await probes.autoconfig(domain, net)
                case "autodiscover":
                    own = Inventory.model_validate({"domains": ["example.org"], **inventory})
                    seen = await probes.autodiscover(domain, net, srv, own)
                case "client_tls":
                    none = Autoconfig("example.org", "autoconfig.example.org", ())
                    seen = await probes.client_tls(domain, net, srv, none, Targets())
                case _:
                    seen = await probes.jmap_session(domain, net, srv)
            return seen, peer.asked, resolver.asked
        finally:
            await net.close()
            await peer.stop()
            await resolver.stop()

    return asyncio.run(run())


def test_one_question_where_there_are_no_records() -> None:
    seen, _, questions = asked("", "client_srv")
    assert seen.records == ()
    assert [question for question in questions if question[0] != "."] == [("_tcp.example.org", "SRV")]


def test_records_and_the_addresses_behind_them() -> None:
    seen, _, questions = asked(f"_imaps._tcp SRV 0 1 993 mail\n_pop3._tcp SRV 0 0 0 .\nmail A {ADDRESS}", "client_srv")
    assert [str(record) for record in seen.records] == [
        "_imaps._tcp SRV 0 1 993 mail.example.org",
        "_pop3._tcp SRV 0 0 0 .",
    ]
    assert [name for name, *_ in seen.targets] == ["mail.example.org"]
    assert len([question for question in questions if question[0] != "."]) == 12


def test_nothing_is_asked_for_a_domain_without_mail() -> None:
    seen, requests, _ = asked(f"autoconfig A {ADDRESS}", "autoconfig", domain=MailDomain("example.org", receives=False))
    assert (seen.addresses, requests) == ((), [])


def test_autoconfig_is_asked_for_at_two_places() -> None:
    site = Site("autoconfig.example.org", config(INCOMING, OUTGOING))
    seen, requests, _ = asked(f"autoconfig A {ADDRESS}", "autoconfig", site)
    assert seen.settings.errors == ()
    (request,) = requests
    assert request.request.startswith("GET /.well-known/mail-v1.xml?emailaddress=mailproof-")
    missing, requests, _ = asked(f"autoconfig A {ADDRESS}", "autoconfig", Site("autoconfig.example.org", status=404))
    assert (missing.settings, len(requests)) == (None, 2)


def test_a_wildcard_is_no_autoconfig() -> None:
    seen, requests, _ = asked(f"* A {ADDRESS}", "autoconfig")
    assert (seen.addresses, requests) == ((), [])


def test_private_addresses_are_not_followed() -> None:
    with pytest.raises(NotFollowed):
        asked("autoconfig A 10.0.0.1", "autoconfig")


def test_autodiscover_gets_no_password() -> None:
    body = "<Autodiscover><Response/></Autodiscover>"
    seen, requests, _ = asked(f"autodiscover A {ADDRESS}", "autodiscover", Site("autodiscover.example.org", body))
    assert seen.settings.errors == ()
    (request,) = requests
    assert request.request == "POST /autodiscover/autodiscover.xml HTTP/1.1"
    assert "authorization" not in dict(request.headers)


@pytest.mark.parametrize(
    ("zone", "inventory", "elsewhere"),
    [
        ("autodiscover CNAME autodiscover.victim.example.", {}, "autodiscover.victim.example"),
        ("_autodiscover._tcp SRV 0 0 443 victim.example.", {}, "victim.example"),
        ("_autodiscover._tcp SRV 0 0 443 victim.example.", {"trusted": ["victim.example"]}, ""),
        ("_autodiscover._tcp SRV 0 0 443 auto.victim.example.\n@ MX 10 mx.victim.example.", {}, ""),
    ],
)
def test_autodiscover_asks_no_stranger(zone: str, inventory: Any, elsewhere: str) -> None:
    seen, requests, _ = asked(zone, "autodiscover", **inventory)
    assert (seen.answer, seen.elsewhere, requests) == (None, elsewhere, [])


@pytest.mark.parametrize(
    ("location", "elsewhere"),
    [("https://victim.example/x", True), ("/other", False), ("https://x.example.org/", False), ("https://[", True)],
)
def test_where_autodiscover_leads_is_told(location: str, elsewhere: bool) -> None:
    site = Site("autodiscover.example.org", status=302, headers=(("Location", location),))
    seen, requests, _ = asked(f"autodiscover A {ADDRESS}", "autodiscover", site)
    assert bool(seen.elsewhere) is elsewhere
    assert len(requests) == 1


def test_only_usual_ports_are_connected_to() -> None:
    seen, _, _ = asked(f"_imaps._tcp SRV 0 1 22 mail\n_imap._tcp SRV 0 1 143 gone\nmail A {ADDRESS}", "client_tls")
    assert [(one.failure, one.version) for one in seen.connected] == [("not followed", ""), ("no address", "")]


@pytest.mark.parametrize(("host", "version"), [("imap.example.org", True), ("other.example.org", False)])
def test_a_certificate_must_be_for_the_name_in_the_record(host: str, version: bool) -> None:
    async def run() -> Connected:
        peer = StorePeer(StoreBehaviour(host=host, implicit_tls=True), authority())
        connect = {f"{ADDRESS}:993": await peer.start()}
        answer = Answer("imap.example.org", "A", "NOERROR", (ResourceRecord("imap.example.org", 60, "A", ADDRESS),))
        nobody = SocketAddress("127.0.0.1", 1)
        root = authority().root_file
        net = Network(NetSettings((nobody,), limits=PATIENT, ca_file=root, connect={**connect, str(nobody): nobody}))

        async def resolve(name: str, type: str) -> Answer:
            return answer if type == "A" else replace(answer, type=type, records=())

        net.dns.resolve = resolve  # type: ignore[method-assign,assignment]
        try:
            return await probes._connect(net, NamedServer("imap", "imap.example.org", 993, TLSStart.AT_ONCE))
        finally:
            await net.close()
            await peer.stop()

    seen = asyncio.run(run())
    assert bool(seen.version) is version
    assert ("CERTIFICATE_VERIFY_FAILED" in seen.reason) is not version


def test_jmap_is_asked_once() -> None:
    zone = f"_jmap._tcp SRV 0 1 443 autoconfig\nautoconfig A {ADDRESS}"
    seen, requests, _ = asked(zone, "jmap", Site("autoconfig.example.org", '{"apiUrl": "x"}'))
    assert seen.answer.status == 200
    assert [one.request for one in requests] == ["GET /.well-known/jmap HTTP/1.1"]
    with pytest.raises(NotFollowed):
        asked("_jmap._tcp SRV 0 1 25 autoconfig", "jmap")


def test_a_page_of_the_site_in_place_of_the_document_does_not_hide_the_other() -> None:
    site = Site("autoconfig.example.org", "<!DOCTYPE html><html></html>")
    seen, requests, _ = asked(f"autoconfig A {ADDRESS}", "autoconfig", site)
    assert (seen.settings.errors, len(requests)) == (("it is a page of HTML",), 2)


def test_the_name_of_a_server_may_hold_the_domain_of_the_mailbox() -> None:
    found = parse_autoconfig(config(named("incomingServer", "imap", 993, "SSL", "imap.%EMAILDOMAIN%")), "example.org")
    assert [server.host for server in found.servers] == ["imap.example.org"]


def test_the_domains_of_one_provider_are_one_owner() -> None:
    zone = "@ MX 0 example-org.a-v1.mx.microsoft.\nautodiscover CNAME autodiscover.outlook.com."
    seen, requests, _ = asked(zone, "autodiscover")
    assert (seen.elsewhere, requests) == ("", [])
