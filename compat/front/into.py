"""Results written into tensors that exist: `out=`, operations in place, and what they refuse."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from compat.core.dtype import CPP_NAMES, TYPE_NAMES, dtype
from compat.core.promotion import can_cast
from compat.engine.recorder import local
from compat.engine.value import Value
from compat.front.base import TensorBase, store, value_of
from compat.ops.declare import Op
from compat.tape import history
from compat.tape.mode import no_grad

_NOT_INTO = (
    "{}(): functions with out=... arguments don't support automatic differentiation, but one of "
    "the arguments requires grad."
)


# What PyTorch says where a result is not cast to the type of its `out=` tensor. In them:
# {want} and {got} are names as "Float", {cpp_want} and {cpp_got} as "float".
EXACT = "Expected out tensor to have dtype {cpp_want}, but got {cpp_got} instead"
_ONE_TYPE = "Found dtype {got} but expected {want}"


def into_of(op: Op) -> Callable[..., Any]:
    """`out=`: the result is written into tensors that exist.

    Elementwise operations cast it to their type, unless they work on a single operand in its own
    type; the others want the very type of the result. extras["out"] says otherwise: "cast", or
    the words of the refusal. extras["apart"] refuses memory shared with the operands: all of it,
    or only what is not just the same elements ("part").
    """
    words, apart = _refusal(op), op.extras.get("apart")

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
        elif apart:
            keep_apart(targets, given, apart != "part")
        return into_all(out, made, words)

    return into


def _refusal(op: Op) -> str | None:
    """The words in which an op refuses an `out=` tensor of another type, None if it casts."""
    said = op.extras.get("out")
    if said is not None:
        return None if said == "cast" else said
    if op.strides != "pointwise":
        return EXACT
    operands = [one.role for one in op.parameters if one.role.kind == "array"]
    alone = len(operands) == 1 and operands[0].promotes and not operands[0].floats
    return _ONE_TYPE if alone and op.returns[0].result == "promoted" else None


def keep_apart(targets: Sequence[Any], given: Iterable[Any], whole: bool = True) -> None:
    """Refuses `out=` tensors in the memory of operands, or (not whole) in a part of it alone."""
    for each in given:
        if isinstance(each, list | tuple):
            keep_apart(targets, each, whole)
        elif isinstance(each, TensorBase):
            for target in targets:
                refuse_shared(target, each, whole)


def into_all(out: Any, made: Any, words: str | None = None) -> Any:
    """Puts one result, or several, into `out=` tensors, and gives those."""
    if isinstance(made, TensorBase):
        write_out(out, made, words)
        return out
    for target, result in zip(out, made, strict=True):
        write_out(target, result, words)
    return type(made)(*out) if hasattr(made, "_fields") else tuple(out)


def given_out(out: Any, made: Any, words: str | None = None) -> Any:
    """What an operation gives: what it made, in the `out=` tensors when there are any.

    words   how an `out=` tensor of another type is refused, as in `EXACT`; None casts to it
    """
    return made if out is None else into_all(out, made, words)


def write_out(target: Any, result: Any, words: str | None = None) -> None:
    """Puts a result into an `out=` tensor, which is resized when its shape differs."""
    want, got = result._meta.dtype, target._meta.dtype
    if words is not None and want is not got:
        raise RuntimeError(
            words.format(
                want=TYPE_NAMES[want], got=TYPE_NAMES[got],
                cpp_want=CPP_NAMES[want], cpp_got=CPP_NAMES[got],
            )  # fmt: skip
        )
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
    """`f_(x, ...)`: the function's result takes the place of x's elements.

    It has their shape, but for the few operations with extras["resizes"].
    """
    resizes = op.extras.get("resizes")

    def front(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._tape is not None:
            history.check_writable(self)
        for each in args:
            if isinstance(each, TensorBase):
                refuse_shared(self, each)
        made = function(self, *args, **kwargs)
        if resizes and made._meta.shape != self._meta.shape:
            with no_grad():
                self.resize_(made._meta.shape)
        return assign(self, made, op.name)

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


def refuse_shared(target: Any, source: Any, whole: bool = False) -> None:
    """RuntimeError when two dense views share some of their memory; all of it is refused if whole.

    Views of one layout are the same elements: a result may take the place of its operand.
    """
    if target._storage is not source._storage and not one_cell(target, source):
        return
    a, b = target._meta, source._meta
    if not (a.numel and b.numel and a.dense and b.dense):
        return
    same = a is b or (a.strides == b.strides and a.shape == b.shape)
    if same and target._offset == source._offset and not whole:
        return
    if target._offset < source._offset + b.numel and source._offset < target._offset + a.numel:
        raise RuntimeError(
            "unsupported operation: some elements of the input tensor and the written-to tensor "
            "refer to a single memory location. Please clone() the tensor before performing the "
            "operation."
        )
