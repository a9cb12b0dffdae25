"""Words on a screen's assays before it, and on inputs without molecules after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bioassay_mtl.cli.terminal import say
from bioassay_mtl.errors import InputError, counted

if TYPE_CHECKING:
    from bioassay_mtl.models.description import ModelDescription
    from bioassay_mtl.screening.options import ScreenOptions
    from bioassay_mtl.screening.summary import ScreenSummary

OptionsT = TypeVar("OptionsT", bound="ScreenOptions")


def with_assays_named(options: OptionsT, model: ModelDescription) -> OptionsT:
    """The same with assays by their identifiers; says which were meant by other words."""
    from bioassay_mtl.models.assay_names import named
    from bioassay_mtl.screening.options import choose_assays

    if options.assays is None or {*options.assays} <= {*model.tasks}:
        return options
    chosen = tuple(model.tasks[place] for place in choose_assays(options.assays, model))
    say(f"{counted(len(chosen), 'assay')}: {named(model.sheet.of(chosen))}")
    return options.model_copy(update={"assays": chosen})


def unusable(summary: ScreenSummary, options: ScreenOptions) -> InputError:
    """Words on inputs of which hardly a record is a molecule."""
    from bioassay_mtl.tables.detection import resemblance
    from bioassay_mtl.tables.stream import STDIN

    # What was piped in cannot be looked at again.
    files = [path for path in summary.inputs if path != STDIN and Path(path).is_file()]
    found = [f"{path}: {text}" for path in files if (text := resemblance(path, options))]
    statuses = ", ".join(f"{name}: {count:,}" for name, count in summary.statuses.items())
    return InputError(
        f"hardly a record is a molecule ({statuses}), though each has its row",
        file=", ".join(summary.inputs),
        hint="; ".join(found) or None,
    )
