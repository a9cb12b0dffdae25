"""What people get who install the package: its files, its metadata, versions that fit together."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from email import message_from_bytes
from email.message import Message
from importlib.metadata import PackageNotFoundError
from importlib.metadata import metadata as metadata_of
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.needs import installed

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
BUILD = "import sys; from setuptools import build_meta as b; print(getattr(b, sys.argv[1])('.'))"


def copy_small(source: str, target: str) -> None:
    """Names matter here, not weights."""
    if source.endswith(".safetensors"):
        Path(target).touch()
    else:
        shutil.copyfile(source, target)


def build(kind: str, folder: Path) -> Path:
    command = [sys.executable, "-W", "ignore", "-c", BUILD, kind]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    installed("setuptools", "test")
    folder = tmp_path_factory.mktemp("source") / "tree"
    unwanted = shutil.ignore_patterns("__pycache__")
    for part in ("bioassay_mtl", "tests"):
        shutil.copytree(ROOT / part, folder / part, ignore=unwanted, copy_function=copy_small)
    for path in ROOT.iterdir():
        if path.is_file() and path.name != ".git":
            shutil.copyfile(path, folder / path.name)
    return build("build_sdist", folder)


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built of nothing but the source distribution."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.iterdir()
    return zipfile.ZipFile(build("build_wheel", unpacked))


def files_of(folder: Path) -> set[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(ROOT)) for p in paths if "__pycache__" not in p.parts}


def test_the_source_holds_the_package_and_no_tests(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert files_of(ROOT / "bioassay_mtl") <= names
    assert {"LICENSE", "README.md", "setup.cfg", "pyproject.toml"} <= names
    assert not {name for name in names if name.split("/")[0] in ("tests", "benchmarks")}


def test_a_wheel_of_it_holds_all_that_the_package_reads(wheel: zipfile.ZipFile) -> None:
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    ours = files_of(ROOT / "bioassay_mtl")
    assert names == ours
    for needed in ("py.typed", "models/pcba128/model.safetensors", "datasets/tox21.yaml"):
        assert f"bioassay_mtl/{needed}" in names
    for folder in ("assets", "templates"):
        assert any(name.startswith(f"bioassay_mtl/report/{folder}/") for name in names)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


def test_metadata(metadata: Message) -> None:
    assert metadata["Author"]
    assert metadata["License-Expression"] == "MIT"
    allowed = Requirement(f"python{metadata['Requires-Python']}").specifier
    told = re.findall(r":: (3\.\d+)$", "\n".join(metadata.get_all("Classifier", [])), re.MULTILINE)
    assert told == [f"3.{minor}" for minor in range(30) if f"3.{minor}" in allowed]
    assert told == list(PYTHONS)


@pytest.mark.parametrize("python", PYTHONS)
def test_versions_that_were_tested_suit_each_python(python: str) -> None:
    """Of every requirement just one version, in the range that setup.cfg gives."""
    pins = [Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines()]
    valid = [pin for pin in pins if suits(pin, python)]
    assert max(Counter(pin.name.lower() for pin in valid).values()) == 1
    versions = {pin.name.lower().replace("_", "-"): str(pin.specifier) for pin in valid}
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lines = setup["options"]["install_requires"].split("\n")
    for name, needed in setup["options.extras_require"].items():
        lines += needed.split("\n") if name not in ("cuik",) else []
    for line in filter(None, lines):
        wanted = Requirement(line)
        if suits(wanted, python):
            assert wanted.specifier.contains(versions[wanted.name.lower()].removeprefix("=="))


def test_no_version_is_pinned_where_it_does_not_run() -> None:
    """As far as it is installed here: what its authors say of Python."""
    wrong, n_known = [], 0
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        pin = Requirement(line)
        try:
            found = metadata_of(pin.name)
        except PackageNotFoundError:
            continue
        if not pin.specifier.contains(found["Version"]):
            continue
        n_known += 1
        runs_on = SpecifierSet(found["Requires-Python"] or "")
        wrong += [(line, p) for p in PYTHONS if suits(pin, p) and f"{p}.9" not in runs_on]
    assert not wrong
    assert n_known


def suits(requirement: Requirement, python: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"python_version": python})
