"""Configuration files of proxies."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.proxy_access import ProxyAccess, ProxyShown
from mailproof.probes.proxy_access import proxy_access
from mailproof.targets.files import Configuration, ConfigurationFile

from .case import Case, Table, fails, leaves, passes, skips, undecided


def read(program: str, *lines: str, included: str = "", **others: str) -> ProxyAccess:
    """What is read of a configuration, and of files that it includes, ``acl__own`` from ``acl/own.conf``."""
    texts = {f"{program}.conf": "\n".join(lines), "own.conf": included}
    texts |= {f"{name.replace('__', '/')}.conf": text for name, text in others.items()}
    with tempfile.TemporaryDirectory() as directory:
        files = []
        for name, text in texts.items():
            file = Path(directory, name)
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            files += [ConfigurationFile(str(file), name)] if text else []
        return asyncio.run(_read(Configuration(program, "gw.example.org", tuple(files))))


async def _read(configuration: Configuration) -> ProxyAccess:
    return await proxy_access(configuration, Network(NetSettings()))


CLOSED = ProxyShown("gw.example.org")
LISTS = (
    "acl localnet src 10.0.0.0/8",
    "acl localnet src fd00::/8",
    "acl SSL_ports port 443",
    "acl Safe_ports port 80 443 1025-65535",
)
SAFE = ("http_access deny !Safe_ports", "http_access deny CONNECT !SSL_ports")
OPEN = "http_access allow all"
DENY = "http_access deny all"
INCLUDE = "include /etc/squid/conf.d/*.conf"


def squid(*rules: str, included: str = "", **others: str) -> ProxyAccess:
    return read("squid", *LISTS, *rules, included=included, **others)


def tinyproxy(*lines: str) -> ProxyAccess:
    return read("tinyproxy", "User tinyproxy", "Port 8888", *lines)


def _good(*found: ProxyAccess) -> tuple[Case, ...]:
    return tuple(passes(proxy_shown=CLOSED, proxy_access=one) for one in found)


TABLE: Table = {
    "CFG-PROXY": (
        *_good(
            squid(
                *SAFE,
                "http_access allow localhost manager",
                "http_access deny manager",
                "http_access allow localnet",
                "http_access deny all",
            ),
            squid(*SAFE, "acl users proxy_auth REQUIRED", "http_access allow users", "http_access deny all"),
            squid("http_access deny !localnet", *SAFE, OPEN),
            squid(*SAFE, INCLUDE, "http_access deny all", included="http_access allow localnet"),
            squid(*SAFE, "include /etc/squid/rules/*.conf", DENY, rules__own=DENY, acl__other="acl x src ::1"),
            squid(*SAFE, "include /etc/squid/a/own.conf /etc/squid/b/own.conf", a__own=DENY, b__own=OPEN),
            squid("http_port 127.0.0.1:3128", *SAFE, OPEN),
            squid(),
            read("squid", "# http_access allow all"),
            tinyproxy("Allow 127.0.0.1", "Allow 192.168.0.0/16", "ConnectPort 443"),
            tinyproxy("BasicAuth user secret", "ConnectPort 443"),
            tinyproxy("Listen 127.0.0.1", "ConnectPort 443"),
        ),
        fails("anybody is connected to port 443", proxy_shown=CLOSED, proxy_access=squid(*SAFE, OPEN)),
        fails(
            "anybody is connected to port 443",
            proxy_shown=CLOSED,
            proxy_access=squid(*SAFE, "http_access deny localnet"),
        ),
        fails(
            "anybody is connected to port 443",
            proxy_shown=CLOSED,
            proxy_access=squid(*SAFE, "acl x src 0.0.0.0/0", "http_access allow x"),
        ),
        fails(
            "users, like one at 10.255.255.254, are connected to port 25",
            proxy_shown=CLOSED,
            proxy_access=squid("http_access allow localnet", "http_access deny all"),
        ),
        fails(
            "connected to port 25 of others by POST",
            proxy_shown=CLOSED,
            proxy_access=squid(SAFE[1], "http_access allow localnet", "http_access deny all"),
        ),
        fails(
            "connected to port 25",
            proxy_shown=CLOSED,
            proxy_access=squid("http_port 127.0.0.1:3128", "http_access allow localnet"),
        ),
        fails(
            "anybody is connected to port 443", proxy_shown=CLOSED, proxy_access=squid(*SAFE, INCLUDE, included=OPEN)
        ),
        fails(
            "anybody is connected to port 443",
            proxy_shown=CLOSED,
            proxy_access=squid(
                *SAFE, "include /etc/squid/b/own.conf", DENY, "include a/own.conf", a__own=DENY, b__own=OPEN
            ),
        ),
        fails("anybody is connected to port 443", proxy_shown=CLOSED, proxy_access=tinyproxy("ConnectPort 443")),
        fails("users, like one at 192.168.255.254", proxy_shown=CLOSED, proxy_access=tinyproxy("Allow 192.168.0.0/16")),
        undecided("squid.conf:7", proxy_shown=CLOSED, proxy_access=squid(*SAFE, INCLUDE, "http_access deny all")),
        # Another file that is called alike is not the one that is included, and neither is one of two directories.
        undecided(
            "squid.conf:7",
            proxy_shown=CLOSED,
            proxy_access=squid(*SAFE, "include /etc/squid/a/own.conf", DENY, b__own=DENY),
        ),
        undecided(
            "squid.conf:7",
            proxy_shown=CLOSED,
            proxy_access=squid(*SAFE, INCLUDE, "include /etc/squid/a/*.conf", included=DENY),
        ),
        undecided(
            "squid.conf:6",
            proxy_shown=CLOSED,
            proxy_access=squid('acl x src "/etc/squid/friends"', "http_access allow x", "http_access deny all"),
        ),
        undecided(
            "stands elsewhere", proxy_shown=CLOSED, proxy_access=tinyproxy("Allow .example.org", "ConnectPort 443")
        ),
        fails("users, like one at 11.25.25.80,", proxy_shown=CLOSED, proxy_access=tinyproxy("BasicAuth user secret")),
        leaves(
            "OPENPROXY",
            "192.0.2.25:3128 connects strangers",
            proxy_shown=ProxyShown("gw.example.org", ("192.0.2.25:3128",)),
            proxy_access=squid(*SAFE, OPEN),
        ),
        fails("anybody is connected to port 443", proxy_shown=CLOSED, proxy_access=read("tinyproxy", "# Allow ::1")),
        skips("postfix is no proxy", proxy_shown=CLOSED, proxy_access=ProxyAccess("postfix", ())),
    ),
}
