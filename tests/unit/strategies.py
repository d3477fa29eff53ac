"""Hypothesis strategies for observations and targets, made from the fields of their dataclasses.

What the clients guarantee holds here too: the data of a record follows its type, addresses are addresses, a
chain has a certificate. Everything else is as hostile as the network.
"""

from __future__ import annotations

import base64
import types
from dataclasses import fields
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import dns.name
from hypothesis import strategies as st

from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.net.pkix.certificates import Certificate, Chain
from mailproof.net.pkix.contents import Contents
from mailproof.net.pkix.revocation import Said
from mailproof.net.smtp import Reply
from mailproof.observations import dmarc, registration, resolvers, reverse, tls, zones
from mailproof.observations.certificates import Shown
from mailproof.targets.base import Undiscovered, kinds
from mailproof.targets.services import Endpoint

_FRAGMENTS = (
    *(
        "v=spf1 ",
        "v=DMARC1; ",
        "v=DKIM1; ",
        "v=STSv1; ",
        "v=TLSRPTv1; ",
        "version: STSv1\n",
        "mode: enforce\n",
    ),
    *("p=", "p=none", "k=ed25519; ", "id=", "rua=mailto:", "a@b.example", "max_age: ", "mx: "),
    *("include:", "redirect=", "-all", "ip4:", "ip6:", "%{", "}", "//", "/", "*.", ".", "192-0-2-25", "dyn"),
    *(
        "=",
        ";",
        ":",
        ",",
        " ",
        "\t",
        "\r\n",
        "[",
        "]",
        "!",
        "\x00",
        "\x1b[31m",
        "\u202e",
        "\u0661",
        "9" * 5000,
    ),
)

text = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.lists(st.one_of(st.sampled_from(_FRAGMENTS), st.text(max_size=3)), max_size=8).map("".join),
).filter(lambda value: value.isascii() or value.encode("utf-8", "ignore").decode() == value)
"""Any text, and text made of what the parsers look for."""

addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)

_labels = st.one_of(st.sampled_from([b"example", b"org", b"mx1", b"com"]), st.binary(min_size=1, max_size=12))
names = st.lists(_labels, max_size=6).map(
    lambda labels: dns.name.Name([*labels, b""]).to_text(omit_final_dot=True).lower()
)
"""Names as the DNS client writes them: whatever was in them is escaped."""

_absolute = names.map(lambda name: name if name == "." else f"{name}.")
_moments = st.datetimes(datetime(1970, 1, 2), datetime(9990, 1, 1)).map(lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ"))
_octet = st.integers(0, 255)


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


_DATA = {
    "A": st.ip_addresses(v=4).map(str),
    "AAAA": st.ip_addresses(v=6).map(str),
    "DNSKEY": st.builds("257 3 {} {}".format, _octet, st.binary(min_size=1, max_size=64).map(_base64)),
    "CAA": st.builds('{} {} "{}"'.format, _octet, st.sampled_from(["issue", "iodef", "contactemail"]), text),
    "MX": st.builds("{} {}".format, st.integers(0, 65535), _absolute),
    "NS": _absolute,
    "PTR": _absolute,
    "SOA": st.builds("{} {} 1 2 3 4 5".format, _absolute, _absolute),
    "SRV": st.builds("{} {} {} {}".format, _octet, _octet, st.integers(0, 65535), _absolute),
    "TLSA": st.builds("{} {} {} {}".format, _octet, _octet, _octet, st.binary(max_size=64).map(bytes.hex)),
}


@cache
def records(type: str) -> st.SearchStrategy[ResourceRecord]:
    if type == "TXT":
        octets = text.map(lambda value: value.encode().decode("latin-1"))
        return st.builds(
            ResourceRecord,
            names,
            st.integers(0, 2**31),
            st.just("TXT"),
            st.just('"..."'),
            st.lists(octets, max_size=3).map(tuple),
        )
    return st.builds(ResourceRecord, names, st.integers(0, 2**31), st.just(type), _DATA[type])


@cache
def answers(type: str) -> st.SearchStrategy[Answer]:
    """Answers to a question of ``type``."""
    some = st.lists(records(type), max_size=3).map(tuple)
    authority = st.lists(st.one_of(records("NS"), records("SOA")), max_size=2).map(tuple)
    return st.builds(
        Answer,
        name=names,
        type=st.just(type),
        rcode=st.sampled_from(["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"]),
        records=some,
        aliases=st.lists(names, max_size=2).map(tuple),
        authority=authority,
        additional=st.just(()),
        authenticated=st.booleans(),
        authoritative=st.booleans(),
        recursion_available=st.booleans(),
        checking_disabled=st.booleans(),
        extended_errors=st.just(()),
        server=text,
        protocol=text,
        seconds=st.floats(0, 100),
    )


def _some(strategy: st.SearchStrategy[Any], at_least: int = 0) -> st.SearchStrategy[Any]:
    return st.lists(strategy, min_size=at_least, max_size=3).map(tuple)


def _special() -> dict[tuple[type, str], st.SearchStrategy[Any]]:
    """Fields that hold more than their type says. A field with an answer says itself what was asked for."""
    return {
        (Answer, "records"): st.just(()),
        (Answer, "wire"): st.just(b""),
        (Certificate, "not_before"): _moments,
        (Certificate, "not_after"): _moments,
        (Certificate, "serial"): st.integers(-(2**170), 2**170).map("{:x}".format),
        (Chain, "facts"): _some(st.deferred(lambda: values(Certificate)), 1),
        (Shown, "certificates"): _some(st.deferred(lambda: values(Contents)), 1),
        (Contents, "modulus"): st.integers(0, 2**600).map("{:x}".format),
        (Said, "this_update"): _moments,
        (Said, "next_update"): st.one_of(st.just(""), _moments),
        (Reply, "code"): st.integers(200, 599),
        (dmarc.DMARC, "domain"): names,
        (dmarc.DMARC, "steps"): _some(st.deferred(lambda: values(dmarc.Step)), 1),
        (dmarc.Step, "domain"): names,
        (registration.DomainRegistration, "at"): _moments,
        (resolvers.ResolverAnswers, "at"): _moments,
        (reverse.ReverseDNS, "address"): addresses,
        (tls.Certificates, "at"): _moments,
        (zones.ServerAddresses, "addresses"): _some(addresses),
        (Undiscovered, "missing"): st.sampled_from(list(kinds().values())),
    }


def values(kind: type) -> st.SearchStrategy[Any]:
    """Values of a dataclass."""
    if kind not in _VALUES:
        _VALUES[kind] = _make(kind)
    return _VALUES[kind]


_VALUES: dict[type, st.SearchStrategy[Any]] = {}


def _make(kind: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{entry.name: _field(kind, entry.name, hints[entry.name]) for entry in fields(kind)})


def _field(kind: type[Any], name: str, hint: Any) -> st.SearchStrategy[Any]:
    if issubclass(kind, Endpoint) and name == "role":
        return st.just(kind.role)
    special = _SPECIAL.get((kind, name))
    return _of(hint) if special is None else special


def _of(hint: Any) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return st.one_of(*map(answers, arguments[1:])) if arguments[0] is Answer else _of(arguments[0])
    if origin in (Union, types.UnionType):
        return st.one_of(*(_of(argument) for argument in arguments))
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return _some(_of(arguments[0]))
        return st.tuples(*(_of(argument) for argument in arguments))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    known = {
        str: text,
        int: st.integers(0, 2**40),
        float: st.floats(0, 1e6),
        bool: st.booleans(),
        type(None): st.none(),
    }
    return known[hint] if hint in known else st.deferred(lambda: values(hint))


_SPECIAL: dict[tuple[type, str], st.SearchStrategy[Any]] = {}
_SPECIAL.update(_special())
