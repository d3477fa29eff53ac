"""Worlds: what a directory of plain data turns into, what is refused, and that nothing of it stays."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailproof.fixtures.scale import generate
from mailproof.fixtures.world import World, find_world, shipped_worlds
from mailproof.fixtures.world_zones import tlsa_data
from mailproof.inventory.load import load_inventory
from mailproof.net.dns.client import Answer
from mailproof.net.errors import ClosedEarly, Refused, TimedOut
from mailproof.net.network import Network
from mailproof.net.settings import Limits, NetSettings, SocketAddress
from mailproof.net.smtp import Reply
from mailproof.net.tls.connection import TLSPeer
from mailproof.observations.zones import Delegation
from mailproof.probes.associations import matching_records
from mailproof.probes.dane import tlsa
from mailproof.probes.zones import authority, delegation
from mailproof.targets.mail import MailHost
from mailproof.targets.zones import NameServer, Zone
from mailproof.worlds import WorldError, open_world
from tests.offline.small_world import FILES, IMPATIENT, PLAN, inside, write


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World.load(write(tmp_path_factory.mktemp("small"))) as started:
        yield started


# DNS


def test_the_chain_of_trust_decides_what_is_authenticated(world: World) -> None:
    async def look(net: Network) -> dict[str, tuple[str, bool]]:
        names = ("signed.org", "unsigned.org", "island.unsigned.org", "bogus.org", "expired.org")
        answers = {name: await net.dns.question(name, "SOA") for name in names}
        assert (await net.dns.authentication()).believed
        return {name: (answer.rcode, answer.authenticated) for name, answer in answers.items()}

    assert inside(world, look) == {
        "signed.org": ("NOERROR", True),
        "unsigned.org": ("NOERROR", False),
        "island.unsigned.org": ("NOERROR", False),
        "bogus.org": ("SERVFAIL", False),
        "expired.org": ("SERVFAIL", False),
    }


def test_each_link_of_an_alias_is_secure_or_not_by_itself(world: World) -> None:
    """RFC 7672, section 2.2.2: AD of the whole chain says nothing of a secure alias into an unsigned zone."""

    async def look(net: Network) -> tuple[bool, bool]:
        chain = await net.dns.resolve("alias.signed.org", "A")
        link = await net.dns.resolve("alias.signed.org", "CNAME")
        assert chain.exists
        assert [record.target for record in link.records] == ["ns.unsigned.org"]
        return chain.authenticated, link.authenticated

    assert inside(world, look) == (False, True)


def said(server: str = "") -> Answer:
    return Answer("expired.org", "NS", "NOERROR", server=server)


def test_a_refusal_is_the_servers_only_where_others_answer(world: World) -> None:
    async def look(net: Network) -> None:
        parent = Delegation("expired.org", said(), "org", (said(server="11.0.0.53:53"),), ())
        closed = Delegation("expired.org", said(), "org", (said(server="11.0.5.53:53"),), ())

        async def parent_answers(probe: object, zone: Any) -> Any:
            assert (probe, zone) == (delegation, Zone("expired.org"))
            return parent

        async def parent_refuses_tcp(_: object, zone: Any) -> Any:
            return closed

        async def nobody_answers(_: object, zone: Any) -> Any:
            raise TimedOut("nobody answers")

        server = NameServer("expired.org", "ns.expired.org", "11.0.5.53")
        seen = await authority(server, net, parent_answers)
        assert seen.tcp is None
        assert "over TCP" in seen.refused[0]
        for look_at_parent in (nobody_answers, parent_refuses_tcp):
            with pytest.raises(Refused):
                await authority(server, net, look_at_parent)

    inside(world, look)


def test_bogus_zones_are_answered_without_checking(world: World) -> None:
    async def look(net: Network) -> tuple[str, bool]:
        answer = await net.dns.question("bogus.org", "SOA", checking_disabled=True)
        return answer.rcode, answer.authenticated

    assert inside(world, look) == ("NOERROR", False)


def test_a_parent_refers_with_glue_and_ds(world: World) -> None:
    async def look(net: Network) -> None:
        referral = await net.dns.ask("11.0.0.53", "signed.org", "NS")
        assert not referral.authoritative
        assert not referral.records
        assert {r.target for r in referral.authority if r.type == "NS"} == {"ns.signed.org"}
        assert [r.data for r in referral.additional if r.type == "A"] == ["11.0.1.53"]
        assert any(r.type == "DS" for r in referral.authority)
        child = await net.dns.ask("11.0.1.53", "signed.org", "NS")
        assert child.authoritative
        assert [r.target for r in child.records] == ["ns.signed.org"]

    inside(world, look)


def test_the_ds_of_a_bogus_zone_is_of_another_key(world: World) -> None:
    async def look(net: Network) -> dict[str, set[str]]:
        tags = {}
        for zone, server in (("signed.org", "11.0.1.53"), ("bogus.org", "11.0.4.53")):
            ds = await net.dns.ask("11.0.0.53", zone, "DS")
            key = await net.dns.ask(server, zone, "DNSKEY")
            signature = await net.dns.ask(server, zone, "RRSIG")
            assert key.records
            tags[zone] = {r.data.split()[0] for r in ds.records} & {r.data.split()[6] for r in signature.records}
        return tags

    tags = inside(world, look)
    assert tags["signed.org"]
    assert not tags["bogus.org"]


def test_servers_can_be_lame_silent_or_without_the_zone(world: World) -> None:
    async def look(net: Network) -> None:
        assert (await net.dns.ask("11.0.1.53", "org", "SOA")).rcode == "REFUSED"
        lame = await net.dns.ask("11.0.4.53", "bogus.org", "SOA")
        assert lame.records
        assert not lame.authoritative
        with pytest.raises(TimedOut):
            await net.dns.ask("11.0.2.53", "unsigned.org", "SOA")
        assert (await net.dns.ask("11.0.5.53", "expired.org", "NS")).rcode == "REFUSED"
        assert (await net.dns.ask("11.0.5.53", "expired.org", "SOA")).authoritative
        with pytest.raises(Refused):
            await net.dns.ask("11.0.5.53", "expired.org", "SOA", tcp=True)

    inside(world, look, IMPATIENT)


def test_the_resolver_fails_where_the_plan_says_so(world: World) -> None:
    async def look(net: Network) -> None:
        assert (await net.dns.question("fails.signed.org", "A")).rcode == "SERVFAIL"
        with pytest.raises(TimedOut):
            await net.dns.question("fails.signed.org", "TXT")
        assert (await net.dns.question("missing.signed.org", "A")).nonexistent

    inside(world, look, IMPATIENT)
    assert ("fails.signed.org", "TXT") in world.questions["resolver"]


# SMTP and TLS


def test_tlsa_records_match_what_the_peers_send(world: World) -> None:
    async def look(net: Network) -> None:
        records = await tlsa(MailHost("mx.signed.org"), net)
        assert records.secure
        (chain,) = await net.tls.certificates(TLSPeer("11.0.1.25", 25, "mx.signed.org", "smtp"))
        assert matching_records(records.records, chain, ("mx.signed.org",), datetime.now(UTC)) == records.records
        implicit = await net.dns.resolve("_465._tcp.mx.signed.org", "TLSA")
        (chain,) = await net.tls.certificates(TLSPeer("11.0.1.25", 465, "mx.signed.org", None))
        assert implicit.records[0].data.replace(" ", "") == tlsa_data(chain.certificates, 2, 0, 2).replace(" ", "")

    inside(world, look)


@pytest.mark.parametrize(("selector", "matching"), [(2, 1), (0, 3)])
def test_tlsa_data_refuses_what_does_not_exist(selector: int, matching: int) -> None:
    with pytest.raises(ValueError, match="selector"):
        tlsa_data(("",), 3, selector, matching)


def test_mail_servers_do_what_the_plan_says_on_every_address_and_port(world: World) -> None:
    async def look(net: Network) -> list[Reply]:
        replies = []
        for address, port in (("11.0.1.25", 25), ("2600:11::25", 25), ("11.0.1.25", 2525)):
            async with net.smtp.connect(address, port, host="mx.signed.org") as dialogue:
                assert (await dialogue.greeting()).text.startswith("mx.signed.org")
                await dialogue.ehlo()
                assert (await dialogue.command("NOOP")).text == "at your service"
                await dialogue.command("MAIL FROM:<probe@org>")
                replies.append(await dialogue.command("RCPT TO:<postmaster@signed.org>"))
                replies.append(await dialogue.command("RCPT TO:<postmaster@elsewhere.org>"))
                with pytest.raises(ClosedEarly):
                    await dialogue.command("VRFY x")
        return replies

    assert [reply.code for reply in inside(world, look)] == [250, 550] * 3
    assert "NOOP" in world.peer("mx.signed.org").commands()
    assert "NOOP" in world.peer("mx.signed.org", 2525).commands()
    assert world.connections()["mx.signed.org:2525"] == 1
    with pytest.raises(KeyError, match=r"mx\.signed\.org:465"):
        world.peer("mx.signed.org", 587)


def test_ports_can_be_closed_or_silent(world: World) -> None:
    async def look(net: Network) -> None:
        with pytest.raises(Refused):
            async with net.smtp.connect("11.0.1.26", 25, host="closed.org"):
                pass
        with pytest.raises(TimedOut):
            async with net.smtp.connect("11.0.1.27", 25, host="silent.org") as dialogue:
                await dialogue.greeting()

    inside(world, look, IMPATIENT)
    assert world.connections()["silent.org:25"] == 1


# HTTPS


def test_policy_hosts_share_an_address(world: World) -> None:
    async def look(net: Network) -> None:
        for host in ("one.org", "two.org"):
            response = await net.https.fetch(f"https://{host}/policy", ("11.0.1.80",))
            assert (response.status, response.tls_error, response.body) == (200, None, "shared")
            assert ("x-from", "world") in response.headers

    inside(world, look)
    assert [asked.sni for asked in world.policy_host("two.org").asked] == ["one.org", "two.org"]
    with pytest.raises(KeyError, match=r"one\.org"):
        world.policy_host("nobody.org")


def test_a_silent_policy_host_times_out(world: World) -> None:
    async def look(net: Network) -> None:
        with pytest.raises(TimedOut):
            await net.https.fetch("https://three.org/policy", ("11.0.1.81",))

    inside(world, look, IMPATIENT)


# Settings


def test_a_world_replaces_the_network_and_leaves_the_rest(world: World) -> None:
    limits = Limits(greeting=7)
    mine = SocketAddress("127.0.0.1", 9)
    base = NetSettings(
        resolvers=(SocketAddress("192.0.2.53", 53),),
        ehlo_name="me.org",
        limits=limits,
        connect={"192.0.2.25:25": mine, "11.0.1.25:25": mine},
    )
    settings = world.settings(base)
    assert settings.resolvers == (world.resolver,)
    assert settings.offline
    assert (settings.limits, settings.ehlo_name) == (limits, "me.org")
    assert settings.ca_file == world.ca_file
    assert settings.connect["192.0.2.25:25"] == mine
    assert settings.connect["11.0.1.25:25"] == mine


def test_what_the_world_does_not_hold_is_refused(world: World) -> None:
    async def look(net: Network) -> None:
        with pytest.raises(Refused, match="not part of the offline world"):
            async with net.smtp.connect("11.9.9.9", 25, host="elsewhere.org"):
                pass
        with pytest.raises(Refused, match="not part of the offline world"):
            await net.dns.ask("11.9.9.9", "org", "SOA")
        with pytest.raises(Refused, match="not part of the offline world"):
            await net.https.fetch("https://elsewhere.org/", ("11.9.9.9",))
        assert (await net.dns.question("elsewhere.net", "A")).nonexistent

    inside(world, look)


# Faults in worlds


def faults(directory: Path) -> str:
    with pytest.raises(ValueError, match=r".") as caught, World.load(directory):
        pass
    return str(caught.value)


SMALL = "zones:\n  org: org.zone\n"


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ("zones: [", "not valid YAML"),
        ("- zones", "a mapping is expected"),
        ("{}", "zones: is missing"),
        (f"{SMALL}smpt: []", "smpt: unknown key; did you mean smtp?"),
        ("zones: {org: {file: org.zone, sined: yes}}", "zones.org.sined: unknown key; did you mean signed?"),
        ("zones: {org: {file: org.zone, signed: maybe}}", "zones.org.signed: "),
        ("zones: {org: missing.zone}", "zones.org.file: there is no file missing.zone"),
        ("zones: {a..b: org.zone}", "zones.a..b: "),
        (f"{SMALL}behaviour: {{org: SERVFIAL}}", "behaviour.org.fault: "),
        (f"{SMALL}servers: {{ns.net: {{fault: lame}}}}", "servers.ns.net: no NS record leads to it"),
        (
            f"{SMALL}servers: {{ns.org: {{serves: [net]}}}}",
            "servers.ns.org.serves: net is not among the zones",
        ),
        (f"{SMALL}smtp: [{{ports: [25]}}]", "smtp[0].host: is missing"),
        (f"{SMALL}smtp: [{{host: mx.org}}]", "smtp[0].host: the zones have no address for mx.org"),
        (f"{SMALL}smtp: [{{host: mx.org, addresses: [1.2.3]}}]", "smtp[0].addresses[0]: "),
        (f"{SMALL}smtp: [{{host: ns.org, ports: [0]}}]", "smtp[0].ports[0]: "),
        (
            f"{SMALL}smtp: [{{host: ns.org, behaviour: {{rely: open}}}}]",
            "smtp[0].behaviour.rely: unknown key; did you mean relay?",
        ),
        (
            f"{SMALL}smtp: [{{host: ns.org, behaviour: {{certificate: {{isuer: self}}}}}}]",
            "smtp[0].behaviour.certificate.isuer: unknown key; did you mean issuer?",
        ),
        (f"{SMALL}smtp: [{{host: ns.org, behaviour: {{}}, old_tls: {{}}}}]", "exclude each other"),
        (
            f"{SMALL}smtp: [{{host: ns.org}}, {{host: ns.org}}]",
            "smtp[1]: something else listens on 11.0.0.53:25",
        ),
        (
            f"{SMALL}https: [{{hosts: [ns.org], site: {{bdoy: x}}}}]",
            "https[0].site.bdoy: unknown key; did you mean body?",
        ),
        (f"{SMALL}https: [{{hosts: [ns.org]}}, {{hosts: [ns.org], state: closed}}]", "differ in state"),
    ],
)
def test_faults_of_a_plan_are_named(tmp_path: Path, plan: str, message: str) -> None:
    found = faults(write(tmp_path, plan))
    assert message in found
    assert str(tmp_path / "world.yaml") in found


@pytest.mark.parametrize(
    ("zone", "message"),
    [
        ("{{ include head.inc }}\nns A 11.0.0.53\nmx A nonsense\n", "org.zone:3: "),
        ("{{ include head.inc }}\n{{ nonsense }}\n", "org.zone:2: {{ nonsense }}: unknown placeholder"),
        (
            "{{ tlsa mx.org 25 3 1 1 }}\n",
            "org.zone:1: {{ tlsa mx.org 25 3 1 1 }}: the world has no peer mx.org:25",
        ),
        ("{{ reverse mx.org }}\n", "org.zone:1: {{ reverse mx.org }}: "),
        (
            "{{ include org.zone }}\n",
            "org.zone:1: org.zone is not a file beside this one, or includes itself",
        ),
        ("{{ include none.inc }}\n", "org.zone:1: none.inc is not a file"),
        ("ns A 11.0.0.53\n", "org.zone:1: "),
    ],
)
def test_faults_of_a_zone_file_are_named(tmp_path: Path, zone: str, message: str) -> None:
    assert f"{tmp_path}/{message}" in faults(write(tmp_path, SMALL, org_zone=zone))


def test_a_fault_inside_an_included_file_is_named_there(tmp_path: Path) -> None:
    broken = FILES["head.inc"] + "mx A nonsense\n"
    assert f"{tmp_path}/head.inc:4: " in faults(
        write(tmp_path, SMALL, org_zone="{{ include head.inc }}\n", head_inc=broken)
    )


def test_a_directory_without_a_plan_is_no_world(tmp_path: Path) -> None:
    assert str(tmp_path / "world.yaml") in faults(tmp_path)


# The end


def sockets() -> set[str]:
    """The sockets that this process has open, where the system tells (Linux)."""
    found = set()
    for entry in Path("/proc/self/fd").glob("*"):
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


@pytest.mark.parametrize("plan", [PLAN, f"{PLAN}  - {{hosts: [nowhere.org]}}\n"], ids=["right", "wrong"])
def test_nothing_is_left_of_a_stopped_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plan: str) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(keys))
    threads, before = set(threading.enumerate()), sockets()
    world = World.load(write(tmp_path, plan))
    try:
        world.start()
        assert any(keys.iterdir())
    except ValueError:
        assert plan != PLAN
    world.stop()
    world.stop()
    assert set(threading.enumerate()) == threads
    assert sockets() == before
    assert not any(keys.iterdir())


def test_a_world_starts_once(world: World, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="already"):
        world.start()
    with pytest.raises(RuntimeError, match="not started"):
        World.load(write(tmp_path)).settings()


# Worlds of inventories


def test_an_inventory_names_a_directory_beside_it(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    write(tmp_path / "small")
    file = tmp_path / "inventory.yaml"
    file.write_text("world: small\ndomains: [signed.org]\nlimits: {greeting: 9}\n")
    loaded = load_inventory(file)
    with open_world(loaded, loaded.model.net_settings()) as settings:
        assert settings.offline
        assert settings.limits.greeting == 9


def test_without_a_world_settings_stay_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "inventory.yaml"
    file.write_text("domains: [signed.org]\n")
    loaded = load_inventory(file)
    settings = loaded.model.net_settings()
    with open_world(loaded, settings) as inside_it:
        assert inside_it is settings


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dmo", "did you mean demo?"),
        ("./nowhere", "shipped worlds are demo"),
        ("broken", "zones: is missing"),
    ],
)
def test_an_unusable_world_is_reported_with_its_place(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "world.yaml").write_text("{}")
    file = tmp_path / "inventory.yaml"
    file.write_text(f"domains: [signed.org]\nworld: {name}\n")
    loaded = load_inventory(file)
    with pytest.raises(WorldError, match=r"inventory\.yaml:2: ") as caught, open_world(loaded, NetSettings()):
        pass
    assert message in str(caught.value)


def test_shipped_worlds_are_found_by_name(tmp_path: Path) -> None:
    assert "demo" in shipped_worlds()
    assert (find_world("demo", tmp_path) / "world.yaml").is_file()


# Scale


@pytest.mark.parametrize("signed", [False, True])
def test_a_generated_world_is_a_world(tmp_path: Path, signed: bool) -> None:
    text, world = generate(3, 2, signed=signed, peers=2)
    file = tmp_path / "fleet.yaml"
    file.write_text(text)
    assert [domain.name for domain in load_inventory(file).model.domains] == [
        f"domain-{number}.example" for number in range(3)
    ]

    async def look(net: Network) -> None:
        answer = await net.dns.resolve("domain-2.example", "MX")
        assert {record.target for record in answer.records} == {"mx1-2.mx.example", "mx2-2.mx.example"}
        assert answer.authenticated == signed
        address = (await net.dns.resolve("mx2-2.mx.example", "A")).records[0].data
        async with net.smtp.connect(address, 25, host="mx2-2.mx.example") as dialogue:
            assert (await dialogue.greeting()).code == 220
        policy = "https://mta-sts.domain-1.example/.well-known/mta-sts.txt"
        assert (await net.https.fetch(policy, ("11.0.80.1",))).status == 200

    with world:
        inside(world, look)
        assert sum(world.connections().values()) == 2


def test_a_fleet_has_limits() -> None:
    with pytest.raises(ValueError, match="at most"):
        generate(0)
