"""Errors that a user can act on.

Everything the package raises about a user's input derives from :class:`BioassayError`. The command
line prints the message on one line and exits with code 2; any other exception is a bug.
"""

from __future__ import annotations

from pathlib import Path


class BioassayError(Exception):
    """Base of all errors that the user can mend; the message says how."""


class InputError(BioassayError):
    """A file that cannot be used as it is.

    Parameters
    ----------
    message
        What was expected and what was found.
    file, line, column
        Place of the fault, as far as it is known (lines count from 1; ``column`` is a column's
        name).
    hint
        What to do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        column: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.message, self.file, self.line = message, file, line
        self.column, self.hint = column, hint
        place = ", ".join(
            part
            for part in (
                str(file) if file is not None else "",
                f"line {line}" if line is not None else "",
                f"column {column!r}" if column is not None else "",
            )
            if part
        )
        text = f"{place}: {message}" if place else message
        super().__init__(f"{text} ({hint})" if hint else text)


class OutputError(BioassayError):
    """A file that cannot be written, or must not be."""


class BeingWrittenError(OutputError):
    """A file that another process, or another part of this one, is writing."""


class WorkerError(BioassayError):
    """A worker process that died, most often for want of memory."""


class ConfigError(BioassayError):
    """A setting that is unknown, or out of its range."""


class PluginError(ConfigError):
    """A plug-in that cannot be used; the message names the package and the entry point."""


class ExportError(BioassayError):
    """A model that cannot be written in another format."""


class TrainingError(BioassayError):
    """A run whose settings make it diverge: its loss or its predictions are no numbers any more."""


class ModelFolderError(BioassayError):
    """A model folder that is incomplete, altered, or made by an incompatible version."""


class MissingExtraError(BioassayError, ImportError):
    """An optional dependency is absent; the message names the ``pip install`` line.

    Parameters
    ----------
    package
        The import that failed.
    extra
        The extra of ``bioassay-mtl`` that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed: pip install 'bioassay-mtl[{extra}]' brings it"
        )


def counted(n: int, one: str, many: str = "") -> str:
    """A number of things, for messages: ``1 assay``, ``1,200 assays``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
