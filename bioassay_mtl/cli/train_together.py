"""``bioassay-mtl train --together``: a folder of models, one a panel, that learned together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioassay_mtl.cli.epochs import duration, shown_epochs
from bioassay_mtl.cli.outcome import found_on
from bioassay_mtl.cli.panel_remarks import remarks
from bioassay_mtl.cli.panel_schema import kinds_line
from bioassay_mtl.cli.runs import resumable
from bioassay_mtl.cli.settings import Asked, put_all
from bioassay_mtl.cli.terminal import say
from bioassay_mtl.cli.waiting import waiting
from bioassay_mtl.errors import ConfigError, counted

if TYPE_CHECKING:
    from bioassay_mtl.models.model import Model
    from bioassay_mtl.panels.panel import Panel
    from bioassay_mtl.panels.schema import PanelSchema
    from bioassay_mtl.report import Evidence
    from bioassay_mtl.training.config import TrainingConfig
    from bioassay_mtl.training.together.settings import TogetherConfig

JOINT, PANELS = "together", "panels"
"""Keys of the settings: how panels are trained together, and what single ones have of their own."""


def check_together(
    panels: Sequence[str], together: bool, sharing: str | None, alternation: str | None
) -> None:
    """Raise a ConfigError where these do not go together."""
    if together:
        return
    if len(panels) > 1:
        raise ConfigError(
            f"found {len(panels)} panels, and one is trained at a time: --together trains them "
            "at once"
        )
    for name, value in (("sharing", sharing), ("alternation", alternation)):
        if value is not None:
            raise ConfigError(f"--{name} needs --together")


def check_config(file: str | None, values: Mapping[str, Any]) -> None:
    """Raise a ConfigError if settings of a file for one panel are those of several."""
    for key in ("together", "panels"):
        if key in values:
            raise ConfigError(f"{file}: {key!r} is for --together, which trains several panels")


def check_alone(given: Mapping[str, Any]) -> None:
    """Raise a ConfigError for options that are of one panel."""
    for name, value in given.items():
        if value:
            raise ConfigError(f"--{name} is for one panel, and excludes --together")


@dataclass(frozen=True)
class Joint:
    """Request for a training of several panels.

    Parameters
    ----------
    common
        Settings of all panels.
    own
        Further ones of some, by panel.
    together
        Settings of the training together.
    """

    common: Asked
    own: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    together: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(
        values: dict[str, Any],
        start_from: str | None,
        changes: Iterable[str],
        seed: int | None,
        sharing: str | None,
        alternation: str | None,
    ) -> Joint:
        """Tell settings of panels from those of the whole; parameters as the command has them."""
        values = deepcopy(values)
        together, own = values.pop(JOINT, None) or {}, values.pop(PANELS, None) or {}
        for name, found in ((JOINT, together), (PANELS, own)):
            if not isinstance(found, dict):
                raise ConfigError(f"{name}: settings by name are expected, found {found!r}")
        changes = list(changes)
        whole = [c.removeprefix(f"{JOINT}.") for c in changes if c.startswith(f"{JOINT}.")]
        if sharing is not None:
            whole.insert(0, f"sharing.kind={sharing}")
        if alternation is not None:
            whole.append(f"alternation={alternation}")
        if isinstance(together.get("sharing"), str):
            together["sharing"] = {"kind": together["sharing"]}
        put_all(together, whole)
        if seed is not None:
            together.setdefault("seed", seed)
        rest = tuple(change for change in changes if not change.startswith(f"{JOINT}."))
        return Joint(Asked(values, start_from, rest, seed), own, together)

    def settings(self, panel: str) -> Asked:
        """Settings of one panel."""
        values = {**self.common.values, **self.own.get(panel, {})}
        return Asked(values, self.common.start_from, self.common.changes, self.common.seed)

    def check(self, panels: Iterable[str]) -> TogetherConfig:
        """Settings of the training together, checked.

        Raises
        ------
        ConfigError
            A setting is wrong, or of a panel that there is none of.
        """
        from bioassay_mtl.config import did_you_mean
        from bioassay_mtl.training.together.settings import TogetherConfig

        names = list(panels)
        for name in self.own:
            if name not in names:
                raise ConfigError(f"panels: unknown panel {name!r} ({did_you_mean(name, names)})")
        return TogetherConfig.of(dict(self.together))


def of_panel(entries: Sequence[str] | None, path: str, paths: Sequence[str]) -> list[str] | None:
    """Options that are of one panel: those of all, and those that begin with its name and a slash.

    Examples
    --------
    >>> of_panel(["hiv/activity:none", "IC50:censored"], "data/hiv.csv", ["data/hiv.csv", "b.csv"])
    ['activity:none', 'IC50:censored']
    >>> of_panel(["hiv/activity:none", "IC50:censored"], "b.csv", ["data/hiv.csv", "b.csv"])
    ['IC50:censored']
    """
    if entries is None or len(paths) < 2:
        return None if entries is None else list(entries)
    names = {_name(each) for each in paths}
    split = [entry.partition("/") for entry in entries]
    return [
        rest if slash and first in names else entry
        for entry, (first, slash, rest) in zip(entries, split, strict=True)
        if not (slash and first in names) or first == _name(path)
    ]


def _name(path: str) -> str:
    return Path(path).name.split(".")[0]


def names_of(paths: Sequence[str]) -> dict[str, str]:
    """Path of each panel by its name, the file's without its endings.

    Raises
    ------
    ConfigError
        Two files have one name, or there are none.
    """
    found: dict[str, str] = {}
    for path in paths:
        name = _name(path)
        if name in found:
            raise ConfigError(f"two panels are called {name!r}: {found[name]} and {path}")
        found[name] = path
    if len(found) < 2:
        raise ConfigError(f"--together needs two panels or more, found {len(found)}")
    return found


def train_panels(
    paths: Sequence[str],
    joint: Joint,
    schema_for: Callable[[str], PanelSchema],
    out: Path | None,
    *,
    resume: bool,
    workers: int | None,
) -> None:
    """Read the panels, train them together, and write their models and reports.

    Parameters
    ----------
    paths
        Paths of the panels.
    joint
        Settings.
    schema_for
        Function that gives the schema of the panel of a path.
    out
        Folder of the models.
    resume, workers
        See :func:`bioassay_mtl.training.together.fit.train_together`.
    """
    from bioassay_mtl.screening.cores import available_cores
    from bioassay_mtl.training.defaults import tiny_panel
    from bioassay_mtl.training.scratch import check_out
    from bioassay_mtl.training.together.fit import train_together

    began = time.perf_counter()
    named = names_of(paths)
    if out is None:
        raise ConfigError("--together needs an --out FOLDER")
    config = joint.check(named)
    tiny = tiny_panel()
    for name in named:  # faults are said before a panel is read
        _settled(joint.settings(name), tiny)
    check_out(out, resume)
    panels = {name: _read(name, path, joint, schema_for) for name, path in named.items()}
    whole = {name: (panel, _settled(joint.settings(name), panel)) for name, panel in panels.items()}
    workers = workers or available_cores()
    rounds = max(_rounds(name, *each, config) for name, each in whole.items())
    seen: dict[str, Evidence] = {}

    def report(model: Model, folder: Path) -> None:
        seen[model.name] = _report(model, panels[model.name], folder, workers)

    with shown_epochs(rounds, panels=len(whole)) as show, resumable(out):
        found = train_together(
            whole,
            config=config,
            out=out,
            resume=resume,
            workers=workers,
            progress=show,
            finish=report,
            finish_all=_write_page,
        )
    for name, known in found.record["panels"].items():
        left = known["kept_apart"]
        said = f", {counted(left, 'row')} left out for others' test molecules" if left else ""
        rows = counted(known["train"], "row")
        say(f"{out / name}: {counted(known['tasks'], 'assay')}, learned from {rows}{said}")
        for line in found_on(seen[name]) if name in seen else ():
            say(f"{name}: {line}")
    say(f"took {duration(time.perf_counter() - began)}; read {out / 'together.html'}")


def _rounds(name: str, panel: Panel, given: TrainingConfig, config: TogetherConfig) -> int:
    """Epochs of a panel; its choices are printed, unless another's experts may be taken."""
    from bioassay_mtl.training.defaults import settled

    chosen, why = settled(given, panel)
    if why and not config.sharing.shares_experts:
        say(f"{name}: {why}")
    return chosen.epochs


def _settled(asked: Asked, panel: Panel) -> TrainingConfig:
    """Settings of a panel, with what they change of those that are chosen for it."""
    from bioassay_mtl.training.defaults import settled

    return asked.given(lambda given: settled(given, panel)[0])


def _read(name: str, path: str, joint: Joint, schema_for: Callable[[str], PanelSchema]) -> Panel:
    from bioassay_mtl.panels.load import load_panel

    with waiting(f"reading {path}"):
        loaded = load_panel([path], schema_for(path))
    say(f"{name}: {kinds_line(loaded.panel)}")
    for remark in remarks(loaded):
        say(f"{name}: {remark}")
    return loaded.panel


def _report(model: Model, panel: Panel, folder: Path, workers: int) -> Evidence:
    """Write the model's report on its own test set."""
    from bioassay_mtl.report import held_out
    from bioassay_mtl.report.folder import write_beside
    from bioassay_mtl.splits import SplitConfig, split

    parts = split(panel, SplitConfig.of(model.training["config"]["split"]))
    found = held_out(model, panel, parts, workers=workers)
    write_beside(replace(found, why_none="panels were trained together"), folder)
    return found


def _write_page(found: Any, folder: Path) -> None:
    from bioassay_mtl.report.together import write_together_page

    write_together_page(found.record, {n: m.metrics for n, m in found.models.items()}, folder)
