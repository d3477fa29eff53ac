"""Servers at which users log in, and guessing."""

from __future__ import annotations

from tests.real.domains import EXIM, Domain, Server

NETWORK = 136

_SUBMISSION = ("daemon_smtp_ports = 25 : 587", "auth_advertise_hosts = ${if def:tls_in_cipher{*}}")
_HASH = (
    r"$6$rounds=100000$AyVJPDx8byoo2dGV$"
    r"oaZuByAIwNJr8f6v5qUY6q.805tls0W2zZ2JIEmkUGwgc3OAqtfIDsJf7BPtv55yjBIz8onl1fZsFJn6AI6im0"
)
_WHERE = "guessing needs consent: tests/real/test_apart.py"


def _known(label: str, compared: str) -> str:
    """The password of the domain's user is compared, and that of others is wrong at once, as Exim's manual has it."""
    return f"PASSWORD_IS_RIGHT = ${{if and{{{{eq{{$auth2}}{{user@{label}.test}}}}{{{compared}}}}}}}"


DOMAINS = (
    Domain(
        "guessing-exim",
        "answers wrong passwords at once, as often as they come in a session",
        Server(
            EXIM, (*_SUBMISSION, "smtp_accept_max_nonmail = 1000", _known("guessing-exim", "eq{$auth3}{a password}"))
        ),
        active=True,
        apart=True,
        unjudged=_WHERE,
    ),
    Domain(
        "hashing-exim",
        "takes longer for users that exist: a password is hashed for them alone",
        Server(
            EXIM,
            (
                *_SUBMISSION,
                _known("hashing-exim", f"crypteq{{$auth3}}{{\\N{_HASH}\\N}}"),
            ),
        ),
        active=True,
        apart=True,
        unjudged=_WHERE,
    ),
)
