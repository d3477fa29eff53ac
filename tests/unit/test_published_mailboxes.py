"""Where the mailboxes that are published come from."""

from __future__ import annotations

import dns.name
import pytest

from mailproof.grammars.uris import mailbox_of
from mailproof.observations.published_mailboxes import PublishedAddresses
from mailproof.probes.published_mailboxes import responsible, wanted
from mailproof.targets.mail import MailDomain


@pytest.mark.parametrize(
    ("name", "mailbox"),
    [
        ("hostmaster.example.org.", "hostmaster@example.org"),
        ("Host.Example.ORG.", "host@example.org"),
        (r"first\.last.example.org.", "first.last@example.org"),
        ("a+b.example.org.", "a+b@example.org"),
        ("a#b.example.org.", "a#b@example.org"),
        (r"a\013\010b.example.org.", ""),
        (r"a\@b.example.org.", ""),
        ("nobody.", ""),
        (".", ""),
    ],
)
def test_the_first_label_of_a_responsible_name_is_the_local_part(name: str, mailbox: str) -> None:
    assert mailbox_of(responsible(dns.name.from_text(name))) == mailbox


def test_mailboxes_of_the_inventory_are_the_same_in_capitals() -> None:
    domain = MailDomain("example.org", roles=("Postmaster", "Security"))
    assert list(wanted(domain, PublishedAddresses(()))) == ["security@example.org"]
