"""Names under which PyTorch keeps several operations, and small compositions of declared ops."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.core.size import broadcast_shapes, wrap_dim
from compat.front import create
from compat.front.base import TensorBase, look, value_of
from compat.front.call import BYTE_MASK, warn_byte
from compat.front.create import from_host, hidden, torch_op
from compat.front.derive import FUNCTIONS
from compat.front.into import EXACT, assign, given_out, keep_apart
from compat.tape import history

# One name, several operations.


def _extreme(name: str) -> Callable[..., Any]:
    pairwise = "maximum" if name == "max" else "minimum"

    def extreme(input: Any, *args: Any, dim: Any = None, keepdim: bool = False, other: Any = None,
                out: Any = None, **extra: Any) -> Any:  # fmt: skip
        if not isinstance(input, TensorBase):
            given = ", ".join(type(each).__name__ for each in (input, *args))
            raise TypeError(
                f"{name}() received an invalid combination of arguments - got ({given}), but "
                "expected one of:\n * (Tensor input)\n * (Tensor input, Tensor other)\n"
                " * (Tensor input, int dim, bool keepdim = False)"
            )
        dim = extra.get("axis", dim)
        keepdim = extra.get("keepdims", keepdim)
        if args and isinstance(args[0], TensorBase):
            other, args = args[0], args[1:]
        if other is not None:
            return torch_op(pairwise)(input, other, **({} if out is None else {"out": out}))
        if args:
            dim, keepdim = args[0], args[1] if len(args) > 1 else keepdim
        if dim is None:
            return hidden(f"_{name}_all")(input, **({} if out is None else {"out": out}))
        return hidden(name)(input, dim, keepdim, out=out)

    extreme.__name__ = extreme.__qualname__ = name
    extreme.__doc__ = (
        f"The {name}imum of all elements; with `dim` along it, with the places; with `other` of "
        "two tensors element by element."
    )
    return extreme


def median(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The lower median of all elements, or along a dim with the places."""
    if dim is None:
        return hidden("_median_all")(input)
    return hidden("median")(input, dim, keepdim, out=out)


def _spread(name: str) -> Callable[..., Any]:
    def spread(input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *,
               correction: Any = None, out: Any = None, **extra: Any) -> Any:  # fmt: skip
        dim, keepdim = extra.get("axis", dim), extra.get("keepdims", keepdim)
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        if correction is None:
            correction = 1 if unbiased is None or unbiased else 0
        return hidden(f"_{name}")(input, dim, correction, keepdim, out=out)

    spread.__name__ = spread.__qualname__ = name
    spread.__doc__ = f"{name} of all elements or along dims; `correction` is taken off the count."
    return spread


def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None,
         dtype: Any = None) -> Any:  # fmt: skip
    """The p-norm of all elements or along dims; "fro" is the 2-norm, "nuc" the nuclear norm."""
    if p == "nuc":
        made = hidden("_nuclear_norm")(input, dim if dim is None else tuple(dim), keepdim)
        said = "linalg.matrix_norm expected out tensor dtype {want} but got: {got}"
        return given_out(out, made, said)
    if not input._meta.differentiable and dtype is None:
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{d.TYPE_NAMES[input._meta.dtype]}"
        )
    made = hidden("_norm")(input, 2 if p == "fro" or p is None else p, dim, keepdim, dtype=dtype)
    return given_out(out, made, EXACT)


def where(condition: Any, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """input where the condition holds, other elsewhere; the places alone without them."""
    if input is None:
        return nonzero(condition, as_tuple=True)
    if condition._meta.dtype not in (d.bool_, d.uint8):
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{d.TYPE_NAMES[condition._meta.dtype]}"
        )
    if condition._meta.dtype is d.uint8:
        warn_byte(
            "where received a uint8 condition tensor. This behavior is deprecated and will be "
            "removed in a future version of PyTorch. Use a boolean condition instead.", True,
        )  # fmt: skip
    if not isinstance(input, TensorBase) and not isinstance(other, TensorBase):
        input = create.full((), input, device=condition._meta.device)
    made = hidden("_where")(condition, input, other)
    return given_out(out, made, "Expected out type to be {want} but got {got}")


def _where_method(self: Any, condition: Any, other: Any) -> Any:
    """self where the condition holds, other elsewhere."""
    return where(condition, self, other)


def scatter(input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None,
            reduce: str | None = None, out: Any = None) -> Any:  # fmt: skip
    """A copy with src (a tensor or a number) written at index along a dim."""
    src = value if src is None else src
    if reduce is not None:
        how = {"add": "sum", "multiply": "prod"}.get(reduce)
        if how is None:
            raise RuntimeError("reduce argument must be either add or multiply.")
        if not isinstance(src, TensorBase):
            src = create.full_like(index, src, dtype=input._meta.dtype)
        return torch_op("scatter_reduce")(input, dim, index, src, how, out=out)
    if isinstance(src, TensorBase):
        return hidden("_scatter")(input, dim, index, src, out=out)
    return hidden("_scatter_value")(input, dim, index, src, out=out)


def _inplace(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def written(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._tape is not None:
            history.check_writable(self)
        return assign(self, function(self, *args, **kwargs), name)

    written.__name__ = written.__qualname__ = f"{name}_"
    written.__doc__ = f"In-place version of `{name}`."
    return written


def index_put(input: Any, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Any:
    """A copy with values written at (or added to) the places that the index tensors name."""
    made = input.clone()
    return index_put_(made, indices, values, accumulate)


def index_put_(self: Any, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Any:
    """Writes values at (or adds them to) the places that the index tensors name."""
    from compat.front.indexing import _basic, _items
    from compat.front.indexing import scatter as write

    index = tuple(slice(None) if one is None else one for one in indices)
    target, tensors = _basic(self, _items(self, index))
    write(target, tensors, values, accumulate)
    return self


# Shapes that depend on data: they look.


def nonzero(input: Any, *, out: Any = None, as_tuple: bool = False) -> Any:
    """The places of elements that are not zero: a row each, or a tensor for each dimension."""
    places = np.nonzero(np.atleast_1d(look(value_of(input))))
    device = input._meta.device
    if as_tuple:
        return tuple(from_host(each.astype(np.int64), d.int64, device) for each in places)
    rows = np.stack(places, 1).astype(np.int64) if input._meta.shape else (
        np.zeros((len(places[0]), 0), np.int64)
    )
    made = from_host(rows, d.int64, device)
    said = "nonzero: Expected out tensor to have scalar type {want} but got scalar type{got}"
    return given_out(out, made, said)


def argwhere(input: Any) -> Any:
    """The places of elements that are not zero, a row each."""
    return nonzero(input)


def masked_select(input: Any, mask: Any, *, out: Any = None) -> Any:
    """The elements where the mask holds, in one dimension."""
    if mask._meta.dtype not in (d.bool_, d.uint8):
        raise RuntimeError(
            "masked_select: expected BoolTensor or ByteTensor for mask"
        )
    if mask._meta.dtype is d.uint8:
        warn_byte(BYTE_MASK.format("masked_select"))
    shape = broadcast_shapes(input._meta.shape, mask._meta.shape)
    flat = input.expand(shape).reshape(-1)
    holds = np.broadcast_to(look(value_of(mask)), shape).reshape(-1)
    index = from_host(np.nonzero(holds)[0].astype(np.int64), d.int64, input._meta.device)
    made = flat._index((index,), (0,))
    if out is not None:
        keep_apart([out], (input, mask))
    return given_out(
        out, made, "masked_select(): self and result must have the same scalar type"
    )


def unique(input: Any, sorted: bool = True, return_inverse: bool = False,
           return_counts: bool = False, dim: int | None = None) -> Any:  # fmt: skip
    """The different elements (or slices along dim), sorted, with their places and counts."""
    array = look(value_of(input))
    axis = None if dim is None else wrap_dim(dim, array.ndim)
    found = np.unique(array, return_inverse=True, return_counts=True, axis=axis, equal_nan=False)
    values, inverse, counts = found
    place = input._meta.device
    made = [from_host(values, input._meta.dtype, place)]
    if return_inverse:
        shape = array.shape if axis is None else (array.shape[axis],)
        made.append(from_host(inverse.astype(np.int64).reshape(shape), d.int64, place))
    if return_counts:
        made.append(from_host(counts.astype(np.int64), d.int64, place))
    return made[0] if len(made) == 1 else tuple(made)


def unique_consecutive(input: Any, return_inverse: bool = False, return_counts: bool = False,
                       dim: int | None = None) -> Any:  # fmt: skip
    """The elements without neighbours equal to the one before."""
    array = look(value_of(input))
    if dim is None:
        flat = array.reshape(-1)
        starts = np.concatenate([[True], flat[1:] != flat[:-1]]) if flat.size else np.zeros(0, bool)
        values = flat[starts]
    else:
        axis = wrap_dim(dim, array.ndim)
        count = array.shape[axis]
        rows = np.moveaxis(array, axis, 0).reshape(count, array.size // max(count, 1))
        changes = (rows[1:] != rows[:-1]).any(1)
        starts = np.concatenate([[True], changes]) if count else np.zeros(0, bool)
        values = np.compress(starts, array, axis)
    place = input._meta.device
    made = [from_host(values, input._meta.dtype, place)]
    if return_inverse:
        inverse = (np.cumsum(starts) - 1).astype(np.int64)
        shape = array.shape if dim is None else inverse.shape
        made.append(from_host(inverse.reshape(shape), d.int64, place))
    if return_counts:
        edges = np.append(np.nonzero(starts)[0], starts.size)
        made.append(from_host(np.diff(edges).astype(np.int64), d.int64, place))
    return made[0] if len(made) == 1 else tuple(made)


def repeat_interleave(input: Any, repeats: Any = None, dim: int | None = None, *,
                      output_size: int | None = None) -> Any:  # fmt: skip
    """Each element (or slice along dim) repeated: so often, or as often as a tensor says."""
    if repeats is None:
        counts = look(value_of(input))
        return from_host(np.repeat(np.arange(counts.size), counts), input._meta.dtype,
                         input._meta.device)  # fmt: skip
    if isinstance(repeats, TensorBase) and repeats._meta.numel == 1 and dim is None:
        repeats = int(repeats.item())  # type: ignore[attr-defined]
    if isinstance(repeats, int):
        if repeats < 0:
            raise RuntimeError("Repeats must be non-negative")
        return hidden("_repeat_interleave")(input, repeats, dim)
    base = input.reshape(-1) if dim is None else input
    axis = 0 if dim is None else wrap_dim(dim, base.dim())
    counts = look(value_of(repeats)) if isinstance(repeats, TensorBase) else np.array(repeats)
    if counts.size == 1:
        counts = np.broadcast_to(counts.reshape(-1), (base._meta.shape[axis],))
    if counts.size != base._meta.shape[axis]:
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got "
            f"repeats.size(0) = {counts.size} and input.size({axis}) = {base._meta.shape[axis]}"
        )
    each = from_host(np.ascontiguousarray(counts).astype(np.int64), d.int64, base._meta.device)
    return hidden("_repeat_each")(base, each, int(counts.sum()), axis)


# Compositions.


def allclose(input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08,
             equal_nan: bool = False) -> bool:  # fmt: skip
    """Whether all elements are close, as a Python bool."""
    return bool(hidden("_allclose")(input, other, rtol, atol, equal_nan))


def einsum(*args: Any) -> Any:
    """Sums of products by Einstein's convention: `einsum("ij,jk->ik", a, b)`."""
    if isinstance(args[0], str):
        equation, operands = args[0], args[1:]
        if len(operands) == 1 and isinstance(operands[0], list | tuple):
            operands = tuple(operands[0])
    else:
        equation, operands = _lettered(args)
    return hidden("_einsum")(equation.replace(" ", ""), list(operands))


def _lettered(args: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """The equation of the form that gives dimensions as lists of numbers."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    operands, parts = args[0 : len(args) // 2 * 2 : 2], args[1 : len(args) // 2 * 2 : 2]
    write = lambda dims: "".join("..." if n is Ellipsis else letters[n] for n in dims)  # noqa: E731
    equation = ",".join(write(part) for part in parts)
    if len(args) % 2:
        equation += "->" + write(args[-1])
    return equation, tuple(operands)


def tensordot(a: Any, b: Any, dims: Any = 2, out: Any = None) -> Any:
    """Sums of products over the last dims of a and the first of b, or over those named."""
    if isinstance(dims, TensorBase):
        dims = dims.tolist()  # type: ignore[attr-defined]
    if isinstance(dims, list | tuple):
        dims = tuple(tuple(each) if isinstance(each, list | tuple) else each for each in dims)
    made = hidden("_tensordot")(a, b, dims)
    return given_out(
        out, made, "tensordot: Expected the output tensor to have dtype {want}, but got an output "
        "tensor with dtype {got}",
    )  # fmt: skip


def meshgrid(*tensors: Any, indexing: str | None = None) -> Any:
    """Coordinates of the grid that vectors span."""
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    if indexing is None:
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing "
            "argument.",
            UserWarning,
            stacklevel=2,
        )
        indexing = "ij"
    shape = [one.numel() for one in given]
    order = list(range(len(shape)))
    if indexing == "xy" and len(shape) > 1:
        order[:2] = [1, 0]
    made = []
    for at, one in enumerate(given):
        place = order.index(at)
        sizes = [1] * len(shape)
        sizes[place] = shape[at]
        made.append(one.reshape(sizes).expand([shape[n] for n in order]))
    return tuple(made)


def broadcast_tensors(*tensors: Any) -> Any:
    """The tensors, expanded to the shape in which they meet."""
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    shape = broadcast_shapes(*[one._meta.shape for one in given])
    return tuple(one.expand(shape) for one in given)


def broadcast_shapes_(*shapes: Any) -> Any:
    """The shape in which shapes meet."""
    sized = [(one,) if isinstance(one, int) else one for one in shapes]
    try:
        return broadcast_shapes(*sized)
    except RuntimeError:
        raise RuntimeError(
            "Shape mismatch: objects cannot be broadcast to a single shape"
        ) from None


def constant_pad_nd(input: Any, pad: Sequence[int], value: Any = 0) -> Any:
    """`nn.functional.pad` with a constant."""
    return FUNCTIONS["nn.functional"]["pad"](input, tuple(pad), "constant", value)


def sum_to_size(self: Any, *size: Any) -> Any:
    """Sums over the dimensions that expanding from size would have made."""
    shape = create.size_of(size)
    if not shape:
        return self.sum()
    lead = self.dim() - len(shape)
    fits = lead >= 0 and all(
        n in (1, m) for n, m in zip(shape, self._meta.shape[lead:], strict=True)
    )
    if not fits:
        raise RuntimeError(
            f"size {{{list(shape)}}} is not expandable to size {{{list(self._meta.shape)}}}."
        )
    dims = [*range(lead)]
    own = self._meta.shape[lead:]
    dims += [lead + n for n, one in enumerate(shape) if one == 1 and own[n] != 1]
    made = self.sum(dims, keepdim=True) if dims else self
    return made if made._meta.shape == shape else made.view(shape)


def lu(A: Any, pivot: bool = True, get_infos: bool = False, out: Any = None) -> Any:
    """The LU factors of `linalg.lu_factor_ex`, without their info unless it is asked for."""
    made = hidden("_lu_with_info")(A, pivot)
    made = made if get_infos else tuple(made[:2])
    return given_out(out, made)


def fill(input: Any, value: Any) -> Any:
    """A copy with value everywhere."""
    return input.clone().fill_(value)


def fill_diagonal_(self: Any, fill_value: Any, wrap: bool = False) -> Any:
    """Writes a number along the main diagonal; `wrap` starts again below a tall matrix's square."""
    shape = self._meta.shape
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    step = sum(self.stride())
    count = min(shape)
    self.as_strided((count,), (step,), self.storage_offset()).fill_(fill_value)
    if wrap and len(shape) == 2 and shape[0] > shape[1] + 1:
        self[shape[1] + 1 :].fill_diagonal_(fill_value, wrap)
    return self


def resize_as_(self: Any, the_template: Any, *, memory_format: Any = None) -> Any:
    """`self.resize_(the_template.size())`."""
    return self.resize_(the_template._meta.shape, memory_format=memory_format)


def new(self: Any, *args: Any, device: Any = None) -> Any:
    """A tensor of self's type: of a shape, or holding data."""
    from compat.front.tensor import legacy_tensor

    return legacy_tensor(type(self), self._meta.dtype, args, device or self._meta.device)


def apply_(self: Any, callable: Callable[[Any], Any]) -> Any:
    """Replaces each element by what a Python function makes of it; on the host, slowly."""
    array = np.array(look(value_of(self)))
    flat = array.reshape(-1)
    for at in range(flat.size):
        flat[at] = callable(flat[at].item())
    return self.copy_(from_host(array, self._meta.dtype, self._meta.device))


def map_(self: Any, tensor: Any, callable: Callable[[Any, Any], Any]) -> Any:
    """Replaces each element by what a Python function makes of it and another's; on the host."""
    array, other = np.array(look(value_of(self))), look(value_of(tensor.expand_as(self)))
    flat, second = array.reshape(-1), other.reshape(-1)
    for at in range(flat.size):
        flat[at] = callable(flat[at].item(), second[at].item())
    return self.copy_(from_host(array, self._meta.dtype, self._meta.device))


def derive_compositions(tensor: type) -> None:
    """Puts everything here into the torch namespace and on Tensor."""
    both: dict[str, Callable[..., Any]] = {
        "max": _extreme("max"), "min": _extreme("min"), "median": median, "norm": norm,
        "scatter": scatter, "nonzero": nonzero, "argwhere": argwhere,
        "masked_select": masked_select, "unique": unique, "allclose": allclose,
        "unique_consecutive": unique_consecutive, "repeat_interleave": repeat_interleave,
        "index_put": index_put, "lu": lu,
    }  # fmt: skip
    for name in ("var", "std"):
        both[name] = _spread(name)
    functions = {
        "constant_pad_nd": constant_pad_nd, "where": where, "einsum": einsum,
        "tensordot": tensordot, "meshgrid": meshgrid,
        "broadcast_tensors": broadcast_tensors, "broadcast_shapes": broadcast_shapes_,
        "fill": fill,
        "resize_as_": resize_as_, "var_mean": _spread("var_mean"), "std_mean": _spread("std_mean"),
        "index_put_": index_put_,
    }  # fmt: skip
    methods = {
        "where": _where_method, "index_put_": index_put_, "sum_to_size": sum_to_size,
        "apply_": apply_, "map_": map_, "fill_diagonal_": fill_diagonal_, "new": new,
        "resize_as_": resize_as_, "is_nonzero": lambda self: bool(self),
        "scatter_": _inplace(scatter, "scatter"),
    }  # fmt: skip
    FUNCTIONS["torch"] |= both | functions
    for name, function in (both | methods).items():
        setattr(tensor, name, function)

