"""What happens after every epoch: keep the best, save the state, show progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import lightning.pytorch as pl

from bioassay_mtl.errors import TrainingError
from bioassay_mtl.training.checkpoint import Best, load_checkpoint, save_checkpoint
from bioassay_mtl.training.module import TrainingModule

Progress = Callable[[Mapping[str, float]], None]
"""Called after each epoch with its number, loss and, where there are validation rows, its score."""


class KeepBest(pl.Callback):
    """Early stopping on the validation score, and checkpoints that survive a kill.

    Parameters
    ----------
    best
        Filled with the best weights; without validation rows, with the last.
    patience
        Epochs without a better score before stopping.
    checkpoint
        File of the state, or None for no checkpoints.
    identity
        What the run is: settings and data.
    resume
        Whether to start from the checkpoint.
    progress
        Told of every epoch.
    """

    def __init__(
        self,
        best: Best,
        patience: int,
        checkpoint: Path | None,
        identity: str,
        resume: bool,
        progress: Progress | None,
    ) -> None:
        self.best, self.patience, self.checkpoint = best, patience, checkpoint
        self.identity, self.resume, self.progress = identity, resume, progress

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, TrainingModule)
        if self.resume and self.checkpoint is not None and self.checkpoint.exists():
            load_checkpoint(self.checkpoint, pl_module, self.best, self.identity)
            trainer.fit_loop.max_epochs = pl_module.settings.epochs - pl_module.first_epoch
            if self._is_over(pl_module):
                trainer.fit_loop.max_epochs = 0

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, TrainingModule)
        record = pl_module.record_epoch()
        score = record.get(pl_module.score.name)
        if score is None or score > self.best.score:
            self.best.weights = pl_module.average.state()
            self.best.epoch = record["epoch"]
            self.best.score = self.best.score if score is None else score
        trainer.should_stop = self._is_over(pl_module)
        if self.checkpoint is not None and trainer.is_global_zero:
            save_checkpoint(self.checkpoint, pl_module, self.best, self.identity)
        if self.progress is not None:
            self.progress(record)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        # Resumed, it would diverge again; without it the folder takes a run of other settings.
        if isinstance(exception, TrainingError) and self.checkpoint is not None:
            self.checkpoint.unlink(missing_ok=True)

    def _is_over(self, module: TrainingModule) -> bool:
        done = module.history[-1]["epoch"] if module.history else 0
        return done - self.best.epoch >= self.patience
