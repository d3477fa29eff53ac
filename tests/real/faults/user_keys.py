"""Faults of the keys of users."""

from __future__ import annotations

import hashlib

from tests.real.domains import Domain

NETWORK = 112

USER = "user"
_NAME = hashlib.sha256(USER.encode()).digest()[:28].hex()
SMIMEA, OPENPGPKEY = f"{_NAME}._smimecert SMIMEA", f"{_NAME}._openpgpkey OPENPGPKEY"
_KEY = "xioEZVPxABYAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""A public key of version 4 that nobody has, and that never expires."""

PUBLISHES = {
    "key-smimea": "smimea",
    "key-smimea-none": "smimea",
    "key-openpgpkey": "openpgpkey",
    "key-openpgpkey-cut": "openpgpkey",
    "key-wkd": "wkd",
}
"""Where the inventory says that the key of USER is, by the label of the domain."""

DOMAINS = (
    Domain(
        "key-smimea",
        "SMIMEA record with a digest that is cut off",
        records={SMIMEA: ("3 0 1 abababab",)},
        fail=("KEY-SMIMEA",),
    ),
    Domain("key-smimea-none", "no SMIMEA record", fail=("KEY-SMIMEA",)),
    Domain(
        "key-openpgpkey-cut",
        "OPENPGPKEY record that ends in the middle",
        records={OPENPGPKEY: (_KEY[:16],)},
        fail=("KEY-OPENPGPKEY",),
    ),
    Domain(
        "key-openpgpkey",
        "publishes a right OPENPGPKEY record: no fault",
        records={OPENPGPKEY: (_KEY,)},
        unjudged="no fault: the record is right",
    ),
    Domain("key-wkd", "no Web Key Directory", fail=("KEY-WKD",)),
)
