"""Gradients through sparse tensors, and sparse gradients of tables, beside PyTorch's."""

import pytest

import compat
from tests.support.both import both

THROUGH = {
    "to_dense": lambda t, s, d: s.to_dense(),
    "mm": lambda t, s, d: t.sparse.mm(s, d.t()),
    "sum": lambda t, s, d: t.sparse.sum(s),
    "sum 0": lambda t, s, d: t.sparse.sum(s, 0).to_dense(),
    "mul": lambda t, s, d: (s * 2).to_dense(),
    "mul dense": lambda t, s, d: (s * d).to_dense(),
    "coalesce": lambda t, s, d: s.coalesce().values(),
    "softmax": lambda t, s, d: t.sparse.softmax(s, 1).to_dense(),
    "log_softmax": lambda t, s, d: t.sparse.log_softmax(s, 1).to_dense(),
    "abs": lambda t, s, d: s.abs().to_dense(),
    "pow": lambda t, s, d: s.pow(2).to_dense(),
    "clone": lambda t, s, d: s.clone().to_dense(),
    "double": lambda t, s, d: s.double().to_dense(),
}
PLACES = {"coalesced": [[0, 1, 1], [2, 0, 2]], "not coalesced": [[1, 0, 1], [0, 2, 0]]}


@pytest.mark.parametrize("places", PLACES)
@both
def test_into_the_sparse_and_the_dense_side(torch, note, places):
    for function in THROUGH.values():
        s = torch.sparse_coo_tensor(PLACES[places], [3.0, 4.0, 5.0], (2, 3))
        s = (s.coalesce() if places == "coalesced" else s).requires_grad_()
        d = torch.arange(1.0, 7.0).reshape(2, 3).requires_grad_()
        made = function(torch, s, d)
        (made * torch.arange(1.0, made.numel() + 1).reshape(made.shape)).sum().backward()
        # PyTorch's of a dense factor is sparse, ours strided: the elements are the same.
        note(lambda s=s, d=d: (s.grad, d.grad if d.grad is None else d.grad.to_dense()))


@both
def test_of_a_strided_sum(torch, note):
    """PyTorch's gradient of the sparse term is strided, as it is of `mm` and `sum` by the names
    that strided tensors share: ours has the entries that the tensor has."""
    d = torch.arange(1.0, 7.0).reshape(2, 3).requires_grad_()
    s = torch.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0], (2, 3)).coalesce()
    s.requires_grad_()
    ((d + s) * d).sum().backward()
    note(lambda: (d.grad, s.grad.to_dense() * (s.detach().to_dense() != 0)))


@both
def test_values_of_a_tensor_that_is_made(torch, note):
    v = torch.tensor([3.0, 4.0, 5.0], requires_grad=True)
    s = torch.sparse_coo_tensor([[1, 0, 1], [0, 2, 0]], v, (2, 3))
    note(lambda: (s.is_leaf, s.requires_grad, v.requires_grad))
    (s.to_dense() ** 2).sum().backward()
    note(lambda: v.grad)
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    (x.to_sparse().to_dense() * x.detach()).sum().backward()
    note(lambda: x.grad)
    x.grad = None
    torch.sparse.sum(x.sparse_mask(s.detach().coalesce()) * 3).backward()
    note(lambda: x.grad)
    one = s.detach().coalesce().requires_grad_()
    note(lambda: torch.autograd.grad(torch.sparse.sum(one * 2), one))


def test_second_derivatives():
    def product(values, dense):
        return compat.sparse.mm(compat.sparse_coo_tensor([[1, 0, 1], [0, 2, 0]], values, (2, 3)),
                                dense)  # fmt: skip

    values = compat.tensor([3.0, 4.0, 5.0], dtype=compat.float64, requires_grad=True)
    dense = compat.rand(3, 2, dtype=compat.float64, requires_grad=True)
    assert compat.autograd.gradcheck(product, (values, dense))
    assert compat.autograd.gradgradcheck(product, (values, dense))


LOOKED_UP = {
    "rows": lambda t, F, w: F.embedding(t.tensor([[1, 3], [3, 0]]), w, sparse=True),
    "one": lambda t, F, w: F.embedding(t.tensor(3), w, sparse=True),
    "padding": lambda t, F, w: F.embedding(t.tensor([4, 1, 2]), w, padding_idx=1, sparse=True),
    "bags": lambda t, F, w: F.embedding_bag(
        t.tensor([1, 3, 3, 0]), w, t.tensor([0, 3]), mode="sum", sparse=True),
    "means": lambda t, F, w: F.embedding_bag(
        t.tensor([1, 3, 3, 0]), w, t.tensor([0, 3]), mode="mean", sparse=True, padding_idx=1),
    "weighted": lambda t, F, w: F.embedding_bag(
        t.tensor([1, 3, 3, 0]), w, t.tensor([0, 3]), mode="sum", sparse=True,
        per_sample_weights=t.tensor([0.5, 1, 2, 3])),
    "frequency": lambda t, F, w: F.embedding(t.tensor([4, 1, 1]), w, None, None, 2.0, True, True),
}  # fmt: skip


@both
def test_of_tables(torch, note):
    F = torch.nn.functional
    for case in LOOKED_UP.values():
        w = torch.ones(5, 2, requires_grad=True)

        def gradient(case=case, w=w):
            made = case(torch, F, w)
            (made * torch.arange(1.0, made.numel() + 1).reshape(made.shape)).sum().backward()
            return w.grad

        note(gradient)


@both
def test_add_up(torch, note):
    w = torch.ones(5, 2, requires_grad=True)

    def used(*rows, sparse=True):
        return torch.nn.functional.embedding(torch.tensor(rows), w, sparse=sparse).sum()

    used(1, 3).backward()
    first = w.grad
    used(4, 1).backward()
    note(lambda: (w.grad, w.grad is first))
    used(0, 1, sparse=False).backward()
    used(2, 1).backward()
    note(lambda: w.grad)
    w.grad = None
    (used(4, 1) + used(2, 1)).backward()
    note(lambda: w.grad)
    w.grad = None
    (used(4, 1) + w.sum()).backward()
    note(lambda: w.grad)
    seen = []
    w.grad = None
    w.register_hook(lambda gradient: seen.append(gradient))
    used(4, 4).backward()
    note(lambda: seen)
    w.grad.data.mul_(3)
    w.grad.detach().div_(2)
    note(lambda: w.grad)


@both
def test_hooks(torch, note):
    s = torch.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0], (2, 3)).coalesce()
    s.requires_grad_()
    s.register_hook(lambda gradient: note(lambda: gradient))
    s.register_hook(lambda gradient: gradient * 2)
    torch.sparse.sum(s * 3).backward()
    note(lambda: s.grad)
    double = s * 2
    double.retain_grad()
    torch.sparse.sum(double).backward()
    note(lambda: (double.grad, s.grad))


def test_a_computed_table_says_so():
    w = compat.ones(5, 2, requires_grad=True)
    made = compat.nn.functional.embedding(compat.tensor([1]), w * 2, sparse=True)
    with pytest.raises(NotImplementedError, match="sparse_coo"):
        made.sum().backward()
