"""PyTorch's type promotion, in Python on dtypes; JAX's own promotion is never relied on."""

from __future__ import annotations

from collections.abc import Iterable

from compat.core import dtype as d
from compat.core.dtype import BOOL, COMPLEX, FLOATING, INTEGER, dtype

_INTEGERS = (d.int8, d.int16, d.int32, d.int64)
_UNSIGNED = (d.uint16, d.uint32, d.uint64)


def promote_types(first: dtype, second: dtype) -> dtype:
    """The smallest type that holds both, as `torch.promote_types(torch.uint8, torch.int8)`."""
    if first is second:
        return first
    if first.category > second.category:
        first, second = second, first
    if second.category == COMPLEX:
        wide = d.complex128 in (first, second) or first is d.float64
        return d.complex128 if wide else d.complex64
    if second.category == FLOATING:
        if first.category < FLOATING:
            return second
        if {first, second} == {d.float16, d.bfloat16}:
            return d.float32
        return first if first.itemsize > second.itemsize else second
    if first.category == BOOL:
        return second
    return _promote_integers(first, second)


def _promote_integers(first: dtype, second: dtype) -> dtype:
    if first in _UNSIGNED or second in _UNSIGNED:
        return _promote_unsigned(first, second)
    if d.uint8 in (first, second):
        signed = second if first is d.uint8 else first
        return d.int16 if signed is d.int8 else signed
    return max(first, second, key=_INTEGERS.index)


def _promote_unsigned(first: dtype, second: dtype) -> dtype:
    if not first.is_signed and not second.is_signed:
        return first if first.itemsize > second.itemsize else second
    signed = first if first.is_signed else second
    unsigned = second if first.is_signed else first
    if signed.itemsize > unsigned.itemsize:
        return signed
    raise RuntimeError(
        "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
        f"{_scalar_name(first)} and {_scalar_name(second)}"
    )


def _scalar_name(one: dtype) -> str:
    return d.TYPE_NAMES[one]


def number_dtype(kind: type) -> dtype:
    """The type that a Python number of this kind brings into promotion."""
    if kind is bool:
        return d.bool_
    if kind is int:
        return d.int64
    if kind is complex:
        return d.get_default_dtype().to_complex()
    return d.get_default_dtype()


def result_type(operands: Iterable[tuple[dtype, int]], kinds: Iterable[type] = ()) -> dtype:
    """The type in which operands meet.

    operands are (dtype, number of dimensions) pairs, kinds the Python types of plain numbers.
    Tensors with dimensions decide; 0-dim tensors, then numbers, only count when their category
    is higher than what came before.
    """
    dimensioned: dtype | None = None
    zero_dim: dtype | None = None
    for one, dims in operands:
        if dims:
            dimensioned = one if dimensioned is None else promote_types(dimensioned, one)
        else:
            zero_dim = one if zero_dim is None else promote_types(zero_dim, one)
    number: dtype | None = None
    for kind in kinds:
        one = number_dtype(kind)
        number = one if number is None else promote_types(number, one)
    return _combine(_combine(dimensioned, zero_dim), number)


def _combine(higher: dtype | None, lower: dtype | None) -> dtype:
    if higher is None or lower is None:
        found = higher or lower
        assert found is not None, "promotion of nothing"
        return found
    if lower.category > higher.category:
        return promote_types(higher, lower)
    return higher


def math_dtype(one: dtype) -> dtype:
    """The type in which PyTorch computes: float32 for the two half-precision types."""
    return d.float32 if one is d.float16 or one is d.bfloat16 else one


def to_floating(one: dtype) -> dtype:
    """The type of `sqrt` and kin: whole numbers become the default floating type."""
    return one if one.category >= FLOATING else d.get_default_dtype()


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a result of type from_ may be written into a tensor of type to."""
    if from_.category == COMPLEX and to.category != COMPLEX:
        return False
    if from_.category == FLOATING and to.category < FLOATING:
        return False
    return not (from_.category == INTEGER and to.category == BOOL) or from_.category == BOOL
