"""What registries answer, files of validated payloads, and configurations of resolvers."""

from __future__ import annotations

from mailproof.grammars.named_conf import NotNamedConf
from mailproof.grammars.rdap import parse_bootstrap, parse_domain, parse_network, server_of
from mailproof.grammars.resolver_settings import parse_bind, parse_unbound
from mailproof.grammars.vrps import parse_vrps
from tests.fuzz.parser import Parser, as_text, told, words_of


def _rdap(data: bytes) -> bool:
    read = 0
    for parse in (parse_domain, parse_network, parse_bootstrap):
        try:
            found = parse(as_text(data))
        except ValueError:
            continue
        read += 1
        if parse is parse_bootstrap:
            assert isinstance(server_of(found, "www.example.org") + server_of(found, "192.0.2.1"), str)  # type: ignore[arg-type]
    return read > 0


def _vrps(data: bytes) -> bool:
    found = parse_vrps(as_text(data), {"192.0.2.0/24", "2001:db8::/32"})
    assert len(found.payloads) <= found.count
    return bool(found.payloads)


def _resolver_settings(data: bytes) -> bool:
    text = as_text(data)
    settings = list(parse_unbound(text))
    try:
        settings += parse_bind(text)
    except NotNamedConf as error:
        told(str(error))
    assert all(1 <= entry.line <= len(text) + 1 for entry in settings)
    return bool(settings)


PARSERS = (
    Parser(
        "rdap",
        _rdap,
        (
            b'{"objectClassName":"domain","ldhName":"example.org","status":["active"],"events":[{"eventAction":'
            b'"expiration","eventDate":"2027-01-01T00:00:00Z"}],"nameservers":[{"ldhName":"ns.example.net"}],'
            b'"secureDNS":{"delegationSigned":true,"dsData":[{"keyTag":1}]}}',
            b'{"objectClassName":"ip network","handle":"N","entities":[{"roles":["abuse"],"vcardArray":["vcard",'
            b'[["email",{},"text","abuse@example.org"]]],"entities":[{"roles":["abuse"]}]}]}',
            b'{"services":[[["org"],["https://rdap.example/"]],[["192.0.2.0/24"],["https://ip.example/"]]]}',
        ),
        words_of('{ } [ ] , : "entities" "roles" "abuse" "vcardArray" "events" "status" null true 1e999 "email"'),
        10,
    ),
    Parser(
        "vrps",
        _vrps,
        (
            b'{"metadata":{"buildtime":"2026-11-26T00:00:00Z"},"roas":[{"asn":"AS64496","prefix":"192.0.2.0/24",'
            b'"maxLength":24},{"prefix":"2001:db8::/32","asn":64496,"maxLength":48}]}',
        ),
        words_of('{ } "prefix" : "192.0.2.0/24" "asn" "AS" "maxLength" 24 , [ ] -1 99999999999999999999'),
        5,
    ),
    Parser(
        "resolver settings",
        _resolver_settings,
        (
            b"server:\n  log-queries: yes # no\n  msg-cache-size: 64m\n",
            b"options { querylog yes; max-cache-size 90%; /* recursion no; */ };\n"
            b'logging { category "queries" { x; }; };',
        ),
        words_of("log-queries: yes querylog yes ; category queries { } /* */ // # recursion no max-cache-size"),
        5,
    ),
)
