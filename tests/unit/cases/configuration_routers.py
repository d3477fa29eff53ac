"""Configuration files of hosts that share an address."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.virtual_routers import VirtualRouters
from mailproof.probes.virtual_routers import virtual_routers
from mailproof.targets.base import Targets
from mailproof.targets.files import Configuration, ConfigurationFile

from .case import Table, fails, passes, skips

_PLAIN = """\
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 12345678
    }
    virtual_ipaddress {
        192.0.2.100/24 dev eth0 label eth0:1
        192.0.2.101/24
    }
}
"""


def shared(second: str, first: str = _PLAIN) -> VirtualRouters:
    """What is seen of the second of two hosts."""
    with tempfile.TemporaryDirectory() as directory:
        targets = Targets()
        found = []
        for host, text in (("lb1.example.org", first), ("lb2.example.org", second)):
            file = Path(directory, f"{host}.conf")
            file.write_text(text)
            found.append(Configuration("keepalived", host, (ConfigurationFile(str(file), file.name),)))
            targets.add(found[-1])
        return asyncio.run(_read(found[-1], targets))


async def _read(configuration: Configuration, targets: Targets) -> VirtualRouters:
    return await virtual_routers(configuration, Network(NetSettings()), targets)


def changed(old: str, new: str) -> str:
    assert old in _PLAIN
    return _PLAIN.replace(old, new)


def unicast(own: str, peer: str) -> str:
    return changed(
        "    priority", f"    unicast_src_ip {own}\n    unicast_peer {{\n        {peer}\n    }}\n    priority"
    )


ID = "    virtual_router_id 51"
DEFINED = changed(" 51", " $ID").replace("192.0.2.101/24", "${VIP}")
SEVERAL_LINES = "$ALL= \\\n" + changed("VI_1", "VI_$N").strip().replace("\n", " \\\n") + "\n$N=1\n$ALL\n"
"""An instance that is a definition of several lines."""
_V3 = "global_defs {\n    vrrp_version 3\n}\n"

TABLE: Table = {
    "CFG-VRRP": (
        passes(virtual_routers=shared(_PLAIN)),
        passes(virtual_routers=shared(changed("priority 100", "priority 150"))),
        passes(virtual_routers=shared(changed("12345678", "1234567890"))),
        passes(  # in another order
            virtual_routers=shared(
                _PLAIN.replace("2.100/24", "2.9/24").replace("2.101", "2.100").replace("2.9/", "2.101/")
            )
        ),
        passes(virtual_routers=shared("$ID=51\n$VIP = 192.0.2.101/24 # both\n" + DEFINED)),
        fails("has virtual_router_id 52, and lb1", virtual_routers=shared("$ID=52\n$VIP=192.0.2.101\n" + DEFINED)),
        passes(virtual_routers=shared(SEVERAL_LINES)),
        fails("has virtual_router_id 52, and lb1", virtual_routers=shared(SEVERAL_LINES.replace(" 51", " 52"))),
        passes(virtual_routers=shared(changed(ID, "@lb2 virtual_router_id 51\n@lb1 virtual_router_id 1"))),
        passes(virtual_routers=shared(changed("priority 100", "@one priority 100\n@two priority 90"))),
        fails("has virtual_router_id 52", virtual_routers=shared(changed(ID, "@lb2 virtual_router_id 52"))),
        passes(virtual_routers=shared(_V3 + changed("advert_int 1", "advert_int 2"), _V3 + _PLAIN)),
        passes(virtual_routers=shared(unicast("192.0.2.2", "192.0.2.1"), unicast("192.0.2.1", "192.0.2.2"))),
        fails(
            "VI_1 has virtual_router_id 52, and lb1.example.org has 51", virtual_routers=shared(changed(" 51", " 52"))
        ),
        fails("speaks version 3 of VRRP, and lb1.example.org speaks 2", virtual_routers=shared(_V3 + _PLAIN)),
        fails(
            "has not the addresses of lb1.example.org: it lacks 192.0.2.101; it alone has 192.0.2.102",
            virtual_routers=shared(changed("2.101", "2.102")),
        ),
        fails("advertises every 3 s, and", virtual_routers=shared(changed("advert_int 1", "advert_int 3"))),
        fails("has authentication AH, and lb1", virtual_routers=shared(changed("PASS", "AH"))),
        fails("has another auth_pass than lb1.example.org", virtual_routers=shared(changed("12345678", "1234567"))),
        fails(
            "lb2.example.org sends to its peers, and lb1.example.org to the group of all",
            virtual_routers=shared(unicast("192.0.2.2", "192.0.2.1")),
        ),
        fails(
            "lb1.example.org has no peer 192.0.2.2, which is lb2.example.org",
            virtual_routers=shared(unicast("192.0.2.2", "192.0.2.1"), unicast("192.0.2.1", "192.0.2.3")),
        ),
        skips("no earlier host", virtual_routers=shared(_PLAIN.replace("192.0.2.1", "198.51.100.1"))),
        skips("no earlier host", virtual_routers=shared("virtual_server 192.0.2.25 25 {\n}\n")),
        skips("no earlier host", virtual_routers=VirtualRouters("postfix", ())),
    ),
}
