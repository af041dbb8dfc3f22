"""Where values are: in sorted sequences, and among others."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.roles import Array, Flag, Promoted


def _side(right: bool, side: str | None) -> str:
    require(
        side in (None, "left", "right"),
        f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}",
    )
    require(
        not (right and side == "left"),
        "torch.searchsorted(): side and right can't be set to opposites, got side of left while "
        "right was True",
    )
    return "right" if right or side == "right" else "left"


def _found(edges: jax.Array, values: jax.Array, side: str, narrow: bool) -> jax.Array:
    kind = "int32" if narrow else "int64"
    common = jnp.promote_types(edges.dtype, values.dtype)
    edges, values = edges.astype(common), values.astype(common)
    if not edges.size or not values.size:
        return jnp.zeros(values.shape, kind)
    if edges.ndim == 1:
        return jnp.searchsorted(edges, values, side=side).astype(kind)
    rows = edges.reshape(-1, edges.shape[-1])
    asked = values.reshape(rows.shape[0], -1)
    made = jax.vmap(lambda row, wanted: jnp.searchsorted(row, wanted, side=side))(rows, asked)
    return made.reshape(values.shape).astype(kind)


@op(homes=("hidden",), name="_searchsorted", differentiable=False)
def searchsorted(sorted_sequence: Array, input: Array, out_int32: Flag = False,
                 right: Flag = False, side: str | None = None,
                 sorter: Array | None = None) -> Array:  # fmt: skip
    """Where values would be put in a sorted sequence, in its last dimension, to keep it sorted."""
    require(
        sorted_sequence.ndim <= 1 or sorted_sequence.shape[:-1] == input.shape[:-1],
        "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions "
        "of boundaries tensor and input value tensor must match, but we got boundaries tensor "
        f"{list(sorted_sequence.shape)} and input value tensor {list(input.shape)}",
    )
    if sorter is not None:
        sorted_sequence = jnp.take_along_axis(sorted_sequence, sorter, -1)
    return _found(sorted_sequence, input, _side(right, side), out_int32)


@op(homes=("hidden",), name="_isin", differentiable=False)
def isin(elements: Promoted, test_elements: Promoted, assume_unique: Flag = False,
         invert: Flag = False) -> Array:  # fmt: skip
    """Whether elements are among the test elements."""
    return jnp.isin(elements, test_elements, invert=invert)
