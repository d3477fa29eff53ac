"""The evidence that an inventory names: files that programs, reporters and servers left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from mailproof.inventory.parts import Part
from mailproof.inventory.values import DomainName

ProgramName = Literal["postfix", "exim", "dovecot", "unbound", "bind"]
"""Programs whose configuration can be read."""

FILES = ("captures", "reports", "messages", "logs", "private_keys", "broken_keys")
"""Keys of the inventory that name files, or directories of them."""

UNREAD = ("logs",)
"""Those whose files only house rules and extensions read so far."""

EvidenceFile = Annotated[Path, Field(strict=False)]


class Configuration(Part):
    """What a program on a host says of its configuration, in a file: the output of `postconf -n`, `exim -bP`,
    `doveconf -n` or `named-checkconf -p -x`, or unbound.conf itself. `mailproof capture HOST` collects such files;
    `captures` names what it wrote."""

    host: DomainName = Field(description="The host that the program runs on.")
    program: ProgramName = Field(description="The program: postfix, exim, dovecot, unbound or bind.")
    file: EvidenceFile = Field(description="The file, relative to this one.")

    @property
    def key(self) -> str:
        return f"{self.program}@{self.host} {self.file}"
