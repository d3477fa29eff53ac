"""TLS protocol versions and cipher suites, on every endpoint that speaks TLS."""

from __future__ import annotations

from collections.abc import Iterable

from mailproof.controls import MUST, SHOULD, Between, Family, Harm, control, leave_to, not_applicable
from mailproof.net.errors import NoTLS
from mailproof.net.tls.facts import Handshake
from mailproof.net.tls.scan import Robot, Scan, ScanQuestion
from mailproof.net.tls.suites import WeakKind
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import EARLY_DATA, TLSDeepScan, TLSOffers
from mailproof.references import NCSC_NL_TLS, SWEET32, cve, rfc
from mailproof.targets.services import TLSEndpoint

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
def test_tls_1_0_and_1_1_are_refused(
    tls_offers: TLSOffers, tls_endpoint: TLSEndpoint, *, except_roles: tuple[str, ...] = ()
) -> None:
    """TLS 1.0 and TLS 1.1 are refused, unless the inventory says that a service may have them (`except_roles`).

    Why: they rest on SHA-1 and MD5 and were withdrawn in 2021.
    Fix: Postfix: smtpd_tls_protocols = >=TLSv1.2; Dovecot: ssl_min_protocol = TLSv1.2; Exim: openssl_options =
    +no_tlsv1 +no_tlsv1_1.
    """
    if tls_endpoint.role in except_roles:
        not_applicable(f"the inventory lets the role {tls_endpoint.role} have them (except_roles)")
    _refuses_versions(tls_offers, TLSVersion.TLS1_0, TLSVersion.TLS1_1)


@control("TLS-12-OR-13", MUST, rfc(9325, "3.1.1"), explains=(NoTLS,), harm=Harm.LOST)
def test_tls_1_2_or_1_3_is_spoken(tls_offers: TLSOffers) -> None:
    """TLS 1.2 or TLS 1.3 is spoken.

    Why: current senders and mail programs speak nothing older.
    Fix: update the TLS library and remove limits on newer versions.
    """
    require_tls(tls_offers)
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
    refuses_suites(tls_offers, WeakKind.RC4)


@control("TLS-NO-3DES", MUST, rfc(9325, "4.1"), SWEET32, NCSC_NL_TLS, harm=Harm.READ)
def test_triple_des_is_refused(tls_offers: TLSOffers) -> None:
    """No 3DES suite is accepted.

    Why: its blocks of 64 bits leak in long sessions, and its strength is below 128 bits.
    Fix: take it out of the cipher list (Postfix: smtpd_tls_exclude_ciphers = RC4, 3DES).
    """
    refuses_suites(tls_offers, WeakKind.TRIPLE_DES)


@control("TLS-HEARTBLEED", MUST, rfc(6520, "4"), cve("2014-0160", "Heartbleed"), harm=Harm.READ)
def test_no_heartbleed(tls_deep_scan: TLSDeepScan) -> None:
    """A heartbeat request that lies about its length is not answered.

    Why: the answer holds the server's memory, its private key among it.
    Fix: update OpenSSL, then replace key and certificate and revoke the old one.
    """
    scan = scanned(tls_deep_scan, ScanQuestion.HEARTBLEED)
    assert not scan.heartbleed, "the server answers with its memory"


@control("TLS-CCS", MUST, rfc(5246, "7.1"), cve("2014-0224", "CCS injection"), harm=Harm.READ)
def test_change_cipher_spec_has_its_time(tls_deep_scan: TLSDeepScan) -> None:
    """A ChangeCipherSpec that comes before there are keys is refused.

    Why: whoever stands between client and server can make both use keys that he knows.
    Fix: update OpenSSL (0.9.8za, 1.0.0m, 1.0.1h or later).
    """
    scan = scanned(tls_deep_scan, ScanQuestion.CCS)
    assert not scan.early_ccs, "a ChangeCipherSpec is taken before the key exchange"


@control("TLS-ROBOT", MUST, rfc(5246, "7.4.7.1"), cve("2017-13099", "ROBOT"), harm=Harm.READ)
def test_no_padding_oracle(tls_deep_scan: TLSDeepScan) -> None:
    """Broken RSA key exchanges are all answered alike.

    Why: who can tell the answers apart can decrypt recorded sessions (Bleichenbacher's attack).
    Fix: update the TLS library, and take out the suites with RSA key exchange (Postfix: smtpd_tls_exclude_ciphers =
    kRSA).
    """
    scan = scanned(tls_deep_scan, ScanQuestion.ROBOT)
    assert scan.robot not in (Robot.STRONG_ORACLE, Robot.WEAK_ORACLE), f"the answers differ: a {scan.robot}"


@control("TLS-RENEG-SECURE", MUST, rfc(5746, "3.6"), rfc(9325, "3.5"), harm=Harm.READ)
def test_renegotiation_is_secure(tls_deep_scan: TLSDeepScan) -> None:
    """Renegotiation is bound to the session before it (renegotiation_info).

    Why: otherwise somebody on the way can put words of his own in front of the client's.
    Fix: update the TLS library.
    """
    scan = scanned(tls_deep_scan, ScanQuestion.RENEGOTIATION)
    assert scan.secure_renegotiation, "the server does not know renegotiation_info"


@control("TLS-RENEG-CLIENT", SHOULD, NCSC_NL_TLS, rfc(9325, "3.5"), harm=Harm.ABUSED, allowed={"most": Between(0, 10)})
def test_clients_cannot_renegotiate_at_will(tls_deep_scan: TLSDeepScan, *, most: int = 10) -> None:
    """A client cannot make the server renegotiate again and again.

    Why: each handshake costs the server far more than the client, so that a single client can keep it busy.
    Fix: Postfix: tls_ssl_options = NO_RENEGOTIATION; Dovecot and Exim: update OpenSSL (3.0 refuses by itself).
    """
    scan = scanned(tls_deep_scan, ScanQuestion.RENEGOTIATION)
    granted = scan.client_renegotiations or 0
    assert granted <= most, f"{granted} renegotiations in a row are granted, more than {most}"


@control("TLS-NO-0RTT", SHOULD, rfc(8446, "E.5"), rfc(8446, "8"), NCSC_NL_TLS, harm=Harm.ABUSED)
def test_no_early_data(tls_deep_scan: TLSDeepScan) -> None:
    """No early data is taken.

    Why: it can be replayed, and no mail protocol says which of its commands may come early.
    Fix: switch it off (OpenSSL: SSL_CTX_set_max_early_data 0, the default; nginx as mail proxy: ssl_early_data off).
    """
    scanned(tls_deep_scan, EARLY_DATA)
    if tls_deep_scan.early_data is None:
        not_applicable("TLS 1.3 is not spoken")
    assert not tls_deep_scan.early_data, f"session tickets allow {tls_deep_scan.early_data} octets of early data"


def scanned(tls_deep_scan: TLSDeepScan, question: str) -> Scan:
    """The scan, if it has an answer to ``question``."""
    if tls_deep_scan.scan is None:
        leave_to("SMTP-STARTTLS-OFFERED", "STARTTLS is not offered")
    tls_deep_scan.require(question)
    return tls_deep_scan.scan


def require_tls(tls_offers: TLSOffers) -> None:
    if not tls_offers.tls_offered:
        leave_to("SMTP-STARTTLS-OFFERED", "STARTTLS is not offered")


def _refuses_versions(tls_offers: TLSOffers, *versions: TLSVersion) -> None:
    require_tls(tls_offers)
    _none_accepted(tls_offers.version(version) for version in versions if version in tls_offers.accepted)
    for version in versions:
        tls_offers.version(version)  # what could not be seen is no refusal


def refuses_suites(tls_offers: TLSOffers, kind: WeakKind) -> None:
    """No suite of this kind is accepted in any version; one of several kinds is judged by its worst."""
    require_tls(tls_offers)
    handshakes = tls_offers.weak(kind)
    if not handshakes and not set(tls_offers.accepted) - {TLSVersion.SSLV2}:
        leave_to("SMTP-STARTTLS-WORKS" if tls_offers.by_smtp else "TLS-12-OR-13", "no version of TLS is accepted")
    _none_accepted(handshakes)


def _none_accepted(handshakes: Iterable[Handshake]) -> None:
    accepted = ", ".join(f"{h.version} ({h.cipher or 'a suite'})" for h in handshakes if h.accepted)
    assert not accepted, f"accepted: {accepted}"
