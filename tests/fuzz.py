"""``make fuzz``: the property tests with one random seed after another, until time is up."""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
import time


def main() -> int:
    """Exit code of the first round that failed, 0 where none did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes: float = parser.parse_args().minutes
    end, rounds = time.monotonic() + 60 * minutes, 0
    while time.monotonic() < end:
        seed = secrets.randbelow(2**32)
        code = subprocess.call(round_of(seed))
        if code:
            sys.stderr.write(f"seed {seed} fails: add its example to the test by @example\n")
            return code
        rounds += 1
    sys.stderr.write(f"{rounds} rounds in {minutes:g} minutes, none failed\n")
    return 0


def round_of(seed: int) -> list[str]:
    """Command that runs every property test once."""
    chosen = ["-m", "hypothesis", "--hypothesis-profile=fuzz", f"--hypothesis-seed={seed}"]
    return [sys.executable, "-m", "pytest", "-x", "-n", "2", "--no-header", *chosen]


if __name__ == "__main__":
    sys.exit(main())
