"""What mailproof and its peers say about the same real servers, fault by fault, and who is right where they differ.

    python -m benchmarks.verdicts [--json FILE] [--without testssl.sh]

Needs what the laboratory needs (``tests/real/README.md``) and the peers (``python -m benchmarks.peers``).
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.differences import DIFFERENCES
from benchmarks.opinions import ASPECTS, PEERS, Aspect, Opinions, Said, ask
from tests.real import inventory
from tests.real.lab import Lab, LabError, plan

ROOT = Path(__file__).resolve().parents[1]

FAULTS: dict[Aspect, tuple[str, ...]] = {
    Aspect.MX: (
        *("no-mx", "mx-cname", "mx-address", "mx-unresolvable", "mx-private", "mx-localhost"),
        *("null-mx-beside-mx", "null-mx-preference"),
    ),
    Aspect.SPF: (
        *("no-spf", "spf-all", "spf-neutral", "spf-two", "spf-syntax", "spf-lookups", "spf-void", "spf-loop"),
        *("spf-include", "spf-ptr", "spf-everybody"),
    ),
    Aspect.DMARC: (
        *("no-dmarc", "dmarc-two", "dmarc-none", "dmarc-syntax", "dmarc-alignment", "dmarc-unauthorised-rua"),
    ),
    Aspect.MTA_STS: (
        *("no-mta-sts", "mta-sts-testing", "mta-sts-mx", "mta-sts-redirect", "mta-sts-wrong-name"),
        *("mta-sts-expired", "mta-sts-mode", "mta-sts-id"),
    ),
    Aspect.TLS_RPT: ("no-tlsrpt", "tlsrpt-two"),
    Aspect.DNSSEC: ("unsigned", "bogus", "expired-signatures"),
    Aspect.DELEGATION: ("lame", "ns-mismatch", "one-ns", "serial-mismatch"),
    Aspect.STARTTLS: ("no-starttls-postfix", "no-starttls-exim", "broken-starttls-exim"),
    Aspect.TLS: ("tls10-postfix", "old-ciphers", "ssl3"),
    Aspect.CERTIFICATE: (
        *("expired-chain", "expired-chain-exim", "incomplete-chain", "self-signed", "wrong-name", "small-key-exim"),
        "self-signed-dane",
    ),
    Aspect.DANE: ("tlsa-mismatch",),
    Aspect.RELAY: ("open-relay-postfix", "open-relay-exim", "open-relay-ipv6"),
    Aspect.POSTMASTER: ("postmaster-refused-postfix", "greylisting"),
}
"""Domains of the laboratory by what is wrong with them."""

RIGHT = ("right", "right-exim")
"""Domains on which nothing is to be found, whatever the aspect."""

CONTROLS: dict[Aspect, tuple[str, ...]] = {
    Aspect.MX: ("MX-",),
    Aspect.SPF: ("SPF-",),
    Aspect.DMARC: ("DMARC-",),
    Aspect.MTA_STS: ("STS-",),
    Aspect.TLS_RPT: ("TLSRPT-",),
    Aspect.DNSSEC: ("SEC-",),
    Aspect.DELEGATION: ("DEL-",),
    Aspect.STARTTLS: ("SMTP-STARTTLS-",),
    Aspect.TLS: ("TLS-",),
    Aspect.CERTIFICATE: ("CERT-",),
    Aspect.DANE: ("DANE-",),
    Aspect.RELAY: ("RELAY-",),
    Aspect.POSTMASTER: ("SMTP-POSTMASTER",),
}
"""How the ids of mailproof's controls about an aspect begin."""

_SLOW = {"testssl.sh": ("right", "tls10-postfix", "self-signed")}
"""Peers that take a quarter of a minute a host are asked about a few."""


@dataclass(frozen=True)
class Line:
    """One fault and what everybody says. ``said`` and ``words`` are by tool, mailproof among them."""

    domain: str
    aspect: str
    fault: str
    cause: str
    said: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """Where a peer and mailproof disagree. ``right`` and ``why`` are "unexplained" and "" until somebody found out."""

    domain: str
    aspect: str
    peer: str
    peer_said: str
    own_said: str
    right: str
    why: str


def own_opinions(lab: Lab, scratch: Path) -> Opinions:
    """mailproof's verdicts on the whole laboratory, as a user runs it. Raises RuntimeError if there is no report."""
    inventory.write(scratch / "lab.yaml", lab.ca_file)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "mailproof.plugin", "--inventory=lab.yaml"]
    done = lab.run(command, timeout=300, cwd=scratch)
    report = scratch / "reports" / "lab.json"
    if not report.exists():
        raise RuntimeError(done.stdout + done.stderr)
    found: Opinions = {}
    for result in json.loads(report.read_text(encoding="utf-8"))["results"]:
        aspect = next((a for a, ids in CONTROLS.items() if result["control"].startswith(ids)), None)
        if aspect is None:
            continue
        for name in _labels_of(result):
            found[name, aspect] = _worse(found.get((name, aspect), (Said.NOTHING, "")), result)
    return found


def _labels_of(result: dict[str, Any]) -> set[str]:
    """The domains that a verdict is about: those of the target, and nobody else's who shares its host."""
    served = {name.removesuffix(".test") for name in result["domains"]}
    shared = {domain.label for domain in plan.shared()}
    return served - shared if len(served) > 1 else served


def _worse(known: tuple[Said, str], result: dict[str, Any]) -> tuple[Said, str]:
    verdict = result["verdict"]
    if verdict in ("fail", "advice"):
        word = f"{result['control']} ({verdict})"
        told = known[1].split("; ") if known[0] is Said.FINDING else []
        return Said.FINDING, "; ".join(dict.fromkeys([*told, word]))
    if verdict == "inconclusive" and known[0] is Said.NOTHING:
        return Said.CANNOT_TELL, f"{result['control']}: {result['observed']}"[:200]
    return known


def lines(without: Sequence[str] = ()) -> list[Line]:
    """Start the laboratory, ask everybody, and put the answers side by side. Raises LabError."""
    entries = {domain.label: domain for domain in plan.DOMAINS}
    asked = [(name, aspect) for aspect, names in FAULTS.items() for name in (*RIGHT, *names) if name in entries]
    opinions: dict[str, Opinions] = {}
    with Lab() as lab, tempfile.TemporaryDirectory(prefix="mailproof-bench-") as directory:
        scratch = Path(directory)
        opinions["mailproof"] = own_opinions(lab, scratch)
        for peer in PEERS:
            if peer not in without:
                wanted = dict.fromkeys(name for name, aspect in asked if aspect in ASPECTS[peer])
                opinions[peer] = ask(lab, peer, [n for n in wanted if n in _SLOW.get(peer, wanted)], scratch)
                print(f"{peer}: {len(opinions[peer])} opinions", file=sys.stderr, flush=True)
    unasked = (Said.NOT_LOOKED_AT, "")
    return [
        Line(
            domain=name,
            aspect=aspect,
            fault=entries[name].fault,
            cause=entries[name].cause,
            said={tool: given.get((name, aspect), unasked)[0] for tool, given in opinions.items()},
            words={tool: given.get((name, aspect), unasked)[1] for tool, given in opinions.items()},
        )
        for name, aspect in asked
    ]


def differences(table: Sequence[Line]) -> list[Difference]:
    """Where a peer that looked says something else than mailproof, with what is known about it."""
    found = []
    for line in table:
        own = line.said["mailproof"]
        for peer, said in line.said.items():
            if peer == "mailproof" or said in (own, Said.NOT_LOOKED_AT, Said.NO_ANSWER):
                continue
            right, why = DIFFERENCES.get((peer, line.domain, line.aspect), ("unexplained", ""))
            found.append(Difference(line.domain, line.aspect, peer, said, own, right, why))
    return found


def figures(without: Sequence[str] = ()) -> dict[str, Any]:
    """The table and the differences as plain data."""
    table = lines(without)
    versions = {name: peers.find(name) for name in PEERS}
    return {
        "peers": {name: peer.version or peer.missing for name, peer in versions.items()},
        "lines": [asdict(line) for line in table],
        "differences": [asdict(difference) for difference in differences(table)],
    }


def main() -> int:
    """Print the table and the differences; exit code 1 if one of them is unexplained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the table there")
    parser.add_argument("--without", action="append", default=[], choices=list(PEERS), help="leave a peer out")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        found = figures(options.without)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for line in found["lines"]:
        said = ", ".join(f"{tool} {opinion}" for tool, opinion in line["said"].items() if opinion != Said.NOT_LOOKED_AT)
        print(f"{line['domain']:<28} {line['aspect']:<12} {said}")
    unexplained = 0
    for difference in found["differences"]:
        unexplained += difference["right"] == "unexplained"
        print(
            f"{difference['domain']} {difference['aspect']}: {difference['peer']} says {difference['peer_said']}, "
            f"mailproof {difference['own_said']}; right: {difference['right']}. {difference['why']}"
        )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
