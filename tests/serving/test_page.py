"""The page in a real browser: from pasting to a downloaded table, on every screen."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.needs import extra
from tests.serving.conftest import TASKS, Served, Start

MOLECULES = "CCO ethanol\nc1ccccc1N aniline\nC(C broken\nCC(=O)Oc1ccccc1C(=O)O <b>aspirin</b>\n"
Page = Callable[..., Any]


@pytest.fixture
def page(driver: Any, server: Served) -> Page:
    def show(*, width: int = 1280, dark: bool = False, path: str = "") -> Any:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": [scheme]})
        resize(driver, width)
        driver.get_log("performance")
        driver.get(server.address + path)
        if not path:
            until(lambda: driver.find_elements("css selector", "#assays label"))
        assert driver.get_log("browser") == []
        return driver

    return show


def resize(driver: Any, width: int) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
    )


def until(happens: Callable[[], Any]) -> Any:
    """Wait for something; a minute that nothing comes of is a fault."""
    for _ in range(1200):
        if found := happens():
            return found
        time.sleep(0.05)
    raise AssertionError("nothing came of it in a minute")


def find(driver: Any, selector: str) -> Any:
    return driver.find_element("css selector", selector)


def texts(driver: Any, selector: str) -> list[str]:
    return [each.text for each in driver.find_elements("css selector", selector)]


def predict(driver: Any, text: str) -> None:
    find(driver, "#text").clear()
    find(driver, "#text").send_keys(text)
    find(driver, "#go").click()
    until(lambda: find(driver, "#said").text == "Done" or find(driver, "#fault").is_displayed())
    until(lambda: find(driver, "#go").is_enabled())


def wait_for_drawings(driver: Any) -> None:
    until(lambda: len(driver.find_elements("css selector", "#table svg.molecule")) == 3)


def axe(driver: Any) -> list[tuple[str, list[str]]]:
    """What axe finds fault with."""
    extra("axe_core_python", "test")
    program = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    driver.execute_script(program)
    found = driver.execute_async_script("axe.run().then(arguments[0])")
    assert len(found["passes"]) > 10
    return [(each["id"], [n["html"] for n in each["nodes"]]) for each in found["violations"]]


def names(driver: Any) -> list[str]:
    return [text.splitlines()[0] for text in texts(driver, "#table tbody th")]


def test_from_pasting_to_a_table(page: Page) -> None:
    driver = page()
    predict(driver, MOLECULES)
    assert find(driver, "#fault").text == ""
    assert names(driver) == ["ethanol", "aniline", "broken", "<b>aspirin</b>"]
    heads = texts(driver, "#table thead th button")
    assert heads[:4] == ["Molecule", "Status", "In training", "Kinase inhibitors"]
    assert "similarity" in heads
    assert "3 ok, 1 invalid smiles" in find(driver, "#summary").text
    wait_for_drawings(driver)
    assert driver.get_log("browser") == []


def test_nothing_is_asked_of_others(page: Page, server: Served) -> None:
    driver = page()
    predict(driver, MOLECULES)
    wait_for_drawings(driver)
    said = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    urls = [
        message["params"]["request"]["url"]
        for message in said
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert len(urls) > 5
    assert {url for url in urls if not url.startswith(server.address)} == set()


def test_assays_are_chosen_by_name_and_by_keyboard(page: Page, driver: Any) -> None:
    keys = extra("selenium.webdriver.common.keys", "test").Keys
    page()
    find(driver, "#text").send_keys("CCO")
    find(driver, "#find").send_keys("drd2 recep", keys.TAB)
    shown = [each for each in texts(driver, "#assays label") if each]
    assert [each.splitlines()[0] for each in shown] == ["Receptor blockers PCBA-20"]
    driver.switch_to.active_element.send_keys(keys.TAB)
    driver.switch_to.active_element.send_keys(keys.SPACE)
    assert find(driver, "#chosen").text == "1 of 3"
    find(driver, "#text").send_keys(keys.CONTROL, keys.ENTER)
    until(lambda: find(driver, "#said").text == "Done")
    heads = texts(driver, "#table thead th button")
    assert "Receptor blockers" in heads
    assert "Kinase inhibitors" not in heads


def test_a_click_sorts_and_another_turns_round(page: Page) -> None:
    driver = page()
    predict(driver, MOLECULES)
    place = texts(driver, "#table thead th button").index("level") + 2
    button = find(driver, f"#table thead th:nth-child({place}) button")
    for sign in (-1, 1):
        button.click()
        cells = texts(driver, f"#table tbody td:nth-child({place})")
        assert cells[-1] == "–"  # what is not known stays last, both ways round
        numbers = [float(text.split()[0]) for text in cells[:-1]]
        assert len(numbers) == 3
        assert numbers == sorted(numbers, reverse=sign < 0)
    find(driver, "#filter").send_keys("AN")
    assert {*names(driver)} == {"aniline", "ethanol"}  # which has an "an", too


def test_a_file_is_uploaded_and_a_table_downloaded(
    page: Page, server: Served, tmp_path: Path
) -> None:
    driver = page()
    (tmp_path / "in.csv").write_text("name,smiles\none,CCO\ntwo,nope\n")
    behavior = {"behavior": "allow", "downloadPath": str(tmp_path)}
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", behavior)
    find(driver, "#file").send_keys(str(tmp_path / "in.csv"))
    find(driver, "#go").click()
    until(lambda: find(driver, "#said").text == "Done")
    find(driver, "#download").click()
    until((tmp_path / "predictions.csv").exists)
    with (tmp_path / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["status"]) for row in rows] == [
        ("one", "ok"),
        ("two", "invalid_smiles"),
    ]
    answer = server.client.post("/api/predict", json={"smiles": ["CCO"]}).json()["rows"][0]
    assert [float(rows[0][task]) for task in TASKS] == [answer["predictions"][t] for t in TASKS]


def test_a_number_tells_why(page: Page, driver: Any) -> None:
    keys = extra("selenium.webdriver.common.keys", "test").Keys
    page()
    predict(driver, MOLECULES)
    why = find(driver, "#table tbody tr:nth-child(2) button.why")
    driver.execute_script("arguments[0].focus()", why)
    driver.switch_to.active_element.send_keys(keys.ENTER)
    until(lambda: driver.find_elements("css selector", "#reasons svg.molecule"))
    title = find(driver, "#why-title").text
    assert title == f"Why {why.text} for aniline in Kinase inhibitors"
    terms = dict(
        zip(texts(driver, "#reasons > dl dt"), texts(driver, "#reasons > dl dd"), strict=True)
    )
    value, reference, atoms, whole = (float(x.replace("−", "-")) for x in terms.values())
    assert atoms + whole == pytest.approx(value - reference, abs=0.003)
    assert axe(driver) == []
    driver.switch_to.active_element.send_keys(keys.ESCAPE)
    assert not find(driver, "#why").is_displayed()
    assert driver.switch_to.active_element == why


@pytest.mark.soak
def test_many_rows_come_in_parts(page: Page, nci_smiles: list[str]) -> None:
    driver = page()
    driver.execute_script(
        "document.getElementById('text').value = arguments[0]", "\n".join(nci_smiles[:600])
    )
    find(driver, "#go").click()
    until(lambda: find(driver, "#said").text == "Done")
    assert len(names(driver)) == 50
    assert find(driver, "#shown").text == "50 of 600 shown"
    driver.execute_script("document.getElementById('more').click()")
    assert len(names(driver)) == 100


@pytest.mark.soak
def test_of_many_assays_the_most_telling_are_shown(page: Page, driver: Any, start: Start) -> None:
    page()
    with start(model="pcba128") as served:
        driver.get(served.address)
        until(lambda: len(driver.find_elements("css selector", "#assays label")) == 128)
        predict(driver, "CC(=O)Oc1ccccc1C(=O)O aspirin\nOc1ccc(O)cc1 hydroquinone\n")
        assert find(driver, "#fault").text == ""
        assert len(driver.find_elements("css selector", "#table button.why")) == 2 * 12
        driver.execute_script("document.getElementById('wider').click()")
        assert len(driver.find_elements("css selector", "#table button.why")) == 2 * 128
        assert not find(driver, "#wider").is_displayed()


def test_what_is_wrong_is_said(page: Page, driver: Any) -> None:
    page()
    find(driver, "#go").click()
    assert find(driver, "#fault").text == "Paste some molecules, or choose a file."
    predict(driver, 'a,b,smiles\n1,2\n3,"4')
    assert "not closed" in find(driver, "#fault").text
    driver.get_log("browser")  # that the server refused it
    predict(driver, "CCO")
    assert not find(driver, "#fault").is_displayed()
    assert names(driver) == ["row 1"]


def test_work_can_be_stopped(page: Page) -> None:
    driver = page()
    hang = "\n".join(["C"] * 300)
    driver.execute_script("document.getElementById('text').value = arguments[0]", hang)
    # Pressed before the answer can come.
    driver.execute_script(
        "document.getElementById('go').click(); document.getElementById('stop').click()"
    )
    until(lambda: find(driver, "#fault").text == "Stopped.")
    assert find(driver, "#go").is_enabled()


@pytest.mark.parametrize("dark", [pytest.param(False, marks=pytest.mark.soak), True])
@pytest.mark.parametrize("path", ["", "api"])
@pytest.mark.cases(1)
def test_axe_finds_nothing(page: Page, dark: bool, path: str) -> None:
    for width in (360, 768, 1280):
        driver = page(width=width, dark=dark, path=path)
        if not path:
            predict(driver, MOLECULES)
            wait_for_drawings(driver)
        assert axe(driver) == []


@pytest.mark.parametrize("path", ["", "api"])
def test_no_page_scrolls_sideways(page: Page, path: str) -> None:
    driver = page(path=path)
    if not path:
        predict(driver, MOLECULES)
    for width in (360, 768, 1280):
        resize(driver, width)
        root = "document.documentElement"
        seen, whole = driver.execute_script(f"return [{root}.clientWidth, {root}.scrollWidth]")
        assert whole == seen > width - 20


def test_what_is_given_cannot_run(page: Page) -> None:
    driver = page()
    predict(driver, "CCO <img src=x onerror=document.title='broken'>\n")
    assert names(driver) == ["<img src=x onerror=document.title='broken'>"]
    driver.execute_script(
        "const s = document.createElement('script'); s.textContent = 'document.title = 1';"
        "document.body.append(s)"
    )
    assert driver.title.startswith("Predict molecules")
    assert "Content Security Policy" in driver.get_log("browser")[0]["message"]
