"""Rival models fitted on exactly the rows that the shipped model is compared on.

One file per idea: ``evaluation`` picks the rows, ``features`` makes the matrices, ``scores``
measures, ``per_assay`` / ``deepchem_network`` / ``chemprop_program`` hold the rivals, ``ledger``
keeps what is done so that a killed run resumes, ``table`` writes the Markdown summary.
"""
