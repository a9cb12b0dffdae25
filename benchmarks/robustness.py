"""All bad input and all kills: ``python -m benchmarks.robustness [--quick]``.

Both are with the tests, which try a few: ``tests/robustness/records.py`` and ``kills.py``.
"""

from __future__ import annotations

import sys

from tests.robustness import kills, records

QUICK_KILLS = ["--points", "3", "--random", "1", "--verb", "save", "--verb", "fetch"]

if __name__ == "__main__":
    quick = "--quick" in sys.argv
    # Kills fork their tries, so before there are threads of a model.
    codes = [kills.main(QUICK_KILLS if quick else []), records.main(["--quick"] if quick else [])]
    sys.exit(max(codes))
