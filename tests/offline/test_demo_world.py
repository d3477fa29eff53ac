"""The demo world: right.example is right, and every other domain has the fault that it is named after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailproof.fixtures import old_tls
from mailproof.fixtures.world import SHIPPED, World
from mailproof.inventory.load import load_inventory
from mailproof.net.addresses import is_public
from mailproof.net.errors import Refused
from mailproof.net.network import Network
from mailproof.net.pkix.certificates import load
from mailproof.net.pkix.paths import PathStatus, trusted_roots, verify
from mailproof.net.pkix.reference_names import matches_name
from mailproof.net.smtp import extensions
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.versions import TLSVersion
from mailproof.probes.dane import tlsa
from mailproof.probes.reverse import classless_delegation, reverse_dns
from mailproof.probes.spf import spf, spf_of_sender, spf_tree
from mailproof.probes.zones import delegation
from mailproof.targets.addresses import AuthorisedSender, SendingAddress
from mailproof.targets.mail import MailHost
from mailproof.targets.zones import Zone
from tests.offline.small_world import inside

INVENTORY = Path(__file__).parents[2] / "inventories" / "demo.yaml"
MX1, MX2 = "11.2.25.1", "11.3.25.1"


@pytest.fixture(scope="module")
def demo() -> Iterator[World]:
    """The demo world, whose mail servers know us: early talk has a test and a world of its own."""
    with World.load(SHIPPED / "demo") as started:
        for part in started.plan.smtp:
            if part.state == "open" and part.old_tls is None:
                started.peer(part.host).trusts_clients = True
        yield started


async def txt(net: Network, name: str) -> list[str]:
    return [record.text for record in (await net.dns.resolve(name, "TXT")).records]


async def said(net: Network, address: str, *commands: str) -> list[int]:
    """The codes of the replies to ``commands`` after EHLO, before TLS."""
    async with net.smtp.connect(address, 25, host="mx") as dialogue:
        await dialogue.greeting()
        await dialogue.ehlo()
        return [(await dialogue.command(command)).code for command in commands]


def test_the_inventory_lives_in_the_demo_world(demo: World) -> None:
    model = load_inventory(INVENTORY).model
    assert model.world == "demo"
    names = {domain.name for domain in model.domains}
    zones = set(demo.plan.zones)
    assert names <= zones
    assert {name for name in zones if name.endswith(".example")} - names == {"hosting.example", "bl.example"}


def test_all_addresses_look_global(demo: World) -> None:
    keys = [key.rpartition(":")[0].strip("[]") for key in demo.settings().connect]
    assert len(keys) > 40
    assert [key for key in keys if not is_public(key)] == [demo.resolver.address]


def test_right_example_is_authenticated_all_over(demo: World) -> None:
    async def look(net: Network) -> None:
        assert (await net.dns.authentication()).believed
        for name, type_ in (
            ("right.example", "MX"),
            ("mx1.right.example", "A"),
            ("mx2.right.example", "AAAA"),
            ("_25._tcp.mx1.right.example", "TLSA"),
            ("_dmarc.right.example", "TXT"),
            ("rsa._domainkey.right.example", "TXT"),
            ("ed25519._domainkey.right.example", "TXT"),
            ("_mta-sts.right.example", "TXT"),
            ("_smtp._tls.right.example", "TXT"),
            ("no-spf.example._report._dmarc.right.example", "TXT"),
        ):
            answer = await net.dns.resolve(name, type_)
            assert answer.exists, name
            assert answer.authenticated, name

    inside(demo, look)


def test_right_example_is_delegated_right(demo: World) -> None:
    async def look(net: Network) -> None:
        seen = await delegation(Zone("right.example"), net)
        assert len(seen.referrals) == 2
        assert seen.parent_names == seen.child_names == ("ns1.right.example", "ns2.right.example")
        assert seen.servers_of_family(4) == seen.servers_of_family(6)
        assert len(seen.servers_of_family(6)) == 2

    inside(demo, look)


@pytest.mark.parametrize("address", [MX1, MX2, "2600:11:2:25::1", "2600:11:3:25::1", "11.2.1.10", "2600:11:2:1::10"])
def test_addresses_of_right_example_are_forward_confirmed(demo: World, address: str) -> None:
    async def look(net: Network) -> None:
        sender = SendingAddress(address)
        seen = await reverse_dns(sender, net)
        assert len(seen.confirmed_names) == 1
        classless = await classless_delegation(sender, net, seen)
        assert len(classless.aliases) == (address == MX2)
        assert all(view.answer and view.answer.records for view in classless.views)

    inside(demo, look)


def test_right_example_passes_spf_from_its_senders_only(demo: World) -> None:
    model = load_inventory(INVENTORY).model

    async def look(net: Network) -> None:
        async def walk(_: object, domain: Any) -> Any:
            return await spf_tree(domain, net, model, await spf(domain, net))

        for sender in model.sending:
            pair = AuthorisedSender("right.example", sender.address, sender.helo)
            seen = await spf_of_sender(pair, net, model, walk)
            assert [check.result for check in seen.listed] == ["pass"]
            assert {check.result for check in seen.foreign} == {"fail"}
        for helo in ("out", "mx1", "mx2"):
            assert await txt(net, f"{helo}.right.example") == ["v=spf1 a -all"]

    inside(demo, look)


def test_right_example_refuses_what_it_must(demo: World) -> None:
    async def look(net: Network) -> None:
        for address in (MX1, MX2, "2600:11:2:25::1", "2600:11:3:25::1"):
            codes = await said(
                net,
                address,
                "MAIL FROM:<probe@elsewhere.example>",
                "RCPT TO:<postmaster@right.example>",
                "RCPT TO:<abuse@right.example>",
                "RCPT TO:<postmaster>",
                "RCPT TO:<unknown@right.example>",
                "RCPT TO:<nobody@elsewhere.example>",
            )
            assert codes == [250, 250, 250, 250, 550, 550]

    inside(demo, look)


@pytest.mark.parametrize(("host", "address"), [("mx1.right.example", MX1), ("mx2.right.example", MX2)])
def test_tls_of_right_example(demo: World, host: str, address: str) -> None:
    async def look(net: Network) -> None:
        where = TLSPeer(address, 25, host, "smtp")
        offers = await net.tls.offers(where)
        assert [h.version for h in offers.versions if h.accepted] == [TLSVersion.TLS1_2, TLSVersion.TLS1_3]
        (chain,) = await net.tls.certificates(where)
        roots = trusted_roots(demo.ca_file)
        assert verify(chain, roots, datetime.now(UTC)).status is PathStatus.TRUSTED
        assert matches_name(chain.leaf, host)
        assert (await tlsa(MailHost(host), net)).secure

    inside(demo, look)


def test_early_talkers_are_refused() -> None:
    async def look(net: Network) -> int:
        async with net.smtp.connect(MX1, 25, host="mx1.right.example") as dialogue:
            await dialogue.send(b"EHLO early.example\r\n")
            return (await dialogue.greeting()).code

    with World.load(SHIPPED / "demo") as fresh:
        assert inside(fresh, look) == 554


@pytest.mark.parametrize("domain", ["right.example", "no-spf.example"])
def test_policies_are_served(demo: World, domain: str) -> None:
    async def look(net: Network) -> None:
        host = f"mta-sts.{domain}"
        addresses = tuple(r.data for r in (await net.dns.resolve(host, "A")).records)
        response = await net.https.fetch(f"https://{host}/.well-known/mta-sts.txt", addresses)
        assert (response.status, response.tls_error, response.content_type) == (200, None, "text/plain")
        covered = [line.removeprefix("mx: ") for line in response.body.splitlines() if line.startswith("mx: ")]
        exchanges = {record.target for record in (await net.dns.resolve(domain, "MX")).records}
        assert exchanges <= set(covered)

    inside(demo, look)


# One fault each


def test_faults_of_sender_authentication(demo: World) -> None:
    async def look(net: Network) -> None:
        assert await txt(net, "no-spf.example") == []
        assert await txt(net, "plus-all.example") == ["v=spf1 mx +all"]
        assert (await txt(net, "_dmarc.dmarc-none.example"))[0].startswith("v=DMARC1; p=none")
        assert len(await txt(net, "_dmarc.two-dmarc.example")) == 2
        assert len((await txt(net, "rsa._domainkey.weak-dkim.example"))[0]) < 250
        assert await txt(net, "parked.example") == ["v=spf1 -all"]
        assert [r.data for r in (await net.dns.resolve("parked.example", "MX")).records] == ["0 ."]

    inside(demo, look)


def test_faults_of_the_dns(demo: World) -> None:
    async def look(net: Network) -> None:
        assert (await net.dns.resolve("mail.cname-mx.example", "A")).aliases == ("mx1.hosting.example",)
        assert (await net.dns.question("broken-dnssec.example", "SOA")).rcode == "SERVFAIL"
        assert (await net.dns.ask("11.4.11.53", "lame-server.example", "SOA")).rcode == "REFUSED"
        assert (await net.dns.ask("11.0.53.1", "lame-server.example", "SOA")).authoritative
        seen = await reverse_dns(SendingAddress("11.4.4.25"), net)
        assert seen.names
        assert not seen.confirmed_names
        for entry, listed in (
            ("2.0.0.127", True),
            ("1.0.0.127", False),
            ("25.9.4.11", True),
            ("25.1.4.11", False),
        ):
            assert (await net.dns.resolve(f"{entry}.bl.example", "A")).exists == listed

    inside(demo, look)


def test_faults_of_smtp(demo: World) -> None:
    async def look(net: Network) -> None:
        mail = "MAIL FROM:<probe@elsewhere.example>"
        assert await said(net, "11.4.1.25", mail, "RCPT TO:<nobody@elsewhere.example>") == [250, 250]
        assert await said(net, "11.4.6.25", "AUTH PLAIN") == [334]
        assert await said(net, "11.4.7.25", mail, "RCPT TO:<unknown@backup-accepts-all.example>") == [
            250,
            250,
        ]
        with pytest.raises(Refused):
            await said(net, "11.4.8.25")
        async with net.smtp.connect("11.4.2.25", 25, host="mx.no-starttls.example") as dialogue:
            await dialogue.greeting()
            assert "STARTTLS" not in extensions(await dialogue.ehlo())

    inside(demo, look)


def test_faults_of_tls(demo: World) -> None:
    async def look(net: Network) -> None:
        (chain,) = await net.tls.certificates(TLSPeer("11.4.3.25", 25, "mx.expired-certificate.example", "smtp"))
        assert load(chain.certificates[0]).not_valid_after_utc < datetime.now(UTC)
        if old_tls.available():
            where = TLSPeer("11.4.5.25", 25, "mx.old-tls.example", "smtp")
            accepted = {h.version: h.accepted for h in (await net.tls.offers(where)).versions}
            assert accepted[TLSVersion.SSLV3]
            assert accepted[TLSVersion.TLS1_2]
            assert not accepted[TLSVersion.SSLV2]

    inside(demo, look)
