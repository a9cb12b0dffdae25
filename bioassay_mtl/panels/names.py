"""Names of columns: what one says, before anybody looks at its cells.

A name is read by its words: ``IC50 (nM)``, ``hERG_blocker`` and ``Aktivität`` are measured,
``is_duplicate`` is a flag, ``sCH3_Key`` a key of a fingerprint. Accents and case do not matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import Enum

from bioassay_mtl.tasks.units import says_p_scale, unit_in_name


class Says(str, Enum):
    """Content of a column by its name."""

    MEASURED = "of a measured type"
    UNIT = "with a unit"
    STATISTIC = "about a measurement"
    FLAG = "of a flag"
    SPLIT = "of a split or group"
    IDENTIFIER = "of an identifier"
    PROPERTY = "of a computed property"
    KEY = "of a fingerprint's key or count"
    PREDICTION = "of a prediction"
    NOTHING = ""

    @property
    def measured(self) -> bool:
        """Whether the column is an assay, unless its cells cannot be."""
        return self in (Says.MEASURED, Says.UNIT)

    @property
    def never(self) -> bool:
        """Whether the column is none, unless somebody asks for it."""
        return not self.measured and self is not Says.NOTHING


def words_in(text: str) -> frozenset[str]:
    """A list of words that is written in one text."""
    return frozenset(text.split())


_MEASURED = words_in(
    """
    potency affinity inhibition inhib inhibitor inhibitory inh activation activator activity
    bioactivity activities act active actives inactive outcome class label labels response efficacy
    emax hit hits call result results readout measured measurement binding binder blocker block
    blockade blocked agonist agonism antagonist antagonism modulator substrate toxic toxicity tox
    cytotoxic cytotoxicity hepatotoxic hepatotoxicity cardiotoxic cardiotoxicity genotoxic
    genotoxicity viability mutagenic mutagenicity mutagen carcinogenic carcinogenicity carcinogen
    sensitizer sensitiser sensitization irritant irritation permeability permeable papp solubility
    soluble clearance clint halflife bioavailability stability ames herg dili bbb bbbp ppb fup logd
    logs lipophilicity y value potent positive negative displacement occupancy percentinhibition
    aktivitat hemmung hemmer inhibierung wirkung wirksam wirksamkeit klasse ergebnis messwert wert
    toxizitat giftig loslichkeit bindung affinitat stabilitat
    activite inhibiteur classe resultat valeur toxicite toxique solubilite affinite efficacite
    liaison puissance actif expt exp experimental tm dtm
    actividad inhibicion clase resultado valor toxicidad attivita inibizione risultato valore
    """
)
_CONCENTRATIONS = re.compile(
    r"(ic|ec|ac|gi|cc|lc|xc|tc|dc|ki|kd|kb|kon|koff|ka|km|kcat|mic|mbc|mec|tgi)_?\d{0,3}"
    r"|(ld|ed|td|id)\d{2}|a[bo]?50|s50|k[id]app"
)
_TYPES = re.compile(
    rf"(?:(?:neg|minus)?log|p|d)?(?:{_CONCENTRATIONS.pattern})(?:app|mean|avg)?|log[ds]\d*"
)
_TARGETS = re.compile(r"cyp\w*|(?:anti|pro)?(?:inhibit|toxi|mutagen|activ|agonis|antagonis)\w*")

_STATISTICS = words_in(
    """
    comment comments note notes remark remarks kommentar bemerkung anmerkung commentaire remarque
    sd sem std stdev stddev stderr se err error errors fehler erreur ecart cv ci ci95 lower upper
    min max low high hill slope r2 rsquared n count counts number num anzahl nombre replicates
    replicate reps repeats runs conc concentration concentrations konzentration dose dosis date
    datum year time temp temperature temperatur ph source sources quelle origin doi pmid url link
    ref refs reference referenz method methode protocol protokoll version author authors description
    beschreibung type typ format organism journal purity reinheit purete yield ausbeute
    rendement price preis prix vendor supplier lieferant supplied amount menge weight salt
    qualifier qualifiers relation operator modifier prefix unit units einheit unite wavelength
    curator curation institution
    score rank percentile confidence
    """
)
_FLAGS = re.compile(
    r"(?:is|has|ist|hat|est|was|are|in|can)_|flag|dupl?i[ck]at|doublon|cliff|outlier|ausreisser"
    r"|validated|curated|verified|checked|geprueft|gepruft|valide|exclude|excluded|keep|ignore"
    r"|qc|pains|brenk|alert|stock|available|selected|censored|covalent|racemic|public"
)
_OUTCOME_OF_FLAG = words_in(
    """
    active inactive toxic hit inhibitor blocker binder agonist antagonist mutagenic mutagen
    substrate permeable soluble positive potent aktiv toxisch actif toxique
    """
)
_SPLITS = words_in(
    """
    split splits fold folds set sets part partition subset group groups cluster clusters scaffold
    train training test validation cv holdout gruppe teil ensemble groupe jeu lot batch plate well
    series row index idx zeile ligne column col order
    """
)
_WHOLE_SPLITS = words_in("valid model modus rank sample")
_IDENTIFIERS = words_in(
    """
    id ids uid guid uuid identifier identifiers cas casrn cid sid aid inchi inchikey key code codes
    barcode accession registry regno no nr name names title compound cpd molecule mol chembl zinc
    pubchem drugbank catalog catalogue substanz verbindung compose smiles formula nummer numero
    """
)
_PROPERTIES = words_in(
    """
    mw mwt molwt molweight molecularweight molmass exactmass exactmolwt monoisotopicmass mass
    logp clogp alogp mlogp xlogp slogp wlogp mollogp kowwin logkow molmr mr refractivity tpsa psa
    polarsurfacearea hbd hba hbonddonors hbondacceptors rotb rtb rb nrotb rotatablebonds rings
    aromaticrings ringcount heavyatomcount heavyatoms numheavyatoms natoms nbonds atoms bonds
    fractioncsp3 fsp3 csp3 qed sascore charge formalcharge netcharge lipinski ro5 violations
    year date molgewicht molekulargewicht molmasse poidsmoleculaire massemolaire unnamed
    pka apka bpka complexity bertz balaban chi kappa predicted calculated calc computed berechnet
    """
)
_COMPUTED = words_in("predicted calculated calc calcd computed berechnet")
_PREDICTED = re.compile(r"preds?|predict\w*|vorhersag\w*|silico|yhat|\w{2,}pred|ypred\w*")
_SURE = words_in(
    """
    % potency affinity inhibition inhib activation bioavailability solubility clearance clint papp
    halflife permeability logd logs ppb fup viability efficacy emax cytotoxicity stability
    displacement occupancy lipophilicity hemmung loslichkeit stabilitat affinitat
    """
)
_HALF_LIFE = re.compile(r"\bt[\s_]?(?:1[/\u2044]2|half)\b|half[\s_-]?li(?:fe|ves)\b", re.IGNORECASE)
_ERRORS = words_in(
    """
    sd sem std stdev stddev stderr se err error errors fehler erreur ecart cv ci ci95 lower upper
    hill slope r2 rsquared n count counts number num anzahl nombre replicates replicate reps repeats
    runs conc concentration concentrations konzentration dose dosis
    """
)
_CONDITIONS = words_in("ph low high time temp temperature temperatur")
_EXTREMES = words_in("min max")
_OF_RUNS = re.compile(r"[\s_]*[\[(]?\bn\s*=\s*\d+[\])]?", re.IGNORECASE)
_OTHER_UNIT = re.compile(
    r"\s*[\[(]\s*(?:min|h|hr|hrs|hours?|s|sec|d|days?|[^\[\]()]*/[^\[\]()]*)\s*[\])]\s*$",
    re.IGNORECASE,
)
_CLASSES = words_in("class classe klasse label")
_CLASSIFIED = words_in(
    "target assay compound chemical drug protein scaffold structure molecule therapeutic atc"
)
_DESCRIPTOR = re.compile(
    r"num(?:ber)?(?:of)?(?:h|rot|rings?|arom|alip|atoms?|bonds?|heavy|hetero|valence|sat|het|"
    r"don|acc|ro5)\w*|n(?:umber)?(?:of)?(?:rings?|atoms?|bonds?|hba|hbd|rotbonds?)"
    r"|min(?:imum)?degree|ligandefficiency\w*|(?:molecular|mol)(?:weight|wt|mass|formula)"
    r"|polarsurfacearea|(?:topological|total)polarsurfacearea|[acxmsw]?logp\d*"
    r"|(?:hbond|hydrogenbond|rotatable|aromatic|heavy|chiral)\w*"
)
_KEY = re.compile(r"(?:key|keys|cnt|bit|bits|sum|avg)\d*")
_BIT = re.compile(
    r"(?:fp|fps|bit|bits|maccs|maccskey|ecfp\d?|fcfp\d?|morgan\d?|rdk|rdkfp|rdkit|pubchemfp|"
    r"avalon|klekota|estate|fingerprint|circular|key|feature|feat|desc|descriptor|padel|mordred|"
    r"atompair|torsion|mol2vec|emb|embedding|dim|pc|x|f|v|var|col)[_\s.-]*\d+"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[a-z]{2})(?=[A-Z]{2})")


def without_accents(text: str) -> str:
    """Letters without their marks, in lower case: ``Aktivität`` is ``aktivitat``."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


def words_of(name: str) -> list[str]:
    """The words of a name, without accents.

    Examples
    --------
    >>> words_of("hERG_Blocker"), words_of("% Inhibition @ 10 uM"), words_of("canvasUID")
    (['herg', 'blocker'], ['%', 'inhibition', '10', 'um'], ['canvas', 'uid'])
    """
    return re.findall(r"[^\W_]+|%", without_accents(_CAMEL.sub(" ", name)))


def what_name_says(name: str) -> Says:
    """Content that a column's name promises.

    Examples
    --------
    >>> what_name_says("exp_mean [nM]"), what_name_says("is_duplicate"), what_name_says("NR-AR")
    (<Says.UNIT: 'with a unit'>, <Says.FLAG: 'of a flag'>, <Says.NOTHING: ''>)
    """
    bare, unit = unit_in_name(_OF_RUNS.sub("", name).strip())
    bare, others = _OTHER_UNIT.subn("", bare)
    words = words_of(bare)
    joined = "".join(words)
    if not joined:
        return Says.IDENTIFIER if not name.strip() else Says.NOTHING
    measured = is_type(words) or says_p_scale(bare) or bool(_HALF_LIFE.search(bare))
    if any(_PREDICTED.fullmatch(word) for word in words) or (measured and {*words} & _COMPUTED):
        return Says.PREDICTION
    if _is_sure(bare, words):
        found = _against(words, bool(unit or others))
        return found or (Says.UNIT if unit else Says.MEASURED)
    said = _by_words(name, words, measured)
    return Says.UNIT if unit and said in (Says.MEASURED, Says.NOTHING) else said


def _is_sure(bare: str, words: Sequence[str]) -> bool:
    """Whether a type of measurement is named that is no everyday word."""
    typed = any(word in _SURE or _TYPES.fullmatch(word) for word in (*words, "".join(words)))
    return typed or bool(_HALF_LIFE.search(bare)) or says_p_scale(bare)


def _against(words: Sequence[str], unit: bool) -> Says | None:
    """Content of a name of a measurement that is about it: its error, its flag."""
    spaced = "_".join(words)
    concentration = any(_TYPES.fullmatch(word) for word in words)
    errors = _ERRORS if unit else _STATISTICS - _CONDITIONS - _EXTREMES
    if {*words} & (errors | (_EXTREMES if concentration else frozenset())):
        return Says.STATISTIC
    if words[-1] in _CONDITIONS and concentration:
        return Says.STATISTIC
    if unit:
        return None
    flags = [word for word in words[1:] if re.match(_FLAGS.pattern, word) and word != "qc"]
    if re.match(r"(?:is|has|ist|hat|est|was|are)_", spaced) or flags:
        return Says.FLAG
    if words[-1] in _SPLITS:
        return Says.SPLIT
    if _KEY.fullmatch(words[-1]) and words[-1] != "avg":
        return Says.KEY
    return Says.IDENTIFIER if words[-1] in _IDENTIFIERS else None


def _by_words(name: str, words: list[str], measured: bool) -> Says:
    """Content of a name by words of what may be measured, or is about a measurement."""
    joined = "".join(words)
    if _BIT.fullmatch(without_accents(name.strip())) or _KEY.fullmatch(words[-1]):
        return Says.IDENTIFIER if words[-1] == "key" and len(words) == 1 else Says.KEY
    if joined in _PROPERTIES or _DESCRIPTOR.fullmatch(joined) or {"ro5"} & {*words}:
        return Says.PROPERTY
    if _is_flag(name, words):
        return Says.FLAG
    if joined in _SPLITS | _WHOLE_SPLITS or {words[0], words[-1]} & _SPLITS:
        return Says.SPLIT
    if words[-1] in _CLASSES and {*words} & _CLASSIFIED:
        return Says.STATISTIC
    if (len(words) > 1 and {*words} & _STATISTICS) or joined in _STATISTICS - {"score"}:
        return Says.STATISTIC
    if joined in _IDENTIFIERS or words[-1] in _IDENTIFIERS:
        return Says.IDENTIFIER
    if {*words} & _PROPERTIES and not (measured and not {*words} & _COMPUTED):
        return Says.PROPERTY
    return Says.MEASURED if measured else Says.NOTHING


def is_lone_cell_line(name: str, names: Sequence[str]) -> bool:
    """Whether a name such as ``PC3`` is of no series: principal components begin with the first."""
    found = re.fullmatch(r"(pc|v|f)[\s_-]?(\d+)", name.strip(), re.IGNORECASE)
    if found is None or int(found[2]) < 2:
        return False
    series = re.compile(rf"{found[1]}[\s_-]?[01]", re.IGNORECASE)
    return not any(series.fullmatch(other.strip()) for other in names)


def is_type(words: list[str]) -> bool:
    """Whether a name's words are those of something measured."""
    joined = "".join(words)
    return any(
        word in _MEASURED or word == "%" or _TYPES.fullmatch(word) or _TARGETS.fullmatch(word)
        for word in (*words, joined)
    )


def is_concentration(name: str) -> bool:
    """Whether a column of this name holds concentrations: ``IC50``, ``Ki (nm)``, ``potency``."""
    return any(
        _CONCENTRATIONS.fullmatch(word) or word in ("potency", "concentration")
        for word in words_of(name)
    )


def _is_flag(name: str, words: list[str]) -> bool:
    spaced = "_".join(words)
    if not re.search(_FLAGS.pattern, spaced):
        return False
    first = re.match(r"(?:is|has|ist|hat|est|was|are|in|can)_", spaced)
    if first:
        return not {*words[1:]} & _OUTCOME_OF_FLAG
    return any(re.match(_FLAGS.pattern, word) for word in words)
