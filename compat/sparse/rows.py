"""Rows of a table looked up so that the table's gradient is sparse: an entry for each use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import compat as torch
from compat.front.base import value_of, wrap
from compat.front.create import hidden
from compat.sparse.coo import sparse
from compat.sparse.pattern import Pattern
from compat.tape import node as graph
from compat.tape.history import current
from compat.tape.node import Node, result_tape


class _RowsRule:
    """Backward of a look-up: the rows of the gradient, in order of use, with their numbers."""

    name = "EmbeddingBackward0"

    def __init__(self, result: Any, weight: Any, input: Any, padding: int, scaled: bool) -> None:
        self.outs = (result._meta,)
        self.shape = tuple(weight.shape)
        self.used = wrap(value_of(input))  # as it is now, whatever is written to it later
        self.padding, self.scaled = padding, scaled

    def kept(self, mask: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (), ()

    def pull(self, node: Node, gradients: Sequence[Any], create: bool) -> list[Any]:
        if self.scaled:
            raise RuntimeError(
                "embedding_backward: scale_grad_by_freq not supported with sparse gradients"
            )
        rows, width = self.shape
        values = graph.wrap(*gradients[0]).reshape(-1, width)
        index = self.used.reshape(1, -1)
        if self.padding >= 0:
            values = torch.where((index[0] == self.padding).unsqueeze(1), 0, values)
        made = sparse(Pattern(index.to(torch.int64), (rows,)), values, (width,))
        made._padding = self.padding if self.padding >= 0 else None
        return [made._gradient()]


def embedding(weight: Any, input: Any, padding: int, scaled: bool) -> Any:
    """The rows of weight that input names; weight's gradient is a COO tensor.

    padding   the row that gets no gradient, -1 for none
    scaled    RuntimeError in backward, as PyTorch has it
    """
    if not (torch.is_grad_enabled() and weight.requires_grad):
        return hidden("embedding")(weight, input, padding, scaled)
    made = hidden("embedding")(weight.detach(), input, padding, scaled)
    rule = _RowsRule(made, weight, input, padding, scaled)
    made._tape = result_tape(Node(rule, (current(weight),), (), (), rule.outs), 0)
    return made
