"""The block in which operations choose their types, and what can be asked about it."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import compat as torch
from compat.front.casting import KINDS, cast_arguments, enable, settings

__all__ = ["autocast", "cast_arguments", "custom_bwd", "custom_fwd", "is_autocast_available"]

_TYPES = (torch.bfloat16, torch.float16)


def _kind(device_type: Any) -> str:
    """The kind of device, checked: RuntimeError for an unknown one."""
    if not isinstance(device_type, str):
        raise TypeError(
            "is_autocast_enabled(): argument 'device_type' (position 1) must be str, not "
            f"{type(device_type).__name__}"
        )
    kind = torch.device(device_type).type
    return kind


def is_autocast_available(device_type: str) -> bool:
    """Whether operations on this kind of device can choose their types."""
    return _kind(device_type) in KINDS


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether operations on this kind of device choose their types now."""
    return settings.enabled.get(_kind(device_type), False)


def set_autocast_enabled(device_type: Any, enabled: bool | None = None) -> None:
    """Sets whether operations on this kind of device choose their types."""
    if enabled is None:
        device_type, enabled = "cuda", device_type
    enable(_kind(device_type), bool(enabled))


def get_autocast_dtype(device_type: str) -> Any:
    """The type of lower precision on this kind of device."""
    return settings.types[_kind(device_type)]


def set_autocast_dtype(device_type: str, dtype: Any) -> None:
    """Sets the type of lower precision on this kind of device."""
    settings.types[_kind(device_type)] = dtype


def is_autocast_cache_enabled() -> bool:
    """Whether casts of parameters may be shared between operations."""
    return settings.caching


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Sets whether casts of parameters may be shared between operations."""
    settings.caching = bool(enabled)


def clear_autocast_cache() -> None:
    """Nothing is cached: equal casts of a program are computed once anyway."""


def autocast_increment_nesting() -> int:
    """One block deeper; gives the depth."""
    settings.nesting += 1
    return settings.nesting


def autocast_decrement_nesting() -> int:
    """One block up; gives the depth."""
    settings.nesting -= 1
    return settings.nesting


def _of(function: Callable[..., Any], kind: str) -> Callable[..., Any]:
    made = functools.partial(function, kind)
    made.__doc__ = f"`{function.__name__}` for {kind}."
    return made


is_autocast_cpu_enabled = _of(is_autocast_enabled, "cpu")
get_autocast_cpu_dtype = _of(get_autocast_dtype, "cpu")
get_autocast_gpu_dtype = _of(get_autocast_dtype, "cuda")
get_autocast_xla_dtype = _of(get_autocast_dtype, "xla")
is_autocast_xla_enabled = _of(is_autocast_enabled, "xla")
set_autocast_xla_dtype = _of(set_autocast_dtype, "xla")
set_autocast_xla_enabled = _of(set_autocast_enabled, "xla")
set_autocast_cpu_enabled = _of(set_autocast_enabled, "cpu")
set_autocast_cpu_dtype = _of(set_autocast_dtype, "cpu")
set_autocast_gpu_dtype = _of(set_autocast_dtype, "cuda")


class autocast:
    """In the block, or in each call of a decorated function, operations choose their types:
    products and convolutions the lower precision, sensitive ones float32.

    device_type    "cpu", "cuda", ...: the devices whose operations do so
    dtype          the type of lower precision: bfloat16 or float16
    enabled        False makes operations in the block take the types they are given
    cache_enabled  is taken, and changes nothing

    >>> with compat.autocast("cpu"):
    ...     (compat.ones(2, 2) @ compat.ones(2, 2)).dtype
    torch.bfloat16
    """

    def __init__(
        self,
        device_type: str,
        dtype: Any = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(
                f"Expected `device_type` of type `str`, got: `{type(device_type)}`"
            )
        self.device = _kind(device_type)
        if self.device not in KINDS:
            raise RuntimeError(
                f"User specified an unsupported autocast device_type '{self.device}'"
            )
        self.fast_dtype = get_autocast_dtype(self.device) if dtype is None else dtype
        self._enabled = bool(enabled)
        self._cache_enabled = settings.caching if cache_enabled is None else bool(cache_enabled)
        if self.device == "cuda" and self._enabled and not torch.cuda.is_available():
            warnings.warn(
                "CUDA is not available or torch_xla is imported. Disabling autocast.",
                UserWarning,
                stacklevel=2,
            )
            self._enabled = False
        if self._enabled and self.fast_dtype not in _TYPES:
            name = self.device.upper()
            warnings.warn(
                f"In {name} autocast, but the target dtype is not supported. Disabling autocast.\n"
                f"{name} Autocast only supports dtypes of "
                f"{', '.join(str(one) for one in _TYPES)} currently.",
                UserWarning,
                stacklevel=2,
            )
            self._enabled = False
        self._before: list[tuple[bool, Any, bool]] = []

    def __enter__(self) -> autocast:
        kind = self.device
        self._before.append((settings.enabled[kind], settings.types[kind], settings.caching))
        settings.types[kind], settings.caching = self.fast_dtype, self._cache_enabled
        settings.nesting += 1
        enable(kind, self._enabled)
        return self

    def __exit__(self, *exc: object) -> None:
        settings.nesting -= 1
        enabled, settings.types[self.device], settings.caching = self._before.pop()
        enable(self.device, enabled)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        if inspect.iscoroutinefunction(function):
            raise NotImplementedError("compat does not have autocast of coroutines yet")
        return inside


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: Any = None
) -> Any:
    """Decorates the forward of a `Function`: backward will run with autocast as it is here.

    cast_inputs   the type that floating tensors are cast to, with autocast off inside
    """
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)
    forward = fwd

    @functools.wraps(forward)
    def inside(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        ctx._dtype = get_autocast_dtype(device_type)
        ctx._fwd_used_autocast = is_autocast_enabled(device_type)
        if cast_inputs is None or not ctx._fwd_used_autocast:
            return forward(ctx, *args, **kwargs)
        ctx._fwd_used_autocast = False
        with autocast(device_type, enabled=False):
            return forward(
                ctx,
                *_all_cast(args, device_type, cast_inputs),
                **_all_cast(kwargs, device_type, cast_inputs),
            )

    return inside


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """Decorates the backward of a `Function`: it runs with autocast as the forward did."""
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)
    backward = bwd

    @functools.wraps(backward)
    def inside(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, enabled=ctx._fwd_used_autocast, dtype=ctx._dtype):
            return backward(ctx, *args, **kwargs)

    return inside


def _all_cast(given: Any, kind: str, dtype: Any) -> Any:
    """Floating tensors of the device in this type, in nested arguments; others as they are."""
    if isinstance(given, torch.Tensor):
        eligible = (
            given.is_floating_point() and given.device.type == kind
            and given.dtype is not torch.float64
        )  # fmt: skip
        return given.to(dtype) if eligible else given  # type: ignore[attr-defined]
    if isinstance(given, dict):
        return {name: _all_cast(one, kind, dtype) for name, one in given.items()}
    if isinstance(given, list | tuple):
        return type(given)(_all_cast(one, kind, dtype) for one in given)
    return given
