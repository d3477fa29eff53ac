"""CAA: which CAs may issue certificates for the names of mail hosts.

CAs obey the records when they issue. Nobody may judge a certificate by them that exists (RFC 8659, section 1).
"""

from __future__ import annotations

from mailproof.controls import MAY, MUST, Between, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.grammars.caa import CONTACTS, ISSUING, CAARecord, is_known_method, method_errors
from mailproof.observations.caa import CAA
from mailproof.references import INTERNET_NL, Reference, rfc

FAMILY = Family("CAA", "CAA: who may issue certificates")

BASELINE = Reference(
    "CA/Browser Forum: Baseline Requirements, appendix A",
    "https://cabforum.org/working-groups/server/baseline-requirements/",
)


@control("CAA-EXISTS", MAY, rfc(8659, "3"), rfc(8659, "4.2"), INTERNET_NL, harm=Harm.READ)
def test_caa_names_the_authorities(caa: CAA) -> None:
    """A CAA record with the tag issue counts for every mail host: its own, or one above it.

    Why: without one any CA may issue a certificate for the host to whoever deceives it.
    Fix: publish CAA 0 issue "CA" at the domain, with the name that your CA gives for this.
    """
    if caa.steps and caa.steps[0].nonexistent:
        leave_to("MX-RESOLVES", f"{caa.host} does not exist")
    assert any(record.authorises for record in caa.records), f"no CAA record with the tag issue counts for {caa.host}"


@control(
    "CAA-SYNTAX",
    MUST,
    rfc(8659, "4.1"),
    rfc(8659, "4.2"),
    rfc(9495, "3"),
    INTERNET_NL,
    allowed={"records": Between(1, 10_000)},
    harm=Harm.LOST,
)
def test_caa_records_follow_the_grammar(caa: CAA, *, records: int = 100) -> None:
    """Every CAA record follows the grammar: flags, tag, and the value of a tag that says who may issue.

    Why: a CA that cannot read a record, or finds a critical one that it does not know, refuses to issue; the
    certificate of the host then runs out.
    Fix: correct the records named here.
    """
    _require_records(caa)
    errors = [f"{record}: {record.error}" for record in caa.records if record.error]
    assert not errors, _at(caa, errors)
    if len(caa.records) > records:
        finding(MAY, f"{caa.owner} has {len(caa.records)} CAA records, more than {records}, which Internet.nl allows")
    unknown = [f"{record}: no registry has the tag {record.tag}" for record in caa.records if record.is_unknown]
    if unknown:
        finding(
            MAY,
            _at(caa, unknown),
            why="CAs ignore a tag that they do not know: a misspelt one does nothing (RFC 8659, section 4.1).",
            fix="correct the tag, or remove the record.",
        )


@control("CAA-IODEF", MUST, rfc(8659, "4.4"), INTERNET_NL, harm=Harm.READ)
def test_violations_can_be_reported(caa: CAA) -> None:
    """Every iodef record names an address to report to: mailto: or https:.

    Why: a CA that refuses a request in the host's name cannot tell anybody.
    Fix: publish CAA 0 iodef "mailto:security@DOMAIN"
    """
    found = _tagged(caa, ("iodef",))
    errors = [f"{record}: {record.iodef_error}" for record in found if record.iodef_error]
    assert not errors, _at(caa, errors)
    clear = [str(record) for record in found if record.scheme == "http"]
    if clear:
        finding(
            MAY,
            f"{_at(caa, clear)}: reports would travel in clear",
            why="RFC 8659 admits http:, and Internet.nl does not: what is reported can be read and changed on the way.",
            fix="name an https: address.",
        )


@control("CAA-ACME", MUST, rfc(8657, "3"), rfc(8657, "4"), INTERNET_NL, harm=Harm.LOST)
def test_acme_parameters_can_be_met(caa: CAA) -> None:
    """The parameters accounturi and validationmethods of CAA records can be met by a CA.

    Why: a CA refuses to issue by a record whose parameters it cannot meet, and the certificate runs out.
    Fix: name one account by its URI, and methods from IANA's list of ACME validation methods, like dns-01.
    """
    bound = [record for record in _tagged(caa, ISSUING) if _acme(record)]
    if not bound:
        not_applicable("no CAA record is bound to an account or a method")
    errors = [f"{record}: {error}" for record in bound for error in _unmet(record)]
    assert not errors, _at(caa, errors)
    strange = [f"{record}: {name} is not in IANA's list" for record in bound for name in _strange(record)]
    if strange:
        finding(MAY, _at(caa, strange), why="a CA ignores a method that it does not know (RFC 8657, section 4).")
    loose = [str(record) for record in bound if "accounturi" not in dict(_acme(record))]
    if loose:
        finding(
            MAY,
            f"{_at(caa, loose)}: bound to methods and not to an account",
            why="whoever can pass one of the methods once gets a certificate; Internet.nl recommends accounturi.",
            fix="add accounturi=URI with the URI of your account at the CA.",
        )


@control("CAA-CONTACT", MUST, BASELINE, harm=Harm.LOST)
def test_contacts_can_be_used(caa: CAA) -> None:
    """Every contactemail record is a mail address, and every contactphone record a global telephone number.

    Why: a CA that validates by contact ignores what is not exactly one address or one number.
    Fix: write the address without mailto:, and the number like +1-555-0100.
    """
    errors = [f"{record}: {record.contact_error}" for record in _tagged(caa, CONTACTS) if record.contact_error]
    assert not errors, _at(caa, errors)


def _require_records(caa: CAA) -> None:
    if not caa.records:
        leave_to("CAA-EXISTS", "no CAA record counts for the host")


def _tagged(caa: CAA, tags: tuple[str, ...]) -> list[CAARecord]:
    _require_records(caa)
    found = [record for record in caa.records if record.tag in tags]
    if not found:
        not_applicable(f"no CAA record has the tag {' or '.join(tags)}")
    return found


def _at(caa: CAA, texts: list[str]) -> str:
    return "\n".join(f"{caa.owner}: {text}" for text in texts)


def _acme(record: CAARecord) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in record.parameters if pair[0] in ("accounturi", "validationmethods"))


def _methods(record: CAARecord) -> list[str]:
    return dict(_acme(record)).get("validationmethods", "").split(",")


def _unmet(record: CAARecord) -> list[str]:
    """Why no CA can meet the parameters of a record."""
    names = [name for name, _ in _acme(record)]
    errors = [f"{name} stands there twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    if "validationmethods" in names:
        methods = dict(_acme(record))["validationmethods"]
        wrong = method_errors(methods)
        errors += wrong
        if not wrong and not any(map(is_known_method, methods.split(","))):
            errors.append(f"no CA knows a method of {methods or 'an empty list'}")
    if "accounturi" in names and ":" not in dict(_acme(record))["accounturi"]:
        errors.append("accounturi is no URI")
    return errors


def _strange(record: CAARecord) -> list[str]:
    return [name for name in _methods(record) if name and not is_known_method(name)]
