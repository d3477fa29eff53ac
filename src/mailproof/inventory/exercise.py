"""Mailboxes of ours that may receive test mail, and what `mailproof exercise` needs to send it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from mailproof.inventory.parts import Part
from mailproof.inventory.values import Address, DomainName, Mailbox, Port, Seconds, mailbox_url, unique, wrong

_ROUTE = re.compile(r"[%!]")
"""Some servers take them for the way to another domain (RFC 1123, section 5.2.16)."""


def _no_route(value: str) -> str:
    """Raises PydanticCustomError for a mailbox that a server may take for one elsewhere; quotes and blanks no
    ``Mailbox`` has.
    """
    if found := _ROUTE.search(value):
        raise wrong(
            f"{value} has {found[0]!r} before the @: some servers would send on to another domain what is sent to it, "
            "so name a mailbox without"
        )
    return value


LocalFile = Annotated[Path, Field(strict=False)]


class Incoming(Part):
    """A domain of ours, not the mailbox's, that test messages come from: its records are made for that."""

    test_domain: DomainName = Field(
        description="Names below it are the senders. `mailproof exercise INVENTORY --records` prints what to publish."
    )
    source: Annotated[list[Address], Field(min_length=1), AfterValidator(unique)] = Field(
        description="The addresses that this machine sends from, as others see them."
    )
    key: LocalFile = Field(
        Path("exercise.key"),
        description="The private DKIM key of the test domain (PEM, RSA); `--records` makes one. Relative to this file.",
    )
    bogus_domain: DomainName | None = Field(
        None, description="A domain of ours whose DNSSEC is broken on purpose; the key of the test domain is in it."
    )


class Submission(Part):
    """Where a user of the service hands in mail."""

    host: DomainName = Field(description="The host, like smtp.example.org; its certificate is verified.")
    port: Port = Field(465, description="465: TLS at once. Any other: STARTTLS.")
    user: str | None = Field(None, description="The name to log in with. Without it nobody logs in: a relay for hosts.")
    password: str | None = Field(None, description="The password: ${secret:NAME}.")
    sender: Mailbox | None = Field(None, description="The sender of the messages. Without it the mailbox itself.")


class Outgoing(Part):
    """A sink: an SMTP server of mailproof's own that takes what the service sends, at an address of ours."""

    sink_domain: DomainName = Field(
        description="Names below it are the recipients. `mailproof exercise FILE --records` prints what to publish."
    )
    listen: Address = Field(description="The address of this machine that the sink listens at.")
    port: Port = Field(25, description="The port that it listens at; others have to reach it as port 25.")
    address: Address | None = Field(None, description="Where others reach the sink, if that is not `listen`.")
    certificate: LocalFile | None = Field(
        None,
        description="Certificate chain of the sink (PEM). Without it a self-signed one is made. Relative to this file.",
    )
    key: LocalFile = Field(
        Path("sink.key"), description="Private key of the sink (PEM); `--records` makes one. Relative to this file."
    )
    sts: bool = Field(
        False,
        description="Whether https://mta-sts.sts.SINK_DOMAIN/ serves the policy that `--records` prints (MTA-STS).",
    )
    submission: Submission = Field(description="Where the messages are handed in.")


class OwnMailbox(Part):
    """A mailbox of a domain of the inventory that may receive test mail."""

    address: Annotated[Mailbox, AfterValidator(_no_route)] = Field(description="The mailbox, like probe@example.org.")
    exercise: bool = Field(
        False, description="Consent to send marked test messages to it, when `mailproof exercise` is run."
    )
    guess: bool = Field(
        False,
        description="Consent to say wrong passwords for it, and for a user that nobody is, at the submission servers "
        "of its domain: some forty, so that a rule against guessing may ban this machine or lock the account.",
    )
    maildir: LocalFile | None = Field(
        None, description="Its Maildir, if it lies on this machine. Relative to this file."
    )
    imaps: str | None = Field(
        None, description="Where it is read otherwise: imaps://USER@HOST or imaps://USER@HOST:PORT."
    )
    password: str | None = Field(None, min_length=1, description="The password for `imaps`: ${secret:NAME}.")
    quarantine: Annotated[list[str], AfterValidator(unique)] = Field(
        default=[], description="Folders for suspicious mail. Without any, every folder but the inbox counts as one."
    )
    authserv_ids: Annotated[list[DomainName], AfterValidator(unique)] = Field(
        default=[],
        description="Names that the receiver's own Authentication-Results begin with, if they lie below no domain of "
        "the inventory and are not the host that took the message.",
    )
    record: LocalFile | None = Field(
        None, description="What `mailproof exercise` writes. Without it exercised/ADDRESS.json, beside the inventory."
    )
    wait: Seconds = Field(900.0, description="How long the messages may take to arrive.")
    report_to: Mailbox | None = Field(
        None,
        description="Where the service is to send its reports about the test domains (DMARC, TLS reporting): "
        "`--records` tells how they are asked for. What comes there has to be saved among `reports`.",
    )
    takes_reports: bool = Field(
        False,
        description="Whether reports of receivers come to it (`rua` of a DMARC record): it gets one message more, an "
        "aggregate report of 10 MB about nobody.",
    )
    incoming: Incoming | None = Field(None, description="What it takes to test SPF, DKIM and DMARC of incoming mail.")
    outgoing: Outgoing | None = Field(None, description="What it takes to test outgoing mail.")

    @property
    def key(self) -> str:
        return self.address

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def record_file(self) -> Path:
        """The record, relative to the inventory."""
        return self.record or Path("exercised") / f"{self.address}.json"

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if (self.maildir is None) == (self.imaps is None):
            raise wrong(f"{self.address} needs either maildir or imaps, so that what arrives can be read")
        if self.imaps is not None:
            mailbox_url(self.imaps)
            if self.password is None:
                raise wrong(f"{self.address}: imaps needs a password, like ${{secret:NAME}}")
        return self

    @model_validator(mode="after")
    def _test_domains_are_others(self) -> Self:
        own = self.domain
        named = (
            (self.incoming.test_domain if self.incoming else "", "test_domain"),
            (self.outgoing.sink_domain if self.outgoing else "", "sink_domain"),
        )
        for name, key in named:
            if name and (own == name or own.endswith(f".{name}")):
                raise wrong(f"{key} {name} holds the mailbox itself; it must be another domain, made for tests")
        return self


def require_ours(mailboxes: Iterable[OwnMailbox], domains: Collection[str]) -> None:
    """Raises PydanticCustomError for a mailbox that is in none of ``domains``."""
    for mailbox in mailboxes:
        if mailbox.domain not in domains:
            raise wrong(f"{mailbox.address} is in no domain of the inventory: nobody else's mailbox gets test mail")
