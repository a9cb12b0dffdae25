"""The contract of loss weightings: one weight for the loss of each task."""

from __future__ import annotations

from torch import Tensor

from bioassay_mtl.balance.balancer import Balancer, Update
from bioassay_mtl.balance.objective import Batch
from bioassay_mtl.balance.ranks import mean_of_ranks, of_first_rank, on_any_rank


class LossWeighting(Balancer):
    """``sum_t lambda_t L_t``: a kind says what the weights are.

    A task without a measured cell in the batch has no loss there: whatever a kind remembers of it
    stays as it is, and no other weight depends on it.
    """

    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        """``lambda (T,)`` for one batch.

        Parameters
        ----------
        losses
            ``(T,)``, detached; 0 for absent tasks.
        present
            ``(T,) bool``: tasks with a measured cell in the batch.
        """
        raise NotImplementedError

    def forward(self, batch: Batch) -> Update:
        losses = batch.task_losses()
        weights = self.weights(mean_of_ranks(losses), on_any_rank(batch.present))
        return Update((of_first_rank(weights) * losses).sum(), losses.detach())
