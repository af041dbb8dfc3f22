"""Powers, roots, exponentials and logarithms."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from compat.core.errors import require
from compat.ops.declare import pointwise
from compat.ops.roles import Array, Floating, Operand, Promoted, PromotedStatic


def _power(base: jax.Array, exponent: jax.Array | complex) -> jax.Array:
    if isinstance(exponent, int | float | complex) and not isinstance(exponent, bool):
        return _static_power(base, exponent)
    base, exponent = jnp.broadcast_arrays(base, jnp.asarray(exponent))
    if jnp.issubdtype(base.dtype, jnp.integer):
        return _whole_power(base, exponent)
    if jnp.issubdtype(base.dtype, jnp.complexfloating):
        return jnp.where(exponent == 0, 1, jnp.power(base, exponent)).astype(base.dtype)
    return _real_power(base, exponent)


@jax.custom_jvp
def _real_power(base: jax.Array, exponent: jax.Array) -> jax.Array:
    return lax.pow(base, exponent)


@_real_power.defjvp
def _real_power_jvp(primals: tuple[jax.Array, ...], tangents: tuple[jax.Array, ...]):  # type: ignore[no-untyped-def]
    base, exponent = primals
    moved, bent = tangents
    result = _real_power(base, exponent)
    by_base = jnp.where(
        exponent == 0, 0, exponent * _real_power(base, jnp.where(exponent == 0, 1, exponent - 1))
    )
    still = (base == 0) & (exponent >= 0)
    by_exponent = jnp.where(still, 0, result * jnp.log(jnp.where(still, 1, base)))
    return result, by_base * moved + by_exponent * bent


def _static_power(base: jax.Array, exponent: complex) -> jax.Array:
    if exponent == 0:
        return jnp.ones_like(base)
    if isinstance(exponent, complex):
        return jnp.power(base, jnp.asarray(exponent, base.dtype))
    if exponent == 0.5 and not jnp.issubdtype(base.dtype, jnp.integer):
        return jnp.sqrt(base)
    if float(exponent).is_integer() and abs(exponent) < 64:
        whole = int(exponent)
        if jnp.issubdtype(base.dtype, jnp.integer) or base.dtype == bool:
            require(whole >= 0, "Integers to negative integer powers are not allowed.")
        return lax.integer_pow(base, whole)
    return jnp.power(base, jnp.asarray(exponent, base.dtype))


def _whole_power(base: jax.Array, exponent: jax.Array) -> jax.Array:
    """Powers of whole numbers by squaring; negative exponents give what division would."""
    result = jnp.ones_like(base)
    factor, left = base, jnp.where(exponent < 0, 0, exponent)
    for _ in range(6):
        result = jnp.where(left & 1 == 1, result * factor, result)
        factor, left = factor * factor, left >> 1
    inverse = jnp.where(base == 1, 1, jnp.where(base == -1, 1 - 2 * (exponent & 1), 0))
    return jnp.where(exponent < 0, inverse.astype(base.dtype), result)


@pointwise(dunder="pow", kernel=("pow", "ifc"))
def pow(input: Promoted, exponent: PromotedStatic) -> Promoted:
    """Raises to a power. A Python exponent is part of the program, since gradients at 0 need it.

    >>> compat.pow(compat.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    return _power(input, exponent)


@pointwise(inplace=True)
def float_power(input: Promoted, exponent: PromotedStatic) -> Array:
    """Raises to a power in double precision."""
    wide = "complex128" if jnp.iscomplexobj(input) or isinstance(exponent, complex) else "float64"
    if not isinstance(exponent, int | float | complex):
        exponent = exponent.astype(wide)
    return _power(input.astype(wide), exponent)


def _sqrt_rule(grad: Array, result: Array) -> Array:
    return grad / (2 * result.conj())


@pointwise(backward=_sqrt_rule)
def sqrt(input: Floating) -> Floating:
    """The square root; NaN for negative numbers."""
    return jnp.sqrt(input)


@pointwise(backward=lambda grad, result: -0.5 * grad * (result**3).conj())
def rsqrt(input: Floating) -> Floating:
    """One over the square root."""
    return 1 / jnp.sqrt(input) if jnp.iscomplexobj(input) else lax.rsqrt(input)


@pointwise
def square(input: Operand) -> Array:
    """The square."""
    return lax.integer_pow(input.astype("int64") if input.dtype == bool else input, 2)


@pointwise(backward=lambda grad, result: -grad * (result * result).conj())
def reciprocal(input: Floating) -> Floating:
    """One over each element."""
    return 1 / input


@pointwise(backward=lambda grad, result: grad * result.conj())
def exp(input: Floating) -> Floating:
    """The exponential."""
    return jnp.exp(input)


@pointwise(
    backward=lambda grad, result: grad * result.conj() * 0.6931471805599453,
    homes=("torch", "Tensor", "special"),
)
def exp2(input: Floating) -> Floating:
    """Two to each power."""
    return jnp.exp2(input)


@pointwise(
    backward=lambda grad, result: grad * (result.conj() + 1), homes=("torch", "Tensor", "special")
)
def expm1(input: Floating) -> Floating:
    """The exponential less one, exact near zero."""
    return jnp.expm1(input)


@pointwise
def log(input: Floating) -> Floating:
    """The natural logarithm."""
    return jnp.log(input)


@pointwise
def log2(input: Floating) -> Floating:
    """The logarithm to base 2."""
    return jnp.log2(input)


@pointwise
def log10(input: Floating) -> Floating:
    """The logarithm to base 10."""
    return jnp.log10(input)


@pointwise(homes=("torch", "Tensor", "special"))
def log1p(input: Floating) -> Floating:
    """The logarithm of one plus each element, exact near zero."""
    return jnp.log1p(input)


@pointwise(inplace=False, kernel=("logaddexp_cpu", "fc"))
def logaddexp(input: Operand, other: Operand) -> Promoted:
    """The logarithm of a sum of two exponentials."""
    if input.dtype.kind != "c":
        return jnp.logaddexp(input, other)
    first = input.real >= other.real
    low, high = jnp.where(first, other, input), jnp.where(first, input, other)
    same = (low == high) & ~jnp.isfinite(low.real)  # both infinite: their difference is no number
    gap = jnp.where(same, 0, low - high)
    return jnp.where(same & (low.real < 0), low, high + jnp.log1p(jnp.exp(gap)))


@pointwise(inplace=False, kernel=("logaddexp2_cpu", "fc"))
def logaddexp2(input: Operand, other: Operand) -> Promoted:
    """As `logaddexp`, to base 2."""
    return jnp.logaddexp2(input, other)
