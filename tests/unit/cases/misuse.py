"""Clients that bring no mail."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import SHOULD
from mailproof.grammars.ntlm import Challenge
from mailproof.observations.misuse import HTTPRequest, HTTPRequests, Idle, NTLMChallenge

from ..observed import HOST, TRANSCRIPT
from .case import Case, Table, advises, fails, leaves, passes, skips, undecided


def _requests(clear: tuple[int, ...], tls: tuple[int, ...] = (221,)) -> HTTPRequests:
    return HTTPRequests((HTTPRequest(TRANSCRIPT, False, clear), HTTPRequest(TRANSCRIPT, True, tls)))


_IN_CLEAR = HTTPRequests((HTTPRequest(TRANSCRIPT, False, (221,)),))
_OBEYED = HTTPRequests((HTTPRequest(TRANSCRIPT, False, (500, 250, 221)),))


def _tells(*names: tuple[str, str], version: str = "") -> NTLMChallenge:
    return NTLMChallenge(TRANSCRIPT, HOST, ("NTLM",), Challenge(names, version))


def _of_public(*names: tuple[str, str]) -> NTLMChallenge:
    return replace(_tells(*names), host="mx1.example.org")


def _short(case: Case) -> Case:
    return replace(case, parameters={"seconds": 2})


TABLE: Table = {
    "SMTP-HTTP-ABORT": (
        passes(http_requests=_requests((221,))),
        passes(http_requests=_requests((500, 500, 500, 421))),
        passes(http_requests=_requests((), ())),
        advises("is obeyed, in clear", http_requests=_requests((500, 500, 500, 500, 250, 221))),
        advises("is obeyed, inside TLS", http_requests=_requests((221,), (502, 502, 502, 250, 221))),
        advises("is obeyed, in clear", http_requests=replace(_OBEYED, untried="inside TLS: refused enough")),
        skips("inside TLS: refused enough", http_requests=replace(_IN_CLEAR, untried="inside TLS: refused enough")),
        leaves("SMTP-GREET-220", http_requests=HTTPRequests((), "554 no")),
    ),
    "SMTP-IDLE": (
        passes(idle=Idle(TRANSCRIPT, 300.0, False)),
        passes(idle=Idle(TRANSCRIPT, 299.95, True)),
        _short(passes(idle=Idle(TRANSCRIPT, 2.0, False))),
        fails("after 60.0 s of silence", level=SHOULD, idle=Idle(TRANSCRIPT, 60.0, True)),
        _short(fails("after 1.5 s", idle=Idle(TRANSCRIPT, 1.5, True))),
        undecided("only 120.0 s", idle=Idle(TRANSCRIPT, 120.0, False)),
        skips("not looked at", idle=Idle((), 0.0, False)),
    ),
    "SMTP-NTLM-LEAK": (
        passes(ntlm_challenge=_tells()),
        passes(ntlm_challenge=_tells(("host name", HOST.upper()))),
        passes(ntlm_challenge=_of_public(("NetBIOS name", "MX1"), ("DNS domain", "example.org"))),
        passes(ntlm_challenge=_of_public(("host name", "mx1.example.org."), ("forest", "EXAMPLE.ORG"))),
        advises("DNS domain corp.example.org", ntlm_challenge=_of_public(("DNS domain", "corp.example.org"))),
        advises("host name exch01.example.org", ntlm_challenge=_of_public(("host name", "exch01.example.org"))),
        advises("forest org", ntlm_challenge=_of_public(("forest", "org"))),
        advises(
            "NetBIOS domain CORP, version 10.0.20348",
            ntlm_challenge=_tells(("NetBIOS domain", "CORP"), version="10.0.20348"),
        ),
        advises("version 6.1.7601", ntlm_challenge=_tells(version="6.1.7601")),
        skips("not offered", ntlm_challenge=NTLMChallenge(TRANSCRIPT, HOST, ())),
        undecided("no challenge", ntlm_challenge=NTLMChallenge(TRANSCRIPT, HOST, ("NTLM",))),
    ),
}
