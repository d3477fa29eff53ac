"""Faults of what stands in certificates, of how they are sent, and of what their CA says of them."""

from __future__ import annotations

from typing import Any

from tests.real.domains import EXIM, POSTFIX, Domain, Server
from tests.real.shown import Chain

NETWORK = 110


def _exim(label: str, fault: str, chain: Chain, *, rsa_bits: int | None = None, **verdicts: Any) -> Domain:
    return Domain(f"cert-{label}", fault, Server(EXIM, chain=chain, rsa_bits=rsa_bits), **verdicts)


DOMAINS = (
    Domain(
        "cert-foreign",
        "sends a certificate that issued nothing",
        Server(POSTFIX, chain=Chain.FOREIGN_SENT),
        fail=("CERT-CHAIN-ORDER",),
        why="GnuTLS, which Exim has, sends only what belongs to the chain.",
    ),
    _exim("root", "sends the root", Chain.ROOT_SENT, advice=("CERT-NO-ROOT",)),
    _exim("sha224", "certificate signed over SHA-224", Chain.SHA224, advice=("CERT-SIG-ALG",)),
    Domain(
        "cert-key-usage",
        "key of the certificate that may not sign",
        Server(POSTFIX, chain=Chain.KEY_EXCHANGE_ONLY, rsa_bits=2048),
        fail=("CERT-KEY-USAGE",),
        why="GnuTLS, which Exim has, does not use such a key at all.",
    ),
    _exim("serial", "serial number of seven bits", Chain.PUBLIC_SHORT_SERIAL, fail=("CERT-SERIAL",)),
    _exim("revoked", "certificate that the CA has revoked", Chain.REVOKED, fail=("CERT-REVOKED",)),
    _exim("must-staple", "no OCSP response where one must come", Chain.MUST_STAPLE, fail=("CERT-OCSP-STAPLE",)),
    _exim("wildcard", "certificate for all hosts of the domain", Chain.WILDCARD, advice=("CERT-EV-ETLS-WILDCARD",)),
    _exim("weak-key", "RSA key of two primes next to each other", Chain.WEAK_KEY, fail=("CERT-WEAK-KEY",)),
    _exim(
        "own-key",
        "shares its key with the host of cert-key-usage",
        Chain.RIGHT,
        rsa_bits=2048,
        own_key=True,
        advice=("CERT-KEY-REUSE",),
    ),
    _exim(
        "no-sni",
        "another host's certificate for clients that name none",
        Chain.OTHER_WITHOUT_SNI,
        advice=("CERT-NO-SNI-LEAK",),
    ),
    _exim("lifetime", "certificate of a public CA for twenty years", Chain.PUBLIC_OLD, fail=("CERT-LIFETIME",)),
    _exim("lifetime-br", "certificate of a public CA for 300 days", Chain.PUBLIC_LONG, fail=("CERT-LIFETIME-BR",)),
    _exim("unlogged", "certificate of a public CA that no log has seen", Chain.PUBLIC_UNLOGGED, advice=("CERT-CT",)),
    _exim("caa", "certificate of a CA that CAA does not admit", Chain.PUBLIC, advice=("CERT-RENEWABLE",)),
)
