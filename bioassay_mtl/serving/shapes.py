"""Shapes of requests and answers, for the OpenAPI description."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

MOST_DRAWN = 60
"""Molecules of one request for drawings."""

MOST_CHARACTERS = 10_000
"""Most characters of a SMILES that is drawn."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PredictRequest(_Strict):
    """Molecules to predict."""

    smiles: list[str] = Field(min_length=1, examples=[["CC(=O)Oc1ccccc1C(=O)O"]])
    ids: list[str] | None = Field(None, description="A name for each.")
    assays: list[str] | None = Field(
        None, description="Identifiers, names, genes or patterns; all when left out."
    )
    beside: list[str] = Field([], description="What to say beside predictions: see /api/model.")
    standardize: bool = Field(
        False,
        validation_alias=AliasChoices("standardize", "standardise"),
        description="Strip salts and charges first.",
    )


class Row(BaseModel):
    """One record, in the order of the request; without predictions where it is not ok."""

    row: int
    id: str
    smiles: str
    status: str
    in_training: bool | None = Field(description="Whether the model was trained on it.")
    predictions: dict[str, float] | None = Field(description="By column: probability or value.")
    beside: dict[str, Any] | None = None
    of_assays: dict[str, dict[str, Any]] | None = None


class PredictResponse(BaseModel):
    """All rows."""

    model: str
    columns: list[str]
    values: list[str] = Field(description="Columns that are values, and no probabilities.")
    statuses: dict[str, int]
    seconds: float
    rows: list[Row]


class DrawingsRequest(_Strict):
    """Molecules to draw."""

    smiles: list[Annotated[str, Field(max_length=MOST_CHARACTERS)]] = Field(
        min_length=1, max_length=MOST_DRAWN
    )


class DrawingsResponse(BaseModel):
    """SVG of each; empty where it cannot be drawn."""

    drawings: list[str]


class ExplainRequest(_Strict):
    """One prediction."""

    smiles: str = Field(max_length=MOST_CHARACTERS, examples=["CC(=O)Oc1ccccc1C(=O)O"])
    assay: str = Field(description="A column of predictions.")


class Shares(BaseModel):
    """Share of an expert in a prediction."""

    name: str
    atoms: list[float] = Field(description="Of each atom.")
    whole: float = Field(description="Of the molecule as a whole.")


class ExplainResponse(BaseModel):
    """The shares of all atoms and of the whole sum to value less reference."""

    smiles: str
    assay: str
    value: float = Field(description="Log-odds before they are calibrated, or the value.")
    reference: float = Field(description="The same of an empty input.")
    atoms: list[float]
    whole: float
    experts: list[Shares]
    drawing: str = Field(description="SVG; empty where it cannot be drawn.")


class Limits(BaseModel):
    """Limits of a request."""

    bytes: int
    molecules: int
    seconds: float
    seconds_per_molecule: float
    waiting: int


class ModelResponse(BaseModel):
    """The model that predicts."""

    name: str
    version: str = Field(description="Of the package.")
    assays: int
    columns_read: list[str] = Field(description="Columns that a table must have beside SMILES.")
    beside: list[str] = Field(description="What can be said beside predictions.")
    explains: bool = Field(description="Whether /api/explain has something to say.")
    limits: Limits
    suffixes: list[str] = Field(description="Of files that are taken.")


class Fault(BaseModel):
    """Reason why a request is not served."""

    status: int
    message: str


class FaultResponse(BaseModel):
    """The answer to a request that is not served."""

    error: Fault
