"""Parts of complex tensors as a user sees them: views of the numbers where no gradient flows."""

from __future__ import annotations

import functools
from typing import Any

from compat.core import dtype as d
from compat.engine.recorder import local
from compat.front.create import hidden
from compat.front.derive import FUNCTIONS
from compat.front.views import view_dtype


def _flows(input: Any) -> bool:
    return bool(local.grad and input.requires_grad)


def _complex_type(input: Any) -> Any:
    """The complex type of a real one; RuntimeError for those that have none."""
    kind = input.dtype.to_complex()
    if input.dtype is d.float16:
        raise NotImplementedError("torch.complex32")
    if input.dtype is d.bfloat16 or not kind.is_complex or input.dtype.is_complex:
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a "
            f"tensor of scalar type: {d.TYPE_NAMES[input.dtype]}"
        )
    return kind


def view_as_real(input: Any) -> Any:
    """Real and imaginary parts in a last dimension of size 2, sharing memory.

    Where gradients flow it is a copy.
    """
    if not input.is_complex():
        raise RuntimeError("view_as_real is only supported for complex tensors")
    if _flows(input):
        return hidden("_view_as_real")(input)
    return view_dtype(input.detach().unsqueeze(-1), input.dtype.to_real())


def view_as_complex(input: Any) -> Any:
    """Complex numbers from parts in a last dimension of size 2, sharing memory.

    Where gradients flow it is a copy.
    """
    kind = _complex_type(input)
    if not input.dim():
        raise RuntimeError("Input tensor must have one or more dimensions")
    if input.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if input.stride(-1) != 1:
        raise RuntimeError("Tensor must have a last dimension with stride 1")
    if any(step % 2 for step in input.stride()[:-1]):
        raise RuntimeError("Tensor must have a stride divisible by 2 for all but last dimension")
    if input.storage_offset() % 2:
        raise RuntimeError("Tensor must have a storage_offset divisible by 2")
    if _flows(input):
        return hidden("_view_as_complex")(input)
    return view_dtype(input.detach(), kind).squeeze(-1)


def real(input: Any) -> Any:
    """The real parts, sharing memory; a tensor of real numbers itself."""
    if not input.is_complex():
        return input
    return hidden("_real")(input) if _flows(input) else view_as_real(input).select(-1, 0)


def imag(input: Any) -> Any:
    """The imaginary parts, sharing memory."""
    if not input.is_complex():
        raise RuntimeError(
            "imag is not implemented for tensors with non-complex dtypes."
        )
    return hidden("_imag")(input) if _flows(input) else view_as_real(input).select(-1, 1)


def conj(input: Any) -> Any:
    """The tensor itself where its type is real; complex numbers conjugated, as a copy.

    PyTorch gives a lazy view of complex numbers; a write to it is not seen here by the input.
    """
    return FUNCTIONS["torch"]["conj_physical"](input) if input.is_complex() else input


def adjoint(input: Any) -> Any:
    """The conjugate of the matrices, transposed."""
    return conj(input.transpose(-2, -1))


def _h(self: Any) -> Any:
    if self.dim() not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {self.dim()}-D tensor. For "
            "batches of matrices, consider using tensor.mH"
        )
    return adjoint(self) if self.dim() else conj(self)


def _setter(part: Any) -> Any:
    return lambda self, value: part(self).copy_(value)


def positive(input: Any) -> Any:
    """The tensor as it is."""
    if input.dtype is d.bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def _physical(conjugated: Any) -> Any:
    @functools.wraps(conjugated)
    def conj_physical(input: Any, *, out: Any = None) -> Any:
        if out is None and not input.is_complex():
            return input
        return conjugated(input, out=out)

    return conj_physical


def derive_parts(tensor: type) -> None:
    """Puts the parts into the torch namespace and on Tensor."""
    FUNCTIONS["torch"]["conj_physical"] = _physical(FUNCTIONS["torch"]["conj_physical"])
    tensor.conj_physical = FUNCTIONS["torch"]["conj_physical"]  # type: ignore[attr-defined]
    FUNCTIONS["torch"]["positive"] = positive
    tensor.positive = tensor.__pos__ = positive  # type: ignore[attr-defined]
    for function in (view_as_real, view_as_complex, real, imag, conj, adjoint):
        FUNCTIONS["torch"][function.__name__] = function
    for function in (conj, adjoint):
        setattr(tensor, function.__name__, function)
    tensor.real = property(real, _setter(real))  # type: ignore[attr-defined]
    tensor.imag = property(imag, _setter(imag))  # type: ignore[attr-defined]
    tensor.H = property(_h)  # type: ignore[attr-defined]
    tensor.mH = property(adjoint)  # type: ignore[attr-defined]
    for name in ("resolve_conj", "resolve_neg"):
        FUNCTIONS["torch"][name] = lambda input: input
    FUNCTIONS["torch"]["is_conj"] = FUNCTIONS["torch"]["is_neg"] = lambda input: False
