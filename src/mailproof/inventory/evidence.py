"""The evidence that an inventory names: files that programs, reporters and servers left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from mailproof.inventory.parts import Part
from mailproof.inventory.values import DomainName, Mailbox

ProgramName = Literal[
    "postfix",
    "exim",
    "dovecot",
    "opensmtpd",
    "unbound",
    "bind",
    "fail2ban",
    "nut",
    "munin",
    "nftables",
    "iptables",
    "sockets",
    "nginx",
    "apache",
    "haproxy",
    "keepalived",
    "networkd",
    "networkmanager",
    "ifupdown",
    "netplan",
    "radvd",
    "ip",
    "squid",
    "tinyproxy",
    "nsd",
    "knot",
    "powerdns",
    "recursor",
    "white-list",
    "aliases",
    "sieve",
    "spamassassin",
    "rspamd",
]
"""Programs whose configuration can be read."""

FILES = ("captures", "messages", "logs", "private_keys", "broken_keys")
"""Keys of the inventory that name files, or directories of them."""

EvidenceFile = Annotated[Path, Field(strict=False)]


class ChainFile(Part):
    """A file of certificates as a server reads it, with what lies beside it. Of a private key only the public half is
    looked at."""

    file: EvidenceFile = Field(
        description="The certificates, in PEM: ssl_certificate, SSLCertificateFile, smtpd_tls_chain_files, ssl_cert, "
        "tls_certificate. Relative to this file."
    )
    program: Literal["nginx", "apache", "postfix", "dovecot", "exim"] = Field(description="The server that reads it.")
    private_key: EvidenceFile | None = Field(None, description="The file of the private key, where it is another one.")
    chain: EvidenceFile | None = Field(None, description="Apache: the file that SSLCertificateChainFile names.")
    version: str | None = Field(
        None,
        pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$",
        description="Of Apache: before 2.4.8 the chain is in a file of its own.",
    )

    @property
    def key(self) -> str:
        return f"{self.program} {self.file}"


class UserKeys(Part):
    """The keys of one mail address, published for others to encrypt to."""

    address: Mailbox = Field(description="The address, like alice@example.org.")
    publishes: Annotated[list[Literal["smimea", "openpgpkey", "wkd"]], Field(min_length=1)] = Field(
        description="Where its keys are: smimea and openpgpkey (in the DNS), wkd (a Web Key Directory)."
    )
    certificate: EvidenceFile | None = Field(
        None, description="The certificate of its owner in PEM, which SMIMEA has to match; relative to this file."
    )

    @property
    def key(self) -> str:
        return self.address


class Configuration(Part):
    """What a program on a host says of its configuration, in a file: the output of `postconf -n`, `exim -bP`,
    `doveconf -n` or `named-checkconf -p -x`, or unbound.conf itself. `mailproof capture HOST` collects such files;
    `captures` names what it wrote."""

    host: DomainName = Field(description="The host that the program runs on.")
    program: ProgramName = Field(
        description="The program, of which each file is an entry: postfix, exim, dovecot, opensmtpd; unbound, bind, "
        "nsd, knot, powerdns, recursor (of PowerDNS); fail2ban (jail.conf, jail.local), nut (upsmon.conf, "
        "upssched.conf, ups.conf), munin (munin.conf, the list of its histories); nftables, iptables, sockets (the "
        "output of `ss -H -ltn`); networkd, networkmanager (its keyfiles), ifupdown, netplan, radvd, ip (the output of "
        "`ip -j address` and `ip -6 -j route`); nginx, apache, haproxy, keepalived; squid, tinyproxy. white-list is a "
        "list of clients that Exim or Postfix never refuses, aliases a file of aliases, a virtual table or a .forward, "
        "sieve a Sieve script, spamassassin and rspamd files that name the DNS lists they ask."
    )
    file: EvidenceFile = Field(description="The file, relative to this one.")

    @property
    def key(self) -> str:
        return f"{self.program}@{self.host} {self.file}"
