"""MAIL and RCPT for one recipient, and what the server said."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.net.smtp import Reply


@dataclass(frozen=True)
class Attempt:
    """MAIL and RCPT, never DATA. ``form`` names the trick of a relay attempt."""

    form: str
    sender: str
    recipient: str
    mail: Reply
    rcpt: Reply | None
    tls: bool = False
    """Whether it was made inside TLS."""

    @property
    def last(self) -> Reply:
        return self.rcpt or self.mail

    @property
    def accepted(self) -> bool:
        return self.rcpt is not None and self.rcpt.positive

    @property
    def deferred(self) -> bool:
        """Answered with 4yz: not decided yet (RFC 5321, section 4.2.1)."""
        return self.last.transient

    def __str__(self) -> str:
        reply = str(self.last).replace("\n", " / ")
        where = ", inside TLS" if self.tls else ""
        return f"{self.form}{where}: MAIL FROM:<{self.sender}> RCPT TO:<{self.recipient}>: {reply}"
