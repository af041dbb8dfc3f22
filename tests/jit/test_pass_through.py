"""compile, script and trace give what runs as before; fullgraph refuses looks."""

import io

import pytest

import compat


def halved(x):
    return x / 2


class Net(compat.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = compat.nn.Linear(3, 2)

    def forward(self, x):
        return self.layer(x)


def test_compile_keeps_functions_and_modules():
    net, x = Net(), compat.ones(1, 3)
    made = compat.compile(net, mode="reduce-overhead", dynamic=True)
    assert compat.equal(made(x), net(x))
    assert list(made.state_dict()) == ["_orig_mod.layer.weight", "_orig_mod.layer.bias"]
    assert made.layer is net.layer
    assert compat.compile(halved)(x).tolist() == [[0.5] * 3]
    assert compat.compile(backend="eager")(halved).__name__ == "halved"
    with pytest.raises(RuntimeError, match="Unrecognized mode=fast"):
        compat.compile(halved, mode="fast")


def test_fullgraph_names_the_line_that_looks():
    @compat.compile(fullgraph=True)
    def looking(x):
        y = x * 2
        return y if y.sum() > 0 else -y

    with pytest.raises(compat._dynamo.exc.Unsupported, match="test_pass_through.py"):
        looking(compat.ones(3))
    assert compat.compile(lambda x: x * 2, fullgraph=True)(compat.ones(1)).tolist() == [2.0]

    @compat.compile(fullgraph=True)
    def allowed(x):
        return compat._dynamo.disable(lambda y: y.item())(x * 2)

    assert allowed(compat.ones(())) == 2.0


def test_scripted_modules_can_be_saved():
    net, x = Net(), compat.ones(1, 3)
    compat.jit.scripted._warned = False
    with pytest.warns(UserWarning, match="runs as the Python"):
        made = compat.jit.script(net)
    assert isinstance(made, compat.jit.ScriptModule) and isinstance(made, Net)
    assert list(made.state_dict()) == ["layer.weight", "layer.bias"]
    buffer = io.BytesIO()
    made.save(buffer, _extra_files={"notes": "hi"})
    buffer.seek(0)
    notes = {"notes": ""}
    again = compat.jit.load(buffer, _extra_files=notes)
    assert compat.equal(again(x), net(x)) and notes == {"notes": b"hi"}
    assert isinstance(again, compat.jit.ScriptModule)
    with pytest.raises(RuntimeError, match="eval mode"):
        compat.jit.freeze(made)
    assert compat.jit.freeze(made.eval()) is made
    traced = compat.jit.trace(halved, x)
    buffer = io.BytesIO()
    compat.jit.save(traced, buffer)
    buffer.seek(0)
    assert compat.jit.load(buffer)(x).tolist() == [[0.5] * 3]
