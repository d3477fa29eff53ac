"""Mail that is forwarded by itself."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from mailproof.inventory.model import Inventory
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.forwards import Forwards
from mailproof.probes.forwards import forwards
from mailproof.targets.files import Configuration, ConfigurationFile

from .case import Table, advises, passes, skips

INVENTORY = Inventory.model_validate({"domains": ["example.org"]})


def read(program: str, *lines: str) -> Forwards:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "file")
        file.write_text("\n".join(lines))
        found = Configuration(program, "mx.example.org", (ConfigurationFile(str(file), file.name),))
        return asyncio.run(_read(found))


async def _read(configuration: Configuration) -> Forwards:
    return await forwards(configuration, Network(NetSettings()), INVENTORY)


TABLE: Table = {
    "OUT-NO-AUTOFORWARD": (
        *(
            passes(forwards=found)
            for found in (
                read(
                    "aliases",
                    "# a@other.example",
                    "postmaster: root",
                    "root: admin@example.org,",
                    "  ann@sub.example.org",
                ),
                read("aliases", 'list: "|/bin/x a@other.example", /var/mail/x, :include:/etc/list, \\ann'),
                read("aliases", "info@example.org ann@example.org", "@example.net bob"),
                read("aliases", "ann@example.org"),
                read("sieve", 'require "copy";', '# redirect "a@other.example";', 'redirect :copy "ann@example.org";'),
                read("sieve", 'if address :is "from" "a@other.example" { keep; }'),
                read("aliases"),
                read("aliases", "old: :fail: Ann has gone, write to ann@other.example, or to a@b.example"),
                read("aliases", "old: error:nouser 550 ask ann@other.example", "new: :blackhole: a@other.example"),
                read("aliases", "joe: |/usr/bin/vacation -a joe joe@other.example, joe"),
                read("aliases", 'joe: |"/usr/bin/vacation -a joe@other.example joe"'),
                read("aliases", "joe: Joe Doe <joe@example.org>, ann@example.org (once a@other.example)"),
                read("aliases", "root: root@localhost, ann@mx, bob@MX.example.org"),
                read("aliases", "# Exim filter", 'if $header_from: contains "a@other.example" then', "save m endif"),
                read("aliases", "# Sieve filter", 'if address :is "from" "a@other.example" { keep; }'),
                read("aliases", "@example.net @example.org"),
            )
        ),
        advises("mail for root goes on to other.example", forwards=read("aliases", "root: ann, bob@other.example")),
        advises(
            "mail for info@example.org goes on to", forwards=read("aliases", "info@example.org\tbob@other.example")
        ),
        advises("mail of its user goes on to other.example", forwards=read("aliases", "\\ann, bob@other.example")),
        advises("goes on to notexample.org", forwards=read("aliases", "root: ann@notexample.org")),
        advises(
            "mail of its user goes on to other.example",
            forwards=read("sieve", 'if true { redirect :copy "ann@example.org"; redirect\n"bob@Other.example"; }'),
        ),
        advises("mail for root goes on to other.example", forwards=read("aliases", "root:bob@other.example")),
        advises("goes on to other.example", forwards=read("aliases", "root: Bob <bob@other.example>")),
        advises(
            "mail for @example.org goes on to other.example", forwards=read("aliases", "@example.org @other.example")
        ),
        advises(
            "goes on to other.example",
            forwards=read("aliases", "# Exim filter", "if error_message then finish endif", "deliver b@other.example"),
        ),
        advises("goes on to other.example", forwards=read("aliases", "#Sieve Filter", 'redirect "bob@other.example";')),
        skips("postfix holds no aliases", forwards=Forwards("postfix", ())),
    ),
}
