"""Named groups and signature schemes: their numbers and names (IANA's TLS registry), and well-known DH primes."""

from __future__ import annotations

from functools import cache

HYBRIDS = (0x11EC, 0x11EB, 0x11ED)
"""Post-quantum hybrids: ML-KEM beside an elliptic curve."""

_GROUPS = {
    0x11EC: "X25519MLKEM768",
    0x11EB: "SecP256r1MLKEM768",
    0x11ED: "SecP384r1MLKEM1024",
    0x001D: "x25519",
    0x0017: "secp256r1",
    0x001E: "x448",
    0x0018: "secp384r1",
    0x0019: "secp521r1",
    0x001F: "brainpoolP256r1tls13",
    0x0020: "brainpoolP384r1tls13",
    0x0021: "brainpoolP512r1tls13",
    0x0100: "ffdhe2048",
    0x0101: "ffdhe3072",
    0x0102: "ffdhe4096",
    0x0103: "ffdhe6144",
    0x0104: "ffdhe8192",
    0x0200: "MLKEM512",
    0x0201: "MLKEM768",
    0x0202: "MLKEM1024",
    0x001A: "brainpoolP256r1",
    0x001B: "brainpoolP384r1",
    0x001C: "brainpoolP512r1",
    0x0016: "secp256k1",
    0x0015: "secp224r1",
    0x0014: "secp224k1",
    0x0013: "secp192r1",
    0x0012: "secp192k1",
    0x0011: "secp160r2",
    0x0010: "secp160r1",
    0x000F: "secp160k1",
    0x000E: "sect571r1",
    0x000D: "sect571k1",
    0x000C: "sect409r1",
    0x000B: "sect409k1",
    0x000A: "sect283r1",
    0x0009: "sect283k1",
    0x0008: "sect239k1",
    0x0007: "sect233r1",
    0x0006: "sect233k1",
    0x0005: "sect193r2",
    0x0004: "sect193r1",
    0x0003: "sect163r2",
    0x0002: "sect163r1",
    0x0001: "sect163k1",
}

_CURVES_ONLY_UNTIL_TLS12 = range(0x0001, 0x0017)
_BRAINPOOL_UNTIL_TLS12 = range(0x001A, 0x001D)
_BRAINPOOL_OF_TLS13 = range(0x001F, 0x0022)
_DIFFIE_HELLMAN = range(0x0100, 0x0200)

TLS13_GROUPS = tuple(
    number for number in _GROUPS if number not in _CURVES_ONLY_UNTIL_TLS12 and number not in _BRAINPOOL_UNTIL_TLS12
)
"""Groups that TLS 1.3 knows, the hybrids first."""

CURVES = tuple(number for number in _GROUPS if number < min(_DIFFIE_HELLMAN) and number not in _BRAINPOOL_OF_TLS13)
"""Curves that TLS 1.2 and older versions know (RFC 8422, section 5.1.1)."""

_SCHEMES = {
    0x0403: "ecdsa_secp256r1_sha256",
    0x0503: "ecdsa_secp384r1_sha384",
    0x0603: "ecdsa_secp521r1_sha512",
    0x0807: "ed25519",
    0x0808: "ed448",
    0x081A: "ecdsa_brainpoolP256r1tls13_sha256",
    0x081B: "ecdsa_brainpoolP384r1tls13_sha384",
    0x081C: "ecdsa_brainpoolP512r1tls13_sha512",
    0x0809: "rsa_pss_pss_sha256",
    0x080A: "rsa_pss_pss_sha384",
    0x080B: "rsa_pss_pss_sha512",
    0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384",
    0x0806: "rsa_pss_rsae_sha512",
    0x0401: "rsa_pkcs1_sha256",
    0x0501: "rsa_pkcs1_sha384",
    0x0601: "rsa_pkcs1_sha512",
    0x0402: "dsa_sha256",
    0x0502: "dsa_sha384",
    0x0602: "dsa_sha512",
    0x0303: "ecdsa_sha224",
    0x0301: "rsa_pkcs1_sha224",
    0x0302: "dsa_sha224",
    0x0203: "ecdsa_sha1",
    0x0201: "rsa_pkcs1_sha1",
    0x0202: "dsa_sha1",
    0x0101: "rsa_pkcs1_md5",
}

SCHEMES = tuple(_SCHEMES)
"""Signature schemes, the best first. TLS 1.2 calls the pairs of hash and signature by the same numbers."""

TLS13_SCHEMES = tuple(
    number for number, name in _SCHEMES.items() if name.startswith(("ed", "rsa_pss")) or "_sec" in name or "13_" in name
)
"""Those that a handshake of TLS 1.3 may be signed with (RFC 8446, section 4.2.3)."""


BROKEN_SCHEMES = tuple(number for number, name in _SCHEMES.items() if name.endswith(("_sha1", "_md5")))
"""Signatures over SHA-1 and MD5 (RFC 9155)."""


def group_name(number: int) -> str:
    """The registry's name of a group; its number where it has none here."""
    return _GROUPS.get(number, f"0x{number:04X}")


def scheme_name(number: int) -> str:
    """The registry's name of a signature scheme; its number where it has none here."""
    return _SCHEMES.get(number, f"0x{number:04X}")


_RFC7919 = {2048: 560316, 3072: 2625351, 4096: 5736041, 6144: 15705020, 8192: 10965728}
_RFC3526 = {
    1024: 129093,
    1536: 741804,
    2048: 124476,
    3072: 1690314,
    4096: 240904,
    6144: 929484,
    8192: 4743158,
}
"""What the primes are made with by their bits (RFC 7919, appendix A; RFC 2409, section 6.2; RFC 3526)."""


@cache
def well_known_prime(prime: int) -> str:
    """The name of a prime that RFC 7919 (ffdhe2048), RFC 3526 or RFC 2409 (modp2048) publishes; empty for others."""
    bits = prime.bit_length()
    for name, constants, fraction in (("ffdhe", _RFC7919, _e), ("modp", _RFC3526, _pi)):
        if bits in constants:
            middle = (fraction(bits - 130) + constants[bits]) << 64
            if prime == 2**bits - 2 ** (bits - 64) + middle - 1:
                return f"{name}{bits}"
    return ""


_GUARD = 64
"""Further bits in the sums, so that what is cut off does not reach the bits that count."""


def _e(bits: int) -> int:
    """The integer part of e * 2^bits."""
    term = total = 1 << (bits + _GUARD)
    count = 1
    while term := term // count:
        total += term
        count += 1
    return total >> _GUARD


def _pi(bits: int) -> int:
    """The integer part of pi * 2^bits, by Machin's formula."""
    one = 1 << (bits + _GUARD)
    return 4 * (4 * _arc_tangent_of_inverse(5, one) - _arc_tangent_of_inverse(239, one)) >> _GUARD


def _arc_tangent_of_inverse(x: int, one: int) -> int:
    power, total, odd, sign = one // x, 0, 1, 1
    while power:
        total += sign * (power // odd)
        power, odd, sign = power // (x * x), odd + 2, -sign
    return total
