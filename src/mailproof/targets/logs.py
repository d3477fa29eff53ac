"""Logs of mail servers as one target: what is rotated into several files is one log."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder
from mailproof.targets.files import EvidenceFile, LogFile


@dataclass(frozen=True)
class MailLogs(Target):
    """The logs that one entry of the inventory names: ``logs/mx1 (logs)``."""

    name: str
    """As reports call it: relative to the inventory."""
    files: tuple[str, ...] = ()
    named: str = ""
    """The file or directory that the inventory names."""

    @property
    def id(self) -> str:
        return f"{self.name} (logs)"

    @property
    def entries(self) -> tuple[str, ...]:
        return (self.named,)


@finder(MailLogs, after=(EvidenceFile,))
async def find_mail_logs(search: Search) -> None:
    """An entry of ``logs`` with the files that were found there."""
    files: dict[str, list[str]] = {}
    for file in search.targets.found(LogFile):
        files.setdefault(file.named, []).append(file.path)
    for entry in search.inventory.logs:
        if found := files.get(str(entry)):
            search.targets.add(MailLogs(search.named(entry), tuple(found), str(entry)))
