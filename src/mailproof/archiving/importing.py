"""Imports files of reports into the database, one after the other: memory is that of the largest report."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from mailproof.archive.keeping import digests_aside, keep_aggregate, keep_aside, keep_failure, keep_tls, take_back
from mailproof.documents import TooLarge, UnreadableFile, read_octets
from mailproof.grammars.aggregate_reports import AggregateReport
from mailproof.grammars.failure_reports import FailureReport
from mailproof.grammars.report_files import MAX_PACKED, NoReport, UnreadableReport, parts_of_mail
from mailproof.grammars.reports import Contents, Report, read_reports
from mailproof.net.mailboxes import IMAPMailbox

MAX_TOLD = 20
"""Files that the summary names."""


class NoSuchPath(Exception):
    """A path that was named and cannot be read; the message says why."""


@dataclass
class Summary:
    """What an import did."""

    files: int = 0
    new: dict[str, int] = field(default_factory=dict)
    """New reports by kind: DMARC, TLS, failure."""
    rows: int = 0
    """Rows of the new DMARC reports."""
    there: int = 0
    """Reports that were there already."""
    other_mail: int = 0
    """Mails that are no reports."""
    aside: list[tuple[str, str]] = field(default_factory=list)
    """Files that are kept aside, each with the reason; the first ones."""
    all_aside: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """Files that the system does not let us read, each with the reason; the first ones."""

    def lines(self) -> Iterator[str]:
        """For people."""
        new = ", ".join(f"{number} {kind}" for kind, number in self.new.items())
        rows = f", {self.rows} rows" if self.rows else ""
        yield f"{self.files} files: {sum(self.new.values())} new reports{f' ({new})' if new else ''}{rows}"
        if self.there:
            yield f"{self.there} reports were there already, and count once"
        if self.other_mail:
            yield f"{self.other_mail} mails are no reports"
        if self.aside:
            yield f"{self.all_aside} files are no reports that can be read; they are kept aside in the database:"
            yield from (f"  {name}: {reason}" for name, reason in self.aside)
            if self.all_aside > len(self.aside):
                yield f"  and {self.all_aside - len(self.aside)} more (table kept_aside)"
        if self.unreadable:
            yield "these files could not be opened, and are not imported:"
            yield from (f"  {name}: {reason}" for name, reason in self.unreadable)

    @property
    def is_complete(self) -> bool:
        """Whether all that looked like a report is in the database."""
        return not self.aside and not self.unreadable


def require_paths(paths: Sequence[Path]) -> None:
    """Raise NoSuchPath for the first of the paths that cannot be read: nothing is imported then."""
    for path in paths:
        try:
            path.stat()
        except (OSError, ValueError) as error:
            raise NoSuchPath(f"{path}: {getattr(error, 'strerror', None) or error}") from None
        if not os.access(path, os.R_OK):
            raise NoSuchPath(f"{path}: it may not be read")


def files_below(path: Path) -> Iterator[Path]:
    """The file itself, or the regular files below a directory, in order. Links to directories are not followed.

    Of a Maildir the messages: beside them lie lists of the server, and in ``tmp`` what is still being delivered.
    """
    if not path.is_dir():
        yield path
        return

    def fail(error: OSError) -> None:
        raise NoSuchPath(f"{error.filename}: {error.strerror}")

    for folder, folders, names in os.walk(path, onerror=fail):
        folders.sort()
        if {"cur", "new"} <= set(folders):
            folders[:] = [name for name in folders if name != "tmp"]
            continue
        for name in sorted(names):
            file = Path(folder) / name
            if not name.startswith(".") and _is_regular(file):
                yield file


def _is_regular(file: Path) -> bool:
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except OSError:  # moved meanwhile, as a Maildir's are
        return False


def import_paths(engine: Engine, paths: Sequence[Path], summary: Summary, say: Callable[[str], None]) -> None:
    """Import what lies at or below the paths. Raises NoSuchPath."""
    aside = set(digests_aside(engine))
    for path in paths:
        for file in files_below(path):
            summary.files += 1
            _import_file(engine, file, summary, aside)
            if summary.files % 10_000 == 0:
                say(f"{summary.files} files ...")


def import_mailbox(engine: Engine, mailbox: IMAPMailbox, summary: Summary) -> None:
    """Import the messages of a mailbox, the newest first. Raises UnreadableMailbox; what was read before is kept."""
    aside = set(digests_aside(engine))
    name = f"imaps://{mailbox.at.host}/{mailbox.at.folder}"
    for number, data in mailbox.messages():
        summary.files += 1
        if data is not None:
            import_octets(engine, f"{name} {number}", data, summary, aside)
        elif len(summary.unreadable) < MAX_TOLD:
            summary.unreadable.append((f"{name} {number}", "the message is too large, or was not sent"))


def _import_file(engine: Engine, file: Path, summary: Summary, aside: set[str]) -> None:
    name = str(file)
    try:
        if _is_mbox(file):
            for number, message in messages_of_mbox(file):
                if message is not None:
                    import_octets(engine, f"{name}, message {number}", message, summary, aside)
                elif len(summary.unreadable) < MAX_TOLD:
                    summary.unreadable.append((f"{name}, message {number}", f"larger than {MAX_PACKED} octets"))
            return
        data = read_octets(file, MAX_PACKED)
    except TooLarge as error:
        digest, octets = _measured(file)
        _put_aside(engine, name, octets, str(error), None, digest, summary)
        aside.add(digest)
        return
    except FileNotFoundError:
        summary.files -= 1  # moved meanwhile: whoever reads the mailbox has done that, and it comes next time
        return
    except (UnreadableFile, OSError) as error:
        if len(summary.unreadable) < MAX_TOLD:
            summary.unreadable.append((name, str(error)))
        return
    import_octets(engine, name, data, summary, aside)


def _is_mbox(file: Path) -> bool:
    """Whether a file is a mailbox in one file, which may be of any size (RFC 4155)."""
    if not _is_regular(file):
        return False
    try:
        with file.open("rb") as stream:
            return stream.read(len(_SEPARATOR)) == _SEPARATOR
    except OSError:
        return False


_SEPARATOR = b"From "


def messages_of_mbox(file: Path) -> Iterator[tuple[int, bytes | None]]:
    """The messages of a mailbox in one file, each with its number; None for one that is too large. Raises OSError."""
    number, message, follows_empty_line = 1, bytearray(), False
    with file.open("rb") as stream:
        while line := stream.readline(MAX_PACKED):
            if follows_empty_line and line.startswith(_SEPARATOR):
                yield number, bytes(message) if len(message) <= MAX_PACKED else None
                number, message = number + 1, bytearray()
            if len(message) <= MAX_PACKED:
                message += line
            follows_empty_line = line in (b"\n", b"\r\n")
    yield number, bytes(message) if len(message) <= MAX_PACKED else None


def import_octets(engine: Engine, name: str, data: bytes, summary: Summary, aside: set[str]) -> None:
    """Import one file, or a message of a mailbox. ``aside`` are the digests of what is kept aside."""
    digest = hashlib.sha256(data).hexdigest()
    try:
        contents = read_reports(data)
    except NoReport as error:
        if _is_mail(data):
            summary.other_mail += 1
            return
        contents = Contents(broken=(str(error),))
    except UnreadableReport as error:
        contents = Contents(broken=(str(error),))
    for report, container in contents.reports:
        if _keep(engine, report, name, container, data):
            kind = _kind(report)
            summary.new[kind] = summary.new.get(kind, 0) + 1
            summary.rows += len(report.rows) if isinstance(report, AggregateReport) else 0
        else:
            summary.there += 1
    if contents.broken:
        _put_aside(engine, name, len(data), "; ".join(contents.broken), data, digest, summary)
        aside.add(digest)
    elif digest in aside:
        take_back(engine, digest)
        aside.discard(digest)


def _is_mail(data: bytes) -> bool:
    try:
        return bool(parts_of_mail(data))
    except UnreadableReport:
        return False


def _keep(engine: Engine, report: Report, file: str, container: str, data: bytes) -> bool:
    if isinstance(report, AggregateReport):
        return keep_aggregate(engine, report, file, container)
    if isinstance(report, FailureReport):
        return keep_failure(engine, report, file, data)
    return keep_tls(engine, report, file, container)


def _kind(report: Report) -> str:
    if isinstance(report, AggregateReport):
        return "DMARC"
    return "failure" if isinstance(report, FailureReport) else "TLS"


def _put_aside(
    engine: Engine, name: str, octets: int, reason: str, data: bytes | None, digest: str, summary: Summary
) -> None:
    keep_aside(engine, name, octets, reason, data, digest)
    summary.all_aside += 1
    if len(summary.aside) < MAX_TOLD:
        summary.aside.append((name, reason))


def _measured(file: Path) -> tuple[str, int]:
    """The digest of a file that is too large to read, and its size."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return digest, os.fstat(stream.fileno()).st_size
