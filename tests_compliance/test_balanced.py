"""Several servers under one name: the addresses of a host, and the servers behind a balancer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby, pairwise

from mailproof.controls import MAY, SHOULD, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.net.errors import Refused, TimedOut
from mailproof.net.services import MX
from mailproof.observations.balanced import Face, HostFaces
from mailproof.references import rfc

FAMILY = Family("HOST", "The machines behind the mail", also=("EGRESS", "F2B", "MUNIN", "NUT", "VIP", "WHITELIST"))


@control("VIP-SAME", SHOULD, rfc(9325, "3.9"), rfc(5321, "4.3.1"), harm=Harm.READ)
def test_all_servers_of_a_name_are_alike(host_faces: HostFaces) -> None:
    """All addresses of a host, and all servers behind it, show the same name, keywords, TLS and issuer of certificates.

    The servers behind a balancer are those that the inventory names (`behind` of the host).

    Why: which of them a client meets is chance, and so is what it finds; the weakest is the one that counts.
    Fix: give all of them the same configuration and the same certificate.
    """
    faces = [face for face in host_faces.faces if face.unseen is None]
    by_port = {port: list(found) for port, found in groupby(faces, lambda face: face.port)}
    compared = {port: found for port, found in by_port.items() if len(found) > 1}
    if not compared:
        for face in host_faces.faces:
            if face.unseen is not None:
                failure = face.unseen.failure()
                if face.port in MX.ports and isinstance(failure, Refused | TimedOut):
                    leave_to("MX-PORT25-OPEN", f"{face.endpoint}: {failure.reason}")
                raise failure
        not_applicable("one address, and nothing behind it")
    for found in compared.values():
        if versions := _difference(found, lambda face: ", ".join(face.versions or ())):
            raise AssertionError(f"the versions of TLS differ: {versions}")
        for what, of in _SHOWN.items():
            if difference := _difference(found, of):
                finding(MAY, f"{what} differ: {difference}", why=_CHANCE)
        for one, other in pairwise(face for face in found if face.keys):
            if _have_nothing_in_common(one, other):
                who = "; ".join(f"{face.endpoint}: {', '.join(face.issuers or ())}" for face in (one, other))
                finding(MAY, f"keys and issuers of the certificates differ: {who}", why=_CHANCE)


def _have_nothing_in_common(one: Face, other: Face) -> bool:
    """Whether neither a key nor an issuer of their certificates is the same."""
    pairs = ((one.keys, other.keys), (one.issuers, other.issuers))
    return all(set(here or ()).isdisjoint(there or ()) for here, there in pairs)


_CHANCE = "which of them a client meets is chance, and so is what it finds."

_SHOWN: dict[str, Callable[[Face], str]] = {
    "the names in the greeting": lambda face: face.name or "",
    "the keywords of EHLO": lambda face: " ".join(face.keywords or ()),
    "the suites of TLS 1.2": lambda face: face.suite or "",
    "the groups of TLS 1.3": lambda face: face.group or "",
}


def _difference(faces: Iterable[Face], of: Callable[[Face], str]) -> str:
    """What is not the same, with one endpoint of each kind; what could not be seen differs from nothing."""
    shown: dict[str, str] = {}
    for face in faces:
        if said := of(face):
            shown.setdefault(said, face.endpoint)
    return "; ".join(f"{endpoint}: {said}" for said, endpoint in shown.items()) if len(shown) > 1 else ""
