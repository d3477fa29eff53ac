"""Name servers that do what no packaged one can be made to do, one fault for each address.

Run as ``python faulty_name_server.py FILE``; the file holds a list of ``Served`` as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TypedDict

from mailproof.fixtures.dns_faults import Fault
from mailproof.fixtures.dns_responder import Behaviour
from mailproof.fixtures.dns_server import DNSServer
from mailproof.net.dns.zone_files import parse_zone
from tests.real.domains import NO_TCP, NO_UDP, OTHER_SOURCE

PORT = 53
OTHERS_SOURCE = {4: "11.0.2.2", 6: "2600:25::2:2"}
"""The address from which a server answers that answers from another one."""


class Served(TypedDict):
    """One address: what is wrong there, and the zone that it serves."""

    address: str
    fault: str
    zone: str
    text: str


async def start(served: Served) -> DNSServer:
    """Start the server of one address."""
    zone = parse_zone(served["zone"], served["text"])
    fault, address = served["fault"], served["address"]
    known = {fault.value for fault in Fault}
    behaviour = {"*": Behaviour(Fault(fault))} if fault in known else {}
    silent = {NO_UDP: ("udp",), NO_TCP: ("tcp",)}.get(fault, ())
    server = DNSServer([zone], behaviour=behaviour, silent_over=silent)
    source = OTHERS_SOURCE[6 if ":" in address else 4] if fault == OTHER_SOURCE else ""
    await server.start(address, PORT, source=source)
    return server


async def main(every: list[Served]) -> None:
    """Serve until the process is ended."""
    servers = [await start(served) for served in every]
    await asyncio.Event().wait()
    await asyncio.gather(*(server.stop() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
