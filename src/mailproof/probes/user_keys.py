"""Looks for keys of users where the inventory says that they are: in the DNS, and in Web Key Directories."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from pathlib import Path
from urllib.parse import quote

from mailproof.grammars.openpgp import parse_openpgp
from mailproof.net.dns.client import Answer
from mailproof.net.errors import Malformed
from mailproof.net.https import as_base64
from mailproof.net.network import Network
from mailproof.net.pkix.certificates import load, pems_in, reading
from mailproof.net.pkix.der import public_key_info
from mailproof.observations.dane import TLSARecord, records_of
from mailproof.observations.user_keys import SMIMEA, OpenPGPKeyRecords, WebKeys
from mailproof.probes.dnssec import valid
from mailproof.probes.probe import probe
from mailproof.probes.sources import fetched
from mailproof.targets.user_keys import KeyOwner

MAX_OCTETS = 1024 * 1024
"""Of a file with certificates, and of what a Web Key Directory gives."""

_ZBASE32 = "ybndrfg8ejkmcpqxot1uwisza345h769"
_DIGESTS = {1: hashlib.sha256, 2: hashlib.sha512}


@probe()
async def smimea(owner: KeyOwner, net: Network) -> SMIMEA:
    """SMIMEA at the name of the local part, and which records match the certificate in the inventory."""
    if "smimea" not in owner.publishes:
        return SMIMEA(owner.address, None)
    answer, secure = await _records(net, owner, "_smimecert", "SMIMEA")
    matching = None
    if owner.certificate:
        text = await net.files.text(Path(owner.certificate), MAX_OCTETS)
        records = tuple(record for record in records_of(answer) if record.known and not record.malformed)
        matching = await asyncio.to_thread(_matching, records, text)
    return SMIMEA(owner.address, answer, secure, matching)


def _matching(records: tuple[TLSARecord, ...], text: str) -> tuple[str, ...]:
    """The records that match a certificate: its owner's own (usages 1 and 3), or any beside it. Raises Malformed."""
    pems = pems_in(text)
    if not pems:
        raise Malformed("the file that the inventory names holds no certificate in PEM")
    ders: list[tuple[bytes, bytes]] = []
    for pem in pems[:10]:
        with reading():
            found = load(pem)
            ders.append((base64.b64decode("".join(pem.splitlines()[1:-1])), public_key_info(found)))
    return tuple(str(r) for r in records if any(_is_of(r, *der) for der in (ders[:1] if r.usage in (1, 3) else ders)))


def _is_of(record: TLSARecord, whole: bytes, key: bytes) -> bool:
    chosen = key if record.selector else whole
    digest = _DIGESTS.get(record.matching)
    return (digest(chosen).hexdigest() if digest else chosen.hex()) == record.data


@probe()
async def openpgpkey(owner: KeyOwner, net: Network) -> OpenPGPKeyRecords:
    """OPENPGPKEY at the name of the local part."""
    if "openpgpkey" not in owner.publishes:
        return OpenPGPKeyRecords(owner.address, None, int(time.time()))
    answer, secure = await _records(net, owner, "_openpgpkey", "OPENPGPKEY")
    return OpenPGPKeyRecords(owner.address, answer, int(time.time()), secure)


async def _records(net: Network, owner: KeyOwner, label: str, type: str) -> tuple[Answer, bool]:
    """The records of a user, and whether they are secure (RFC 7929, section 3; RFC 8162, section 3)."""
    digest = hashlib.sha256(owner.local_part.encode()).digest()[:28].hex()
    answer = await net.dns.resolve(f"{digest}.{label}.{owner.domain}", type)
    if not answer.records or answer.proposed:
        return answer, bool(answer.proposed)
    (judged,) = await valid(net, answer)
    return answer, judged.secure


@probe(connections=1, peer="the Web Key Directory of {}")
async def web_keys(owner: KeyOwner, net: Network) -> WebKeys:
    """The advanced method, and the direct one where openpgpkey.DOMAIN does not exist (draft, section 3.1)."""
    at = int(time.time())
    if "wkd" not in owner.publishes:
        return WebKeys(owner.address, at, wanted=False)
    tail = f"hu/{wkd_hash(owner.local_part)}?l={quote(owner.local_part, safe='')}"
    hosts = (
        (f"openpgpkey.{owner.domain}", f"/.well-known/openpgpkey/{owner.domain}/{tail}"),
        (owner.domain, f"/.well-known/openpgpkey/{tail}"),
    )
    for host, path in hosts:
        answers = [await net.dns.resolve(host, type) for type in ("A", "AAAA")]
        if any(answer.records for answer in answers):
            return await _directory(net, owner, f"https://{host}{path}", at)
    nobody = f"neither {hosts[0][0]} nor {owner.domain} has an address"
    return WebKeys(owner.address, at, True, f"https://{hosts[0][0]}{hosts[0][1]}", fault=nobody)


async def _directory(net: Network, owner: KeyOwner, url: str, at: int) -> WebKeys:
    answer = await fetched(net, url, MAX_OCTETS, as_text=as_base64)
    if answer.tls_error is not None:
        return WebKeys(owner.address, at, True, url, fault=answer.tls_error)
    ring = parse_openpgp(base64.b64decode(answer.body)) if answer.status == 200 else None
    return WebKeys(owner.address, at, True, url, answer.status, ring=ring)


def wkd_hash(local_part: str) -> str:
    """SHA-1 of the local part, its letters of ASCII small (draft, section 3.1), in z-base-32 (RFC 6189, 5.1.6)."""
    digest = hashlib.sha1(local_part.encode().lower(), usedforsecurity=False).digest()
    number = int.from_bytes(digest)
    return "".join(_ZBASE32[number >> shift & 31] for shift in range(155, -1, -5))
