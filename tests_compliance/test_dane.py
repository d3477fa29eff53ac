"""DANE for SMTP (RFC 7672)."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.observations.dane import DANE, TLSA
from mailproof.references import INTERNET_NL, rfc
from mailproof.remedies import Remedy
from mailproof.targets.mail import MailHost

FAMILY = Family("DANE", "DANE for SMTP")


@control("DANE-EXISTS", MAY, rfc(7672, "2.2.3"), INTERNET_NL, harm=Harm.READ)
def test_tlsa_records_exist(tlsa: TLSA, mail_host: MailHost) -> None:
    """Every MX host publishes TLSA records for port 25, secured by DNSSEC.

    Why: with them senders know that TLS is to be had and which key is right, and cannot be talked out of it.
    Fix: sign the zone, then publish "3 1 1" records of the server's key at _25._tcp of the host.
    """
    if not mail_host.domains:
        not_applicable("no MX record names this host")
    if not tlsa.addresses.exists:
        leave_to("MX-RESOLVES", "the host has no address")
    assert tlsa.records, f"_25._tcp.{tlsa.host} has no TLSA record ({tlsa.answer.rcode})"
    if tlsa.proposed:
        not_applicable("the records are judged as proposed: whether they are secure shows only once they are published")
    assert tlsa.secure, (
        f"the TLSA records or the addresses of {tlsa.host} are not secured by DNSSEC: senders ignore them"
        + (f" ({tlsa.why_insecure})" if tlsa.why_insecure else "")
    )


@control(
    "DANE-MATCH",
    MUST,
    rfc(7672, "3.2"),
    rfc(7672, "2.2"),
    rfc(6698, "2.1"),
    rfc(7671, "8"),
    harm=Harm.LOST,
)
def test_a_tlsa_record_matches_the_certificate(dane: DANE) -> None:
    """A usable TLSA record matches every certificate that the server sends after STARTTLS.

    Why: senders that do DANE do not deliver to a server that does not match.
    Fix: publish the record of the new key two TTLs before the certificate changes, and remove the old one after.
    """
    if not dane.tlsa.records:
        not_applicable("there is no TLSA record")
    if not dane.tlsa.applies:
        leave_to("DANE-EXISTS", "the TLSA records are not secured by DNSSEC")
    if not dane.tls_offered:
        fail(
            "TLSA records are published, but the server does not offer STARTTLS",
            why="the records promise TLS, so senders that do DANE defer the mail and give up in the end (RFC 7672, "
            "section 2.2).",
            fix="switch STARTTLS on at this server; until then remove the TLSA records.",
        )
    if dane.tls_failure:
        fail(
            f"TLSA records are published, but {dane.tls_failure}",
            why="the records promise TLS, so senders that do DANE defer the mail and give up in the end (RFC 7672, "
            "section 2.2).",
            fix="mend the handshake (the server's log says why it fails); until then remove the TLSA records.",
        )
    if not any(record.usable for record in dane.tlsa.records):
        _require_usable(dane.tlsa)
    for match in dane.chains:
        leaf = match.chain.leaf
        if match.passed_over and not match.matching:
            fail(
                f"only {match.passed_over[0]} matches the {leaf.key_type} certificate {leaf.subject}, and other "
                "records of that usage and selector have a stronger digest",
                why="senders that know both digests look at the stronger one alone, and do not deliver (RFC 7671, "
                "section 9).",
                fix="publish both digests of each key, or remove the records with the stronger one.",
            )
        if match.remarks and not match.matching:
            fail(
                f"no TLSA record matches the {leaf.key_type} certificate {leaf.subject}: {'; '.join(match.remarks)}",
                fix="renew the certificate under the issuer of the record and for the name of the host; or publish a "
                '"3 1 1" record of the server\'s key, to which dates and names do not matter.',
            )
        if not match.matching:
            remedy = _with_keys(dane)
            fail(
                f"no TLSA record matches the {leaf.key_type} certificate {leaf.subject}",
                fix=_LOOK_FIRST if remedy else None,
                remedy=remedy,
            )


_LOOK_FIRST = (
    "see first, on the server itself, that this is its key: somebody in between would show another. If it is, publish "
    "its record; next time do so two TTLs before the certificate changes."
)


def _with_keys(dane: DANE) -> Remedy | None:
    """The usable records, which other addresses of the host may need, and those of the keys that this one shows."""
    usable = tuple(record for record in dane.tlsa.records if record.usable)
    if any(record.parameters == "3 1 2" for record in usable):
        return None  # senders would look at these alone
    return dane.tlsa.replaced_by((*usable, *dane.keys_in_use)) if dane.keys_in_use else None


def _require_usable(tlsa: TLSA) -> None:
    """Senders encrypt all the same, and authenticate nobody (RFC 7672, section 2.2)."""
    published = "; ".join(str(record) for record in tlsa.records)
    if any(record.malformed for record in tlsa.records):
        leave_to("DANE-DIGEST-FORM", f"no TLSA record is usable: {published}")
    finding(
        SHOULD,
        f"none of the TLSA records is usable for SMTP (RFC 7672, section 3.1): {published}",
        why="senders that do DANE encrypt then, but take any certificate, also that of somebody in between.",
        fix='publish "3 1 1" records of the server\'s key; usages 0 and 1 do not count for SMTP.',
    )
