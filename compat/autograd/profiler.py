"""torch.autograd.profiler: the profiler under its older names."""

from __future__ import annotations

from typing import Any

import compat as torch

record_function = torch.profiler.record_function


class profile(torch.profiler.profile):
    """Notes what runs in the block; `enabled=False` notes nothing."""

    def __init__(self, enabled: bool = True, **settings: Any) -> None:
        known = ("record_shapes", "with_flops", "profile_memory", "with_stack", "with_modules")
        super().__init__(**{name: settings[name] for name in known if name in settings})
        self.enabled = enabled

    def start(self) -> None:
        """Begins, if enabled."""
        if self.enabled:
            super().start()

    @property
    def function_events(self) -> Any:
        """All that was noted."""
        return self.events()

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all together."""
        return self.events().self_cpu_time_total

    def table(self, *args: Any, **kwargs: Any) -> str:
        """A table of all that was noted."""
        return self.events().table(*args, **kwargs)

    def total_average(self) -> Any:
        """All that was noted as one."""
        return self.events().total_average()

    def __str__(self) -> str:
        return self.table() if self.enabled else "<unfinished torch.autograd.profile>"


class emit_nvtx:
    """Not there: ranges for NVIDIA's own profiler."""

    def __init__(self, enabled: bool = True, record_shapes: bool = False) -> None:
        if enabled:
            raise NotImplementedError("compat does not have autograd.profiler.emit_nvtx")

    def __enter__(self) -> emit_nvtx:
        return self

    def __exit__(self, *exc: object) -> None:
        return None
