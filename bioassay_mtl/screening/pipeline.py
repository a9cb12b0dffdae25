"""Files of molecules in, a table of probabilities out, in constant memory.

The main process reads and writes, worker processes parse and featurize, and threads ask the
network. Every input record yields exactly one output row, in order.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.isolation import each
from bioassay_mtl.chem.molecule import canonical_smiles
from bioassay_mtl.chem.parallel import Submits, featurize_batches
from bioassay_mtl.chem.representation import GraphSize
from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.description import own_features
from bioassay_mtl.screening.annotators import Annotators, Asked
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.columns import only_numbers, with_columns
from bioassay_mtl.screening.cores import available_cores
from bioassay_mtl.screening.hits import lowest_first
from bioassay_mtl.screening.options import ScreenOptions, choose_assays, columns_of_assays
from bioassay_mtl.screening.output import STDOUT, Output
from bioassay_mtl.screening.predict import predict_batches
from bioassay_mtl.screening.select import SelectWriter
from bioassay_mtl.screening.summary import ANNOTATING, ScreenSummary, StageClock
from bioassay_mtl.screening.top import TopWriter
from bioassay_mtl.screening.writers import Format, Layout, Writer, choose_format
from bioassay_mtl.tables import Portion, Readable, ReadProgress, RecordBatch, read_records
from bioassay_mtl.tables.formulas import FormulaGuard
from bioassay_mtl.tables.options import only_table_options
from bioassay_mtl.tables.stream import STDIN, Source
from bioassay_mtl.tasks.kinds import value_columns

if TYPE_CHECKING:
    from bioassay_mtl.models.description import Predictor


RECORDS_AHEAD = 65_536
"""Records whose features may wait for the network, while it is still loading or is slower."""


def screen(
    inputs: Sequence[str | Path],
    model: Predictor,
    output: str | Path = STDOUT,
    options: ScreenOptions | None = None,
    *,
    watch: Sequence[Callable[[ScreenedBatch], None]] = (),
    progress: Sequence[ReadProgress] | None = None,
    annotate_all: bool | None = None,
) -> ScreenSummary:
    """Predict every record of some files.

    Parameters
    ----------
    inputs
        SMILES, table, SDF or Parquet files; ``-`` is standard input. Several are read one after the
        other: rows are counted over all of them, and a ``file`` column tells where each stood.
    model
        The model that predicts.
    output
        File to write; ``-`` is standard output. It appears under its name when it is whole.
    options
        See :class:`ScreenOptions`.
    watch
        Called with each :class:`ScreenedBatch` once it is written.
    progress
        One for each input, kept up to date with the bytes read.
    annotate_all
        Whether what takes long is told of every record, for who watches, or where hits alone are
        written of these at the end; None for every record where somebody watches.

    Raises
    ------
    InputError, OutputError, ConfigError
        If an input, the output or an option cannot be used; no output file is left then.
    """
    start = time.perf_counter()
    options = options or ScreenOptions()
    model.featurizer.check_computed()
    _check_known(model, options)
    target = Output(output, overwrite=options.overwrite, inputs=inputs)
    file_format = choose_format(options.format, output)
    check_inputs(inputs, options, columns_read(model, options))
    clock = StageClock()
    of_hits = bool(options.top or options.select)
    of_hits &= not (watch if annotate_all is None else annotate_all)
    begun = begin(inputs, model, options, clock, progress=progress, of_hits=of_hits)
    layout = begun.layout
    statuses = np.zeros(len(Status), dtype=np.int64)
    n_known = 0
    with target.opened() as sink:
        writer = writer_of(sink, layout, options, file_format, target.folder)
        with closing(begun.batches) as batches:
            for batch in batches:
                with clock.stage("writing"):
                    writer.write(batch)
                    if target.is_stdout:  # whoever reads along need not wait for a full buffer
                        sink.flush()
                statuses += np.bincount(batch.status, minlength=len(Status))
                n_known += 0 if batch.in_training is None else int(batch.in_training.sum())
                for look in watch:
                    look(batch)
        if of_hits and begun.annotated and isinstance(writer, TopWriter | SelectWriter):
            with clock.stage(ANNOTATING):
                writer.complete(begun.annotated.tell)
        with clock.stage("writing"):
            writer.close()
    return ScreenSummary(
        model=model.name,
        inputs=[str(path) for path in inputs],
        output=target.name,
        rows=int(statuses.sum()),
        statuses={s.value: int(statuses[s.code]) for s in Status if statuses[s.code]},
        assays=begun.n_assays,
        in_training=None if model.training_molecules is None else n_known,
        formula_cells=layout.guard.found,
        selected=writer.n_selected if isinstance(writer, SelectWriter) else None,
        selected_inactive=writer.inactive if isinstance(writer, SelectWriter) else None,
        seconds={**clock.seconds, "total": time.perf_counter() - start},
    )


def writer_of(
    sink: BinaryIO, layout: Layout, options: ScreenOptions, form: Format, folder: Path | None
) -> Writer:
    """Writer of the table that is asked for."""
    if options.select:
        return SelectWriter(sink, layout, options.select, form, folder)
    if options.top:
        return TopWriter(sink, layout, options.top, form, folder)
    return form.open(sink, layout)


@dataclass(frozen=True)
class Begun:
    """A screen that has begun; nothing but its start was read yet.

    Parameters
    ----------
    layout
        Layout of what is to be written.
    n_assays
        Assays that were asked for.
    batches
        All records in order, with their predictions; to be closed by whoever takes no more.
    annotated
        The annotators that are asked for.
    """

    layout: Layout
    n_assays: int
    batches: Generator[ScreenedBatch, None, None]
    annotated: Annotators | None


@dataclass(frozen=True)
class Prepared:
    """Preparation of a screen, settled before anything is read.

    Parameters
    ----------
    layout
        Layout of what is to be written.
    columns
        Places of the written columns among the model's.
    n_assays
        Assays that were asked for.
    annotated
        The annotators that are asked for.
    """

    layout: Layout
    columns: list[int]
    n_assays: int
    annotated: Annotators | None


def prepare(
    model: Predictor,
    options: ScreenOptions,
    *,
    with_file: bool = False,
    annotate: Callable[[Asked], Annotators] = Annotators,
    of_hits: bool = False,
) -> Prepared:
    """Settle what a screen writes.

    Parameters
    ----------
    model, options
        See :func:`screen`.
    with_file
        Whether a column tells the file of each record.
    annotate
        Makes the annotators that are asked for, or keeps them from screen to screen.
    of_hits
        See :class:`Asked`.

    Raises
    ------
    ConfigError
        An option cannot be used with this model.
    """
    assays = choose_assays(options.assays, model)
    columns = columns_of_assays(assays, model.kinds)
    asked = Asked(model, columns, options, of_hits=of_hits)
    annotated = annotate(asked) if options.annotators else None
    layout = Layout(
        assays=tuple(model.columns[column] for column in columns),
        values=frozenset(value_columns(model.tasks, model.kinds)),
        long=options.long,
        with_file=with_file,
        guard=FormulaGuard(quote=options.spreadsheet_safe),
        beside=annotated.columns if annotated else (),
        lowest=frozenset(lowest_first(model) if options.top else ()),
    )
    return Prepared(layout, columns, len(assays), annotated)


def begin(
    inputs: Sequence[Readable],
    model: Predictor,
    options: ScreenOptions,
    clock: StageClock,
    *,
    progress: Sequence[ReadProgress] | None = None,
    pool: Submits | None = None,
    annotate: Callable[[Asked], Annotators] = Annotators,
    of_hits: bool = False,
) -> Begun:
    """Begin a screen whose predictions go elsewhere than to a file.

    Parameters
    ----------
    inputs, model, options, progress
        See :func:`screen`; an input may be held in memory.
    clock
        Callback with the time of each stage.
    pool
        Workers to ask, in place of own ones.
    annotate
        Makes the annotators that are asked for, or keeps them from screen to screen.
    of_hits
        See :class:`Asked`.

    Raises
    ------
    InputError, ConfigError
        See :func:`screen`.
    """
    prepared = prepare(
        model, options, with_file=len(inputs) > 1, annotate=annotate, of_hits=of_hits
    )
    batches = batches_of(inputs, model, options, prepared, clock, progress=progress, pool=pool)
    return Begun(prepared.layout, prepared.n_assays, batches, prepared.annotated)


def batches_of(
    inputs: Iterable[Readable],
    model: Predictor,
    options: ScreenOptions,
    prepared: Prepared,
    clock: StageClock,
    *,
    progress: Sequence[ReadProgress] | None = None,
    pool: Submits | None = None,
) -> Generator[ScreenedBatch, None, None]:
    """All records in order, with their predictions; to be closed by whoever takes no more.

    Parameters
    ----------
    inputs
        Taken one after the other, each when its turn comes.
    model, options, clock, progress, pool
        See :func:`begin`.
    prepared
        Preparation of the table that is written.
    """
    read, numbers = columns_read(model, options), model.featurizer.columns
    records = _Records(inputs, options, read, numbers, clock, progress)
    if records.columns:
        records.start()
    columns, annotated = prepared.columns, prepared.annotated
    return _predict(records, model, columns, options, clock, annotated, pool)


def columns_read(model: Predictor, options: ScreenOptions) -> tuple[str, ...]:
    """Columns that are read beside structures: the model's, and those to be kept."""
    return tuple(dict.fromkeys([*model.featurizer.columns, *options.keep]))


def _check_known(model: Predictor, options: ScreenOptions) -> None:
    if options.new_only and model.training_molecules is None:
        raise ConfigError(
            f"{model.name} does not know its training molecules, so that nothing can be left out "
            "by them (new_only): it was saved before models kept them, or trained on features "
            "without structures"
        )


def check_inputs(
    inputs: Sequence[str | Path],
    options: ScreenOptions | None = None,
    columns: tuple[str, ...] = (),
) -> None:
    """Raise an InputError now for a file that could not be read when its turn comes.

    Files are opened; where columns are needed beside structures, these are looked for.
    """
    options = options or ScreenOptions()
    for path in inputs:
        # Opening a pipe and closing it again would end whoever writes to it.
        if str(path) == STDIN or Path(path).is_fifo():
            continue
        with Source(path):
            pass
        if columns:
            with closing(_read(path, options, columns, batch_size=1)) as batches:
                next(batches, None)


def _read(
    path: Readable,
    options: ScreenOptions,
    columns: tuple[str, ...],
    batch_size: int,
    progress: ReadProgress | None = None,
) -> Generator[RecordBatch, None, None]:
    yield from read_records(
        path,
        smiles_column=options.smiles_column,
        id_column=options.id_column,
        batch_size=batch_size,
        columns=columns,
        progress=progress,
        table=only_table_options(options),
    )


def _predict(
    records: _Records,
    model: Predictor,
    columns: list[int],
    options: ScreenOptions,
    clock: StageClock,
    annotated: Annotators | None,
    pool: Submits | None,
) -> Generator[ScreenedBatch, None, None]:
    """Batches with their predictions, in order."""
    featurizer = replace(model.featurizer, training=model.training_molecules)
    if options.standardize:
        featurizer = featurizer.standardizing()
    if options.max_atoms:
        featurizer = replace(featurizer, max_atoms=options.max_atoms)
    if annotated and annotated.inputs:
        prints = {**featurizer.fingerprints, **annotated.inputs}
        featurizer = replace(featurizer, fingerprints=prints)
    cores, is_slow = available_cores(), bool(annotated) or _reads_graphs(featurizer)
    featurized = featurize_batches(
        records,
        featurizer,
        options.workers or cores,
        options.molecule_timeout,
        pool,
        meanwhile=model.prepare,
    )
    predicted = predict_batches(
        clock.timed("featurising", with_columns(featurized, featurizer), without="reading"),
        partial(_predicted, model, not options.raw),
        threads=cores if is_slow else min(cores, max(2, cores // 4)),
        ahead=max(2, RECORDS_AHEAD // options.batch_size),
        clock=clock,
        n_bytes=lambda batch, features: batch.n_bytes + features.n_bytes,
        annotate=annotated.annotate if annotated else None,
    )
    everything = columns == list(range(len(model.columns)))
    with closing(featurized), closing(predicted):
        for batch, features, probabilities, beside in predicted:
            first_row, file = records.origins.popleft()
            yield ScreenedBatch(
                first_row=first_row,
                file=file,
                ids=batch.ids,
                smiles=_smiles(batch, features, featurizer.max_atoms, options.molecule_timeout),
                status=features.status,
                probabilities=probabilities if everything else probabilities[:, columns],
                in_training=features.in_training,
                new_only=options.new_only,
                beside=beside,
            )


def _predicted(model: Predictor, calibrated: bool, features: Features) -> NDArray[np.float32]:
    """Predictions of a model that reads a part of what was computed: annotators read more."""
    return model.predict_features(own_features(model, features), calibrated)


def _reads_graphs(featurizer: Featurizer) -> bool:
    """Whether predicting takes about as long as featurizing, and not a sixth of it."""
    return any(isinstance(size, GraphSize) for size in featurizer.input_sizes.values())


def _smiles(batch: RecordBatch, features: Features, max_atoms: int, timeout: float) -> list[str]:
    """SMILES to write: those of the input, or what Mol blocks say, if they are usable at all."""
    if batch.notation == "smiles":
        return batch.structures
    parsed = np.isin(features.status, [Status.OK.code, Status.FEATURIZATION_FAILED.code])
    rows = np.flatnonzero(parsed).tolist()
    smiles = [""] * len(batch)
    write = partial(canonical_smiles, max_atoms=max_atoms)
    found = each(write, [batch.structures[row] for row in rows], "molblock", timeout)
    for row, text in zip(rows, found, strict=True):
        smiles[row] = "" if text is None or isinstance(text, Status) else text
    return smiles


def _name(path: Readable) -> str:
    """A file's name as text, whatever bytes it has."""
    return str(path).encode("utf-8", "backslashreplace").decode()


class _Records:
    """The records of all inputs, batch by batch, with their `columns`, some of them `numbers`.

    Notes in ``origins`` the first row and the file of each batch, for when it comes back.
    """

    def __init__(
        self,
        inputs: Iterable[Readable],
        options: ScreenOptions,
        columns: tuple[str, ...],
        numbers: tuple[str, ...],
        clock: StageClock,
        progress: Sequence[ReadProgress] | None,
    ) -> None:
        self.inputs = inputs
        self.options = options
        self.columns, self.numbers = columns, numbers
        self.clock = clock
        self.progress = progress
        self.origins: deque[tuple[int, str]] = deque()
        self._batches = self._all()

    def __iter__(self) -> Iterator[RecordBatch]:
        return self._batches

    def start(self) -> None:
        """Read the first batch, so that faults of the input come before anything is written."""
        first = list(islice(self._batches, 1))
        self._batches = chain(first, self._batches)

    def _all(self) -> Iterator[RecordBatch]:
        row = 1
        size = self.options.batch_size
        for path, progress in self._each():
            row = path.first_row if isinstance(path, Portion) else row
            batches = _read(path, self.options, self.columns, size, progress)
            for batch in self.clock.timed("reading", batches):
                self.origins.append((row, _name(path)))
                row += len(batch)
                yield only_numbers(batch, self.numbers)

    def _each(self) -> Iterator[tuple[Readable, ReadProgress]]:
        if self.progress is not None:
            return zip(self.inputs, self.progress, strict=True)
        return ((path, ReadProgress()) for path in self.inputs)
