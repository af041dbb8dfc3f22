"""The methods of COO tensors that are not answers to ops: in place, resizing, conversions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import compat as torch
from compat.core.size import Size
from compat.front.create import hidden
from compat.sparse.arithmetic import ANSWERS, KEEP_ZERO, masked, to_dense
from compat.sparse.coo import SparseTensor, sparse
from compat.sparse.create import empty_sparse, legacy_sparse
from compat.sparse.not_strided import refusal
from compat.sparse.pattern import Pattern
from compat.sparse.products import smm, spmm
from compat.sparse.reduce import norm


def zero_(self: Any) -> Any:
    """Takes all entries away."""
    return self._become(empty_sparse(self.shape, self.dtype, self.device, False, self.dense_dim()))


def copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    """Takes over the entries of another sparse tensor."""
    if not isinstance(src, SparseTensor):
        return ANSWERS["copied"](self, src)
    if src.shape != self.shape:
        raise RuntimeError(
            f"copy_: the shape {list(src.shape)} of the source is not {list(self.shape)}"
        )
    return self._become(hidden("cloned")(src.to(self.dtype)))


def sparse_resize_(self: Any, size: Any, sparse_dim: int, dense_dim: int) -> Any:
    """Another size; the entries stay, so no dimension becomes smaller."""
    size = Size(size)
    if len(size) != sparse_dim + dense_dim:
        raise RuntimeError(
            f"'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = {len(size)}, "
            f"sparse_dim = {sparse_dim}, dense_dim = {dense_dim}"
        )
    pattern = self._pattern
    if sparse_dim != pattern.dims or tuple(size[sparse_dim:]) != tuple(self._vals.shape[1:]):
        if pattern.count:
            raise RuntimeError(
                "changing the number of sparse dimensions or the size of dense dimensions of a "
                "non-empty sparse tensor is not supported"
            )
        return sparse_resize_and_clear_(self, size, sparse_dim, dense_dim)
    if pattern.count and any(a < b for a, b in zip(size, self.shape, strict=True)):
        raise RuntimeError(
            "shrinking the size of sparse dimensions of a non-empty sparse tensor is not supported"
        )
    made = Pattern(pattern.indices, size[:sparse_dim], pattern.coalesced)
    return self._become(sparse(made, self._entries, size[sparse_dim:]))


def sparse_resize_and_clear_(self: Any, size: Any, sparse_dim: int, dense_dim: int) -> Any:
    """Another size, and no entries."""
    return self._become(empty_sparse(Size(size), self.dtype, self.device, False, dense_dim))


def resize_as_sparse_(self: Any, other: Any) -> Any:
    """As `sparse_resize_` to the other's dimensions."""
    if not isinstance(other, SparseTensor):
        raise RuntimeError("resize_as_sparse_: the other tensor is not sparse")
    return sparse_resize_(self, other.shape, other.sparse_dim(), other.dense_dim())


def _part_copy(name: str) -> Callable[..., Any]:
    def copy(input: Any) -> Any:
        return getattr(input, name)().clone()

    copy.__name__ = copy.__qualname__ = f"{name}_copy"
    copy.__doc__ = f"A copy of `input.{name}()`."
    return copy


indices_copy, values_copy = _part_copy("indices"), _part_copy("values")
crow_indices_copy, col_indices_copy = _part_copy("crow_indices"), _part_copy("col_indices")
ccol_indices_copy, row_indices_copy = _part_copy("ccol_indices"), _part_copy("row_indices")


def new(self: Any, *args: Any, device: Any = None) -> Any:
    """As the constructor of the tensor's type."""
    return legacy_sparse(self.dtype, device or self.device, args)


def new_zeros(self: Any, *size: Any, dtype: Any = None, device: Any = None,
              requires_grad: bool = False, **_: Any) -> Any:  # fmt: skip
    """A sparse tensor without entries."""
    given = size[0] if len(size) == 1 and not isinstance(size[0], int) else size
    return empty_sparse(Size(given), dtype or self.dtype, device or self.device, requires_grad)


def spadd(self: Any, *given: Any) -> Any:
    """The old name of dense + value * sparse: a strided tensor, a number unless it is 1, and a
    sparse tensor, of which one is self."""
    dense = [one for one in (self, *given) if isinstance(one, torch.Tensor) and not one.is_sparse]
    sparse = [one for one in (self, *given) if isinstance(one, SparseTensor)]
    value = [one for one in given if not isinstance(one, torch.Tensor)]
    if len(dense) != 1 or len(sparse) != 1 or len(value) > 1:
        raise TypeError("spadd() takes a strided tensor, a number and a sparse tensor")
    return torch.add(dense[0], sparse[0], alpha=value[0] if value else 1)


_REPLACING = ("add", "sub", "mul")  # these give a tensor new values, as PyTorch's do
_NOT_IN_PLACE = ("pow", "float_power")


def _in_place(name: str) -> Callable[..., Any]:
    function = getattr(torch.Tensor, name)

    def method(self: Any, *args: Any, **settings: Any) -> Any:
        if name in KEEP_ZERO and not self._pattern.coalesced:
            raise RuntimeError(f"{name}_ requires coalesced input")
        return self._become(function(self, *args, **settings), name not in _REPLACING)

    method.__name__ = method.__qualname__ = f"{name}_"
    method.__doc__ = f"In-place version of `{name}`."
    return method


def _refused(name: str) -> Callable[..., Any]:
    def method(self: Any, *_: Any, **__: Any) -> Any:
        raise refusal(name, self.layout, self.device)

    method.__name__ = method.__qualname__ = name
    return method


def complete() -> None:
    """Puts the methods on the class."""
    for function in (to_dense, zero_, copy_, sparse_resize_, sparse_resize_and_clear_,
                     resize_as_sparse_, new, new_zeros, norm, spadd, spmm):  # fmt: skip
        setattr(SparseTensor, function.__name__, function)
    SparseTensor.sparse_mask = SparseTensor._sparse_mask = masked  # type: ignore[attr-defined]
    SparseTensor.sspmm = smm  # type: ignore[attr-defined]
    SparseTensor.toDense = to_dense  # type: ignore[attr-defined]
    SparseTensor.new_empty = new_zeros  # type: ignore[attr-defined]
    SparseTensor.resizeAs_ = resize_as_sparse_  # type: ignore[attr-defined]
    for name in ANSWERS:
        if name in _NOT_IN_PLACE:
            setattr(SparseTensor, f"{name}_", _refused(f"{name}_"))
        elif hasattr(torch.Tensor, f"{name}_"):
            setattr(SparseTensor, f"{name}_", _in_place(name))
    for name, op in (("iadd", "add"), ("isub", "sub"), ("imul", "mul"), ("itruediv", "div")):
        setattr(SparseTensor, f"__{name}__", _in_place(op))
    for name in ("fill_", "resize_", "equal", "nonzero", "set_"):
        setattr(SparseTensor, name, _refused(name))
