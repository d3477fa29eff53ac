"""A small SMTP server that delivers to Maildirs, and a decoy that nobody may talk to. Both are threads."""

from __future__ import annotations

import re
import select
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

RIGHT_END = re.compile(rb"\r\n\.\r\n")
MOST_OF_END = 5
"""Octets of one."""
CARELESS_END = re.compile(rb"\r?\n\.\r?\n|\r\.\r")


@dataclass
class Receiver:
    """``end`` is what it takes for the end of a message, ``put_off`` how often it defers each recipient's first try."""

    maildir: Path
    end: re.Pattern[bytes] = RIGHT_END
    guarded: bool = False
    """Whether it refuses a message that something came behind, as servers do who forbid pipelining."""
    takes: float = 0.0
    """Seconds that it looks at each message before it answers."""
    put_off: int = 0
    limit: int = 0
    """Octets of a message that are taken at most, as EHLO tells (RFC 1870); 0: nothing is told."""
    most: int = 1000
    """Connections that are served."""
    farewell: bytes = b"221 bye"
    at_recipient: Callable[[], None] = lambda: None
    """Called when a recipient is named."""
    is_down: Callable[[], bool] = lambda: False
    """Whether connections are closed without a word."""
    recipients: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def deliver(self, text: bytes) -> None:
        new = self.maildir / "new"
        new.mkdir(parents=True, exist_ok=True)
        (new / str(len(list(new.iterdir())))).write_bytes(text)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    receiver: Receiver


class _Session(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        receiver = cast(_Server, self.server).receiver
        receiver.connections += 1
        if receiver.connections > receiver.most or receiver.is_down():
            return
        held = b""
        end: re.Pattern[bytes] = re.compile(rb"\r\n")
        self.request.sendall(b"220 mx.example.org ESMTP\r\n")
        while some := self.request.recv(65536):
            held += some
            new = max(0, len(held) - len(some) - MOST_OF_END)  # what was there before holds no end
            while found := end.search(held, new):
                new = 0
                said, held = held[: found.start()], held[found.end() :]
                if end is receiver.end:
                    time.sleep(receiver.takes)
                    if receiver.guarded and (held or select.select([self.request], [], [], 0)[0]):
                        self.request.sendall(b"500 pipelining is not supported\r\n")
                        return
                    receiver.deliver(said)
                    end = re.compile(rb"\r\n")
                    self.request.sendall(b"250 delivered\r\n")
                    continue
                verb = said[:4].upper()
                if verb == b"RCPT":
                    receiver.at_recipient()
                    receiver.recipients.append(said.decode().partition("<")[2].rstrip(">"))
                    receiver.put_off -= 1
                    if receiver.put_off >= 0:
                        self.request.sendall(b"450 come back later\r\n")
                        continue
                if verb == b"DATA":
                    end = receiver.end
                size = re.search(rb"(?i)^MAIL .* SIZE=([0-9]+)$", said)
                if receiver.limit and verb == b"EHLO":
                    self.request.sendall(b"250-mx.example.org\r\n250 SIZE %d\r\n" % receiver.limit)
                    continue
                if receiver.limit and size and int(size[1]) > receiver.limit:
                    self.request.sendall(b"552 5.3.4 too big\r\n")
                    continue
                replies = {b"DATA": b"354 go on", b"QUIT": receiver.farewell}
                self.request.sendall(replies.get(verb, b"250 fine") + b"\r\n")
                if verb == b"QUIT":
                    return


@contextmanager
def receiving(receiver: Receiver) -> Iterator[Receiver]:
    """Let it listen on a port of its own."""
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.receiver = receiver
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
