"""What the domains of the laboratory tell the mail programs of their users."""

from __future__ import annotations

from dataclasses import dataclass

AUTO_STORE = "mail.right-auto.test"
"""The store that all of them name."""


@dataclass(frozen=True)
class Auto:
    """autoconfig.NAME and autodiscover.NAME: what nginx does there, where that differs from right answers."""

    autoconfig: str = ""
    autodiscover: str = ""
    jmap: str = ""
    imap_port: int = 993
    """Of the server that autoconfig names."""

    @property
    def cause(self) -> list[str]:
        """The lines that make the fault."""
        told = {"autoconfig": self.autoconfig, "autodiscover": self.autodiscover, "jmap": self.jmap}
        lines = [f"{name}: {line}" for name, line in told.items() if line]
        return lines + ([f"autoconfig: imap at {self.imap_port}"] if self.imap_port != Auto.imap_port else [])
