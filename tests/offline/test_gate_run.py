"""The gate as a user sees it: profiles, waivers, baseline, inconclusive, and their exit codes."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from mailproof.cli import main
from tests.offline.user import Run, pytest_run, write_inventory

NO_SPF = "domains: [no-spf.example]\n"
SPF = ("--control", "SPF-*")
BOTH = (*SPF, "--control", "SMTP-GREET-220")
PLAIN = ("--inventory", "prod.yaml", *SPF)


def day(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def waiver(control: str = "SPF-EXISTS", target: str = "no-spf.example", days: int = 100) -> str:
    return (
        f"waivers:\n  - {{control: '{control}', target: '{target}', reason: we wait for the provider, "
        f"expires: {day(days)}, owner: ann}}\n"
    )


def last_line(run: Run) -> str:
    return run.output.rstrip().splitlines()[-1]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record of one domain without SPF and one that is right; all tests here judge it."""
    directory = tmp_path_factory.mktemp("seen")
    write_inventory(directory, "domains: [no-spf.example, right.example, unreachable.example]\n")
    run = pytest_run(directory, "--inventory", "prod.yaml", *BOTH, "--record", "r.json")
    assert run.code == 1
    return directory / "r.json"


def judged(directory: Path, seen: Path, inventory: str, *arguments: str) -> Run:
    """A replay of the record under an inventory and options."""
    write_inventory(directory, inventory)
    return pytest_run(directory, "--inventory", "prod.yaml", "--replay", str(seen), *arguments)


ALL = "domains: [no-spf.example, right.example, unreachable.example]\n"


@pytest.mark.parametrize(
    ("arguments", "code", "verdict"),
    [
        ((), 1, "fail"),
        (("--fail-on", "should"), 1, "fail"),
        (("--fail-on", "MAY"), 1, "fail"),
        (("--fail-on", "must"), 0, "advice"),
        (("--profile", "rfc"), 0, "advice"),
        (("--profile", "rfc", "--fail-on", "should"), 1, "fail"),
        (("--profile", "bulk-sender", "--fail-on", "must"), 1, "fail"),
    ],
)
def test_levels_and_profiles(tmp_path: Path, seen: Path, arguments: tuple[str, ...], code: int, verdict: str) -> None:
    run = judged(tmp_path, seen, ALL, *SPF, *arguments)
    assert run.code == code, run.output
    assert run.verdicts("prod")["SPF-EXISTS", "no-spf.example"] == verdict
    assert ("PASS" in last_line(run)) == (code == 0)
    document = run.document("prod")
    assert document["profile"]["name"] == (arguments[1] if "--profile" in arguments else "baseline")
    assert document["fail_on"] == (arguments[-1].upper() if "--fail-on" in arguments else None)


def test_a_profile_selects_controls_and_a_domain_names_its_own(tmp_path: Path, seen: Path) -> None:
    inventory = ALL.replace("right.example", "{name: right.example, profile: ours.yaml}")
    (tmp_path / "ours.yaml").write_text(
        "name: ours\ntitle: Ours\nextends: parked\ncontrols:\n  SPF-SYNTAX: {off: looked at elsewhere}\n"
    )
    run = judged(tmp_path, seen, inventory, "--profile", "internet.nl", *SPF)
    controls: dict[str, set[str]] = {}
    for control, target in run.verdicts("prod"):
        controls.setdefault(target, set()).add(control)
    assert controls["right.example"] == {"SPF-EXISTS", "SPF-ALL-STRICT"}
    assert controls["no-spf.example"] == {
        *("SPF-EXISTS", "SPF-SYNTAX", "SPF-ALL-STRICT", "SPF-LOOKUPS-10", "SPF-INCLUDE-VALID"),
    }
    assert "profile: internet.nl (Internet.nl mail test), right.example by ours" in run.output
    (own,) = run.document("prod")["own_profiles"]
    assert (own["name"], own["entries"], own["off"]) == (
        "ours",
        ["right.example"],
        {"SPF-SYNTAX": "looked at elsewhere"},
    )
    assert run.document("prod")["controls_without_target"] == []


def test_parameters_of_one_domain(tmp_path: Path, seen: Path) -> None:
    inventory = ALL.replace("right.example", "{name: right.example, controls: {SPF-ALL-STRICT: {accept: ['?all']}}}")
    run = judged(tmp_path, seen, inventory, "--control", "SPF-ALL-STRICT")
    verdicts = run.verdicts("prod")
    assert verdicts["SPF-ALL-STRICT", "right.example"] == "fail"
    assert verdicts["SPF-ALL-STRICT", "unreachable.example"] == "pass"


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_waiver_accepts_a_finding(tmp_path: Path, seen: Path, workers: str) -> None:
    run = judged(tmp_path, seen, ALL + waiver(), *SPF, "-n", workers, "--junitxml", "junit.xml")
    assert run.code == 0, run.output + run.errors
    assert last_line(run) == "decision: PASS, the gate is open (1 waived)"
    assert "WAIVED  SPF-EXISTS  no-spf.example" in run.output
    assert f"until {day(100)} (100 days left): we wait for the provider; owner ann" in run.output
    assert "ends soon" not in run.output
    assert "we wait for the provider" in (tmp_path / "junit.xml").read_text()
    assert "we wait for the provider" in (run.reports / "prod.html").read_text()
    document = run.document("prod")
    assert document["counts"]["waived"] == 1
    assert [(w["state"], w["findings"], w["days_left"]) for w in document["waivers"]] == [("used", 1, 100)]
    (result,) = [r for r in document["results"] if r["verdict"] == "waived"]
    assert result["waived"] == "fail"
    assert not any("waived" in r for r in document["results"] if r is not result)
    assert result["waiver"]["reason"] == "we wait for the provider"
    assert result["evidence"]


@pytest.mark.parametrize("workers", ["0", "1"])
def test_an_expired_waiver_fails_again_and_says_so(tmp_path: Path, seen: Path, workers: str) -> None:
    run = judged(tmp_path, seen, ALL + waiver(days=-1), *SPF, "-n", workers)
    assert run.code == 1
    assert "EXPIRED  SPF-EXISTS  no-spf.example" in run.output
    assert f"the waiver of this finding (we wait for the provider) expired after {day(-1)}" in run.output
    assert last_line(run).endswith("1 finding, 1 of them with an expired waiver")


def test_a_waiver_that_ends_soon_is_warned_about(tmp_path: Path, seen: Path) -> None:
    run = judged(tmp_path, seen, ALL + waiver(days=14), *SPF)
    assert run.code == 0
    assert "waiver of SPF-EXISTS on no-spf.example ends soon" in run.output


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_waiver_that_is_no_longer_needed(tmp_path: Path, seen: Path, workers: str) -> None:
    inventory = ALL + waiver(target="right.*")
    must = (*SPF, "--fail-on", "must", "-n", workers)
    run = judged(tmp_path, seen, inventory, *must)
    assert run.code == 0
    assert "NO LONGER NEEDED  SPF-EXISTS  right.*" in run.output
    strict = judged(tmp_path, seen, inventory, *must, "--strict-waivers")
    assert strict.code == 1
    assert last_line(strict).endswith("1 waiver no longer needed")


def test_a_run_that_was_narrowed_says_nothing_about_waivers(tmp_path: Path, seen: Path) -> None:
    inventory = ALL + waiver(control="SPF-*", target="right.example")
    run = judged(tmp_path, seen, inventory, "--control", "SPF-EXISTS", "--target", "right.*", "--strict-waivers")
    assert run.code == 0
    assert "NOT JUDGED  SPF-*  right.example" in run.output


def test_a_waiver_does_not_cover_what_could_not_be_verified(tmp_path: Path, seen: Path) -> None:
    inventory = ALL + waiver("SMTP-*", "*")
    run = judged(tmp_path, seen, inventory, "--control", "SMTP-GREET-220")
    assert run.code == 1
    assert run.document("prod")["counts"]["inconclusive"] > 0
    assert run.document("prod")["counts"]["waived"] == 0


@pytest.mark.parametrize("workers", ["0", "1"])
@pytest.mark.parametrize("live", [False, True])
def test_a_waiver_that_matches_nothing_is_an_error(tmp_path: Path, seen: Path, workers: str, live: bool) -> None:
    inventory = ALL + waiver(target="no-spff.example")
    if live:
        write_inventory(tmp_path, inventory)
        run = pytest_run(tmp_path, *PLAIN, "-n", workers)
    else:
        run = judged(tmp_path, seen, inventory, *SPF, "-n", workers)
    assert run.code == 4
    text = run.output + run.errors
    assert "no target of SPF-EXISTS matches no-spff.example; did you mean no-spf.example" in text
    assert "prod.yaml:" in text
    assert "Traceback" not in text


def test_waivers_in_a_file_of_their_own(tmp_path: Path, seen: Path) -> None:
    (tmp_path / "waivers.yaml").write_text(waiver())
    run = judged(tmp_path, seen, ALL, *SPF, "--waivers", "waivers.yaml")
    assert run.code == 0
    (tmp_path / "waivers.yaml").write_text(waiver().replace("reason", "raeson"))
    run = judged(tmp_path, seen, ALL, *SPF, "--waivers", "waivers.yaml")
    assert run.code == 4
    assert "waivers.yaml:2: waivers[0].raeson: unknown key; did you mean reason?" in run.errors


def test_inconclusive_may_be_a_warning(tmp_path: Path, seen: Path) -> None:
    both = ("--control", "SMTP-GREET-220", "--inconclusive", "warn")
    run = judged(tmp_path, seen, ALL, *both)
    assert run.code == 0
    assert "could not be verified" in run.output
    assert last_line(run).endswith("the gate is open (2 inconclusive)")
    alone = judged(tmp_path, seen, ALL, *both, "--target", "mx.unreachable.*")
    assert alone.code == 5
    assert last_line(alone).endswith("nothing was checked: nothing could be observed")


def test_retries_are_in_the_evidence(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [unreachable.example]\n")
    file = tmp_path / "prod.yaml"
    file.write_text(file.read_text().replace("retries: 0", "retries: 2, retry_pause: 0.1"))
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "SMTP-GREET-220", "--record", "r.json")
    assert run.code == 1
    again = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "SMTP-GREET-220", "--replay", "r.json")
    for document in (run.document("prod"), again.document("prod")):
        failed = [result for result in document["results"] if result["verdict"] == "inconclusive"]
        assert len(failed) == 2
        for result in failed:
            attempts = [line for line in result["evidence"] if line.startswith("attempt ")]
            assert [line[:9] for line in attempts] == ["attempt 1", "attempt 2", "attempt 3"]
            assert all("refused" in line for line in attempts)


@pytest.fixture(scope="module")
def earlier(seen: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of the record, as a baseline: one finding and two inconclusive."""
    directory = tmp_path_factory.mktemp("earlier")
    run = judged(directory, seen, ALL, *BOTH)
    assert run.document("prod")["counts"]["fail"] == 1
    shutil.copy(run.reports / "prod.json", directory / "earlier.json")
    return directory / "earlier.json"


@pytest.mark.parametrize("workers", ["0", "1"])
def test_what_the_baseline_knows_leaves_the_gate_open(tmp_path: Path, seen: Path, earlier: Path, workers: str) -> None:
    run = judged(tmp_path, seen, ALL, *BOTH, "--baseline", str(earlier), "-n", workers)
    assert run.code == 0, run.output + run.errors
    assert last_line(run) == "decision: PASS, the gate is open (3 known from the baseline)"
    assert "FAIL [known]  SPF-EXISTS" in run.output
    document = run.document("prod")
    assert document["counts"]["fail"] == 1
    assert document["baseline"]["counts"]["known"] == 3
    assert {r["change"] for r in document["results"]} == {"", "known"}


def mended(earlier: Path, directory: Path, key: tuple[str, str]) -> Path:
    """The baseline, had the verdict of ``key`` been a pass; and had something else failed that is gone now."""
    document = json.loads(earlier.read_text())
    for result in document["results"]:
        if (result["control"], result["target"]) == key:
            result["verdict"] = "pass"
    document["results"].append({**document["results"][0], "target": "gone.example", "verdict": "fail"})
    (directory / "mended.json").write_text(json.dumps(document))
    return directory / "mended.json"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_regression_closes_the_gate(tmp_path: Path, seen: Path, earlier: Path, workers: str) -> None:
    baseline = mended(earlier, tmp_path, ("SPF-EXISTS", "no-spf.example"))
    run = judged(tmp_path, seen, ALL, *BOTH, "--baseline", str(baseline), "-n", workers)
    assert run.code == 1
    assert last_line(run).endswith("1 regressed finding")
    assert "REGRESSED  SPF-EXISTS  no-spf.example  pass -> fail" in run.output
    assert "targets gone: gone.example" in run.output


def test_what_is_new_closes_the_gate_and_what_is_mended_is_told(tmp_path: Path, seen: Path, earlier: Path) -> None:
    document = json.loads(earlier.read_text())
    document["results"] = [r for r in document["results"] if r["target"] != "no-spf.example"]
    for result in document["results"]:
        if (result["control"], result["target"]) == ("SPF-EXISTS", "right.example"):
            result["verdict"], result["message"] = "fail", "there was none"
    (tmp_path / "old.json").write_text(json.dumps(document))
    run = judged(tmp_path, seen, ALL, *BOTH, "--baseline", "old.json")
    assert run.code == 1
    assert last_line(run).endswith("1 new finding")
    assert "MENDED  SPF-EXISTS  right.example  fail -> pass" in run.output
    assert "targets added: no-spf.example" in run.output


def test_a_renamed_domain_keeps_its_history(tmp_path: Path, seen: Path, earlier: Path) -> None:
    (tmp_path / "old.json").write_text(earlier.read_text().replace("no-spf.example", "former.example"))
    without = judged(tmp_path, seen, ALL, *BOTH, "--baseline", "old.json")
    assert (without.code, last_line(without).endswith("1 new finding")) == (1, True)
    renamed = ALL.replace("no-spf.example", "{name: no-spf.example, formerly: [former.example]}")
    run = judged(tmp_path, seen, renamed, *BOTH, "--baseline", "old.json")
    assert run.code == 0
    assert run.document("prod")["renamed"] == {"former.example": "no-spf.example"}
    (known,) = [entry for entry in run.document("prod")["baseline"]["known"] if entry["control"] == "SPF-EXISTS"]
    assert known["former"] == "former.example"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--profile", "bod-18"), "--profile: there is no profile bod-18; did you mean bod-18-01?"),
        (("--profile", "missing.yaml"), "missing.yaml: there is no such file"),
        (("--waivers", "missing.yaml"), "missing.yaml: there is no such file"),
        (("--baseline", "missing.json"), "--baseline: "),
        (("--baseline", "prod.yaml"), "damaged, not JSON"),
        (("--fail-on", "never"), "invalid choice"),
        (("--inconclusive", "pass"), "invalid choice"),
    ],
)
def test_wrong_options_exit_with_4(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    write_inventory(tmp_path, NO_SPF)
    run = pytest_run(tmp_path, *PLAIN, *arguments)
    assert run.code == 4
    assert message in run.output + run.errors
    assert "Traceback" not in run.output + run.errors


@pytest.mark.parametrize(
    "option",
    [("--profile", "rfc"), ("--fail-on", "must"), ("--waivers", "x"), ("--strict-waivers",), ("--baseline", "x")],
)
def test_options_of_the_gate_need_an_inventory(tmp_path: Path, option: tuple[str, ...]) -> None:
    run = pytest_run(tmp_path, *option)
    assert run.code == 4
    assert f"{option[0]} needs --inventory" in run.errors


def test_diff_compares_two_results(tmp_path: Path, earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    better = mended(earlier, tmp_path, ("SPF-EXISTS", "no-spf.example"))
    assert main(["diff", str(better), str(earlier)]) == 1
    text = capsys.readouterr().out
    assert "Regressed: 1\n  SPF-EXISTS  no-spf.example  pass -> fail\n" in text
    assert main(["diff", str(earlier), str(earlier)]) == 0
    assert "0 new, 0 regressed, 0 mended, 3 remaining" in capsys.readouterr().out
    assert main(["diff", "--format", "markdown", str(better), str(earlier)]) == 1
    assert "### Regressed (1)" in capsys.readouterr().out
    assert main(["diff", str(earlier), str(tmp_path / "missing.json")]) == 4
    assert "there is no such file" in capsys.readouterr().err


def test_profiles_are_listed_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == sorted(file.name.removesuffix(".yaml") for file in (files("mailproof.gate") / "profiles").iterdir())
    assert {"baseline", "bod-18-01", "founding-notes"} <= set(names)
    assert main(["profiles", "bod-18-01"]) == 0
    text = capsys.readouterr().out
    assert 'MUST    DMARC-ENFORCED  accept=["reject"]' in text
    assert "tested by no control:\n    - The address" in text
    assert "https://cyber.dhs.gov/bod/18-01/" in text
    assert main(["profiles", "bod"]) == 4
    assert "did you mean bod-18-01?" in capsys.readouterr().err
    (tmp_path / "ours.yaml").write_text("name: ours\ntitle: Ours\nextends: rfc\ncontrols: {SPF-EXIST: {}}\n")
    assert main(["profiles", str(tmp_path / "ours.yaml")]) == 4
    assert "ours.yaml:4: controls.SPF-EXIST: there is no control" in capsys.readouterr().err
