"""Where reports of receivers are: files, a Maildir, a mailbox that is read by IMAP, or a database."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from mailproof.inventory.evidence import EvidenceFile
from mailproof.inventory.parts import Part
from mailproof.inventory.values import mailbox_url, wrong

_URL = re.compile(r"[a-z][a-z0-9+]*://")
_WITH_PASSWORD = re.compile(r"[a-z][a-z0-9+]*://[^/@]*:[^/@]*@")


class ReportSource(Part):
    """One place that holds reports."""

    path: EvidenceFile | None = Field(None, description="A file, or a directory of them. Relative to this file.")
    maildir: EvidenceFile | None = Field(None, description="A Maildir on this machine. Relative to this file.")
    imaps: str | None = Field(
        None, description="A folder that is read by IMAP over TLS, and not changed: imaps://USER@HOST/FOLDER."
    )
    database: str | None = Field(
        None,
        description="What `mailproof reports import` wrote: an SQLite file, relative to this file, or "
        "postgresql+psycopg://USER@HOST/DATABASE.",
    )
    password: str | None = Field(None, min_length=1, description="For `imaps`, or a database: ${secret:NAME}.")

    @property
    def key(self) -> str:
        return str(self.file or self.imaps or self.database)

    @property
    def file(self) -> Path | None:
        """What lies on this machine: a file or a directory; None where it does not."""
        if self.database is not None and not self.is_remote_database:
            return Path(self.database)
        return self.path or self.maildir

    @property
    def is_remote_database(self) -> bool:
        return self.database is not None and bool(_URL.match(self.database))

    def at(self, file: Path) -> ReportSource:
        """The same source, with the file as it was found."""
        kept: Any = str(file) if self.database is not None else file
        name = "database" if self.database is not None else "maildir" if self.maildir is not None else "path"
        return self.model_copy(update={name: kept})

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        named = [name for name in ("path", "maildir", "imaps", "database") if getattr(self, name) is not None]
        if len(named) != 1:
            raise wrong("a source of reports is one of path, maildir, imaps and database")
        if self.imaps is not None:
            mailbox_url(self.imaps)
            if self.password is None:
                raise wrong(f"{self.imaps} needs a password: {{imaps: {self.imaps}, password: '${{secret:NAME}}'}}")
        elif self.password is not None and not self.is_remote_database:
            raise wrong(f"{named[0]} takes no password")
        if self.database is not None and _WITH_PASSWORD.match(self.database):
            raise wrong("the URL of a database holds no password here: `password: ${secret:NAME}` is its key")
        return self


def _shorthand(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    for word, key in (("maildir:", "maildir"), ("sqlite:", "database"), ("imaps://", "imaps")):
        if value.startswith(word):
            return {key: value if key == "imaps" else value.removeprefix(word)}
    return {"database" if _URL.match(value) else "path": value}


AnyReportSource = Annotated[ReportSource, BeforeValidator(_shorthand, json_schema_input_type=str | ReportSource)]
"""A text stands for a source without a password: PATH, maildir:PATH, sqlite:FILE, or the URL of a database."""
