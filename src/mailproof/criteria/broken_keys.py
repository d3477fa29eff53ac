"""Public keys whose private halves anybody can have: keys that were published, and RSA keys that can be factored.

The checks are those of the field's tool, badkeys, as far as they need no list of others' keys; its own list is read
where the inventory names it. The tool itself is not used: it needs a cryptography that sslyze does not admit.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from math import gcd, isqrt
from mmap import mmap

import gmpy2
from gmpy2 import mpz

AS_OF = "2026-11"

PUBLISHED = {
    "1be2c2e898b8cb93583845439eb7b8df9d47527f9b77751cfcd96d91851f4efd": "RFC 6376, appendix C",
    "faa7f1558c0345a1166a022f3c50feabe8105966d5d8010d3c8d29a462986a42": "RFC 8463, appendix A.2",
    "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9": "RFC 8032, section 7.1, and RFC 8463",
    "39f713d0a644253f04529421b9f51b9b08979d08295959c4f3990ee617f5139f": "RFC 8032, section 7.1",
    "dac073e0123bdea59dd9b3bda9cf6037f63aca82627d7abcd5c4ac29dd74003e": "RFC 8032, section 7.1",
    "91384c411e5af29648f17f922b402655b11ecaec1b33fc45796241963f95f202": "RFC 8032, section 7.1",
    "d85634277da89350a80a0c0ff62b7695df2478a61f9b93bc62b52540b0699872": "RFC 8032, section 7.1",
}
"""Where the private key stands, by the SHA-256 of the modulus or of the raw Ed25519 key."""

MOST_BITS = 16384
"""Larger RSA keys are not looked at: OpenSSL reads none, and one that fills a TXT record keeps a run busy for hours."""
SMALL = 65537
"""Prime factors up to here are found in every key."""
REPEATED = 4
"""How often four octets stand in a modulus that no chance has made."""
ROUNDS = 100
"""Steps of Fermat's factorisation: two primes chosen independently of each other are never found by that."""
BIASED = 0.1
"""How far the share of ones in a modulus of 1000 bits and more may be from one half: chance never makes a tenth."""

_ROCA = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
"""Primes modulo which a key of the flawed library is a power of 65537 (CVE-2017-15361)."""


def rsa_weakness(modulus: int, exponent: int) -> str:
    """Why the private key follows from the public one; empty where none of the known ways leads to it.

    The modulus has to be odd and above 1.
    """
    if factor := _small_factor(modulus):
        return f"the modulus has the factor {factor}"
    if gmpy2.is_prime(modulus):
        return "the modulus is a prime, and no product of two"
    if gmpy2.is_power(modulus):
        return "the modulus is the power of a number"
    if _near_factors(modulus):
        return "the two primes are so near to each other that the modulus is factored at once (Fermat, CVE-2022-26320)"
    if _is_roca(modulus):
        return "the key comes from a flawed library of chips (ROCA, CVE-2017-15361)"
    if _has_small_private_exponent(modulus, exponent):
        return "the private exponent is so small that it follows from the public one (Wiener's attack)"
    return ""


def is_biased(modulus: int) -> bool:
    """Whether the bits of a modulus are none that two random primes would give."""
    bits = modulus.bit_length()
    return bits >= 1000 and abs(modulus.bit_count() / bits - 0.5) > BIASED


def most_repeated(modulus: int) -> int:
    """How often those four octets stand in a modulus that stand there most often: in a random one of any length twice
    at most.
    """
    octets = modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")
    return max(Counter(octets[at : at + 4] for at in range(len(octets) - 3)).values(), default=0)


RECORD, HASHED = 16, 15
"""Octets of a record in badkeys' blocklist.dat, and those of the hash in it; the last one is the number of a list."""


def is_list(records: bytes | mmap) -> bool:
    """Whether octets have the form of badkeys' blocklist.dat, by samples: records of one length, sorted."""
    number = len(records) // RECORD
    places = range(0, number, number // 1000 + 1)
    hashes = [records[place * RECORD : place * RECORD + HASHED] for place in places]
    return number > 0 and len(records) % RECORD == 0 and hashes == sorted(hashes)


def list_of(number: bytes, records: bytes | mmap) -> int | None:
    """The number of the list that has a key, by ``records`` in the form of badkeys' blocklist.dat; None if none has.

    ``number`` are the octets of the modulus, or of an Ed25519 key. The records are sorted by their hashes.
    """
    wanted = hashlib.sha256(number).digest()[:HASHED]
    first, end = 0, len(records) // RECORD
    while first < end:
        middle = (first + end) // 2
        found = records[middle * RECORD : middle * RECORD + HASHED]
        if found == wanted:
            return records[middle * RECORD + HASHED]
        first, end = (middle + 1, end) if found < wanted else (first, middle)
    return None


def with_common_factors(moduli: Sequence[int]) -> tuple[int, ...]:
    """Those of different moduli that have a factor in common with another one (Bernstein's batch GCD).

    The tree of products makes the work for many keys little more than that for the largest product.
    """
    if len(moduli) < 2:
        return ()
    levels: list[list[mpz]] = [[mpz(modulus) for modulus in moduli]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([gmpy2.mul(*pair) if len(pair) == 2 else pair[0] for pair in _pairs(below)])
    rest = levels.pop()
    while levels:
        level = levels.pop()
        rest = [rest[at // 2] % (product * product) for at, product in enumerate(level)]
    return tuple(
        modulus for modulus, remainder in zip(moduli, rest, strict=True) if gcd(int(remainder // modulus), modulus) != 1
    )


def _pairs(numbers: list[mpz]) -> Iterable[list[mpz]]:
    return (numbers[at : at + 2] for at in range(0, len(numbers), 2))


@cache
def _small_primes() -> mpz:
    """The product of all primes up to SMALL."""
    return gmpy2.primorial(SMALL)


def _small_factor(modulus: int) -> int:
    common = gmpy2.gcd(_small_primes(), modulus)
    if common == 1:
        return 0
    return next(prime for prime in range(3, SMALL + 1, 2) if common % prime == 0)


def _near_factors(modulus: int) -> bool:
    """Whether the modulus is a difference of two squares near its root."""
    middle = isqrt(modulus) + 1
    return any(gmpy2.is_square((middle + step) ** 2 - modulus) for step in range(ROUNDS))


@cache
def _powers(prime: int) -> frozenset[int]:
    return frozenset(pow(65537, power, prime) for power in range(prime))


def _is_roca(modulus: int) -> bool:
    return all(modulus % prime in _powers(prime) for prime in _ROCA)


def _has_small_private_exponent(modulus: int, exponent: int) -> bool:
    """Whether a convergent k/d of exponent/modulus has the private exponent d."""
    if exponent.bit_length() <= 32:
        return False
    numerator, denominator = exponent, modulus
    k, k_before, d, d_before = 1, 0, 0, 1
    while denominator:
        quotient, rest = divmod(numerator, denominator)
        numerator, denominator = denominator, rest
        k, k_before = quotient * k + k_before, k
        d, d_before = quotient * d + d_before, d
        if k:
            sum_of_factors = modulus - exponent * d // k + 1
            square = sum_of_factors * sum_of_factors - 4 * modulus
            if square >= 0 and gmpy2.is_square(square):
                return True
    return False
