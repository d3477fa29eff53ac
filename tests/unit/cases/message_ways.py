"""The ways of messages."""

from __future__ import annotations

from dataclasses import replace

from mailproof.grammars.messages import parse_header
from mailproof.net.https import Response
from mailproof.observations.messages import Message, OneClick, ReturnPath

from ..observed import DOMAIN, answer, missing
from .case import Case, Table, advises, fails, passes, skips, undecided
from .messages import UNSUBSCRIBE, foreign, message

BOUNCES = f"bounces.{DOMAIN}"
TAKEN = f"Received: from a.example (a.example [8.8.8.8]) by mx.{DOMAIN} with ESMTPS; Thu, 26 Nov 2026 07:00:00 +0000"
RESULTS = f"Authentication-Results: mx.{DOMAIN} (x); dkim=pass"
AUTHOR = ("From: x@example.com", "Date: Thu, 26 Nov 2026 07:00:00 +0000")


def bounces(**more: object) -> ReturnPath:
    return replace(ReturnPath(message(), BOUNCES, False, answer(BOUNCES, "MX", "10 mx.example.org.")), **more)  # type: ignore[arg-type]


def taken(*lines: str) -> Message:
    """A message from outside, whose header has these lines."""
    return Message(
        "samples/in.eml", parse_header("\n".join((*lines, "", "x")).encode()), taken_at=lines.index(TAKEN) + 1
    )


def _forged(*lines: str) -> Case:
    return fails(f"Authentication-Results of mx.{DOMAIN} stand where the sender", message=taken(*lines))


def clicked(status: int = 200, tls_error: str | None = None, message: Message | None = None) -> OneClick:
    uri = f"https://{DOMAIN}/u?t=1"
    response = Response(uri, "192.0.2.1", 0 if tls_error else status, (), None, "", 0.1, tls_error)
    return OneClick(message or _UNSUBSCRIBING, uri, response)


_UNSUBSCRIBING = message(**UNSUBSCRIBE)

TABLE: Table = {
    "MSG-ONECLICK-LIVE": (
        passes(one_click=clicked()),
        passes(one_click=clicked(405)),
        fails("answers a GET of the address with status 404", one_click=clicked(404)),
        fails("with status 503", one_click=clicked(503)),
        fails("is refused: expired", one_click=clicked(tls_error="expired")),
        advises("with a redirect (302)", one_click=clicked(302)),
        undecided("gave no answer", one_click=replace(clicked(), response=None)),
        skips("offers no one-click", one_click=OneClick(message())),
        skips("no domain of the inventory", one_click=OneClick(foreign())),
    ),
    "RETURN-PATH": (
        passes(return_path=bounces()),
        passes(return_path=bounces(mx=answer(BOUNCES, "MX"), addresses=("192.0.2.1",))),
        fails("does not exist", return_path=bounces(mx=missing(BOUNCES, "MX"))),
        fails("takes no mail (null MX)", return_path=bounces(mx=answer(BOUNCES, "MX", "0 ."))),
        fails("neither MX nor address", return_path=bounces(mx=answer(BOUNCES, "MX"))),
        skips("is a bounce", return_path=ReturnPath(message(return_path="<>"))),
        skips("is a domain of the inventory", return_path=ReturnPath(message(), DOMAIN, True)),
        skips("no domain of the inventory", return_path=ReturnPath(foreign())),
        undecided("no field tells", return_path=ReturnPath(message(return_path=None))),
    ),
    "SENDING-DOMAIN-SET": (
        passes(message=message()),
        advises("no domain of the inventory: news", message=replace(message(), strays=(f"news.{DOMAIN}",))),
        skips("no domain of the inventory", message=foreign()),
    ),
    "BACKEND-AUTHRES": (
        passes(message=taken(RESULTS, TAKEN, *AUTHOR)),
        passes(message=taken(TAKEN, RESULTS, *AUTHOR)),
        passes(
            message=taken(TAKEN, "DKIM-Filter: OpenDKIM Filter v2.11.0", RESULTS, "DMARC-Filter: x", RESULTS, *AUTHOR)
        ),
        _forged(TAKEN, TAKEN.replace("8.8.8.8", "10.0.0.1"), RESULTS, *AUTHOR),
        passes(message=taken(RESULTS, TAKEN, *AUTHOR, "Authentication-Results: mx.example.com; spf=pass")),
        advises("adds no Authentication-Results", message=taken(TAKEN, *AUTHOR)),
        _forged(RESULTS, TAKEN, *AUTHOR, RESULTS),
        _forged(TAKEN, *AUTHOR, RESULTS),
        _forged(TAKEN, "DKIM-Signature: v=1", RESULTS, *AUTHOR),
        skips("not taken from outside", message=message()),
    ),
}
