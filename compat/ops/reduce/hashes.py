"""A hash of a tensor's elements."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from compat.core.errors import require
from compat.core.size import wrap_dim
from compat.ops.declare import op
from compat.ops.roles import Array, Dims, Flag


@op(differentiable=False)
def hash_tensor(input: Array, dim: Dims = (), keepdim: Flag = False, *, mode: int = 0) -> Array:
    """The exclusive or of all elements, or along dims, as bits of double or int64; uint64."""
    require(mode == 0, f"Unknown hash_tensor mode: {mode}")
    require(
        bool(input.size) or dim != (),
        "hash_tensor: Expected reduction dim to be specified for input.numel() == 0. Specify the "
        "reduction dim with the 'dim' argument.",
    )
    wide = input.astype("float64") if jnp.issubdtype(input.dtype, jnp.inexact) else (
        input.astype("int64")
    )
    bits: jax.Array = lax.bitcast_convert_type(wide, jnp.uint64)
    dims = (dim,) if isinstance(dim, int) else dim
    axes = tuple(wrap_dim(each, input.ndim) for each in dims) or tuple(range(input.ndim))
    made = lax.reduce(bits, jnp.uint64(0), lax.bitwise_xor, axes)
    return jnp.expand_dims(made, axes) if keepdim else made
