"""Pages to read: what a model can do, and what a screen found."""

from bioassay_mtl.report.baseline import beside_baseline, beside_baselines
from bioassay_mtl.report.evidence import Evidence, gather, held_out, out_of_fold, sample_of
from bioassay_mtl.report.hit_reasons import hit_reasons
from bioassay_mtl.report.model_report import model_report, write_model_report
from bioassay_mtl.report.screen_report import screen_report, write_screen_report
from bioassay_mtl.report.tally import ScreenTally, screen_tally
from bioassay_mtl.report.verdict import verdict_words

__all__ = [
    "Evidence",
    "ScreenTally",
    "beside_baseline",
    "beside_baselines",
    "gather",
    "held_out",
    "hit_reasons",
    "model_report",
    "out_of_fold",
    "sample_of",
    "screen_report",
    "screen_tally",
    "verdict_words",
    "write_model_report",
    "write_screen_report",
]
