"""Settings for the panel at hand, where the general defaults are those of a large one.

What the user sets stays: settings, one by one, and the fields of ``split``. What ``start_from``
brings is added to, what a model that a run goes on from brings counts as set. Small panels were
measured on rows that ``python -m benchmarks.custom_panels`` does not test on.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.fingerprints import fingerprint_from
from bioassay_mtl.errors import ConfigError, counted
from bioassay_mtl.nn.architectures.stacked import StackedConfig
from bioassay_mtl.nn.fitted.settings import FittedConfig
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.batches import batch_size
from bioassay_mtl.training.config import DEFAULT_FINGERPRINTS, GRAPH_LAYERS, TrainingConfig
from bioassay_mtl.training.effort import MOST_CELLS, experts_for, trees_obey, weighed_cells
from bioassay_mtl.training.fitted.checks import check_given
from bioassay_mtl.training.low_dimensional import check_low_dimensional, may_read, with_read_inputs
from bioassay_mtl.training.warm_start import with_start

if TYPE_CHECKING:
    from bioassay_mtl.models.model import Model

SMALL, FEW_CELLS, SMALL_OF_FEW = 30_000, MOST_CELLS["normal"], 60_000
"""Rows from which on the general defaults hold; they were chosen on 44,000, of 128 assays. With few
cells they hold later: on validation rows of one assay, HIV, 25,000 rows to fit, the general network
is best after two epochs, with an AP of 0.286 and an AUC of 0.722; settings of small panels, trees
among them, have 0.316 and 0.783. Larger panels may gain from descriptors too, but these take time.
"""

NO_STOPPING = 2_000
"""Rows under which a tenth of them cannot tell a good epoch from a lucky one."""

EPOCHS_OF_VALUES = 24
"""Least epochs where some task is one of values: these go on when outcomes are learned."""

DESCRIPTORS = {"kind": "rdkit_descriptors"}
N_OF_DESCRIPTORS = 3
"""Experts that read them."""

SMALL_LAYERS = {"depth": 2, "dropout": 0.4}
"""Layers of an expert of a small panel, but for its width."""

ALONE = 3_000
"""Rows under which an assay alone is learned in its own way: fewer steps, a lower rate. It was
tried on panels of up to 2,500 rows, and against the way of several assays on few, of up to 1,000:
better in the mean, within two standard errors, in a third of the time. How it compares with others
is what ``python -m benchmarks.custom_panels`` says."""

SHARE_FIT = 0.8
"""Share of all rows that is trained on."""

STACKED_FRACTIONS = (0.9, 0.0, 0.1)
"""Shares of more rows where folds tell a good expert: what a network could be stopped by trains it.

On validation rows of Tox21, 4,800 to fit, three seeds, a network of all rows has 0.009 more AP than
one that is stopped by a ninth of them."""

MOST_EPOCHS = 60
STEPS_ALONE, RATE_ALONE, DESCRIPTORS_ALONE = 300, 1e-3, 4
"""Steps in all, learning rate, and experts that read descriptors, of an assay alone."""

Inputs = Mapping[str, Mapping[str, Any]]


def settled(
    config: TrainingConfig | Mapping[str, Any] | None,
    panel: Panel,
    *,
    start: Model | None = None,
    stops: bool = False,
    stacks: bool = False,
) -> tuple[TrainingConfig, str]:
    """All settings of a run on a panel: the given ones, those of the rule, the general defaults.

    Settled once, settings stay the same.

    Parameters
    ----------
    config
        Settings that are given.
    panel
        The rows to split and train on.
    start
        The model that the run goes on from, if any: it reads what that reads.
    stops
        Whether the run cannot do without validation rows, as a search cannot.
    stacks
        Whether the run can train several kinds of experts; where an effort is asked for that needs
        them, it must.

    Returns
    -------
    The settings, and what was chosen for the panel, in a line for people; empty for nothing.

    Raises
    ------
    ConfigError
        If the network names an input that there is none of, or the panel is something else.
    """
    if not isinstance(panel, Panel):
        raise ConfigError(
            f"a Panel is expected, found {type(panel).__name__}: "
            "Panel.read(file) or Panel.from_arrays(smiles, labels, tasks) makes one"
        )
    config = config if isinstance(config, TrainingConfig) else TrainingConfig.of(config or {})
    if start is None:
        given = config.model_fields_set
        config = with_start(config)
    else:
        config = _as_of(start, with_start(config))
        given = config.model_fields_set
    check_given(config, given)
    if "effort" in given and config.effort != "quick":
        if "network" not in given and (stops or not trees_obey(config)):
            raise ConfigError(
                f"effort {config.effort}: there are trees beside the network, which no search "
                "tries, and which know no balance, loss, sampling or value_loss.huber but the "
                "usual: set effort to quick, or leave these out"
            )
        stacks = True
    n = n_measured(panel)
    found: dict[str, Any] = {"split": {}}
    said = []
    for settings, words in _choices(panel, n, config, given, stops, stacks):
        split = {
            name: value
            for name, value in settings.pop("split", {}).items()
            if "split" not in given or name not in config.split.model_fields_set
        }
        own = {name: value for name, value in settings.items() if name not in given}
        if split or own:
            found |= own
            found["split"] |= split
            said.append(words)
    values = {name: getattr(config, name) for name in config.model_fields_set} | found
    if "split" in given:
        values["split"] |= config.split.model_dump(exclude_unset=True)
    whole = TrainingConfig.of(TrainingConfig.of(values).model_dump())  # nothing is left unset
    for name in inputs_of(whole.network.model_dump()):
        if name not in whole.fingerprints:
            known = ", ".join(whole.fingerprints)
            raise ConfigError(f"network: unknown input {name!r}; the inputs are {known}")
    check_low_dimensional(whole)
    if "fingerprints" not in given:
        whole = with_read_inputs(whole)
    return whole, f"{counted(n, 'row')}: {', '.join(said)}" if said else ""


def tiny_panel() -> Panel:
    """A panel that gets all that any panel gets."""
    return Panel.from_arrays(["C"] * 60, [[n % 2] for n in range(60)], ["any"])


def n_measured(panel: Panel) -> int:
    """Rows with a measured cell."""
    return int(np.count_nonzero(panel.cells.per_row))


def _choices(
    panel: Panel,
    n: int,
    config: TrainingConfig,
    given: Collection[str],
    stops: bool,
    stacks: bool,
) -> Iterator[tuple[dict[str, Any], str]]:
    """Rule for settings, and words on them."""
    inputs: Inputs = config.fingerprints
    alone, small = is_alone(panel, n, config, given), is_small(panel, n)
    large, beside_large = None, ""
    if not small and stacks and "network" not in given and config.start_from is None:
        large, beside_large = _large(config, panel, n, given)
    more: Inputs = {}
    has_folds = isinstance(config.network, StackedConfig)
    if config.start_from is not None:
        if small and panel.structures is not None:
            yield _beside(config, given), "descriptors beside the experts it starts from"
        given = {*given, "network"}
    elif "fingerprints" not in given:
        if panel.structures is None:
            inputs = {
                name: given_input(name, each) for name, each in (panel.features or {}).items()
            }
            yield {"fingerprints": inputs}, "its features as they are"
        elif (small or large) and may_read(config.network, "descriptors"):
            names = ("morgan",) if alone else tuple(DEFAULT_FINGERPRINTS)
            prints = {name: DEFAULT_FINGERPRINTS[name] for name in names}
            inputs = {**prints, "descriptors": DESCRIPTORS}
            more = {"graph": {"kind": "graph"}} if stacks and config.effort == "thorough" else {}
            words = "descriptors beside fingerprints"
            if not any(may_read(config.network, name) for name in prints):
                words = "descriptors"
            yield {"fingerprints": {**inputs, **more}}, words
    if small and "network" not in given:
        network = small_network(inputs, n, DESCRIPTORS_ALONE if alone else N_OF_DESCRIPTORS)
        inputs = {**inputs, **more}
        n_experts = sum(group["n"] for group in network["experts"])
        width = network["experts"][0]["width"]
        read = f" on {', '.join(inputs)}" if "fingerprints" in given else ""
        said = f"{n_experts} experts of {width} units{read}"
        stacked, beside = (
            experts_for(config, network, inputs, panel, alone) if stacks else (None, "")
        )
        has_folds = has_folds or stacked is not None
        yield {"network": stacked or network}, f"{said} {beside}".rstrip()
    elif large:
        has_folds = True
        yield {"network": large}, f"the network of large panels {beside_large}"
    if panel.standardize:
        yield {"standardize": panel.standardize}, "molecules standardized, as the panel's are"
    epochs = None if isinstance(config.network, FittedConfig) else epochs_for(panel, n)
    if alone:
        epochs = epochs_alone(n, config.batch_size)
    if "epochs" not in given and epochs is not None:
        # Stopped before its learning rate has fallen, a run ends below a shorter one.
        yield {"epochs": epochs, "patience": epochs}, f"{epochs} epochs"
    if alone:
        yield {"learning_rate": RATE_ALONE}, f"a learning rate of {RATE_ALONE:g}"
    yield {"split": {"kind": "stratified"}}, "a stratified split"
    if n < NO_STOPPING and not stops:
        yield (
            {"split": {"fractions": (SHARE_FIT, 0.0, 0.2)}},
            "no rows spent on stopping early",
        )
    elif has_folds and not stops:
        yield {"split": {"fractions": STACKED_FRACTIONS}}, "no rows spent on stopping early"


def _large(
    config: TrainingConfig, panel: Panel, n: int, given: Collection[str]
) -> tuple[dict[str, Any] | None, str]:
    """The general network and trees beside it, where these are worth their time; words on it.

    Most of the panels that get it are of values. On validation rows of 100 ChEMBL assays, 62,000
    values, the network alone has an RMSE of 0.626, and 0.609 under gates; that of small panels
    0.638 and 0.616.
    """
    if panel.structures is None or not (n < SMALL_OF_FEW or config.effort == "thorough"):
        return None, ""
    inputs: Inputs = config.fingerprints
    if "fingerprints" not in given:
        inputs = {**inputs, "descriptors": DESCRIPTORS}
    return experts_for(config, config.network.model_dump(), inputs, panel)


def _beside(config: TrainingConfig, given: Collection[str]) -> dict[str, Any]:
    """Descriptors for what a start brings, and experts that read them, where none does."""
    inputs, network = config.fingerprints, config.network.model_dump()
    is_read, is_free = "descriptors" in inputs_of(network), "network" not in given
    found: dict[str, Any] = {}
    if "descriptors" not in inputs and "fingerprints" not in given and (is_read or is_free):
        found["fingerprints"] = inputs = {**inputs, "descriptors": DESCRIPTORS}
    if "descriptors" in inputs and is_free and not is_read:
        width = network["experts"][0]["width"]
        group = {"inputs": ("descriptors",), "n": N_OF_DESCRIPTORS, "width": width, **SMALL_LAYERS}
        found["network"] = network | {"experts": [*network["experts"], group]}
    return found


def is_small(panel: Panel, n: int) -> bool:
    """Whether the general defaults, of large panels, would be learned by heart."""
    return n < SMALL or (n < SMALL_OF_FEW and weighed_cells(panel) <= FEW_CELLS)


def is_alone(panel: Panel, n: int, config: TrainingConfig, given: Collection[str]) -> bool:
    """Whether a panel has one assay of few rows, and the network, which reads no graph, is free."""
    is_free = "network" not in given and config.start_from is None
    graphs = [name for name, each in config.fingerprints.items() if each["kind"] == "graph"]
    return len(panel.tasks) == 1 and n < ALONE and is_free and not graphs


def small_network(
    inputs: Inputs, n_rows: int, n_of_descriptors: int = N_OF_DESCRIPTORS
) -> dict[str, Any]:
    """Network of some experts for descriptors, and one for each other input; four if alone."""
    rest = {"width": 200 if n_rows < 3000 else 400}
    experts = []
    for name, settings in inputs.items():
        kind = settings["kind"]
        n = 4 if len(inputs) == 1 else n_of_descriptors if kind == DESCRIPTORS["kind"] else 1
        layers = GRAPH_LAYERS if kind == "graph" else SMALL_LAYERS
        experts.append({"inputs": (name,), "n": n, **rest, **layers})
    gate = {"kind": "static", "weight_decay": 10.0}
    return {"experts": experts, "gate": gate, "tower": {"kind": "per_expert"}}


def epochs_for(panel: Panel, n: int) -> int | None:
    """More than the general default for few rows, and for values; None where that is enough."""
    few = int(np.clip(round(30 * (1000 / max(n, 1)) ** 0.5), 12, 30)) if is_small(panel, n) else 0
    values = EPOCHS_OF_VALUES if any(kind.is_value for kind in panel.kinds) else 0
    return max(few, values) or None


def epochs_alone(n: int, given: int | None = None) -> int:
    """Epochs that make so many steps of the batches that rows are trained in."""
    n_fit = max(1, round(SHARE_FIT * n))
    an_epoch = max(1, round(n_fit / batch_size(given, n_fit)))
    return min(MOST_EPOCHS, math.ceil(STEPS_ALONE / an_epoch))


def given_input(name: str, block: Block) -> Mapping[str, Any]:
    """Settings of the input that a block is: of a default one, if it may be that."""
    known = DEFAULT_FINGERPRINTS.get(name)
    if known is not None and fingerprint_from(known).holds(block):
        return known
    settings = block.settings()
    if not fingerprint_from(settings).holds(block):
        raise ConfigError(
            f"input {name!r}: {block.untold()}, as they were made with, in fingerprints.{name}"
        )
    return settings


def inputs_of(settings: Any) -> Iterator[str]:
    """Names of the inputs that a network names, in its experts and its gate."""
    if isinstance(settings, Mapping):
        yield from settings.get("inputs", ())
        settings = settings.values()
    elif not isinstance(settings, (list, tuple)):
        return
    for part in settings:
        yield from inputs_of(part)


def _as_of(model: Model, config: TrainingConfig) -> TrainingConfig:
    """The settings with the inputs and the network of a model, where they set none."""
    prints = {name: f.model_dump() for name, f in model.featurizer.fingerprints.items()}
    theirs = {
        "fingerprints": prints,
        "network": model.network_config,
        "standardize": model.featurizer.standardize,
    }
    unset = {key: value for key, value in theirs.items() if key not in config.model_fields_set}
    return config.model_copy(update=unset)
