"""Weights that are computed, pruned, fused or swapped: nn.utils against PyTorch."""

import copy
import importlib

import pytest

from tests.support.both import both


def utils(torch, name):
    return importlib.import_module(f"{torch.__name__}.nn.utils.{name}")


def seeded(torch, kind="Linear", *sizes):
    torch.manual_seed(0)
    return getattr(torch.nn, kind)(*(sizes or (4, 3)))


@both
def test_parametrize(torch, note):
    parametrize = utils(torch, "parametrize")

    class Symmetric(torch.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).T

    class Exp(torch.nn.Module):
        def forward(self, x):
            return x.exp()

        def right_inverse(self, x):
            return x.log()

    class Product(torch.nn.Module):
        def forward(self, a, b):
            return a @ b

        def right_inverse(self, x):
            return x, torch.eye(3)

    class Row(torch.nn.Module):
        def forward(self, x):
            return x[0]

    layer = seeded(torch, "Linear", 3, 3)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    note(lambda: layer)
    note(lambda: list(layer.state_dict()))
    note(lambda: layer.weight)
    note(lambda: setattr(layer, "weight", torch.ones(3, 3)))
    note(lambda: parametrize.is_parametrized(layer, "bias"))
    note(lambda: copy.deepcopy(layer).weight)
    parametrize.register_parametrization(layer, "weight", Exp())
    note(lambda: layer.weight)
    layer(torch.ones(2, 3)).sum().backward()
    note(lambda: layer.parametrizations.weight.original.grad)
    note(lambda: parametrize.register_parametrization(layer, "none", Exp()))
    note(lambda: parametrize.register_parametrization(seeded(torch), "weight", Row()))
    parametrize.remove_parametrizations(layer, "weight")
    note(lambda: [layer, layer.weight, list(layer.state_dict())])
    note(lambda: parametrize.remove_parametrizations(layer, "weight"))
    layer = seeded(torch, "Linear", 3, 3)
    parametrize.register_parametrization(layer, "weight", Product())
    note(lambda: list(layer.state_dict()))
    layer.weight = torch.full((3, 3), 2.0)
    note(lambda: layer.weight.detach())
    with parametrize.cached():
        note(lambda: layer.weight is layer.weight)
    note(lambda: parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False))


@both
def test_parametrizations(torch, note):
    made = utils(torch, "parametrizations")
    for sizes in ((2, 3), (3, 2), (3, 3)):
        for way in (None, "matrix_exp", "cayley", "householder"):
            for trivial in (True, False):
                layer = seeded(torch, "Linear", *sizes)
                made.orthogonal(layer, orthogonal_map=way, use_trivialization=trivial)
                note(lambda: [layer, layer.weight.detach(), list(layer.state_dict())])
    for kind, sizes in (("Linear", (4, 3)), ("ConvTranspose2d", (3, 2, 2))):
        layer = made.spectral_norm(seeded(torch, kind, *sizes))
        note(lambda: [layer.weight.detach(), layer.state_dict()])
        layer.eval()
        note(lambda: layer.weight.detach())
    layer = made.weight_norm(seeded(torch))
    old = {"bias": torch.zeros(3), "weight_g": torch.ones(3, 1), "weight_v": torch.ones(3, 4)}
    layer(torch.ones(1, 4)).sum().backward()
    note(lambda: [layer, layer.parametrizations.weight.original0.grad])
    note(lambda: layer.load_state_dict(old))
    note(lambda: layer.weight.detach())
    note(lambda: made.orthogonal(seeded(torch), "bias"))
    note(lambda: made.spectral_norm(seeded(torch), n_power_iterations=0))


@both
def test_norms_by_hooks(torch, note):
    for name, settings in (("weight_norm", {"dim": 1}), ("weight_norm", {"dim": None}),
                           ("spectral_norm", {})):  # fmt: skip
        layer = seeded(torch)
        getattr(torch.nn.utils, name)(layer, **settings)
        note(lambda: [layer, layer.state_dict()])
        layer(torch.ones(2, 4)).sum().backward()
        note(lambda: [one.grad for one in layer.parameters()])
        note(lambda: getattr(torch.nn.utils, name)(layer))
        note(lambda: getattr(torch.nn.utils, f"remove_{name}")(layer).weight)
        note(lambda: getattr(torch.nn.utils, f"remove_{name}")(layer))


@both
def test_prune(torch, note):
    prune = utils(torch, "prune")
    layer = seeded(torch)
    prune.ln_structured(layer, "weight", 1, 2, 1)
    prune.l1_unstructured(layer, "weight", 0.3)
    prune.random_unstructured(layer, "weight", 2)
    prune.random_structured(layer, "weight", 1, 0)
    note(lambda: [layer.weight_mask, list(layer.state_dict())])
    layer(torch.ones(2, 4)).sum().backward()
    note(lambda: layer.weight_orig.grad)
    note(lambda: prune.is_pruned(layer))
    note(lambda: [prune.remove(layer, "weight").weight, list(layer.state_dict())])
    note(lambda: prune.remove(layer, "weight"))
    for amount in (-1, 1.5, 100, "x"):
        note(lambda: prune.l1_unstructured(seeded(torch), "weight", amount))
    note(lambda: prune.ln_structured(seeded(torch), "bias", 1, 2, 0))
    note(lambda: prune.custom_from_mask(layer, "bias", torch.tensor([1, 0, 1])).bias)
    first, second = seeded(torch), seeded(torch, "Linear", 3, 2)
    pairs = [(first, "weight"), (second, "weight")]
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=0.5)
    note(lambda: [first.weight_mask, second.weight_mask])


@both
def test_calls_with_other_tensors(torch, note):
    call = utils(torch, "stateless").functional_call
    layer, x = seeded(torch), torch.ones(1, 4)
    note(lambda: call(layer, {"weight": torch.ones(3, 4)}, x))
    note(lambda: call(layer, {"weight": torch.ones(3, 4)}, (), {"input": x}))
    for wrong in ({"a.b": x}, {"weight": 3}, {"": x}):
        note(lambda: call(layer, wrong, x))
    note(lambda: call(layer, {"foo": x}, x, strict=True))
    layer.tied = layer.weight
    zeros = torch.zeros(3, 4)
    note(lambda: call(layer, {"tied": zeros}, x))
    note(lambda: call(layer, {"tied": zeros}, x, tie_weights=False))
    note(lambda: call(layer, {"tied": zeros, "weight": torch.ones(3, 4)}, x))
    note(lambda: layer(x))


@both
def test_fusion_and_empty_modules(torch, note):
    fuse = torch.nn.utils
    norm = torch.nn.BatchNorm2d(3)
    norm(torch.linspace(-3, 5, 24).reshape(2, 3, 2, 2) ** 2)
    layer = seeded(torch, "Conv2d", 2, 3, 1)
    note(lambda: fuse.fuse_conv_bn_eval(layer, norm))
    note(lambda: list(fuse.fuse_conv_bn_eval(layer.eval(), norm.eval()).parameters()))
    flat = torch.nn.BatchNorm1d(3).eval()
    note(lambda: list(fuse.fuse_linear_bn_eval(seeded(torch).eval(), flat).parameters()))
    note(lambda: fuse.fuse_linear_bn_eval(seeded(torch, "Linear", 2, 5).eval(), flat))
    note(lambda: fuse.skip_init(torch.nn.Linear, 2, 3).weight.shape)
    note(lambda: fuse.skip_init(torch.nn.ReLU))


@both
def test_lazy_layers(torch, note):
    x = torch.linspace(-1, 1, 60)
    shapes = {
        "LazyLinear": ((3,), (4, 15)), "LazyConv1d": ((2, 3), (1, 3, 20)),
        "LazyConv2d": ((2, 3), (3, 4, 5)), "LazyConvTranspose2d": ((2, 3), (1, 3, 4, 5)),
        "LazyBatchNorm1d": ((), (4, 15)), "LazyInstanceNorm1d": ((), (2, 3, 10)),
    }  # fmt: skip
    for name, (sizes, shape) in shapes.items():
        layer = seeded(torch, name, *sizes) if sizes else getattr(torch.nn, name)()
        note(lambda: [layer, list(layer.state_dict())])
        note(lambda: layer.weight.shape)
        note(lambda: layer.double().float().has_uninitialized_params())
        torch.manual_seed(1)
        note(lambda: layer(x.reshape(shape)).detach())
        note(lambda: [layer, type(layer).__name__])
    layer = torch.nn.LazyLinear(3)
    note(lambda: torch.nn.Linear(4, 3).load_state_dict(layer.state_dict()))
    note(lambda: [layer.load_state_dict(seeded(torch).state_dict()), layer.weight])
    note(lambda: torch.nn.LazyConv2d(2, 3)(torch.ones(5)))


@pytest.mark.oracle
def test_every_public_name_is_there():
    """All classes of torch.nn, torch.nn.utils and torch.nn.functional but for inner helpers."""
    torch = pytest.importorskip("torch")
    import compat

    inner = {"common_types", "factory_kwargs", "intrinsic", "qat", "quantizable", "quantized"}
    there = [name for name in dir(torch.nn) if not name.startswith("_") and name not in inner]
    assert [name for name in there if not hasattr(compat.nn, name)] == []
    there = [name for name in dir(torch.nn.utils) if not name.startswith("_")]
    assert [name for name in there if not hasattr(compat.nn.utils, name)] == []
