"""A web site of a mail domain as it answers: one page, over HTTP and HTTPS, IPv4 and IPv6."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from mailproof.net.dns.client import Answer
from mailproof.net.errors import KINDS, NoAddress, NotObserved, Refused
from mailproof.net.web import WebAnswer
from mailproof.observations import Observation


@dataclass(frozen=True)
class Visit:
    """What came of asking one address for the page."""

    scheme: str
    address: str
    answer: WebAnswer | None = None
    failure: str = ""
    """The kind of failure that kept the address from answering."""
    reason: str = ""

    @property
    def version(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.address else 4

    @property
    def refused(self) -> bool:
        """Nothing listens there."""
        return issubclass(KINDS.get(self.failure, NotObserved), Refused)

    def not_observed(self) -> NotObserved:
        """Why there is no answer."""
        return KINDS.get(self.failure, NotObserved)(self.reason)

    def evidence(self) -> tuple[str, ...]:
        if self.answer is not None:
            return self.answer.evidence()
        return (f"{self.scheme} at {self.address}: {self.reason}",)


@dataclass(frozen=True)
class WebSite(Observation):
    """The page of a site at its addresses, where it leads to, and what comes of asking for it compressed."""

    host: str
    ipv4: Annotated[Answer, "A"]
    ipv6: Annotated[Answer, "AAAA"]
    visits: tuple[Visit, ...]
    """HTTPS and HTTP at the first address of each kind, and HTTPS at the others."""
    followed: tuple[WebAnswer, ...] = ()
    """The pages that the redirects of the HTTPS page led to, as far as they were followed."""
    left: str = ""
    """The first redirect that was not followed: it leads elsewhere, or there were too many."""
    compressed: WebAnswer | None = None
    """The page as it comes to whoever takes any content coding; its body is not kept."""
    alike: float | None = None
    """How much of the words of the page is the same over IPv4 and IPv6, from 0 to 1; None where one did not come."""

    def of(self, scheme: str) -> Iterator[Visit]:
        """The visits over HTTP, or over HTTPS."""
        return (visit for visit in self.visits if visit.scheme == scheme)

    def answer(self, scheme: str) -> WebAnswer | None:
        """The answer of the first address that gave one."""
        return next((visit.answer for visit in self.of(scheme) if visit.answer is not None), None)

    def reached(self, scheme: str) -> WebAnswer | None:
        """As ``answer``; None only where every address refuses the connection. Raises NotObserved."""
        if not self.visits:
            raise NoAddress(f"{self.host} has no address", self.evidence())
        if (found := self.answer(scheme)) is None:
            for visit in self.of(scheme):
                if not visit.refused:
                    raise visit.not_observed()
        return found

    @property
    def page(self) -> WebAnswer | None:
        """The page that a visitor sees in the end; None where HTTPS does not give it."""
        first = self.answer("https")
        return self.followed[-1] if self.followed else first if first is not None and not first.tls_error else None

    def evidence(self) -> tuple[str, ...]:
        lines = [*self.ipv4.evidence(), *self.ipv6.evidence()]
        lines += [line for visit in self.visits for line in visit.evidence()]
        lines += [line for page in self.followed for line in page.evidence()]
        if self.left:
            lines.append(f"not followed: {self.left}")
        if self.compressed is not None:
            lines += ("with any content coding:", *self.compressed.evidence())
        if self.alike is not None:
            lines.append(f"{self.alike:.0%} of the words are the same over IPv4 and IPv6")
        return tuple(lines)


@dataclass(frozen=True)
class SecurityTxt(Observation):
    """What stands at /.well-known/security.txt over HTTPS (RFC 9116, section 3)."""

    host: str
    answer: WebAnswer | None
    at: str
    """When it was fetched, ISO 8601 in UTC."""
    left: str = ""
    """A redirect that was not followed."""
    key: WebAnswer | None = None
    """The key that Encryption names, where that is a page of the same domain."""

    def evidence(self) -> tuple[str, ...]:
        if self.answer is None:
            return (f"{self.host} gives no page over HTTPS",)
        keys = self.key.evidence() if self.key is not None else ()
        return (*self.answer.evidence(), "", *self.answer.body.splitlines()[:100], *keys)
