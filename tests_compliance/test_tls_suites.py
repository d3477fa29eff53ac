"""Cipher suites of TLS: those that nobody should use any more, those that are out of date, and their order."""

from __future__ import annotations

from typing import Any, Never

from mailproof.controls import (
    MAY,
    MUST,
    SHOULD,
    Family,
    Harm,
    Level,
    control,
    finding,
    leave_to,
    not_applicable,
)
from mailproof.net.services import MX
from mailproof.net.tls.facts import Dated, DiffieHellman, SuiteList
from mailproof.net.tls.offers import Question
from mailproof.net.tls.suites import DatedKind, WeakKind, suite_named
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import TLSLists, TLSOffers
from mailproof.references import NCSC_NL_TLS, cve, rfc
from mailproof.targets.services import TLSEndpoint
from mailproof.tests_compliance.test_tls import refuses_suites, require_tls

FAMILY = Family("TLS", "TLS versions and cipher suites")

OPPORTUNISTIC = "senders who would rather send in clear than not at all may need it (RFC 9325, section 5.2)"


@control("TLS-NO-NULL", MUST, rfc(9325, "4.1"), rfc(5246, "A.5"), rfc(7672, "8.2"), harm=Harm.READ)
def test_no_suite_without_encryption_or_identity(tls_offers: TLSOffers, tls_endpoint: TLSEndpoint) -> None:
    """No suite without encryption (NULL), with DES or RC2, or without a certificate (anonymous) is accepted.

    Why: such sessions can be read, or be led to somebody else, by anyone on the way.
    Fix: take them out of the cipher list (Postfix: smtpd_tls_exclude_ciphers = aNULL, eNULL, DES; OpenSSL:
    HIGH:!aNULL).
    """
    refuses_suites(tls_offers, WeakKind.NULL)
    refuses_suites(tls_offers, WeakKind.DES)
    anonymous = [shown for shown in tls_offers.weak(WeakKind.ANONYMOUS) if shown.accepted]
    if anonymous and tls_endpoint.role == MX.name:
        finding(
            MAY,
            f"accepted: {anonymous[0].version} ({anonymous[0].cipher}), anonymous",
            why="senders that verify nobody may use it (RFC 7672, section 8.2), and those that do are not harmed.",
        )
    refuses_suites(tls_offers, WeakKind.ANONYMOUS)


@control(
    "TLS-FREAK-LOGJAM",
    MUST,
    rfc(9325, "4.1"),
    rfc(9325, "4.5"),
    cve("2015-0204", "FREAK"),
    cve("2015-4000", "Logjam"),
    harm=Harm.READ,
)
def test_no_key_exchange_that_can_be_broken(tls_offers: TLSOffers) -> None:
    """No suite of export strength is accepted, and no Diffie-Hellman group of 1024 bits or less.

    Why: keys of 512 bits are broken in hours; one of 1024 bits that many servers share is worth breaking once.
    Fix: take EXPORT and DHE out of the cipher list (Postfix: smtpd_tls_exclude_ciphers = EXPORT, kDHE).
    """
    refuses_suites(tls_offers, WeakKind.EXPORT)
    group = _dhe_group(tls_offers)
    if group is not None and group.bits <= _BREAKABLE_BITS:
        raise AssertionError(f"Diffie-Hellman over {_named(group)}")


@control("TLS-FS", MUST, rfc(10015, "2"), rfc(10015, "4"), rfc(9325, "4.1"), harm=Harm.READ)
def test_only_ephemeral_keys(tls_offers: TLSOffers, tls_endpoint: TLSEndpoint) -> None:
    """TLS 1.2 agrees to no key exchange without forward secrecy: RSA, or Diffie-Hellman with the certificate's key.

    Why: who gets the server's key one day can read all that was recorded before.
    Fix: Postfix: smtpd_tls_exclude_ciphers = kRSA; Dovecot: ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20.
    """
    shown = _dated(tls_offers, DatedKind.STATIC)
    if shown.accepted:
        elliptic = suite_named(shown.cipher or "").key_exchange.startswith("ECDH_")
        found_at(tls_endpoint, SHOULD if elliptic else MUST, f"accepted: {shown.cipher}, without forward secrecy")


@control("TLS-NO-DHE", MUST, rfc(10015, "3"), rfc(9325, "4.1"), cve("2002-20001", "D(HE)at"), harm=Harm.READ)
def test_no_finite_field_diffie_hellman(tls_offers: TLSOffers, tls_endpoint: TLSEndpoint) -> None:
    """TLS 1.2 does not agree to Diffie-Hellman over finite fields (DHE).

    Why: the server chooses the group and the client cannot check it; it is slow enough for a client to wear the server
    out; the elliptic curves have taken its place.
    Fix: Postfix: smtpd_tls_exclude_ciphers = kDHE; Dovecot: ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20; Exim with
    GnuTLS: -DHE-RSA in tls_require_ciphers.
    """
    shown = _dated(tls_offers, DatedKind.DHE)
    if not shown.accepted:
        return
    if shown.group is not None and shown.group.bits <= _BREAKABLE_BITS:
        leave_to("TLS-FREAK-LOGJAM", f"Diffie-Hellman over {_named(shown.group)}")
    if shown.group is not None and _is_bad(shown.group):
        leave_to("TLS-DHE-GROUP", f"Diffie-Hellman over {_named(shown.group)}")
    group = f" over {_named(shown.group)}" if shown.group else ""
    found_at(tls_endpoint, MUST, f"accepted: {shown.cipher}{group}")


@control("TLS-DHE-GROUP", MUST, rfc(9325, "4.5"), rfc(7919, "4"), NCSC_NL_TLS, harm=Harm.READ)
def test_diffie_hellman_groups_are_large_and_known(tls_offers: TLSOffers) -> None:
    """Where DHE is agreed to, its group has 2048 bits at least, and an RFC publishes its prime.

    Why: a smaller group will be broken, and nobody can see whether a prime of the server's own is a trap.
    Fix: leave DHE out; where it must stay, use ffdhe3072 of RFC 7919 (openssl genpkey -genparam -algorithm DH
    -pkeyopt group:ffdhe3072).
    """
    group = _dhe_group(tls_offers)
    if group is None:
        not_applicable("no Diffie-Hellman over finite fields")
    if group.bits <= _BREAKABLE_BITS:
        leave_to("TLS-FREAK-LOGJAM", f"Diffie-Hellman over {_named(group)}")
    assert group.bits >= _LEAST_BITS, f"Diffie-Hellman over {_named(group)}"
    if not _is_known(group):
        finding(SHOULD, f"Diffie-Hellman over {_named(group)}")


@control("TLS-DHEAT", MAY, cve("2002-20001", "D(HE)at"), cve("2022-40735"), harm=Harm.ABUSED)
def test_no_costly_groups_in_tls_1_3(tls_lists: TLSLists) -> None:
    """TLS 1.3 takes no group over a finite field (ffdhe2048 to ffdhe8192).

    Why: a client that computes nothing makes the server compute for milliseconds; RFC 10015 leaves these groups in
    TLS 1.3, and nobody needs them.
    Fix: name the groups (Postfix: tls_eecdh_auto_curves = X25519 prime256v1 secp384r1, tls_ffdhe_auto_groups = empty).
    """
    groups = in_full(tls_lists, Question.GROUPS)
    costly = [name for name in groups or () if name.startswith("ffdhe")]
    assert not costly, f"TLS 1.3 takes {', '.join(costly)}"


@control("TLS-ETM", SHOULD, rfc(9325, "4.2"), rfc(7366, "3"), cve("2013-0169", "Lucky Thirteen"), harm=Harm.READ)
def test_cbc_comes_with_encrypt_then_mac(tls_offers: TLSOffers, tls_endpoint: TLSEndpoint) -> None:
    """A suite in CBC mode is agreed to with encrypt-then-MAC only.

    Why: without it, how long the server takes to refuse a broken record tells about its content.
    Fix: leave CBC out (Postfix: smtpd_tls_exclude_ciphers = SHA1, SHA256, SHA384), or use a library that has RFC 7366.
    """
    shown = _dated(tls_offers, DatedKind.CBC)
    if not shown.accepted:
        not_applicable("no suite in CBC mode beside ECDHE")
    if not shown.encrypt_then_mac:
        found_at(tls_endpoint, SHOULD, f"accepted: {shown.cipher}, without encrypt-then-MAC")


@control("TLS-NO-CBC", MAY, cve("2013-0169", "Lucky Thirteen"), cve("2011-3389", "BEAST"), harm=Harm.READ)
def test_no_cbc(tls_offers: TLSOffers) -> None:
    """No suite in CBC mode is accepted beside ECDHE.

    Why: the attacks on CBC come back with each implementation; every client of today has AES-GCM or ChaCha20.
    Fix: Postfix: smtpd_tls_exclude_ciphers = SHA1, SHA256, SHA384; Dovecot: ssl_cipher_list =
    ECDHE+AESGCM:ECDHE+CHACHA20.
    """
    shown = _dated(tls_offers, DatedKind.CBC)
    if shown.accepted and not shown.encrypt_then_mac:
        leave_to("TLS-ETM", f"{shown.cipher} is accepted without encrypt-then-MAC")
    assert not shown.accepted, f"accepted: {shown.cipher}"


@control("TLS-CIPHER-ORDER", MUST, rfc(9325, "4.2.1"), NCSC_NL_TLS, harm=Harm.READ)
def test_the_server_prefers_good_suites(tls_lists: TLSLists) -> None:
    """Where suites that are out of date are accepted, the server chooses all others before them.

    Why: otherwise a session may have a weaker suite than both sides can do.
    Fix: Postfix: tls_preempt_cipherlist = yes; Dovecot: ssl_prefer_server_ciphers = yes (ssl_server_prefer_ciphers =
    server in 2.4); and put ECDHE with AES-GCM first.
    """
    listed = in_full(tls_lists, Question.SUITES)
    newest = next((found for found in listed or () if found.version is TLSVersion.TLS1_2), None)
    if newest is None:
        not_applicable("TLS 1.2 is not spoken")
    dated, better = _by_date(newest)
    if not dated or not better:
        not_applicable("no suites out of date beside others")
    assert newest.server_order, f"the server takes what the client names first: {dated[0]} as well as {better[0]}"
    early = [name for name in dated if newest.suites.index(name) < newest.suites.index(better[-1])]
    assert not early, f"{early[0]} is chosen before {better[-1]}"


_BREAKABLE_BITS = 1024
"""What Logjam's authors hold to be within reach of states."""

_LEAST_BITS = 2048
"""RFC 9325, section 4.5."""


def in_full(tls_lists: TLSLists, question: Question) -> Any:
    """The answer to a question that only the full depth asks."""
    require_tls(tls_lists)
    return tls_lists.found(question)


def _dated(tls_offers: TLSOffers, kind: DatedKind) -> Dated:
    require_tls(tls_offers)
    shown = tls_offers.dated(kind)
    if shown is None:
        not_applicable("TLS 1.2 is not spoken")
    return shown


def found_at(endpoint: TLSEndpoint, level: Level, observed: str) -> Never:
    """A finding of this level; advice at a host that takes mail from strangers, whom TLS is optional for."""
    if endpoint.role == MX.name:
        finding(MAY, observed, why=OPPORTUNISTIC)
    finding(level, observed)


def _dhe_group(tls_offers: TLSOffers) -> DiffieHellman | None:
    """The group of DHE; None where DHE is not agreed to."""
    require_tls(tls_offers)
    shown = tls_offers.dated(DatedKind.DHE)
    return shown.group if shown is not None else None


def _is_known(group: DiffieHellman) -> bool:
    return group.prime.startswith(("ffdhe", "modp"))


def _is_bad(group: DiffieHellman) -> bool:
    return group.bits < _LEAST_BITS or not _is_known(group)


def _named(group: DiffieHellman) -> str:
    return f"{group.bits} bits ({group.prime if _is_known(group) else 'a prime that no RFC publishes'})"


def _by_date(listed: SuiteList) -> tuple[list[str], list[str]]:
    """The suites that are weak or out of date, and the others."""
    dated = [name for name in listed.suites if suite_named(name).weak or suite_named(name).dated]
    return dated, [name for name in listed.suites if name not in dated]
