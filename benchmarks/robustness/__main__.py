"""All bad input and all kills: ``python -m benchmarks.robustness [--quick]``."""

from __future__ import annotations

import argparse
import sys

from benchmarks.robustness import kills, records

QUICK_KILLS = ["--points", "3", "--random", "1", "--verb", "save", "--verb", "fetch"]


def main(arguments: list[str] | None = None) -> int:
    """Run both; the exit code is 1 where one finds something wrong."""
    parser = argparse.ArgumentParser(prog="benchmarks.robustness")
    parser.add_argument("--quick", action="store_true", help="less than a minute")
    quick = parser.parse_args(arguments).quick
    # Kills fork their tries, so before there are threads of a model.
    codes = [kills.main(QUICK_KILLS if quick else []), records.main(["--quick"] if quick else [])]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
