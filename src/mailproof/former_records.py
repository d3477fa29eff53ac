"""Records of earlier releases: observations that have become part of others, told in today's terms.

Each question about TLS was a probe of its own once; today they are one observation, ``tls_offers``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mailproof.net.errors import NotObserved, NotRecorded
from mailproof.net.settings import TLSDepth
from mailproof.net.tls.facts import Handshake, Unanswered
from mailproof.net.tls.offers import Offers
from mailproof.net.tls.suites import WeakKind
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations import Observation
from mailproof.observations.tls import TLSOffers
from mailproof.probes.probe import Outcome

_VERSIONS = {
    "ssl_2": (TLSVersion.SSLV2,),
    "ssl_3": (TLSVersion.SSLV3,),
    "tls_1_0_and_1_1": (TLSVersion.TLS1_0, TLSVersion.TLS1_1),
    "tls_1_2_and_1_3": (TLSVersion.TLS1_2, TLSVersion.TLS1_3),
}
_SUITES = {"rc4": WeakKind.RC4, "triple_des": WeakKind.TRIPLE_DES}

TODAY = "tls_offers"
"""The observation that the former ones are part of."""


@dataclass(frozen=True)
class Handshakes(Observation):
    """Offers of some versions or suites to an endpoint: what a former probe saw."""

    endpoint: str
    tls_offered: bool
    handshakes: tuple[Handshake, ...]
    no_version: bool = False
    by_smtp: bool = True

    def evidence(self) -> tuple[str, ...]:
        return ()


FORMER = frozenset((*_VERSIONS, *_SUITES))
"""Names of probes that are no more. What they saw is a ``Handshakes``."""


def todays(former: Mapping[tuple[str, str], Outcome]) -> dict[tuple[str, str], Outcome]:
    """What former probes saw, by probe and target, as outcomes of ``tls_offers``."""
    by_target: dict[str, dict[str, Outcome]] = {}
    for (probe, target), outcome in former.items():
        by_target.setdefault(target, {})[probe] = outcome
    return {(TODAY, target): _one_of(outcomes) for target, outcomes in by_target.items()}


def _one_of(outcomes: Mapping[str, Outcome]) -> Outcome:
    seen = {probe: outcome for probe, outcome in outcomes.items() if isinstance(outcome, Handshakes)}
    if not seen:
        return next(iter(outcomes.values()))  # all failed, or the inventory did not want them
    first = next(iter(seen.values()))
    if not first.tls_offered:
        return TLSOffers(first.endpoint, first.by_smtp, None)
    versions = {h.version: h for probe in _VERSIONS if probe in seen for h in seen[probe].handshakes}
    weak = [h for probe in _SUITES if probe in seen for h in seen[probe].handshakes]
    offers = Offers(
        depth=TLSDepth.USUAL,
        connections=0,
        versions=tuple(versions[version] for version in TLSVersion if version in versions),
        unanswered=tuple(_unanswered(outcomes)),
        weak=tuple(weak) if _SUITES.keys() & seen.keys() else None,
    )
    return TLSOffers(first.endpoint, first.by_smtp, offers)


def _unanswered(outcomes: Mapping[str, Outcome]) -> Iterable[Unanswered]:
    for probe, outcome in outcomes.items():
        if isinstance(outcome, NotObserved):
            for question in _VERSIONS.get(probe) or (_SUITES[probe],):
                yield Unanswered(question, outcome.kind, outcome.reason, outcome.evidence)
    for probe in _SUITES.keys() - outcomes.keys():
        yield Unanswered(_SUITES[probe], NotRecorded.kind, f"{_SUITES[probe]} is not in the record; survey again")
