"""Files of a host's network."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.address_plans import AddressPlan
from mailproof.probes.address_plans import address_plan
from mailproof.targets.base import Targets
from mailproof.targets.files import Configuration, ConfigurationFile

from .case import Table, advises, fails, passes, skips


def read(program: str, *texts: str) -> AddressPlan:
    return read_files(program, {f"{number}.conf": text for number, text in enumerate(texts)})


def read_files(program: str, texts: dict[str, str]) -> AddressPlan:
    with tempfile.TemporaryDirectory() as directory:
        files = [Path(directory, name) for name in texts]
        for file, text in zip(files, texts.values(), strict=True):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        found = Configuration(
            program, "mx.example.org", tuple(ConfigurationFile(str(file), file.name) for file in files)
        )
        return asyncio.run(_read(found))


async def _read(configuration: Configuration, *others: Configuration) -> AddressPlan:
    return await address_plan(configuration, Network(NetSettings()), Targets.collect([configuration, *others]))


def beside(program: str, text: str, other: str, its: str) -> AddressPlan:
    """What a program says on a host of which another one's file says the same, or something else."""
    with tempfile.TemporaryDirectory() as directory:
        found = []
        for name, said in ((program, text), (other, its)):
            Path(directory, name).write_text(said)
            found.append(Configuration(name, "mx.example.org", (ConfigurationFile(f"{directory}/{name}", name),)))
        return asyncio.run(_read(*found))


def networkd(*lines: str, network: str = "") -> str:
    return "\n".join(("[Match]", "Name=eth0", "[Network]", network, *lines, ""))


def keyfile(*ipv6: str, more: str = "") -> AddressPlan:
    """A keyfile of NetworkManager."""
    lines = ("[connection]", "id=wan", "type=ethernet", "interface-name=eth0", more, "[ipv4]", "method=disabled")
    return read("networkmanager", "\n".join((*lines, "[ipv6]", *ipv6, "")))


STATIC = ("Address=2a01:25:0:1::25/64", "Gateway=2a01:25:0:1::1")
RIGHT_NETWORKD = read(
    "networkd", networkd(*STATIC, "Address=192.0.2.25/24"), networkd("Address=fd25::1/64").replace("eth0", "eth1")
)
ROUTED = read(
    "networkd", networkd("[Address]", STATIC[0], "[Route]", "Destination=::/0", STATIC[1], network="IPv6AcceptRA=no")
)
NO_WAY_OUT = read("networkd", networkd(STATIC[0], "Gateway=192.0.2.1", network="IPv6AcceptRA=no"))

DOCUMENTED = json.dumps(
    [{"ifname": "eth0", "addr_info": [{"family": "inet6", "local": "2001:db8::25", "prefixlen": 64}]}]
)
UNROUTED = json.dumps(
    [
        {"ifname": "eth0", "addr_info": [{"family": "inet6", "local": "2a01:25:0:1::25", "prefixlen": 64}]},
        {"dst": "2a01:25:0:1::/64", "dev": "eth0"},
    ]
)
NETPLAN_DOCUMENTED = 'network: {ethernets: {eth0: {addresses: ["2001:db8::25/64"]}}}\n'
RIGHT_IFUPDOWN = """# the network
auto lo eth0
iface lo inet loopback
iface lo inet6 static
    address 2a01:25:0:1::80/128
iface eth0 inet static
    address 192.0.2.25/24
iface eth0 inet6 static
    address 2a01:25:0:1::25
    netmask 64
    accept_ra 0
    up ip -6 route add default via fe80::1 dev eth0
iface he-ipv6 inet6 v4tunnel
    endpoint 192.0.2.66
    address 2a01:25:0:2::2/64
allow-hotplug eth1
iface eth1 inet6 auto
"""
ALONE = RIGHT_IFUPDOWN.split("iface he")[0]
RIGHT_NETPLAN = """network:
  version: 2
  ethernets:
    eth0:
      accept-ra: false
      addresses:
        - 192.0.2.25/24
        - "2a01:25:0:1::25/64"
        - 2a01:25:0:1::26/64: {lifetime: 0}
      routes: [{to: default, via: 192.0.2.1}, {to: default, via: "2a01:25:0:1::1"}]
  vlans:
    lan: {id: 5, link: eth0, addresses: ["fd25:1:2:3::1/64"]}
"""
RIGHT_RADVD = """interface eth0 {
    AdvSendAdvert on;
    prefix 2a01:25:0:1::/64 { };
    prefix 2a01:25:8::/48 { AdvOnLink off; AdvAutonomous off; };
};
interface eth1 { AdvSendAdvert on; prefix fd25::/64 { AdvAutonomous on; }; };
# not sent: AdvSendAdvert is off by default
interface eth2 { prefix 2001:db8::/48 { }; };
"""


def said(*addresses: tuple[str, str, int], temporary: bool = False, route: str = "default") -> AddressPlan:
    """What ``ip`` says of (link, address, length of the prefix)."""
    links = [
        {
            "ifname": name,
            "addr_info": [
                {"family": "inet6", "local": ip, "prefixlen": length, "temporary": temporary and name != "lo"}
            ],
        }
        for name, ip, length in (("lo", "::1", 128), *addresses)
    ]
    routes = [{"dst": "2a01:25:0:1::/64", "dev": "eth0"}, {"dst": route, "dev": "eth0", "gateway": "fe80::1"}]
    return read("ip", json.dumps([*links, {}]), json.dumps([*routes, {"dst": "fe80::/64", "dev": "eth0"}]))


ETH0 = ("eth0", "2a01:25:0:1::25", 64)
ETH0_SAID = json.dumps(
    [{"ifname": "eth0", "addr_info": [{"family": "inet6", "local": "2a01:25:0:1::25", "prefixlen": 64}]}]
)
SHARED = {"dst": "default", "nexthops": [{"dev": "eth0", "gateway": "fe80::1"}, {"dev": "eth1", "gateway": "fe80::2"}]}
DEPRECATED = {"family": "inet6", "local": "2a01:25:0:1::9", "prefixlen": 64, "temporary": True}


def silent(*lines: str) -> AddressPlan:
    """A link of networkd that has a public address and hears no routers."""
    return read("networkd", networkd(STATIC[0], *lines, network="IPv6AcceptRA=no"))


def unnamed(mac: str) -> str:
    return networkd(*STATIC).replace("Name=eth0", f"MACAddress={mac}")


def tunnel(route: str) -> AddressPlan:
    """A tunnel of netplan, the only link with a public address."""
    return read(
        "netplan",
        f"network: {{tunnels: {{he: {{accept-ra: false, addresses: ['2a01:25:0:2::2/64'], routes: [{route}]}}}}}}",
    )


def private(of: str) -> str:
    """A file of netplan that says of one link whether temporary addresses are preferred."""
    return f"network: {{ethernets: {{eth0: {{addresses: ['2a01:25:0:1::25/64'], ipv6-privacy: {of}}}}}}}"


TEMPORARY = "[Network]\nIPv6PrivacyExtensions=yes"
LASTING = "[Network]\nIPv6PrivacyExtensions=no"
"""Drop-ins of networkd."""
HEARS = "network: {ethernets: {eth0: {accept-ra: true}}}"
DEAF = RIGHT_NETPLAN.replace('via: "2a01:25:0:1::1"', "")
DUAL = ALONE.replace("    up ip -6 route add default via fe80::1 dev eth0\n", "")
MANY = "".join(
    f"iface eth{link} inet6 static\n"
    + "".join(f"address 2a01:25:{link:x}:{number:x}::1/64\n" for number in range(100))
    + "gateway fe80::1\n"
    for link in range(40)
)

NETWORKS = "etc/systemd/network", "run/systemd/network"
LOCAL = "local/lib"
STEADY = networkd(*STATIC)
PREFERRING = networkd(*STATIC, network="IPv6PrivacyExtensions=yes")
CALM = private("false")

TABLE: Table = {
    "IPV6-PLAN": (
        *(
            passes(address_plan=found)
            for found in (
                RIGHT_NETWORKD,
                ROUTED,
                read("ifupdown", RIGHT_IFUPDOWN),
                read("netplan", RIGHT_NETPLAN),
                read("radvd", RIGHT_RADVD),
                said(ETH0, ("eth0", "fe80::25", 64), ("wg0", "2a01:25:0:9::1", 127)),
                read("networkd", networkd(STATIC[0])),
                keyfile("method=manual", "address1=2a01:25:0:1::25/64,2a01:25:0:1::1", "dns=2a01:25:0:1::53;"),
                keyfile("method=manual", "addresses1=2a01:25:0:1::25/64;", "gateway=fe80::1"),
                keyfile("method=manual", "address1=2a01:25:0:1::25/64", "route1=::/0,fe80::1,100"),
                keyfile("method=auto", "address1=2a01:25:0:1::25/64"),
                # ``::/64`` is no address: the program takes what is free, or what the interface has.
                read("networkd", networkd(*STATIC, "Address=::/64"), networkd("Address=::/64").replace("eth0", "eth1")),
                read("radvd", f"{RIGHT_RADVD}interface a {{ AdvSendAdvert on; prefix ::/64 {{ AdvOnLink on; }}; }};"),
                read(
                    "radvd",
                    f"{RIGHT_RADVD}interface a {{ AdvSendAdvert on;"
                    " prefix 0:0:0:1::/64 { Base6to4Interface ppp0; AdvAutonomous off; }; };",
                ),
                read("ifupdown", f"{RIGHT_IFUPDOWN}iface eth0:1 inet6 static\n    address 2a01:25:0:1::26/64\n"),
                read_files(
                    "networkd",
                    {
                        "eth0.network": networkd(*STATIC),
                        "eth0.network.d/a.conf": "[Network]\nAddress=2a01:25:0:1::9/64",
                    },
                ),
                read("networkd", networkd(*STATIC), "[Network]\nAddress=2a01:25:0:1::9/64\n"),
                read("ip", ETH0_SAID, json.dumps([SHARED])),
                read("ip", ETH0_SAID, json.dumps([{"dst": "2000::/3", "dev": "eth0"}])),
                silent("[Route]", "Destination=::/0"),
                silent("[Route]", "Destination=2000::/3", "Gateway=fe80::1"),
                silent("DefaultRouteOnDevice=yes"),
                silent("[Route]", "Gateway=fe80::1", "[Route]", "Destination=2a01:25:9::/48", "Gateway=fe80::1"),
                tunnel("{to: default}"),
                tunnel("{to: '2000::/3', via: 'fe80::1', table: 254}"),
                read("netplan", DEAF, HEARS),
                read("ifupdown", DUAL.replace("192.0.2.25/24", "192.0.2.25/24\n    up ip -6 route add default dev he")),
                read("ifupdown", f"{DUAL}    up /sbin/ip -6 route add 2000::/3 dev he\n"),
                read("ifupdown", MANY),
                read("ifupdown", f"{RIGHT_IFUPDOWN}    up {'route ' * 20_000}\n"),
                read("networkd", networkd(*STATIC, "[IPv6Prefix]", "Prefix=fd25::/60", "AddressAutoconfiguration=no")),
            )
        ),
        fails(
            "eth0: fd25::/60 is announced for hosts to make up addresses",
            address_plan=read("networkd", networkd(*STATIC, "[IPv6Prefix]", "Prefix=fd25::/60")),
        ),
        *(
            fails("no link has a route to ::/0", address_plan=found)
            for found in (
                silent("[Route]", "Destination=2a01:4f8:99::/48", "Gateway=fe80::1"),
                silent("[Route]", "Destination=::/0", "Gateway=fe80::1", "Table=100"),
                silent("[Route]", "Destination=::/0", "Type=unreachable"),
                tunnel("{to: default, via: 'fe80::1', table: 100}"),
                tunnel("{to: default, via: 192.0.2.1}"),
                read("netplan", HEARS, DEAF),
                read("ifupdown", f"{DUAL}    up ip -6 route add unreachable default\n"),
                read("ifupdown", f"{DUAL}    up ip -6 route add default dev he table 100\n"),
                read("ifupdown", DUAL.replace("192.0.2.25/24", "192.0.2.25/24\n    up ip route add default dev he")),
                read("ip", ETH0_SAID, "[]"),
                read("ip", ETH0_SAID, json.dumps([{"dst": "fe80::/64", "dev": "lo"}])),
            )
        ),
        fails(
            "2a01:25:0:1::/64 of 1.conf and 2a01:25:0:1::/64 of 0.conf are not apart",
            address_plan=read("networkd", unnamed("02:00:00:00:00:01"), unnamed("02:00:00:00:00:02")),
        ),
        fails(
            "2a01:25:0:1::/64 of eth9 and 2a01:25:0:1::/64 of eth0 are not apart",
            address_plan=read("ifupdown", f"{ALONE}iface eth9\n    address 2a01:25:0:1::9/64\n"),
        ),
        fails(
            "eth0: fec0:0:0:1::/64 is no prefix that anybody routes", address_plan=said(("eth0", "fec0:0:0:1::1", 64))
        ),
        fails("2001:db8::/64 is no prefix", address_plan=read("networkd", networkd("Address=2001:db8::25/64"))),
        fails(
            "2a01:25:0:1::/64 of he-ipv6 and 2a01:25:0:1::/64 of eth0 are not apart",
            address_plan=read("ifupdown", RIGHT_IFUPDOWN.replace("25:0:2::2", "25:0:1::2")),
        ),
        fails(
            "2a01:25:0:1::/64 of eth1 and 2a01:25::/48 of eth0 are not apart",
            address_plan=said(("eth0", "2a01:25::1", 48), ("eth1", "2a01:25:0:1::1", 64)),
        ),
        fails(
            "eth0: 2a01:25:8::/48 is announced for hosts to make up addresses",
            address_plan=read("radvd", RIGHT_RADVD.replace("AdvOnLink off; AdvAutonomous off;", "AdvOnLink on;")),
        ),
        fails("eth0 has 2a01:25:0:1::25/64, and no link has a route to ::/0", address_plan=NO_WAY_OUT),
        fails("no link has a route", address_plan=said(ETH0, route="2a01:25:0:2::/64")),
        *(
            fails("no link has a route", address_plan=found)
            for found in (
                keyfile("method=manual", "address1=2a01:25:0:1::25/64", "route1=2a01:25::/32,fe80::1"),
                keyfile("method=manual", "address1=2a01:25:0:1::25/64,fe80::1", "never-default=true"),
            )
        ),
        fails("2001:db8::/64 is no prefix", address_plan=keyfile("method=manual", "address1=2001:db8::25/64,fe80::1")),
        *(
            skips("", address_plan=found)
            for found in (
                keyfile("method=ignore", "address1=2001:db8::25/64"),
                keyfile("method=manual", "address1=2001:db8::25/64", more="autoconnect=false"),
            )
        ),
        fails("no link has a route", address_plan=read("ifupdown", ALONE.replace("route add default", "rule show"))),
        fails("no link has a route", address_plan=read("netplan", RIGHT_NETPLAN.replace('via: "2a01:25:0:1::1"', ""))),
        # What a file sets is judged where it stands in the file; what a host has of others, here.
        passes(address_plan=beside("ip", DOCUMENTED, "networkd", networkd("Address=2001:db8::25/64", STATIC[1]))),
        passes(address_plan=beside("networkd", networkd("Address=2001:db8::25/64"), "netplan", NETPLAN_DOCUMENTED)),
        fails("2001:db8::/64 is no prefix", address_plan=beside("ip", DOCUMENTED, "networkd", networkd(*STATIC))),
        fails("no link has a route", address_plan=beside("ip", UNROUTED, "networkd", networkd(STATIC[0]))),
        passes(address_plan=beside("ip", UNROUTED, "networkd", networkd(STATIC[0], network="IPv6AcceptRA=no"))),
        advises("eth0: 2a01:25::/48 is not the /64 of a link", address_plan=said(("eth0", "2a01:25::25", 48))),
        skips("networkd sets no IPv6 addresses", address_plan=read("networkd", networkd("Address=192.0.2.25/24"))),
        skips("netplan sets no IPv6 addresses", address_plan=read("netplan", "# emptied by the administrator\n")),
        skips("postfix sets no IPv6 addresses", address_plan=AddressPlan("postfix", ())),
    ),
    "IPV6-SOURCE": (
        *(
            passes(address_plan=found)
            for found in (
                RIGHT_NETWORKD,
                read("networkd", networkd(*STATIC, "[X]", network="IPv6PrivacyExtensions=prefer-public")),
                read("ifupdown", f"{RIGHT_IFUPDOWN}    privext 1\n"),
                read("netplan", RIGHT_NETPLAN.replace("accept-ra", "ipv6-privacy: false\n      accept-ra")),
                said(ETH0),
                read("ip", json.dumps([{"ifname": "eth0", "addr_info": [{**DEPRECATED, "preferred_life_time": 0}]}])),
                silent("IPv6PrivacyExtensions=yes"),
                read("netplan", private("true"), private("false")),
                # Their names are what counts, not where the inventory names them, nor their directories.
                read_files("netplan", {"etc/90-mail.yaml": private("false"), "run/50-init.yaml": private("true")}),
                read_files("netplan", {"etc/netplan/a.yaml": private("true"), "run/netplan/a.yaml": CALM}),
                read_files("netplan", {"lib/netplan/a.yaml": private("true"), "etc/netplan/a.yaml": CALM}),
                read_files(
                    "netplan", {"lib/netplan/a.yaml": private("true"), "etc/netplan/a.yaml": "", "b.yaml": CALM}
                ),
                read_files(
                    "networkd",
                    {f"usr/{at}/systemd/network/a.network": one for at, one in ((LOCAL, STEADY), ("lib", PREFERRING))},
                ),
                read_files(
                    "networkd", {f"{NETWORKS[0]}/eth0.network": STEADY, f"{NETWORKS[1]}/eth0.network": PREFERRING}
                ),
                read_files(
                    "networkd",
                    {
                        f"{NETWORKS[0]}/eth0.network": STEADY,
                        f"{NETWORKS[0]}/eth0.network.d/a.conf": LASTING,
                        f"{NETWORKS[1]}/eth0.network.d/a.conf": TEMPORARY,
                    },
                ),
                read_files(
                    "networkd",
                    {
                        "eth0.network.d/b.conf": LASTING,
                        "eth0.network.d/a.conf": TEMPORARY,
                        "eth0.network": networkd(*STATIC, network="IPv6PrivacyExtensions=yes"),
                    },
                ),
                read("ifupdown", f"{RIGHT_IFUPDOWN}    privext 2\n    privext 0\n"),
            )
        ),
        fails(
            "eth0 has the temporary address",
            address_plan=read(
                "ip", json.dumps([{"ifname": "eth0", "addr_info": [{**DEPRECATED, "preferred_life_time": 99}]}])
            ),
        ),
        fails(
            "eth0 prefers temporary addresses",
            address_plan=read("networkd", networkd(*STATIC, "[X]", network="IPv6PrivacyExtensions=yes")),
        ),
        fails("eth1 prefers temporary addresses", address_plan=read("ifupdown", f"{RIGHT_IFUPDOWN}    privext 2\n")),
        fails(
            "eth0 prefers temporary addresses",
            address_plan=read("netplan", RIGHT_NETPLAN.replace("accept-ra: false", "ipv6-privacy: true")),
        ),
        fails("eth0 prefers temporary addresses", address_plan=read("netplan", private("false"), private("true"))),
        # A later file that says nothing of it leaves it as it is.
        fails("eth0 prefers temporary addresses", address_plan=read("netplan", private("true"), HEARS)),
        # A file shadows others of its name: netplan's in /run, networkd's in /etc.
        fails(
            "eth0 prefers temporary addresses",
            address_plan=read_files("netplan", {"run/netplan/a.yaml": private("true"), "etc/netplan/a.yaml": CALM}),
        ),
        fails(
            "eth0 prefers temporary addresses",
            address_plan=read_files(
                "networkd", {f"{NETWORKS[0]}/eth0.network": PREFERRING, f"{NETWORKS[1]}/eth0.network": STEADY}
            ),
        ),
        fails(
            "eth0 prefers temporary addresses",
            address_plan=read_files("netplan", {"90.yaml": private("true"), "50.yaml": private("false")}),
        ),
        fails(
            "eth0 prefers temporary addresses",
            address_plan=read_files(
                "networkd", {"eth0.network.d/b.conf": TEMPORARY, "eth0.network": networkd(*STATIC)}
            ),
        ),
        fails("eth0 has the temporary address 2a01:25:0:1::25/64", address_plan=said(ETH0, temporary=True)),
        skips("radvd sets no IPv6 addresses", address_plan=read("radvd", RIGHT_RADVD)),
    ),
}
