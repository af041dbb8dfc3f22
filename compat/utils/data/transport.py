"""Batches between processes: the tensors in anonymous shared memory, the rest pickled.

The memory has no name (memfd), so nothing is left behind whoever dies; it goes as a descriptor
along the pipe. Where the system has none, and for small batches, the bytes go through the pipe.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

import compat as torch

INLINE = 1 << 15  # bytes up to which a pipe is faster than mapping memory
_HAS_MEMORY = hasattr(os, "memfd_create")


class _Pickler(pickle.Pickler):
    """Takes plain tensors apart into an array and a word on it."""

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is not torch.Tensor or obj.layout is not torch.strided:
            return NotImplemented
        if obj.device.type != "cpu" or obj.grad_fn is not None:
            return NotImplemented
        bits = obj.detach()
        if obj.dtype is torch.bfloat16:
            bits = bits.view(torch.int16)
        array = np.ascontiguousarray(bits.numpy())
        return _tensor, (array, obj.dtype is torch.bfloat16, obj.requires_grad, tuple(obj.shape))


def _tensor(array: Any, is_bfloat16: bool, needs_grad: bool, shape: tuple[int, ...]) -> Any:
    made = torch.tensor(array.reshape(shape))  # a copy: the memory is given back at once
    if is_bfloat16:
        made = made.view(torch.bfloat16)
    return made.requires_grad_() if needs_grad else made


def send(pipe: Connection, what: Any) -> None:
    """Sends an object with tensors in any nesting."""
    kept: list[pickle.PickleBuffer] = []
    text = io.BytesIO()
    _Pickler(text, protocol=5, buffer_callback=kept.append).dump(what)
    parts = [one.raw() for one in kept]
    sizes = [part.nbytes for part in parts]
    if not _HAS_MEMORY or sum(sizes) <= INLINE:
        pipe.send((text.getvalue(), [bytes(part) for part in parts], None))
        return
    memory = os.memfd_create("batch")
    try:
        with os.fdopen(os.dup(memory), "wb") as file:
            for part in parts:
                file.write(part)
        pipe.send((text.getvalue(), None, sizes))
        reduction.send_handle(pipe, memory, None)
    finally:
        os.close(memory)


def receive(pipe: Connection) -> Any:
    """The next object; EOFError when the other side is gone."""
    text, parts, sizes = pipe.recv()
    if sizes is not None:
        memory = reduction.recv_handle(pipe)
        try:
            whole = memoryview(mmap.mmap(memory, sum(sizes), access=mmap.ACCESS_COPY))
        finally:
            os.close(memory)
        parts, begin = [], 0
        for size in sizes:
            parts.append(whole[begin : begin + size])
            begin += size
    else:
        parts = [bytearray(part) for part in parts]
    return pickle.loads(text, buffers=parts)
