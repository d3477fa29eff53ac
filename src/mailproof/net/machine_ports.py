"""Ports of the programs that watch a machine: NUT's upsd, and munin-node. Insiders may ask them, strangers not."""

from __future__ import annotations

from mailproof.net.errors import ClosedEarly, Malformed, TimedOut
from mailproof.net.ports import PortClient
from mailproof.net.stream import deadline
from mailproof.net.text import printable

NUT, MUNIN = 3493, 4949
"""RFC 9271; munin-node.conf(5)."""

QUESTIONS = {NUT: b"VER\n", MUNIN: b""}
"""What is said: upsd speaks when it is spoken to (RFC 9271), munin-node greets."""

LINE = 1024
"""Octets of a line that are read."""


class MachinePorts(PortClient):
    """Opens connections to ports where such programs may listen."""

    async def ask(self, address: str, port: int, host: str) -> str:
        """The first line that ``port`` at ``address`` says; empty where it takes the connection and says nothing.

        Raises Refused and TimedOut where no connection is to be had.
        """
        async with self._connected(address, port, host) as stream:
            try:
                async with deadline(self._settings.limits.reply, "no answer"):
                    stream.write(QUESTIONS[port])
                    return printable((await stream.read_line(LINE)).strip())
            except (ClosedEarly, Malformed, TimedOut):
                return ""
