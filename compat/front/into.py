"""Results written into tensors that exist: `out=`, operations in place, and what they refuse."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from compat.core.dtype import TYPE_NAMES, dtype
from compat.core.promotion import can_cast
from compat.engine.recorder import local
from compat.engine.value import Value
from compat.front.base import TensorBase, store, value_of
from compat.ops.declare import Op
from compat.tape import history

_NOT_INTO = (
    "{}(): functions with out=... arguments don't support automatic differentiation, but one of "
    "the arguments requires grad."
)


def into_of(op: Op) -> Callable[..., Any]:
    """`out=`: the result is written into tensors that exist."""

    def into(out: Any, compute: Callable[[], Any], given: tuple[Any, ...]) -> Any:
        targets = [out] if isinstance(out, TensorBase) else list(out)
        for target in targets:
            if not isinstance(target, TensorBase):
                raise TypeError(
                    f"{op.name}(): argument 'out' must be Tensor, not {type(target).__name__}"
                )
            if target._tape is not None and target.requires_grad and local.grad:  # type: ignore[attr-defined]
                raise RuntimeError(_NOT_INTO.format(op.name))
        if local.grad and any(
            isinstance(each, TensorBase) and each.requires_grad  # type: ignore[attr-defined]
            for each in given
        ):
            raise RuntimeError(_NOT_INTO.format(op.name))
        made = compute()
        results = [made] if isinstance(made, TensorBase) else made
        if any(one._tape is not None and one.requires_grad for one in results):  # type: ignore
            raise RuntimeError(_NOT_INTO.format(op.name))
        if op.strides == "pointwise":
            for each in given:
                if isinstance(each, TensorBase):
                    if each is targets[0] and each._meta.shape != results[0]._meta.shape:
                        _refuse_shape(each, results[0])
                    refuse_shared(targets[0], each)
        return into_all(out, made)

    return into


def into_all(out: Any, made: Any) -> Any:
    """Puts one result, or several, into `out=` tensors, and gives those."""
    if isinstance(made, TensorBase):
        write_out(out, made)
        return out
    for target, result in zip(out, made, strict=True):
        write_out(target, result)
    return type(made)(*out) if hasattr(made, "_fields") else tuple(out)


def given_out(out: Any, made: Any) -> Any:
    """What an operation gives: what it made, in the `out=` tensors when there are any."""
    return made if out is None else into_all(out, made)


def write_out(target: Any, result: Any) -> None:
    """Puts a result into an `out=` tensor, which is resized when its shape differs."""
    if target._meta.device is not result._meta.device:
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, "
            f"{target._meta.device} and {result._meta.device}!"
        )
    check_cast(result._meta.dtype, target._meta.dtype)
    if 0 in target._meta.strides:
        refuse_overlap(target._meta)
    if target._meta.shape != result._meta.shape:
        if target._meta.numel:
            warnings.warn(
                f"An output with one or more elements was resized since it had shape "
                f"{list(target._meta.shape)}, which does not match the required output shape "
                f"{list(result._meta.shape)}. This behavior is deprecated, and in a future "
                "PyTorch release outputs will not be resized unless they have zero elements. "
                "You can explicitly reuse an out tensor t by resizing it, inplace, to zero "
                "elements with t.resize_(0).",
                UserWarning,
                stacklevel=4,
            )
        target.resize_(result._meta.shape)
    if result._meta.dtype is not target._meta.dtype:
        result = result.to(target._meta.dtype)
    store(target, fresh(result))


def fresh(result: Any) -> Value:
    """The value of a tensor that only the caller holds; copied when it is somebody's view."""
    value = result._storage.value
    if value.meta is result._meta:
        return value
    return value_of(result.clone())


def check_cast(from_: dtype, to: dtype) -> None:
    """Refuses to write a result into a type that cannot hold its kind of numbers."""
    if not can_cast(from_, to):
        raise RuntimeError(
            f"result type {TYPE_NAMES[from_]} can't be cast to the desired output type "
            f"{TYPE_NAMES[to]}"
        )


# In place.


def inplace_of(op: Op, function: Callable[..., Any]) -> Callable[..., Any]:
    """`f_(x, ...)`: the function's result takes the place of x's elements."""

    def front(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._tape is not None:
            history.check_writable(self)
        for each in args:
            if isinstance(each, TensorBase):
                refuse_shared(self, each)
        return assign(self, function(self, *args, **kwargs), op.name)

    front.__name__ = front.__qualname__ = f"{op.name}_"
    front.__doc__ = f"In-place version of `{op.name}`."
    return front


def assign(target: Any, result: Any, name: str = "") -> Any:
    """Overwrites a tensor with the result of an operation on it, history included."""
    mine, its = target._meta, result._meta
    if its.shape != mine.shape:
        _refuse_shape(target, result)
    if its.dtype is not mine.dtype:
        check_cast(its.dtype, mine.dtype)
        result = result.to(mine.dtype)
    if 0 in mine.strides and mine.numel > 1 and name not in _MAY_OVERLAP:
        refuse_overlap(mine)
    tape = result._tape
    if tape is not None:
        history.check_writable(target, gradient_flows=True)
        history.keep_overwritten(tape, target._storage, result._storage)
    store(target, fresh(result))
    if tape is not None or target._tape is not None:
        history.rewrite(target, tape)
    return target


def _refuse_shape(target: Any, result: Any) -> None:
    raise RuntimeError(
        f"output with shape {list(target._meta.shape)} doesn't match the broadcast shape "
        f"{list(result._meta.shape)}"
    )


_MAY_OVERLAP = {"zero", "fill", "detach"}


def refuse_overlap(one: Any) -> None:
    if any(n > 1 and stride == 0 for n, stride in zip(one.shape, one.strides, strict=True)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )


def one_cell(one: Any, other: Any) -> bool:
    """Whether two tensors share memory, through `.data` or not."""
    a, b = one._storage, other._storage
    return getattr(a, "target", a) is getattr(b, "target", b)


def refuse_shared(target: Any, source: Any) -> None:
    """RuntimeError when two dense views share some, but not all, of their memory."""
    if target._storage is not source._storage and not one_cell(target, source):
        return
    a, b = target._meta, source._meta
    if (a is b and target._offset == source._offset) or not (a.numel and b.numel):
        return
    if not (a.dense and b.dense):
        return
    if target._offset == source._offset and a.strides == b.strides and a.shape == b.shape:
        return
    if target._offset < source._offset + b.numel and source._offset < target._offset + a.numel:
        raise RuntimeError(
            "unsupported operation: some elements of the input tensor and the written-to tensor "
            "refer to a single memory location. Please clone() the tensor before performing the "
            "operation."
        )
