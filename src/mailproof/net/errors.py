"""Why something could not be observed. Each failure is typed; none of them is ever a verdict about the peer's policy.

A probe lets these pass through: the survey keeps them in place of the observation, and every control that
asks for it becomes *inconclusive* with the reason.
"""

from __future__ import annotations

from typing import ClassVar


class NotObserved(Exception):
    """Something could not be looked at.

    ``reason`` is one sentence for people; ``evidence`` are lines of proof (a transcript, an answer), oldest
    first. Both may hold text from the network and are escaped by whoever shows them.
    """

    kind: ClassVar[str] = "not observed"
    transient: ClassVar[bool] = False
    """Whether the same question may well be answered a little later."""

    def __init__(self, reason: str, evidence: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.evidence = evidence


class Refused(NotObserved):
    """The peer refused the connection (TCP RST, ICMP unreachable)."""

    kind = "refused"
    transient = True


class RefusedByAddress(Refused):
    """The address itself refused (TCP RST), and not somebody on the way, a filter of our own included."""


class TimedOut(NotObserved):
    """A deadline passed: no connection, no greeting, no reply, no answer."""

    kind = "timed out"
    transient = True


class ClosedEarly(NotObserved):
    """The peer closed or reset the connection in the middle of the dialogue."""

    kind = "closed early"
    transient = True


class Throttled(NotObserved):
    """The peer asked us to come back later: 421 or another 4yz reply (RFC 5321, section 4.2.1)."""

    kind = "throttled"
    transient = True


class Malformed(NotObserved):
    """What came back does not parse, or breaks a size limit."""

    kind = "malformed"


class Unreadable(NotObserved):
    """A file of reports cannot be read, or the verdict hangs on what may stand in one."""

    kind = "unreadable"


class UnreadableConfiguration(Unreadable):
    """A file of a program's configuration, or a capture of it, cannot be read."""

    kind = "unreadable configuration"


class ServerFailure(NotObserved):
    """A DNS server answered SERVFAIL, REFUSED or another rcode that says nothing about the name."""

    kind = "server failure"
    transient = True


class Bogus(NotObserved):
    """The answer does not validate: a resolver that validates withholds it, and gives it without validation."""

    kind = "bogus"


class NotFollowed(NotObserved):
    """An address or name that the manners of a guest forbid to contact (private space, not consented)."""

    kind = "not followed"


class NotAvailable(NotObserved):
    """The dialogue worked but did not get as far as what was asked for (no EHLO after a 554 greeting, ...)."""

    kind = "not available"


class NoSettings(NotAvailable):
    """What is known of a program does not hold its settings: the output of unbound-checkconf alone, say."""

    kind = "no settings"


class NoTLS(NotAvailable):
    """The server offers TLS and does not do it: it declines STARTTLS, or every handshake."""

    kind = "no TLS"


class NoAddress(NotObserved):
    """The name of a server has no address: there is nobody to ask."""

    kind = "no address"


class NoTLSNow(Throttled):
    """The server offers STARTTLS and answers it with 4yz, 421 aside (RFC 3207, section 4)."""

    kind = "no TLS now"


class NoResolver(NotObserved):
    """No resolver has answered anything since the run began: a fault of the tester's network, not of any name."""

    kind = "no resolver"


class LyingResolver(NotObserved):
    """The resolver denies that the root exists: a fault of the tester's network, not of any name."""

    kind = "lying resolver"


class UntrustedRoot(NotObserved):
    """The keys of the root that the resolver gives do not lead to a trust anchor: a fault of the tester's network."""

    kind = "untrusted root"


class NoIPv6(NotObserved):
    """This machine has no route to the IPv6 address: a fault of the tester's network, not of the peer."""

    kind = "no IPv6"


class NoFiles(NotObserved):
    """This process may open no more files: a fault of the tester's machine, not of the peer."""

    kind = "no file descriptors"
    transient = True


NO_FILES = "this process may open no more files (ulimit -n); raise that limit, or lower `limits.connections`"
"""Why nothing more could be opened; the same words wherever that shows, so that it is told once."""

NO_IPV6 = "this machine has no IPv6"
"""Why nothing at an IPv6 address can be observed; the same words wherever that shows, so that it is told once."""


class NotRecorded(NotObserved):
    """A replayed record does not hold this observation."""

    kind = "not recorded"


class BoundReached(NotObserved):
    """A bound of the run was reached before this was seen: the time or the connections that one host, or all, may take.

    Another attempt in the same run would meet the same bound.
    """

    kind = "bound reached"


class Unasked(NotObserved):
    """The limits of the inventory do not allow to ask for it: no more than where there is no consent, it is judged."""

    kind = "not asked"


class ProbeCrashed(NotObserved):
    """A probe raised something that it should not have: a fault of mailproof, never of the peer."""

    kind = "internal error"


KINDS: dict[str, type[NotObserved]] = {
    cls.kind: cls
    for cls in (
        NotObserved,
        Refused,
        TimedOut,
        ClosedEarly,
        Throttled,
        Malformed,
        Unreadable,
        UnreadableConfiguration,
        ServerFailure,
        Bogus,
        NotFollowed,
        NotAvailable,
        NoSettings,
        NoAddress,
        NoTLS,
        NoTLSNow,
        NoResolver,
        LyingResolver,
        UntrustedRoot,
        NoIPv6,
        NoFiles,
        NotRecorded,
        BoundReached,
        Unasked,
        ProbeCrashed,
    )
}
