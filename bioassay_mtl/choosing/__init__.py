"""The table of a screen to the few molecules that are worth a test."""

from bioassay_mtl.choosing.candidates import Candidate, Candidates, read_candidates
from bioassay_mtl.choosing.picking import Picked, PickOptions, pick
from bioassay_mtl.choosing.shortlist import Chosen, Rules, choose

__all__ = [
    "Candidate",
    "Candidates",
    "Chosen",
    "PickOptions",
    "Picked",
    "Rules",
    "choose",
    "pick",
    "read_candidates",
]
