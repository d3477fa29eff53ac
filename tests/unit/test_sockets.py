"""Where programs listen: as ss tells it of this machine, and what a packet filter does with strangers there."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from mailproof.capturing import PROGRAMS
from mailproof.grammars.sockets import parse_sockets
from mailproof.net.errors import Malformed
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.sockets import Listening
from mailproof.probes.sockets import SS, listening
from mailproof.targets.base import Targets
from mailproof.targets.files import Configuration, ConfigurationFile
from mailproof.targets.services import MXEndpoint

HOST = "mx1.example.org"
SOCKETS = """LISTEN 0      100          0.0.0.0:25        0.0.0.0:*
LISTEN 0      4096   127.0.0.53%lo:53        0.0.0.0:*
LISTEN 0      100                *:993             *:*
LISTEN 0      128             [::]:22           [::]:*
LISTEN 0      128  192.0.2.25:5432     0.0.0.0:*
LISTEN 0      128  [fe80::1%eth0]:111     [::]:*
LISTEN 0      128  [::1]:6379     [::]:*
ESTAB  0      0    192.0.2.25:22  198.51.100.1:4711
"""
RULES = """table inet filter {
    chain input {
        type filter hook input priority 0; policy drop;
        iif "lo" accept
        ct state established,related accept
        tcp dport { 22, 25, 993 } accept
        ip saddr 192.0.2.0/24 tcp dport 5432 accept
    }
}
"""


def test_the_lines_of_ss() -> None:
    found = [(str(one), one.families, one.is_loopback) for one in parse_sockets(SOCKETS)]
    assert found == [
        ("*:25", ("ip",), False),
        ("127.0.0.53:53", ("ip",), True),
        ("*:993", ("ip", "ip6"), False),
        ("*:22", ("ip6",), False),
        ("192.0.2.25:5432", ("ip",), False),
        ("[fe80::1]:111", ("ip6",), False),
        ("[::1]:6379", ("ip6",), True),
    ]


def looked_at(tmp_path: Path, sockets: str, rules: str = "") -> Listening:
    def configuration(program: str, text: str) -> Configuration:
        path = tmp_path / program
        path.write_text(text)
        return Configuration(program, HOST, (ConfigurationFile(str(path), program),))

    own = configuration("sockets", sockets)
    others = [configuration("nftables", rules)] if rules else []
    targets = Targets.collect(
        [own, *others, MXEndpoint(HOST, "192.0.2.25", 25), MXEndpoint("mx2.example", "192.0.2.7", 26)]
    )

    async def look() -> Listening:
        network = Network(NetSettings())
        try:
            return await listening(own, network, targets)
        finally:
            await network.close()

    return asyncio.run(look())


def test_without_a_packet_filter_strangers_reach_all_but_loopback(tmp_path: Path) -> None:
    seen = looked_at(tmp_path, SOCKETS)
    assert {one.port: one.verdict for one in seen.sockets} == dict.fromkeys((25, 993, 22, 5432, 111), "accept")
    assert (seen.declared, seen.filters) == ((25,), ())


def test_what_the_packet_filter_keeps_from_strangers(tmp_path: Path) -> None:
    seen = looked_at(tmp_path, SOCKETS, RULES)
    by_port = {one.port: one.verdict for one in seen.sockets}
    assert by_port == {25: "accept", 993: "accept", 22: "accept", 5432: "drop", 111: "drop"}
    assert seen.filters == ("nftables",)


def test_a_pattern_of_interfaces_is_a_way_in(tmp_path: Path) -> None:
    rules = RULES.replace("ip saddr 192.0.2.0/24", 'iifname "eth*"')
    assert {one.port: one.verdict for one in looked_at(tmp_path, SOCKETS, rules).sockets}[5432] == "accept"


def test_what_holds_no_socket(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="no socket"):
        looked_at(tmp_path, "Netid State\n")


@pytest.mark.skipif(shutil.which("ss") is None, reason="there is no ss")
def test_ss_itself_as_the_capture_runs_it() -> None:
    (command,) = next(program.commands for program in PROGRAMS if program.name == "sockets")
    assert command == SS
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]
        listed = subprocess.run(command.split(), capture_output=True, text=True, check=True).stdout
    assert (f"127.0.0.1:{port}", True) in [(str(one), one.is_loopback) for one in parse_sockets(listed)]
