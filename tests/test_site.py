"""The site is built without a warning, and every link within it leads somewhere."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

ROOT = Path(__file__).resolve().parents[1]


class Page(HTMLParser):
    """Names and links of a page, and what it fetches to be shown."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a":
            self.links += [given[name] for name in ("href",) if name in given]
        if tag in ("script", "img") and "src" in given:
            self.fetched.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.fetched.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for needed in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(needed, reason="needs the extra `docs`")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(folder / "trees"), str(ROOT / "docs"), str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.mark.soak
def test_links_lead_somewhere(site: Path) -> None:
    pages = {file.resolve(): Page(file) for file in site.rglob("*.html")}
    assert len(pages) > 30
    broken = []
    for file, page in pages.items():
        for link in page.links:
            if "://" in link or link.startswith("mailto:"):
                continue
            path, anchor = urldefrag(link)
            target = (file.parent / unquote(path)).resolve() if path else file
            known = pages.get(target)
            if not target.is_file() or (anchor and known and unquote(anchor) not in known.ids):
                broken.append((file.name, link))
    assert not broken


@pytest.mark.soak
def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for file in site.rglob("*.html"):
        for address in Page(file).fetched:
            assert "//" not in address, (file.name, address)
            assert (file.parent / address.partition("?")[0]).is_file(), (file.name, address)


@pytest.mark.soak
def test_equations_are_shown_without_a_script(site: Path) -> None:
    text = (site / "concepts" / "calibration.html").read_text(encoding="utf-8")
    assert text.count("<math") > 5
    assert "\\lceil" not in text
