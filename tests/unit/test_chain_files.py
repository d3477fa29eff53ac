"""Files of certificates are read, and nothing of a private key but its public half."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from mailproof.gate.verdict import Verdict
from mailproof.net.errors import Malformed, NotAvailable
from mailproof.net.network import Network
from mailproof.net.pkix.paths import PathStatus
from mailproof.net.settings import NetSettings
from mailproof.observations.chain_files import ChainFile
from mailproof.probes.chain_files import chain_file
from mailproof.targets.certificates import CertificateFile
from tests.unit.cases.case import judged
from tests.unit.chains import Made, ca, leaf

ROOT = ca("root")
MIDDLE = ca("middle", ROOT)
LEAF = leaf(MIDDLE, days=(-10_000, 10_000))


def _key(made: Made, passphrase: bytes = b"") -> str:
    protection = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection).decode()


def _look(directory: Path, text: str, *, key: str = "", chain: str = "", **told: str) -> ChainFile:
    places = {"mx.pem": text, "mx.key": key, "chain.pem": chain, "root.pem": ROOT.pem}
    for name, content in places.items():
        (directory / name).write_text(content)
    target = CertificateFile(
        str(directory / "mx.pem"),
        "mx.pem",
        "mx.pem",
        told.get("program", "postfix"),
        str(directory / "mx.key") if key else "",
        str(directory / "chain.pem") if chain else "",
        told.get("version", ""),
    )

    async def run() -> ChainFile:
        net = Network(NetSettings(ca_file=directory / "root.pem"))
        try:
            return await chain_file(target, net)
        finally:
            await net.close()

    return asyncio.run(run())


def test_a_right_file_with_its_key_beside_it_or_in_it(tmp_path: Path) -> None:
    text = f"friendlyName: x\n{LEAF.pem}{MIDDLE.pem}"
    for seen in (_look(tmp_path, text, key=_key(LEAF)), _look(tmp_path, _key(LEAF) + text)):
        assert seen.key_of == (0,)
        assert seen.in_file == 2
        assert [found.subject for found in seen.deployment.chain.facts] == ["CN=server", "CN=middle"]
        assert "PRIVATE" not in json.dumps(asdict(seen))
    assert _look(tmp_path, text).key_of is None


def test_a_key_of_another_certificate_or_of_none(tmp_path: Path) -> None:
    text = f"{LEAF.pem}{MIDDLE.pem}"
    assert _look(tmp_path, text, key=_key(MIDDLE)).key_of == (1,)
    assert _look(tmp_path, text, key=_key(ca("another"))).key_of == ()


def test_a_beginning_without_an_end_hides_no_key(tmp_path: Path) -> None:
    beginnings = "-----BEGIN PRIVATE KEY-----\nAAAA\n" * 3000
    assert _look(tmp_path, beginnings + _key(LEAF) + LEAF.pem).key_of == (0,)


def test_apache_before_2_4_8_has_the_chain_in_a_file_of_its_own(tmp_path: Path) -> None:
    seen = _look(tmp_path, LEAF.pem, chain=MIDDLE.pem, program="apache", version="2.4.7")
    assert seen.has_chain_of_its_own
    assert (seen.in_file, len(seen.deployment.chain.facts)) == (1, 2)
    for version in ("2.4.8", "2.4.62", "3.0.0", ""):
        newer = _look(tmp_path, LEAF.pem, chain=MIDDLE.pem, program="apache", version=version)
        assert not newer.has_chain_of_its_own
    assert _look(tmp_path, LEAF.pem).deployment.path.status is PathStatus.ISSUER_MISSING


def test_a_file_of_postfix_may_hold_a_chain_for_each_key(tmp_path: Path) -> None:
    other = leaf(MIDDLE, days=(-10_000, 10_000))
    text = f"{_key(LEAF)}{LEAF.pem}{MIDDLE.pem}{_key(other)}{other.pem}{MIDDLE.pem}"
    seen = _look(tmp_path, text)
    assert (seen.key_of, seen.in_file) == ((0,), 2)
    assert [(chain.key_of, len(chain.deployment.chain.facts)) for chain in seen.further] == [((0,), 2)]
    assert judged("CHAIN-FILE", {"chain_file": seen}).verdict is Verdict.PASS
    swapped = _look(tmp_path, text.replace(_key(other), _key(ca("another"))))
    assert "is that of none of the certificates" in judged("CHAIN-FILE", {"chain_file": swapped}).observed
    lacking = _look(tmp_path, text.removesuffix(MIDDLE.pem))
    assert "the issuer of CN=server is not in the file" in judged("CHAIN-FILE", {"chain_file": lacking}).observed
    assert sum("private key" in line for line in seen.evidence()) == 3


@pytest.mark.parametrize("label", ["TRUSTED CERTIFICATE", "X509 CERTIFICATE"])
def test_certificates_are_found_by_each_name_that_openssl_has_for_them(tmp_path: Path, label: str) -> None:
    pem = LEAF.pem.replace("CERTIFICATE", label)
    if label.startswith("TRUSTED"):  # as `openssl x509 -addtrust serverAuth` writes it
        whole = base64.b64decode("".join(LEAF.pem.splitlines()[1:-1])) + bytes.fromhex("300c300a06082b06010505070301")
        pem = f"-----BEGIN {label}-----\n{base64.encodebytes(whole).decode()}-----END {label}-----\n"
    seen = _look(tmp_path, pem + MIDDLE.pem, key=_key(LEAF))
    assert (seen.key_of, seen.in_file) == ((0,), 2)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match=r"mx\.pem holds no certificate"):
        _look(tmp_path, "nothing")
    with pytest.raises(Malformed, match="more than 50"):
        _look(tmp_path, LEAF.pem * 51)
    with pytest.raises(Malformed, match=r"mx\.pem holds several private keys, and certificates before"):
        _look(tmp_path, 2 * f"{LEAF.pem}{MIDDLE.pem}{_key(LEAF)}")
    with pytest.raises(Malformed, match=r"mx\.pem holds no certificate"):
        _look(tmp_path, 2 * _key(LEAF) + LEAF.pem)
    with pytest.raises(Malformed, match="more than 8 private keys"):
        _look(tmp_path, 9 * (_key(LEAF) + LEAF.pem))
    with pytest.raises(Malformed, match=r"mx\.key holds no private key"):
        _look(tmp_path, LEAF.pem, key="nothing")
    with pytest.raises(NotAvailable, match="passphrase"):
        _look(tmp_path, LEAF.pem, key=_key(LEAF, b"secret"))
    with pytest.raises(Malformed, match="cannot be read"):
        _look(tmp_path, LEAF.pem, key="-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
