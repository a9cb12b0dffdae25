"""The steps of an epoch, and the judgment after it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from bioassay_mtl.balance.ranks import dealt_out, mean_of_ranks
from bioassay_mtl.balance.reductions import reductions
from bioassay_mtl.errors import TrainingError
from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.nn.experts.base import activations
from bioassay_mtl.nn.precision import products_in
from bioassay_mtl.nn.rows import RowIndices
from bioassay_mtl.training.batches import seed_of, share
from bioassay_mtl.training.module import TrainingModule
from bioassay_mtl.training.place import Place

_EVALUATION_ROWS = 2048
_KNOWN = ("bioassay_mtl.", "torch.nn.modules.container")
_PLAIN = {"relu", "gelu", "silu", "elu"}


class Steps:
    """Takes the steps of a run, on one rank of possibly several.

    Parameters
    ----------
    module
        Module that learns.
    place
        Device to train on, and the other ranks of the run.
    """

    def __init__(self, module: TrainingModule, place: Place) -> None:
        self.module, self.place, self.settings = module, place, module.settings
        self._spread = place.spread(module)
        self._draws = Draws(self.settings.seed)
        self._all_draw = draws_by_itself(module)

    def epoch(self) -> dict[str, float]:
        """Take the steps of the coming epoch; its number, mean loss and score, for the history.

        Raises
        ------
        TrainingError
            The loss or the weights are not finite.
        """
        self.begin()
        for step, rows in enumerate(self.module.batches(self.module.epoch)):
            self.take(step, rows)
        return self.end()

    def begin(self) -> None:
        """Work before the first step of an epoch."""
        module, number = self.module, self.module.epoch
        module.losses.clear()
        module.train()
        with self._drawing(number):
            module.balancer.start_epoch(number)

    def take(self, step: int, rows: RowIndices) -> None:
        """Take a step of the epoch, counted from 0, on some rows."""
        # Shares of one size: the mean of the ranks' losses is the loss of the batch.
        whole = rows[: len(rows) - len(rows) % self.place.n_ranks]
        mine = share(whole, self.place.rank, self.place.n_ranks)
        self._step(self.module.epoch, step, mine)

    def end(self) -> dict[str, float]:
        """Judge the epoch; its number, mean loss and score, for the history.

        Raises
        ------
        TrainingError
            The loss or the weights are not finite.
        """
        module, number = self.module, self.module.epoch
        outputs = self._outputs() if len(module.valid_rows) else torch.empty(0)
        loss = mean_of_ranks(torch.stack(module.losses).mean())
        self._require_finite(loss, outputs, *module.average.average)
        record = {"epoch": number + 1, "loss": float(loss)}
        if len(module.valid_rows):
            record[module.score.name] = module.score_of(outputs)
        module.history.append(record)
        return record

    def _step(self, epoch: int, number: int, rows: RowIndices) -> None:
        module, step = self.module, epoch * self.module.n_steps + number
        module.set_rate(step)
        if module.made is not None:
            module.made.write()
        # A resumed run, which begins with an epoch, draws what an unbroken one draws. On a CPU
        # every step has a seed; an accelerator's generator is left to run.
        if number == 0 or self.place.device.type == "cpu":
            self._draws.seed(seed_of(self.settings.seed, epoch, number, self.place.rank))
        with products_in(self.settings.precision, self.place.kind):
            with self._draws.used(everywhere=self._all_draw), self._precision():
                loss = self._spread(rows)
            module.optimizer.zero_grad()
            loss.backward()
        learned = module.learned
        if self.settings.gradient_clip is not None:
            nn.utils.clip_grad_norm_(learned, self.settings.gradient_clip)
        module.learn()
        module.average.update(step + 1, last=number + 1 == module.n_steps)

    def _outputs(self) -> Tensor:
        """``(n, O)``, or ``(P,)``, of all validation rows, on the CPU."""
        module, place = self.module, self.place
        module.eval()
        if module.data.is_sparse:  # ranks would have different numbers of cells
            with self._drawing(module.epoch), torch.inference_mode(), self._precision():
                parts = module.valid_rows.split(_EVALUATION_ROWS)
                return torch.cat([module.outputs(some) for some in parts]).cpu()
        rows = share(module.valid_rows, place.rank, place.n_ranks)
        with self._drawing(module.epoch), torch.inference_mode(), self._precision():
            mine = [module.outputs(some) for some in rows.split(_EVALUATION_ROWS)]
            return dealt_out(torch.cat(mine), len(module.valid_rows)).cpu()

    def _drawing(self, *numbers: int) -> AbstractContextManager[Any]:
        self._draws.seed(seed_of(self.settings.seed, *numbers))
        return self._draws.used(everywhere=self._all_draw)

    def _precision(self) -> AbstractContextManager[Any]:
        is_half = self.settings.precision == "bfloat16"
        kind = self.place.kind.partition(":")[0]
        return torch.autocast(kind, torch.bfloat16, enabled=is_half)

    def _require_finite(self, *values: Tensor) -> None:
        if not all(_is_finite(each) for each in values):
            raise TrainingError(
                f"training diverged in epoch {self.module.epoch + 1}, its loss is not finite: "
                "lower learning_rate, or bound the gradient with gradient_clip"
            )


def _is_finite(values: Tensor) -> bool:
    # A sum is ten times as quick as a look at each, and all are finite if it is.
    return bool(values.sum().isfinite()) or bool(values.isfinite().all())


def draws_by_itself(module: TrainingModule) -> bool:
    """Whether code that is not this package's has a part in a step, and may draw in its own way."""
    settings = module.settings
    parts: list[Any] = [*module.network.modules(), *module.balancer.modules(), settings.loss]
    homes = {part.__module__ for part in (*parts, reductions[settings.reduction])}
    strange = {home for home in homes if not home.startswith(_KNOWN)}
    return bool(strange or activations.names() - _PLAIN)
