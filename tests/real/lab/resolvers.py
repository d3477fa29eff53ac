"""Resolvers besides the laboratory's own: an Unbound that does all wrong, and one that remembers no failure."""

from __future__ import annotations

from pathlib import Path

from tests.real.domains import DNSBL, FAILING, RESOLVER, WRONG_RESOLVER
from tests.real.lab.ca import Issued
from tests.real.lab.dns_servers import settings_of_unbound
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program


def wrong_unbound(daemons: Daemons, namespace: str, directory: Path, hints: Path, certificate: Issued) -> None:
    """Start an Unbound that does not validate, has no IPv6, rewrites answers, and whose TTLs never fall."""
    directory.mkdir()
    config = (
        "server:",
        f"  interface: {WRONG_RESOLVER}",
        f"  interface: {WRONG_RESOLVER}@853",
        *settings_of_unbound(directory, certificate),
        f'  root-hints: "{hints}"',
        '  module-config: "iterator"',
        "  do-ip6: no",
        "  serve-original-ttl: yes",
        '  local-zone: "test." nodefault',
        '  local-zone: "example." redirect',
        '  local-data: "example. 3600 A 11.0.4.1"',
        f'  local-zone: "{DNSBL}." redirect',
        f'  local-data: "{DNSBL}. 60 A 127.255.255.254"',
        '  local-zone: "views-differ.test." typetransparent',
        '  local-data: "views-differ.test. 3600 MX 20 mx.right.test."',
        "remote-control:",
        "  control-enable: no",
    )
    (directory / "unbound.conf").write_text("\n".join(config) + "\n")
    daemons.start(directory.name, namespace, [program("unbound"), "-d", "-c", str(directory / "unbound.conf")])


def forwarding(command: list[str]) -> list[str]:
    """The command line of the forwarder: where it listens, whom it asks, and the name that always fails."""
    return [*command, "127.0.0.5", RESOLVER, FAILING]
