"""The state of panels that are trained together, in one file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from bioassay_mtl.errors import InputError
from bioassay_mtl.models.weights_file import write_weights, written
from bioassay_mtl.training.checkpoint import (
    FORMAT,
    Checkpoint,
    check_header,
    make_moments,
    tensors_of,
)
from bioassay_mtl.training.together.run import Panels


class JointCheckpoint(Checkpoint):
    """The state of all panels after a round."""

    def _write(self, path: Path, module: Panels, best: Any) -> None:
        header = {
            "format": FORMAT,
            "identity": self._identity,
            "shares": module.shares.state(),
            "panels": {
                name: {"history": each.history, "score": best.score, "epoch": best.epoch}
                for name, each in module.modules.items()
                for best in [module.best[name]]
            },
        }
        with written(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_weights(
                path,
                {name: each.detach().contiguous() for name, each in _tensors(module)},
                {"state": json.dumps(header)},
            )

    def _read(self, path: Path, module: Panels, best: Any) -> None:
        try:
            with safe_open(path, framework="pt") as file:
                header: dict[str, Any] = json.loads(file.metadata()["state"])
                check_header(path, header, self._identity)
                for each in module.modules.values():
                    make_moments(each)
                with torch.no_grad():
                    for name, tensor in _tensors(module):
                        tensor.copy_(file.get_tensor(name))
            for name, each in module.modules.items():
                known = header["panels"][name]
                each.history = known["history"]
                module.best[name].score = known["score"]
                module.best[name].epoch = known["epoch"]
            module.shares.restore(header["shares"])
        except (SafetensorError, KeyError, ValueError) as error:
            raise InputError(f"the checkpoint cannot be read: {error}", file=path) from error


def _tensors(panels: Panels) -> Iterator[tuple[str, Tensor]]:
    """Everything, each tensor once: what several panels have as one is the first one's."""
    seen: set[int] = set()
    for number, (name, module) in enumerate(panels.modules.items()):
        for key, tensor in tensors_of(module, panels.best[name]):
            if tensor.data_ptr() not in seen or not tensor.numel():
                seen.add(tensor.data_ptr())
                yield f"panel/{number}/{key}", tensor
    for key, tensor in panels.balance.tensors():
        yield f"balance/{key}", tensor
    for key, tensor in panels.shares.tensors():
        yield f"shares/{key}", tensor
