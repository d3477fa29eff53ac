"""Proxies on mail hosts that connect strangers to mail servers."""

from __future__ import annotations

from mailproof.controls import SHOULD, Family, Harm, control, not_applicable
from mailproof.observations.open_proxy import OpenProxy
from mailproof.references import PRACTICE, rfc

FAMILY = Family("OPENPROXY", "Proxies for anybody")


@control("OPENPROXY", SHOULD, rfc(9110, "9.3.6"), PRACTICE, harm=Harm.ABUSED)
def test_no_proxy_connects_strangers_to_mail_servers(open_proxy: OpenProxy) -> None:
    """Ports 3128, 8080, 8888 and 1080 of a mail host connect no stranger to a mail server.

    It counts where the first reply of the mail server came through: by CONNECT, GET of http://ADDRESS:25/, or SOCKS 5.
    An answer of 200 alone is no proof, and neither is the page that a web server gives for an absolute URI: many give
    their own.

    Why: spam that goes through the proxy comes from its address, which ends on every blocklist.
    Fix: let the proxy listen inside only, or take a password; and allow CONNECT to port 443 alone (Squid: http_access
    deny CONNECT !SSL_ports, and deny !Safe_ports for what is fetched; tinyproxy: Allow, ConnectPort 443).
    """
    if not open_proxy.ports:
        not_applicable(f"{open_proxy.host} has no address")
    if found := [str(port) for port in open_proxy.ports if port.is_open]:
        raise AssertionError(f"asked for {open_proxy.wanted}, {'; '.join(found)}")
