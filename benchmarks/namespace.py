"""A network namespace with nothing in it but loopback, to which every address of a simulated world belongs.

Servers bind ports 25, 53 and 443 there, so peers run unchanged: they know no connect map and no other ports.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

NETWORKS = ("11.0.0.0/8",)
"""Every address of these is local (Linux AnyIP), so one socket bound to 0.0.0.0 is a thousand mail hosts."""

NETNS_ETC = Path("/etc/netns")


def why_not() -> str:
    """Why no namespace can be made here; empty if one can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    return ""


class Namespace:
    """Made on entry and removed on exit. ``addresses`` are single addresses besides ``NETWORKS``.

    Its resolver is 127.0.0.1. Raises subprocess.CalledProcessError where the kernel refuses.
    """

    def __init__(self, addresses: tuple[str, ...] = ()) -> None:
        self.name = f"mailproof-bench-{secrets.token_hex(3)}"
        self._addresses = addresses

    def __enter__(self) -> Self:
        etc = NETNS_ETC / self.name
        etc.mkdir(parents=True)
        (etc / "resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="ascii")
        _ip("netns", "add", self.name)
        try:
            _ip("-n", self.name, "link", "set", "lo", "up")
            for network in NETWORKS:
                _ip("-n", self.name, "route", "add", "local", network, "dev", "lo")
            for address in self._addresses:
                _ip("-n", self.name, "addr", "add", address, "dev", "lo")
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def command(self, *arguments: str) -> list[str]:
        """The command that runs ``arguments`` inside."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def _remove(self) -> None:
        subprocess.run(["ip", "netns", "delete", self.name], check=False, capture_output=True)
        shutil.rmtree(NETNS_ETC / self.name, ignore_errors=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
