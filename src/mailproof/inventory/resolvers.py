"""The resolvers of the mail hosts, and the names that show what a resolver does, as an inventory gives them."""

from __future__ import annotations

from pydantic import Field

from mailproof.inventory.parts import Part
from mailproof.inventory.values import DomainName, ResolverAddress


class ResolverUnderTest(Part):
    """A resolver that mail hosts use. A plain address stands for an entry with nothing but `address`."""

    address: ResolverAddress = Field(description="Its address, with a port where that is not 53.")
    host: DomainName | None = Field(None, description="Its name, which its certificate must have (dot).")
    outside: bool = Field(
        False, description="This machine is none of those that the resolver is there for: it must refuse to serve it."
    )
    dot: bool = Field(False, description="Whether it speaks DNS over TLS (port 853, RFC 7858) as well.")

    @property
    def key(self) -> str:
        return self.address


class Canaries(Part):
    """Names that show what a resolver does."""

    bogus: DomainName | None = Field(
        "dnssec-failed.org", description="A name with an address whose signatures are broken, on purpose and for good."
    )
    ipv6_only: DomainName | None = Field(
        None, description="A name with an address in a zone whose servers have IPv6 addresses only."
    )
    sentinel: DomainName | None = Field(
        None, description="A signed name below which the names of the root key sentinel (RFC 8509) have addresses."
    )
    failing: DomainName | None = Field(
        None, description="A name in a zone whose servers never answer: it shows whether failures are remembered."
    )
