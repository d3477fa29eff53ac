"""Configuration files of BIND."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.named import NamedSettings
from mailproof.probes.configuration import NAMED_CHECKCONF
from mailproof.probes.named import named_settings
from mailproof.targets.files import Configuration, ConfigurationFile

from .case import Table, advises, fails, passes, skips, undecided

QUIET = "version none; "
ZONE = 'zone "example.org" { type primary; };'


def conf(options: str, rest: str = "", release: str = "") -> NamedSettings:
    """What is read of a named.conf, and of what ``named -v`` said."""
    with tempfile.TemporaryDirectory() as directory:
        file, version = Path(directory, "named.conf"), Path(directory, "version")
        file.write_text(f"options {{ {options} }};\n{rest}\n")
        version.write_text(f"BIND {release} (Stable)\n")
        files = [ConfigurationFile(str(file), "named.conf", NAMED_CHECKCONF)]
        files += [ConfigurationFile(str(version), "version", "named -v")] if release else []
        net = Network(NetSettings())
        return asyncio.run(_read(Configuration("bind", "ns.example.org", tuple(files)), net))


async def _read(configuration: Configuration, net: Network) -> NamedSettings:
    return await named_settings(configuration, net)


TABLE: Table = {
    "CFG-NAMED": (
        *(
            passes(named_settings=found)
            for found in (
                conf(QUIET),
                conf(
                    f"{QUIET} recursion no; rate-limit {{ responses-per-second 10; }}; allow-transfer {{ none; }};",
                    ZONE,
                ),
                conf(f"{QUIET} allow-recursion {{ ours; }};", "acl ours { 192.0.2.0/24; localhost; };"),
                conf(f"{QUIET} allow-query {{ any; }}; allow-recursion {{ localnets; }};", ZONE),
                conf(f"{QUIET} allow-query {{ any; }}; allow-query-cache {{ localnets; }};", ZONE),
                conf(f"{QUIET} allow-recursion {{ !any; any; }};"),
                conf(f"{QUIET} allow-transfer {{ key k; !{{ !192.0.2.1; any; }}; }};", ZONE),
                conf(f"{QUIET} recursion no; dnssec-validation no; rate-limit {{ window 5; }};", ZONE),
                conf(QUIET, ZONE, "9.20.1"),
                conf(QUIET, 'zone "localhost" { type master; }; zone "127.in-addr.arpa" { type master; };', "9.18.28"),
                conf(QUIET, 'zone "." { type mirror; };', "9.18.28"),
                conf(
                    f"{QUIET} allow-query {{ any; }};",
                    f"acl ours {{ 192.0.2.0/24; }}; view in {{ match-clients {{ ours; }}; {ZONE} }};",
                    "9.18.28",
                ),
                conf(QUIET, ZONE),
                conf('version "none of your business";'),
            )
        ),
        fails("allow-recursion { any; }: strangers", named_settings=conf(f"{QUIET} allow-recursion {{ any; }};")),
        fails("allow-query { any; }: strangers", named_settings=conf(f"{QUIET} allow-query {{ any; }};")),
        fails(
            "allow-recursion { all; }: strangers",
            named_settings=conf(f"{QUIET} allow-recursion {{ all; }};", "acl all { 192.0.2.1; 0.0.0.0/0; };"),
        ),
        fails("dnssec-validation no", named_settings=conf(f"{QUIET} dnssec-validation no;")),
        fails(
            "view in: dnssec-validation no",
            named_settings=conf(QUIET, "view in { match-clients { 192.0.2.0/24; }; dnssec-validation no; };"),
        ),
        fails(
            "zone example.org: allow-transfer { any; }",
            named_settings=conf(f"{QUIET} allow-transfer {{ any; }};", ZONE),
        ),
        fails(
            "zone example.org: allow-transfer { any; }",
            named_settings=conf(QUIET, 'zone "example.org" { type primary; allow-transfer { any; }; };'),
        ),
        fails("is not set in BIND 9.18.28: strangers", named_settings=conf(QUIET, ZONE, "9.18.28")),
        fails(
            "view out: allow-recursion { any; }",
            named_settings=conf(QUIET, "view out { match-clients { any; }; allow-recursion { any; }; };"),
        ),
        advises("version is not set", named_settings=conf("recursion yes;")),
        advises("version 9.18.28: a release", named_settings=conf('version "9.18.28";')),
        advises(
            "rate-limit is not set", named_settings=conf(f"{QUIET} recursion no; allow-transfer {{ none; }};", ZONE)
        ),
        undecided("named.conf.options is included", named_settings=conf("", 'include "/etc/bind/named.conf.options";')),
        fails("allow-recursion", named_settings=conf("allow-recursion { any; };", 'include "keys";')),
        skips("postfix is not BIND", named_settings=NamedSettings("postfix", ())),
    ),
}
