"""Configuration files, and what the wire shows."""

from __future__ import annotations

from mailproof.observations.configuration import PortShown, PortsShown

from ..observed import HOST
from .case import Table, fails, passes, skips, undecided
from .configuration import settings

PORT = f"{HOST}[192.0.2.25]:25"


def shown(name: str = HOST, size: int | None = 10240000, *, auth_in_clear: bool = False) -> PortsShown:
    return PortsShown(HOST, (PortShown(PORT, name, size, auth_in_clear),))


NOTHING = PortsShown(HOST, ())

TABLE: Table = {
    "CFG-AGREES": (
        *(
            passes(program_settings=found, ports_shown=ports)
            for found, ports in (
                (settings("postfix", myhostname=HOST, message_size_limit="10240000"), shown()),
                (settings("postfix", myhostname=f"{HOST.upper()}."), shown()),
                (settings("postfix", myhostname="$mydomain"), shown()),
                (settings("postfix", message_size_limit="10240000"), shown(size=None)),
                (settings("postfix", smtpd_tls_auth_only="yes"), shown()),
                (settings("postfix", smtpd_tls_auth_only="no"), shown(auth_in_clear=True)),
                (settings("exim", message_size_limit="50M"), shown(size=52428800)),
                (settings("exim", message_size_limit="${if eq{a}{b}{1}{2}}"), shown()),
                (
                    settings("postfix", myhostname="other.example", smtpd_banner="$myhostname ESMTP"),
                    shown("other.example"),
                ),
            )
        ),
        fails(
            f"myhostname = other.example, and {PORT} greets as {HOST}",
            program_settings=settings("postfix", myhostname="other.example"),
            ports_shown=shown(),
        ),
        fails(
            "message_size_limit = 1000, and",
            program_settings=settings("postfix", message_size_limit="1000"),
            ports_shown=shown(),
        ),
        fails(
            "shows SIZE 52428800",
            program_settings=settings("exim", message_size_limit="51M"),
            ports_shown=shown(size=52428800),
        ),
        fails(
            "offers AUTH before TLS",
            program_settings=settings("postfix", smtpd_tls_auth_only="yes"),
            ports_shown=shown(auth_in_clear=True),
        ),
        skips(
            "nothing is set that a port shows",
            program_settings=settings("postfix", myhostname="other.example", smtpd_banner="mail.example.org ESMTP"),
            ports_shown=shown(),
        ),
        skips(
            "nothing is set that a port shows",
            program_settings=settings("postfix", (("smtp inet/message_size_limit", "5"),), message_size_limit="1"),
            ports_shown=shown(),
        ),
        skips("no SMTP port", program_settings=settings("postfix", myhostname=HOST), ports_shown=NOTHING),
        skips("unbound has no settings", program_settings=settings("unbound"), ports_shown=NOTHING),
        undecided(
            "silent",
            program_settings=settings("postfix", myhostname=HOST),
            ports_shown=PortsShown(HOST, (), (f"{PORT}: silent",)),
        ),
    ),
}
