"""Real panels, and which of their rows are for fitting, for choices, and for tests."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from benchmarks.harness.ledger import Entry, Floats, Key
from benchmarks.harness.molecules import DataAbsentError, data_folder, nci_smiles
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.metrics import evaluate, macro_average_precision
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.schema import schema_for
from bioassay_mtl.registry import Registry
from bioassay_mtl.splits import Split, SplitConfig, split
from bioassay_mtl.tasks.kinds import Censored

Rows = NDArray[np.int64]
NO_ROWS: Rows = np.array([], dtype=np.int64)
BITS: dict[str, Any] = {"morgan": {"kind": "morgan"}}
COUNTS: dict[str, Any] = {
    "morgan": {"kind": "morgan", "n_bits": 4096, "counts": True},
    "torsion": {"kind": "torsion", "n_bits": 2048, "counts": True},
    "atom_pair": {"kind": "atom_pair", "n_bits": 2048, "counts": True},
}
PROTOCOLS = {"A": "pcba_bits", "B-random": "pcba", "B-scaffold": "pcba_scaffold"}
"""Sources of the three evaluations on PCBA: all rows with 1,024 Morgan bits and nothing else, rows
with SMILES, and these by scaffold."""
RANDOM = SplitConfig(fractions=(0.6, 0.15, 0.25), seed=0)
SCAFFOLD = RANDOM.model_copy(update={"kind": "scaffold_balanced"})
HOLDOUT = 0.2
N_LARGEST = 100
FEWEST_ROWS = 500
"""ChEMBL's assays of fewer molecules are not read: they are none of the largest."""
OF_VALUES = ("rmse", "concordance", "r2")


@dataclass(frozen=True)
class Source:
    """A panel and its parts: rows to fit on, to choose and to stop on, and to report on.

    ``valid`` is cut from training rows, or is the official part; ``train`` is the whole training
    part (None: ``fit`` and ``valid``); ``keep_actives`` says that a cut of ``fit`` keeps all that
    are active in some assay. ``groups`` are of assays, for exclusivity to groups; networks read
    ``fingerprints``; ``bits``, ``(n, 128)`` uint8, are 1,024 Morgan bits.
    """

    panel: Panel
    fit: Rows
    valid: Rows
    test: Rows
    about: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    fingerprints: Mapping[str, Any] = field(default_factory=lambda: COUNTS)
    keep_actives: bool = False
    train: Rows | None = None
    bits: NDArray[np.uint8] | None = None
    name: str = ""

    @property
    def parts(self) -> Split:
        return Split(self.fit, self.valid, self.test, len(self.panel))

    @property
    def known(self) -> Rows:
        """Rows that a model without stopping learns from."""
        return np.concatenate([self.fit, self.valid]) if self.train is None else self.train

    @property
    def smiles(self) -> tuple[str, ...]:
        return tuple(self.panel.structures or ())

    @property
    def is_binary(self) -> bool:
        """Whether all assays are; else values, some of them bounds."""
        return all(kind.has_actives for kind in self.panel.kinds)

    @property
    def sizes(self) -> dict[str, Any]:
        """What the ledger keeps of the rows."""
        parts = {name: len(getattr(self, name)) for name in ("fit", "valid", "test")}
        return {"about": self.about, "assays": len(self.panel.tasks), **parts}

    @cached_property
    def matrix(self) -> csr_matrix:
        """What trees, linear models and DeepChem's network read.

        Log counts of Morgan environments and torsions, ``(n, 6144)``; bits where there are no
        SMILES, ``(n, 1024)``.
        """
        if self.bits is not None and not self.smiles:
            return csr_matrix(np.unpackbits(self.bits, axis=1), dtype=np.float32)
        return log_counts(self.panel)

    def compact(self, rows: int | None = None) -> Source:
        """The rows that are used and no others: at most some to fit on, then valid and test."""
        used = [self._cut(rows), self.valid, self.test]
        fit, valid, test = in_order(used)
        kept = ", all actives kept" if self.keep_actives else ""
        n, of = len(fit), len(self.fit)
        about = f"{self.about}; {n:,} of {of:,} rows fitted on{kept}" if n < of else self.about
        chosen = np.concatenate(used)
        bits = None if self.bits is None else self.bits[chosen]
        whole = replace(self, panel=self.panel.take(chosen), about=about, bits=bits, train=None)
        return replace(whole, fit=fit, valid=valid, test=test)

    def _cut(self, rows: int | None) -> Rows:
        """A random part of the rows to fit on, the same for the same number."""
        if rows is None or rows >= len(self.fit):
            return self.fit
        order = np.random.default_rng(0).permutation(self.fit)
        if self.keep_actives:
            active = (self.panel.labels[order] == 1).any(axis=1)
            order = order[np.argsort(~active, kind="stable")]
        return np.sort(order[:rows])

    def look(self, n_tasks: int, n_rows: int) -> Source:
        """The assays with most actives, and the first rows of each part."""
        most = np.sort(np.argsort(-self.panel.n_actives, kind="stable")[:n_tasks])
        panel = self.panel.select_tasks([self.panel.tasks[task] for task in most])
        few = replace(self, panel=panel, fit=self.fit[:n_rows], test=self.test[: n_rows // 2])
        return replace(few, valid=self.valid[: n_rows // 3]).compact()

    def valid_score(self, guess: Floats) -> float:
        """What a network is stopped by, from its predictions (n_valid, T) of the validation rows.

        Macro average precision; of values the mean RMSE of the exact ones with its sign turned.
        """
        if self.is_binary:
            return macro_average_precision(self.panel.labels[self.valid], guess)
        return -float(np.mean(self._values(self.valid, guess)["rmse"]))

    def scored(self, key: Key, guess: Floats, **notes: Any) -> Entry:
        """The entry of a piece of work, from its predictions (n_test, T) of the test rows."""
        tasks, notes = self.panel.tasks, notes | self.sizes
        if self.is_binary:
            return Entry.scored(key, self.panel.labels[self.test], guess, tasks, **notes)
        values = {n: v.round(5).tolist() for n, v in self._values(self.test, guess).items()}
        return Entry(*key, assays=list(tasks), notes=notes | {"values": values})

    def _values(self, rows: Rows, guess: Floats) -> dict[str, NDArray[np.float64]]:
        """As of values with bounds, also where there are none: exact ones have an order too."""
        panel = self.panel
        bounds = None if panel.bounds is None else panel.bounds[rows]
        kinds = [Censored()] * len(panel.tasks)
        found = evaluate(panel.labels[rows], guess, panel.tasks, kinds=kinds, bounds=bounds)
        return {name: found.values[name] for name in OF_VALUES}


def log_counts(panel: Panel) -> csr_matrix:
    """``(n, 6144)`` float32: log2(1 + count), Morgan radius 2 then topological torsions."""
    prints = {name: COUNTS[name] for name in ("morgan", "torsion")}
    bare = panel.changed(features=None)
    made = panel_features(bare, Featurizer.from_config({"fingerprints": prints})).blocks
    rows = [(made[name].sparse_rows(), made[name].n_features) for name in prints]
    parts = [csr_matrix((r.values, r.indices, r.offsets), (len(panel), n)) for r, n in rows]
    return csr_matrix(hstack(parts))


def in_order(parts: Sequence[Rows]) -> list[Rows]:
    """Numbers of the rows of parts that stand one after the other."""
    return [np.arange(a, b) for a, b in pairwise(np.cumsum([0, *map(len, parts)]).tolist())]


sources: Registry[Callable[[], Source]] = Registry("dataset")
"""Each reads a dataset from the data folder."""


def find_data() -> Path:
    folder = data_folder()
    for name in ("pcba_fingerprints.npz", "pcba_smiles.csv.gz"):
        if not (folder / "pcba" / name).is_file():
            raise DataAbsentError(
                f"expected pcba/{name} in the data folder, found none; "
                "give the folder with --data or the environment variable BIOASSAY_DATA"
            )
    return folder


def cut_holdout(packed: NDArray[np.uint8], train: Rows, share: float) -> tuple[Rows, Rows]:
    """Divide training rows, those of equal fingerprint on the same side."""
    _, group = np.unique(packed[train], axis=0, return_inverse=True)
    order = np.random.default_rng(0).permutation(group.max() + 1)
    held = np.zeros(len(order), dtype=bool)
    held[order[: round(share * len(order))]] = True
    inside = held[group.ravel()]
    return train[~inside], train[inside]


def read_pcba(folder: Path) -> Panel:
    """All rows of the sample: 65,774 molecules x 128 assays, with packed fingerprints.

    ``pcba_fingerprints.npz`` and ``pcba_smiles.csv.gz`` are joined by their ``row``. Structures are
    empty where not known; columns are ``row``, ``part`` (``train``, ``public_test``) and
    ``ogb_split`` (``train``, ``valid``, ``test`` or empty).
    """
    with np.load(folder / "pcba_fingerprints.npz", allow_pickle=False) as held:
        arrays = {name: held[name] for name in ("fingerprint", "label", "task", "part", "row")}
    rows = arrays["row"].astype(str)
    known: dict[str, Any] = {"dtype": str, "keep_default_na": False}
    table = pd.read_csv(
        folder / "pcba_smiles.csv.gz", usecols=["smiles", "row", "ogb_split"], **known
    )
    table = table.set_index("row").reindex(rows, fill_value="")
    columns = {"row": rows, "part": arrays["part"], "ogb_split": table["ogb_split"]}
    return Panel(
        structures=table["smiles"].tolist(),
        features={"morgan": PackedBits(arrays["fingerprint"], 1024)},
        labels=arrays["label"],
        tasks=tuple(arrays["task"].tolist()),
        ids=rows.tolist(),
        columns={name: values.tolist() for name, values in columns.items()},
    )


def pcba(protocol: str, holdout: float = HOLDOUT) -> Source:
    """One of the :data:`PROTOCOLS` on PCBA; validation rows are that share of the training rows."""
    folder = find_data() / "pcba"
    panel, of_bits, by_scaffold = read_pcba(folder), protocol == "A", protocol == "B-scaffold"
    if not of_bits:
        panel = panel.take(np.flatnonzero(panel.has_structure))
    block = (panel.features or {})["morgan"]
    assert isinstance(block, PackedBits)
    part = np.array(panel.columns["ogb_split" if by_scaffold else "part"])
    train, valid = np.flatnonzero(part == "train"), np.flatnonzero(part == "valid")
    test = np.flatnonzero((part == "test") | (part == "public_test"))
    fit, valid = (train, valid) if by_scaffold else cut_holdout(block.packed, train, holdout)
    rows = "all rows with 1,024 Morgan bits" if of_bits else "rows with SMILES"
    about = f"{rows}, {'scaffold split of ogbg-molpcba' if by_scaffold else 'public test part'}"
    panel = panel.changed(structures=None) if of_bits else panel.changed(features=None)
    read = BITS if of_bits else COUNTS
    found = Source(panel, fit, valid, test, about, target_classes(folder), read, name=protocol)
    return replace(found, train=train, bits=block.packed)


def known_assays(folder: Path) -> list[dict[str, str]]:
    """What is known of the assays of PCBA, a row each."""
    with (folder / "assay_annotations.csv").open(newline="") as stream:
        return [*csv.DictReader(stream)]


def target_classes(folder: Path, n: int = 2) -> dict[str, str]:
    """Assays of the n largest target classes: as many as there are exclusive experts."""
    known = {row["task"]: row["target_class"].split(";")[0].strip() for row in known_assays(folder)}
    counts = Counter(group for group in known.values() if group)
    most = [group for group, _ in counts.most_common(n)]
    return {task: group for task, group in known.items() if group in most}


def table_source(
    file: str, how: SplitConfig, groups: Mapping[str, str], tasks: Sequence[str] | None = None
) -> Source:
    """A SMILES table, all assays or some, split by the package."""
    return parted(Panel.read(find_data() / file, tasks=tasks), how, groups=groups)


def values_source(panel: Panel, what: str) -> Source:
    """A panel of values, split so that each range of them is in each part."""
    bounds = panel.bounds
    share = 0.0 if bounds is None else float((bounds[panel.mask] != 0).mean())
    what = f"{what}, {share:.0%} of the values bounds; "
    return parted(panel, RANDOM.model_copy(update={"kind": "stratified"}), what)


def parted(
    panel: Panel, how: SplitConfig, what: str = "", groups: Mapping[str, str] | None = None
) -> Source:
    """Rows that RDKit can read, in parts."""
    panel = panel.take(panel_features(panel, Featurizer.from_config({"fingerprints": BITS})).ok)
    # So few are active in MUV that a cut which loses some would leave nothing to learn.
    rare = bool((panel.labels == 1).any(axis=1).mean() < 0.05)
    parts = split(panel, how)
    shares = " / ".join(f"{100 * share:.0f}" for share in how.fractions)
    about = f"{what}{how.kind} split {shares} %, seed {how.seed}"
    rows = parts.train, parts.valid, parts.test
    return Source(panel, *rows, about, groups or {}, keep_actives=rare)


_GROUPS: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("groups.yaml").read_text()
)
for _protocol, _name in PROTOCOLS.items():
    sources.register(_name)(partial(pcba, _protocol))
for _name, _families in _GROUPS.items():
    _groups = {assay: family for family, assays in _families.items() for assay in assays}
    for _end, _how in (("", RANDOM), ("_scaffold", SCAFFOLD)):
        sources.register(_name + _end)(partial(table_source, f"{_name}.csv.gz", _how, _groups))
# HIV's column of two outcomes alone: that of three classes says the same in other words.
sources.register("hiv_scaffold")(
    partial(table_source, "HIV.csv.gz", SCAFFOLD, {}, tasks=["HIV_active"])
)


@sources.register("chembl100")
def _chembl() -> Source:
    """The assays of most molecules of the long table."""
    path = find_data() / "chembl_censored_long.csv.gz"
    panel = Panel.read(path, schema=schema_for(path).changed(min_rows=FEWEST_ROWS))
    largest = np.sort(np.argsort(-panel.mask.sum(axis=0), kind="stable")[:N_LARGEST])
    panel = panel.select_tasks([panel.tasks[place] for place in largest])
    panel = panel.take(np.flatnonzero(panel.mask.any(axis=1)))
    return values_source(panel, f"the {len(largest)} assays of most molecules")


@sources.register("rules")
def rules() -> Source:
    """Molecules that come with RDKit, labelled by substructures: for tests, without any data."""
    from rdkit import Chem

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
    smiles = nci_smiles()[:2000]
    molecules = [Chem.MolFromSmiles(text) for text in smiles]
    patterns = [Chem.MolFromSmarts(pattern) for pattern in smarts.values()]
    truth = np.array([[mol.HasSubstructMatch(p) for p in patterns] for mol in molecules])
    measured = np.random.default_rng(0).random(truth.shape) < 0.6
    labels = np.where(measured, truth, -1).astype(np.int8)
    panel = Panel(smiles, None, labels, tuple(smarts), [""] * len(smiles))
    groups = {task: "nitrogen" if "n" in task else "other" for task in smarts}
    return parted(panel, RANDOM, "labels made up by substructure rules; ", groups)
