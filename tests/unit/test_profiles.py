"""Profiles: the shipped ones name what exists, the user's own extend them, mistakes are told with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailproof.controls import MAY, MUST, SHOULD, Control, Level, load_catalogue
from mailproof.docket import Docket
from mailproof.gate.parameters import wrong_parameter
from mailproof.gate.policy import Policy
from mailproof.gate.profile import Profile, UnknownProfile, load_profile, shipped_names
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import load_inventory
from mailproof.net.errors import TimedOut
from mailproof.patterns import matches
from mailproof.probes import load_probes
from mailproof.references import Reference, rfc
from mailproof.targets.addresses import HeloName, SendingAddress
from mailproof.targets.base import Targets, Undiscovered
from mailproof.targets.mail import MailDomain, MailHost
from mailproof.targets.services import Endpoint, MailExchange, MXEndpoint
from mailproof.targets.zones import Zone

from .cases.case import catalogue

NAMES = {
    *("baseline", "rfc", "founding-notes", "internet.nl", "bod-18-01", "ncsc-nl-2025", "ncsc-nl-2.1"),
    *("mozilla-intermediate", "bsi-tr-02102", "parked", "bulk-sender"),
    *("bsi-tr-03108", "bsi-tr-03182", "cisa-scuba", "nz-sge", "au-ism", "ca-itsp-40-065", "it-acn", "es-ccn-bp02"),
    *("nist-800-177r1", "m3aawg-parked"),
    *(f"bulk-sender-{receiver}" for receiver in ("google", "yahoo", "microsoft", "apple")),
}


ATTESTED = {
    *("bsi-tr-03108", "bsi-tr-03182", "cisa-scuba", "nz-sge", "au-ism", "ca-itsp-40-065", "it-acn", "es-ccn-bp02"),
    *("nist-800-177r1", "m3aawg-parked"),
}
"""Frameworks for organisations, which demand more than shows from outside."""


def shipped(name: str) -> Profile:
    return load_profile(name, catalogue(), Path())


def selected(profile: Profile) -> dict[str, Level]:
    """The controls that a profile judges, with the level that they count at."""
    found = [(control, profile.setting(control)) for control in catalogue()]
    return {control.id: s.level or control.level for control, s in found if s is not None and s.off is None}


def own(directory: Path, text: str, name: str = "ours.yaml") -> Profile:
    (directory / name).write_text(text)
    return load_profile(name, catalogue(), directory)


def test_the_shipped_profiles_are_these() -> None:
    assert set(shipped_names()) == NAMES | ATTESTED


@pytest.mark.parametrize("name", sorted(NAMES | ATTESTED))
def test_a_shipped_profile_says_who_demands_it_and_names_what_exists(name: str) -> None:
    """Loading checks that every control and parameter exists."""
    profile = shipped(name)
    assert profile.name == name
    assert profile.title
    assert profile.description
    assert profile.source.title
    assert selected(profile)
    if name in ATTESTED:
        assert profile.attestation
    if name not in ("baseline", "rfc"):
        assert profile.not_covered
        assert profile.source.date
    if name not in ("baseline", "founding-notes"):
        assert profile.source.url.startswith("https://")


def test_baseline_judges_everything_at_its_own_level() -> None:
    assert selected(shipped("baseline")) == {control.id: control.level for control in catalogue()}


def test_rfc_judges_what_rfcs_say_must() -> None:
    profile = shipped("rfc")
    wanted = {
        control.id
        for control in catalogue()
        if control.level is MUST and any(reference.title.startswith("RFC ") for reference in control.references)
    }
    assert set(selected(profile)) == wanted
    assert profile.fail_on is MUST
    practice = Control("X-PRACTICE", MUST, (Reference("Practice"),), "t", "w", "f", ("mx",))
    assert profile.setting(practice) is None
    assert profile.setting(Control("X-RFC", MUST, (rfc(5321),), "t", "w", "f", ("mx",))) is not None
    assert profile.setting(Control("X-RFC", SHOULD, (rfc(5321),), "t", "w", "f", ("mx",))) is None


def test_bulk_sender_is_the_strictest_of_its_variants() -> None:
    strictest = selected(shipped("bulk-sender"))
    for receiver in ("google", "yahoo", "microsoft", "apple"):
        for id, level in selected(shipped(f"bulk-sender-{receiver}")).items():
            assert strictest[id].rank <= level.rank, (receiver, id)


@pytest.mark.parametrize(
    ("name", "control", "parameter", "value"),
    [
        ("bod-18-01", "DMARC-ENFORCED", "accept", ["reject"]),
        ("parked", "SPF-ALL-STRICT", "accept", ["-all"]),
        ("internet.nl", "SPF-ALL-STRICT", "accept", ["-all", "~all"]),
        ("mozilla-intermediate", "CERT-KEY-SIZE", "minimum_ec_bits", 256),
        ("ncsc-nl-2.1", "CERT-KEY-SIZE", "minimum_rsa_bits", 2048),
    ],
)
def test_parameters_of_shipped_profiles(name: str, control: str, parameter: str, value: object) -> None:
    setting = shipped(name).setting(catalogue()[control])
    assert setting is not None
    assert setting.parameters[parameter] == value


def test_ncsc_nl_21_differs_from_2025_in_tls_10() -> None:
    new, old = selected(shipped("ncsc-nl-2025")), selected(shipped("ncsc-nl-2.1"))
    assert {id for id in new if new[id] != old[id]} == {"TLS-NO-10-11"}
    assert old["TLS-NO-10-11"] is MAY


def test_a_profile_of_the_users_own_extends_a_shipped_one(tmp_path: Path) -> None:
    profile = own(
        tmp_path,
        """
name: ours
title: Ours
extends: bod-18-01
fail_on: must
controls:
  SPF-*: {level: should}
  SPF-EXISTS: {level: MUST}
  DMARC-ENFORCED: {parameters: {accept: [quarantine, reject]}}
  TLS-NO-3DES: {off: the mainframe}
  PTR-FCRDNS: {}
not_covered: [two cities]
attestation: [users are trained]
""",
    )
    found = selected(profile)
    assert (found["SPF-EXISTS"], found["SPF-SYNTAX"], found["SPF-NO-PTR"]) == (MUST, SHOULD, SHOULD)
    assert found["PTR-FCRDNS"] is SHOULD
    assert "TLS-NO-3DES" not in found
    assert "TLS-NO-RC4" in found
    assert "PTR-EXISTS" not in found
    setting = profile.setting(catalogue()["DMARC-ENFORCED"])
    assert setting is not None
    assert (setting.level, setting.parameters) == (MUST, {"accept": ["quarantine", "reject"]})
    assert profile.fail_on is MUST
    assert profile.source == shipped("bod-18-01").source
    assert profile.not_covered[-1] == "two cities"
    assert profile.attestation == ("users are trained",)
    assert profile.note(catalogue()).attestation == profile.attestation
    assert profile.note(catalogue()).off == {"TLS-NO-3DES": "the mainframe"}


def test_a_profile_extends_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "base.yaml").write_text("name: base\ntitle: Base\ncontrols: {MX-*: {}}\n")
    profile = own(tmp_path, "name: ours\ntitle: Ours\nextends: shared/base.yaml\ncontrols: {MX-RESOLVES: {off: x}}\n")
    assert set(selected(profile)) == {c.id for c in catalogue().matching("MX-*")} - {"MX-RESOLVES"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: x\ncontrols: {'*': {}}\n", "ours.yaml:1: the key name is missing"),
        ("name: a\ntitle: x\nextend: rfc\n", "ours.yaml:3: extend: unknown key; did you mean extends?"),
        ("name: a\ntitle: x\nextends: rcf\n", "ours.yaml:3: extends: there is no profile rcf; did you mean rfc?"),
        ("name: a\ntitle: x\nextends: ours.yaml\n", "ours.yaml:3: extends: ours.yaml extends itself"),
        ("name: a\ntitle: x\nextends: b.yaml\n", "b.yaml: there is no such file"),
        ("name: a\ntitle: x\n", "the profile judges nothing"),
        ("name: a\ntitle: x\ncontrols:\n  SPF-EXIST: {}\n", "ours.yaml:4: controls.SPF-EXIST: there is no control"),
        ("name: a\ntitle: x\ncontrols:\n  SPF-EXIST: {}\n", "did you mean SPF-EXISTS"),
        ("name: a\ntitle: x\ncontrols:\n  QQ-*: {}\n", "controls.QQ-*: there is no control QQ-*"),
        ("name: a\ntitle: x\ncontrols:\n  SPF-EXISTS: {level: SHALL}\n", "controls.SPF-EXISTS.level"),
        ("name: a\ntitle: x\ncontrols:\n  SPF-EXISTS: {levl: MUST}\n", "did you mean level?"),
        ("name: a\ntitle: x\ncontrols:\n  SPF-EXISTS: {off: y, level: MUST}\n", "neither level nor parameters"),
        (
            "name: a\ntitle: x\ncontrols:\n  SPF-ALL-STRICT:\n    parameters:\n      acept: []\n",
            "ours.yaml:6: controls.SPF-ALL-STRICT.parameters.acept: unknown parameter; SPF-ALL-STRICT has accept",
        ),
        (
            "name: a\ntitle: x\ncontrols:\n  SPF-VOID-2: {parameters: {void_lookups: many}}\n",
            "a number is expected, like 2",
        ),
        ("", "the file is empty"),
        ("- a\n", "a mapping is expected"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InventoryError) as raised:
        own(tmp_path, text)
    assert message in str(raised.value).replace(f"{tmp_path}/", "")


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(UnknownProfile, match=r"did you mean internet\.nl\?"):
        shipped("internetnl")
    with pytest.raises(UnknownProfile, match="there are au-ism, baseline, "):
        shipped("zzz")


@pytest.mark.parametrize(
    ("control", "name", "value", "fits"),
    [
        ("SPF-ALL-STRICT", "accept", ["~all"], True),
        ("SPF-ALL-STRICT", "accept", [], False),
        ("SPF-ALL-STRICT", "accept", ["-all", "-al"], False),
        ("DMARC-ENFORCED", "accept", ["rejct"], False),
        ("DMARC-ENFORCED", "accept", ["reject"], True),
        ("CERT-DATES", "expiry_warning_fraction", 10, False),
        ("CERT-DATES", "expiry_warning_fraction", -0.1, False),
        ("CERT-DATES", "expiry_warning_fraction", float("nan"), False),
        ("CERT-KEY-SIZE", "minimum_rsa_bits", 20480, False),
        ("DKIM-KEY-LENGTH", "recommended_bits", 1024, True),
        ("SPF-LOOKUPS-10", "lookups", -1, False),
        ("SPF-ALL-STRICT", "accept", "-all", False),
        ("SPF-ALL-STRICT", "accept", [1], False),
        ("SPF-VOID-2", "void_lookups", 3, True),
        ("SPF-VOID-2", "void_lookups", True, False),
        ("SPF-VOID-2", "void_lookups", "3", False),
        ("CERT-DATES", "expiry_warning_fraction", 1, True),
        ("CERT-DATES", "expiry_warning", 1, False),
        ("MX-EXISTS", "x", 1, False),
    ],
)
def test_parameters_fit_their_defaults(control: str, name: str, value: object, fits: bool) -> None:
    assert (wrong_parameter(catalogue()[control], name, value) is None) == fits


@pytest.mark.parametrize(
    ("pattern", "id", "matched"),
    [
        ("mx1.example.org[192.0.2.25]:25", "mx1.example.org[192.0.2.25]:25", True),
        ("mx1.example.org[*]:25", "mx1.example.org[192.0.2.25]:25", True),
        ("MX1.*", "mx1.example.org", True),
        ("mx?.example.org", "mx1.example.org", True),
        ("mx[12].example.org", "mx1.example.org", False),
        ("example.org", "mx1.example.org", False),
        ("spf-*", "SPF-EXISTS", True),
    ],
)
def test_patterns(pattern: str, id: str, matched: bool) -> None:
    assert matches(pattern, id) == matched


# Which profile judges what

DOMAIN, OTHER = MailDomain("example.org"), MailDomain("example.net")
MX = MXEndpoint("mx.example.org", "192.0.2.25", 25, domains=("example.org", "example.net"))


def policy(directory: Path, text: str, profile: str | None = None, fail_on: Level | None = None) -> Policy:
    file = directory / "prod.yaml"
    file.write_text(text)
    loaded = load_inventory(file, {})
    return Policy.load(loaded, catalogue(), shipped(profile) if profile else None, fail_on)


def test_a_domain_is_judged_by_its_own_profile(tmp_path: Path) -> None:
    found = policy(tmp_path, "domains: [{name: example.org, profile: parked}, example.net]\n", "internet.nl")
    null, signed = catalogue()["MX-NULL-PREF"], catalogue()["SEC-SIGNED"]
    assert found.rule(null, DOMAIN) is not None
    assert found.rule(null, OTHER) is None
    assert found.rule(signed, Zone("example.org", domains=("example.org",))) is None
    rule = found.rule(signed, Zone("example.net"))
    assert rule is not None
    assert rule.level is MUST
    assert found.rule(signed, Zone("2.0.192.in-addr.arpa")) is not None
    assert [(own.name, own.entries) for own in found.own_notes()] == [("parked", ("example.org",))]
    assert found.note().name == "internet.nl"
    assert found.wants(null)
    assert not found.wants(catalogue()["PTR-EXISTS"])


def test_a_host_is_judged_by_its_own_profile_before_its_domains(tmp_path: Path) -> None:
    found = policy(
        tmp_path,
        "domains: [{name: example.org, profile: parked}]\nhosts: [{name: mx.example.org, profile: ncsc-nl-2.1}]\n",
    )
    tls, chain = catalogue()["TLS-NO-10-11"], catalogue()["CERT-CHAIN-COMPLETE"]
    rule = found.rule(tls, MX)
    assert rule is not None
    assert rule.level is MAY
    assert found.rule(chain, MX) is None
    unknown = TimedOut("silent")
    missing = Undiscovered.because(unknown, MXEndpoint, "addresses of mx", domains=MX.domains, host="mx.example.org")
    for target in (MailHost("mx.example.org"), HeloName("mx.example.org"), MailExchange(DOMAIN, MX), missing):
        assert found.rule(tls, target) is not None
        assert found.rule(chain, target) is None
    assert found.rule(chain, MXEndpoint("mx2.example.org", "192.0.2.26", 25)) is not None
    assert found.rule(tls, SendingAddress("192.0.2.25", domains=("example.org",))) is None


def test_a_host_of_several_domains_is_judged_by_the_strictest(tmp_path: Path) -> None:
    text = "domains: [{name: example.org, profile: PROFILE}, {name: example.net, profile: mozilla-intermediate}]\n"
    found = policy(tmp_path, text.replace("PROFILE", "ncsc-nl-2.1"))
    rule = found.rule(catalogue()["TLS-NO-10-11"], MX)
    assert rule is not None
    assert rule.level is MUST
    keys = found.rule(catalogue()["CERT-KEY-SIZE"], MX)
    assert keys is not None
    assert keys.parameters == {"minimum_rsa_bits": 2048, "minimum_ec_bits": 256}
    found = policy(tmp_path, text.replace("PROFILE", "rfc"))
    rule = found.rule(catalogue()["DANE-MATCH"], MX)
    assert rule is not None
    assert (rule.level, rule.fail_on) == (None, SHOULD)
    assert (
        found.rule(catalogue()["DANE-EXISTS"], MailHost("mx.example.org", domains=("example.org", "example.net")))
        is None
    )


def test_the_nearest_parameter_counts(tmp_path: Path) -> None:
    found = policy(
        tmp_path,
        """
controls: {CERT-KEY-SIZE: {minimum_rsa_bits: 1111}, CERT-DATES: {expiry_warning_fraction: 0.2}}
profile: mozilla-intermediate
domains:
  - {name: example.org, controls: {cert-key-size: {minimum_ec_bits: 521}}}
  - {name: example.net, controls: {CERT-KEY-SIZE: {minimum_ec_bits: 222, minimum_rsa_bits: 2222}}}
hosts:
  - {name: mx2.example.org, controls: {CERT-KEY-SIZE: {minimum_rsa_bits: 4444}}}
""",
    )
    keys = catalogue()["CERT-KEY-SIZE"]

    def parameters(target: Endpoint) -> object:
        rule = found.rule(keys, target)
        assert rule is not None
        return rule.parameters

    assert parameters(MXEndpoint("mx9.example.com", "192.0.2.9", 25)) == {
        "minimum_rsa_bits": 1111,
        "minimum_ec_bits": 256,
    }
    assert parameters(MX) == {"minimum_rsa_bits": 2222, "minimum_ec_bits": 521}
    own_host = MXEndpoint("mx2.example.org", "192.0.2.26", 25, domains=("example.org",))
    assert parameters(own_host) == {"minimum_rsa_bits": 4444, "minimum_ec_bits": 521}


def test_the_command_line_decides_what_closes_the_gate(tmp_path: Path) -> None:
    text = "domains: [example.org]\nprofile: rfc\n"
    single = catalogue()["DMARC-SINGLE"]
    for found, fail_on in (
        (policy(tmp_path, text), MUST),
        (policy(tmp_path, text, fail_on=MAY), MAY),
        (policy(tmp_path, text, profile="internet.nl"), SHOULD),
    ):
        rule = found.rule(single, DOMAIN)
        assert rule is not None
        assert rule.fail_on is fail_on


def test_house_rules_are_judged_under_every_profile(tmp_path: Path) -> None:
    house = Control("HOUSE-MX", MUST, (Reference("Ours"),), "t", "w", "f", ("mx",))
    rule = policy(tmp_path, "domains: [example.org]\n", "parked").rule(house, DOMAIN)
    assert rule is not None
    assert rule.level is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("domains:\n  - name: a.example\n    profile: parkt\n", "prod.yaml:3: domains[0].profile: there is no profile"),
        (
            "domains: [a.example]\nprofile: parkt\n",
            "prod.yaml:2: profile: there is no profile parkt; did you mean parked?",
        ),
        (
            "domains:\n  - name: a.example\n    controls:\n      SPF-VOID: {}\n",
            "prod.yaml:4: domains[0].controls.SPF-VOID: there is no control",
        ),
        (
            "hosts:\n  - name: a.example\n    controls:\n      CERT-KEY-SIZE: {bits: 1}\n",
            "prod.yaml:4: hosts[0].controls.CERT-KEY-SIZE.bits: unknown parameter",
        ),
    ],
)
def test_what_the_inventory_gets_wrong_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InventoryError) as raised:
        policy(tmp_path, text)
    assert message in str(raised.value)


def test_a_wrong_value_is_told_with_those_that_are_allowed() -> None:
    catalogue = load_catalogue()
    told = wrong_parameter(catalogue["DMARC-ENFORCED"], "accept", ["rejct"])
    assert told == "'rejct' is none of none, quarantine, reject; did you mean reject?"
    told = wrong_parameter(catalogue["CERT-DATES"], "expiry_warning_fraction", 10)
    assert told == "a number from 0 to 1 is expected"


def test_every_parameter_says_what_it_may_be_and_its_default_is_that() -> None:
    for control in load_catalogue():
        for name, value in control.parameters.items():
            assert name in control.allowed or value == (), control.id  # a list of whatever the inventory has
            assert wrong_parameter(control, name, value) is None


@pytest.mark.parametrize(("depth", "judged"), [("usual", False), ("full", True)])
def test_what_only_the_full_depth_asks_is_judged_there_alone(tmp_path: Path, depth: str, judged: bool) -> None:
    docket = Docket(load_probes(), policy(tmp_path, f"domains: [example.org]\nlimits: {{tls_depth: {depth}}}\n"))
    targets = Targets()
    targets.add(MX)
    full = [control for control in catalogue() if docket.needs_full_depth(control)]
    assert {"TLS-CIPHER-ORDER", "TLS-DOWNGRADE", "TLS-GREASE"} <= {control.id for control in full}
    assert {bool(docket.ruled(control, targets)) for control in full} == {judged}
    assert not any(docket.is_ruled_out(control, targets) for control in full)  # so that reports name them
    assert docket.ruled(catalogue()["TLS-NO-SSL3"], targets)
