"""Hooks around forward and backward, of one module and of all, against PyTorch."""

from tests.support.both import both


@both
def test_forward_hooks(torch, note):
    nn = torch.nn
    x = torch.arange(4.0).reshape(2, 2)
    log = []
    module = nn.Flatten()
    handles = [
        module.register_forward_pre_hook(lambda m, args: log.append(("pre", args))),
        module.register_forward_pre_hook(lambda m, args: args[0] + 1),
        module.register_forward_pre_hook(lambda m, args: (args[0] * 2,), prepend=True),
        module.register_forward_pre_hook(
            lambda m, args, kwargs: (args, {**kwargs}), with_kwargs=True
        ),
        module.register_forward_hook(lambda m, args, out: log.append(("post", args, out))),
        module.register_forward_hook(lambda m, args, out: out * 10),
        module.register_forward_hook(lambda m, args, out: out + 3, prepend=True),
        module.register_forward_hook(
            lambda m, args, kwargs, out: log.append((kwargs, out)), with_kwargs=True
        ),
    ]
    note(lambda: module(x))
    note(lambda: log)
    for handle in handles:
        handle.remove()
        note(lambda: module(x))
    with module.register_forward_hook(lambda *args: 5):
        note(lambda: module(x))
    note(lambda: module(x))
    module.register_forward_pre_hook(lambda *args: 5, with_kwargs=True)
    note(lambda: module(x))


@both
def test_hooks_that_are_always_called(torch, note):
    class Fails(torch.nn.Module):
        def forward(self, x):
            raise ValueError("no")

    log = []
    module = Fails()
    module.register_forward_hook(lambda m, args, out: log.append("not called"))
    module.register_forward_hook(lambda m, args, out: log.append(out), always_call=True)
    note(lambda: module(1))
    note(lambda: log)
    module.register_forward_hook(lambda m, args, out: 1 / 0, always_call=True)
    note(lambda: module(1))


@both
def test_full_backward_hooks(torch, note):
    class Mixed(torch.nn.Module):
        def forward(self, a, text, b):
            return a * 2, text, b * 3

    log = []
    for needs in ((True, True), (False, True), (False, False)):
        module = Mixed()
        module.register_full_backward_hook(lambda m, gi, go: log.append(("full", gi, go)))
        module.register_full_backward_pre_hook(lambda m, go: log.append(("pre", go)))
        a = torch.ones(2, requires_grad=needs[0])
        b = torch.ones(1, requires_grad=needs[1])
        out = module(a, 5, b)
        note(lambda: (out[0].requires_grad, out[1], out[2].requires_grad))
        for at in (0, 2):
            if out[at].requires_grad:
                out[at].sum().backward(retain_graph=True)
                note(lambda: (log, a.grad, b.grad))


@both
def test_full_backward_hooks_change_gradients(torch, note):
    module = torch.nn.Linear(2, 1)
    torch.nn.init.ones_(module.weight)
    for step in (
        lambda: module.register_full_backward_hook(lambda m, gi, go: (gi[0] * 10,)),
        lambda: module.register_full_backward_pre_hook(lambda m, go: (go[0] * 3,)),
        lambda: module.register_full_backward_hook(lambda m, gi, go: (1, 2)),
    ):
        handle = step()
        x = torch.ones(1, 2, requires_grad=True)
        note(lambda: module(x).sum().backward())
        note(lambda: x.grad)
        note(lambda: module(torch.ones(1, 2)).sum().backward())
        handle.remove()
    module.register_full_backward_pre_hook(lambda m, go: (1, 2))
    note(lambda: module(x).sum().backward())


@both
def test_what_full_hooks_make_of_a_call(torch, note):
    class Same(torch.nn.Module):
        def forward(self, *args, **kwargs):
            return kwargs["out"] if kwargs else args[0]

    module = Same()
    log = []
    module.register_full_backward_hook(lambda m, gi, go: log.append((gi, go)))
    x = torch.ones(2, requires_grad=True)
    note(lambda: type(module(x).grad_fn).__name__)
    note(lambda: module(3, x))
    note(lambda: module(out=[x]))
    with torch.no_grad():
        note(lambda: module(x).grad_fn)
    (module(x) * 2).sum().backward()
    note(lambda: log)


@both
def test_old_backward_hooks(torch, note):
    log = []
    module = torch.nn.Tanh()
    module.register_backward_hook(lambda m, gi, go: log.append((gi, go)))
    x = torch.zeros(2, requires_grad=True)
    note(lambda: module(x).sum().backward())
    note(lambda: log)
    note(lambda: module.register_full_backward_hook(lambda *args: None))
    other = torch.nn.Tanh()
    other.register_full_backward_hook(lambda *args: None)
    note(lambda: other.register_backward_hook(lambda *args: None))


@both
def test_hooks_of_all_modules(torch, note):
    hooks = torch.nn.modules.module
    log = []
    handles = [
        hooks.register_module_forward_pre_hook(lambda m, args: log.append(type(m).__name__)),
        hooks.register_module_forward_hook(lambda m, args, out: out + 1),
        hooks.register_module_full_backward_hook(lambda m, gi, go: log.append((gi, go))),
        hooks.register_module_parameter_registration_hook(lambda m, n, p: log.append(n)),
        hooks.register_module_buffer_registration_hook(lambda m, n, b: log.append(n)),
        hooks.register_module_module_registration_hook(lambda m, n, c: log.append(n)),
    ]
    x = torch.ones(2, requires_grad=True)
    note(lambda: torch.nn.Sequential(torch.nn.ReLU(), torch.nn.BatchNorm1d(2)).eval() and None)
    note(lambda: torch.nn.Sequential(torch.nn.ReLU())(x).sum().backward())
    note(lambda: log)
    for handle in handles:
        handle.remove()
    note(lambda: torch.nn.ReLU()(x))
