"""What mail stores say that they can do: CAPABILITY of IMAP, CAPA of POP3, the capabilities of ManageSieve."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

READABLE = ("PLAIN", "LOGIN")
"""SASL mechanisms that send the password itself (RFC 4616)."""

OWN_COMMAND = "a command with the password"
"""LOGIN of IMAP, USER and PASS of POP3."""


@dataclass(frozen=True)
class Capabilities:
    """The capabilities of a store, in upper case, and what they say about TLS and passwords."""

    listed: tuple[str, ...]
    starttls: bool
    mechanisms: tuple[str, ...]
    """SASL mechanisms that AUTHENTICATE or AUTH takes."""
    passwords: bool
    """The protocol's own command for a password is on offer: LOGIN of IMAP, USER and PASS of POP3."""

    @property
    def readable(self) -> tuple[str, ...]:
        """What is on offer that sends the password itself."""
        own = (OWN_COMMAND,) if self.passwords else ()
        return (*own, *(f"SASL {name}" for name in self.mechanisms if name in READABLE))


def imap_capabilities(lines: Iterable[str]) -> Capabilities | None:
    """Of the untagged responses to CAPABILITY (RFC 9051, section 7.2.2); None where there is none."""
    found: dict[str, None] = {}
    for line in lines:
        words = line.upper().split()
        if words[:2] == ["*", "CAPABILITY"]:
            found |= dict.fromkeys(words[2:])
    if not found:
        return None
    mechanisms = tuple(word.removeprefix("AUTH=") for word in found if word.startswith("AUTH="))
    return Capabilities(tuple(found), "STARTTLS" in found, mechanisms, "LOGINDISABLED" not in found)


def pop3_capabilities(lines: Iterable[str]) -> Capabilities | None:
    """Of the lines that follow ``+OK`` (RFC 2449, section 5)."""
    listed = tuple(line.upper().strip() for line in lines)
    words = [line.split() for line in listed if line]
    mechanisms = tuple(dict.fromkeys(name for line in words if line[0] == "SASL" for name in line[1:]))
    names = {line[0] for line in words}
    return Capabilities(listed, "STLS" in names, mechanisms, "USER" in names)


_STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"')


def sieve_capabilities(lines: Iterable[str]) -> Capabilities | None:
    """Of the lines before OK, each a name and perhaps a value, both in quotes (RFC 5804, section 1.7)."""
    found: dict[str, str] = {}
    for line in lines:
        name, value = ([text.upper() for text in _STRINGS.findall(line)] + ["", ""])[:2]
        if name:
            found[name] = value
    if not found:
        return None
    listed = tuple(f"{name} {value}".strip() for name, value in found.items())
    return Capabilities(listed, "STARTTLS" in found, tuple(found.get("SASL", "").split()), False)


def capabilities(service: str, lines: Sequence[str]) -> Capabilities | None:
    """What the whole reply of a store says, by the name of the service; its last line ends it."""
    match service:
        case "imap":
            return imap_capabilities(lines[:-1])
        case "pop3":
            return pop3_capabilities(lines[1:-1])
    return sieve_capabilities(lines[:-1])
