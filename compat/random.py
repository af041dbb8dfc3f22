"""torch.random: the state of the default stream."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from compat.front.sampling import _default as default_generator
from compat.front.sampling import get_rng_state as get_rng_state
from compat.front.sampling import manual_seed as manual_seed
from compat.front.sampling import set_rng_state as set_rng_state


def seed() -> int:
    """Restarts the default stream from a seed that nobody can foresee, and gives the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default stream."""
    return default_generator.initial_seed()


@contextlib.contextmanager
def fork_rng(
    devices: Any = None, enabled: bool = True, device_type: str = "cuda"
) -> Iterator[None]:
    """Puts the default stream back at the end of the block."""
    state = default_generator.get_state()
    try:
        yield
    finally:
        if enabled:
            default_generator.set_state(state)
