"""What libraries ask of PyTorch's compiled part, answered for a library that has none."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import compat as torch

Generator = torch.Generator
Size = torch.Size
_GLIBCXX_USE_CXX11_ABI = True


def _log_api_usage_once(name: str) -> None:
    """PyTorch's own statistics of use; nothing is sent or kept."""


def _get_tracing_state() -> None:
    """The graph being traced: there never is one."""
    return None


def _is_tracing() -> bool:
    """Whether a graph is being traced."""
    return False


class _functorch:
    """Questions about tensors inside of transformations."""

    @staticmethod
    def is_batchedtensor(tensor: Any) -> bool:
        """Whether it is the sample that stands for all in a mapped function."""
        return tensor._meta.device.depth > 0

    is_functorch_wrapped_tensor = is_batchedtensor


def _get_privateuse1_backend_name() -> str:
    """The name of a device type that a plug-in brings."""
    return "privateuseone"


class DisableTorchFunctionSubclass:
    """Switches `__torch_function__` off, which nothing here dispatches on."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


DisableTorchFunction = DisableTorchFunctionSubclass
JITException = torch.jit.Error


def _jit_set_profiling_executor(mode: Any) -> bool:
    """A switch of TorchScript's; gives its former value."""
    return False


_jit_set_profiling_mode = _jit_set_profiling_executor
_jit_override_can_fuse_on_cpu = _jit_set_profiling_executor
_jit_override_can_fuse_on_gpu = _jit_set_profiling_executor
_jit_set_texpr_fuser_enabled = _jit_set_profiling_executor
_jit_set_nvfuser_enabled = _jit_set_profiling_executor


def _jit_can_fuse_on_cpu() -> bool:
    """Whether TorchScript joins kernels on the CPU: XLA does."""
    return False


_jit_can_fuse_on_gpu = _jit_can_fuse_on_cpu
