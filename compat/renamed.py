"""Names that PyTorch removed: what each did, and what has taken its place.

One table, one mechanism: a removed name works as it did, and warns once, naming its successor.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from compat.front.create import hidden
from compat.front.derive import FUNCTIONS
from compat.front.into import given_out


class Removed(NamedTuple):
    """A removed name."""

    successor: str
    since: str  # the last version that had it
    call: Callable[..., Any]
    is_method: bool = True


def _torch(name: str, *args: Any, **kwargs: Any) -> Any:
    return FUNCTIONS["torch"][name](*args, **kwargs)


def _linalg(name: str, *args: Any, **kwargs: Any) -> Any:
    return FUNCTIONS["linalg"][name](*args, **kwargs)


# Transforms of real and imaginary parts in a last dim of size 2.


def _dims(count: int) -> tuple[int, ...]:
    return tuple(range(-count, 0))


def _norm(normalized: bool) -> str | None:
    return "ortho" if normalized else None


def _fft(input: Any, signal_ndim: int, normalized: bool = False) -> Any:
    made = FUNCTIONS["fft"]["fftn"](
        _torch("view_as_complex", input), dim=_dims(signal_ndim), norm=_norm(normalized)
    )
    return _torch("view_as_real", made)


def _ifft(input: Any, signal_ndim: int, normalized: bool = False) -> Any:
    made = FUNCTIONS["fft"]["ifftn"](
        _torch("view_as_complex", input), dim=_dims(signal_ndim), norm=_norm(normalized)
    )
    return _torch("view_as_real", made)


def _rfft(input: Any, signal_ndim: int, normalized: bool = False, onesided: bool = True) -> Any:
    apply = FUNCTIONS["fft"]["rfftn" if onesided else "fftn"]
    made = apply(input, dim=_dims(signal_ndim), norm=_norm(normalized))
    return _torch("view_as_real", made)


def _irfft(input: Any, signal_ndim: int, normalized: bool = False, onesided: bool = True,
           signal_sizes: Any = None) -> Any:  # fmt: skip
    given = _torch("view_as_complex", input)
    if not onesided:
        made = FUNCTIONS["fft"]["ifftn"](given, dim=_dims(signal_ndim), norm=_norm(normalized))
        return _torch("view_as_real", made)[..., 0]
    return FUNCTIONS["fft"]["irfftn"](
        given, s=signal_sizes, dim=_dims(signal_ndim), norm=_norm(normalized)
    )


# Linear algebra, the right hand side first.


def _gesv(B: Any, A: Any) -> Any:
    return _linalg("solve", A, B), _linalg("lu_factor_ex", A)[0]


def _gels(B: Any, A: Any) -> Any:
    """The solution; below it what is left of B, of which the squares add up to the residual."""
    solution = hidden("_lstsq")(A, B, None, "gels")[0]
    rows, columns = A.shape
    if rows > columns:
        q = _linalg("qr", A, "complete")[0]
        solution = _torch("cat", [solution, q[:, columns:].mH @ B])
    return solution, _torch("geqrf", A)[0]


def _eig(a: Any, eigenvectors: bool = False) -> Any:
    """Real and imaginary parts of the eigenvalues; a pair's vectors as two real columns."""
    values, vectors = _linalg("eig", a)
    pairs = _torch("view_as_real", values)
    if not eigenvectors:
        return pairs, a.new_zeros((0,))
    return pairs, _torch("where", pairs[:, 1] < 0, -vectors.imag, vectors.real)


def _symeig(input: Any, eigenvectors: bool = False, upper: bool = True) -> Any:
    values, vectors = _linalg("eigh", input, "U" if upper else "L")
    return values, (vectors if eigenvectors else _torch("zeros_like", vectors))


def _btrifact(A: Any, info: Any = None, pivot: bool = True) -> Any:
    made, pivots, failed = _linalg("lu_factor_ex", A, pivot=pivot)
    if info is not None:
        info.resize_(failed.shape).copy_(failed)
    return made, pivots


def _btrifact_with_info(A: Any, pivot: bool = True) -> Any:
    return tuple(_linalg("lu_factor_ex", A, pivot=pivot))


def _btrisolve(b: Any, LU_data: Any, LU_pivots: Any) -> Any:
    return _linalg("lu_solve", LU_data, LU_pivots, b.unsqueeze(-1)).squeeze(-1)


def _potrf(a: Any, upper: bool = True) -> Any:
    return _linalg("cholesky", a, upper=upper)


def _potri(u: Any, upper: bool = True) -> Any:
    return _torch("cholesky_inverse", u, upper)


def _potrs(b: Any, u: Any, upper: bool = True) -> Any:
    return _torch("cholesky_solve", b, u, upper)


def _pstrf(a: Any, upper: bool = True, tol: float = -1) -> Any:
    return hidden("_pivoted_cholesky")(a, upper, tol)


def _matrix_rank(input: Any, tol: Any = None, symmetric: bool = False) -> Any:
    return _linalg("matrix_rank", input, tol, symmetric)


REMOVED: dict[str, Removed] = {
    "fft": Removed("torch.fft.fftn", "1.7", _fft),
    "ifft": Removed("torch.fft.ifftn", "1.7", _ifft),
    "rfft": Removed("torch.fft.rfftn", "1.7", _rfft),
    "irfft": Removed("torch.fft.irfftn", "1.7", _irfft),
    "gesv": Removed("torch.linalg.solve", "1.1", _gesv),
    "solve": Removed("torch.linalg.solve", "1.12", _gesv),
    "gels": Removed("torch.linalg.lstsq", "1.2", _gels),
    "lstsq": Removed("torch.linalg.lstsq", "1.12", _gels),
    "eig": Removed("torch.linalg.eig", "1.12", _eig),
    "symeig": Removed("torch.linalg.eigh", "1.13", _symeig),
    "matrix_rank": Removed("torch.linalg.matrix_rank", "1.12", _matrix_rank, False),
    "btrifact": Removed("torch.linalg.lu_factor", "1.2", _btrifact),
    "btrifact_with_info": Removed("torch.linalg.lu_factor_ex", "1.2", _btrifact_with_info),
    "btrisolve": Removed("torch.linalg.lu_solve", "1.2", _btrisolve),
    "btriunpack": Removed("torch.lu_unpack", "1.2", lambda *a: _torch("lu_unpack", *a), False),
    "potrf": Removed("torch.linalg.cholesky", "1.1", _potrf),
    "potri": Removed("torch.cholesky_inverse", "1.1", _potri),
    "potrs": Removed("torch.cholesky_solve", "1.1", _potrs),
    "pstrf": Removed("torch.linalg.cholesky, which does not pivot,", "1.1", _pstrf),
    "trtrs": Removed("torch.linalg.solve_triangular", "1.2",
                     lambda *a, **k: _torch("triangular_solve", *a, **k)),
}  # fmt: skip

_warned: set[str] = set()


# Methods that no function goes with, and attributes.

METHODS = {
    "masked_copy_": ("masked_scatter_", "0.1"), "resizeAs_": ("resize_as_", "0.3"),
    "toDense": ("to_dense", "0.3"), "index": ("__getitem__", "0.3"),
}  # fmt: skip


def _method(name: str, successor: str, since: str) -> Callable[..., Any]:
    def front(self: Any, *args: Any, **kwargs: Any) -> Any:
        _warn(name, since, f"Tensor.{successor}")
        return getattr(self, successor)(*args, **kwargs)

    front.__name__ = front.__qualname__ = name
    front.__doc__ = f"Removed after PyTorch {since}: use `{successor}`."
    return front


def _reinforce(self: Any, reward: Any) -> None:
    """Removed: a draw has no gradient of its own."""
    raise RuntimeError(
        "reinforce() was removed after PyTorch 0.3; draw from torch.distributions and let the "
        "loss be -log_prob(action) * reward."
    )


def _creator(self: Any) -> Any:
    """The operation that made the tensor: what `grad_fn` gives."""
    _warn("creator", "0.1", "Tensor.grad_fn")
    return self.grad_fn


def _volatile(self: Any) -> bool:
    """Whether `Variable(..., volatile=True)` made the tensor, or something it was made of."""
    return self._tape is not None and self._tape.is_volatile


def _warn(name: str, since: str, successor: str) -> None:
    if name not in _warned:
        _warned.add(name)
        warnings.warn(
            f"torch.{name} was removed after PyTorch {since}; use {successor} instead.",
            UserWarning,
            stacklevel=3,
        )


def _front(name: str, removed: Removed) -> Callable[..., Any]:
    @functools.wraps(removed.call)
    def front(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        _warn(name, removed.since, removed.successor)
        made = removed.call(*args, **kwargs)
        return given_out(out, made)

    front.__name__ = front.__qualname__ = name
    front.__doc__ = f"Removed after PyTorch {removed.since}: use {removed.successor}."
    return front


NAMES = {name: _front(name, removed) for name, removed in REMOVED.items()}


def attach(tensor: type) -> None:
    """Puts the removed methods on Tensor."""
    for name, removed in REMOVED.items():
        if removed.is_method and not hasattr(tensor, name):
            setattr(tensor, name, NAMES[name])
    for name, (successor, since) in METHODS.items():
        setattr(tensor, name, _method(name, successor, since))
    tensor.reinforce = _reinforce  # type: ignore[attr-defined]
    tensor.creator = property(_creator)  # type: ignore[attr-defined]
    tensor.volatile = property(_volatile)  # type: ignore[attr-defined]
