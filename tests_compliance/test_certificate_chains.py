"""The chains of certificates that servers send: their order, what is in them for nothing, how long they are valid."""

from __future__ import annotations

from datetime import datetime, timedelta

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.criteria.lifetimes import SC_081, lifetime, most_days
from mailproof.net.errors import NotAvailable
from mailproof.net.pkix.certificates import Certificate
from mailproof.net.pkix.paths import PathStatus
from mailproof.observations.certificates import CertificateContents, NamelessCertificate
from mailproof.observations.tls import Certificates, Deployment
from mailproof.references import BASELINE_REQUIREMENTS, SC_081V3, rfc
from mailproof.tests_compliance.test_certificates import judged_by_pkix, require_tls

FAMILY = Family("CERT", "Certificates", also=("CHAIN",))


@control("CERT-CHAIN-ORDER", SHOULD, rfc(8446, "4.4.2"), rfc(5246, "7.4.2"), harm=Harm.READ)
def test_chain_is_in_order(certificates: Certificates) -> None:
    """Each certificate sent certifies the one before it, the server's own is the first, and none is there for nothing.

    Why: RFC 5246 demands the order, and some clients look no further than it.
    Fix: put the server's certificate first into the chain file, then its issuer, then the issuer of that; nothing else.
    """
    for deployment in judged_by_pkix(certificates):
        if wrong := misplaced(deployment):
            fail(wrong)
        if others := foreign(deployment):
            told = f"{deployment.path.status}: {deployment.path.detail}"
            if deployment.path.status is PathStatus.ISSUER_MISSING:
                leave_to("CERT-CHAIN-COMPLETE", told)
            if deployment.path.status in (PathStatus.BROKEN_SIGNATURE, PathStatus.GIVEN_UP):
                leave_to("CERT-TRUST", told)
            fail(f"nothing that is sent was issued by {', '.join(found.subject for found in others)}")


def misplaced(deployment: Deployment) -> str:
    """What stands twice or in the wrong place; empty where nothing does."""
    facts = deployment.chain.facts
    sent = [certificate.sha256 for certificate in facts]
    twice = [found.subject for number, found in enumerate(facts) if found.sha256 in sent[:number]]
    if twice:
        return f"sent twice: {', '.join(dict.fromkeys(twice))}"
    places = [sent.index(needed) for needed in deployment.path.certificates if needed in sent]
    if places == sorted(places):
        return ""
    order = " > ".join(facts[place].subject for place in sorted(places))
    return f"the certificates are not in the order in which they certify: {order}"


def foreign(deployment: Deployment) -> list[Certificate]:
    """Certificates that have no place above the server's own, not even in another path than the one that was taken."""
    left = [c for c in deployment.chain.facts if c.sha256 not in deployment.path.certificates]
    wanted = {c.subject for c in deployment.chain.facts if c not in left} | {deployment.chain.leaf.issuer}
    wanted |= {c.issuer for c in deployment.chain.facts if c not in left}
    while akin := [c for c in left if c.subject in wanted]:
        wanted |= {c.issuer for c in akin}
        left = [c for c in left if c not in akin]
    return left


@control("CERT-NO-ROOT", MAY, rfc(8446, "4.4.2"), harm=Harm.READ)
def test_root_is_not_sent(certificates: Certificates, certificate_contents: CertificateContents) -> None:
    """The trusted root is not sent: clients have it.

    Why: it makes every handshake longer and proves nothing. A TLSA record with the usage DANE-TA is another matter.
    Fix: leave the root out of the chain file.
    """
    chains = judged_by_pkix(certificates)
    sent = [d for d in chains if d.path.root in {c.sha256 for c in d.chain.facts[1:]}]
    for deployment in sent:
        if deployment.path.status in (PathStatus.SELF_SIGNED, PathStatus.UNTRUSTED_ROOT):
            leave_to("CERT-TRUST", f"{deployment.path.status}: {deployment.path.detail}")
        if certificate_contents.names_anchor is None:
            raise NotAvailable("whether a TLSA record with the usage DANE-TA wants the root to be sent is not known")
        if certificate_contents.names_anchor:
            not_applicable("a TLSA record has the usage DANE-TA: its certificate is sent (RFC 7672, section 3.1.2)")
        root = next(c for c in deployment.chain.facts if c.sha256 == deployment.path.root)
        finding(MAY, f"the root {root.subject} is sent")


@control("CERT-LIFETIME", MUST, BASELINE_REQUIREMENTS, harm=Harm.READ)
def test_lifetime_is_what_public_cas_were_allowed(
    certificates: Certificates, certificate_contents: CertificateContents
) -> None:
    """A certificate of a public CA from before 15 March 2026 is valid for 398 days at most; 825, from before September
    2020.

    Why: browsers and Apple's mail programs refuse what is valid for longer than CAs may issue.
    Fix: have the certificate issued anew.
    """
    _require_lifetime(certificates, certificate_contents, by_sc_081=False)


@control("CERT-LIFETIME-BR", MUST, SC_081V3, BASELINE_REQUIREMENTS, harm=Harm.READ)
def test_lifetime_is_what_public_cas_are_allowed(
    certificates: Certificates, certificate_contents: CertificateContents
) -> None:
    """A certificate of a public CA since 15 March 2026 is valid for 200 days at most; 100, since 15 March 2027; 47,
    since 15 March 2029.

    Why: it was issued against the rules; clients refuse it, and its CA has to revoke it.
    Fix: have the certificate issued anew, and let a machine renew it.
    """
    _require_lifetime(certificates, certificate_contents, by_sc_081=True)


def _require_lifetime(
    certificates: Certificates, certificate_contents: CertificateContents, *, by_sc_081: bool
) -> None:
    judged = False
    for leaf in public_leaves(certificates, certificate_contents):
        begins, ends = (datetime.fromisoformat(moment) for moment in (leaf.not_before, leaf.not_after))
        most = most_days(begins)
        if most is None or (begins >= SC_081) is not by_sc_081:
            continue
        judged = True
        valid = lifetime(begins, ends)
        told = f"{leaf.subject}, issued on {leaf.not_before}, is valid for {valid}, more than {most} days"
        assert valid <= timedelta(days=most), told
    if not judged:
        not_applicable(f"no certificate of a public CA was issued {'since' if by_sc_081 else 'before'} 15 March 2026")


def public_leaves(certificates: Certificates, contents: CertificateContents) -> tuple[Certificate, ...]:
    """The server certificates below a public root; the control does not apply where there is none."""
    chains = judged_by_pkix(certificates)
    found = tuple(d.chain.leaf for d, shown in zip(chains, contents.shown, strict=False) if shown.public)
    if not found:
        not_applicable("no certificate is one of a public CA, and the rules for these do not bind others")
    return found


@control("CERT-NO-SNI-LEAK", MAY, rfc(6066, "3"), harm=Harm.READ)
def test_same_certificate_without_sni(certificates: Certificates, nameless_certificate: NamelessCertificate) -> None:
    """A client that names no host (SNI) is shown a certificate for this host as well.

    Why: senders without DANE and MTA-STS need not name it; another customer's certificate tells who else is there.
    Fix: make the certificate of the mail host the server's default.
    """
    require_tls(certificates)
    if nameless_certificate.refused:
        leave_to("TLS-SNI", f"without SNI: {nameless_certificate.refused}")
    if nameless_certificate.names is None:
        not_applicable("the endpoint shows no certificate")
    if nameless_certificate.same or nameless_certificate.matches_host:
        return
    names = ", ".join(nameless_certificate.names[:5]) or "no name"
    finding(MAY, f"without SNI the certificate is one for {names}")
