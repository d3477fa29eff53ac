"""Cases of versions of TLS in configuration files: what is included and not read, and of two settings the later."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.configuration import ProgramSettings, VersionsShown
from mailproof.probes.configuration import program_settings
from mailproof.targets.files import Configuration, ConfigurationFile

from .cases.case import Case, fails, passes, skips, undecided
from .observed import HOST

PORT = f"{HOST}[192.0.2.25]:25"


def shown(*versions: str, unknown: tuple[str, ...] = ()) -> VersionsShown:
    return VersionsShown(HOST, ((PORT, versions),) if versions else (), unknown)


NO_PORT = shown()


def read(program: str, text: str, **others: str) -> ProgramSettings:
    """What is read of a file, and of others, ``sites__a`` from ``sites/a``."""
    with tempfile.TemporaryDirectory() as directory:
        files = []
        for name, content in {program: text, **others}.items():
            own = name.replace("__", "/")
            file = Path(directory, own)
            file.parent.mkdir(exist_ok=True)
            file.write_text(content)
            files.append(ConfigurationFile(str(file), own))
        return asyncio.run(_read(Configuration(program, HOST, tuple(files))))


async def _read(configuration: Configuration) -> ProgramSettings:
    return await program_settings(configuration, Network(NetSettings()))


EXIM = "openssl_options = +no_sslv3\n"
NONE = "server { listen 443 ssl; }"
NEW_DOVECOT = "ssl_min_protocol = TLSv1.2\n"
NEW_EXIM = "openssl_options = +no_sslv3 +no_tlsv1 +no_tlsv1_1\n"
ELSEWHERE: tuple[Case, ...] = (
    *(
        undecided(f"{include} is included and not read", program_settings=found, versions_shown=NO_PORT)
        for include, found in (
            ("conf.d/*.conf", read("dovecot", f"{NEW_DOVECOT}!include conf.d/*.conf\n")),
            ("conf.d/*.conf", read("dovecot", f"!include conf.d/*.conf\n{NEW_DOVECOT}")),
            ("conf.d/*.conf", read("dovecot", "protocols = imap\n!include conf.d/*.conf\n")),
            ("conf.d/*.conf", read("dovecot", f"ssl = no\n{NEW_DOVECOT}!include conf.d/*.conf\n")),
            ("other.conf", read("dovecot", "!include a.conf\n", **{"a.conf": f"{NEW_DOVECOT}!include other.conf"})),
            ("/etc/exim4/tls", read("exim", "qualify_domain = a.example\n.include /etc/exim4/tls\nbegin acl\n")),
            ("/etc/exim4/tls", read("exim", f"{NEW_EXIM}.include /etc/exim4/tls\n")),
            ("sites-enabled/*", read("nginx", "http { include mime.types; include sites-enabled/*; }")),
            ("sites-enabled/*", read("apache", "ServerName a\nIncludeOptional sites-enabled/*\n")),
        )
    ),
    *(
        undecided("included and not read, or depends", program_settings=found, versions_shown=NO_PORT)
        for found in (
            read("dovecot", "ssl_min_protocol = TLSv1\n!include conf.d/*.conf\n"),
            read("exim", f"{EXIM}.include /etc/exim4/tls\n"),
        )
    ),
    undecided(
        "conf.d/*.conf is included and not read",
        program_settings=read("dovecot", f"{NEW_DOVECOT}!include conf.d/*.conf\n"),
        versions_shown=shown("TLSv1.0"),
    ),
    *(
        fails("admits", program_settings=found, versions_shown=NO_PORT)
        for found in (
            read("dovecot", "!include conf.d/*.conf\nssl_min_protocol = TLSv1\n"),
            read(
                "dovecot", "!include conf.d/*.conf\n", conf__a="x = y", **{"conf.d__b.conf": "ssl_min_protocol=TLSv1"}
            ),
            read("exim", f".include /etc/exim4/tls\n{EXIM}"),
        )
    ),
    *(
        passes(program_settings=found, versions_shown=NO_PORT)
        for found in (
            read("dovecot", "!include conf.d/*.conf\n", **{"conf.d__b.conf": NEW_DOVECOT}),
            read("dovecot", f"{NEW_DOVECOT}!include_try local.conf\n!include auth-system.conf.ext\n"),
            read("exim", f"{NEW_EXIM}.include_if_exists /etc/exim4/local\n"),
            read("exim", f"{NEW_EXIM}.ifdef NOT_SET\n.include /etc/exim4/tls\n.endif\n"),
            # What stands behind the main part sets nothing for the server.
            read("exim", f"{NEW_EXIM}begin acl\n.include /etc/exim4/acl\n"),
        )
    ),
    skips(
        "no versions of TLS are set",
        program_settings=read("exim", "qualify_domain = a.example\nbegin acl\n.include /etc/exim4/acl\n"),
        versions_shown=NO_PORT,
    ),
    skips(
        "no versions of TLS are set",
        program_settings=read("nginx", f"http {{ include mime.types; {NONE} }}"),
        versions_shown=NO_PORT,
    ),
)
"""What is included and not read may say otherwise, wherever it may stand."""


HAPROXY = "global\n ssl-default-bind-options {}\n ssl-default-bind-options {}\nfrontend a\n bind :443 ssl crt x\n"
VHOST = "<VirtualHost *:443>\nSSLEngine on\n{}\n</VirtualHost>\n"
LATER: tuple[Case, ...] = (
    *(
        passes(program_settings=found, versions_shown=NO_PORT)
        for found in (
            read("apache", "SSLEngine on\nSSLProtocol all -SSLv3\nSSLProtocol TLSv1.2\n"),
            read("apache", VHOST.format("SSLProtocol all\nsslprotocol TLSv1.2")),
            read("apache", VHOST.format("<IfDefine X>\nSSLProtocol all\n</IfDefine>\nSSLProtocol TLSv1.2")),
            read("apache", VHOST.format("SSLProtocol all\n<IfModule mod_ssl.c>\nSSLProtocol TLSv1.2\n</IfModule>")),
            read("apache", "<Macro Old>\nSSLProtocol all\n</Macro>\n" + VHOST.format("SSLProtocol TLSv1.2")),
            read("apache", VHOST.format("SSLProtocol TLSv1.2\n# a \\\nSSLProtocol all")),
            read("apache", VHOST.format("<IfModule !ssl_module>\nSSLProtocol all\n</IfModule>\nSSLProtocol TLSv1.2")),
            read("haproxy", HAPROXY.format("ssl-min-ver TLSv1.0", "ssl-min-ver TLSv1.2")),
            read("haproxy", HAPROXY.format("ssl-min-ver TLSv1.2", "no-tls-tickets")),
            read("haproxy", HAPROXY.format("no-tlsv10", "no-tlsv11")),
            read("haproxy", HAPROXY.format("ssl-min-ver TLSv1.0", "force-tlsv12")),
        )
    ),
    *(
        undecided("depends on variables or conditions", program_settings=found, versions_shown=NO_PORT)
        for found in (
            read("apache", VHOST.format("SSLProtocol all\n<IfDefine X>\nSSLProtocol TLSv1.2\n</IfDefine>")),
            read("apache", VHOST.format("SSLProtocol TLSv1.2\n<IfDefine X>\nSSLProtocol all\n</IfDefine>")),
            read("apache", "<Macro Old>\n" + VHOST.format("SSLProtocol all") + "</Macro>\n"),
        )
    ),
    # Of a long value the begin is told.
    fails(
        f"smtpd_tls_protocols = {'!SSLv2 ' * 28}!SSL... admits SSLv3",
        program_settings=read("postfix", f"smtpd_tls_security_level = may\nsmtpd_tls_protocols = {'!SSLv2 ' * 9000}\n"),
        versions_shown=NO_PORT,
    ),
    *(
        fails("admits TLSv1.0", program_settings=found, versions_shown=NO_PORT)
        for found in (
            read("apache", "SSLEngine on\nSSLProtocol TLSv1.2\nSSLProtocol all -SSLv3\n"),
            read("apache", VHOST.format("SSLProtocol all") + VHOST.format("SSLProtocol TLSv1.2")),
            read("apache", VHOST.format('SSLProtocol "all" "-SSLv3"')),
            read("apache", VHOST.format("SSLProtocol all\n# a \\\nSSLProtocol TLSv1.2")),
            read("apache", VHOST.format("SSLProtocol all\n<IfModule !mod_ssl.c>\nSSLProtocol TLSv1.2\n</IfModule>")),
            read("apache", VHOST.format("") + "SSLProtocol all\n" + VHOST.format("SSLProtocol TLSv1.2")),
            read("haproxy", HAPROXY.format("ssl-min-ver TLSv1.2", "ssl-min-ver TLSv1.0")),
            read("haproxy", HAPROXY.format("ssl-min-ver TLSv1.0", "no-tls-tickets")),
            read("haproxy", HAPROXY.format("force-tlsv12", "ssl-min-ver TLSv1.0")),
            # HAProxy passes no-tlsv10 over where there is a bound.
            read("haproxy", HAPROXY.format("no-tlsv10 no-tlsv11", "ssl-min-ver TLSv1.0")),
        )
    ),
)
"""Of two settings for one server the later counts, checked against HAProxy 2.6 and Apache 2.4."""
