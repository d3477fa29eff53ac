"""Certificates, on every endpoint that speaks TLS. An MX that DANE authenticates is spared: nobody looks for a public
root there, and with DANE-EE nobody looks at names and dates.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from mailproof.controls import MUST, SHOULD, Between, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.net.errors import NotObserved
from mailproof.net.pkix.paths import PathResult, PathStatus
from mailproof.observations.dane import DATES_COUNT, NAMES_COUNT
from mailproof.observations.tls import ByDANE, Certificates, Deployment
from mailproof.references import rfc

FAMILY = Family("CERT", "Certificates", also=("CHAIN",))


@control("CERT-TRUST", SHOULD, rfc(5280, "6"), rfc(8461, "4.2"), rfc(7817, "3"), harm=Harm.READ)
def test_chain_leads_to_a_trusted_root(certificates: Certificates) -> None:
    """A path leads from the server's certificate to a trusted root, through the certificates sent.

    Why: mail programs and senders that heed MTA-STS refuse a certificate that they cannot trust.
    Fix: get a certificate of a public CA and send it with its intermediates; or publish DANE-EE records for the MX.
    """
    found = {d.path.status: f"{d.chain.leaf.subject}: {_told(d.path)}" for d in judged_by_pkix(certificates)}
    for status, told in found.items():
        if status not in (PathStatus.TRUSTED, *_OF_OTHERS, *_UNDECIDED):
            why, fix = _REMEDIES.get(status, (None, None))
            fail(told, why=why, fix=fix)
    for status in _UNDECIDED:
        if status in found:
            raise NotObserved(found[status], certificates.evidence())
    if PathStatus.ISSUER_MISSING in found:
        leave_to("CERT-CHAIN-COMPLETE", found[PathStatus.ISSUER_MISSING])
    if PathStatus.INTERMEDIATE_EXPIRED in found:
        leave_to("CERT-DATES", found[PathStatus.INTERMEDIATE_EXPIRED])


def _told(path: PathResult) -> str:
    return f"{path.status}: {path.detail}" if path.detail else str(path.status)


_OF_OTHERS = (PathStatus.ISSUER_MISSING, PathStatus.INTERMEDIATE_EXPIRED)
"""What keeps a certificate from being trusted and is the finding of another control."""

_UNDECIDED = (PathStatus.UNCHECKED, PathStatus.GIVEN_UP)

_ANOTHER = "have the certificate issued anew"
_REMEDIES = {
    PathStatus.BROKEN_SIGNATURE: (
        None,
        "send the intermediate that really signed the certificate; that of the same name has another key.",
    ),
    PathStatus.REFUSED_SIGNATURE: (
        "clients have given these signatures up, since they can be forged.",
        f"{_ANOTHER}, with its intermediates, by a CA that signs with SHA-256 or better.",
    ),
    PathStatus.MALFORMED: (
        "clients refuse a certificate that is malformed.",
        f"{_ANOTHER}, by a CA that does it right.",
    ),
    PathStatus.NOT_FOR_SERVERS: (
        "clients refuse a certificate that was issued for something else (RFC 5280, section 4.2.1.12).",
        f"{_ANOTHER} for TLS servers (extended key usage serverAuth), by a CA that may do so.",
    ),
    PathStatus.UNKNOWN_CRITICAL: (
        "whoever does not know a critical extension must refuse the certificate (RFC 5280, section 4.2).",
        f"{_ANOTHER} without the extension, or with it not critical.",
    ),
    PathStatus.INTERMEDIATE_NOT_CA: (
        "a certificate may only be signed by one that says that it is a CA's (RFC 5280, section 4.2.1.9).",
        f"{_ANOTHER} by a real CA.",
    ),
    PathStatus.PATH_TOO_LONG: (
        "the CA was allowed fewer CAs below it (RFC 5280, section 4.2.1.9).",
        f"{_ANOTHER} by a CA that stands high enough.",
    ),
    PathStatus.NAME_NOT_ALLOWED: (
        "the CA may not vouch for this name (RFC 5280, section 4.2.1.10), so clients refuse the certificate.",
        f"{_ANOTHER} by a CA that may vouch for all its names, or without the name.",
    ),
    PathStatus.POLICY: (
        "some clients refuse a certificate without the policy that its CA demands (RFC 5280, section 6.1).",
        f"{_ANOTHER} with a policy that the CAs above it allow.",
    ),
    PathStatus.ROOT_EXPIRED: (
        "most clients trust no root that has expired.",
        f"{_ANOTHER} under a current root; or send the intermediate that another root has signed as well.",
    ),
}


@control("CERT-CHAIN-COMPLETE", SHOULD, rfc(8446, "4.4.2"), rfc(5246, "7.4.2"), harm=Harm.READ)
def test_no_intermediate_is_missing(certificates: Certificates) -> None:
    """Every intermediate certificate is sent.

    Why: a client that does not happen to know the intermediate cannot build the path.
    Fix: put the intermediates behind the server's certificate in the chain file (fullchain, not cert).
    """
    for deployment in judged_by_pkix(certificates):
        path = deployment.path
        last = path.path[-1] if path.path else "the certificate"
        assert path.status is not PathStatus.ISSUER_MISSING, (
            f"the issuer of {last} is neither sent nor trusted: {path.detail}"
        )
        if path.status is PathStatus.GIVEN_UP:
            leave_to("CERT-TRUST", f"{path.status}: {path.detail}")


@control("CERT-NAME", SHOULD, rfc(9525, "6"), rfc(8461, "4.1"), rfc(7817, "3"), harm=Harm.READ)
def test_certificate_names_the_host(certificates: Certificates) -> None:
    """The certificate names the host among its subject alternative names.

    Why: a certificate for another name proves nothing about this host; the common name has not counted for years.
    Fix: have the certificate issued for the name that MX records, users and this inventory use.
    """
    for deployment in judged_by_pkix(certificates):
        names = ", ".join(deployment.chain.leaf.dns_names) or "no name at all"
        if not deployment.matches_host and NAMES_COUNT in certificates.told_by_dane:
            leave_to("DANE-MATCH", "names keep a DANE-TA record from matching")
        assert deployment.matches_host, f"{certificates.host} is not among the names of the certificate: {names}"


@control(
    "CERT-DATES",
    SHOULD,
    rfc(5280, "4.1.2.5"),
    by_clock=True,
    allowed={"expiry_warning_fraction": Between(0, 1)},
    harm=Harm.READ,
)
def test_certificate_is_in_date(certificates: Certificates, *, expiry_warning_fraction: float = 0.1) -> None:
    """The server's certificate and the intermediates that it needs are in date.

    Why: an expired certificate is refused by mail programs and by senders that heed MTA-STS.
    Fix: renew the certificate, reload the server, and let a machine do both in future.
    """
    at = datetime.fromisoformat(certificates.at)
    for deployment in judged_by_dates(certificates):
        for number, certificate in enumerate(deployment.below_root):
            not_before, not_after = (datetime.fromisoformat(t) for t in (certificate.not_before, certificate.not_after))
            if number == 0 and not not_before <= at <= not_after and DATES_COUNT in certificates.told_by_dane:
                leave_to("DANE-MATCH", "dates keep a DANE-TA record from matching")
            assert at <= not_after, f"{certificate.subject} expired on {certificate.not_after}"
            assert at >= not_before, f"{certificate.subject} is not valid before {certificate.not_before}"
            left = not_after - at
            if not number and left < (not_after - not_before) * expiry_warning_fraction:
                finding(SHOULD, f"{certificate.subject} expires in {_days(left)}, on {certificate.not_after}")


def _days(left: timedelta) -> str:
    return f"{left.days} days" if left.days > 1 else f"{left.total_seconds() / 3600:.0f} hours"


@control(
    "CERT-KEY-SIZE",
    MUST,
    rfc(9325, "4.5"),
    allowed={"minimum_rsa_bits": Between(1024, 16384), "minimum_ec_bits": Between(160, 521)},
    harm=Harm.READ,
)
def test_keys_are_large_enough(
    certificates: Certificates, *, minimum_rsa_bits: int = 2048, minimum_ec_bits: int = 224
) -> None:
    """RSA keys of certificates have at least 2048 bits, elliptic-curve keys at least 224.

    Why: smaller keys can be broken with known methods.
    Fix: have the certificate issued for a new key of RSA 2048 (better 3072) bits or on the curve P-256.
    """
    require_tls(certificates)
    minimum = {"RSA": minimum_rsa_bits, "EC": minimum_ec_bits}
    for deployment in certificates.deployments:
        for certificate in deployment.needed:
            least = minimum.get(certificate.key_type)
            if least is not None and certificate.key_bits is not None:
                found = f"{certificate.subject} has a key of {certificate.key_type} {certificate.key_bits} bits"
                assert certificate.key_bits >= least, f"{found}, fewer than {least}"


def require_tls(certificates: Certificates) -> None:
    """Leave an endpoint on which no TLS is on offer to the control of that."""
    if not certificates.tls_offered:
        leave_to("SMTP-STARTTLS-OFFERED", "STARTTLS is not offered")


def judged_by_dates(certificates: Certificates) -> tuple[Deployment, ...]:
    """The chains, unless DANE-EE spares the host all that is told of names, dates and issuers."""
    require_tls(certificates)
    if certificates.authenticated_by_dane is ByDANE.EE:
        not_applicable(
            "DANE-EE authenticates this host: names, dates and issuers do not count (RFC 7672, section 3.1.1)"
        )
    return certificates.deployments


def judged_by_pkix(certificates: Certificates) -> tuple[Deployment, ...]:
    """The chains, unless DANE spares the host the rules for public certificates."""
    deployments = judged_by_dates(certificates)
    if certificates.authenticated_by_dane:
        not_applicable(
            "DANE-TA authenticates this host: its record names the root, and DANE-MATCH has compared the names "
            "(RFC 7672, section 3.1.2)"
        )
    return deployments
