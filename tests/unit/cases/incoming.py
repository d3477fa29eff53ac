"""What a service does with mail that comes in."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST
from mailproof.exercises import INBOX, Arrival, Exercise, Sent
from mailproof.observations.exercises import Exercised

from .case import Case, Table, fails, passes, skips, undecided

AT = "2026-11-20T12:00:00+00:00"
OURS = "mx.example.org"
SERVER = "mx.example.org[192.0.2.25]:25"
SIGNER = "right.test.example.net"


def arrival(*results: str, folder: str = INBOX, spf: str = "", smuggled: bool = False) -> Arrival:
    """A message in the mailbox, with what the receiver wrote."""
    values = tuple(f"{OURS}; {result}" for result in results)
    return Arrival(folder, folder != INBOX, smuggled, values, (spf,) if spf else ())


def accepted(case: str, *arrivals: Arrival, domain: str = SIGNER, further: tuple[str, ...] = ()) -> Sent:
    return Sent(case, SERVER, domain, True, "message", 250, "2.0.0 Ok", further, "", arrivals)


def answered(case: str, code: int, text: str, stage: str = "message") -> Sent:
    return Sent(case, SERVER, SIGNER, True, stage, code, text)


def exercised(*sent: Sent, at: str = AT, incoming: bool = True) -> Exercised:
    """The record of an exercise; what stands in it last replaces what stands there before."""
    known = {one.case: one for one in (RIGHT, *sent)}
    record = Exercise("a1b2", "probe@example.org", at, at, 300.0, tuple(known.values()))
    return Exercised("probe.json", record, "2026-11-24T12:00:00+00:00", tries_incoming=incoming)


_DKIM_PASS = f"dkim=pass header.d={SIGNER} header.s=mailproof"
_DKIM_FAIL = f'dkim=fail reason="signature did not verify" header.d={SIGNER}'
RIGHT = accepted("right", arrival("spf=pass smtp.mailfrom=right.test.example.net", _DKIM_PASS))
NEVER = Exercised("probe.json", None, AT)
OLD = exercised(at="2026-10-01T12:00:00+00:00")
_SILENT = accepted("right", arrival())
_REFUSED_RIGHT = answered("right", 554, "go away", "RCPT")
_LOST = accepted("right")
_SUSPECTED = accepted("right", arrival(_DKIM_PASS, folder="Junk"))
_UNTRIED = replace(exercised(), tries_incoming=False)

_UNDECIDED: tuple[Case, ...] = (
    skips("nothing was sent", exercised=NEVER),
    undecided("more than 30 days ago", exercised=OLD),
    undecided("was not accepted (RCPT: 554 go away)", exercised=exercised(_REFUSED_RIGHT)),
    undecided("did not arrive", exercised=exercised(_LOST)),
)


def _smuggling(form: str, *arrivals: Arrival, further: tuple[str, ...] = ()) -> Sent:
    return accepted(f"smuggling {form}", *arrivals, further=further)


def _dkim(*right: Sent, **results: str | Sent) -> Exercised:
    """Each case of DKIM, refused unless ``results`` say otherwise."""
    found = list(right)
    for case in ("dkim-broken", "dkim-no-key", "two-authors"):
        result = results.get(case.replace("-", "_"), answered(case, 550, "no"))
        found.append(result if isinstance(result, Sent) else accepted(case, arrival(result)))
    return exercised(*found)


def _dmarc(**changed: Sent) -> Exercised:
    """Each case of DMARC as it should be, unless ``changed``."""
    found = {
        "dmarc-reject": answered("dmarc-reject", 550, "5.7.1 rejected by DMARC policy"),
        "dmarc-quarantine": accepted("dmarc-quarantine", arrival("dmarc=fail", folder="Junk")),
        "dmarc-aligned-dkim": accepted("dmarc-aligned-dkim", arrival("dmarc=pass")),
        "dmarc-aligned-spf": accepted("dmarc-aligned-spf", arrival()),
    }
    return exercised(*(found | {sent.case: sent for sent in changed.values()}).values())


def _spf(*results: str, **places: str) -> Exercised:
    return exercised(accepted("spf-fail", arrival(*results, **places)))  # type: ignore[arg-type]


_BOGUS = accepted("dnssec-bogus", arrival("dkim=pass header.d=bogus.example.net"), domain="bogus.example.net")

_REPORT = accepted("report", arrival(folder="Reports"))

TABLE: Table = {
    "IN-REPORTS": (
        *_UNDECIDED,
        passes(exercised=exercised(_REPORT)),
        fails("refused: MAIL: 552 too big", exercised=exercised(answered("report", 552, "too big", "MAIL"))),
        fails("refused: message: 550 no gzip", exercised=exercised(answered("report", 550, "no gzip"))),
        skips("takes_reports", exercised=exercised()),
        undecided("451 later", exercised=exercised(answered("report", 451, "later"))),
        undecided("not in the mailbox", exercised=exercised(accepted("report"))),
        undecided("timed out", exercised=exercised(replace(answered("report", 0, ""), failure="timed out"))),
    ),
    "SMTP-SMUGGLING": (
        *_UNDECIDED,
        passes(exercised=exercised(_smuggling("LF.LF", arrival()), answered("smuggling CR.CR", 550, "bare CR"))),
        passes(exercised=replace(exercised(_smuggling("LF.LF", arrival())), tries_incoming=False)),
        fails(
            "LF.LF (the hidden message arrived)",
            level=MUST,
            exercised=exercised(_smuggling("LF.LF", arrival(), arrival(smuggled=True), further=("250 Ok",))),
        ),
        fails(
            "CR.CR (then 554 5.5.1 Error: no valid recipients)",
            exercised=exercised(
                _smuggling("LF.LF", arrival()),
                _smuggling("CR.CR", further=("554 5.5.1 Error: no valid recipients",)),
            ),
        ),
        passes(exercised=exercised(replace(answered("smuggling LF.LF", 451, "bare LF"), tries=3))),
        undecided("LF.LF: message: 451 later", exercised=exercised(answered("smuggling LF.LF", 451, "later"))),
        undecided("LF.LF: RCPT: 450 later", exercised=exercised(answered("smuggling LF.LF", 450, "later", "RCPT"))),
        undecided("LF.LF: RCPT: 550 enough", exercised=exercised(answered("smuggling LF.LF", 550, "enough", "RCPT"))),
        undecided("not in the mailbox afterwards", exercised=exercised(_smuggling("LF.LF"))),
    ),
    "IN-SPF": (
        *_UNDECIDED,
        skips("names no test domain", exercised=_UNTRIED),
        skips("no message of the case", exercised=exercised()),
        passes(exercised=exercised(answered("spf-fail", 550, "5.7.23 SPF fail", "RCPT"))),
        passes(exercised=_spf("spf=fail smtp.mailfrom=nobody.test.example.net")),
        passes(exercised=_spf(spf="Fail (mx: domain does not designate) client-ip=192.0.2.1")),
        passes(exercised=_spf(folder="Junk")),
        fails("nothing says that SPF was checked", exercised=_spf()),
        fails("is spf=softfail", exercised=_spf("spf=softfail")),
        fails("is spf=none", exercised=_spf(spf="none client-ip=192.0.2.1")),
        fails("is spf=none", exercised=_spf("spf=fail smtp.helo=a.example", "spf=none smtp.mailfrom=b.example")),
        passes(exercised=_spf("spf=none smtp.helo=a.example", "spf=fail smtp.mailfrom=b.example")),
        fails("is spf=none", exercised=_spf("spf=none smtp.mailfrom=b", spf="fail (no) identity=helo; helo=a.example")),
        undecided("suspicious too", exercised=exercised(_SUSPECTED, accepted("spf-fail", arrival(folder="Junk")))),
        undecided("temperror", exercised=_spf("spf=temperror")),
        undecided("451 later", exercised=exercised(answered("spf-fail", 451, "later"))),
        undecided("not in the mailbox afterwards", exercised=exercised(accepted("spf-fail"))),
    ),
    "IN-DKIM": (
        *_UNDECIDED,
        skips("names no test domain", exercised=_UNTRIED),
        skips("no message of the case dkim-broken", exercised=exercised()),
        passes(exercised=_dkim()),
        passes(exercised=_dkim(dkim_broken=_DKIM_FAIL, dkim_no_key="dkim=permerror", two_authors="dkim=none")),
        # A list or a filter on the way signs in its own name.
        passes(exercised=_dkim(dkim_broken="dkim=pass header.d=filter.example.org")),
        fails("dkim=pass for a signature over another text", exercised=_dkim(dkim_broken=_DKIM_PASS)),
        fails("two From fields", exercised=_dkim(two_authors="dkim=pass header.i=@right.test.example.net")),
        undecided("has no result of DKIM", exercised=_dkim(_SILENT, dkim_broken="dkim=fail")),
        undecided(
            "the right one is dkim=fail", exercised=_dkim(accepted("right", arrival(_DKIM_FAIL)), two_authors="")
        ),
        undecided(
            "dkim-no-key: message: 451 later", exercised=_dkim(dkim_no_key=answered("dkim-no-key", 451, "later"))
        ),
    ),
    "IN-DMARC": (
        *_UNDECIDED,
        skips("names no test domain", exercised=_UNTRIED),
        passes(exercised=_dmarc()),
        passes(exercised=_dmarc(a=accepted("dmarc-reject", arrival("dmarc=fail", folder="Junk")))),
        fails("fails p=reject is delivered to INBOX", exercised=_dmarc(a=accepted("dmarc-reject", arrival()))),
        fails(
            "fails p=quarantine is delivered", exercised=_dmarc(a=accepted("dmarc-quarantine", arrival("dmarc=fail")))
        ),
        fails("aligned SPF alone is refused", exercised=_dmarc(a=answered("dmarc-aligned-spf", 550, "DMARC"))),
        fails(
            "aligned DKIM alone is dmarc=fail",
            exercised=_dmarc(a=accepted("dmarc-aligned-dkim", arrival("dmarc=fail"))),
        ),
        undecided("451 later", exercised=_dmarc(a=answered("dmarc-quarantine", 451, "later"))),
        undecided("suspicious too", exercised=_dmarc(a=_SUSPECTED)),
    ),
    "IN-DNSSEC": (
        *_UNDECIDED,
        skips("no message of the case", exercised=exercised()),
        passes(exercised=exercised(answered("dnssec-bogus", 550, "no"))),
        passes(exercised=exercised(answered("dnssec-bogus", 451, "DNS fails"))),
        passes(exercised=exercised(accepted("dnssec-bogus", arrival("dkim=temperror")))),
        fails("from a domain that is bogus", exercised=exercised(_BOGUS)),
        undecided("has no result of DKIM", exercised=exercised(_BOGUS, _SILENT)),
    ),
}
