"""Faults of web sites."""

from __future__ import annotations

from tests.real.domains import NO_KEY, Domain, Web
from tests.real.shown import Chain

NETWORK = 102

DOMAINS = (
    Domain(
        "web-bare",
        "a web site without any header, in clear as well, with a cookie and a banner",
        records={"www AAAA": (), "_443._tcp.www TLSA": ()},
        web=Web(
            (
                "gzip on;",
                "server_tokens on;",
                'add_header Set-Cookie "session=1; Path=/";',
            ),
            without=(
                "Strict-Transport-Security",
                "Content-Security-Policy",
                "X-Frame-Options",
                "X-Content-Type-Options",
                "Referrer-Policy",
            ),
            plain="location / { }",
            text="none",
        ),
        advice=(
            "WEB-HSTS",
            "WEB-CSP",
            "WEB-XFO",
            "WEB-XCTO",
            "WEB-REFERRER",
            "WEB-SECURITYTXT",
            "WEB-REDIRECT",
            "WEB-NO-HTTP-COMPRESSION",
            "WEB-COOKIES-BANNERS",
            "V6-WEB-AAAA",
            "DANE-WEB",
        ),
    ),
    Domain(
        "web-wrong",
        "a web site with malformed and weak headers, HSTS beside a page in clear, and the TLSA record of another key",
        records={"_443._tcp.www TLSA": (NO_KEY,)},
        web=Web(
            (
                'add_header Strict-Transport-Security "includeSubDomains";',
                "add_header Content-Security-Policy \"default-src 'self' 'unsafe-inline'\";",
                'add_header X-Frame-Options "ALLOW-FROM https://right.test";',
                'add_header Referrer-Policy "unsafe-url";',
            ),
            plain="location / { }",
            text="no Expires",
        ),
        fail=("WEB-HSTS", "WEB-REDIRECT", "WEB-SECURITYTXT", "DANE-WEB"),
        advice=("WEB-CSP", "WEB-XFO", "WEB-REFERRER"),
    ),
    Domain(
        "web-certificate",
        "a web site with a certificate for another name",
        web=Web(chain=Chain.WRONG_NAME),
        fail=("WEB-HTTPS",),
    ),
    Domain(
        "web-ipv6-dead",
        "nothing listens on the IPv6 address of the web site",
        records={"www AAAA": ("2600:25::3:1",)},
        web=Web(),
        advice=("V6-WEB-REACH",),
    ),
    Domain(
        "web-ipv6-other",
        "the web site has other headers over IPv6",
        web=Web(over_ipv6=('add_header X-Frame-Options "SAMEORIGIN";',)),
        advice=("V6-WEB-SAME",),
    ),
    Domain(
        "web-old-key",
        "security.txt names a key that has ended",
        web=Web(text="old key"),
        advice=("WEB-SECURITYTXT-KEY",),
    ),
)
