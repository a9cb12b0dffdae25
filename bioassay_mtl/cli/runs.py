"""Runs of ``train``: one network, several of one split, or one for each fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioassay_mtl.errors import ConfigError

if TYPE_CHECKING:
    from bioassay_mtl.models.model import Model
    from bioassay_mtl.panels.panel import Panel
    from bioassay_mtl.report import Evidence
    from bioassay_mtl.training.config import TrainingConfig
    from bioassay_mtl.training.jobs import Jobs

AT_ONCE = 4
"""Experts that are trained at a time at most, unless more are asked for: each takes memory."""

Run = Callable[..., "Evidence | None"]
"""Training: a panel and its settings to a model, and to its predictions of unseen molecules.

Its report is in the folder when this appears. None where the folder was whole already.
"""


def check_folds(folds: int | None, repeats: int, members: int, trials: int) -> None:
    """Raise a ConfigError where these do not go together."""
    if folds is None and repeats > 1:
        raise ConfigError("--repeats needs --folds")
    if folds is not None and members > 1:
        raise ConfigError("--folds joins a network of each fold already: leave out --ensemble")
    if folds is not None and trials:
        raise ConfigError(
            "--tune and --folds exclude each other, for a search would see every fold: search "
            "first, and give what it finds to --folds as --config"
        )


def jobs_for(config: TrainingConfig, models: int, asked: int | None) -> int:
    """Number of trainings at a time: experts that are trained each on its own share out the threads
    of the processor if nothing is asked for.

    Raises
    ------
    ConfigError
        Several are asked for, and there is one training alone.
    """
    import torch

    from bioassay_mtl.nn.architectures.stacked import StackedConfig
    from bioassay_mtl.nn.devices import found_device

    is_stacked = isinstance(config.network, StackedConfig)
    if asked is None:
        shares = is_stacked and models == 1 and config.devices == 1
        is_here = shares and found_device(config.device) == "cpu"
        return min(torch.get_num_threads(), AT_ONCE) if is_here else 1
    if asked > 1 and models == 1 and not is_stacked:
        raise ConfigError(
            "--jobs needs several trainings: --ensemble, --folds or --tune, or experts that are "
            "trained each on its own, which --effort normal has for small panels"
        )
    return asked


def run_of(
    folds: int | None,
    repeats: int,
    members: int,
    trials: int,
    baseline: bool = True,
    jobs: int | Jobs = 1,
) -> Run:
    """Run by folds, or on one split: one model or several, after a search or without one.

    The report has a quick baseline beside it, unless that is not asked for.
    """
    if folds:
        return _crossing(folds, repeats, baseline, jobs)
    return _training(members, trials, baseline, jobs)


@contextmanager
def resumable(out: Path) -> Iterator[None]:
    """When Ctrl-C leaves something to go on from, let the interrupt say so."""
    try:
        yield
    except KeyboardInterrupt:
        from bioassay_mtl.training.scratch import STATES

        folder = out.with_name(out.name + ".training")
        if not any((folder / state).exists() for state in STATES):
            raise
        raise KeyboardInterrupt(
            f"{folder} keeps what is done; the same command with --resume goes on from there"
        ) from None


class _Reported:
    """Writes the report of what was trained into its folder, and keeps what it tells.

    Parameters
    ----------
    evidence_of
        Map from what was trained to its predictions of molecules.
    """

    def __init__(self, evidence_of: Callable[[Any], Evidence]) -> None:
        self.evidence_of = evidence_of
        self.evidence: Evidence | None = None

    def __call__(self, trained: Any, folder: Path) -> None:
        from bioassay_mtl.report.folder import write_beside

        self.evidence = self.evidence_of(trained)
        write_beside(self.evidence, folder)


def _crossing(folds: int, repeats: int, baseline: bool, jobs: int | Jobs) -> Run:
    """Training by folds, and its predictions of all molecules."""
    from bioassay_mtl.report import beside_baselines, out_of_fold
    from bioassay_mtl.training.cross_validation import CrossValidation, cross_validate

    def run(panel: Panel, config: TrainingConfig, workers: int, **given: Any) -> Evidence | None:
        def evidence_of(found: CrossValidation) -> Evidence:
            evidence = out_of_fold(found)
            return beside_baselines(evidence, found, workers) if baseline else evidence

        reported = _Reported(evidence_of)
        given = {"workers": workers, "finish": reported, "jobs": jobs, **given}
        cross_validate(panel, config, folds, repeats, **given)
        return reported.evidence

    return run


def _training(members: int, trials: int, baseline: bool, jobs: int | Jobs) -> Run:
    """Training on one split, and the model's predictions of the held-out set."""
    from bioassay_mtl.report import beside_baseline, held_out
    from bioassay_mtl.splits import split

    def run(panel: Panel, config: TrainingConfig, workers: int, **given: Any) -> Evidence | None:
        parts = split(panel, config.split)

        def evidence_of(model: Model) -> Evidence:
            evidence = held_out(model, panel, parts, workers=workers)
            return beside_baseline(evidence, panel, parts, workers) if baseline else evidence

        reported = _Reported(evidence_of)
        given = {"parts": parts, "workers": workers, "finish": reported, **given}
        _trained(members, trials, jobs)(panel, config, **given)
        return reported.evidence

    return run


def _trained(members: int, trials: int, jobs: int | Jobs) -> Callable[..., Model]:
    """Result of training one model or several, after a search or without one."""
    if trials:
        from bioassay_mtl.training.tuning import train_tuned

        return partial(train_tuned, trials=trials, members=members, jobs=jobs)
    if members > 1:
        from bioassay_mtl.training.ensemble import train_ensemble

        return partial(train_ensemble, members=members, jobs=jobs)
    from bioassay_mtl.training.fit import train

    return partial(train, jobs=jobs)
