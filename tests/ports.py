"""Ports for the servers that tests start as programs and that cannot choose one themselves."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from itertools import cycle

# The kernel gives a socket without a port of its own one from 32768 on: one of ours must not be taken in this way
# between the moment it was found free and the moment its server listens.
_FIRST, _END = 20_000, 32_000
_WORKERS = 16
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
_own = range(_FIRST + _worker, _END, _WORKERS)
# Two runs of the tests at one time begin at different places.
_start = random.SystemRandom().randrange(len(_own))
_ports: Iterator[int] = cycle((*_own[_start:], *_own[:_start]))


def free_port(address: str = "127.0.0.1") -> int:
    """A port that is free for TCP and UDP, and that no other worker of this run is given. Raises OSError."""
    for port, _ in zip(_ports, _own, strict=False):
        if all(_is_free(address, port, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
            return port
    raise OSError(f"no port is free on {address}")


def _is_free(address: str, port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind is socket.SOCK_STREAM)
        try:
            tried.bind((address, port))
        except OSError:
            return False
    return True
