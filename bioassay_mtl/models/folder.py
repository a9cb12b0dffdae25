"""The model folder: safetensors and JSON, nothing that can run code.

``model.safetensors`` (weights, trees as integers, and the scalings of real-valued inputs),
``config.json`` (architecture, featurizer with versions, tasks, connection matrix, label counts,
training settings, data hash, format version and the hashes of the other files), ``metrics.json``,
``README.md`` (the model card), where it is known ``training_molecules.safetensors``
(:mod:`bioassay_mtl.models.training_molecules`), and companions
(:mod:`bioassay_mtl.models.companions`).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioassay_mtl._version import __version__
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.representation import DenseSize
from bioassay_mtl.errors import ModelFolderError
from bioassay_mtl.files import sha256, whole_folder
from bioassay_mtl.models.companions import (
    KEY,
    change_predictions,
    files_of,
    of_beside,
    read_beside,
    write_beside,
)
from bioassay_mtl.models.content import ModelContent
from bioassay_mtl.models.description import ModelDescription
from bioassay_mtl.models.folder_checks import (
    CARD,
    CONFIG,
    METRICS,
    WEIGHTS,
    check_description,
    check_finite,
    check_quantiles,
    checked,
    described,
    existing,
    of_no_more_weights,
    read_json,
    read_matrix,
    read_target_scaler,
)
from bioassay_mtl.models.plugin_kinds import check_kinds, kinds_record
from bioassay_mtl.models.scaling import N_QUANTILES, FeatureScaler
from bioassay_mtl.models.training_molecules import (
    MOLECULES,
    read_molecules,
    training_record,
    write_molecules,
)
from bioassay_mtl.nn.architectures.base import build_network, network_config
from bioassay_mtl.tasks.kinds import kind_config

if TYPE_CHECKING:
    import torch

FORMAT_VERSION = 1
KINDS_VERSION = 2
"""Version of models with tasks that are not binary: readers of version 1 must refuse them."""
BESIDE_VERSION = 3
"""Version of models that predict wrongly without files beside them, such as a calibration."""
_SCALING = "scaling/"


def write_folder(
    model: ModelContent, folder: Path, *, overwrite: bool = False, half: bool = False
) -> Path:
    """Write a model; the folder appears whole or not at all.

    Parameters
    ----------
    model, folder
        Model to write, and its folder.
    overwrite
        Replace an existing folder.
    half
        Store weights in float16: half the size, about three digits.

    Raises
    ------
    ModelFolderError
        The folder exists and is not to be overwritten, or could not be read again.
    OutputError
        Writing fails, for example on a full disk.
    """
    check_name(folder)
    if folder.exists() and not overwrite:
        raise ModelFolderError(f"{folder} exists (choose another folder, or overwrite it)")
    if folder.exists() and not folder.is_dir():
        raise ModelFolderError(f"{folder} is a file, no model folder: it is not overwritten")
    if folder.exists() and any(folder.iterdir()) and not (folder / CONFIG).exists():
        raise ModelFolderError(f"{folder} is no model folder: it is not overwritten")
    with whole_folder(folder, overwrite=overwrite) as part:
        write_files(model, part, half=half)
    return folder


def check_name(folder: Path) -> None:
    """Raise a ModelFolderError for a name that safetensors cannot read: it takes UTF-8 alone."""
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise ModelFolderError(
            f"{folder}: the name of a model folder must be UTF-8 (choose another name)"
        ) from None


def write_files(model: ModelContent, folder: Path, *, half: bool = False) -> None:
    """Write a model's files into a folder that is there, and is not yet known by its name."""
    import torch
    from safetensors.torch import save

    from bioassay_mtl.models.coded import coded_state

    dtype = torch.float16 if half else torch.float32
    weights = {
        # Integers are no weights: a digit of them would be another meaning.
        name: value.detach().to("cpu", dtype if value.is_floating_point() else None).contiguous()
        for name, value in coded_state(model.network).items()
    }
    for name, scaling in model.scalings.items():  # in half the digits, they would overflow
        weights[_SCALING + name] = torch.from_numpy(scaling.quantiles)
    (folder / WEIGHTS).write_bytes(save(weights))
    (folder / METRICS).write_text(json.dumps(model.metrics, indent=1) + "\n")
    (folder / CARD).write_text(model.card, encoding="utf-8")
    files, records = write_beside(model.beside, folder)
    names = (WEIGHTS, METRICS, CARD, *write_molecules(model, folder), *files)
    _write_config(_config(model) | of_beside(records), names, folder)


def amend_folder(folder: Path, beside: Mapping[str, Any]) -> None:
    """Put companions into a model folder, which is exchanged in one step; the model stays as it is.

    Parameters
    ----------
    folder
        A model folder.
    beside
        Companions to put there, by name; None takes one away.

    Raises
    ------
    ModelFolderError
        The folder cannot be read.
    OutputError
        It cannot be written.
    """
    config = read_config(folder)
    replaced = (CONFIG, *files_of(beside))
    kept = [name for name in config["sha256"] if name not in replaced]
    for name in kept:
        checked(folder, name, config)
    with whole_folder(folder, overwrite=True) as part:
        shutil.copytree(
            folder,
            part,
            ignore=lambda at, _: replaced if at == str(folder) else (),
            copy_function=shutil.copyfile,
            dirs_exist_ok=True,
        )
        files, records = write_beside(beside, part)
        others = {n: each for n, each in config.pop(KEY, {}).items() if n not in beside}
        _write_config(config | of_beside(others | records), (*kept, *files), part)


def _write_config(config: dict[str, Any], names: Iterable[str], folder: Path) -> None:
    """Write ``config.json``, with its version and the hashes of the other files."""
    version = KINDS_VERSION if "kinds" in config else FORMAT_VERSION
    beside_version = BESIDE_VERSION if change_predictions(config.get(KEY, ())) else version
    config["format_version"] = max(version, beside_version)
    config["sha256"] = {name: sha256(folder / name) for name in names}
    config["sha256"][CONFIG] = _digest(config)
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n")


def read_folder(folder: Path) -> ModelContent:
    """Read a model, checking every file against its recorded hash.

    Raises
    ------
    ModelFolderError
        A file is missing, altered or not what a model needs, the format version is another, or the
        installed RDKit does not reproduce the featurizer.
    """
    import torch
    from safetensors.torch import load_file

    from bioassay_mtl.models.coded import load_coded_state
    from bioassay_mtl.nn.draws import Draws

    config = read_config(folder)
    for name in (WEIGHTS, METRICS, CARD, *([MOLECULES] if MOLECULES in config["sha256"] else [])):
        checked(folder, name, config)
    path, weights_path = folder / CONFIG, folder / WEIGHTS
    description = read_description(config, folder)
    featurizer = description.featurizer
    with described(path, "network"):
        architecture = network_config(config["network"])
        draws = Draws(0, replaced=True)
        with _weights(weights_path), of_no_more_weights(weights_path), draws.used():
            network = build_network(
                architecture, featurizer.input_sizes, description.tasks, description.kinds
            )
        matrix = read_matrix(config["connections"], network.connections.shape[1], path)
        network.connections.copy_(torch.from_numpy(matrix))
    with _weights(weights_path):
        weights = load_file(weights_path)
        scalings = _scalings(weights, featurizer, weights_path)
        weights = {
            name: value.float() if value.is_floating_point() else value
            for name, value in weights.items()
        }
        check_finite(weights, weights_path)
        load_coded_state(network, weights)
    featurizer.check_probe(config["featurizer_probe"], config["featurizer_versions"])
    with described(folder / CARD, "text"):
        card = (folder / CARD).read_text(encoding="utf-8")
    return ModelContent(
        **vars(description),
        network=network,
        network_config=architecture,
        metrics=read_json(folder / METRICS, "a model's metrics"),
        card=card,
        scalings=scalings,
    )


def read_description(config: Mapping[str, Any], folder: Path) -> ModelDescription:
    """Description of a model in ``config.json``, less its network.

    Raises
    ------
    ModelFolderError
        It does not say it, or names kinds that are not installed.
    """
    path = folder / CONFIG
    with described(path, "plugins"):
        check_kinds(config.get("plugins", []), folder)
    with described(path, "featurizer"):
        featurizer = Featurizer.from_config(config["featurizer"])
    with described(path, "kinds"):
        kinds = tuple(kind_config(kind) for kind in config.get("kinds", ()))
    with described(path, "standardisation"):
        target_scaler = read_target_scaler(config["standardisation"], path) if kinds else None
    return ModelDescription(
        featurizer=featurizer,
        tasks=tuple(config["tasks"]),
        label_counts=config["label_counts"],
        annotations=config["annotations"],
        name=config["name"],
        training=config["training"],
        kinds=kinds,
        target_scaler=target_scaler,
        training_molecules=read_molecules(folder, config),
        beside=read_beside(folder, config),
    )


@contextmanager
def _weights(path: Path) -> Iterator[None]:
    """Word what weights that do not fit make of PyTorch and safetensors."""
    from safetensors import SafetensorError

    try:
        yield
    except (KeyError, OSError, RuntimeError, SafetensorError) as error:
        raise ModelFolderError(f"{path}: weights and architecture do not fit: {error}") from error


def _scalings(
    weights: dict[str, torch.Tensor], featurizer: Featurizer, path: Path
) -> dict[str, FeatureScaler]:
    """Scalings of dense inputs, taken out of the weights."""
    found = {}
    for name, size in featurizer.input_sizes.items():
        if isinstance(size, DenseSize):
            quantiles = weights.pop(_SCALING + name)
            check_quantiles(quantiles, (size.n_columns, N_QUANTILES), path, _SCALING + name)
            found[name] = FeatureScaler(quantiles.numpy())
    return found


def read_config(folder: Path) -> dict[str, Any]:
    """``config.json``, checked for its format version, for later changes and for what it says."""
    path = existing(folder, CONFIG)
    config = read_json(path, "a model's configuration")
    try:
        version, recorded = config["format_version"], config["sha256"][CONFIG]
        digest = _digest(config)
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelFolderError(f"{path} is not a model's configuration: {error}") from error
    if version not in (FORMAT_VERSION, KINDS_VERSION, BESIDE_VERSION):
        raise ModelFolderError(
            f"{path} has format version {version}; this version of bioassay_mtl ({__version__}) "
            f"reads versions {FORMAT_VERSION} to {BESIDE_VERSION}"
        )
    if digest != recorded:
        raise ModelFolderError(f"{path} was altered since the model was saved")
    check_description(config, path)
    return config


def _config(model: ModelContent) -> dict[str, Any]:
    matrix = model.network.connections.cpu().numpy()
    return {
        "format_version": FORMAT_VERSION,  # or a later one, once all of it is known
        "package_version": __version__,
        "name": model.name,
        "tasks": list(model.tasks),
        "label_counts": model.label_counts,
        "annotations": model.annotations,
        "featurizer": model.featurizer.config(),
        "featurizer_versions": model.featurizer.versions(),
        "featurizer_probe": model.featurizer.probe(),
        "network": model.network_config.model_dump(mode="json", exclude_defaults=True)
        | {"kind": model.network_config.kind},  # type: ignore[attr-defined]
        "connections": ["".join("01"[int(cell)] for cell in row) for row in matrix],
        "training": model.training,
        **_kinds(model),
        **kinds_record(model),
        **training_record(model),
    }


def _kinds(model: ModelContent) -> dict[str, Any]:
    """Keys of models with tasks that are not binary."""
    if model.target_scaler is None:
        return {}
    return {
        "kinds": [kind.model_dump(mode="json") for kind in model.kinds],
        "standardisation": model.target_scaler.to_json(),
    }


def _digest(config: Mapping[str, Any]) -> str:
    """Hash of a configuration, leaving out its own entry."""
    hashes = {name: value for name, value in config["sha256"].items() if name != CONFIG}
    text = json.dumps({**config, "sha256": hashes}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
