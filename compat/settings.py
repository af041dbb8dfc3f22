"""Settings of the process that scripts change: threads, determinism, precision, default types."""

from __future__ import annotations

import os
import warnings
from typing import Any

from compat.core import dtype as d
from compat.core.device import default_device
from compat.core.dtype import dtype
from compat.front.convert import type_named
from compat.front.derive import forget_plans

_threads = {"intra": os.cpu_count() or 1, "inter": os.cpu_count() or 1}
_deterministic = {"on": False, "warn_only": False}
_precision = "highest"
_warn_always = False


def _positive(name: str, count: Any) -> int:
    if not isinstance(count, int) or isinstance(count, bool):
        raise RuntimeError(f"{name} expects an int, but got {type(count).__name__}")
    if count <= 0:
        raise RuntimeError(f"{name} expects a positive integer")
    return count


def get_num_threads() -> int:
    """How many threads an operation may use, as `set_num_threads` said."""
    return _threads["intra"]


def set_num_threads(num: int) -> None:
    """Remembers the number. XLA chooses its threads when it starts and cannot be told later."""
    _threads["intra"] = _positive("set_num_threads", num)


def get_num_interop_threads() -> int:
    """How many operations may run at once, as `set_num_interop_threads` said."""
    return _threads["inter"]


def set_num_interop_threads(num: int) -> None:
    """Remembers the number, as `set_num_threads`."""
    _threads["inter"] = _positive("set_num_interop_threads", num)


def init_num_threads() -> None:
    """Nothing to prepare: XLA has its threads from the start."""


def is_vulkan_available() -> bool:
    """Whether Vulkan computes: never here."""
    return False


def cudnn_is_acceptable(tensor: Any) -> bool:
    """Whether cuDNN would work on the tensor: XLA calls it by itself where it helps."""
    return bool(tensor.is_cuda) and tensor.dtype in (d.float16, d.float32, d.float64)


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Remembers the wish. Programs on the CPU and on TPUs give the same results each time."""
    _deterministic.update(on=bool(mode), warn_only=bool(mode) and warn_only)


def are_deterministic_algorithms_enabled() -> bool:
    """Whether `use_deterministic_algorithms` asked for them."""
    return _deterministic["on"]


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether only warnings were asked for."""
    return _deterministic["warn_only"]


def get_deterministic_debug_mode() -> int:
    """0 "default", 1 "warn" or 2 "error"."""
    return 0 if not _deterministic["on"] else 1 if _deterministic["warn_only"] else 2


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Sets determinism by 0, 1, 2 or "default", "warn", "error"."""
    names = {"default": 0, "warn": 1, "error": 2}
    mode = names.get(debug_mode, -1) if isinstance(debug_mode, str) else debug_mode
    if mode not in (0, 1, 2):
        raise RuntimeError(
            "invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got "
            f"{debug_mode}"
        )
    use_deterministic_algorithms(mode > 0, warn_only=mode == 1)


def get_float32_matmul_precision() -> str:
    """"highest", "high" or "medium", as `set_float32_matmul_precision` said."""
    return _precision


def set_float32_matmul_precision(precision: str) -> None:
    """Remembers how exact products of float32 matrices have to be; they are always exact."""
    global _precision
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current setting "
            "remains unchanged.",
            UserWarning,
            stacklevel=2,
        )
        return
    _precision = precision


def set_flush_denormal(mode: bool) -> bool:
    """Whether the wish was met: XLA flushes denormal numbers already."""
    return bool(mode)


def set_warn_always(b: bool, /) -> None:
    """Remembers whether warnings that are given once should be given each time."""
    global _warn_always
    _warn_always = bool(b)


def is_warn_always_enabled() -> bool:
    """Whether `set_warn_always` was called so."""
    return _warn_always


def get_default_device() -> Any:
    """The device of tensors made without one."""
    return default_device()


def set_default_tensor_type(t: Any) -> None:
    """Changes the default type by a typed class or its name, as "torch.DoubleTensor"."""
    warnings.warn(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use "
        "torch.set_default_dtype() and torch.set_default_device() as alternatives.",
        UserWarning,
        stacklevel=2,
    )
    name = t if isinstance(t, str) else f"{t.__module__}.{t.__name__}"
    if isinstance(t, dtype):
        raise TypeError("invalid type object")
    kind, place = type_named(name)
    if not kind.is_floating_point:
        raise TypeError(
            f"only floating-point types are supported as the default type, got {name}"
        )
    if place is not None:
        raise NotImplementedError(f"torch.set_default_tensor_type({name!r})")
    d.set_default_dtype(kind)
    forget_plans()


def typename(obj: Any, /) -> str:
    """The type of an object as text: 'torch.FloatTensor' for a tensor of float32."""
    if hasattr(obj, "_meta") and hasattr(obj, "type"):
        return obj.type()
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(kind, "__module__", "") or ""
    name = kind.__qualname__
    return name if module in ("", "builtins") else f"{module}.{name}"

