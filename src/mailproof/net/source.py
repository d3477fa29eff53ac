"""From where this machine looks at the world: its addresses, and whether its clock follows anybody's."""

from __future__ import annotations

import ctypes
import errno
import resource
import socket
from contextlib import suppress
from dataclasses import replace

from mailproof.net.settings import Limits

_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses for documentation (RFC 5737, RFC 3849): the route to them is the default route."""


def clock_is_synchronised() -> bool | None:
    """Whether the kernel says that its clock follows a time source (adjtimex(2) of Linux); None if it does not tell."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_SIZE))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR


_TIMEX_SIZE = 512
"""Octets, more than ``struct timex`` has anywhere. Zeros ask for the state and change nothing."""

_TIME_ERROR = 5


LEAST_FILES = 64
"""Files that Python, pytest and what they load need open at once; a run has its sockets besides."""

NO_MORE_FILES = frozenset({errno.EMFILE, errno.ENFILE})


def open_files() -> int:
    """How many files this process may have open at once."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 30 if soft == resource.RLIM_INFINITY else soft


def why_too_few_files() -> str:
    """Why the files that this process may open are not enough for anything; empty if they are."""
    number = open_files()
    if number >= 2 * LEAST_FILES:
        return ""
    return f"this process may have {number} files open at once (ulimit -n); {2 * LEAST_FILES} are the least"


def shortage(error: BaseException) -> str:
    """What this machine was short of when ``error`` was raised; empty if that is not why."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return "memory"
    if isinstance(error, OSError) and error.errno in NO_MORE_FILES:
        return "file descriptors (ulimit -n)"
    return "threads or memory for them" if str(error) == "can't start new thread" else ""


def within_reach(limits: Limits) -> Limits:
    """``limits`` with no more connections and questions at once than this process may open files."""
    room = max(open_files() - LEAST_FILES, LEAST_FILES)
    return replace(
        limits, connections=min(limits.connections, room * 2 // 3), questions=min(limits.questions, room // 3)
    )


def source_addresses() -> tuple[str, ...]:
    """The addresses that connections to the internet leave from, IPv4 first. Nothing is sent to find out.

    Behind address translation others see another address.
    """
    found = []
    for family, elsewhere in _ELSEWHERE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            found.append(str(probe.getsockname()[0]))
    return tuple(found)
