"""DKIM keys in the DNS (RFC 6376). Selectors cannot be discovered: the inventory names them."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, SHOULD, Between, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.observations.dkim import DKIMKey, DKIMSubtree
from mailproof.observations.dmarc import DMARC
from mailproof.references import GOOGLE_SENDERS, INTERNET_NL, rfc
from mailproof.targets.mail import MailDomain

FAMILY = Family("DKIM", "DKIM keys")


@control("DKIM-SELECTOR", MUST, rfc(6376, "3.6.1"), rfc(6376, "3.6.2.2"), harm=Harm.REFUSED)
def test_selector_holds_one_key(dkim_key: DKIMKey) -> None:
    """Every DKIM selector in use resolves to exactly one valid key record.

    Why: signatures whose key cannot be found or read count as none.
    Fix: publish one TXT record v=DKIM1; k=...; p=... at the selector; take selectors out of use before revoking them.
    """
    name = f"{dkim_key.selector}._domainkey.{dkim_key.domain}"
    records = dkim_key.records
    if dkim_key.unregistered:
        leave_to("DANGLE-DKIM", f"nobody has registered {dkim_key.unregistered}")
    assert records, f"{name} has no TXT record ({dkim_key.answer.rcode})"
    assert len(records) == 1, f"{name} has {len(records)} TXT records; which of them is the key is undefined"
    record = records[0]
    assert not record.revoked, f"the key of {name} is revoked: p is empty"
    assert not record.errors, "\n".join(record.errors)
    if record.tolerated:
        finding(
            MAY,
            "\n".join(record.tolerated),
            why="the grammar of RFC 6376, section 3.2 does not admit it; verifiers accept it today.",
            fix="remove it.",
        )


@control(
    "DKIM-KEY-LENGTH",
    MUST,
    rfc(8301, "3.2"),
    rfc(8463, "4"),
    GOOGLE_SENDERS,
    allowed={"recommended_bits": Between(1024, 16384)},
    harm=Harm.REFUSED,
)
def test_key_is_long_enough(dkim_key: DKIMKey, *, recommended_bits: int = 2048) -> None:
    """RSA keys of DKIM have at least 1024 bits, and should have 2048.

    Why: verifiers must ignore shorter keys than 1024 bits, and 512 bits are factored in hours.
    Fix: make a new key of 2048 bits (or Ed25519 beside it), publish it under a new selector, then sign with it.
    """
    keys = [record for record in dkim_key.records if record.key_bits is not None]
    if not keys:
        leave_to("DKIM-SELECTOR", "no key can be read")
    for record in keys:
        if record.key_type != "rsa":
            continue
        bits = record.key_bits or 0
        assert bits >= 1024, f"the RSA key has {bits} bits, fewer than 1024"
        if bits < recommended_bits:
            finding(SHOULD, f"the RSA key has {bits} bits, fewer than {recommended_bits}")


@control("DKIM-SUBTREE", SHOULD, rfc(6376, "3.6.2.1"), rfc(8020, "2"), INTERNET_NL, harm=Harm.REFUSED)
def test_a_domain_that_sends_has_keys(dkim_subtree: DKIMSubtree, dmarc: DMARC, mail_domain: MailDomain) -> None:
    """A domain that sends mail has names below _domainkey, where its DKIM keys stand.

    Why: mail without a signature is refused by large receivers if there is much of it, and fails DMARC once forwarded.
    Fix: sign the mail, and publish the keys; name the selectors in the inventory, so that the keys are looked at.
    """
    if not mail_domain.sends:
        not_applicable("the domain sends no mail")
    if mail_domain.selectors:
        leave_to("DKIM-SELECTOR", "the inventory names selectors")
    if dmarc.organisational_domain != dmarc.domain:
        not_applicable(f"keys of {dmarc.organisational_domain} may sign for the domain")
    if not dmarc.domain_exists:
        leave_to("MX-EXISTS", "the domain does not exist")
    if dkim_subtree.is_hidden:
        not_applicable("a wildcard answers for every name; selectors in the inventory would tell of keys")
    if dkim_subtree.is_empty and dmarc.policy is not None and dmarc.policy.value == "reject":
        leave_to("DMARC-REJECT-NEEDS-DKIM", "the DMARC policy is reject")
    assert not dkim_subtree.is_empty, f"_domainkey.{dkim_subtree.domain} does not exist, nor anything below it"
