"""What is hidden of a configuration costs no verdict: addresses, names and settings that controls judge stay."""

from __future__ import annotations

import pytest

from mailproof.grammars.address_plans import READERS
from mailproof.grammars.keepalived import readings
from mailproof.grammars.listeners import listeners
from mailproof.grammars.logins import exim_logins, postfix_logins
from mailproof.hiding.names import HIDDEN
from mailproof.hiding.texts import Form, without_secrets

from .cases.configuration_balancers import read

EXIM = """CONFDIR = /etc/exim4
auth_advertise_hosts = *
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = "${if crypteq{$auth3}{${extract{1}{:}{${lookup{$auth2}lsearch{CONFDIR/passwd}{$value}{}}}}}{1}{0}}"
  server_set_id = $auth2
  server_advertise_condition = ${if eq{$tls_in_cipher}{}{}{*}}
login:
  driver = plaintext
  public_name = LOGIN
  server_condition = ${if and{{eq{$auth1}{user}}\\
    {eq{$auth2}{HUNTER}}}}
  server_prompts = Username:: : Password::
"""
KEEPALIVED = """$ALL= \\
vrrp_instance a { \\
  virtual_router_id ${N} \\
  authentication { \\
    auth_type PASS \\
    auth_pass HUNTER \\
  } \\
  virtual_ipaddress { \\
    192.0.2.${N}/24 dev eth0 scope global \\
  } \\
}
$N=25
$ALL
"""
PLANS = {
    "netplan": "network: {wifis: {w0: {access-points: {a: {password: HUNTER}}, addresses: ['2001:db8::25/64'],\n"
    "  routes: [{to: default, via: 'fe80::1'}]}}}\n",
    "ifupdown": 'iface w0 inet dhcp\n  wpa-psk "HUNTER\niface e0 inet6 static\n  address 2001:db8::25/64\n',
    "networkd": '[Match]\nName=wg0\n[WireGuard]\nPrivateKey="HUNTER\n[Network]\nAddress=2001:db8::25/64\n',
    "networkmanager": "[connection]\nid=w\n[wifi-security]\npsk='HUNTER\n[ipv6]\naddress1=2001:db8::25/64\n",
}
NGINX = """http {
  content_by_lua 'local k = "HUNTER } {"';
  map $http_x_key $known { HUNTER 1; default 0; }
  ssl_protocols TLSv1.2;
  server { listen 443 ssl; more_set_headers "X-Key: HUNTER";
    if ($args ~ "k=HUNTER") { return 403; } ssl_protocols TLSv1.3; }
  more_set_headers "Server: x" "X-Key: HUNTER";
  server { listen 80; proxy_pass http://127.0.0.1/?key=HUNTER; }
}
"""


def hidden(text: str, form: Form = "settings") -> str:
    found = without_secrets(text, form)
    assert "HUNTER" not in found
    assert HIDDEN in found
    return found


def test_logins_of_exim_are_the_same() -> None:
    assert [
        [(one.who, one.in_clear, one.by.name, one.by.line) for one in exim_logins({"a": text})]
        for text in (EXIM, hidden(EXIM))
    ] == [[("plain", False, "server_advertise_condition", 9), ("login", True, "auth_advertise_hosts", 2)]] * 2


def test_addresses_of_virtual_routers_are_the_same() -> None:
    for text in (KEEPALIVED, hidden(KEEPALIVED, "lines in blocks")):
        (reading,) = readings({"a": text}, "lb.example.org")
        found = {one.name: one.value for one in reading["a"]}
        assert found["vrrp_instance a/virtual_ipaddress/192.0.2.25/24"] == "dev eth0 scope global"
        assert found["vrrp_instance a/virtual_router_id"] == "25"


def test_addresses_of_links_are_the_same() -> None:
    for program, text in PLANS.items():
        form: Form = "YAML" if program == "netplan" else "directives"
        links = [READERS[program](one) for one in (text, hidden(text, form))]
        assert links[0] == links[1]
        assert [str(one.interface) for link in links[1].values() for one in link.addresses] == ["2001:db8::25/64"]


def test_directives_of_nginx_are_no_entries_of_a_map() -> None:
    names = (
        "ssl_protocols",
        "ssl",
        "ssl_certificate",
        "http2",
        "listen",
        "include",
        "server_name",
        "starttls",
        "protocol",
        "proxy_pass",
    )
    text = "".join(f"{name} Unknown-7;\n" for name in names)
    assert hidden(f"HUNTER 1;\n{text}", "statements") == f"{HIDDEN} 1;\n{text}"


def test_servers_of_nginx_are_the_same() -> None:
    found = [listeners("nginx", text) for text in (NGINX, hidden(NGINX, "statements"))]
    assert found[0] == found[1]
    assert [(one.speaks_tls, one.own) for one in found[1].listeners] == [(True, True), (False, False)]


AUTHENTICATORS = """auth_advertise_hosts = *
acl_smtp_auth = acl_check_auth
begin acl
acl_check_auth:
  deny !authenticated = *
begin routers
spam_bypass:
  driver = accept
begin authenticators
plain_auth:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${if eq{$auth3}{HUNTER}}
  server_advertise_condition = ${if eq{$tls_in_cipher}{}{}{*}}
login_auth:
  driver = plaintext
  public_name = LOGIN
  server_set_id = $auth1
  client_send = : u : HUNTER
"""
"""Named as secrets are."""
SERVICES = """smtp-auth inet n - y - - smtpd
    -o smtp_sasl_password_maps=static:u:HUNTER
    -o smtpd_sasl_auth_enable=yes
bypass inet n - n - - smtpd -o smtpd_sasl_auth_enable=yes -o smtpd_tls_auth_only=yes
"""
VIRTUAL_SERVERS = """$CHECK=%s
$STATE=BACKUP
vrrp_script s {
  script "/usr/local/bin/check HUNTER"
}
vrrp_script t {
  script "/usr/bin/ldapsearch -w HUNTER"
}
vrrp_instance v {
  state $STATE
  notify "/usr/local/bin/tell --password HUNTER"
  authentication {
    auth_pass HUNTER
  }
}
virtual_server 192.0.2.25 25 {
  real_server 192.0.2.1 25 {
    $CHECK {
      path /?key=HUNTER
    }
  }
}
"""
BACKENDS = (
    "server a 192.0.2.1:25 sni req.hdr(x) check",
    "default-server sni req.hdr(x-foo),lower check\n server a 192.0.2.1:25",
    "server a 192.0.2.1:25 source 0.0.0.0 usesrc hdr_ip(x-foo,-1) check",
)


def test_names_of_blocks_of_exim_hide_nothing_in_them() -> None:
    assert hidden(AUTHENTICATORS) == AUTHENTICATORS.replace("${if eq{$auth3}{HUNTER}}", HIDDEN).replace(
        ": u : HUNTER", HIDDEN
    )
    for text in (AUTHENTICATORS, hidden(AUTHENTICATORS)):
        assert [(one.who, one.in_clear) for one in exim_logins({"a": text})] == [
            ("plain_auth", False),
            ("login_auth", True),
        ]


def test_names_of_services_hide_nothing_of_them() -> None:
    assert hidden(SERVICES) == SERVICES.replace("static:u:HUNTER", HIDDEN)
    for text in (SERVICES, hidden(SERVICES)):
        found = postfix_logins({"main.cf": "smtpd_tls_security_level = may\n"}, {"master.cf": text})
        assert [(one.who, one.in_clear) for one in found] == [("smtp-auth inet", True), ("bypass inet", False)]


@pytest.mark.parametrize(
    "checker",
    [
        *("TCP_CHECK", "SMTP_CHECK", "HTTP_GET", "SSL_GET", "MISC_CHECK", "DNS_CHECK", "PING_CHECK", "UDP_CHECK"),
        "BFD_CHECK",
    ],
)
def test_checks_that_keepalived_puts_in_stay(checker: str) -> None:
    text = VIRTUAL_SERVERS % checker
    kept = hidden(text, "lines in blocks")
    assert "$STATE=BACKUP\n" in kept
    for one in (text, kept):
        (servers,) = read("keepalived", one).groups
        assert [server.checked for server in servers.servers] == [True]


@pytest.mark.parametrize("line", BACKENDS)
def test_checks_of_haproxy_stay_behind_what_is_taken_of_a_request(line: str) -> None:
    text = f"backend b\n {line}\n http-request set-header X-K HUNTER\n"
    for one in (text, hidden(text, "directives")):
        (servers,) = read("haproxy", one).groups
        assert [server.checked for server in servers.servers] == [True]
