"""Python data as arrays: numbers, nested sequences, arrays and tensors, in PyTorch's types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.core.dtype import dtype as DType
from compat.front.base import TensorBase
from compat.front.call import number_code

_NUMBERS = {int, float, bool}
_INFERRED = {frozenset(kinds): d.int64 for kinds in ({int}, {int, bool})}
_INFERRED[frozenset({bool})] = d.bool_
_FLOATING = {frozenset({float, *others}) for others in ((), (int,), (bool,), (int, bool))}


def _of_numbers(data: Any, dtype: DType | None) -> tuple[np.ndarray[Any, Any], DType] | None:
    """One number or a flat list of them, the frequent case; None for other data."""
    kinds = frozenset(map(type, data)) if type(data) is list else frozenset({type(data)})
    found = _INFERRED.get(kinds) or (d.get_default_dtype() if kinds in _FLOATING else None)
    if found is None:
        return None
    return _as_type(data, kinds, dtype or found), dtype or found


def _as_type(numbers: Any, kinds: Any, to: DType) -> np.ndarray[Any, Any]:
    """Python numbers of these types as an array; RuntimeError where whole numbers do not fit."""
    whole = to.category == d.INTEGER
    wide = np.int64 if whole and float not in kinds else np.float64
    exact = to.numpy if to in (d.float32, d.float64) or to.category == d.COMPLEX else wide
    try:
        with np.errstate(over="ignore"):
            array = np.array(numbers, np.bool_ if to is d.bool_ else exact)
    except OverflowError:
        raise ValueError("Overflow when unpacking long long") from None
    if whole and array.size and not (to is d.int64 and wide is np.int64):
        limits = np.iinfo(to.numpy)
        # As in C, -1 is 255; but not -1.0.
        lowest = -limits.max if limits.min == 0 and wide is np.int64 else limits.min
        if not (array.min() >= lowest and array.max() <= limits.max):  # NaN is neither
            raise RuntimeError(f"value cannot be converted to type {to.name} without overflow")
    with np.errstate(all="ignore"):
        return _within(array, to).astype(to.numpy, copy=False)


def _within(array: np.ndarray[Any, Any], to: DType) -> np.ndarray[Any, Any]:
    """Numbers that float8_e4m3fn cannot hold are its greatest, as in PyTorch."""
    return np.clip(array, -448, 448) if to is d.float8_e4m3fn else array


def array_of(data: Any, dtype: DType | None) -> tuple[np.ndarray[Any, Any], DType]:
    """A copy of the data as an array, and the type it has: as asked, or as PyTorch infers it."""
    made = _of_numbers(data, dtype)
    if made is not None:
        return made
    if hasattr(data, "__array__") and not isinstance(data, np.generic | TensorBase):
        data = np.asarray(data)
    if isinstance(data, np.ndarray | np.generic):
        array = np.asarray(data)
        found = dtype or d.from_numpy_type(array.dtype)
        return _within(array, found).astype(found.numpy), found
    shape, flat, kind = _read(data)
    found = dtype or kind
    kinds = {float if isinstance(one, np.floating) else type(one) for one in flat}
    return _as_type(flat, kinds, found).reshape(shape), found


def _read(data: Any) -> tuple[tuple[int, ...], list[Any], DType]:
    """Shape, numbers in order, and the type that PyTorch infers."""
    shape: list[int] = []
    probe = data
    while _is_sequence(probe):
        shape.append(len(probe))
        if not len(probe):
            break
        probe = probe[0]
    if isinstance(probe, TensorBase | np.ndarray):
        shape += list(probe.shape)  # type: ignore
    flat: list[Any] = []
    kinds: set[DType] = set()
    _collect(data, shape, 0, flat, kinds)
    if not kinds:
        return tuple(shape), flat, d.get_default_dtype()
    return tuple(shape), flat, max(kinds, key=lambda one: (one.category, one.itemsize))


def _is_sequence(data: Any) -> bool:
    return not isinstance(data, str | bytes | TensorBase | np.ndarray) and (
        isinstance(data, Sequence) or (hasattr(data, "__len__") and hasattr(data, "__getitem__"))
    )


def _collect(
    data: Any, shape: list[int], depth: int, flat: list[Any], kinds: set[DType]
) -> None:
    if _is_sequence(data):
        if depth >= len(shape):
            raise ValueError(f"too many dimensions '{type(data).__name__}'")
        if len(data) != shape[depth]:
            raise ValueError(
                f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})"
            )
        types = set(map(type, data))
        if types <= _NUMBERS and depth == len(shape) - 1:
            kinds.update([d.of_number(one()) for one in types])
            flat.extend(data)
            return
        for each in data:
            _collect(each, shape, depth + 1, flat, kinds)
        return
    if isinstance(data, TensorBase | np.ndarray) and getattr(data, "shape", ()) != ():
        if list(data.shape) != shape[depth:]:  # type: ignore
            raise ValueError(
                f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})"  # type: ignore[arg-type]
            )
        array = np.asarray(data.detach().cpu() if isinstance(data, TensorBase) else data)  # type: ignore[attr-defined]
        kinds.add(d.from_numpy_type(array.dtype))
        flat.extend(array.reshape(-1).tolist())
        return
    if depth < len(shape):
        raise TypeError(f"len() of a 0-d tensor: expected a sequence at dim {depth}")
    if isinstance(data, TensorBase):
        kinds.add(data._meta.dtype)
        data = data.item()  # type: ignore[attr-defined]
    elif number_code(data) is None:
        if isinstance(data, str):
            raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
        raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")
    else:
        kinds.add(
            d.from_numpy_type(data.dtype) if isinstance(data, np.generic) else d.of_number(data)
        )
    flat.append(data)
