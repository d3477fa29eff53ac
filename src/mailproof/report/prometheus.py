"""Prometheus' text format, for the textfile collector of the node exporter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from mailproof.gate.document import RunDocument
from mailproof.gate.verdict import Verdict
from mailproof.report.escape import label

Sample = tuple[Mapping[str, str], float]

_GATE = "mailproof_gate_open"


def render(document: RunDocument) -> str:
    """The metrics of a result document, each a gauge with the inventory's name as a label."""
    return _render([({"inventory": document.inventory}, document)])


def render_all(documents: Mapping[str, RunDocument]) -> str:
    """The metrics of several results by their names, each once with the series of all.

    ``result`` tells two of one inventory apart, and ``scope`` what is not the whole of it as it is; of that it is not
    said whether the gate is open.
    """
    return _render(
        [
            ({"inventory": document.inventory, "result": name, "scope": document.scope}, document)
            for name, document in documents.items()
        ]
    )


def _render(given: Sequence[tuple[Mapping[str, str], RunDocument]]) -> str:
    return "".join(
        line
        for name, text, samples_of in (
            (_GATE, "Whether the gate is open (1) or stays closed (0).", _gate),
            ("mailproof_run_timestamp_seconds", "When the run began.", _began),
            ("mailproof_survey_timestamp_seconds", "When the servers were looked at.", _looked),
            ("mailproof_verdicts", "Verdicts by verdict, level and family of controls.", _verdicts),
            ("mailproof_finding", "A failed control, by control, target and level.", _findings),
        )
        for line in metric(
            name,
            text,
            (
                ({**own, **labels}, value)
                for own, document in given
                if name != _GATE or own.get("scope", "whole") == "whole"
                for labels, value in samples_of(document)
            ),
        )
    )


def metric(name: str, text: str, samples: Iterable[Sample]) -> Iterator[str]:
    """A gauge, each of its series once."""
    yield f"# HELP {name} {text}\n# TYPE {name} gauge\n"
    written = set()
    for labels, value in samples:
        shown = ",".join(f'{key}="{label(text)}"' for key, text in labels.items())
        # The collector refuses the whole file for one series that is there twice.
        if shown not in written:
            written.add(shown)
            yield f"{name}{{{shown}}} {value:.0f}\n"


def _gate(document: RunDocument) -> Iterator[Sample]:
    yield {}, document.decision.open


def _began(document: RunDocument) -> Iterator[Sample]:
    yield {}, datetime.fromisoformat(document.started_at).timestamp()


def _looked(document: RunDocument) -> Iterator[Sample]:
    yield {}, datetime.fromisoformat(document.surveyed_at).timestamp()


def _verdicts(document: RunDocument) -> Iterator[Sample]:
    """Every verdict for each family and level that judged, zeros too: a series that vanishes is no zero."""
    counts = Counter((result.family, result.level, result.verdict) for result in document.results)
    for family, level in sorted({(family, level) for family, level, _ in counts}):
        for verdict in Verdict:
            yield {"verdict": verdict, "level": level, "family": family}, counts[family, level, verdict]


def _findings(document: RunDocument) -> Iterator[Sample]:
    for result in document.results:
        if result.verdict is Verdict.FAIL:
            yield {"control": result.control, "target": result.target, "level": result.level}, 1
