"""Path building for the certificates that a server sent (RFC 5280, section 6).

Pure functions. The CA/Browser Forum's rules are not applied: a private CA with plain certificates is as good
as its place in the trust store. Revocation is not looked at.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import AuthorityInformationAccessOID

from mailproof.net.pkix.certificates import Chain, fingerprint, load, reading
from mailproof.net.pkix.constraints import TooMany, violation
from mailproof.net.pkix.der import public_key_info
from mailproof.net.pkix.extensions import extension, why_unreadable
from mailproof.net.pkix.flaws import (
    Flaw,
    PathStatus,
    distinguished,
    flaws_of_issuer,
    flaws_of_server,
    is_ca,
    path_length,
    subject,
)
from mailproof.net.pkix.names import Canonical, canonical
from mailproof.net.pkix.policies import policy_flaw
from mailproof.net.pkix.signatures import Made, Signature, is_self_signed, key_identifiers_agree, signature

__all__ = ["PathResult", "PathStatus", "Roots", "trusted_roots", "verify"]

LONGEST = 100
"""Certificates of a chain that are looked at."""

SIGNATURES = 2500
"""Signatures that are verified for one chain; those by large keys count more."""

_LARGE_KEY = 300
"""Octets of a public key: one of RSA 2048 is just below."""

STEPS = 2000
"""Certificates that are put onto paths while a path without a flaw is looked for."""

FLAWED = 50
"""Paths that are compared where none is without a flaw."""


@dataclass(frozen=True)
class PathResult:
    """The end of path building. ``path`` are the subjects from the leaf up; ``detail`` names what is amiss:
    the missing issuer, the expired certificate, ... (empty when trusted).
    """

    status: PathStatus
    path: tuple[str, ...]
    detail: str = ""
    certificates: tuple[str, ...] = ()
    """SHA-256 of the certificates of the path, in its order."""
    root: str = ""
    """SHA-256 of the root that the path ends at, trusted or not; empty where none is there."""


class Roots:
    """A trust store: root certificates, found by subject."""

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self._by_subject: dict[Canonical, list[x509.Certificate]] = {}
        for certificate in certificates:
            self._by_subject.setdefault(canonical(certificate.subject), []).append(certificate)

    def named(self, name: Canonical) -> tuple[x509.Certificate, ...]:
        """The roots with this subject."""
        return tuple(self._by_subject.get(name, ()))

    def __contains__(self, certificate: x509.Certificate) -> bool:
        return certificate in self.named(canonical(certificate.subject))


@functools.cache
def trusted_roots(ca_file: Path | None = None) -> Roots:
    """Return the public roots (Mozilla's, as certifi ships them) and those of the PEM file ``ca_file``.

    Raises OSError and ValueError for a file that cannot be read or parsed: a mistake in the inventory.
    """
    with warnings.catch_warnings():
        # Some public roots are older than the rule that serial numbers are positive.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        certificates = x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())
        if ca_file is not None:
            certificates += x509.load_pem_x509_certificates(ca_file.read_bytes())
        return Roots(certificates)


def verify(chain: Chain, roots: Roots, at: datetime) -> PathResult:
    """Build a path from the certificates of ``chain``, in whatever order they were sent, to one of ``roots``.

    The names that the server goes by are not looked at, nor is the leaf's own validity; every CA certificate is judged
    at ``at`` (aware of its time zone). Where several paths lead to a root, the best one counts. The work is
    bounded, and a search that meets the bound says so (``GIVEN_UP``). Raises Malformed when a certificate does
    not parse.
    """
    pems = tuple(dict.fromkeys(chain.certificates))
    certificates = [load(pem) for pem in pems[:LONGEST]]
    with reading():
        result = _judge(certificates, roots, at.astimezone(UTC))
    if result.status in _INCOMPLETE and len(pems) > LONGEST:
        detail = f"the server sends {len(pems)} certificates, of which {LONGEST} were looked at"
        return PathResult(PathStatus.GIVEN_UP, result.path, detail, result.certificates)
    return result


_INCOMPLETE = (PathStatus.UNTRUSTED_ROOT, PathStatus.ISSUER_MISSING)


@dataclass(frozen=True, eq=False)
class _Node:
    """A certificate that may stand on a path; ``anchor``: it is in the trust store."""

    certificate: x509.Certificate
    anchor: bool
    sha256: str
    subject: Canonical
    issuer: Canonical
    key: bytes

    @property
    def self_issued(self) -> bool:
        return self.subject == self.issuer


_Path = tuple[_Node, ...]


class _GivenUp(Exception):
    """A bound is met. The text says which."""


def _judge(certificates: list[x509.Certificate], roots: Roots, at: datetime) -> PathResult:
    issuers = _Issuers(certificates, roots)
    leaf = issuers.node(certificates[0])
    try:
        distances = _distances(leaf, issuers, lambda _node, _issuer: True)
        if leaf not in distances:
            return _dead_end(leaf, issuers)
        return _best(leaf, distances, issuers, at)
    except _GivenUp as bound:
        return _result((leaf,), PathStatus.GIVEN_UP, str(bound))


class _Issuers:
    """Who issued what, among the certificates sent and the roots. Each signature is verified once."""

    def __init__(self, certificates: Iterable[x509.Certificate], roots: Roots) -> None:
        self._roots = roots
        self._nodes: dict[x509.Certificate, _Node] = {}
        self._sent: dict[Canonical, list[_Node]] = {}
        self._found: dict[_Node, dict[_Node, Signature]] = {}
        self._signatures: dict[tuple[_Node, bytes], Signature] = {}
        self._claimed: set[_Node] = set()
        self._spent = 0
        for certificate in certificates:
            node = self.node(certificate)
            named = self._sent.setdefault(node.subject, [])
            if node not in named:
                named.append(node)

    def node(self, certificate: x509.Certificate) -> _Node:
        """The node of ``certificate``, always the same one."""
        if certificate not in self._nodes:
            self._nodes[certificate] = _Node(
                certificate,
                certificate in self._roots,
                fingerprint(certificate),
                canonical(certificate.subject),
                canonical(certificate.issuer),
                public_key_info(certificate),
            )
        return self._nodes[certificate]

    def named(self, name: Canonical) -> list[_Node]:
        """The roots and the certificates sent that have this subject."""
        roots = [self.node(root) for root in self._roots.named(name)]
        return list(dict.fromkeys((*roots, *self._sent.get(name, ()))))

    def of(self, node: _Node) -> dict[_Node, Signature]:
        """Who may have issued ``node``, and what the signature is worth then. Trusted roots come first."""
        if node not in self._found:
            self._found[node] = self._search(node)
        return self._found[node]

    def are_claimed(self, node: _Node) -> bool:
        """Whether an issuer that fits by name and key identifier did not sign ``node``."""
        return node in self._claimed

    def _search(self, node: _Node) -> dict[_Node, Signature]:
        found: dict[_Node, Signature] = {}
        key: bytes | None = None
        candidates = [candidate for candidate in self.named(node.issuer) if candidate is not node]
        agree = {c: key_identifiers_agree(node.certificate, c.certificate) for c in candidates}
        for candidate in sorted(candidates, key=lambda candidate: not agree[candidate]):
            if key is not None and candidate.key != key:
                continue  # a signature has one maker
            made = self._signature(node, candidate)
            if made.made is Made.FALSE and agree[candidate]:
                self._claimed.add(node)
            if made.made is Made.FALSE or (made.made is Made.UNKNOWN and not agree[candidate]):
                continue
            found[candidate] = made
            if made.made is Made.RIGHT or made.made is Made.REFUSED:
                key = candidate.key
        return found

    def _signature(self, node: _Node, issuer: _Node) -> Signature:
        if (node, issuer.key) not in self._signatures:
            self._spent += 1 + len(issuer.key) // _LARGE_KEY
            if self._spent > SIGNATURES:
                raise _GivenUp("the certificates sent have too many possible issuers")
            self._signatures[node, issuer.key] = signature(node.certificate, issuer.certificate)
        return self._signatures[node, issuer.key]


def _distances(leaf: _Node, issuers: _Issuers, is_usable: Callable[[_Node, _Node], bool]) -> dict[_Node, int]:
    """The certificates from which a path leads to a trusted root, with the length of the shortest one.

    ``is_usable`` says whether a certificate and its issuer may follow each other.
    """
    issued: dict[_Node, list[_Node]] = {leaf: []}
    anchors: list[_Node] = []
    queue = deque([leaf])
    while queue:
        node = queue.popleft()
        if node.anchor:
            anchors.append(node)
            continue
        for issuer in issuers.of(node):
            if not is_usable(node, issuer):
                continue
            if issuer not in issued:
                issued[issuer] = []
                queue.append(issuer)
            issued[issuer].append(node)
    distances = dict.fromkeys(anchors, 0)
    queue = deque(anchors)
    while queue:
        node = queue.popleft()
        for below in issued[node]:
            if below not in distances:
                distances[below] = distances[node] + 1
                queue.append(below)
    return distances


def _best(leaf: _Node, distances: dict[_Node, int], issuers: _Issuers, at: datetime) -> PathResult:
    """A path without a flaw, if there is one; else the one with the fewest flaws among the shortest."""
    judge = _PathJudge(leaf, issuers, at)
    flawless = _distances(leaf, issuers, judge.is_usable)
    if leaf in flawless and not judge.server:
        for path in _paths(leaf, flawless, issuers):
            if not judge.flaws(path):
                return _result(path, PathStatus.TRUSTED)
    found: list[tuple[list[Flaw], _Path]] = []
    with contextlib.suppress(_GivenUp):  # the first path is there at once, and none is without a flaw
        for path in itertools.islice(_paths(leaf, distances, issuers), FLAWED):
            found.append((judge.flaws(path), path))
    if not found:
        raise _GivenUp("more names and name constraints than are compared")
    flaws, path = min(found, key=lambda one: len(one[0]))
    order = list(PathStatus)
    first, *more = sorted(dict.fromkeys(flaws), key=lambda flaw: order.index(flaw.status))
    detail = "; ".join((first.detail, *(f"{flaw.status}: {flaw.detail}" for flaw in more)))
    return _result(path, first.status, detail)


def _paths(leaf: _Node, distances: dict[_Node, int], issuers: _Issuers) -> Iterator[_Path]:
    """The paths to trusted roots, in which no CA stands twice; the first is a shortest one. Raises _GivenUp."""
    stack: list[_Path] = [(leaf,)]
    for _ in range(STEPS):
        if not stack:
            return
        path = stack.pop()
        last = path[-1]
        if last.anchor:
            yield path
            continue
        seen = {(node.subject, node.key) for node in path}
        onward = [n for n in issuers.of(last) if n in distances and (n.subject, n.key) not in seen]
        stack += [(*path, n) for n in sorted(onward, key=lambda n: distances[n], reverse=True)]
    raise _GivenUp(f"no path without a flaw in {STEPS} steps")


class _PathJudge:
    """Finds the flaws of paths. What holds for one certificate, or for a pair, is worked out once."""

    def __init__(self, leaf: _Node, issuers: _Issuers, at: datetime) -> None:
        self._issuers = issuers
        self._at = at
        self._leaf = leaf
        self.server = flaws_of_server(leaf.certificate)
        """What is wrong with the server's own certificate, on whatever path."""
        self._own: dict[_Node, list[Flaw]] = {}
        self._names: dict[tuple[_Node, _Node], str] = {}

    def is_usable(self, node: _Node, issuer: _Node) -> bool:
        """Whether ``issuer`` may stand above ``node`` in some path without a flaw."""
        return not (self._signature(node, issuer) or self._issuer(issuer) or self._name(issuer, (self._leaf,)))

    def flaws(self, path: _Path) -> list[Flaw]:
        """What is wrong with ``path``. Raises _GivenUp."""
        flaws = list(self.server)
        for position, node in enumerate(path[1:], 1):
            below = path[:position]
            flaws += (*self._signature(below[-1], node), *self._issuer(node), *self._length(node, below))
            flaws += self._name(node, below)
        return flaws + self._policy(path)

    def _policy(self, path: _Path) -> list[Flaw]:
        """The root is left out (RFC 5280, section 6.1). Of certificates that do not parse enough has been said."""
        below = path[:-1]
        if any(why_unreadable(node.certificate)[0] for node in below):
            return []
        why = policy_flaw([node.certificate for node in below], [node.self_issued for node in below])
        return [Flaw(PathStatus.POLICY, f"{subject(path[0].certificate)}: {why}")] if why else []

    def _length(self, issuer: _Node, below: _Path) -> list[Flaw]:
        """The server's own certificate and self-issued ones do not count (RFC 5280, section 4.2.1.9)."""
        length = path_length(issuer.certificate)
        if length is None or sum(not node.self_issued for node in below[1:]) <= length:
            return []
        return [Flaw(PathStatus.PATH_TOO_LONG, f"{subject(issuer.certificate)} allows {length} CAs below it")]

    def _signature(self, node: _Node, issuer: _Node) -> list[Flaw]:
        made = self._issuers.of(node)[issuer]
        if made.made is Made.RIGHT:
            return []
        status = PathStatus.REFUSED_SIGNATURE if made.made is Made.REFUSED else PathStatus.UNCHECKED
        return [Flaw(status, f"{subject(node.certificate)} is signed with {made.kind}")]

    def _issuer(self, node: _Node) -> list[Flaw]:
        if node not in self._own:
            self._own[node] = flaws_of_issuer(node.certificate, self._at, anchor=node.anchor)
        return self._own[node]

    def _name(self, issuer: _Node, below: _Path) -> list[Flaw]:
        """Names of self-issued certificates are free, but for the server's own (RFC 5280, section 6.1.4 b)."""
        constraints = extension(issuer.certificate, x509.NameConstraints)
        if constraints is None:
            return []
        for number, node in enumerate(below):
            if number and node.self_issued:
                continue
            if (issuer, node) not in self._names:
                try:
                    self._names[issuer, node] = violation(constraints, node.certificate)
                except TooMany as bound:
                    raise _GivenUp("more names and name constraints than are compared") from bound
            if self._names[issuer, node]:
                detail = f"{subject(issuer.certificate)}: {self._names[issuer, node]}"
                return [Flaw(PathStatus.NAME_NOT_ALLOWED, detail)]
        return []


def _dead_end(leaf: _Node, issuers: _Issuers) -> PathResult:
    """Why no path leads to a trusted root: the end of the path that gets nearest."""
    ends: list[PathResult] = []
    queue: deque[_Path] = deque([(leaf,)])
    seen = {leaf}
    while queue:
        path = queue.popleft()
        last = path[-1]
        onward = issuers.of(last)
        if is_self_signed(last.certificate):
            status = PathStatus.SELF_SIGNED if last is leaf else PathStatus.UNTRUSTED_ROOT
            ends.append(_result(path, status, subject(last.certificate), root=last.sha256))
            continue
        if not onward:
            ends.append(_result(path, _missing(last, leaf, issuers), distinguished(last.certificate.issuer)))
        for issuer in onward:
            if issuer not in seen:
                seen.add(issuer)
                queue.append((*path, issuer))
    order = list(PathStatus)
    circle = _result((leaf,), PathStatus.UNTRUSTED_ROOT, "the CA certificates sent sign each other, and no root them")
    return min(ends, key=lambda end: order.index(end.status), default=circle)


def _missing(last: _Node, leaf: _Node, issuers: _Issuers) -> PathStatus:
    """What it means that nobody issued ``last``.

    A root need not be sent (RFC 8446, section 4.4.2), so a CA whose issuer is missing stands below an unknown root;
    but an issuer of which its certificate says where it is to be had is a certificate that was forgotten.
    """
    if issuers.are_claimed(last):
        return PathStatus.BROKEN_SIGNATURE
    if last is leaf or not is_ca(last.certificate) or _says_where_its_issuer_is(last.certificate):
        return PathStatus.ISSUER_MISSING
    return PathStatus.UNTRUSTED_ROOT


def _says_where_its_issuer_is(certificate: x509.Certificate) -> bool:
    access = extension(certificate, x509.AuthorityInformationAccess) or ()
    return any(description.access_method == AuthorityInformationAccessOID.CA_ISSUERS for description in access)


def _result(path: _Path, status: PathStatus, detail: str = "", *, root: str = "") -> PathResult:
    last = path[-1]
    return PathResult(
        status,
        tuple(subject(node.certificate) for node in path),
        detail,
        tuple(node.sha256 for node in path),
        last.sha256 if last.anchor else root,
    )
