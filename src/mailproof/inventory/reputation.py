"""What others say of the inventory's names and addresses: blocklists, registries, and what may be asked of them."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mailproof.inventory.parts import Part
from mailproof.inventory.values import DomainName, FileOrURL, domain_name, unique, wrong


def _network(value: str) -> str:
    """An address or a network. Raises ValueError for anything else."""
    try:
        return str(ip_network(value))
    except ValueError as error:
        raise wrong(f"{value!r} is neither an address nor a network, like 127.0.0.10/31 ({error})") from None


Network = Annotated[str, AfterValidator(_network)]


def _partner(value: str) -> str:
    """A domain, an address or a network. Raises ValueError for anything else."""
    try:
        return str(ip_network(value))
    except ValueError:
        return domain_name(value)


Partner = Annotated[str, AfterValidator(_partner)]


class Blocklist(Part):
    """A DNS list of addresses or domains (RFC 5782). A plain name stands for a list whose zone is its name."""

    name: str = Field(description="Shown in reports, like zen.", pattern=r"^[A-Za-z0-9._-]+$")
    zone: DomainName | None = Field(
        None, description="The zone to ask. May hold a key of the list: ${secret:NAME} is never shown."
    )
    errors: list[Network] = Field(
        default=["127.255.255.0/24"],
        description="Answers (addresses or networks) that mean that the list refused the question.",
    )
    families: Annotated[list[Literal["ipv4", "ipv6", "domain"]], AfterValidator(unique)] = Field(
        default=["ipv4"], min_length=1, description="What the list knows: ipv4, ipv6, domain."
    )
    codes: dict[Network, str] = Field(
        default={},
        description="What answers mean, by address or network, like {127.0.0.2: SBL}. With any, other answers are not "
        "taken for listings.",
    )
    expected: bool = Field(
        False, description="The list is one of good senders (DNSWL): addresses must be listed, and are welcome there."
    )

    @property
    def key(self) -> str:
        return self.name

    @property
    def asked(self) -> str:
        """The zone that is asked."""
        return self.zone or self.name


class Registration(Part):
    """Whether registries are asked about the inventory's domains and sending addresses (RDAP, RFC 9083)."""

    rdap: bool = Field(
        False,
        description="Ask them: once for each registered domain of the inventory and for each sending address. "
        "Registries limit how much they are asked, so that a run asks them only where the inventory says so.",
    )
    bootstrap: list[FileOrURL] = Field(
        default=[],
        description="Bootstrap files (RFC 9224), or their https URLs, that say which registry has what; they are "
        "looked at before the one that comes with mailproof.",
    )
