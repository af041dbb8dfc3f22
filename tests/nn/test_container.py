"""Sequential, ModuleList, ModuleDict, ParameterList and ParameterDict, against PyTorch."""

from collections import OrderedDict

from tests.support.both import both


@both
def test_sequential(torch, note):
    nn = torch.nn

    def made():
        return nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Sigmoid())

    for step in (
        lambda s: s[5], lambda s: s["a"], lambda s: s[-1], lambda s: s[True], lambda s: s[0:2],
        lambda s: s + 5, lambda s: s + s, lambda s: s * 0, lambda s: s * "a", lambda s: 2 * s,
        lambda s: s.__imul__(2), lambda s: s.__iadd__(5), lambda s: s.__iadd__(made()),
        lambda s: s.insert(5, nn.ELU()), lambda s: s.insert(-1, nn.ELU()),
        lambda s: s.insert(0, 5), lambda s: s.insert(3, nn.ELU()), lambda s: s.append(5),
        lambda s: s.append(nn.ELU()), lambda s: s.extend([nn.ELU()] * 2), lambda s: s.extend(5),
        lambda s: s.pop(0), lambda s: s.pop(-1), lambda s: s.pop("0"), lambda s: len(s),
        lambda s: s.__setitem__(9, nn.ELU()), lambda s: s.__setitem__(-1, nn.ELU()),
        lambda s: s.__delitem__(0), lambda s: s.__delitem__(slice(0, 2)),
        lambda s: [type(one).__name__ for one in s], lambda s: s(torch.ones(2)),
    ):  # fmt: skip
        module = made()
        note(lambda: step(module))
        note(lambda: module)
    note(lambda: nn.Sequential(5))
    note(lambda: nn.Sequential({"a": nn.ReLU()}))
    note(lambda: nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh())))
    note(lambda: nn.Sequential()(1))


@both
def test_module_list(torch, note):
    nn = torch.nn

    def made():
        return nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1)])

    for step in (
        lambda m: m[9], lambda m: m["a"], lambda m: m[-1], lambda m: m[1:3], lambda m: m(1),
        lambda m: m.extend(5), lambda m: m.append(5), lambda m: m.append(nn.ELU()),
        lambda m: m + [nn.ELU()], lambda m: m.__iadd__([nn.ELU()]), lambda m: m.pop(0),
        lambda m: m.insert(1, nn.ELU()), lambda m: m.__delitem__(0), lambda m: len(m),
        lambda m: m.__delitem__([0, 1]), lambda m: m.__setitem__(2, nn.Tanh()),
    ):  # fmt: skip
        module = made()
        note(lambda: step(module))
        note(lambda: module)
    note(lambda: nn.ModuleList(5))
    note(lambda: nn.ModuleList())
    note(lambda: nn.ModuleList([nn.Sequential(nn.ReLU(), nn.ReLU()) for _ in range(3)]))
    note(lambda: [name for name in dir(made()) if name.isdigit()])


@both
def test_module_dict(torch, note):
    nn = torch.nn
    for step in (
        lambda d: d["q"], lambda d: d.pop("a"), lambda d: d(1), lambda d: "a" in d,
        lambda d: (list(d.keys()), list(d.items()), list(d.values()), len(d), list(d)),
        lambda d: d.update(5), lambda d: d.update([5]), lambda d: d.update([(1, 2, 3)]),
        lambda d: d.update([(1, nn.ReLU())]), lambda d: d.update({"x": 5}),
        lambda d: d.update([("keys", nn.ReLU())]),
        lambda d: d.update({"z": nn.ELU(), "y": nn.ELU()}),
        lambda d: d.clear(), lambda d: d.__delitem__("a"), lambda d: d.__delitem__("q"),
        lambda d: d.update(nn.ModuleDict({"m": nn.ELU()})),
    ):  # fmt: skip
        module = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Tanh()})
        note(lambda: step(module))
        note(lambda: module)


@both
def test_parameter_list(torch, note):
    nn = torch.nn
    for step in (
        lambda p: p[9], lambda p: p["q"], lambda p: p[-1], lambda p: p[1:3], lambda p: p(1),
        lambda p: p.extend(5), lambda p: p.extend([torch.ones(1)]), lambda p: p.append(3),
        lambda p: p.__iadd__([2]), lambda p: p.__setitem__(0, torch.zeros(3)),
        lambda p: p.__setitem__(99, 1), lambda p: list(p.state_dict()), lambda p: len(p),
        lambda p: [type(one).__name__ for one in p],
        lambda p: [name for name, _ in p.named_parameters()],
    ):  # fmt: skip
        module = nn.ParameterList([torch.ones(1), nn.Parameter(torch.ones(2)), 5, "x", [1]])
        note(lambda: step(module))
        note(lambda: module)
    note(lambda: nn.ParameterList())


@both
def test_parameter_dict(torch, note):
    nn = torch.nn
    for step in (
        lambda d: d["q"], lambda d: d(1), lambda d: d.pop("c"), lambda d: d.popitem(),
        lambda d: d.get("z", 3), lambda d: d.get("a"), lambda d: d.setdefault("n", torch.ones(1)),
        lambda d: d.fromkeys("xy", 3), lambda d: d | {"m": 5}, lambda d: {"m": 5} | d,
        lambda d: d.__ior__({"k": 4}), lambda d: d.copy(), lambda d: d.clear(),
        lambda d: (list(reversed(d)), list(d.keys()), list(d.values()), len(d), "a" in d),
        lambda d: d.update(5), lambda d: d.update([5]), lambda d: d.update([(1, 2, 3)]),
        lambda d: d.__delitem__("zz"), lambda d: d.__delitem__("a"),
        lambda d: d.__setitem__("p", None), lambda d: d.__setitem__("a.b", torch.ones(1)),
        lambda d: list(d.items()), lambda d: d.update(nn.ParameterDict({"m": torch.ones(1)})),
        lambda d: d.update({"z": torch.ones(1), "y": torch.ones(1)}),
        lambda d: d.update([("z", torch.ones(1)), ("y", torch.ones(1))]),
    ):  # fmt: skip
        module = nn.ParameterDict({"b": nn.Parameter(torch.ones(2, 3)), "a": torch.ones(1), "c": 5})
        note(lambda: step(module))
        note(lambda: module)


@both
def test_container(torch, note):
    note(lambda: torch.nn.Container(a=torch.nn.ReLU()))
