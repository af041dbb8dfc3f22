"""Views: how each maps sizes, strides and offset. Reading, writing and gradients follow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from compat.core import dtype as d
from compat.core.errors import require
from compat.core.size import wrap_dim
from compat.ops.declare import Geometry, view


def _ints(given: Sequence[Any]) -> tuple[int, ...]:
    """Sizes or dims given one by one or as one sequence."""
    if len(given) == 1 and isinstance(given[0], tuple | list):
        given = given[0]
    return tuple(int(each) for each in given)


def _kept(x: Geometry, dims: Sequence[int]) -> Geometry:
    return Geometry(
        tuple(x.shape[dim] for dim in dims), tuple(x.strides[dim] for dim in dims), x.offset
    )


@view(inplace=True)
def t(x: Geometry) -> Geometry:
    """Swaps the two dimensions of a matrix; a vector stays as it is."""
    require(
        len(x.shape) <= 2,
        f"t() expects a tensor with <= 2 dimensions, but self is {len(x.shape)}D",
    )
    return _kept(x, tuple(range(len(x.shape)))[::-1])


@view(aliases=("swapaxes", "swapdims"), inplace=True)
def transpose(x: Geometry, dim0: int, dim1: int) -> Geometry:
    """Swaps two dimensions."""
    dims = list(range(len(x.shape)))
    first, second = wrap_dim(dim0, len(dims)), wrap_dim(dim1, len(dims))
    if dims:
        dims[first], dims[second] = dims[second], dims[first]
    return _kept(x, dims)


@view(varargs="dims")
def permute(x: Geometry, *dims: Any) -> Geometry:
    """Reorders all dimensions."""
    order = _ints(dims)
    rank = len(x.shape)
    require(
        len(order) == rank,
        f"permute(sparse_coo): number of dimensions in the tensor input does not match the length "
        f"of the desired ordering of dimensions i.e. input.dim() = {rank} is not equal to "
        f"len(dims) = {len(order)}",
    )
    order = tuple(wrap_dim(dim, rank) for dim in order)
    require(len(set(order)) == rank, "permute(): duplicate dims are not allowed.")
    return _kept(x, order)


def _listed(dims: Any) -> list[int]:
    return list(dims) if isinstance(dims, tuple | list) else [dims]


@view(aliases=("moveaxis",))
def movedim(x: Geometry, source: Any, destination: Any) -> Geometry:
    """Moves dimensions to new places; the others keep their order."""
    rank = len(x.shape)
    sources = [wrap_dim(d, rank) for d in _listed(source)]
    targets = [wrap_dim(d, rank) for d in _listed(destination)]
    require(
        len(sources) == len(targets),
        f"movedim: Invalid source or destination dims: source ({_listed(source)} dims) should "
        f"contain the same number of dims as destination ({_listed(destination)} dims)",
    )
    for name, given, each in (("source", source, sources), ("destination", destination, targets)):
        require(
            len(set(each)) == len(each), f"movedim: repeated dim in `{name}` ({_listed(given)})"
        )
    order = [-1] * rank
    for a, b in zip(sources, targets, strict=True):
        order[b] = a
    rest = iter(dim for dim in range(rank) if dim not in sources)
    return _kept(x, [next(rest) if dim < 0 else dim for dim in order])


@view(inplace=True)
def squeeze(x: Geometry, dim: Any = None) -> Geometry:
    """Drops dimensions of size 1: all of them, or those named."""
    rank = len(x.shape)
    named = range(rank) if dim is None else dim if isinstance(dim, tuple | list) else [dim]
    chosen = {wrap_dim(one, rank) for one in named}
    return _kept(x, [d for d in range(rank) if not (d in chosen and x.shape[d] == 1)])


@view(inplace=True)
def unsqueeze(x: Geometry, dim: int) -> Geometry:
    """Adds a dimension of size 1."""
    at = wrap_dim(dim, len(x.shape) + 1)
    step = x.shape[at] * x.strides[at] if at < len(x.shape) else 1
    return Geometry(
        (*x.shape[:at], 1, *x.shape[at:]), (*x.strides[:at], step, *x.strides[at:]), x.offset
    )


@view
def select(x: Geometry, dim: int, index: int) -> Geometry:
    """One slice along a dimension, which is dropped: `x.select(0, 2)` is `x[2]`."""
    rank = len(x.shape)
    require(rank > 0, "select() cannot be applied to a 0-dim tensor.", IndexError)
    at = wrap_dim(dim, rank)
    index = int(index)
    require(
        -x.shape[at] <= index < x.shape[at],
        f"select(): index {index} out of range for tensor of size {list(x.shape)} at dimension "
        f"{at}",
        IndexError,
    )
    index += x.shape[at] if index < 0 else 0
    kept = _kept(x, [d for d in range(rank) if d != at])
    return kept._replace(offset=x.offset + index * x.strides[at])


def sliced(x: Geometry, dim: int, start: int, length: int, step: int = 1) -> Geometry:
    """Every step-th of length elements along a dimension."""
    shape, strides = list(x.shape), list(x.strides)
    shape[dim] = length
    strides[dim] *= step
    return Geometry(tuple(shape), tuple(strides), x.offset + start * x.strides[dim])


@view
def narrow(x: Geometry, dim: int, start: Any, length: int) -> Geometry:
    """The elements from start to start + length along a dimension."""
    require(len(x.shape) > 0, "narrow() cannot be applied to a 0-dim tensor.")
    require(
        isinstance(start, int)
        or (not start.shape and start.dtype in (d.int8, d.int16, d.int32, d.int64, d.uint8)),
        "start must be an 0-dim integral Tensor.",
    )
    at = wrap_dim(dim, len(x.shape))
    length, begin, size = int(length), int(start), x.shape[at]
    require(length >= 0, "narrow(): length must be non-negative.")
    require(
        -size <= begin <= size,
        f"start out of range (expected to be in range of [{-size}, {size}], but got {begin})",
        IndexError,
    )
    begin += size if begin < 0 else 0
    require(
        begin + length <= size,
        f"start ({begin}) + length ({length}) exceeds dimension size ({size}).",
    )
    return sliced(x, at, begin, length)


def infer_size(shape: Sequence[int], count: int) -> tuple[int, ...]:
    """A shape with its -1 worked out; RuntimeError when it does not fit the element count."""
    wrong = f"shape '{list(shape)}' is invalid for input of size {count}"
    require(sum(n == -1 for n in shape) <= 1, "only one dimension can be inferred")
    for n in shape:
        require(n >= -1, f"invalid shape dimension {n}")
    if -1 not in shape:
        require(math.prod(shape) == count, wrong)
        return tuple(shape)
    rest = math.prod(n for n in shape if n != -1)
    require(
        rest != 0 or count != 0,
        f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified "
        "dimension size -1 can be any value and is ambiguous",
    )
    require(rest != 0 and count % rest == 0, wrong)
    return tuple(count // rest if n == -1 else n for n in shape)


def viewed(x: Geometry, shape: Sequence[int]) -> Geometry | None:
    """The same elements in another shape without copying; None when strides do not allow it.

    Dimensions of x that follow each other in memory form blocks; each block is cut anew.
    """
    if math.prod(x.shape) == 0:
        if tuple(shape) == x.shape:
            return x
        strides, step = [], 1
        for n in reversed(shape):
            strides.append(step)
            step *= max(n, 1)
        return Geometry(tuple(shape), tuple(reversed(strides)), x.offset)
    strides = [0] * len(shape)
    at = len(shape) - 1
    count, taken = 1, 1
    base = x.strides[-1] if x.strides else 1
    for dim in reversed(range(len(x.shape))):
        count *= x.shape[dim]
        ends = dim == 0 or (
            x.shape[dim - 1] != 1 and x.strides[dim - 1] != count * base
        )
        if not ends:
            continue
        while at >= 0 and (taken < count or shape[at] == 1):
            strides[at] = taken * base
            taken *= shape[at]
            at -= 1
        if taken != count:
            return None
        if dim > 0:
            base = x.strides[dim - 1]
            count, taken = 1, 1
    while at >= 0 and not x.shape:
        strides[at] = 1
        at -= 1
    return Geometry(tuple(shape), tuple(strides), x.offset) if at < 0 else None


@view(homes=("Tensor",), varargs="size")
def view_(x: Geometry, *size: Any) -> Geometry:
    """The same elements in another shape; RuntimeError when that needs a copy."""
    shape = infer_size(_ints(size), math.prod(x.shape))
    found = viewed(x, shape)
    require(
        found is not None,
        "view size is not compatible with input tensor's size and stride (at least one dimension "
        "spans across two contiguous subspaces). Use .reshape(...) instead.",
    )
    assert found is not None
    return found


@view(homes=("Tensor",), varargs="sizes")
def expand(x: Geometry, *sizes: Any, implicit: bool = False) -> Geometry:
    """Repeats dimensions of size 1 without copying; -1 keeps a size."""
    shape = list(_ints(sizes))
    lead = len(shape) - len(x.shape)
    require(
        lead >= 0,
        f"expand({_type(x)}{{{list(x.shape)}}}, size={shape}): the number of sizes provided "
        f"({len(shape)}) must be greater or equal to the number of dimensions in the tensor "
        f"({len(x.shape)})",
    )
    strides = [0] * len(shape)
    for dim in range(len(shape)):
        own = x.shape[dim - lead] if dim >= lead else 1
        if shape[dim] == -1:
            require(
                dim >= lead,
                f"The expanded size of the tensor ({shape[dim]}) isn't allowed in a leading, "
                f"non-existing dimension {dim}",
            )
            shape[dim] = own
        require(
            own in (1, shape[dim]),
            f"The expanded size of the tensor ({shape[dim]}) must match the existing size ({own}) "
            f"at non-singleton dimension {dim}.  Target sizes: {shape}.  Tensor sizes: "
            f"{list(x.shape)}",
        )
        if dim >= lead and own == shape[dim]:
            strides[dim] = x.strides[dim - lead]
    return Geometry(tuple(shape), tuple(strides), x.offset)


def _type(_: Geometry) -> str:
    return "torch.FloatTensor"


@view(homes=("torch", "Tensor"))
def diagonal(x: Geometry, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Geometry:
    """The diagonal over two dimensions, as the last dimension of the result."""
    rank = len(x.shape)
    first, second = wrap_dim(dim1, rank), wrap_dim(dim2, rank)
    require(
        first != second, f"diagonal dimensions cannot be identical {dim1}, {dim2}"
    )
    rows, columns = x.shape[first], x.shape[second]
    length = max(min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns), 0)
    start = offset * x.strides[second] if offset >= 0 else -offset * x.strides[first]
    kept = _kept(x, [d for d in range(rank) if d not in (first, second)])
    return Geometry(
        (*kept.shape, length),
        (*kept.strides, x.strides[first] + x.strides[second]),
        x.offset + (start if length else 0),
    )


@view(homes=("Tensor",))
def unfold(x: Geometry, dimension: int, size: int, step: int) -> Geometry:
    """Windows of a size, step apart, along a dimension; they become the last dimension."""
    rank = len(x.shape)
    at = wrap_dim(dimension, rank)
    extent, stride = (x.shape[at], x.strides[at]) if rank else (1, 1)
    require(
        size <= extent,
        f"maximum size for tensor at dimension {at} is {extent} but size is {size}",
    )
    require(step > 0, f"step is {step} but must be > 0")
    if not rank:
        return Geometry((size,), (1,), x.offset)
    shape, strides = list(x.shape), list(x.strides)
    shape[at], strides[at] = (extent - size) // step + 1, stride * step
    return Geometry((*shape, size), (*strides, stride), x.offset)


@view
def split(x: Geometry, split_size_or_sections: Any, dim: int = 0) -> list[Geometry]:
    """Pieces of a size (the last may be smaller), or of given sizes, along a dimension."""
    require(len(x.shape) > 0, "split expects at least a 1-dimensional tensor")
    at = wrap_dim(dim, len(x.shape))
    extent = x.shape[at]
    if isinstance(split_size_or_sections, tuple | list):
        sizes = _ints(split_size_or_sections)
        require(
            sum(sizes) == extent and min(sizes, default=0) >= 0,
            f"split_with_sizes expects split_sizes to sum exactly to {extent} (input tensor's size "
            f"at dimension {at}), but got split_sizes={list(sizes)}",
        )
    else:
        size = int(split_size_or_sections)
        require(size >= 0, f"split expects split_size be non-negative, but got split_size={size}")
        require(
            size > 0 or extent == 0,
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {extent}",
        )
        count = max(-(-extent // size), 1) if size else 1
        sizes = tuple(min(size, extent - n * size) for n in range(count))
    return _pieces(x, at, sizes)


def _pieces(x: Geometry, at: int, sizes: Sequence[int]) -> list[Geometry]:
    pieces, begin = [], 0
    for size in sizes:
        pieces.append(sliced(x, at, begin, size))
        begin += size
    return pieces


@view
def split_with_sizes(x: Geometry, split_sizes: Any, dim: int = 0) -> list[Geometry]:
    """Pieces of given sizes along a dimension."""
    return split(x, tuple(split_sizes), dim)


@view
def chunk(x: Geometry, chunks: int, dim: int = 0) -> list[Geometry]:
    """At most so many equal pieces; the last may be smaller."""
    require(len(x.shape) > 0, "chunk expects at least a 1-dimensional tensor")
    require(chunks > 0, f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    extent = x.shape[wrap_dim(dim, len(x.shape))]
    size = -(-extent // chunks)
    if size == 0:
        return split(x, (0,) * chunks, dim)
    return split(x, size, dim)


@view
def tensor_split(x: Geometry, indices_or_sections: Any, dim: int = 0) -> list[Geometry]:
    """Pieces of nearly equal size, or cut at given places."""
    require(
        len(x.shape) > 0,
        "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims",
    )
    at = wrap_dim(dim, len(x.shape))
    extent = x.shape[at]
    if hasattr(indices_or_sections, "tolist"):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, tuple | list):
        edges = [0, *(slice(None, int(i)).indices(extent)[1] for i in indices_or_sections), extent]
        pieces = [
            sliced(x, at, min(a, extent), max(b - a, 0))
            for a, b in zip(edges, edges[1:], strict=False)
        ]
        return pieces
    count = int(indices_or_sections)
    require(count > 0, f"number of sections must be larger than 0, got {count}")
    small, larger = divmod(extent, count)
    return _pieces(x, at, [small + (n < larger) for n in range(count)])


@view
def unbind(x: Geometry, dim: int = 0) -> list[Geometry]:
    """All slices along a dimension."""
    require(len(x.shape) > 0, "Dimension specified as 0 but tensor has no dimensions", IndexError)
    at = wrap_dim(dim, len(x.shape))
    return [select(x, at, n) for n in range(x.shape[at])]


@view
def unflatten(x: Geometry, dim: int, sizes: Any) -> Geometry:
    """One dimension seen as several."""
    at = wrap_dim(dim, len(x.shape))
    given = _ints(sizes)
    require(len(given) > 0, "unflatten: sizes must be non-empty")
    try:
        inner = infer_size(given, x.shape[at])
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(given)} don't multiply up to the size of dim {at} "
            f"({x.shape[at]}) in the input tensor"
        ) from None
    strides, step = [], x.strides[at]
    for n in reversed(inner):
        strides.append(step)
        step *= n
    return Geometry(
        (*x.shape[:at], *inner, *x.shape[at + 1 :]),
        (*x.strides[:at], *reversed(strides), *x.strides[at + 1 :]),
        x.offset,
    )


@view(homes=("torch", "Tensor"), inplace=True)
def as_strided(x: Geometry, size: Any, stride: Any, storage_offset: Any = None) -> Geometry:
    """A view of the storage with sizes, strides and offset as given."""
    return Geometry(
        _ints(size), _ints(stride), x.offset if storage_offset is None else int(storage_offset)
    )
