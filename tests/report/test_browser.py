"""The pages in a real browser: no errors, sorting and filtering work, every screen is served."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from bioassay_mtl.report import Evidence, model_report, screen_report
from tests.report.conftest import HOSTILE, Open, wide_evidence
from tests.report.test_screen_report import nci_screen

Page = Callable[[], str]


@pytest.fixture(scope="module")
def model_page(evidence: Evidence) -> str:
    return model_report(evidence)


@pytest.fixture(scope="module")
def screen_page(nci_smiles: list[str], tmp_path_factory: pytest.TempPathFactory) -> str:
    return screen_report(*nci_screen(nci_smiles[:100], tmp_path_factory.mktemp("screen")))


@pytest.fixture(scope="module")
def wide_page() -> str:
    return model_report(wide_evidence(140))


def column(driver: Any, title: str) -> list[str]:
    """Texts of the visible cells under a head."""
    return list(
        driver.execute_script(
            """const heads = [...document.querySelectorAll("#assays thead th")];
            const at = heads.findIndex((head) => head.textContent === arguments[0]);
            return [...document.querySelectorAll("#assays tbody tr")].filter((row) => !row.hidden)
              .map((row) => row.cells[at].firstChild.textContent);""",
            title,
        )
    )


def head(driver: Any, title: str) -> Any:
    return next(
        each
        for each in driver.find_elements("css selector", "#assays thead th")
        if each.text.startswith(title)
    )


@pytest.mark.parametrize("kind", ["model", "screen", "wide"])
def test_no_page_scrolls_sideways(opened: Open, request: pytest.FixtureRequest, kind: str) -> None:
    driver = opened(request.getfixturevalue(f"{kind}_page"))
    for width in (320, 390, 768, 1280):
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        root = "document.documentElement"
        seen, all_of_it = driver.execute_script(f"return [{root}.clientWidth, {root}.scrollWidth]")
        assert all_of_it == seen > width - 20


def test_nothing_is_fetched(opened: Open, model_page: str, screen_page: str) -> None:
    driver = opened(model_page)
    driver.get_log("performance")
    driver = opened(screen_page)
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    urls = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert [url.rpartition("/")[2] for url in urls] == ["page.html"]


def test_a_click_sorts_and_another_turns_round(opened: Open, model_page: str) -> None:
    driver = opened(model_page)
    assert head(driver, "AUC").get_attribute("aria-sort") == "none"
    for direction in ("descending", "ascending"):
        head(driver, "AUC").find_element("css selector", "button").click()
        assert head(driver, "AUC").get_attribute("aria-sort") == direction
        shown = column(driver, "AUC")
        assert shown[-1] == "–"  # what is not known stays last, both ways round
        known = [float(text) for text in shown[:-1]]
        assert len(set(known)) == 3
        assert known == sorted(known, reverse=direction == "descending")
    assert head(driver, "Actives").get_attribute("aria-sort") == "none"


def test_the_keyboard_sorts(opened: Open, model_page: str) -> None:
    driver = opened(model_page)
    button = head(driver, "Inactives").find_element("css selector", "button")
    driver.execute_script("arguments[0].focus()", button)
    for key in ("\ue007", " "):  # enter, space
        driver.switch_to.active_element.send_keys(key)
        shown = [int(text) for text in column(driver, "Inactives")]
        assert shown == sorted(shown, reverse=key != " ")
    assert driver.switch_to.active_element == button


def test_numbers_sort_as_numbers_and_names_by_their_numbers(opened: Open, wide_page: str) -> None:
    driver = opened(wide_page)
    driver.find_element("css selector", "#assays button.more").click()
    head(driver, "Assay").find_element("css selector", "button").click()
    names = column(driver, "Assay")
    assert [int(name.split()[1]) for name in names] == list(range(140))


def test_a_long_table_is_shown_in_part_and_filtered(opened: Open, wide_page: str) -> None:
    driver = opened(wide_page)
    assert len(column(driver, "Assay")) == 25
    status = driver.find_element("css selector", "#assays [role=status]")
    assert status.text == "25 of 140 shown"
    field = driver.find_element("css selector", "#assays input")
    field.send_keys("ASSAY 13")
    assert [name.split()[1] for name in column(driver, "Assay")] == [
        "13",
        *(str(n) for n in range(130, 140)),
    ]
    field.clear()
    field.send_keys("nothing like it")
    assert column(driver, "Assay") == []
    driver.execute_script(
        "arguments[0].value = ''; arguments[0].dispatchEvent(new Event('input'))", field
    )
    driver.find_element("css selector", "#assays button.more").click()
    assert len(column(driver, "Assay")) == 140


def test_hidden_curves_come_when_asked_for(opened: Open, wide_page: str) -> None:
    driver = opened(wide_page)
    shown = """const cards = [...document.querySelectorAll("#curves li")];
        return [cards.length, cards.filter((card) => card.checkVisibility()).length,
          cards.indexOf(document.activeElement)];"""
    n, n_shown, _ = driver.execute_script(shown)
    assert (n, n_shown) == (128, 12)
    button = driver.find_element("css selector", "#curves button.more")
    driver.execute_script("arguments[0].click()", button)
    assert driver.execute_script(shown) == [n, n, 12]


def test_molecules_are_copied_and_downloaded(opened: Open, screen_page: str) -> None:
    driver = opened(screen_page)
    copy = driver.find_element("css selector", "[data-molecules] button")
    assert copy.get_attribute("aria-label").startswith("Copy SMILES of id")
    copy.click()
    assert copy.text == "Copied"
    driver.execute_script(
        """const make = URL.createObjectURL;
        URL.createObjectURL = (blob) => {
          blob.text().then((text) => { window.kept = text; });
          return make(blob);
        };"""
    )
    driver.find_element("css selector", "[data-molecules] + button").click()
    for _ in range(100):
        if kept := driver.execute_script("return window.kept"):
            break
        time.sleep(0.02)
    cards = driver.find_elements("css selector", "#hits [data-molecules] > li")
    rows = list(csv.reader(kept.splitlines()))
    expected = [[card.get_attribute(f"data-{name}") for name in ("id", "smiles")] for card in cards]
    assert rows == [["id", "smiles"], *expected]


def test_what_is_given_cannot_run_or_mark_up(opened: Open, wide_page: str) -> None:
    driver = opened(wide_page)
    assert driver.title.startswith(HOSTILE)
    assert len(driver.find_elements("css selector", "script")) == 1
    assert driver.find_element("css selector", "h1").text == HOSTILE
    # Had an own script slipped in, the policy of the page would not let it run.
    driver.execute_script(
        "const s = document.createElement('script'); s.textContent = 'document.title = 1';"
        "document.body.append(s)"
    )
    assert driver.title.startswith(HOSTILE)
    assert "Content Security Policy" in driver.get_log("browser")[0]["message"]


def luminance(color: str) -> float:
    parts = [float(part) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("dark", [False, True])
def test_contrast_is_enough_by_day_and_by_night(opened: Open, model_page: str, dark: bool) -> None:
    """WCAG 2.2, success criterion 1.4.3: 4.5 to 1."""
    driver = opened(model_page, dark=dark)
    pairs = driver.execute_script(
        """const behind = (node) => {
          const color = getComputedStyle(node).backgroundColor;
          return color === "rgba(0, 0, 0, 0)" ? behind(node.parentElement) : color;
        };
        return [...document.querySelectorAll("p, a, dt, dd, small, th, td, h1, h2, h3, h4, button,"
            + "summary, figcaption, text, .verdict")].map((node) => {
          const style = getComputedStyle(node);
          return [node instanceof SVGElement ? style.fill : style.color,
            behind(node instanceof SVGElement ? node.closest("figure, li") : node)];
        });"""
    )
    assert len(pairs) > 100
    for front, back in {tuple(pair) for pair in pairs}:
        light, deep = sorted((luminance(front), luminance(back)), reverse=True)
        assert (light + 0.05) / (deep + 0.05) >= 4.5, (front, back)
    paper = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (luminance(paper) < 0.1) is dark


def test_everything_has_a_name(opened: Open, model_page: str, screen_page: str) -> None:
    for page in (model_page, screen_page):
        driver = opened(page)
        count = "return document.querySelectorAll(arguments[0]).length"
        for nameless in (
            "svg:not([aria-hidden]):not([role=img])",
            "svg[role=img]:not([aria-label])",
            "thead th:not([scope=col])",
            "tbody th:not([scope=row])",
            "table:not([aria-label])",
        ):
            assert driver.execute_script(count, nameless) == 0, nameless
        assert driver.execute_script(count, "svg[role=img]") > 5
        names, targets = driver.execute_script(
            """return [[...document.querySelectorAll("[id]")].map((e) => e.id),
            [...document.querySelectorAll("nav a")].map((a) => a.hash.slice(1))];"""
        )
        assert len(set(names)) == len(names)
        assert set(targets) <= set(names)


def test_paper_shows_ink_and_no_buttons(opened: Open, wide_page: str) -> None:
    driver = opened(wide_page, dark=True, medium="print")
    colors = "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
    assert driver.execute_script(colors) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert not driver.find_element("css selector", "#assays button.more").is_displayed()
