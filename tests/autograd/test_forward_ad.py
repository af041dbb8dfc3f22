"""Tangents beside PyTorch's."""

from tests.support.both import both


@both
def test_tangents(torch, note):
    forward = torch.autograd.forward_ad
    x, v = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 0.0, -1.0])
    note(lambda: forward.make_dual(x, v))
    with forward.dual_level():
        dual = forward.make_dual(x, v)
        other = forward.make_dual(x * 2, v * 3)
        note(lambda: forward.unpack_dual(dual))
        note(lambda: forward.unpack_dual(dual).tangent is v)
        note(lambda: forward.unpack_dual((dual * dual).sum()))
        note(lambda: forward.unpack_dual(dual.exp() * other))
        note(lambda: forward.unpack_dual(dual[1:].sin()))
        note(lambda: forward.unpack_dual(x))
        note(lambda: forward.make_dual(x, v[:1]))
        note(forward.enter_dual_level)
        w = torch.ones(3, requires_grad=True)
        made = forward.unpack_dual((forward.make_dual(w, v) ** 3).sum()).tangent
        note(lambda: torch.autograd.grad(made, w))
    note(lambda: forward.unpack_dual(dual).tangent)
