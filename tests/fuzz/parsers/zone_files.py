"""Master files."""

from __future__ import annotations

import dns.edns
import dns.message
import dns.rrset

from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.dns.zones import Zones
from tests.fuzz.parser import PLACE, Parser, as_text, words_of


def _zone(data: bytes) -> bool:
    try:
        zone = parse_zone("example.org", as_text(data), "zone")
    except ValueError as error:
        assert PLACE.match(str(error)), error  # noqa: PT017
        return False
    zones = Zones([zone])
    for type_ in ("MX", "TXT"):
        query = dns.message.make_query("www.example.org", type_)
        zones.respond(query, recursive=True).to_wire(max_size=65535, prefer_truncation=True)
    return True


_ZONE = b"""$TTL 3600
$ORIGIN example.org.
@ IN SOA ns hostmaster ( 1 2h 3 4w 5 )
@ NS ns
  NS ns.example.net.
@ MX 10 mx
ns A 192.0.2.1
mx A 192.0.2.2 ; comment
   AAAA 2001:db8::2
*.wild TXT "a" "b\\"c" \\200
www CNAME mx
sub NS ns.sub
ns.sub A 192.0.2.3
d DNAME other.example.
_25._tcp.mx TLSA 3 1 1 ( 0000000000000000000000000000000000000000000000000000000000000000 )
$GENERATE 1-3 host$ A 192.0.2.$
"""


PARSERS = (
    Parser(
        "zone",
        _zone,
        (_ZONE,),
        words_of(
            "$TTL $ORIGIN $GENERATE_1-9_a$ ( ) @ IN CH SOA NS MX TXT A AAAA CNAME DNAME DS RRSIG NSEC3 TYPE65280 "
            '\\# \\000 \\. " ; * 1w2d 99999999999 _tcp'
        ),
        4,
    ),
)
