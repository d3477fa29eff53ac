"""The simulated world as the benchmark's own process sees it: a namespace, and the servers' process in it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.namespace import Namespace
from benchmarks.slow_world import IPV6_ADDRESSES


class SimulatedWorld:
    """``domains`` domains with ``hosts`` MX hosts each behind a round trip that can be set. A context manager.

    ``directory`` holds the inventory and the private root; programs run there.
    """

    def __init__(self, domains: int, hosts: int = 2, *, peers: int = 4, signed: bool = True) -> None:
        self.domains = domains
        self.hosts = hosts
        self._size = [f"--domains={domains}", f"--hosts={hosts}", f"--peers={peers}"]
        if not signed:
            self._size.append("--unsigned")
        self._namespace = Namespace(tuple(f"{address}/128" for address in IPV6_ADDRESSES))
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._servers: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._scratch = tempfile.TemporaryDirectory(prefix="mailproof-bench-")
        self._namespace.__enter__()
        servers = [sys.executable, "-m", "benchmarks.slow_world", self._scratch.name, *self._size]
        self._servers = subprocess.Popen(
            self._namespace.command(*servers), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            self._answer()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._servers is not None and self._servers.stdin is not None:
            self._servers.stdin.close()
            try:
                self._servers.wait(30)
            except subprocess.TimeoutExpired:
                self._servers.kill()
                self._servers.wait()
        self._namespace.__exit__(kind, error, trace)
        if self._scratch is not None:
            self._scratch.cleanup()

    @property
    def directory(self) -> Path:
        assert self._scratch is not None
        return Path(self._scratch.name)

    @property
    def names(self) -> list[str]:
        """The mail domains."""
        return [f"domain-{number}.example" for number in range(self.domains)]

    @property
    def mail_hosts(self) -> dict[str, str]:
        """Names of the MX hosts and their addresses, as ``fixtures.scale`` gives them."""
        return {
            f"mx{index + 1}-{number}.mx.example": f"11.{10 + index}.{number // 256}.{number % 256}"
            for number in range(self.domains)
            for index in range(self.hosts)
        }

    def command(self, *arguments: str) -> list[str]:
        """The command that runs ``arguments`` where this world is the network."""
        return self._namespace.command(*arguments)

    def delay(self, seconds: float) -> None:
        """Set the round trip."""
        self._say(f"delay {seconds}")

    def greeting(self, address: str, seconds: float) -> None:
        """Make the host at ``address`` greet that much later."""
        self._say(f"greeting {address} {seconds}")

    def count(self) -> tuple[int, int]:
        """DNS questions and connections since the last call."""
        counted = self._say("count")
        return counted["questions"], counted["connections"]

    def questions(self) -> list[list[Any]]:
        """The questions since the last ``count``, each form of one once: server, name, type number."""
        listed: list[list[Any]] = self._say("questions")
        return listed

    def _say(self, line: str) -> Any:
        assert self._servers is not None
        assert self._servers.stdin is not None
        self._servers.stdin.write(f"{line}\n")
        self._servers.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._servers is not None
        assert self._servers.stdout is not None
        line = self._servers.stdout.readline()
        if not line:
            raise RuntimeError(f"the simulated world ended with {self._servers.wait()}")
        return json.loads(line)
