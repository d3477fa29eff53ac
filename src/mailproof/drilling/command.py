"""The command `mailproof drill`."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mailproof.net.text import shown
from mailproof.output import EXIT_USAGE

if TYPE_CHECKING:
    from mailproof.inventory.drill import BackupDrill, VIPDrill
    from mailproof.inventory.load import LoadedInventory

EXIT_DOWN = 1
"""What was taken down is down still."""
BACKUP_MX, VIP = "backup-mx", "vip"


def add_drill(commands: Any) -> None:
    """Add the command to ``commands``, what ``add_subparsers`` returned."""
    command: argparse.ArgumentParser = commands.add_parser(
        "drill",
        help="watch a service while a part of it is down",
        description="Watch what the backup MX of a domain, or the address of a balancer, does while a part of the "
        "service is down, and write a record that `pytest --inventory INVENTORY` judges. The inventory has to say "
        "`drill: true` and a window that is open. Nothing is taken down unless a command for it is given.",
    )
    command.add_argument("kind", choices=(BACKUP_MX, VIP), help="what is watched")
    command.add_argument("inventory", metavar="INVENTORY", type=Path, help="YAML file with drills")
    command.add_argument("--name", metavar="NAME", help="the domain or host, where the inventory has several")
    command.add_argument(
        "--down", metavar="CMD", help="take the part down by this command, run without a shell; wants --up"
    )
    command.add_argument("--up", metavar="CMD", help="bring it back by this one, whatever happens")
    command.add_argument("--plan", action="store_true", help="print what would be done, at any time, and do nothing")
    command.add_argument("--stop-file", metavar="FILE", type=Path, help="end it within seconds as soon as FILE appears")
    command.set_defaults(run=_drill)


def _drill(options: argparse.Namespace) -> int:
    from mailproof.drilling.parts import CannotDrill, NotBroughtBack
    from mailproof.drilling.running import Order, drill
    from mailproof.exercising.running import CannotExercise
    from mailproof.inventory.errors import InventoryError
    from mailproof.inventory.load import load_inventory
    from mailproof.net.errors import NotObserved
    from mailproof.net.mailboxes import UnreadableMailbox

    redact: Callable[[str], str] = str

    out, err = _Teller(sys.stdout), _Teller(sys.stderr)

    def say(line: str) -> None:
        out.tell(shown(redact(line)))

    def complain(error: Exception) -> None:
        err.tell(shown(redact(f"mailproof drill: {error}")))

    try:
        loaded = load_inventory(options.inventory)
        redact = loaded.redact
        loaded.require_zone_files("mailproof drill")
        try:
            entry = _entry(options.kind, options.name, loaded)
            down, up = _command("--down", options.down), _command("--up", options.up)
        except ValueError as error:
            raise CannotDrill(str(error)) from None
        if bool(down) != bool(up):
            raise CannotDrill("--down and --up belong together: what is taken down is brought back")
        order = Order(entry, down or tuple(entry.down), up or tuple(entry.up), options.stop_file, options.plan)
        drill(order, loaded, say)
    except NotBroughtBack as error:
        complain(error)
        still = "mailproof drill: IT IS STILL DOWN: bring it back by hand"
        if not err.tell(still):
            out.tell(still)
        return EXIT_DOWN
    except (CannotDrill, CannotExercise, InventoryError, NotObserved, UnreadableMailbox, OSError) as error:
        complain(error)
        return EXIT_USAGE
    return 0


class _Teller:
    """Prints lines until that fails the first time, and nothing from then on.

    Whoever reads them may go away in the middle (`| head`, a closed terminal, a full disk). The drill goes on: what is
    down has to be brought back, and what was seen is worth its record.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def tell(self, line: str) -> bool:
        """Whether it could be printed."""
        if self._stream is None:
            return False
        try:
            print(line, file=self._stream, flush=True)
        except (OSError, ValueError):  # ValueError: it is closed
            _forget(self._stream)
            self._stream = None
            return False
        return True


def _forget(stream: TextIO) -> None:
    """Let what ``stream`` still holds go nowhere: Python writes that at its end, and would end with 120."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)


def _command(option: str, line: str | None) -> tuple[str, ...]:
    """The words of a command; none where the option is not given. Raises ValueError for an empty one."""
    words = () if line is None else tuple(shlex.split(line))
    if line is not None and (not words or not words[0]):
        raise ValueError(
            f"{option} is empty: give it a command, or leave --down and --up out (then those of the inventory are run, "
            "or without any you take the part down yourself)"
        )
    return words


def _entry(kind: str, name: str | None, loaded: LoadedInventory) -> BackupDrill | VIPDrill:
    """The entry of the inventory. Raises ValueError where there is none, or more than one without a name."""
    if loaded.model.world is not None:
        raise ValueError("the inventory has an offline world, in which nothing goes down")
    drills = loaded.model.drills
    entries: list[BackupDrill | VIPDrill] = [*(drills.backup_mx if kind == BACKUP_MX else drills.vip)]
    if name is not None:
        entries = [entry for entry in entries if entry.key == name.lower()]
    if len(entries) != 1:
        key = kind.replace("-", "_")
        told = f" for {name}" if name else ""
        raise ValueError(
            f"say which one: --name {', --name '.join(entry.key for entry in entries)}"
            if entries
            else f"the inventory has no entry{told} in drills: {{{key}: [...]}}"
        )
    return entries[0]
