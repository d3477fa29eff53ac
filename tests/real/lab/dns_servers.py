"""NSD, Knot and BIND for the authoritative side, Unbound as the client's validating resolver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.real.domains import RESOLVER
from tests.real.lab import plan
from tests.real.lab.ca import Issued
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program


def _lines(*parts: str) -> str:
    return "\n".join(parts) + "\n"


def nsd(
    daemons: Daemons,
    namespace: str,
    directory: Path,
    addresses: Iterable[str],
    zones: Mapping[str, str],
    open_transfer: Iterable[str] = (),
) -> None:
    """Start one NSD instance that serves ``zones`` (master files by origin) on ``addresses``."""
    directory.mkdir()
    transferable = set(open_transfer)
    config = [
        "server:",
        *(f"  ip-address: {address}" for address in addresses),
        '  username: ""',
        '  chroot: ""',
        f'  zonesdir: "{directory}"',
        '  database: ""',
        f'  pidfile: "{directory}/nsd.pid"',
        f'  xfrdfile: "{directory}/xfrd.state"',
        f'  xfrdir: "{directory}"',
        f'  zonelistfile: "{directory}/zone.list"',
        "  server-count: 1",
        "  hide-version: yes",
        "  rrl-ratelimit: 0",
        "remote-control:",
        "  control-enable: no",
    ]
    for number, (origin, text) in enumerate(zones.items()):
        (directory / f"{number}.zone").write_text(text)
        config += ["zone:", f'  name: "{origin}"', f'  zonefile: "{number}.zone"']
        if origin in transferable:
            config += ["  provide-xfr: 0.0.0.0/0 NOKEY", "  provide-xfr: ::0/0 NOKEY"]
    (directory / "nsd.conf").write_text(_lines(*config))
    daemons.start(directory.name, namespace, [program("nsd"), "-d", "-c", str(directory / "nsd.conf")])


def knot(
    daemons: Daemons,
    namespace: str,
    directory: Path,
    addresses: Iterable[str],
    zones: Mapping[str, str],
    open_transfer: Iterable[str] = (),
) -> None:
    """Start one Knot instance that serves ``zones`` (master files by origin) on ``addresses``."""
    directory.mkdir()
    transferable = set(open_transfer)
    config = [
        "server:",
        f'  rundir: "{directory}"',
        '  version: ""',
        "  udp-workers: 1",
        "  tcp-workers: 1",
        "  background-workers: 1",
        *(f'  listen: "{address}@53"' for address in addresses),
        "log:",
        "  - target: stderr",
        "    any: warning",
        "database:",
        f'  storage: "{directory}"',
        "acl:",
        "  - id: everybody",
        "    action: transfer",
        "template:",
        "  - id: default",
        f'    storage: "{directory}"',
        "    journal-content: none",
        "zone:",
    ]
    for number, (origin, text) in enumerate(zones.items()):
        (directory / f"{number}.zone").write_text(text)
        config += [f'  - domain: "{origin}"', f'    file: "{number}.zone"']
        if origin in transferable:
            config.append("    acl: everybody")
    (directory / "knot.conf").write_text(_lines(*config))
    daemons.start(directory.name, namespace, [program("knotd"), "-c", str(directory / "knot.conf")])


def named(
    daemons: Daemons,
    namespace: str,
    directory: Path,
    addresses: Iterable[str],
    zones: Mapping[str, str],
    open_transfer: Iterable[str] = (),
) -> None:
    """Start one BIND that serves ``zones`` (master files by origin) on ``addresses``, whatever it thinks of them."""
    directory.mkdir()
    transferable = set(open_transfer)
    by_family = {family: [a for a in addresses if (":" in a) == (family == "-v6")] for family in ("", "-v6")}
    config = [
        "options {",
        f'  directory "{directory}";',
        f'  pid-file "{directory}/named.pid";',
        f'  session-keyfile "{directory}/session.key";',
        *(f"  listen-on{family} {{ {'; '.join(listed)}; }};" for family, listed in by_family.items()),
        "  recursion no;",
        "  notify no;",
        "  dnssec-validation no;",
        "  empty-zones-enable no;",
        "  check-integrity no;",
        "  check-names primary ignore;",
        "  check-mx ignore;",
        "  version none;",
        "  hostname none;",
        "  server-id none;",
        "  allow-transfer { none; };",
        "};",
        "controls { };",
    ]
    for number, (origin, text) in enumerate(zones.items()):
        (directory / f"{number}.zone").write_text(text)
        transfer = " allow-transfer { any; };" if origin in transferable else ""
        config.append(f'zone "{origin}" {{ type primary; file "{number}.zone";{transfer} }};')
    (directory / "named.conf").write_text(_lines(*config))
    daemons.start(directory.name, namespace, [program("named"), "-g", "-n", "1", "-c", str(directory / "named.conf")])


def settings_of_unbound(directory: Path, certificate: Issued) -> tuple[str, ...]:
    """What every Unbound of the laboratory has in its section ``server``: its place, its certificate, no daemon."""
    return (
        f'  tls-service-pem: "{certificate.chain_file}"',
        f'  tls-service-key: "{certificate.key_file}"',
        '  username: ""',
        '  chroot: ""',
        f'  directory: "{directory}"',
        f'  pidfile: "{directory}/unbound.pid"',
        "  do-daemonize: no",
        "  use-syslog: no",
        "  num-threads: 1",
    )


def unbound(daemons: Daemons, namespace: str, directory: Path, trust_anchor: str, certificate: Issued) -> None:
    """Start the resolver on the client's loopback, and on its link for the servers' own look-ups."""
    directory.mkdir()
    hints = [
        f". 3600 NS {name}.\n{name}. 3600 A {ipv4}\n{name}. 3600 AAAA {ipv6}"
        for name, (ipv4, ipv6) in plan.PARENTS.items()
    ]
    (directory / "root.hints").write_text(_lines(*hints))
    (directory / "root.key").write_text(_lines(trust_anchor))
    config = _lines(
        "server:",
        f"  interface: {RESOLVER}",
        f"  interface: {RESOLVER}@853",
        "  interface: ::1",
        f"  interface: {plan.CLIENT}",
        "  access-control: 11.0.0.0/8 allow",
        f"  do-not-query-address: {plan.OWN_SERVERS_NETWORK}",
        "  do-not-query-address: 2600:25::3:0:0/96",
        *settings_of_unbound(directory, certificate),
        f'  root-hints: "{directory}/root.hints"',
        f'  trust-anchor-file: "{directory}/root.key"',
        '  module-config: "validator iterator"',
        "  val-bogus-ttl: 1",
        "  val-log-level: 2",
        '  local-zone: "test." nodefault',
        "remote-control:",
        "  control-enable: no",
    )
    (directory / "unbound.conf").write_text(config)
    daemons.start("unbound", namespace, [program("unbound"), "-d", "-c", str(directory / "unbound.conf")])
