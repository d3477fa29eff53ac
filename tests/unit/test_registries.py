"""What is fetched from registries and lists: over HTTPS from servers of ours, with what goes wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from mailproof.fixtures.dns_server import DNSServer
from mailproof.fixtures.https_peer import HTTPSPeer, Site
from mailproof.grammars.rdap import parse_domain
from mailproof.inventory.model import Inventory
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.errors import Malformed, NotAvailable, NotFollowed, NotObserved, Throttled
from mailproof.net.network import Network
from mailproof.net.settings import Limits, NetSettings
from mailproof.observations.blocklists import Listing
from mailproof.observations.registration import AbuseContact, DomainRegistration, ListedNetworks
from mailproof.observations.routing import BlockRoutes, Validity
from mailproof.probes import blocklists, registration, reputation, routing
from mailproof.probes.probe import read_probe
from mailproof.targets.addresses import BlocklistEntry, DomainListEntry, SendingAddress
from mailproof.targets.base import Target, Targets
from mailproof.targets.registration import RegisteredDomain
from mailproof.targets.routing import AddressBlock, RoutingTable

from .smtp_world import authority

Result = TypeVar("Result")

REGISTRY, OTHER, PRIVATE = "rdap.registry.example", "rdap.other.example", "private.registry.example"
ZONE = """$TTL 60
@ SOA ns h 1 2 3 4 5
@ NS ns
ns A 8.8.8.1
rdap.registry A 8.8.8.8
rdap.other A 8.8.8.9
private.registry A 10.0.0.1
with-mail MX 10 mx.with-mail
no-mail MX 0 .
2.0.0.127.bl A 127.0.0.2
25.0.1.11.bl A 127.0.0.10
25.0.1.11.bl TXT "dial-up"
test.dbl A 127.0.1.2
example.org.dbl A 127.0.1.4
invalid.dead A 127.0.0.2
test.dead A 127.0.0.2
*.origin TXT "64496 | 11.1.0.0/22 | ZZ | test | 2020-01-01"
"""
ROOT = "@ 60 SOA a.nic. h. 1 2 3 4 5\n@ 60 NS a.nic.\na.nic. 60 A 8.8.8.1\n"

Look = Callable[[Callable[..., Any], Target], Awaitable[Any]]


def seen(probe: Callable[..., Awaitable[Result]], target: Target, inventory: dict[str, Any], *sites: Site) -> Result:
    """What a probe sees of ``target``, with a resolver and HTTPS servers on this machine."""
    asked = Inventory.model_validate({"domains": ["example.org"], **inventory})

    async def run() -> Result:
        dns = DNSServer([parse_zone("example", ZONE), parse_zone(".", ROOT)], recursive=True)
        web = HTTPSPeer(sites or (Site(REGISTRY),), authority())
        resolver, at = await dns.start(), await web.start()
        places = {"8.8.8.8:443": at, "8.8.8.9:443": at}
        settings = NetSettings((resolver,), connect=places, ca_file=authority().root_file, limits=Limits(dns=20))
        net = Network(settings)
        targets = Targets.collect([AddressBlock("11.1.0.0/24", ("MX host",)), RoutingTable(str(asked.routing.vrps))])
        given = {"net": net, "inventory": asked, "targets": targets}

        async def look(probe: Callable[..., Awaitable[Any]], target: Target) -> Any:
            if probe.__name__ == "delegation":
                raise NotObserved("nothing is known of the parent")
            entry = read_probe(probe)
            assert entry is not None
            return await probe(target, **{name: (given | {"look": look})[name] for name in entry.given})

        try:
            observation: Result = await look(probe, target)
            return observation
        finally:
            await asyncio.gather(net.close(), dns.stop(), web.stop())

    return asyncio.run(run())


@pytest.fixture
def bootstrap(tmp_path: Path) -> dict[str, Any]:
    """An inventory whose bootstrap file names the registry for ``org``, and for addresses."""
    file = tmp_path / "bootstrap.json"
    url = [f"https://{REGISTRY}/"]
    file.write_text(json.dumps({"services": [[["org"], url], [["0.0.0.0/0"], url]]}))
    return {"registration": {"rdap": True, "bootstrap": [str(file)]}}


def domain(**more: Any) -> str:
    return json.dumps({"objectClassName": "domain", "ldhName": "EXAMPLE.ORG", **more})


def network(*mailboxes: str) -> str:
    """A network whose abuse contact stands within another entity."""
    emails = [["email", {}, "text", mailbox] for mailbox in mailboxes]
    contact = {"roles": ["abuse", "technical"], "vcardArray": ["vcard", [["version", {}, "text", "4.0"], *emails]]}
    holder = {"roles": ["registrant"], "entities": [contact]}
    return json.dumps({"objectClassName": "ip network", "handle": "NET", "entities": [holder]})


def registered(bootstrap: dict[str, Any], *sites: Site, name: str = "mail.example.org") -> DomainRegistration:
    return seen(registration.domain_registration, RegisteredDomain(name), bootstrap, *sites)


def contact(bootstrap: dict[str, Any], *sites: Site) -> AbuseContact:
    return seen(registration.abuse_contact, SendingAddress("11.1.0.25"), bootstrap, *sites)


def test_a_registered_domain_is_that_above_the_zone(bootstrap: dict[str, Any]) -> None:
    events = [{"eventAction": "expiration", "eventDate": "2030-01-01T00:00:00Z"}, {"eventAction": 1}, "nonsense"]
    servers = [{"ldhName": "NS1.Example.NET."}, {"unicodeName": "x"}]
    signed = {"delegationSigned": True, "dsData": [{"keyTag": 7}, {"keyTag": "x"}]}
    text = domain(status=["Client Transfer Prohibited"], events=events, nameservers=servers, secureDNS=signed)
    found = registered(bootstrap, Site(REGISTRY, text))
    assert found.name == "example.org"
    assert found.url == f"https://{REGISTRY}/domain/example.org"
    assert found.entry is not None
    assert found.entry.status == ("client transfer prohibited",)
    assert found.entry.name_servers == ("ns1.example.net",)
    assert found.entry.key_tags == (7,)
    age = found.age_at("expiration")
    assert age is not None
    assert age.days < 0


@pytest.mark.parametrize("tag", [[7], {"a": 7}, None, "x", 1.5, -1, 10**30])
def test_a_key_tag_that_is_none_says_nothing(tag: object) -> None:
    entry = parse_domain(domain(secureDNS={"delegationSigned": False, "dsData": [{"keyTag": tag}]}))
    assert entry.key_tags is None


def test_what_registries_write_in_their_own_way_is_understood() -> None:
    entry = parse_domain(domain(status=["clientTransferProhibited"], secureDNS={"dsData": [{"keyTag": "12345"}]}))
    assert entry.status == ("client transfer prohibited",)
    assert entry.key_tags == (12345,)


def test_the_most_that_a_registry_is_asked(bootstrap: dict[str, Any]) -> None:
    with pytest.raises(NotObserved, match=r"no registry knows a\.b\.c\.d\.example\.org"):
        registered(bootstrap, Site(REGISTRY, status=404), name="a.b.c.d.example.org")


def test_a_top_level_domain_without_registry_is_no_failure(bootstrap: dict[str, Any]) -> None:
    found = registered(bootstrap, name="example.nowhere")
    assert (found.url, found.entry) == ("", None)


@pytest.mark.parametrize(
    ("site", "failure", "says"),
    [
        (Site(REGISTRY, status=429), Throttled, "status 429"),
        (Site(REGISTRY, status=400), NotObserved, "no registry knows"),
        (Site(REGISTRY, status=500), NotAvailable, "status 500"),
        (Site(REGISTRY, "not JSON"), Malformed, "Expecting value"),
        (Site(REGISTRY, "[" * 100_000), Malformed, "nested|recursion|Expecting"),
        (Site(REGISTRY, network()), Malformed, "no domain object"),
        (
            Site(REGISTRY, status=302, headers=(("Location", f"https://{REGISTRY}/domain/x"),)),
            NotAvailable,
            "redirects",
        ),
        (Site(REGISTRY, status=302, headers=(("Location", f"https://{PRIVATE}/"),)), NotFollowed, "not a public"),
        (Site(REGISTRY, status=302, headers=(("Location", "http://plain.example/"),)), NotAvailable, "status 302"),
        (Site(REGISTRY, "x" * 2_000_000), Malformed, "octets"),
        (Site(REGISTRY, fault="alert"), NotAvailable, "answers"),
    ],
    ids=[
        "throttled",
        "refused",
        "broken",
        "text",
        "deep",
        "other object",
        "circle",
        "private",
        "plain",
        "large",
        "TLS",
    ],
)
def test_what_goes_wrong_is_typed(bootstrap: dict[str, Any], site: Site, failure: type[NotObserved], says: str) -> None:
    with pytest.raises(failure, match=says):
        registered(bootstrap, site)


def test_an_address_is_followed_to_the_registry_that_has_it(bootstrap: dict[str, Any]) -> None:
    moved = Site(REGISTRY, status=302, headers=(("Location", f"https://{OTHER}/ip/11.1.0.25"),))
    found = contact(bootstrap, moved, Site(OTHER, network("Abuse@WITH-MAIL.example", "abuse@no-mail.example")))
    assert found.url == f"https://{OTHER}/ip/11.1.0.25"
    assert found.entry is not None
    assert found.entry.abuse == ("Abuse@with-mail.example", "abuse@no-mail.example")
    assert found.without_mail == ("abuse@no-mail.example",)


def test_nobody_is_asked_unless_the_inventory_says_so() -> None:
    assert contact({}).url == ""


def test_what_is_no_bootstrap_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "empty.json"
    file.write_text("{}")
    with pytest.raises(Malformed, match="is no bootstrap file"):
        registered({"registration": {"rdap": True, "bootstrap": [str(file)]}})


@pytest.mark.parametrize(
    "text",
    [
        "; comment\n11.1.0.0/24 ; SBL1\n11.2.0.0/16\n",
        '{"cidr":"11.1.0.0/24","sblid":"SBL1"}\n{"type":"metadata"}\n',
        "# comment\n11.1.0.1/24 # SBL1\n",
    ],
    ids=["text", "JSON", "number signs"],
)
def test_a_list_of_networks_is_read_from_a_url(text: str) -> None:
    sender = SendingAddress("11.1.0.25")
    found: ListedNetworks = seen(
        reputation.listed_networks, sender, {"drop": [f"https://{REGISTRY}/drop"]}, Site(REGISTRY, text)
    )
    assert found.found == ((f"https://{REGISTRY}/drop", "11.1.0.0/24"),)


def test_a_list_without_networks_is_none() -> None:
    with pytest.raises(Malformed, match="holds no networks"):
        seen(reputation.listed_networks, SendingAddress("11.1.0.25"), {"drop": [f"https://{REGISTRY}/drop"]})


ADDRESS, DOMAIN = BlocklistEntry("11.1.0.25", "bl.example"), DomainListEntry("example.org", "dbl.example")


def listed(entry: Target, **more: Any) -> Listing:
    """What a list says, by its entry in the inventory."""
    name = entry.id.rpartition("@")[2]
    probe = blocklists.listing if isinstance(entry, BlocklistEntry) else blocklists.domain_listing
    found: Listing = seen(probe, entry, {"blocklists": [{"name": name, "families": ["ipv4", "domain"], **more}]})
    return found


def test_a_list_says_what_its_answers_mean() -> None:
    found = listed(ADDRESS, codes={"127.0.0.10/31": "PBL"})
    assert (found.codes, found.meanings, found.reason) == (("127.0.0.10",), ("PBL",), ("dial-up",))
    assert found.told == "(127.0.0.10, PBL): dial-up"
    assert listed(ADDRESS).meanings == ()


def test_an_answer_that_codes_do_not_explain_is_no_listing() -> None:
    with pytest.raises(NotObserved, match="does not explain"):
        listed(ADDRESS, codes={"127.0.0.2": "SBL"})


def test_a_refusal_is_no_listing() -> None:
    with pytest.raises(NotObserved, match="refuses the question"):
        listed(ADDRESS, errors=["127.0.0.10"])


def test_a_list_of_domains_is_asked_for_domains() -> None:
    assert listed(DOMAIN).codes == ("127.0.1.4",)
    assert listed(DomainListEntry("example.net", "dbl.example")).codes == ()


def test_a_dead_list_of_domains_lists_nothing() -> None:
    with pytest.raises(NotObserved, match="lists invalid, as a dead list does"):
        listed(DomainListEntry("example.org", "dead.example"))


def routes(text: str, **asked: Any) -> BlockRoutes:
    inventory = {"routing": {"origin": "origin.example", "vrps": f"https://{REGISTRY}/json"} | asked}
    return seen(routing.block_routes, AddressBlock("11.1.0.0/24"), inventory, Site(REGISTRY, text))


@pytest.mark.parametrize(
    "entry",
    [
        {"asn": "AS64496", "prefix": "11.1.0.0/22", "maxLength": 22, "ta": "ripe"},
        {"asn": 64496, "prefix": "11.1.0.0/22", "maxLength": 24, "ta": "ripe", "expires": 1},
        {"prefix": "11.0.0.0/8", "asn": 64496, "maxLength": 22},
    ],
    ids=["Routinator", "rpki-client", "wider"],
)
def test_payloads_are_read_from_a_url(entry: dict[str, Any]) -> None:
    others = [
        {"asn": 1, "prefix": "12.0.0.0/8", "maxLength": 8},
        {"asn": 64496, "prefix": "11.1.0.0/22", "maxLength": float("inf")},
        {"asn": 64496, "prefix": "2600::/12", "maxLength": 12},
    ]
    text = json.dumps({"metadata": {"buildtime": "2026-11-26T00:00:00Z"}, "roas": [*others, entry]}, indent=1)
    found = routes(text)
    (route,) = found.origin.routes
    assert str(route) == "11.1.0.0/22 from AS64496"
    assert found.validity(route) is Validity.VALID
    assert len(found.payloads) == 1
    assert found.generated == "2026-11-26T00:00:00Z"


def test_what_holds_no_payloads_is_said() -> None:
    with pytest.raises(Malformed, match="no validated ROA payloads"):
        routes('{"roas": []}')


def test_without_a_service_nothing_is_looked_up() -> None:
    assert "there is no origin.nowhere" in routes("{}", origin="origin.nowhere").service
