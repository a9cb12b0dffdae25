"""SD files: Mol blocks stream through untouched."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from rdkit import Chem, RDConfig

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint
from bioassay_mtl.chem.status import Status
from bioassay_mtl.tables import read_records

NCI = Path(RDConfig.RDDataDir) / "NCI" / "first_200.props.sdf"


def read(path: Path, **options: str | int | None) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for batch in read_records(path, **options):  # type: ignore[arg-type]
        assert (batch.notation, batch.first_row) == ("molblock", len(rows) + 1)
        rows += zip(batch.ids, batch.structures, strict=True)
    return rows


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_real_file_agrees_with_rdkit(newline: str, packed: bool, tmp_path: Path) -> None:
    data = NCI.read_text().replace("\n", newline).encode()
    path = tmp_path / f"nci.sdf{'.gz' if packed else ''}"
    path.write_bytes(gzip.compress(data) if packed else data)
    rows = read(path, batch_size=30)
    supplier = Chem.SDMolSupplier(str(NCI))
    assert len(rows) == len(supplier) == 200
    for (name, block), mol in zip(rows, supplier, strict=True):
        assert name == mol.GetProp("_Name")
        assert Chem.MolToSmiles(Chem.MolFromMolBlock(block)) == Chem.MolToSmiles(mol)
    by_property = read(path, id_column="AMW")
    assert [name for name, _ in by_property] == [mol.GetProp("AMW") for mol in supplier]


def test_odd_records_keep_their_places(tmp_path: Path) -> None:
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
    named = "ethanol" + block
    path = tmp_path / "odd.sdf"
    path.write_text(
        f"{named}>  <ID>\n7\n\n$$$$\n"
        f"{block}> 25 <Compound_ID> (1)\nX-1\n\n$$$$\n"
        "$$$$\n"
        "only a title\n$$$$\n"
        f"{block}$$$$\n"
        f"last{block}"
    )
    batches = list(read_records(path))
    assert [batch.ids for batch in batches] == [["ethanol", "X-1", "", "only a title", "", "last"]]
    featurizer = Featurizer({"morgan": MorganFingerprint()})
    features = featurizer(batches[0].structures, batches[0].notation)
    empty, invalid = Status.EMPTY.code, Status.INVALID_MOLBLOCK.code
    assert features.status.tolist() == [0, 0, empty, invalid, 0, 0]


def test_blank_lines_after_the_last_record_are_none(tmp_path: Path) -> None:
    path = tmp_path / "tail.sdf"
    path.write_text(Chem.MolToMolBlock(Chem.MolFromSmiles("C")) + "$$$$\n\n  \n")
    assert len(read(path)) == 1
