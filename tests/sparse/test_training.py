"""Training with sparse gradients: the optimizers beside PyTorch's, and what a step costs."""

import os

import pytest

import compat
from tests.support.both import both

STEPS = [
    ("SparseAdam", {}), ("SparseAdam", {"maximize": True, "lr": 0.1, "betas": (0.5, 0.9)}),
    ("SGD", {"lr": 0.1}), ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}), ("SGD", {"maximize": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}), ("SGD", {"weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1}), ("Adagrad", {"lr_decay": 0.1, "maximize": True}),
    ("Adagrad", {"weight_decay": 0.1}), ("Adam", {}), ("AdamW", {}), ("RMSprop", {}),
    ("Adadelta", {}), ("Adamax", {}), ("ASGD", {}), ("Rprop", {}), ("NAdam", {}), ("RAdam", {}),
]  # fmt: skip


@both
def test_optimizers(torch, note):
    for name, settings in STEPS:

        def trained(name=name, settings=settings):
            w = torch.nn.Parameter(torch.ones(5, 2))
            optimizer = getattr(torch.optim, name)([w], **settings)
            for rows in ([1, 3, 3], [0, 1], [3, 3]):
                optimizer.zero_grad()
                used = torch.nn.functional.embedding(torch.tensor(rows), w, sparse=True)
                (used**2).sum().backward()
                optimizer.step()
            return w.detach()

        note(trained)


@both
def test_entries_of_any_shape(torch, note):
    w = torch.nn.Parameter(torch.ones(2, 3))
    optimizer = torch.optim.SparseAdam([w], lr=0.1)
    for _ in range(3):
        w.grad = torch.sparse_coo_tensor([[1, 0, 1], [0, 2, 0]], [3.0, 4.0, 5.0], (2, 3))
        optimizer.step()
    note(lambda: w.detach())
    note(lambda: optimizer.state[w]["step"])
    note(lambda: [optimizer.state[w][key] for key in ("exp_avg", "exp_avg_sq")])


@both
def test_a_sparse_parameter(torch, note):
    for settings in ({}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}):
        made = torch.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0], (2, 3)).coalesce()
        weight = torch.nn.Parameter(made)
        optimizer = torch.optim.SGD([weight], lr=0.01, **settings)
        for _ in range(3):
            optimizer.zero_grad()
            (torch.sparse.mm(weight, torch.arange(6.0).reshape(3, 2)) ** 2).sum().backward()
            optimizer.step()
        note(lambda weight=weight: weight.detach().coalesce())


@both
def test_refusals(torch, note):
    w = torch.nn.Parameter(torch.ones(2, 2))
    for wrong in ({"lr": -1}, {"lr": 0}, {"eps": 0}, {"betas": (1.0, 0.9)}, {"betas": (0.9, 1.0)}):
        note(lambda wrong=wrong: torch.optim.SparseAdam([w], **wrong))
    note(lambda: torch.optim.SparseAdam([torch.ones(2, 2).to_sparse().requires_grad_()]))
    optimizer = torch.optim.SparseAdam([w])
    note(lambda: optimizer)
    w.sum().backward()
    note(optimizer.step)


def test_a_steady_step_looks_at_nothing_and_compiles_nothing():
    """Which rows a batch names changes with each step, and neither how many nor which is looked
    at: shapes stay, so the program of a step is that of the last one."""
    for make in (compat.optim.SparseAdam, compat.optim.Adagrad,
                 lambda p: compat.optim.SGD(p, lr=0.1, momentum=0.9)):  # fmt: skip
        table = compat.nn.Embedding(50, 4, sparse=True, padding_idx=0)
        optimizer = make(table.parameters())
        before = None
        for step in range(6):
            optimizer.zero_grad()
            table(compat.randint(0, 50, (8,))).pow(2).sum().backward()
            optimizer.step()
            if step == 3:
                before = compat.stats()
        after = compat.stats()
        assert before is not None
        assert after["specs"] == before["specs"] and after["compiles"] == before["compiles"]
        if "COMPAT_EAGER" not in os.environ:  # where each op is run at once
            assert after["sections"] == before["sections"] + 2


def test_a_module_with_sparse_parts():
    class Graph(compat.nn.Module):
        def __init__(self):
            super().__init__()
            made = compat.sparse_coo_tensor([[1, 0, 1], [0, 2, 0]], [3.0, 4.0, 5.0], (2, 3))
            self.register_buffer("adjacent", made)
            self.weight = compat.nn.Parameter(made)

    graph = Graph()
    state = graph.state_dict()
    assert [each.is_sparse for each in state.values()] == [True, True]
    graph.load_state_dict(state)
    graph.double()
    assert graph.adjacent.dtype is graph.weight.dtype is compat.float64
    assert graph.weight.requires_grad and graph.weight.is_leaf
    compat.sparse.sum(graph.weight * graph.adjacent.to_dense()).backward()
    assert graph.weight.grad.to_dense().tolist() == [[0, 0, 4], [8, 0, 0]]


@pytest.mark.parametrize("way", ["torch to compat", "compat to torch"])
def test_files_go_both_ways(way, tmp_path):
    oracle = pytest.importorskip("torch")
    writer, reader = (oracle, compat) if way == "torch to compat" else (compat, oracle)
    one = writer.sparse_coo_tensor([[1, 0, 1], [0, 2, 0]], [3.0, 4.0, 5.0], (2, 3))
    tensors = [one, one.coalesce(), writer.ones(2, 3).to_sparse(1), one.to_sparse_csr(),
               one.to_sparse_csc(), writer.ones(2, 4).to_sparse_bsr((1, 2))]  # fmt: skip
    writer.save(tensors, tmp_path / "x.pt")
    found = reader.load(tmp_path / "x.pt")
    for old, new in zip(tensors, found, strict=True):
        assert repr(old) == repr(new)
        assert old.to_dense().tolist() == new.to_dense().tolist()
    assert [each.is_coalesced() for each in found[:3]] == [False, True, True]
