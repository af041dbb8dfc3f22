"""Tables looked up by index, and one-hot codes."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.index.gather import OF_SLICES, OUT_OF_RANGE, in_range
from compat.ops.roles import Array, Bool, Flag


def _embedding_rule(grad: Any, weight: Any, input: Any, padding_idx: int = -1,
                    scale_grad_by_freq: bool = False) -> Any:  # fmt: skip
    """Rows of the gradient are added up by index; the padding row gets none."""
    flat = input.reshape(-1)
    rows = grad.reshape(flat.size, -1)
    if scale_grad_by_freq:
        count = jnp.zeros(weight.shape[0], rows.dtype).at[flat].add(1)
        rows = rows / count[flat][:, None]
    if padding_idx >= 0:
        rows = jnp.where((flat == padding_idx)[:, None], 0, rows)
    return [jnp.zeros(weight.shape, rows.dtype).at[flat].add(rows), None]


def _samples(settings: dict[str, Any]) -> Any:
    """Indices do not know of each other, unless gradients are divided by how many are alike."""
    return None if settings["scale_grad_by_freq"] else ({"input": 0}, (0,))


@op(homes=("hidden",), name="embedding", guard=OUT_OF_RANGE, out=False, backward=_embedding_rule,
    extras={"bounds": (*OF_SLICES[:3], "weight, 0, input"), "samples": _samples})  # fmt: skip
def embedding(weight: Array, input: Array, padding_idx: int = -1,
              scale_grad_by_freq: Flag = False) -> tuple[Array, Bool]:  # fmt: skip
    """The rows of weight that input names."""
    require(
        input.dtype.name in ("int64", "int32"),
        "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
        f"Long, Int; but got torch.{input.dtype.name}Tensor instead (while checking arguments for "
        "embedding)",
    )
    require(weight.ndim == 2, "'weight' must be 2-D")
    made = jnp.take(weight, input, 0, mode="clip")
    return made, in_range(input, weight.shape[0])


@op(homes=("hidden",), name="_one_hot", out=False)
def one_hot(input: Array, classes: int) -> Array:
    """A last dimension that is 1 at the index and 0 elsewhere."""
    return (input[..., None] == jnp.arange(classes)).astype("int64")

