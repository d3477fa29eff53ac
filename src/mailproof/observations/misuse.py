"""What a mail server does with clients that bring no mail: an HTTP request, silence, and a login without an end."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.grammars.ntlm import Challenge
from mailproof.observations import Observation
from mailproof.observations.dialogue import DialogueSeen


@dataclass(frozen=True)
class HTTPRequest(DialogueSeen):
    """What came back for an HTTP request, and for the command in its body."""

    tls: bool
    codes: tuple[int, ...]
    """Of all replies, in order."""

    @property
    def obeyed(self) -> bool:
        """Whether the command in the body, NOOP, was executed: nothing else in the request could be answered so."""
        return 250 in self.codes


@dataclass(frozen=True)
class HTTPRequests(Observation):
    """The same request in clear, and inside TLS where there is any."""

    sides: tuple[HTTPRequest, ...]
    unserved: str = ""
    untried: str = ""
    """Why the request was not made inside TLS, or not at all; empty if it was."""

    def evidence(self) -> tuple[str, ...]:
        return tuple(line for side in self.sides for line in side.evidence())


@dataclass(frozen=True)
class Idle(DialogueSeen):
    """A connection on which nothing is said behind EHLO."""

    waited: float
    """Seconds of silence; 0: it was not tried."""
    closed: bool
    """Whether the server had ended the connection by then."""


@dataclass(frozen=True)
class NTLMChallenge(DialogueSeen):
    """What the server's part of AUTH NTLM tells. No name and no password are said."""

    host: str
    mechanisms: tuple[str, ...]
    """Those offered that NTLM is spoken in."""
    challenge: Challenge | None = None
