"""What stands in certificates."""

from __future__ import annotations

from dataclasses import replace

import gmpy2

from mailproof.controls import MUST, SHOULD
from mailproof.net.pkix.certificates import Certificate
from mailproof.net.pkix.paths import PathStatus
from mailproof.observations.certificates import CertificateContents, ListedKeys, ServerKeyCompany
from mailproof.observations.tls import ByDANE, Certificates

from ..observed import ENDPOINT, HOST, certificate, certificate_contents, certificates, contents
from .case import Table, advises, fails, leaves, passes, skips, undecided
from .certificate_chains import NOTHING, PUBLIC
from .certificates import NO_TLS

_PLAIN = certificate_contents()
_BY_DANE = tuple(
    skips(usage, certificates=certificates(dane=usage), certificate_contents=PUBLIC) for usage in (ByDANE.EE, ByDANE.TA)
)
_NO_TLS = leaves("SMTP-STARTTLS-OFFERED", certificates=NO_TLS, certificate_contents=NOTHING)
_UNLISTED = ListedKeys(ENDPOINT)

RIGHT_MODULUS = int(
    "b27b0d9918bf3f762cbc987556a1bde5fd9e7fcce9f9de6ce69291be9934f17e081dcc4a650f89c2eecda3540d2a281f35be3b152a2534"
    "02d1a19d58c373a1eb855dfeb30a4bb7062169cef490219abcf0087e045d10850422a45be9b3026b1f79bb56380b414c6c274bf739da31"
    "8e23fa3513e6dafdf03334c824b3aaa1e33649e81d999e6da10a05dedba80a3d30c9aa510c29c31f720feb42036b8689f136df8ce64e4a"
    "767f51a2a26c7e1c1ce17458994b7287721ed1ce1e49c40606f4362a640655c67d362cc12ae3c76b8c41b30b3681d7eeaa32ea7ab53693"
    "094feba3eb8f5c992deb3418dd3952c3e9f49e5febc713fc66d64357a792e532983b4e31",
    16,
)


def _near_primes() -> int:
    """The product of the two primes next to each other above a large number: Fermat's method finds them at once."""
    first = gmpy2.next_prime(1 << 1023 | 1 << 700)
    return int(first * gmpy2.next_prime(first))


def _rsa(modulus: int = RIGHT_MODULUS, exponent: int = 65537) -> CertificateContents:
    return certificate_contents(contents(modulus=f"{modulus:x}", exponent=exponent))


def _signed(digest: str | None, **changes: object) -> Certificate:
    return replace(certificate(), signature_hash=digest, **changes)  # type: ignore[arg-type]


def _usage(*usage: str) -> CertificateContents:
    return certificate_contents(contents(key_usage=usage))


def _serial(serial: str) -> Certificates:
    return certificates(replace(certificate(), serial=serial))


TABLE: Table = {
    "CERT-SIG-ALG": (
        *(passes(certificates=certificates(_signed(digest))) for digest in ("sha256", "sha384", "sha512", None)),
        passes(certificates=certificates(_signed("sha1", self_signed=True), status=PathStatus.SELF_SIGNED)),
        fails(
            "signed with sha1", level=MUST, certificates=certificates(_signed("sha1"), status=PathStatus.UNTRUSTED_ROOT)
        ),
        fails("signed with md5", certificates=certificates(certificate("CN=x"), _signed("md5"))),
        advises("signed with sha224", certificates=certificates(_signed("sha224"))),
        leaves("CERT-TRUST", certificates=certificates(_signed("sha1"), status=PathStatus.REFUSED_SIGNATURE)),
        leaves("SMTP-STARTTLS-OFFERED", certificates=NO_TLS),
        *(skips(usage, certificates=certificates(_signed("sha1"), dane=usage)) for usage in (ByDANE.EE, ByDANE.TA)),
    ),
    "CERT-KEY-USAGE": (
        passes(certificates=certificates(), certificate_contents=_PLAIN),
        passes(certificates=certificates(), certificate_contents=_usage("digitalSignature")),
        fails(
            "only keyEncipherment",
            level=MUST,
            certificates=certificates(),
            certificate_contents=_usage("keyEncipherment"),
        ),
        fails("is only empty", certificates=certificates(), certificate_contents=_usage()),
        fails(
            "has keyCertSign",
            certificates=certificates(),
            certificate_contents=_usage("digitalSignature", "keyCertSign"),
        ),
        passes(
            certificates=certificates(replace(certificate(), is_ca=True)),
            certificate_contents=_usage("digitalSignature", "keyCertSign"),
        ),
        skips(
            "may be used for",
            certificates=certificates(),
            certificate_contents=certificate_contents(contents(key_usage=None)),
        ),
        leaves(
            "CERT-TRUST", certificates=certificates(status=PathStatus.NOT_FOR_SERVERS), certificate_contents=_usage()
        ),
        *_BY_DANE,
        _NO_TLS,
    ),
    "CERT-SERIAL": (
        passes(certificates=_serial("7" + "f" * 39), certificate_contents=PUBLIC),
        passes(certificates=_serial("1"), certificate_contents=_PLAIN),
        passes(certificates=_serial("800000000000"), certificate_contents=PUBLIC),
        fails("of 21 octets", level=MUST, certificates=_serial("8" + "0" * 39), certificate_contents=_PLAIN),
        fails("which is not positive", certificates=_serial("0"), certificate_contents=_PLAIN),
        fails("serial number -5", certificates=_serial("-5"), certificate_contents=_PLAIN),
        fails(
            "of 47 bits: 7fffffffffff", level=MUST, certificates=_serial("7fffffffffff"), certificate_contents=PUBLIC
        ),
        *_BY_DANE,
        _NO_TLS,
    ),
    "CERT-WEAK-KEY": (
        passes(certificates=certificates(), certificate_contents=_rsa(), listed_keys=_UNLISTED),
        fails(
            "Fermat",
            level=MUST,
            certificates=certificates(),
            certificate_contents=_rsa(_near_primes()),
            listed_keys=_UNLISTED,
        ),
        fails(
            "Fermat",
            certificates=certificates(dane=ByDANE.EE),
            certificate_contents=_rsa(_near_primes()),
            listed_keys=_UNLISTED,
        ),
        fails("is even", certificates=certificates(), certificate_contents=_rsa(1 << 2047), listed_keys=_UNLISTED),
        fails(
            "on the list broken.dat",
            certificates=certificates(),
            certificate_contents=_rsa(),
            listed_keys=ListedKeys(ENDPOINT, (("CN=x", "broken.dat (list 3)"),)),
        ),
        fails(
            "not 65537: CN=mx1.example.org: 3",
            level=SHOULD,
            certificates=certificates(),
            certificate_contents=_rsa(exponent=3),
            listed_keys=_UNLISTED,
        ),
        advises("65539", certificates=certificates(), certificate_contents=_rsa(exponent=65539), listed_keys=_UNLISTED),
        undecided(
            "no list of broken keys: other.dat",
            certificates=certificates(),
            certificate_contents=_rsa(),
            listed_keys=ListedKeys(ENDPOINT, unread=("other.dat",)),
        ),
        skips(
            "no certificate has an RSA key",
            certificates=certificates(),
            certificate_contents=_PLAIN,
            listed_keys=_UNLISTED,
        ),
        leaves("SMTP-STARTTLS-OFFERED", certificates=NO_TLS, certificate_contents=NOTHING, listed_keys=_UNLISTED),
    ),
    "CERT-KEY-REUSE": (
        passes(certificates=certificates(), server_key_company=ServerKeyCompany(ENDPOINT, HOST, True)),
        advises(
            "shows the key of www.example.org as well",
            certificates=certificates(),
            server_key_company=ServerKeyCompany(ENDPOINT, HOST, True, ("www.example.org",)),
        ),
        undecided(
            "no answer",
            certificates=certificates(),
            server_key_company=ServerKeyCompany(ENDPOINT, HOST, True, (), ("no answer",)),
        ),
        skips("own_key", certificates=certificates(), server_key_company=ServerKeyCompany(ENDPOINT, HOST, False)),
        leaves(
            "SMTP-STARTTLS-OFFERED",
            certificates=NO_TLS,
            server_key_company=ServerKeyCompany(ENDPOINT, HOST, True),
        ),
    ),
    "CERT-EV-ETLS-WILDCARD": (
        passes(certificates=certificates(), certificate_contents=_PLAIN),
        advises(
            "wildcards: *.example.org",
            certificates=certificates(certificate(names=("example.org", "*.example.org"))),
            certificate_contents=_PLAIN,
        ),
        advises(
            "visibility information",
            certificates=certificates(),
            certificate_contents=certificate_contents(contents(visible=True)),
        ),
        *_BY_DANE,
        _NO_TLS,
    ),
}
