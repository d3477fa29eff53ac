"""Our verdicts on signed zones are those of BIND's validator and of Unbound, but for differences that are named."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import dns.rdatatype
import pytest

from mailproof.net.dnssec.chain import Chains
from mailproof.net.dnssec.keys import Supported
from mailproof.net.dnssec.trust import Status
from tests.real.dnssec_validators import ANCHOR, by_delv, by_unbound, serving
from tests.real.lab.namespaces import LabError
from tests.real.lab.requirements import program
from tests.unit import test_dnssec_chains as chains
from tests.unit.dnssec_world import AT, EXAMPLE, NSEC3Parameters, World, key, name, world
from tests.unit.test_dnssec_denial import DENIED, KINDS, TEXT

DS: Any = EXAMPLE.ds("example.org.")
MX = ("mx.example.org.", "A")
OPTED_OUT = NSEC3Parameters(opt_out=True)

Case = tuple[Callable[[], World], str, str]


def spoiled(spoil: Callable[[World], None]) -> Callable[[], World]:
    def make() -> World:
        zones = world()
        spoil(zones)
        return zones

    return make


CASES: dict[str, Case] = {
    **{
        f"{kind}: {label}": (partial(world, TEXT, nsec3=nsec3), *question)
        for kind, nsec3 in KINDS.items()
        for label, question in {
            **DENIED,
            "a wildcard": ("any.wild.example.org.", "TXT"),
            "a wildcard for two labels": ("a.b.wild.example.org.", "TXT"),
            "below an unsigned delegation": ("mx.sub.example.org.", "A"),
        }.items()
    },
    **{
        f"opt-out: {owner} {type}": (partial(world, TEXT, nsec3=OPTED_OUT), owner, type)
        for owner, type in (MX, ("mx.example.org.", "AAAA"), ("nothing.example.org.", "A"), ("sub.example.org.", "DS"))
    },
    **{
        f"{spoil.__name__}": (spoiled(spoil), *MX)
        for spoil in (
            chains.expired,
            chains.not_yet_valid,
            chains.keys_expired,
            chains.unsigned_address,
            chains.unsigned_ds,
            chains.another_address,
            chains.signed_by_a_stranger,
            chains.without_keys,
        )
    },
    **{
        f"DS: {label}": (partial(world, ds=ds), *MX)
        for label, ds in {
            "another digest": [DS.replace(digest=bytes(32))],
            "another tag": [DS.replace(key_tag=(DS.key_tag + 1) % 65536)],
            "another algorithm": [DS.replace(algorithm=15)],
            "an unknown algorithm": [DS.replace(algorithm=99)],
            "an unknown digest": [DS.replace(digest_type=99)],
            "one of two": [DS, DS.replace(digest=bytes(32))],
            "SHA-1": [EXAMPLE.ds("example.org.", 1)],
            "SHA-1 beside a wrong SHA-256": [EXAMPLE.ds("example.org.", 1), DS.replace(digest=bytes(32))],
            "SHA-384": [EXAMPLE.ds("example.org.", 4)],
            "none": [],
        }.items()
    },
    **{f"algorithm {number}": (partial(world, signer=key(number)), *MX) for number in (5, 7, 8, 10, 13, 14, 15, 16)},
    **{
        f"an unsigned delegation, opt-out {opt_out}": (
            partial(world, ds=[], org_nsec3=NSEC3Parameters(opt_out=opt_out)),
            *MX,
        )
        for opt_out in (False, True)
    },
    "a revoked key": (partial(world, signer=EXAMPLE.flagged(257 | 0x80)), *MX),
    "no zone key": (partial(world, signer=EXAMPLE.flagged(1)), *MX),
    "expired, with 151 iterations": (chains.expired_beside_iterations, *MX),
    "50 iterations": (partial(world, TEXT, nsec3=NSEC3Parameters(iterations=50)), "nothing.example.org.", "A"),
    "51 iterations": (partial(world, TEXT, nsec3=NSEC3Parameters(iterations=51)), "nothing.example.org.", "A"),
    "151 iterations": (partial(world, TEXT, nsec3=NSEC3Parameters(iterations=151)), "nothing.example.org.", "A"),
}

OTHERWISE: dict[tuple[str, str], Status] = {
    # RFC 5155, section 9.2: no AD bit where the proof is by opt-out; delv does not show that.
    ("delv", "opt-out: nothing.example.org. A"): Status.SECURE,
    ("delv", "opt-out: sub.example.org. DS"): Status.SECURE,
    # RFC 4509, section 3, is a SHOULD that Unbound leaves to its option harden-algo-downgrade.
    ("unbound", "DS: SHA-1 beside a wrong SHA-256"): Status.SECURE,
    # RFC 5011, section 2.1: a revoked key is good for nothing but its own revocation.
    ("unbound", "a revoked key"): Status.SECURE,
    # Their bound is 150 (RFC 9276, section 3.2).
    ("delv", "51 iterations"): Status.SECURE,
    ("unbound", "51 iterations"): Status.SECURE,
}
"""Where a validator says something else than we do."""


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """Skips where a validator is not installed; where MAILPROOF_REQUIRE_LAB is set, as in CI, that is a failure."""
    try:
        for validator in ("delv", "unbound"):
            program(validator)
    except LabError as error:
        (pytest.fail if os.environ.get("MAILPROOF_REQUIRE_LAB") else pytest.skip)(str(error))


@pytest.mark.parametrize("validator", [by_delv, by_unbound], ids=["delv", "unbound"])
@pytest.mark.parametrize("case", CASES)
def test_others_say_the_same(case: str, validator: Callable[[int, Path, str, str], Status], tmp_path: Path) -> None:
    make, owner, type = CASES[case]
    zones = make()
    # Both still validate RSASHA1, which RFC 9905 forbids; so do we here.
    supported = Supported(algorithms=Supported().algorithms | {5, 7})
    judging = Chains(zones.fetch, AT, (ANCHOR,), supported)
    ours = asyncio.run(judging.judge(name(owner), dns.rdatatype.from_text(type))).status
    with serving(zones) as port:
        theirs = validator(port, tmp_path, owner, type)
    assert theirs == OTHERWISE.get((validator.__name__.removeprefix("by_"), case), ours)
