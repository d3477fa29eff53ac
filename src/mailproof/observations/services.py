"""What the services for users say of themselves before and inside TLS: mail stores, LMTP, and SASL mechanisms."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.grammars.store_capabilities import Capabilities
from mailproof.net.dialogue import TLSSession
from mailproof.net.errors import NotAvailable
from mailproof.net.smtp import Reply
from mailproof.net.stores import StoreReply
from mailproof.observations import Observation
from mailproof.observations.dialogue import DialogueSeen


@dataclass(frozen=True)
class StoreSession(DialogueSeen):
    """Greeting, capabilities, STARTTLS if it is offered, capabilities inside TLS.

    Later parts are None where it ended.
    """

    endpoint: str
    service: str
    """The name of the service, see ``net.services``."""
    implicit_tls: bool
    greeting: StoreReply
    capabilities: Capabilities | None = None
    """Where TLS begins at once: those inside TLS."""
    starttls: StoreReply | None = None
    tls: TLSSession | None = None
    tls_failure: str = ""
    """Why no handshake came about after the yes to STARTTLS."""
    in_tls: Capabilities | None = None
    """Behind STARTTLS."""
    ended: str = ""
    """Why the dialogue ended before its time."""

    def told(self) -> Capabilities:
        """The capabilities of the first listing. Raises NotAvailable where the server does not tell them."""
        if self.capabilities is None:
            raise NotAvailable(
                self.ended or f"the server does not say what it can do: {self.greeting}", self.evidence()
            )
        return self.capabilities

    @property
    def mechanisms_in_tls(self) -> tuple[str, ...] | None:
        """SASL mechanisms inside TLS; None where there is none."""
        if self.implicit_tls:
            return self.told().mechanisms
        return self.in_tls.mechanisms if self.in_tls is not None else None


@dataclass(frozen=True)
class ClearTextLogin(Observation):
    """What a store offers before TLS, and with consent the reply to a login that is made up."""

    session: StoreSession | None
    """None where the port is closed."""
    reply: StoreReply | None = None
    """To the command with the password; None where it was not said."""
    user: StoreReply | None = None
    """To USER of POP3, said where only that is on offer: some servers list it, and refuse it before TLS."""
    transcript: tuple[str, ...] = ()

    def evidence(self) -> tuple[str, ...]:
        return (*(self.session.evidence() if self.session else ()), *self.transcript)


@dataclass(frozen=True)
class StoreInjection(DialogueSeen):
    """A command sent in clear behind STARTTLS, in the same segment."""

    offered: bool
    starttls: StoreReply | None = None
    tls_failure: str = ""
    heard_in_tls: str = ""
    """What came inside TLS for the command that was sent in clear."""


@dataclass(frozen=True)
class LMTPSession(DialogueSeen):
    """Greeting, EHLO (which LMTP has not) and LHLO. Later parts are None where it ended."""

    endpoint: str
    greeting: Reply
    ehlo: Reply | None = None
    lhlo: Reply | None = None
    ended: str = ""
    """Why the dialogue ended before its time."""


@dataclass(frozen=True)
class Mechanisms(Observation):
    """The SASL mechanisms that a service offers inside TLS; None where it offers no TLS, or no way to log in."""

    endpoint: str
    in_tls: tuple[str, ...] | None
    proof: tuple[str, ...] = ()

    def evidence(self) -> tuple[str, ...]:
        return self.proof
