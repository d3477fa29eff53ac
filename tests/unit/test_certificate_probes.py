"""What is asked of servers about their certificates besides the chains, and what is compared over all of them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import shutil
import socket
import subprocess
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp

from mailproof.fixtures.smtp_behaviour import SMTPBehaviour
from mailproof.inventory.model import Inventory
from mailproof.net.errors import Malformed, NotAvailable, NoTLS, TimedOut
from mailproof.net.files import Files
from mailproof.net.pkix.certificates import Chain
from mailproof.net.tls.connection import TLSPeer
from mailproof.observations.certificates import ListedKeys, ServerKeyCompany, ServerKeys
from mailproof.observations.tls import Certificates
from mailproof.probes.certificates import listed_keys, server_key_company, server_keys
from mailproof.probes.dkim import MAX_OCTETS_OF_LIST
from mailproof.targets.base import Targets
from mailproof.targets.certificates import ServerCertificates
from mailproof.targets.services import MXEndpoint
from tests.unit.chains import AT, HOST, ca, leaf
from tests.unit.observed import certificate, certificate_contents, certificates, contents
from tests.unit.test_tls_client import ask, tls_client

ROOT = ca("root")
SERVER = leaf(ROOT)


def test_a_client_without_a_name_is_shown_a_certificate_as_well() -> None:
    chain, _ = ask(SMTPBehaviour(), lambda client, endpoint: client.certificates_without_name(endpoint))
    assert chain.leaf.dns_names
    with pytest.raises(NoTLS):
        ask(SMTPBehaviour(starttls="alert"), lambda client, endpoint: client.certificates_without_name(endpoint))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl program")
def test_an_ocsp_response_is_kept_with_its_chain(tmp_path: Path) -> None:
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=SERVER.certificate,
        issuer=ROOT.certificate,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=AT,
        next_update=AT + timedelta(days=7),
        revocation_time=None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, ROOT.certificate)
    response = builder.sign(ROOT.key, hashes.SHA256()).public_bytes(Encoding.DER)
    (tmp_path / "response").write_bytes(response)
    (tmp_path / "pem").write_text(SERVER.pem)
    (tmp_path / "key").write_bytes(SERVER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = int(unheard.getsockname()[1])
    options = ("-accept", f"127.0.0.1:{port}", "-cert", "pem", "-key", "key", "-status_file", "response", "-quiet")
    with subprocess.Popen(["openssl", "s_server", *options], cwd=tmp_path, stdin=subprocess.PIPE) as server:
        try:
            assert _chain(port).staple == base64.b64encode(response).decode()
        finally:
            server.terminate()


def _chain(port: int) -> Chain:
    """The chain of the server, once it listens."""

    async def run() -> Chain:
        async with tls_client() as client:
            (chain,) = await client.certificates(TLSPeer("127.0.0.1", port, HOST, None))
            return chain

    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    return asyncio.run(run())


def test_the_same_chain_with_and_without_an_ocsp_response_is_one() -> None:
    plain = certificates().deployments[0].chain
    assert replace(plain, staple="AAAA") == plain


INVENTORY = Inventory.model_validate(
    {"domains": ["example.org"], "hosts": [{"name": "a.example.org", "own_key": True}]}
)
ENDPOINTS = {name: MXEndpoint(f"{name}.example.org", "192.0.2.25", 25) for name in ("a", "b", "c", "d")}


def _shows(name: str, key: str) -> Certificates:
    shown = certificates(replace(certificate(), spki_sha256=key))
    return replace(shown, endpoint=ENDPOINTS[name].id, host=ENDPOINTS[name].host)


SEEN = {"a": _shows("a", "one"), "b": _shows("b", "one"), "c": _shows("c", "two")}


async def _look(_probe: object, target: Any) -> Any:
    if isinstance(target, ServerCertificates):
        return await server_keys(target, _look, Targets.collect([*ENDPOINTS.values(), target]))
    name = target.host[0]
    if name not in SEEN:
        raise TimedOut("no answer")
    return SEEN[name]


def test_hosts_with_the_same_key_are_found() -> None:
    targets = Targets.collect([*ENDPOINTS.values(), ServerCertificates()])

    async def run(name: str) -> ServerKeyCompany:
        return await server_key_company(ENDPOINTS[name], _look, INVENTORY, targets, SEEN[name])

    found = asyncio.run(run("a"))
    assert (found.own, found.others) == (True, ("b.example.org",))
    assert found.unknown == ("d.example.org[192.0.2.25]:25: no answer",)
    assert not asyncio.run(run("b")).own


def test_nothing_is_found_that_nobody_shares() -> None:
    async def run() -> ServerKeys:
        targets = Targets.collect([ENDPOINTS["a"], ENDPOINTS["c"]])
        return await server_keys(ServerCertificates(), _look, targets)

    assert asyncio.run(run()) == ServerKeys(())


def test_keys_are_looked_up_in_the_lists_of_the_inventory(tmp_path: Path) -> None:
    modulus = 0xC0FFEE0000000000000000000000000000000001
    octets = modulus.to_bytes(20)
    record = hashlib.sha256(octets).digest()[:15] + b"\x03"
    (tmp_path / "blocklist.dat").write_bytes(b"".join(sorted((bytes(16), record, b"\xff" * 16))))
    (tmp_path / "other.dat").write_bytes(b"no list")
    names = ["blocklist.dat", "other.dat", "missing.dat"]
    inventory = Inventory.model_validate(
        {"domains": ["example.org"], "broken_keys": [str(tmp_path / name) for name in names]}
    )
    shown = certificate_contents(contents("CN=weak", modulus=f"{modulus:x}"), contents("CN=ec"))

    class Net:
        files = Files()

    async def run() -> ListedKeys:
        return await listed_keys(ENDPOINTS["a"], Net(), inventory, shown)

    found = asyncio.run(run())
    assert found.listed == (("CN=weak", "blocklist.dat (list 3)"),)
    assert found.unread[0] == "other.dat"
    assert found.unread[1].startswith("missing.dat cannot be read")


def test_a_file_that_is_looked_things_up_in_is_bounded(tmp_path: Path) -> None:
    files = Files()
    (tmp_path / "empty").touch()
    (tmp_path / "large").write_bytes(bytes(100))
    for name in ("empty", "large"):
        with pytest.raises(Malformed), files.mapped(tmp_path / name, 99):
            pass
    with pytest.raises(NotAvailable), files.mapped(tmp_path, 99):
        pass
    with files.mapped(tmp_path / "large", MAX_OCTETS_OF_LIST) as octets:
        assert octets[:2] == b"\0\0"
