"""Fit rivals on the rows of a protocol and report their test scores.

Examples
--------
::

    python -m benchmarks.rivals --quick
    python -m benchmarks.rivals --protocol A --rival xgboost
    python -m benchmarks.rivals --protocol B-random --rival chemprop --chemprop PATH

Every printed line is one JSON object. Work that the results file already holds is not repeated,
so a killed run is resumed by the same command. ``chemprop_program`` says how to get chemprop.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.rivals import evaluation, runner, table
from benchmarks.rivals.ledger import Ledger

RESULTS = Path(__file__).resolve().parents[1] / "results" / "rivals.jsonl"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rivals",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--protocol", choices=evaluation.NAMES, help="default: all")
    parser.add_argument("--rival", choices=runner.NAMES, help="default: all")
    parser.add_argument("--quick", action="store_true", help="few rows and assays, under a minute")
    parser.add_argument("--data", help="folder with pcba/ (or BIOASSAY_DATA)")
    parser.add_argument("--out", type=Path, help="results file, JSONL; --quick writes none unasked")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="network seeds")
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="time limit, see Options"
    )
    parser.add_argument("--features", nargs="+", default=[], help="deepchem: only these")
    parser.add_argument("--chemprop", type=Path, help="the chemprop program")
    parser.add_argument("--chemprop-epochs", type=int, default=30)
    parser.add_argument("--chemprop-minutes", type=float, default=25.0)
    parser.add_argument("--forest-inactives", type=int, default=5000, help="row cap, see the table")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run; 0 where all that was asked for ran, 2 where the data are absent."""
    asked = parse(arguments)
    try:
        folder = evaluation.find_data(asked.data)
    except evaluation.DataAbsentError as error:
        print(f"rivals: {error}", file=sys.stderr)
        return 2
    out = asked.out or (None if asked.quick else RESULTS)
    ledger = Ledger(out)
    options = runner.Options(
        seeds=tuple(asked.seeds[:1] if asked.quick else asked.seeds),
        quick=asked.quick,
        minutes=asked.minutes,
        features=tuple(asked.features),
        chemprop=asked.chemprop,
        chemprop_epochs=asked.chemprop_epochs,
        chemprop_minutes=asked.chemprop_minutes,
        forest_inactives=asked.forest_inactives,
    )
    for protocol in [asked.protocol] if asked.protocol else evaluation.NAMES:
        rows = evaluation.load(protocol, folder)
        if asked.quick:
            rows = evaluation.shrink(rows, assays=4, rows=3000)
        for rival in [asked.rival] if asked.rival else runner.NAMES:
            try:
                runner.run(rival, rows, ledger, options)
            except (runner.NotPossibleError, ImportError) as error:
                print(json.dumps(_skipped(f"{protocol} {rival}", str(error))), flush=True)
                continue
            summary = table.summarize(protocol, rival, ledger)
            if summary is not None:
                table.print_lines(summary)
            if out is not None:
                table.write_markdown(ledger, out.with_suffix(".md"))
    return 0


def _skipped(case: str, reason: str) -> dict[str, object]:
    return {
        "case": case,
        "metric": "skipped",
        "value": None,
        "unit": None,
        "target": None,
        "reason": reason,
    }


if __name__ == "__main__":
    sys.exit(main())
