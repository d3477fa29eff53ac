"""Packet filters."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.packet_filters import EgressSeen
from mailproof.probes.packet_filters import NFT_LIST, egress
from mailproof.targets.files import Configuration, ConfigurationFile

from .case import Case, Table, advises, passes, skips, undecided


def read(program: str, *texts: str) -> EgressSeen:
    """What is read of the rules in files, the second of them of IPv6."""
    with tempfile.TemporaryDirectory() as directory:
        files = []
        for text, name in zip(texts, ("rules.v4", "rules.v6"), strict=False):
            file = Path(directory, name)
            file.write_text(text)
            files.append(ConfigurationFile(str(file), name))
        return asyncio.run(_read(Configuration(program, "gw.example.org", tuple(files))))


async def _read(configuration: Configuration) -> EgressSeen:
    return await egress(configuration, Network(NetSettings()))


def including(listed: str = "", **texts: str) -> EgressSeen:
    """What is read of files that include each other: ``main`` from ``main.nft``. ``listed`` is a listing of nft."""
    with tempfile.TemporaryDirectory() as directory:
        files = []
        for name, text in texts.items():
            file = Path(directory, f"{name}.nft")
            file.write_text(text)
            files.append(ConfigurationFile(str(file), file.name, NFT_LIST if name == listed else ""))
        return asyncio.run(_read(Configuration("nftables", "gw.example.org", tuple(files))))


OUTPUT = "table inet f {\nchain o { type filter hook output priority 0; policy accept;\n"
MAIN = f'include "/etc/nftables/words.nft" # ours\n{OUTPUT}'
WORDS = "define ours = { postfix, root }\n"
INCLUDED: tuple[Case, ...] = (
    passes(
        egress=including(
            main=f'{MAIN}include "rules.d/*-mail.nft"\n}}\n}}\n',
            words=WORDS,
            **{"20-mail": "tcp dport 25 drop", "10-mail": "meta skuid $ours tcp dport 25 accept\n"},
        )
    ),
    # A file that is included is none of its own, wherever the inventory names it.
    passes(egress=including(rules="tcp dport 25 drop", words=WORDS, main=f'{MAIN}  include "./rules.nft";\n}}\n}}\n')),
    advises(
        "let through",
        egress=including(
            main=f'{MAIN}include "r.nft"\ntcp dport 25 drop\n}}\n}}\n', words=WORDS, r="\ntcp dport 25 accept"
        ),
    ),
)

MORE = "table inet f {\nchain o {\n%s\n}\n}\n"
SET = "table inet f {\nset mail {\ntype inet_service\n%s\n}\n}\n"
AGAIN: tuple[Case, ...] = (
    # A table and a chain that come again are added to (nft 1.0.6): hook, priority and policy stay, rules follow.
    passes(egress=including(main=f"{OUTPUT}tcp dport 25 drop\n}}\n}}\n{MORE % 'tcp dport 26 accept'}")),
    passes(egress=including(a=f"{OUTPUT}tcp dport 25 drop\n}}\n}}\n", b=MORE % "accept")),
    passes(egress=including(a=f'{OUTPUT}}}\n}}\ninclude "/etc/b.nft"', b=MORE % "tcp dport 25 drop")),
    passes(egress=including(a=f"{OUTPUT.replace('accept', 'drop')}}}\n}}\n", b=MORE % "tcp dport 26 accept")),
    advises("let through", egress=including(a=f"{OUTPUT}accept\n}}\n}}\n", b=MORE % "tcp dport 25 drop")),
    # The last policy that is said holds.
    advises("let through", egress=including(a=f"{OUTPUT.replace('accept', 'drop')}}}\n}}\n", b=f"{OUTPUT}\n}}\n}}\n")),
    # Blanks around the sign are free.
    *(
        passes(egress=including(a=SET % said, b=f"{OUTPUT}tcp dport @mail drop\n}}\n}}\n"))
        for said in ("elements={ 25 }", "elements ={25,26}", "elements= { 25 }")
    ),
    *(
        passes(egress=including(a=f"define mail{said}\n{OUTPUT}tcp dport $mail drop\n}}\n}}\n"))
        for said in ("=25", "={ 25 }", " ={25}", "= 25")
    ),
    advises("let through", egress=including(a=SET % "elements={ 26 }", b=f"{OUTPUT}tcp dport @mail drop\n}}\n}}\n")),
    # What an earlier table has in its sets, its rules may ask for later.
    passes(
        egress=including(
            a=SET % "elements = { 25 }",
            b=f"{OUTPUT}tcp dport @mail drop\n}}\n}}\n",
        )
    ),
)

OTHER = OUTPUT.replace("inet f", "inet g")
BARRED = f"{OUTPUT}tcp dport 25 drop\n}}\n}}\n"
FORGOTTEN: tuple[Case, ...] = (
    # What is emptied or deleted counts no more; at the beginning that is nothing, as Debian's nftables.conf has it.
    *(
        advises("let through", egress=including(main=f"{BARRED}{command}\n{OTHER}\n}}\n}}\n"))
        for command in (
            *("flush ruleset", "flush ruleset inet", "flush table inet f", "flush chain inet f o"),
            *("delete table inet f", "destroy table inet f", "delete chain inet f o", "destroy chain inet f o"),
        )
    ),
    skips("there are no rules", egress=including(a=f"{BARRED}delete chain inet f o")),
    passes(egress=including(a=f"#!/usr/sbin/nft -f\n\nflush ruleset\n\n{BARRED}")),
    passes(egress=including(a=f"table inet f;\ndelete table inet f\n{BARRED}flush table ip f; flush ruleset ip6\n")),
    passes(egress=including(a=f"{BARRED}flush chain inet f x; delete map inet f m; delete set inet f s\n")),
    # What nft list ruleset said is all that there was.
    passes(egress=including("b", a=f"{OUTPUT}accept\n}}\n}}\n", b=BARRED)),
    # Hook and policy stay where the rules go.
    passes(egress=including(a=f"{OUTPUT.replace('accept', 'drop')}accept\n}}\n}}\n", b="flush table inet f")),
    passes(egress=including(a=f"{OUTPUT.replace('accept', 'drop')}accept\n}}\n}}\n", b="flush chain inet f o")),
)


def output(*rules: str, policy: str = "accept", family: str = "inet", rest: str = "") -> EgressSeen:
    begins = f"type filter hook output priority filter; policy {policy};"
    return read(
        "nftables", f"table {family} filter {{\n{rest}\nchain output {{ {begins}\n{chr(10).join(rules)}\n}}\n}}\n"
    )


def router(*rules: str, nat: str = 'oifname "wan0" masquerade', before: str = "", policy: str = "drop") -> EgressSeen:
    return read(
        "nftables",
        f"table inet filter {{\nset mail {{ type ipv4_addr\nelements = {{ 10.0.0.25, 10.0.0.26 }}\n}}\n"
        f"chain forward {{ type filter hook forward priority filter; policy {policy};\n"
        f"ct state established,related accept\nct status dnat accept\n{chr(10).join(rules)}\n}}\n}}\n"
        f"table ip nat {{\nchain pre {{ type nat hook prerouting priority dstnat; policy accept;\n{before}\n}}\n"
        f"chain post {{ type nat hook postrouting priority srcnat; policy accept;\n{nat}\n}}\n}}\n",
    )


def iptables(rules: str, nat: str = "", version6: str = "") -> EgressSeen:
    chains = ":INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:mail - [0:0]\n"
    translated = f"*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n{nat}\nCOMMIT\n"
    texts = [f"# by iptables-save\n{translated}*filter\n{chains}{rules}\nCOMMIT\n"]
    texts += [f"# by ip6tables-save\n*filter\n{chains}{version6}\nCOMMIT\n"] if version6 else []
    return read("iptables", *texts)


def _good(*found: EgressSeen) -> tuple[Case, ...]:
    return tuple(passes(egress=one) for one in found)


MAIL = 'ip saddr @mail oifname "wan0" tcp dport { 25, 465 } accept'
LAN = 'iifname "lan0" oifname "wan0" ip saddr 10.0.0.0/24'
OWNER = "-A OUTPUT -p tcp -m tcp --dport 25 -m owner"
REFUSED = "-A OUTPUT -p tcp -m tcp --dport 25 -j REJECT --reject-with icmp-port-unreachable"
BAD_FLAGS = (
    "-A OUTPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP\n"
    "-A OUTPUT -p tcp -m tcp --tcp-flags ALL NONE -j DROP\n-A OUTPUT -p tcp --tcp-flags SYN,FIN SYN,FIN -j DROP"
)
MASQUERADE = "-A POSTROUTING -o wan0 -j MASQUERADE"
ALL_OUT = "-A FORWARD -i lan0 -o wan0 -j ACCEPT"

FIREWALLD = """table inet firewalld { # progname firewalld
\tflags owner,persist

\tchain filter_OUTPUT {
\t\ttype filter hook output priority filter + 10; policy accept;
\t\toifname "lo" accept
\t\tmeta skuid != 104 tcp dport 25 reject with icmpx admin-prohibited
\t}
}
"""

TABLE: Table = {
    "EGRESS": (
        *INCLUDED,
        *AGAIN,
        *FORGOTTEN,
        *_good(
            output(
                "oif lo accept", "meta skuid 104 tcp dport smtp counter packets 1 bytes 2 accept", "tcp dport 25 drop"
            ),
            output('meta skuid != "postfix" tcp dport { smtp, 465-587 } log prefix "no: " reject with tcp reset'),
            output("tcp dport 53 accept", policy="drop"),
            read("nftables", FIREWALLD),
            router('oifname "eth0" tcp dport 25 drop', 'iifname "br-1" accept', nat='oifname != "br-1" masquerade'),
            output("jump mail", rest="chain mail { meta skuid postfix return; tcp dport 25 drop; }"),
            output("tcp dport vmap { 25 : jump mail, 80 : accept }", rest="chain mail { tcp dport 25 drop; }"),
            output("udp dport 25 accept", "ip protocol icmp accept", "meta l4proto tcp th dport 25 drop"),
            router(MAIL, f"{LAN} tcp dport 25 drop", f"{LAN} accept"),
            router(f"{LAN} tcp dport {{ 80, 443 }} accept"),
            router(f"{LAN} tcp dport 80 accept", before='iifname "lan0" tcp dport 80 redirect to :3128'),
            router('iifname "wan0" oifname "dmz0" tcp dport 25 accept'),
            iptables(f"{OWNER} --uid-owner 104 -j ACCEPT\n{REFUSED}"),
            iptables(f"{OWNER} --gid-owner postfix -j ACCEPT\n{REFUSED}"),
            iptables(f"{BAD_FLAGS}\n-A OUTPUT -j TOS --set-tos 0x10/0x3f\n{REFUSED}"),
            iptables(REFUSED, "-A POSTROUTING -o eth0 -p tcp -m tcp --dport 25 -j SNAT --to-source 192.0.2.25"),
            output("meta skgid postdrop tcp dport 25 accept", "tcp sport 1024-65535 tcp dport 25 drop"),
            output('counter packets 1 bytes 60 tcp dport 25 xt target "REJECT"'),
            output('tcp dport . oifname { 25 . "lo", 80 . "eth0" } accept', "tcp dport 25 drop"),
            output(
                "meta mark set 0x7 ct mark set meta mark", "ct helper set tcp dport map { 21 : a }", "tcp dport 25 drop"
            ),
            output("tcp dport vmap { $MAIL : continue, 80 : accept }", "tcp dport 25 drop"),
            output('log prefix "new: " level info flags tcp options tcp dport 25 drop'),
            router('iifname . oifname { "lan0" . "wan0" } tcp dport { 80, 443 } accept'),
            iptables("-A OUTPUT -p tcp -m multiport --dports 25,465 -m owner ! --uid-owner 104 -j DROP"),
            iptables("-A OUTPUT -j mail\n-A mail -p tcp --dport 25 -j DROP"),
            iptables(f"-A FORWARD -p tcp --dport 25 -j DROP\n{ALL_OUT}", MASQUERADE),
        ),
        advises("a program of another user, to another0: it is let through", egress=output("tcp dport 26 drop")),
        advises("it is let through", egress=output("ip daddr 192.0.2.0/24 tcp dport 25 drop")),
        advises("it is let through", egress=output("accept", family="ip6")),
        advises(
            "it is let through", egress=output("tcp flags & (fin|syn|rst|ack) != syn drop", "tcp flags syn accept")
        ),
        advises("it is let through", egress=output("tcp flags syn / fin,syn,rst,ack ct state new accept", "drop")),
        advises("it is let through", egress=iptables(BAD_FLAGS)),
        advises(
            "a program of another user",
            egress=iptables(
                "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A OUTPUT -o lo -j ACCEPT"
            ),
        ),
        advises(
            "(lan0), to wan0",
            egress=router('iifname . oifname vmap { "lan0" . "wan0" : accept, "lan0" . "dmz0" : drop }'),
        ),
        advises(
            "(lan0), to wan0: it is let through",
            egress=router(LAN + " accept", 'iifname . oifname { "lan0" . "wan0" } accept'),
        ),
        advises(
            "what clients behind the host send is not filtered",
            egress=read("nftables", "table ip n { chain p { type nat hook postrouting priority 100; masquerade; }; }"),
        ),
        advises(
            "is not filtered: all may connect",
            egress=read("nftables", "table inet f { chain i { type filter hook input priority 0; } }"),
        ),
        advises("10.0.0.254 (lan0), to wan0: it is let through", egress=router(MAIL, f"{LAN} accept")),
        advises("10.251.7.7 (another0), to wan0", egress=router(policy="accept")),
        advises(
            "it goes around the web filter",
            egress=router(
                f"{LAN} tcp dport 80 accept",
                'iifname "guest0" oifname "wan0" tcp dport 80 accept',
                before='iifname "lan0" tcp dport 80 dnat to 10.0.0.80:3128',
            ),
        ),
        advises("a program of another user", egress=iptables("-A OUTPUT -p tcp --dport 26 -j DROP")),
        advises("(lan0), to wan0", egress=iptables(ALL_OUT, MASQUERADE)),
        advises(
            "172.17.255.254 (docker0), to another0",
            egress=iptables(
                "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT",
                "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
            ),
        ),
        advises("another0 over IPv6", egress=iptables(REFUSED, version6="-A OUTPUT -p tcp --dport 465 -j DROP")),
        undecided("what this rule does", egress=output("meta mark 7 accept", policy="drop")),
        undecided("what this rule does", egress=output("counter meta mark 7 accept", policy="drop")),
        undecided("what this rule does", egress=output('tcp dport 25 xt target "NFLOGGER"')),
        undecided(
            "what this rule does",
            egress=output("ip daddr @bad drop", family="ip", rest="set bad { type ipv4_addr; flags dynamic; }"),
        ),
        undecided(
            "what this rule does", egress=iptables("-A OUTPUT -m cgroup --path mail -j ACCEPT\n-A OUTPUT -j DROP")
        ),
        undecided("set the parameter outside", egress=router(f"{LAN} accept", nat="")),
        skips("there are no rules", egress=read("nftables", "\n")),
        skips(
            "there are no rules",
            egress=read("nftables", "table arp f { chain o { type filter hook output priority 0; policy accept; }; }"),
        ),
        skips("postfix is no packet filter", egress=EgressSeen("postfix", ())),
    ),
}
