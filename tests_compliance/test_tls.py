"""TLS protocol versions and cipher suites, on every endpoint that speaks TLS."""

from __future__ import annotations

from collections.abc import Iterable

from mailproof.controls import MUST, Family, Harm, control, leave_to
from mailproof.net.errors import NoTLS
from mailproof.net.tls.facts import Handshake
from mailproof.net.tls.suites import WeakKind
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import TLSOffers
from mailproof.references import NCSC_NL_TLS, SWEET32, rfc

FAMILY = Family("TLS", "TLS versions and cipher suites")


@control("TLS-NO-SSL2", MUST, rfc(6176, "3"), harm=Harm.READ)
def test_ssl_2_is_refused(tls_offers: TLSOffers) -> None:
    """SSL 2.0 is refused.

    Why: it is broken, and a server that speaks it endangers every service that shares its key (DROWN).
    Fix: update the TLS library; no current one has SSL 2.0.
    """
    _refuses_versions(tls_offers, TLSVersion.SSLV2)


@control("TLS-NO-SSL3", MUST, rfc(7568, "3"), harm=Harm.READ)
def test_ssl_3_is_refused(tls_offers: TLSOffers) -> None:
    """SSL 3.0 is refused.

    Why: it is broken (POODLE).
    Fix: Postfix: smtpd_tls_protocols = >=TLSv1.2; Dovecot: ssl_min_protocol = TLSv1.2; Exim: openssl_options =
    +no_sslv3.
    """
    _refuses_versions(tls_offers, TLSVersion.SSLV3)


@control("TLS-NO-10-11", MUST, rfc(8996, "4"), rfc(8996, "5"), rfc(8997, "3"), harm=Harm.READ)
def test_tls_1_0_and_1_1_are_refused(tls_offers: TLSOffers) -> None:
    """TLS 1.0 and TLS 1.1 are refused.

    Why: they rest on SHA-1 and MD5 and were withdrawn in 2021.
    Fix: Postfix: smtpd_tls_protocols = >=TLSv1.2; Dovecot: ssl_min_protocol = TLSv1.2; Exim: openssl_options =
    +no_tlsv1 +no_tlsv1_1.
    """
    _refuses_versions(tls_offers, TLSVersion.TLS1_0, TLSVersion.TLS1_1)


@control("TLS-12-OR-13", MUST, rfc(9325, "3.1.1"), explains=(NoTLS,), harm=Harm.LOST)
def test_tls_1_2_or_1_3_is_spoken(tls_offers: TLSOffers) -> None:
    """TLS 1.2 or TLS 1.3 is spoken.

    Why: current senders and mail programs speak nothing older.
    Fix: update the TLS library and remove limits on newer versions.
    """
    _require_tls(tls_offers)
    current = (TLSVersion.TLS1_2, TLSVersion.TLS1_3)
    if set(current).isdisjoint(tls_offers.accepted):
        handshakes = [tls_offers.version(version) for version in current]
        errors = ", ".join(f"{handshake.version}: {handshake.error}" for handshake in handshakes)
        raise AssertionError(f"neither TLS 1.2 nor TLS 1.3 is accepted ({errors})")


@control("TLS-NO-RC4", MUST, rfc(7465, "2"), harm=Harm.READ)
def test_rc4_is_refused(tls_offers: TLSOffers) -> None:
    """No RC4 suite is accepted.

    Why: RC4 is broken.
    Fix: take it out of the cipher list (Postfix: smtpd_tls_exclude_ciphers = RC4, 3DES).
    """
    _refuses_suites(tls_offers, WeakKind.RC4)


@control("TLS-NO-3DES", MUST, rfc(9325, "4.1"), SWEET32, NCSC_NL_TLS, harm=Harm.READ)
def test_triple_des_is_refused(tls_offers: TLSOffers) -> None:
    """No 3DES suite is accepted.

    Why: its blocks of 64 bits leak in long sessions, and its strength is below 128 bits.
    Fix: take it out of the cipher list (Postfix: smtpd_tls_exclude_ciphers = RC4, 3DES).
    """
    _refuses_suites(tls_offers, WeakKind.TRIPLE_DES)


def _require_tls(tls_offers: TLSOffers) -> None:
    if not tls_offers.tls_offered:
        leave_to("SMTP-STARTTLS-OFFERED", "STARTTLS is not offered")


def _refuses_versions(tls_offers: TLSOffers, *versions: TLSVersion) -> None:
    _require_tls(tls_offers)
    _none_accepted(tls_offers.version(version) for version in versions if version in tls_offers.accepted)
    for version in versions:
        tls_offers.version(version)  # what could not be seen is no refusal


def _refuses_suites(tls_offers: TLSOffers, kind: WeakKind) -> None:
    _require_tls(tls_offers)
    handshakes = tls_offers.weak(kind)
    if not handshakes and not set(tls_offers.accepted) - {TLSVersion.SSLV2}:
        leave_to("SMTP-STARTTLS-WORKS" if tls_offers.by_smtp else "TLS-12-OR-13", "no version of TLS is accepted")
    _none_accepted(handshakes)


def _none_accepted(handshakes: Iterable[Handshake]) -> None:
    accepted = ", ".join(f"{h.version} ({h.cipher or 'a suite'})" for h in handshakes if h.accepted)
    assert not accepted, f"accepted: {accepted}"
