"""The key exchange of TLS: post-quantum hybrids, curves, hashes, and values that come once only."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.net.tls.offers import Question
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import TLSLists, TLSOffers
from mailproof.references import NCSC_NL_TLS, cve, rfc
from mailproof.targets.services import TLSEndpoint
from mailproof.tests_compliance.test_tls import require_tls
from mailproof.tests_compliance.test_tls_suites import found_at, in_full

FAMILY = Family("TLS", "TLS versions and cipher suites")


@control("TLS-PQ-KEX", MAY, rfc(10024), NCSC_NL_TLS, harm=Harm.READ)
def test_a_post_quantum_hybrid_is_taken(tls_offers: TLSOffers) -> None:
    """TLS 1.3 takes a post-quantum hybrid group: X25519MLKEM768, SecP256r1MLKEM768 or SecP384r1MLKEM1024.

    No RFC asks for it; it is what NCSC-NL calls good.

    Why: what is recorded today can be read by a quantum computer of later years, if only elliptic curves protect it.
    Fix: use OpenSSL 3.5 or Go 1.24, or later, which have it without being asked.
    """
    if not _hybrid(tls_offers):
        raise AssertionError("no post-quantum hybrid group is taken")


@control("TLS-PQ-PREFERRED", MAY, rfc(10024), NCSC_NL_TLS, harm=Harm.READ)
def test_a_post_quantum_hybrid_is_preferred(tls_offers: TLSOffers) -> None:
    """Where all groups are offered, the server chooses a post-quantum hybrid.

    Why: it protects only the sessions that it is chosen for.
    Fix: put X25519MLKEM768 first in the list of groups (Postfix: tls_eecdh_auto_curves; nginx: ssl_ecdh_curve).
    """
    hybrid = _hybrid(tls_offers)
    if not hybrid:
        leave_to("TLS-PQ-KEX", "no post-quantum hybrid group is taken")
    chosen = tls_offers.found(Question.GROUP)
    assert chosen == hybrid, f"{hybrid} is taken, and {chosen} is chosen before it"


@control("TLS-KEX-HASH", MUST, rfc(9155, "4"), NCSC_NL_TLS, harm=Harm.READ)
def test_key_exchanges_are_not_signed_with_sha_1(tls_offers: TLSOffers, tls_endpoint: TLSEndpoint) -> None:
    """No key exchange of TLS 1.2 is signed with SHA-1 or MD5, even where a client offers nothing else.

    Why: collisions of both can be made, and who has one can pass off a key exchange as the server's.
    Fix: Postfix, which lowers OpenSSL's security level: smtpd_tls_ciphers = high, tls_high_cipherlist =
    aNULL:-aNULL:HIGH:@SECLEVEL=1; Exim with GnuTLS: -SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1; others: update the TLS library.
    """
    require_tls(tls_offers)
    if tls_offers.found(Question.SHA1) is None:
        not_applicable("TLS 1.2 is not spoken")
    if tls_offers.found(Question.SHA1):
        found_at(tls_endpoint, MUST, "a key exchange is signed with SHA-1 or MD5")


@control("TLS-EPHEMERAL-FRESH", SHOULD, rfc(9325, "7.4"), cve("2020-1968", "Raccoon"), harm=Harm.READ)
def test_key_exchange_values_come_once(tls_offers: TLSOffers) -> None:
    """No two handshakes show the same Diffie-Hellman value.

    Why: a value that is used again takes the forward secrecy away, and lets its secret be measured (Raccoon).
    Fix: update the TLS library (OpenSSL 1.1.0 and later use each value once); switch key caching of an appliance off.
    """
    require_tls(tls_offers)
    reused = tls_offers.found(Question.REUSED)
    if reused is None:
        not_applicable("fewer than two handshakes show a value in clear")
    assert not reused, f"two handshakes have the same value ({reused})"


@control("TLS-ECDHE-CURVES", MUST, rfc(9325, "4.5"), rfc(8422, "5.1.1"), NCSC_NL_TLS, harm=Harm.READ)
def test_curves_are_current(tls_lists: TLSLists) -> None:
    """No elliptic curve below 224 bits is used, and none that RFC 8422 has withdrawn.

    Why: small curves can be broken; the binary and the Koblitz curves are looked after by nobody any more.
    Fix: name the curves (Postfix: tls_eecdh_auto_curves = X25519 prime256v1 secp384r1; Dovecot: ssl_curve_list).
    """
    curves: tuple[str, ...] = (
        *(in_full(tls_lists, Question.CURVES) or ()),
        *(tls_lists.found(Question.GROUPS) or ()),
    )
    withdrawn = [name for name in curves if name.startswith(("sect", "secp")) and name not in _CURRENT_CURVES]
    small = [name for name in withdrawn if int(name[4:7]) < _LEAST_BITS]
    assert not small, f"below {_LEAST_BITS} bits: {', '.join(small)}"
    if withdrawn:
        finding(SHOULD, f"withdrawn: {', '.join(withdrawn)}")


_CURRENT_CURVES = ("secp256r1", "secp384r1", "secp521r1")

_LEAST_BITS = 224
"""RFC 9325, section 4.5."""


def _hybrid(tls_offers: TLSOffers) -> str:
    """The post-quantum hybrid that is taken, if any."""
    require_tls(tls_offers)
    if not tls_offers.version(TLSVersion.TLS1_3).accepted:
        not_applicable("TLS 1.3 is not spoken")
    found: str = tls_offers.found(Question.HYBRID)
    return found
