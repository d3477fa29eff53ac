"""DANE: what TLSA records must look like to outlast the next certificate (RFC 7671, RFC 7672)."""

from __future__ import annotations

from itertools import combinations

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
from mailproof.criteria.rotating_issuers import ROTATING
from mailproof.observations.dane import DANE, TLSA, KeysOfHost, TLSARecord, records_of
from mailproof.observations.service_dane import ServiceDANE
from mailproof.references import INTERNET_NL, LETS_ENCRYPT, rfc

FAMILY = Family("DANE", "DANE for SMTP")

_WRONG = "take the record from the certificate itself, by a program; mind the length that the matching type has"


@control("DANE-DIGEST-FORM", SHOULD, rfc(6698, "2.1.3"), rfc(7672, "3.1"), harm=Harm.READ)
def test_tlsa_records_are_well_formed(tlsa: TLSA) -> None:
    """The data of each TLSA record is what its selector and matching type say: a digest of the right length, or a
    key; whole certificates are not published.

    Why: senders pass over a record that they cannot read, and with no other record they authenticate nobody.
    Fix: take the record from the certificate itself, by a program; mind the length that the matching type has.
    """
    _require_records(tlsa)
    wrong = [f"{record}: {record.malformed}" for record in tlsa.records if record.malformed]
    if wrong:
        kept = tuple(record for record in tlsa.records if not record.malformed)
        usable = any(record.usable for record in kept)
        fail("; ".join(wrong), remedy=tlsa.replaced_by(kept) if usable else None)
    whole = [record for record in tlsa.records if (record.selector, record.matching) == (0, 0)]
    if whole:
        finding(
            MAY,
            f"a whole certificate is published ({len(whole[0].data) // 2} octets)",
            why="such answers do not fit into small packets, and the record changes with every certificate.",
            fix='publish the digest of the key instead ("3 1 1", or "2 1 1" of the issuer).',
        )


@control("DANE-ROLLOVER", MAY, rfc(7671, "8.1"), rfc(7671, "8.4"), INTERNET_NL, harm=Harm.LOST)
def test_tlsa_records_are_ready_for_the_next_key(tlsa: TLSA) -> None:
    """The next key has its TLSA record already, or the issuer has one: two records of usage 3 that differ in their data
    alone, or one of usage 3 and one of usage 2.

    Why: if the key has to be changed at once, mail is deferred until the new record has reached all resolvers.
    Fix: make the next key now and publish its "3 1 1" record beside the present one; or publish "2 1 1" of the issuer.
    """
    _require_records(tlsa)
    usable = tuple(record for record in tlsa.records if record.usable)
    if not usable:
        leave_to("DANE-MATCH", "none of the TLSA records is usable")
    published = "; ".join(map(str, usable))
    assert any(_one_follows(*pair) for pair in combinations(usable, 2)), f"nothing stands ready beside {published}"


def _one_follows(one: TLSARecord, other: TLSARecord) -> bool:
    if {one.usage, other.usage} == {2, 3}:
        return True
    return one.usage == other.usage == 3 and one.parameters == other.parameters and one.data != other.data


@control("DANE-PARAM-COMPLETE", SHOULD, rfc(7671, "8.1"), rfc(7671, "8.4"), harm=Harm.LOST)
def test_each_kind_of_tlsa_record_matches(dane: DANE) -> None:
    """For each combination of usage, selector and matching type among the TLSA records, one record matches every
    certificate that the server sends.

    Why: a sender need not look at all kinds of records; one that looks at the kind without a match does not deliver.
    Fix: publish each key, and each issuer, in all the combinations in use; or remove the kind that lags behind.
    """
    _require_match(dane)
    usable = [record for record in dane.tlsa.records if record.usable]
    kinds = dict.fromkeys(record.parameters for record in usable)
    for match in dane.chains:
        found = {text.rpartition(" ")[0] for text in (*match.matching, *match.passed_over)}
        missing = [kind for kind in kinds if kind not in found]
        if missing:
            fail(
                f"no {' and no '.join(missing)} record matches the {match.chain.leaf.key_type} certificate "
                f"{match.chain.leaf.subject}; {match.matching[0]} does"
            )


@control("DANE-NO-LEFTOVER", MAY, rfc(7671, "8.1"), allowed={"days": Between(0, 3650)}, harm=Harm.READ)
def test_no_record_of_a_retired_key_is_left(keys_of_host: KeysOfHost, *, days: int = 14) -> None:
    """No TLSA record names a key that the host stopped to use more than 14 days ago, as far as the history knows.

    Why: whoever gets the old key, from a disk or a backup that nobody guards any more, may pose as the server.
    Fix: remove the record; to go back to that key is what a key of its own, made in time, is for.
    """
    if not keys_of_host.tlsa.records:
        not_applicable("there is no TLSA record")
    if not keys_of_host.kept:
        not_applicable("the run has no history to compare with (--history FILE)")
    if not keys_of_host.in_use:
        not_applicable("the host shows no certificate")
    old = {record: when for record, when, age in keys_of_host.retired if age > days}
    if old:
        kept = tuple(record for record in keys_of_host.tlsa.records if record not in old)
        told = "; ".join(f"{record}, last seen in use on {when[:10]}" for record, when in old.items())
        shared = bool(keys_of_host.tlsa.answer.aliases)  # another host may use the key
        fail(told, remedy=None if shared else keys_of_host.tlsa.replaced_by(kept))


@control("DANE-CNAME", MAY, rfc(7672, "2.2.3"), harm=Harm.LOST)
def test_an_alias_has_the_records_of_its_target(tlsa: TLSA) -> None:
    """Where an MX host is an alias, TLSA records at its own name are those at the name that it stands for.

    Why: senders look at the target's records and pass over the alias's, which then go stale unnoticed.
    Fix: remove the records at the alias, or make that name an alias of the target's; let the MX name the target.
    """
    _require_records(tlsa)
    if not tlsa.addresses.aliases:
        not_applicable("the host is no alias")
    if tlsa.at_alias is None or not tlsa.at_alias.records:
        not_applicable(f"only {tlsa.base} has TLSA records")
    differing = set(records_of(tlsa.at_alias)) ^ set(tlsa.records)
    assert not differing, f"_25._tcp.{tlsa.host} and _25._tcp.{tlsa.base} have different TLSA records: " + "; ".join(
        sorted(map(str, differing))
    )


@control("DANE-TA-ROTATION", MAY, LETS_ENCRYPT, rfc(7671, "5.2"), harm=Harm.LOST)
def test_no_rotating_issuer_is_pinned(dane: DANE) -> None:
    """No TLSA record of usage 2 names an intermediate that its public CA replaces at will.

    Why: the next certificate may come from another intermediate, and then no mail from senders with DANE arrives.
    Fix: publish "3 1 1" of the server's own key, and keep the key when the certificate is renewed; or name the root.
    """
    _require_match(dane)
    pinned = [
        f"{record} names {issuer.subject}"
        for match in dane.chains
        for issuer in match.chain.facts[1:]
        if ROTATING.fullmatch(issuer.subject)
        for record in dane.tlsa.records
        if record.usage == 2 and record.data in (issuer.sha256, issuer.spki_sha256)
    ]
    if not any(record.usage == 2 for record in dane.tlsa.records):
        not_applicable("no TLSA record has usage 2")
    assert not pinned, "; ".join(dict.fromkeys(pinned))


@control("DANE-SRV", MUST, rfc(7673, "3"), rfc(7673, "4"), harm=Harm.LOST)
def test_tlsa_records_of_mail_stores_match(service_dane: ServiceDANE) -> None:
    """Where a host for users (submission, IMAP, POP3) has TLSA records for its port, secured by DNSSEC, one of them
    matches every certificate that it sends.

    Why: programs that do DANE do not connect to a server that does not match: users cannot get or send mail.
    Fix: publish the record of the new key two TTLs before the certificate changes; or remove the records.
    """
    if service_dane.is_mx:
        not_applicable("records for port 25 are judged by DANE-MATCH")
    if not service_dane.records:
        not_applicable("there is no TLSA record")
    if not service_dane.secure:
        not_applicable("the TLSA records or the addresses are not secured by DNSSEC: programs ignore them")
    if not any(record.known and not record.malformed for record in service_dane.records):
        finding(SHOULD, f"no TLSA record can be used: {'; '.join(map(str, service_dane.records))}", fix=_WRONG)
    for match in service_dane.chains:
        leaf = match.chain.leaf
        said = f": {'; '.join(match.remarks)}" if match.remarks else ""
        assert match.matching, f"no TLSA record matches the {leaf.key_type} certificate {leaf.subject}{said}"


def _require_records(tlsa: TLSA) -> None:
    if not tlsa.records:
        not_applicable("there is no TLSA record")
    if not tlsa.applies:
        leave_to("DANE-EXISTS", "the TLSA records are not secured by DNSSEC")


def _require_match(dane: DANE) -> None:
    _require_records(dane.tlsa)
    if not any(record.usable for record in dane.tlsa.records):
        leave_to("DANE-MATCH", "none of the TLSA records is usable")
    if not dane.tls_offered or dane.tls_failure:
        leave_to("DANE-MATCH", "the server does not do TLS")
    if not all(match.matching for match in dane.chains):
        leave_to("DANE-MATCH", "no TLSA record matches")
