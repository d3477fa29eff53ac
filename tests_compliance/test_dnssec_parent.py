"""DNSSEC: what a zone tells its parent to publish, by CDS and CDNSKEY records and by signals for bootstrapping."""

from __future__ import annotations

from collections.abc import Iterator

from mailproof.controls import MAY, MUST, Family, Harm, control, finding, not_applicable
from mailproof.observations.dnssec import DNSSEC
from mailproof.observations.signing import SignedServer, Signing
from mailproof.references import ZONEMASTER, rfc
from mailproof.tests_compliance.test_dnssec import require_keys, told

FAMILY = Family("SEC", "DNSSEC")


_UNSEEN = "what its parent makes of it"


@control("SEC-CDS", MUST, rfc(7344, "4"), rfc(7344, "4.1"), rfc(8078, "4"), ZONEMASTER, by_clock=True, harm=Harm.LOST)
def test_cds_records_are_right(dnssec: DNSSEC, signing: Signing) -> None:
    """CDS and CDNSKEY records say the same on all servers, are signed by a key of the chain, and lead to a key.

    Why: a parent that follows them turns the zone bogus, or does not follow them at all.
    Fix: let the signer publish both, made of the keys that are in the zone, and nothing by hand.
    """
    require_keys(dnssec, signing, _UNSEEN)
    servers = [server for server in signing.signed if server.cds or server.cdnskey]
    if not servers:
        not_applicable("there are no CDS or CDNSKEY records")
    chain = {one.tag for one in signing.ds if not one.flaw}
    faults = [f"{server.server}: {fault}" for server in servers for fault in _cds_faults(server, chain)]
    assert not faults, "; ".join(faults)
    if lone := [server.server for server in servers if not (server.cds and server.cdnskey)]:
        finding(MAY, f"only one of CDS and CDNSKEY is there: {told(lone)}; some parents read the other one")
    if len({(server.cds, server.cdnskey) for server in signing.signed}) > 1:
        finding(MAY, "the servers differ in CDS or CDNSKEY records")


def _cds_faults(server: SignedServer, chain: set[int]) -> Iterator[str]:
    """What is wrong with the CDS and CDNSKEY records of a server. ``chain`` are the keys that DS records lead to."""
    yield from (str(one) for one in server.sets if one.bogus and one.type in _CDS)
    for type in dict.fromkeys(kind for kind, _ in server.for_the_parent):
        signers = server.signers(type)
        if chain and not chain & signers:
            yield f"no key that a DS record names signs the {type} records, but {told(sorted(signers)) or 'none'}"
    if any(not one.algorithm for _, one in server.for_the_parent):
        yield from _deletion_faults(server)
    else:
        yield from _adoption_faults(server)


def _deletion_faults(server: SignedServer) -> Iterator[str]:
    """What is wrong where the parent is asked to remove the DS records (RFC 8078, section 4)."""
    if len(server.cds) > 1 or len(server.cdnskey) > 1:
        yield "the record that asks for deletion stands beside others"
    for kind, one in server.for_the_parent:
        if one.algorithm:
            yield f"{kind} is for key {one.tag}, while the other one asks for deletion"
        elif one.text != _DELETION[kind]:
            yield f"{kind} {one.text} asks for nothing: deletion is {_DELETION[kind]}"


def _adoption_faults(server: SignedServer) -> Iterator[str]:
    """What is wrong with records that the parent makes DS records of (RFC 7344, section 4.1)."""
    tags, keys = {one.tag for one in server.cds}, {one.tag for one in server.cdnskey}
    wanted = tags or keys
    yield from (f"CDS for key {one.tag}: {one.flaw}" for one in server.cds if one.flaw)
    if tags and keys and tags != keys:
        yield f"CDS is for the keys {told(sorted(tags))}, CDNSKEY for {told(sorted(keys))}"
    elif not (tags | keys) & {key.tag for key in server.keys if key.signs}:
        yield f"the keys {told(sorted(wanted))} are not in the zone: a parent that follows makes it bogus"
    elif not wanted & server.signers("DNSKEY"):
        yield f"the keys {told(sorted(wanted))} do not sign DNSKEY: a parent that follows makes the zone bogus"


_DELETION = {"CDS": "0 0 0 00", "CDNSKEY": "0 3 0 AA=="}
_CDS = ("CDS", "CDNSKEY")


@control("SEC-BOOTSTRAP", MUST, rfc(9615, "3"), rfc(9615, "4"), by_clock=True, harm=Harm.READ)
def test_signals_for_bootstrapping_are_right(dnssec: DNSSEC, signing: Signing) -> None:
    """What a zone without DS record signals below the names of its servers are its CDS and CDNSKEY records.

    Why: the parent makes the DS record of them; one signal that differs or is not secure, and it makes none.
    Fix: publish the zone's CDS and CDNSKEY records at _dsboot.ZONE._signal.SERVER in the signed zone of each server.
    """
    require_keys(dnssec, signing, _UNSEEN)
    if signing.ds or not signing.signals:
        not_applicable("the zone has a DS record, or signals no keys for one")
    insecure = [one for one in signing.signals if not one.secure]
    assert not insecure, "; ".join(str(one) for one in insecure)
    own = {f"{kind} {one.text}" for server in signing.signed for kind, one in server.for_the_parent}
    foreign = [text for text in signing.signalled if text.partition(" ")[2] not in own]
    assert not foreign, f"the zone has no such record: {'; '.join(foreign)}"
    missing = list(_unsignalled(signing, own))
    assert not missing, f"there is no signal at {'; '.join(missing)}"


def _unsignalled(signing: Signing, own: set[str]) -> Iterator[str]:
    """What of the zone's ``own`` records the name of a server does not signal, of the types that any of them does."""
    told = [text.split(" ", 2) for text in signing.signalled]
    types = {type for _, type, _ in told}
    wanted = sorted(one for one in own if one.partition(" ")[0] in types)
    for owner in signing.signallers:
        yield from (f"{owner} {one}" for one in wanted if f"{owner} {one}" not in signing.signalled)
