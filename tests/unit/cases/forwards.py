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
        skips("postfix holds no aliases", forwards=Forwards("postfix", ())),
    ),
}
