"""Two network namespaces joined by one link: the servers' side and the client's. Nothing leads out of them.

Everything that runs in a namespace belongs to the lab, so a namespace is also how leftovers are found: a run
holds a lock for as long as it lives, and the next run removes what runs without a lock left behind.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.real.lab import plan

PREFIX = "mailproof-"
NETNS_ETC = Path("/etc/netns")
"""``ip netns exec NAME`` mounts the files of /etc/netns/NAME over those of /etc."""
RUN_DIRECTORY = Path("/run/mailproof-lab")
COMMAND_SECONDS = 10.0
KILL_SECONDS = 5.0


class LabError(Exception):
    """The laboratory could not be set up; the message says which step failed and how."""


def ip(*arguments: str, stdin: str | None = None) -> str:
    """Run iproute2's ip and return its output. Raises LabError."""
    try:
        done = subprocess.run(
            ["ip", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"ip {' '.join(arguments)}: {error}") from error
    if done.returncode:
        raise LabError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def _existing() -> set[str]:
    return {line.split()[0] for line in ip("netns", "list").splitlines() if line.strip()}


def _pids(name: str) -> list[int]:
    try:
        return [int(pid) for pid in ip("netns", "pids", name).split()]
    except LabError:
        return []


def remove(name: str) -> None:
    """End every process in the namespace, delete it and its /etc files. Does nothing if it does not exist."""
    deadline = time.monotonic() + KILL_SECONDS
    if name in _existing():
        while (pids := [pid for pid in _pids(name) if pid != os.getpid()]) and time.monotonic() < deadline:
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.01)
        ip("netns", "delete", name)
    shutil.rmtree(NETNS_ETC / name, ignore_errors=True)


def remove_leftovers() -> list[str]:
    """Remove what runs that ended without cleaning up left behind. Returns their tokens."""
    removed = []
    for lock_file in sorted(RUN_DIRECTORY.glob("*.lock")):
        with lock_file.open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            state = lock.read().strip()
            for side in ("servers", "client"):
                remove(f"{PREFIX}{lock_file.stem}-{side}")
            if Path(state).name.startswith("mailproof-lab-"):
                shutil.rmtree(state, ignore_errors=True)
            lock_file.unlink(missing_ok=True)
            removed.append(lock_file.stem)
    return removed


@dataclass
class Namespaces:
    """The pair of namespaces of one run. ``state`` is the run's directory, removed with a leftover."""

    state: Path
    token: str = field(default_factory=lambda: secrets.token_hex(3))
    _lock: IO[str] | None = field(default=None, init=False, repr=False)

    @property
    def servers(self) -> str:
        return f"{PREFIX}{self.token}-servers"

    @property
    def client(self) -> str:
        return f"{PREFIX}{self.token}-client"

    @property
    def _lock_file(self) -> Path:
        return RUN_DIRECTORY / f"{self.token}.lock"

    def create(self, server_addresses: Iterable[str], etc: dict[str, dict[str, str]]) -> None:
        """Make both namespaces; ``etc`` holds files for /etc by side (servers, client). Raises LabError."""
        RUN_DIRECTORY.mkdir(parents=True, exist_ok=True)
        # Locked before it gets the name by which others find it, so nobody takes it for a leftover.
        unnamed = RUN_DIRECTORY / f"{self.token}.new"
        self._lock = unnamed.open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._lock.write(str(self.state))
        self._lock.flush()
        unnamed.rename(self._lock_file)
        for side, name in (("servers", self.servers), ("client", self.client)):
            directory = NETNS_ETC / name
            directory.mkdir(parents=True, exist_ok=True)
            for file_name, text in etc.get(side, {}).items():
                (directory / file_name).write_text(text)
            ip("netns", "add", name)
        ip(
            "link",
            "add",
            "uplink",
            "netns",
            self.client,
            "type",
            "veth",
            "peer",
            "name",
            "uplink",
            "netns",
            self.servers,
        )
        ip("-n", self.servers, "-batch", "-", stdin="\n".join(self._servers_side(server_addresses)))
        ip("-n", self.client, "-batch", "-", stdin="\n".join(self._client_side()))

    @staticmethod
    def _servers_side(addresses: Iterable[str]) -> list[str]:
        return [
            "link set lo up",
            f"addr add {plan.SERVERS_ROUTER}/30 dev uplink",
            f"addr add {plan.SERVERS_ROUTER6}/64 dev uplink nodad",
            "link set uplink up",
            *(f"addr add {address}{'/128' if ':' in address else '/32'} dev lo" for address in addresses),
        ]

    @staticmethod
    def _client_side() -> list[str]:
        # All routes lead to the servers' side, which does not forward: unknown addresses are silent.
        return [
            "link set lo up",
            f"addr add {plan.CLIENT}/30 dev uplink",
            f"addr add {plan.CLIENT6}/64 dev uplink nodad",
            "link set uplink up",
            f"route add default via {plan.SERVERS_ROUTER}",
            f"route add default via {plan.SERVERS_ROUTER6} dev uplink",
        ]

    def remove(self) -> None:
        """Remove both namespaces and everything that runs in them. May be called at any time, also twice."""
        try:
            remove(self.servers)
            remove(self.client)
        finally:
            if self._lock:
                self._lock_file.unlink(missing_ok=True)
                self._lock.close()
                self._lock = None
