"""What a reader does with the report: filter, follow a link to a finding, copy, print, scroll through a fleet."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from mailproof.gate.document import RunDocument, parsed
from mailproof.languages import ENGLISH
from mailproof.net.text import printable
from mailproof.report.html import render
from tests.unit.fleet import plain

EVIL = (
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'></script>"
    '\x1b[31m\u202e" onclick="hacked = 3'
)


def write(directory: Path, name: str, content: dict[str, Any], language: str = ENGLISH) -> str:
    file = directory / f"{name}.html"
    file.write_text(render(parsed(RunDocument, content), language=language), encoding="utf-8")
    return file.as_uri()


def reported(domain: str, text: str = "mx1.example.org") -> dict[str, Any]:
    """What reports say of a domain, with sources of some kinds."""
    kinds = ("own", "own, misconfigured", "forwarder, or a service with a key", "forger")
    numbers = {"messages": 12_345, "passed": 345, "by_spf": 12, "by_dkim": 345}
    seen = {"names": [text], "reasons": [text, f"listed at {text}"], "first": "2026-10-27", "last": "2026-11-25"}
    return {
        "domain": domain,
        "since": "2026-09-01",
        "until": "2026-11-25",
        "reporters": ["google.com", text],
        "messages": 49_380,
        "passed": 1_380,
        "sources": [{"address": "2001:db8:1:2:3:4:5:6", "kind": kind, **numbers, **seen} for kind in kinds],
        "left_out": 7,
        "days": [{"day": f"2026-11-{day:02}", "messages": 90 * day, "passed": 10 * day} for day in range(1, 26)],
    }


@pytest.fixture(scope="module")
def small(pages: Path) -> tuple[str, dict[str, Any]]:
    content = plain(120)
    content["reported"] = [reported("example.org"), reported("mail.with-a-rather-long-name.example.org", "::" * 9)]
    return write(pages, "small", content), content


@pytest.fixture(scope="module")
def fleet(pages: Path) -> tuple[str, dict[str, Any]]:
    content = plain(10_000, controls=25)
    return write(pages, "fleet", content), content


@pytest.fixture
def hostile(pages: Path) -> str:
    content = plain(6)
    for result in content["results"]:
        result["target"] += EVIL
        result["domains"] = [EVIL]
        for name in ("message", "observed", "expected", "why", "fix", "file"):
            result[name] += EVIL
        result["evidence"] = [EVIL, "\u2028]]>--><!--"]
        result["references"] = [{"title": EVIL, "url": "javascript:window.hacked=4"}]
    content["inventory"] = content["contact"] = EVIL
    content["reported"] = [reported(EVIL, EVIL)]
    content["decision"]["reasons"] = [EVIL]
    return write(pages, "hostile", content)


def messages(browser: Any) -> list[dict[str, Any]]:
    """What the browser's console says since it was last asked."""
    found: list[dict[str, Any]] = browser.get_log("browser")
    return found


def show(browser: webdriver.Chrome, address: str) -> None:
    """Open ``address`` anew, and wait until the page's script has done its part."""
    browser.get("about:blank")
    messages(browser)
    browser.get(address)


HANGS = 300
"""Seconds after which a page is taken to hang for ever."""


def wait(browser: webdriver.Chrome, script: str) -> Any:
    """What ``return SCRIPT`` gives as soon as it is true."""
    return WebDriverWait(browser, HANGS).until(lambda _: browser.execute_script(f"return {script}"))


def click(browser: webdriver.Chrome, element: WebElement) -> None:
    """Scroll to ``element`` and click it. What comes into sight is laid out anew, so it takes two steps."""
    for _ in range(2):
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def visible_rows(browser: webdriver.Chrome) -> list[WebElement]:
    return [row for row in browser.find_elements(By.CSS_SELECTOR, ".row") if row.is_displayed()]


def first(content: dict[str, Any], verdict: str, position: int = 0) -> dict[str, Any]:
    found: list[dict[str, Any]] = [result for result in content["results"] if result["verdict"] == verdict]
    return found[position]


def test_counts_and_decision_stand_on_top(browser: webdriver.Chrome, small: tuple[str, dict[str, Any]]) -> None:
    address, content = small
    show(browser, address)
    assert browser.find_element(By.TAG_NAME, "h1").text.endswith("FAIL: the gate stays closed")
    shown = {
        name: int(re.sub(r"\D", "", browser.find_element(By.CSS_SELECTOR, f".counts .{name} dd").text))
        for name in ("must", "should", "advice", "inconclusive", "pass", "none")
    }
    counts = content["counts"]
    assert shown["must"] + shown["should"] == counts["fail"]
    assert shown["advice"] == counts["advice"]
    assert shown["inconclusive"] == counts["inconclusive"]
    assert shown["pass"] == counts["pass"]
    assert shown["none"] == counts["not applicable"]
    assert messages(browser) == []


def test_a_link_opens_and_focuses_its_finding(browser: webdriver.Chrome, small: tuple[str, dict[str, Any]]) -> None:
    address, content = small
    result = first(content, "fail", 7)
    show(browser, f"{address}#finding-{result['id']}")
    wait(browser, f"document.activeElement.id === 'finding-{result['id']}'")
    row = browser.find_element(By.ID, f"finding-{result['id']}")
    assert row.find_element(By.CLASS_NAME, "target").text == result["target"]
    assert row.find_element(By.CLASS_NAME, "evidence").is_displayed()
    assert row.find_element(By.CLASS_NAME, "evidence").text.splitlines() == result["evidence"]


def test_a_link_to_what_was_mended_says_so(browser: webdriver.Chrome, small: tuple[str, dict[str, Any]]) -> None:
    show(browser, f"{small[0]}#finding-000000000000")
    wait(browser, "!document.getElementById('gone').hidden")
    assert "not in this report" in browser.find_element(By.ID, "gone").text


def test_filters_leave_what_matches(browser: webdriver.Chrome, small: tuple[str, dict[str, Any]]) -> None:
    address, content = small
    show(browser, address)
    matches = browser.find_element(By.ID, "matches")
    Select(browser.find_element(By.ID, "by-family")).select_by_visible_text("SPF")
    Select(browser.find_element(By.ID, "by-verdict")).select_by_visible_text("fail")
    Select(browser.find_element(By.ID, "by-level")).select_by_visible_text("MUST")
    expected = [r for r in content["results"] if (r["family"], r["verdict"], r["level"]) == ("SPF", "fail", "MUST")]
    WebDriverWait(browser, HANGS).until(lambda _: matches.text.startswith(f"{len(expected)} in "))
    one = expected[0]
    browser.find_element(By.ID, "by-target").send_keys(one["target"][:8] + one["target"][8:].upper())
    here = [r for r in expected if r["target"] == one["target"]]
    WebDriverWait(browser, HANGS).until(lambda _: matches.text.startswith(f"{len(here)} in "))
    assert {row.get_attribute("id") for row in visible_rows(browser)} == {f"finding-{r['id']}" for r in here}
    browser.find_element(By.ID, "by-text").send_keys("no such words")
    WebDriverWait(browser, HANGS).until(lambda _: matches.text == "Nothing matches")
    assert visible_rows(browser) == []
    browser.find_element(By.CSS_SELECTOR, "#filter button[type=reset]").click()
    WebDriverWait(browser, HANGS).until(lambda _: matches.text == "")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".group:not([hidden])")) > 50


def test_the_script_speaks_the_language_of_its_page(browser: webdriver.Chrome, pages: Path) -> None:
    content = plain(120)
    show(browser, f"{write(pages, 'german', content, 'de')}#finding-{first(content, 'fail', 3)['id']}")
    row = wait(browser, "document.activeElement.matches('.row') && document.activeElement")
    button = row.find_element(By.CLASS_NAME, "copy")
    assert button.text == "Beleg kopieren"
    click(browser, button)
    WebDriverWait(browser, HANGS).until(lambda _: button.text == "Kopiert")
    matches = browser.find_element(By.ID, "matches")
    Select(browser.find_element(By.ID, "by-verdict")).select_by_visible_text("ungeklärt")
    WebDriverWait(browser, HANGS).until(lambda _: re.fullmatch(r"\d+ in 1 Gruppe", matches.text))
    browser.find_element(By.ID, "by-text").send_keys("no such words")
    WebDriverWait(browser, HANGS).until(lambda _: matches.text == "Nichts passt")
    assert messages(browser) == []
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    width = browser.execute_script("return document.documentElement.scrollWidth")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert width == 390


def test_a_domain_card_leads_to_its_findings(browser: webdriver.Chrome, small: tuple[str, dict[str, Any]]) -> None:
    show(browser, small[0])
    card = browser.find_element(By.CSS_SELECTOR, ".card .name")
    name = card.text
    click(browser, card)
    wait(browser, "document.getElementById('matches').textContent !== ''")
    rows = visible_rows(browser)
    assert rows
    assert all(row.get_attribute("data-domains") == name for row in rows)


def test_evidence_is_copied(browser: webdriver.Chrome, small: tuple[str, dict[str, Any]]) -> None:
    address, content = small
    result = first(content, "fail", 3)
    show(browser, f"{address}#finding-{result['id']}")
    row = wait(browser, f"document.activeElement.id === 'finding-{result['id']}' && document.activeElement")
    button = row.find_element(By.CLASS_NAME, "copy")
    click(browser, button)
    WebDriverWait(browser, HANGS).until(lambda _: button.text == "Copied")
    browser.execute_script(
        "const area = document.createElement('textarea'); area.id = 'pasted'; document.body.append(area)"
    )
    pasted = browser.find_element(By.ID, "pasted")
    pasted.send_keys(Keys.CONTROL, "v")
    lines = str(pasted.get_property("value")).splitlines()
    assert lines[0] == f"{result['control']} {result['level']} {result['target']}"
    assert lines[1] == result["message"]
    assert lines[2:] == result["evidence"]


@pytest.mark.parametrize("position", [0, -1], ids=["in the markup", "packed"])
def test_what_to_publish_is_copied_alone(browser: webdriver.Chrome, pages: Path, position: int) -> None:
    content = plain(120)
    results = [result for result in content["results"] if result["verdict"] == "fail"]
    results = sorted((r for r in results if r["control"] == results[0]["control"]), key=lambda r: str(r["target"]))
    for each in results:
        each["remedy"] = {"before": f"{each['target']}. IN TXT {EVIL}", "after": f"{each['target']}. IN TXT {EVIL}\nb"}
    show(browser, f"{write(pages, 'remedy', content)}#finding-{results[position]['id']}")
    row = wait(browser, f"document.activeElement.id === 'finding-{results[position]['id']}' && document.activeElement")
    button = WebDriverWait(browser, HANGS).until(lambda _: row.find_element(By.CLASS_NAME, "take"))
    click(browser, button)
    WebDriverWait(browser, HANGS).until(lambda _: button.text == "Copied")
    browser.execute_script(
        "const area = document.createElement('textarea'); area.id = 'pasted'; document.body.append(area)"
    )
    pasted = browser.find_element(By.ID, "pasted")
    pasted.send_keys(Keys.CONTROL, "v")
    lines = [printable(line) for line in results[position]["remedy"]["after"].splitlines()]
    assert pasted.get_property("value") == "\n".join((*lines, ""))
    assert browser.execute_script("return window.hacked") is None


def test_the_keyboard_is_enough(browser: webdriver.Chrome, small: tuple[str, dict[str, Any]]) -> None:
    show(browser, small[0])
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the findings"
    summary = browser.find_element(By.CSS_SELECTOR, ".all > summary")
    details = browser.find_element(By.CSS_SELECTOR, ".all")
    before = details.get_property("open")
    summary.send_keys(Keys.ENTER)
    assert details.get_property("open") != before


def test_it_can_be_read_by_a_screen_reader(browser: webdriver.Chrome, small: tuple[str, dict[str, Any]]) -> None:
    show(browser, small[0])
    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    nodes = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in tree if not n["ignored"]]
    roles = {role for role, _ in nodes}
    assert {"banner", "navigation", "main", "search", "heading", "table"} <= roles
    for role, name in nodes:
        if role in ("button", "link", "textbox", "searchbox", "combobox", "region", "navigation"):
            assert name, f"a {role} without a name"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(browser: webdriver.Chrome, small: tuple[str, dict[str, Any]], scheme: str) -> None:
    """4.5 to 1, as level AA of WCAG 2 asks for."""
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    show(browser, small[0])
    poor = browser.execute_script(CONTRAST)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert poor == []


CONTRAST = """
const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => parts(colour).slice(0, 3).map((part) => part / 255)
  .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (parts(colour)[3] !== 0) return colour;
  }
  return "rgb(255, 255, 255)";
};
const poor = new Set();
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || !element.checkVisibility() || element.closest("template, script")) continue;
  const [one, other] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
  if ((one + 0.05) / (other + 0.05) < 4.5) poor.add(`${element.tagName}.${element.className}`);
}
return [...poor];
"""


def test_nothing_overflows_on_a_phone(browser: webdriver.Chrome, small: tuple[str, dict[str, Any]]) -> None:
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    show(browser, small[0])
    width = browser.execute_script("return document.documentElement.scrollWidth")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert width == 390


def test_it_prints(browser: webdriver.Chrome, small: tuple[str, dict[str, Any]]) -> None:
    show(browser, small[0])
    printed = base64.b64decode(browser.print_page())
    assert printed.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert 3 < pages < 120
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not browser.find_element(By.ID, "filter").is_displayed()
    assert not any(button.is_displayed() for button in browser.find_elements(By.CLASS_NAME, "copy"))
    row = browser.find_element(By.CSS_SELECTOR, "#matrix-rows tr")
    assert row.size["height"] < 20, "the matrix is printed in small rows: it would fill half of the pages"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_it_works_with_scripts_off(browser: webdriver.Chrome, small: tuple[str, dict[str, Any]]) -> None:
    address, content = small
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get("about:blank")
        browser.get(address)
        text = browser.page_source
        assert not browser.find_element(By.ID, "filter").is_displayed()
        assert len(browser.find_elements(By.CSS_SELECTOR, "#matrix-rows tr")) == 120
        for result in content["results"]:
            if result["verdict"] in ("fail", "advice", "inconclusive"):
                assert f'id="finding-{result["id"]}"' in text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_hostile_text_stays_text(browser: webdriver.Chrome, hostile: str) -> None:
    show(browser, hostile)
    for details in browser.find_elements(By.TAG_NAME, "details"):
        browser.execute_script("arguments[0].open = true", details)
    for cell in browser.find_elements(By.CSS_SELECTOR, ".row .target")[:3]:
        click(browser, cell)
    browser.find_element(By.ID, "by-text").send_keys("script")
    wait(browser, "document.getElementById('matches').textContent !== ''")
    assert browser.execute_script("return window.hacked") is None
    assert browser.find_elements(By.CSS_SELECTOR, "img, iframe, a[href^=javascript], [onclick], [onerror]") == []
    evidence = str(browser.find_element(By.CSS_SELECTOR, ".evidence").get_property("textContent"))
    assert "<script>window.hacked = 1</script>" in evidence
    assert "\\x1b[31m\\u202e" in evidence
    assert messages(browser) == []


def test_the_policy_lets_no_other_script_run_and_nothing_load(browser: webdriver.Chrome, hostile: str) -> None:
    show(browser, hostile)
    browser.execute_script(
        "const image = document.createElement('img'); image.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw=';"
        "document.body.append(image);"
        "const other = document.createElement('style'); other.textContent = 'h1 { display: none }';"
        "document.body.append(other);"
    )
    with pytest.raises(Exception, match="TrustedHTML"):
        browser.execute_script("document.body.insertAdjacentHTML('beforeend', '<p>x</p>')")
    violations = json.dumps(messages(browser))
    assert "img-src" in violations
    assert "style-src" in violations
    assert browser.find_element(By.TAG_NAME, "h1").is_displayed()


def test_ten_thousand_targets_open_at_once_and_scroll(
    browser: webdriver.Chrome, fleet: tuple[str, dict[str, Any]], pages: Path
) -> None:
    address, content = fleet
    assert len(content["results"]) == 250_000
    assert (pages / "fleet.html").stat().st_size < 5_000_000
    show(browser, address)
    wait(browser, "document.querySelectorAll('#matrix-rows tr[aria-rowindex]').length > 0")
    assert browser.execute_script("return document.querySelectorAll('*').length") < 50_000
    scroll = browser.find_element(By.ID, "matrix-scroll")
    browser.execute_script("arguments[0].scrollTop = arguments[0].scrollHeight", scroll)
    wait(browser, "document.querySelector('#matrix-rows tr[aria-rowindex=\"10001\"]') !== null")
    assert len(browser.find_elements(By.CSS_SELECTOR, "#matrix-rows tr")) < 100


def test_a_finding_that_is_not_in_the_markup_is_reached_with_its_evidence(
    browser: webdriver.Chrome, fleet: tuple[str, dict[str, Any]]
) -> None:
    address, content = fleet
    page = browser.execute_script("return document.documentElement.outerHTML") if browser.current_url == address else ""
    result = next(
        r for r in content["results"][100_000:] if r["verdict"] == "fail" and f'"finding-{r["id"]}"' not in page
    )
    show(browser, f"{address}#finding-{result['id']}")
    wait(browser, f"document.activeElement.id === 'finding-{result['id']}'")
    row = browser.find_element(By.ID, f"finding-{result['id']}")
    assert row.find_element(By.CLASS_NAME, "target").text == result["target"]
    assert row.find_element(By.CLASS_NAME, "message").text == result["message"]
    assert row.find_element(By.CLASS_NAME, "evidence").text.splitlines() == result["evidence"]


def test_a_group_shows_more_targets_when_asked(browser: webdriver.Chrome, fleet: tuple[str, dict[str, Any]]) -> None:
    show(browser, fleet[0])
    group = browser.find_element(By.CSS_SELECTOR, ".group")
    click(browser, group.find_element(By.CSS_SELECTOR, ".all > summary"))
    before = len(group.find_elements(By.CLASS_NAME, "row"))
    button = group.find_element(By.CLASS_NAME, "more")
    click(browser, button)
    WebDriverWait(browser, HANGS).until(lambda _: len(group.find_elements(By.CLASS_NAME, "row")) == 100)
    assert before < 100


def test_the_fleet_is_filtered_by_target(browser: webdriver.Chrome, fleet: tuple[str, dict[str, Any]]) -> None:
    address, content = fleet
    show(browser, address)
    browser.find_element(By.ID, "by-target").send_keys("customer02011.example")
    wait(browser, "document.getElementById('matches').textContent !== ''")
    expected = [
        r
        for r in content["results"]
        if "customer02011.example" in r["target"] and r["verdict"] in ("fail", "advice", "inconclusive")
    ]
    shown = visible_rows(browser)
    assert {row.get_attribute("id") for row in shown} == {f"finding-{r['id']}" for r in expected}
    assert len(browser.find_elements(By.CSS_SELECTOR, "#matrix-rows tr[aria-rowindex]")) == 4
