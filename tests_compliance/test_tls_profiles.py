"""What an endpoint offers in TLS, by the guideline that the inventory chooses for it; each service may have its own."""

from __future__ import annotations

from collections.abc import Iterable

from mailproof.controls import MAY, SHOULD, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.criteria.tls_profiles import PROFILES, Aspect, TLSProfile
from mailproof.net.services import MX
from mailproof.net.tls.offers import Question
from mailproof.net.tls.suites import WeakKind, suite_named
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import TLSLists, TLSOffers
from mailproof.references import BSI_TLS, MOZILLA_TLS, NCSC_NL_TLS, rfc
from mailproof.targets.services import TLSEndpoint
from mailproof.tests_compliance.test_tls import require_tls
from mailproof.tests_compliance.test_tls_suites import in_full

FAMILY = Family("TLS", "TLS versions and cipher suites")

NONE = "none"
_CHOICE = (NONE, *PROFILES)
_ALLOWED = {"mx": _CHOICE, "users": _CHOICE}


@control("TLS-ERA-PROFILE", SHOULD, MOZILLA_TLS, NCSC_NL_TLS, rfc(9325, "3.1.1"), harm=Harm.READ, allowed=_ALLOWED)
def test_versions_are_those_of_the_profile(
    tls_offers: TLSOffers,
    tls_endpoint: TLSEndpoint,
    *,
    mx: str = "mozilla-intermediate",
    users: str = "mozilla-intermediate",
) -> None:
    """No version of TLS is spoken that the guideline chosen for the service does not allow.

    `mx` is the guideline for port 25, `users` the one for submission, IMAP and POP3.

    Why: those who collect their mail can be asked for current programs, and strangers who bring it can not.
    Fix: Postfix: smtpd_tls_protocols = >=TLSv1.3; Dovecot: ssl_min_protocol = TLSv1.3; or choose another guideline.
    """
    profile = _profile(tls_endpoint, mx, users)
    require_tls(tls_offers)
    refused = profile.refused(Aspect.VERSIONS, tls_offers.accepted)
    if TLSVersion.TLS1_2 in refused:
        finding(SHOULD, f"accepted: {TLSVersion.TLS1_2}, which {profile.title} does not allow")
    if TLSVersion.TLS1_0 in refused or TLSVersion.TLS1_1 in refused:
        leave_to("TLS-NO-10-11", f"{refused[-1]} is spoken")
    if TLSVersion.SSLV3 in refused:
        leave_to("TLS-NO-SSL3", f"{refused[-1]} is spoken")
    if TLSVersion.SSLV2 in refused:
        leave_to("TLS-NO-SSL2", f"{refused[-1]} is spoken")
    for version in TLSVersion:
        tls_offers.version(version)  # what could not be seen is no refusal


@control("TLS-CIPHER-LEVEL", SHOULD, NCSC_NL_TLS, MOZILLA_TLS, BSI_TLS, harm=Harm.READ, allowed=_ALLOWED)
def test_suites_are_those_of_the_profile(
    tls_lists: TLSLists, tls_endpoint: TLSEndpoint, *, mx: str = NONE, users: str = NONE
) -> None:
    """No cipher suite is accepted that the guideline chosen for the service does not allow.

    `mx` is the guideline for port 25, `users` the one for submission, IMAP and POP3.

    Why: who has to follow a guideline is asked for it suite by suite.
    Fix: write its list into the configuration (Postfix: tls_high_cipherlist; Dovecot: ssl_cipher_list).
    """
    profile = _profile(tls_endpoint, mx, users)
    listed = in_full(tls_lists, Question.SUITES) or ()
    names = {name: suite_named(name).iana for found in listed for name in found.suites}
    refused = profile.refused(Aspect.SUITES, names.values())
    broken = {name: suite_named(name).weakness for name in names if names[name] in refused}
    broken = {name: kind for name, kind in broken.items() if kind in _BROKEN}
    _judge(profile, Aspect.SUITES, {name: names[name] for name in names if name not in broken})
    for name, kind in broken.items():
        if kind is WeakKind.RC4:
            leave_to("TLS-NO-RC4", f"{name} is accepted")
        if kind is WeakKind.TRIPLE_DES:
            leave_to("TLS-NO-3DES", f"{name} is accepted")
        if kind is WeakKind.EXPORT:
            leave_to("TLS-FREAK-LOGJAM", f"{name} is accepted")
        leave_to("TLS-NO-NULL", f"{name} is accepted")


@control(
    "TLS-GROUP-LIST", SHOULD, NCSC_NL_TLS, MOZILLA_TLS, BSI_TLS, rfc(8446, "4.2.7"), harm=Harm.READ, allowed=_ALLOWED
)
def test_groups_are_those_of_the_profile(
    tls_lists: TLSLists, tls_endpoint: TLSEndpoint, *, mx: str = NONE, users: str = NONE
) -> None:
    """No group is used for the key exchange that the guideline chosen for the service does not allow.

    `mx` is the guideline for port 25, `users` the one for submission, IMAP and POP3.

    Why: who has to follow a guideline is asked for it group by group.
    Fix: name the groups (Postfix: tls_eecdh_auto_curves; Dovecot: ssl_curve_list; nginx: ssl_ecdh_curve).
    """
    profile = _profile(tls_endpoint, mx, users)
    groups = in_full(tls_lists, Question.GROUPS) or ()
    curves = tls_lists.found(Question.CURVES) or ()
    primes = [group.prime for group in tls_lists.found(Question.DIFFIE_HELLMAN) or ()]
    own = [prime if prime.startswith(("ffdhe", "modp")) else "a prime of its own" for prime in primes]
    _judge(profile, Aspect.GROUPS, {name: name for name in (*groups, *curves, *own)})


@control("TLS-SIGALGS", SHOULD, NCSC_NL_TLS, BSI_TLS, rfc(8446, "4.2.3"), harm=Harm.READ, allowed=_ALLOWED)
def test_schemes_are_those_of_the_profile(
    tls_lists: TLSLists, tls_endpoint: TLSEndpoint, *, mx: str = NONE, users: str = NONE
) -> None:
    """No signature scheme is used in handshakes that the guideline chosen for the service does not allow.

    `mx` is the guideline for port 25, `users` the one for submission, IMAP and POP3.

    Why: who has to follow a guideline is asked for it scheme by scheme.
    Fix: name the schemes (OpenSSL: SignatureAlgorithms in openssl.cnf; GnuTLS: -SIGN-ALL:+SIGN-... in the priority).
    """
    profile = _profile(tls_endpoint, mx, users)
    schemes = (*(in_full(tls_lists, Question.SCHEMES_12) or ()), *(tls_lists.found(Question.SCHEMES_13) or ()))
    if Aspect.SCHEMES not in profile.allowed:
        not_applicable(f"{profile.title} says nothing of signature schemes")
    if tls_lists.found(Question.SHA1):
        leave_to("TLS-KEX-HASH", "key exchanges are signed with SHA-1")
    _judge(profile, Aspect.SCHEMES, {name: name for name in schemes})


_BROKEN = (WeakKind.RC4, WeakKind.TRIPLE_DES, WeakKind.EXPORT, WeakKind.NULL, WeakKind.DES)
"""What fails at every service, by controls of its own."""


def _profile(endpoint: TLSEndpoint, mx: str, users: str) -> TLSProfile:
    """The guideline that is chosen for the service of an endpoint."""
    chosen = mx if endpoint.role == MX.name else users
    if chosen == NONE:
        not_applicable(f"no guideline is chosen for the role {endpoint.role}")
    return PROFILES[chosen]


def _judge(profile: TLSProfile, aspect: Aspect, names: dict[str, str]) -> None:
    """What is not allowed fails, what is to be removed is advice. ``names`` are those shown, with the registry's."""
    if bad := _shown(names, profile.refused(aspect, names.values())):
        finding(SHOULD, f"{profile.title} does not allow: {bad}")
    if late := _shown(names, profile.phased_out(aspect, names.values())):
        finding(MAY, f"{profile.title} wants to be removed: {late}")


def _shown(names: dict[str, str], found: Iterable[str]) -> str:
    wanted = set(found)
    return ", ".join(name for name, registered in names.items() if registered in wanted)
