"""Configuration files of balancers."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from mailproof.gate.verdict import Verdict
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.balancers import BalancerSettings
from mailproof.probes.balancers import balancer_settings
from mailproof.targets.files import Configuration, ConfigurationFile

from .case import Case, Table, advises, passes, skips, undecided


def read(program: str, *lines: str) -> BalancerSettings:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "balancer.conf")
        file.write_text("\n".join(lines))
        found = Configuration(program, "lb.example.org", (ConfigurationFile(str(file), file.name),))
        return asyncio.run(_read(found))


async def _read(configuration: Configuration) -> BalancerSettings:
    return await balancer_settings(configuration, Network(NetSettings()))


def haproxy(first: str, second: str, *, before: str = "", defaults: str = "timeout connect 5s") -> BalancerSettings:
    return read(
        *("haproxy", "defaults", f" {defaults}", "backend mail", f" {before or 'balance roundrobin'}"),
        *(f" server mx1 192.0.2.1:25 {first}", f" server mx2 192.0.2.2:25 {second}", "frontend x", " bind :25"),
    )


def keepalived(first: str, second: str, before: tuple[str, ...] = ()) -> BalancerSettings:
    return read(
        *("keepalived", *before, "vrrp_instance v {", "  authentication {", "    auth_pass secret", "  }", "}"),
        *(
            "virtual_server 192.0.2.25 25 {",
            "  protocol TCP ! SMTP",
            "  real_server 192.0.2.1 25 {",
            f"    {first}",
            "  }",
        ),
        *("  real_server 192.0.2.2 25 {", "    weight 1", f"    {second}", "  }", "}"),
    )


CHECKING = ("defaults", " default-server check")
TWO = ("backend two", " server a 192.0.2.1:1", " server c 192.0.2.2:1")
CHECKED = ("backend one", " server a 192.0.2.1:1 check", " server c 192.0.2.2:1 check")
NO_FILE = "include nope.conf"
CHECK = "SMTP_CHECK { connect_timeout 3\n }"

TABLE: Table = {
    "CFG-HEALTH": (
        *(
            passes(balancer_settings=found)
            for found in (
                haproxy("check", "weight 1 check inter 2s"),
                haproxy("", "", before="default-server check"),
                haproxy("", "", defaults="default-server inter 2s check"),
                haproxy("check", "track mail/mx1"),
                keepalived(CHECK, "BFD_CHECK {\n    }"),
                keepalived(CHECK, "TCP_CHECK {\n    }"),
                keepalived("$CHECK", "$CHECK", before=("$CHECK= \\", "TCP_CHECK { \\", "  connect_timeout 3 \\", "}")),
                keepalived(CHECK, f"@lb {CHECK}"),
                keepalived(CHECK, "TCP_CHECK\n  # below\n\n  {\n  connect_timeout 3\n  }"),
            )
        ),
        advises("real_server 192.0.2.2 25 is not checked", balancer_settings=keepalived(CHECK, "@^lb BFD_CHECK {}")),
        advises("backend mail: mx2 is not checked", balancer_settings=haproxy("check", "weight 1")),
        advises(
            "real_server 192.0.2.2 25 is not checked",
            balancer_settings=read(
                *("keepalived", "virtual_server 192.0.2.25 25", "{", "real_server 192.0.2.1 25", "{", CHECK, "}"),
                *("real_server 192.0.2.2 25", "{", "weight 1", "}", "}"),
            ),
        ),
        *(
            passes(balancer_settings=read("haproxy", *lines))
            for lines in (
                (*CHECKING, *TWO),
                ("defaults x", " default-server check", "defaults y", "backend b from x", *TWO[1:]),
                ("backend b", ' server a 192.0.2.1:1 "check"', " server c 192.0.2.2:1 check#x"),
                (*CHECKED, " server off 192.0.2.3:1 disabled"),
                (*CHECKED, ".if 0", *TWO, ".endif"),
                (*CHECKED, ".if 1", ".else", *TWO, ".endif"),
                (*CHECKED, ".if 1", ".elif 1", *TWO, ".else", *TWO, ".endif"),
                (*CHECKED, ".if 0", ".elif 1", " option x", ".else", *TWO, ".endif"),
                (*CHECKED, "backend off", *TWO[1:], " disabled"),
                (*CHECKED, "peers p", *TWO[1:], "ring r", *TWO[1:]),
                (*CHECKED, ".if defined(X)", " server new 192.0.2.3:1 check", ".endif"),
            )
        ),
        *(
            advises("is not checked", balancer_settings=read("haproxy", *lines))
            for lines in (
                (*CHECKING, "defaults", " timeout connect 5s", *TWO),
                ("defaults x", "defaults y", " default-server check", "backend b from x", *TWO[1:]),
                ("backend b", " server a 192.0.2.1:1 check", " server c 192.0.2.2:1 cookie check"),
                ("backend b", " server a 192.0.2.1:1 check", " server c 192.0.2.2:1 # check"),
                (*CHECKED, f"  {TWO[0]}", *TWO[1:]),
                (*CHECKED, ".if 1", *TWO, ".endif"),
                (*CHECKED, ".if 0", ".else", *TWO, ".endif"),
                (*CHECKED, ".if defined(X)", " option x", ".endif", *TWO),
            )
        ),
        *(
            undecided("hangs on a condition", balancer_settings=read("haproxy", *lines))
            for lines in (
                (*CHECKED, ".if defined(X)", " server new 192.0.2.3:1", ".endif"),
                ("defaults", ".if defined(X)", " default-server check", ".endif", *TWO),
                (*CHECKED, ".if defined(X)", ".if 1", *TWO, ".endif", ".endif"),
            )
        ),
        *(
            skips("no group of several", balancer_settings=read("haproxy", *lines))
            for lines in (("peers p", *TWO[1:]), ("backend b", *TWO[2:], " server off 192.0.2.3:1 weight 1 disabled"))
        ),
        advises("mx1 is not checked", balancer_settings=haproxy("no-check", "", before="default-server check")),
        advises(
            "virtual_server 192.0.2.25 25: real_server 192.0.2.2 25 is not checked",
            balancer_settings=keepalived(CHECK, "! TCP_CHECK {"),
        ),
        # What is not read may hold servers, checks and groups; what is known to be wrong is a finding all the same.
        *(
            undecided("nope.conf is included and not read", balancer_settings=found)
            for found in (
                keepalived(CHECK, f"{CHECK}\n  }}\n  {NO_FILE}\n  quorum {{"),
                keepalived(CHECK, NO_FILE),
                keepalived(CHECK, CHECK, before=(NO_FILE,)),
                read("keepalived", NO_FILE),
                read("keepalived", "virtual_server 192.0.2.25 25 {", NO_FILE, "}"),
            )
        ),
        undecided("hangs on a condition or a definition", balancer_settings=keepalived(CHECK, "$CHECK")),
        passes(balancer_settings=keepalived(CHECK, CHECK, before=("global_defs {", NO_FILE, "}"))),
        advises("192.0.2.2 25 is not checked", balancer_settings=keepalived(CHECK, "", before=(NO_FILE,))),
        Case(
            Verdict.INCONCLUSIVE,
            "nope.conf is included and not read",
            {
                "balancer_settings": read(
                    "keepalived", "virtual_server 192.0.2.25 25 {", NO_FILE, "  real_server 192.0.2.1 25 {", "}", "}"
                )
            },
            parameters={"least_servers": 2},
        ),
        Case(Verdict.PASS, "", {"balancer_settings": haproxy("check", "check")}, parameters={"least_servers": 2}),
        Case(
            Verdict.ADVICE,
            "backend b: 1 servers, fewer than 2",
            {"balancer_settings": read("haproxy", "backend b", " server one 192.0.2.1:25 check")},
            parameters={"least_servers": 2},
        ),
        skips("no group of several", balancer_settings=read("haproxy", "backend b", " server one 192.0.2.1:25")),
        skips("no group of several", balancer_settings=BalancerSettings("postfix", ())),
    ),
}
