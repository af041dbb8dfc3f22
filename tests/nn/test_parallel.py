"""Parallel modules in a world of one process."""

from __future__ import annotations

import pytest

import compat as torch
from compat import nn


def test_a_world_of_one() -> None:
    torch.manual_seed(0)
    module = nn.Linear(2, 1)
    with pytest.raises(ValueError, match="process group has not been initialized"):
        nn.parallel.DistributedDataParallel(module)
    torch.distributed.init_process_group("gloo", rank=0, world_size=1)
    try:
        wrapped = nn.parallel.DistributedDataParallel(module)
        with pytest.raises(RuntimeError, match="not needed"):
            nn.parallel.DistributedDataParallel(nn.ReLU())
    finally:
        torch.distributed.destroy_process_group()
    with wrapped.no_sync(), wrapped.join():
        wrapped(torch.ones(3, 2)).sum().backward()
    assert list(wrapped.state_dict()) == ["module.weight", "module.bias"]
    assert wrapped.require_backward_grad_sync and module.weight.grad.tolist() == [[3.0, 3.0]]
