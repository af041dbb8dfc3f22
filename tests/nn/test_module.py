"""Registration, attributes, conversion, state and look-up of modules, against PyTorch."""

import copy
import pickle

import pytest

from tests.support.both import both


def example(torch):
    """A small tree with all kinds of members."""
    nn = torch.nn
    torch.manual_seed(1)
    module = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Sequential(nn.ReLU()))
    module.register_buffer("seen", torch.zeros(2))
    module.register_buffer("hidden", torch.ones(1), persistent=False)
    module.shared = module[0]
    module.scale = nn.Parameter(torch.ones(2))
    return module


@both
def test_registration_checks_names_and_values(torch, note):
    nn = torch.nn
    module = example(torch)
    values = {
        "register_buffer": torch.ones(1),
        "register_parameter": nn.Parameter(torch.ones(1)),
        "add_module": nn.ReLU(),
        "register_module": nn.ReLU(),
    }
    for method, value in values.items():
        for name in (5, "a.b", "", "training", "scale", "seen", "shared"):
            fresh = copy.deepcopy(module)
            note(lambda: getattr(fresh, method)(name, value))
            note(lambda: (list(fresh._parameters), list(fresh._buffers), list(fresh._modules)))
        note(lambda: getattr(module, method)("new", 5))
        note(lambda: getattr(module, method)("none", None))
    note(lambda: module.register_parameter("new", torch.ones(1)))
    note(lambda: module)


@both
def test_assignment_keeps_the_kind_of_an_attribute(torch, note):
    nn = torch.nn
    for name in ("scale", "seen", "hidden", "shared", "plain", "training"):
        for value in (
            5, None, torch.ones(1), nn.Parameter(torch.ones(1)), nn.Tanh(),
            nn.Buffer(torch.ones(1)), nn.Buffer(torch.ones(1), persistent=False),
        ):  # fmt: skip
            module = example(torch)
            note(lambda: setattr(module, name, value))
            note(lambda: list(module.state_dict()))
            note(lambda: sorted(module._non_persistent_buffers_set))
            note(lambda: [n for n, _ in module.named_modules()])
        note(lambda: delattr(module, name))
    note(lambda: module.nothing)
    note(lambda: delattr(module, "nothing"))
    note(lambda: sorted(set(dir(module)) & {"scale", "seen", "shared", "0", "forward"}))


@both
def test_before_init_nothing_can_be_assigned(torch, note):
    nn = torch.nn
    steps = [
        lambda self: setattr(self, "a", nn.Linear(1, 1)),
        lambda self: setattr(self, "a", nn.Parameter(torch.ones(1))),
        lambda self: setattr(self, "a", nn.Buffer(torch.ones(1))),
        lambda self: self.register_buffer("a", torch.ones(1)),
        lambda self: self.register_parameter("a", None),
        lambda self: (setattr(self, "a", 5), self.b),
    ]
    for step in steps:
        note(lambda: type("Early", (nn.Module,), {"__init__": step})())
    note(lambda: nn.Module(1))
    note(lambda: nn.Module(a=1))
    note(lambda: nn.Module()(1))


@both
def test_iteration(torch, note):
    module = example(torch)
    for flags in ({}, {"recurse": False}, {"prefix": "p"}, {"remove_duplicate": False}):
        note(lambda: [(name, one.shape) for name, one in module.named_parameters(**flags)])
        note(lambda: [(name, one.shape) for name, one in module.named_buffers(**flags)])
    for flags in ({}, {"prefix": "p"}, {"remove_duplicate": False}):
        note(lambda: [name for name, _ in module.named_modules(**flags)])
    note(lambda: [name for name, _ in module.named_children()])
    note(lambda: [type(one).__name__ for one in module.modules()])
    note(lambda: (len(list(module.parameters())), len(list(module.buffers()))))
    seen = []
    note(lambda: module.apply(lambda one: seen.append(type(one).__name__)) is module)
    note(lambda: seen)


@both
def test_look_up_by_dotted_name(torch, note):
    module = example(torch)
    for target in ("", "0", "2.0", "0.weight", "1.running_mean", "scale", "seen", "2.x", "x.y"):
        note(lambda: type(module.get_submodule(target)).__name__)
        note(lambda: module.get_parameter(target).shape)
        note(lambda: module.get_buffer(target).shape)
    for target, strict in (
        ("2.0", False),
        ("2.5", False),
        ("2.5", True),
        ("", False),
        ("scale", False),
    ):
        note(lambda: module.set_submodule(target, torch.nn.Tanh(), strict=strict))
    note(lambda: module.set_submodule("0", 5))
    note(lambda: module)


@both
def test_conversion(torch, note):
    def facts(module):
        tensors = list(module.state_dict(keep_vars=True).items())
        return [(name, one.dtype, one.device, one.requires_grad) for name, one in tensors]

    calls = [
        ((torch.float64,), {}), ((torch.float64, True), {}), (("cpu", torch.float16), {}),
        ((), {"dtype": torch.bfloat16}), ((torch.ones(1, dtype=torch.float64),), {}),
        ((torch.int32,), {}), ((torch.complex64,), {}), (("meta",), {}),
        ((), {"foo": True}), ((torch.float64, "cpu"), {}), ((), {"copy": True}), ((), {}),
    ]  # fmt: skip
    for args, kwargs in calls:
        note(lambda: facts(example(torch).to(*args, **kwargs)))
    for name in ("float", "double", "half", "bfloat16", "cpu", "share_memory"):
        note(lambda: facts(getattr(example(torch), name)()))
    note(lambda: facts(example(torch).type(torch.float64)))
    note(lambda: facts(example(torch).to_empty(device="meta")))
    note(lambda: facts(example(torch).requires_grad_(False)))
    module = example(torch)
    kept = module.scale
    kept.grad = torch.ones(2)
    module.double()
    note(lambda: (module.scale is kept, kept.grad.dtype, kept))


@both
def test_train_and_zero_grad(torch, note):
    module = example(torch)
    note(lambda: [one.training for one in module.eval().modules()])
    note(lambda: [one.training for one in module.train().modules()])
    note(lambda: module.train(5))
    module.scale.grad = torch.ones(2)
    note(lambda: module.zero_grad(set_to_none=False) or module.scale.grad)
    note(lambda: module.zero_grad() or module.scale.grad)


@both
def test_state_dict(torch, note):
    module = example(torch)
    note(lambda: module.state_dict())
    note(lambda: module.state_dict()._metadata)
    note(lambda: module.state_dict(None, "p.").keys())
    note(lambda: {k: type(v).__name__ for k, v in module.state_dict(keep_vars=True).items()})
    note(lambda: module.load_state_dict(module.state_dict()))
    note(lambda: module.load_state_dict(5))
    wrong = dict(module.state_dict())
    wrong["0.weight"] = torch.ones(3, 4)
    wrong["scale"] = 5
    wrong.update({"q": 1, "0.x": 2, "scale.y": 3, "2.0.z": 4, "_extra_state": 5})
    del wrong["1.bias"], wrong["seen"]
    note(lambda: module.load_state_dict(wrong))
    note(lambda: module.load_state_dict({}, strict=False))
    note(lambda: module.load_state_dict({"q": 1}, strict=False))
    given = {name: one + 1 for name, one in module.state_dict().items()}
    note(lambda: module.load_state_dict(given, assign=True))
    note(lambda: (module.scale, type(module.scale).__name__, module.seen))
    note(lambda: example(torch).to("meta").load_state_dict(given).missing_keys)


@both
def test_extra_state_and_state_hooks(torch, note):
    class Counted(torch.nn.Module):
        count = 3

        def get_extra_state(self):
            return self.count

        def set_extra_state(self, state):
            self.count = state + 1

    module = Counted()
    note(lambda: module.state_dict())
    note(lambda: module.load_state_dict({"_extra_state": 7}))
    note(lambda: module.count)
    note(lambda: module.load_state_dict({}))
    note(lambda: torch.nn.Module().get_extra_state())
    note(lambda: torch.nn.Module().set_extra_state(1))
    seen = []

    def told(*args):
        seen.append([type(one).__name__ for one in args])

    names = (
        "register_state_dict_pre_hook", "register_state_dict_post_hook",
        "register_load_state_dict_pre_hook", "register_load_state_dict_post_hook",
    )  # fmt: skip
    for name in names:
        module = torch.nn.Linear(1, 1)
        handle = getattr(module, name)(told)
        module.load_state_dict(module.state_dict())
        handle.remove()
        module.load_state_dict(module.state_dict())
        getattr(module, name)(lambda *args: 5)
        note(lambda: module.load_state_dict(module.state_dict()))
    note(lambda: seen)


@both
def test_copies_and_pickles(torch, note):
    module = example(torch)
    for made in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        note(lambda: made)
        note(lambda: made.state_dict())
        note(lambda: (made.shared is made[0], type(made.scale).__name__))
        note(lambda: made(torch.ones(2, 2)))
    parameter = torch.nn.Parameter(torch.ones(2), requires_grad=False)
    note(lambda: (copy.deepcopy(parameter), pickle.loads(pickle.dumps(parameter))))
    note(lambda: sorted(torch.nn.Module().__dict__))


@both
def test_parameter_and_buffer(torch, note):
    nn = torch.nn
    for step in (
        lambda: nn.Parameter(), lambda: nn.Parameter(torch.ones(2)), lambda: nn.Parameter(5),
        lambda: nn.Parameter(torch.ones(2, dtype=torch.int32)), lambda: nn.Buffer(),
        lambda: nn.Parameter(torch.ones(2, dtype=torch.int32), requires_grad=False),
        lambda: nn.Buffer(torch.ones(2), persistent=False).persistent,
        lambda: isinstance(nn.Buffer(), nn.Buffer), lambda: isinstance(torch.ones(1), nn.Buffer),
        lambda: isinstance(nn.Parameter(), torch.Tensor), lambda: type(nn.Buffer()).__name__,
        lambda: (nn.Parameter(torch.ones(2)) * 2).is_leaf,
        lambda: type(nn.Parameter().data).__name__,
    ):  # fmt: skip
        note(step)


@pytest.mark.oracle
def test_a_call_without_hooks_is_short():
    """What a call adds to `forward` takes no longer than PyTorch's."""
    import timeit

    import compat

    oracle = pytest.importorskip("torch")

    def added(torch):
        class Nothing(torch.nn.Module):
            def forward(self, x):
                return x

        module = Nothing()
        names = {"module": module, "forward": module.forward}
        call, plain = (
            min(timeit.repeat(step, globals=names, number=5000, repeat=20))
            for step in ("module(1)", "forward(1)")
        )
        return call - plain

    assert added(compat) <= added(oracle)


@pytest.mark.parametrize("kind", ["same", "other"])
def test_shared_module_is_listed_once(kind):
    import compat as torch

    first = torch.nn.Linear(1, 1)
    second = first if kind == "same" else torch.nn.Linear(1, 1)
    pair = torch.nn.ModuleList([first, second])
    assert len(list(pair.parameters())) == (2 if kind == "same" else 4)
    assert len(pair.state_dict()) == 4
