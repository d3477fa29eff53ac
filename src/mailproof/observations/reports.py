"""Reports of receivers: what a file holds, and what all files together say of a domain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from mailproof.clock import now
from mailproof.grammars.failure_reports import FailureReport
from mailproof.grammars.received import seconds_of
from mailproof.grammars.tls_reports import TLSReport
from mailproof.observations import Observation

MAX_AHEAD = 2 * 86_400
"""Seconds by which the end of a report may lie ahead: clocks and zones differ. Anybody can send a report that ends in a
hundred years, and next to it all others would be old."""


@dataclass(frozen=True)
class SourceSeen:
    """An address that sent in the name of a domain: how many messages, and of these what."""

    address: str
    header_from: str
    messages: int
    passed: int = 0
    """DMARC passed."""
    by_spf: int = 0
    """SPF passed, aligned."""
    by_dkim: int = 0
    """DKIM passed, aligned."""
    overridden: int = 0
    """The receiver did something else than the policy says, and gave a reason."""
    reasons: tuple[str, ...] = ()
    signed: int = 0
    """A signature names the domain of From, whether it holds or not."""
    first: int = 0
    last: int = 0
    """When the first report begins and the last one ends that has the source, in seconds since 1970; 0 if unknown."""

    def __add__(self, other: SourceSeen) -> SourceSeen:
        return SourceSeen(
            self.address,
            self.header_from,
            self.messages + other.messages,
            self.passed + other.passed,
            self.by_spf + other.by_spf,
            self.by_dkim + other.by_dkim,
            self.overridden + other.overridden,
            tuple(dict.fromkeys((*self.reasons, *other.reasons))),
            self.signed + other.signed,
            min(filter(None, (self.first, other.first)), default=0),
            max(self.last, other.last),
        )

    def describe(self) -> str:
        """One line of proof."""
        reasons = f", reasons: {', '.join(self.reasons)}" if self.reasons else ""
        seen = f", seen from {day(self.first)} to {day(self.last)}" if self.first and self.last else ""
        return (
            f"{self.address} as {self.header_from}: {self.messages} messages, DMARC passed {self.passed}, "
            f"SPF {self.by_spf}, DKIM {self.by_dkim}{reasons}{seen}"
        )


@dataclass(frozen=True)
class AggregateSeen:
    """An aggregate report of DMARC. Times are in seconds since 1970, 0 where it names none."""

    reporter: str
    email: str
    id: str
    begin: int
    end: int
    domain: str
    is_9990: bool
    container: str = ""
    sources: tuple[SourceSeen, ...] = ()
    left_out: int = 0
    """Sources beyond the bound."""
    unnamed_signatures: int = 0
    """Results of DKIM that name no selector."""
    errors: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    """The names of the keys with which messages were signed, in lower case."""


@dataclass(frozen=True)
class Reports(Observation):
    """The reports in one file."""

    file: str
    aggregate: tuple[AggregateSeen, ...] = ()
    tls: tuple[TLSReport, ...] = ()
    ours: tuple[str, ...] = ()
    """The domains of the inventory that reports of TLS are about."""
    observed_at: str = ""
    failure: FailureReport | None = None
    """The failure report that the file is, or the first one of a mailbox."""
    further_failures: tuple[FailureReport, ...] = ()
    """The others of a mailbox."""
    unread: tuple[str, ...] = ()
    """Messages of a mailbox that could not be read, and why."""
    signed_by: tuple[str, ...] | None = None
    """The domains that the message with the report is signed by (DKIM), as it says; None for no message."""

    @property
    def failures(self) -> tuple[FailureReport, ...]:
        """All failure reports."""
        return (*((self.failure,) if self.failure is not None else ()), *self.further_failures)

    def evidence(self) -> tuple[str, ...]:
        lines = []
        for failure in self.failures[:100]:
            about = (
                f"{failure.kind or 'unknown'} of {failure.domain or 'a domain'} from {failure.source or 'somewhere'}"
            )
            lines.append(f"{self.file}: failure report by {failure.software or 'somebody'}: {about}")
        for report in self.aggregate:
            period = f"{day(report.begin)} to {day(report.end)}"
            lines.append(f"{self.file}: DMARC of {report.domain} by {report.reporter}, {period}, id {report.id}")
            lines += [source.describe() for source in report.sources[:100]]
        for found in self.tls:
            lines.append(f"{self.file}: TLS by {found.reporter}, {day(found.begin)} to {day(found.end)}, id {found.id}")
            for policy in found.policies[:100]:
                numbers = f"{policy.successes} sessions succeeded, {policy.failures} failed"
                lines.append(f"{policy.domain} ({policy.type}): {numbers}")
                lines += [f"{one.sessions} x {one.type} at {one.mx or one.address}" for one in policy.details[:100]]
        return (*lines, *self.unread)


def latest_end() -> int:
    """The latest time at which a report may end, in seconds since 1970."""
    return int(seconds_of(now()) or 0.0) + MAX_AHEAD


def day(seconds: int) -> str:
    """A time as a date."""
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return "unknown"


@dataclass(frozen=True)
class Reported(Observation):
    """What all aggregate reports say of a domain."""

    domain: str
    observed_at: str
    reporters: tuple[tuple[str, str, int], ...] = ()
    """Name and mail address of each reporter, and until when its newest report goes."""
    sources: tuple[SourceSeen, ...] = ()
    """Those of the last WINDOW_DAYS before the end of the newest report, one for each address and name in From."""
    own: tuple[str, ...] = ()
    """The addresses that the inventory names as those of the domain's mail."""
    known: tuple[str, ...] = ()
    """All addresses that the inventory knows, those of MX hosts included."""
    duplicates: int = 0
    """Reports that were there twice, and count once."""
    left_out: int = 0
    """Sources beyond the bound."""
    unread: tuple[str, ...] = ()
    """Files that could not be read, and why."""
    since: int = 0
    until: int = 0
    """When the oldest report on the domain begins and the newest one ends, in seconds since 1970; 0 without any."""
    keys: tuple[tuple[str, int], ...] = ()
    """The keys of the domain that reports name, on whatever domain, and until when the newest of these goes."""
    days: tuple[tuple[int, int, int], ...] = ()
    """Of each day its beginning, the messages of reports that begin on it, and how many of these pass: all days."""

    @property
    def messages(self) -> int:
        return sum(source.messages for source in self.sources)

    def by_address(self) -> tuple[SourceSeen, ...]:
        """The sources, those with one address as one; the most messages first."""
        return tuple(sorted(self._by_address.values(), key=lambda source: (-source.messages, source.address)))

    def of_address(self, address: str) -> SourceSeen:
        """What was seen of one address, under all names in From; no messages, if it was not."""
        return self._by_address.get(address) or SourceSeen(address, self.domain, 0)

    @cached_property
    def _by_address(self) -> dict[str, SourceSeen]:
        found: dict[str, SourceSeen] = {}
        for source in self.sources:
            found[source.address] = found[source.address] + source if source.address in found else source
        return found

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{name} <{email}>: until {day(end)}" for name, email, end in self.reporters]
        lines += [source.describe() for source in self.by_address()[:200]]
        lines += [f"{self.duplicates} reports were there twice"] if self.duplicates else []
        return (*lines, *self.unread)
