"""Certificate policies along a path: whether one is left where a CA demands one (RFC 5280, section 6.1).

Everybody's policies will do, as for TLS clients: the user-initial-policy-set is any-policy.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from mailproof.net.pkix.der import pairs_of_oids
from mailproof.net.pkix.extensions import extension

_ANY = "2.5.29.32.0"


def policy_flaw(path: Sequence[x509.Certificate], self_issued: Sequence[bool]) -> str:
    """Why the policies of ``path`` (the server's certificate first, the root left out) do not do; "" where they do.

    Only the policies that the next certificate may name are kept, which is all that can be asked of such a path
    (sections 6.1.2, 6.1.3 d to f, 6.1.4 a, b and h to j, and 6.1.5).
    """
    length = len(path)
    explicit = mapping = any_policy = length + 1
    expected: set[str] = {_ANY}
    for position in reversed(range(length)):
        certificate, is_last = path[position], position == 0
        free = self_issued[position] and not is_last
        valid = _valid(certificate, expected, takes_any=any_policy > 0 or free)
        constraints = extension(certificate, x509.PolicyConstraints)
        if is_last and (explicit <= 1 or (constraints is not None and constraints.require_explicit_policy == 0)):
            explicit = 0
        if explicit == 0 and not valid:
            return "a CA demands a policy that is valid on the whole path"
        mappings = _mappings(certificate)
        if any(_ANY in pair for pair in mappings):
            return "a CA maps any policy"
        expected = _mapped(valid, mappings if mapping > 0 else (), {own for own, _ in mappings})
        if not free:
            explicit, mapping, any_policy = max(explicit - 1, 0), max(mapping - 1, 0), max(any_policy - 1, 0)
        if constraints is not None:
            explicit = min(explicit, _or_more(constraints.require_explicit_policy))
            mapping = min(mapping, _or_more(constraints.inhibit_policy_mapping))
        inhibited = extension(certificate, x509.InhibitAnyPolicy)
        if inhibited is not None:
            any_policy = min(any_policy, inhibited.skip_certs)
    return ""


def _or_more(number: int | None) -> int:
    return 1 << 31 if number is None else number


def _valid(certificate: x509.Certificate, expected: set[str], *, takes_any: bool) -> set[str]:
    """The policies of a certificate that its issuers allow."""
    policies = extension(certificate, x509.CertificatePolicies)
    named = {policy.policy_identifier.dotted_string for policy in policies or ()}
    valid = named - {_ANY} if _ANY in expected else (named - {_ANY}) & expected
    return valid | expected if _ANY in named and takes_any else valid


def _mappings(certificate: x509.Certificate) -> tuple[tuple[str, str], ...]:
    """The issuer's and the subject's names of policies that are the same; what does not parse maps nothing."""
    for found in certificate.extensions:
        if found.oid == ExtensionOID.POLICY_MAPPINGS and isinstance(found.value, x509.UnrecognizedExtension):
            try:
                return tuple(pairs_of_oids(found.value.value))
            except (IndexError, ValueError):
                return ()
    return ()


def _mapped(valid: set[str], mappings: Sequence[tuple[str, str]], mapped: set[str]) -> set[str]:
    """The policies that the next certificate may name: those ``mapped`` have another name from here on, or none."""
    return valid - mapped | {subjects for issuers, subjects in mappings if issuers in valid or _ANY in valid}
