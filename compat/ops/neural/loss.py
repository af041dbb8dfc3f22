"""Losses, each with its reduction."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from compat.core.errors import require
from compat.core.size import broadcast_shapes
from compat.ops.declare import op
from compat.ops.roles import Array, Bool, Operand, Promoted, Scalar

_LOSS: dict[str, Any] = {"homes": ("hidden",), "math": True, "out": False}


def reduced(loss: jax.Array, reduction: str) -> jax.Array:
    """"none", "mean" or "sum"."""
    if reduction == "mean":
        return jnp.mean(loss)
    if reduction == "sum":
        return jnp.sum(loss)
    require(reduction == "none", f"{reduction} is not a valid value for reduction", ValueError)
    return loss


def _difference(input: jax.Array, target: jax.Array) -> jax.Array:
    broadcast_shapes(input.shape, target.shape)
    return input - target


@op(**_LOSS)
def mse_loss(input: Promoted, target: Promoted, reduction: str = "mean") -> Array:
    """The squared differences."""
    off = _difference(input, target)
    return reduced(off * off, reduction)


@op(**_LOSS)
def l1_loss(input: Promoted, target: Promoted, reduction: str = "mean") -> Array:
    """The absolute differences."""
    off = _difference(input, target)
    slope = lax.stop_gradient(jnp.sign(off))
    if jnp.iscomplexobj(off):
        return reduced(jnp.abs(off), reduction)
    return reduced(off * slope, reduction)


@op(**_LOSS)
def smooth_l1_loss(input: Promoted, target: Promoted, reduction: str = "mean",
                   beta: float = 1.0) -> Array:  # fmt: skip
    """Squared near zero, absolute beyond beta."""
    off = _difference(input, target)
    size = off * lax.stop_gradient(jnp.sign(off))
    if beta == 0:
        return reduced(size, reduction)
    return reduced(jnp.where(size < beta, 0.5 * off * off / beta, size - 0.5 * beta), reduction)


@op(**_LOSS)
def huber_loss(input: Promoted, target: Promoted, reduction: str = "mean",
               delta: float = 1.0) -> Array:  # fmt: skip
    """Squared near zero, absolute beyond delta, delta times `smooth_l1_loss`."""
    off = _difference(input, target)
    size = off * lax.stop_gradient(jnp.sign(off))
    near, far = 0.5 * off * off, delta * (size - 0.5 * delta)
    return reduced(jnp.where(size <= delta, near, far), reduction)


@op(**_LOSS, guard=(RuntimeError, "all elements of input should be between 0 and 1"))
def binary_cross_entropy(input: Operand, target: Operand, weight: Operand | None = None,
                         reduction: str = "mean") -> tuple[Array, Bool]:  # fmt: skip
    """The cross entropy of probabilities; logarithms are not let below -100."""
    def bounded(p: jax.Array) -> jax.Array:
        safe = jnp.where(p <= 0, 1, p)
        return jnp.where(p <= 0, -100.0, jnp.maximum(jnp.log(safe), -100.0)).astype(p.dtype)

    fine = jnp.all((input >= 0) & (input <= 1) | jnp.isnan(input))
    loss = _bce(input, target, bounded)
    return reduced(loss if weight is None else loss * weight, reduction), fine


def _bce(input: jax.Array, target: jax.Array, bounded: Any) -> jax.Array:
    @jax.custom_jvp
    def value(p: jax.Array, t: jax.Array) -> jax.Array:
        return -(t * bounded(p) + (1 - t) * bounded(1 - p))

    @value.defjvp
    def slope(primals: Any, tangents: Any) -> Any:
        (p, t), (moved, shifted) = primals, tangents
        by_p = (p - t) / jnp.maximum((1 - p) * p, 1e-12)
        by_t = bounded(1 - p) - bounded(p)
        return value(p, t), by_p * moved + by_t * shifted

    return value(input, target)


@op(**_LOSS)
def binary_cross_entropy_with_logits(
    input: Operand, target: Operand, weight: Operand | None = None, reduction: str = "mean",
    pos_weight: Operand | None = None,
) -> Array:  # fmt: skip
    """The cross entropy of a sigmoid, from what goes into it."""
    require(
        input.shape == target.shape,
        f"Target size ({_size(target)}) must be the same as input size ({_size(input)})",
        ValueError,
    )
    smooth = -jax.nn.log_sigmoid(input)
    if pos_weight is None:
        loss = (1 - target) * input + smooth
    else:
        loss = (1 - target) * input + (1 + (pos_weight - 1) * target) * smooth
    return reduced(loss if weight is None else loss * weight, reduction)


def _size(array: jax.Array) -> str:
    return f"torch.Size({list(array.shape)})"


@op(**_LOSS)
def kl_div(input: Promoted, target: Promoted, reduction: str = "mean",
           log_target: bool = False) -> Array:  # fmt: skip
    """`target * (log target - input)`; input holds logarithms."""
    if log_target:
        loss = jnp.exp(target) * (target - input)
    else:
        zero = target == 0
        safe = jnp.where(zero, 1, target)
        loss = jnp.where(zero, 0, target * jnp.log(safe)) - target * input
    if reduction == "batchmean":
        return jnp.sum(loss) / (input.shape[0] if input.ndim else 1)
    return reduced(loss, reduction)


def _class_axis(input: jax.Array) -> int:
    return 0 if input.ndim == 1 else 1


BAD_TARGET = (IndexError, "Target is out of bounds.")


@op(**_LOSS, guard=BAD_TARGET)
def nll_loss(input: Operand, target: Array, weight: Array | None = None,
             ignore_index: Scalar = -100,
             reduction: str = "mean") -> tuple[Array, Bool]:  # fmt: skip
    """Minus the input at the target class, over the classes in dim 1 (dim 0 of a vector)."""
    check_classes(input, target)
    return class_loss(input, target, weight, ignore_index, reduction)


def is_long(array: jax.Array) -> bool:
    """Whether it is int64, or in a trace without 64-bit types the int32 that stands for it."""
    return array.dtype == jax.dtypes.canonicalize_dtype("int64")


def check_classes(input: jax.Array, target: jax.Array) -> None:
    """Refuses shapes that do not belong together, in PyTorch's words."""
    require(input.ndim > 0, "Expected input to have at least 1 dimension")
    require(
        is_long(target) or target.dtype.name == "uint8",
        f"expected scalar type Long but found {title(target)}",
    )
    if input.ndim == 1:
        require(target.ndim <= 1, "multi-target not supported at the moment")
        return
    require(
        input.shape[0] == (target.shape[0] if target.ndim else 0),
        f"Expected input batch_size ({input.shape[0]}) to match target batch_size "
        f"({target.shape[0] if target.ndim else 0}).",
        ValueError,
    )
    require(
        target.shape[1:] == input.shape[2:],
        f"Expected target size {[input.shape[0], *input.shape[2:]]}, got {list(target.shape)}",
    )


def title(array: jax.Array) -> str:
    """PyTorch's word for the type of an array."""
    names = {
        "float32": "Float", "float64": "Double", "int32": "Int", "bool": "Bool",
        "bfloat16": "BFloat16", "float16": "Half", "int16": "Short", "int8": "Char",
    }  # fmt: skip
    return names.get(array.dtype.name, array.dtype.name)


def class_loss(
    logs: jax.Array, target: jax.Array, weight: Any, ignore: Any, reduction: str
) -> tuple[jax.Array, jax.Array]:
    """The loss, and whether every target is a class or ignored."""
    axis = _class_axis(logs)
    classes = logs.shape[axis]
    target = target.astype("int64")
    kept = target != ignore
    fine = jnp.all(~kept | ((target >= 0) & (target < classes)))
    safe = jnp.where(kept, target, 0)
    picked = jnp.take_along_axis(logs, jnp.expand_dims(safe, axis), axis, mode="clip")
    loss = -picked.squeeze(axis)
    if loss.shape != kept.shape:
        loss = loss.reshape(kept.shape)
    factor = kept.astype(logs.dtype)
    if weight is not None:
        factor = factor * weight.astype(logs.dtype)[jnp.clip(safe, 0, classes - 1)]
    loss = jnp.where(kept, loss, 0) * factor
    if reduction == "mean":
        return jnp.sum(loss) / jnp.sum(factor), fine
    return reduced(loss, reduction), fine


@op(**_LOSS, guard=BAD_TARGET)
def cross_entropy(input: Operand, target: Array, weight: Array | None = None,
                  ignore_index: Scalar = -100, reduction: str = "mean",
                  label_smoothing: float = 0.0) -> tuple[Array, Bool]:  # fmt: skip
    """`nll_loss` of the log-softmax: target holds classes, or probabilities of input's shape."""
    axis = _class_axis(input)
    require(
        0.0 <= label_smoothing <= 1.0,
        f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}",
    )
    if target.shape == input.shape and jnp.issubdtype(target.dtype, jnp.floating):
        return _soft(input, target, weight, reduction, label_smoothing, axis), jnp.ones((), bool)
    check_classes(input, target)
    logs = jax.nn.log_softmax(input, axis)
    if not label_smoothing:
        return class_loss(logs, target, weight, ignore_index, reduction)
    return _smoothed(logs, target, weight, ignore_index, reduction, label_smoothing, axis)


def _smoothed(
    logs: jax.Array, target: jax.Array, weight: Any, ignore: Any, reduction: str, by: float,
    axis: int,
) -> tuple[jax.Array, jax.Array]:
    sharp, fine = class_loss(logs, target, weight, ignore, reduction)
    kept = target != ignore
    weighted = logs
    if weight is not None:
        shape = [1] * logs.ndim
        shape[axis] = -1
        weighted = logs * weight.reshape(shape)
    flat = jnp.where(kept, -jnp.sum(weighted, axis), 0)
    if reduction == "mean":
        if weight is None:
            count = jnp.sum(kept.astype(logs.dtype))
        else:
            safe = jnp.where(kept, target, 0)
            count = jnp.sum(jnp.where(kept, weight[jnp.clip(safe, 0, logs.shape[axis] - 1)], 0))
        smooth = jnp.sum(flat) / count
    else:
        smooth = reduced(flat, reduction)
    share = by / logs.shape[axis]
    return (1 - by) * sharp + share * smooth, fine


def _soft(
    input: jax.Array, target: jax.Array, weight: Any, reduction: str, by: float, axis: int
) -> jax.Array:
    if by:
        target = target * (1 - by) + by / input.shape[axis]
    logs = jax.nn.log_softmax(input, axis)
    if weight is not None:
        shape = [1] * input.ndim
        shape[axis] = -1
        logs = logs * weight.reshape(shape)
    loss = -jnp.sum(logs * target, axis)
    if reduction == "mean":
        return jnp.sum(loss) / max(input.size // input.shape[axis], 1)
    return reduced(loss, reduction)
