"""torch.cuda: what can be asked of GPUs, also where there is none."""

from __future__ import annotations

import importlib
import types
import warnings
from typing import Any

from compat import queues
from compat.core.device import device as _device
from compat.core.device import platform_devices
from compat.core.errors import OutOfMemoryError as OutOfMemoryError
from compat.engine.recorder import local
from compat.front.typed import CUDA as _CUDA_TYPES


def device_count() -> int:
    """How many GPUs there are."""
    return len(platform_devices("cuda"))


def is_available() -> bool:
    """Whether there is a GPU."""
    return device_count() > 0


def is_initialized() -> bool:
    """Whether a GPU is in use."""
    return is_available()


def current_device() -> int:
    """The index of the current GPU."""
    _need()
    return 0


def get_device_name(device: Any = None) -> str:
    """The name of a GPU."""
    _need()
    return str(_gpu(device).device_kind)


def synchronize(device: Any = None) -> None:
    """Runs what is pending and waits for it."""
    _need()
    local.recorder.flush()


def manual_seed(seed: int) -> None:
    """Nothing to seed apart: every draw comes from the one default stream."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing is kept that could be given back."""


def memory_reserved(device: Any = None) -> int:
    """Bytes that are held for tensors yet to come: XLA says of no more than of those in use."""
    return _told(device, "bytes_reserved") or memory_allocated(device)


def max_memory_reserved(device: Any = None) -> int:
    """The most bytes that were held; XLA says of no more than of those in use."""
    return _told(device, "peak_bytes_reserved") or max_memory_allocated(device)


def max_memory_cached(device: Any = None) -> int:
    """The older name of `max_memory_reserved`."""
    warnings.warn(
        "`torch.cuda.max_memory_cached` has been renamed to `torch.cuda.max_memory_reserved`",
        FutureWarning,
        stacklevel=2,
    )
    return max_memory_reserved(device)


def memory_cached(device: Any = None) -> int:
    """The old name of `memory_reserved`."""
    warnings.warn(
        "`torch.cuda.memory_cached` has been renamed to `torch.cuda.memory_reserved`",
        FutureWarning,
        stacklevel=2,
    )
    return memory_reserved(device)


def set_device(device: Any) -> None:
    """Chooses the GPU that tensors made on "cuda" go to: only the first one can be."""
    _need()
    if _index(device) > 0:
        raise NotImplementedError(f"torch.cuda.set_device({device!r})")


def get_device_properties(device: Any = None) -> Any:
    """Name and memory (bytes) of a GPU."""
    _need()
    found = _gpu(device)
    return types.SimpleNamespace(
        name=str(found.device_kind), total_memory=_told(device, "bytes_limit"),
        multi_processor_count=int(getattr(found, "core_count", 0)),
    )  # fmt: skip


def memory_allocated(device: Any = None) -> int:
    """Bytes in use by tensors; 0 without a GPU."""
    return _told(device, "bytes_in_use")


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes that were in use; 0 without a GPU."""
    return _told(device, "peak_bytes_in_use")


def reset_peak_memory_stats(device: Any = None) -> None:
    """Begins a new maximum: not possible, since XLA keeps one for the whole process."""
    _need()
    warnings.warn("compat cannot reset XLA's peak of memory in use", stacklevel=2)


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The generation of a GPU: (9, 0) for an H100."""
    _need()
    major, _, minor = str(_gpu(device).compute_capability).partition(".")
    return int(major), int(minor or 0)


class Event(queues.Event):
    """A mark in the work of a GPU: everything before it has run when it is passed."""

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False,
        external: bool = False,
    ) -> None:  # fmt: skip
        _need()
        super().__init__("cuda", enable_timing=enable_timing)


class Stream(queues.Stream):
    """A queue of a GPU's work."""

    def __init__(self, device: Any = None, priority: int = 0, **kwargs: Any) -> None:
        _need()
        super().__init__("cuda" if device is None else device)


class CUDAGraph:
    """A recorded series of launches: every program here is one, so none can be made by hand."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("torch.cuda.CUDAGraph")


class graph:
    """`with torch.cuda.graph(g): ...`: there is no graph to record into; see `CUDAGraph`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("torch.cuda.graph")


class stream:
    """Puts work of a `with` on a stream; None, as without a GPU, changes nothing."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...


StreamContext = stream


def current_stream(device: Any = None) -> Stream:
    """The queue in use."""
    return Stream(device)


default_stream = current_stream


def _need() -> None:
    if not is_available():
        raise AssertionError("Torch not compiled with CUDA enabled")


def _index(device: Any) -> int:
    return 0 if device is None else _device(device).index or 0


def _gpu(device: Any) -> Any:
    """JAX's device."""
    return platform_devices("cuda")[_index(device)]


def _told(device: Any, what: str) -> int:
    """A figure of a GPU's memory; 0 where it is not known or there is none."""
    return int((_gpu(device).memory_stats() or {}).get(what, 0)) if is_available() else 0


def __getattr__(name: str) -> Any:
    """Opens `torch.cuda.amp` at its first use; `torch.cuda.FloatTensor` and its kin."""
    if name == "amp":
        return importlib.import_module("compat.cuda.amp")
    if name in _CUDA_TYPES:
        return _CUDA_TYPES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
