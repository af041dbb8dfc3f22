"""Batches between processes: the tensors in anonymous shared memory, the rest pickled.

The memory has no name (memfd), so nothing is left behind whoever dies; it goes as a descriptor
along the pipe. Where the system has none, and for small tensors, the bytes go through the pipe.
A worker copies its samples straight into that memory, and the parent once from it: it keeps no
descriptor, of which there are too few for all the batches that a program may hold.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
from collections.abc import Sequence
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

import compat as torch
from compat.engine.memory import room
from compat.front.base import elements
from compat.front.create import from_host

INLINE = 1 << 15  # bytes up to which a pipe is faster than mapping memory
_HAS_MEMORY = hasattr(os, "memfd_create")
in_worker = False  # whether batches that are made here will be sent


class _Memory(mmap.mmap):
    """A mapping that knows the descriptor of its memory, and closes it in the end."""

    descriptor: int

    def __del__(self) -> None:
        os.close(self.descriptor)


def _filled(parts: Sequence[Any], size: int) -> _Memory:
    """New shared memory with these parts one behind the other. Writing it is faster than storing
    to it, which would have each page cleared first."""
    descriptor = os.memfd_create("batch")
    try:
        with open(descriptor, "wb", buffering=0, closefd=False) as file:
            for part in parts:
                left = memoryview(part).cast("B")
                while left:
                    left = left[file.write(left) :]
            file.seek(0)  # for the reader, who shares the position
        made = _Memory(descriptor, size)
    except BaseException:
        os.close(descriptor)
        raise
    made.descriptor = descriptor
    return made


def stacked(arrays: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """Arrays of one shape and type as one; in a worker, a large one is in shared memory."""
    first = arrays[0]
    size = len(arrays) * first.nbytes
    if not _HAS_MEMORY or size <= INLINE or not in_worker:
        return np.stack(arrays)
    memory = _filled([np.ascontiguousarray(one).view(np.uint8) for one in arrays], size)
    return np.frombuffer(memory, first.dtype).reshape(len(arrays), *first.shape)


def _memory_of(part: memoryview) -> _Memory:
    """Shared memory with these bytes: where they are already, or new."""
    owner = part.obj
    while isinstance(owner, np.ndarray | memoryview):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    if isinstance(owner, _Memory) and len(owner) == part.nbytes:
        return owner
    return _filled([part], part.nbytes)


class _Pickler(pickle.Pickler):
    """Takes plain tensors apart into an array and a word on it."""

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is not torch.Tensor or obj.layout is not torch.strided:
            return NotImplemented
        if obj.device.type != "cpu" or obj.grad_fn is not None:
            return NotImplemented
        array = np.ascontiguousarray(elements(obj)).reshape(-1).view(np.uint8)
        return _tensor, (array, obj.dtype, obj.requires_grad, tuple(obj.shape))


def _tensor(array: Any, dtype: torch.dtype, needs_grad: bool, shape: tuple[int, ...]) -> Any:
    made = from_host(array.view(dtype.numpy).reshape(shape), dtype, torch.device("cpu"))
    return made.requires_grad_() if needs_grad else made


def send(pipe: Connection, what: Any) -> None:
    """Sends an object with tensors in any nesting."""
    kept: list[pickle.PickleBuffer] = []
    text = io.BytesIO()
    _Pickler(text, protocol=5, buffer_callback=kept.append).dump(what)
    parts: list[bytes | int] = []  # the bytes, or how many there are in a memory
    memories = []
    for one in kept:
        part = one.raw()
        if not _HAS_MEMORY or part.nbytes <= INLINE:
            parts.append(bytes(part))
        else:
            memories.append(_memory_of(part))
            parts.append(part.nbytes)
    pipe.send((text.getvalue(), parts))
    for memory in memories:
        reduction.send_handle(pipe, memory.descriptor, None)


def receive(pipe: Connection) -> Any:
    """The next object; EOFError when the other side is gone."""
    text, parts = pipe.recv()
    buffers: list[Any] = []
    for part in parts:
        if isinstance(part, bytes):
            buffers.append(bytearray(part))
            continue
        space = room(part)
        with open(reduction.recv_handle(pipe), "rb", buffering=0) as file:
            left = memoryview(space)
            while left:
                left = left[file.readinto(left) :]
        buffers.append(space)
    return pickle.loads(text, buffers=buffers)
