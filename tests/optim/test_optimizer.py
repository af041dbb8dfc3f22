"""Groups, state, hooks and messages of the base of optimizers, against PyTorch."""

import copy

from tests.support.both import both


def plain(torch):
    """An optimizer that keeps some state, and leaves of three sizes."""

    class Plain(torch.optim.Optimizer):
        def __init__(self, params, lr=0.1, **more):
            super().__init__(params, {"lr": lr, "momentum": 0.9, **more})

        def step(self, closure=None):
            loss = closure() if closure else None
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        self.state[p]["step"] = torch.tensor(1.0)
                        self.state[p]["seen"] = torch.ones_like(p.data)
                        p.data.add_(p.grad, alpha=-group["lr"])
            return loss

    leaves = [torch.ones(n, requires_grad=True) for n in (2, 3, 1)]
    return Plain, leaves


@both
def test_groups(torch, note):
    Plain, (a, b, c) = plain(torch)
    for given in (
        [a, b], a, [], [5], [a * 2], [a, a], [{"params": [a]}, {"params": [a]}], "abc",
        [{"params": [a, a]}], [{"params": {a}}], {a}, (x for x in [a, b]), [{"lr": 3}],
        [("x", a), ("y", b)], [("x", a), b], [{"params": [("x", a)]}, {"params": [b]}],
        [{"params": a, "lr": 3}, {"params": [b], "foo": 5}], {"params": [a]},
    ):  # fmt: skip
        note(lambda: Plain(given))
    note(lambda: Plain([("x", a), ("y", b)]).param_groups)
    note(lambda: torch.optim.Optimizer([a], {}).step())
    optimizer = Plain([{"params": [a, b], "lr": 0.5}])
    note(lambda: optimizer.add_param_group({"params": c}))
    note(lambda: optimizer.add_param_group({"params": [a]}))
    note(lambda: optimizer.add_param_group(5))
    note(lambda: optimizer)


@both
def test_state(torch, note):
    Plain, (a, b, c) = plain(torch)
    optimizer = Plain([{"params": [a, b], "lr": 0.5}, {"params": [c]}])
    a.grad, b.grad = torch.ones(2), torch.ones(3)
    note(lambda: optimizer.step(lambda: 7))
    note(lambda: (a, b, c))
    state = optimizer.state_dict()
    note(lambda: state)
    note(lambda: optimizer.zero_grad() or a.grad)
    a.grad = torch.ones(2)
    note(lambda: optimizer.zero_grad(set_to_none=False) or a.grad)
    Plain, (d, e, f) = plain(torch)
    other = Plain([{"params": [d.double().detach().requires_grad_(), e]}, {"params": [f]}])
    note(lambda: other.load_state_dict(state))
    note(lambda: other.state_dict())
    for wrong in ({"state": {}, "param_groups": []}, {}):
        note(lambda: other.load_state_dict(wrong))
    twice = [{**group, "params": group["params"] * 2} for group in state["param_groups"]]
    note(lambda: other.load_state_dict({**state, "param_groups": twice}))
    note(lambda: copy.deepcopy(other))
    note(lambda: sorted(other.__getstate__()))


@both
def test_hooks(torch, note):
    Plain, leaves = plain(torch)
    optimizer = Plain(leaves)
    log = []
    with optimizer.register_step_pre_hook(lambda o, args, kw: log.append((len(args), kw))):
        with optimizer.register_step_post_hook(lambda o, args, kw: log.append((len(args), kw))):
            optimizer.step()
            optimizer.step(closure=None)
    optimizer.step()
    note(lambda: log)
    with optimizer.register_step_pre_hook(lambda o, args, kw: (args, {"closure": lambda: 99})):
        note(lambda: optimizer.step())
    for name in (
        "register_state_dict_pre_hook", "register_state_dict_post_hook",
        "register_load_state_dict_pre_hook", "register_load_state_dict_post_hook",
    ):  # fmt: skip
        with getattr(optimizer, name)(lambda *args: log.append([type(x).__name__ for x in args])):
            optimizer.load_state_dict(optimizer.state_dict())
    note(lambda: log[-4:])
    with optimizer.register_state_dict_post_hook(lambda o, state: {"x": 1}):
        note(lambda: optimizer.state_dict())
