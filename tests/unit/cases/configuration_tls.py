"""Configuration files: versions of TLS, and what programs say of their own configuration."""

from __future__ import annotations

from mailproof.observations.configuration import CheckSaid, ProgramSettings, SelfChecks

from ..version_cases import ELSEWHERE, LATER, NO_PORT, PORT, read, shown
from .case import Case, Table, fails, passes, skips, undecided
from .configuration import settings


def floor(value: str) -> ProgramSettings:
    return settings(
        "postfix", smtpd_tls_security_level="may", smtpd_tls_protocols=value, smtpd_tls_mandatory_protocols=value
    )


OLD = "ssl_protocols TLSv1 TLSv1.2;"
NEW = "server { listen 443 ssl; ssl_protocols TLSv1.2; }"
NEW_VERSIONS = "ssl_protocols TLSv1.2;"
NEW_ENGINE = "SSLEngine on\nSSLProtocol TLSv1.2\n"
NONE = "server { listen 443 ssl; }"
VHOST = "<VirtualHost *:443>\n SSLEngine on\n {}\n</VirtualHost>\n"
HAPROXY = "global\n ssl-default-bind-options ssl-min-ver TLSv1.0\nfrontend a\n bind :80\n bind :443 ssl crt x {}\n"

PEERS = "global\n ssl-default-bind-options ssl-min-ver TLSv1.0\npeers p\n {}\nfrontend a\n bind {}\n"

MASTER = "smtp inet n - y - - smtpd\n  -o smtpd_tls_protocols=>=TLSv1.2\nsubmission inet n - y - - smtpd\n  -o {}\n"
SAYS = "{ smtpd_tls_protocols = >=TLSv1.2 }"
DOVECOT = "protocols = imap lmtp\nssl_min_protocol = TLSv1\nprotocol imap {\n  ssl_min_protocol = TLSv1.2\n}\n"


def postfix(master: str, level: str = "smtpd_tls_security_level = may") -> ProgramSettings:
    return read("postfix", f"smtpd_tls_protocols = >=TLSv1\n{level}\n", **{"master.cf": master})


DEMANDED = "smtpd_tls_mandatory_protocols = >=TLSv1\n"
DEMANDED_NEW = "smtpd_tls_mandatory_protocols = >=TLSv1.2\n"
DEMANDS = "smtpd_tls_security_level=encrypt"
SAYS_NEW = "smtpd_tls_protocols = >=TLSv1.2\n"
MAY = "smtpd_tls_security_level = may\n"
NEVER = "smtpd_tls_security_level=may"
NO_TLS = "smtpd_tls_security_level = none"
PLAIN = "smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n  -o {}\n"
EXIM = "openssl_options = +no_sslv3\n"


OF_SERVICES: tuple[Case, ...] = (
    passes(program_settings=postfix(MASTER.format(SAYS)), versions_shown=NO_PORT),
    fails(
        "smtpd_tls_protocols = >=TLSv1 admits TLSv1",
        program_settings=postfix(MASTER.format("syslog_name=submission")),
        versions_shown=NO_PORT,
    ),
    fails(
        "smtpd_tls_protocols = >=TLSv1 admits TLSv1",
        program_settings=postfix(MASTER.format(SAYS) + "25 inet n - y - 1 postscreen\n"),
        versions_shown=NO_PORT,
    ),
    fails(
        "smtp inet/smtpd_tls_protocols = >=TLSv1 admits",
        program_settings=postfix(MASTER.format(SAYS).replace(">=TLSv1.2\n", ">=TLSv1\n")),
        versions_shown=NO_PORT,
    ),
    fails("ssl_min_protocol = TLSv1 admits", program_settings=read("dovecot", DOVECOT), versions_shown=NO_PORT),
    passes(program_settings=read("dovecot", DOVECOT.replace(" lmtp", "")), versions_shown=NO_PORT),
)
"""What stands for all services counts where one does not say otherwise."""

WITHOUT_TLS: tuple[Case, ...] = (
    *(
        skips("no server speaks TLS by these files", program_settings=found, versions_shown=NO_PORT)
        for found in (
            postfix(PLAIN.format("a=b"), NO_TLS),
            postfix(PLAIN.format("a=b"), f"{NO_TLS}\nsmtpd_use_tls = yes"),
            postfix(PLAIN.format("a=b"), "smtpd_use_tls = no\nsmtpd_enforce_tls = no"),
            postfix(PLAIN.format("a=b"), ""),
            postfix(MASTER.format("smtpd_tls_protocols=>=TLSv1"), NO_TLS),
            read("exim", f"tls_advertise_hosts =\n{EXIM}"),
            read("exim", f"NOBODY =\ntls_advertise_hosts = :\n{EXIM}"),
            read("dovecot", "ssl = no\nssl_min_protocol = TLSv1\n"),
            read("dovecot", "ssl = no\nprotocol imap {\n  ssl_min_protocol = TLSv1\n}\n"),
        )
    ),
    # What counts where TLS is demanded is smtpd_tls_mandatory_protocols, and smtpd_tls_protocols where it is not.
    *(
        skips("smtpd_tls_mandatory_protocols is not set: the default", program_settings=found, versions_shown=NO_PORT)
        for found in (
            postfix(PLAIN.format("a=b"), "smtpd_tls_security_level = encrypt"),
            postfix(PLAIN.format("smtpd_tls_wrappermode=yes"), ""),
            read("postfix", f"{SAYS_NEW}smtpd_tls_security_level = encrypt\n"),
            read("postfix", f"{SAYS_NEW}{MAY}", **{"master.cf": PLAIN.format("smtpd_tls_security_level=encrypt")}),
        )
    ),
    *(
        skips("smtpd_tls_protocols is not set: the default", program_settings=found, versions_shown=NO_PORT)
        for found in (
            read("postfix", f"{DEMANDED}{MAY}", **{"master.cf": PLAIN.format(NEVER)}),
            read("postfix", f"{DEMANDED_NEW}{MAY}"),
            read("postfix", f"{DEMANDED_NEW}{MAY}", **{"master.cf": PLAIN.format("a=b")}),
            read("postfix", f"{DEMANDED_NEW}{MAY}", **{"master.cf": "smtp inet n - y - 1 postscreen\n"}),
        )
    ),
    *(
        passes(program_settings=found, versions_shown=NO_PORT)
        for found in (
            read("postfix", f"{SAYS_NEW}{MAY}"),
            read("postfix", f"{SAYS_NEW}{MAY}{DEMANDED}", **{"master.cf": PLAIN.format("a=b")}),
            read("postfix", f"{SAYS_NEW}{MAY}{DEMANDED}", **{"master.cf": "smtp inet n - y - 1 postscreen\n"}),
            read("postfix", f"{DEMANDED_NEW}smtpd_tls_security_level = encrypt\n"),
            read("postfix", f"{DEMANDED_NEW}{SAYS_NEW}{MAY}", **{"master.cf": PLAIN.format(DEMANDS)}),
        )
    ),
    *(
        fails("smtpd_tls_mandatory_protocols = >=TLSv1 admits", program_settings=found, versions_shown=NO_PORT)
        for found in (
            read("postfix", f"{SAYS_NEW}{MAY}{DEMANDED}", **{"master.cf": PLAIN.format(DEMANDS)}),
            read("postfix", f"{SAYS_NEW}{MAY}{DEMANDED}"),
        )
    ),
    *(
        fails("smtpd_tls_protocols = >=TLSv1 admits TLSv1", program_settings=found, versions_shown=NO_PORT)
        for found in (
            postfix(PLAIN.format("smtpd_tls_security_level=may"), NO_TLS),
            postfix(PLAIN.format("smtpd_use_tls=yes"), ""),
            postfix(PLAIN.format("smtpd_tls_wrappermode=yes"), "smtpd_tls_security_level = may"),
            postfix(PLAIN.format("a=b"), "smtpd_use_tls = yes"),
            postfix(PLAIN.format("smtpd_tls_security_level=none")),
            postfix(PLAIN.format("a=b"), "l = may\nsmtpd_tls_security_level = $l"),
        )
    ),
    *(
        fails("admits", program_settings=found, versions_shown=NO_PORT)
        for found in (
            read("postfix", f"{DEMANDED}smtpd_tls_security_level = encrypt\n"),
            read("postfix", f"{DEMANDED}smtpd_tls_security_level = may\n"),
            read("postfix", f"{DEMANDED}smtpd_enforce_tls = yes\n"),
            read("postfix", DEMANDED, **{"master.cf": PLAIN.format("smtpd_tls_wrappermode=yes")}),
            read("exim", EXIM),
            read("exim", f"tls_advertise_hosts = *\n{EXIM}"),
            read("exim", f"tls_advertise_hosts =\ntls_on_connect_ports = 465\n{EXIM}"),
            read("dovecot", "ssl = no\nssl_min_protocol = TLSv1\nprotocol imap {\n  ssl = yes\n}\n"),
            read("dovecot", "ssl = no\nprotocol imap {\n  ssl = required\n  ssl_min_protocol = TLSv1\n}\n"),
        )
    ),
)
"""Versions matter where TLS is spoken."""

SPOKEN = "smtpd_tls_protocols = >=TLSv1\nsmtpd_tls_security_level = may\n"
FOR_HOST_ALONE = (
    read("postfix", f"{SPOKEN}inet_interfaces = loopback-only\n"),
    read(
        "postfix",
        f"{SPOKEN}inet_interfaces = $l\nl = 127.0.0.1, [::1]\nmynetworks = 0.0.0.0/0\n",
    ),
    read("exim", f"local_interfaces = <; 127.0.0.1 ; ::1\nhostlist relay_from_hosts = *\n{EXIM}"),
    read("exim", f"local_interfaces = <; 127.0.0.1.25 ; [::1]:26 ; ::1.27 ; [127.0.0.1]:587\n{EXIM}"),
    read("dovecot", "listen = 127.0.0.1, ::1\nssl_min_protocol = TLSv1\n"),
)
FOR_OTHERS_TOO = (
    read("postfix", "inet_interfaces = all\n"),
    read("postfix", "inet_interfaces = loopback-only\n", **{"master.cf": "192.0.2.1:smtp inet n - y - - smtpd\n"}),
    read("exim", "local_interfaces = <; 127.0.0.1 ; 192.0.2.1\n"),
    read("exim", "local_interfaces = <; 127.0.0.1.25 ; 0.0.0.0.465\n"),
    read("exim", "local_interfaces = <; ::0 ; ::1\n"),
    read(
        "dovecot", "listen = 127.0.0.1\nservice imap-login {\n  inet_listener imap {\n    address = 192.0.2.1\n  }\n}\n"
    ),
)
"""What listens at loopback addresses shows nothing to strangers."""

DEFAULTS: tuple[Case, ...] = (
    *(
        undecided(f"{include} is included and not read", program_settings=found, versions_shown=NO_PORT)
        for include, found in (
            ("/etc/nginx/sites/*", read("nginx", f"http {{ {NEW_VERSIONS} include /etc/nginx/sites/*; }}")),
            (
                "/etc/nginx/snippets/tls",
                read(
                    "nginx", f"http {{ {NEW_VERSIONS} server {{ listen 443 ssl; include /etc/nginx/snippets/tls; }} }}"
                ),
            ),
            ("sites-enabled/*.conf", read("apache", "SSLProtocol TLSv1.2\nIncludeOptional sites-enabled/*.conf\n")),
        )
    ),
    *(
        skips("no versions of TLS are set", program_settings=found, versions_shown=NO_PORT)
        for found in (
            read("nginx", f"http {{ {OLD} include /etc/nginx/sites/*; }}", sites__a="server { listen 80; }"),
            read(
                "nginx", f"include m.d/*; http {{ {OLD} include s/*; }} mail {{}}", s__a="server {}", **{"m.d__x": ""}
            ),
            read("nginx", f"mail {{ {OLD} server {{ listen 25; starttls off; }} }}"),
            read("apache", "SSLProtocol all\nListen 443\n<VirtualHost *:80>\nServerName a\n</VirtualHost>\n"),
            read("apache", "SSLProtocol all\n<VirtualHost *:443>\nSSLEngine off\n</VirtualHost>\n"),
            read("haproxy", PEERS.format("", '"${A}:80" name not-ssl')),
            read("apache", "SSLProtocol all\n<VirtualHost *:80>\nServerName a\n</VirtualHost>\n"),
            # Without a port, a virtual host takes what comes to any that Apache listens at.
            read("apache", "SSLProtocol all\nListen 443\n<VirtualHost *>\nServerName a\n</VirtualHost>\n"),
            read("haproxy", "global\n  ssl-default-bind-options ssl-min-ver TLSv1.0\nlisten a\n  bind :25\n"),
        )
    ),
    *(
        passes(program_settings=found, versions_shown=NO_PORT)
        for found in (
            read("nginx", f"http {{ {OLD} include mime.types; {NEW} server {{ listen 80; }} {NEW} }}"),
            read("nginx", f"http {{ {OLD} {NEW} }} mail {{ ssl_protocols TLSv1.3; server {{ listen 25; }} }}"),
            read("nginx", f"http {{ {OLD} include /etc/nginx/sites/*; }}", sites__a=NEW),
            # As RHEL and Debian package it: modules, and snippets without a server.
            read("nginx", f"include /usr/share/nginx/modules/*.conf; http {{ {NEW} }}"),
            read("nginx", f"http {{ {OLD} {NEW} server {{ listen 80; include snippets/fastcgi-php.conf; }} }}"),
            read(
                "nginx",
                f"http {{ {OLD} server {{ listen 443 ssl; include /etc/nginx/snippets/tls; }} }}",
                snippets__tls="ssl_protocols TLSv1.2;",
            ),
            read("apache", "SSLProtocol all\n" + VHOST.format("SSLProtocol TLSv1.2") * 2 + "<VirtualHost *:80>\n"),
            read(
                "apache", "SSLProtocol all\n" + VHOST.format("<IfModule mod_ssl.c>\nSSLProtocol TLSv1.2\n</IfModule>")
            ),
            read("haproxy", HAPROXY.format("ssl-min-ver TLSv1.2")),
            read(
                "nginx", f"http {{ {OLD} server {{ listen 443 ssl; include tls_params; }} }}", tls_params=NEW_VERSIONS
            ),
            read(
                "nginx",
                f"http {{ {OLD} {NEW} server {{ listen 80; include a; }} }}",
                a="root /x; include proxy_params;",
            ),
            read("nginx", f"http {{ {OLD} server {{ include a; }} }}", a="include b; listen 1 ssl;", b=NEW_VERSIONS),
            read("apache", "SSLProtocol all\n" + VHOST.format(f"Include a\n<IfDefine X>\n{NEW_ENGINE}"), a=NEW_ENGINE),
            read("apache", f"SSLProtocol all\n<VirtualHost *:1>\n<IfDefine X>\n{NEW_ENGINE}</IfDefine>\n"),
        )
    ),
    *(
        fails("admits TLSv1.0", program_settings=found, versions_shown=NO_PORT)
        for found in (
            read("nginx", f"http {{ {OLD} }}"),
            read("nginx", f"mail {{ {OLD} include m/*; }}", m__a="server { listen 25; starttls on; }"),
            read("nginx", f"http {{ {OLD} ssl on; include s/*; }}", s__a="server { listen 443; }"),
            read("nginx", f"http {{ {OLD} include c/*; include s/*; }}", c__a="ssl on;", s__a="server { listen 443; }"),
            read("nginx", f"http {{ {OLD} server {{ listen 443; ssl ON; }} }}"),
            read("haproxy", PEERS.format("", ':443 "ssl" crt x')),
            read("haproxy", PEERS.format("default-bind ssl crt x", ":80")),
            read("nginx", f"http {{ {OLD} {NEW} {NONE} include /etc/nginx/sites/*; }}"),
            read("nginx", f"http {{ {OLD} {NEW} ssl on; server {{ listen 443; }} }}"),
            read("nginx", f"http {{ {OLD} include /etc/nginx/sites/*; }}", sites__a=NEW, sites__b=NONE),
            read("nginx", f"mail {{ {OLD} server {{ listen 25; starttls on; }} }} http {{ {NEW} }}"),
            read("nginx", f"mail {{ {OLD} starttls only; server {{ listen 25; }} }}"),
            read("nginx", "http { server { listen 443 ssl; include tls; } }", tls=OLD),
            read("apache", "SSLProtocol all\n" + VHOST.format("SSLProtocol TLSv1.2") + VHOST.format("")),
            read("apache", "SSLProtocol all\nSSLEngine on\n" + VHOST.format("SSLProtocol TLSv1.2")),
            read("apache", VHOST.format("SSLProtocol all")),
            read("nginx", f"http {{ {OLD} {NEW} server {{ include a; }} }}", a="listen 443 ssl;"),
            read(
                "apache",
                "SSLProtocol all\n" + VHOST.format("SSLProtocol TLSv1.2") + VHOST.replace("on", '"on"').format(""),
            ),
            read("haproxy", HAPROXY.format("ssl-max-ver TLSv1.3")),
            read("haproxy", HAPROXY.format("") + " bind :465 ssl ssl-min-ver TLSv1.2"),
        )
    ),
    *(
        undecided(
            "included and not read, or depends on variables or conditions",
            program_settings=found,
            versions_shown=NO_PORT,
        )
        for found in (
            read("nginx", f"http {{ {OLD} {NEW} include /etc/nginx/sites/*; }}"),
            read("nginx", f"http {{ {OLD} server {{ listen 443 ssl; include snippets/tls; }} }}"),
            read("apache", "SSLProtocol all\nIncludeOptional sites-enabled/*.conf\n"),
            read("apache", "SSLProtocol all\n" + VHOST.format("Include tls.conf")),
            read("nginx", f"http {{ {OLD} {NEW} server {{ include snippets/tls-listen.conf; }} }}"),
            read(
                "apache",
                "SSLProtocol all\n"
                + VHOST.format("SSLProtocol TLSv1.2")
                + "<VirtualHost *:444>\nInclude engine.conf\n",
            ),
            read("apache", "SSLProtocol all\n" + VHOST.format("<IfDefine X>\nSSLProtocol TLSv1.2\n</IfDefine>")),
            read("apache", "SSLProtocol all\n" + VHOST.replace("on", "${{E}}").format("")),
            read("apache", "SSLProtocol all\nListen 8443 https\n<VirtualHost *:8443>\nServerName a\n</VirtualHost>\n"),
            read("apache", "SSLProtocol all\n<VirtualHost *:443>\nSSLCertificateFile x\n</VirtualHost>\n"),
            read("haproxy", PEERS.format("", ':443 "${O}"')),
        )
    ),
    skips("no versions of TLS", program_settings=read("nginx", f"http {{ {NONE} }}"), versions_shown=NO_PORT),
    skips(
        "no versions of TLS", program_settings=read("dovecot", "# ssl_min_protocol = SSLv3\n"), versions_shown=NO_PORT
    ),
)


def said(status: int, *complaints: str) -> SelfChecks:
    return SelfChecks("postfix", (CheckSaid("postconf -n", "captured/postconf-n.txt", status, complaints),))


TABLE: Table = {
    "CFG-TLS-FLOOR": (
        *DEFAULTS,
        *ELSEWHERE,
        *LATER,
        *OF_SERVICES,
        *WITHOUT_TLS,
        *(skips("the host alone", program_settings=found, versions_shown=NO_PORT) for found in FOR_HOST_ALONE),
        passes(program_settings=floor(">=TLSv1.2"), versions_shown=NO_PORT),
        passes(program_settings=floor(">=TLSv1.2"), versions_shown=shown("TLSv1.2", "TLSv1.3")),
        passes(program_settings=floor(">=TLSv1"), versions_shown=shown("TLSv1.2", "TLSv1.3")),
        skips(
            "smtpd_tls_protocols is not set: the default",
            program_settings=settings("postfix", smtpd_tls_mandatory_protocols=">=TLSv1.2"),
            versions_shown=shown("TLSv1.0", "TLSv1.2"),
        ),
        fails(
            "smtpd_tls_protocols = >=TLSv1.2 does not admit TLSv1.0",
            program_settings=read("postfix", f"{SAYS_NEW}{MAY}{DEMANDED}", **{"master.cf": PLAIN.format("a=b")}),
            versions_shown=shown("TLSv1.0", "TLSv1.2"),
        ),
        passes(program_settings=settings("dovecot", ssl_min_protocol="TLSv1.2"), versions_shown=NO_PORT),
        passes(
            program_settings=settings("exim", openssl_options="+no_sslv3 +no_tlsv1 +no_tlsv1_1"), versions_shown=NO_PORT
        ),
        fails(
            f"does not admit TLSv1.0, and {PORT} takes it",
            program_settings=floor(">=TLSv1.2"),
            versions_shown=shown("TLSv1.0", "TLSv1.2"),
        ),
        fails(
            "smtpd_tls_protocols = >=TLSv1 admits TLSv1.0, TLSv1.1",
            program_settings=floor(">=TLSv1"),
            versions_shown=NO_PORT,
        ),
        fails(
            "ssl_min_protocol = TLSv1 admits TLSv1.0",
            program_settings=settings("dovecot", ssl_min_protocol="TLSv1"),
            versions_shown=NO_PORT,
        ),
        fails(
            "smtps inet/smtpd_tls_mandatory_protocols = !SSLv2 admits SSLv3",
            program_settings=settings(
                "postfix",
                (("smtps inet/smtpd_tls_mandatory_protocols", "!SSLv2"), ("smtps inet/smtpd_tls_wrappermode", "yes")),
                smtpd_tls_protocols=">=TLSv1.2",
            ),
            versions_shown=NO_PORT,
        ),
        fails(
            "openssl_options = +no_sslv3 admits TLSv1.0",
            program_settings=settings("exim", openssl_options="+no_sslv3"),
            versions_shown=NO_PORT,
        ),
        passes(program_settings=settings("nginx", ssl_protocols="TLSv1.2 TLSv1.3"), versions_shown=NO_PORT),
        passes(program_settings=settings("apache", SSLProtocol="-all +TLSv1.3"), versions_shown=NO_PORT),
        passes(
            program_settings=settings("haproxy", (("frontend smtps/bind", ":465 ssl ssl-min-ver TLSv1.2"),)),
            versions_shown=NO_PORT,
        ),
        fails(
            "http/server/ssl_protocols = TLSv1 TLSv1.2 admits TLSv1.0",
            program_settings=settings("nginx", (("http/server/ssl_protocols", "TLSv1 TLSv1.2"),)),
            versions_shown=NO_PORT,
        ),
        fails(
            "SSLProtocol = all -SSLv3 admits TLSv1.0, TLSv1.1",
            program_settings=settings("apache", SSLProtocol="all -SSLv3"),
            versions_shown=NO_PORT,
        ),
        fails(
            "frontend smtps/bind = :465 ssl ssl-min-ver TLSv1.1 admits TLSv1.1",
            program_settings=settings("haproxy", (("frontend smtps/bind", ":465 ssl ssl-min-ver TLSv1.1"),)),
            versions_shown=NO_PORT,
        ),
        skips(
            "no versions of TLS are set",
            program_settings=settings("haproxy", (("frontend http/bind", ":80"),)),
            versions_shown=NO_PORT,
        ),
        skips("no versions of TLS are set", program_settings=settings("postfix"), versions_shown=NO_PORT),
        skips(
            "no versions of TLS are set",
            program_settings=settings("exim", openssl_options="+single_dh_use"),
            versions_shown=NO_PORT,
        ),
        skips("unbound has no setting", program_settings=settings("unbound"), versions_shown=NO_PORT),
        undecided(
            "silent",
            program_settings=floor(">=TLSv1.2"),
            versions_shown=shown(unknown=(f"{PORT}: silent",)),
        ),
    ),
    "CFG-LOADS": (
        passes(self_checks=said(0)),
        fails("postconf -n says: unused parameter", self_checks=said(0, "unused parameter: x")),
        fails("ended with exit status 1: fatal: bad", self_checks=said(1, "fatal: bad")),
        fails("ended with exit status 75 (captured/postconf-n.txt)", self_checks=said(75)),
        skips("no output of a command", self_checks=SelfChecks("postfix", ())),
    ),
}
