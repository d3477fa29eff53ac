"""Seals: the evidence of a run in one file, whole and, where wanted, signed.

A seal is a ZIP archive of a few members with known names. ``manifest.json`` names each of them with its SHA-256, and
what was judged with which versions; the signature is of the manifest. A seal comes from others: no octet of it is
believed before it was counted, nothing is unpacked, and what is not in the manifest makes the seal wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mailproof.clock import now
from mailproof.documents import UnreadableDocument, UnreadableFile, read_json, read_octets, replacing
from mailproof.gate.document import DocumentError, RunDocument, first_fault, read_document
from mailproof.inventory.load import load_inventory
from mailproof.net.text import printable
from mailproof.record import FORMAT as RECORD_FORMAT
from mailproof.record import VERSION as RECORD_VERSION
from mailproof.signatures import SIGNATURE_KINDS, Signature, kind_of_key

FORMAT: Literal["mailproof-seal"] = "mailproof-seal"

MANIFEST = "manifest.json"
SIGNATURES = {f"{MANIFEST}{kind.suffix}": kind for kind in SIGNATURE_KINDS}
"""The kind of a signature by the name of its member; a seal has one at most."""

RESULT, RECORD, INVENTORY = "result.json", "record.json", "inventory.yaml"
MEMBERS = (RESULT, RECORD, INVENTORY)

MAX_SEAL = 1 << 30
"""Octets of a seal, and of each of its members once unpacked."""

MAX_MANIFEST = 1 << 20

_END = struct.Struct("<4s4H2LH")
"""End of central directory (PKWARE APPNOTE, 4.3.16)."""

_LOCAL = struct.Struct("<4s5H3L2H")
"""Local file header (PKWARE APPNOTE, 4.3.7)."""

_PIECE = 1 << 20


class SealError(Exception):
    """The evidence does not belong together, or the seal is not one; the message says what is wrong."""


class Sum(BaseModel):
    """A member of a seal."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0, le=MAX_SEAL)]


class Manifest(BaseModel):
    """What a seal holds, and what was judged."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    format: Literal["mailproof-seal"]
    version: Literal[1]
    mailproof: str
    """The version that judged."""
    versions: dict[str, str]
    """Python and the libraries that what was seen and judged depends on."""
    inventory: str
    inventory_hash: str
    run: str
    started_at: str
    sealed_at: str
    members: dict[str, Sum]


@dataclass(frozen=True)
class Seal:
    """A seal that is whole."""

    manifest: Manifest
    octets: bytes
    """The manifest as it stands in the seal, and was signed."""
    signature: Signature | None
    result: RunDocument


def seal(result: Path, others: Mapping[str, Path], output: Path, key: Path | None = None) -> Manifest:
    """Write the seal of a result, and of its record and inventory where ``others`` names them.

    ``key`` is the key to sign with, of SSH (a private one, or a public one whose private key the agent has) or a secret
    one of minisign. Raises SealError, SignatureError, DocumentError, InventoryError, and OSError where ``output``
    cannot be written.
    """
    document = read_document(result)
    if INVENTORY in others and load_inventory(others[INVENTORY]).hash != document.inventory_hash:
        raise SealError(f"{others[INVENTORY]} does not say what the judged inventory said")
    if RECORD in others:
        _check_record(others[RECORD], document)
    try:
        contents = {name: read_octets(file, MAX_SEAL) for name, file in {RESULT: result, **others}.items()}
    except FileNotFoundError as error:
        raise SealError(f"{error.filename}: there is no such file") from None
    except UnreadableFile as error:
        raise SealError(f"{', '.join(map(str, others.values()))}: {error}") from None
    manifest = Manifest(
        format=FORMAT,
        version=1,
        mailproof=document.mailproof,
        versions=document.versions,
        inventory=document.inventory,
        inventory_hash=document.inventory_hash,
        run=document.run,
        started_at=document.started_at,
        sealed_at=now(),
        members={name: _sum(data) for name, data in contents.items()},
    )
    text = f"{json.dumps(manifest.model_dump(), indent=1)}\n".encode()
    signature = {}
    if key is not None:
        kind = kind_of_key(key)
        signature = {f"{MANIFEST}{kind.suffix}": kind.sign(text, key)}
    _write(output, {MANIFEST: text} | signature | contents)
    return manifest


def _check_record(file: Path, document: RunDocument) -> None:
    """Raise SealError unless the record is the one that the result was judged from."""
    try:
        record = read_json(file, "record", RECORD_FORMAT, RECORD_VERSION)
    except UnreadableDocument as error:
        raise SealError(str(error)) from None
    for key, wanted in (("inventory", document.inventory), ("surveyed_at", document.surveyed_at)):
        if record.get(key) != wanted:
            raise SealError(
                printable(f"{file}: not the record of this result: its {key} is {record.get(key)}, not {wanted}")
            )


def _sum(data: bytes) -> Sum:
    return Sum(sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def _write(output: Path, parts: Mapping[str, bytes]) -> None:
    """Write the archive in one step. The same parts give the same octets."""
    with replacing(output) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, data)


def unseal(file: Path) -> Seal:
    """Read a seal, and hold every member against the manifest. Raises SealError. Signatures are not looked at."""
    try:
        about = file.stat()
        if not stat.S_ISREG(about.st_mode):  # a pipe would be waited for
            raise SealError("not a regular file")
        with file.open("rb") as stream:
            _check_frame(stream.fileno(), about.st_size)
            with zipfile.ZipFile(stream) as archive:
                return _unseal(archive)
    except FileNotFoundError:
        raise SealError("there is no such file") from None
    except OSError as error:
        raise SealError(f"cannot be read: {error.strerror}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise SealError(printable(f"damaged: {error}")) from None
    except struct.error:
        raise SealError("damaged: cut off") from None


def _check_frame(descriptor: int, size: int) -> None:
    """Raise SealError unless the file is an archive of a few members and nothing else, before anything is unpacked."""
    if not _END.size < size <= MAX_SEAL:
        raise SealError(f"no seal: {size} octets; at most {MAX_SEAL} are read")
    magic, *numbers, count, length, offset, comment = _END.unpack(os.pread(descriptor, _END.size, size - _END.size))
    if magic != b"PK\5\6" or comment or any(numbers[:2]):
        raise SealError("no seal: not a ZIP archive, or one with something behind it")
    if count > len(MEMBERS) + 2 or length > 4096 or offset + length + _END.size != size:
        raise SealError("not as mailproof writes a seal: there is more in the archive than a seal holds")


def _unseal(archive: zipfile.ZipFile) -> Seal:
    entries = _entries(archive)
    octets = _read(archive, entries.pop(MANIFEST), MAX_MANIFEST)
    try:
        manifest = Manifest.model_validate_json(octets)
    except ValidationError as error:
        raise SealError(printable(f"{MANIFEST}: {first_fault(error)}")) from None
    signatures = [
        Signature(kind, octets, _read(archive, entries.pop(name), MAX_MANIFEST))
        for name, kind in SIGNATURES.items()
        if name in entries
    ]
    if len(signatures) > 1:
        raise SealError(f"it has {len(signatures)} signatures, and a seal has one at most")
    if set(manifest.members) != set(entries):
        raise SealError(
            printable(f"the manifest names {', '.join(manifest.members)}; the seal holds {', '.join(entries)}")
        )
    with tempfile.TemporaryDirectory(prefix="mailproof-seal-") as directory:
        for name, wanted in manifest.members.items():
            if _copy(archive, entries[name], wanted.size, Path(directory) / name) != wanted:
                raise SealError(f"{name} was changed: its SHA-256 is not that of the manifest")
        try:
            result = read_document(Path(directory) / RESULT)
        except DocumentError as error:
            raise SealError(str(error).replace(f"{directory}/", "")) from None
        if RECORD in manifest.members:
            _check_record(Path(directory) / RECORD, result)
    for key in ("mailproof", "versions", "inventory", "inventory_hash", "run", "started_at"):
        if getattr(manifest, key) != getattr(result, key):
            raise SealError(f"{MANIFEST}: {key} is not that of the result")
    return Seal(manifest, octets, signatures[0] if signatures else None, result)


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members by name: known ones, each once, one right behind the other. Raises SealError."""
    entries: dict[str, zipfile.ZipInfo] = {}
    position = 0
    for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
        if entry.filename not in (MANIFEST, *SIGNATURES, *MEMBERS):
            raise SealError(f"a member that no seal has: {printable(entry.filename)}")
        if entry.filename in entries:
            raise SealError(f"two members are called {entry.filename}")
        if entry.header_offset != position:
            raise SealError(f"there is something between the members, before {entry.filename}")
        if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise SealError(f"{entry.filename} is not packed as mailproof does")
        assert archive.fp is not None  # noqa: S101  # it was opened for reading
        archive.fp.seek(position)
        local = _LOCAL.unpack(archive.fp.read(_LOCAL.size))
        name_length = local[-2]
        if (
            archive.fp.read(name_length) != entry.filename.encode()
            or _LOCAL.pack(*local) != _local_header(entry)
            or entry.extra
        ):
            raise SealError(f"{entry.filename} is told otherwise in another place of the archive")
        position += _LOCAL.size + name_length + entry.compress_size
        entries[entry.filename] = entry
    if position != archive.start_dir:
        raise SealError("there is something behind the members")
    for name in (MANIFEST, RESULT):
        if name not in entries:
            raise SealError(f"{name} is missing")
    return entries


def _local_header(entry: zipfile.ZipInfo) -> bytes:
    """How the header in front of a member has to be by what the directory at the end of the archive says of it."""
    copy = zipfile.ZipInfo(entry.filename, entry.date_time)
    copy.compress_type, copy.CRC = entry.compress_type, entry.CRC
    copy.compress_size, copy.file_size = entry.compress_size, entry.file_size
    return copy.FileHeader(zip64=False)[: _LOCAL.size]


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """A member of at most ``most`` octets. Raises SealError."""
    return b"".join(_pieces(archive, entry, most))


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int, file: Path) -> Sum:
    """Write a member of at most ``most`` octets to ``file``, piece by piece: it may be large. Raises SealError."""
    digest, size = hashlib.sha256(), 0
    with file.open("wb") as stream:
        for piece in _pieces(archive, entry, most):
            digest.update(piece)
            size += stream.write(piece)
    return Sum(sha256=digest.hexdigest(), size=size)


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> Iterator[bytes]:
    """A member, unpacked up to ``most`` octets whatever its header says of it. Raises SealError."""
    left, sum_ = most, 0
    for piece in _unpacked(archive, entry):
        left -= len(piece)
        if left < 0:
            raise SealError(f"{entry.filename} has more octets than it may have: {most}")
        sum_ = zlib.crc32(piece, sum_)
        yield piece
    if (most - left, sum_) != (entry.file_size, entry.CRC):
        raise SealError(f"{entry.filename} is not what the archive says of it")


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """What a member holds. zipfile passes over what stands behind the end of a packed one; here nothing may. Raises
    SealError and zlib.error.
    """
    assert archive.fp is not None  # noqa: S101  # it was opened for reading
    position = entry.header_offset + _LOCAL.size + len(entry.filename.encode())
    end = position + entry.compress_size
    unpack = zlib.decompressobj(-zlib.MAX_WBITS) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    held = b""
    while position < end or held:
        if not held:
            archive.fp.seek(position)
            held = archive.fp.read(min(_PIECE, end - position))
            if not held:
                raise SealError(f"{entry.filename} is cut off")
            position += len(held)
        if unpack is None:
            yield held
            held = b""
            continue
        if unpack.eof:
            raise SealError(f"there is something behind {entry.filename}")
        yield unpack.decompress(held, _PIECE)
        held = unpack.unconsumed_tail or unpack.unused_data
    while unpack is not None and not unpack.eof:
        if not (piece := unpack.decompress(b"", _PIECE)):
            raise SealError(f"{entry.filename} is cut off")
        yield piece
