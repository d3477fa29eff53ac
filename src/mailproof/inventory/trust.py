"""Whom an inventory believes: roots of certificates, trust anchors of the DNS, resolvers."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from mailproof.inventory.parts import Part
from mailproof.net.settings import DNSSECTrust


class Trust(Part):
    """Whom to believe."""

    ca_file: Path | None = Field(
        None, strict=False, description="PEM file of roots trusted besides the public ones, relative to this file."
    )
    public_roots: Path | None = Field(
        None,
        strict=False,
        description="PEM file of those roots in ca_file whose certificates are held to the rules for public CAs, as "
        "those of Mozilla's roots are; relative to this file.",
    )
    trust_anchors: Path | None = Field(
        None,
        strict=False,
        description="Trust anchors of the DNS root in place of IANA's, relative to this file: a root-anchors.xml "
        "(RFC 9718), or DS or DNSKEY records as in a master file.",
    )
    mark_authorities: Path | None = Field(
        None,
        strict=False,
        description="PEM file of the roots of authorities that vouch for BIMI logos (mark certificates), relative to "
        "this file.",
    )
    dnssec: DNSSECTrust = Field(
        DNSSECTrust.LOOPBACK,
        strict=False,
        description="Whose AD bit to believe where signatures do not get through to us: loopback (resolvers that are "
        "all on this machine), resolver (any), none.",
    )
