"""Configuration files: passwords before TLS."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.logins import LoginSettings, LoginsShown
from mailproof.probes.configuration import program_settings
from mailproof.probes.logins import login_settings
from mailproof.targets.files import Configuration, ConfigurationFile

from .case import Case, Table, fails, leaves, passes, skips, undecided

HOST = "mx.example.org"
SILENT = LoginsShown(HOST)


def read(program: str, **texts: str) -> LoginSettings:
    """Files of a program: ``main_cf`` is main.cf."""
    with tempfile.TemporaryDirectory() as directory:
        files = []
        for name, text in texts.items():
            file = Path(directory, name.replace("_", "."))
            file.write_text(text)
            files.append(ConfigurationFile(str(file), file.name))
        return asyncio.run(_read(Configuration(program, HOST, tuple(files))))


async def _read(configuration: Configuration) -> LoginSettings:
    net = Network(NetSettings())
    return await login_settings(configuration, net, await program_settings(configuration, net))


SERVICES = (
    "smtp inet n - y - - smtpd\n"
    "submission inet n - y - - smtpd\n  -o smtpd_tls_security_level=encrypt\n  -o smtpd_sasl_auth_enable=yes\n"
    "smtps inet n - y - - smtpd\n  -o smtpd_tls_wrappermode=yes\n  -o smtpd_sasl_auth_enable=yes\n"
    "127.0.0.1:10025 inet n - n - - smtpd\n"
)
SASL = "smtpd_tls_security_level = may\nsmtpd_sasl_auth_enable = yes\n"


def postfix(main: str, services: str = SERVICES) -> LoginSettings:
    return read("postfix", main_cf=main, master_cf=services)


def exim(*options: str, main: str = "auth_advertise_hosts = *") -> LoginSettings:
    """An Exim with one authenticator that has these options."""
    lines = [
        main,
        "begin acl",
        "begin authenticators",
        "plain_server:",
        " driver = plaintext",
        " public_name = PLAIN",
        *options,
    ]
    return read("exim", exim_conf="\n".join((*lines, " server_condition = ${if eq{$auth2}{x}}")))


def dovecot(*lines: str) -> LoginSettings:
    return read("dovecot", dovecot_conf="\n".join(("protocols = imap lmtp", *lines)))


IMAP_CLOSED = ("service imap-login {", " inet_listener imap {", "  port = 0", " }", "}")


ONLY = "-o smtpd_tls_auth_only=yes"
OPEN, CLOSED = "disable_plaintext_auth = no\n", "disable_plaintext_auth = yes\n"


def _each(make: Callable[..., Case], *found: LoginSettings, says: str = "") -> tuple[Case, ...]:
    told = (says,) if says else ()
    return tuple(make(*told, login_settings=one, logins_shown=SILENT) for one in found)


TABLE: Table = {
    "CFG-AUTH-TLS": (
        *_each(
            passes,
            postfix("smtpd_tls_security_level = may\n"),
            postfix(SASL + "smtpd_tls_auth_only = yes\n"),
            postfix(SASL + "only = yes\nsmtpd_tls_auth_only = $only\n"),
            postfix(SASL + "smtpd_sasl_security_options = noanonymous, noplaintext\n"),
            postfix(SASL.replace("may", "encrypt")),
            postfix(SASL, SERVICES.replace("smtpd\nsub", "smtpd\n -o smtpd_sasl_auth_enable=no\nsub")),
            exim(main="auth_advertise_hosts = ${if def:tls_in_cipher {*}}"),
            exim(main="auth_advertise_hosts = localhost : ${if eq{$tls_cipher}{}{}{*}}"),
            exim(main="daemon_smtp_ports = 465\ntls_on_connect_ports = 465"),
            exim(main="tls_on_connect_ports = smtps\ndaemon_smtp_ports = 465"),
            exim(main="local_interfaces = 127.0.0.1 : ::::1"),
            exim(main="auth_advertise_hosts = 10.0.0.0/8 : 127.0.0.1"),
            exim(" .ifdef _HAVE_TLS", " server_advertise_condition = $tls_in_cipher", " .endif"),
            exim(" server_advertise_condition = ${if def:tls_in_cipher }"),
            exim(" server_advertise_condition = ${if !eq{$tls_in_cipher}{}}"),
            exim(" .ifndef CLEAR", " server_advertise_condition = $tls_in_cipher", " .endif"),
            read("exim", config_txt="auth_advertise_hosts = \nsmtp_banner = x\n"),
            dovecot("ssl = yes"),
            dovecot("disable_plaintext_auth = yes"),
            dovecot("auth_allow_cleartext = no"),
            dovecot("disable_plaintext_auth = no", "ssl = required"),
            dovecot("disable_plaintext_auth = no", *IMAP_CLOSED),
            dovecot("remote 127.0.0.1 {", "  disable_plaintext_auth = no", "}"),
            dovecot("disable_plaintext_auth = no", "auth_mechanisms = scram-sha-256 external"),
            dovecot("disable_plaintext_auth = no", *IMAP_CLOSED[:2], "  ssl = yes", *IMAP_CLOSED[3:]),
            dovecot("disable_plaintext_auth = no", *IMAP_CLOSED[:2], "  address = 127.0.0.1", *IMAP_CLOSED[3:]),
            dovecot("login_trusted_networks = 10.0.0.0/8"),
            dovecot("protocol lmtp {", "  disable_plaintext_auth = no", "}"),
            exim(main="auth_advertise_hosts = !*"),
            read("dovecot", dovecot_conf="protocols {\n imap = no\n pop3 = no\n}\nauth_allow_cleartext = yes\n"),
            dovecot("disable_plaintext_auth = no", "listen = 127.0.0.1, ::1"),
            dovecot("disable_plaintext_auth = no # webmail", "ssl = required # always"),
            dovecot("disable_plaintext_auth = no", "protocol imap { # all", "  ssl = required", "}"),
            read("dovecot", dovecot_conf="protocols = none\ndisable_plaintext_auth = no\n"),
            read("dovecot", dovecot_conf="protocols {\n lmtp = yes\n}\nprotocols = lmtp\nauth_allow_cleartext = yes\n"),
            postfix(SASL.replace("may", "") + "smtpd_enforce_tls = yes\n"),
            postfix(SASL, SERVICES.replace("smtp inet", "[127.0.0.1]:26 inet")),
            exim(main=".ifdef A\nauth_advertise_hosts = *\n.elifndef A\nauth_advertise_hosts =\n.endif"),
            exim(main="hostlist inner = 10.0.0.0/8 : ::::1\nauth_advertise_hosts = +inner"),
            dovecot("!include_try local.conf"),
            dovecot("!include auth-system.conf.ext", "!include conf.d/auth-sql.conf.ext"),
            read("dovecot", dovecot_conf=f"!include own.conf\n{CLOSED}", own_conf=OPEN),
            read("dovecot", own_conf=OPEN, dovecot_conf=f"!include own.conf\n{CLOSED}"),
            postfix(
                SASL, f"smtp inet n - y - - smtpd\n{SERVICES.replace('smtpd', 'smtpd -o smtpd_tls_auth_only=yes', 1)}"
            ),
        ),
        *_each(
            fails,
            read("dovecot", dovecot_conf=f"{CLOSED}!include own.conf\n", own_conf=OPEN),
            read("dovecot", own_conf=OPEN, dovecot_conf=f"{CLOSED}!include own.conf\n"),
            says="disable_plaintext_auth = no",
        ),
        *_each(
            fails,
            postfix(SASL, f"smtp inet n - y - - smtpd {ONLY}\n{SERVICES}"),
            says="smtp inet: smtpd_tls_auth_only is not set",
        ),
        *_each(fails, postfix(SASL), says="smtp inet: smtpd_tls_auth_only is not set: passwords are taken before TLS"),
        *_each(fails, postfix(SASL, SERVICES.replace("wrappermode=yes", "wrappermode=no")), says="before TLS"),
        *_each(
            fails,
            postfix("smtpd_tls_security_level = may\n", SERVICES.replace("level=encrypt", "level=may")),
            says="submission inet: smtpd_tls_auth_only is not set",
        ),
        *_each(
            fails,
            exim(),
            exim(main="smtp_banner = x"),
            exim(main="auth_advertise_hosts = 198.0.0.0/24"),
            read("exim", main_txt="x = y\n", auth_txt="plain_server:\n public_name = PLAIN\n server_condition = yes\n"),
            says="plain_server: auth_advertise_hosts",
        ),
        *_each(
            fails,
            exim(" server_advertise_condition = true"),
            exim(" server_advertise_condition = ${if !def:tls_in_cipher}"),
            says="plain_server: server_advertise_condition = ",
        ),
        *_each(
            fails,
            exim(" .ifndef CLEAR", " server_advertise_condition = $tls_in_cipher", " .endif", main="CLEAR = y"),
            says="plain_server: auth_advertise_hosts is not set",
        ),
        *_each(fails, dovecot("disable_plaintext_auth = no"), says="disable_plaintext_auth = no: passwords"),
        *_each(
            fails,
            dovecot("auth_allow_cleartext = yes", "ssl = yes"),
            dovecot("remote 198.0.0.0/24 {", "  auth_allow_cleartext = yes", "}"),
            says="auth_allow_cleartext = yes",
        ),
        *_each(
            skips,
            postfix("smtpd_tls_security_level = may\n", "smtp inet n - y - - smtpd\n"),
            postfix(SASL + "inet_interfaces = loopback-only\n", "smtp inet n - y - - smtpd\n"),
            read(
                "exim",
                exim_conf="smtp_banner = x\nbegin authenticators\nmine:\n driver = plaintext\n client_send = ^a^b\n",
            ),
            postfix(SASL, "smtp unix - n y - - smtpd\n"),
            read(
                "exim",
                exim_conf="smtp_banner = x\nbegin authenticators\ncram:\n public_name = CRAM-MD5\n server_secret = x\n",
            ),
            says="by this configuration nobody logs in",
        ),
        *_each(fails, dovecot("login_trusted_networks = 0.0.0.0/0"), says="login_trusted_networks = 0.0.0.0/0"),
        *_each(
            fails,
            dovecot("disable_plaintext_auth = no  # webmail"),
            dovecot('disable_plaintext_auth = "no"'),
            dovecot("disable_plaintext_auth = no", "ssl = required", "protocol imap {", "  ssl = yes", "}"),
            says="disable_plaintext_auth = no: passwords",
        ),
        *_each(fails, dovecot("auth_allow_cleartext = 1"), says="auth_allow_cleartext = 1"),
        *_each(fails, postfix(SASL + "smtpd_enforce_tls = yes\n"), says="smtp inet: smtpd_tls_auth_only is not set"),
        *_each(
            fails,
            exim(main=".ifdef STRICT\nauth_advertise_hosts = ${if def:tls_in_cipher {*}}\n.endif\nx = y"),
            exim(main="auth_advertise_hosts = !10.0.0.0/8"),
            exim(main="local_interfaces = 0.0.0.0.25\ndaemon_smtp_ports = 465\ntls_on_connect_ports = 465"),
            says="plain_server: auth_advertise_hosts",
        ),
        *_each(
            fails,
            exim(
                " .ifdef A",
                " server_advertise_condition = yes",
                " .elifdef B",
                " server_advertise_condition = no",
                " .else",
                " server_advertise_condition = no",
                " .endif",
                main="A = x",
            ),
            says="server_advertise_condition = yes",
        ),
        *_each(
            undecided, exim(main="x = y\n.include /etc/exim/local"), says="/etc/exim/local is included and not read"
        ),
        *_each(
            undecided,
            exim(main="auth_advertise_hosts = ${lookup mysql{servers=db/mail/exim/secretword; SELECT 1}}"),
            says="auth_advertise_hosts is an expansion: whether",
        ),
        *_each(
            fails,
            dovecot(
                "disable_plaintext_auth = no", *IMAP_CLOSED[:4], " inet_listener imap_ext {", "  port = 143", " }", "}"
            ),
            dovecot("local 172.31.5.9 {", "  disable_plaintext_auth = no", "}"),
            dovecot("remote 203.0.113.0/24 {", "  disable_plaintext_auth = no", "}"),
            says="disable_plaintext_auth = no: passwords",
        ),
        *_each(
            undecided,
            exim(main="auth_advertise_hosts = <hidden>"),
            exim(" server_advertise_condition = <hidden>"),
            says="is not worked out",
        ),
        *_each(undecided, dovecot("auth_allow_cleartext = $SET:clear"), says="is not worked out"),
        *_each(
            undecided,
            postfix(SASL + "smtpd_sasl_exceptions_networks = $mynetworks\n", SERVICES),
            says="smtpd_sasl_exceptions_networks",
        ),
        *_each(skips, read("nginx", nginx_conf="server_tokens off;"), says="nginx takes no passwords"),
        *_each(undecided, read("postfix", main_cf=SASL), says="master.cf, which is not there"),
        *_each(undecided, postfix(SASL + "smtpd_tls_auth_only = ${x?yes}\n"), says="is not worked out"),
        *_each(
            undecided,
            exim(main="auth_advertise_hosts = ${lookup{x}lsearch{/y}}"),
            exim(main="auth_advertise_hosts = +inside"),
            exim(" server_advertise_condition = ${if eq{$received_port}{587}}"),
            says="is not worked out",
        ),
        *_each(
            undecided,
            read("exim", config_txt="auth_advertise_hosts = *\nsmtp_banner = x\n"),
            says="name the whole configuration file",
        ),
        *_each(undecided, dovecot("!include auth-own.conf.ext"), says="auth-own.conf.ext is included and not read"),
        *_each(undecided, dovecot("!include conf.d/*.conf"), says="conf.d/*.conf is included and not read"),
        leaves(
            "AUTH-AFTER-TLS",
            "mx.example.org[192.0.2.1]:25 offers a login before TLS",
            login_settings=postfix(SASL),
            logins_shown=LoginsShown(HOST, ("mx.example.org[192.0.2.1]:25",)),
        ),
        fails(
            "submission inet: smtpd_tls_auth_only is not set",
            login_settings=postfix("smtpd_tls_security_level = may\n", SERVICES.replace("level=encrypt", "level=may")),
            logins_shown=LoginsShown(HOST, ("mx.example.org[192.0.2.1]:25",)),
        ),
        leaves(
            "IMAP-POP-CLEARTEXT",
            login_settings=dovecot("disable_plaintext_auth = no"),
            logins_shown=LoginsShown(HOST, (), ("mx.example.org[192.0.2.1]:143",)),
        ),
    ),
}
