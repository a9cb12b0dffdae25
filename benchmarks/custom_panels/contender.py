"""What a contender is: from a panel and a seed to predictions of the test rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.custom_panels.panels import CustomPanel
from bioassay_mtl.registry import Registry


@dataclass(frozen=True)
class Options:
    """How contenders are run.

    Attributes
    ----------
    chemprop : Path or None
        The chemprop command.
    scratch : Path
        Folder for what programs write.
    quick : bool
        As little training as runs at all.
    """

    chemprop: Path | None
    scratch: Path
    quick: bool = False


@dataclass(frozen=True)
class Outcome:
    """Predictions of the test rows, (n_test, T), and how they came about."""

    test: NDArray[np.floating]
    settings: dict[str, Any]
    notes: dict[str, Any] = field(default_factory=dict)


Run = Callable[[CustomPanel, int, Options], Outcome]


@dataclass(frozen=True)
class Contender:
    """What is compared.

    Attributes
    ----------
    run : callable
        From a panel, a seed and the options to an outcome.
    reads : str
        Attribute of the panel that holds its features, made before the time is taken; empty for
        none.
    """

    run: Run
    reads: str = ""


contenders: Registry[Contender] = Registry("model")


def contender(name: str, reads: str = "") -> Callable[[Run], Run]:
    """Decorator: register a function as a contender."""

    def wrap(run: Run) -> Run:
        contenders.register(name)(Contender(run, reads))
        return run

    return wrap
