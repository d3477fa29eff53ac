"""DKIM keys."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailproof.controls import MUST, SHOULD
from mailproof.observations.dkim import DKIMKey

from ..observed import DOMAIN, PARKED, RECEIVES, answer, missing
from .case import Table, advises, fails, leaves, passes, skips
from .dmarc_records import BY_KEYS, EMPTY, HIDDEN, INHERITED, KEYS, REVOKED, org


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

TABLE: Table = {
    "DKIM-SELECTOR": (
        passes(dkim_key=dkim(f"v=DKIM1; k=rsa; p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"p={rsa_key(1024)}")),
        passes(dkim_key=dkim(f"v=DKIM1; k=ed25519; p={ed25519_key()};")),
        fails("no TXT record (NXDOMAIN)", level=MUST, dkim_key=dkim()),
        fails("2 TXT records", dkim_key=dkim(f"p={rsa_key(2048)}", f"p={rsa_key(1024)}")),
        fails("revoked", dkim_key=dkim("v=DKIM1; p=")),
        fails("not base64", dkim_key=dkim("v=DKIM1; p=!!!")),
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
        fails("neither email nor tlsrpt", dkim_key=dkim(f"v=DKIM1; s=other; p={rsa_key(2048)}")),
        advises("behind the last semicolon", dkim_key=dkim(f"v=DKIM1; p={rsa_key(2048)}; ")),
        advises("t has no value", dkim_key=dkim(f"v=DKIM1; t=; p={rsa_key(2048)}")),
        fails("admits no hash", dkim_key=dkim(f"v=DKIM1; h=sha1; p={rsa_key(2048)}")),
        fails("p, which holds the key", dkim_key=dkim("v=DKIM1; k=rsa")),
    ),
    "DKIM-KEY-LENGTH": (
        passes(dkim_key=dkim(f"v=DKIM1; p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"v=DKIM1; k=ed25519; p={ed25519_key()}")),
        fails("1024 bits, fewer than 2048", level=SHOULD, dkim_key=dkim(f"p={rsa_key(1024)}")),
        replace(passes(dkim_key=dkim(f"p={rsa_key(1024)}")), parameters={"recommended_bits": 1024}),
        fails("fewer than 1024", level=MUST, dkim_key=dkim(f"p={RSA_512}")),
        skips("DKIM-SELECTOR", dkim_key=dkim()),
        skips("DKIM-SELECTOR", dkim_key=dkim("p=")),
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
