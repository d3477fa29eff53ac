"""The command `mailproof exercise`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailproof.net.text import shown
from mailproof.output import EXIT_USAGE, complain

"""What pytest says for a wrong command line or inventory."""


def add_exercise(commands: Any) -> None:
    """Add the command to ``commands``, what ``add_subparsers`` returned."""
    command: argparse.ArgumentParser = commands.add_parser(
        "exercise",
        help="send test messages to a mailbox of yours",
        description="Send a few marked test messages to each mailbox of the inventory that says `exercise: true`, wait "
        "for them there, and write a record that `pytest --inventory INVENTORY` judges. Nobody else gets any.",
    )
    command.add_argument("inventory", metavar="INVENTORY", type=Path, help="YAML file with own_mailboxes")
    command.add_argument(
        "--mailbox", metavar="ADDRESS", action="append", default=[], help="only this one of the mailboxes (repeatable)"
    )
    command.add_argument("--plan", action="store_true", help="print what would be sent, and send nothing")
    command.add_argument("--records", action="store_true", help="print what the test domains have to publish, no more")
    command.add_argument(
        "--stop-file",
        metavar="FILE",
        type=Path,
        help="end it within seconds as soon as FILE appears",
    )
    command.set_defaults(run=_exercise)


def _exercise(options: argparse.Namespace) -> int:
    from mailproof.exercising.records import UnusableKey
    from mailproof.exercising.running import CannotExercise, exercise, tell_records
    from mailproof.exercising.sending import NoServer
    from mailproof.exercising.sink_records import NotOurs
    from mailproof.inventory.errors import InventoryError
    from mailproof.inventory.load import load_inventory
    from mailproof.net.errors import NotObserved
    from mailproof.net.mailboxes import UnreadableMailbox

    redact: Callable[[str], str] = str

    def say(line: str) -> None:
        print(shown(redact(line)), flush=True)

    try:
        loaded = load_inventory(options.inventory)
        redact = loaded.redact
        loaded.require_zone_files("mailproof exercise")
        if loaded.model.world is not None:
            raise CannotExercise("the inventory has an offline world, which delivers no mail")
        mailboxes = [mailbox for mailbox in loaded.model.own_mailboxes if mailbox.exercise]
        if options.mailbox:
            named = {address.lower() for address in options.mailbox}
            mailboxes = [mailbox for mailbox in mailboxes if mailbox.address.lower() in named]
        if not mailboxes:
            told = f" for {', '.join(options.mailbox)}" if options.mailbox else ""
            raise CannotExercise(f"the inventory has no own_mailboxes entry{told} with `exercise: true`")
        for mailbox in mailboxes:
            if options.records:
                tell_records(mailbox, loaded, say)
            else:
                exercise(mailbox, loaded, say, only_plan=options.plan, stop_file=options.stop_file)
    except (
        CannotExercise,
        InventoryError,
        NoServer,
        NotObserved,
        NotOurs,
        UnreadableMailbox,
        UnusableKey,
        OSError,
    ) as error:
        complain(redact(f"mailproof exercise: {error}"))
        return EXIT_USAGE
    return 0
