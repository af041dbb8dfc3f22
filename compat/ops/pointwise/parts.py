"""Complex numbers and their parts."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from compat.core.dtype import type_name
from compat.core.errors import require
from compat.ops.declare import op, pointwise
from compat.ops.roles import Array, Floating, Operand, Promoted

_MISMATCH = "Expected object of scalar type {} but got scalar type {} for second argument"
_TITLES = {"float16": "Half", "float32": "Float", "float64": "Double"}


def _both_floating(name: str, first: Array, second: Array) -> None:
    require(
        first.dtype.name in _TITLES and second.dtype.name in _TITLES,
        f"Expected both inputs to be Half, Float or Double tensors but got "
        f"{type_name(first.dtype)} and {type_name(second.dtype)}",
    )
    require(
        first.dtype == second.dtype,
        _MISMATCH.format(_TITLES[first.dtype.name], _TITLES[second.dtype.name]),
    )
    missing = "torch.complex32" if name == "complex" else "\"polar_cpu\" not implemented for 'Half'"
    require(first.dtype.itemsize > 2, missing, NotImplementedError)


_OUT = "Expected object of scalar type {want} but got scalar type {got} for argument 'out'"


@pointwise(homes=("torch",), inplace=False, math=False, extras={"out": _OUT})
def complex(real: Array, imag: Array) -> Array:
    """Complex numbers from their parts, which are of one floating type."""
    _both_floating("complex", real, imag)
    return lax.complex(*jnp.broadcast_arrays(real, imag))


@pointwise(homes=("torch",), inplace=False, math=False, extras={"out": _OUT})
def polar(abs: Array, angle: Array) -> Array:
    """Complex numbers from their size and angle."""
    _both_floating("polar", abs, angle)
    return lax.complex(*jnp.broadcast_arrays(abs * jnp.cos(angle), abs * jnp.sin(angle)))


@pointwise(inplace=False)
def angle(input: Floating) -> Array:
    """The angle of complex numbers; pi for negative real ones, else 0."""
    if jnp.iscomplexobj(input):
        away = input != 0
        return jnp.where(away, jnp.angle(jnp.where(away, input, 1)), 0)
    turned = jnp.where(input < 0, jnp.pi, 0).astype(input.dtype)
    return jnp.where(jnp.isnan(input), jnp.nan, turned)


@pointwise
def conj_physical(input: Operand) -> Promoted:
    """Complex numbers with the sign of the imaginary part changed, as a copy."""
    return input.conj()


@op(homes=("hidden",), name="_real", out=False, extras={"node": "RealBackward0"})
def real(input: Array) -> Array:
    """The real parts."""
    return input.real


@op(homes=("hidden",), name="_imag", out=False, extras={"node": "ImagBackward0"})
def imag(input: Array) -> Array:
    """The imaginary parts."""
    return input.imag


@op(homes=("hidden",), name="_view_as_real", out=False, extras={"node": "ViewAsRealBackward0"})
def view_as_real(input: Array) -> Array:
    """Real and imaginary parts in a last dimension of size 2."""
    return jnp.stack([input.real, input.imag], -1)


@op(homes=("hidden",), name="_view_as_complex", out=False,
    extras={"node": "ViewAsComplexBackward0"})  # fmt: skip
def view_as_complex(input: Array) -> Array:
    """Complex numbers from parts in a last dimension of size 2."""
    return lax.complex(input[..., 0], input[..., 1])
