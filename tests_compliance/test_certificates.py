"""Certificates, on every endpoint that speaks TLS. An MX that DANE-EE authenticates is spared: nobody looks at names
and dates there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from mailproof.controls import MUST, SHOULD, control, finding, leave_to, not_applicable, rfc
from mailproof.net.pkix import PathStatus
from mailproof.observations.tls import Certificates, Deployment


@control("CERT-TRUST", SHOULD, rfc(5280, "6"), rfc(8461, "4.2"), rfc(7817, "3"))
def test_chain_leads_to_a_trusted_root(certificates: Certificates) -> None:
    """A path leads from the server's certificate to a trusted root, through the certificates sent.

    Why: mail programs and senders that heed MTA-STS refuse a certificate that they cannot trust.
    Fix: get a certificate of a public CA and send it with its intermediates; or publish DANE-EE records for the MX.
    """
    for deployment in _judged_by_pkix(certificates):
        path = deployment.path
        detail = f": {path.detail}" if path.detail else ""
        assert path.status is PathStatus.TRUSTED, f"{deployment.chain.leaf.subject}: {path.status}{detail}"


@control("CERT-CHAIN-COMPLETE", SHOULD, rfc(8446, "4.4.2"), rfc(5246, "7.4.2"))
def test_no_intermediate_is_missing(certificates: Certificates) -> None:
    """Every intermediate certificate is sent.

    Why: a client that does not happen to know the intermediate cannot build the path.
    Fix: put the intermediates behind the server's certificate in the chain file (fullchain, not cert).
    """
    for deployment in _judged_by_pkix(certificates):
        missing = deployment.path.detail
        assert deployment.path.status is not PathStatus.ISSUER_MISSING, (
            f"the issuer of the last certificate is neither sent nor trusted: {missing}"
        )


@control("CERT-NAME", SHOULD, rfc(9525, "6"), rfc(8461, "4.1"), rfc(7817, "3"))
def test_certificate_names_the_host(certificates: Certificates) -> None:
    """The certificate names the host among its subject alternative names.

    Why: a certificate for another name proves nothing about this host; the common name has not counted for years.
    Fix: have the certificate issued for the name that MX records, users and this inventory use.
    """
    for deployment in _judged_by_pkix(certificates):
        names = ", ".join(deployment.chain.leaf.dns_names) or "no name at all"
        assert deployment.matches_host, f"{certificates.host} is not among the names of the certificate: {names}"


@control("CERT-DATES", SHOULD, rfc(5280, "4.1.2.5"), by_clock=True, expiry_warning_fraction=0.1)
def test_certificate_is_in_date(certificates: Certificates, parameters: Mapping[str, Any]) -> None:
    """Every certificate sent is in date.

    Why: an expired certificate is refused by mail programs and by senders that heed MTA-STS.
    Fix: renew the certificate, reload the server, and let a machine do both in future.
    """
    at = datetime.fromisoformat(certificates.at)
    for deployment in _judged_by_pkix(certificates):
        for number, certificate in enumerate(deployment.chain.facts):
            not_before, not_after = (datetime.fromisoformat(t) for t in (certificate.not_before, certificate.not_after))
            if (
                number
                and deployment.path.status is PathStatus.TRUSTED
                and certificate.subject not in deployment.path.path
            ):
                continue
            assert at <= not_after, f"{certificate.subject} expired on {certificate.not_after}"
            assert at >= not_before, f"{certificate.subject} is not valid before {certificate.not_before}"
            left = not_after - at
            if not number and left < (not_after - not_before) * parameters["expiry_warning_fraction"]:
                finding(SHOULD, f"{certificate.subject} expires in {_days(left)}, on {certificate.not_after}")


def _days(left: timedelta) -> str:
    return f"{left.days} days" if left.days > 1 else f"{left.total_seconds() / 3600:.0f} hours"


@control("CERT-KEY-SIZE", MUST, rfc(9325, "4.5"), minimum_rsa_bits=2048, minimum_ec_bits=224)
def test_keys_are_large_enough(certificates: Certificates, parameters: Mapping[str, Any]) -> None:
    """RSA keys of certificates have at least 2048 bits, elliptic-curve keys at least 224.

    Why: smaller keys can be broken with known methods.
    Fix: have the certificate issued for a new key of RSA 2048 (better 3072) bits or on the curve P-256.
    """
    _require_tls(certificates)
    minimum = {"RSA": parameters["minimum_rsa_bits"], "EC": parameters["minimum_ec_bits"]}
    for deployment in certificates.deployments:
        for certificate in deployment.chain.facts:
            least = minimum.get(certificate.key_type)
            if least is not None and certificate.key_bits is not None:
                found = f"{certificate.subject} has a key of {certificate.key_type} {certificate.key_bits} bits"
                assert certificate.key_bits >= least, f"{found}, fewer than {least}"


def _require_tls(certificates: Certificates) -> None:
    if not certificates.tls_offered:
        leave_to("SMTP-STARTTLS-OFFERED", "STARTTLS is not offered")


def _judged_by_pkix(certificates: Certificates) -> tuple[Deployment, ...]:
    _require_tls(certificates)
    if certificates.authenticated_by_dane:
        not_applicable(
            "DANE-EE authenticates this host: names, dates and issuers do not count (RFC 7672, section 3.1.1)"
        )
    return certificates.deployments
