"""Checkpoints compute again: the same gradients, the same errors, less memory."""

import jax
import pytest

import compat
from compat.core.device import jax_device
from compat.engine import program
from compat.engine.recorder import _live, local
from tests.support.both import both


@both
def test_gradients_draws_and_counts(torch, note):
    from importlib import import_module

    checkpoint = import_module(f"{torch.__name__}.utils.checkpoint")
    for reentrant in (True, False):
        calls = []

        def block(x, scale=1.0, calls=calls):
            calls.append(0)
            return torch.nn.functional.dropout((x * scale).tanh(), 0.5).exp() * x

        x = torch.linspace(-1, 1, 6).requires_grad_()
        torch.manual_seed(3)
        y = checkpoint.checkpoint(block, x * 1.0, use_reentrant=reentrant)
        torch.manual_seed(3)
        z = block(x * 1.0)
        note(lambda y=y, z=z: torch.equal(y, z))
        y.sum().backward()
        mine, x.grad = x.grad, None
        z.sum().backward()
        note(lambda mine=mine, x=x: torch.equal(mine, x.grad))
        note(lambda calls=calls: len(calls))
        chain = torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Sigmoid(), torch.nn.ELU())
        w = torch.ones(3, requires_grad=True)
        checkpoint.checkpoint_sequential(chain, 2, w, use_reentrant=reentrant).sum().backward()
        note(lambda w=w: w.grad)
    nested = checkpoint.checkpoint(
        lambda x: checkpoint.checkpoint(torch.exp, x.sin(), use_reentrant=False) * x,
        x, use_reentrant=False,
    )  # fmt: skip
    note(lambda: torch.autograd.grad(nested.sum(), x))
    y = checkpoint.checkpoint(torch.sin, x, use_reentrant=True)
    note(lambda: torch.autograd.grad(y.sum(), x))
    note(lambda: checkpoint.checkpoint(torch.sin, x, use_reentrant=True, foo=1))
    note(lambda: checkpoint.checkpoint(torch.sin, x, use_reentrant=False, determinism_check="a"))


@pytest.mark.parametrize("early_stop", [True, False])
def test_another_recomputation_is_refused(early_stop):
    checkpoint = compat.utils.checkpoint
    count = [0]

    def changing(x):
        count[0] += 1
        return (x * x).exp() if count[0] == 1 else x[:1].exp()

    x = compat.ones(3, requires_grad=True)
    with checkpoint.set_checkpoint_early_stop(early_stop):
        y = checkpoint.checkpoint(changing, x, use_reentrant=False)
    with pytest.raises(checkpoint.CheckpointError, match="different number of tensors"):
        y.sum().backward()


def _memory(blocks, reentrant):
    """Temporary memory of a recorded training step."""
    local.recorder.flush()
    h = compat.ones(4096, 16).requires_grad_()
    for block in blocks:
        if reentrant is None:
            h = block(h)
        else:
            h = compat.utils.checkpoint.checkpoint(block, h, use_reentrant=reentrant)
    h.sum().backward()
    section = local.section
    known = program.Known(section.wiring)
    made = program.Program(tuple(_live(section.values)), frozenset())
    given = [
        jax.ShapeDtypeStruct(one.shape, one.dtype) for one in program.arguments(section, known)
    ]
    packs = bool(section.floats), bool(section.ints)
    program.build(known, made, given, packs, jax_device(section.device))
    for block in blocks:
        block.zero_grad()
    return made.executable.memory_analysis().temp_size_in_bytes


def test_memory_falls_in_the_recorded_program():
    nn = compat.nn
    blocks = [
        nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Tanh())
        for _ in range(8)
    ]
    plain = _memory(blocks, None)
    assert _memory(blocks, False) < 0.6 * plain
    assert _memory(blocks, True) < 0.6 * plain
