"""Forked processes: the child runs on the host alone, since XLA's threads stay with the parent.

A child that touched the parent's XLA client would wait for threads that are not there. So before
a fork everything launched is awaited and no compilation is under way; in the child the client is
kept, so that arrays stay readable, but can no longer be found, and every entry runs by NumPy.
A process that is forked before JAX has started anything is a process like any other.
"""

from __future__ import annotations

import os
from typing import Any

import jax
from jax._src import xla_bridge

from compat.engine import cache, single
from compat.engine.recorder import local

_kept: list[Any] = []  # clients whose destruction would wait for their threads


def _before() -> None:
    local.recorder.flush()  # what is recorded here is not for the child to run
    cache.compiler.hold()
    if xla_bridge.backends_are_initialized():
        for array in jax.live_arrays():
            if not array.is_deleted():
                array.block_until_ready()


def _in_parent() -> None:
    cache.compiler.go_on()


def _in_child() -> None:
    cache.compiler = cache.Compiler()
    if xla_bridge.backends_are_initialized() and not single.host_only:
        _kept.extend(device.client for device in jax.devices())
        _kept.append(dict(xla_bridge._backends))
        xla_bridge._clear_backends()
        for function in (xla_bridge.get_backend, xla_bridge.local_devices):
            if hasattr(function, "cache_clear"):
                function.cache_clear()
        jax.config.update("jax_platforms", "none_in_a_forked_process")
        single.host_only = True


def watch_forks() -> None:
    """Prepares every later fork of this process."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_before, after_in_parent=_in_parent, after_in_child=_in_child
        )
