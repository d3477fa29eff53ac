"""Zone transfers: AXFR (RFC 5936), signed by TSIG (RFC 8945) where a key is named."""

from __future__ import annotations

import base64
import socket
import time
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig

from mailproof.documents import UnreadableFile, read_text
from mailproof.grammars.named_conf import NotNamedConf, parse_named_conf
from mailproof.inventory.zone_sources import ZoneSource
from mailproof.net.text import printable
from mailproof.zone_sources.source import MAX_RECORDS, SourceError, SourceZone

MAX_OCTETS = 64 << 20
"""Octets of all messages of a transfer."""

PATIENCE = 120.0
"""Seconds for a transfer."""

SILENCE = 20.0
"""Seconds in which the server says nothing."""

_KEY_FILE_SIZE = 1 << 20


def transfer(source: ZoneSource, patience: float = PATIENCE) -> SourceZone:
    """The zone that a server hands out, signed with the key of the source if it names one. Raises SourceError."""
    key = _key(source) if source.key else None
    origin = dns.name.from_text(source.zone)
    query = dns.message.make_query(origin, dns.rdatatype.AXFR)
    if key is not None:
        query.use_tsig(key)
    ends = time.monotonic() + patience
    where = (source.server, source.port)
    try:
        with socket.create_connection(where, timeout=min(SILENCE, patience)) as connection:
            wire = query.to_wire()
            connection.sendall(len(wire).to_bytes(2, "big") + wire)
            return _receive(connection, query, origin, ends)
    except SourceError as error:
        raise SourceError(f"{printable(str(source))}: {error}") from None
    except OSError as error:
        said = error.strerror or error
        raise SourceError(f"{printable(str(source))}: {source.server} port {source.port}: {said}") from None
    except dns.exception.DNSException as error:
        raise SourceError(f"{printable(str(source))}: {printable(str(error) or type(error).__name__)}") from None


def _key(source: ZoneSource) -> dns.tsig.Key:
    """Raises SourceError."""
    if source.key_file is not None:
        return key_of(source.key, source.key_file)
    return _checked(source.key, source.algorithm, source.secret, printable(str(source)))


def key_of(name: str, file: Path) -> dns.tsig.Key:
    """The key of this name, from a file as `tsig-keygen` writes it. Raises SourceError."""
    try:
        text = parse_named_conf(read_text(file, _KEY_FILE_SIZE))
    except FileNotFoundError:
        raise SourceError(f"{file}: there is no such file") from None
    except (UnreadableFile, NotNamedConf) as error:
        raise SourceError(f"{file}: {error}") from None
    for statement in text.all("key"):
        if len(statement.words) > 1 and statement.words[1].lower().rstrip(".") == name.lower().rstrip("."):
            algorithm, secret = statement.get("algorithm"), statement.get("secret")
            if algorithm is None or secret is None:
                raise SourceError(f"{file}:{statement.line}: the key has no algorithm or no secret")
            return _checked(name, algorithm.value, secret.value, f"{file}:{statement.line}")
    raise SourceError(f"{file}: there is no key {printable(name)}")


def _checked(name: str, algorithm: str, secret: str, where: str) -> dns.tsig.Key:
    """Raises SourceError."""
    try:
        key = dns.tsig.Key(name, base64.b64decode(secret, validate=True), _algorithm(algorithm))
        dns.tsig.get_context(key)  # type: ignore[no-untyped-call]  # raises for one that is not known
        return key
    except (KeyError, NotImplementedError):
        raise SourceError(f"{where}: the algorithm {printable(algorithm)} is not known here") from None
    except (dns.exception.DNSException, ValueError):
        raise SourceError(f"{where}: the key is none: its secret is base64") from None


def _algorithm(name: str) -> str:
    """The name of an algorithm on the wire (RFC 8945, section 6): BIND calls the oldest one otherwise."""
    return "HMAC-MD5.SIG-ALG.REG.INT." if name.lower() == "hmac-md5" else name


def _receive(connection: socket.socket, query: dns.message.Message, origin: dns.name.Name, ends: float) -> SourceZone:
    """Read messages until the SOA record comes again (RFC 5936, section 2.2). Raises SourceError."""
    zone = SourceZone(origin.to_text(omit_final_dot=True).lower())
    octets, ended, context, was_signed = 0, False, None, True
    while not ended:
        wire = _message(connection, ends)
        octets += len(wire)
        if octets > MAX_OCTETS:
            raise SourceError(f"more than {MAX_OCTETS} octets")
        answer = dns.message.from_wire(
            wire,
            keyring=query.keyring,
            request_mac=query.mac,
            xfr=True,
            tsig_ctx=context,
            multi=True,
            one_rr_per_rrset=True,
        )
        if context is None and query.keyring is not None and not answer.had_tsig:
            raise SourceError("the server did not sign its answer")
        context, was_signed = answer.tsig_ctx, answer.had_tsig
        if answer.id != query.id:
            raise SourceError("the answer is one to another question")
        if answer.rcode() != dns.rcode.NOERROR:
            refused = dns.rcode.to_text(answer.rcode())
            raise SourceError(f"{refused}: the server must allow a transfer to this address, or to a key")
        if not answer.answer:
            raise SourceError("the server sent a message without records in place of a transfer")
        for rrset in answer.answer:
            if ended:
                raise SourceError("there are records behind the end of the zone")
            ended = _take(zone, rrset, origin)
    if query.keyring is not None and not was_signed:
        raise SourceError("the server did not sign the end of its answer")
    return zone


def _take(zone: SourceZone, rrset: dns.rrset.RRset, origin: dns.name.Name) -> bool:
    """Add a record; whether it is the SOA record that ends the transfer. Raises SourceError."""
    if not rrset.name.is_subdomain(origin):
        raise SourceError(f"{printable(rrset.name.to_text())} does not lie in the zone")
    if rrset.rdclass != dns.rdataclass.IN:
        raise SourceError(f"a record of the class {dns.rdataclass.to_text(rrset.rdclass)}")
    is_soa = rrset.rdtype == dns.rdatatype.SOA
    if is_soa and (rrset.name != origin or len(rrset) != 1):
        raise SourceError(f"an SOA record of {printable(rrset.name.to_text())}, where one of the zone has its place")
    if not zone.has_soa and not is_soa:
        raise SourceError("the transfer does not begin with an SOA record")
    if zone.has_soa and is_soa:
        if zone.lines[0].partition(" SOA ")[2] != rrset[0].to_text():
            raise SourceError("it ends with another SOA record than it began with: the zone was changed meanwhile")
        return True
    zone.has_soa |= is_soa
    zone.has_ns |= rrset.rdtype == dns.rdatatype.NS and rrset.name == origin
    if len(zone.lines) >= MAX_RECORDS:
        raise SourceError(f"more than {MAX_RECORDS} records")
    kind = dns.rdatatype.to_text(rrset.rdtype)
    zone.lines += [f"{rrset.name.to_text()} {rrset.ttl} IN {kind} {rdata.to_text()}" for rdata in rrset]
    return False


def _message(connection: socket.socket, ends: float) -> bytes:
    length = int.from_bytes(_octets(connection, 2, ends), "big")
    return _octets(connection, length, ends)


def _octets(connection: socket.socket, count: int, ends: float) -> bytes:
    """Exactly so many octets. Raises SourceError, and OSError."""
    read = b""
    while len(read) < count:
        left = ends - time.monotonic()
        if left <= 0:
            raise SourceError("the transfer takes too long")
        connection.settimeout(min(SILENCE, left))
        piece = connection.recv(count - len(read))
        if not piece:
            raise SourceError("the server ended the connection before the zone was whole")
        read += piece
    return read
