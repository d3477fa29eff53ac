"""`mailproof capture HOST`: asks the programs on a host for their configuration, and changes nothing there.

pytest-testinfra reaches the host (the extra ``capture``): on this machine, over SSH, in a container, by an Ansible
inventory. The suite itself never logs in anywhere: it reads the files that this leaves behind.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol

from mailproof.captures import COMPLAINT, COPIED, COPIES, LEADS_NOWHERE, Capture, CapturedOutput, write_capture
from mailproof.clock import now
from mailproof.grammars.directives import parse_directives, parse_lines_in_blocks, parse_statements
from mailproof.grammars.settings import Setting
from mailproof.hiding.names import HIDDEN
from mailproof.hiding.texts import Form, without_secrets

MAX_OUTPUT = 4 * 1024 * 1024
"""Octets of what one command says that are kept."""

EXTRA = "pip install 'mailproof[capture]'"


_Includes = Callable[[str], Iterator[str]]


class CaptureError(Exception):
    """The host cannot be reached, or nothing can be captured there."""


@dataclass(frozen=True)
class Program:
    """A program and the commands, read-only all of them, by which it tells its configuration."""

    name: str
    commands: tuple[str, ...] = ()
    as_root: bool = False
    """Whether these say nothing to anybody but root."""
    shown_by: str = ""
    """A command that is there only with the program, where those that are run are there anyway."""
    files: tuple[str, ...] = ()
    """Files that hold its configuration, as a shell names several; of one that it does not have nothing is said."""
    includes: _Includes | None = None
    """Finds what names further files in the text of one."""
    form: Form = "directives"
    """How these files are written."""


_MUNIN_SETTINGS = "find /etc/munin/munin.conf /etc/munin/munin-conf.d -name '*.conf' -exec cat {} +"
_MUNIN_HISTORIES = r"date +%s && find /var/lib/munin -name '*.rrd' -printf '%T@ %i %P\n'"


def _lines(keyword: str, separator: str, then: str = "") -> _Includes:
    """Finds what lines name behind a keyword, in quotes or without; ``then`` is what it goes on with."""
    line = re.compile(
        rf"^(?:[^#\n]*?[ \t])?{keyword}{separator}(?:\"(?P<quoted>[^\"\n]+)\"|(?P<plain>[^\s\"';#]+))", re.MULTILINE
    )
    return lambda text: ((found["quoted"] or found["plain"]) + then for found in line.finditer(text))


def _settings(parse: Callable[[str], Iterable[Setting]], *names: str, several: bool = False) -> _Includes:
    """Finds the values of settings, in quotes or without; ``several``: a value may name several files."""

    def found(text: str) -> Iterator[str]:
        for setting in parse(text):
            if setting.name.rpartition("/")[2].lower() in names:
                value = setting.value.strip()
                if not several:
                    yield value.strip("\"'")
                    continue
                try:
                    yield from shlex.split(value)
                except ValueError:  # a quotation mark that is not closed
                    yield from value.split()

    return found


_KEEPALIVED = tuple(f"include{kind}" for kind in ("", "r", "m", "w", "b", "a"))
_UNBOUND_INCLUDE = _lines("include(?:-toplevel)?:", r"[ \t]*")
_POWERDNS_INCLUDE = _lines("include-dir", r"[ \t]*=[ \t]*", "/*.conf")
_RECURSOR_INCLUDE = _lines("include[-_]dir", r"[ \t]*[=:][ \t]*", "/*.*")
_JAILS = tuple(f"/etc/fail2ban/{name}" for name in ("jail.conf", "jail.d/*.conf", "jail.local", "jail.d/*.local"))
_NUT_FILES = tuple(
    f"{at}/{name}.conf" for at in ("/etc/nut", "/etc/ups") for name in ("ups", "upsmon", "upssched", "upsd")
)
_NUT_USERS = ("/etc/nut/upsd.users", "/etc/ups/upsd.users")
_NETPLAN = tuple(f"/{at}/netplan/*.yaml" for at in ("run", "etc", "usr/lib"))
_NETWORKD = tuple(
    f"/{at}/systemd/network/{names}" for at in ("etc", "run") for names in ("*.network", "*.network.d/*.conf")
)
"""Links alone: keys of WireGuard and Wi-Fi are in files of others."""
_NETWORKMANAGER = tuple(f"/{at}/NetworkManager/system-connections/*.nmconnection" for at in ("etc", "run"))

PROGRAMS = (
    Program("postfix", ("postconf -n", "postconf -M", "postconf mail_version")),
    Program("exim", ("exim -bP", "exim -bP config", "exim -bV")),
    Program("exim4", ("exim4 -bP", "exim4 -bP config", "exim4 -bV")),
    Program("dovecot", ("doveconf -n", "dovecot --version")),
    Program("opensmtpd", ("smtpd -n",)),
    Program("bind", ("named-checkconf -p -x", "named -v")),
    Program(
        "unbound", ("unbound-checkconf", "unbound -V"), files=("/etc/unbound/unbound.conf",), includes=_UNBOUND_INCLUDE
    ),
    Program("nsd", ("nsd-checkconf -v /etc/nsd/nsd.conf",)),
    Program("knot", shown_by="knotd", files=("/etc/knot/knot.conf",), includes=_lines("include:", r"[ \t]*")),
    Program("powerdns", shown_by="pdns_server", files=("/etc/powerdns/pdns.conf",), includes=_POWERDNS_INCLUDE),
    Program(
        "recursor",
        shown_by="pdns_recursor",
        files=("/etc/powerdns/recursor.conf", "/etc/powerdns/recursor.yml"),
        includes=_RECURSOR_INCLUDE,
    ),
    Program(
        "nginx",
        shown_by="nginx",
        files=("/etc/nginx/nginx.conf",),
        includes=_settings(parse_statements, "include"),
        form="statements",
    ),
    Program(
        "apache",
        shown_by="apachectl",
        files=("/etc/apache2/apache2.conf", "/etc/httpd/conf/httpd.conf"),
        includes=_settings(parse_directives, "include", "includeoptional"),
    ),
    Program("haproxy", shown_by="haproxy", files=("/etc/haproxy/haproxy.cfg",)),
    Program(
        "keepalived",
        shown_by="keepalived",
        files=("/etc/keepalived/keepalived.conf",),
        includes=_settings(parse_lines_in_blocks, *_KEEPALIVED),
        form="lines in blocks",
    ),
    Program(
        "squid",
        shown_by="squid",
        files=("/etc/squid/squid.conf",),
        includes=_settings(parse_directives, "include", several=True),
    ),
    Program("tinyproxy", shown_by="tinyproxy", files=("/etc/tinyproxy/tinyproxy.conf", "/etc/tinyproxy.conf")),
    Program("nut", shown_by="upsmon", files=(*_NUT_FILES, *_NUT_USERS)),
    Program("nftables", ("nft list ruleset",), as_root=True),
    Program("iptables", ("iptables-save", "ip6tables-save"), as_root=True),
    Program("sockets", ("ss -H -ltn",)),
    Program("radvd", shown_by="radvd", files=("/etc/radvd.conf",), form="statements"),
    Program("ip", ("ip -j address", "ip -6 -j route")),
    Program("netplan", as_root=True, shown_by="netplan", files=_NETPLAN),
    Program("networkd", shown_by="networkctl", files=_NETWORKD),
    Program("networkmanager", as_root=True, shown_by="nmcli", files=_NETWORKMANAGER),
    Program(
        "ifupdown",
        shown_by="ifup",
        files=("/etc/network/interfaces",),
        includes=_lines("source(?:-directory)?", r"[ \t]+"),
    ),
    Program(
        "fail2ban", ("fail2ban-client status",), as_root=True, shown_by="fail2ban-client", files=_JAILS, form="settings"
    ),
    Program("munin", (_MUNIN_SETTINGS, _MUNIN_HISTORIES), as_root=True, shown_by="munin-cron"),
)
"""What is asked where it is installed. ``-x`` hides the keys of BIND."""

MAX_FILES = 300
"""Of one program, those that it includes among them."""
_NOT_PLAIN = re.compile(r"[^\w./*?\[\]!^+:@%=~-]", re.ASCII)
"""What a shell must not see as it is in a pattern."""
MAX_NAME = 200
"""Octets of each part of a path: longer names are not written here."""
_WILD = re.compile(r"[*?\[]")


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


@dataclass
class Said:
    """What a command said, or a file holds. ``rc`` is an exit status; where it is not 0, ``stdout`` tells why."""

    rc: int
    stdout: str
    stderr: str = ""


class _WithSystemPrograms:
    """A host whose programs in ``sbin`` are found by users, too: Debian leaves these out of their search path."""

    def __init__(self, host: Any) -> None:
        self._host = host

    def exists(self, command: str) -> bool:
        return self.run(f"command -v {shlex.quote(command)}").rc == 0

    def run(self, command: str) -> Answered:
        answered = self._host.run(f"PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; {command}")
        said = (answered.stdout_bytes, answered.stderr_bytes)
        return Said(answered.rc, *(octets.decode("utf-8", "replace") for octets in said))


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
        reached: Reached = _WithSystemPrograms(testinfra.get_host(way, sudo=sudo))
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
    copied: dict[str, int] = {}
    for program, command, file, answered in _answers(host, reached, programs, told):
        is_copy = command.startswith(COPIED)
        form = "YAML" if file.endswith((".yaml", ".yml")) else program.form
        texts[file] = without_secrets(_words(answered), form if is_copy else "settings")
        outputs.append(CapturedOutput(program.name, command, file, answered.rc))
        if is_copy and not answered.rc:
            copied[program.name] = copied.get(program.name, 0) + 1
        else:
            needs_root = " (try --sudo)" if answered.rc and (program.as_root or is_copy) else ""
            told(f"{command}: {f'exit status {answered.rc}{needs_root}' if answered.rc else file}")
    for name, number in copied.items():
        told(f"{name}: {number} {'file' if number == 1 else 'files'} copied into {COPIES}")
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


def _answers(
    host: str, reached: Reached, programs: Sequence[Program], told: Callable[[str], None]
) -> Iterator[tuple[Program, str, str, Answered]]:
    """What the programs that are installed say, command by command, and their files, with the names to keep them by."""
    for program in programs:
        for command in program.commands:
            if _installed(host, reached, program.shown_by or shlex.split(command)[0]):
                file = f"{re.sub(r'[^A-Za-z0-9]+', '-', command).strip('-')}.txt"
                yield program, command, file, _run(host, reached, command)
        if program.files and _installed(host, reached, program.shown_by or program.name):
            for path, answered in _files(host, reached, program, told):
                yield program, f"{COPIED}{shlex.quote(path)}", f"{COPIES}{path}", answered


def _installed(host: str, reached: Reached, command: str) -> bool:
    try:
        return reached.exists(command)
    except Exception as error:  # each backend raises what it likes
        raise CaptureError(f"{host}: {_said(error)}") from None


def _run(host: str, reached: Reached, command: str) -> Answered:
    try:
        return reached.run(command)
    except Exception as error:  # each backend raises what it likes
        raise CaptureError(f"{host}: {command}: {_said(error)}") from None


def _files(
    host: str, reached: Reached, program: Program, told: Callable[[str], None]
) -> Iterator[tuple[str, Answered]]:
    """The files of a program and what they hold, those that they include behind them. A pattern that names none is a
    file without anything in it: it is known to be read.
    """
    asked: set[str] = set()
    seen: set[str] = set()
    waiting = [(path, "") for path in program.files]
    while waiting:
        pattern, base = waiting.pop(0)
        named = posixpath.normpath(posixpath.join(base, pattern))
        if named in asked:
            continue
        asked.add(named)
        if not named.isprintable():
            copies = [(named, Said(1, f"not looked for: the name {named!r}"))]
        else:
            copies = _copied(host, reached, named)
        is_empty = base and all(answered.rc == LEADS_NOWHERE for _, answered in copies)
        if is_empty and _names_nothing(host, reached, named):
            copies.append((named, Said(0, "")))
        for path, answered in copies:
            if path in seen:
                continue
            if len(seen) == MAX_FILES or len(asked) > MAX_FILES:
                told(f"{program.name}: more than {MAX_FILES} files; {path!r} and what comes after it is left out")
                yield _writable(path), Said(1, f"more than {MAX_FILES} files: this one is left out, and what follows")
                return
            seen.add(path)
            if _writable(path) != path:
                answered = Said(1, f"a name that cannot be written: {path!r}")
            yield _writable(path), answered
            if program.includes is not None and answered.rc == 0:
                waiting += ((found, base or _base(path)) for found in program.includes(answered.stdout))


def _writable(path: str) -> str:
    """A path as files and reports can have it."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in path)
    parts = shown.split("/")
    return "/".join(part.encode()[:MAX_NAME].decode("utf-8", "ignore") for part in parts)


def _copied(host: str, reached: Reached, named: str) -> list[tuple[str, Said]]:
    """The files of that name or pattern, or in that directory, sorted by their paths: by one command.

    Names are told in hexadecimal, whatever they hold. A link that leads nowhere, or where one may not look, is a file
    that cannot be read.
    """
    mark = f"== {token_hex(12)}"
    pattern = _NOT_PLAIN.sub(lambda found: f"\\{found[0]}", named)
    told = (
        f'copy() {{ printf "{mark} %s\\n" "$(printf %s "$1" | od -An -v -tx1 | tr -d " \\n")"; '
        f'LC_ALL=C head -c {MAX_OUTPUT} -- "$1" 2>&1; printf "\\n{mark} %s\\n" $?; }}; '
        f'for f in {pattern}; do if [ -d "$f" ]; then for g in "$f"/*; do '
        'if [ -f "$g" ] || [ -L "$g" ]; then copy "$g"; fi; done; '
        'elif [ -e "$f" ] || [ -L "$f" ]; then copy "$f"; fi; done'
    )
    answered = _run(host, reached, f"sh -c {shlex.quote(told)}")
    found: dict[str, Said] = {}
    entries = rf"^{mark} (?P<path>(?:[0-9a-f]{{2}})+)\n(?P<text>[\s\S]*?)\n{mark} (?P<status>\d+)$"
    for entry in re.finditer(entries, answered.stdout, re.MULTILINE):
        path = posixpath.normpath(bytes.fromhex(entry["path"]).decode("utf-8", "replace"))
        text, status = entry["text"], int(entry["status"])
        if status and text.rstrip().endswith("No such file or directory"):
            status = LEADS_NOWHERE
        if len(text.encode()) >= MAX_OUTPUT:
            text, status = f"larger than {MAX_OUTPUT} octets", 1
        found[path] = Said(status, text)
    return sorted(found.items())


def _names_nothing(host: str, reached: Reached, named: str) -> bool:
    """Whether a pattern without a file is one for certain: whoever asks may list the directory, or there is none."""
    directory, last = posixpath.split(named)
    if not _WILD.search(last) or _WILD.search(directory):
        return False
    quoted = shlex.quote(directory)
    up = f'd={quoted}; while [ ! -e "$d" ] && [ ! -L "$d" ]; do d=$(dirname "$d"); done; [ -r "$d" ] && [ -x "$d" ]'
    return _run(host, reached, up).rc == 0


def _base(path: str) -> str:
    """Where relative names in a program's first file begin: beside it, or, as in ``httpd/conf``, above that."""
    directory = posixpath.dirname(path)
    return posixpath.dirname(directory) if posixpath.basename(directory) == "conf" else directory
