"""Files as targets: what the inventory names as evidence, on disk and without any network."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from mailproof.captures import COPIED, LEADS_NOWHERE, Capture, read_capture
from mailproof.documents import UnreadableDocument
from mailproof.inventory.values import domain_name
from mailproof.net.errors import NotObserved, Unreadable, UnreadableConfiguration
from mailproof.targets.base import Target, Undiscovered
from mailproof.targets.discovery import Search, finder
from mailproof.targets.mail import MailHost


@dataclass(frozen=True)
class ConfigurationFile:
    """One file of a configuration."""

    path: str
    name: str
    """As reports call it: relative to the inventory."""
    command: str = ""
    """The command whose output it holds, if that is known; empty as well for a file that a capture has copied."""
    status: int = 0
    """The exit status of the command that wrote it. Where it is not 0, what stands in the file is an error message."""


@dataclass(frozen=True)
class Configuration(Target):
    """What a program on a host says of its configuration: ``postfix@mx1.example.org``."""

    program: str
    host: str
    files: tuple[ConfigurationFile, ...] = ()
    named: str = ""
    """The file or directory that the inventory names."""
    dangling: tuple[ConfigurationFile, ...] = ()
    """Files that were links to what is not there when a capture was taken."""

    @property
    def id(self) -> str:
        return f"{self.program}@{self.host}"

    @property
    def mail_host(self) -> str:
        return self.host

    @property
    def entries(self) -> tuple[str, ...]:
        return (self.named, self.host, *self.domains)


@finder(Configuration, after=(MailHost,))
async def find_configurations(search: Search) -> None:
    """The configurations that the inventory names, and those in its captures; several files of one are one."""
    found: dict[tuple[str, str], list[tuple[ConfigurationFile, str]]] = {}
    for entry in search.inventory.configurations:
        file = ConfigurationFile(str(entry.file), search.named(entry.file))
        found.setdefault((_program(entry.program), entry.host), []).append((file, str(entry.file)))
    for directory in search.inventory.captures:
        try:
            capture = await asyncio.to_thread(read_capture, directory)
            host = _host(capture)
        except UnreadableDocument as error:
            name = f"capture {search.named(directory)}"
            failure = UnreadableConfiguration(str(error))
            search.targets.add(Undiscovered.because(failure, Configuration, name))
            continue
        for output in capture.outputs:
            path = directory / output.file
            command = "" if output.command.startswith(COPIED) else output.command
            file = ConfigurationFile(str(path), search.named(path), command, output.status)
            found.setdefault((_program(output.program), host), []).append((file, str(directory)))
    hosts = {host.name: host for host in search.targets.found(MailHost)}
    for (program, host), files in found.items():
        domains = hosts[host].domains if host in hosts else ()
        dangling = tuple(file for file, _ in files if not file.command and file.status == LEADS_NOWHERE)
        there = tuple(file for file, _ in files if file not in dangling)
        search.targets.add(Configuration(program, host, there, files[0][1], dangling, domains=domains))


def _host(capture: Capture) -> str:
    """The host of a capture as the inventory would write it. Raises UnreadableDocument where it cannot be judged."""
    if not capture.outputs:
        raise UnreadableDocument(f"the capture of {capture.host} holds no output of any command")
    try:
        return domain_name(capture.host)
    except ValueError as error:
        raise UnreadableDocument(f"the host of the capture: {error}") from None


def _program(name: str) -> str:
    """What a program is called; Debian calls Exim otherwise."""
    return {"exim4": "exim"}.get(name, name)


@dataclass(frozen=True)
class EvidenceFile(Target):
    """A file that others wrote, and that the inventory names, alone or with its directory."""

    path: str
    name: str
    """As reports call it: relative to the inventory."""
    named: str
    """The file or directory that the inventory names."""

    @property
    def id(self) -> str:
        return self.name

    @property
    def entries(self) -> tuple[str, ...]:
        return (self.named,)


@dataclass(frozen=True)
class ReportFile(EvidenceFile):
    """A file of reports of receivers, or what holds many of them."""


@dataclass(frozen=True)
class ReportMailbox(ReportFile):
    """A mailbox of reports that is read by IMAP; its path is the URL."""


@dataclass(frozen=True)
class ReportDatabase(ReportFile):
    """What `mailproof reports import` wrote; its path is the file, or the URL."""


@dataclass(frozen=True)
class MessageFile(EvidenceFile):
    """A message that was received."""


@dataclass(frozen=True)
class LogFile(EvidenceFile):
    """A log of a mail server."""


@finder(EvidenceFile)
async def find_evidence(search: Search) -> None:
    """The files that the inventory names, and in directories those that look like what they should be."""
    inventory = search.inventory
    for source in inventory.reports:
        if source.path is not None:
            await _find(search, ReportFile, [source.path], (".xml", ".json", ".gz", ".zip", ".eml"))
        elif source.maildir is not None:
            await _find_in_maildir(search, source.maildir)
        else:
            kind = ReportMailbox if source.imaps is not None else ReportDatabase
            name = search.named(source.file) if source.file is not None else source.key
            search.targets.add(kind(source.key, name, source.key, active=inventory.active))
    await _find(search, MessageFile, inventory.messages, (".eml",))
    await _find(search, LogFile, inventory.logs, ())


async def _find_in_maildir(search: Search, maildir: Path) -> None:
    """The messages of a Maildir and of its folders, which lie in directories ``new`` and ``cur``."""
    try:
        paths = [path for path in await search.files.below(maildir, ()) if path.parent.name in ("new", "cur")]
        if not (maildir / "cur").is_dir():
            raise NotObserved(f"{search.named(maildir)} is no Maildir: it has no directory cur")
    except NotObserved as failure:
        _miss(search, ReportFile, maildir, failure)
        return
    for path in paths:
        search.targets.add(ReportFile(str(path), search.named(path), str(maildir), active=search.inventory.active))


async def _find(search: Search, kind: type[EvidenceFile], named: list[Path], suffixes: tuple[str, ...]) -> None:
    for entry in named:
        try:
            paths = await search.files.below(entry, suffixes)
        except NotObserved as failure:
            _miss(search, kind, entry, failure)
            continue
        if not paths:
            nothing = NotObserved(f"no file below {search.named(entry)} ends in {', '.join(suffixes) or 'anything'}")
            _miss(search, kind, entry, nothing)
        for path in paths:
            search.targets.add(kind(str(path), search.named(path), str(entry), active=search.inventory.active))


def _miss(search: Search, kind: type[EvidenceFile], named: Path, failure: NotObserved) -> None:
    """Note that nothing can be read there. Of reports one control tells it, as of a file that cannot be read."""
    if issubclass(kind, ReportFile):
        failure = Unreadable(failure.reason, failure.evidence)
    search.targets.add(Undiscovered.because(failure, kind, search.named(named)))
