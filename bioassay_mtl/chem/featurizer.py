"""Structures to feature blocks: the recipe that a model remembers."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

import numpy as np
from pydantic import Field
from rdkit.Chem import MolFromSmiles, MolToSmiles
from rdkit.rdBase import BlockLogs

from bioassay_mtl.chem.descriptors import UserColumns
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.fingerprints.base import fingerprint_from, fingerprints
from bioassay_mtl.chem.identity import Search, TrainingMolecules
from bioassay_mtl.chem.molecule import (
    DEFAULT_MAX_ATOMS,
    PARSERS,
    Notation,
    Parser,
    Standardizing,
    is_too_long,
    parse_flat,
    parse_smiles,
)
from bioassay_mtl.chem.probe import PROBE_SMILES
from bioassay_mtl.chem.representation import InputSize, Representation, encoder_of
from bioassay_mtl.chem.status import Status
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError, InputError, ModelFolderError
from bioassay_mtl.renamed import FORMER_SPELLING, attribute, keywords

_PROBES: dict[Hashable, tuple[list[Any], str]] = {}
"""What :meth:`Featurizer.probe` has found by inputs, and the encoders that it was found with."""


class _Settings(Config):
    fingerprints: dict[str, dict[str, Any]]
    max_atoms: int = Field(default=DEFAULT_MAX_ATOMS, gt=0)
    standardize: Standardizing = False
    former_names = FORMER_SPELLING
    training: Any = None  # between processes, never in a file


@dataclass(frozen=True)
class Featurizer:
    """Inputs that a model reads of molecules, each under its name.

    Each molecule is parsed once, whatever is made of it.

    Parameters
    ----------
    fingerprints
        Input name -> fingerprint, :class:`~bioassay_mtl.chem.graphs.MolecularGraph`, or one of
        :mod:`bioassay_mtl.chem.descriptors`.
    max_atoms
        Molecules of more heavy atoms get the status ``too_large``.
    standardize
        Whether molecules are standardized first (:mod:`bioassay_mtl.chem.standardize`), and their
        tautomers too: a model reads new molecules as it read those that it was trained on.
    training
        The molecules that a model was trained on, for :attr:`Features.in_training`; None to look
        for none.

    Examples
    --------
    >>> from bioassay_mtl.chem.fingerprints import MorganFingerprint
    >>> featurizer = Featurizer({"morgan": MorganFingerprint()})
    >>> features = featurizer(["CCO", "not a molecule"])
    >>> features.ok.tolist()
    [True, False]
    >>> features.blocks["morgan"].dense().shape
    (2, 1024)
    """

    fingerprints: Mapping[str, Representation]
    max_atoms: int = DEFAULT_MAX_ATOMS
    standardize: Standardizing = False
    training: TrainingMolecules | None = field(default=None, compare=False, repr=False)
    standardise = attribute("standardise", "standardize")

    def __post_init__(self) -> None:
        if not self.fingerprints:
            raise ConfigError("a featurizer needs at least one input")

    def __call__(
        self,
        structures: Sequence[str],
        notation: Notation = "smiles",
        problems: Mapping[int, Status] | None = None,
    ) -> Features:
        """Featurize n structures; one that fails never shifts or stops the others.

        Parameters
        ----------
        structures
            SMILES or Mol blocks.
        notation
            Notation of the structures.
        problems
            Position -> status of records known to be unusable; these are not parsed.

        Returns
        -------
        Features
            n rows, blank where the status is not ok. Inputs that are not computed from structures
            are not there; :meth:`with_columns` adds them.
        """
        parse, max_atoms = self._parser(notation), self.max_atoms
        known = problems or {}
        search = self._search(structures, notation, known)
        close = search.close if search else frozenset[int]()
        computed = {name: f for name, f in self.fingerprints.items() if f.is_computed}
        if parse is parse_smiles and all(each.is_flat for each in computed.values()):
            parse = parse_flat
        encoders = [encoder_of(fingerprint) for fingerprint in computed.values()]
        # A molecule without atoms has no bits: it stands in where there is no molecule.
        blank = [encode(MolFromSmiles("")) for encode in encoders]
        columns = [[text] * len(structures) for text in blank]
        codes = np.zeros(len(structures), dtype=np.uint8)
        with BlockLogs():
            for row, structure in enumerate(structures):
                mol = known.get(row) or parse(structure, max_atoms)
                if isinstance(mol, Status):
                    codes[row] = mol.code
                    continue
                try:
                    for column, encode in zip(columns, encoders):  # noqa: B905 (slower)
                        column[row] = encode(mol)
                    if search and row in close:
                        search.note(row, mol)
                except Exception as error:  # RDKit raises many, and one molecule must not end a run
                    codes[row] = _status_of(error).code
                    for column, text in zip(columns, blank, strict=True):
                        column[row] = text
        blocks = {
            name: fingerprint.decode(column)
            for (name, fingerprint), column in zip(computed.items(), columns, strict=True)
        }
        return Features(blocks, codes, search.found(codes) if search else None)

    def _search(
        self, structures: Sequence[str], notation: Notation, known: Mapping[int, Status]
    ) -> Search | None:
        """Search for training molecules among those that can be any."""
        if self.training is None:
            return None
        texts = [
            "" if row in known or is_too_long(text, self.max_atoms) else text
            for row, text in enumerate(structures[:])
        ]
        return Search(self.training, texts, notation)

    def _parser(self, notation: Notation) -> Parser:
        parse, tautomer = PARSERS[notation], self.standardize == "tautomer"
        if not self.standardize:
            return parse

        from bioassay_mtl.chem.standardize import standardize

        def parse_standardized(structure: object, max_atoms: int) -> Any | Status:
            # A counter-ion does not make a molecule too large.
            most = max(max_atoms, DEFAULT_MAX_ATOMS)
            if notation != "smiles":
                mol = parse(structure, most)
                if isinstance(mol, Status):
                    return mol
                structure = MolToSmiles(mol)
            done = standardize(structure, tautomer=tautomer, max_atoms=most)
            return parse_smiles(done.smiles, max_atoms) if done.status is Status.OK else done.status

        return parse_standardized

    def standardizing(self) -> Featurizer:
        """The same inputs, of standardized molecules."""
        return self if self.standardize else replace(self, standardize=True)

    def with_columns(self, features: Features, table: Mapping[str, Sequence[Any]]) -> Features:
        """Features with the inputs that are columns of the user's table.

        Parameters
        ----------
        features
            Features of n structures.
        table
            Columns of n numbers, or of texts, by name.

        Raises
        ------
        InputError
            A column is missing, is of another length, or a cell holds no number.
        """
        columns = {n: f for n, f in self.fingerprints.items() if isinstance(f, UserColumns)}
        read: dict[str, Any] = {name: each.read(table) for name, each in columns.items()}
        for name, block in read.items():
            if len(block) != len(features):
                raise InputError(f"{len(block)} rows of {name!r} for {len(features)} molecules")
        return replace(features, blocks=features.blocks | read)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the user's table that are read, each once."""
        given = (f.names for f in self.fingerprints.values() if isinstance(f, UserColumns))
        return tuple(dict.fromkeys(name for names in given for name in names))

    def check_computed(self) -> None:
        """Make sure that a table with structures is enough: a screen has nothing else.

        Raises
        ------
        ConfigError
            If an input is a block of features that are made elsewhere.
        """
        given = [
            f"{name!r} ({f.summary})"
            for name, f in self.fingerprints.items()
            if not f.is_computed and not isinstance(f, UserColumns)
        ]
        if given:
            raise ConfigError(
                f"the model reads {', '.join(given)} beside structures, which a screen does not "
                "have: use Model.predict_features, in Python"
            )

    def examples(self) -> Features:
        """A fixed, diverse set of molecules; of inputs that are not computed nothing is known."""
        features = self(PROBE_SMILES)
        n, given = (
            len(features),
            [(n, f) for n, f in self.fingerprints.items() if not f.is_computed],
        )
        return Features(features.blocks | {name: f.blank(n) for name, f in given}, features.status)

    @property
    def n_features(self) -> dict[str, int]:
        """Number of features of each input."""
        return {name: print_.n_features for name, print_ in self.fingerprints.items()}

    @property
    def input_sizes(self) -> dict[str, InputSize]:
        """Size of each input: a number of features, or of a graph's codes."""
        return {name: print_.input_size for name, print_ in self.fingerprints.items()}

    def config(self) -> dict[str, Any]:
        """Plain settings, for :meth:`from_config`."""
        return {
            "fingerprints": {name: f.model_dump() for name, f in self.fingerprints.items()},
            "max_atoms": self.max_atoms,
            **({"standardise": self.standardize} if self.standardize else {}),
            **({} if self.training is None else {"training": self.training}),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Featurizer:
        """The featurizer of some settings; unknown keys raise :class:`ConfigError`."""
        settings = _Settings.of(dict(config))
        prints = {name: fingerprint_from(f) for name, f in settings.fingerprints.items()}
        return cls(prints, settings.max_atoms, settings.standardize, settings.training)

    @staticmethod
    def versions() -> dict[str, str]:
        """Versions of the packages that decide what the features are."""
        import rdkit

        return {"rdkit": rdkit.__version__}

    def probe(self) -> str:
        """SHA-256 (hex) over the features of a fixed, diverse set of molecules.

        It is computed once in a process: saving and loading many models of the same inputs, as a
        training by folds does, needs it each time.
        """
        prints = sorted(self.fingerprints.items(), key=itemgetter(0))
        encoders = [encoder_of(each) for _, each in prints if each.is_computed]
        key = (tuple(prints), self.max_atoms, self.standardize)
        before, digest = _PROBES.get(key, ([], ""))
        if not digest or any(a is not b for a, b in zip(before, encoders, strict=True)):
            digest = self._probed()
            _PROBES[key] = encoders, digest
        return digest

    def _probed(self) -> str:
        features = self(PROBE_SMILES)
        digest = hashlib.sha256(features.status.tobytes())
        for name, block in sorted(features.blocks.items()):
            digest.update(f"{name} {block.n_features}".encode())
            for part in block.stable_bytes():
                digest.update(part)
        return digest.hexdigest()

    def check_probe(self, expected: str, made_with: Mapping[str, str] | None = None) -> None:
        """Make sure that the installed RDKit computes the features that a model was trained on.

        Parameters
        ----------
        expected
            :meth:`probe` at the time of training.
        made_with
            :meth:`versions` at that time, for the message.

        Raises
        ------
        ModelFolderError
            If the features differ.
        """
        if self.probe() == expected:
            return
        then = (made_with or {}).get("rdkit")
        kinds = [each.kind for each in self.fingerprints.values()]
        if plugins := [str(plugin) for kind in kinds if (plugin := fingerprints.plugin(kind))]:
            raise ModelFolderError(
                f"other features are computed here than the model was trained on, by the "
                f"{', the '.join(plugins)}, or by RDKit {self.versions()['rdkit']} (then: "
                f"{then or 'unknown'}): install the versions that it was trained with"
            )
        raise ModelFolderError(
            f"the installed RDKit {self.versions()['rdkit']} computes other features than the "
            f"model was trained on (with RDKit {then or 'of an unknown version'})"
            + (f": pip install rdkit=={then} brings that version" if then else "")
        )


Featurizer.__init__ = keywords(FORMER_SPELLING)(Featurizer.__init__)  # type: ignore[method-assign]


def _status_of(error: Exception) -> Status:
    return Status.FAILED if isinstance(error, MemoryError) else Status.FEATURIZATION_FAILED
