"""Views as functions and methods: a new geometry over the same storage."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

from compat.core.size import Size
from compat.engine.recorder import local
from compat.engine.value import meta
from compat.front.base import TensorBase, alias
from compat.front.looking import storage_size
from compat.ops.declare import VIEWS, Geometry, View
from compat.ops.shape import views as geometry
from compat.tape.history import Sight, check_writable, current, view_tape
from compat.tape.node import result_tape


def geometry_of(tensor: TensorBase) -> Geometry:
    """The tensor's sizes, strides and offset."""
    one = tensor._meta
    return Geometry(tuple(one.shape), one.strides, tensor._offset)


def take(
    tensor: TensorBase,
    how: Callable[[Geometry], Geometry],
    name: str,
    found: Geometry | None = None,
) -> Any:
    """The view of a tensor that `how` makes of its geometry."""
    return show(tensor, sight_of(tensor, how, name, found=found))


def sight_of(
    tensor: TensorBase,
    how: Callable[[Geometry], Geometry],
    name: str,
    made: str = "default",
    found: Geometry | None = None,
) -> Sight:
    """What `how` makes of the tensor's geometry, which may be found already."""
    if local.grad:
        current(tensor)  # a view that may not be used any more is refused before a wrong shape
    if found is None:
        found = how(geometry_of(tensor))
    one = tensor._meta
    view = meta(found.shape, one.dtype, found.strides, one.device)
    return Sight(view, found.offset - tensor._offset, how, name, made)


def show(tensor: TensorBase, sight: Sight) -> Any:
    """The view of a tensor that a sight of its geometry gives."""
    return alias(tensor, sight.view, tensor._offset + sight.shift, view_tape(tensor, sight))


def sights_of(
    tensor: TensorBase, how: Callable[[Geometry], list[Geometry]], name: str
) -> list[Sight]:
    """The views of an op that gives several; they may not be written in place under autograd."""
    return [
        sight_of(tensor, lambda x, n=n: how(x)[n], name, f"multi:{n}", found)  # type: ignore[misc]
        for n, found in enumerate(how(geometry_of(tensor)))
    ]


SEEN_LIMIT = 1_024


class Seen(dict[Any, Any]):
    """Sights by the geometry of the tensor and the arguments, as many as are worth keeping."""

    def keep(self, key: Any, sight: Any) -> None:
        """Remembers one more, or starts afresh."""
        if len(self) >= SEEN_LIMIT:
            self.clear()
        self[key] = sight


def node_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_")) + "Backward0"


def _function(declared: View) -> Callable[..., Any]:
    name, body = node_name(declared.name), declared.geometry
    several = "list" in str(declared.signature.return_annotation)
    renamed = {"x": "input", "self": "input", "axis": "dim", "axis0": "dim0", "axis1": "dim1"}

    def front(input: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(input, TensorBase):
            raise TypeError(
                f"{declared.name}(): argument 'input' (position 1) must be Tensor, not "
                f"{type(input).__name__}"
            )
        if kwargs:
            args, kwargs = _bound(declared, args, kwargs, renamed)
        key: Any = (input._meta, args)
        try:
            sight: Any = None if kwargs or is_placed else seen.get(key)
        except TypeError:  # a list among the arguments
            sight = key = None
        if sight is None:
            if input._answer is not None:
                return input._answer(declared.name, (input, *args), kwargs)
            how = functools.partial(_applied, body, args, kwargs)
            if is_placed:
                _check_inside(input, how(geometry_of(input)))
            if several:
                called = _chunks_name(input, *args) if is_chunk else name
                sight = sights_of(input, how, called)
            else:
                sight = sight_of(input, how, name)
            if key and not kwargs and not is_placed and _FIXED.issuperset(map(type, args)):
                seen.keep(key, sight)
        if several:
            return tuple([show(input, each) for each in sight])
        return show(input, sight)

    seen = Seen()
    is_placed = declared.name == "as_strided"  # the only one that may not start from its input
    is_chunk = declared.name == "chunk"
    front.__name__ = front.__qualname__ = declared.name
    front.__doc__ = body.__doc__
    front.__wrapped__ = body  # type: ignore[attr-defined]
    return front


_FIXED = {int, tuple, Size, type(None)}  # arguments that are what they were


def _chunks_name(input: Any, chunks: int, dim: int = 0) -> str:
    """PyTorch writes chunks as a split, and those of nothing as one with given sizes."""
    size = input._meta.shape[dim] if input._meta.shape else 1
    return "SplitBackward0" if size else "SplitWithSizesBackward0"


def _check_inside(tensor: Any, found: Geometry) -> None:
    """RuntimeError when a geometry reaches out of the tensor's storage."""
    size, width = storage_size(tensor), tensor._meta.dtype.itemsize
    last = sum((n - 1) * step for n, step in zip(found.shape, found.strides, strict=True))
    need = found.offset + last + 1
    if need > size and 0 not in found.shape:
        raise RuntimeError(
            f"setStorage: sizes {list(found.shape)}, strides {list(found.strides)}, storage offset "
            f"{found.offset}, and itemsize {width} requiring a storage size of {need * width} are "
            f"out of bounds for storage of size {size * width}"
        )


def _applied(body: Any, args: tuple[Any, ...], kwargs: dict[str, Any], x: Geometry) -> Any:
    return body(x, *args, **kwargs)


def _bound(declared: View, args: Any, kwargs: Any, renamed: dict[str, str]) -> Any:
    """Keyword arguments put in place; `size=` of the variadic ones included."""
    kwargs = {renamed.get(key, key): given for key, given in kwargs.items()}
    if declared.varargs:
        if declared.varargs in kwargs:
            args = (*args, kwargs.pop(declared.varargs))
        try:
            declared.signature.bind(None, *args, **kwargs)
        except TypeError as wrong:
            raise TypeError(f"{declared.name}() {wrong}") from None
        return args, kwargs
    order = _placing(declared, len(args), tuple(kwargs))
    return (*args, *map(kwargs.pop, order)), kwargs


@functools.cache
def _placing(declared: View, count: int, names: tuple[str, ...]) -> tuple[str, ...]:
    """The keyword arguments that follow so many positional ones without a gap, in order."""
    try:
        declared.signature.bind(None, *[None] * count, **dict.fromkeys(names))
    except TypeError as wrong:
        raise TypeError(f"{declared.name}() {wrong}") from None
    following = list(declared.signature.parameters)[count + 1 :]
    return tuple(itertools.takewhile(names.__contains__, following))


def _inplace(declared: View, function: Callable[..., Any]) -> Callable[..., Any]:
    """`t_`, `squeeze_`...: the tensor itself gets the new geometry."""

    def front(self: Any, *args: Any, **kwargs: Any) -> Any:
        tape = self._tape
        if tape is not None:
            check_writable(self)
        changed = function(self, *args, **kwargs)
        self._meta, self._offset = changed._meta, changed._offset
        self._storage.version += 1
        if tape is not None and changed._tape.node is not None:
            if tape.is_view:
                changed._tape.version = self._storage.version
                self._tape = changed._tape
            else:
                self._tape = result_tape(changed._tape.node, 0)
        return self

    front.__name__ = front.__qualname__ = f"{declared.name}_"
    front.__doc__ = f"In-place version of `{declared.name}`."
    return front


# Views that are compositions, or that copy when strides do not allow a view.


def reshape(input: Any, *shape: Any) -> Any:
    """The same elements in another shape: a view where strides allow it, else a copy."""
    sizes = geometry._ints(shape)
    sight: Any = _reshaped.get((input._meta, sizes))
    if sight is None:
        target = geometry.infer_size(sizes, input._meta.numel)
        found = geometry.viewed(geometry_of(input), target)
        how: Any = functools.partial(geometry.viewed, shape=target)
        sight = _COPIES if found is None else sight_of(input, how, "ViewBackward0", found=found)
        _reshaped.keep((input._meta, sizes), sight)
    return reshape(input.contiguous(), sizes) if sight is _COPIES else show(input, sight)


_reshaped = Seen()
_COPIES = object()  # stands for the sight where strides do not allow one


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Dimensions start_dim to end_dim as one."""
    shape = input._meta.shape
    if not shape:
        return reshape(input, 1)
    first = geometry.wrap_dim(start_dim, len(shape))
    last = geometry.wrap_dim(end_dim, len(shape))
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if first == last:
        return input
    middle = math.prod(shape[first : last + 1])
    return reshape(input, (*shape[:first], middle, *shape[last + 1 :]))


def ravel(input: Any) -> Any:
    """All elements in one dimension: a view where the tensor is contiguous."""
    return reshape(input.contiguous(), -1)


def expand_as(self: Any, other: Any) -> Any:
    """`self.expand(other.size())`."""
    return self.expand(*other._meta.shape)


def view_as(self: Any, other: Any) -> Any:
    """`self.view(other.size())`."""
    return self.view(other._meta.shape)


def reshape_as(self: Any, other: Any) -> Any:
    """`self.reshape(other.size())`."""
    return reshape(self, other._meta.shape)


def broadcast_to(input: Any, size: Any) -> Any:
    """`input.expand(size)`."""
    return input.expand(size)


def _flipped(tensor: Any) -> Any:
    rank = tensor.dim()
    return tensor.permute(*reversed(range(rank)))


def derive_views(tensor: type, functions: dict[str, dict[str, Any]]) -> None:
    """Puts every declared view, and the compositions above, in their homes."""
    torch = functions.setdefault("torch", {})
    for declared in VIEWS.values():
        function = _function(declared)
        for name in (declared.name, *declared.aliases):
            if "torch" in declared.homes:
                torch[name] = function
            setattr(tensor, name, function)
            if declared.inplace or declared.name == "t":
                setattr(tensor, f"{name}_", _inplace(declared, function))
    plain_view = tensor.view  # type: ignore[attr-defined]

    def view(self: Any, *size: Any, dtype: Any = None, **kwargs: Any) -> Any:
        wanted = dtype if dtype is not None else size[0] if len(size) == 1 else None
        if wanted is not None and not isinstance(wanted, int | tuple | list | TensorBase):
            return view_dtype(self, wanted)
        return plain_view(self, *size, **kwargs)

    view.__doc__ = plain_view.__doc__
    tensor.view = view  # type: ignore[attr-defined]
    for function in (reshape, flatten, ravel, broadcast_to):
        torch[function.__name__] = function
        setattr(tensor, function.__name__, function)
    for function in (expand_as, view_as, reshape_as):
        setattr(tensor, function.__name__, function)
    tensor.T = property(_flipped)  # type: ignore[attr-defined]
    tensor.mT = property(lambda self: self.transpose(-2, -1))  # type: ignore[attr-defined]


def view_dtype(tensor: Any, to: Any) -> Any:
    """The same bytes as another type."""
    one = tensor._meta
    shape, strides, offset = list(one.shape), list(one.strides), tensor._offset
    old, new = one.dtype.itemsize, to.itemsize
    if old > new:
        ratio = old // new
        if not shape:
            raise RuntimeError(
                f"self.dim() cannot be 0 to view {one.dtype} as {to} (different element sizes)"
            )
        if strides[-1] != 1:
            raise RuntimeError(
                f"self.stride(-1) must be 1 to view {one.dtype} as {to} (different element "
                f"sizes), but got {strides[-1]}"
            )
        shape[-1] *= ratio
        strides = [stride * ratio for stride in strides[:-1]] + [1]
        offset *= ratio
    elif old < new:
        ratio = new // old
        if not shape or strides[-1] != 1 or shape[-1] % ratio or offset % ratio:
            raise RuntimeError(
                f"self.size(-1) must be divisible by {ratio} to view {one.dtype} as {to} "
                f"(different element sizes), but got {shape[-1] if shape else 0}"
            )
        shape[-1] //= ratio
        strides = [stride // ratio for stride in strides[:-1]] + [1]
        offset //= ratio
    view = meta(tuple(shape), to, tuple(strides), one.device)
    return alias(tensor, view, offset, None)


