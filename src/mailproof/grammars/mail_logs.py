"""Logs of mail servers, read as a stream: sessions by version of TLS, and clients that were refused.

Mail that goes out is counted by whether the server at the other end was reached at port 25.

Exim's main log and reject log (Exim specification, chapter 53), Postfix's smtpd, postscreen and smtp, Dovecot's
logins; with any stamp in front, out of files, syslog or journald's export. Octets that belong to nothing known are
passed over quickly: a marker is looked for in a whole block, and only lines that have one are taken apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from mailproof.grammars.received import normal_address
from mailproof.net.addresses import is_public

MAX_LINE = 8 * 1024
"""Octets of a line; what is longer is cut."""
MAX_CLIENTS = 10_000
"""Clients that are remembered by address; sessions of others count without it."""
MAX_REACHED = 20
"""Servers of others that are remembered, of those that were reached and of those that were not."""


class Refusal(StrEnum):
    """Why a server refused a client, as far as the client's own set-up is meant."""

    REVERSE = "no reverse name, or one that does not lead back"
    HELO = "its HELO name"
    EARLY = "it talked before its turn"


@dataclass
class LogCounts:
    """What the lines of logs come to. ``old`` and ``refused`` are by client address, and by version or reason."""

    lines: int = 0
    sessions: Counter[str] = field(default_factory=Counter)
    """Incoming sessions inside TLS, by version."""
    old: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Of versions before TLS 1.2."""
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    """Public addresses whose port 25 was reached, up to ``MAX_REACHED``."""
    unreached: set[str] = field(default_factory=set)
    """Public addresses from whose port 25 nothing came; up to as many."""

    @property
    def known(self) -> bool:
        """Whether any line was one of a mail server's that is understood."""
        return bool(self.sessions or self.refused or self.reached or self.unreached)


_VERSIONS = {
    "SSLv3": "SSLv3",
    "SSL3.0": "SSLv3",
    "TLSv1": "TLSv1.0",
    "TLS1": "TLSv1.0",
    **{f"TLS{v}1.{n}": f"TLSv1.{n}" for v in ("", "v") for n in range(4)},
}
OLD = ("SSLv3", "TLSv1.0", "TLSv1.1")

_ADDRESS = rb"\[(?:IPv6:)?(?P<address>[0-9A-Fa-f.:]{2,45})\]"
_HOST = rb"(?:[^\s\[(]{1,255} )?(?:\([^\s()]{0,255}\) )?" + _ADDRESS
_EXIM_HOST = re.compile(rb"\bH=" + _HOST)
"""``H=name (helo) [address]``, as far as they are there; the client wrote what stands in parentheses."""
_POSTFIX_CLIENT = re.compile(rb"\bfrom [^\[]{1,300}" + _ADDRESS)

_Patterns = tuple[re.Pattern[bytes], ...]

_SESSIONS: tuple[tuple[bytes, _Patterns], ...] = (
    # 2026-11-25 10:00:00 1abc-0001-AB <= a@b H=name [192.0.2.1] P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 ...
    (b" X=", (re.compile(rb" <= "), _EXIM_HOST, re.compile(rb" X=(?P<version>(?:TLS|SSL)v?[0-9.]{1,3}):"))),
    # postfix/smtpd[1]: Anonymous TLS connection established from name[192.0.2.1]: TLSv1.3 with cipher ...
    (b"TLS connection established from ", (_POSTFIX_CLIENT, re.compile(rb": (?P<version>\S{4,8}) with cipher"))),
    # dovecot: imap-login: Login: user=<a>, method=PLAIN, rip=192.0.2.1, lip=..., TLSv1.3 with cipher ...
    (
        b"-login: ",
        (
            re.compile(rb"-login: (?:Info: )?Log(?:in|ged in): "),
            re.compile(rb", rip=(?P<address>[0-9A-Fa-f.:]{2,45}),"),
            re.compile(rb" (?P<version>(?:TLS|SSL)v[0-9.]{1,3}) with cipher"),
        ),
    ),
)
"""A marker, and what stands in its line one behind the other: the address of the client, and the version."""

_SAID = re.compile(rb" rejected (?:RCPT|MAIL|connection|EHLO|HELO|DATA|after)[^\n]{0,600}?: (?P<said>[^\n]{0,400})")
_REFUSALS: tuple[tuple[bytes, Refusal | None, _Patterns], ...] = (
    # postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 450 4.7.25 Client host rejected: cannot find ...
    (b"Client host rejected: cannot find your", Refusal.REVERSE, (_POSTFIX_CLIENT,)),
    (b"Helo command rejected", Refusal.HELO, (_POSTFIX_CLIENT,)),
    (b"PREGREET ", Refusal.EARLY, (re.compile(rb"PREGREET \d{1,6} after \S{1,10} from " + _ADDRESS),)),
    (b"improper command pipelining", Refusal.EARLY, (_POSTFIX_CLIENT,)),
    # 2026-11-25 10:00:00 H=name [192.0.2.1] rejected ...: what the ACL says
    (b"SMTP protocol synchronization error", Refusal.EARLY, (_EXIM_HOST,)),
    (b"LO from ", Refusal.HELO, (re.compile(rb" rejected (?:EHLO|HELO) from (?:H=)?" + _HOST),)),
    (b"rejected EHLO or HELO", Refusal.HELO, (_EXIM_HOST,)),
    (b" rejected ", None, (_EXIM_HOST, _SAID)),
)
_NOTHING_CAME = rb"(?:Connection timed out|Network is unreachable|No route to host)"
_REACHED: tuple[tuple[bytes, _Patterns], ...] = (
    # postfix/smtp[1]: 4XyZ: to=<a@b>, relay=mx.b[192.0.2.1]:25, delay=1, ..., dsn=2.0.0, status=sent (250 2.0.0 Ok)
    (b"]:25, delay=", (re.compile(rb", relay=[^\s\[]{1,255}" + _ADDRESS + rb":25, delay="),)),
    # 2026-11-25 10:00:00 1abc-0001-AB => a@b R=dnslookup T=remote_smtp H=mx.b [192.0.2.1] X=... C="250 OK"
    (b' C="2', (re.compile(rb" => [^\n]{1,600}? H=[^\s\[]{1,255} " + _ADDRESS + rb"(?!:)"),)),
)
_UNREACHED: tuple[tuple[bytes, _Patterns], ...] = (
    # postfix/smtp[1]: connect to mx.b[192.0.2.1]:25: Connection timed out
    (b"]:25: ", (re.compile(rb": connect to [^\s\[]{1,255}" + _ADDRESS + rb":25: " + _NOTHING_CAME),)),
    # 2026-11-25 10:00:00 1abc-0001-AB H=mx.b [192.0.2.1] Connection timed out
    (b"] Connection timed out", (re.compile(rb" H=[^\s\[]{1,255} " + _ADDRESS + rb" Connection timed out"),)),
    (b"] Network is unreachable", (re.compile(rb" H=[^\s\[]{1,255} " + _ADDRESS + rb" Network is unreachable"),)),
)
"""As for sessions; the address is that of the server. Exim writes a port behind it only where it is not 25."""

_SAYS_REVERSE = re.compile(rb"reverse|rdns|\bPTR\b|host name lookup|hostname does not", re.IGNORECASE)
_SAYS_HELO = re.compile(rb"\b(?:HELO|EHLO)\b", re.IGNORECASE)


def read_logs(blocks: Iterable[bytes], counts: LogCounts) -> None:
    """Count what the lines in ``blocks`` say; a line may go over their borders."""
    rest = b""
    for block in blocks:
        text = rest + block
        end = text.rfind(b"\n") + 1
        if not end and len(text) < MAX_LINE:
            rest = text
            continue
        end = end or len(text)
        rest = text[end:]
        _read(text[:end], counts)
    _read(rest, counts)


def _read(text: bytes, counts: LogCounts) -> None:
    counts.lines += text.count(b"\n")
    for marker, patterns in _SESSIONS:
        for line in _lines_with(marker, text):
            found = _taken_apart(line, patterns)
            version = _VERSIONS.get(found.get("version", b"").decode("ascii", "replace"))
            if version is not None:
                counts.sessions[version] += 1
                if version in OLD:
                    _count(counts.old, found["address"], version)
    counted: set[bytes] = set()
    for marker, reason, patterns in _REFUSALS:
        for line in _lines_with(marker, text):
            found = {} if line in counted else _taken_apart(line, patterns)
            why = (reason or _why(found["said"])) if found else None
            if why is not None:
                counted.add(line)
                _count(counts.refused, found["address"], why)
    for kinds, servers in ((_REACHED, counts.reached), (_UNREACHED, counts.unreached)):
        for marker, patterns in kinds:
            for line in _lines_with(marker, text):
                if len(servers) >= MAX_REACHED:
                    break
                address = normal_address(_taken_apart(line, patterns).get("address", b"").decode("ascii", "replace"))
                if address and is_public(address):
                    servers.add(address)


def _taken_apart(line: bytes, patterns: _Patterns) -> dict[str, bytes]:
    """What the patterns name, each looked for behind the one before; nothing unless all are there."""
    said: dict[str, bytes] = {}
    place = 0
    for pattern in patterns:
        found = pattern.search(line, place)
        if found is None:
            return {}
        said |= found.groupdict()
        place = found.end()
    return said


def _lines_with(marker: bytes, text: bytes) -> Iterable[bytes]:
    """The lines that hold a marker, each once."""
    place = text.find(marker)
    while place >= 0:
        start = text.rfind(b"\n", 0, place) + 1
        end = text.find(b"\n", place)
        end = len(text) if end < 0 else end
        yield text[start : min(end, start + MAX_LINE)]
        place = text.find(marker, end)


def _why(said: bytes) -> Refusal | None:
    """What the words of an ACL mean, as far as they say that it is the client's own name."""
    if _SAYS_REVERSE.search(said):
        return Refusal.REVERSE
    return Refusal.HELO if _SAYS_HELO.search(said) else None


def _count(counter: Counter[tuple[str, str]], address: bytes, what: str) -> None:
    key = normal_address(address.decode("ascii", "replace")), str(what)
    if key in counter or len(counter) < MAX_CLIENTS:
        counter[key] += 1
