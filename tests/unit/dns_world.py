"""A zone, resolvers that serve it on loopback, and a client that asks them."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from mailproof.fixtures.dns_responder import Fault
from mailproof.fixtures.dns_server import DNSServer
from mailproof.net.dns.client import MAX_ALIASES, Answer, DNSClient
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.settings import Limits, NetSettings

Result = TypeVar("Result")

ROOT = "@ 60 SOA a.nic. h. 1 2 3 4 5\n@ 60 NS a.nic.\na.nic. 60 A 192.0.2.1\n"
ZONE = """$TTL 60
@ SOA NS.example.com. h 1 2 3 4 5
@ NS ns
@ MX 10 MX1
@ TXT "v=spf1 " "-all" "\\195\\164"
ns A 192.0.2.53
mx1 A 192.0.2.25
www CNAME web
web CNAME mx1
loop CNAME pool
pool CNAME loop
big TXT "%s" "%s" "%s" "%s" "%s" "%s"
_imap._tcp SRV 0 1 143 imap
null MX 0 .
""" % (("x" * 250,) * 6)
ZONE += "\n".join(f"c{i} CNAME c{i + 1}" for i in range(MAX_ALIASES + 1))

QUICK = Limits(dns=0.15, dns_tries=2)
PATIENT = Limits(dns=10, dns_tries=2)


def patience_with(fault: Fault | None, tries: int) -> Limits:
    """Short only where the deadline itself ends the wait, so that a busy machine changes no outcome."""
    return Limits(dns=0.5 if fault in (Fault.SILENCE, Fault.WRONG_ID) else 10, dns_tries=tries)


def zone(name: str = "example.com", extra: str = "") -> Any:
    return parse_zone(name, f"{ZONE}\n{extra}\n")


def session(
    work: Callable[[DNSClient], Awaitable[Result]], *servers: DNSServer, limits: Limits = PATIENT, **more: Any
) -> Result:
    """Run ``work`` with a client whose resolvers are ``servers``; nothing may be left open or running."""

    async def main() -> Result:
        try:
            resolvers = tuple([await server.start() for server in servers])
            async with DNSClient(NetSettings(resolvers=resolvers, limits=limits, **more)) as client:
                return await work(client)
        finally:
            for server in servers:
                await server.stop()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = asyncio.run(main())
        gc.collect()
    return result


def resolver(extra: str = "", **options: Any) -> DNSServer:
    return DNSServer([zone(extra=extra), parse_zone(".", ROOT)], recursive=True, **options)


def resolve(name: str, type_: str, *servers: DNSServer, **more: Any) -> Answer:
    return session(lambda dns: dns.resolve(name, type_), *(servers or (resolver(),)), **more)


def ask(
    server: DNSServer,
    name: str,
    type_: str,
    limits: Limits = PATIENT,
    address: str = "192.0.2.53",
    **options: Any,
) -> Answer:
    """Ask ``server``, to which the connect map leads from 192.0.2.53 and from ns.example.com."""

    async def main() -> Answer:
        at = await server.start()
        try:
            mapped = NetSettings(limits=limits, connect={"192.0.2.53:53": at, "ns.example.com:53": at})
            async with DNSClient(mapped) as client:
                return await client.ask(address, name, type_, **options)
        finally:
            await server.stop()

    return asyncio.run(main())
