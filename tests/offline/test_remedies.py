"""What findings say to publish instead mends them: it is published, and the control passes.

A world is judged, every remedy is put into its zone or policy file, and the world is judged again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailproof.remedies import Remedy, txt_line
from tests.offline.user import Run, pytest_run

RIGHT_SPF = "v=spf1 ip4:11.0.1.25 -all"
RIGHT_DMARC = "v=DMARC1; p=reject; rua=mailto:d@right.example"
POLICY = "version: STSv1\nmode: enforce\nmx: mx.right.example\nmax_age: 1209600\n"


@dataclass(frozen=True)
class Fault:
    """A domain with one fault that a remedy mends, by the control that finds it."""

    control: str
    spf: str = RIGHT_SPF
    dmarc: str = RIGHT_DMARC
    tlsrpt: str = "v=TLSRPTv1; rua=mailto:t@right.example"
    sts: str = "v=STSv1; id=1"
    policy: str = POLICY
    more: str = ""
    """Further lines of the zone, with NAME for the domain."""
    keys: str = ""
    """Keys of the domain in the inventory."""
    target: str = "NAME"

    @property
    def name(self) -> str:
        return f"{self.control.lower()}.example"

    def told(self, text: str) -> str:
        return text.replace("NAME", self.name)


SENDS_NOTHING = "sends: false, receives: false"
FAULTS = (
    Fault("SPF-EXISTS", " v=spf1 ip4:11.0.1.25 -all"),
    Fault("SPF-SYNTAX", "v=spf1 ipv4:11.0.1.25 -all"),
    Fault("SPF-ALL-STRICT", "v=spf1 ip4:11.0.1.25 +all"),
    Fault("SPF-VOID-2", "v=spf1 a:a.gone.example a:b.gone.example mx:c.gone.example ip4:11.0.1.25 -all"),
    Fault("SPF-NO-PTR", "v=spf1 ptr ip4:11.0.1.25 -all"),
    Fault("SPF-INCLUDE-VALID", "v=spf1 include:gone.right.example ip4:11.0.1.25 -all"),
    Fault("SPF-ALL-ONCE-LAST", "v=spf1 ip4:11.0.1.25 -all redirect=right.example"),
    Fault("SPF-BLANKS", "v=spf1  ip4:11.0.1.25 -all"),
    Fault("SPF-TARGETS-RESOLVE", "v=spf1 a:gone.right.example ip4:11.0.1.25 -all"),
    Fault("SPF-NO-TYPE99", more='NAME. IN SPF "v=spf1 -all"\n'),
    Fault("SPF-PARKED", "v=spf1 mx -all", keys=SENDS_NOTHING),
    Fault("SPF-WILDCARD-DENY", "v=spf1 -all", keys=SENDS_NOTHING),
    Fault("SPF-HOST-DENY", more="imap.NAME. IN A 11.0.1.99\n", target="imap.NAME"),
    Fault("DMARC-SYNTAX", dmarc="v=DMARC1; p=rejct; rua=mailto:d@right.example"),
    Fault("DMARC-UNKNOWN-TAGS", dmarc=f"{RIGHT_DMARC}; rf=afrf; ri=86400"),
    Fault("DMARC-P-PRESENT", dmarc="v=DMARC1; rua=mailto:d@right.example; p=reject"),
    Fault("DMARC-PCT-100", dmarc=f"{RIGHT_DMARC}; pct=50"),
    Fault("DMARC-FO", dmarc=f"{RIGHT_DMARC}; fo=1"),
    Fault("DMARC-PSD", dmarc=f"{RIGHT_DMARC}; psd=y"),
    Fault("DMARC-URI-SYNTAX", dmarc=f"{RIGHT_DMARC}!10m"),
    Fault("DMARC-PARKED-REJECT", "v=spf1 -all", "v=DMARC1; p=quarantine", keys=SENDS_NOTHING),
    Fault("TLSRPT-TXT", tlsrpt="v=tlsrptv1; rua=mailto:t@right.example"),
    Fault("STS-TXT", sts="v=STSv1 id=1;"),
    Fault("STS-MX-COVERED", policy=POLICY.replace("mx.right", "old.right")),
    Fault("STS-NO-STALE-MX", policy=POLICY.replace("mx: mx", "mx: old.right.example\nmx: mx")),
)

ROOT = "@ 60 SOA ns.example. h. 1 2 3 4 5\n@ 60 NS ns.example.\n"
HEAD = """$TTL 60
example. IN SOA ns.example. h.example. 1 2 3 4 5
example. IN NS ns.example.
ns.example. IN A 11.0.0.53
mx.right.example. IN A 11.0.1.25
probe.right.example. IN A 11.0.1.24
right.example. IN MX 10 mx.right.example.
"""


def zone() -> str:
    """The zone of all domains."""
    lines = [HEAD]
    for fault in FAULTS:
        if fault.keys != SENDS_NOTHING:
            lines.append(f"{fault.name}. IN MX 10 mx.right.example.\n")
        texts = {
            fault.name: fault.spf,
            f"_dmarc.{fault.name}": fault.dmarc,
            f"_smtp._tls.{fault.name}": fault.tlsrpt,
            f"_mta-sts.{fault.name}": fault.sts,
        }
        lines += [f"{txt_line(owner, text)}\n" for owner, text in texts.items()]
        lines.append(f"mta-sts.{fault.name}. IN A 11.0.1.80\n{fault.told(fault.more)}")
    return "".join(lines)


def world() -> str:
    """The world's servers, with a policy host for each domain."""
    sites = [
        f"  - {{hosts: [mta-sts.{fault.name}], site: {{body: {fault.policy!r}}}}}\n".replace("'", '"')
        for fault in FAULTS
    ]
    return (
        "zones:\n  .: root.zone\n  example: example.zone\n"
        "smtp:\n  - {host: mx.right.example, addresses: [11.0.1.25]}\nhttps:\n" + "".join(sites)
    )


def inventory() -> str:
    """All domains, whose mail leaves at one address."""
    domains = "".join(f"  - {{name: {fault.name}{f', {fault.keys}' if fault.keys else ''}}}\n" for fault in FAULTS)
    return (
        f"world: world\ndomains:\n{domains}"
        "hosts: [{name: imap.spf-host-deny.example, roles: [imap]}]\n"
        "sending: [{address: 11.0.1.25, helo: mx.right.example}]\n"
        "limits: {connect: 60, greeting: 60, reply: 60, tls: 60, dns: 30, https: 60, silence: 0.1, pause: 0}\n"
        "probe: {ehlo: probe.right.example, sender: postmaster@right.example}\n"
    )


def judged(directory: Path, zone_text: str, world_text: str) -> Run:
    (directory / "world").mkdir(parents=True)
    for name, text in {"root.zone": ROOT, "example.zone": zone_text, "world.yaml": world_text}.items():
        (directory / "world" / name).write_text(text)
    (directory / "remedies.yaml").write_text(inventory())
    wanted = ",".join(sorted({fault.control for fault in FAULTS}))
    controls = [word for control in wanted.split(",") for word in ("--control", control)]
    return pytest_run(directory, "--inventory", "remedies.yaml", *controls)


def applied(remedy: Remedy, zone_text: str, world_text: str, name: str) -> tuple[str, str]:
    """The zone and the world with what a remedy says in place of what it names."""
    before, after = (f"{text}\n" if text else "" for text in (remedy.before, remedy.after))
    if " IN " not in before + after:
        old, new = (f'[mta-sts.{name}], site: {{body: "{_quoted(text)}"' for text in (remedy.before, remedy.after))
        assert old in world_text
        return zone_text, world_text.replace(old, new)
    assert before in zone_text
    return (zone_text.replace(before, after, 1) if before else zone_text + after), world_text


def _quoted(text: str) -> str:
    return text.replace("\n", "\\n")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """The world as it is, and as the remedies have it."""
    directory = tmp_path_factory.mktemp("remedies")
    zone_text, world_text = zone(), world()
    first = judged(directory / "before", zone_text, world_text)
    for fault in FAULTS:
        if found := result(first, fault).get("remedy"):
            zone_text, world_text = applied(Remedy(**found), zone_text, world_text, fault.name)
    return first, judged(directory / "after", zone_text, world_text)


def result(run: Run, fault: Fault) -> dict[str, Any]:
    target = fault.told(fault.target)
    results: list[dict[str, Any]] = run.document("remedies")["results"]
    (found,) = [r for r in results if r["control"] == fault.control and r["target"] == target]
    return found


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.control)
def test_what_is_to_be_published_mends_the_fault(runs: tuple[Run, Run], fault: Fault) -> None:
    before, after = (result(run, fault) for run in runs)
    assert before["verdict"] in ("fail", "advice"), before["observed"]
    assert before["remedy"]["before"] != before["remedy"]["after"]
    assert after["verdict"] in ("pass", "not applicable"), after["observed"]


def test_reports_show_it(runs: tuple[Run, Run]) -> None:
    strict = next(fault for fault in FAULTS if fault.control == "SPF-ALL-STRICT")
    output = runs[0].output
    assert f"- {txt_line(strict.name, strict.spf)}" in output
    assert f"+ {txt_line(strict.name, RIGHT_SPF)}" in output
