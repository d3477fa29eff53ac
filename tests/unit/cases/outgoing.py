"""What a service does with mail that goes out."""

from __future__ import annotations

from dataclasses import replace

from mailproof.exercises import Delivery, HandedIn
from mailproof.observations.exercises import Exercised

from .case import Case, Table, fails, leaves, passes, skips, undecided
from .incoming import NEVER, OLD, exercised

CASES = ("plain", "later", "lines", "dane", "dane-wrong", "sts")


def handed(case: str, code: int = 250, text: str = "2.0.0 Ok", **changes: object) -> HandedIn:
    return replace(HandedIn(case, f"sink@{case}.sink.example.net", code, text), **changes)  # type: ignore[arg-type]


def delivery(case: str, version: str = "TLSv1.3", **changes: object) -> Delivery:
    seen = Delivery(case, "192.0.2.25", "out.example.org", version, "TLS_AES_256_GCM_SHA384", True, 1.5)
    return replace(seen, **changes)  # type: ignore[arg-type]


def sink(*deliveries: Delivery, handed_in: tuple[HandedIn, ...] = (), version: str = "TLSv1.3") -> Exercised:
    """Everything handed in, unless ``handed_in`` replaces it; the plain message came in ``version``."""
    seen = exercised()
    assert seen.exercise is not None
    entries = {case: handed(case) for case in CASES} | {one.case: one for one in handed_in}
    came = (delivery("plain", version), *deliveries)
    return replace(
        seen, exercise=replace(seen.exercise, handed_in=tuple(entries.values()), deliveries=came), tries_outgoing=True
    )


_NOTHING_CAME = sink()
assert _NOTHING_CAME.exercise is not None
_NO_PLAIN = replace(_NOTHING_CAME, exercise=replace(_NOTHING_CAME.exercise, deliveries=()))
_NOT_HANDED_IN = exercised()
_NO_SINK = replace(_NOTHING_CAME, tries_outgoing=False)
_PUT_OFF = delivery("later", taken=False)


def _waited(*deliveries: Delivery) -> Exercised:
    """After six hours."""
    seen = sink(*deliveries)
    assert seen.exercise is not None
    return replace(seen, exercise=replace(seen.exercise, waited=21_600.0))


_UNDECIDED: tuple[Case, ...] = (
    skips("names no sink", exercised=_NO_SINK),
    skips("nothing was sent", exercised=NEVER),
    undecided("more than 30 days ago", exercised=OLD),
    skips("was handed in", exercised=_NOT_HANDED_IN),
    undecided("not even the plain message", exercised=_NO_PLAIN),
)
_REFUSED = handed("plain", 550, "relay not permitted")

TABLE: Table = {
    "OUT-STARTTLS": (
        *_UNDECIDED,
        passes(exercised=sink()),
        passes(exercised=sink(version="TLSv1.2")),
        fails("delivers in clear", exercised=sink(version="")),
        fails("delivers in TLSv1.1", exercised=sink(version="TLSv1.1")),
        undecided("550 relay not permitted", exercised=sink(handed_in=(_REFUSED,))),
    ),
    "OUT-DANE": (
        *_UNDECIDED,
        passes(exercised=sink(delivery("dane"))),
        passes(exercised=sink(delivery("dane"), delivery("dane-wrong", taken=False))),
        fails("not that of its TLSA records", exercised=sink(delivery("dane"), delivery("dane-wrong"))),
        fails("not that of its TLSA records", exercised=sink(delivery("dane-wrong"))),
        leaves("OUT-STARTTLS", "mail leaves in clear", exercised=sink(delivery("dane-wrong", ""), version="")),
        undecided("did not come either", exercised=sink()),
        undecided(
            "the sink proves nothing: _25._tcp is insecure",
            exercised=sink(delivery("dane-wrong"), handed_in=(handed("dane-wrong", unready="_25._tcp is insecure"),)),
        ),
    ),
    "OUT-STS": (
        *_UNDECIDED,
        passes(exercised=sink()),
        fails("does not name", exercised=sink(delivery("sts"))),
        leaves("OUT-STARTTLS", "mail leaves in clear", exercised=sink(delivery("sts", ""), version="")),
        undecided("another one", exercised=sink(handed_in=(handed("sts", unready="the policy is another one"),))),
    ),
    "OUT-CLEAN-LINES": (
        skips("names no sink", exercised=_NO_SINK),
        skips("nothing was sent", exercised=NEVER),
        undecided("more than 30 days ago", exercised=OLD),
        skips("was handed in", exercised=_NOT_HANDED_IN),
        passes(exercised=sink(delivery("lines"))),
        passes(exercised=sink(handed_in=(handed("lines", 550, "bare LF"),))),
        fails("sends 2 bare CR and 1 bare LF", exercised=sink(delivery("lines", bare_cr=2, bare_lf=1))),
        fails("begin with a dot", exercised=sink(delivery("lines", dots_kept=False))),
        fails("takes an odd line end for the end", exercised=sink(handed_in=(handed("lines", further=3),))),
        undecided("451 later", exercised=sink(handed_in=(handed("lines", 451, "later"),))),
        undecided("did not come to the sink", exercised=sink()),
        # Whoever lets nobody in refuses the lines for no reason of their own.
        undecided("relay not permitted", exercised=sink(handed_in=(_REFUSED, handed("lines", 550, "no")))),
    ),
    "SMTP-RECEIVED-BOTH-WAYS": (
        *_UNDECIDED,
        passes(exercised=sink(_PUT_OFF, delivery("later"))),
        fails("has not come again for 21600 s", exercised=_waited(_PUT_OFF)),
        undecided("not sent again within 300 s", exercised=sink(_PUT_OFF)),
        undecided("never came", exercised=sink()),
    ),
}
