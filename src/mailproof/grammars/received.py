"""Received fields, the trace of a message (RFC 5321, section 4.4), and Received-SPF (RFC 7208, section 9.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

from mailproof.grammars.messages import without_comments

_LITERAL = re.compile(r"\[\s*(?:IPv6:)?(?P<address>[0-9A-Fa-f.:]{2,45})(?:%[^\]]*)?\s*\]", re.IGNORECASE)
_IN_COMMENT = re.compile(r"\(\s*(?P<address>[0-9A-Fa-f.:]{4,45})\s*\)")
_OF_USER = re.compile(r"\([^\s()@]{1,64}@(?P<address>[0-9A-Fa-f.:]{4,45})\)")
"""What qmail writes where the client's ident server names a user."""
_HELO = re.compile(r"\(?\b(?:HELO|EHLO)[ =](?P<name>[^\s()]{1,255})", re.IGNORECASE)
_BY = re.compile(r"(?:\A|\s)by\s+(?P<host>[^\s();]{1,255})", re.IGNORECASE)
_WITH = re.compile(r"\swith\s+(?P<protocol>[A-Za-z0-9-]{2,20})", re.IGNORECASE)
_FROM = re.compile(r"\A\s*from\s+(?P<name>[^\s()]{1,255})", re.IGNORECASE)
_PAIR = re.compile(
    r'(?:\A|[\s;])(?P<key>client-ip|envelope-from|helo|identity)\s*=\s*(?P<value>"[^"]{0,320}"|[^\s;]{1,320})'
)
_USING_TLS = re.compile(r"\bTLS ?v?1|\bcipher[ =]", re.IGNORECASE)

TLS_PROTOCOLS = ("ESMTPS", "ESMTPSA", "LMTPS", "LMTPSA", "UTF8SMTPS", "UTF8SMTPSA", "UTF8LMTPS", "UTF8LMTPSA", "SMTPS")
"""Transmission types over TLS (IANA registry "Mail Parameters"; RFC 3848, RFC 6531, section 4.3); SMTPS is in use."""


@dataclass(frozen=True)
class Hop:
    """One hop of a message, as the server says that took the message. What it does not say is empty."""

    helo: str = ""
    """The name that the client said."""
    address: str = ""
    """Of the client."""
    by: str = ""
    protocol: str = ""
    says_tls: bool = False
    at: str = ""
    """In ISO form, in UTC."""

    @property
    def is_encrypted(self) -> bool:
        """Whether the server says that the message came over TLS."""
        return self.protocol in TLS_PROTOCOLS or self.says_tls

    @property
    def is_from_outside(self) -> bool:
        """Whether the client's address is one of the Internet."""
        return bool(self.address) and ip_address(self.address).is_global


def parse_received(value: str) -> Hop:
    """Take a Received field apart. Never raises."""
    trace, _, date = value.rpartition(";")
    if not trace:
        trace, date = value, ""
    plain = without_comments(trace)
    by = _BY.search(plain)
    came = re.split(r"\sby\s", trace, maxsplit=1, flags=re.IGNORECASE)[0]
    first = _FROM.match(came)
    helo = _HELO.search(came)
    name = helo["name"] if helo else first["name"] if first else ""
    places = (*_LITERAL.finditer(came), *_IN_COMMENT.finditer(came), *_OF_USER.finditer(came))
    address = next(filter(None, map(_address, places)), "")
    if first and helo and not address:
        address = normal_address(first["name"])  # Yahoo: from 192.0.2.1 (EHLO mx.example.org)
    protocol = _WITH.search(f" {plain}")
    return Hop(
        name.strip("[]<>,;").rstrip(".").lower() if first else "",
        address if first else "",
        by["host"].rstrip(".").lower() if by else "",
        protocol["protocol"].upper() if protocol else "",
        _USING_TLS.search(trace) is not None,
        iso_time(date),
    )


def _address(match: re.Match[str]) -> str:
    return normal_address(match["address"])


def normal_address(text: str) -> str:
    """An IP address as it is written normally, an IPv4-mapped one as IPv4; empty for what is none.

    A zone index (RFC 4007, section 11) means something on one machine only, and may be any text: it is cut.
    """
    try:
        address = ip_address(text.partition("%")[0] if ":" in text else text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def iso_time(text: str) -> str:
    """A date of RFC 5322 in ISO form, in UTC; empty for what cannot be read."""
    try:
        found = parsedate_to_datetime(without_comments(text[:200]).strip())
        aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, TypeError, OverflowError, IndexError):
        return ""


def seconds_of(text: str) -> float | None:
    """A time in ISO form in seconds since 1970; None for what is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True)
class SPFHeader:
    """What a Received-SPF field says of the client."""

    result: str
    address: str = ""
    sender: str = ""
    helo: str = ""
    identity: str = ""
    """What was checked (RFC 7208, section 9.1): mailfrom or helo, in lower case; empty where that is not said."""


def parse_received_spf(value: str) -> SPFHeader:
    """Take a Received-SPF field apart. Never raises."""
    result = value.split(maxsplit=1)[0].lower()[:20] if value.strip() else ""
    pairs = {match["key"]: match["value"].strip('"<>') for match in _PAIR.finditer(without_comments(value))}
    return SPFHeader(
        result,
        normal_address(pairs.get("client-ip", "")),
        pairs.get("envelope-from", ""),
        pairs.get("helo", ""),
        pairs.get("identity", "").lower(),
    )
