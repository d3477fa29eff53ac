"""Ports of the programs that watch a machine: NUT's upsd, and munin-node. Insiders may ask them, strangers not."""

from __future__ import annotations

from mailproof.net.errors import ClosedEarly, Malformed, TimedOut
from mailproof.net.hosts import UNSERVED, Hosts
from mailproof.net.settings import NetSettings
from mailproof.net.stream import deadline
from mailproof.net.text import printable

NUT, MUNIN = 3493, 4949
"""RFC 9271; munin-node.conf(5)."""

QUESTIONS = {NUT: b"VER\n", MUNIN: b""}
"""What is said: upsd speaks when it is spoken to (RFC 9271), munin-node greets."""

LINE = 1024
"""Octets of a line that are read."""


class MachinePorts:
    """Opens connections to ports where such programs may listen."""

    def __init__(self, settings: NetSettings, hosts: Hosts) -> None:
        self._settings = settings
        self._hosts = hosts

    async def ask(self, address: str, port: int, host: str) -> str:
        """The first line that ``port`` at ``address`` says; empty where it takes the connection and says nothing.

        Raises Refused and TimedOut where no connection is to be had.
        """
        destination = self._settings.destination(address, port, host)
        async with self._hosts.connection(address, port, host):
            stream = await self._hosts.connect(address, port, destination, at_most=UNSERVED)
            try:
                async with deadline(self._settings.limits.reply, "no answer"):
                    stream.write(QUESTIONS[port])
                    return printable((await stream.read_line(LINE)).strip())
            except (ClosedEarly, Malformed, TimedOut):
                return ""
            finally:
                stream.abort()
