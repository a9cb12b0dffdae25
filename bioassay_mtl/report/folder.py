"""Files beside a model in its folder, for people to read."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from bioassay_mtl.files import write_whole
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.model_report import write_model_report

REPORT, TRIALS = "report.html", "trials.csv"


def write_beside(evidence: Evidence, folder: Path) -> None:
    """Write the report; after a search of settings, its trials as a table as well.

    Parameters
    ----------
    evidence
        Evidence of the model.
    folder
        The model's.
    """
    write_model_report(evidence, folder / REPORT)
    if found := evidence.model.training.get("tuning"):
        write_whole(folder / TRIALS, trials_table(found))


def trials_table(found: dict[str, Any]) -> str:
    """CSV of a search: a row a trial, its score on the validation rows, state and settings.

    Parameters
    ----------
    found
        Trials that :func:`bioassay_mtl.training.tuning.tune` gives.
    """
    names = list(dict.fromkeys(name for trial in found["trials"] for name in trial["settings"]))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["trial", "state", "score", "epochs", "best", *names])
    for trial in found["trials"]:
        own = [trial["settings"].get(name, "") for name in names]
        is_best = int(trial["trial"] == found["best"])
        table.writerow(
            [trial["trial"], trial["state"], trial["score"], trial["epochs"], is_best, *own]
        )
    return text.getvalue()
