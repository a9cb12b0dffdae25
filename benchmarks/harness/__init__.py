"""What all studies share: a study is its cases, a loop over them, and a report.

``datasets`` and ``assay_tables`` read rows; ``contenders`` are models of other libraries
(``per_assay``, ``deepchem_networks``, ``chemprop_program``, on ``inputs``), ``networks`` this
package's; ``scores`` and ``statistics`` judge them. ``ledger`` keeps what is done so that a killed
run resumes, ``tables`` and ``plots`` report it, ``study`` is the command line,
``timing`` measures, and ``provenance`` says with what.
"""
