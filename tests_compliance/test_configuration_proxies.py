"""Configuration files of proxies: whom they connect where."""

from __future__ import annotations

from mailproof.controls import SHOULD, Family, Harm, control, fail, leave_to, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.observations.proxy_access import ProxyAccess, ProxyShown
from mailproof.references import PRACTICE, rfc

FAMILY = Family("CFG", "Configuration files")


@control("CFG-PROXY", SHOULD, rfc(9110, "9.3.6"), PRACTICE, harm=Harm.ABUSED)
def test_proxy_serves_its_own(proxy_access: ProxyAccess, proxy_shown: ProxyShown) -> None:
    """The configuration of a proxy connects no stranger, and nobody to port 25.

    Squid and tinyproxy are read. A stranger has no password; users have one where it is asked for. Of Squid, a POST to
    port 25 is judged as well. Where the ports of the host were asked and do connect strangers, OPENPROXY tells it.

    Why: spam that goes through the proxy comes from its address, and so does what strangers attack with.
    Fix: http_access deny !Safe_ports, http_access deny CONNECT !SSL_ports, then http_access allow localnet, at last
    http_access deny all (Squid); Allow 10.0.0.0/8, ConnectPort 443 (tinyproxy).
    """
    if not proxy_access.strangers:
        not_applicable(f"{proxy_access.program} is no proxy whose access rules are looked at")
    strangers = proxy_access.strangers if proxy_access.reachable else ()
    users = [one for one in proxy_access.users if one.port == 25]
    for one in strangers:
        if one.connects and proxy_shown.open_ports:
            leave_to("OPENPROXY", f"{proxy_shown.open_ports[0]} connects strangers")
        if one.connects:
            fail(f"anybody is connected to port {one.port} of others", at=one.place)
    for one in users:
        if one.connects:
            by = "" if one.method == "CONNECT" else f" by {one.method}"
            fail(f"users, like one at {one.client}, are connected to port 25 of others{by}", at=one.place)
    unknown = [one for one in (*strangers, *users) if one.connects is None]
    if unknown:
        where = unknown[0].place or ", ".join(proxy_access.files)
        raise NotAvailable(f"{where}: what this rule decides stands elsewhere", proxy_access.evidence())
