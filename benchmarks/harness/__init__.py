"""What all studies share: a study is its cases, a loop over them, and a report.

``datasets`` and ``assay_tables`` read rows, ``molecules`` those without assays; ``contenders`` are
models of other libraries (``deepchem_networks``, ``chemprop_program``), ``networks`` this
package's. ``ledger`` scores them and keeps what is done so that a killed run resumes;
``statistics`` judge, ``tables`` and ``plots`` report. ``study`` is the command line, ``running``
watches commands, ``steps`` takes steps of training, ``bare`` is RDKit alone, ``timing`` measures,
and ``provenance`` says with what.
"""
