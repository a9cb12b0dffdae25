"""What all studies share: a study is its cases, a loop over them, and a report.

``datasets`` and ``assay_tables`` read rows, ``per_assay``, ``deepchem_networks``,
``chemprop_program`` and ``networks`` train what is compared, ``scores`` and ``statistics`` judge
it, ``ledger`` keeps what is done so that a killed run resumes, ``standings``, ``tables`` and
``plots`` report it, ``study`` is the command line, ``timing`` measures, ``provenance`` says with
what.
"""
