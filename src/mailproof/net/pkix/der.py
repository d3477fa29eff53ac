"""The few parts of a certificate that are read as they stand in its DER encoding (RFC 5280, section 4.1)."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_EC = bytes.fromhex("06072a8648ce3d0201")
"""id-ecPublicKey (RFC 5480, section 2.1.1)."""
_SEQUENCE, _OID = 0x30, 0x06


def public_key_info(certificate: x509.Certificate) -> bytes:
    """The subject public key info, as TLSA selector 1 matches it; also for keys that no library here knows."""
    tbs = certificate.tbs_certificate_bytes
    at = _field(tbs, 5)
    start, _, end = element(tbs, at)
    return tbs[start:end]


def same_algorithms(certificate: x509.Certificate) -> bool:
    """Whether the algorithm in the signed part is the one of the signature (RFC 5280, section 4.1.1.2)."""
    tbs, whole = certificate.tbs_certificate_bytes, certificate.public_bytes(Encoding.DER)
    start, _, end = element(tbs, _field(tbs, 1))
    _, content, _ = element(whole, 0)
    outer_start, _, outer_end = element(whole, content + len(tbs))
    return tbs[start:end] == whole[outer_start:outer_end]


def has_explicit_curve(certificate: x509.Certificate) -> bool:
    """Whether the key lies on a curve whose parameters are spelt out, which RFC 5480, section 2.1.1 forbids."""
    algorithm = _algorithm(certificate)
    return algorithm.startswith(_EC) and algorithm[len(_EC) : len(_EC) + 1] == bytes([_SEQUENCE])


def key_algorithm(certificate: x509.Certificate) -> str:
    """The object identifier of the key's algorithm."""
    return certificate.public_key_algorithm_oid.dotted_string


def pairs_of_oids(value: bytes) -> list[tuple[str, str]]:
    """The pairs of object identifiers in a sequence, as policy mappings have them (RFC 5280, section 4.2.1.5).

    Other octets raise IndexError or ValueError.
    """
    pairs = []
    _, at, end = element(value, 0)
    while at < end:
        _, first, after = element(value, at)
        _, first_content, second = element(value, first)
        _, second_content, last = element(value, second)
        if last != after or value[first] != _OID or value[second] != _OID:
            raise ValueError("no policy mappings")
        pairs.append((dotted(value[first_content:second]), dotted(value[second_content:last])))
        at = after
    return pairs


def dotted(content: bytes) -> str:
    """An object identifier as text (X.690, section 8.19)."""
    numbers, number = [], 0
    for octet in content:
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def _algorithm(certificate: x509.Certificate) -> bytes:
    """The content of the key's algorithm identifier."""
    info = public_key_info(certificate)
    _, content, _ = element(info, 0)
    _, start, end = element(info, content)
    return info[start:end]


def _field(tbs: bytes, number: int) -> int:
    """Where a field of the to-be-signed part begins: serial number (0), signature algorithm, issuer, validity,
    subject, subject public key info (5).
    """
    _, at, _ = element(tbs, 0)
    if tbs[at] == 0xA0:  # the version, absent in version 1
        _, _, at = element(tbs, at)
    for _ in range(number):
        _, _, at = element(tbs, at)
    return at


def element(data: bytes, start: int) -> tuple[int, int, int]:
    """Where the DER element at ``start`` begins, where its content begins, and where it ends."""
    length, content = data[start + 1], start + 2
    if length & 0x80:
        content += length & 0x7F
        length = int.from_bytes(data[start + 2 : content])
    return start, content, content + length
