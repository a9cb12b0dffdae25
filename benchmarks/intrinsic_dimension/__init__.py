"""How many numbers an assay needs, alone and together: see ``__main__``."""
