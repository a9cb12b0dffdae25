"""Checks of the files of a model folder before anything is made of them.

The hashes in ``config.json`` tell of accidents. A folder that somebody wrote otherwise, by hand or
by a program with a fault, has hashes that fit: each thing in it is therefore compared with what a
model needs, and refused with the name of the file and the key.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bioassay_mtl.errors import BioassayError, ConfigError, ModelFolderError
from bioassay_mtl.files import sha256
from bioassay_mtl.tasks.target_scaling import TargetScaler

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS, CONFIG, METRICS, CARD = "model.safetensors", "config.json", "metrics.json", "README.md"
MOST_BYTES = 100_000_000
"""Most bytes of a JSON file or a card: more than ten thousand assays need."""

Count = Annotated[int, Field(ge=0)]


class _Description(BaseModel):
    """``config.json``, as far as its keys are not settings that have checks of their own."""

    model_config = ConfigDict(extra="allow", strict=True)

    name: str
    tasks: Annotated[list[str], Field(min_length=1)]
    label_counts: dict[str, list[Count] | dict[str, list[Count]]]
    annotations: dict[str, dict[str, str]]
    featurizer: dict[str, Any]
    featurizer_versions: dict[str, str]
    featurizer_probe: str
    network: dict[str, Any]
    connections: Annotated[list[str], Field(min_length=1)]
    training: dict[str, Any]
    kinds: list[dict[str, Any]] = []
    standardisation: dict[str, list[float]] = {}
    beside: dict[str, dict[str, Any]] = {}
    sha256: dict[str, str]


def checked(folder: Path, name: str, config: Mapping[str, Any]) -> Path:
    """A file of a model folder.

    Raises
    ------
    ModelFolderError
        It is missing, or is not what ``config.json`` has the hash of.
    """
    with described(folder / name, "content"):
        found = sha256(existing(folder, name))
    if found != config["sha256"].get(name):
        raise ModelFolderError(f"{folder / name} was altered since the model was saved")
    return folder / name


def existing(folder: Path, name: str) -> Path:
    """A file of a model folder; ModelFolderError where it is missing."""
    path = folder / name
    if not path.is_file():
        raise ModelFolderError(f"{folder} is not a whole model folder: {name} is missing")
    return path


def read_json(path: Path, what: str) -> dict[str, Any]:
    """An object from a JSON file, called `what` in messages.

    Raises
    ------
    ModelFolderError
        The file cannot be read, is too large, or holds something else.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelFolderError(f"{path} has more than {MOST_BYTES:,} bytes: it is no model's")
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFolderError(f"{path} is not {what}: {error}") from error
    if not isinstance(found, dict):
        raise ModelFolderError(
            f"{path} is not {what}: an object is expected, found {_shown(found)}"
        )
    return found


def check_description(config: Mapping[str, Any], path: Path) -> None:
    """Raise a ModelFolderError, which names the key, where ``config.json`` is no description."""
    try:
        held = _Description.model_validate(config)
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(map(str, fault["loc"]))
        found = "" if fault["type"] == "missing" else f", found {_shown(fault['input'])}"
        raise ModelFolderError(f"{path}: {key}: {fault['msg']}{found}") from None
    n_tasks = len(held.tasks)
    if len(set(held.tasks)) < n_tasks:
        raise ModelFolderError(f"{path}: tasks: names must differ")
    lists = {"active", "inactive", "measured"} & held.label_counts.keys()
    if held.label_counts and not lists >= {"active", "inactive"}:
        raise ModelFolderError(f"{path}: label_counts: active and inactive are expected")
    _check_length(path, "connections", held.connections, n_tasks)
    for name in lists:
        _check_length(path, f"label_counts.{name}", held.label_counts[name], n_tasks)
    if held.kinds:
        _check_length(path, "kinds", held.kinds, n_tasks)
        for name in ("center", "scale"):
            values = held.standardisation.get(name, [])
            _check_length(path, f"standardisation.{name}", values, n_tasks)
    for name in (WEIGHTS, METRICS, CARD):
        if name not in held.sha256:
            raise ModelFolderError(f"{path}: sha256.{name}: is missing")


def _check_length(path: Path, key: str, values: Any, n_tasks: int) -> None:
    if not isinstance(values, list) or len(values) != n_tasks:
        n = len(values)
        raise ModelFolderError(f"{path}: {key}: {n_tasks} are expected, one a task, found {n}")


@contextmanager
def described(path: Path, key: str) -> Iterator[None]:
    """Name the file and the key whose value could not be used.

    Raises
    ------
    ModelFolderError
        In place of a ConfigError, and of what Python raises over values of no use.
    """
    try:
        yield
    except ConfigError as error:
        raise ModelFolderError(f"{path}: {key}: {error}") from error
    except BioassayError:
        raise
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise ModelFolderError(
            f"{path}: {key}: cannot be used ({type(error).__name__}: {error})"
        ) from error


def read_target_scaler(held: Mapping[str, Any], path: Path) -> TargetScaler:
    """Centers and scales of the tasks."""
    found = TargetScaler.from_json(held)
    most = np.finfo(np.float32).max / 10  # predictions are float32
    for name, values in (("center", found.center), ("scale", found.scale)):
        if not (np.abs(values) < most).all() or (name == "scale" and not (values > 0).all()):
            raise ModelFolderError(
                f"{path}: standardisation.{name}: numbers that a float32 holds are expected"
                f"{', above 0' if name == 'scale' else ''}, found {_shown(values.tolist())}"
            )
    return found


def read_matrix(rows: list[str], n_experts: int, path: Path) -> NDArray[np.bool_]:
    """Connections ``(T, E)``: a text for each task, of a 1 or a 0 for each expert."""
    for number, row in enumerate(rows):
        if len(row) != n_experts or set(row) - {"0", "1"}:
            raise ModelFolderError(
                f"{path}: connections.{number}: {n_experts} of 0 and 1 are expected, one an "
                f"expert, found {_shown(row)}"
            )
    return np.array([[cell == "1" for cell in row] for row in rows])


@contextmanager
def of_no_more_weights(path: Path) -> Iterator[None]:
    """Let a network be built only as long as it needs no more numbers than a file of weights holds.

    Raises
    ------
    ModelFolderError
        Before memory is asked for that the file cannot fill.
    """
    import torch
    from safetensors import safe_open
    from torch.overrides import TorchFunctionMode

    from bioassay_mtl.nn.coding.code import COUNTS, MOST_SYMBOLS, n_coded

    with safe_open(path, framework="pt") as file:
        names = list(file.keys())
        shapes = [file.get_slice(name).get_shape() for name in names]
        coded = n_coded({COUNTS: file.get_tensor(COUNTS)} if COUNTS in names else {})
    held = sum(map(math.prod, shapes)) + min(coded, MOST_SYMBOLS)
    makers = {torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn}

    class Budget(TorchFunctionMode):
        # Twice, for buffers, and for what is made anew.
        left, calls = 2 * held + 10_000, 4 * len(shapes) + 1_000

        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if func in makers:
                size = args if args and isinstance(args[0], int) else (args or [(1,)])[0]
                self.left, self.calls = self.left - math.prod(size), self.calls - 1
                if self.left < 0 or self.calls < 0:
                    raise ModelFolderError(
                        f"{path.with_name(CONFIG)}: network: needs more weights than the {held:,} "
                        f"that {path} holds"
                    )
            return func(*args, **(kwargs or {}))

    with Budget():
        yield


def check_finite(weights: Mapping[str, Tensor], path: Path) -> None:
    """Raise a ModelFolderError for weights that are no numbers: all predictions would be none."""
    for name, values in weights.items():
        # The sum, which takes a tenth of the time, tells of all but weights that overflow it.
        if not values.sum().isfinite() and not values.isfinite().all():
            raise ModelFolderError(f"{path}: {name}: holds NaN or infinity")


def check_quantiles(values: Tensor, shape: tuple[int, int], path: Path, name: str) -> None:
    """The same for what scales the columns of an input; NaN is a column that was never there."""
    if tuple(values.shape) != shape or values.isinf().any():
        raise ModelFolderError(
            f"{path}: {name}: finite numbers {shape} are expected, found {tuple(values.shape)}"
        )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
