"""Run a benchmark and keep what it printed: ``python -m benchmarks.publish NAME [options]``.

Writes ``benchmarks/results/NAME.jsonl``: a line that says what it was made with (commit, machine,
versions, command), then the benchmark's own lines. ``NAME@LABEL`` writes ``NAME-LABEL.jsonl``, for
the same benchmark with other options.
"""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.harness.ledger import RESULTS
from benchmarks.harness.provenance import provenance


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    name_and_label, *options = sys.argv[1:]
    name = name_and_label.partition("@")[0]
    lines = []
    command = [sys.executable, "-m", f"benchmarks.{name}", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode:
        return process.returncode
    made_with = {"benchmark": name, "options": options} | provenance()
    text = json.dumps(made_with) + "\n" + "".join(lines)
    (RESULTS / f"{name_and_label.replace('@', '-')}.jsonl").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
