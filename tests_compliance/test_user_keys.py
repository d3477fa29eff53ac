"""Keys of users, published for others to encrypt to."""

from __future__ import annotations

from datetime import UTC, datetime

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, not_applicable
from mailproof.grammars.openpgp import KeyRing, OpenPGPKey
from mailproof.net.dns.names import normalise
from mailproof.net.errors import NotAvailable
from mailproof.observations.user_keys import SMIMEA, OpenPGPKeyRecords, WebKeys
from mailproof.references import Reference, rfc

FAMILY = Family("KEY", "Keys of users")

WKD = Reference(
    "draft-koch-openpgp-webkey-service", "https://datatracker.ietf.org/doc/draft-koch-openpgp-webkey-service/"
)
_NOT_SIGNED = "who can forge an answer of the DNS can put a key of his own in its place"


@control("KEY-SMIMEA", MUST, rfc(8162, "2"), rfc(8162, "3"), harm=Harm.READ)
def test_smimea_records_can_be_used(smimea: SMIMEA) -> None:
    """The SMIMEA records of an address exist, are secure, can be read, and match the certificate of its owner.

    Why: programs pass over others, and mail to the address is not encrypted.
    Fix: publish a record for the present certificate, and sign the zone.
    """
    if smimea.answer is None:
        not_applicable("the inventory names no SMIMEA records for the address")
    assert smimea.records, f"no SMIMEA record at {smimea.answer.name}"
    assert smimea.secure, f"{smimea.answer.name} is not secure: {_NOT_SIGNED} (RFC 8162, section 3)"
    for record in smimea.records:
        assert record.known, f"{record.parameters}: no registered usage, selector and matching type"
        assert not record.malformed, f"{record.parameters}: {record.malformed}"
    if smimea.matching is not None and not smimea.matching:
        fail("no record matches the certificate that the inventory names", fix="publish a record for it.")


@control("KEY-OPENPGPKEY", MUST, rfc(7929, "2.1"), rfc(7929, "5"), by_clock=True, harm=Harm.READ)
def test_openpgpkey_records_can_be_used(openpgpkey: OpenPGPKeyRecords) -> None:
    """The OPENPGPKEY records of an address exist, are secure, and hold a key that can be read.

    Why: programs pass over others, and mail to the address is not encrypted.
    Fix: publish the key without armour (gpg --export-options export-dane), and sign the zone.
    """
    if openpgpkey.answer is None:
        not_applicable("the inventory names no OPENPGPKEY records for the address")
    assert openpgpkey.rings, f"no OPENPGPKEY record at {openpgpkey.answer.name}"
    assert openpgpkey.secure, f"{openpgpkey.answer.name} is not secure: {_NOT_SIGNED} (RFC 7929, section 5)"
    for ring in openpgpkey.rings:
        assert not ring.error, f"the key cannot be read: {ring.error}"
    if told := _out_of_date(openpgpkey.rings, openpgpkey.at):
        finding(
            MAY, told, why="nobody can encrypt to a key that has expired or was revoked.", fix="publish a newer key."
        )


@control("KEY-WKD", SHOULD, WKD, by_clock=True, harm=Harm.READ)
def test_web_key_directory_has_the_key(web_keys: WebKeys) -> None:
    """The Web Key Directory gives a key for the address that is in date and has the address among its user ids.

    Why: mail programs look for keys there; without one, or with one that has expired, they do not encrypt.
    Fix: put the key without armour (gpg --export) where the address hashes to (gpg --with-wkd-hash -k).
    """
    if not web_keys.wanted:
        not_applicable("the inventory names no Web Key Directory for the address")
    assert not web_keys.fault, f"{web_keys.url}: {web_keys.fault}"
    if 300 <= web_keys.status < 400 or web_keys.status >= 500 or web_keys.status == 429:
        raise NotAvailable(f"{web_keys.url} answers with the status {web_keys.status}", web_keys.evidence())
    assert web_keys.status == 200, f"{web_keys.url} answers with the status {web_keys.status}"
    ring = web_keys.ring or KeyRing((), "it is empty")
    assert not ring.error, f"the key cannot be read: {ring.error}"
    ids = ", ".join(name for key in ring.keys for name in key.user_ids)
    own = tuple(key for key in ring.keys if any(_is_of(name, web_keys.address) for name in key.user_ids))
    assert own, f"no user id has the address: {ids[:300] or 'there is none'}"
    if told := _out_of_date((KeyRing(own),), web_keys.at):
        fail(told, fix="publish a newer key, or extend this one.")


def _is_of(user_id: str, address: str) -> bool:
    """Whether a user id has this address: alone, or behind a name in angle brackets (RFC 9580, section 5.11)."""
    _, bracket, rest = user_id.rpartition("<")
    return _compared(rest.partition(">")[0] if bracket else user_id) == _compared(address)


def _compared(address: str) -> tuple[str, str]:
    """An address as it is compared: in small letters, its domain in A-labels."""
    local, _, domain = address.strip().lower().rpartition("@")
    try:
        return local, normalise(domain)
    except ValueError:
        return local, domain


def _out_of_date(rings: tuple[KeyRing, ...], at: int) -> str:
    """Why none of the keys can be used any more; empty where one can."""
    keys = [key for ring in rings for key in ring.keys]
    if not keys or any(not key.revoked and (key.ends is None or key.ends > at) for key in keys):
        return ""
    return "; ".join(dict.fromkeys(map(_end, keys)))[:300]


def _end(key: OpenPGPKey) -> str:
    """What ended a key."""
    if key.revoked:
        return "the key was revoked"
    if key.ends == key.expires:
        return f"the key expired on {_day(key.expires or 0)}"
    if not key.encrypts_until:
        return "the subkeys for encryption were revoked"
    return f"the last subkey for encryption expired on {_day(key.encrypts_until)}"


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
