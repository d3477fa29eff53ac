"""Documents for mail programs."""

from __future__ import annotations

from mailproof.grammars import client_settings
from mailproof.grammars.client_settings import ClientSettings
from tests.fuzz.parser import Parser, as_text, words_of

_CONFIG = (
    b'<clientConfig><incomingServer type="imap"><hostname>a</hostname><port>993</port><socketType>SSL</socketType>'
    b'</incomingServer><outgoingServer type="smtp"><hostname>b</hostname><port>465</port><socketType>SSL</socketType>'
    b"</outgoingServer></clientConfig>"
)
_DISCOVER = b"<Autodiscover><Protocol><Type>IMAP</Type><Server>a</Server><Port>993</Port></Protocol></Autodiscover>"


def _checked(found: ClientSettings) -> bool:
    assert all(0 < server.port < 65536 and server.host for server in found.servers)
    return not found.errors


PARSERS = (
    Parser(
        "autoconfig",
        lambda data: _checked(client_settings.parse_autoconfig(as_text(data), "example.org")),
        (_CONFIG,),
        words_of("<incomingServer </port> <!DOCTYPE &#0; <![CDATA["),
        8,
    ),
    Parser(
        "autodiscover",
        lambda data: _checked(client_settings.parse_autodiscover(as_text(data))),
        (_DISCOVER,),
        words_of("<RedirectUrl> </Protocol> <!ENTITY &lol;"),
        8,
    ),
)
