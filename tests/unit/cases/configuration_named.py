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

from .case import Case, Table, advises, fails, passes, skips, undecided

QUIET = "version none; "
OWN_ALONE = "listen-on port 53 { 127.0.0.1; }; listen-on-v6 { ::1; };"
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


def other(program: str, *lines: str) -> NamedSettings:
    """What is read of the file of another name server."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "settings.conf")
        file.write_text("\n".join(lines))
        found = Configuration(program, "ns.example.org", (ConfigurationFile(str(file), file.name),))
        return asyncio.run(_read(found, Network(NetSettings())))


ANCHOR = '  auto-trust-anchor-file: "/var/lib/unbound/root.key"'
UNBOUND = (
    "server:",
    ANCHOR,
    "  interface: 192.0.2.53  # ours",
    "  hide-version: yes",
    '  module-config: "validator iterator"',
)
NSD = ("server:", "  hide-version: yes", "zone:", "  name: example.org")
KNOT = ("server:", '  version: ""', "mod-rrl:", "  - id: default", "    rate-limit: 200")


def several(program: str, **texts: str) -> NamedSettings:
    """What is read of several files, ``local`` from ``local.conf``, ``a__local`` from ``a/local.conf``."""
    with tempfile.TemporaryDirectory() as directory:
        files = []
        for name, text in texts.items():
            own = f"{name.replace('__', '/')}.conf"
            file = Path(directory, own)
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            files.append(ConfigurationFile(str(file), own))
        return asyncio.run(_read(Configuration(program, "ns.example.org", tuple(files)), Network(NetSettings())))


ZONES = ("zone:", "  - domain: example.org", "    acl: [first, xfr]", "  - domain: example.net")
SECONDARY = ("acl:", "  - id: xfr", "    address: 192.0.2.2", "    action: [transfer]")
ANYBODY = ("acl:", "  - id: first", "    action: notify", "  - id: xfr", "    action: transfer")


QUIET_RECURSOR = ("recursor:", "  version_string: none")
OPEN = ("incoming:", "  listen: [192.0.2.53, '[2001:db8::53]:53']")
RECURSOR: tuple[Case, ...] = (
    *(
        passes(named_settings=found)
        for found in (
            other("recursor", "version-string=x", "local-address=127.0.0.1,::1", "allow-from=0.0.0.0/0"),
            other("recursor", "version-string=x", "allow-from=0.0.0.0/0"),  # it listens to itself by default
            other(
                *("recursor", "version-string=x", "local-address=::", "allow-from=192.0.2.0/24", "dnssec=validate"),
                *("webserver", "forward-zones=a=192.0.2.1, \\", "  b=192.0.2.2"),
            ),
            other("recursor", "version-string=x", "local-address=::", "allow-from=10/8, 192.0.2.1, !192.0.2.7"),
            # A comment goes on as well, and what it goes on with is none of its settings.
            other("recursor", "version-string=x", "dnssec=validate # not \\", "dnssec=off"),
            other("recursor", *QUIET_RECURSOR, *OPEN, "  allow_from: [192.0.2.0/24, '!192.0.2.7']", "dnssec: {}"),
            other("recursor", *QUIET_RECURSOR, "incoming: {listen: ['[::1]:53'], allow_from: ['::/0']}"),
            other("recursor", *QUIET_RECURSOR, "incoming: {allow_from: []}"),
            other("recursor", *QUIET_RECURSOR, "dnssec: {validation: log-fail}", "webservice: {api_key: secret}"),
            several(
                "recursor",
                main="\n".join((*QUIET_RECURSOR, *OPEN, "  allow_from_file: /etc/clients.conf", "  allow_from: []")),
                clients="- 192.0.2.0/24\n- '2001:db8::/32'\n",
            ),
            several(
                "recursor",
                main="local-address=::\nallow-from-file=/etc/clients.conf\nversion-string=x\nallow-from=::/0\n",
                clients="192.0.2.0/24 # ours\n\n2001:db8::/32\n",
            ),
            several(
                "recursor",
                main="\n".join((*QUIET_RECURSOR, *OPEN, "  allow_from: ['::/0']")),
                more="incoming: {allow_from: !override [192.0.2.0/24]}",
                old="allow-from=0.0.0.0/0\n",  # which nobody reads beside YAML
            ),
        )
    ),
    *(
        fails(says, named_settings=found)
        for says, found in (
            ("allow-from 0.0.0.0/0: strangers", other("recursor", "local-address=::", "allow-from = 0.0.0.0/0")),
            (
                "allow-from 10.0.0.0/8, ::/0: str",
                other("recursor", "local-address=::", "allow-from=10.0.0.0/8", "allow-from+=::/0"),
            ),
            ("allow-from (empty): strangers", other("recursor", "local-address=::", "allow-from=")),
            ("dnssec off: it does not", other("recursor", "dnssec=off")),
            ("dnssec off: it does not", other("recursor", "quiet=yes", "  dnssec=off")),
            (
                "allow-from 10.0.0.0/8, ::/0: strangers",
                other("recursor", "local-address=0.0.0.0", "allow-from=10.0.0.0/8, \\", "::/0"),
            ),
            (
                "allow-from 0.0.0.0/0: strangers",
                other("recursor", "local-address=::", "allow-from=10.0.0.0/8", "  allow-from=0.0.0.0/0"),
            ),
            ("incoming.allow_from ::/0: strangers", other("recursor", *OPEN, "  allow_from: ['::/0']")),
            ("incoming.allow_from (empty): strangers", other("recursor", *OPEN, "  allow_from: []")),
            ("allow-from 0/0: strangers", other("recursor", "local-address=0.0.0.0", "allow-from=0/0")),
            (
                "allow-from 0.0.0.0/1, 128.0.0.0/1: str",
                other("recursor", "local-address=0.0.0.0", "allow-from=0.0.0.0/1, 128.0.0.0/1"),
            ),
            (
                "allow-from-file (empty): strangers",
                several("recursor", main="local-address=::\nallow-from-file=/etc/clients.conf\n", clients="# none\n"),
            ),
            (
                "allow-from 0.0.0.0/0: strangers",
                several(
                    "recursor",
                    main="local-address=0.0.0.0\ninclude-dir=/etc/recursor.d\n",
                    a="allow-from=10.0.0.0/8",
                    B="allow-from=0.0.0.0/0",
                ),
            ),
            ("dnssec.validation off: it does not", other("recursor", "dnssec:", "  validation: off")),
            (
                "dnssec.validation process-no-validate: it",
                other("recursor", "dnssec: {validation: process-no-validate}"),
            ),
            (
                "incoming.allow_from_file 0.0.0.0/0: strangers",
                several("recursor", main="\n".join((*OPEN, "  allow_from_file: clients.conf")), clients="- 0.0.0.0/0"),
            ),
            (
                "incoming.allow_from 10.0.0.0/8, ::/0: strangers",
                several(
                    "recursor",
                    main="\n".join((*OPEN, "  allow_from: [10.0.0.0/8]")),
                    more="incoming: {allow_from: ['::/0']}",
                ),
            ),
        )
    ),
    passes(named_settings=other("recursor", "dnssec: {validation: validate}")),
    advises(
        "the Recursor tells its own",
        named_settings=other("recursor", "dnssec: {validation: validate}", "incoming: {listen: [192.0.2.53]}"),
    ),
    undecided(
        "/etc/recursor.d/*.yml is included",
        named_settings=other("recursor", "recursor: {include_dir: /etc/recursor.d/}"),
    ),
    undecided(
        "/etc/clients is included and not read",
        named_settings=other("recursor", *OPEN, "  allow_from_file: /etc/clients"),
    ),
    advises(
        "version 5.2.1: a release",
        named_settings=other("recursor", "recursor: {version_string: 5.2.1}", "incoming: {listen: [192.0.2.53]}"),
    ),
)
"""The old form and YAML. What is neither is in test_configuration_lists: it is not observed."""


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
                conf(f"{QUIET} allow-recursion {{ any; }}; allow-query-cache {{ localnets; }};"),  # BIND refuses
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
        *(
            passes(named_settings=found)
            for found in (
                other("unbound", *UNBOUND, "  access-control: 192.0.2.0/24 allow", "  access-control: ::0/0 refuse"),
                other("unbound", "server:", ANCHOR, "  hide-version:yes", "  access-control: 0.0.0.0/0 allow"),
                other("nsd", *NSD, "  provide-xfr: 192.0.2.2 NOKEY", "  provide-xfr: 0.0.0.0/0 tsig-key"),
                other("knot", *KNOT, *SECONDARY, *ZONES),
                other("knot", *KNOT, *ANYBODY, "    key: tsig-key", *ZONES),
                other("powerdns", "version-string=anonymous", "allow-axfr-ips=127.0.0.0/8,::1", "api-key=secret"),
                other("powerdns", "version-string=anonymous", "allow-axfr-ips=0.0.0.0/0", "disable-axfr=yes"),
                several("bind", named='include "/etc/bind/options.conf";', options=f"options {{ {QUIET} }};"),
                several(
                    "unbound",
                    unbound='include-toplevel: "/etc/unbound/conf.d/*.conf"',
                    anchor=f"server:\n  hide-version: yes\n{ANCHOR}",
                ),
                other("powerdns", "version-string=anonymous", "launch=gmysql"),
            )
        ),
        fails(
            "access-control 0.0.0.0/0 allow: strangers",
            named_settings=other("unbound", *UNBOUND, "  access-control: 0.0.0.0/0 allow"),
        ),
        fails(
            "module-config iterator: it does", named_settings=other("unbound", *UNBOUND, "  module-config: iterator")
        ),
        fails(
            "val-permissive-mode yes: it does not",
            named_settings=other("unbound", *UNBOUND, "  val-permissive-mode: yes"),
        ),
        fails("provide-xfr 0.0.0.0/0 NOKEY", named_settings=other("nsd", *NSD, "  provide-xfr: 0.0.0.0/0 NOKEY")),
        fails(
            "zone example.org: provide-xfr ::/0 NOKEY",
            named_settings=other(
                *("nsd", *NSD, "  include-pattern: all", "pattern:", "  name: all", "  provide-xfr: ::/0 NOKEY")
            ),
        ),
        fails("zone example.org: acl first xfr: strangers", named_settings=other("knot", *KNOT, *ANYBODY, *ZONES)),
        fails(
            "allow-axfr-ips 0.0.0.0/0, ::/0",
            named_settings=other("powerdns", "version-string=x", "allow-axfr-ips=0.0.0.0/0,::/0"),
        ),
        *RECURSOR,
        fails(
            "auto-trust-anchor-file is not set: it does not validate",
            named_settings=other("unbound", "server:", "  hide-version: yes"),
        ),
        fails(
            "access-control 0.0.0.0/0 allow: strangers",
            named_settings=other(
                *("unbound", "server:", ANCHOR, "  interface-automatic: yes", "  access-control: 0.0.0.0/0 allow")
            ),
        ),
        fails(
            "zone example.org: provide-xfr ::/0 NOKEY",
            named_settings=other(
                *("nsd", *NSD, "  include-pattern: first", "pattern:", "  name: first", "  include-pattern: all"),
                *("pattern:", "  name: all", "  include-pattern: first", "  provide-xfr: ::/0 NOKEY"),
            ),
        ),
        advises("PowerDNS tells its own", named_settings=other("powerdns", "launch=gmysql")),
        undecided(
            "/etc/bind/zones.conf is included",
            named_settings=several("bind", named='include "/etc/bind/zones.conf";', options=f"options {{ {QUIET} }};"),
        ),
        undecided(
            "/etc/powerdns/pdns.d/*.conf is included",
            named_settings=other("powerdns", "include-dir=/etc/powerdns/pdns.d", "launch="),
        ),
        undecided(
            "conf.d/*.conf is included",
            named_settings=other("unbound", "server:", "include-toplevel: /etc/unbound/conf.d/*.conf"),
        ),
        advises("Unbound tells its own", named_settings=other("unbound", *UNBOUND[:3], "  hide-version: no")),
        # Whom nobody but the machine itself can ask tells nothing to strangers.
        passes(named_settings=other("unbound", "server:", ANCHOR, "  hide-version: no")),
        passes(named_settings=conf(f"{OWN_ALONE} recursion yes; allow-query {{ any; }};")),
        fails("dnssec-validation no", named_settings=conf(f"{OWN_ALONE} recursion yes; dnssec-validation no;")),
        # Packages bring these with BIND.
        passes(named_settings=conf(f"{QUIET}", 'include "/etc/named.rfc1912.zones"; include "/etc/named.root.key";')),
        passes(named_settings=conf(f'{QUIET} include "/etc/crypto-policies/back-ends/bind.config";', "")),
        # A clause and what stands in it in one line, and a file that begins within the clause that includes it.
        fails(
            "access-control 0.0.0.0/0 allow",
            named_settings=several(
                "unbound",
                main=f'server: include: "part.conf"\nremote-control: control-enable: no\nserver:\n{ANCHOR}\n',
                part="interface: 0.0.0.0\naccess-control: 0.0.0.0/0 allow\nhide-version: yes\n",
            ),
        ),
        advises("NSD tells its own", named_settings=other("nsd", "server:", "  verbosity: 1")),
        advises("rate-limit is not set", named_settings=other("nsd", "server:", "  rrl-ratelimit: 0", *NSD)),
        advises("rate-limit is not set", named_settings=other("knot", *KNOT[:2], *SECONDARY, *ZONES)),
        advises("PowerDNS tells its own", named_settings=other("powerdns", "version-string=full")),
        undecided(
            "conf.d/*.conf is included", named_settings=other("unbound", *UNBOUND, "include: /etc/conf.d/*.conf")
        ),
        fails("allow-recursion { any; }: strangers", named_settings=conf(f"{QUIET} allow-recursion {{ any; }};")),
        fails(
            "allow-query-cache { any; }: strangers may ask",
            named_settings=conf(f"{QUIET} allow-query-cache {{ any; }};"),
        ),
        fails(
            "allow-query-cache { any; }: strangers may read what is in the cache",
            named_settings=conf(f"{QUIET} allow-recursion {{ localnets; }}; allow-query-cache {{ any; }};"),
        ),
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
        undecided(
            "/etc/unbound/b/own.conf is included and not read",
            named_settings=several(
                "unbound", unbound="include: /etc/unbound/b/own.conf", a__own="\n".join((*UNBOUND, "  verbosity: 1"))
            ),
        ),
        # Lines of PowerDNS go on after a backslash alone, lists are added to, and a switch needs no value.
        fails("zone (all): allow-axfr-ips", named_settings=other("powerdns", "launch=", "  allow-axfr-ips=0.0.0.0/0")),
        fails(
            "zone (all): allow-axfr-ips 127.0.0.1, 0.0.0.0/0",
            named_settings=other("powerdns", "allow-axfr-ips=127.0.0.1", "allow-axfr-ips+=0.0.0.0/0"),
        ),
        fails("zone (all)", named_settings=other("powerdns", "allow-axfr-ips=::1,\\", "::/0", "disable-axfr=off")),
        passes(named_settings=other("powerdns", "version-string=x", "allow-axfr-ips=::/0", "disable-axfr")),
        passes(named_settings=other("powerdns", "version-string=x", "allow-axfr-ips=::1 # not ::/0")),
        # All is commented out: the programs do what they do by default.
        fails("auto-trust-anchor-file is not set", named_settings=other("unbound", "server:", "  # verbosity: 1")),
        passes(named_settings=other("recursor", "# allow-from=0.0.0.0/0")),
        passes(named_settings=other("recursor", "recursor:", "  threads: 2")),
        advises("PowerDNS tells its own", named_settings=other("powerdns", "# launch=")),
        advises("Knot tells its own", named_settings=other("knot", "# server:")),
        advises("NSD tells its own", named_settings=other("nsd", "# server:")),
        undecided("named.conf.options is included", named_settings=conf("", 'include "/etc/bind/named.conf.options";')),
        fails("allow-recursion", named_settings=conf("allow-recursion { any; };", 'include "keys";')),
        skips("postfix is no name server", named_settings=NamedSettings("postfix", ())),
    ),
}
