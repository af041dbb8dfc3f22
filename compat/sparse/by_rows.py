"""What the ops give for CSR tensors and their kin, and the products that only they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import compat as torch
from compat.core.size import sparse_coo, sparse_csr, strided
from compat.sparse import arithmetic
from compat.sparse import products as _products  # noqa: F401  (enters its answers)
from compat.sparse.arithmetic import KEEP_ZERO, check_same_type, is_number
from compat.sparse.compressed import CompressedTensor, Rows, compressed, turned
from compat.sparse.not_strided import ANSWERS, OF_COMPRESSED, refusal
from compat.sparse.pattern import added
from compat.sparse.reduce import sum_of


def _answers(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        OF_COMPRESSED.update(dict.fromkeys(names, function))
        return function

    return enter


def _coo(given: Any) -> Any:
    return given._as_coo() if isinstance(given, CompressedTensor) else given


def _pointwise(name: str) -> None:
    OF_COMPRESSED[name] = lambda input, **settings: input._with(
        getattr(torch, name)(input._vals, **settings)
    )


for _name in (*KEEP_ZERO, "neg"):
    _pointwise(_name)

OF_COMPRESSED["cast"] = lambda input, dtype: input._with(input._vals.to(dtype))


@_answers("moved")
def moved(input: Any, device: Any) -> Any:
    """The parts on another device."""
    old = input._rows
    there = Rows(old.pointers.to(device), old.plain.to(device), old.layout, old.sizes, old.block)
    return compressed(there, input._vals.to(device), input._entry(input._vals))


@_answers("cloned")
def cloned(input: Any) -> Any:
    """Parts of its own."""
    old = input._rows
    own = Rows(old.pointers.clone(), old.plain.clone(), old.layout, old.sizes, old.block)
    return compressed(own, input._vals.clone(), input._entry(input._vals))


@_answers("mul")
def mul(input: Any, other: Any) -> Any:
    """The product by a number, by a strided tensor, or by one of the same layout."""
    if not isinstance(input, CompressedTensor):
        input, other = other, input
    if is_number(other):
        return input._with(input._vals * other)
    if other.layout is strided:
        return input._with(input._vals * input._masked(other.expand(input.shape))._vals)
    if other.layout is sparse_coo or other.layout is not input.layout:
        raise refusal("mul", input.layout, input.device)
    if input._rows is other._rows:
        return input._with(input._vals * other._vals)
    return input._like(arithmetic.mul(_coo(input).coalesce(), _coo(other).coalesce()))


@_answers("add")
def add(input: Any, other: Any, alpha: Any = 1) -> Any:
    """input + alpha * other: of two compressed tensors one of their layout, of a compressed and
    a strided one a strided one."""
    if not isinstance(other, torch.Tensor) or other.shape != input.shape:
        raise RuntimeError(
            "add: expected 'self' and 'other' to have same size, but self has size "
            f"{list(getattr(other, 'shape', []))} while other has size {list(input.shape)} (FYI: "
            "op2-sparse addition does not currently support broadcasting)"
        )
    if input.layout is strided:
        return arithmetic.add(input, _coo(other), alpha)
    if other.layout is strided:
        return arithmetic.add(other if alpha == 1 else other * alpha, _coo(input))
    if other.layout is not input.layout:
        raise refusal("add", input.layout, input.device)
    if input._rows is other._rows:
        return input._with(input._vals + other._vals * alpha)
    return input._like(arithmetic.add(_coo(input).coalesce(), _coo(other).coalesce(), alpha))


@_answers("sum")
def summed(input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The sum of the entries, strided; over a dimension that is kept, of the same layout."""
    if dim is None or dim == ():
        return input._vals.sum() if dtype is None else input._vals.sum(dtype=dtype)
    if not keepdim:
        raise RuntimeError(
            "reduction operations on CSR tensors with keepdim=False is unsupported"
        )
    return input._like(sum_of(_coo(input).coalesce(), dim, True, dtype).to_sparse())


@_answers("t")
def transposed(input: Any, *dims: int) -> Any:
    """Rows become columns: the same parts in the other layout."""
    if input.dense_dim():
        raise refusal("transpose", input.layout, input.device)
    if dims and dims[0] % 2 == dims[1] % 2:
        return input.detach() if not input.requires_grad else input
    return turned(input)


OF_COMPRESSED["transpose"] = lambda input, dim0, dim1: transposed(input, dim0, dim1)
OF_COMPRESSED["select"] = lambda input, dim, index: _coo(input).coalesce().select(dim, index)


def _product(name: str) -> None:
    of_coo = ANSWERS[name]

    def product(**given: Any) -> Any:
        kind = next(one for one in given.values() if isinstance(one, CompressedTensor))
        for one in given.values():
            if isinstance(one, torch.Tensor) and one.layout is sparse_coo:
                raise refusal(name, kind.layout, kind.device)
        first, second = [one for one in given.values() if isinstance(one, torch.Tensor)][-2:]
        if first.dim() == second.dim() == 2 and first.shape[1] != second.shape[0]:
            raise RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({first.shape[0]}x{first.shape[1]} "
                f"and {second.shape[0]}x{second.shape[1]})"
            )
        made = of_coo(**{key: _coo(one) for key, one in given.items()})
        if made.layout is strided:
            return made
        return made.to_sparse(layout=kind.layout if name == "addmm" else sparse_csr)

    OF_COMPRESSED[name] = product


for _name in ("mm", "mv", "matmul", "addmm"):
    _product(_name)


@_answers("linear")
def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """input @ weight.T + bias."""
    made = OF_COMPRESSED["matmul"](input=input, other=weight.t())
    return made if bias is None else made + bias


# Products of CSR matrices.

_REDUCTIONS = ("sum", "mean", "amax", "amin")


def mm_reduced(mat1: Any, mat2: Any, reduce: str) -> Any:
    """A product of a CSR and a strided matrix whose terms are summed, averaged, or of which the
    largest or smallest is taken, over the entries alone; rows without entries give zeros."""
    if mat1.layout is not sparse_csr:
        raise refusal("_sparse_mm_reduce_impl", mat1.layout, mat1.device)
    if reduce not in _REDUCTIONS:
        raise RuntimeError(f"sparse_mm_reduce: reduce type of {reduce} has not been enabled.")
    check_same_type(mat1, mat2)
    pattern, count = mat1._rows.pattern(), mat1.shape[0]
    row, column = pattern.indices[0], pattern.indices[1]
    terms = mat1._vals.reshape(-1, 1) * mat2.index_select(0, column)
    if reduce in ("sum", "mean"):
        made = added(count, row, terms)
        if reduce == "sum":
            return made
        entries = mat1._rows.pointers.diff().clamp(min=1).reshape(-1, 1)
        return made / entries.to(made.dtype)
    zeros = torch.zeros((count, mat2.shape[1]), dtype=terms.dtype, device=terms.device)
    return zeros.index_reduce(0, row, terms, reduce, include_self=False)


def sampled_addmm(
    input: Any, mat1: Any, mat2: Any, *, beta: Any = 1.0, alpha: Any = 1.0, out: Any = None
) -> Any:
    """beta * input + alpha * (mat1 @ mat2), where the CSR matrix input has entries: only there
    the product of the strided matrices is computed."""
    if not isinstance(input, CompressedTensor) or input.layout is not sparse_csr:
        if input.layout is strided:
            raise RuntimeError("sampled_addmm: Expected self to have sparse csr layout.")
        raise refusal("sparse_sampled_addmm", input.layout, input.device)
    for name, one in (("mat1", mat1), ("mat2", mat2)):
        if one.layout is not strided:
            raise RuntimeError(f"sampled_addmm: Expected {name} to have strided layout")
    _check_sampled(input, mat1, mat2)
    row, column = input._rows.pattern().indices.unbind(0)
    left, right = mat1.index_select(0, row), mat2.t().index_select(0, column)
    made = input._with(beta * input._vals + alpha * (left * right).sum(-1))
    return made if out is None else out._become(made)


def _check_sampled(input: Any, mat1: Any, mat2: Any) -> None:
    if mat1.dtype is not mat2.dtype:
        raise RuntimeError(
            "sampled_addmm: Expected mat1 and mat2 to have the same dtype, but got "
            f"{mat1.dtype} and {mat2.dtype}"
        )
    if mat1.dim() != 2 or mat2.dim() != 2:
        raise NotImplementedError("sampled_addmm of batches")
    if mat1.shape[1] != mat2.shape[0]:
        raise RuntimeError(
            f"sampled_addmm: mat1 and mat2 shapes cannot be multiplied ({mat1.shape[0]}x"
            f"{mat1.shape[1]} and {mat2.shape[0]}x{mat2.shape[1]})"
        )
    if input.shape[0] != mat1.shape[0]:
        raise RuntimeError("sampled_addmm: self.shape[-2] must match mat1.shape[-2]")
    if input.shape[1] != mat2.shape[1]:
        raise RuntimeError("sampled_addmm: self.shape[-1] must match mat2.shape[-1]")

