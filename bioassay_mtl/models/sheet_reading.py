"""The assay sheet of a model folder, without its network: PyTorch is not needed for it."""

from __future__ import annotations

from pathlib import Path

from bioassay_mtl.models.assay_sheet import NAME, AssaySheet
from bioassay_mtl.models.folder import read_config, read_description
from bioassay_mtl.models.folder_checks import METRICS, read_json
from bioassay_mtl.models.sheet_making import sheet_of
from bioassay_mtl.models.shipped import find_model


def sheet_in(name_or_folder: str | Path) -> AssaySheet:
    """The sheet of a model; of one that was saved without, what its folder tells.

    Parameters
    ----------
    name_or_folder
        A shipped model by name, or any model folder.

    Raises
    ------
    ModelFolderError
        There is no such model, or its folder cannot be used.
    """
    folder = find_model(name_or_folder)
    model = read_description(read_config(folder), folder)
    if NAME in model.beside:
        return model.sheet
    return sheet_of(model, read_json(folder / METRICS, "a model's metrics"))
