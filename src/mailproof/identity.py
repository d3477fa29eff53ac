"""``mailproof identity``: how this machine looks to the servers that it is to test."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mailproof.output import EXIT_USAGE, complain, say


def add_identity(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    command = commands.add_parser(
        "identity",
        help="show how this machine looks to the servers that it tests",
        description="Look up the PTR of this machine's address, its EHLO name, the SPF of EHLO name and envelope "
        "sender, the lists of the inventory, and /.well-known/probing.txt (RFC 9511) at its own address. No server "
        "under test is asked. Exits with 1 if anything is lacking.",
    )
    command.add_argument("inventory", metavar="INVENTORY", help="YAML file that says what to check, and who we are")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what servers see, a line for each thing; 1 if anything is lacking or not known."""
    from mailproof.inventory.errors import InventoryError
    from mailproof.inventory.load import load_inventory
    from mailproof.net.network import Network
    from mailproof.probes.identity import Trait, own_addresses, traits, who_we_are
    from mailproof.worlds import WorldError, open_world

    async def look() -> tuple[Trait, ...]:
        network = Network(settings)
        try:
            return (*await traits(addresses, network, loaded.model), *await who_we_are(addresses, network))
        finally:
            await network.close()

    try:
        loaded = load_inventory(Path(options.inventory))
        loaded.require_zone_files("mailproof identity")
        settings = loaded.model.net_settings()
        with ExitStack() as stack:
            if loaded.model.world is not None:
                settings = stack.enter_context(open_world(loaded, settings))
            addresses = own_addresses(loaded.model)
            found = asyncio.run(look())
    except (InventoryError, WorldError) as error:
        complain(f"mailproof identity: {error}")
        return EXIT_USAGE
    if not addresses:
        complain(
            "mailproof identity: this machine has no public address; `probe: addresses` of the inventory names the one "
            "that servers see"
        )
        return 1
    print(f"EHLO {settings.ehlo_name}, sender {settings.sender}, from {', '.join(addresses)}")
    for trait in found:
        say(loaded.redact(f"  {trait}"))
    return 0 if all(trait.right for trait in found) else 1
