"""Hold an SMTP dialogue from the client's namespace and print it, for proofs and for exploring by hand.

    python tests/real/lab/talk.py ADDRESS [--early] [--ready] LINE...

Each LINE is sent after the reply to the one before it. ``--early`` sends all lines before the greeting.
``--ready`` sends nothing and takes several addresses: it waits until each of them accepts connections.
Everything is bounded; the exit status is 1 if the dialogue broke.
"""

from __future__ import annotations

import argparse
import socket
import sys
import time

SECONDS = 15.0
REPLY_LIMIT = 65536
LINE_LIMIT = 65536
READY_SECONDS = 90.0


class Dialogue:
    """One connection with an overall deadline."""

    def __init__(self, address: str, seconds: float = SECONDS) -> None:
        self._deadline = time.monotonic() + seconds
        self._socket = socket.create_connection((address, 25), seconds)
        self._pending = b""

    def send(self, *lines: str) -> None:
        """Send lines in one write."""
        for line in lines:
            print(f"C: {line}")
        self._socket.sendall(b"".join(line.encode() + b"\r\n" for line in lines))

    def reply(self) -> bool:
        """Print one reply (RFC 5321, section 4.2.1). Returns False if the server has closed."""
        while True:
            line = self._line()
            if line is None:
                print("-: closed")
                return False
            print(f"S: {line}")
            if line[3:4] != "-":
                return True

    def _line(self) -> str | None:
        while b"\n" not in self._pending:
            left = self._deadline - time.monotonic()
            if left <= 0 or len(self._pending) > LINE_LIMIT:
                raise TimeoutError("no reply in time")
            self._socket.settimeout(left)
            try:
                received = self._socket.recv(REPLY_LIMIT)
            except ConnectionResetError:
                return None
            if not received:
                return None
            self._pending += received
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode("latin-1").rstrip("\r")

    def close(self) -> None:
        self._socket.close()


def hold(address: str, lines: list[str], *, early: bool) -> None:
    """Hold the dialogue. Raises OSError."""
    dialogue = Dialogue(address)
    try:
        if early:
            dialogue.send(*lines)
        if not dialogue.reply():
            return
        for line in lines:
            if not early:
                dialogue.send(line)
            if not dialogue.reply():
                return
    finally:
        dialogue.close()


def wait_until_ready(services: list[str]) -> None:
    """Wait until every ``address/port`` accepts connections. Raises TimeoutError naming those that do not."""
    deadline = time.monotonic() + READY_SECONDS
    waiting = list(services)
    while waiting:
        still = []
        for service in waiting:
            address, _, port = service.partition("/")
            try:
                socket.create_connection((address, int(port)), 1.0).close()
            except OSError:
                still.append(service)
        waiting = still
        if waiting and time.monotonic() > deadline:
            raise TimeoutError(f"not listening: {' '.join(waiting)}")
        if waiting:
            time.sleep(0.02)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("lines", nargs="*")
    parser.add_argument("--early", action="store_true")
    parser.add_argument("--ready", action="store_true")
    arguments = parser.parse_args()
    try:
        if arguments.ready:
            wait_until_ready([arguments.address, *arguments.lines])
        else:
            hold(arguments.address, arguments.lines, early=arguments.early)
    except OSError as error:
        print(f"-: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
