"""Routing."""

from __future__ import annotations

from typing import Any

from mailproof.controls import SHOULD
from mailproof.net.errors import ServerFailure, TimedOut
from mailproof.observations.routing import VRP, BlockOrigin, BlockRoutes, ServerOrigins
from mailproof.targets.routing import RECEIVES, RESOLVES, SENDS, SERVES, AddressBlock, block_of

from ..observed import DOMAIN, answer, missing
from .case import Table, advises, fails, leaves, passes, skips, undecided

_ONE, _TWO, _THREE = "198.51.100.0/24", "203.0.113.0/24", "2001:db8:1::/48"


def _origin(block: str, *texts: str) -> BlockOrigin:
    """Texts of the origin service; none: it knows nothing of the block."""
    name = f"{block}.origin.example"
    return BlockOrigin(block, answer(name, "TXT", *texts) if texts else missing(name, "TXT"))


_SILENT = BlockOrigin("192.88.100.0/24", failure="no answer", kind=TimedOut.kind)


def _servers(*origins: BlockOrigin, addresses: tuple[str, ...] = (), service: str = "") -> ServerOrigins:
    """A server in each block, or at ``addresses``."""
    at = addresses or tuple(origin.block.partition("/")[0] for origin in origins)
    return ServerOrigins(DOMAIN, tuple((address, block_of(address)) for address in at), origins, service)


_AS1 = _origin(_ONE, "64496 | 198.51.100.0/24 | ZZ | test | 2020-01-01")
_AS2 = _origin(_TWO, "64497 | 203.0.113.0/24 | ZZ | test | 2020-01-01")
_SAME_AS = _origin(_TWO, "64496 | 203.0.113.0/24 | ZZ | test | 2020-01-01")
_SAME_PREFIX = _origin("198.51.101.0/24", "64496 | 198.51.100.0/23 | ZZ | test | 2020-01-01")
_WIDE = _origin(_ONE, "64496 | 198.51.100.0/23 | ZZ | test | 2020-01-01")
_TWO_ORIGINS = _origin(_TWO, "64496 64497 | 203.0.113.0/24 | ZZ | test | 2020-01-01")
_NEIGHBOURS = ("198.51.100.1", "198.51.100.2")
_TWO_PREFIXES = _origin(_ONE, "64496 | 198.51.100.0/24 | ZZ | t | x", "64497 | 198.51.0.0/16 | ZZ | t | x")
_SAME_TWO = _origin(_ONE, "64497 64496 | 198.51.100.0/24 | ZZ | test | 2020-01-01")
_NONSENSE = _origin(_TWO, "who knows", "64496 | not a prefix | ZZ")

_MX = AddressBlock(_ONE, (RECEIVES, SENDS))
_NS = AddressBlock(_ONE, (SERVES,))
_SENDER = AddressBlock(_ONE, (SENDS, RESOLVES))
_VALID = VRP("198.51.100.0/22", 24, 64496)
_SHORT = VRP("198.51.100.0/22", 22, 64496)
_OTHER_AS = VRP(_ONE, 24, 64511)
_NOBODY = VRP(_ONE, 24, 0)


def _block(*payloads: VRP, block: AddressBlock = _MX, origin: BlockOrigin = _AS1, **more: Any) -> dict[str, Any]:
    times = {"at": "2026-11-26T00:00:00+00:00", "generated": "2026-11-25T23:00:00Z"} | more
    return {"address_block": block, "block_routes": BlockRoutes(origin, payloads, "vrps.json", **times)}


_NO_SERVICE = "there is no origin.example"

TABLE: Table = {
    "NS-AS-DIVERSITY": (
        passes(server_origins=_servers(_AS1, _AS2)),
        passes(server_origins=_servers(_AS1, _AS2, _SILENT)),
        passes(server_origins=_servers(_AS1, _TWO_ORIGINS)),
        advises(
            "all IPv4 addresses of the servers of example.org are in AS64496", server_origins=_servers(_AS1, _SAME_AS)
        ),
        advises("are in AS64496 and AS64497", server_origins=_servers(_SAME_TWO, _TWO_ORIGINS)),
        leaves("NS-PREFIX-DIVERSITY", server_origins=_servers(_WIDE, _SAME_PREFIX)),
        undecided("no answer", server_origins=_servers(_AS1, _SILENT)),
        undecided("nobody knows who announces 203.0.113.0", server_origins=_servers(_AS1, _origin(_TWO))),
        undecided("nobody knows", server_origins=_servers(_AS1, _NONSENSE)),
        skips("no two public addresses", server_origins=_servers(_AS1)),
        skips("no two", server_origins=_servers(_AS1, _origin(_THREE, "64496 | 2001:db8::/32 | ZZ | t | x"))),
        skips("there is no origin.example", server_origins=_servers(service=_NO_SERVICE)),
    ),
    "NS-PREFIX-DIVERSITY": (
        advises("are in 198.51.100.0/24", server_origins=_servers(_TWO_PREFIXES, addresses=_NEIGHBOURS)),
        passes(server_origins=_servers(_AS1, _SAME_AS)),
        advises("are in 198.51.100.0/23", server_origins=_servers(_WIDE, _SAME_PREFIX)),
        advises("198.51.100.0/24", server_origins=_servers(_AS1, addresses=("198.51.100.1", "198.51.100.2"))),
        undecided("no answer", server_origins=_servers(_AS1, _SILENT)),
        skips("no two public addresses", server_origins=_servers(_AS1)),
        skips("there is no origin.example", server_origins=_servers(service=_NO_SERVICE)),
    ),
    "BGP-ROA-EXISTS": (
        passes(**_block(_VALID)),
        passes(**_block(_OTHER_AS)),
        advises("no ROA covers 198.51.100.0/24 from AS64496 (MX host", **_block()),
        advises("no ROA covers", **_block(VRP(_TWO, 24, 64496), block=_NS)),
        advises("198.51.100.0/23 from AS64496", **_block(_OTHER_AS, origin=_WIDE)),
        undecided("no answer", **_block(_VALID, origin=_SILENT)),
        undecided("nobody knows", **_block(_VALID, origin=_origin(_ONE))),
        undecided("10 days old", **_block(_VALID, generated="2026-11-16T00:00:00Z")),
        passes(**_block(_VALID, generated="yesterday")),
        skips("BGP-ROA-SENDING", **_block(block=_SENDER)),
        skips("there is no origin.example", **_block(service=_NO_SERVICE)),
    ),
    "BGP-ROA-VALID": (
        passes(**_block(_VALID)),
        passes(**_block(_OTHER_AS, _VALID)),
        passes(**_block()),
        fails("do not permit 198.51.100.0/24 from AS64496", level=SHOULD, **_block(_OTHER_AS)),
        fails("do not permit", **_block(_SHORT)),
        fails("do not permit", **_block(_NOBODY)),
        fails("do not permit 203.0.113.0/24 from AS64497", **_block(VRP(_TWO, 24, 64496), origin=_TWO_ORIGINS)),
        undecided(
            "no answer", **_block(_VALID, origin=BlockOrigin(_ONE, failure="no answer", kind=ServerFailure.kind))
        ),
        skips("BGP-ROA-SENDING", **_block(block=_SENDER)),
    ),
    "BGP-ROA-SENDING": (
        passes(**_block(_VALID, block=_SENDER)),
        advises("no ROA covers 198.51.100.0/24 from AS64496 (sending address, resolver)", **_block(block=_SENDER)),
        fails("do not permit", level=SHOULD, **_block(_OTHER_AS, block=_SENDER)),
        undecided("no answer", **_block(origin=_SILENT, block=_SENDER)),
        skips("BGP-ROA-EXISTS", **_block(_OTHER_AS)),
    ),
}
