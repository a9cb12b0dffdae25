"""What programs are answered: every record, the digits of the model, and nothing kept."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from rdkit import Chem

from bioassay_mtl.models.model import Model
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from tests.hard import complete
from tests.serving.conftest import TASKS, Served, Start

LIBRARY = "CCO ethanol\nnot_a_molecule bad\n\nc1ccccc1N aniline\n" + "C" * 600 + " long\n"
STATUSES = ["ok", "invalid_smiles", "empty", "ok", "too_large"]
SDF = "".join(
    f"{Chem.MolToMolBlock(Chem.MolFromSmiles(smiles))}$$$$\n" for smiles in ("CCO", "c1ccccc1N")
)


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_listed_molecules_have_a_row_each(server: Served, served_model: Model) -> None:
    smiles = ["CCO", "C(C nope", "", "c1ccccc1N", "a\nb", "CC"]
    answer = server.client.post("/api/predict", json={"smiles": smiles, "ids": list("abcdef")})
    assert answer.status_code == 200
    found = answer.json()
    assert [row["id"] for row in found["rows"]] == list("abcdef")
    assert [row["row"] for row in found["rows"]] == [1, 2, 3, 4, 5, 6]
    states = ["ok", "invalid_smiles", "empty", "ok", "invalid_smiles", "ok"]
    assert [row["status"] for row in found["rows"]] == states
    table = served_model.predict(["CCO", "c1ccccc1N"])
    for row, at in ((found["rows"][0], 0), (found["rows"][3], 1)):
        shown = [*(f"{table[task][at]:.6f}" for task in TASKS[:2]), f"{table['level'][at]:.7g}"]
        assert [row["predictions"][task] for task in TASKS] == [float(text) for text in shown]
    assert found["rows"][1]["predictions"] is None
    assert found["values"] == ["level"]


@pytest.mark.parametrize("name", ["a.smi", "", "a.txt"])
def test_a_file_of_smiles_has_a_row_for_each_record(server: Served, name: str) -> None:
    answer = server.client.post("/api/screen", params={"name": name}, content=LIBRARY)
    start, rows, end = lines(answer.text)
    assert start["total"] == end["rows"] == 5
    assert [row["status"] for row in rows["rows"]] == STATUSES  # type: ignore[attr-defined]
    assert [row["id"] for row in rows["rows"]][:2] == ["ethanol", "bad"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("beside", ["confidence,liabilities", ["confidence", "liabilities"]])
def test_what_stands_beside_is_listed_either_way(server: Served, beside: str | list[str]) -> None:
    answer = server.client.post("/api/screen", params={"beside": beside}, content="CCO\n")
    assert answer.status_code == 200, answer.text
    _, rows, _ = lines(answer.text)
    assert "mw" in rows["rows"][0]["beside"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "kind", "content"),
    [
        ("a.sdf", "", SDF),
        ("", "chemical/x-mdl-sdfile", SDF),
        ("", "", SDF),
        ("a.csv", "", "id;smiles\nx;CCO\ny;c1ccccc1N\n"),
        ("", "text/csv; charset=utf-8", "smiles\nCCO\nc1ccccc1N\n"),
        ("/etc/passwd.TSV", "", "smiles\tname\nCCO\tx\nc1ccccc1N\ty\n"),
    ],
)
def test_files_are_told_by_name_by_type_or_by_content(
    server: Served, name: str, kind: str, content: str
) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = server.client.post(
        "/api/screen", params={"name": name}, content=content, headers=headers
    )
    _, rows, end = lines(answer.text)
    assert end["statuses"] == {"ok": 2}
    smiles = [Chem.CanonSmiles(row["smiles"]) for row in rows["rows"]]  # type: ignore[attr-defined]
    assert smiles == ["CCO", "Nc1ccccc1"]


@pytest.mark.parametrize("beside", [(), ("domain", "confidence")])
def test_a_table_is_that_of_a_screen(
    server: Served, served_model: Model, tmp_path: Path, beside: tuple[str, ...]
) -> None:
    (tmp_path / "in.smi").write_text(LIBRARY)
    options = ScreenOptions(workers=1, annotate=beside, assays=("level", "PCBA-1"))
    screen([tmp_path / "in.smi"], served_model, tmp_path / "out.csv", options)
    expected = (tmp_path / "out.csv").read_bytes().decode()
    asked = {"assays": ["level", "PCBA-1"], "beside": list(beside)}
    answer = server.client.post("/api/screen", params={**asked, "format": "csv"}, content=LIBRARY)
    assert answer.text == expected
    answer = server.client.post("/api/screen", params={**asked, "format": "both"}, content=LIBRARY)
    assert "".join(str(said.get("csv", "")) for said in lines(answer.text)) == expected


def test_rows_come_while_others_are_at_work(server: Served, nci_smiles: list[str]) -> None:
    with server.client.stream("POST", "/api/screen", content="\n".join(nci_smiles[:1000])) as told:
        said = [json.loads(line) for line in told.iter_lines()]
    assert [each["event"] for each in said] == ["start", *["rows"] * 4, "end"]
    assert [each["done"] for each in said[1:-1]] == [256, 512, 768, 1000]


def test_assays_are_found_by_what_they_are_called(server: Served) -> None:
    answer = server.client.post("/api/predict", json={"smiles": ["CCO"], "assays": ["drd2", "1"]})
    assert answer.json()["columns"] == ["PCBA-20", "PCBA-1"]
    found = server.client.get("/api/assays", params={"find": "receptor"}).json()["assays"]
    assert [(each["id"], each["title"]) for each in found] == [("PCBA-20", "Receptor blockers")]
    assert len(server.client.get("/api/assays").json()["assays"]) == 3
    answer = server.client.post("/api/predict", json={"smiles": ["CCO"], "assays": ["PCBA-2"]})
    assert answer.status_code == 422
    assert "did you mean" in answer.json()["error"]["message"]


def test_what_stands_beside_predictions(server: Served, nci_smiles: list[str]) -> None:
    beside = server.client.get("/api/model").json()["beside"]
    assert beside == ["confidence", "domain", "liabilities"]
    asked = {"smiles": [nci_smiles[0], "x"], "beside": beside}
    known, bad = server.client.post("/api/predict", json=asked).json()["rows"]
    assert known["in_training"]
    assert known["beside"]["similarity"] == 1
    assert known["of_assays"]["PCBA-1"]["spread"] > 0
    assert known["beside"]["mw"] == pytest.approx(122.1, abs=0.1)
    assert bad["beside"] is bad["of_assays"] is None


def test_salts_can_be_stripped(server: Served) -> None:
    smiles = ["CCN.Cl", "CCN"]
    for standardize in (False, True):
        asked = {"smiles": smiles, "standardize": standardize, "assays": ["level"]}
        salt, base = server.client.post("/api/predict", json=asked).json()["rows"]
        assert (salt["predictions"] == base["predictions"]) is standardize


def test_drawings(server: Served) -> None:
    asked = {"smiles": ["CCO", "nope(", "", complete(40), "c1ccccc1<script>"]}
    ethanol, *others = server.client.post("/api/drawings", json=asked).json()["drawings"]
    assert ethanol.startswith('<svg class="molecule"')
    assert not any("<svg" in each or "<script" in each for each in others)


def test_predictions_are_explained(server: Served, served_model: Model) -> None:
    aspirin = "CC(=O)Oc1ccccc1C(=O)O"
    asked = {"smiles": aspirin, "assay": "PCBA-20"}
    found = server.client.post("/api/explain", json=asked).json()
    (expected,) = served_model.explain([aspirin], "PCBA-20")
    assert expected is not None
    assert found["atoms"] == pytest.approx(expected.atoms.tolist(), abs=1e-6)
    assert sum(found["atoms"]) + found["whole"] == pytest.approx(
        found["value"] - found["reference"]
    )
    assert "<svg" in found["drawing"]


@pytest.mark.parametrize("smiles", ["C(C", "", complete(40), "C" * 300])
def test_what_is_not_plain_is_not_explained(server: Served, smiles: str) -> None:
    answer = server.client.post("/api/explain", json={"smiles": smiles, "assay": "PCBA-20"})
    assert answer.status_code == 422
    answer = server.client.post("/api/explain", json={"smiles": "CCO", "assay": "PCBA-21"})
    assert answer.status_code == 422


def test_the_interface_describes_itself(server: Served) -> None:
    schema = server.client.get("/openapi.json").json()
    paths = {
        "/api/model",
        "/api/assays",
        "/api/predict",
        "/api/screen",
        "/api/drawings",
        "/api/explain",
    }
    assert paths <= set(schema["paths"])
    page = server.client.get("/api").text
    assert all(path in page for path in paths)
    assert "://" not in page


def test_nothing_is_kept(server: Served) -> None:
    server.client.post("/api/screen", content=SDF)
    assert [*server.folder.rglob("*")] == []


@pytest.mark.slow
def test_a_signal_ends_it(start: Start) -> None:
    with start() as served:
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(timeout=60) == 128 + signal.SIGTERM
        assert "Traceback" not in served.log.read_text()


def test_a_port_that_is_taken_is_told_of(start: Start, server: Served) -> None:
    port = server.address.rstrip("/").rpartition(":")[2]
    with pytest.raises(AssertionError, match="another port may be free"), start("--port", port):
        pass


@pytest.mark.soak
def test_a_browser_is_opened_where_that_is_asked_for(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{seen}.part" && mv "{seen}.part" "{seen}"\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    with start("--open") as served:
        while not seen.exists():
            assert served.process.poll() is None
            time.sleep(0.05)
        assert seen.read_text().strip() == served.address


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at open files")
def test_only_this_machine_is_let_in(server: Served) -> None:
    port = int(server.address.rstrip("/").rpartition(":")[2])
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {
        at.split(":")[0]
        for _, at, _, state, *_ in sockets
        if state == "0A" and at.endswith(f":{port:04X}")
    }
    assert listening == {"0100007F"}
