"""Averaged models and their learning rates, against PyTorch."""

import importlib

import pytest

from tests.support.both import both


@pytest.mark.parametrize("given", ["mean", "ema", "multi", "buffers"])
@both
def test_averages(torch, note, given):
    tools = importlib.import_module(torch.__name__ + ".optim.swa_utils")
    options = {
        "mean": {}, "ema": {"avg_fn": tools.get_ema_avg_fn(0.9)}, "buffers": {"use_buffers": True},
        "multi": {"multi_avg_fn": tools.get_ema_multi_avg_fn(0.8)},
    }[given]  # fmt: skip
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    average = tools.AveragedModel(model, **options)
    for at in range(4):
        with torch.no_grad():
            model[0].weight.add_(0.5 * at)
            model(torch.arange(12.0).reshape(4, 3) * at)
        average.update_parameters(model)
        note(lambda: list(average.state_dict().items()))
    batches = [torch.arange(12.0).reshape(4, 3), [torch.ones(4, 3).cumsum(0)]]
    note(lambda: tools.update_bn(batches, average))
    note(lambda: list(average.state_dict().items()))
    note(lambda: tools.get_ema_avg_fn(2.0))


@pytest.mark.parametrize("options", [{}, {"anneal_strategy": "linear"}, {"anneal_epochs": 0}])
@both
def test_rates(torch, note, options):
    tools = importlib.import_module(torch.__name__ + ".optim.swa_utils")
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)
    schedule = tools.SWALR(optimizer, 0.05, **options)
    for _ in range(100):
        note(schedule.get_last_lr)
        optimizer.step()
        schedule.step()
    note(lambda: tools.SWALR(optimizer, 0.1, anneal_epochs=-1))
    note(lambda: tools.SWALR(optimizer, 0.1, anneal_strategy="x"))
