"""Configurations with one fault each, and the control that has to find it; one of each program that is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mailproof.captures import COMPLAINT, Capture, CapturedOutput, write_capture

FOLDER = "configurations"

RIGHT_NAMED = """options {
    version none; recursion yes; allow-recursion { localnets; 192.0.2.0/24; }; allow-transfer { none; };
    dnssec-validation auto;
};
zone "example" { type primary; file "example.zone"; };
"""
RIGHT_POSTFIX = """mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128
smtpd_banner = $myhostname ESMTP
disable_vrfy_command = yes
myhostname = mx.right.example
smtpd_tls_protocols = >=TLSv1.2
smtpd_tls_mandatory_protocols = >=TLSv1.2
relay_domains = right.example
relay_recipient_maps = hash:/etc/postfix/relay_recipients
smtpd_tls_security_level = may
"""


RIGHT_RULES = """table inet filter {
    chain output {
        type filter hook output priority filter; policy accept;
        oif "lo" accept
        meta skuid "postfix" tcp dport 25 accept
        tcp dport 25 reject with tcp reset
    }
}
"""


RIGHT_KEEPALIVED = """vrrp_instance mail {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        11.98.0.25/24
    }
}
"""
RIGHT_SQUID = """acl localnet src 10.0.0.0/8
acl SSL_ports port 443
acl Safe_ports port 80 443
http_access deny !Safe_ports
http_access deny CONNECT !SSL_ports
http_access allow localnet
http_access deny all
"""


RIGHT_HAPROXY = "backend mail\n  server one 11.98.0.1:25 check\n  server two 11.98.0.2:25 check\n"
RIGHT_LINKS = """auto eth0
iface eth0 inet6 static
    address 2a01:25:0:1::25/64
    gateway 2a01:25:0:1::1
    privext 0
"""
RIGHT_SPAMASSASSIN = "header RCVD_IN_WL eval:check_rbl('wl', 'dnswl.right.example.')\n"
RIGHT_NETWORKD = """[Match]
Name=eth0
[Network]
Address=2a01:25:0:2::25/64
Gateway=2a01:25:0:2::1
"""
RIGHT_WHITE_LIST = "# those whose servers are set up badly\n11.98.0.7\n*.right.example\n"


RIGHT_ALIASES = "postmaster: root\nabuse: root\nroot: admin@right.example, /var/mail/root\n"


RIGHT_DOVECOT = "protocols = imap\nssl = required\nssl_min_protocol = TLSv1.2\nlogin_greeting = Ready.\n"
RIGHT_EXIM = """smtp_banner = $smtp_active_hostname ESMTP
openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1
auth_advertise_hosts = ${if def:tls_in_cipher {*}}
pipelining_connect_advertise_hosts =
"""


@dataclass(frozen=True)
class ConfigurationFault:
    """A configuration of a program on a host, and what a control says of it. ``text`` is what the file holds."""

    control: str
    program: str
    host: str
    text: str
    behaviour: str
    verdict: str = "fail"

    @property
    def target(self) -> str:
        return f"{self.program}@{self.host}"

    @property
    def right(self) -> str:
        return f"{self.program}@{RIGHT_HOST}"


RIGHT_JAILS = """[DEFAULT]
bantime = 1h
ignoreip = 127.0.0.1/8 ::1
[postfix]
enabled = true
[dovecot]
enabled = true
"""
RIGHT_UPSMON = """MONITOR ups@localhost 1 upsmon secret-word primary
MINSUPPLIES 1
NOTIFYFLAG ONBATT SYSLOG+WALL
"""
RIGHT_MUNIN = "[example;mx]\n    address 192.0.2.25\n"
HISTORIES = "1764000000\n1763999900.5 7 example/mx-cpu-user-d.rrd\n1763999900.5 7 example/old-cpu-user-d.rrd\n"
RIGHT_SOCKETS = "LISTEN 0 100 0.0.0.0:25 0.0.0.0:*\nLISTEN 0 128 127.0.0.1:5432 0.0.0.0:*\n"
LISTED = "munin-histories"
"""A list of the histories of Munin, as its master has it; the old name is another one of the same file."""
RIGHT_HOST = "mx.right.example"
NEIGHBOUR = "mx.injectable.example"
"""It shares an address with the right host, and is what that is held against: its name comes first."""

FAULTS = (
    ConfigurationFault(
        "CFG-NAMED",
        "bind",
        "mx.injectable.example",
        RIGHT_NAMED.replace("{ none; }", "{ key ours; any; }"),
        "allow-transfer { key ours; any; }",
    ),
    ConfigurationFault(
        "F2B-TEMPORARY",
        "fail2ban",
        "mx.injectable.example",
        RIGHT_JAILS.replace("1h", "-1"),
        "bantime = -1",
        "advice",
    ),
    ConfigurationFault(
        "NUT-CONFIG",
        "nut",
        "mx.injectable.example",
        f"{RIGHT_UPSMON}AT ONBATT * START-TIMER early-shutdown 30\n",
        "a timer that shuts down",
        "advice",
    ),
    ConfigurationFault(
        "MUNIN-FRESH",
        "munin",
        "mx.injectable.example",
        RIGHT_MUNIN.replace("mx", "mx2"),
        "a node that was renamed",
        "advice",
    ),
    ConfigurationFault(
        "CFG-SERVICES-CLOSED",
        "sockets",
        "mx.injectable.example",
        f"{RIGHT_SOCKETS}LISTEN 0 128 *:5432 *:*\n",
        "a database that listens to everybody",
        "advice",
    ),
    ConfigurationFault(
        "EGRESS",
        "nftables",
        "mx.injectable.example",
        RIGHT_RULES.replace("tcp dport 25 reject with tcp reset", ""),
        "no rule refuses port 25 of others",
        "advice",
    ),
    ConfigurationFault(
        "CFG-PROXY",
        "squid",
        "mx.injectable.example",
        RIGHT_SQUID.replace("allow localnet", "allow all"),
        "http_access allow all",
    ),
    ConfigurationFault(
        "WHITELIST-FILE",
        "white-list",
        "mx.injectable.example",
        f"{RIGHT_WHITE_LIST}gone.right.example\n",
        "gone.right.example, which does not exist",
        "advice",
    ),
    ConfigurationFault(
        "OUT-NO-AUTOFORWARD",
        "aliases",
        "mx.injectable.example",
        f"{RIGHT_ALIASES}sales: somebody@elsewhere.test\n",
        "sales: somebody@elsewhere.test",
        "advice",
    ),
    ConfigurationFault(
        "CFG-ALIASES",
        "aliases",
        "mx.remembers.example",
        RIGHT_ALIASES.replace("postmaster", "hostmaster"),
        "no alias for postmaster",
    ),
    ConfigurationFault(
        "CFG-AUTH-TLS",
        "dovecot",
        "mx.injectable.example",
        RIGHT_DOVECOT.replace("ssl = required", "disable_plaintext_auth = no"),
        "disable_plaintext_auth = no",
    ),
    ConfigurationFault(
        "CFG-EARLYTALK",
        "exim",
        "mx.injectable.example",
        f"{RIGHT_EXIM}smtp_enforce_sync = false\n",
        "smtp_enforce_sync = false",
        "advice",
    ),
    ConfigurationFault(
        "CFG-RECIPIENTS",
        "postfix",
        "mx.injectable.example",
        RIGHT_POSTFIX.replace("mx.right", "mx.injectable").replace("hash:/etc/postfix/relay_recipients", ""),
        "relay_domains without relay_recipient_maps",
    ),
    ConfigurationFault(
        "CFG-HEALTH",
        "haproxy",
        "mx.injectable.example",
        RIGHT_HAPROXY.replace("2:25 check", "2:25"),
        "server two without check",
        "advice",
    ),
    ConfigurationFault(
        "CFG-VRRP",
        "keepalived",
        "mx.ssl2.example",
        RIGHT_KEEPALIVED.replace(" 51", " 52"),
        "another virtual_router_id than the first host with the address",
    ),
    ConfigurationFault(
        "CFG-DNSBL",
        "spamassassin",
        "mx.injectable.example",
        RIGHT_SPAMASSASSIN.replace("dnswl.", "gone."),
        "a list that is no more",
        "advice",
    ),
    ConfigurationFault(
        "IPV6-PLAN",
        "ifupdown",
        "mx.injectable.example",
        f"{RIGHT_LINKS}iface tunnel inet6 static\n    address 2a01:25:0:1::1/64\n",
        "two links with one prefix",
    ),
    ConfigurationFault(
        "IPV6-SOURCE",
        "networkd",
        "mx.injectable.example",
        f"{RIGHT_NETWORKD}IPv6PrivacyExtensions=yes\n",
        "IPv6PrivacyExtensions=yes",
    ),
    ConfigurationFault(
        "CFG-TLS-FLOOR",
        "postfix",
        "mx.ssl2.example",
        RIGHT_POSTFIX.replace("mx.right", "mx.ssl2"),
        "smtpd_tls_protocols = >=TLSv1.2, and the port takes TLSv1.0",
    ),
)
STALE = ConfigurationFault(
    "CFG-AGREES",
    "postfix",
    "mx.weak-key.example",
    RIGHT_POSTFIX.replace("mx.right", "mx.weak-key") + "message_size_limit = 1000\n",
    "message_size_limit = 1000, and the port shows another SIZE",
)
BROKEN = ConfigurationFault(
    "CFG-LOADS",
    "postfix",
    "mx.remembers.example",
    RIGHT_POSTFIX.replace("mx.right", "mx.remembers")
    + f"{COMPLAINT}postconf: warning: main.cf: unused parameter: smtpd_bannner=x\n",
    "postconf: warning: unused parameter",
)
"""In a capture: what a program says to standard error stands in no configuration file."""
NAMED = (*FAULTS, STALE)
ALL = (*NAMED, BROKEN)


RIGHT = {
    "bind": RIGHT_NAMED,
    "fail2ban": RIGHT_JAILS,
    "nut": RIGHT_UPSMON,
    "munin": RIGHT_MUNIN,
    "sockets": RIGHT_SOCKETS,
    "nftables": RIGHT_RULES,
    "squid": RIGHT_SQUID,
    "white-list": RIGHT_WHITE_LIST,
    "haproxy": RIGHT_HAPROXY,
    "keepalived": RIGHT_KEEPALIVED,
    "ifupdown": RIGHT_LINKS,
    "networkd": RIGHT_NETWORKD,
    "spamassassin": RIGHT_SPAMASSASSIN,
    "aliases": RIGHT_ALIASES,
    "dovecot": RIGHT_DOVECOT,
    "exim": RIGHT_EXIM,
}


def in_inventory() -> str:
    """The keys of the inventory that name the files."""
    named = [*((fault.program, fault.host) for fault in NAMED), *((program, RIGHT_HOST) for program in RIGHT)]
    named.append(("keepalived", NEIGHBOUR))
    entries = [
        f"  - {{host: {host}, program: {program}, file: {FOLDER}/{program}-{host}}}\n" for program, host in named
    ]
    entries += [
        f"  - {{host: {host}, program: munin, file: {FOLDER}/{LISTED}}}\n"
        for program, host in named
        if program == "munin"
    ]
    captures = ", ".join(f"{FOLDER}/{host}" for host in (RIGHT_HOST, BROKEN.host))
    return f"configurations:\n{''.join(entries)}captures: [{captures}]\n"


def write(directory: Path) -> None:
    folder = directory / FOLDER
    folder.mkdir()
    (folder / LISTED).write_text(HISTORIES)
    for fault in NAMED:
        (folder / f"{fault.program}-{fault.host}").write_text(fault.text)
    for program, text in RIGHT.items():
        (folder / f"{program}-{RIGHT_HOST}").write_text(text)
    (folder / f"keepalived-{NEIGHBOUR}").write_text(RIGHT_KEEPALIVED)
    for host, text in ((RIGHT_HOST, RIGHT_POSTFIX), (BROKEN.host, BROKEN.text)):
        output = CapturedOutput("postfix", "postconf -n", "postconf-n.txt", 0)
        write_capture(folder / host, Capture(host, "2026-11-01T00:00:00Z", (output,)), {output.file: text})
