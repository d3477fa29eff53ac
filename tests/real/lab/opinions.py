"""What three validators make of names of the laboratory: ours, Unbound and BIND's (delv).

Run on the client's side as ``python opinions.py ANCHORS NAME/TYPE...``; prints a JSON object of lists.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdata

from mailproof.net.dnssec.trust import Status
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings, SocketAddress

RESOLVER = "127.0.0.1"
SECONDS = 30.0


async def ours(anchors: Path, questions: list[tuple[str, str]]) -> list[Status]:
    """What our own validation finds."""
    network = Network(NetSettings(resolvers=(SocketAddress(RESOLVER, 53),), trust_anchors=anchors))
    try:
        return [(await network.dnssec.judge(*question)).status for question in questions]
    finally:
        await network.close()


def unbound(name: str, type: str) -> Status:
    """What the laboratory's resolver answers: SERVFAIL for bogus, AD for secure."""
    answer = dns.query.tcp(dns.message.make_query(name, type, want_dnssec=True), RESOLVER, timeout=SECONDS)
    if answer.rcode() == dns.rcode.SERVFAIL:
        return Status.BOGUS
    return Status.SECURE if answer.flags & dns.flags.AD else Status.INSECURE


def delv(anchors: Path, name: str, type: str) -> Status:
    """What BIND's validator finds."""
    fields = anchors.read_text().split(maxsplit=4)[4].split(maxsplit=3)
    trusted = anchors.with_name("delv.anchors")
    trusted.write_text(f'trust-anchors {{ . static-key {" ".join(fields[:3])} "{fields[3].strip()}"; }};\n')
    command = ["delv", f"@{RESOLVER}", "-a", str(trusted), "+root=.", name, type]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    said = done.stdout + done.stderr
    if "unsigned answer" in said:
        return Status.INSECURE
    return Status.SECURE if "fully validated" in said else Status.BOGUS


def main(anchors: Path, questions: list[tuple[str, str]]) -> None:
    """Print every opinion."""
    opinions = {
        f"{name}/{type}": [own, unbound(name, type), delv(anchors, name, type)]
        for (name, type), own in zip(questions, asyncio.run(ours(anchors, questions)), strict=True)
    }
    print(json.dumps(opinions))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [(one.split("/")[0], one.split("/")[1]) for one in sys.argv[2:]])
