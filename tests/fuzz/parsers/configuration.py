"""Configurations of mail servers and of BIND, and the lists in them."""

from __future__ import annotations

from mailproof.grammars.address_lists import parse_exim_list, parse_postfix_list
from mailproof.grammars.address_plans import READERS as PLANS
from mailproof.grammars.address_plans import NotAddressPlan
from mailproof.grammars.directives import parse_directives, parse_haproxy, parse_lines_in_blocks, parse_statements
from mailproof.grammars.exim_conditions import expansion
from mailproof.grammars.exim_routers import holds_routers, parse_includes, parse_redirects, work_out
from mailproof.grammars.filter_lists import READERS as FILTERS
from mailproof.grammars.filter_lists import shown_zone
from mailproof.grammars.forwards import alias_targets, parse_forwards, parse_sieve
from mailproof.grammars.includes import needed_includes
from mailproof.grammars.iptables import parse_iptables
from mailproof.grammars.keepalived import TooManyDefinitions, readings
from mailproof.grammars.listeners import PROGRAMS as SERVERS
from mailproof.grammars.listeners import listeners
from mailproof.grammars.logins import dovecot_logins, exim_logins, has_authenticators, postfix_logins
from mailproof.grammars.munin import parse_histories, parse_nodes
from mailproof.grammars.named_conf import NotNamedConf, parse_named_conf
from mailproof.grammars.nftables import parse_nftables
from mailproof.grammars.packet_filters import NotPacketFilter, Packet, PacketFilter
from mailproof.grammars.postfix_tables import MAX_TABLES, parse_tables
from mailproof.grammars.proxy_access import ACCESS, ConnectRequest
from mailproof.grammars.settings import (
    MAX_EXPANDED,
    expand,
    expand_macros,
    parse_exim,
    parse_postfix,
    parse_services,
    parse_settings,
)
from mailproof.grammars.sockets import parse_sockets
from mailproof.grammars.tls_settings import admitted
from mailproof.grammars.white_lists import parse_white_list
from mailproof.hiding.names import HIDDEN
from mailproof.hiding.texts import Form, without_secrets
from mailproof.net.errors import Malformed, NotAvailable
from mailproof.observations.configuration import TLS_FLOOR
from mailproof.probes.joined import joined as joined_in_place
from mailproof.probes.name_server_settings import PROGRAMS as NAME_SERVERS
from mailproof.probes.name_server_settings import read_settings
from mailproof.probes.nft_includes import joined
from tests.fuzz.parser import Parser, as_text, told, words_of


def _settings(data: bytes) -> bool:
    text = as_text(data)
    for program in SERVERS:
        servers = listeners(program, text)
        assert len(servers.listeners) + len(servers.includes) <= len(text)
    found = [*parse_settings(text), *parse_postfix(text), *parse_services(text), *parse_exim(text)]
    found += [*parse_statements(text), *parse_directives(text), *parse_haproxy(text), *parse_lines_in_blocks(text)]
    assert all(1 <= entry.line <= len(text) + 1 for entry in found)
    known = {entry.name: entry.value for entry in found}
    for entry in found[:20]:
        assert len(expand(entry.value, known)) <= MAX_EXPANDED
        assert len(expand_macros(entry.value, known)) <= MAX_EXPANDED
        for program in TLS_FLOOR:
            versions = admitted(program, entry.value) or ()
            assert list(versions) == sorted(set(versions), key=list(type(versions[0])).index) if versions else True
    return bool(found)


def _hiding(data: bytes) -> bool:
    text = as_text(data)
    forms: tuple[Form, ...] = ("settings", "YAML", "directives", "statements", "lines in blocks")
    hidden = [without_secrets(text, form) for form in forms]
    assert {one.count("\n") for one in hidden} == {text.count("\n")}, "findings name the lines of the original"
    return any(HIDDEN in one for one in hidden)


def _keepalived(data: bytes) -> bool:
    text = as_text(data)
    try:
        found = [one for reading in readings({"k": text}, "a.example") for one in reading["k"]]
    except TooManyDefinitions:
        return False
    assert all(1 <= one.line <= text.count("\n") + 1 for one in found)
    return bool(found)


def _includes(data: bytes) -> bool:
    texts = {"a.conf": as_text(data), "b.conf": as_text(data)[:200], "c/d.conf": "x = y\n"}
    found = [one for program in ("exim", "dovecot", "keepalived") for one in joined_in_place(program, texts).values()]
    assert all(1 <= number <= len(texts[name]) + 1 for one in found for _, name, number in one.lines)
    return any(len({name for _, name, _ in one.lines}) > 1 for one in found)


def _proxy_access(data: bytes) -> bool:
    settings = list(parse_directives(as_text(data)))
    for program in ACCESS:
        access = ACCESS[program]()
        for setting in settings:
            access.add(setting)
        for client in ("11.25.25.80", *access.clients()):
            decided = access.decide(ConnectRequest(client, 25))
            assert not decided.line or decided.line in {setting.line for setting in settings}
    return bool(settings)


def _address_plans(data: bytes) -> bool:
    text = as_text(data)
    read = 0
    for reader in PLANS.values():
        try:
            links = reader(text)
        except NotAddressPlan:
            continue
        read += bool(links)
        assert all(1 <= found.line <= len(text) + 1 for link in links.values() for found in link.addresses)
    return bool(read)


def _filter_lists(data: bytes) -> bool:
    text = as_text(data)
    found = [named for reader in FILTERS.values() for named in reader(text)]
    assert all(1 <= named.line <= len(text) + 1 and "." in shown_zone(named.zone) for named in found)
    return bool(found)


def _white_list(data: bytes) -> bool:
    text = as_text(data)
    found = list(parse_white_list(text))
    assert all(1 <= entry.line <= len(text) + 1 for entry in found)
    assert not any(entry.network and entry.name for entry in found)
    return bool(found)


def _name_servers(data: bytes) -> bool:
    text = as_text(data)
    read = False
    for program in NAME_SERVERS:
        try:
            read = bool(read_settings(program, ("x",), {"x": text}).evidence())
        except Malformed as error:
            told(str(error))
    return read


def _forwards(data: bytes) -> bool:
    text = as_text(data)
    found = [*parse_forwards(text), *parse_sieve(text)]
    assert all(("@" in one.address) is not bool(one.unread) and 1 <= one.line <= len(text) + 1 for one in found)
    return bool(found)


def _tables(data: bytes) -> bool:
    text = as_text(data)
    found = [table for line in text.splitlines() for table in parse_tables(line)]
    assert len(found) <= (text.count("\n") + 1 + len(text.splitlines())) * (MAX_TABLES + 1) ** 2
    return any(table.type for table in found)


def _redirects(data: bytes) -> bool:
    text = as_text(data)
    macros = {"AWAY": text[:100], "NETS": "AWAY"}
    found = list(parse_redirects(text, macros))
    assert all("@" in address for one in found for address in work_out(one, macros).addresses)
    assert all(1 <= one.line <= len(text) + 1 for one in found)
    assert all(line >= 1 for _, line in parse_includes(text))
    return holds_routers(text) and bool(found)


def _lists(data: bytes) -> bool:
    text = as_text(data)
    found = [*parse_postfix_list(text), *parse_exim_list(text)]
    assert not any(entry.elsewhere and entry.network for entry in found)
    return bool(found)


def _packet_filter(data: bytes) -> bool:
    text = as_text(data)
    found = []
    try:
        assert all(one.text.count("\n") + 1 == len(one.lines) for one in joined({"a.nft": text, "b.nft": text[:99]}))
    except NotAvailable as error:
        told(str(error))
    for chains in (parse_nftables(text), parse_iptables(text, "ip")):
        try:
            found = list(chains)
        except NotPacketFilter as error:
            told(str(error))
        filter_ = PacketFilter(found)
        for hook in ("output", "forward"):
            filter_.passage(hook, Packet("ip", "10.0.0.1", "11.0.0.1", 25, "a", "b", "c"))
    return bool(found)


def _sockets(data: bytes) -> bool:
    found = list(parse_sockets(as_text(data)))
    assert all(one.line >= 1 and one.port <= 99_999 for one in found)
    return bool(found)


def _munin(data: bytes) -> bool:
    text = as_text(data)
    nodes, listed = list(parse_nodes(text)), parse_histories(text)
    assert all(node.host and node.line >= 1 for node in nodes)
    return bool(nodes) or listed is not None


def _named_conf(data: bytes) -> bool:
    text = as_text(data)
    try:
        whole = parse_named_conf(text)
    except NotNamedConf:
        return False
    assert all(1 <= entry.line <= text.count("\n") + 1 for entry in whole.block or ())
    return bool(whole.block) and bool(str(whole))


def _logins(data: bytes) -> bool:
    text = as_text(data)
    texts = {"config": text}
    found = [*exim_logins(texts), *dovecot_logins(texts), *postfix_logins(texts, texts), *postfix_logins(texts, {})]
    assert all(0 <= one.by.line <= len(text) + 1 for one in found)
    includes = [(one, "x") for program in ("exim", "dovecot") for _, one in needed_includes(program, text)]
    assert len(includes) + len(alias_targets(text)) <= len(text)
    worked_out = expansion(text, {"tls_in_cipher": "", "x": text[:9]})
    return bool(found or includes or has_authenticators(text)) or worked_out is not None


PARSERS = (
    Parser(
        "passwords before TLS",
        _logins,
        (
            b"auth_advertise_hosts = ${if def:tls_in_cipher {*}}\nbegin authenticators\nplain:\n public_name = PLAIN\n"
            b".ifndef X\n server_advertise_condition = ${if or{{!def:tls_cipher}{eq{$x}{}}}{a}{b}}\n.endif\n"
            b" server_x = y\n",
            b"smtpd_sasl_auth_enable = yes\nsubmission inet n - y - - smtpd\n  -o smtpd_tls_auth_only=$x\n",
            b"remote 10.0.0.0/8 {\n disable_plaintext_auth = no\n}\n!include x/*\n"
            b"auth_allow_cleartext = yes\nssl = no\n",
        ),
        words_of(
            "${if def: eq { } ! and or bool match_ip $tls_cipher ${x} begin : = .ifdef .else .endif yes no smtpd -o"
        ),
        3,
    ),
    Parser(
        "hiding",
        _hiding,
        (
            b'map $http_x_a $b { "Bearer x" 1; }\nset $c "d e";\n',
            b"SetEnvIf Authorization \"^x$\" a\nRequire expr req('X-A') == 'b'\n",
            b"http-request deny unless { req.hdr(x) -m str y }\n",
            b"$A=bcdefg\nauth_pass $A\npassword = x\n  y\n",
            b"condition = ${if eq{$h_X-A:}\\\n {bcdefg}}\nheaders_add = X-B: c\\nX-D: efghij\n",
            b"a: {b: {password: 'x, y', c: [d]}, e: f}\n",
            b"$A= \\\nb { \\\n auth_pass cdefgh \\\n}\n",
        ),
        words_of("map $ { } ( ) ; = \" ' hdr( set pass token $http _# < > \\"),
        1,
    ),
    Parser(
        "keepalived",
        _keepalived,
        (
            b"$A= \\\nb ${N} { \\\n c $N \\\n}\n$N=1\n$A\n",
            b"@a $X=@^b\n$X virtual_server 192.0.2.1 25 {\n real_server 192.0.2.2 25 {\n TCP_CHECK {}\n }\n}\n",
        ),
        words_of("$A $N = \\ { } @a @^b ${A} ! #"),
        3,
    ),
    Parser(
        "files in files",
        _includes,
        (
            b"!include b.conf\na = b\n!include_try c/*.conf\n",
            b"D = c\n.include D/d.conf\n.include_if_exists b.conf\ninclude b.conf\n",
        ),
        words_of("!include .include include a.conf b.conf c/d.conf c/*.conf D = *"),
        3,
    ),
    Parser(
        "access rules of proxies",
        _proxy_access,
        (
            b"acl net src 10.0.0.0/8 fd00::/8\nacl SSL port 443\nacl p proxy_auth REQUIRED\n"
            b"http_access deny CONNECT !SSL\nhttp_access allow net p\nhttp_access deny all\n",
            b"Port 8888\nAllow 10.0.0.0/8\nDeny 10.1.0.0-10.1.9.9\nConnectPort 443\nBasicAuth u p\n",
        ),
        words_of(
            "acl src dst method port proxy_auth all ! http_access allow deny Allow ConnectPort include 25-443 x-y"
        ),
        3,
    ),
    Parser(
        "name servers",
        _name_servers,
        (
            b'server:\n  access-control: 0.0.0.0/0 allow # x\n  hide-version: yes\n  module-config: "iterator"\n',
            b"zone:\n  name: example.org\n  include-pattern: all\npattern:\n  name: all\n  provide-xfr: ::/0 NOKEY\n",
            b"acl:\n  - id: xfr\n    action: [transfer, notify]\nzone:\n  - domain: x\n    acl:\n      - y\n",
            b"allow-axfr-ips=0.0.0.0/0\nallow-from=::/0\ndnssec=off\nversion-string=full\n",
            b"incoming:\n  listen: [0.0.0.0]\n  allow_from: !override ['::/0', '!::1']\n  allow_from_file: x\n"
            b"dnssec: {validation: process}\nrecursor: {include_dir: /x, version_string: x}\n",
        ),
        words_of(
            'server: zone: acl: - id: [ ] " # transfer key: template: default domain: yes no 0.0.0.0/0 NOKEY allow'
        ),
        3,
    ),
    Parser(
        "forwards",
        _forwards,
        (
            b'postmaster: root, admin@example.org\n  "|/bin/x", :include:/etc/list\nroot: \\me, /dev/null # c\n',
            b"info@example.org  a@example.net b@example.net\n@example.org @example.net\n",
            b'if header :is "x" "y" { redirect :copy "a@example.net"; } # redirect "b@c"\n/* x */ text:\n.\n',
        ),
        words_of('redirect :copy @ " \\ : | / :include: text: . /* */ # ; keep'),
        3,
    ),
    Parser(
        "tables of Postfix",
        _tables,
        (
            b"hash:/etc/aliases, proxy:mysql:/etc/x.cf unionmap:{static:a@b.example, inline:{ {a = b, c}, d=e }}\n",
            b"randmap:{a@b.example} $virtual_maps /etc/aliases fail:x\n",
        ),
        words_of("hash: / { } , = inline:{ unionmap:{ static: proxy: debug: $x"),
        3,
    ),
    Parser(
        "routers of Exim",
        _redirects,
        (
            b"AWAY = a@b.example\n.include /x\nbegin routers\nmove:\n driver = redirect\n data = AWAY, "
            b"${lookup{$local_part}lsearch{/etc/aliases}}\n file = $home/.forward\nbegin transports\n",
            b'begin routers\na:\n.ifdef AWAY\n data = "${local_part}@$domain, ${if eq{a}{b}{c}{d}}" \\\n , x\n'
            b".endif\n driver = redirect\n",
        ),
        words_of(
            'begin routers driver = redirect data file ${ { } $domain $ " , : .ifdef .endif .include AWAY @ lsearch'
        ),
        3,
    ),
    Parser(
        "plans of addresses",
        _address_plans,
        (
            b"[Match]\nName=eth0\n[Network]\nAddress=2001:db8::1/64\nIPv6PrivacyExtensions=yes\n",
            b"iface e inet6 static\n address 2001:db8::1\n netmask 64\n up ip -6 route add default\n",
            b"network: {ethernets: {e: {addresses: [2001:db8::1/64], routes: [{to: default, via: 'fe80::1'}]}}}\n",
            b"interface e { AdvSendAdvert on; prefix 2001:db8::/64 { AdvAutonomous off; }; };\n",
            b'[{"ifname": "e", "addr_info": [{"family": "inet6", "local": "::1", "prefixlen": 128}]}]',
        ),
        words_of("{ } ; : [ ] , / = auto iface inet6 /129 gateway6 &a *a !!x privext dst dev default null"),
        4,
    ),
    Parser(
        "lists of filters",
        _filter_lists,
        (
            b"smtpd_client_restrictions = reject_rbl_client a.example=127.0.0.2, permit_dnswl_client b.example\n"
            b"postscreen_dnsbl_sites = a.example=127.0.0.[2..5]*3 b.example*-2\n",
            b" deny dnslists = <; a.example!=127.0.0.2,127.0.0.3 ; b.example,c.example/$x\n",
            b"header X eval:check_rbl_txt('x', 'a.example.')\n",
            b'rbls { x { rbl = "a.example"; } }\n',
        ),
        words_of("dnslists = <; : / ! & [ ] * - , reject_rbl_client postscreen_dnsbl_sites check_rbl( ' eval: rbl"),
        4,
    ),
    Parser(
        "white lists",
        _white_list,
        (
            b'# Exim\n192.0.2.7\n*.bank.example\n"2001:db8::1": yes\n198.51.100.0/28  # friends\n',
            b"192.0.2 OK\n.example.org permit\nuser@example.org OK\n203.0.113.0/24 REJECT no\n/^mx/ OK\n",
        ),
        words_of("# : @ * / ! OK REJECT 550 lsearch; 10. 300.1.1.1 ::/0 [ ] . -"),
        3,
    ),
    Parser(
        "packet filters",
        _packet_filter,
        (
            b"define l = { 10.0.0.0/8 }\ntable inet f { set s { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.3-9 } }"
            b"\nchain o { type filter hook output priority filter + 1; policy drop; ct state vmap { new : jump m };\n"
            b'meta skuid postfix tcp dport { 25, 465 } accept\nip saddr @s oifname != "w*" drop } chain m {}}\n',
            b'table x {\n include "b.nft"\nchain o { type filter hook output priority 0; }\n}\ninclude "*.nft";\n',
            b"*filter\n:OUTPUT ACCEPT [0:0]\n:m - [0:0]\n-A OUTPUT -p tcp -m multiport --dports 25,465 ! -o lo -g m\n"
            b"-A m -s 10.0.0.0/8 -m owner --uid-owner 104 -j ACCEPT\nCOMMIT\n",
        ),
        words_of(
            "{ } ; , table inet chain m jump goto accept drop return @s $l != vmap : -A -j -g ! --dport *nat lo 25-30"
        ),
        5,
    ),
    Parser(
        "settings",
        _settings,
        (
            b"mynetworks = 127.0.0.0/8\n  [::1]/128\nsmtp inet n - y - - smtpd\n -o smtpd_tls_protocols=>=TLSv1.2\n",
            b"protocol imap {\n ssl_min_protocol = TLSv1.2\n}\n",
            b"virtual_server 192.0.2.1 25 {\n real_server 10.0.0.1 25 {\n TCP_CHECK {\n }\n }\n} ! x\n",
            b"http { ssl_protocols TLSv1 'TLSv1.2'; server { listen 443 ssl; } }\n",
            b"<VirtualHost *:443>\nSSLProtocol all -TLSv1\n</VirtualHost>\n",
            b"frontend smtps\n  bind :465 ssl crt x ssl-min-ver TLSv1.2 no-tlsv10 # x\n",
            b"NETS = 10.0.0.0/8\nhostlist relay_from_hosts = <; NETS ; ::1\n"
            b"openssl_options = +no_sslv3 \\\n +no_tlsv1\n",
        ),
        words_of(
            "= { } ; < > </ global frontend all - + force-tlsv12 ' \\ -o hostlist domainlist begin acl hide $a ${a}"
            " $(a) !SSLv3 >=TLSv1.2 <=TLSv1.3 +no_tlsv1 ANY"
        ),
        5,
    ),
    Parser(
        "lists of hosts",
        _lists,
        (b"127.0.0.0/8, [::1]/128 !192.0.2.1 hash:/etc/relay $nets", b"<; 127.0.0.1 ; ::1 ; +named ; lsearch;/etc/x"),
        words_of("< ; : :: , ! 0.0.0.0/0 ::/0 [ ] / * @ @[] $ hash: cidr: +x 1.2.3.4/33"),
        5,
    ),
    Parser(
        "listening sockets",
        _sockets,
        (b"LISTEN 0 100 0.0.0.0:25 0.0.0.0:*\nLISTEN 0 1 [fe80::1%eth0]:993 [::]:*\n", b"LISTEN 0 1 *:22 *:*\n"),
        words_of("LISTEN 0 * : [ ] % :: 127.0.0.1"),
        1,
    ),
    Parser(
        "munin.conf and lists of histories",
        _munin,
        (b"[example.org;mx]\n[mx.example.org]\n", b"1764000000\n1764000000.5 7 example/mx-cpu-user-d.rrd\n"),
        words_of("[ ] ; . - 1764000000 .rrd"),
        1,
    ),
    Parser(
        "named.conf",
        _named_conf,
        (
            b'acl ours { 192.0.2.0/24; !any; };\noptions { allow-transfer { key k; ours; } port 53; version "no"; };\n',
            b'view v { recursion no; zone "example" { type primary; }; }; /* c */ // c\n# c\n',
        ),
        words_of('{ } ; " /* */ // # options view zone acl any none ! key recursion'),
        5,
    ),
)
