"""Settings of shared modules, and of the search for where each is used."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bioassay_mtl.config import Config

Share = Annotated[float, Field(ge=0, le=1)]
Layers = Literal["experts", "graphs", "towers"]


class ModuleConfig(Config):
    """Modular universal reparameterization (Meyerson & Miikkulainen, arXiv 1906.00097).

    Parameters
    ----------
    block
        (m, n): size of a block, inputs x outputs, which must divide every layer that is
        reparameterized; None for squares as large as that allows, up to 32.
    contexts
        c: numbers by which a location mixes the matrices of its module; 0 shares modules as they
        are.
    pool
        Share of the L locations that there are modules for: K = ceil(pool L).
    challengers
        Lambda: modules that a searched location tries beside its own; 0 never searches.
    share
        Share of the locations that a generation searches.
    fresh
        Probability of a challenger that no location uses, drawn anew.
    challenger_weight
        Alpha: what the challengers of a location weigh together at first; None for all alike.
    steps
        Steps of a generation; None for a twentieth of the steps that are searched in.
    soft_learning_rate
        Rate at which the weights of candidates learn.
    burn_in, search_until
        Shares of all steps between which is searched.
    layers
        Layers that are reparameterized: hidden layers of fully connected ``experts``, those of
        ``graphs`` (message passing, readout), and the hidden layers of ``towers``. First and last
        layers, biases and norms stay ordinary.
    """

    block: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None = None
    contexts: Annotated[int, Field(ge=0)] = 4
    pool: Annotated[float, Field(gt=0, le=1)] = 1.0
    challengers: Annotated[int, Field(ge=0)] = 1
    share: Share = 0.5
    fresh: Share = 1e-4
    challenger_weight: Annotated[float, Field(gt=0, lt=1)] | None = 0.5
    steps: Annotated[int, Field(ge=1)] | None = None
    soft_learning_rate: Annotated[float, Field(gt=0)] = 0.1
    burn_in: Share = 0.1
    search_until: Share = 0.8
    layers: Annotated[tuple[Layers, ...], Field(min_length=1)] = ("experts", "graphs", "towers")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> ModuleConfig:
        if self.search_until < self.burn_in:
            raise ValueError(
                f"search_until {self.search_until} comes before burn_in {self.burn_in} has ended"
            )
        return self
