"""Discrete Fourier transforms: torch.fft, on XLA's own."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from compat.core.dtype import get_default_dtype, type_name
from compat.core.errors import require
from compat.core.size import wrap_dim
from compat.ops.declare import op
from compat.ops.roles import Array, Dim, Dims

_FFT: dict[str, Any] = {"homes": ("fft",)}
_NORMS = (None, "backward", "ortho", "forward")
_SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def _floating(x: jax.Array) -> jax.Array:
    """The input with whole numbers as the default type; half types have no transform."""
    if x.dtype.kind in "iub":
        return x.astype(get_default_dtype().numpy)
    require(x.dtype.itemsize > 2, f"Unsupported dtype {type_name(x.dtype)}")
    return x


def _complex(x: jax.Array) -> jax.Array:
    x = _floating(x)
    return x if x.dtype.kind == "c" else jax.lax.complex(x, jnp.zeros_like(x))


def _check(norm: str | None, sizes: Any) -> None:
    require(norm in _NORMS, f'Invalid normalization mode: "{norm}"')
    for n in sizes:
        require(n >= 1, f"Invalid number of data points ({n}) specified")


def _one(x: jax.Array, n: int | None, dim: int, norm: str | None) -> int:
    """The axis of a transform along one dim, its arguments checked."""
    axis = wrap_dim(dim, x.ndim)
    require(x.ndim > 0, f"Dimension specified as {dim} but tensor has no dimensions", IndexError)
    _check(norm, (x.shape[axis] if n is None else n,))
    return axis


def _several(
    x: jax.Array, s: Any, dim: Any, norm: str | None, halved: bool = False
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Axes and sizes of a transform along several dims; `halved`: the last is given by half."""
    s = (s,) if isinstance(s, int) else s
    dim = (dim,) if isinstance(dim, int) else dim
    if dim is not None:
        axes = tuple(wrap_dim(each, x.ndim) for each in dim)
        require(
            x.ndim or not dim,
            f"Dimension specified as {dim[0] if dim else 0} but tensor has no dimensions",
            IndexError,
        )
        require(len(set(axes)) == len(axes), "FFT dims must be unique")
        require(
            s is None or len(s) == len(dim),
            "When given, dim and shape arguments must have the same length",
        )
    else:
        count = x.ndim if s is None else len(s)
        require(
            count <= x.ndim,
            f"Got shape with {count} values but input tensor only has {x.ndim} dimensions.",
        )
        axes = tuple(range(x.ndim - count, x.ndim))
    whole = [x.shape[axis] for axis in axes]
    if halved and whole:
        whole[-1] = 2 * (whole[-1] - 1)
    sizes = tuple(n if given == -1 else given for n, given in zip(whole, s or whole, strict=True))
    _check(norm, sizes)
    return axes, sizes


def _real_input(name: str, x: jax.Array, kind: str = "real") -> None:
    require(
        x.dtype.kind != "c", f"{name} expects a {kind} input tensor, but got {type_name(x.dtype)}"
    )


def _along(x: jax.Array, axes: Any, sizes: Any, norm: str | None, inverse: bool) -> jax.Array:
    """The complex transform along several axes."""
    apply = jnp.fft.ifft if inverse else jnp.fft.fft
    for axis, n in zip(axes, sizes, strict=True):
        x = apply(x, n, axis, norm)
    return x


def _real_to_half(name: str, x: jax.Array, s: Any, dim: Any, norm: str | None) -> jax.Array:
    axes, sizes = _several(x, s, dim, norm)
    require(len(axes) > 0, f"{name} must transform at least one axis")
    half = jnp.fft.rfft(_floating(x), sizes[-1], axes[-1], norm)
    return _along(half, axes[:-1], sizes[:-1], norm, False)


def _half_to_real(name: str, x: jax.Array, s: Any, dim: Any, norm: str | None) -> jax.Array:
    axes, sizes = _several(x, s, dim, norm, halved=True)
    require(len(axes) > 0, f"{name} must transform at least one axis")
    made = _along(_complex(x), axes[:-1], sizes[:-1], norm, True)
    return jnp.fft.irfft(made, sizes[-1], axes[-1], norm)


# Along one dim.


@op(**_FFT, extras={"node": "FftC2CBackward0", "out": "cast"})
def fft(input: Array, n: int | None = None, dim: Dim = -1, norm: str | None = None) -> Array:
    """The transform along a dim, cut or padded with zeros to n.

    norm is "backward" (no scale, the default), "ortho" (1 / sqrt n) or "forward" (1 / n).
    """
    axis = _one(input, n, dim, norm)
    return jnp.fft.fft(_complex(input), n, axis, norm)


@op(**_FFT, extras={"node": "FftC2CBackward0", "out": "cast"})
def ifft(input: Array, n: int | None = None, dim: Dim = -1, norm: str | None = None) -> Array:
    """The inverse of `fft`."""
    axis = _one(input, n, dim, norm)
    return jnp.fft.ifft(_complex(input), n, axis, norm)


@op(**_FFT, extras={"node": "FftR2CBackward0", "out": "cast"})
def rfft(input: Array, n: int | None = None, dim: Dim = -1, norm: str | None = None) -> Array:
    """The transform of real numbers: the half that is not the mirror of the other."""
    _real_input("rfft", input)
    axis = _one(input, n, dim, norm)
    return jnp.fft.rfft(_floating(input), n, axis, norm)


@op(**_FFT, extras={"node": "FftC2RBackward0", "out": "cast"})
def irfft(input: Array, n: int | None = None, dim: Dim = -1, norm: str | None = None) -> Array:
    """The inverse of `rfft`; n is the size of the result, 2 * (m - 1) unless given."""
    axis = wrap_dim(dim, input.ndim)
    _one(input, 2 * (input.shape[axis] - 1) if n is None and input.ndim else n, dim, norm)
    return jnp.fft.irfft(_complex(input), n, axis, norm)


@op(**_FFT, extras={"node": "FftC2RBackward0", "out": "cast"})
def hfft(input: Array, n: int | None = None, dim: Dim = -1, norm: str | None = None) -> Array:
    """The transform of a half of what is Hermitian: real."""
    axis = wrap_dim(dim, input.ndim)
    _one(input, 2 * (input.shape[axis] - 1) if n is None and input.ndim else n, dim, norm)
    return jnp.fft.irfft(_complex(input).conj(), n, axis, _SWAPPED[norm])


@op(**_FFT, extras={"node": "ConjBackward0", "out": "cast"})
def ihfft(input: Array, n: int | None = None, dim: Dim = -1, norm: str | None = None) -> Array:
    """The inverse of `hfft`."""
    _real_input("ihfft", input)
    axis = _one(input, n, dim, norm)
    return jnp.fft.rfft(_floating(input), n, axis, _SWAPPED[norm]).conj()


# Along several dims.


@op(**_FFT, extras={"node": "FftC2CBackward0", "out": "cast"})
def fftn(input: Array, s: Dims | None = None, dim: Dims | None = None,
         norm: str | None = None) -> Array:  # fmt: skip
    """The transform along several dims: all, the last len(s), or those named."""
    axes, sizes = _several(input, s, dim, norm)
    return _along(_complex(input), axes, sizes, norm, False)


@op(**_FFT, extras={"node": "FftC2CBackward0", "out": "cast"})
def ifftn(input: Array, s: Dims | None = None, dim: Dims | None = None,
          norm: str | None = None) -> Array:  # fmt: skip
    """The inverse of `fftn`."""
    axes, sizes = _several(input, s, dim, norm)
    return _along(_complex(input), axes, sizes, norm, True)


@op(**_FFT, extras={"node": "FftR2CBackward0", "out": "cast"})
def rfftn(input: Array, s: Dims | None = None, dim: Dims | None = None,
          norm: str | None = None) -> Array:  # fmt: skip
    """The transform of real numbers along several dims; the last is given by half."""
    _real_input("rfftn", input, "real-valued")
    return _real_to_half("rfftn", input, s, dim, norm)


@op(**_FFT, extras={"node": "FftC2RBackward0", "out": "cast"})
def irfftn(input: Array, s: Dims | None = None, dim: Dims | None = None,
           norm: str | None = None) -> Array:  # fmt: skip
    """The inverse of `rfftn`."""
    return _half_to_real("irfftn", input, s, dim, norm)


@op(**_FFT, extras={"node": "FftC2RBackward0", "out": "cast"})
def hfftn(input: Array, s: Dims | None = None, dim: Dims | None = None,
          norm: str | None = None) -> Array:  # fmt: skip
    """The transform of a half of what is Hermitian, along several dims: real."""
    _check(norm, ())
    return _half_to_real("hfftn", _complex(input).conj(), s, dim, _SWAPPED[norm])


@op(**_FFT, extras={"node": "ConjBackward0", "out": "cast"})
def ihfftn(input: Array, s: Dims | None = None, dim: Dims | None = None,
           norm: str | None = None) -> Array:  # fmt: skip
    """The inverse of `hfftn`."""
    require(
        input.dtype.kind != "c",
        f"Only supports floating-point dtypes, but found: {type_name(input.dtype)}",
    )
    _check(norm, ())
    return _real_to_half("ihfftn", input, s, dim, _SWAPPED[norm]).conj()


# Along two dims.


@op(**_FFT, extras={"node": "FftC2CBackward0", "out": "cast"})
def fft2(input: Array, s: Dims | None = None, dim: Dims = (-2, -1),
         norm: str | None = None) -> Array:  # fmt: skip
    """`fftn` along the last two dims."""
    return fftn(input, s, dim, norm)


@op(**_FFT, extras={"node": "FftC2CBackward0", "out": "cast"})
def ifft2(input: Array, s: Dims | None = None, dim: Dims = (-2, -1),
          norm: str | None = None) -> Array:  # fmt: skip
    """`ifftn` along the last two dims."""
    return ifftn(input, s, dim, norm)


@op(**_FFT, extras={"node": "FftR2CBackward0", "out": "cast"})
def rfft2(input: Array, s: Dims | None = None, dim: Dims = (-2, -1),
          norm: str | None = None) -> Array:  # fmt: skip
    """`rfftn` along the last two dims."""
    return rfftn(input, s, dim, norm)


@op(**_FFT, extras={"node": "FftC2RBackward0", "out": "cast"})
def irfft2(input: Array, s: Dims | None = None, dim: Dims = (-2, -1),
           norm: str | None = None) -> Array:  # fmt: skip
    """`irfftn` along the last two dims."""
    return irfftn(input, s, dim, norm)


@op(**_FFT, extras={"node": "FftC2RBackward0", "out": "cast"})
def hfft2(input: Array, s: Dims | None = None, dim: Dims = (-2, -1),
          norm: str | None = None) -> Array:  # fmt: skip
    """`hfftn` along the last two dims."""
    return hfftn(input, s, dim, norm)


@op(**_FFT, extras={"node": "ConjBackward0", "out": "cast"})
def ihfft2(input: Array, s: Dims | None = None, dim: Dims = (-2, -1),
           norm: str | None = None) -> Array:  # fmt: skip
    """`ihfftn` along the last two dims."""
    return ihfftn(input, s, dim, norm)


# The order of frequencies.


@op(**_FFT, out=False, extras={"node": "RollBackward0"})
def fftshift(input: Array, dim: Dims | None = None) -> Array:
    """Puts frequency 0 into the middle, along all dims or those named."""
    return jnp.fft.fftshift(input, _axes(input, dim))


@op(**_FFT, out=False, extras={"node": "RollBackward0"})
def ifftshift(input: Array, dim: Dims | None = None) -> Array:
    """The inverse of `fftshift`."""
    return jnp.fft.ifftshift(input, _axes(input, dim))


def _axes(x: jax.Array, dim: Any) -> tuple[int, ...]:
    if dim is None:
        return tuple(range(x.ndim))
    return tuple(wrap_dim(each, x.ndim) for each in ((dim,) if isinstance(dim, int) else dim))
