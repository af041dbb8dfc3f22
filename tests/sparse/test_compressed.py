"""CSR tensors and their kin beside PyTorch's."""

import pickle

import pytest

from tests.support.both import both


class Given:
    """A matrix in several layouts, and strided ones to multiply it with."""

    def __init__(self, torch):
        self.e = torch.tensor([[0.0, 1, 0, 2], [0, 0, 3, 0], [4, 0, 0, 0]])
        self.d, self.m = torch.arange(12.0).reshape(3, 4), torch.arange(8.0).reshape(4, 2) / 4
        self.a, self.c = self.e.to_sparse_csr(), self.e.to_sparse_csc()
        self.coo = self.e.to_sparse()
        self.b = (torch.arange(12.0).reshape(3, 4) - 3).relu().to_sparse_csr()
        halves = torch.arange(16.0).reshape(4, 4) * torch.tensor([1.0, 1, 0, 0])
        self.blocks = halves.to_sparse_bsr((2, 2))


def csr(t, *parts, **settings):
    return t.sparse_csr_tensor(*parts, **settings)


MADE = {
    "parts": lambda t, g: (csr(t, [0, 2, 3], [0, 1, 1], [1.0, 2.0, 3.0]),
                           csr(t, [0, 2, 3], [0, 1, 1], [1.0, 2.0, 3.0], (2, 3)),
                           csr(t, [0, 2, 3], [0, 1, 1], [1.0, 2.0, 3.0], (2, 3), dtype=t.float64,
                               requires_grad=True)),
    "int32": lambda t, g: csr(t, t.tensor([0, 2, 3], dtype=t.int32),
                              t.tensor([0, 1, 1], dtype=t.int32), t.tensor([1, 2, 3]), (2, 3)),
    "others": lambda t, g: (t.sparse_csc_tensor([0, 2, 3], [0, 1, 1], [1.0, 2.0, 3.0]),
                            t.sparse_bsr_tensor([0, 1], [1], [[[1.0, 2.0], [3, 4]]]),
                            t.sparse_bsc_tensor([0, 1], [1], [[[1.0, 2.0], [3, 4]]])),
    "compressed": lambda t, g: t.sparse_compressed_tensor(
        [0, 2, 3], [0, 1, 1], [1.0, 2.0, 3.0], (2, 3), layout=t.sparse_csr),
    "column": lambda t, g: csr(t, [0, 2, 3], [0, 1, 7], [1.0, 2.0, 3.0], (2, 3),
                               check_invariants=True),
    "end": lambda t, g: csr(t, [0, 2, 4], [0, 1, 1], [1.0, 2.0, 3.0], (2, 3),
                            check_invariants=True),
    "begin": lambda t, g: csr(t, [1, 2, 3], [0, 1, 1], [1.0, 2.0, 3.0], (2, 3),
                              check_invariants=True),
    "count": lambda t, g: csr(t, [0, 2, 3], [0, 1], [1.0, 2.0, 3.0], (2, 3),
                              check_invariants=True),
    "order": lambda t, g: csr(t, [0, 2, 3], [1, 0, 1], [1.0, 2.0, 3.0], (2, 3),
                              check_invariants=True),
    "from dense": lambda t, g: (g.a, g.c, g.blocks, g.e.to_sparse_bsc((1, 2)),
                                t.ones(2, 2, 2).to_sparse_csr(dense_dim=1)),
    "blocks that do not fit": lambda t, g: g.e.to_sparse_bsr((2, 2)),
    "zeros": lambda t, g: (t.zeros(2, 3, layout=t.sparse_csr), t.zeros_like(g.a),
                           t.ones_like(g.a)),
    "facts": lambda t, g: (g.a.layout, g.a.is_sparse, g.a.is_sparse_csr, g.c.is_sparse_csr,
                           g.a._nnz(), g.a.sparse_dim(), g.a.dense_dim(), len(g.a), g.a.nbytes),
    "its parts": lambda t, g: (g.a.crow_indices(), g.a.col_indices(), g.a.values(),
                               g.c.ccol_indices(), g.c.row_indices(), g.blocks.values()),
    "others' parts": lambda t, g: g.a.ccol_indices(),
    "coalesce": lambda t, g: g.a.coalesce(),
    "to": lambda t, g: (g.a.to_dense(), g.c.to_dense(), g.blocks.to_dense(), g.a.to_sparse(),
                        g.a.to_sparse_csc(), g.c.to_sparse_csr(), g.a.to_sparse_bsr((1, 2)),
                        g.coo.to_sparse_csr(), g.coo.to_sparse_csc(), g.blocks.to_sparse(),
                        g.e.to_sparse(layout=t.sparse_csr)),
    "blocks to": lambda t, g: g.blocks.to_sparse_csr(),
    "copies": lambda t, g: (g.a.clone(), g.a.detach(), g.a.double(), g.a.float() is g.a,
                            pickle.loads(pickle.dumps(g.a)), g.a.clone().zero_(),
                            g.a.clone().mul_(2)),
    "mask": lambda t, g: (g.d.sparse_mask(g.a), g.d.sparse_mask(g.c)),
}  # fmt: skip

COMPUTED = {
    "mm": lambda t, g: (g.a @ g.m, t.mm(g.a, g.m), t.sparse.mm(g.a, g.m), g.c @ g.m,
                        t.mv(g.a, g.m[:, 0]), g.m.t() @ g.a.t(), g.d.t() @ g.a,
                        t.addmm(t.ones(3, 2), g.a, g.m, beta=2, alpha=3)),
    "two": lambda t, g: (g.a @ g.a.t(), t.sparse.mm(g.a, g.e.t().to_sparse_csr())),
    "types": lambda t, g: g.a @ g.m.double(),
    "sizes": lambda t, g: g.a @ g.d,
    "t": lambda t, g: (g.a.t(), g.c.t(), g.a.transpose(0, 1)),
    "arithmetic": lambda t, g: (g.a * 2, 2 * g.a, -g.a, g.a + g.a, g.a + g.b, g.a + g.d,
                                g.d + g.a, g.a * g.d, g.a * g.b, g.a * g.a),
    "number": lambda t, g: g.a + 1,
    "pointwise": lambda t, g: (g.a.abs(), g.a.sin(), g.a.sqrt(), g.a.relu(), g.a.isnan()),
    "sum": lambda t, g: (g.a.sum(), g.a.sum(1, keepdim=True)),
    "sum of rows": lambda t, g: g.a.sum(0),
    "select": lambda t, g: (g.a[0], g.a[0, 1], g.a.select(1, 0)),
    "sampled": lambda t, g: t.sparse.sampled_addmm(
        g.a, t.ones(3, 2), t.arange(8.0).reshape(2, 4), beta=2, alpha=3),
    "sampled sizes": lambda t, g: t.sparse.sampled_addmm(g.a, t.ones(3, 2), t.ones(2, 5)),
    "reduced": lambda t, g: [t.sparse.mm(g.a, g.m, how) for how in ("sum", "mean", "amax", "amin")],
    "reduced wrongly": lambda t, g: t.sparse.mm(g.a, g.m, "prod"),
    "linear": lambda t, g: t.nn.functional.linear(t.ones(2, 4), g.a),
}  # fmt: skip


@pytest.mark.parametrize("cases", [MADE, COMPUTED], ids=["made", "computed"])
@both
def test_agrees(torch, note, cases):
    for case in cases.values():
        note(lambda case=case: case(torch, Given(torch)))


@both
def test_gradients(torch, note):
    g = Given(torch)
    for function in (
        lambda s, m: s.to_dense(),
        lambda s, m: torch.sparse.mm(s, m),
        lambda s, m: torch.sparse.mm(s, m, "mean"),
        lambda s, m: torch.sparse.mm(s, m, "amax"),
        lambda s, m: torch.sparse.mm(s, m, "amin"),
        lambda s, m: (s * 2).values(),
        lambda s, m: s.values(),
        lambda s, m: torch.sparse.sampled_addmm(s, m[:3], m[:2, :].repeat(1, 2)).values(),
    ):
        s, m = g.e.to_sparse_csr().requires_grad_(), g.m.clone().requires_grad_()
        made = function(s, m)
        (made * torch.arange(1.0, made.numel() + 1).reshape(made.shape)).sum().backward()
        note(lambda s=s, m=m: (s.grad, m.grad))


def test_what_is_not_there_says_so():
    import compat as torch

    g = Given(torch)
    for refused in (
        lambda: g.a.exp(), lambda: g.a.view(12), lambda: g.a.norm(), lambda: g.a == g.a,
        lambda: torch.ones(2, 2, 2).to_sparse_csr(), lambda: torch.sparse.mm(g.coo, g.m, "mean"),
    ):  # fmt: skip
        with pytest.raises(NotImplementedError):
            refused()
