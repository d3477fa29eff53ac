"""What became of the test messages of an exercise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mailproof.exercises import Arrival, Delivery, Exercise, HandedIn, Sent
from mailproof.grammars.authentication_results import MethodResult, parse_authentication_results
from mailproof.grammars.received import parse_received_spf
from mailproof.observations import Observation


@dataclass(frozen=True)
class Exercised(Observation):
    """The record of an exercise."""

    file: str
    """As reports call it."""
    exercise: Exercise | None
    """None where nothing was exercised so far."""
    observed_at: str = ""
    tries_incoming: bool = True
    """The inventory has what it takes to try SPF, DKIM and DMARC."""
    tries_outgoing: bool = True

    def sent(self, case: str) -> Sent | None:
        """The message of a case."""
        return next((one for one in self._sent if one.case == case), None)

    def sent_below(self, prefix: str) -> tuple[Sent, ...]:
        """The messages of cases whose names begin so."""
        return tuple(one for one in self._sent if one.case.startswith(prefix))

    def handed_in(self, case: str) -> HandedIn | None:
        """The message of a case that was handed in for the sink."""
        found = self.exercise.handed_in if self.exercise else ()
        return next((one for one in found if one.case == case), None)

    def deliveries(self, case: str) -> tuple[Delivery, ...]:
        """The connections to the sink for a case, in their order."""
        found = self.exercise.deliveries if self.exercise else ()
        return tuple(one for one in found if one.case == case)

    @property
    def _sent(self) -> tuple[Sent, ...]:
        return self.exercise.sent if self.exercise else ()

    def evidence(self) -> tuple[str, ...]:
        if self.exercise is None:
            return (f"{self.file}: there is no record",)
        lines = [f"{self.file}: run {self.exercise.run}, {self.exercise.began_at} to {self.exercise.ended_at}"]
        for sent in self.exercise.sent:
            lines += _told(sent)
        for handed in self.exercise.handed_in:
            lines.append(
                f"{handed.case}: handed in for {handed.recipient}: {handed.code} {handed.reply}{handed.failure}"
            )
            lines += [_arrived(delivery) for delivery in self.deliveries(handed.case)]
        return tuple(lines)


@dataclass(frozen=True)
class ReportSeen:
    """A report about a test domain. Times are in seconds since 1970."""

    file: str
    reporter: str
    email: str
    """Of the reporter; empty where the report names none."""
    domain: str
    end: int
    signed_by: tuple[str, ...] | None
    """The domains that signed the message that it came in; None where that was not kept."""


@dataclass(frozen=True)
class ExerciseReports(Observation):
    """What the service reported about the domains of an exercise."""

    exercised: Exercised
    test_domain: str
    """Reports are asked for about it and the domains below it; empty: they are not."""
    sink_domain: str
    """The same of reports of TLS."""
    has_reports: bool
    """The inventory names reports."""
    aggregate: tuple[ReportSeen, ...] = ()
    tls: tuple[ReportSeen, ...] = ()
    shared_with: tuple[str, ...] = ()
    """Other mailboxes that the same domains are used for: a report may be that of their service."""
    unread: tuple[str, ...] = ()
    """Files that could not be read, and why."""

    def evidence(self) -> tuple[str, ...]:
        seen = (
            f"{one.file}: about {one.domain}, by {one.reporter} <{one.email}>" for one in (*self.aggregate, *self.tls)
        )
        return (*self.exercised.evidence(), *seen, *self.unread)


def _told(sent: Sent) -> Iterator[str]:
    yield f"{sent.case}, at {sent.server}: {sent.stage} {sent.code} {sent.reply}{sent.failure}"
    for reply in sent.further:
        yield f"  and then {reply}"
    for arrival in sent.arrivals:
        yield f"  {'what was hidden ' if arrival.smuggled else ''}arrived in {arrival.folder}"
        yield from (f"    Authentication-Results: {' '.join(value.split())}" for value in arrival.results)
        yield from (f"    Received-SPF: {' '.join(value.split())}" for value in arrival.received_spf)


def _arrived(delivery: Delivery) -> str:
    how = f"in {delivery.version} {delivery.suite}" if delivery.version else "in clear"
    outcome = "delivered" if delivery.taken else "not delivered"
    return f"  {delivery.client} ({delivery.helo}) {how}: {outcome}, {delivery.seconds:.0f} s after it was handed in"


def results_of(arrival: Arrival, method: str) -> tuple[MethodResult, ...]:
    """What the receiver's own Authentication-Results say of a method."""
    return tuple(
        result
        for value in arrival.results
        for result in parse_authentication_results(value).results
        if result.method == method
    )


def spf_results(arrival: Arrival) -> tuple[str, ...]:
    """What the receiver wrote of SPF, in Authentication-Results and Received-SPF; of HELO only where that is all."""
    written = [
        (result.result, "smtp.helo" in result.properties and "smtp.mailfrom" not in result.properties)
        for result in results_of(arrival, "spf")
    ]
    fields = map(parse_received_spf, arrival.received_spf)
    written += ((field.result, field.identity == "helo") for field in fields)
    of_sender = tuple(result for result, of_helo in written if not of_helo)
    return of_sender or tuple(result for result, _ in written)
