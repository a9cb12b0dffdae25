"""ONNX: for ONNX Runtime and whatever else reads it.

The file has an input ``(n, F)`` for each input of the model, under its name, and one output,
``predictions (n, columns)``: probabilities, and values in their own units. Its metadata say what
the columns are and how the inputs are made (:func:`metadata`).
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl._version import __version__
from bioassay_mtl.errors import ExportError, MissingExtraError
from bioassay_mtl.models.export.base import Export, Feed, checked, exporters, traced
from bioassay_mtl.models.export.exported import raw_inputs

if TYPE_CHECKING:
    from bioassay_mtl.models.computing import Computing

OUTPUT = "predictions"
OPSET = 18
LARGEST = 2**31 - 1
"""Bytes of a file: the limit of its format."""


@exporters.register("onnx")
def to_onnx(model: Computing) -> Export:
    """Bytes of an ONNX file that ONNX Runtime was seen to run."""
    inputs = raw_inputs(model)  # graphs are refused first
    for package in ("onnx", "onnxscript", "onnxruntime"):
        _needed(package)
    with _quiet():
        try:
            made = torch.onnx.export(
                traced(model),
                input_names=[each.name for each in inputs],
                output_names=[OUTPUT],
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
            assert made is not None
            proto = made.model_proto
        except Exception as error:  # of many kinds, by many layers
            reason = str(error.__cause__ or error).strip().partition("\n")[0]
            raise ExportError(
                f"the network cannot be written as ONNX: {type(error).__name__}: {reason}"
            ) from error
        _needed("onnx").helper.set_model_props(proto, metadata(model))
        data = _serialized(proto)
        return checked(model, data, lambda arrays: run(data, arrays))


def run(data: bytes, arrays: Feed) -> NDArray[np.float32]:
    """Predictions of ONNX Runtime, ``(n, columns)``, on this machine's processor."""
    runtime = _needed("onnxruntime")
    session = runtime.InferenceSession(data, providers=["CPUExecutionProvider"])
    found: NDArray[np.float32] = session.run([OUTPUT], dict(arrays))[0]
    return found


def metadata(model: Computing) -> dict[str, str]:
    """Metadata of the file, all but the first two as JSON.

    ``name``; ``bioassay_mtl_version``; ``columns`` of the output; ``tasks`` and their ``kinds``;
    ``inputs`` (name, type, width, and what its numbers are); ``featurizer`` (all settings) and
    ``featurizer_versions``.
    """
    inputs = [
        {"name": e.name, "dtype": e.dtype, "n_columns": e.n_columns, "meaning": e.meaning}
        for e in raw_inputs(model)
    ]
    facts = {
        "columns": model.columns,
        "tasks": model.tasks,
        "kinds": [kind.model_dump(mode="json") for kind in model.kinds],
        "inputs": inputs,
        "featurizer": model.featurizer.config(),
        "featurizer_versions": model.featurizer.versions(),
    }
    own = {"name": model.name, "bioassay_mtl_version": __version__}
    return own | {name: json.dumps(value) for name, value in facts.items()}


def _serialized(proto: Any) -> bytes:
    if proto.ByteSize() > LARGEST:
        raise ExportError(
            f"the model takes {proto.ByteSize() / 1e9:.1f} GB, and a file of ONNX holds 2 GB"
        )
    data: bytes = proto.SerializeToString()
    return data


def _needed(package: str) -> Any:
    try:
        return import_module(package)
    except ImportError as error:
        raise MissingExtraError(package, "onnx") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Context without the messages of exporters, which are for their authors."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
