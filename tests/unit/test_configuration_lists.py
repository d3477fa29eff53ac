"""Lists of hosts in configurations of Postfix and Exim, Exim's settings, versions of TLS, and named.conf."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import pytest

from mailproof.captures import LEADS_NOWHERE
from mailproof.grammars.address_lists import parse_exim_list, parse_postfix_list
from mailproof.grammars.address_plans import NotAddressPlan, read_netplan
from mailproof.grammars.directives import parse_directives, parse_haproxy, parse_statements
from mailproof.grammars.forwards import parse_forwards, parse_sieve
from mailproof.grammars.named_conf import NotNamedConf, parse_named_conf
from mailproof.grammars.proxy_access import ConnectRequest, SquidAccess
from mailproof.grammars.settings import expand_macros, parse_exim
from mailproof.grammars.tls_settings import admitted
from mailproof.net.errors import Malformed
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.configuration import SelfChecks
from mailproof.observations.open_proxy import OpenProxy, ProxyPort
from mailproof.observations.proxy_access import ProxyAccess, ProxyShown
from mailproof.probes.configuration import self_checks
from mailproof.probes.name_server_settings import read_settings
from mailproof.probes.path_endings import MAX_INCLUDES, Included
from mailproof.probes.proxy_access import proxy_shown
from mailproof.targets.base import Target, Targets
from mailproof.targets.files import Configuration, ConfigurationFile
from mailproof.targets.mail import MailHost

from .cases.case import judged
from .cases.configuration_receiving import aliases
from .cases.configuration_tls import FOR_HOST_ALONE, FOR_OTHERS_TOO
from .cases.forwards import routers

EXIM = """# Debian's, in short
.ifndef NETS
NETS = 192.0.2.0/24 : \\
       <ALONE
.endif
ALONE=::::1
domainlist local_domains = @ : example.org
hide hostlist_cache relay_from_hosts = NETS

  smtp_banner = $smtp_active_hostname ESMTP
no_smtp_accept_keepalive
begin acl
hostlist relay_from_hosts = 0.0.0.0/0
"""


def test_exim() -> None:
    found = [(entry.name, entry.value, entry.line) for entry in parse_exim(EXIM)]
    assert found == [
        ("NETS", "192.0.2.0/24 : <ALONE", 3),
        ("ALONE", "::::1", 6),
        ("domainlist local_domains", "@ : example.org", 7),
        ("hostlist relay_from_hosts", "NETS", 8),
        ("smtp_banner", "$smtp_active_hostname ESMTP", 10),
        ("smtp_accept_keepalive", "false", 11),
    ]
    known = {name: value for name, value, _ in found}
    assert expand_macros("NETS : x", known) == "192.0.2.0/24 : <::::1 : x"


def test_macros_that_hold_themselves_end() -> None:
    assert len(expand_macros("A", {"A": "A A"})) <= 4096


@pytest.mark.parametrize(
    ("text", "networks", "others", "elsewhere"),
    [
        ("127.0.0.0/8 [::1]/128", ["127.0.0.0/8", "::1/128"], [], []),
        ("127.0.0.1,192.0.2.7/24", ["127.0.0.1/32", "192.0.2.0/24"], [], []),
        (
            "example.org hash:/etc/postfix/relay, /etc/x $nets",
            [],
            ["example.org"],
            ["hash:/etc/postfix/relay", "/etc/x", "$nets"],
        ),
        ("!192.0.2.1 2001:db8::/32 static:all", ["!192.0.2.1/32", "2001:db8::/32"], [], ["static:all"]),
        ("", [], [], []),
    ],
)
def test_postfix_lists(text: str, networks: list[str], others: list[str], elsewhere: list[str]) -> None:
    found = list(parse_postfix_list(text))
    assert [f"{'!' if entry.negated else ''}{entry.network}" for entry in found if entry.network] == networks
    assert [entry.text for entry in found if not entry.network and not entry.elsewhere] == others
    assert [entry.text for entry in found if entry.elsewhere] == elsewhere


@pytest.mark.parametrize(
    ("text", "networks", "others", "elsewhere"),
    [
        ("127.0.0.1 : ::::1", ["127.0.0.1/32", "::1/128"], [], []),
        ("<; 127.0.0.1 ; ::1", ["127.0.0.1/32", "::1/128"], [], []),
        ("*", ["0.0.0.0/0"], [], []),
        ("! 10.0.0.1 : @[] : +ours : lsearch;/etc/hosts", ["!10.0.0.1/32"], ["@[]"], ["+ours", "lsearch;/etc/hosts"]),
        ("example.org : *.example.net", [], ["example.org", "*.example.net"], []),
        ("${lookup{x}lsearch{/etc/x}}", [], [], ["${lookup{x}lsearch{/etc/x}}"]),
        ("", [], [], []),
    ],
)
def test_exim_lists(text: str, networks: list[str], others: list[str], elsewhere: list[str]) -> None:
    found = list(parse_exim_list(text))
    assert [f"{'!' if entry.negated else ''}{entry.network}" for entry in found if entry.network] == networks
    assert [entry.text for entry in found if not entry.network and not entry.elsewhere] == others
    assert [entry.text for entry in found if entry.elsewhere] == elsewhere


def test_many_files_may_include_the_same_ones() -> None:
    names = [f"sites/{number}.conf" for number in range(MAX_INCLUDES + 1)]
    found = Included([("snippets/tls.conf", name) for name in names], [*names, "snippets/tls.conf"])
    assert {tuple(found.of("snippets/tls.conf", name) or ()) for name in names} == {("snippets/tls.conf",)}


S3, T0, T1, T2, T3 = list(TLSVersion)[1:]


@pytest.mark.parametrize(
    ("program", "value", "versions"),
    [
        ("postfix", ">=TLSv1.2", (T2, T3)),
        ("postfix", ">=TLSv1", (T0, T1, T2, T3)),
        ("postfix", "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1", (T2, T3)),
        ("postfix", "!SSLv2:!SSLv3", (T0, T1, T2, T3)),
        ("postfix", "TLSv1.2", (T2,)),
        ("postfix", ">=TLSv1.1 <=TLSv1.2", (T1, T2)),
        ("postfix", ">=0303", (T2, T3)),
        ("postfix", "", (S3, T0, T1, T2, T3)),
        ("postfix", "$smtpd_tls_mandatory_protocols", None),
        ("exim", "+no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1", (T2, T3)),
        ("exim", "+no_sslv3 +no_tlsv1 -no_tlsv1", (T0, T1, T2, T3)),
        ("exim", "+single_dh_use", None),
        ("dovecot", "TLSv1.2", (T2, T3)),
        ("dovecot", "ANY", (S3, T0, T1, T2, T3)),
        ("dovecot", "LATEST", (T3,)),
        ("dovecot", "TLSv9", None),
        ("nginx", "TLSv1.3 TLSv1.2", (T2, T3)),
        ("nginx", "TLSv1 TLSv1.2", (T0, T2)),
        ("nginx", "$versions", None),
        ("apache", "all -SSLv3", (T0, T1, T2, T3)),
        ("apache", "all -TLSv1 -TLSv1.1", (T2, T3)),
        ("apache", "-all +TLSv1.2", (T2,)),
        ("apache", "TLSv1.2", (T2,)),
        ("apache", "${VERSIONS}", None),
        ("haproxy", "ssl-min-ver TLSv1.2 no-tls-tickets", (T2, T3)),
        ("haproxy", ":443 ssl crt x.pem ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.2", (T0, T1, T2)),
        ("haproxy", "no-sslv3 no-tlsv10 no-tlsv11", (T2, T3)),
        ("haproxy", "ssl-min-ver TLSv1.0 no-tlsv10", (T0, T1, T2, T3)),
        ("haproxy", "force-tlsv12 ssl-min-ver TLSv1.0", (T0, T1, T2)),
        ("haproxy", "force-tlsv12", (T2,)),
        ("haproxy", "force-tlsv99", None),
        ("haproxy", "no-sslv3", None),
        ("haproxy", ":80", None),
        ("haproxy", "", None),
        ("bind", "TLSv1.2", None),
    ],
)
def test_versions(program: str, value: str, versions: tuple[TLSVersion, ...] | None) -> None:
    assert admitted(program, value) == versions


NGINX = """# nginx
events { worker_connections 768; }
http {
  ssl_protocols TLSv1.2 'TLSv1.3'; # not here;
  server { listen 443 ssl; add_header X "a;b\\"c" always;
    location ~ ^/x{2}\\.php$ { root /srv/${host}/x; } }
}
"""
APACHE = """SSLProtocol all \\
   -SSLv3
<VirtualHost *:443>
  <IfModule mod_ssl.c>
   sslprotocol TLSv1.2
  </IfModule>
</VirtualHost>
ServerTokens Prod
"""
HAPROXY = """global
  ssl-default-bind-options ssl-min-ver TLSv1.2 # no-tlsv10
frontend smtps
  bind :465 ssl crt /etc/x.pem
userlist ours
  user u insecure-password secret
"""


def test_statements() -> None:
    found = [(entry.name, entry.value, entry.line) for entry in parse_statements(NGINX)]
    assert found[:4] == [
        ("events/worker_connections", "768", 2),
        ("http/ssl_protocols", "TLSv1.2 TLSv1.3", 4),
        ("http/server/listen", "443 ssl", 5),
        ("http/server/add_header", 'X a;b\\"c always', 5),
    ]
    assert found[-1][1:] == ("/srv/${host}/x", 6)


def test_directives() -> None:
    found = [(entry.name, entry.value, entry.line) for entry in parse_directives(APACHE)]
    assert found == [
        ("SSLProtocol", "all -SSLv3", 1),
        ("VirtualHost *:443/IfModule mod_ssl.c/sslprotocol", "TLSv1.2", 5),
        ("ServerTokens", "Prod", 8),
    ]
    found = [(entry.name, entry.value, entry.line) for entry in parse_haproxy(HAPROXY)]
    assert found == [
        ("global/ssl-default-bind-options", "ssl-min-ver TLSv1.2", 2),
        ("frontend smtps/bind", ":465 ssl crt /etc/x.pem", 4),
        ("userlist ours/user", "u insecure-password secret", 6),
    ]


def test_named_conf() -> None:
    whole = parse_named_conf(
        '/* a */ options {\n version "it\'s ; mine"; // b\n listen-on { any; } port 53;\n};\n'
        'zone "x" { type primary; }; # c'
    )
    options, zone = whole.block or ()
    assert [(one.name, one.value, one.line) for one in options.block or ()] == [
        ("version", "it's ; mine", 2),
        ("listen-on", "port 53 { any; }", 3),
    ]
    assert (zone.words, zone.line, zone.get("type")) == (("zone", "x"), 5, (zone.block or ())[0])


@pytest.mark.parametrize(
    "text", ["options {", "}", "a", 'version "', "a { b; }", "{" * 50, "a { b { c; } };", "a { b };"]
)
def test_what_is_no_named_conf(text: str) -> None:
    with pytest.raises(NotNamedConf, match=r"line \d"):
        parse_named_conf(text)


def test_a_quote_that_is_never_closed_is_read_once() -> None:
    begun = time.process_time()
    assert not list(parse_sieve('"' + '\\"' * 500_000))
    assert time.process_time() - begun < 20


def test_a_list_of_squid_without_a_kind_decides_nothing() -> None:
    access = SquidAccess()
    for setting in parse_directives("acl SSL\nhttp_access allow SSL\nhttp_access deny all\n"):
        access.add(setting)
    assert access.decide(ConnectRequest("11.25.25.80", 25)).connects is None


def test_what_is_longer_than_any_address_is_none() -> None:
    long = f"{'x' * 320}@example.net"
    assert [one.address for one in parse_forwards(f"root: {long}, bob@example.net\n")] == ["bob@example.net"]
    assert not list(parse_sieve(f'redirect "{long}";'))


LISTENS = "local-address=0.0.0.0"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (("server:", "  hide-version: yes"), "recursor.yml:1: it has none of the Recursor's sections"),
        (("# ours", "- a", "- b"), "recursor.yml:2: neither sections of YAML nor name=value"),
        (("dnssec=validate", "what is this?"), "recursor.yml:2: neither sections of YAML nor name=value"),
        (("dnssec:", "  validation: [off"), "recursor.yml:3: not valid YAML"),
        (("dnssec:", "  validation: [off]"), "recursor.yml:2: dnssec.validation is no text"),
        (("incoming:", "  listen: 127.0.0.1"), "recursor.yml:2: incoming.listen is no list"),
        (("allow-from=10.0.0.0/8;0.0.0.0/0", LISTENS), "recursor.yml:1: allow-from holds 10.0.0.0/8;0.0.0.0/0, which"),
        (('allow-from="0.0.0.0/0"', LISTENS), 'recursor.yml:1: allow-from holds "0.0.0.0/0", which is no network'),
        (("allow-from=0/33", LISTENS), "recursor.yml:1: allow-from holds 0/33, which is no network"),
        (("allow-from=any", LISTENS), "recursor.yml:1: allow-from holds any, which is no network"),
        (("allow-from=1.2.3.4.5", LISTENS), "recursor.yml:1: allow-from holds 1.2.3.4.5, which"),
        (("allow-from=1.2.3.256", LISTENS), "recursor.yml:1: allow-from holds 1.2.3.256, which"),
        (("",), "no settings stand in recursor.yml"),
    ],
)
def test_what_is_no_configuration_of_the_recursor_is_not_observed(lines: tuple[str, ...], says: str) -> None:
    with pytest.raises(Malformed, match=f"^{re.escape(says)}"):
        read_settings("recursor", ("recursor.yml",), {"recursor.yml": "\n".join(lines) + "\n"})


def test_a_list_of_the_recursor_that_is_added_to_is_gone_through_once() -> None:
    text = "allow-from+=192.0.2.1\n" * 30_000
    began = time.process_time()
    with pytest.raises(Malformed, match="allow-from has more than 10000 entries"):
        read_settings("recursor", ("x",), {"x": f"{text}{LISTENS}\n"})
    assert time.process_time() - began < 20


def test_no_password_of_the_recursor_is_kept() -> None:
    text = "webservice: {api_key: secret-word}\nrecursor: {version_string: x}\n"
    assert "secret-word" not in repr(read_settings("recursor", ("x",), {"x": text}))


def test_nothing_of_an_expansion_of_exim_is_kept() -> None:
    lookup = "data = ${lookup mysql{servers=192.0.2.1/mail/exim/secret-word;SELECT x}}"
    assert "secret-word" not in repr(routers(lookup))


def test_blanks_behind_a_lookup_of_exim_are_gone_through_once() -> None:
    """Three parts that may be missing, each with blanks, shared thousands of them out for most of a minute."""
    began = time.process_time()
    routers(f"data = ${{lookup{{a}}lsearch{{/f}}{' ' * 3900}x}}")
    assert time.process_time() - began < 20


@pytest.mark.parametrize("said", ["*secret-word", "!secret-word!x", '"\\secret-word', "%secret-word", "'secret-word"])
def test_no_password_of_a_configuration_stands_in_what_is_wrong_with_its_yaml(said: str) -> None:
    with pytest.raises(Malformed, match=r"^x:[0-9]+: not valid YAML: ") as raised:
        read_settings("recursor", ("x",), {"x": f"webservice:\n  password: {said}\n"})
    with pytest.raises(NotAddressPlan) as refused:
        read_netplan(f"network:\n  password: {said}\n")
    for message in (str(raised.value), str(refused.value)):
        assert "secret" not in message
        assert "'s'" not in message


@pytest.mark.parametrize(
    ("where", "active", "planned", "open_ports"),
    [
        ("192.0.2.25:3128", True, True, ("192.0.2.25:3128",)),
        ("192.0.2.25:1080", True, True, ()),  # another program's
        ("192.0.2.25:3128", False, True, ()),
        ("192.0.2.25:3128", True, False, ()),
    ],
)
def test_the_ports_of_a_proxy_are_asked_only_where_the_run_asks_them(
    where: str, active: bool, planned: bool, open_ports: tuple[str, ...]
) -> None:
    host = MailHost("gw.example.org", active=active)
    access = ProxyAccess("squid", ("squid.conf",), ports=(3128,))

    async def look(_: object, target: Target) -> Any:
        assert (target, active, planned) == (host, True, True)
        return OpenProxy(host.name, "192.0.2.26:25", (ProxyPort(where, "HTTP/1.1 200", True, "220 mx"),))

    async def shown() -> ProxyShown:
        target = Configuration("squid", host.name)
        return await proxy_shown(target, look, lambda *_: planned, Targets.collect([host]), access)

    assert asyncio.run(shown()).open_ports == open_ports


@pytest.mark.parametrize(
    ("program", "text", "refuses"),
    [
        ("nginx", "http { include sites/*; }", True),
        ("apache", "Include sites/*", True),
        ("apache", "IncludeOptional sites/*", False),
        ("apache", "Include other/*", False),
        ("keepalived", "include sites/*", False),
    ],
)
def test_programs_that_do_not_start_with_an_include_that_leads_nowhere(
    tmp_path: Path, program: str, text: str, refuses: bool
) -> None:
    (tmp_path / "main.conf").write_text(f"{text}\n")
    main = ConfigurationFile(str(tmp_path / "main.conf"), "main.conf")
    gone = ConfigurationFile(str(tmp_path / "sites" / "gone"), "sites/gone", status=LEADS_NOWHERE)

    async def checked() -> SelfChecks:
        return await self_checks(Configuration(program, "a.example", (main,), dangling=(gone,)), Network(NetSettings()))

    assert [check.file for check in asyncio.run(checked()).checks] == ["sites/gone"] * refuses


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("abuse: ann\npostmaster: root\nann: bob\nroot:\n  /dev/null\n", "aliases:4"),
        ("abuse: ann\n# x\npostmaster: /dev/null\n", "aliases:3"),
        ("root: ann\n*: :blackhole:\n", "aliases:2"),
        ("abuse: ann\n", "aliases"),
    ],
)
def test_a_finding_of_aliases_names_the_line(text: str, place: str) -> None:
    assert str(judged("CFG-ALIASES", {"role_aliases": aliases(text)}).at) == place


def test_what_listens_at_a_loopback_address_is_for_the_host_alone() -> None:
    assert all(found.for_host_alone for found in FOR_HOST_ALONE)
    assert not any(found.for_host_alone for found in FOR_OTHERS_TOO)
