"""Checkpoints and copies of a DeepChem model, and what it takes over from another."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bioassay_mtl.adapters.deepchem.beginning import EXPERTS, Origin
from bioassay_mtl.adapters.deepchem.checkpoints import Checkpoints
from bioassay_mtl.adapters.deepchem.learner import Learner
from bioassay_mtl.adapters.deepchem.predictions import PredictingModel
from bioassay_mtl.adapters.deepchem.state import State
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.model import Model
from bioassay_mtl.tasks.kinds import Binary, Multiclass, Regression, TaskKind


class KeptModel(PredictingModel):
    """The part of :class:`~bioassay_mtl.adapters.deepchem.MMoEExModel` that outlives a process."""

    _learner: Learner | None = None
    _origin: Origin | None = None
    _state: State | None = None

    @property
    def model(self) -> Model | None:
        """The model with its present weights; None before any are there.

        Set, it is what training goes on from.
        """
        if self._learner is not None:
            return self._learner.refresh()
        return self._origin.model if self._origin and self._origin.whole else None

    @model.setter
    def model(self, model: Model | None) -> None:
        self._learner = self._state = None
        self._origin = None if model is None else Origin(model)

    def get_global_step(self) -> int:
        """Number of steps of fitting that were taken, those before a checkpoint included."""
        if self._learner is not None:
            return self._learner.step
        return self._state.step if self._state else 0

    def save_checkpoint(
        self, max_checkpoints_to_keep: int = 5, model_dir: str | Path | None = None
    ) -> None:
        """Keep the present weights as the newest checkpoint: a model folder of this package.

        Beside the model there is what learning goes on with, the state of the optimizer included.
        """
        self._checkpoints(model_dir).add(self._trained(), self._present(), max_checkpoints_to_keep)

    def get_checkpoints(self, model_dir: str | Path | None = None) -> list[str]:
        """Model folders, the newest first; ``bioassay_mtl.load`` reads them, too."""
        return [str(folder) for folder in self._checkpoints(model_dir).folders()]

    def save(self) -> None:
        """Write the newest checkpoint, in the place of the one that is there."""
        self._checkpoints(None).replace(self._trained(), self._present())

    def restore(
        self,
        checkpoint: str | Path | None = None,
        model_dir: str | Path | None = None,
        strict: bool | None = True,
    ) -> None:
        """Read a checkpoint, by default the newest.

        Parameters
        ----------
        checkpoint
            A model folder.
        model_dir
            Folder whose newest checkpoint is taken; None for the model's own.
        strict
            Weights always fit, or are refused: :meth:`load_from_pretrained` takes a part.

        Raises
        ------
        CheckpointError
            There is none.
        ModelFolderError
            It is damaged.
        ConfigError
            It is of a model with other tasks.
        """
        folder = Path(checkpoint or self._checkpoints(model_dir).newest())
        found, state = Model.load(folder), State.read(folder)
        if found.kinds != (self._kind(),) * self.n_tasks:
            raise ConfigError(
                f"{folder} is a model with other tasks than {self.n_tasks} of {self._kind()!r}: "
                "load_from_pretrained(source, include_top=False) takes its experts alone"
            )
        self.model, self._state = found, state

    def reload(self) -> None:
        """Read the newest checkpoint."""
        self.restore()

    def load_from_pretrained(
        self,
        source_model: KeptModel,
        assignment_map: Mapping[Any, Any] | None = None,
        value_map: Mapping[Any, Any] | None = None,
        checkpoint: str | Path | None = None,
        model_dir: str | Path | None = None,
        include_top: bool = True,
        inputs: Any = None,
    ) -> None:
        """Take over weights of another model.

        Without an `assignment_map`, this model begins with the source: its inputs, its network, the
        scaling of its columns and its weights.

        Parameters
        ----------
        source_model
            A model of this class; one without weights reads its newest checkpoint.
        assignment_map
            Map from parameters of the source's ``model.network`` to those of this one's, which must
            be trained then; None for all.
        value_map
            Arrays by parameter of the source; None for their present values.
        checkpoint, model_dir
            Checkpoint that the source restores first, and the folder of its checkpoints.
        include_top
            Whether gates and towers are taken over, too: this model has the same tasks then. Else
            its experts alone are, and :meth:`fit` draws gates and towers anew.
        inputs
            Accepted and not needed: networks are built when they are made.

        Raises
        ------
        ConfigError
            The two do not fit.
        """
        if assignment_map is not None:
            if checkpoint or model_dir:
                raise ConfigError("assignment_map: restore the source before it is made")
            self._assign(assignment_map, value_map or {})
            return
        if checkpoint or model_dir or source_model.model is None:
            source_model.restore(checkpoint, model_dir)
        source = source_model._trained()
        if include_top and source.kinds != (self._kind(),) * self.n_tasks:
            raise ConfigError(
                f"the source has other tasks than {self.n_tasks} of {self._kind()!r}: "
                "include_top=False takes its experts alone"
            )
        if not include_top and not any(n.startswith(EXPERTS) for n in source.network.state_dict()):
            raise ConfigError("an ensemble has no experts of its own: take one of its members")
        self.model = None
        self._origin = Origin(source, whole=include_top)

    def _assign(self, places: Mapping[Any, Any], values: Mapping[Any, Any]) -> None:
        """Copy parameters one by one."""
        own = {id(parameter) for parameter in self._trained().network.parameters()}
        for source, target in places.items():
            if id(target) not in own or source.shape != target.shape:
                raise ConfigError(
                    "assignment_map: from parameters to those of this model's model.network, of "
                    "equal shapes"
                )
            value = torch.as_tensor(np.asarray(values.get(source, source.detach().cpu())))
            with torch.no_grad():
                target.copy_(value)

    def _present(self) -> State | None:
        return self._state if self._learner is None else State.of(self._learner)

    def _checkpoints(self, model_dir: str | Path | None) -> Checkpoints:
        return Checkpoints(Path(self.model_dir if model_dir is None else model_dir))

    def _kind(self) -> TaskKind:
        if self.mode == "regression":
            return Regression()
        if self.n_classes == 2:
            return Binary()
        return Multiclass(classes=tuple(str(number) for number in range(self.n_classes)))

    def __getstate__(self) -> dict[str, Any]:
        """Settings, and the present checkpoint as the bytes of its files."""
        left_out = ("_learner", "_origin", "_state", "_summary_writer")
        held = {name: value for name, value in self.__dict__.items() if name not in left_out}
        if self.model is not None:
            with tempfile.TemporaryDirectory() as folder:
                self.save_checkpoint(model_dir=folder)
                path = Path(self.get_checkpoints(folder)[0])
                held["_files"] = {each.name: each.read_bytes() for each in path.iterdir()}
        return held

    def __setstate__(self, held: dict[str, Any]) -> None:
        files = held.pop("_files", None)
        self.__dict__.update(held)
        if self.model_dir_is_temp:  # DeepChem deletes it with the model that it was made for
            self.model_dir = tempfile.mkdtemp()
        if files is None:
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "checkpoint1"
            path.mkdir()
            for name, content in files.items():
                (path / Path(name).name).write_bytes(content)
            self.restore(path)
