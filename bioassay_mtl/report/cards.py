"""Lists of cards: molecules, and assays with their plots."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from bioassay_mtl.report.templates import piece


def cards(found: Sequence[Markup], *, are_molecules: bool = False) -> Markup:
    """A list of cards.

    Parameters
    ----------
    found
        The cards.
    are_molecules
        Whether they can be copied and downloaded.
    """
    return piece("cards", "cards", found, are_molecules=are_molecules)


def assay_cards(found: Sequence[Markup], first: int) -> Markup:
    """Wider cards, of which the first ones are shown, and the others when they are asked for."""
    return piece("cards", "cards", found, kind="cards wider", first=first)


def plots_card(title: str, note: str, drawings: Sequence[Markup]) -> Markup:
    """A card of an assay: small plots side by side."""
    return piece("cards", "plots", title, note, drawings)
