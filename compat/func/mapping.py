"""`vmap`: a function of samples as one of batches, recorded like any other: see `tape/lanes.py`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import compat as torch
from compat.front.samples import entered, left
from compat.func.calls import Call, chunks, is_tensor
from compat.tape import lanes
from compat.tape.backward import Outside, running
from compat.utils._pytree import tree_flatten, tree_structure, tree_unflatten


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """func over a dimension of its inputs, as one program.

    in_dims      which dimension of each input, nested as the inputs are; None for the same input
                 for all samples
    out_dims     where the dimension goes in each output
    randomness   "error" refuses random draws, "same" has one draw for all samples, "different" one
                 for each
    chunk_size   how many samples at once; all when left out
    raises       ValueError for dimensions that do not fit, RuntimeError where func looks at a
                 sample's elements

    >>> compat.vmap(lambda row: row.sum())(compat.ones(3, 2))
    tensor([2., 2., 2.])
    """
    if randomness not in ("error", "same", "different"):
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness}"
        )
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")
    name = getattr(func, "__name__", repr(func))

    @functools.wraps(func)
    def inside(*args: Any, **kwargs: Any) -> Any:
        dims = _in_dims(name, in_dims, args)
        call = Call(func, args, kwargs)
        marks = [*dims, *[None] * (len(call.leaves) - len(dims))]
        mapped = [
            (one, dim) for one, dim in zip(call.leaves, marks, strict=True) if is_tensor(one)
        ]
        size = _size(mapped)
        try:
            return whole(call, mapped, size)
        except (Outside, lanes.Crossed):
            return _one_by_one(name, call, mapped, size, out_dims)

    def whole(call: Call, mapped: Sequence[tuple[Any, int | None]], size: int) -> Any:
        axes = tuple(dim for _, dim in mapped)
        if chunk_size is None or chunk_size >= size:
            tensors = [one for one, _ in mapped]
            return _once(name, call, tensors, axes, size, out_dims, randomness)
        parts = []
        for piece in chunks(size, chunk_size):
            count = piece.stop - piece.start
            cut = [
                one if dim is None else one.narrow(dim, piece.start, count) for one, dim in mapped
            ]
            parts.append(_once(name, call, cut, axes, count, out_dims, randomness))
        return _joined(name, parts, out_dims)

    return inside


def _one_by_one(
    name: str, call: Call, mapped: Sequence[tuple[Any, int | None]], size: int, out_dims: Any
) -> Any:
    """The function of each sample by itself, where it asks for gradients of a graph from outside:
    that graph is no part of a pass over a whole batch. It is kept until the last sample."""
    parts: list[list[Any]] = []
    keep = getattr(running, "keep", False)
    try:
        for at in range(size):
            running.keep = keep or at < size - 1
            samples = [one if dim is None else one.select(dim, at) for one, dim in mapped]
            parts.append(call(*samples))
    finally:
        running.keep = keep
    dims = _out_dims(name, out_dims, call)
    made = [
        column[0] if dim is None else torch.stack(column, dim)
        for column, dim in zip(zip(*parts, strict=True), dims, strict=True)
    ]
    return tree_unflatten(made, call.structure)


def _in_dims(name: str, in_dims: Any, args: tuple[Any, ...]) -> list[int | None]:
    """The dimension of each leaf of the arguments."""
    told = f"vmap({name}, in_dims={in_dims}, ...)(<inputs>)"
    if not args:
        raise ValueError(
            f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are "
            "trying to vmap over a function with no inputs. The latter is unsupported."
        )
    if not isinstance(in_dims, int | tuple):
        raise ValueError(
            f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): expected `in_dims` to be int or a "
            f"(potentially nested) tuple matching the structure of inputs, got: {type(in_dims)}."
        )
    leaves, tree = tree_flatten(args)
    dims = _spread(in_dims, args)
    if dims is None:
        raise ValueError(
            f"{told}: in_dims is not compatible with the structure of `inputs`. in_dims has "
            f"structure {tree_structure(in_dims)} but inputs has structure {tree}."
        )
    found = []
    for one, dim in zip(leaves, dims, strict=True):
        if dim is None:
            found.append(None)
            continue
        if not isinstance(dim, int):
            raise ValueError(
                f"{told}: Got in_dim={dim} for an input but in_dim must be either an integer "
                "dimension or None."
            )
        if not is_tensor(one):
            raise ValueError(
                f"{told}: Got in_dim={dim} for an input but the input is of type {type(one)}. We "
                "cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
            )
        if not -one.dim() <= dim < one.dim():
            raise ValueError(
                f"{told}: Got in_dim={dim} for some input, but that input is a Tensor of "
                f"dimensionality {one.dim()} so expected in_dim to satisfy -{one.dim()} <= in_dim "
                f"< {one.dim()}."
            )
        found.append(dim % one.dim())
    return found


def _spread(dims: Any, tree: Any) -> list[Any] | None:
    """dims for each leaf of the tree, one standing for all below it; None when they don't fit."""
    if dims is None or isinstance(dims, int):
        return [dims] * len(tree_flatten(tree)[0])
    if isinstance(dims, tuple | list) and isinstance(tree, tuple | list):
        if len(dims) != len(tree):
            return None
        parts = [_spread(one, below) for one, below in zip(dims, tree, strict=True)]
    elif isinstance(dims, dict) and isinstance(tree, dict) and set(dims) == set(tree):
        parts = [_spread(dims[key], tree[key]) for key in tree]
    else:
        return None
    if any(part is None for part in parts):
        return None
    return [one for part in parts for one in part or ()]


def _size(mapped: Sequence[tuple[Any, int | None]]) -> int:
    sizes = [one.shape[dim] for one, dim in mapped if dim is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if len(set(sizes)) > 1:
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    return sizes[0]


def _once(
    name: str, call: Call, tensors: Sequence[Any], axes: tuple[int | None, ...], size: int,
    out_dims: Any, randomness: str,
) -> Any:  # fmt: skip
    """One pass over a whole batch."""
    state = torch.get_rng_state().numpy() if randomness == "error" else None
    with lanes.deeper(draws=size if randomness == "different" else None) as depth:
        samples = [
            one if dim is None else entered(one, dim, depth, size)
            for one, dim in zip(tensors, axes, strict=True)
        ]
        made = call(*samples)
        for one in made:
            if not is_tensor(one):
                raise ValueError(
                    f"vmap({name}, ...): `{name}` must only return Tensors, got type "
                    f"{type(one)}. Did you mean to set out_dims= to None for output?"
                )
        dims = _out_dims(name, out_dims, call)
        batches = [left(one, dim, depth, size) for one, dim in zip(made, dims, strict=True)]
    if state is not None and not np.array_equal(state, torch.get_rng_state().numpy()):
        raise RuntimeError(
            "vmap: called random operation while in randomness error mode. Please either use "
            "the 'same' or 'different' randomness flags on vmap or perform the randomness "
            "operation out of vmap"
        )
    return call.nested(batches)


def _out_dims(name: str, out_dims: Any, call: Call) -> list[int | None]:
    """Where the dimension goes in each result."""
    made = tree_unflatten(call.results, call.structure)
    if isinstance(out_dims, tuple) and len(out_dims) == 1 and not isinstance(made, tuple):
        out_dims = out_dims[0]
    dims = _spread(out_dims, made)
    if dims is None:
        raise ValueError(
            f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with "
            f"the structure of `outputs`. out_dims has structure {tree_structure(out_dims)} but "
            f"outputs has structure {call.structure}."
        )
    return dims


def _joined(name: str, parts: Sequence[Any], out_dims: Any) -> Any:
    """The results of all chunks, along the dimension that was mapped."""
    dims = _spread(out_dims, parts[0]) or []
    columns = zip(*[tree_flatten(part)[0] for part in parts], strict=True)
    joined = [
        column[0] if dim is None else torch.cat(column, dim)
        for column, dim in zip(columns, dims, strict=True)
    ]
    return tree_unflatten(joined, tree_structure(parts[0]))
