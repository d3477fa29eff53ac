"""From where a run looked: faults of the tester's own network and clock, worked out from the record alone.

None of it makes a finding go away. Nothing is said before several hosts in different networks agree and none speaks
against it: a single dead host is a dead host.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from statistics import median

from mailproof.net.addresses import is_public, network_of
from mailproof.net.errors import NO_FILES, LyingResolver, NoFiles, NoIPv6, NoResolver, NotObserved, Refused, TimedOut
from mailproof.observations import Observation
from mailproof.observations.mta_sts import STSPolicyFile
from mailproof.observations.smtp import SMTPPort, SMTPSession
from mailproof.observations.tls import Certificates
from mailproof.record import Record
from mailproof.targets.base import Target, Undiscovered
from mailproof.targets.services import Endpoint, MailExchange

WITNESSES = 3
"""Hosts, each in a network of its own, that must agree before anything is blamed on the tester."""

CLOCK_TOLERANCE = timedelta(days=1)
"""Clocks that differ by less are taken to agree; a survey may take hours."""

SMTP_PORT = 25


class Fault(StrEnum):
    """What the tester may lack."""

    NO_RESOLVER = "no resolver"
    LYING_RESOLVER = "lying resolver"
    NO_IPV6 = "no IPv6"
    NO_FILES = "no file descriptors"
    PORT_25_BLOCKED = "port 25 blocked"
    CLOCK_WRONG = "clock wrong"
    CLOCK_DOUBTED = "clock doubted"
    IDENTITY = "identity doubted"


@dataclass(frozen=True)
class Vantage:
    """The faults of the tester, each with the sentence that tells it."""

    faults: dict[Fault, str]

    def retold(self, failure: NotObserved, target: Target) -> NotObserved:
        """``failure`` to observe ``target``, with the tester's fault as its reason if that is behind it."""
        endpoint = target.endpoint if isinstance(target, MailExchange) else target
        text = self.faults.get(Fault.PORT_25_BLOCKED)
        if text and isinstance(endpoint, Endpoint) and _is_mx(endpoint) and _never_connected(failure):
            return type(failure)(text, failure.evidence)
        return failure

    def doubts(self, outcome: Observation, target: Target) -> NotObserved | None:
        """Why an observation says nothing about the target, because it shows the tester's fault; None if it does."""
        text = self.faults.get(Fault.PORT_25_BLOCKED)
        if text and isinstance(outcome, SMTPPort) and not outcome.reached and isinstance(target, Endpoint):
            return NotObserved(text, outcome.evidence()) if _is_mx(target) else None
        return None

    def doubt(self, by_clock: bool) -> NotObserved | None:
        """Why a verdict cannot stand that depends on the time of day (``by_clock``); None where it can.

        What hosts under test tell of the time never makes a finding go away.
        """
        text = self.faults.get(Fault.CLOCK_WRONG)
        return NotObserved(text) if text and by_clock else None


def look(record: Record) -> Vantage:
    """Work out what a record says about who made it."""
    found = {
        Fault.NO_RESOLVER: _reason_of(NoResolver, record),
        Fault.LYING_RESOLVER: _reason_of(LyingResolver, record),
        Fault.NO_IPV6: _no_ipv6(record),
        Fault.NO_FILES: NO_FILES if _reason_of(NoFiles, record) else "",
        Fault.PORT_25_BLOCKED: _port_25_blocked(record),
        Fault.CLOCK_WRONG: _clock_wrong(record),
        Fault.CLOCK_DOUBTED: _clock_doubted(record),
        Fault.IDENTITY: _identity(record),
    }
    return Vantage({fault: text for fault, text in found.items() if text})


def _identity(record: Record) -> str:
    """What servers may refuse the tester for, and others not."""
    if not record.lacks:
        return ""
    return (
        f"servers may refuse this tester where they serve others ({'; '.join(record.lacks)}): what they refused may be "
        "about that; `mailproof identity` tells more"
    )


def _failures(record: Record) -> Iterator[NotObserved]:
    return (outcome for outcome in record.outcomes.values() if isinstance(outcome, NotObserved))


def _reason_of(kind: type[NotObserved], record: Record) -> str:
    """What a fault of the tester's resolver says, wherever it got in the way; empty if it did not."""
    undiscovered = (target for target in record.targets if isinstance(target, Undiscovered))
    said = [failure.reason for failure in _failures(record) if isinstance(failure, kind)]
    said += [target.reason for target in undiscovered if target.failure == kind.kind]
    return next(iter(said), "")


def _no_ipv6(record: Record) -> str:
    number = len({key[1] for key, outcome in record.outcomes.items() if isinstance(outcome, NoIPv6)})
    if not number:
        return ""
    return f"this machine has no IPv6: {number} target{'s' if number > 1 else ''} could not be looked at"


def _is_mx(endpoint: Endpoint) -> bool:
    return endpoint.port == SMTP_PORT and is_public(endpoint.address)


def _never_connected(failure: NotObserved) -> bool:
    """Whether a connection was tried and did not come about."""
    said = [line.partition("-: ")[2] for line in failure.evidence]
    tried = any(line.startswith("connecting to ") for line in said)
    return isinstance(failure, TimedOut | Refused) and tried and "connected" not in said


def _port_25_blocked(record: Record) -> str:
    """Every MX host times out, or every one refuses, while something else could be observed."""
    kinds: set[str] = set()
    addresses: set[str] = set()
    for target in record.targets:
        outcome = record.outcomes.get(("smtp_session", target.id))
        if not isinstance(target, Endpoint) or not _is_mx(target) or outcome is None or isinstance(outcome, NoIPv6):
            continue
        if not isinstance(outcome, NotObserved) or not _never_connected(outcome):
            return ""
        if not any(f"connecting to {_shown(target)} for" in line for line in outcome.evidence):
            return ""  # led elsewhere by the connect map
        kinds.add(outcome.kind)
        addresses.add(target.address)
    networks = len(set(map(network_of, addresses)))
    works = any(isinstance(outcome, Observation) for outcome in record.outcomes.values())
    if networks < WITNESSES or len(kinds) > 1 or not works:
        return ""
    how = "refuses the connection" if kinds == {Refused.kind} else "answers"
    which = "every" if kinds == {Refused.kind} else "none"
    return (
        f"outgoing port 25 seems to be blocked here: {which} of {len(addresses)} MX addresses in {networks} networks "
        f"{how}, while other things can be reached; run from a network that lets port 25 out"
    )


def _shown(endpoint: Endpoint) -> str:
    address = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    return f"{address}:{endpoint.port}"


@dataclass(frozen=True)
class _Witness:
    """By how much a host's clock is ahead of ours: just so, or at least so where it is not ``exact``."""

    host: str
    network: str
    ahead: timedelta
    exact: bool


def _clock_wrong(record: Record) -> str:
    """The clock is outside the time for which the root of the DNS is signed, as the resolver gives the signature."""
    ours = _moment(record.surveyed_at)
    if record.root_signature is None or ours is None:
        return ""
    begin, end = map(datetime.fromisoformat, record.root_signature)
    if ours < begin - CLOCK_TOLERANCE:
        days, word = (begin - ours).days, "behind the beginning"
    elif ours > end + CLOCK_TOLERANCE:
        days, word = (ours - end).days, "past the end"
    else:
        return ""
    return (
        f"the clock of this machine is wrong: it is {days} days {word} of the signature that the root of the DNS has "
        "now; set it and run again"
    )


def _clock_doubted(record: Record) -> str:
    """Hosts in several networks tell another day, none tells ours, and nothing better vouches for the clock."""
    if record.root_signature is not None or record.clock_synchronised:
        return ""
    witnesses = list(_witnesses(record))
    telling = [w for w in witnesses if w.exact or w.ahead > CLOCK_TOLERANCE]
    if any(w.exact and abs(w.ahead) <= CLOCK_TOLERANCE for w in telling):
        return ""
    for sign, word in ((1, "behind"), (-1, "ahead of")):
        agreeing = [w for w in telling if w.ahead * sign > CLOCK_TOLERANCE]
        hosts, networks = {w.host for w in agreeing}, {w.network for w in agreeing}
        if len(agreeing) == len(telling) and min(len(hosts), len(networks)) >= WITNESSES:
            days = abs(median(w.ahead / timedelta(days=1) for w in agreeing))
            least = "" if any(w.exact for w in agreeing) else "at least "
            return (
                f"the clock of this machine may be wrong: it is {least}{days:.0f} days {word} what {len(hosts)} hosts "
                f"in {len(networks)} networks tell; findings about dates stand, but look at the clock first"
            )
    return ""


def _witnesses(record: Record) -> Iterator[_Witness]:
    endpoints = {target.id: target for target in record.targets if isinstance(target, Endpoint)}
    ours = _moment(record.surveyed_at)
    for (_, id), outcome in record.outcomes.items():
        match outcome:
            case STSPolicyFile() if outcome.response is not None and is_public(outcome.response.address):
                told = _date(dict(outcome.response.headers).get("date", ""))
                if told is not None and ours is not None:
                    yield _Witness(id, network_of(outcome.response.address), told - ours, True)
            case SMTPSession() if id in endpoints:
                told = _date(outcome.greeting.text)
                if told is not None and ours is not None:
                    yield _Witness(endpoints[id].host, network_of(endpoints[id].address), told - ours, True)
            case Certificates() if id in endpoints and (at := _moment(outcome.at)) is not None:
                for deployment in outcome.deployments:
                    begins = _moment(deployment.chain.leaf.not_before)
                    if begins is not None:
                        yield _Witness(endpoints[id].host, network_of(endpoints[id].address), begins - at, False)


_DATE = re.compile(r"[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} (?:GMT|UTC|[+-][0-9]{4})")


def _date(text: str) -> datetime | None:
    """The date in a header or a greeting (RFC 9110, section 5.6.7; RFC 5322, section 3.3)."""
    found = _DATE.search(text)
    if found is None:
        return None
    try:
        return parsedate_to_datetime(found[0]).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
