"""Samples made into batches."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

import compat as torch
from compat.core.dtype import from_numpy_type as as_torch
from compat.front.base import known
from compat.front.create import from_host

from .transport import stacked

_WRONG_TYPE = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)

CollateMap = dict[type | tuple[type, ...], Callable[..., Any]]


def default_convert(data: Any) -> Any:
    """NumPy arrays and numbers in any nesting of containers become tensors; the rest stays.

    >>> default_convert([np.array([0, 1])])
    [tensor([0, 1])]
    """
    kind = type(data)
    if isinstance(data, torch.Tensor):
        return data
    if isinstance(data, np.ndarray | np.generic):
        # Text and objects have no tensor.
        return data if data.dtype.kind in "SUO" else torch.as_tensor(data)
    if isinstance(data, Mapping):
        return _like(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return kind(*(default_convert(one) for one in data))
    if isinstance(data, tuple):
        return [default_convert(one) for one in data]
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _like(data, [default_convert(one) for one in data])
    return data


def _like(example: Any, made: Any) -> Any:
    """The new members in a container of the example's own kind, if it can be made."""
    try:
        if isinstance(example, MutableMapping):
            filled = copy.copy(example)
            filled.update(made)
            return filled
        if isinstance(example, MutableSequence):
            filled = copy.copy(example)
            for at, one in enumerate(made):
                filled[at] = one
            return filled
        return type(example)(made)
    except TypeError:
        return made


def collate(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """A batch of a list of samples; the map says how by type, containers go member by member.

    collate_fn_map  type, or types, to `function(batch, collate_fn_map=...)`
    """
    first = batch[0]
    kind = type(first)
    if collate_fn_map is not None:
        if kind in collate_fn_map:
            return collate_fn_map[kind](batch, collate_fn_map=collate_fn_map)
        for types, function in collate_fn_map.items():
            if isinstance(first, types):
                return function(batch, collate_fn_map=collate_fn_map)

    def joined(members: Any) -> Any:
        return collate(members, collate_fn_map=collate_fn_map)

    if isinstance(first, Mapping):
        return _like(first, {key: joined([sample[key] for sample in batch]) for key in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return kind(*(joined(members) for members in zip(*batch, strict=False)))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        members = [joined(one) for one in zip(*batch, strict=True)]
        return members if isinstance(first, tuple) else _like(first, members)
    raise TypeError(_WRONG_TYPE.format(kind))


def collate_tensor_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> torch.Tensor:
    """Tensors of one shape, stacked; those that the host has by a copy, which is no step of the
    program."""
    first = batch[0]
    arrays = _host_arrays(batch) if first.device.type == "cpu" else None
    if arrays is None:
        return torch.stack(batch, 0)
    return from_host(stacked(arrays), first.dtype, first.device)


def _host_arrays(batch: Any) -> list[np.ndarray[Any, Any]] | None:
    """The elements of plain tensors of one shape and type; None when some are still to be computed
    or take part in a graph."""
    shape, dtype = batch[0].shape, batch[0].dtype
    arrays = []
    for one in batch:
        if type(one) is not torch.Tensor or one.requires_grad or one.layout is not torch.strided:
            return None
        array = known(one) if one.shape == shape and one.dtype is dtype else None
        if array is None:
            return None
        arrays.append(array)
    return arrays


def collate_numpy_array_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Arrays of one shape, stacked to a tensor."""
    first = batch[0]
    if first.dtype.kind in "SUO":
        raise TypeError(_WRONG_TYPE.format(first.dtype))
    if all(one.shape == first.shape and one.dtype == first.dtype for one in batch):
        made = stacked(batch)  # one tensor to make, not one for each sample
        return from_host(made, as_torch(made.dtype), torch.device("cpu"))
    return collate([torch.as_tensor(one) for one in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """NumPy numbers as a tensor."""
    return torch.as_tensor(batch)


def collate_float_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> torch.Tensor:
    """Python floats as a float64 tensor."""
    return torch.tensor(batch, dtype=torch.float64)


def collate_int_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> torch.Tensor:
    """Python ints as an int64 tensor, bools as a bool tensor."""
    return torch.tensor(batch)


def collate_str_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Text as it is."""
    return batch


default_collate_fn_map: CollateMap = {
    torch.Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def default_collate(batch: Any) -> Any:
    """A batch of a list of samples: tensors stacked, numbers as tensors, containers by member.

    >>> default_collate([(torch.ones(2), 0), (torch.ones(2), 1)])
    [tensor([[1., 1.],
            [1., 1.]]), tensor([0, 1])]
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
