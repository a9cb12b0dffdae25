"""Tables as recipes describe them, with nothing in them that was measured."""

from __future__ import annotations

import gzip
import random

from bioassay_mtl.datasets.recipes import Recipe


def table(recipe: Recipe, n_rows: int, *, seed: int = 0, width: int = 0, tasks: int = 0) -> bytes:
    """The file of a recipe.

    Parameters
    ----------
    recipe
        Its columns and compression.
    n_rows
        Rows below the header.
    seed, width
        Of random digits in the first column, so that the file has some size.
    tasks
        Number of assays, if the recipe names none.
    """
    draw = random.Random(seed)
    names = recipe.tasks or [f"assay-{number}" for number in range(tasks)]
    header = [
        recipe.smiles_column,
        *filter(None, [recipe.id_column]),
        *recipe.other_columns,
        *names,
    ]
    rest = "," * (len(header) - 1)
    lines = [",".join(header), *(draw.randbytes(width).hex() + rest for _ in range(n_rows))]
    text = "\n".join(lines).encode() + b"\n"
    return gzip.compress(text, mtime=0) if recipe.file_name.endswith(".gz") else text
