"""A small world with one of everything that is not in the demo, and what the tests of worlds share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from mailproof.fixtures.world import World
from mailproof.net.loop import BackgroundLoop
from mailproof.net.network import Network
from mailproof.net.settings import Limits, NetSettings

T = TypeVar("T")

LIMITS = Limits(connect=60, greeting=60, reply=60, tls=60, dns=5, https=60, silence=0.1, pause=0)
IMPATIENT = Limits(connect=0.3, greeting=0.3, reply=0.3, tls=0.3, dns=0.3, dns_tries=1, https=0.3, pause=0)
"""For peers that never answer: what a test waits for is the deadline itself."""

PLAN = """
zones:
  .: {file: root.zone, signed: yes}
  org: {file: org.zone, signed: yes}
  signed.org: {file: signed.zone, signed: yes}
  unsigned.org: unsigned.zone
  island.unsigned.org: {file: island.zone, signed: yes}
  bogus.org: {file: bogus.zone, signed: bogus}
  expired.org: {file: expired.zone, signed: expired}
behaviour:
  fails.signed.org: SERVFAIL
  fails.signed.org TXT: {fault: silence, delay: 0}
servers:
  11.0.1.53: {serves: [signed.org]}
  ns.unsigned.org: {fault: silence}
  ns.bogus.org: {fault: lame}
  ns.expired.org: {behaviour: {expired.org NS: REFUSED}, tcp: false}
smtp:
  - host: mx.signed.org
    ports: [25, 2525]
    addresses: [11.0.1.25, "2600:11::25"]
    behaviour: {replies: {NOOP: 250 at your service}, faults: {VRFY: close}}
  - {host: mx.signed.org, ports: [465], addresses: [11.0.1.25], behaviour: {implicit_tls: true}}
  - {host: closed.org, addresses: [11.0.1.26], state: closed}
  - {host: silent.org, addresses: [11.0.1.27], state: silent}
https:
  - {hosts: [one.org, two.org], addresses: [11.0.1.80], site: {body: shared, headers: {X-From: world}}}
  - {hosts: [three.org], addresses: [11.0.1.81], state: silent}
"""

FILES = {
    "root.zone": "@ 60 SOA ns.org. h.org. 1 2 3 4 5\n@ 60 NS ns.org.\n",
    "org.zone": "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 11.0.0.53\n",
    "signed.zone": """{{ include child.zone }}
ns A 11.0.1.53
mx A 11.0.1.25
alias CNAME ns.unsigned.org.
_25._tcp.mx TLSA {{ tlsa mx.signed.org 25 3 1 1 }}
_465._tcp.mx TLSA {{ tlsa mx.signed.org 465 2 0 2 }}
""",
    "unsigned.zone": "{{ include child.zone }}\nns A 11.0.2.53\n",
    "island.zone": "{{ include child.zone }}\nns A 11.0.3.53\n",
    "bogus.zone": "{{ include child.zone }}\nns A 11.0.4.53\n",
    "expired.zone": "{{ include child.zone }}\nns A 11.0.5.53\n",
    "child.zone": "{{ include head.inc }}\n@ MX 10 mx\n",
    "head.inc": "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n",
}


def write(directory: Path, plan: str = PLAN, **files: str) -> Path:
    """Write a world into ``directory``: the small one, with ``files`` (dots written as ``_``) over its
    own."""
    changed = {name.replace("_", "."): text for name, text in files.items()}
    for name, text in {**FILES, **changed, "world.yaml": plan}.items():
        (directory / name).write_text(text)
    return directory


def inside(world: World, work: Callable[[Network], Awaitable[T]], limits: Limits = LIMITS) -> T:
    """What ``work`` returns when it is given a network inside ``world``."""

    async def run() -> T:
        network = Network(world.settings(NetSettings(limits=limits, ehlo_name="probe.org")))
        try:
            return await work(network)
        finally:
            await network.close()

    loop = BackgroundLoop()
    try:
        return loop.run(run())
    finally:
        loop.close()
