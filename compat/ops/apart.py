"""What keeps a recomputation from being folded together with the computation it repeats.

XLA on the CPU drops `lax.optimization_barrier` before it removes common subexpressions. So the
inputs of the recomputation are combined with a zero that only the caller knows to be one, and
with bits of what must come first. The result is exact. Measured on 24 blocks of 4 layers: the
program's memory is 15 MB where it is 51 MB without, and 63 MB with the barrier.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from compat.ops.declare import op
from compat.ops.roles import Array, Scalar


@op(homes=("hidden",), name="_apart", out=False, differentiable=False)
def apart(input: Array, after: Array, zero: Scalar) -> Array:
    """input, computed after `after`; nothing computed from it equals what is known already."""
    one = lax.slice(after.ravel(), (0,), (min(after.size, 1),)) if after.size else jnp.zeros(1)
    bits = _bits(one)[0] & zero.astype("uint8")
    if jnp.iscomplexobj(input):
        return lax.complex(_mixed(input.real, bits), _mixed(input.imag, bits))
    return _mixed(input, bits)


def _bits(array: jax.Array) -> jax.Array:
    """Some bits of real or complex numbers."""
    if array.dtype == bool:
        return array.astype("uint8")
    if jnp.iscomplexobj(array):
        array = array.real
    return lax.bitcast_convert_type(array, f"uint{8 * array.dtype.itemsize}").astype("uint8")


def _mixed(array: jax.Array, bits: jax.Array) -> jax.Array:
    if array.dtype == bool:
        return array ^ (bits != 0)
    whole = f"uint{8 * array.dtype.itemsize}"
    changed = lax.bitcast_convert_type(array, whole) ^ bits.astype(whole)
    return lax.bitcast_convert_type(changed, array.dtype)
