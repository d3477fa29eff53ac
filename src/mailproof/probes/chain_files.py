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
from mailproof.observations.chain_files import ChainFile, FurtherChain, ShownByHost
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
MAX_KEYS = 8

_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(?:(?!-----).)+-----END \1-----", re.DOTALL)
"""Up to the next line of dashes only, so that a file of beginnings is read once."""


@probe()
async def chain_file(file: CertificateFile, net: Network) -> ChainFile:
    """The certificates of the file, and which of them the private key beside or in it belongs to.

    Raises NotAvailable for a file that cannot be read, Malformed for one without certificates and for keys that are
    none.
    """
    data = await net.files.read(Path(file.path), MAX_OCTETS)
    first, *others = _chains(data, file.name) if file.program == "postfix" and not file.private_key else [data]
    pems = _pems(first, file.name)
    in_file = len(pems)
    if file.chain:
        pems += _pems(await net.files.read(Path(file.chain), MAX_OCTETS), Path(file.chain).name)
    keys = first if not file.private_key else await net.files.read(Path(file.private_key), MAX_OCTETS)
    public = await asyncio.to_thread(_public_half, keys, file.private_key or file.path)
    if file.private_key and not public:
        raise Malformed(f"{Path(file.private_key).name} holds no private key")
    roots = trusted_roots(net.settings.ca_file)
    deployment = await asyncio.to_thread(_judged, pems, roots)
    key_of = _key_of(deployment, public) if public else None
    old = file.program == "apache" and bool(file.version) and [int(n) for n in file.version.split(".")] < [2, 4, 8]
    further: list[FurtherChain] = []
    for data in others:
        found = await asyncio.to_thread(_judged, _pems(data, file.name), roots)
        further.append(FurtherChain(found, _key_of(found, await asyncio.to_thread(_public_half, data, file.path))))
    return ChainFile(
        file.name,
        file.program,
        file.version,
        deployment,
        in_file,
        bool(file.chain),
        old,
        key_of,
        tuple(further),
    )


def _chains(data: bytes, name: str) -> list[bytes]:
    """The chains of a file, each behind its private key if there are several (postconf(5), smtpd_tls_chain_files)."""
    begins = [key.start() for key in _KEY.finditer(data)]
    if len(begins) < 2:
        return [data]
    if len(begins) > MAX_KEYS:
        raise Malformed(f"{name} holds more than {MAX_KEYS} private keys")
    if pems_in(data[: begins[0]].decode("latin-1")):
        raise Malformed(f"{name} holds several private keys, and certificates before the first of them")
    return [data[begin:end] for begin, end in zip(begins, [*begins[1:], len(data)], strict=True)]


def _key_of(deployment: Deployment, public: str) -> tuple[int, ...]:
    return tuple(n for n, found in enumerate(deployment.chain.facts) if found.spki_sha256 == public)


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
