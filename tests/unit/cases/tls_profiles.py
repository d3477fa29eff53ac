"""What an endpoint offers in TLS, by the guideline that is chosen for it."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import SHOULD
from mailproof.net.tls.facts import DiffieHellman
from mailproof.net.tls.versions import TLSVersion

from .case import Case, Table, advises, fails, leaves, passes, skips, undecided
from .tls import AT_MX, CURRENT, FOR_USERS, NO_OFFERS, at, tls_offers
from .tls_suites import GOOD, UNSEEN, full, listed, unanswered

NCSC, MOZILLA, BSI = "ncsc-nl-2025-05", "mozilla-intermediate", "bsi-2023"


def _by(profile: str, case: Case) -> Case:
    """The case at a server for users, for whom this guideline is chosen."""
    return at(FOR_USERS, replace(case, parameters={"users": profile}))


_NOT_CHOSEN = (
    at(AT_MX, skips("no guideline is chosen for the role mx", tls_lists=full())),
    at(AT_MX, replace(skips("role mx", tls_lists=full()), parameters={"users": NCSC})),
)
_CCM_8 = "ECDHE-ECDSA-AES128-CCM8"

TABLE: Table = {
    "TLS-ERA-PROFILE": (
        at(AT_MX, passes(tls_offers=tls_offers(*CURRENT))),
        at(AT_MX, leaves("TLS-NO-10-11", "TLSv1.1 is spoken", tls_offers=tls_offers(*CURRENT, TLSVersion.TLS1_1))),
        at(AT_MX, leaves("TLS-NO-SSL3", tls_offers=tls_offers(*CURRENT, TLSVersion.SSLV3))),
        _by("mozilla-modern", passes(tls_offers=tls_offers(TLSVersion.TLS1_3))),
        _by("mozilla-modern", fails("TLSv1.2, which", level=SHOULD, tls_offers=tls_offers(*CURRENT))),
        _by("mozilla-old", passes(tls_offers=tls_offers(*CURRENT, TLSVersion.TLS1_0))),
        _by("2014-compat", leaves("TLS-NO-SSL3", tls_offers=tls_offers(*CURRENT, TLSVersion.SSLV3))),
        _by("none", skips("no guideline", tls_offers=tls_offers(*CURRENT))),
        at(AT_MX, undecided("421 later", tls_offers=tls_offers(*CURRENT, unanswered={TLSVersion.TLS1_0: UNSEEN}))),
        at(AT_MX, leaves("SMTP-STARTTLS-OFFERED", tls_offers=NO_OFFERS)),
    ),
    "TLS-CIPHER-LEVEL": (
        *_NOT_CHOSEN,
        _by(NCSC, passes(tls_lists=full(suites=listed(GOOD)))),
        _by(NCSC, fails(f"does not allow: {_CCM_8}", level=SHOULD, tls_lists=full(suites=listed(GOOD, _CCM_8)))),
        _by(NCSC, fails("does not allow: AES128-SHA", tls_lists=full(suites=listed(GOOD, "AES128-SHA")))),
        _by(
            NCSC, advises("removed: ECDHE-RSA-AES128-SHA256", tls_lists=full(suites=listed("ECDHE-RSA-AES128-SHA256")))
        ),
        _by(MOZILLA, fails("ECDHE-RSA-AES128-SHA256", tls_lists=full(suites=listed("ECDHE-RSA-AES128-SHA256")))),
        _by("mozilla-old", passes(tls_lists=full(suites=listed(GOOD, "AES128-SHA", "DES-CBC3-SHA")))),
        _by(BSI, passes(tls_lists=full(suites=listed(GOOD, "ECDHE-RSA-AES128-SHA256", "DHE-RSA-AES128-CCM")))),
        _by(BSI, fails("ECDHE-RSA-CHACHA20-POLY1305", tls_lists=full(suites=listed("ECDHE-RSA-CHACHA20-POLY1305")))),
        _by(BSI, advises("ECDH-RSA-AES128-GCM-SHA256", tls_lists=full(suites=listed("ECDH-RSA-AES128-GCM-SHA256")))),
        _by(
            NCSC, leaves("TLS-NO-3DES", "DES-CBC3-SHA is accepted", tls_lists=full(suites=listed(GOOD, "DES-CBC3-SHA")))
        ),
        _by(NCSC, leaves("TLS-NO-RC4", tls_lists=full(suites=listed(GOOD, "ECDHE-RSA-RC4-SHA")))),
        _by(NCSC, leaves("TLS-FREAK-LOGJAM", tls_lists=full(suites=listed(GOOD, "EXP-RC4-MD5")))),
        _by(NCSC, leaves("TLS-NO-NULL", tls_lists=full(suites=listed(GOOD, "DES-CBC-SHA")))),
        _by(NCSC, fails("allow: AES128-SHA", tls_lists=full(suites=listed(GOOD, "DES-CBC3-SHA", "AES128-SHA")))),
        _by(NCSC, fails("allow: ADH-AES128-SHA", tls_lists=full(suites=listed(GOOD, "ADH-AES128-SHA")))),
        *(_by(NCSC, case) for case in unanswered("suites")),
    ),
    "TLS-GROUP-LIST": (
        *_NOT_CHOSEN,
        _by(NCSC, passes(tls_lists=full(groups=("X25519MLKEM768", "x25519"), curves=("secp521r1",)))),
        _by(
            NCSC,
            advises("removed: ffdhe3072, secp224r1", tls_lists=full(curves=("secp224r1",), groups=("ffdhe3072",))),
        ),
        _by(NCSC, fails("does not allow: ffdhe2048", level=SHOULD, tls_lists=full(groups=("x25519", "ffdhe2048")))),
        _by(
            NCSC,
            fails("a prime of its own", tls_lists=full(diffie_hellman=(DiffieHellman(3072, "c4a3", 2),))),
        ),
        _by(MOZILLA, fails("secp521r1", tls_lists=full(curves=("secp256r1", "secp521r1")))),
        _by(BSI, fails("x25519", tls_lists=full(groups=("secp256r1", "x25519")))),
        _by("2014-compat", passes(tls_lists=full(groups=("x25519",)))),
        *(_by(NCSC, case) for case in unanswered("groups of TLS 1.3")),
    ),
    "TLS-SIGALGS": (
        *_NOT_CHOSEN,
        _by(NCSC, passes(tls_lists=full(schemes_12=("rsa_pkcs1_sha256",), schemes_13=("rsa_pss_rsae_sha256",)))),
        _by(NCSC, advises("removed: rsa_pkcs1_sha224", tls_lists=full(schemes_12=("rsa_pkcs1_sha224",)))),
        _by(BSI, fails("rsa_pkcs1_sha256", level=SHOULD, tls_lists=full(schemes_12=("rsa_pkcs1_sha256",)))),
        _by(BSI, fails("ed25519", tls_lists=full(schemes_13=("ed25519",)))),
        _by(NCSC, leaves("TLS-KEX-HASH", tls_lists=full(schemes_12=("rsa_pkcs1_sha1",), sha1=True))),
        _by(MOZILLA, skips("says nothing of signature schemes", tls_lists=full(schemes_12=("rsa_pkcs1_sha224",)))),
        *(_by(NCSC, case) for case in unanswered("signature schemes of TLS 1.2")),
    ),
}
