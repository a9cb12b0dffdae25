"""Rows of each dataset: to fit, to choose, and to test on."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.mixture_study.cases import BITS, COUNTS
from benchmarks.rivals.evaluation import cut_holdout, find_data, load
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.registry import Registry
from bioassay_mtl.splits import SplitConfig, split

Rows = NDArray[np.int64]
HOLDOUT_SHARE = 0.2
SPLIT_SEED = 0


@dataclass(frozen=True)
class Source:
    """A dataset before its features are made.

    Attributes
    ----------
    panel : Panel
    fit, valid, test : (n,) int64
        Rows to fit on, to choose and to stop on, and to report on. ``valid`` is cut from training
        rows.
    about : str
        What the rows are, for the report.
    groups : dict
        Group of an assay by its name, for exclusivity to groups; assays without one are absent.
    fingerprints : dict
        What the networks read.
    keep_actives : bool
        Whether a cut of the training rows keeps all that are active in some assay.
    """

    panel: Panel
    fit: Rows
    valid: Rows
    test: Rows
    about: str
    groups: dict[str, str]
    fingerprints: dict[str, Any]
    keep_actives: bool = False


@dataclass(frozen=True)
class Dataset:
    """Rows with features: ``choice`` has the rows to fit on, then those to choose on."""

    tasks: tuple[str, ...]
    choice: Panel
    n_fit: int
    test: Panel
    about: str
    groups: dict[str, str]
    fingerprints: dict[str, Any]

    @property
    def n_actives(self) -> list[int]:
        """Active molecules of each assay among the rows fitted on."""
        return [int(n) for n in (self.choice.labels[: self.n_fit] == 1).sum(axis=0)]


sources: Registry[Callable[[str | None], Source]] = Registry("dataset")
"""Each reads a dataset from the data folder (None: where it is looked for)."""


def read(name: str, folder: str | None, rows: int | None) -> Dataset:
    """A dataset with at most so many rows to fit on."""
    source = sources[name](folder)
    fit = cut(source, rows)
    choice = source.panel.take(np.concatenate([fit, source.valid]))
    return Dataset(
        source.panel.tasks,
        with_features(choice, source.fingerprints),
        len(fit),
        with_features(source.panel.take(source.test), source.fingerprints),
        source.about,
        source.groups,
        source.fingerprints,
    )


def cut(source: Source, rows: int | None) -> Rows:
    """A random part of the rows to fit on, the same for the same number."""
    if rows is None or rows >= len(source.fit):
        return source.fit
    order = np.random.default_rng(SPLIT_SEED).permutation(source.fit)
    if source.keep_actives:
        active = (source.panel.labels[order] == 1).any(axis=1)
        order = order[np.argsort(~active, kind="stable")]
    return np.sort(order[:rows])


def with_features(panel: Panel, fingerprints: dict[str, Any]) -> Panel:
    """The panel with what the networks read, without rows that have no features."""
    features = panel_features(panel, Featurizer.from_config({"fingerprints": fingerprints}))
    if not features.ok.all():
        raise ValueError("rows without features are to be left out before")
    return Panel(panel.structures, dict(features.blocks), panel.labels, panel.tasks, panel.ids)


def _pcba(protocol: str, given: str | None) -> Source:
    """PCBA with the rows and the test part of the rivals' evaluations."""
    folder = find_data(given)
    rows = load(protocol, folder)
    ids = [""] * len(rows.label)
    smiles = None if rows.smiles is None else list(rows.smiles)
    blocks: Any = {"morgan": PackedBits(rows.packed, 1024)} if smiles is None else None
    panel = Panel(smiles, blocks, rows.label, rows.tasks, ids)
    if protocol == "B-scaffold":
        fit, valid = rows.fit, rows.valid
    else:
        fit, valid = cut_holdout(rows.packed, rows.train, HOLDOUT_SHARE)
    about = {
        "A": "all rows with 1,024 Morgan bits, public test part",
        "B-random": "rows with SMILES, public test part",
        "B-scaffold": "rows with SMILES, scaffold split of ogbg-molpcba",
    }
    groups = {}
    with (folder / "pcba" / "assay_annotations.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            if row["target_class"]:
                groups[row["task"]] = row["target_class"].split(";")[0].strip()
    prints = BITS if smiles is None else COUNTS
    return Source(panel, fit, valid, rows.test, about[protocol], largest(groups), prints)


def table_source(
    file: str,
    how: SplitConfig,
    groups: dict[str, str],
    given: str | None,
    tasks: Sequence[str] | None = None,
) -> Source:
    """A SMILES table, all assays or some, split by the package."""
    folder = find_data(given)
    panel = Panel.read(folder / file, tasks=tasks)
    panel = panel.take(panel_features(panel, Featurizer.from_config({"fingerprints": BITS})).ok)
    parts = split(panel, how)
    shares = " / ".join(f"{100 * share:.0f}" for share in how.fractions)
    about = f"{how.kind} split {shares} %, seed {how.seed}"
    # So few are active in MUV that a cut which loses some would leave nothing to learn.
    rare = (panel.labels == 1).any(axis=1).mean() < 0.05
    return Source(panel, parts.train, parts.valid, parts.test, about, groups, COUNTS, bool(rare))


def largest(groups: dict[str, str], n: int = 2) -> dict[str, str]:
    """Members of the n largest groups: as many as there are exclusive experts."""
    most = [group for group, _ in Counter(groups.values()).most_common(n)]
    return {task: group for task, group in groups.items() if group in most}


TOX21_GROUPS = {
    f"{family}-{assay}": {"NR": "nuclear receptor", "SR": "stress response"}[family]
    for family, assays in {
        "NR": "AR AR-LBD AhR Aromatase ER ER-LBD PPAR-gamma",
        "SR": "ARE ATAD5 HSE MMP p53",
    }.items()
    for assay in assays.split()
}
# Targets of the MUV assays: Rohrer and Baumann, J. Chem. Inf. Model. 49 (2009) 169, table 1.
MUV_GROUPS = {
    f"MUV-{aid}": family
    for family, aids in {
        "nuclear receptor": (600, 692, 713, 733, 737),
        "kinase": (548, 644, 689, 810),
    }.items()
    for aid in aids
}
RANDOM = SplitConfig(fractions=(0.6, 0.15, 0.25), seed=SPLIT_SEED)
SCAFFOLD = RANDOM.model_copy(update={"kind": "scaffold_balanced"})


def _register() -> None:
    for name, protocol in (
        ("pcba", "B-random"),
        ("pcba_bits", "A"),
        ("pcba_scaffold", "B-scaffold"),
    ):
        sources.register(name)(partial(_pcba, protocol))
    for name, groups in (("tox21", TOX21_GROUPS), ("muv", MUV_GROUPS)):
        for end, how in (("", RANDOM), ("_scaffold", SCAFFOLD)):
            sources.register(name + end)(partial(table_source, f"{name}.csv.gz", how, groups))


_register()


@sources.register("rules")
def rules(given: str | None) -> Source:
    """Molecules that come with RDKit, labelled by substructures: for tests, without any data."""
    from rdkit import Chem, RDConfig

    smarts = {
        "amide": "[NX3][CX3]=O",
        "acid": "C(=O)[OX2H1]",
        "halogen": "[F,Cl,Br,I]",
        "nitro": "[N+](=O)[O-]",
        "aromatic_nitrogen": "n",
        "sulfur": "[#16]",
        "amine": "[NX3;H2,H1;!$(NC=O)]",
        "ether": "[OD2]([#6])[#6]",
    }
    file = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"
    smiles = [line.split()[0] for line in file.read_text().splitlines()[:2000]]
    molecules = [Chem.MolFromSmiles(text) for text in smiles]
    known = [place for place, molecule in enumerate(molecules) if molecule is not None]
    smiles = [smiles[place] for place in known]
    patterns = [Chem.MolFromSmarts(pattern) for pattern in smarts.values()]
    truth = np.array([[molecules[i].HasSubstructMatch(p) for p in patterns] for i in known])
    rng = np.random.default_rng(SPLIT_SEED)
    measured = rng.random(truth.shape) < 0.6
    labels = np.where(measured, truth, -1).astype(np.int8)
    panel = Panel(smiles, None, labels, tuple(smarts), [""] * len(smiles))
    parts = split(panel, RANDOM)
    groups = {task: "nitrogen" if "n" in task else "other" for task in smarts}
    about = "NCI molecules, labels made up by substructure rules"
    return Source(panel, parts.train, parts.valid, parts.test, about, groups, COUNTS)
