"""Every optimizer trains a small network for 200 steps to where PyTorch's does."""

import numpy as np
import pytest

import compat

real = pytest.importorskip("torch")

pytestmark = pytest.mark.oracle

SETTINGS = {
    "Adadelta": [{}, {"lr": 0.5, "weight_decay": 0.1, "maximize": True}],
    "Adafactor": [{}, {"weight_decay": 0.1, "eps": (1e-9, 1e-2), "d": 2.0}],
    "Adagrad": [{}, {"lr_decay": 0.1, "initial_accumulator_value": 0.2, "weight_decay": 0.1}],
    "Adam": [{}, {"amsgrad": True, "weight_decay": 0.1}],
    "AdamW": [{}, {"maximize": True}],
    "Adamax": [{}, {"betas": (0.8, 0.99), "lr": 1e-3}],
    "ASGD": [{}, {"t0": 20, "lambd": 0.01, "weight_decay": 0.1}],
    "Muon": [{}, {"nesterov": False, "adjust_lr_fn": "match_rms_adamw"}],
    "NAdam": [{}, {"weight_decay": 0.1, "decoupled_weight_decay": True}, {"weight_decay": 0.1}],
    "RAdam": [{}, {"weight_decay": 0.1, "decoupled_weight_decay": True}, {"betas": (0.8, 0.9)}],
    "RMSprop": [{}, {"centered": True, "momentum": 0.5, "lr": 1e-3}],
    "Rprop": [{}, {"etas": (0.4, 1.3), "step_sizes": (1e-4, 1.0), "maximize": True}],
    "SGD": [{}, {"momentum": 0.9, "nesterov": True}],
}
CASES = [(name, at) for name, given in SETTINGS.items() for at in range(len(given))]


def network(torch, dtype, matrices_only):
    """Parameters, and a loss that has a least and a greatest value."""
    numbers = np.random.default_rng(0)
    shapes = [(5, 4), (3, 5)] if matrices_only else [(5, 4), (5,), (3, 5), (3,)]
    arrays = [numbers.standard_normal(shape).astype(dtype) for shape in shapes]
    params = [torch.tensor(array, requires_grad=True) for array in arrays]
    data = torch.tensor(numbers.standard_normal((8, 4)).astype(dtype))

    def loss():
        if matrices_only:
            first, second = params
            return (torch.tanh(data @ first.T) @ second.T).sin().mean()
        first, bias, second, shift = params
        return (torch.tanh(data @ first.T + bias) @ second.T + shift).sin().mean()

    return params, loss


def trained(torch, name, settings, dtype, steps):
    params, loss = network(torch, dtype, name == "Muon")
    optimizer = getattr(torch.optim, name)(params, **settings)
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    return np.concatenate([param.detach().numpy().ravel() for param in params]), optimizer


def far(one, other):
    return np.linalg.norm(one - other) / np.linalg.norm(other)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "at"), CASES)
def test_200_steps(name, at, dtype):
    if name == "Rprop" and dtype == "float32":
        pytest.skip("a sign that rounding decides makes a whole step")
    ours, _ = trained(compat, name, SETTINGS[name][at], dtype, 200)
    theirs, _ = trained(real, name, SETTINGS[name][at], dtype, 200)
    allowed = 1e-2 if name == "Muon" else {"float32": 1e-5, "float64": 1e-10}[dtype]
    assert far(ours, theirs) <= allowed


def described(value):
    if isinstance(value, compat.Tensor | real.Tensor):
        return str(value.dtype), tuple(value.shape)
    if isinstance(value, dict):
        return {key: described(one) for key, one in value.items()}
    return [described(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", SETTINGS)
def test_state_dict(name):
    """The same keys, shapes, types and settings."""
    _, ours = trained(compat, name, {}, "float32", 2)
    _, theirs = trained(real, name, {}, "float32", 2)
    assert described(ours.state_dict()) == described(theirs.state_dict())


def carried(value, torch):
    """A state dict with its tensors made anew in the other library."""
    if isinstance(value, compat.Tensor | real.Tensor):
        return torch.tensor(value.detach().numpy())
    if isinstance(value, dict):
        return {key: carried(one, torch) for key, one in value.items()}
    return [carried(one, torch) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("source", "target"), [(compat, real), (real, compat)])
@pytest.mark.parametrize("name", SETTINGS)
def test_resumed_in_the_other_library(name, source, target):
    def run(params, loss, optimizer):
        for _ in range(10):
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()
        return np.concatenate([param.detach().numpy().ravel() for param in params])

    ends = []
    for later in (source, target):
        params, loss = network(source, "float64", name == "Muon")
        optimizer = getattr(source.optim, name)(params)
        run(params, loss, optimizer)
        others, other_loss = network(later, "float64", name == "Muon")
        for other, param in zip(others, params, strict=True):
            other.data.copy_(later.tensor(param.detach().numpy()))
        resumed = getattr(later.optim, name)(others)
        resumed.load_state_dict(carried(optimizer.state_dict(), later))
        ends.append(run(others, other_loss, resumed))
    assert far(*ends) <= (1e-2 if name == "Muon" else 1e-10)
