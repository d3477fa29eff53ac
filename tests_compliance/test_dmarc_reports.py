"""DMARC reports: whether they are asked for, and arrive (RFC 9990)."""

from __future__ import annotations

from mailproof.controls import MAY, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.grammars.dmarc import has_size, mailbox_domain, report_uris, rewritten, without_size
from mailproof.net.errors import NotObserved
from mailproof.observations.dmarc import DMARC, Destination, DMARCReports
from mailproof.references import CHECKDMARC, INTERNET_NL, Reference, rfc
from mailproof.remedies import txt
from mailproof.targets.mail import MailDomain

FAMILY = Family("DMARC", "DMARC policies")


@control("DMARC-RUA-PRESENT", SHOULD, rfc(9989, "5.1.3"), harm=Harm.ABUSED)
def test_aggregate_reports_are_asked_for(dmarc: DMARC, mail_domain: MailDomain) -> None:
    """The DMARC record that applies to a sending domain asks for aggregate reports (rua).

    Why: they alone show who sends in the domain's name, and whose mail a stricter policy would lose.
    Fix: add rua=mailto:... to the record, with an address that somebody or something reads.
    """
    if not mail_domain.sends:
        leave_to("PARKED-RUA", "the domain does not send")
    policy = dmarc.policy
    if policy is None:
        if dmarc.void:
            leave_to("DMARC-SYNTAX", "the record is void")
        leave_to("DMARC-EXISTS", "no DMARC policy applies")
    if policy.record.get("rua") is not None:
        return
    if policy.record.unreadable:
        leave_to("DMARC-SYNTAX", "a part of the record, perhaps rua, cannot be read")
    finding(SHOULD, f"_dmarc.{policy.domain} asks for no aggregate reports")


@control("DMARC-URI-SYNTAX", MAY, rfc(9989, "4.7"), CHECKDMARC, harm=Harm.ABUSED)
def test_report_addresses_are_usual(dmarc: DMARC) -> None:
    """Reports are asked for by mail, at no more than two addresses, and without a limit of their size.

    Why: receivers need support mailto: only, may heed the first two addresses only, and ignore the size.
    Fix: keep two mailto: addresses, and remove what begins with an exclamation mark behind them.
    """
    record = dmarc.own.record
    if record is None:
        not_applicable("the domain has no DMARC record of its own")
    given = {tag: report_uris(value) for tag in ("rua", "ruf") if (value := record.get(tag))}
    if not given:
        not_applicable("the record asks for no reports")
    if any(error.startswith(("rua", "ruf")) for error in record.errors):
        leave_to("DMARC-SYNTAX", "an address is no URI")
    for tag, uris in given.items():
        other = [uri for uri in uris if not mailbox_domain(uri)]
        assert not other, f"{tag}: {other[0]} is no mail address: receivers need not support it"
        sized = [uri for uri in uris if has_size(uri)]
        if sized:
            plain = {name: ",".join(map(without_size, found)) for name, found in given.items()}
            mended = "" if record.errors else rewritten(record, **plain)
            fail(
                f"{tag}: {sized[0]} has a size, which RFC 9989 removed",
                remedy=txt(dmarc.own.answer, record.text, mended) if mended else None,
            )
        assert len(uris) <= 2, f"{tag} has {len(uris)} addresses; receivers may heed two only"


@control("DMARC-RUA-EXTERNAL-AUTH", SHOULD, rfc(9990, "4"), INTERNET_NL, harm=Harm.ABUSED)
def test_other_organisations_agree_to_get_reports(dmarc_reports: DMARCReports) -> None:
    """Every domain of another organisation that is to get reports says that it wants them.

    Why: receivers do not send reports to a domain that did not agree.
    Fix: have the domain publish v=DMARC1; as a TXT record at DOMAIN._report._dmarc, or at *._report._dmarc.
    """
    external = [one for one in _destinations(dmarc_reports) if one.external]
    if not external:
        not_applicable("reports stay within the organisation")
    if any(one.unregistered for one in external):
        leave_to("DANGLE-RUA", "nobody has registered a domain that is to get reports")
    silent = [one for one in external if one.agreement is not None and not one.agrees]
    if silent and all(not one.takes_mail and not one.failure for one in silent):
        leave_to("DMARC-RUA-HAS-MX", "nothing can be sent there")
    refused = [
        f"{dmarc_reports.domain}._report._dmarc.{one.domain} has no DMARC record: {one.tag} {one.uri} is ignored"
        for one in silent
    ]
    assert not refused, "; ".join(refused)
    _require_all(dmarc_reports)


@control("DMARC-RUA-HAS-MX", SHOULD, rfc(5321, "5.1"), rfc(7505, "3"), harm=Harm.ABUSED)
def test_report_addresses_take_mail(dmarc_reports: DMARCReports, mail_domain: MailDomain) -> None:
    """The domain of every report address takes mail.

    Why: reports to it come back to their senders, who give up.
    Fix: correct the address, or publish an MX record for its domain.
    """
    dead = [one for one in _destinations(dmarc_reports) if not one.takes_mail and not one.failure]
    if any(one.unregistered for one in dead):
        leave_to("DANGLE-RUA", "nobody has registered a domain that is to get reports")
    own = [one for one in dead if one.domain == mail_domain.name]
    if own == dead and own and mail_domain.receives:
        has_records = own[0].mx is not None and bool(own[0].mx.records)
        if mail_domain.insists_on_mail or not has_records:
            leave_to("MX-EXISTS", "the domain itself is to get them, and nobody takes its mail")
    told = ", ".join(f"{one.tag} {one.uri}" for one in dead)
    assert not dead, f"no mail can be sent to {told}"
    _require_all(dmarc_reports)


@control("DMARC-RUA-MANDATED", SHOULD, Reference("The inventory's parameter addresses"), harm=Harm.ABUSED)
def test_reports_go_where_the_authority_wants_them(dmarc: DMARC, *, addresses: tuple[str, ...] = ()) -> None:
    """Aggregate reports go to the addresses that the parameter addresses names, others beside them.

    Why: some authorities demand it of those whom they oversee (CISA BOD 18-01: reports@dmarc.cyber.dhs.gov).
    Fix: add the addresses to rua.
    """
    if not addresses:
        not_applicable("no address is prescribed (addresses)")
    if dmarc.policy is None:
        leave_to("DMARC-EXISTS", "no DMARC policy applies")
    given = [uri.lower() for tag, uri in dmarc.policy.record.destinations if tag == "rua"]
    missing = [wanted for wanted in addresses if f"mailto:{wanted.lower().removeprefix('mailto:')}" not in given]
    assert not missing, f"rua of _dmarc.{dmarc.policy.domain} does not name {', '.join(missing)}"


@control(
    "DMARC-RUF-POLICY",
    MAY,
    rfc(9991),
    allowed={"ruf": ("either", "present", "absent")},
    harm=Harm.ABUSED,
)
def test_failure_reports_are_as_wanted(dmarc: DMARC, *, ruf: str = "either") -> None:
    """Failure reports (ruf) are asked for, or not, as the parameter ruf says.

    Why: they hold parts of people's mail; some authorities demand them, others forbid them.
    Fix: add ruf to the DMARC record, or remove it.
    """
    if ruf == "either":
        not_applicable("either is accepted (ruf)")
    if dmarc.policy is None:
        leave_to("DMARC-EXISTS", "no DMARC policy applies")
    given = dmarc.policy.record.get("ruf") is not None
    assert given == (ruf == "present"), f"ruf is {'given' if given else 'not given'}; {ruf} is wanted"


def _destinations(reports: DMARCReports) -> tuple[Destination, ...]:
    if not reports.record:
        not_applicable("the domain has no DMARC record of its own")
    if not reports.destinations:
        not_applicable("the record asks for no reports by mail")
    return reports.destinations


def _require_all(reports: DMARCReports) -> None:
    """Raises NotObserved where some of the addresses were not looked at."""
    unknown = [f"{one.domain}: {one.failure}" for one in reports.destinations if one.failure]
    if unknown or reports.left_out:
        more = [f"{reports.left_out} domains are beyond the bound"] if reports.left_out else []
        raise NotObserved("; ".join([*unknown, *more]), reports.evidence())
