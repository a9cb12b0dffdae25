"""How tables are laid out: a file and a line here for each layout."""

from bioassay_mtl.panels.layouts import by_target, chembl, long, pubchem, wide
from bioassay_mtl.panels.parts import layouts

__all__ = ["by_target", "chembl", "layouts", "long", "pubchem", "wide"]
