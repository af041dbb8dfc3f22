"""Making tensors: `tensor`, `zeros`, `arange`, `from_numpy` and their kin."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.core.device import default_device, device, placed
from compat.core.dtype import dtype as DType
from compat.core.size import (
    Size,
    contiguous_strides,
    memory_format,
    preserve_format,
    strided,
    strides_in,
)
from compat.engine import storage as storages
from compat.engine.storage import Storage
from compat.engine.value import Meta, concrete, meta
from compat.front import base
from compat.front.base import TensorBase, on_device, wrap
from compat.front.data import array_of
from compat.front.derive import FUNCTIONS


def hidden(name: str) -> Callable[..., Any]:
    """An op that the front uses and no user sees."""
    return FUNCTIONS["hidden"][name]


def torch_op(name: str) -> Callable[..., Any]:
    """A function of the torch namespace."""
    return FUNCTIONS["torch"][name]


def where(given: Any) -> device:
    """The device of a factory call."""
    return default_device() if given is None else placed(device(given))


def finished(made: Any, requires_grad: bool) -> Any:
    """A new tensor as its caller asked for it."""
    if requires_grad and not made._meta.differentiable:
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    return made.requires_grad_(True) if requires_grad else made


def from_host(array: np.ndarray[Any, Any], dtype: DType, place: device) -> Any:
    """A tensor whose elements the host made; the array must not be written to afterwards."""
    one = meta(array.shape, dtype, None, place)
    if place.type == "meta":
        value = concrete(one, None)
    else:
        array = np.ascontiguousarray(array).reshape(array.shape)
        value = concrete(one, on_device(array, one), owned=True)
    return wrap(value)


# From data.


def tensor(
    data: Any,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """A new tensor with a copy of the data: numbers, nested sequences, an array or a tensor.

    >>> compat.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    if isinstance(data, TensorBase):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach()."
            "clone() or sourceTensor.detach().clone().requires_grad_(True), rather than "
            "torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
        made = data.detach().clone()  # type: ignore[attr-defined]
        made = made.to(device=device if device is not None else made.device, dtype=dtype)
        return finished(made, requires_grad)
    place = where(device)
    return finished(from_host(*array_of(data, dtype), place), requires_grad)


def as_tensor(data: Any, dtype: DType | None = None, device: Any = None) -> Any:
    """The data as a tensor, shared where it can be: a tensor is itself, an array is aliased."""
    if isinstance(data, TensorBase):
        place = where(device) if device is not None else data._meta.device
        return data.to(device=place, dtype=dtype or data._meta.dtype)  # type: ignore[attr-defined]
    if isinstance(data, np.ndarray) and where(device).type == "cpu":
        made = from_numpy(data) if data.flags.writeable else (
            from_host(*array_of(data, None), where(None))
        )
        return made if dtype is None else made.to(dtype)
    return tensor(data, dtype=dtype, device=device)


def scalar_tensor(s: Any, *, dtype: DType | None = None, layout: Any = None, device: Any = None,
                  pin_memory: bool = False, requires_grad: bool = False) -> Any:  # fmt: skip
    """A 0-dim tensor of a number, of the default type unless another is given."""
    found = dtype or d.get_default_dtype()
    return finished(from_host(*array_of(s, found), where(device)), requires_grad)


def from_numpy(ndarray: Any) -> Any:
    """A tensor that shares memory with a NumPy array: each sees the other's writes."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    found = d.from_numpy_type(ndarray.dtype)
    if any(stride < 0 for stride in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().) "
        )
    step = ndarray.itemsize
    if any(stride % step for stride in ndarray.strides):
        raise ValueError(
            "given numpy array strides not a multiple of the element byte size. Copy the numpy "
            "array to reallocate the memory."
        )
    strides = tuple(stride // step for stride in ndarray.strides)
    pairs = zip(ndarray.shape, strides, strict=True)
    extent = 1 + sum((n - 1) * stride for n, stride in pairs) if ndarray.size else 0
    flat = np.lib.stride_tricks.as_strided(ndarray, (extent,), (step,))
    storage = object.__new__(Storage)
    storage.version = 0
    storages.share(storage, flat, owners_of(ndarray))
    made = object.__new__(base.tensor_class)
    made._storage, made._offset, made._tape = storage, 0, None
    if not ndarray.size:
        strides = contiguous_strides(ndarray.shape)
    made._meta = meta(ndarray.shape, found, strides, device("cpu"))
    return made


def owners_of(array: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    """The array, and the one whose memory it shows."""
    root = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    return (array,) if root is array else (array, root)


# Constants.


def size_of(given: Sequence[Any]) -> Size:
    """A shape given as ints or as one sequence."""
    if len(given) == 1 and isinstance(given[0], list | tuple):
        given = given[0]
    sizes = []
    for each in given:
        if isinstance(each, float) or not hasattr(each, "__index__"):
            raise TypeError(
                "empty(): argument 'size' must be tuple of ints, but found element of type "
                f"{type(each).__name__} at pos 0"
            )
        sizes.append(each.__index__())
    for n in sizes:
        if n < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {n}: {sizes}"
            )
    return Size(sizes)


def typed_out(dtype: DType | None, out: Any) -> None:
    """RuntimeError when a factory is asked for another type than its `out=` tensor has."""
    if dtype is not None and out is not None and out._meta.dtype is not dtype:
        raise RuntimeError(
            f"dtype {d.TYPE_NAMES[dtype]} does not match dtype of out parameter "
            f"({d.TYPE_NAMES[out._meta.dtype]})"
        )


def constant(
    size: Sequence[int], value: Any, dtype: DType | None, place: device, strides: Any = None
) -> Any:
    """A tensor with one number everywhere."""
    found = dtype or d.get_default_dtype()
    if place.type == "meta":
        return wrap(concrete(meta(size, found, strides, place), None))
    with place:
        made = hidden("constant")(size=tuple(size), value=value, dtype=found)
    if strides is not None:
        made._meta = made._storage.value.meta = meta(size, found, strides, place)
    return made


def _factory(name: str, value: Any) -> Callable[..., Any]:
    def make(
        *size: Any,
        out: Any = None,
        dtype: DType | None = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        pin_memory: bool = False,
        memory_format: memory_format | None = None,
        names: Any = None,
        **extra: Any,
    ) -> Any:
        if "size" in extra:
            size = (extra.pop("size"),)
        if extra:
            raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(extra))}'")
        shape = size_of(size)
        typed_out(dtype, out)
        if out is not None:
            out.resize_(shape)
            return out.fill_(value) if name != "empty" else out
        if layout not in (None, strided):
            from compat.sparse.create import in_layout

            return in_layout(name, layout, shape, dtype, device, requires_grad)
        strides = strides_in(memory_format, shape) if memory_format is not None else None
        return finished(constant(shape, value, dtype, where(device), strides), requires_grad)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"A tensor of the size with {value} everywhere, of the default type."
    return make


zeros = _factory("zeros", 0)
ones = _factory("ones", 1)
empty = _factory("empty", 0)


def full(
    size: Any,
    fill_value: Any,
    *,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    names: Any = None,
) -> Any:
    """A tensor of the size with fill_value everywhere; its type is the number's."""
    typed_out(dtype, out)
    shape = size_of((size,) if not isinstance(size, int) else ((size,),))
    if isinstance(fill_value, TensorBase):
        dtype = dtype or fill_value._meta.dtype
        fill_value = fill_value.item()  # type: ignore[attr-defined]
    if out is not None:
        return out.resize_(shape).fill_(fill_value)
    found = dtype or d.of_number(fill_value)
    return finished(filled(shape, fill_value, found, where(device)), requires_grad)


def filled(shape: Sequence[int], value: Any, dtype: DType, place: device) -> Any:
    """A tensor of one number that is not part of the program."""
    if place.type == "meta":
        return constant(shape, 0, dtype, place)
    with place:
        return hidden("filled")(size=tuple(shape), value=value, dtype=dtype)


def _like_strides(input: Any, format: memory_format | None) -> Any:
    """The layout of `zeros_like` and its kin."""
    one: Meta = input._meta
    if format not in (None, preserve_format):
        return strides_in(format, one.shape)
    from compat.front.call import elementwise_strides

    return one.strides if one.dense else elementwise_strides(one, [one])


def _like(name: str, value: Any) -> Callable[..., Any]:
    def make(
        input: Any,
        *,
        dtype: DType | None = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        pin_memory: bool = False,
        memory_format: memory_format | None = None,
    ) -> Any:
        if layout not in (None, strided) or input._answer is not None:
            from compat.sparse.create import like

            return like(name, input, layout, dtype, device, requires_grad)
        place = where(device) if device is not None else input._meta.device
        strides = _like_strides(input, memory_format)
        made = constant(input._meta.shape, value, dtype or input._meta.dtype, place, strides)
        return finished(made, requires_grad)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"A tensor like input with {value} everywhere."
    return make


zeros_like = _like("zeros_like", 0)
ones_like = _like("ones_like", 1)
empty_like = _like("empty_like", 0)


def full_like(input: Any, fill_value: Any, *, dtype: DType | None = None, layout: Any = None,
              device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
              memory_format: memory_format | None = None) -> Any:  # fmt: skip
    """A tensor like input with fill_value everywhere."""
    place = where(device) if device is not None else input._meta.device
    if isinstance(fill_value, TensorBase):
        fill_value = fill_value.item()  # type: ignore[attr-defined]
    made = filled(input._meta.shape, fill_value, dtype or input._meta.dtype, place)
    strides = _like_strides(input, memory_format)
    made._meta = made._storage.value.meta = meta(
        input._meta.shape, made._meta.dtype, strides, place
    )
    return finished(made, requires_grad)


def empty_strided(size: Any, stride: Any, *, dtype: DType | None = None, layout: Any = None,
                  device: Any = None, requires_grad: bool = False,
                  pin_memory: bool = False) -> Any:  # fmt: skip
    """An uninitialised tensor with these sizes and strides."""
    span = 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) if math.prod(size) else 0
    made = constant((span,), 0, dtype, where(device))
    return finished(made.as_strided(size, stride), requires_grad)


def empty_permuted(size: Any, physical_layout: Any, *, dtype: DType | None = None,
                   layout: Any = None, device: Any = None, requires_grad: bool = False,
                   pin_memory: bool = False) -> Any:  # fmt: skip
    """An uninitialised tensor whose dims lie in memory in the order given, outermost first."""
    count = len(physical_layout)
    if len(size) != count:
        raise RuntimeError(
            f"Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {len(size)} is not equal to len(physical_layout) = {count}"
        )
    for at, dim in enumerate(physical_layout):
        if not 0 <= dim < count:
            raise RuntimeError(
                f"Dimension out of range (expected to be between 0 and {count - 1}, but got {dim} "
                f"at index {at}).  NB: negative dims not currently supported; file an issue if "
                "you want it."
            )
    if len(set(physical_layout)) != count:
        raise RuntimeError("Duplicate dim not allowed")
    strides, step = [0] * len(size), 1
    for dim in reversed(physical_layout):
        strides[dim] = step
        step *= max(size[dim], 1)
    return empty_strided(size, tuple(strides), dtype=dtype, device=device,
                         requires_grad=requires_grad)  # fmt: skip


# Ranges.


def _is_whole(*numbers: Any) -> bool:
    return all(
        isinstance(n, int | np.integer)
        or (isinstance(n, TensorBase) and n._meta.dtype.category < d.FLOATING)
        for n in numbers
    )


def _plain(number: Any) -> Any:
    return number.item() if isinstance(number, TensorBase) else number  # type: ignore[attr-defined]


def arange(
    *args: Any,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    **named: Any,
) -> Any:
    """start, start + step, ... up to but without end: `arange(end)`, `arange(start, end, step)`."""
    typed_out(dtype, out)
    names = ("end",) if len(args) == 1 and "end" not in named else ("start", "end", "step")
    given = {"start": 0, "step": 1, **dict(zip(names, args, strict=False)), **named}
    start, end, step = (_plain(given[name]) for name in ("start", "end", "step"))
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start:g} -> {end:g}")
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    found = dtype or (out._meta.dtype if out is not None else None) or (
        d.int64 if _is_whole(start, end, step) else d.get_default_dtype()
    )
    if found is d.int64:
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise ValueError("step must be nonzero")
    if _is_whole(start, end, step):
        count = -(-(end - start) // step)
    else:
        count = math.ceil((end - start) / step)
    if found.category <= d.INTEGER:  # the narrower ones count by fractions, and step by none
        start, step = int(start), int(step)
    made = _stepped(count, start, step, found, where(device))
    if out is not None:
        return out.resize_(made._meta.shape).copy_(made)
    return finished(made, requires_grad)


def _stepped(count: int, start: Any, step: Any, dtype: DType, place: device) -> Any:
    with place:
        return hidden("stepped")(count=count, start=start, step=step, dtype=dtype)


def range(start: Any, end: Any = None, step: Any = 1, **options: Any) -> Any:
    """As `arange`, but end is included; deprecated in favour of it."""
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior "
        "is inconsistent with Python's range builtin. Instead, use torch.arange, which produces "
        "values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    start, end = (0, start) if end is None else (start, end)
    count = math.floor((end - start) / step) + 1
    dtype = options.get("dtype") or d.get_default_dtype()
    return _stepped(count, start, step, dtype, where(options.get("device")))


def linspace(
    start: Any,
    end: Any,
    steps: int = 100,
    *,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """steps numbers, evenly apart, from start to end, both included."""
    typed_out(dtype, out)
    if not isinstance(steps, int | np.integer):
        given = ", ".join(type(each).__name__ for each in (start, end, steps))
        raise TypeError(
            f"linspace() received an invalid combination of arguments - got ({given}), but "
            "expected one of:\n * (Tensor or Number start, Tensor or Number end, int steps)"
        )
    ranks = [each.dim() if isinstance(each, TensorBase) else 0 for each in (start, end)]  # type: ignore[attr-defined]
    if any(ranks):
        raise RuntimeError(
            "linspace only supports 0-dimensional start and end tensors, but got start with "
            f"{ranks[0]} dimension(s) and end with {ranks[1]} dimension(s)."
        )
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    found = dtype or d.get_default_dtype()
    if dtype is None and any(isinstance(_plain(x), complex) for x in (start, end)):
        found = found.to_complex()
    first, last = _plain(start), _plain(end)
    if found.category <= d.INTEGER:
        first, last = int(first), int(last)
    with where(device):
        made = hidden("evenly")(start=first, end=last, steps=steps, dtype=found)
    if out is not None:
        return out.resize_(made._meta.shape).copy_(made)
    return finished(made, requires_grad)


def logspace(start: Any, end: Any, steps: int = 100, base: float = 10.0, **options: Any) -> Any:
    """base to the powers of steps numbers from start to end."""
    typed_out(options.get("dtype"), options.get("out"))
    found = options.pop("dtype", None) or d.get_default_dtype()
    requires_grad = options.pop("requires_grad", False)
    out = options.pop("out", None)
    if found.category <= d.INTEGER and not any(
        isinstance(each, TensorBase) and each._meta.shape for each in (start, end)
    ):
        start, end = int(_plain(start)), int(_plain(end))
    exponents = linspace(start, end, steps, dtype=d.float64 if found.category < 3 else found)
    made = (base**exponents).to(found)
    if out is not None:
        return out.resize_(made._meta.shape).copy_(made)
    return finished(made, requires_grad)


def eye(n: int, m: int | None = None, *, out: Any = None, dtype: DType | None = None,
        layout: Any = None, device: Any = None, requires_grad: bool = False,
        pin_memory: bool = False) -> Any:  # fmt: skip
    """A matrix with ones on the diagonal."""
    typed_out(dtype, out)
    columns = n if m is None else m
    for name, count in (("n", n), ("m", columns)):
        if count < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {count}")
    with where(device):
        made = hidden("identity")(rows=n, columns=columns, dtype=dtype or d.get_default_dtype())
    if out is not None:
        return out.resize_(made._meta.shape).copy_(made)
    return finished(made, requires_grad)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None,
                 layout: Any = None) -> Any:  # fmt: skip
    """Row and column numbers of the lower triangle."""
    return hidden("triangle_indices")(rows=row, columns=col, offset=offset, upper=False)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None,
                 layout: Any = None) -> Any:  # fmt: skip
    """Row and column numbers of the upper triangle."""
    return hidden("triangle_indices")(rows=row, columns=col, offset=offset, upper=True)


FACTORIES: tuple[Callable[..., Any], ...] = (
    tensor, as_tensor, scalar_tensor, from_numpy, zeros, ones, empty, full, zeros_like,
    ones_like, empty_like, full_like, empty_strided, empty_permuted, arange, range, linspace,
    logspace, eye, tril_indices, triu_indices,
)  # fmt: skip


def new_method(factory: Callable[..., Any]) -> Callable[..., Any]:
    """`x.new_zeros(...)`: the factory with x's type and device."""

    def make(self: Any, *args: Any, dtype: Any = None, device: Any = None, **options: Any) -> Any:
        place = self._meta.device if device is None else device
        return factory(*args, dtype=dtype or self._meta.dtype, device=place, **options)

    make.__name__ = make.__qualname__ = f"new_{factory.__name__}"
    make.__doc__ = f"`{factory.__name__}` with this tensor's type and device."
    return make


def derive_creation(tensor_type: type) -> None:
    """Puts the factories into the torch namespace and the `new_*` methods on Tensor."""
    table = FUNCTIONS.setdefault("torch", {})
    for factory in FACTORIES:
        table[factory.__name__] = factory
    for factory in (zeros, ones, empty, full, tensor, empty_strided, empty_permuted):
        setattr(tensor_type, f"new_{factory.__name__}", new_method(factory))

