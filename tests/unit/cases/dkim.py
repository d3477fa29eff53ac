"""DKIM keys."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import gmpy2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from mailproof.controls import MUST, SHOULD
from mailproof.grammars.public_keys import Ed25519Key
from mailproof.observations.authorities import Silence
from mailproof.observations.dkim import DKIMKey, DomainKeys, KeyAge, KeyCompany, ProviderKeys
from mailproof.observations.key_use import KeyUse
from mailproof.observations.signing_keys import SigningKeyHalf

from ..observed import DOMAIN, PARKED, RECEIVES, answer, missing
from .case import Table, advises, fails, leaves, passes, skips, undecided
from .dmarc_records import BY_KEYS, EMPTY, HIDDEN, INHERITED, KEYS, NAME, REVOKED, org


def dkim(*texts: str) -> DKIMKey:
    name = f"s1._domainkey.{DOMAIN}"
    return DKIMKey("s1", DOMAIN, answer(name, "TXT", *texts) if texts else missing(name, "TXT"))


@cache
def rsa_key(bits: int, format: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    """A new RSA key as DKIM publishes it."""
    key = rsa.generate_private_key(65537, bits).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, format)).decode()


@cache
def ed25519_key() -> str:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


RSA_512 = (
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL10DPn3pT8j0n7bfwCYjQMFrcGPvN1cDy9mQ3pQyVbh"
    "o9cK1TdnTqQk5JQ3z0w4nFQy1mH0B6E7cW3u8u0ZkB8CAwEAAQ=="
)
"""cryptography makes no keys this small any more, but reads them."""

RFC_6376 = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq"
    "631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
)
RFC_8463 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def published(modulus: int, exponent: int = 65537) -> str:
    """An RSAPublicKey of any numbers."""

    def integer(number: int) -> bytes:
        octets = number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)
        return b"\x02\x82" + len(octets).to_bytes(2, "big") + octets

    body = integer(modulus) + integer(exponent)
    return base64.b64encode(b"\x30\x82" + len(body).to_bytes(2, "big") + body).decode()


def raw(number: int) -> str:
    return base64.b64encode(number.to_bytes(32, "little")).decode()


WRAPPED = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + base64.b64decode(RFC_8463)).decode()
LONGER = base64.b64encode(base64.b64decode(RFC_6376) + b"0").decode()
EC_KEY = base64.b64encode(
    ec.derive_private_key(1, ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()


@cache
def private_key(format: PrivateFormat = PrivateFormat.TraditionalOpenSSL) -> str:
    key = rsa.generate_private_key(65537, 1024)
    return base64.b64encode(key.private_bytes(Encoding.DER, format, NoEncryption())).decode()


@cache
def prime(bits: int) -> int:
    """A prime that is the same every time."""
    return int(gmpy2.next_prime(Random(bits).getrandbits(bits - 1) | 3 << bits - 2))


def near(bits: int) -> int:
    """The product of two primes that follow each other."""
    return prime(bits) * int(gmpy2.next_prime(prime(bits)))


@cache
def roca() -> int:
    """A modulus as the flawed library of chips made them: both primes are powers of 65537 modulo many small primes."""
    small = int(gmpy2.primorial(167))
    chance = Random(1)

    def one() -> int:
        while True:
            found = chance.getrandbits(260) * small + pow(65537, chance.getrandbits(62), small)
            if gmpy2.is_prime(found):
                return found

    return one() * one()


def with_small_private_exponent() -> tuple[int, int]:
    """A modulus, and the inverse of a small number."""
    p, q, small = prime(512), prime(513), prime(120)
    return p * q, pow(small, -1, (p - 1) * (q - 1))


BIASED = (2**1024 + 643) * (2**1023 + 1155)
"""The product of two numbers with hardly a one in them; they have no small factors."""

PATTERN = int("9e3779b1" * 64, 16) + 0x16
"""A pattern that no other check objects to."""

AGE = KeyAge("s1", True, "2026-11-26", "aa")
ALONE = KeyCompany(f"s1._domainkey.{DOMAIN}", DOMAIN, (), (), False)
RSA = f"p={rsa_key(2048)}"
HUGE = published(2**100_000 + 3, 2**99_990 + 1)
"""To look for a weakness of such a key takes minutes."""
ED25519 = f"k=ed25519; p={ed25519_key()}"


def both(*texts: str) -> DomainKeys:
    return DomainKeys(DOMAIN, tuple(dkim(text) for text in texts))


def half(private: str, *published: str) -> SigningKeyHalf:
    """A signer has the private key of a record, and others are published."""
    key = dkim(private).keys[0].key
    assert key is not None
    kind = "Ed25519" if isinstance(key, Ed25519Key) else "RSA"
    return SigningKeyHalf("s1.key", key.fingerprint, kind, key.bits, dkim(*published))


REVOKED_ALL = replace(REVOKED, below=answer(f"x.{NAME}", "TXT", "v=DKIM1; p="))
SPF_BELOW = answer(f"x.{NAME}", "TXT", "v=spf1 -all")
NOTHING_BELOW = missing(f"x.{NAME}", "TXT")


def at_provider(
    *there: bool, aliases: tuple[str, ...] = ("s-example-org._domainkey.ours.onmicrosoft.com",)
) -> ProviderKeys:
    """Microsoft's selectors, as far as ``there`` says that they lead to a key or to nothing."""
    answers = []
    for number in (1, 2):
        name = f"selector{number}._domainkey.{DOMAIN}"
        if number > len(there):
            answers.append(missing(name, "TXT"))
        else:
            texts = (RSA,) if there[number - 1] else ()
            answers.append(answer(name, "TXT", *texts, aliases=aliases))
    return ProviderKeys(DOMAIN, "Microsoft 365", ("onmicrosoft.com", "dkim.mail.microsoft"), tuple(answers))


def use(**more: Any) -> KeyUse:
    return KeyUse("s1._domainkey.example.org", **{"has_key": True, "reported": 40, "until": "2026-11-24", **more})


TABLE: Table = {
    "DKIM-STALE": (
        passes(key_use=use(unseen=3)),
        passes(key_use=use(unseen=3, unread="b.xml: its XML is broken")),
        advises("no message names s1._domainkey.example.org in 40 days", key_use=use()),
        advises("for 35 days", key_use=use(unseen=35)),
        skips("has no key", key_use=use(has_key=False)),
        skips("names no reports", key_use=use(reported=0)),
        undecided("are about 12 days, of 30", key_use=use(reported=12)),
        undecided("b.xml", key_use=use(unread="b.xml: its XML is broken")),
    ),
    "DKIM-SELECTOR": (
        passes(dkim_key=dkim(f"v=DKIM1; k=rsa; p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"p={rsa_key(1024)}")),
        passes(dkim_key=dkim(f"v=DKIM1; k=ed25519; p={ed25519_key()};")),
        fails("no TXT record (NXDOMAIN)", level=MUST, dkim_key=dkim()),
        fails("2 TXT records", dkim_key=dkim(f"p={rsa_key(2048)}", f"p={rsa_key(1024)}")),
        fails("revoked", dkim_key=dkim("v=DKIM1; p=")),
        leaves("DKIM-KEY-VALID", dkim_key=dkim("v=DKIM1; p=!!!")),
        leaves("DKIM-HASH", dkim_key=dkim(f"v=DKIM1; h=sha1; p={rsa_key(2048)}")),
        leaves("DKIM-SERVICE", dkim_key=dkim(f"v=DKIM1; s=other; p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"v=DKIM1; s=tlsrpt; p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"v=DKIM1; s=email:tlsrpt; h=sha256; t=s:x-flag; p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"v=DKIM1;\r\n k=rsa;\r\n\tp={rsa_key(2048)[:64]}\r\n {rsa_key(2048)[64:]}")),
        fails("p holds '\\n': a line end", dkim_key=dkim(f"v=DKIM1; p={rsa_key(2048)[:64]}\n{rsa_key(2048)[64:]}")),
        fails("p holds '\\r': a line end", dkim_key=dkim(f"v=DKIM1; p={rsa_key(2048)[:64]}\r\n{rsa_key(2048)[64:]}")),
        fails("n holds '\xe9'", dkim_key=dkim(f"v=DKIM1; n=caf\xe9; p={rsa_key(2048)}")),
        fails("'y!' is not a word", dkim_key=dkim(f"v=DKIM1; t=y!; p={rsa_key(2048)}")),
        fails("'s_' is not a word", dkim_key=dkim(f"v=DKIM1; t=y:s_; p={rsa_key(2048)}")),
        fails("'' is not a word", dkim_key=dkim(f"v=DKIM1; h=sha256:; p={rsa_key(2048)}")),
        advises("h has no value", dkim_key=dkim(f"v=DKIM1; h=; p={rsa_key(2048)}")),
        advises("behind the last semicolon", dkim_key=dkim(f"v=DKIM1; p={rsa_key(2048)}; ")),
        advises("t has no value", dkim_key=dkim(f"v=DKIM1; t=; p={rsa_key(2048)}")),
        fails("p, which holds the key", dkim_key=dkim("v=DKIM1; k=rsa")),
    ),
    "DKIM-KEY-LENGTH": (
        passes(dkim_key=dkim(f"v=DKIM1; p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"v=DKIM1; k=ed25519; p={ed25519_key()}")),
        fails("1024 bits, fewer than 2048", level=SHOULD, dkim_key=dkim(f"p={rsa_key(1024)}")),
        replace(passes(dkim_key=dkim(f"p={rsa_key(1024)}")), parameters={"recommended_bits": 1024}),
        fails("fewer than 1024", level=MUST, dkim_key=dkim(f"p={RSA_512}")),
        advises("more than 4096", dkim_key=dkim(f"p={published(2**5000 + 1)}")),
        fails("more than the 16384", level=MUST, dkim_key=dkim(f"p={HUGE}")),
        leaves("DKIM-SELECTOR", dkim_key=dkim()),
        leaves("DKIM-SELECTOR", dkim_key=dkim("p=")),
        leaves("DKIM-KEY-VALID", dkim_key=dkim("p=AAAA")),
    ),
    "DKIM-KEY-VALID": (
        passes(dkim_key=dkim(f"p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"p={rsa_key(2048, PublicFormat.PKCS1)}")),
        passes(dkim_key=dkim(f"k=ed25519; p={ed25519_key()}")),
        leaves("DKIM-SELECTOR", dkim_key=dkim(f"v=DKIM1; k=rsa\\\\; p={rsa_key(2048)}")),
        leaves("DKIM-SELECTOR", dkim_key=dkim(f'"v=DKIM1; p={rsa_key(2048)}"')),
        fails("not base64: it holds '!'", level=MUST, dkim_key=dkim("v=DKIM1; p=!!!")),
        fails("base64url", dkim_key=dkim(f"p={rsa_key(2048)[:40]}-_")),
        fails("not whole octets", dkim_key=dkim(f"p={rsa_key(1024)[:-2]}")),
        fails("in the middle", dkim_key=dkim(f"p=AA=={rsa_key(1024)}")),
        fails("lines -----BEGIN", dkim_key=dkim(f"p=-----BEGIN PUBLIC KEY-----{rsa_key(1024)}")),
        fails("is cut off", dkim_key=dkim(f"p={rsa_key(2048)[:240]}")),
        fails(
            "stand behind the end",
            dkim_key=dkim(f"p={LONGER}"),
        ),
        fails("rsa2 is not known", dkim_key=dkim(f"k=rsa2; p={rsa_key(2048)}")),
        fails("the modulus is even", dkim_key=dkim(f"p={published(2**2047 + 2)}")),
        fails("the exponent is 1;", dkim_key=dkim(f"p={published(2**2047 + 1, 1)}")),
        fails("the exponent 65536 is even", dkim_key=dkim(f"p={published(2**2047 + 1, 65536)}")),
        fails("larger than the modulus", dkim_key=dkim(f"p={published(2**1023 + 1, 2**1024 + 1)}")),
        fails("not above zero", dkim_key=dkim(f"p={published(-(2**1023) - 1)}")),
        advises("the exponent is 3,", dkim_key=dkim(f"p={published(2**2047 + 1, 3)}")),
        fails("elliptic curves", dkim_key=dkim(f"p={EC_KEY}")),
        fails("a private RSA key", dkim_key=dkim(f"p={private_key()}")),
        fails("a private key (PKCS #8)", dkim_key=dkim(f"p={private_key(PrivateFormat.PKCS8)}")),
        fails("not 44; a SubjectPublicKeyInfo is around", dkim_key=dkim(f"k=ed25519; p={WRAPPED}")),
        fails("not an RSA key, but one of Ed25519", dkim_key=dkim(f"p={WRAPPED}")),
        fails("with k=ed25519", dkim_key=dkim(f"p={ed25519_key()}")),
        fails("no point of the curve", dkim_key=dkim(f"k=ed25519; p={raw(2)}")),
        fails("number is too large", dkim_key=dkim(f"k=ed25519; p={raw(2**255 - 1)}")),
        fails("a small order", dkim_key=dkim(f"k=ed25519; p={raw(0)}")),
        leaves("DKIM-SELECTOR", dkim_key=dkim()),
        leaves("DKIM-SELECTOR", dkim_key=dkim("v=DKIM1; p=")),
        leaves("DKIM-SELECTOR", dkim_key=dkim("v=spf1 -all")),
    ),
    "DKIM-KEY-WEAK": (
        leaves("DKIM-KEY-LENGTH", dkim_key=dkim(f"p={HUGE}"), key_company=ALONE),
        passes(dkim_key=dkim(f"p={rsa_key(2048)}"), key_company=ALONE),
        passes(dkim_key=dkim(f"k=ed25519; p={ed25519_key()}"), key_company=ALONE),
        undecided("a.xz is no list", dkim_key=dkim(RSA), key_company=replace(ALONE, unread="a.xz")),
        fails("RFC 6376, appendix C", level=MUST, dkim_key=dkim(f"p={RFC_6376}"), key_company=ALONE),
        fails("RFC 8032", dkim_key=dkim(f"k=ed25519; p={RFC_8463}"), key_company=ALONE),
        fails("the factor 7", dkim_key=dkim(f"p={published(7 * prime(2041))}"), key_company=ALONE),
        fails("is a prime", dkim_key=dkim(f"p={published(prime(2048))}"), key_company=ALONE),
        fails("the power of a number", dkim_key=dkim(f"p={published(prime(1024) ** 2)}"), key_company=ALONE),
        fails("Fermat", dkim_key=dkim(f"p={published(near(1024))}"), key_company=ALONE),
        fails("ROCA", dkim_key=dkim(f"p={published(roca())}"), key_company=ALONE),
        fails("Wiener", dkim_key=dkim(f"p={published(*with_small_private_exponent())}"), key_company=ALONE),
        fails("four octets stand 63 times", level=SHOULD, dkim_key=dkim(f"p={published(PATTERN)}"), key_company=ALONE),
        fails("is not random", level=SHOULD, dkim_key=dkim(f"p={published(BIASED)}"), key_company=ALONE),
        fails("list 7", dkim_key=dkim(RSA), key_company=replace(ALONE, listed="blocklist.dat (list 7)")),
        fails("in common", dkim_key=dkim(f"p={rsa_key(2048)}"), key_company=replace(ALONE, factor=True)),
        leaves("DKIM-SELECTOR", dkim_key=dkim("p="), key_company=ALONE),
        leaves("DKIM-KEY-VALID", dkim_key=dkim("p=AAAA"), key_company=ALONE),
        leaves("DKIM-KEY-VALID", dkim_key=dkim(f"p={published(2**2047 + 2)}"), key_company=ALONE),
    ),
    "DKIM-KEY-SHARED": (
        passes(dkim_key=dkim(f"p={rsa_key(2048)}"), key_company=ALONE),
        fails(
            "s1._domainkey.example.net, and not only below example.org",
            level=SHOULD,
            dkim_key=dkim(f"p={rsa_key(2048)}"),
            key_company=replace(ALONE, theirs=("s1._domainkey.example.net",)),
        ),
        advises(
            "s1._domainkey.sub.example.org",
            dkim_key=dkim(f"p={rsa_key(2048)}"),
            key_company=replace(ALONE, ours=("s1._domainkey.sub.example.org",)),
        ),
        leaves("DKIM-SELECTOR", dkim_key=dkim(), key_company=ALONE),
    ),
    "DKIM-KEY-AGE": (
        passes(key_age=replace(AGE, former="aa 2026-06-01 since")),
        passes(key_age=replace(AGE, former="bb 2020-01-01 before")),
        fails("since 2026-01-01 or longer: 329 days", level=SHOULD, key_age=replace(AGE, former="aa 2026-01-01 since")),
        fails("since 2026-01-01", key_age=replace(AGE, former="aa 2026-01-01 before")),
        replace(passes(key_age=replace(AGE, former="aa 2026-01-01 since")), parameters={"days": 365}),
        skips("does not know how old", key_age=replace(AGE, former="aa 2026-11-01 before")),
        skips("does not know how old", key_age=AGE),
        skips("no history", key_age=replace(AGE, kept=False)),
        leaves("DKIM-SELECTOR", key_age=replace(AGE, key="")),
    ),
    "DKIM-HASH": (
        *(passes(dkim_key=dkim(f"v=DKIM1;{h} p={rsa_key(2048)}")) for h in ("", "h=sha256;", "h=sha1 : sha256;")),
        passes(dkim_key=dkim(f"h=SHA256; p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"h=; p={rsa_key(2048)}")),
        fails("h=sha1 admits no hash", level=MUST, dkim_key=dkim(f"v=DKIM1; h=sha1; p={rsa_key(2048)}")),
        fails("h=sha512 admits no hash", dkim_key=dkim(f"v=DKIM1; h=sha512; p={rsa_key(2048)}")),
        leaves("DKIM-SELECTOR", dkim_key=dkim("v=DKIM1; h=sha1; p=")),
    ),
    "DKIM-SERVICE": (
        *(passes(dkim_key=dkim(f"{s} p={rsa_key(2048)}")) for s in ("", "s=*;", "s=email;", "s=tlsrpt;", "s=x:email;")),
        fails("s=other admits neither", level=MUST, dkim_key=dkim(f"v=DKIM1; s=other; p={rsa_key(2048)}")),
        replace(
            fails("does not admit tlsrpt", level=SHOULD, dkim_key=dkim(f"s=email; p={rsa_key(2048)}")),
            parameters={"reports": "wanted"},
        ),
        replace(passes(dkim_key=dkim(f"p={rsa_key(2048)}")), parameters={"reports": "wanted"}),
        leaves("DKIM-SELECTOR", dkim_key=dkim()),
    ),
    "DKIM-TESTING": (
        passes(dkim_key=dkim(f"p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"t=s:x; p={rsa_key(2048)}")),
        advises("t=y", dkim_key=dkim(f"t=y; p={rsa_key(2048)}")),
        advises("t=s : y", dkim_key=dkim(f"t=s : y; p={rsa_key(2048)}")),
        leaves("DKIM-SELECTOR", dkim_key=dkim("t=y; p=")),
    ),
    "DKIM-DUAL": (
        passes(domain_keys=both(RSA, ED25519), mail_domain=BY_KEYS),
        advises("type ed25519", domain_keys=both(RSA), mail_domain=BY_KEYS),
        replace(passes(domain_keys=both(RSA), mail_domain=BY_KEYS), parameters={"algorithms": ("rsa",)}),
        fails("has an RSA key", level=MUST, domain_keys=both(ED25519), mail_domain=BY_KEYS),
        fails("has an RSA key", domain_keys=both(f"h=sha1; {RSA}", ED25519), mail_domain=BY_KEYS),
        fails("has an RSA key", domain_keys=both(f"s=tlsrpt; {RSA}", ED25519), mail_domain=BY_KEYS),
        undecided(
            "timed out",
            domain_keys=replace(both(RSA), unknown=(Silence("timed out", "timed out"),)),
            mail_domain=BY_KEYS,
        ),
        leaves("DKIM-SELECTOR", domain_keys=both("p="), mail_domain=BY_KEYS),
        leaves("DKIM-SELECTOR", "no key that can be read", domain_keys=both("p=", ED25519), mail_domain=BY_KEYS),
        leaves("DKIM-KEY-VALID", "no key that can be read", domain_keys=both("p=AAAA", ED25519), mail_domain=BY_KEYS),
        passes(domain_keys=both("p=", RSA, ED25519), mail_domain=BY_KEYS),
        skips("names no selectors", domain_keys=both(), mail_domain=RECEIVES),
        skips("sends no mail", domain_keys=both(), mail_domain=PARKED),
    ),
    "DKIM-PRIVATE-MATCH": (
        passes(signing_key_half=half(RSA, RSA)),
        passes(signing_key_half=half(ED25519, ED25519)),
        fails("s1.key has the public half Ed25519", level=MUST, signing_key_half=half(ED25519, RSA)),
        fails("s1._domainkey.example.org publishes rsa", signing_key_half=half(f"p={rsa_key(1024)}", RSA)),
        leaves("DKIM-SELECTOR", signing_key_half=half(RSA)),
        leaves("DKIM-KEY-VALID", signing_key_half=half(RSA, "p=AAAA")),
        skips("no selector of the inventory", signing_key_half=SigningKeyHalf("other.key")),
    ),
    "DKIM-PARKED-WILDCARD": (
        passes(dkim_subtree=REVOKED_ALL, dmarc=org(), mail_domain=PARKED),
        advises("nothing at or below", dkim_subtree=EMPTY, dmarc=org(), mail_domain=PARKED),
        advises("revokes nothing", dkim_subtree=replace(REVOKED_ALL, below=SPF_BELOW), dmarc=org(), mail_domain=PARKED),
        advises("no wildcard", dkim_subtree=replace(REVOKED_ALL, below=NOTHING_BELOW), dmarc=org(), mail_domain=PARKED),
        undecided("could not be asked", dkim_subtree=KEYS, dmarc=org(), mail_domain=PARKED),
        leaves("MX-EXISTS", dkim_subtree=EMPTY, dmarc=replace(org(), domain_exists=False), mail_domain=PARKED),
        skips("sends mail", dkim_subtree=EMPTY, dmarc=org(), mail_domain=RECEIVES),
    ),
    "DKIM-PROVIDER-ALIAS": (
        passes(provider_keys=at_provider(True, True), mail_domain=RECEIVES),
        advises(
            "selector2._domainkey.example.org does not exist", provider_keys=at_provider(True), mail_domain=RECEIVES
        ),
        advises("is no alias", provider_keys=at_provider(True, aliases=()), mail_domain=RECEIVES),
        advises("not the provider's", provider_keys=at_provider(True, aliases=("x.example",)), mail_domain=RECEIVES),
        advises("has no key", provider_keys=at_provider(False), mail_domain=RECEIVES),
        leaves(
            "DKIM-SELECTOR",
            provider_keys=at_provider(True),
            mail_domain=replace(RECEIVES, selectors=("selector1", "selector2")),
        ),
        skips("name no provider", provider_keys=ProviderKeys(DOMAIN), mail_domain=RECEIVES),
        skips("sends no mail", provider_keys=at_provider(True), mail_domain=PARKED),
    ),
    "DKIM-SUBTREE": (
        passes(dkim_subtree=KEYS, dmarc=org(), mail_domain=RECEIVES),
        passes(dkim_subtree=REVOKED, dmarc=org(), mail_domain=RECEIVES),
        skips("a wildcard answers", dkim_subtree=HIDDEN, dmarc=org(), mail_domain=RECEIVES),
        fails("does not exist", level=SHOULD, dkim_subtree=EMPTY, dmarc=org(), mail_domain=RECEIVES),
        fails("does not exist", dkim_subtree=EMPTY, dmarc=org("v=DMARC1; p=none"), mail_domain=RECEIVES),
        leaves("DMARC-REJECT-NEEDS-DKIM", dkim_subtree=EMPTY, dmarc=org("v=DMARC1; p=reject"), mail_domain=RECEIVES),
        leaves("DKIM-SELECTOR", dkim_subtree=EMPTY, dmarc=org(), mail_domain=BY_KEYS),
        leaves("MX-EXISTS", dkim_subtree=EMPTY, dmarc=replace(org(), domain_exists=False), mail_domain=RECEIVES),
        skips("may sign", dkim_subtree=EMPTY, dmarc=INHERITED, mail_domain=RECEIVES),
        skips("sends no mail", dkim_subtree=EMPTY, dmarc=org(), mail_domain=PARKED),
    ),
}
