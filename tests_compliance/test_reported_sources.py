"""Who sends in the name of a domain, as receivers report it (RFC 9990).

The aggregate reports that the inventory names are judged together: sources of the 30 days before the newest one's end.
"""

from __future__ import annotations

from mailproof.controls import MAY, SHOULD, Between, Family, Harm, control, finding, not_applicable
from mailproof.grammars.received import seconds_of
from mailproof.net.errors import NotAvailable, Unreadable
from mailproof.observations.failing_sources import FailingSources, OwnSourceSeen
from mailproof.observations.reports import Reported, SourceSeen, day
from mailproof.observations.source_classes import FORWARDED
from mailproof.references import PRACTICE, rfc

FAMILY = Family("DMARC", "DMARC policies")


@control(
    "DMARC-REPORTS-ARRIVE",
    SHOULD,
    rfc(9989, "5.1.3"),
    by_clock=True,
    allowed={"days": Between(1, 3650)},
    harm=Harm.ABUSED,
)
def test_reports_arrive(reported: Reported, *, days: float = 8.0, reporters: tuple[str, ...] = ()) -> None:
    """Aggregate reports of the domain arrive: at least one a week, and from the reporters that the parameter names.

    Why: reports that stop show that rua no longer works, or that nobody collects them.
    Fix: look at the record's rua, at the mailbox, and at what collects the reports. A reporter is named by a part of
    its name or address, like google.com; the parameter days is a week and a day, since reports come late.
    """
    then = seconds_of(reported.observed_at) or 0.0
    if not reported.reporters:
        _require_all_read(reported)
        finding(
            MAY,
            f"no report is about {reported.domain}",
            why="it gets none, or its reports are collected somewhere else",
            fix="name all directories of reports in the inventory, or look at the record's rua",
        )
    for wanted in reporters or ("",):
        ends = [end for name, email, end in reported.reporters if wanted.lower() in f"{name} {email}".lower()]
        who = f" of {wanted}" if wanted else ""
        if not ends or then - max(ends) > days * 86_400:
            _require_all_read(reported)
            newest = f"the newest report{who} ends on {day(max(ends))}" if ends else f"there is no report{who}"
            finding(SHOULD, f"{newest}: more than {days:g} days ago" if ends else newest)


def _require_all_read(reported: Reported) -> None:
    """Raise Unreadable where what is missing, or a finding, may stand in a file that could not be read.

    To be called where nothing in the other files tells the verdict: before a pass that speaks of all messages, and
    before one for which there are too few. The file itself is a matter of RPT-AGG-PARSE.
    """
    if reported.unread:
        raise Unreadable(f"not all files of reports could be read: {reported.unread[0]}", reported.evidence())


def _require_messages(reported: Reported) -> None:
    if not reported.messages:
        _require_all_read(reported)
        not_applicable(f"no report tells of messages of {reported.domain}")


@control(
    "DMARC-OWN-SOURCES",
    SHOULD,
    rfc(9990),
    rfc(9989, "5.1.5"),
    allowed={"percent": Between(0, 100), "messages": Between(1, 1_000_000)},
    harm=Harm.REFUSED,
)
def test_own_source_passes(own_source_seen: OwnSourceSeen, *, percent: float = 98.0, messages: int = 10) -> None:
    """Mail from each sending address of the inventory passes DMARC at its receivers.

    Why: what fails there is refused as soon as the policy is strict, and distrusted before. An address with fewer
    messages than the parameter messages says is not judged.
    Fix: authorise the address in SPF, sign with d= the domain of From; the evidence tells which of them fails.
    """
    seen = own_source_seen.seen.source
    if seen.messages < messages:
        _require_reports_read(own_source_seen)
        if own_source_seen.left_out:
            raise NotAvailable(
                f"{own_source_seen.left_out} sources are beyond the bound of the reports, perhaps {seen.address}",
                own_source_seen.evidence(),
            )
        if not own_source_seen.messages:
            not_applicable(f"no report tells of messages of {own_source_seen.domain}")
        not_applicable(f"the reports tell of {seen.messages} messages from {seen.address}; {messages} are wanted")
    assert seen.passed * 100 >= percent * seen.messages, (
        f"DMARC passes for {seen.passed} of {seen.messages} messages of {seen.address} "
        f"(SPF {seen.by_spf}, DKIM {seen.by_dkim})"
    )
    _require_reports_read(own_source_seen)


@control("DMARC-UNKNOWN-PASS", SHOULD, rfc(9989, "5.1.5"), harm=Harm.ABUSED)
def test_no_unknown_source_passes(reported: Reported) -> None:
    """No address outside the inventory sends mail that passes DMARC by SPF.

    Why: SPF authorises somebody whom the inventory does not know: a forgotten service, or a record that is too wide.
    Fix: name the address in the inventory (sending), or take it out of the SPF record. One that passes by DKIM alone is
    mostly a forwarder, and advice.
    """
    if not reported.own:
        not_applicable("the inventory names no sending addresses of the domain (sending)")
    _require_messages(reported)
    unknown = [one for one in reported.by_address() if one.address not in reported.known]
    if by_spf := [one for one in unknown if one.by_spf]:
        finding(SHOULD, f"SPF passes for {_listed(by_spf, 'by_spf')}")
    by_dkim = [one for one in unknown if one.by_dkim and not set(one.reasons) & FORWARDED]
    if by_dkim:
        finding(
            MAY,
            f"DKIM alone passes for {_listed(by_dkim, 'by_dkim')}",
            why="mostly a forwarder; otherwise a sender with a key of the domain whom the inventory does not know",
            fix="find out whose addresses they are, and name your own in the inventory (sending)",
        )
    _require_all_read(reported)


def _listed(sources: list[SourceSeen], counted: str) -> str:
    shown = ", ".join(f"{one.address} ({getattr(one, counted)} messages)" for one in sources[:10])
    return shown + (f" and {len(sources) - 10} more" if len(sources) > 10 else "")


@control(
    "DMARC-OVERRIDES",
    MAY,
    rfc(9990),
    PRACTICE,
    allowed={"percent": Between(0, 100), "messages": Between(1, 1_000_000)},
    harm=Harm.REFUSED,
)
def test_receivers_follow_the_policy(reported: Reported, *, percent: float = 10.0, messages: int = 100) -> None:
    """Receivers do something else than the policy says with a small share of the messages.

    Why: many overrides (forwarded, local_policy, mailing_list) show mail that takes ways on which SPF and DKIM fail: a
    stricter policy would lose it. The limit is the practice of administrators.
    Fix: sign all mail with DKIM, so that forwarding does not break it; look at the sources in the evidence.
    """
    _require_messages(reported)
    total = reported.messages
    if total < messages:
        _require_all_read(reported)
        not_applicable(f"the reports tell of {total} messages only; {messages} are wanted")
    overridden = sum(one.overridden for one in reported.sources)
    reasons = ", ".join(dict.fromkeys(reason for one in reported.sources for reason in one.reasons))
    assert overridden * 100 <= percent * total, f"{overridden} of {total} messages were treated otherwise: {reasons}"
    _require_all_read(reported)


@control("DMARC-ENRICH", SHOULD, rfc(9989, "5.1.5"), rfc(8601, "3"), rfc(5782, "2"), harm=Harm.REFUSED)
def test_no_failing_source_is_a_host_of_ours(failing_sources: FailingSources) -> None:
    """No source whose mail fails DMARC is a host of our own by its reverse name. The evidence tells what others are.

    Why: a host that nobody thought of sends in the domain's name, and its mail is lost as soon as the policy is strict.
    Fix: name the host in the inventory (sending), authorise it in SPF, and let it sign; or take its mail away from it.
    """
    if not failing_sources.messages:
        _require_reports_read(failing_sources)
        not_applicable(f"no report tells of messages of {failing_sources.domain}")
    own = [source for source in failing_sources.sources if source.own]
    assert not own, "; ".join(
        f"{one.own} ({one.source.address}): {one.source.messages - one.source.passed} of {one.source.messages} "
        "messages fail DMARC"
        for one in own
    )
    unknown = [source for source in failing_sources.sources if source.unknown and not source.is_told]
    if unknown:
        raise NotAvailable(
            f"of {len(unknown)} failing sources it is not known what they are: {unknown[0].unknown[0]}",
            failing_sources.evidence(),
        )
    _require_reports_read(failing_sources)


def _require_reports_read(seen: FailingSources | OwnSourceSeen) -> None:
    if seen.unread:
        raise Unreadable(f"not all files of reports could be read: {seen.unread[0]}", seen.evidence())
