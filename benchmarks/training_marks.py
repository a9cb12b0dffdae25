"""What it costs a screen to say which molecules the model was trained on.

Real libraries are featurized in this process with and without the search for training molecules
(``in_training``), batch by batch in turn, and the ratio of processor seconds is taken for each
batch. What it costs depends on how many of a library's molecules the model was trained on.

    python -m benchmarks.training_marks [--quick]
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import numpy as np

from benchmarks.harness.molecules import data_folder, smiles_of
from benchmarks.harness.study import parser, report
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.parallel import BATCH_SIZE

LIBRARIES = {
    "a screening library, AID 1706": "hts_library_aid1706.csv.gz",
    "ChEMBL": "chembl_pxc50.csv.gz",
    "MUV": "muv.csv.gz",
}


def libraries() -> dict[str, list[str]]:
    """SMILES by library; RDKit's own NCI file where no others are."""
    import pandas as pd

    data, found = data_folder(), {}
    for name, file in LIBRARIES.items():
        if (data / file).exists():
            table = pd.read_csv(data / file, nrows=50_000)
            column = next(column for column in table if "smiles" in str(column).lower())
            found[name] = table[column].sample(frac=1, random_state=0).tolist()
    return found or {"NCI": smiles_of()}


def measure(smiles: list[str], bare: Featurizer, marking: Featurizer) -> dict[str, float]:
    """Medians over the batches of what marking costs, and the share that it marks."""
    batches = [smiles[at : at + BATCH_SIZE] for at in range(0, len(smiles), BATCH_SIZE)]
    seconds: dict[bool, list[float]] = {False: [], True: []}
    known = []
    for number, batch in enumerate(batches):
        for marks in (number % 2 == 0, number % 2 == 1):  # whichever is second finds warm caches
            start = time.process_time()
            features = (marking if marks else bare)(batch)
            seconds[marks].append(time.process_time() - start)
            if features.in_training is not None:
                known.append(features.in_training)
    # The first batches load what is loaded at first use.
    pairs = list(zip(seconds[True], seconds[False], strict=True))[2:]
    return {
        "share_in_training": float(np.concatenate(known).mean()),
        "ratio_processor": statistics.median(one / other for one, other in pairs),
        "marking": statistics.median(one - other for one, other in pairs) / BATCH_SIZE * 1e6,
    }


def main() -> None:
    quick = parser(__doc__, "5,000 molecules of each library").parse_args().quick

    from bioassay_mtl.models.folder import read_config
    from bioassay_mtl.models.shipped import find_model
    from bioassay_mtl.models.training_molecules import read_molecules

    folder = find_model("pcba128")
    config = read_config(folder)
    bare = Featurizer.from_config(config["featurizer"])
    marking = replace(bare, training=read_molecules(folder, config))
    n = 5_000 if quick else 30_000
    units = {"share_in_training": "1", "ratio_processor": "", "marking": "us/molecule"}
    for name, smiles in libraries().items():
        for metric, value in measure(smiles[:n], bare, marking).items():
            report(f"mark training molecules of {name}", metric, value, units[metric])


if __name__ == "__main__":
    main()
