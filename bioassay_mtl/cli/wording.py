"""Settings in messages as options of the command line."""

from __future__ import annotations

MAPPINGS = {"tasks": ("--task", ":"), "columns": ("--column", "=")}
"""Settings that take an option for each of their entries, and what joins name and value there."""


def option(name: str, value: str = "", key: str = "") -> str:
    """The option for a setting, with what to give it.

    Examples
    --------
    >>> option("smiles_column"), option("min_rows", "10"), option("tasks", "censored", "IC50")
    ('--smiles-column', '--min-rows 10', '--task IC50:censored')
    """
    words, joint = MAPPINGS.get(name, (f"--{name.replace('_', '-')}", ""))
    if key:
        return f"{words} {key}{joint}{value}"
    return f"{words} {value}" if value else words
