"""A softmax over many classes, the rare ones in clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import compat as torch

from .. import functional as F
from .container import ModuleList, Sequential
from .linear import Linear
from .module import Module

Tensor = torch.Tensor


class _ASMoutput(NamedTuple):
    """The log-probability of each target, and their negative mean."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-softmax by a head of frequent classes and tails of rare ones (Grave et al. 2017).

    Takes input (N, in_features) or (in_features,) and target (N,) or ().
    cutoffs    where tails begin, ascending; classes are sorted by frequency
    div_value  by how much each tail is narrower than the one before
    """

    def __init__(
        self, in_features: int, n_classes: int, cutoffs: Sequence[int], div_value: float = 4.0,
        head_bias: bool = False, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        where = {"device": device, "dtype": dtype}
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            cutoffs != sorted(cutoffs) or min(cutoffs) <= 0 or max(cutoffs) > n_classes - 1
            or len(set(cutoffs)) != len(cutoffs) or any(int(c) != c for c in cutoffs)
        ):  # fmt: skip
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
                "order, where each value is between 1 and n_classes-1"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = cutoffs + [n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, **where)
        self.tail = ModuleList()
        for at in range(self.n_clusters):
            width = int(in_features // div_value ** (at + 1))
            count = self.cutoffs[at + 1] - self.cutoffs[at]
            self.tail.append(
                Sequential(
                    Linear(in_features, width, bias=False, **where),
                    Linear(width, count, bias=False, **where),
                )
            )

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        self.head.reset_parameters()
        for first, second in self.tail:
            first.reset_parameters()
            second.reset_parameters()

    def forward(self, input: Tensor, target: Tensor) -> _ASMoutput:
        batched = target.dim() > 0
        if batched and input.shape[0] != target.shape[0]:
            raise RuntimeError(
                "Input and target should have the same size in the batch dimension."
            )
        if target.dim() > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if input.dim() != (2 if batched else 1):
            raise RuntimeError(
                "2D input tensor expected for batched targets"
                if batched
                else "1D input tensor expected for unbatched target"
            )
        rows, classes = (input, target) if batched else (input.unsqueeze(0), target.unsqueeze(0))
        low, high = (int(classes.min()), int(classes.max())) if classes.numel() else (0, 0)
        if low < 0 or high >= self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{low}, {high}] were found. "
            )
        head = F.log_softmax(self.head(rows), 1)
        place, output = classes, torch.zeros_like(classes, dtype=input.dtype)
        for at, tail in enumerate(self.tail):
            first, behind = self.cutoffs[at], self.cutoffs[at + 1]
            inside = (classes >= first) & (classes < behind)
            place = torch.where(inside, self.shortlist_size + at, place)
            within = torch.where(inside, classes - first, 0).unsqueeze(1)
            local = F.log_softmax(tail(rows), 1).gather(1, within).squeeze(1)
            output = output + torch.where(inside, local, torch.zeros_like(local))
        output = output + head.gather(1, place.unsqueeze(1)).squeeze(1)
        loss = (-output).mean()
        return _ASMoutput(output if batched else output.squeeze(0), loss)

    def _get_full_log_prob(self, input: Tensor, head: Tensor) -> Tensor:
        logs = F.log_softmax(head, 1)
        parts = [logs[:, : self.shortlist_size]]
        for at, tail in enumerate(self.tail):
            own = logs[:, self.shortlist_size + at].unsqueeze(1)
            parts.append(F.log_softmax(tail(input), 1) + own)
        return torch.cat(parts, 1)

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes, (N, n_classes)."""
        return self._get_full_log_prob(input, self.head(input))

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row."""
        return self.log_prob(input).argmax(1)
