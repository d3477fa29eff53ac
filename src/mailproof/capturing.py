"""`mailproof capture HOST`: asks the programs on a host for their configuration, and changes nothing there.

pytest-testinfra reaches the host (the extra ``capture``): on this machine, over SSH, in a container, by an Ansible
inventory. The suite itself never logs in anywhere: it reads the files that this leaves behind.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mailproof.captures import COMPLAINT, Capture, CapturedOutput, write_capture
from mailproof.clock import now
from mailproof.hiding import HIDDEN, without_secrets

MAX_OUTPUT = 4 * 1024 * 1024
"""Octets of what one command says that are kept."""

EXTRA = "pip install 'mailproof[capture]'"


class CaptureError(Exception):
    """The host cannot be reached, or nothing can be captured there."""


@dataclass(frozen=True)
class Program:
    """A program and the commands, read-only all of them, by which it tells its configuration."""

    name: str
    commands: tuple[str, ...]
    as_root: bool = False
    """Whether these say nothing to anybody but root."""
    shown_by: str = ""
    """A command that is there only with the program, where those that are run are there anyway."""


_MUNIN_SETTINGS = "find /etc/munin/munin.conf /etc/munin/munin-conf.d -name '*.conf' -exec cat {} +"
_MUNIN_HISTORIES = r"date +%s && find /var/lib/munin -name '*.rrd' -printf '%T@ %i %P\n'"

PROGRAMS = (
    Program("postfix", ("postconf -n", "postconf -M", "postconf mail_version")),
    Program("exim", ("exim -bP", "exim -bP config", "exim -bV")),
    Program("exim4", ("exim4 -bP", "exim4 -bP config", "exim4 -bV")),
    Program("dovecot", ("doveconf -n", "dovecot --version")),
    Program("opensmtpd", ("smtpd -n",)),
    Program("bind", ("named-checkconf -p -x", "named -v")),
    Program("unbound", ("unbound-checkconf", "unbound -V")),
    Program("nsd", ("nsd-checkconf -v /etc/nsd/nsd.conf",)),
    Program("nftables", ("nft list ruleset",), as_root=True),
    Program("iptables", ("iptables-save", "ip6tables-save"), as_root=True),
    Program("sockets", ("ss -H -ltn",)),
    Program("radvd", ("cat /etc/radvd.conf",), shown_by="radvd"),
    Program("ip", ("ip -j address", "ip -6 -j route")),
    Program("fail2ban", ("fail2ban-client status",), as_root=True),
    Program("munin", (_MUNIN_SETTINGS, _MUNIN_HISTORIES), as_root=True, shown_by="munin-cron"),
)
"""What is asked where it is installed. ``-x`` hides the keys of BIND."""


class Reached(Protocol):
    """A host as pytest-testinfra reaches it."""

    def exists(self, command: str) -> bool:
        """Whether a command is installed."""

    def run(self, command: str) -> Answered:
        """Run a command."""


class Answered(Protocol):
    """The result of a command."""

    rc: int
    stdout: str
    stderr: str


def reach(host: str, *, sudo: bool = False) -> Reached:
    """The host named, over SSH unless it says otherwise (``local``, ``docker://NAME``, ``ssh://USER@HOST``).

    Raises CaptureError where pytest-testinfra is not installed or does not know the way.
    """
    way = backend(host)
    try:
        import testinfra
    except ImportError:
        raise CaptureError(f"pytest-testinfra is needed to reach a host: {EXTRA}") from None
    try:
        reached: Reached = testinfra.get_host(way, sudo=sudo)
        answered = reached.run("true")
    except Exception as error:  # each of its backends raises what it likes
        raise CaptureError(f"{shown(host)}: {_unsaid(host, _said(error))}") from None
    if answered.rc != 0:
        said = _unsaid(host, answered.stderr.strip()) or f"exit status {answered.rc}"
        raise CaptureError(f"{shown(host)} cannot be reached: {said}")
    return reached


def _password(host: str) -> str:
    """The password that somebody wrote into the way to a host."""
    rest = host.partition("://")[2] if "://" in host else host
    return rest.rpartition("@")[0].partition(":")[2]


def _unsaid(host: str, text: str) -> str:
    password = _password(host)
    return text.replace(password, HIDDEN) if password else text


def shown(host: str) -> str:
    """The way to a host as it may be printed: without a password."""
    password = _password(host)
    return host.replace(f":{password}@", f":{HIDDEN}@") if password else host


def _said(error: Exception) -> str:
    """What went wrong: for a command that could not be run, what it said itself."""
    answered = error.args[0] if error.args else None
    return str(getattr(answered, "stderr", "") or error).strip() or type(error).__name__


def backend(host: str) -> str:
    """The host as pytest-testinfra writes it. Raises CaptureError for one that programs would take for an option."""
    rest = host.partition("://")[2] if "://" in host else host
    userinfo, _, name = rest.partition("?")[0].rpartition("@")
    if not name or any(part.lstrip("[").startswith("-") for part in (host, userinfo, *name.split(","))):
        raise CaptureError(f"{shown(host)!r} is no host: its name is empty or begins with -")
    if host == "local":
        return "local://"
    return host if "://" in host else f"ssh://{host}"


def name_of(host: str) -> str:
    """What a host is called in a capture: its name, without the way to it, the user and the port."""
    if host in ("local", "local://"):
        import socket

        return socket.gethostname().lower()
    name = (host.partition("://")[2] or host).partition("?")[0].rpartition("@")[2]
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") < 2:  # more of them are an IPv6 address
        name = name.partition(":")[0]
    return name.rstrip(".").lower()


def chosen(names: Sequence[str]) -> tuple[Program, ...]:
    """The programs of these names; all where none is given. Raises CaptureError for one that is not known."""
    known = {program.name: program for program in PROGRAMS}
    for name in names:
        if name not in known:
            raise CaptureError(f"{name} cannot be captured; there are {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names)) or PROGRAMS


def take(
    host: str, reached: Reached, programs: Sequence[Program], directory: Path, told: Callable[[str], None]
) -> Capture:
    """Ask the programs that are installed on ``host``, and write what they say into ``directory``.

    ``told`` gets a line for each command. Raises CaptureError where the host cannot be reached or none is installed,
    and OSError where nothing can be written.
    """
    outputs: list[CapturedOutput] = []
    texts: dict[str, str] = {}
    for program, command in _commands(host, reached, programs):
        try:
            answered = reached.run(command)
        except Exception as error:  # each backend raises what it likes
            raise CaptureError(f"{host}: {command}: {_said(error)}") from None
        file = f"{re.sub(r'[^A-Za-z0-9]+', '-', command).strip('-')}.txt"
        texts[file] = without_secrets(_words(answered))
        outputs.append(CapturedOutput(program.name, command, file, answered.rc))
        needs_root = " (try --sudo)" if answered.rc and program.as_root else ""
        told(f"{command}: {f'exit status {answered.rc}{needs_root}' if answered.rc else file}")
    if not outputs:
        names = ", ".join(program.name for program in programs)
        raise CaptureError(f"{host}: none of these programs is installed: {names}")
    capture = Capture(host, now(), tuple(outputs))
    write_capture(directory, capture, texts)
    return capture


def _words(answered: Answered) -> str:
    """What a command said. Complaints come behind its output, as comments: no program takes them for settings."""
    if not answered.stdout:
        return answered.stderr[:MAX_OUTPUT]
    complaints = [f"{COMPLAINT}{line}\n" for line in answered.stderr.splitlines() if line.strip()]
    said = answered.stdout if answered.stdout.endswith("\n") else f"{answered.stdout}\n"
    return said[:MAX_OUTPUT] + "".join(complaints)[:MAX_OUTPUT]


def _commands(host: str, reached: Reached, programs: Sequence[Program]) -> Iterator[tuple[Program, str]]:
    for program in programs:
        for command in program.commands:
            try:
                installed = reached.exists(program.shown_by or shlex.split(command)[0])
            except Exception as error:  # each backend raises what it likes
                raise CaptureError(f"{host}: {_said(error)}") from None
            if installed:
                yield program, command
