"""A stranger's zone cannot make a run a weapon: few questions to a victim, and a bound for all of them.

Each zone here is built to make whoever looks at it ask as much as possible: a victim's server, for a victim's names, or
just without end; or to make it connect to as many addresses as possible. Questions are counted where they arrive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailproof.controls import load_catalogue
from mailproof.expedition import Expedition
from mailproof.fixtures.world import World
from mailproof.fixtures.world_plan import WorldPlan
from mailproof.grammars.spf import MAX_LOOKUPS
from mailproof.inventory import budgets
from mailproof.inventory.load import load_inventory
from mailproof.probes import load_probes
from mailproof.probes.spf import MAX_WALK
from mailproof.record import Record
from mailproof.targets.base import Target

VICTIM = "11.66.0.53"
"""A name server, a mail host and a web server of somebody who has nothing to do with these zones."""

OURS = "11.0.0.53"
"""The name server that has these zones."""

HANDFUL = 8
"""Questions that one server may get because of a zone that it does not have."""

USUAL = 100
"""Questions that any domain may cost, with a wide margin: an ordinary one costs some 40."""

MX_HOST = 5
"""Questions for an MX host: its addresses, TLSA, whether the name of the TLSA records can be denied, and CAA."""

MX_ADDRESS = 4
"""Questions for an address of an MX host: its reverse name and what that leads to."""

SERVER_ADDRESS = 20
"""Questions to an address of a server that has the zone, and for the names of it."""

VISITS = 50
"""Connections that one mail host may get, with every control that asks for consent."""

MANY = 200

SRV_PORTS = (("imaps", 993), ("submissions", 465), ("sieve", 4190), ("jmap", 443))

NO_SERVERS = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n"
HEAD = f"{NO_SERVERS}@ NS ns\nns A {OURS}\n"


def lines(form: str, count: int = MANY) -> str:
    """``form`` as often as ``count`` says, with a number for each ``#``."""
    return "".join(form.replace("#", str(number)) + "\n" for number in range(count))


def addresses(name: str, network: str, count: int = MANY) -> str:
    return lines(f"{name} A {network}.#", count)


@dataclass(frozen=True)
class Amplifier:
    """A zone, and the most that it may cost beyond ``USUAL`` questions."""

    zone: str
    questions: int = 0
    names_of_victim: int = HANDFUL
    connections: int = 0


AMPLIFIERS = {
    "ns-victim": Amplifier(NO_SERVERS + lines("@ NS ns#", 30) + lines(f"ns# A {VICTIM}", 30)),
    "ns-fan": Amplifier(
        NO_SERVERS + lines("@ NS ns#", 30) + "".join(addresses(f"ns{n}", f"11.1.{n}", 3) for n in range(30)),
        questions=budgets.MAX_SERVER_ADDRESSES * SERVER_ADDRESS,
    ),
    "mx-victim": Amplifier(
        HEAD + lines("@ MX 10 mx#") + lines(f"mx# A {VICTIM}"),
        questions=budgets.MAX_MX_HOSTS * MX_HOST,
        connections=budgets.MAX_NAMES_OF_ADDRESS * VISITS,
    ),
    "mx-names": Amplifier(
        HEAD + lines("@ MX 10 mx#.victim.example."),
        questions=budgets.MAX_MX_HOSTS * MX_HOST + 1,
        # The one besides is the zone of the hosts, on the way from the root.
        names_of_victim=budgets.MAX_MX_HOSTS * MX_HOST + 1,
    ),
    "mx-fan": Amplifier(
        HEAD + lines("@ MX 10 mx#", 40) + "".join(addresses(f"mx{n}", f"11.2.{n}") for n in range(40)),
        questions=budgets.MAX_MX_HOSTS * MX_HOST + budgets.MAX_MX_ADDRESSES * MX_ADDRESS,
        connections=budgets.MAX_MX_ADDRESSES * VISITS,
    ),
    "srv-names": Amplifier(
        HEAD
        + lines("_imaps._tcp SRV 0 1 993 h#.victim.example.")
        + lines("_sieve._tcp SRV 0 1 4190 s#.victim.example."),
        questions=2 * (budgets.MAX_NAMED_SERVERS + 2),
        names_of_victim=2 * (budgets.MAX_NAMED_SERVERS + 2),
    ),
    "srv-victim": Amplifier(
        HEAD + "".join(lines(f"_{name}._tcp SRV 0 1 {port} s#") for name, port in SRV_PORTS) + lines(f"s# A {VICTIM}"),
        questions=2 * (budgets.MAX_NAMED_SERVERS + 3),
        connections=budgets.MAX_NAMED_SERVERS + 3,
    ),
    "alias-fan": Amplifier(
        HEAD + lines("@ MX 10 a0-#") + "".join(lines(f"a{step}-# CNAME a{step + 1}-#") for step in range(60)),
        questions=budgets.MAX_MX_HOSTS * MX_HOST * 4,
    ),
    "dname-fan": Amplifier(
        HEAD + lines("@ MX 10 x.d0.d#") + lines("d# DNAME e#") + lines("e# DNAME d#.d#"),
        questions=budgets.MAX_MX_HOSTS * MX_HOST * 4,
    ),
    "spf-names": Amplifier(
        HEAD + '@ TXT ( "v=spf1"\n' + lines('" include:s#.victim.example"') + '" -all" )\n', names_of_victim=MAX_WALK
    ),
    "spf-hosts": Amplifier(
        HEAD
        + '@ TXT ( "v=spf1"\n'
        + lines('" mx:m#.spf-hosts.example"', 10)
        + '" -all" )\n'
        + "".join(lines(f"m{n} MX 10 h#.victim.example.", 10) for n in range(10)),
        names_of_victim=100,
    ),
    "spf-prefixes": Amplifier(
        HEAD
        + '@ TXT ( "v=spf1"\n'
        + lines('" mx:m#.spf-prefixes.example/24"', 60)
        + '" -all" )\n'
        + lines("m# MX 10 h#.victim.example.", 60),
        # One host of a term that a receiver reaches, for both address families.
        questions=2 * MAX_LOOKUPS,
        names_of_victim=2 * MAX_LOOKUPS,
    ),
    "spf-tree": Amplifier(
        HEAD
        + '@ TXT "v=spf1 include:t0.spf-tree.example include:t1.spf-tree.example -all"\n'
        + "".join(
            f't{n} TXT ( "v=spf1 include:t{2 * n + 2}.spf-tree.example"\n" include:t{2 * n + 3}.spf-tree.example" )\n'
            for n in range(MANY)
        ),
    ),
    "dmarc-reports": Amplifier(
        HEAD
        + '_dmarc TXT ( "v=DMARC1; p=reject; rua=mailto:a@victim.example"\n'
        + lines('",mailto:a@r#.victim.example"')
        + ")\n",
        names_of_victim=20,
    ),
    "tls-reports": Amplifier(
        HEAD
        + '_smtp._tls TXT ( "v=TLSRPTv1; rua=mailto:a@victim.example"\n'
        + lines('",https://r#.victim.example/"')
        + ")\n",
    ),
    "soa-victim": Amplifier(
        HEAD.replace("SOA ns h", "SOA primary h.victim.example.")
        + addresses("primary", "11.3.0")
        + f"primary A {VICTIM}\n",
    ),
    "policy-fan": Amplifier(
        HEAD + '_mta-sts TXT "v=STSv1; id=1"\n' + addresses("mta-sts", "11.4.0"),
        connections=2 * budgets.MAX_POLICY_ADDRESSES,
    ),
}

ROOT = f"@ 60 SOA ns.nic. h.nic. 1 2 3 4 5\n@ 60 NS ns.nic.\nns.nic. 60 A {OURS}\n"


def signed(file: str) -> dict[str, str]:
    """A zone that is signed, so that a chain of trust is followed until it ends."""
    return {"file": file, "signed": "yes"}


def delegation(name: str, zone: str) -> str:
    """What the parent says of a zone: all of its NS records, and their addresses."""
    records = [line.split() for line in zone.splitlines()]
    servers = [words[2] for words in records if words[:2] == ["@", "NS"]]
    glue = [f"{words[0]}.{name} A {words[2]}\n" for words in records if words[0] in servers and words[1] == "A"]
    return "".join(f"{name} NS {server}.{name}\n" for server in servers) + "".join(glue)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    zones = {name: amplifier.zone for name, amplifier in AMPLIFIERS.items()}
    zones["victim"] = HEAD.replace(OURS, VICTIM)
    hosts = [f"11.2.{n}.{m}" for n in range(40) for m in range(MANY)]
    plan: dict[str, Any] = {
        "zones": {".": signed("root.zone"), "example": signed("example.zone")}
        | {f"{name}.example": f"{name}.zone" for name in zones},
        "servers": {VICTIM: {"serves": ["victim.example"]}},
        "smtp": [{"host": "mx0.mx-fan.example", "addresses": [VICTIM, *hosts]}],
        "https": [
            {
                "hosts": ["mta-sts.policy-fan.example"],
                "addresses": [f"11.4.0.{n}" for n in range(MANY)],
                "state": "closed",
            }
        ],
    }
    files = {f"{name}.zone": zone for name, zone in zones.items()}
    files["root.zone"] = ROOT
    files["example.zone"] = HEAD + "".join(delegation(name, zone) for name, zone in zones.items())
    with World(WorldPlan.model_validate(plan), files) as started:
        yield started


def surveyed(domain: str, world: World, directory: Path) -> Record:
    """What a run with every control that there is sees of ``domain``, active ones too."""
    file = directory / "inventory.yaml"
    # Long patience: on a busy machine answers come late, and what is asked again would count twice.
    file.write_text(
        f"domains:\n  - {{name: {domain}, selectors: [a]}}\nactive: true\n"
        "limits: {retry_pause: 0, pause: 0, dns: 30}\n"
    )
    loaded, probes = load_inventory(file), load_probes()
    with Expedition(loaded, probes, world.settings(loaded.model.net_settings())) as expedition:
        targets = expedition.discover()
        names = {name for control in load_catalogue() for name in control.observations if name in probes}
        wanted: list[tuple[str, Target]] = [(n, t) for n in sorted(names) for t in targets.of(probes[n].target)]
        return expedition.survey(wanted)


@pytest.mark.parametrize("name", AMPLIFIERS)
def test_a_zone_cannot_make_a_run_a_weapon(name: str, world: World, tmp_path: Path) -> None:
    amplifier = AMPLIFIERS[name]
    before = {server: len(asked) for server, asked in world.questions.items()}
    record = surveyed(f"{name}.example", world, tmp_path)
    asked = {server: questions[before[server] :] for server, questions in world.questions.items()}
    counts = {server: len(questions) for server, questions in asked.items()}
    of_victim = [name for questions in asked.values() for name, _ in questions if name.endswith(".victim.example")]
    assert counts["resolver"] > 10, "a survey took place"
    assert sum(counts.values()) <= USUAL + amplifier.questions
    assert counts[VICTIM] <= HANDFUL
    assert len(of_victim) <= amplifier.names_of_victim
    assert sum(record.connections.values()) <= amplifier.connections
