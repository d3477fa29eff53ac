"""Reads files of certificates. Of a private key the public half is worked out, and nothing else of it is kept."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from mailproof.net.errors import Malformed, NotAvailable
from mailproof.net.network import Network
from mailproof.net.pkix.certificates import pems_in, read_chain
from mailproof.net.pkix.paths import Roots, trusted_roots, verify
from mailproof.observations.chain_files import ChainFile, ShownByHost
from mailproof.observations.tls import Deployment
from mailproof.probes.certificates import certificate_contents
from mailproof.probes.probe import Look, look_at_each, probe
from mailproof.targets.base import Targets
from mailproof.targets.certificates import CertificateFile
from mailproof.targets.files import Configuration
from mailproof.targets.services import TLSEndpoint

MAX_OCTETS = 256 * 1024
"""Of one file."""
MAX_CERTIFICATES = 50

_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(?:(?!-----).)+-----END \1-----", re.DOTALL)
"""Up to the next line of dashes only, so that a file of beginnings is read once."""


@probe()
async def chain_file(file: CertificateFile, net: Network) -> ChainFile:
    """The certificates of the file, and which of them the private key beside or in it belongs to.

    Raises NotAvailable for a file that cannot be read, or that holds several chains, as Postfix lets it (postconf(5),
    smtpd_tls_chain_files); Malformed for one without certificates and for keys that are none.
    """
    data = await net.files.read(Path(file.path), MAX_OCTETS)
    if file.program == "postfix" and (keys_in_file := sum(1 for _ in _KEY.finditer(data))) > 1:
        raise NotAvailable(
            f"{file.name} holds {keys_in_file} private keys, each with a chain of its own: only files of one are read"
        )
    pems = _pems(data, file.name)
    in_file = len(pems)
    if file.chain:
        pems += _pems(await net.files.read(Path(file.chain), MAX_OCTETS), Path(file.chain).name)
    keys = data if not file.private_key else await net.files.read(Path(file.private_key), MAX_OCTETS)
    public = await asyncio.to_thread(_public_half, keys, file.private_key or file.path)
    if file.private_key and not public:
        raise Malformed(f"{Path(file.private_key).name} holds no private key")
    roots = trusted_roots(net.settings.ca_file)
    deployment = await asyncio.to_thread(_judged, pems, roots)
    facts = deployment.chain.facts
    key_of = tuple(n for n, found in enumerate(facts) if found.spki_sha256 == public) if public else None
    old = file.program == "apache" and bool(file.version) and [int(n) for n in file.version.split(".")] < [2, 4, 8]
    return ChainFile(file.name, file.program, file.version, deployment, in_file, bool(file.chain), old, key_of)


def _pems(data: bytes, name: str) -> list[str]:
    found = pems_in(data.decode("latin-1"))
    if not found:
        raise Malformed(f"{name} holds no certificate in PEM")
    if len(found) > MAX_CERTIFICATES:
        raise Malformed(f"{name} holds more than {MAX_CERTIFICATES} certificates: it is no chain")
    return found


def _judged(pems: list[str], roots: Roots) -> Deployment:
    chain = read_chain(pems)
    return Deployment(chain, verify(chain, roots, datetime.now(UTC)), True)


def _public_half(data: bytes, path: str) -> str:
    """SHA-256 of the public half of the first private key in ``data``; empty where there is none."""
    found = _KEY.search(data)
    if found is None:
        return ""
    try:
        key = load_pem_private_key(found[0] + b"\n", None)
    except TypeError:
        raise NotAvailable(f"the private key in {Path(path).name} is protected by a passphrase") from None
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed(f"the private key in {Path(path).name} cannot be read") from None
    half = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(half).hexdigest()


@probe(looks=("certificate_contents",))
async def shown_by_host(configuration: Configuration, look: Look, targets: Targets) -> ShownByHost:
    """The certificates that the endpoints of the program's host show, where the program is one that has any."""
    host = configuration.host
    endpoints = [found for found in targets.found(TLSEndpoint) if found.host == host and not found.dead]
    looked_at = endpoints if configuration.program == "postfix" else ()
    seen, unknown = await look_at_each(look, certificate_contents, looked_at, lambda contents: contents.shown)
    subjects = [(shown.public, shown.leaf.subject) for of_endpoint in seen for shown in of_endpoint]
    public = dict.fromkeys(subject for is_public, subject in subjects if is_public)
    others = dict.fromkeys(subject for is_public, subject in subjects if not is_public)
    return ShownByHost(host, tuple(public), tuple(others), tuple(dict.fromkeys(unknown)))
