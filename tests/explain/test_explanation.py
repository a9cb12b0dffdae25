"""Shares of atoms sum to the change of the output, whatever the model is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from rdkit import Chem
from sklearn.metrics import roc_auc_score

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.tasks.kinds import TaskKind, kind_config
from bioassay_mtl.training import train

ACID = Chem.MolFromSmarts("C(=O)[OX2H1]")
MORGAN = {"morgan": {"kind": "morgan", "n_bits": 1024, "counts": True}}
GRAPH = {"graph": {"kind": "graph"}}
KINDS: list[TaskKind | str] = [
    kind_config(each)
    for each in (
        "binary",
        {"kind": "multiclass", "classes": ["x", "y", "z"]},
        {"kind": "ordinal", "classes": ["low", "mid", "high"]},
        "regression",
    )
]
COLUMNS = ["a", "m[x]", "m[z]", "o[low]", "o[mid]", "o[high]", "v"]

MLP = {"inputs": ["morgan"], "n": 2, "width": 32, "depth": 2}
DMPNN = {"kind": "dmpnn", "inputs": ["graph"], "n": 1, "width": 32, "hidden": 32, "depth": 3,
         "pooling": "sum"}  # fmt: skip
GINE = {"kind": "gine", "inputs": ["graph"], "n": 1, "width": 32, "hidden": 32, "depth": 2}
NETWORKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "mlp": (MORGAN, {"experts": [MLP]}),
    "dmpnn": (GRAPH, {"experts": [DMPNN]}),
    "gine": (GRAPH, {"experts": [GINE]}),
    "mixture": (MORGAN | GRAPH, {"experts": [MLP, DMPNN], "gate": {"kind": "linear"}}),
    "gate of graphs": (
        MORGAN | GRAPH,
        {"experts": [MLP, DMPNN], "gate": {"kind": "low_rank", "inputs": ["graph", "morgan"]}},
    ),
    "mmoe": (MORGAN, {"kind": "mmoe", "experts": {"inputs": ["morgan"], "n": 2, "width": 16}}),
    "shared bottom": (MORGAN, {"kind": "shared_bottom", "bottom": {"inputs": ["morgan"]}}),
    "towers of their own": (MORGAN, {"experts": [MLP], "tower": {"kind": "mlp"}}),
    "forest": (MORGAN, {"kind": "forest", "inputs": ["morgan"], "n_trees": 20}),
    "boosted trees": (MORGAN, {"kind": "boosted_trees", "inputs": ["morgan"], "n_trees": 20}),
    "linear": (MORGAN, {"kind": "linear", "inputs": ["morgan"]}),
    "descriptors": (
        MORGAN | {"descriptors": {"kind": "rdkit_descriptors"}},
        {"experts": [{"inputs": ["morgan", "descriptors"], "n": 2, "width": 16}]},
    ),
}
FITTED = ("forest", "boosted trees", "linear")


def settings(name: str, epochs: int = 1) -> dict[str, Any]:
    inputs, network = NETWORKS[name]
    steps = {} if name in FITTED else {"epochs": epochs, "patience": epochs, "learning_rate": 3e-3}
    return {"fingerprints": inputs, "network": network, "domain": "none", **steps}


@pytest.fixture(scope="module")
def panel(nci_smiles: list[str]) -> Panel:
    rng, n = np.random.default_rng(0), 200
    values = np.stack([rng.integers(0, k, n) for k in (2, 3, 3)] + [rng.normal(50, 9, n)], axis=1)
    return Panel.from_arrays(nci_smiles[:n], values, ["a", "m", "o", "v"], kinds=KINDS)


@pytest.fixture(scope="module")
def models(panel: Panel) -> dict[str, Model]:
    return {}


def model_of(name: str, panel: Panel, models: dict[str, Model]) -> Model:
    if name not in models:
        models[name] = train(panel, settings(name))
    return models[name]


def check(model: Model, smiles: list[str]) -> None:
    raw = model.predict(smiles, calibrated=False)
    for column in COLUMNS:
        for row, found in enumerate(model.explain(smiles, column)):
            assert found is not None
            assert found.atoms.shape == (Chem.MolFromSmiles(smiles[row]).GetNumAtoms(),)
            change = found.value - found.reference
            assert found.atoms.sum() + found.whole == pytest.approx(change, abs=1e-4)
            by_expert = sum(each.atoms.sum() + each.whole for each in found.experts)
            assert by_expert == pytest.approx(change, abs=1e-4 + 2e-3 * abs(change))
            said = float(raw[column].iloc[row])
            predicted = found.value if column == "v" else 1 / (1 + np.exp(-found.value))
            assert predicted == pytest.approx(said, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.cases(3)
def test_shares_are_complete(
    name: str, panel: Panel, models: dict[str, Model], nci_smiles: list[str]
) -> None:
    check(model_of(name, panel, models), nci_smiles[200:202])


@pytest.mark.soak
def test_those_of_joined_and_stacked_models_too(
    panel: Panel, models: dict[str, Model], nci_smiles: list[str]
) -> None:
    parts = [model_of(name, panel, models) for name in ("mlp", "forest", "dmpnn")]
    both = join(parts, [0.5, 0.3, 0.2])
    check(both, nci_smiles[200:201])
    (found,) = both.explain(nci_smiles[200:201], "a")
    assert found is not None
    names = [each.name for each in found.experts]
    assert names == ["mlp on morgan 1", "mlp on morgan 2", "forest on morgan", "dmpnn on graph"]
    gate = {"kind": "stacked", "folds": 2}
    experts = [MLP, {"kind": "forest", "inputs": ["morgan"], "n_trees": 20}]
    stacked = train(
        panel, {"fingerprints": MORGAN, "network": {"experts": experts, "gate": gate}, "epochs": 1}
    )
    check(stacked, nci_smiles[200:201])


def test_gradients_miss_little(
    panel: Panel, models: dict[str, Model], nci_smiles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What steps leave over is shared out: it must be a small part of what they find."""
    from bioassay_mtl.explain.pieces import Piece

    missed: list[float] = []
    as_it_is = Piece.balanced

    def noted(piece: Piece) -> Piece:
        change = piece.value - piece.reference
        missed.append((change - piece.atoms.sum() - piece.whole) / (0.1 + abs(change)))
        return as_it_is(piece)

    monkeypatch.setattr(Piece, "balanced", noted)
    for name in ("mlp", "dmpnn", "descriptors", "linear", "forest", "boosted trees"):
        model_of(name, panel, models).explain(nci_smiles[200:203], "a")
    assert max(map(abs, missed)) < 0.02


def test_more_points_change_little(
    panel: Panel, models: dict[str, Model], nci_smiles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bioassay_mtl.explain import paths

    for name in ("mlp", "dmpnn", "gine"):
        model = model_of(name, panel, models)
        (usual,) = model.explain(nci_smiles[200:201], "a")
        with monkeypatch.context() as finer:
            finer.setattr(paths, "STEPS", 500)
            (exact,) = model.explain(nci_smiles[200:201], "a")
        assert usual is not None
        assert exact is not None
        assert np.abs(usual.atoms - exact.atoms).sum() < 0.02 * np.abs(exact.atoms).sum(), name


def test_groups_of_experts_give_alone_what_they_give_together(
    panel: Panel, nci_smiles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside each other they go through the network as one, as where gates read the molecule."""
    network = {"experts": [MLP, DMPNN | {"n": 2}]}
    given = {"fingerprints": MORGAN | GRAPH, "network": network, "domain": "none", "epochs": 1}
    model = train(panel, given)
    gate: Any = model.network.gate
    (apart,) = model.explain(nci_smiles[200:201], "v")
    monkeypatch.setattr(gate, "reads_inputs", True)
    (together,) = model.explain(nci_smiles[200:201], "v")
    assert apart is not None
    assert together is not None
    for one, other in zip(apart.experts, together.experts, strict=True):
        assert one.name == other.name
        np.testing.assert_allclose(one.atoms, other.atoms, atol=0.02 * np.abs(other.atoms).sum())
    assert apart.value == pytest.approx(together.value, rel=1e-5)
    assert apart.reference == pytest.approx(together.reference, rel=1e-5)


def test_an_expert_that_an_assay_does_not_hear_has_no_share(
    panel: Panel, nci_smiles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings("mlp") | {"network": {"experts": [MLP | {"n": 3}, MLP]}}
    model = train(panel, given)
    is_open: Any = model.network.connections
    is_open[model.tasks.index("v")] = torch.tensor([True, False, True, False, False])
    check(model, nci_smiles[200:201])
    (found,) = model.explain(nci_smiles[200:201], "v")
    assert found is not None
    assert [bool(each.atoms.any()) for each in found.experts] == [True, False, True, False, False]


@pytest.fixture(scope="module")
def rule(nci_smiles: list[str]) -> tuple[list[str], list[str]]:
    """Molecules to learn an acid from, as many that are none, and acids to explain."""
    mols = [(text, Chem.MolFromSmiles(text)) for text in nci_smiles]
    mols = [(text, mol) for text, mol in mols if mol is not None and mol.GetNumAtoms() > 6]
    acids = [text for text, mol in mols if mol.HasSubstructMatch(ACID)]
    others = [text for text, mol in mols if not mol.HasSubstructMatch(ACID)]
    n = min(300, len(acids) - 20)
    return acids[:n] + others[: 2 * n], acids[n : n + 20]


@pytest.mark.parametrize(
    ("name", "epochs"),
    [("mlp", 8), ("linear", 0), ("forest", 0), ("boosted trees", 0)]
    + [pytest.param("dmpnn", 12, marks=pytest.mark.soak)]
    + [pytest.param(name, 12, marks=pytest.mark.soak) for name in ("mixture", "gine")],
)
@pytest.mark.cases(2)
def test_atoms_of_the_substructure_rank_first(
    name: str, epochs: int, rule: tuple[list[str], list[str]]
) -> None:
    known, new = rule
    labels = [[int(Chem.MolFromSmiles(text).HasSubstructMatch(ACID))] for text in known]
    given = settings(name, epochs) | {"split": {"fractions": [1.0, 0.0, 0.0]}}
    model = train(Panel.from_arrays(known, labels, ["acid"]), given)
    areas = []
    for text, found in zip(new, model.explain(new, "acid"), strict=True):
        mol = Chem.MolFromSmiles(text)
        is_part = np.zeros(mol.GetNumAtoms())
        is_part[[atom for match in mol.GetSubstructMatches(ACID) for atom in match]] = 1
        assert found is not None
        areas.append(roc_auc_score(is_part, found.atoms))
    assert np.mean(areas) > 0.9


def test_standardized_molecules_are_explained_as_they_are_read(nci_smiles: list[str]) -> None:
    labels = [[n % 2] for n in range(60)]
    given = settings("mlp") | {"standardize": True}
    model = train(Panel.from_arrays(nci_smiles[:60], labels, ["a"]), given)
    salt, parent, none = model.explain(["CC(=O)[O-].[Na+]", "CC(=O)O", "?"], "a")
    assert none is None
    assert salt is not None
    assert parent is not None
    assert salt.smiles == parent.smiles == "CC(=O)O"
    assert salt.value == parent.value


def test_columns_of_the_user_belong_to_the_whole(nci_smiles: list[str]) -> None:
    inputs = MORGAN | {"dose": {"kind": "columns", "names": ["dose"]}}
    experts = [{"inputs": ["morgan", "dose"], "n": 1, "width": 16}]
    panel = Panel(
        structures=nci_smiles[:60],
        features=None,
        labels=np.arange(60, dtype=np.int8)[:, None] % 2,
        tasks=("a",),
        ids=nci_smiles[:60],
        columns={"dose": [str(n) for n in range(60)]},
    )
    network = {"experts": experts}
    model = train(panel, {"fingerprints": inputs, "network": network, "epochs": 1})
    found, *_ = model.explain(["CCO"], "a", columns={"dose": [50.0]})
    assert found is not None
    assert found.whole != 0


def test_what_cannot_be_explained_is_named(panel: Panel, models: dict[str, Model]) -> None:
    model = model_of("mlp", panel, models)
    with pytest.raises(ConfigError, match=r"several columns.*m\[x\], m\[y\], m\[z\]"):
        model.explain(["CCO"], "m")
    with pytest.raises(ConfigError, match="no assay"):
        model.explain(["CCO"], "nothing")
