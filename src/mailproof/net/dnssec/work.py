"""Bounds for the work that a stranger's zone can make: signatures, hashes and questions.

Zones can be built so that a validator tries every signature with every key (KeyTrap, CVE-2023-50387) or hashes every
name many thousand times (CVE-2023-50868).
"""

from __future__ import annotations

from dataclasses import dataclass

from dns.rdtypes.ANY.DNSKEY import DNSKEY

from mailproof.net.errors import BoundReached

TRIES = 16
"""Verifications for one RRset. A zone in the middle of a rollover needs two, or one for each algorithm and key."""

MAX_ITERATIONS = 50
"""NSEC3 iterations that are computed; a proof with more is insecure (RFC 9276, section 3.2).

Validators differ: some stop here, BIND 9.18 at 150. What one of them takes as insecure is not secure.
"""

_LARGE_KEY = 300
"""Octets of a public key: one of RSA 2048 is just below. Larger ones count more."""


@dataclass
class Work:
    """What may still be spent on one verdict. Each method raises BoundReached where nothing is left."""

    signatures: int = 400
    """Verifications with keys of usual size."""
    hashes: int = 4000
    """Computations of a digest: of a key for a DS record, or one iteration of NSEC3."""
    questions: int = 40
    """A name of eight labels needs about twelve; one of reverse DNS in IPv6 up to 37."""

    def verify(self, key: DNSKEY) -> None:
        """Spend one verification with ``key``."""
        self.signatures -= 1 + len(key.key) // _LARGE_KEY
        if self.signatures < 0:
            raise BoundReached("more signatures than are verified for one name")

    def hash(self, times: int = 1) -> None:
        """Spend ``times`` digests."""
        self.hashes -= times
        if self.hashes < 0:
            raise BoundReached("more hashes than are computed for one name")

    def ask(self) -> None:
        """Spend one question."""
        self.questions -= 1
        if self.questions < 0:
            raise BoundReached("more questions than are asked about one name")
