"""SMTP servers with STARTTLS by OpenSSL 1.0.2: SSL 2.0, SSL 3.0, RC4, 3DES, weak Diffie-Hellman, one fault for each.

Run as ``python old_openssl_server.py FILE``; the file holds a list of ``Host`` as JSON. OpenSSL 1.0.2 is the one
that ``mailproof.fixtures.old_tls`` finds in nassl's wheel. It forks for each connection: its locks are not set up.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TypedDict

from mailproof.fixtures.old_tls import OpenSSL, server_context
from tests.real.lab.ssl3_server import LINE_LIMIT, LINES, Dialogue

SECONDS = 120


class Host(TypedDict):
    """One server: where it listens, what it is called, its certificate, and what OpenSSL is told."""

    address: str
    name: str
    chain: str
    key: str
    versions: list[str]
    ciphers: str
    dh: int
    compression: bool


class _Channel:
    """A connection in clear, then in TLS."""

    def __init__(self, connection: socket.socket, openssl: OpenSSL) -> None:
        self._connection = connection
        self._openssl = openssl
        self._ssl: int | None = None
        self._buffer = ctypes.create_string_buffer(LINE_LIMIT)

    def start_tls(self, context: int) -> bool:
        """Shake hands. Returns False if that fails."""
        self._ssl = self._openssl.new(context)
        self._openssl.set_fd(self._ssl, self._connection.fileno())
        return bool(self._openssl.accept(self._ssl) == 1)

    def receive(self) -> bytes:
        if self._ssl is None:
            return self._connection.recv(LINE_LIMIT)
        count = self._openssl.read(self._ssl, self._buffer, LINE_LIMIT)
        return self._buffer.raw[: max(count, 0)]

    def send(self, text: str) -> None:
        data = text.encode()
        if self._ssl is None:
            self._connection.sendall(data)
        else:
            self._openssl.write(self._ssl, data, len(data))


def talk(channel: _Channel, name: str, context: int) -> None:
    """Hold one dialogue."""
    dialogue = Dialogue(name)
    channel.send(f"220 {name} ESMTP\r\n")
    pending = b""
    for _ in range(LINES):
        while b"\n" not in pending:
            received = channel.receive()
            if not received or len(pending) > LINE_LIMIT:
                return
            pending += received
        line, _, pending = pending.partition(b"\n")
        reply = dialogue.reply(line)
        if line.upper().startswith(b"EHLO") and pending:
            reply = "554 5.5.0 Speak when you are spoken to"
        channel.send(f"{reply}\r\n")
        if reply.startswith(("221", "554")):
            return
        if reply.startswith("220"):
            pending = b""
            if not channel.start_tls(context):
                return
            dialogue.secure = True


def serve(host: Host) -> None:
    """Serve one host until killed."""
    openssl = OpenSSL()
    context = server_context(
        openssl,
        host["versions"],
        host["ciphers"],
        host["chain"],
        host["key"],
        dh_bits=host["dh"],
        compression=host["compression"],
    )
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.create_server((host["address"], 25)) as listening:
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                signal.alarm(SECONDS)
                try:
                    talk(_Channel(connection, openssl), host["name"], context)
                finally:
                    os._exit(0)
            connection.close()


def main(file: str) -> None:
    """Serve all hosts, each in a process of its own, until one of them ends."""
    hosts: list[Host] = json.loads(Path(file).read_text())
    for host in hosts:
        if os.fork() == 0:
            serve(host)
    os.wait()
    sys.exit("one of the servers ended")


if __name__ == "__main__":
    main(sys.argv[1])
