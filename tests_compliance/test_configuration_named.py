"""Configuration files of name servers: what they tell and to whom."""

from __future__ import annotations

from mailproof.controls import MAY, SHOULD, Family, Harm, control, finding, not_applicable
from mailproof.net.errors import NoSettings, NotAvailable
from mailproof.observations.named import HostedZone, NamedScope, NamedSettings
from mailproof.references import BIND_ARM, CIS_BIND, rfc

FAMILY = Family("CFG", "Configuration files")

_TRANSFERS_CLOSED = (9, 20)
"""From this release on nobody may transfer a zone unless it is said who (BIND 9.20, release notes)."""


@control(
    "CFG-NAMED", SHOULD, rfc(5358, "4"), rfc(5936, "5"), BIND_ARM, CIS_BIND, explains=(NoSettings,), harm=Harm.ABUSED
)
def test_named_serves_whom_it_should(named_settings: NamedSettings) -> None:
    """The configuration of a name server lets no stranger look up names or copy zones, validates what it looks up,
    tells no version, and limits the rate of equal answers.

    That it validates and whom it serves is required; version and rate are advice, and only that it validates counts for
    one that hears its own machine alone. BIND, Unbound, NSD, Knot, PowerDNS
    and the PowerDNS Recursor are read, of the latter YAML (since 5.0) and the old form.

    Why: an open resolver and one without a limit of rates amplify attacks on others; a copied zone lists your hosts; a
    resolver that does not validate believes forged answers, and DANE is gone.
    Fix: allow-recursion { your networks; }, allow-transfer { your secondaries; }, dnssec-validation auto, version none,
    rate-limit { responses-per-second 10; } (BIND); access-control of your networks alone, hide-version: yes (Unbound);
    provide-xfr with a key (NSD); an acl with key and address (Knot); allow-axfr-ips, allow-from
    (PowerDNS); incoming.allow_from and dnssec.validation: process (recursor.yml).
    """
    if named_settings.program not in _CALLED:
        not_applicable(f"{named_settings.program} is no name server that is looked at")
    hears_others = not named_settings.hears_itself_alone
    for scope in named_settings.scopes:
        _check_scope(scope, named_settings.release, hears_others=hears_others)
    if named_settings.includes:
        says = "; name what named-checkconf -p -x says" if named_settings.program == "bind" else ": name it as well"
        why = f"{named_settings.includes[0]} is included and not read{says}"
        raise NotAvailable(why, named_settings.evidence())
    if not hears_others:
        return
    if named_settings.version is None:
        finding(MAY, f"version is not set: {_CALLED[named_settings.program]} tells its own to everybody who asks")
    if any(part[0].isdigit() and "." in part for part in named_settings.version.value.split()):
        version = named_settings.version
        finding(MAY, f"version {version.value}: a release is told to everybody who asks", at=version.place)
    for scope in named_settings.scopes:
        if not scope.recurses and scope.zones and scope.rate_limit is None:
            finding(MAY, f"{scope.name}: rate-limit is not set", at=scope.zones[0].place)


_CALLED = {
    "bind": "BIND",
    "unbound": "Unbound",
    "nsd": "NSD",
    "knot": "Knot",
    "powerdns": "PowerDNS",
    "recursor": "the Recursor",
}


def _check_scope(scope: NamedScope, release: str, *, hears_others: bool) -> None:
    clients = scope.recursive_clients
    if hears_others and scope.recurses and clients is not None and clients.everybody:
        may = "read what is in the cache" if scope.cache_alone else "ask for any name"
        finding(SHOULD, f"{scope.name}: {clients.name} {clients.text}: strangers may {may}", at=clients.place)
    if scope.recurses and not scope.validates and scope.validation is not None:
        validation = scope.validation
        finding(
            SHOULD, f"{scope.name}: {validation.name} {validation.value}: it does not validate", at=validation.place
        )
    for zone in scope.zones if hears_others else ():
        if why := _why_open(zone, release):
            finding(
                SHOULD,
                f"zone {zone.name}: {why}: strangers may copy it",
                at=zone.transfers.place if zone.transfers is not None else zone.place,
            )


def _why_open(zone: HostedZone, release: str) -> str:
    """Why strangers may transfer a zone; empty where they may not, or where the release decides and is not known."""
    if zone.transfers is not None:
        return f"{zone.transfers.name} {zone.transfers.text}" if zone.transfers.everybody else ""
    known = tuple(int(part) for part in release.split(".")[:2] if part.isdecimal())
    return f"allow-transfer is not set in BIND {release}" if known and known < _TRANSFERS_CLOSED else ""
