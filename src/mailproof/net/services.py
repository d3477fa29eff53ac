"""The services of hosts: their ports, and how TLS begins there. A new service is one row of this table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Upgrade:
    """How a client that was connected in clear asks for TLS.

    The server opens with a line that begins with ``ready``, the client says ``command``, and a line that begins with
    ``agreed`` is a yes. In SMTP and LMTP the client says EHLO or LHLO in between (RFC 3207, section 4), which
    their own dialogue does.
    """

    protocol: str
    ready: bytes
    command: bytes
    agreed: bytes
    passed_over: bytes = b""
    """Lines that begin with it may come before ``agreed``."""
    listed: bytes = b""
    """Lines that begin with it may come before ``ready``: what the server can do."""


@dataclass(frozen=True)
class Service:
    """What a host does at some ports. ``name`` is the role of the host in the inventory."""

    name: str
    in_clear: tuple[int, ...] = ()
    """Ports on which the protocol begins in clear."""
    at_once: tuple[int, ...] = ()
    """Ports on which TLS begins with the first octet (RFC 8314, section 3)."""
    upgrade: Upgrade | None = None
    """How TLS begins on all other ports; None where it cannot."""
    usual: tuple[int, ...] = ()
    """The ports that are looked at where the inventory names none; without any, all of them."""
    srv: tuple[str, ...] = ()
    """Labels of SRV records that lead to the service (RFC 6186, section 3; RFC 8314, section 5.1)."""

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that are looked at where the inventory names none."""
        return self.usual or (*self.in_clear, *self.at_once)

    @property
    def has_tls(self) -> bool:
        """Whether the protocol can be spoken inside TLS at all."""
        return bool(self.at_once) or self.upgrade is not None


SMTP_STARTTLS = Upgrade("smtp", b"220", b"STARTTLS", b"220")  # RFC 3207, section 4
IMAP_STARTTLS = Upgrade("imap", b"* OK", b"a STARTTLS", b"a OK", b"* ")  # RFC 9051, section 6.2.1
POP3_STLS = Upgrade("pop3", b"+OK", b"STLS", b"+OK")  # RFC 2595, section 4
LMTP_STARTTLS = Upgrade("lmtp", b"220", b"STARTTLS", b"220")  # RFC 3207, section 4; RFC 2033, section 4.1
SIEVE_STARTTLS = Upgrade("sieve", b"OK", b"STARTTLS", b"OK", listed=b'"')  # RFC 5804, section 2.2

MX = Service("mx", in_clear=(25,), upgrade=SMTP_STARTTLS)
SUBMISSION = Service(
    "submission",
    in_clear=(587,),
    at_once=(465,),
    upgrade=SMTP_STARTTLS,
    srv=("_submission._tcp", "_submissions._tcp"),
)
IMAP = Service(
    "imap", in_clear=(143,), at_once=(993,), upgrade=IMAP_STARTTLS, usual=(993,), srv=("_imap._tcp", "_imaps._tcp")
)
POP3 = Service(
    "pop3", in_clear=(110,), at_once=(995,), upgrade=POP3_STLS, usual=(995,), srv=("_pop3._tcp", "_pop3s._tcp")
)
SIEVE = Service("sieve", in_clear=(4190,), upgrade=SIEVE_STARTTLS, srv=("_sieve._tcp",))
LMTP = Service("lmtp", in_clear=(24,), upgrade=LMTP_STARTTLS)
"""Never on port 25 (RFC 2033, section 1). 24 is for private mail systems, and where Postfix connects to by default."""

SERVICES: dict[str, Service] = {service.name: service for service in (MX, SUBMISSION, IMAP, POP3, SIEVE, LMTP)}
"""All services by name, in the order in which they are told of."""


def add_service(service: Service) -> None:
    """Make the service of an extension known. Raises ValueError if there is another one of its name."""
    if SERVICES.setdefault(service.name, service) != service:
        raise ValueError(f"there are two services called {service.name}")


def begins_with_tls(port: int) -> bool:
    """Whether TLS begins with the first octet at ``port``, whatever a host is said to do there."""
    return any(port in service.at_once for service in SERVICES.values())


def upgrade_of(protocol: str) -> Upgrade:
    """How TLS is asked for in ``protocol``. Raises LookupError for one that no service speaks."""
    for service in SERVICES.values():
        if service.upgrade is not None and service.upgrade.protocol == protocol:
            return service.upgrade
    raise LookupError(f"no service asks for TLS in {protocol}")
