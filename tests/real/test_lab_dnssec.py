"""Our own validation says of every signed zone of the laboratory what Unbound and BIND's validator say."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mailproof.net.dnssec.trust import Status
from tests.real.domains import Delegation
from tests.real.lab import Lab, opinions, plan
from tests.real.lab.lab import ANCHORS

SPECIAL = [domain for domain in plan.DOMAINS if domain.signing or domain.delegation is not Delegation.SIGNED]

QUESTIONS = {
    f"{name}/{type}"
    for domain in SPECIAL
    for name, type in ((domain.name, "SOA"), (domain.name, "SRV"), (f"does-not-exist.{domain.name}", "A"))
}

RSASHA1 = (Status.INSECURE, Status.SECURE, Status.SECURE)
"""RFC 9905, section 2: validators treat RSASHA1 as unsupported; both others still validate it."""

ITERATIONS = (Status.INSECURE, Status.SECURE, Status.SECURE)
"""RFC 9276, section 3.2: the bound of both others is 150."""

OTHERWISE = {
    "sec-rsasha1.test/SOA": RSASHA1,
    "sec-rsasha1.test/SRV": RSASHA1,
    "does-not-exist.sec-rsasha1.test/A": RSASHA1,
    "does-not-exist.sec-many-iterations.test/A": ITERATIONS,
    "sec-many-iterations.test/SRV": ITERATIONS,
    # RFC 5155, section 9.2: no AD bit where the proof is by opt-out; delv does not show that.
    "does-not-exist.sec-opt-out.test/A": (Status.INSECURE, Status.INSECURE, Status.SECURE),
}
"""Where ours, Unbound's and BIND's opinions differ, and why that is right."""

COLLIDING = "sec-key-tag.test"
"""Two keys with one tag: against CVE-2023-50387 BIND gives a zone up after one failed signature check
(max-validation-failures-per-fetch), so that its opinion depends on which key it tries first. It is not asked."""


def test_three_validators_agree(lab: Lab) -> None:
    script = [sys.executable, "-P", str(Path(opinions.__file__))]
    done = lab.run([*script, str(lab.ca_file.with_name(ANCHORS)), *sorted(QUESTIONS)], timeout=300)
    assert done.returncode == 0, done.stderr
    found = {question: tuple(map(Status, said)) for question, said in json.loads(done.stdout).items()}
    assert {said[:2] for question, said in found.items() if COLLIDING in question} == {(Status.SECURE, Status.SECURE)}
    differences = {q: said for q, said in found.items() if COLLIDING not in q and len(set(said)) > 1}
    assert differences == OTHERWISE
    assert {said[0] for said in found.values()} == {Status.SECURE, Status.INSECURE, Status.BOGUS}
