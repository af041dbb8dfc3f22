"""Where a tensor lives: PyTorch's device names over JAX's devices."""

from __future__ import annotations

import functools
import os
from typing import Any

import jax

# The index of the device that stands for a trace of the user's own; samples in functions that are
# mapped live on those after it, by how deep.
TRACE = 1_000_000
_TYPES = ("cpu", "cuda", "xla", "tpu", "meta")


class device:
    """A device, as `torch.device("cuda", 1)`; equal devices are one object.

    'cpu' is the host, 'cuda' JAX's GPU (or what COMPAT_CUDA_MEANS names, e.g. "tpu"),
    'xla' and 'tpu' an accelerator that is not a GPU, 'meta' holds shapes and no data.
    """

    __slots__ = ("type", "index", "jax", "depth")
    _made: dict[tuple[str, int | None], device] = {}

    type: str
    index: int | None
    depth: int  # how often the function is mapped whose samples live here; 0 for devices

    def __new__(cls, type: Any = None, index: int | None = None) -> device:
        if isinstance(type, device):
            return type
        if isinstance(type, int):
            type, index = "cuda", type
        if not isinstance(type, str):
            raise TypeError(
                f"device(): argument 'type' must be str, not {type.__class__.__name__}"
            )
        if ":" in type:
            if index is not None:
                raise RuntimeError(
                    f"type (string) must not include an index because index was passed "
                    f"explicitly: {type}"
                )
            type, _, digits = type.partition(":")
            if not digits.isdigit() or (len(digits) > 1 and digits[0] == "0"):
                raise RuntimeError(f"Invalid device string: '{type}:{digits}'")
            index = int(digits)
        if type not in _TYPES:
            raise RuntimeError(
                f"Expected one of {', '.join(_TYPES)} device type at start of device string: "
                f"{type}"
            )
        found = cls._made.get((type, index))
        if found is None:
            found = object.__new__(cls)
            found.type, found.index = type, index
            found.depth = max((index or 0) - TRACE, 0)
            cls._made[type, index] = found
        return found

    @property
    def is_traced(self) -> bool:
        """Whether it stands for a trace of the user's own or for samples, not for a device."""
        return self.index is not None and self.index >= TRACE

    def __repr__(self) -> str:
        tail = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{tail})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type, self.index)

    def __enter__(self) -> device:
        _stack.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _stack.pop()


cpu = device("cpu")
meta = device("meta")
_stack: list[device] = [cpu]  # the last one is where tensors are made when nobody says


def default_device() -> device:
    """Where factories without `device=` make their tensors."""
    return _stack[-1]


def set_default_device(where: Any) -> None:
    """Makes factories without `device=` use this device."""
    _stack[0] = placed(device(where) if where is not None else cpu)


def placed(where: device) -> device:
    """The device with its index: 'cuda' is the first one, the host has none."""
    if where.type in ("cpu", "meta"):
        return where if where.index is None else device(where.type)
    return where if where.index is not None else device(where.type, 0)


def platform_devices(kind: str) -> list[Any]:
    """JAX's devices behind one of PyTorch's device types; empty when there are none."""
    if kind == "cuda":
        kind = os.environ.get("COMPAT_CUDA_MEANS", "gpu")
    names = {"xla": ("tpu", "gpu")}.get(kind, (kind,))
    for name in names:
        try:
            return jax.devices(name)
        except RuntimeError:
            continue
    return []


@functools.cache
def jax_device(where: device) -> Any:
    """The JAX device; RuntimeError, in PyTorch's words, when this machine has none."""
    found = platform_devices(where.type)
    if where.type == "cuda" and not found:
        raise RuntimeError(
            "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and "
            "installed a driver from http://www.nvidia.com/Download/index.aspx"
        )
    if (where.index or 0) >= len(found):
        raise RuntimeError(f"{where.type} error: invalid device ordinal")
    return found[where.index or 0]
