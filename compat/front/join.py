"""Joining, splitting and combining tensors: small compositions of declared ops."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.core.promotion import result_type
from compat.front import create
from compat.front.base import TensorBase
from compat.front.create import from_host, torch_op
from compat.front.derive import FUNCTIONS
from compat.front.into import given_out


def _listed(tensors: tuple[Any, ...]) -> list[Any]:
    """Tensors given one by one or as one sequence."""
    if len(tensors) == 1 and isinstance(tensors[0], list | tuple):
        return list(tensors[0])
    return list(tensors)


# At least so many dimensions.


def _at_least(name: str, raised: Callable[[Any], Any], dims: int) -> Callable[..., Any]:
    def at_least(*tensors: Any) -> Any:
        if len(tensors) == 1 and isinstance(tensors[0], TensorBase):
            return raised(tensors[0])
        return tuple(raised(one) for one in _listed(tensors))

    at_least.__name__ = at_least.__qualname__ = name
    at_least.__doc__ = f"The tensor, or a tuple of them, with at least {dims} dimensions."
    return at_least


def _raised_to_3(x: Any) -> Any:
    if x.dim() < 2:
        return x.reshape(1, -1, 1)
    return x.unsqueeze(-1) if x.dim() == 2 else x


atleast_1d = _at_least("atleast_1d", lambda x: x if x.dim() else x.reshape(1), 1)
atleast_2d = _at_least("atleast_2d", lambda x: x if x.dim() > 1 else x.reshape(1, -1), 2)
atleast_3d = _at_least("atleast_3d", _raised_to_3, 3)


# Joining.


def _raised(name: str, tensors: Any, raised: Callable[[Any], Any]) -> list[Any]:
    """The tensors, of which there must be some, with the dimensions they lack."""
    if not len(tensors):
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    return [raised(one) for one in tensors]


def hstack(tensors: Any, *, out: Any = None) -> Any:
    """Joins along the columns."""
    raised = _raised("hstack", tensors, atleast_1d)
    return torch_op("cat")(raised, 0 if raised[0].dim() == 1 else 1, out=out)


def vstack(tensors: Any, *, out: Any = None) -> Any:
    """Joins along the rows."""
    return torch_op("cat")(_raised("vstack", tensors, atleast_2d), 0, out=out)


def dstack(tensors: Any, *, out: Any = None) -> Any:
    """Joins along the third dimension."""
    return torch_op("cat")(_raised("dstack", tensors, atleast_3d), 2, out=out)


def column_stack(tensors: Any, *, out: Any = None) -> Any:
    """Joins along the columns; vectors are columns."""
    columns = lambda one: one if one.dim() > 1 else one.reshape(-1, 1)  # noqa: E731
    return hstack(_raised("column_stack", tensors, columns), out=out)


def block_diag(*tensors: Any) -> Any:
    """A matrix with the matrices along its diagonal and zeros elsewhere."""
    given = [atleast_2d(one) for one in _listed(tensors)]
    for at, one in enumerate(given):
        if one.dim() != 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input "
                f"{at} has {one.dim()} dimensions"
            )
    kind = result_type([(one.dtype, one.dim()) for one in given], [])
    width = sum(one.shape[1] for one in given)
    rows, before = [], 0
    for one in given:
        after = width - before - one.shape[1]
        rows.append(FUNCTIONS["nn.functional"]["pad"](one.to(kind), (before, after)))
        before += one.shape[1]
    return torch_op("cat")(rows, 0)


def cartesian_prod(*tensors: Any) -> Any:
    """All ways to take one element of each vector, a row each."""
    given = _listed(tensors)
    if len(given) == 1:
        return given[0]
    grid = torch_op("meshgrid")(*given, indexing="ij")
    return torch_op("stack")([one.reshape(-1) for one in grid], 1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """All ways to choose r elements of a vector, a row each."""
    if input.dim() != 1:
        raise RuntimeError("Expect a 1D vector, but got shape " + str(list(input.shape)))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    chosen = list(choose(range(input.numel()), r))
    places = np.array(chosen, np.int64).reshape(len(chosen), r)
    return input[from_host(places, d.int64, input.device)]


# Splitting.


def _splitter(name: str, dim_of: Callable[[Any], int], least: int) -> Callable[..., Any]:
    def split(input: Any, indices_or_sections: Any, *more: Any) -> Any:
        if input.dim() < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, "
                f"but got a tensor with {input.dim()} dimensions!"
            )
        given = (indices_or_sections, *more) if more else indices_or_sections
        if not isinstance(given, int | Sequence | TensorBase) or isinstance(given, str):
            raise TypeError(
                f"{name}() received an invalid combination of arguments - got (Tensor, "
                f"{type(given).__name__}), but expected one of:\n * (Tensor input, int sections)\n"
                " * (Tensor input, tuple of ints indices)"
            )
        dim = dim_of(input)
        if isinstance(given, int) and (given <= 0 or input.shape[dim] % given):
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {dim}, but the size of the "
                f"dimension {input.shape[dim]} is not divisible by the split_size {given}!"
            )
        return torch_op("tensor_split")(input, given, dim)

    split.__name__ = split.__qualname__ = name
    split.__doc__ = "Splits along a dimension into equal parts or at places, as `tensor_split`."
    return split


hsplit = _splitter("hsplit", lambda x: 0 if x.dim() == 1 else 1, 1)
vsplit = _splitter("vsplit", lambda x: 0, 2)
dsplit = _splitter("dsplit", lambda x: 2, 3)


# Products and powers of several.


def chain_matmul(*matrices: Any, out: Any = None) -> Any:
    """The product of matrices, in the cheapest order."""
    warnings.warn(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use "
        "torch.linalg.multi_dot instead, which accepts a list of two or more tensors rather than "
        "multiple parameters.",
        UserWarning,
        stacklevel=2,
    )
    given = _listed(matrices)
    if len(given) == 1:
        return given[0]
    best = _cheapest([one.shape[0] for one in given] + [given[-1].shape[1]])

    def product(low: int, high: int) -> Any:
        if low == high:
            return given[low]
        cut = best[low, high][1]
        return product(low, cut) @ product(cut + 1, high)

    made = product(0, len(given) - 1)
    return given_out(out, made)


def _cheapest(sizes: Sequence[int]) -> dict[tuple[int, int], tuple[int, int]]:
    """Cost and best cut of each stretch of a chain of matrix products."""
    count = len(sizes) - 1
    best = {(n, n): (0, n) for n in range(count)}
    for span in range(1, count):
        for low in range(count - span):
            high = low + span
            best[low, high] = min(
                (best[low, cut][0] + best[cut + 1, high][0]
                 + sizes[low] * sizes[cut + 1] * sizes[high + 1], cut)
                for cut in range(low, high)
            )  # fmt: skip
    return best


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of a vector's elements, a row each, decreasing unless asked otherwise."""
    if x.dim() != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x.numel() if N is None else N
    powers = create.arange(count, device=x.device)
    return x.unsqueeze(1) ** (powers if increasing else powers.flip(0))


def unravel_index(indices: Any, shape: Any) -> Any:
    """The coordinates, a tensor for each dimension, of places in the flat order of a shape."""
    if indices._meta.dtype.category != d.INTEGER:
        raise TypeError(
            f"expected 'indices' to be integer dtype, but got torch.{indices._meta.dtype.name}"
        )
    sizes = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
    indices = indices.to(d.int64)
    made = []
    for size in reversed(sizes):
        made.append(indices % size)
        indices = torch_op("div")(indices, size, rounding_mode="floor")
    return tuple(reversed(made))


def derive_joining(tensor: type) -> None:
    """Puts everything here into the torch namespace, and the splitters on Tensor."""
    for function in (atleast_1d, atleast_2d, atleast_3d, hstack, vstack, dstack, column_stack,
                     block_diag, cartesian_prod, combinations, hsplit, vsplit, dsplit,
                     chain_matmul, vander, unravel_index):  # fmt: skip
        FUNCTIONS["torch"][function.__name__] = function
    FUNCTIONS["torch"]["row_stack"] = vstack
    for function in (hsplit, vsplit, dsplit):
        setattr(tensor, function.__name__, function)

