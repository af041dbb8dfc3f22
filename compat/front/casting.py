"""Autocast: operations that choose the type they compute in.

Nothing asks whether it is on. Where it is on, the plans of the operations concerned are put aside,
so that their calls go the slow way, which casts the operands first.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable
from typing import Any

from compat.core import dtype as d
from compat.engine.recorder import local
from compat.front import derive
from compat.front.base import TensorBase
from compat.front.convert import to
from compat.ops.declare import OPS, Op

KINDS = ("cpu", "cuda", "xla", "mps", "xpu")
_LOW = (d.float16, d.bfloat16)

# PyTorch's lists, by the names of our declarations.
_SHARED_LOW = (
    "matmul mm bmm addmm addbmm baddbmm _einsum multi_dot vecdot linear prelu conv1d conv2d conv3d "
    "conv_transpose1d conv_transpose2d conv_transpose3d _attention _rnn_cell _rnn_layer "
    "_lstm_layer _projecting_lstm_layer"
)
_SHARED_WIDE = (
    "prod cdist mse_loss l1_loss smooth_l1_loss huber_loss nll_loss cross_entropy kl_div "
    "binary_cross_entropy_with_logits multi_margin_loss multilabel_margin_loss"
)
_CPU_WIDE = (
    "binary_cross_entropy _ctc_loss inverse inv inv_ex svd svdvals qr solve lu_solve cholesky "
    "cholesky_ex cholesky_inverse cholesky_solve eig eigh eigvals eigvalsh householder_product "
    "_lstsq matrix_rank cond tensorinv tensorsolve triangular_solve geqrf orgqr ormqr pinverse "
    "_lu_with_info polar trace _quantile _nanquantile grid_sampler grid_sampler_2d grid_sampler_3d "
    "_stft _view_as_complex "
    "fft fft2 fftn ifft ifft2 ifftn rfft "
    "rfft2 rfftn irfft irfft2 irfftn hfft ihfft"
)
_GPU_LOW = "addmv addr mv _gru_cell _lstm_cell _gru_layer"
_GPU_WIDE = (
    "acos asin cosh erfinv exp expm1 log log10 log2 log1p reciprocal rsqrt sinh tan pow softplus "
    "layer_norm group_norm rms_norm _norm _nuclear_norm norm vector_norm matrix_norm dist pdist "
    "renorm logsumexp softmax log_softmax cumsum cumprod sum"
)
_GPU_PROMOTED = (
    "addcdiv addcmul atan2 bilinear cross dot vdot grid_sampler _index_put _tensordot "
    "scatter_add"
)


def _table(low: str, wide: str, promoted: str) -> dict[str, str]:
    return {
        **dict.fromkeys(low.split(), "low"),
        **dict.fromkeys(wide.split(), "wide"),
        **dict.fromkeys(promoted.split(), "promoted"),
    }


_GPU = _table(f"{_SHARED_LOW} {_GPU_LOW}", f"{_SHARED_WIDE} {_GPU_WIDE}", _GPU_PROMOTED)
_CPU = _table(
    f"{_SHARED_LOW} _tensordot", f"{_SHARED_WIDE} {_CPU_WIDE}", "cat stack index_copy"
)
POLICIES: dict[str, dict[str, str]] = {kind: _CPU if kind == "cpu" else _GPU for kind in KINDS}


class Settings(threading.local):
    """What autocast does in this thread.

    enabled   for each kind of device whether it is on
    types     for each kind the type of lower precision
    caching   whether casts of parameters are said to be cached; XLA computes equal casts once
    nesting   how many blocks we are in
    """

    def __init__(self) -> None:
        self.enabled: dict[str, bool] = dict.fromkeys(KINDS, False)
        self.types: dict[str, d.dtype] = {
            kind: d.bfloat16 if kind in ("cpu", "xla") else d.float16 for kind in KINDS
        }
        self.caching = True
        self.nesting = 0


settings = Settings()
_threads = 0  # that have autocast on
_lock = threading.Lock()


@functools.cache
def _concerned() -> tuple[Op, ...]:
    """The ops that any list names."""
    named = set(_CPU) | set(_GPU)
    return tuple(op for op in OPS.values() if op.name in named)


def enable(kind: str, on: bool) -> None:
    """Sets whether operations on devices of this kind choose their types in this thread."""
    global _threads
    settings.enabled[kind] = bool(on)
    wanted = any(settings.enabled.values())
    if wanted == (local.casts is not None):
        return
    local.casts = cast_call if wanted else None
    with _lock:
        _threads += 1 if wanted else -1
        if wanted and _threads == 1:
            derive.put_aside(_concerned())
        elif not _threads:
            derive.put_back()


def cast_call(op: Op, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of a call in the types that autocast wants."""
    return cast_arguments(op.name, given)


def cast_arguments(name: str, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of an operation, tensors cast as its device's list says."""
    kinds = {
        one._meta.device.type
        for one in _flat(given)
        if settings.enabled.get(one._meta.device.type, False)
    }
    for kind in kinds:
        policy = POLICIES[kind].get(name)
        if policy is not None:
            given = tuple(_cast(one, kind, _wanted(policy, kind, given)) for one in given)
    return given


def _flat(given: Iterable[Any]) -> list[TensorBase]:
    found: list[TensorBase] = []
    for one in given:
        if isinstance(one, TensorBase):
            found.append(one)
        elif isinstance(one, list | tuple):
            found += [each for each in one if isinstance(each, TensorBase)]
    return found


def _wanted(policy: str, kind: str, given: tuple[Any, ...]) -> d.dtype:
    low = settings.types[kind]
    if policy == "low":
        return low
    if policy == "wide":
        return d.float32
    types = {one._meta.dtype for one in _flat(given) if _eligible(one, kind)}
    return low if types <= {low} else d.float32


def _eligible(one: Any, kind: str) -> bool:
    found = one._meta.dtype
    return one._meta.device.type == kind and (found is d.float32 or found in _LOW)


def _cast(one: Any, kind: str, wanted: d.dtype) -> Any:
    if isinstance(one, TensorBase):
        if _eligible(one, kind) and one._meta.dtype is not wanted:
            return to(one, wanted)
        return one
    if isinstance(one, list | tuple) and any(isinstance(each, TensorBase) for each in one):
        return [_cast(each, kind, wanted) for each in one]
    return one


def wide(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a function of several operations that PyTorch's lists have as one in float32."""

    @functools.wraps(function)
    def casting(*args: Any, **kwargs: Any) -> Any:
        if local.casts is None:
            return function(*args, **kwargs)
        kinds = {one._meta.device.type for one in _flat((*args, *kwargs.values()))}
        for kind in kinds:
            if settings.enabled.get(kind, False):
                args = tuple(_cast(one, kind, d.float32) for one in args)
                kwargs = {name: _cast(one, kind, d.float32) for name, one in kwargs.items()}
        return function(*args, **kwargs)

    return casting
