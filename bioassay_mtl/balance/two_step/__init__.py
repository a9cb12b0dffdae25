"""Two-step balancing of tasks."""

from bioassay_mtl.balance.two_step.balancer import TwoStep, TwoStepConfig

__all__ = ["TwoStep", "TwoStepConfig"]
