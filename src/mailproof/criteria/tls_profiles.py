"""What guidelines allow of TLS: versions, cipher suites, groups and signature schemes, as dated data.

Sources, with the tables that the data are from:

- NCSC-NL, TLS guidelines 2025-05: sections 3.3.1 (versions), 3.3.3 and 3.3.4 with appendix B (suites), 3.3.3.1 (groups)
  and 3.3.5 (hashes), as Internet.nl 1.11 reads them. Good and sufficient are allowed here; phase-out is kept apart.
- Mozilla, server side TLS, guidelines 6.0 (2026-04-06) and 5.8 (``old``, which 6.0 has no more). Mozilla says nothing
  of signature schemes in handshakes.
- BSI TR-02102-2 in the edition of 2023, as the XML files of BSI's TaSK of 2023-06-14 have it: tables 1 and 2 (suites of
  TLS 1.2), 5 and 9 (groups), 6 and 10 (signatures), 12 (suites of TLS 1.3). What was to be used until 2026 is phase-out
  here, what until 2022 or 2025 is left out. This edition has neither x25519 nor ChaCha20, and no post-quantum group.
- ``2014-compat``: what was asked of mail servers after POODLE, that SSL 3.0 is refused (RFC 7568).

Suites, groups and schemes have the names of IANA's registries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import product


class Aspect(StrEnum):
    """What a profile speaks of."""

    VERSIONS = "versions"
    SUITES = "suites"
    GROUPS = "groups"
    SCHEMES = "signature schemes"


@dataclass(frozen=True)
class TLSProfile:
    """A guideline. An aspect that ``allowed`` does not have is one that it says nothing of."""

    title: str
    date: date
    allowed: Mapping[Aspect, frozenset[str]]
    phase_out: Mapping[Aspect, frozenset[str]] = field(default_factory=dict)
    """Allowed for the time being, and to be removed."""

    def refused(self, aspect: Aspect, names: Iterable[str]) -> tuple[str, ...]:
        """Those of ``names`` that it does not allow, not even for the time being."""
        if aspect not in self.allowed:
            return ()
        known = self.allowed[aspect] | self.phase_out.get(aspect, frozenset())
        return tuple(name for name in names if name not in known)

    def phased_out(self, aspect: Aspect, names: Iterable[str]) -> tuple[str, ...]:
        """Those of ``names`` that it wants to be removed."""
        return tuple(name for name in names if name in self.phase_out.get(aspect, frozenset()))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _suites(exchanges: str, ciphers: str) -> frozenset[str]:
    """The suites of TLS 1.2 with these key exchanges and ciphers."""
    return frozenset(f"TLS_{one}_WITH_{other}" for one, other in product(exchanges.split(), ciphers.split()))


_ECDHE = "ECDHE_ECDSA ECDHE_RSA"
_AES_GCM = "AES_128_GCM_SHA256 AES_256_GCM_SHA384"
_AES_CCM = "AES_128_CCM AES_256_CCM"
_CHACHA20 = "CHACHA20_POLY1305_SHA256"
_AES_CBC_SHA2 = "AES_128_CBC_SHA256 AES_256_CBC_SHA384"
_TLS13_USUAL = _words("TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256")
_NIST = "secp256r1 secp384r1 secp521r1"
_BRAINPOOL = "brainpoolP256r1 brainpoolP384r1 brainpoolP512r1"
_BRAINPOOL_TLS13 = "brainpoolP256r1tls13 brainpoolP384r1tls13 brainpoolP512r1tls13"
_HYBRIDS = "X25519MLKEM768 SecP256r1MLKEM768 SecP384r1MLKEM1024"
_ECDSA_SCHEMES = """
    ecdsa_secp256r1_sha256 ecdsa_secp384r1_sha384 ecdsa_secp521r1_sha512 ecdsa_brainpoolP256r1tls13_sha256
    ecdsa_brainpoolP384r1tls13_sha384 ecdsa_brainpoolP512r1tls13_sha512
"""
_PSS_SCHEMES = """
    rsa_pss_rsae_sha256 rsa_pss_rsae_sha384 rsa_pss_rsae_sha512 rsa_pss_pss_sha256 rsa_pss_pss_sha384 rsa_pss_pss_sha512
"""
_CURRENT = _words("TLSv1.2 TLSv1.3")

NCSC_NL_2025 = TLSProfile(
    "NCSC-NL: TLS guidelines 2025-05",
    date(2025, 6, 1),
    {
        Aspect.VERSIONS: _CURRENT,
        Aspect.SUITES: _TLS13_USUAL
        | _words("TLS_AES_128_CCM_SHA256")
        | _suites(_ECDHE, f"{_AES_GCM} {_AES_CCM} {_CHACHA20}"),
        Aspect.GROUPS: _words(f"{_HYBRIDS} {_NIST} x25519 x448 {_BRAINPOOL} {_BRAINPOOL_TLS13}"),
        Aspect.SCHEMES: _words(
            f"{_ECDSA_SCHEMES} {_PSS_SCHEMES} ed25519 ed448 rsa_pkcs1_sha256 rsa_pkcs1_sha384 rsa_pkcs1_sha512"
        ),
    },
    {
        Aspect.SUITES: _suites(
            _ECDHE,
            f"""{_AES_CBC_SHA2} CAMELLIA_128_GCM_SHA256 CAMELLIA_256_GCM_SHA384 CAMELLIA_128_CBC_SHA256
            CAMELLIA_256_CBC_SHA384 ARIA_128_GCM_SHA256 ARIA_256_GCM_SHA384 ARIA_128_CBC_SHA256 ARIA_256_CBC_SHA384""",
        )
        | _suites(
            "DHE_RSA",
            f"""{_CHACHA20} {_AES_GCM} {_AES_CCM} AES_128_CBC_SHA256 AES_256_CBC_SHA256 CAMELLIA_128_GCM_SHA256
            CAMELLIA_256_GCM_SHA384 CAMELLIA_128_CBC_SHA256 CAMELLIA_256_CBC_SHA256 ARIA_128_GCM_SHA256
            ARIA_256_GCM_SHA384 ARIA_128_CBC_SHA256 ARIA_256_CBC_SHA384""",
        ),
        Aspect.GROUPS: _words("secp224r1 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192"),
        Aspect.SCHEMES: _words("ecdsa_sha224 rsa_pkcs1_sha224 dsa_sha224"),
    },
)

_MOZILLA_GROUPS = _words("X25519MLKEM768 x25519 secp256r1 secp384r1")

MOZILLA_MODERN = TLSProfile(
    "Mozilla: server side TLS 6.0, modern",
    date(2026, 4, 6),
    {Aspect.VERSIONS: _words("TLSv1.3"), Aspect.SUITES: _TLS13_USUAL, Aspect.GROUPS: _MOZILLA_GROUPS},
)

MOZILLA_INTERMEDIATE = TLSProfile(
    "Mozilla: server side TLS 6.0, intermediate",
    date(2026, 4, 6),
    {
        Aspect.VERSIONS: _CURRENT,
        Aspect.SUITES: _TLS13_USUAL | _suites(_ECDHE, f"{_AES_GCM} {_CHACHA20}"),
        Aspect.GROUPS: _MOZILLA_GROUPS,
    },
)

_OLD_CBC = "AES_128_CBC_SHA AES_256_CBC_SHA"

MOZILLA_OLD = TLSProfile(
    "Mozilla: server side TLS 5.8, old",
    date(2026, 4, 6),
    {
        Aspect.VERSIONS: _words("TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3"),
        Aspect.SUITES: _TLS13_USUAL
        | _suites(_ECDHE, f"{_AES_GCM} {_CHACHA20} {_AES_CBC_SHA2} {_OLD_CBC}")
        | _suites("DHE_RSA", f"{_AES_GCM} {_CHACHA20} AES_128_CBC_SHA256 AES_256_CBC_SHA256")
        | _suites("RSA", f"{_AES_GCM} AES_128_CBC_SHA256 AES_256_CBC_SHA256 {_OLD_CBC} 3DES_EDE_CBC_SHA"),
        Aspect.GROUPS: _words("x25519 secp256r1 secp384r1"),
    },
)

_BSI_DHE = f"{_AES_GCM} AES_128_CBC_SHA256 AES_256_CBC_SHA256"

BSI_2023 = TLSProfile(
    "BSI TR-02102-2, edition of 2023",
    date(2023, 6, 14),
    {
        Aspect.VERSIONS: _CURRENT,
        Aspect.SUITES: _words("TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_AES_128_CCM_SHA256")
        | _suites(_ECDHE, f"{_AES_GCM} {_AES_CBC_SHA2}")
        | _suites("ECDHE_ECDSA DHE_RSA", _AES_CCM)
        | _suites("DHE_RSA DHE_DSS", _BSI_DHE),
        Aspect.GROUPS: _words(f"{_NIST} {_BRAINPOOL} {_BRAINPOOL_TLS13} ffdhe3072 ffdhe4096"),
        Aspect.SCHEMES: _words(f"{_ECDSA_SCHEMES} {_PSS_SCHEMES} dsa_sha256 dsa_sha384 dsa_sha512"),
    },
    {
        Aspect.SUITES: _suites("ECDH_ECDSA ECDH_RSA", f"{_AES_GCM} {_AES_CBC_SHA2}")
        | _suites("DH_RSA DH_DSS", _BSI_DHE),
    },
)

COMPAT_2014 = TLSProfile(
    "SSL 3.0 refused, and nothing else",
    date(2014, 10, 14),
    {Aspect.VERSIONS: _words("TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3")},
)

PROFILES: Mapping[str, TLSProfile] = {
    "ncsc-nl-2025-05": NCSC_NL_2025,
    "mozilla-modern": MOZILLA_MODERN,
    "mozilla-intermediate": MOZILLA_INTERMEDIATE,
    "mozilla-old": MOZILLA_OLD,
    "bsi-2023": BSI_2023,
    "2014-compat": COMPAT_2014,
}
"""By the names that the inventory calls them by."""
