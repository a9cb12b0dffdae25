"""One measured value is one line of JSON."""

from __future__ import annotations

import json


def report(case: str, metric: str, value: float, unit: str, target: str | None = None) -> None:
    """Print a measurement; ``target`` says what it should be, such as ``">= 0.8"``."""
    line = {"case": case, "metric": metric, "value": round(value, 4), "unit": unit}
    print(json.dumps(line | {"target": target}), flush=True)
