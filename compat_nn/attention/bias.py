"""Causal masks that are not written out: `scaled_dot_product_attention` knows what they say."""

from __future__ import annotations

import warnings
from enum import IntEnum
from typing import Any

import compat as torch


class CausalVariant(IntEnum):
    """Which corner of the scores the line starts from, behind which keys are not seen."""

    UPPER_LEFT = 1
    LOWER_RIGHT = 2


class CausalBias(torch.Tensor):
    """A mask (queries, keys) that is true where a query sees a key.

    With as many queries as keys both variants are the same. Otherwise query i sees keys up to i
    (UPPER_LEFT), or the last query sees every key (LOWER_RIGHT).

    >>> causal_lower_right(2, 3)
    tensor([[ True,  True, False],
            [ True,  True,  True]])
    """

    variant: CausalVariant
    seq_len_q: int
    seq_len_kv: int

    def __new__(cls, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> CausalBias:
        last = 0 if variant == CausalVariant.UPPER_LEFT else seq_len_kv - seq_len_q
        mask = torch.ones(seq_len_q, seq_len_kv, dtype=torch.bool).tril(last)
        return mask.as_subclass(cls)

    def __init__(self, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> None:
        if not isinstance(variant, CausalVariant):
            raise AssertionError(f"variant must be a CausalVariant, got {type(variant).__name__}")
        self.variant, self.seq_len_q, self.seq_len_kv = variant, seq_len_q, seq_len_kv
        if seq_len_q > seq_len_kv and variant == CausalVariant.LOWER_RIGHT:
            warnings.warn(
                "Lower right causal bias will produce NaNs in the output when seq_len_q > "
                "seq_len_kv!",
                stacklevel=2,
            )

    def _materialize(self, device: Any = None) -> Any:
        """The mask as a plain tensor of truth values."""
        plain = self.as_subclass(torch.Tensor)
        return plain if device is None else plain.to(device)

    def __repr__(self) -> str:
        return repr(self._materialize())

    def _is_upper_left(self) -> bool:
        """Whether `is_causal=True` says the same."""
        return self.variant == CausalVariant.UPPER_LEFT or self.seq_len_q == self.seq_len_kv


def _sizes(name: str, size: tuple[int, ...]) -> tuple[int, int]:
    if len(size) != 2:
        raise AssertionError(f"{name} only supports 2D tensors")
    return size[0], size[1]


def causal_upper_left(*size: int) -> CausalBias:
    """The mask by which query i sees keys up to i: `causal_upper_left(queries, keys)`."""
    return CausalBias(CausalVariant.UPPER_LEFT, *_sizes("causal_upper_left", size))


def causal_lower_right(*size: int) -> CausalBias:
    """The mask by which the last query sees every key: `causal_lower_right(queries, keys)`."""
    return CausalBias(CausalVariant.LOWER_RIGHT, *_sizes("causal_lower_right", size))
