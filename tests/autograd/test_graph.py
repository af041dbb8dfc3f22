"""Hooks on saved tensors and on gradients; edges of the graph."""

import weakref

import pytest

import compat
from tests.support.both import both


@both
def test_saved_tensors_go_through_hooks(torch, note):
    graph = torch.autograd.graph
    x = torch.ones(3, requires_grad=True)

    def doubled(pack, unpack):
        with graph.saved_tensors_hooks(pack, unpack):
            y = (x.exp() * 3).sin()
        return torch.autograd.grad(y.sum(), x)

    note(lambda: doubled(lambda t: t.numpy(force=True), torch.from_numpy))
    note(lambda: doubled(lambda t: t, lambda t: 2 * t))
    note(lambda: doubled(lambda t: t, lambda t: 3))

    def refused():
        with graph.disable_saved_tensors_hooks("not now"):
            return doubled(lambda t: t, lambda t: t)

    note(refused)
    with graph.save_on_cpu():
        y = x.exp()
    note(lambda: torch.autograd.grad(y.sum(), x, retain_graph=True))
    note(lambda: torch.autograd.grad(y.sum(), x))
    note(lambda: torch.autograd.grad(y.sum(), x))


@both
def test_function_saves_through_hooks(torch, note):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 3 * x**2 * grad

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t + 1, lambda t: t * 2):
        y = Cube.apply(x)
    note(lambda: torch.autograd.grad(y.sum(), x, create_graph=True)[0].detach())
    y.sum().backward()
    note(lambda: x.grad)
    note(lambda: y.sum().backward())


@both
def test_hooks_on_several_gradients(torch, note):
    a, b, c = (torch.ones(2, requires_grad=True) for _ in range(3))
    for mode in ("all", "any"):
        seen = []
        handle = torch.autograd.graph.register_multi_grad_hook((a, b, c), seen.append, mode=mode)
        (a * 2 + b * 3).sum().backward()
        note(lambda seen=seen: seen)
        (a * b * c).sum().backward()
        note(lambda seen=seen: len(seen))
        handle.remove()
        (a * 2).sum().backward()
        note(lambda seen=seen: len(seen))


@both
def test_edges(torch, note):
    graph = torch.autograd.graph
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    note(lambda: torch.autograd.grad((y * y).sum(), graph.get_gradient_edge(y)))
    note(lambda: torch.autograd.grad(graph.get_gradient_edge(y), x, torch.ones(3)))
    note(lambda: graph.get_gradient_edge(torch.ones(2)))
    note(lambda: isinstance(y.grad_fn, graph.Node))
    graph.increment_version([y])
    note(lambda: y._version)
    with graph.allow_mutation_on_saved_tensors():
        w = x * 2
        v = w * w
        w.mul_(3)
        note(lambda: torch.autograd.grad(v.sum(), x))


def test_nothing_watches_afterwards():
    from compat.front import call

    with compat.autograd.graph.save_on_cpu(), compat.autograd.detect_anomaly():
        assert call.watchers
    assert not call.watchers


@both
def test_batched_gradients(torch, note):
    x = torch.arange(3.0, requires_grad=True)
    note(lambda: torch.autograd.grad(x**2, x, torch.eye(3), is_grads_batched=True))


def test_what_a_node_saves_can_be_read() -> None:
    x = compat.randn(5, requires_grad=True)
    y = compat.randn(5, requires_grad=True)
    z = x * y
    assert z.grad_fn._saved_self.equal(x) and z.grad_fn._saved_other.equal(y)
    assert z.grad_fn._saved_other.requires_grad
    w = z.exp()
    assert w.grad_fn._saved_result.equal(w) and w.grad_fn._saved_result is not w
    with pytest.raises(AttributeError, match="_saved_other"):
        _ = w.grad_fn._saved_other
    w.sum().backward()
    with pytest.raises(RuntimeError, match="already been freed"):
        _ = w.grad_fn._saved_result


def test_a_graph_does_not_keep_the_base_of_a_view() -> None:
    """After backward the loss refers to nodes only: what forward computed can go."""
    x = compat.ones(4, 6, requires_grad=True)
    base = x * 2
    loss = (base.view(-1)[:3].exp() * base.t()[0, :3]).sum()
    loss.backward()
    seen = weakref.ref(base)
    del base
    assert loss.item() > 0  # what is recorded lives until it has run
    assert seen() is None
    assert x.grad is not None and loss.grad_fn is not None
