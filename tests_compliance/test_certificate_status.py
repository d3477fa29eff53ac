"""What others say of certificates: the CA whether it revoked them, logs that they have seen them, and the DNS whether
the CA may renew them.
"""

from __future__ import annotations

from datetime import datetime

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.grammars.caa import CAARecord, parse_caa
from mailproof.net.dns.registration import owned
from mailproof.net.errors import Bogus, NotAvailable
from mailproof.net.pkix.paths import PathStatus
from mailproof.net.pkix.revocation import Said, Status
from mailproof.observations.certificates import NO_ISSUER, CertificateContents, NameRenewed, Renewal, Revocation
from mailproof.observations.tls import Certificates
from mailproof.references import BASELINE_REQUIREMENTS, rfc
from mailproof.tests_compliance.test_certificate_chains import public_leaves
from mailproof.tests_compliance.test_certificates import judged_by_pkix

FAMILY = Family("CERT", "Certificates", also=("CHAIN",))


@control("CERT-REVOKED", SHOULD, rfc(5280, "6.3"), rfc(6960, "3.2"), by_clock=True, harm=Harm.READ)
def test_certificate_is_not_revoked(
    certificates: Certificates, certificate_contents: CertificateContents, revocation: Revocation
) -> None:
    """The CA has revoked neither the server's certificate nor an intermediate.

    Why: clients that look it up refuse the certificate; it was revoked because its key is known to others, or it was
    issued against the rules.
    Fix: have a certificate issued for a new key, and find out why this one was revoked.
    """
    chains = judged_by_pkix(certificates)
    at = datetime.fromisoformat(certificates.at)
    for shown in certificate_contents.shown:
        if shown.staple and not shown.staple.fault and shown.staple.is_current(at):
            assert shown.staple.status is not Status.REVOKED, _revoked(shown.leaf.subject, shown.staple)
    for checked in revocation.checked:
        if checked.said and not checked.said.fault:
            assert checked.said.status is not Status.REVOKED, _revoked(checked.subject, checked.said)
    if all(deployment.path.status is not PathStatus.TRUSTED for deployment in chains):
        leave_to("CERT-TRUST", "the certificate is not trusted to begin with")
    if revocation.off:
        not_applicable("the inventory wants no CA to be asked (crl: false)")
    for checked in revocation.checked:
        if checked.failure:
            raise checked.failure.failure()
        if checked.said and (why := _unsaid(checked.said, at)):
            raise NotAvailable(f"{checked.source}: {why}", revocation.evidence())
    if not revocation.checked:
        not_applicable("the certificates name neither a CRL nor an OCSP responder")


def _revoked(subject: str, said: Said) -> str:
    reason = f" ({said.reason})" if said.reason else ""
    return f"{subject} was revoked on {said.revoked_at}{reason}"


def _unsaid(said: Said, at: datetime) -> str:
    """Why an answer says nothing of a certificate."""
    if said.fault:
        return said.fault
    if said.status is Status.UNKNOWN:
        return "the responder does not know the certificate"
    return "" if said.is_current(at) else f"it is of {said.this_update} and holds until {said.next_update}"


@control("CERT-OCSP-STAPLE", MUST, rfc(7633, "4"), rfc(6066, "8"), by_clock=True, harm=Harm.READ)
def test_ocsp_response_comes_where_it_must(
    certificates: Certificates, certificate_contents: CertificateContents
) -> None:
    """A certificate that demands an OCSP response (must-staple) is shown with one, and one that is shown is right.

    Why: clients that know the demand refuse the certificate without; a wrong response makes others refuse it.
    Fix: switch OCSP stapling on in the server, or have the certificate issued without the demand.
    """
    judged_by_pkix(certificates)
    at = datetime.fromisoformat(certificates.at)
    looked_at = False
    for shown in certificate_contents.shown:
        demanded = shown.leaf.must_staple
        if shown.staple_fault == NO_ISSUER:
            raise NotAvailable(f"the OCSP response of {shown.leaf.subject}: {NO_ISSUER}")
        if shown.staple_fault:
            looked_at = True
            finding(MUST if demanded else SHOULD, f"the OCSP response of {shown.leaf.subject}: {shown.staple_fault}")
        if shown.staple is None:
            assert not demanded, f"{shown.leaf.subject} demands an OCSP response (must-staple), and none comes with it"
            continue
        looked_at = True
        if shown.staple.status is Status.REVOKED:
            leave_to("CERT-REVOKED", f"{shown.leaf.subject} was revoked")
        if why := _unsaid(shown.staple, at):
            finding(MUST if demanded else SHOULD, f"the OCSP response of {shown.leaf.subject}: {why}")
    if not looked_at:
        not_applicable("no OCSP response comes with the certificate, and none must: mail programs do not look for one")


@control("CERT-CT", MAY, rfc(6962, "3.3"), harm=Harm.READ)
def test_logs_have_seen_the_certificate(certificates: Certificates, certificate_contents: CertificateContents) -> None:
    """A certificate of a public CA comes with timestamps of transparency logs: in it, in the OCSP response, or in the
    handshake.

    Why: what no log has seen may have been issued behind the owner's back; browsers and some mail programs refuse it.
    Fix: have the certificate issued by a CA that puts timestamps into it, as nearly all do.
    """
    public_leaves(certificates, certificate_contents)
    for shown in certificate_contents.shown:
        if not shown.public or shown.leaf.timestamps or (shown.staple and shown.staple.timestamps):
            continue
        if certificate_contents.timestamps_in_hello is None:
            raise NotAvailable("whether the server sends timestamps in the handshake was not seen")
        assert certificate_contents.timestamps_in_hello, f"{shown.leaf.subject} comes with no timestamp of any log"


@control("CERT-RENEWABLE", MAY, rfc(8659, "4"), BASELINE_REQUIREMENTS, harm=Harm.LOST)
def test_issuer_may_issue_again(certificates: Certificates, renewal: Renewal) -> None:
    """The CA that issued the certificate may issue it again: CAA admits it, and no name lies in a bogus zone.

    Why: CAs look at CAA, and validate it since 15 March 2026. The renewal fails, and the certificate runs out.
    Fix: name the CA in the CAA records, or mend DNSSEC of the zone, before the certificate is renewed.
    """
    judged_by_pkix(certificates)
    if not renewal.names:
        not_applicable("no certificate is one of a public CA: others need not look at CAA")
    bogus = [name for name in renewal.names if name.failure and isinstance(name.failure.failure(), Bogus)]
    if any(owned(name.name) == owned(certificates.host) for name in bogus):
        leave_to("SEC-NOT-BOGUS", f"the zone of {certificates.host} is bogus")
    if bogus:
        fail("\n".join(name.line for name in bogus), fix="mend DNSSEC of the zone before the certificate is renewed.")
    if not renewal.issuers:
        not_applicable(f"how CAA records would name the CA ({renewal.organisation or 'without a name'}) is not known")
    refused = [name for name in renewal.names if not _admits(name, renewal.issuers)]
    told = [f"{name.name} ({name.owner}): {'; '.join(name.records)}" for name in refused]
    assert not refused, f"{renewal.organisation} ({renewal.issuers[0]}) may not issue for\n" + "\n".join(told)
    for name in renewal.names:
        if name.failure:
            raise name.failure.failure()


def _admits(name: NameRenewed, issuers: tuple[str, ...]) -> bool:
    """Whether the records let one of ``issuers`` issue for a name, as CAs read them (RFC 8659, section 4)."""
    records = [record for record in map(parse_caa, name.records) if record is not None]
    if any(record.is_unknown and record.flags & 128 for record in records):
        return False
    wild = _of(records, "issuewild") if name.name.startswith("*.") else []
    asked = wild or _of(records, "issue")
    return not asked or any(record.issuer in issuers for record in asked)


def _of(records: list[CAARecord], tag: str) -> list[CAARecord]:
    return [record for record in records if record.tag == tag]
