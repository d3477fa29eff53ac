"""Paths held against other verifiers: OpenSSL's and that of cryptography."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproof.net.pkix.names import Canonical, canonical
from mailproof.net.pkix.paths import PathStatus

from .chains import AT, CLIENT, HOST, SERVER, Made, ca, constraints, leaf
from .path_cases import (
    FLAWED,
    RIGHT,
    UNKNOWN,
    Sent,
    verified,
)

T = TypeVar("T")

OPENSSL_TAKES = {
    "a constraint that begins with a dot",  # no name by RFC 5280, section 4.2.1.10; cryptography refuses it as well
    "a wildcard that covers an excluded name",  # Go refuses it as well, since CVE-2025-61727
    "an excluded name with a final dot",
    "an extension of a CA that does not parse",  # it reads policies only where it is told to
}
OPENSSL_REFUSES = {"flawed intermediates that are not needed"}
"""It looks for an issuer by name, and then at no other."""


def openssl(chain: Sent, root: Made, directory: Path, days: float = 0) -> bool:
    """Whether ``openssl verify`` takes the path. The server's own dates are not ours to judge: so they are right."""
    files = {"root": [root], "leaf": chain[:1], "others": chain[1:] or chain[:1]}
    for file, certificates in files.items():
        (directory / f"{file}.pem").write_text("".join(certificate.pem for certificate in certificates))
    command = ["openssl", "verify", "-no-CAfile", "-no-CApath", "-no-CAstore", "-partial_chain"]
    command += ["-purpose", "sslserver", "-attime", str(int((AT + timedelta(days=days)).timestamp()))]
    command += ["-trusted", str(directory / "root.pem"), "-untrusted", str(directory / "others.pem")]
    return subprocess.run([*command, str(directory / "leaf.pem")], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl program")
@pytest.mark.parametrize("case", [*RIGHT, *FLAWED])
def test_openssl_says_the_same(case: str, tmp_path: Path) -> None:
    chain, root = RIGHT[case] if case in RIGHT else FLAWED[case][:2]
    expected = case not in OPENSSL_REFUSES if case in RIGHT else case in OPENSSL_TAKES
    assert openssl(chain, root, tmp_path) is expected


def library(chain: Sent, root: Made) -> bool:
    """Whether cryptography's verifier takes the path for HOST."""
    verifier = PolicyBuilder().store(Store([root.certificate])).time(AT).build_server_verifier(x509.DNSName(HOST))
    try:
        verifier.verify(chain[0].certificate, [certificate.certificate for certificate in chain[1:]])
    except VerificationError:
        return False
    return True


def mostly(usual: T, *others: T) -> st.SearchStrategy[T]:
    """``usual`` nine times of ten, so that whole chains are right now and then."""
    return st.integers(0, 9).flatmap(lambda number: st.sampled_from(others) if number == 0 else st.just(usual))


@st.composite
def chains(draw: st.DrawFn) -> tuple[Sent, Made]:
    """A chain of up to three CAs, each with what may be wrong with one, in any order, with others that nobody needs."""
    fitting: tuple[str, ...] = ()
    permitted = mostly(fitting, ("example.org",), ("org",), (HOST,), ("example.net",), ("x.mx.example.org",))
    excluded = mostly(fitting, ("example.net",), ("x.mx.example.org",), ("xample.org",), ("org",), (HOST,))

    def authority(subject: str, issuer: Made | None) -> Made:
        bases = {"permitted": draw(permitted), "excluded": draw(excluded)}
        return ca(
            subject,
            issuer,
            key_name=subject,
            length=draw(mostly(None, 0, 1, 2)),
            eku=draw(mostly(None, (SERVER,), (SERVER, CLIENT), (CLIENT,))) if issuer else None,
            names=constraints(**bases) if any(bases.values()) else None,
            days=draw(mostly((-30, 30), (-30, -1), (1, 30))),
            extra=draw(mostly((), (UNKNOWN,))),
        )

    root = authority("Root", None)
    issuer, path = root, []
    for number in range(draw(st.integers(0, 3))):
        issuer = authority(f"CA {number}", issuer)
        path.append(issuer)
        if draw(st.booleans()):
            path.append(authority(f"CA {number}", root))  # the same key once more, under the root
    server = leaf(
        issuer,
        HOST,
        *draw(mostly(fitting, ("www.example.net",), ("*.a.example.org",))),
        eku=draw(mostly((SERVER,), (SERVER, CLIENT), (CLIENT,))),
        extra=draw(mostly((), (UNKNOWN,))),
    )
    return (server, *draw(st.permutations(path))), root


@settings(max_examples=300, deadline=None)
@given(chains())
def test_cryptography_says_the_same(built: tuple[Sent, Made]) -> None:
    chain, root = built
    ours = verified(chain, root)
    assert (ours.status is PathStatus.TRUSTED) is library(chain, root), ours


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl program")
@settings(max_examples=60, deadline=None)
@given(chains())
def test_what_is_trusted_is_trusted_by_openssl(built: tuple[Sent, Made]) -> None:
    """Not the reverse, and not with certificates that are not needed: see above."""
    chain, root = built
    if verified(chain, root).status is PathStatus.TRUSTED and len(chain) <= 2:
        with TemporaryDirectory() as directory:
            assert openssl(chain, root, Path(directory))


@given(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8))
def test_names_match_whatever_their_case(one: str, other: str) -> None:
    def canonical_of(text: str) -> Canonical:
        return canonical(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]))

    assert canonical_of(f" {one}  {other} ") == canonical_of(f"{one} {other}")
    assert canonical_of(f"{one}é") == canonical_of(f"{one}É")
    if one.casefold() != other.casefold() and (one + other).isalnum() and (one + other).isascii():
        assert canonical_of(one) != canonical_of(other)
