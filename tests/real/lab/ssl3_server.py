"""An SMTP server that offers STARTTLS and then speaks SSL 3.0 only, through tlslite-ng.

Run as ``python ssl3_server.py ADDRESS NAME CHAIN_FILE KEY_FILE`` with tlslite-ng importable.
OpenSSL 3 and GnuTLS have no SSL 3.0 any more.
"""

from __future__ import annotations

import socket
import socketserver
import sys
from pathlib import Path
from typing import Any

SECONDS = 120.0
LINE_LIMIT = 1000
LINES = 300
MAILBOXES = ("postmaster", "abuse", "hostmaster", "user", "dmarc", "tlsrpt")


class Dialogue:
    """Just enough of RFC 5321 and RFC 3207 to be scanned."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.secure = False
        self._sender_known = False

    def reply(self, line: bytes) -> str:
        verb, _, argument = line.decode("latin-1").strip().partition(" ")
        reply = self._reply(verb, argument)
        if verb.upper() in ("EHLO", "HELO", "RSET", "STARTTLS", "MAIL"):
            self._sender_known = verb.upper() == "MAIL"
        return reply

    def _reply(self, verb: str, argument: str) -> str:
        match verb.upper():
            case "EHLO":
                return f"250 {self.name}" if self.secure else f"250-{self.name}\r\n250 STARTTLS"
            case "STARTTLS":
                return "503 5.5.1 TLS is active" if self.secure else "220 2.0.0 Go ahead"
            case "MAIL" if self._sender_known:
                return "503 5.5.1 Nested MAIL"
            case "RCPT" if not self._sender_known:
                return "503 5.5.1 MAIL first"
            case "RCPT":
                local_part, _, domain = argument.lower().partition("<")[2].rpartition(">")[0].rpartition("@")
                if (local_part, domain) == ("", "postmaster"):
                    return "250 2.1.5 Ok"
                if domain != self.name.removeprefix("mx."):
                    return "550 5.7.1 No relaying"
                return "250 2.1.5 Ok" if local_part in MAILBOXES else "550 5.1.1 No such mailbox"
            case "HELO" | "MAIL" | "RSET" | "NOOP":
                return "250 2.0.0 Ok"
            case "QUIT" | "POST":
                return "221 2.0.0 Bye"
        return "502 5.5.2 Not implemented"


def talk(connection: socket.socket, name: str, tls_arguments: dict[str, Any]) -> None:
    """Hold one dialogue."""
    from tlslite.api import TLSConnection

    dialogue = Dialogue(name)
    channel: Any = connection
    channel.sendall(f"220 {name} ESMTP\r\n".encode())
    pending = b""
    for _ in range(LINES):
        while b"\n" not in pending:
            received = channel.recv(LINE_LIMIT)
            if not received or len(pending) > LINE_LIMIT:
                return
            pending += received
        line, _, pending = pending.partition(b"\n")
        reply = dialogue.reply(line)
        if line.upper().startswith(b"EHLO") and pending:
            reply = "554 5.5.0 Speak when you are spoken to"
        channel.sendall(f"{reply}\r\n".encode())
        if reply.startswith(("221", "554")):
            return
        if reply.startswith("220"):
            pending = b""
            channel = TLSConnection(connection)
            channel.handshakeServer(**tls_arguments)
            dialogue.secure = True


def main(address: str, name: str, chain_file: str, key_file: str) -> None:
    """Serve until killed."""
    from tlslite.api import HandshakeSettings, X509CertChain, parsePEMKey

    chain = X509CertChain()
    chain.parsePemList(Path(chain_file).read_text())
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = (3, 0)
    # Otherwise a client that offers TLS 1.3 is given TLS 1.2 out of this list.
    settings.versions = [(3, 0)]
    settings.cipherNames = ["3des", "rc4", "aes128"]
    arguments = {
        "certChain": chain,
        "privateKey": parsePEMKey(Path(key_file).read_text(), private=True),
        "settings": settings,
    }

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(SECONDS)
            talk(self.request, name, arguments)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 64

    with Server((address, 25), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:5])
