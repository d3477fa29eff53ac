"""DKIM keys in the DNS (RFC 6376). Selectors cannot be discovered: the inventory names them."""

from __future__ import annotations

from mailproof.controls import (
    MAY,
    MUST,
    SHOULD,
    Between,
    Family,
    Harm,
    control,
    fail,
    finding,
    leave_to,
    not_applicable,
)
from mailproof.criteria.broken_keys import MOST_BITS, PUBLISHED, REPEATED, is_biased, most_repeated, rsa_weakness
from mailproof.criteria.mail_providers import AS_OF
from mailproof.grammars.dkim import KeyRecord, parse_key_record
from mailproof.grammars.public_keys import RSAKey
from mailproof.net.dns.client import Answer
from mailproof.net.errors import NotAvailable, NotObserved, Unreadable
from mailproof.observations.dkim import DKIMKey, DKIMSubtree, DomainKeys, KeyAge, KeyCompany, ProviderKeys
from mailproof.observations.dmarc import DMARC
from mailproof.observations.key_use import KeyUse
from mailproof.observations.signing_keys import SigningKeyHalf
from mailproof.references import (
    BSI_TR_03182,
    GOOGLE_SENDERS,
    INTERNET_NL,
    M3AAWG_PARKED,
    Reference,
    cve,
    rfc,
)
from mailproof.targets.mail import MailDomain

FAMILY = Family("DKIM", "DKIM keys")


@control("DKIM-SELECTOR", MUST, rfc(6376, "3.6.1"), rfc(6376, "3.6.2.2"), harm=Harm.REFUSED)
def test_selector_holds_one_key(dkim_key: DKIMKey) -> None:
    """Every DKIM selector in use resolves to exactly one valid key record.

    Why: signatures whose key cannot be found or read count as none.
    Fix: publish one TXT record v=DKIM1; k=...; p=... at the selector; take selectors out of use before revoking them.
    """
    name = dkim_key.name
    records = dkim_key.records
    if dkim_key.unregistered:
        leave_to("DANGLE-DKIM", f"nobody has registered {dkim_key.unregistered}")
    assert records, f"{name} has no TXT record ({dkim_key.answer.rcode})"
    assert len(records) == 1, f"{name} has {len(records)} TXT records; which of them is the key is undefined"
    record = records[0]
    assert not record.revoked, f"the key of {name} is revoked: p is empty"
    assert not record.errors, "\n".join(record.errors)
    if record.no_key:
        leave_to("DKIM-KEY-VALID", "what stands in p is no key")
    if not _admits_sha256(record):
        leave_to("DKIM-HASH", "the record admits no hash that may be used")
    if not _is_for_mail(record):
        leave_to("DKIM-SERVICE", "the record is not for mail")
    if record.tolerated:
        finding(
            MAY,
            "\n".join(record.tolerated),
            why="the grammar of RFC 6376, section 3.2 does not admit it; verifiers accept it today.",
            fix="remove it.",
        )


def _admits_sha256(record: KeyRecord) -> bool:
    return not record.hashes or "sha256" in record.hashes


def _is_for_mail(record: KeyRecord) -> bool:
    return record.serves("email") or record.serves("tlsrpt")


def _require_record(dkim_key: DKIMKey) -> tuple[KeyRecord, ...]:
    """The records that have a key, or should."""
    found = tuple(record for record in dkim_key.records if record.get("p"))
    if not found:
        leave_to("DKIM-SELECTOR", "no record has a key")
    return found


def _require_keys(dkim_key: DKIMKey) -> tuple[KeyRecord, ...]:
    """The records whose key can be read."""
    _require_record(dkim_key)
    if not dkim_key.keys:
        leave_to("DKIM-KEY-VALID", "no key can be read")
    return dkim_key.keys


@control("DKIM-KEY-VALID", MUST, rfc(6376, "3.6.1"), rfc(8463, "4"), rfc(8017, "3.1"), harm=Harm.REFUSED)
def test_key_can_be_used(dkim_key: DKIMKey) -> None:
    """A DKIM key can be read, and its numbers are those of a key.

    Why: what cannot be read, or is no key, verifies no signature: the mail counts as unsigned.
    Fix: publish the public key as one piece of base64: of RSA what `openssl rsa -pubout -outform DER` gives, of
    Ed25519 the 32 octets alone.
    """
    for record in _require_record(dkim_key):
        if record.leaked:
            fail(
                record.no_key,
                why="who reads it signs mail in your name.",
                fix="revoke the selector at once, make a new key, and publish its public half under a new selector.",
            )
        if record.no_key and record.errors:
            leave_to("DKIM-SELECTOR", "the record breaks the grammar, and so the key cannot be read")
        assert not record.no_key, f"p: {record.no_key}"
        faults = record.key.faults() if record.key else ()
        assert not faults, "\n".join(faults)
    for record in dkim_key.keys:
        if isinstance(record.key, RSAKey) and record.key.exponent != 65537:
            finding(
                MAY,
                f"the exponent is {record.key.exponent}, and not 65537",
                why="small exponents forgive no mistake in the software that verifies; large ones are not read by all.",
                fix="make the next key with the exponent 65537, as all programs do by default.",
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
    """RSA keys of DKIM have at least 1024 bits and at most 16384, and should have 2048.

    Why: verifiers must ignore shorter keys than 1024 bits, and 512 bits are factored in hours.
    Fix: make a new key of 2048 bits (or Ed25519 beside it), publish it under a new selector, then sign with it.
    """
    for record in _require_keys(dkim_key):
        if not isinstance(record.key, RSAKey):
            continue
        bits = record.key.bits
        assert bits >= 1024, f"the RSA key has {bits} bits, fewer than 1024"
        assert bits <= MOST_BITS, f"the RSA key has {bits} bits, more than the {MOST_BITS} that OpenSSL reads"
        if bits < recommended_bits:
            finding(SHOULD, f"the RSA key has {bits} bits, fewer than {recommended_bits}")
        if bits > max(4096, recommended_bits):
            finding(
                MAY,
                f"the RSA key has {bits} bits, more than 4096",
                why="verifiers have to be able to use keys of up to 4096 bits, and no larger ones.",
                fix="make a key of 2048 to 4096 bits.",
            )


@control(
    "DKIM-KEY-WEAK",
    MUST,
    cve("2017-15361", "ROCA"),
    cve("2022-26320"),
    Reference("badkeys", "https://badkeys.info/"),
    rfc(6376, "8"),
    harm=Harm.ABUSED,
)
def test_key_is_not_broken(dkim_key: DKIMKey, key_company: KeyCompany) -> None:
    """No DKIM key is known to be broken: published with its private half, or made so badly that it can be factored.

    Why: anybody can sign mail in your name with it, and DMARC passes.
    Fix: make a new key with current software, publish it under a new selector, sign with it, and revoke this one.
    """
    for record in _require_keys(dkim_key):
        key = record.key
        if key is None or key.faults():
            leave_to("DKIM-KEY-VALID", "the numbers are not those of a key")
        if key.bits > MOST_BITS:
            leave_to("DKIM-KEY-LENGTH", f"the key has more than {MOST_BITS} bits")
        where = PUBLISHED.get(key.fingerprint)
        assert not where, f"the private half of the key stands in {where}"
        if isinstance(key, RSAKey):
            weakness = rsa_weakness(key.modulus, key.exponent)
            assert not weakness, weakness
            if is_biased(key.modulus):
                share = 100 * key.modulus.bit_count() // key.bits
                finding(SHOULD, f"{share} % of the modulus's bits are ones, which is no chance: the key is not random")
            if (times := most_repeated(key.modulus)) >= REPEATED:
                finding(SHOULD, f"four octets stand {times} times in the modulus, which is no chance: it is not random")
    assert not key_company.listed, f"the key is in the list of broken keys {key_company.listed}"
    assert not key_company.factor, "the modulus has a factor in common with another key of the inventory"
    if key_company.unread:
        raise NotObserved(f"{key_company.unread} is no list in the form of badkeys' blocklist.dat (broken_keys)")


M3AAWG_ROTATION = Reference("M3AAWG: DKIM key rotation, best common practices")


@control("DKIM-KEY-SHARED", SHOULD, M3AAWG_ROTATION, harm=Harm.ABUSED)
def test_key_is_not_shared(dkim_key: DKIMKey, key_company: KeyCompany) -> None:
    """No two owners of domains have one DKIM key; domains of one owner better have their own, too.

    Why: who has the key signs for all the domains, and it has to be changed at all of them at once.
    Fix: make a key for each domain, or let all selectors be aliases of one record.
    """
    _require_keys(dkim_key)
    theirs, ours = key_company.theirs, key_company.ours
    assert not theirs, f"the same key stands at {_some(theirs)}, and not only below {key_company.owner}"
    if ours:
        finding(MAY, f"the same key stands at {_some(ours)}")


@control(
    "DKIM-KEY-AGE",
    SHOULD,
    M3AAWG_ROTATION,
    BSI_TR_03182,
    by_clock=True,
    allowed={"days": Between(1, 3650)},
    harm=Harm.ABUSED,
)
def test_key_is_young(key_age: KeyAge, *, days: int = 184) -> None:
    """A DKIM key is replaced after half a year; the history of runs tells how old it is.

    Why: who has got hold of a key signs in your name for as long as it is published.
    Fix: make a new key, publish it under a new selector, sign with it, and revoke the old one some days later.
    """
    if not key_age.kept:
        not_applicable("the run has no history to tell the age by (--history FILE)")
    if not key_age.key:
        leave_to("DKIM-SELECTOR", "the selector has no key that can be read")
    assert key_age.days <= days, f"the key is there since {key_age.since} or longer: {key_age.days} days"
    if not key_age.is_known:
        not_applicable(f"the history has the key since {key_age.since}, and does not know how old it was then")


@control("DKIM-STALE", MAY, M3AAWG_ROTATION, allowed={"days": Between(1, 3650)}, harm=Harm.ABUSED)
def test_key_is_in_use(key_use: KeyUse, *, days: int = 30) -> None:
    """A selector with a key signs mail: the aggregate reports or the sample messages of the last 30 days name it.

    Why: a key that nobody uses any more is guarded by nobody, and whoever finds its private half signs in your name.
    Fix: revoke the key (an empty p=), and remove the record later. Of a key that is kept in reserve say so by a waiver.
    """
    if not key_use.has_key:
        not_applicable("the selector has no key, or a revoked one")
    if not key_use.reported and not key_use.unread:
        not_applicable("the inventory names no reports on the domain")
    if key_use.unseen is not None and key_use.unseen <= days:
        return
    if key_use.unread:
        raise Unreadable(f"not all reports and messages could be read: {key_use.unread}", key_use.evidence())
    if key_use.reported < days:
        raise NotAvailable(f"the reports are about {key_use.reported} days, of {days} that are wanted")
    last = f"for {key_use.unseen} days" if key_use.unseen is not None else f"in {key_use.reported} days"
    fail(f"no report until {key_use.until} and no message names {key_use.selector} {last}")


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{', '.join(names[:5])}{more}"


@control("DKIM-HASH", MUST, rfc(8301, "3.1"), rfc(6376, "3.6.1"), harm=Harm.REFUSED)
def test_key_admits_sha256(dkim_key: DKIMKey) -> None:
    """A DKIM key record that names hashes names sha256.

    Why: signatures with SHA-1 may not be used any more, and verifiers ignore hashes that they do not know.
    Fix: remove h= from the record, or write h=sha256.
    """
    for record in _require_record(dkim_key):
        assert _admits_sha256(record), f"h={record.get('h')} admits no hash that may be used"


@control(
    "DKIM-SERVICE",
    MUST,
    rfc(6376, "3.6.1"),
    rfc(8460, "3"),
    allowed={"reports": ("maybe", "wanted")},
    harm=Harm.REFUSED,
)
def test_key_admits_its_service(dkim_key: DKIMKey, *, reports: str = "maybe") -> None:
    """A DKIM key record that names services names email, or tlsrpt for the key of TLS reports.

    Why: verifiers of mail ignore a key that is not for mail; receivers of TLS reports may ignore one that is not for
    those.
    Fix: remove s= from the record, or write s=email, or s=email:tlsrpt where the key signs TLS reports as well.
    """
    for record in _require_record(dkim_key):
        assert _is_for_mail(record), f"s={record.get('s')} admits neither email nor tlsrpt"
        if reports == "wanted" and not record.serves("tlsrpt"):
            finding(SHOULD, f"s={record.get('s')} does not admit tlsrpt, and the inventory wants TLS reports signed")


@control("DKIM-TESTING", MAY, rfc(6376, "3.6.1"), harm=Harm.REFUSED)
def test_key_is_not_in_testing(dkim_key: DKIMKey) -> None:
    """No DKIM key in use is marked as being tested (t=y).

    Why: by the RFC, verifiers treat what is signed with it as unsigned mail; those that do not make the mark useless.
    Fix: remove y from t= when signatures verify.
    """
    for record in _require_record(dkim_key):
        assert "y" not in record.flags, f"t={record.get('t')}: the domain tests DKIM"


@control(
    "DKIM-DUAL",
    MAY,
    rfc(8301, "3.1"),
    rfc(8463, "5"),
    BSI_TR_03182,
    allowed={"algorithms": ("rsa", "ed25519")},
    harm=Harm.REFUSED,
)
def test_domain_has_keys_of_both_kinds(
    domain_keys: DomainKeys, mail_domain: MailDomain, *, algorithms: tuple[str, ...] = ("rsa", "ed25519")
) -> None:
    """A domain that sends mail has an RSA key and an Ed25519 key.

    Why: verifiers have to know both; signed with both, mail outlives the day on which one of them falls.
    Fix: make an Ed25519 key, publish it under a selector of its own, and sign with both keys.
    """
    if not mail_domain.sends:
        not_applicable("the domain sends no mail")
    if not mail_domain.selectors:
        not_applicable("the inventory names no selectors of the domain")
    found = domain_keys.algorithms()
    if not set(algorithms) <= found:
        domain_keys.require_all()
    if not found:
        leave_to("DKIM-SELECTOR", "no selector has a key that mail can be signed with")
    wanted = {*algorithms, "rsa"} - found
    if keyless := next((key for key in domain_keys.keys if _may_have_had(key, wanted)), None):
        if any(record.no_key and not record.errors for record in keyless.records):
            leave_to("DKIM-KEY-VALID", f"{keyless.name} has no key that can be read")
        leave_to("DKIM-SELECTOR", f"{keyless.name} has no key that can be read")
    if "rsa" not in found:
        finding(
            MUST,
            "no selector has an RSA key",
            why="signers have to sign with rsa-sha256 (RFC 8301, section 3.1): many verifiers know no Ed25519.",
            fix="make an RSA key of 2048 bits, publish it under a selector of its own, and sign with both keys.",
        )
    lacking = [kind for kind in algorithms if kind not in found]
    assert not lacking, f"no selector has a key of the type {', '.join(lacking)}"


def _may_have_had(key: DKIMKey, kinds: set[str]) -> bool:
    """Whether a selector has no key that can be read, and one of these kinds was perhaps meant to stand there."""
    return not key.keys and bool(kinds) and (not key.records or any(one.key_type in kinds for one in key.records))


@control("DKIM-PRIVATE-MATCH", MUST, rfc(6376, "3.6.1"), harm=Harm.REFUSED)
def test_private_key_belongs_to_the_record(signing_key_half: SigningKeyHalf) -> None:
    """The private key of a signer belongs to the key that its selector publishes.

    Why: signatures made with another key verify nowhere: the mail counts as unsigned, or as forged.
    Fix: publish the public half of the key that the signer has, or give the signer the key that was made with the
    record.
    """
    published = signing_key_half.published
    if published is None:
        not_applicable("the name of the file is that of no selector of the inventory")
    keys = [record.key for record in _require_keys(published) if record.key is not None]
    found = f"{signing_key_half.kind} {signing_key_half.fingerprint[:16]}"
    others = ", ".join(f"{record.key_type} {record.key.fingerprint[:16]}" for record in published.keys if record.key)
    belongs = any(key.fingerprint == signing_key_half.fingerprint for key in keys)
    assert belongs, (
        f"{signing_key_half.file} has the public half {found}..., and {published.name} publishes {others}..."
    )


@control("DKIM-PARKED-WILDCARD", MAY, M3AAWG_PARKED, harm=Harm.ABUSED)
def test_parked_domain_revokes_all_selectors(dkim_subtree: DKIMSubtree, dmarc: DMARC, mail_domain: MailDomain) -> None:
    """A domain that sends no mail revokes all DKIM selectors by a wildcard.

    Why: it tells receivers that no signature of the domain is right, also where an old key is still in their cache.
    Fix: publish `*._domainkey TXT "v=DKIM1; p="`.
    """
    if mail_domain.sends:
        not_applicable("the domain sends mail")
    if not dmarc.domain_exists:
        leave_to("MX-EXISTS", "the domain does not exist")
    if dkim_subtree.is_empty:
        finding(MAY, f"there is nothing at or below _domainkey.{dkim_subtree.domain}")
    below = dkim_subtree.below
    if below is None:
        raise NotObserved(f"whether there is a wildcard below _domainkey.{dkim_subtree.domain} could not be asked")
    records = [parse_key_record(record.text) for record in below.records]
    assert records, f"no wildcard stands below _domainkey.{dkim_subtree.domain}"
    wrong = [record.text for record in records if not record.revoked]
    assert not wrong, f"the wildcard below _domainkey.{dkim_subtree.domain} revokes nothing: {wrong[0]!r:.100}"


@control("DKIM-PROVIDER-ALIAS", MAY, Reference(f"Help pages of providers of mail, {AS_OF}"), harm=Harm.REFUSED)
def test_selectors_of_the_provider_are_there(provider_keys: ProviderKeys, mail_domain: MailDomain) -> None:
    """Where MX and SPF name a provider, the selectors that it prescribes are aliases of its keys.

    Why: the provider signs with a selector of its choice, and changes keys behind the aliases: where one is missing,
    mail is unsigned, at once or after the next change.
    Fix: publish the aliases as the provider's help page or console gives them.
    """
    if not mail_domain.sends:
        not_applicable("the domain sends no mail")
    if not provider_keys.provider:
        not_applicable("MX and SPF records name no provider that prescribes selectors")
    faults = {answer.name: fault for answer in provider_keys.answers if (fault := _alias_fault(answer, provider_keys))}
    named = {f"{selector}._domainkey.{mail_domain.name}" for selector in mail_domain.selectors}
    if faults and set(faults) <= named:
        leave_to("DKIM-SELECTOR", "the inventory names the selectors")
    assert not faults, f"{provider_keys.provider}: {'; '.join(faults.values())}"


def _alias_fault(answer: Answer, provider_keys: ProviderKeys) -> str:
    """What is wrong with a selector that a provider prescribes."""
    if not answer.aliases:
        return f"{answer.name} {'is no alias, so its key stays as it is' if answer.records else 'does not exist'}"
    end = answer.aliases[-1]
    if not answer.records:
        return f"{answer.name} leads to {end}, which has no key"
    if not any(f".{name}".endswith(f".{home}") for home in provider_keys.ends for name in answer.aliases):
        return f"{answer.name} leads to {end}, which is not the provider's"
    return ""


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
