"""What mailproof, sslyze and testssl.sh say of the same twenty TLS servers, row by row, and who is right.

    python -m benchmarks.tls_comparison [--write]

With ``--write`` the page docs/performance.md gets what is printed. What sslyze and testssl.sh say is kept below
``/tmp/tls-comparison``, and they are not asked again; testssl.sh takes a minute for a server. Ends with 1 if a
difference has no explanation (``tls_differences.py``).
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.tls_differences import Explanation, explanation
from benchmarks.tls_facts import ROWS, Facts, of_mailproof, of_sslyze, of_testssl
from benchmarks.tls_hosts import HOSTS, TLSHost
from mailproof.fixtures.authority import Authority
from mailproof.net.hosts import Hosts
from mailproof.net.pkix.paths import trusted_roots
from mailproof.net.settings import Limits, NetSettings, TLSDepth
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.handshakes import TLSClient
from tests.real.tls_servers import TLSServer, running

HOST = "mx.example"
OUT = Path("/tmp/tls-comparison")
PATIENCE = 900
PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- tls: written by benchmarks/tls_comparison.py -->", "<!-- tls: end -->"
CHECKS = ("-p", "-s", "-f", "-P", "-S", "-R", "-C", "-Z", "-L", "-J")
"""Those of testssl.sh that answer a row."""


@dataclass(frozen=True)
class Difference(Explanation):
    """A peer says something else of a row than mailproof."""

    server: str


@dataclass(frozen=True)
class Asked:
    """What all say of one server, and what it cost: connections and seconds of mailproof, seconds of the peers."""

    host: TLSHost
    facts: dict[str, Facts]
    connections: int
    seconds: dict[str, float]


async def _ask(port: int, authority: Authority) -> tuple[Facts, int]:
    limits = Limits(connect=10, greeting=10, reply=10, tls=10, pause=0, retries=1, tls_depth=TLSDepth.FULL)
    settings, hosts = NetSettings(limits=limits), Hosts(limits)
    peer = TLSPeer("127.0.0.1", port, HOST, None)
    async with TLSClient(settings, hosts) as tls:
        offers = await tls.offers(peer)
        chains = await tls.certificates(peer)
    roots = trusted_roots(authority.root_file)
    return of_mailproof(offers, chains, roots, HOST, datetime.now(UTC)), hosts.connections["127.0.0.1"]


def ask(number: int, host: TLSHost, authority: Authority) -> Asked:
    """Start the server and ask all tools, the peers only if they have not been asked before."""
    stem = f"{number:02}"
    issued = authority.issue(host.certificate.names or (HOST,), host.certificate)
    kept = OUT / f"{stem}-seconds.json"
    seconds: dict[str, float] = json.loads(kept.read_text()) if kept.exists() else {}
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        with running(TLSServer(host.name, host.command, (), 0, 0), Path(directory), issued) as port:
            begun = time.monotonic()
            ours, connections = asyncio.run(_ask(port, authority))
            seconds["mailproof"] = time.monotonic() - begun
            for name, command in _peers(stem, port, authority).items():
                if not (OUT / f"{stem}-{name}.json").exists():
                    begun = time.monotonic()
                    subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
                    seconds[name] = time.monotonic() - begun
    kept.write_text(json.dumps(seconds))
    facts = {
        "mailproof": ours,
        "sslyze": of_sslyze(OUT / f"{stem}-sslyze.json"),
        "testssl": of_testssl(OUT / f"{stem}-testssl.json"),
    }
    return Asked(host, facts, connections, seconds)


def _peers(stem: str, port: int, authority: Authority) -> dict[str, list[str]]:
    root = str(authority.root_file)
    options = ["--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--ip", "127.0.0.1"]
    written = ["--add-ca", root, "--jsonfile", str(OUT / f"{stem}-testssl.json")]
    sslyze = [sys.executable, "-m", "sslyze", "--certinfo_ca_file", root, "--sni", HOST]
    return {
        "sslyze": [*sslyze, "--json_out", str(OUT / f"{stem}-sslyze.json"), f"localhost:{port}{{127.0.0.1}}"],
        "testssl": ["nice", "-n", "15", "testssl", *options, *written, *CHECKS, f"{HOST}:{port}"],
    }


def differences(asked: Sequence[Asked]) -> Iterator[Difference]:
    """Every row of which a peer says something else than mailproof."""
    for entry in asked:
        ours = entry.facts["mailproof"]
        for peer in ("sslyze", "testssl"):
            for row in ROWS:
                theirs = entry.facts[peer].get(row)
                if theirs is not None and row in ours and theirs != ours[row]:
                    right, why = explanation(peer, row, theirs, ours[row])
                    yield Difference(peer, row, theirs, ours[row], right, why, entry.host.name)


def page(asked: Sequence[Asked]) -> str:
    """The tables as Markdown: what each server cost, and the differences by row."""
    found = list(differences(asked))
    said = {
        peer: sum(len(entry.facts[peer].keys() & entry.facts["mailproof"].keys()) for entry in asked) for peer in _NAMES
    }
    lines = [
        f"{len(asked)} servers on this machine, {len(ROWS)} rows: sslyze answers {said['sslyze']} of those that "
        f"mailproof answers, testssl.sh {said['testssl']}; {len(found)} times they say something else, "
        f"{sum(not d.why for d in found)} times without an explanation.",
        "",
        "| server | connections of mailproof | mailproof | sslyze | testssl.sh, the checks for these rows |",
        "| --- | --- | --- | --- | --- |",
    ]
    for entry in asked:
        times = (f"{entry.seconds[name]:.1f} s" if name in entry.seconds else "" for name in _TOOLS)
        lines.append(f"| {entry.host.name} | {entry.connections} | {' | '.join(times)} |")
    lines += [
        "",
        "| row | peer | servers | the peer says | mailproof says | right | why |",
        "| - | - | - | - | - | - | - |",
    ]
    groups: dict[tuple[str, str, str, str], list[Difference]] = {}
    for difference in found:
        groups.setdefault((difference.row, difference.peer, difference.right, difference.why), []).append(difference)
    for (row, peer, right, why), listed in groups.items():
        first = listed[0]
        servers = "; ".join(difference.server for difference in listed)
        theirs, ours = _told(first.theirs, first.ours, len(listed))
        lines.append(
            f"| {row} | {_NAMES[peer]} | {servers} | {theirs} | {ours} | {right} | {why or '**unexplained**'} |"
        )
    return "\n".join(lines)


_NAMES = {"sslyze": "sslyze", "testssl": "testssl.sh"}
_TOOLS = ("mailproof", "sslyze", "testssl")


def _told(theirs: str, ours: str, servers: int) -> tuple[str, str]:
    """Both values; of two lists what only one of them has."""
    one, other = set(theirs.split()), set(ours.split())
    if len(one | other) <= 2:
        return theirs, ours
    more = "" if servers == 1 else " (the first)"
    return (
        f"also {' '.join(sorted(one - other)) or 'nothing'}{more}",
        f"also {' '.join(sorted(other - one)) or 'nothing'}{more}",
    )


def main(arguments: Sequence[str]) -> int:
    """Ask all, print the tables, and write them if that is wanted."""
    OUT.mkdir(exist_ok=True)
    authority = Authority(OUT / "authority")
    asked = [ask(number, host, authority) for number, host in enumerate(HOSTS)]
    text = page(asked)
    print(text)
    if "--write" in arguments:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
    return 1 if any(not difference.why for difference in differences(asked)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
