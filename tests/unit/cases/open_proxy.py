"""Proxies for anybody."""

from __future__ import annotations

from mailproof.controls import SHOULD
from mailproof.observations.open_proxy import OpenProxy, ProxyPort

from ..observed import HOST
from .case import Table, fails, passes, skips


def _seen(*ports: ProxyPort) -> OpenProxy:
    return OpenProxy(HOST, "192.0.2.26:25", ports)


_CLOSED = ProxyPort("192.0.2.25:3128", "connection refused", reached=True)
_FILTERED = ProxyPort("192.0.2.25:8080", "no connection within 10 s", reached=False)

TABLE: Table = {
    "OPENPROXY": (
        passes(open_proxy=_seen(_CLOSED, _FILTERED)),
        passes(open_proxy=_seen(ProxyPort("192.0.2.25:8080", "HTTP/1.1 403 Forbidden", reached=True))),
        passes(open_proxy=_seen(ProxyPort("192.0.2.25:8080", "HTTP/1.1 200 OK", True, "<html>"))),
        passes(open_proxy=_seen(ProxyPort("192.0.2.25:8080", "HTTP/1.1 200 OK", True, "404 Not Found"))),
        passes(open_proxy=_seen(ProxyPort("192.0.2.25:8080", "HTTP/1.1 200 OK", True, "554 4.0.0 Not Found"))),
        fails(
            "through it comes 554 5.5.0 Error: SMTP protocol synchronization",
            open_proxy=_seen(
                ProxyPort(
                    "192.0.2.25:8080",
                    "HTTP/1.1 403 no; to GET HTTP/1.1 200 OK",
                    True,
                    "554 5.5.0 Error: SMTP protocol synchronization",
                )
            ),
        ),
        fails(
            "asked for 192.0.2.26:25, 192.0.2.25:3128: HTTP/1.0 200 established; through it comes 220 mx",
            level=SHOULD,
            open_proxy=_seen(_CLOSED, ProxyPort("192.0.2.25:3128", "HTTP/1.0 200 established", True, "220 mx")),
        ),
        fails("SOCKS 5", open_proxy=_seen(ProxyPort("192.0.2.25:1080", "SOCKS 5, connected", True, "220 mx"))),
        passes(open_proxy=_seen(_FILTERED)),
        skips("has no address", open_proxy=_seen()),
    ),
}
