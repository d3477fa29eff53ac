"""The command `mailproof reports`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailproof.net.text import shown
from mailproof.output import EXIT_USAGE, complain, say

if TYPE_CHECKING:
    from mailproof.net.mailboxes import IMAPMailbox

DATABASE = "reports.sqlite"

WHOLE = (100_000, 16 * 1024**3, 16 * 1024**2, 6 * 3_600.0)
"""Messages, octets, octets at once and seconds of a mailbox that is imported."""


def add_reports(commands: Any) -> None:
    """Add the command to ``commands``, what ``add_subparsers`` returned."""
    command: argparse.ArgumentParser = commands.add_parser(
        "reports",
        help="keep reports of DMARC and TLS in a database, and show what they say",
        description="Keep reports of receivers in a database: aggregate reports of DMARC (RFC 9990, RFC 7489), failure "
        "reports (RFC 9991, RFC 6591) and reports of TLS (RFC 8460). The inventory may name the database "
        "(reports: [sqlite:FILE]), and the suite judges what is in it. Needs the extra: pip install "
        "'mailproof[reports]'.",
    )
    parts = command.add_subparsers(title="commands", metavar="COMMAND", required=True)
    bring = parts.add_parser(
        "import",
        help="read files of reports into the database",
        description="Read reports into the database: XML, JSON, gzip, ZIP or mail, whatever their names say; "
        "directories and Maildirs with all that lies below, and mailboxes in one file (mbox). A report that is there "
        "already counts once. A file that cannot be read is kept aside with the reason. Exits with 1 if there was such "
        "a file.",
    )
    bring.add_argument("paths", metavar="PATH", nargs="*", type=Path, help="a file, a directory or a Maildir")
    bring.add_argument(
        "--inventory",
        metavar="FILE",
        type=Path,
        help="import what `reports` of this inventory names as well: files, Maildirs and mailboxes (IMAP)",
    )
    _add_database(bring)
    bring.set_defaults(run=_import)
    show = parts.add_parser(
        "show",
        help="show who sends in the name of a domain",
        description="Show the sources of a domain's mail with the number of messages, the share that passes DMARC, "
        "first and last day, and what each source is by the reports, with the reasons.",
    )
    show.add_argument("--domain", metavar="DOMAIN", help="only mail whose From is this domain, or lies below it")
    show.add_argument("--since", metavar="DATE", type=_date, help="only reports that end on this day or later")
    show.add_argument("--until", metavar="DATE", type=_date, help="only reports that end on this day or before")
    show.add_argument(
        "--inventory", metavar="FILE", type=Path, help="tell the sending addresses of this inventory from others'"
    )
    show.add_argument("--format", choices=("text", "json", "csv"), default="text", help="default: %(default)s")
    _add_database(show)
    show.set_defaults(run=_show)


def _add_database(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--db",
        metavar="FILE|URL",
        default=DATABASE,
        help="an SQLite file, or postgresql+psycopg://USER@HOST/DATABASE; default: %(default)s",
    )


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date like 2026-11-26") from None


def _seconds(day: date | None, days_later: int = 0) -> int:
    if day is None or (days_later and day == date.max):
        return 0
    return int(datetime.combine(day + timedelta(days_later), datetime.min.time(), UTC).timestamp())


def _import(options: argparse.Namespace) -> int:
    from mailproof.archive import ArchiveError, require

    try:
        require()
        from mailproof.archive.database import opened
        from mailproof.archiving.importing import NoSuchPath, Summary, import_mailbox, import_paths, require_paths
    except ArchiveError as error:
        return _refuse(f"import: {error}")
    from mailproof.inventory.errors import InventoryError
    from mailproof.net.mailboxes import UnreadableMailbox

    summary = Summary()
    try:
        paths, mailboxes = _places(options)
        require_paths(paths)
        with opened(options.db, writing=True) as engine:
            import_paths(engine, paths, summary, complain)
            for mailbox in mailboxes:
                try:
                    import_mailbox(engine, mailbox, summary)
                except UnreadableMailbox as error:
                    summary.unreadable.append((f"imaps://{mailbox.at.host}/{mailbox.at.folder}", str(error)))
    except (ArchiveError, InventoryError, NoSuchPath, ValueError) as error:
        return _refuse(f"import: {error}")
    for line in summary.lines():
        say(line)
    return 0 if summary.is_complete else 1


def _places(options: argparse.Namespace) -> tuple[list[Path], list[IMAPMailbox]]:
    """The paths and mailboxes that are to be imported. Raises InventoryError, and ValueError with what is wrong."""
    from mailproof.inventory.load import load_inventory
    from mailproof.net.avoided import entry_of_host
    from mailproof.net.mailboxes import Bounds, IMAPMailbox

    paths: list[Path] = list(options.paths)
    mailboxes = []
    if options.inventory is not None:
        model = load_inventory(options.inventory).model
        for source in model.reports:
            if source.imaps is not None:
                mailbox = IMAPMailbox(source.imaps, source.password or "", model.trust.ca_file, bounds=Bounds(*WHOLE))
                if entry := entry_of_host(model.net_settings().avoided, mailbox.at.host):
                    raise ValueError(f"{mailbox.at.host} is not contacted: the inventory says do_not_contact: {entry}")
                mailboxes.append(mailbox)
            elif source.database is None and source.file is not None:
                paths.append(source.file)
    if not paths and not mailboxes:
        raise ValueError("nothing to import: name a PATH, or an inventory whose `reports` names one")
    return paths, mailboxes


def _show(options: argparse.Namespace) -> int:
    from mailproof.archive import ArchiveError, require
    from mailproof.inventory.errors import InventoryError
    from mailproof.inventory.values import domain_name

    try:
        require()
        from mailproof.archive.asking import Period, domains, kept_aside, seen
        from mailproof.archive.database import opened
        from mailproof.archiving.showing import FORMATS, Shown

        period = Period(_seconds(options.since), _seconds(options.until, 1))
        declared = _declared(options.inventory)
        with opened(options.db) as engine:
            if options.domain is not None:
                found = [seen(engine, domain_name(options.domain), period, below=True)]
            else:
                found = [seen(engine, name, period, below=False) for name in domains(engine, period)]
            aside, all_aside = kept_aside(engine)
    except (ArchiveError, InventoryError, ValueError) as error:
        return _refuse(f"show: {error}")
    told = FORMATS[options.format](Shown(found, aside, all_aside, declared))
    # Text of strangers steers no terminal; the other formats have their own escapes.
    sys.stdout.write(f"{shown(told.removesuffix(chr(10)))}\n" if options.format == "text" else told)
    return 0


def _declared(file: Path | None) -> frozenset[str]:
    """The addresses that the inventory names as senders."""
    if file is None:
        return frozenset()
    from mailproof.grammars.received import normal_address
    from mailproof.inventory.load import load_inventory

    inventory = load_inventory(file).model
    return frozenset(normal_address(sender.address) for sender in inventory.sending)


def _refuse(reason: str) -> int:
    complain(f"mailproof reports {reason}")
    return EXIT_USAGE
