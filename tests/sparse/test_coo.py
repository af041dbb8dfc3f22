"""COO tensors beside PyTorch's: making them, their parts, arithmetic, products, shapes."""

import copy
import pickle

import pytest

from tests.support.both import both


class Given:
    """Tensors that the cases start from: coalesced, not coalesced, with rows for entries."""

    def __init__(self, torch):
        i, u = torch.tensor([[0, 1, 1], [2, 0, 2]]), torch.tensor([[1, 0, 1], [0, 2, 0]])
        v = torch.tensor([3.0, 4.0, 5.0])
        self.a = torch.sparse_coo_tensor(i, v, (2, 3)).coalesce()
        self.u = torch.sparse_coo_tensor(u, v, (2, 3))
        self.b = torch.sparse_coo_tensor(
            torch.tensor([[0, 1], [0, 2]]), torch.tensor([1.0, 2.0]), (2, 3)
        ).coalesce()
        self.h = torch.sparse_coo_tensor(i, torch.arange(6.0).reshape(3, 2), (2, 3, 2))
        self.d = torch.arange(6.0).reshape(2, 3)
        self.big = torch.sparse_coo_tensor(
            torch.stack([torch.arange(1200), torch.arange(1200) % 7]),
            torch.arange(1200) / 7.0, (1300, 7),
        )  # fmt: skip


def make(torch, *args, **settings):
    return torch.sparse_coo_tensor(*args, **settings)


MADE = {
    "whole": lambda t, g: make(t, [[0, 1]], [1, 2]),
    "infers": lambda t, g: make(t, [[0, 4], [1, 0]], [1.0, 2.0]),
    "size": lambda t, g: make(t, (2, 3)),
    "size by name": lambda t, g: make(t, size=(2, 3)),
    "rows": lambda t, g: make(t, t.empty(2, 0), t.empty(0, 2), (2, 3, 2)),
    "double": lambda t, g: make(t, t.tensor([[0, 1]]), t.tensor([1.0, 2.0]), (3,),
                                dtype=t.float64),
    "grad": lambda t, g: make(t, [[0, 1]], [1.0, 2.0], (3,), requires_grad=True),
    "empty": lambda t, g: make(t, [[]], [], (0,)),
    "floats for indices": lambda t, g: make(t, t.tensor([[0.0, 1.0]]), t.tensor([1.0, 2.0]), (3,)),
    "out of range, unchecked": lambda t, g: make(t, [[0, 5]], [1.0, 2.0], (3,)),
    "out of range": lambda t, g: make(t, [[0, 5]], [1.0, 2.0], (3,), check_invariants=True),
    "negative": lambda t, g: make(t, [[0, -1]], [1.0, 2.0]),
    "too many values": lambda t, g: make(t, [[0, 1]], [1.0, 2.0, 3.0], (3,)),
    "rank": lambda t, g: make(t, [[0, 1]], [1.0, 2.0], (3, 3)),
    "rank 1": lambda t, g: make(t, [0, 1], [1.0, 2.0], (3,)),
    "entry": lambda t, g: make(t, [[0, 1]], [[1.0, 2.0], [1, 1]], (3, 3)),
    "scalar": lambda t, g: make(t, [[0, 1]], 5.0, (3,)),
    "legacy": lambda t, g: t.sparse.FloatTensor(t.tensor([[0, 1]]), t.tensor([1.0, 2.0]),
                                                t.Size([3])),
    "legacy infers": lambda t, g: t.sparse.FloatTensor(t.tensor([[0, 1]]), t.tensor([1.0, 2.0])),
    "legacy size": lambda t, g: t.sparse.DoubleTensor(2, 3),
    "legacy nothing": lambda t, g: t.sparse.FloatTensor(),
    "zeros": lambda t, g: t.zeros(2, 3, layout=t.sparse_coo),
    "ones": lambda t, g: t.ones(2, 3, layout=t.sparse_coo),
    "like": lambda t, g: (t.zeros_like(g.u), t.empty_like(g.h), g.u.new_zeros(2, 2)),
    "like dense": lambda t, g: t.zeros_like(g.d, layout=t.sparse_coo),
    "to_sparse": lambda t, g: (g.d.to_sparse(), g.d.to_sparse(1), t.tensor(3.0).to_sparse()),
    "to_sparse bool": lambda t, g: t.eye(2).bool().to_sparse(),
    "to_sparse wrong": lambda t, g: g.d.to_sparse(3),
    "to_sparse again": lambda t, g: (g.a.to_sparse(), g.a.to_sparse(layout=t.sparse_coo)),
    "to_sparse fewer": lambda t, g: g.a.to_sparse(1),
    "spdiags": lambda t, g: t.sparse.spdiags(
        t.arange(9.0).reshape(3, 3), t.tensor([0, 1, -1]), (3, 3)),
    "repr": lambda t, g: (g.a, g.u, g.h, g.big, g.u.half(), g.u.int()),
}  # fmt: skip

FACTS = {
    "type": lambda t, g: (g.a.type(), isinstance(g.a, t.sparse.FloatTensor),
                          isinstance(g.a, t.FloatTensor), isinstance(g.a, t.Tensor)),
    "sizes": lambda t, g: (g.h.shape, g.h.dim(), g.h.sparse_dim(), g.h.dense_dim(), g.h._nnz(),
                           g.h.numel(), len(g.h), g.h.size(1), g.h.is_coalesced()),
    "layout": lambda t, g: (g.a.layout, g.a.is_sparse, g.a.dtype, g.a.device, g.a.is_leaf),
    "indices": lambda t, g: (g.a.indices(), g.a.values(), g.u._indices(), g.u._values()),
    "indices early": lambda t, g: g.u.indices(),
    "values early": lambda t, g: g.u.values(),
    "coalesce": lambda t, g: (g.u.coalesce(), g.a.coalesce() is g.a),
    "of dense": lambda t, g: (g.d.to_dense(), g.d.sparse_dim(), g.d.dense_dim()),
    "coalesce dense": lambda t, g: g.d.coalesce(),
    "indices dense": lambda t, g: g.d.indices(),
    "values dense": lambda t, g: g.d.values(),
    "numpy": lambda t, g: g.a.numpy(),
    "item": lambda t, g: g.a.item(),
    "bool": lambda t, g: bool(g.a),
    "reshape": lambda t, g: g.a.reshape(6),
    "expand": lambda t, g: g.a.expand(2, 2, 3),
    "contiguous": lambda t, g: (g.a.is_contiguous(), g.a.stride(), g.a.contiguous()),
    "types": lambda t, g: (g.u.double(), g.u.int(), g.u.float() is g.u, g.u.cpu() is g.u,
                           g.u.to(t.float64), g.u.type("torch.sparse.DoubleTensor"),
                           g.u.type_as(g.a.double()), g.u.bool()),
    "copies": lambda t, g: (g.u.clone(), g.u.detach(), copy.copy(g.u), copy.deepcopy(g.u),
                            pickle.loads(pickle.dumps(g.u))),
    "dense": lambda t, g: (g.a.to_dense(), g.u.to_dense(), g.h.to_dense()),
    "dense in another type": lambda t, g: g.u.to_dense(dtype=t.float64),
    "mask": lambda t, g: (g.d.sparse_mask(g.a), g.d.sparse_mask(g.u), g.a.sparse_mask(g.b)),
}  # fmt: skip

ARITHMETIC = {
    "add": lambda t, g: (g.a + g.b, g.u + g.u, g.h + g.h, g.a.add(g.b, alpha=2), g.a - g.b),
    "add to dense": lambda t, g: (g.d + g.a, g.d + g.u, t.add(g.d, g.a, alpha=2), g.d - g.a),
    "dense to it": lambda t, g: g.a + g.d,
    "number to it": lambda t, g: g.a + 1,
    "it to number": lambda t, g: 1 + g.a,
    "add sizes": lambda t, g: g.a + g.a.t(),
    "mul": lambda t, g: (g.a * 2, 2 * g.u, g.a * t.tensor(2.0), g.a * g.b, g.u * g.b, g.a * g.u,
                         g.h * g.h),
    "mul dense": lambda t, g: (g.a * g.d, g.d * g.a, g.u * g.d, g.a * t.tensor([1.0, 2.0, 3.0])),
    "div": lambda t, g: (g.a / 2, g.u / 2, g.a // 2, g.a / t.tensor(2.0)),
    "div by dense": lambda t, g: g.a / g.d,
    "div by sparse": lambda t, g: g.a / g.b,
    "div dense by it": lambda t, g: g.d / g.a,
    "pointwise": lambda t, g: [getattr(t, name)(g.u) for name in (
        "abs", "neg", "sqrt", "sin", "tan", "sinh", "tanh", "asinh", "atan", "ceil", "floor",
        "trunc", "round", "sign", "sgn", "isnan", "isinf", "expm1", "log1p", "deg2rad", "erf",
        "relu", "square", "signbit")],
    "pow": lambda t, g: (g.u.pow(2), g.u**2, g.a.float_power(2), -g.u),
    "in place": lambda t, g: (g.a.clone().mul_(2), g.a.clone().add_(g.b), g.a.clone().sub_(g.b),
                              g.a.clone().div_(2), g.d.clone().add_(g.u), g.a.clone().t_(),
                              g.a.clone().zero_(), g.a.clone().copy_(g.b), g.a.clone().abs_()),
    "in place, not coalesced": lambda t, g: g.u.clone().abs_(),
    "resize": lambda t, g: (g.a.clone().sparse_resize_((3, 3), 2, 0),
                            g.a.clone().sparse_resize_and_clear_((3, 3), 2, 0)),
    "copy to dense": lambda t, g: g.d.clone().copy_(g.a),
    "copy from dense": lambda t, g: g.a.clone().copy_(g.d),
    "sum": lambda t, g: (g.u.sum(), g.a.sum(0), g.h.sum(0), t.sparse.sum(g.u),
                         t.sparse.sum(g.u, 0), t.sparse.sum(g.u, (0, 1)), t.sparse.sum(g.h, 2),
                         t.sparse.sum(g.h, (0, 1)), t.sparse.sum(g.h, [0, 2]),
                         t.sparse.sum(g.a, 0, dtype=t.float64)),
    "softmax": lambda t, g: (t.sparse.softmax(g.a, 0), t.sparse.softmax(g.u, 1),
                             t.sparse.log_softmax(g.a, 1), t.sparse.softmax(g.h, 2),
                             t.sparse.softmax(g.h, 0)),
    "norm": lambda t, g: (g.u.norm(), g.u.norm(1), t.norm(g.a)),
    "norm of rows": lambda t, g: g.a.norm(2, 0),
    "any": lambda t, g: g.u.any(),
}  # fmt: skip

PRODUCTS = {
    "mm": lambda t, g: (g.u @ g.d.t(), t.mm(g.a, g.d.t()), t.spmm(g.u, g.d.t()), g.a.mm(g.d.t()),
                        t.sparse.mm(g.u, g.d.t()), t.matmul(g.u, g.d[0]), t.mv(g.u, g.d[0])),
    "dense first": lambda t, g: (g.d @ g.a.t(), t.mm(g.d, g.a.t()), t.sparse.mm(g.d, g.d.t())),
    "two sparse": lambda t, g: (g.u @ g.a.t(), t.sparse.mm(g.u, g.a.t()), t.mm(g.u, g.a.t())),
    "sizes": lambda t, g: t.mm(g.a, g.d),
    "types": lambda t, g: t.mm(g.a, g.d.t().double()),
    "addmm": lambda t, g: (t.addmm(t.ones(2, 2), g.u, g.d.t(), beta=2, alpha=3),
                           t.sparse.addmm(t.ones(2, 2), g.u, g.d.t(), beta=2, alpha=3)),
    "smm": lambda t, g: (t.smm(g.u, g.d.t()), t.hspmm(g.u, g.d.t()), g.u.smm(g.d.t())),
    "sspaddmm": lambda t, g: t.sspaddmm(t.eye(2).to_sparse(), g.u, g.d.t(), beta=2, alpha=3),
    "bmm": lambda t, g: t.bmm(t.stack([g.a, g.b]), t.ones(2, 3, 2)),
    "linear": lambda t, g: t.nn.functional.linear(t.ones(2, 3), g.u),
}  # fmt: skip

SHAPES = {
    "t": lambda t, g: (g.a.t(), g.u.t(), g.a.T, g.a.transpose(0, 1), g.h.transpose(0, 1),
                       g.a.permute(1, 0), g.h.permute(1, 0, 2), g.a.t().t()),
    "t mixed": lambda t, g: g.h.transpose(0, 2),
    "unsqueeze": lambda t, g: (g.a.unsqueeze(0), g.a.unsqueeze(-1), g.h.unsqueeze(2)),
    "select": lambda t, g: (g.a[0], g.a[0, 1], g.a[:, 1], g.u.select(0, 1), list(g.a),
                            g.a.unbind()),
    "index_select": lambda t, g: (g.a.index_select(0, t.tensor([1])),
                                  g.u.index_select(1, t.tensor([2, 0]))),
    "cat": lambda t, g: (t.cat([g.a, g.b]), t.cat([g.u, g.b], 1), t.stack([g.a, g.b]),
                         t.cat([g.h, g.h], 2)),
    "cat dense": lambda t, g: t.cat([g.u, g.d], 1),
}  # fmt: skip


@pytest.mark.parametrize("cases", [MADE, FACTS, ARITHMETIC, PRODUCTS, SHAPES],
                         ids=["made", "facts", "arithmetic", "products", "shapes"])  # fmt: skip
@both
def test_agrees(torch, note, cases):
    for case in cases.values():
        note(lambda case=case: case(torch, Given(torch)))


@pytest.mark.parametrize(
    "refused",
    [
        lambda g: g.a.view(6), lambda g: g.a.exp(), lambda g: g.a > 0, lambda g: g.a == g.a,
        lambda g: g.a.mean(), lambda g: g.a.squeeze(), lambda g: g.a[0:1], lambda g: g.a.max(),
        lambda g: g.a.equal(g.a), lambda g: g.a.nonzero(), lambda g: g.a.split(1),
        lambda g: g.a.storage(), lambda g: g.d._nnz(), lambda g: g.a.resize_(3, 3),
        lambda g: g.a**g.b, lambda g: g.a.softmax(1),
    ],
)  # fmt: skip
def test_what_is_not_there_says_so(refused):
    """PyTorch names every backend there is; the type of the error is what programs see."""
    import compat

    with pytest.raises(NotImplementedError):
        refused(Given(compat))


def test_nothing_is_densified_by_accident():
    import compat as torch

    a = Given(torch).a
    for act in (torch.reshape, torch.flatten):
        with pytest.raises((NotImplementedError, RuntimeError)):
            act(a, 0)
    with pytest.raises(TypeError):
        a.__array__()


def test_old_names():
    import compat as torch

    g = Given(torch)
    whole = g.a.to_dense()
    assert g.a.toDense().equal(whole)
    assert g.a.spadd(g.d, 2).equal(g.d + 2 * whole)
    assert g.a.spmm(g.d.t()).equal(whole @ g.d.t())
    assert g.a.sspmm(g.d.t()).to_dense().equal(whole @ g.d.t())
    assert torch.dsmm(g.a, g.d.t()).equal(whole @ g.d.t())
    assert torch.sparse.FloatTensor.coalesce(g.u).is_coalesced()


def test_uncoalesced_sums_hold_the_same_elements():
    """PyTorch merges what it can while it walks both; here one stands behind the other."""
    import compat as torch

    g = Given(torch)
    made = g.u + g.b
    assert not made.is_coalesced()
    assert made.to_dense().equal(g.u.to_dense() + g.b.to_dense())
