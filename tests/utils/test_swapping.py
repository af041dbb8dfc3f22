"""Tensors that change places, beside PyTorch's."""

import weakref

from tests.support.both import both


@both
def test_everything_changes_places(torch, note):
    a = torch.nn.Parameter(torch.ones(2))
    b = torch.zeros(3, dtype=torch.float64)
    a.mark, a.grad = 1, torch.ones(2)
    torch.utils.swap_tensors(a, b)
    note(lambda: (a, type(a).__name__, a.__dict__, a.grad))
    note(lambda: (b.detach(), type(b).__name__, b.__dict__, b.grad))
    (b * 3).sum().backward()
    note(lambda: b.grad)
    layer = torch.nn.Linear(2, 1)
    layer.weight.data.fill_(2)
    torch.utils.swap_tensors(layer.weight, torch.nn.Parameter(torch.ones(1, 2)))
    note(lambda: layer.weight.detach())


@both
def test_weak_references_are_in_the_way(torch, note):
    a, b = torch.ones(1), torch.zeros(1)
    watched = weakref.ref(b)
    note(lambda: torch.utils.swap_tensors(a, b))
    note(lambda: (a, b, watched() is b))
