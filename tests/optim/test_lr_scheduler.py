"""Every schedule over many epochs, resumed, and by epoch, against PyTorch."""

import pytest

from tests.support.both import both

SCHEDULES = {
    "step": lambda s, o, **k: s.StepLR(o, 3, 0.5, **k),
    "multi step": lambda s, o, **k: s.MultiStepLR(o, [2, 5, 5, 9], 0.3, **k),
    "exponential": lambda s, o, **k: s.ExponentialLR(o, 0.9, **k),
    "cosine": lambda s, o, **k: s.CosineAnnealingLR(o, 7, 0.01, **k),
    "lambda": lambda s, o, **k: s.LambdaLR(o, [lambda e: 0.9**e, lambda e: 1 / (e + 1)], **k),
    "multiplicative": lambda s, o, **k: s.MultiplicativeLR(o, lambda e: 0.95, **k),
    "constant": lambda s, o, **k: s.ConstantLR(o, 0.5, 4, **k),
    "linear": lambda s, o, **k: s.LinearLR(o, 0.2, 0.9, 6, **k),
    "polynomial": lambda s, o, **k: s.PolynomialLR(o, 8, 2.0, **k),
    "restarts": lambda s, o, **k: s.CosineAnnealingWarmRestarts(o, 4, 2, 0.001, **k),
    "same restarts": lambda s, o, **k: s.CosineAnnealingWarmRestarts(o, 4, **k),
    "cyclic": lambda s, o, **k: s.CyclicLR(o, 0.01, 0.1, 4, 3, **k),
    "cyclic 2": lambda s, o, **k: s.CyclicLR(
        o, [0.01, 0.02], [0.1, 0.2], 4, mode="triangular2", cycle_momentum=False, **k
    ),
    "cyclic exp": lambda s, o, **k: s.CyclicLR(o, 0.01, 0.1, 4, mode="exp_range", gamma=0.99, **k),
    "cyclic own": lambda s, o, **k: s.CyclicLR(
        o, 0.01, 0.1, 4, scale_fn=lambda x: 0.5**x, scale_mode="iterations", **k
    ),
    "one cycle": lambda s, o, **k: s.OneCycleLR(o, 0.5, total_steps=30, **k),
    "one cycle 3": lambda s, o, **k: s.OneCycleLR(
        o, [0.5, 0.6], epochs=5, steps_per_epoch=6, anneal_strategy="linear", three_phase=True, **k
    ),
}
SEVERAL = {
    "sequence": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9), s.StepLR(o, 2)], [2, 6]
    ),
    "warm-up": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, 1.0, 3), s.CosineAnnealingLR(o, 10)], [3]
    ),
    "chain": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9)]),
}


def optimizer(torch, lr=0.1, **settings):
    """An optimizer of two groups whose step does nothing."""

    class Idle(torch.optim.Optimizer):
        def step(self, closure=None):
            pass

    leaves = [torch.ones(2, requires_grad=True) for _ in range(2)]
    groups = [{"params": leaves[:1]}, {"params": leaves[1:], "lr": 0.05}]
    return Idle(groups, {"lr": lr, **(settings or {"momentum": 0.9})})


def settings(optimizer, scheduler):
    groups = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    return [dict(sorted(group.items())) for group in groups], scheduler.get_last_lr()


@pytest.mark.parametrize("name", [*SCHEDULES, *SEVERAL])
@both
def test_many_epochs(torch, note, name):
    make = {**SCHEDULES, **SEVERAL}[name]
    idle = optimizer(torch)
    scheduler = make(torch.optim.lr_scheduler, idle)
    note(lambda: settings(idle, scheduler))
    for _ in range(25):
        idle.step()
        note(scheduler.step)
        note(lambda: settings(idle, scheduler))
    state = {k: v for k, v in scheduler.state_dict().items() if "scale_fn" not in k}
    note(lambda: sorted(state.items()))
    other = optimizer(torch)
    resumed = make(torch.optim.lr_scheduler, other)
    resumed.load_state_dict(scheduler.state_dict())
    other.load_state_dict(idle.state_dict())
    other.step()
    note(resumed.step)
    note(lambda: settings(other, resumed))


# Those that end after a number of steps, made long enough.
LONG = {
    "one cycle": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=101),
    "one cycle 3": lambda s, o: s.OneCycleLR(
        o, [0.5, 0.6], epochs=20, steps_per_epoch=6, anneal_strategy="linear", three_phase=True
    ),
    "plateau": lambda s, o: s.ReduceLROnPlateau(o, factor=0.7, patience=3, cooldown=2),
}
HUNDRED = {**SCHEDULES, **SEVERAL, **LONG}


def hundred_epochs(torch, name):
    """The learning rates of both groups in each of 100 epochs."""
    idle = optimizer(torch)
    scheduler = HUNDRED[name](torch.optim.lr_scheduler, idle)
    rates = []
    for epoch in range(100):
        idle.step()
        if name == "plateau":
            scheduler.step(1 / (1 + epoch % 17))
        else:
            scheduler.step()
        rates.append([group["lr"] for group in idle.param_groups])
    return rates


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", HUNDRED)
def test_hundred_epochs_to_the_last_bit(name):
    import compat

    oracle = pytest.importorskip("torch")
    assert hundred_epochs(compat, name) == hundred_epochs(oracle, name)


@pytest.mark.oracle
def test_every_schedule_is_here():
    """Each class of PyTorch's but the base is made by one of the cases above."""
    oracle = pytest.importorskip("torch").optim.lr_scheduler
    seen = set()

    class Watched:
        def __getattr__(self, name):
            seen.add(name)
            return getattr(oracle, name)

    for make in HUNDRED.values():
        make(Watched(), optimizer(pytest.importorskip("torch")))
    assert seen == {*oracle.__all__} - {"LRScheduler"}


@pytest.mark.parametrize("name", SCHEDULES)
@both
def test_resumed_by_last_epoch_and_by_epoch(torch, note, name):
    make, schedules = SCHEDULES[name], torch.optim.lr_scheduler
    first = optimizer(torch)
    scheduler = make(schedules, first)
    for _ in range(4):
        first.step()
        scheduler.step()
    second = optimizer(torch)
    second.load_state_dict(first.state_dict())
    scheduler = make(schedules, second, last_epoch=4)
    for _ in range(5):
        note(lambda: settings(second, scheduler))
        second.step()
        scheduler.step()
    for epoch in (3, 6, 1, 0, 7):
        note(lambda: scheduler.step(epoch))
        note(lambda: settings(second, scheduler))
    note(scheduler.get_lr)


@pytest.mark.parametrize("name", ["step", "cosine", "linear", "restarts", "one cycle"])
@both
def test_learning_rate_in_a_tensor_and_betas(torch, note, name):
    rate = torch.tensor(0.1)
    idle = optimizer(torch, lr=rate, betas=(0.9, 0.99))
    scheduler = SCHEDULES[name](torch.optim.lr_scheduler, idle)
    for _ in range(6):
        note(lambda: (settings(idle, scheduler), rate))
        idle.step()
        scheduler.step()


@pytest.mark.parametrize(
    "options",
    [
        {}, {"patience": 1}, {"patience": 1, "cooldown": 2, "factor": 0.5, "min_lr": [1e-3, 0.02]},
        {"mode": "max", "patience": 2, "threshold_mode": "abs", "threshold": 0.02},
        {"mode": "max", "patience": 0}, {"threshold_mode": "abs", "patience": 0, "eps": 0.01},
    ],
)  # fmt: skip
@both
def test_plateau(torch, note, options):
    idle = optimizer(torch)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(idle, **options)
    for loss in [1, 0.9, 0.95, 0.9, 0.92, 0.91, 0.9, 0.89, *[0.9] * 12, float("nan"), 0.5]:
        note(lambda: scheduler.step(torch.tensor(loss)))
        note(lambda: settings(idle, scheduler))
    note(lambda: sorted(scheduler.state_dict().items()))


@both
def test_messages(torch, note):
    schedules, idle = torch.optim.lr_scheduler, optimizer(torch)
    late = optimizer(torch, betas=(0.9, 0.99))
    bare = optimizer(torch, foo=1)
    for step in (
        lambda s: s.StepLR(5, 3), lambda s: s.StepLR(late, 3, last_epoch=2),
        lambda s: s.LinearLR(idle, 2.0), lambda s: s.LinearLR(idle, 0.5, 2.0),
        lambda s: s.ConstantLR(idle, 2.0), lambda s: s.LambdaLR(idle, [lambda e: 1]),
        lambda s: s.OneCycleLR(idle, 0.1), lambda s: s.OneCycleLR(idle, 0.1, total_steps=-1),
        lambda s: s.OneCycleLR(idle, 0.1, epochs=1, steps_per_epoch=0),
        lambda s: s.OneCycleLR(idle, 0.1, total_steps=3, pct_start=2.0),
        lambda s: s.OneCycleLR(idle, 0.1, total_steps=3, anneal_strategy="x"),
        lambda s: s.OneCycleLR(idle, [0.1], total_steps=3),
        lambda s: s.OneCycleLR(bare, 0.1, total_steps=3), lambda s: s.CyclicLR(bare, 0.1, 0.2),
        lambda s: s.CyclicLR(idle, 0.1, 0.2, mode="x"), lambda s: s.CyclicLR(idle, [0.1], 0.2),
        lambda s: s.CosineAnnealingWarmRestarts(idle, 0),
        lambda s: s.CosineAnnealingWarmRestarts(idle, 1, 0),
        lambda s: s.CosineAnnealingWarmRestarts(idle, 4).step(-1),
        lambda s: s.ReduceLROnPlateau(idle, factor=1.0), lambda s: s.ReduceLROnPlateau(5),
        lambda s: s.ReduceLROnPlateau(idle, mode="x"), lambda s: s.SequentialLR(idle, [], []),
        lambda s: s.ReduceLROnPlateau(idle, threshold_mode="x"),
        lambda s: s.ReduceLROnPlateau(idle, min_lr=[1]), lambda s: s.ChainedScheduler([]),
        lambda s: s.SequentialLR(idle, [s.StepLR(idle, 1)], [1]),
        lambda s: s.SequentialLR(idle, [s.StepLR(idle, 1), s.StepLR(late, 1)], [1]),
        lambda s: s.SequentialLR(idle, [s.StepLR(idle, 1), s.ReduceLROnPlateau(idle)], [1]),
        lambda s: s.SequentialLR(idle, [s.StepLR(idle, 1), 5], [1]),
        lambda s: s.ChainedScheduler([s.StepLR(idle, 1), s.StepLR(late, 1)]),
        lambda s: s.LRScheduler(idle), lambda s: s.StepLR(idle, 1).get_lr(),
    ):  # fmt: skip
        note(lambda: step(schedules))


@both
def test_wrong_order_of_calls(torch, note):
    schedules = torch.optim.lr_scheduler
    scheduler = schedules.StepLR(optimizer(torch), 1)
    note(scheduler.step)
    note(scheduler.step)
    idle = optimizer(torch)
    scheduler = schedules.StepLR(idle, 1)
    idle.step = lambda: None
    note(scheduler.step)
    idle = optimizer(torch)
    scheduler = schedules.OneCycleLR(idle, 0.1, total_steps=2)
    for _ in range(3):
        idle.step()
        note(scheduler.step)
