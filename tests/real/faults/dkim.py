"""Faults of DKIM keys."""

from __future__ import annotations

from tests.real.domains import Domain
from tests.real.faults.right import without_mail

NETWORK = 34

DOMAINS = (
    Domain(
        "dkim-revoked",
        "DKIM key is revoked",
        records={"sel1._domainkey TXT": ("v=DKIM1; k=rsa; p=",)},
        fail=("DKIM-SELECTOR",),
    ),
    Domain(
        "dkim-weak",
        "DKIM key has 512 bits",
        records={"sel1._domainkey TXT": ("v=DKIM1; p=RSA-512",)},
        fail=("DKIM-KEY-LENGTH",),
    ),
    Domain(
        "dkim-two",
        "two DKIM keys at one selector",
        records={"sel1._domainkey TXT": ("v=DKIM1; p=RSA-2048", "v=DKIM1; p=RSA-OTHER")},
        fail=("DKIM-SELECTOR",),
    ),
    Domain(
        "dkim-1024",
        "DKIM key has 1024 bits",
        records={"sel1._domainkey TXT": ("v=DKIM1; p=RSA-1024",)},
        fail=("DKIM-KEY-LENGTH",),
    ),
    Domain(
        "no-dkim",
        "no DKIM key",
        records={"sel1._domainkey TXT": ()},
        fail=("DKIM-SELECTOR",),
    ),
    Domain(
        "dkim-no-key",
        "what stands in p is no key",
        records={"sel1._domainkey TXT": ("v=DKIM1; k=rsa; p=AAAA",)},
        fail=("DKIM-KEY-VALID",),
    ),
    Domain(
        "dkim-near-primes",
        "the two primes of the DKIM key follow each other",
        records={"sel1._domainkey TXT": ("v=DKIM1; p=RSA-NEAR",)},
        fail=("DKIM-KEY-WEAK",),
    ),
    *(
        Domain(
            f"dkim-shared-{one}",
            "another domain has the same DKIM key",
            records={"sel1._domainkey TXT": ("v=DKIM1; p=RSA-SHARED",)},
            fail=("DKIM-KEY-SHARED",),
        )
        for one in ("a", "b")
    ),
    Domain(
        "dkim-sha1",
        "the DKIM key is for SHA-1 only",
        records={"sel1._domainkey TXT": ("v=DKIM1; h=sha1; p=RSA-2048",)},
        fail=("DKIM-HASH",),
    ),
    Domain(
        "dkim-service",
        "the DKIM key is for a service that is not mail",
        records={"sel1._domainkey TXT": ("v=DKIM1; s=other; p=RSA-2048",)},
        fail=("DKIM-SERVICE",),
    ),
    Domain(
        "dkim-testing",
        "the DKIM key is marked as being tested",
        records={"sel1._domainkey TXT": ("v=DKIM1; t=y; p=RSA-2048",)},
        advice=("DKIM-TESTING",),
    ),
    Domain(
        "dkim-ed25519",
        "the only DKIM key is one of Ed25519",
        records={"sel1._domainkey TXT": ("v=DKIM1; k=ed25519; p=ED25519",)},
        fail=("DKIM-DUAL",),
    ),
    Domain(
        "dkim-parked",
        "a domain without mail does not revoke its DKIM selectors",
        parked=True,
        records={**without_mail("dkim-parked"), "*._domainkey TXT": ()},
        advice=("DKIM-PARKED-WILDCARD",),
    ),
    Domain(
        "dkim-private",
        "the signer has another private key than that of the record",
        caused_by="signers/dkim-private.test.sel1.key: a key that nobody published",
        fail=("DKIM-PRIVATE-MATCH",),
    ),
)
