"""What SummaryWriter.add_graph writes, read back by TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import compat as torch
from compat import nn

pytest.importorskip("tensorboard")


class Net(nn.Module):
    def __init__(self, looks: bool = False) -> None:
        super().__init__()
        self.looks = looks
        self.conv1 = nn.Conv2d(1, 2, 3)
        self.rest = nn.Sequential(nn.Linear(8, 4), nn.BatchNorm1d(4), nn.Dropout())

    def forward(self, x: Any, y: Any) -> Any:
        x = nn.functional.relu(self.conv1(x))
        if self.looks and x.sum().item() < 0:
            raise RuntimeError
        left, right = self.rest(x.flatten(1)).chunk(2, 1)
        return {"sum": left + right + y, "top": x.flatten(1).topk(1)[1], "same": y}


def written(folder: Path, model: Any, inputs: Any, **settings: Any) -> dict[str, Any]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from compat.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        writer.add_graph(model, inputs, **settings)
    read = EventAccumulator(str(folder))
    read.Reload()
    nodes = list(read.Graph().node)
    assert len({node.name for node in nodes}) == len(nodes)
    return {node.name: node for node in nodes}


def reaches(nodes: dict[str, Any], name: str) -> set[str]:
    """The names of all that a node is computed from."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        name = waiting.pop().partition(":")[0]
        if name not in found:
            found.add(name)
            waiting += nodes[name].input
    return found


def shape(node: Any, place: int = 0) -> list[int]:
    return [one.size for one in node.attr["_output_shapes"].list.shape[place].dim]


@pytest.mark.parametrize("looks", [False, True])
def test_scopes_connections_and_shapes(tmp_path: Path, looks: bool) -> None:
    model = Net(looks)
    model.conv1.eval()
    nodes = written(tmp_path, model, (torch.rand(3, 1, 4, 4), torch.rand(3, 2)))
    for node in nodes.values():
        assert all(one.partition(":")[0] in nodes for one in node.input)
    assert shape(nodes["input/x"]) == [3, 1, 4, 4] and shape(nodes["input/y"]) == [3, 2]
    weight = nodes["Net/Conv2d[conv1]/weight"]
    assert shape(weight) == [2, 1, 3, 3] and weight.attr["attr"].s == b"{ name : conv1.weight }"
    (conv,) = [one for one in nodes.values() if "input/x" in one.input]
    assert conv.name.startswith("Net/Conv2d[conv1]/") and shape(conv) == [3, 2, 2, 2]
    assert {"Net/Conv2d[conv1]/weight", "Net/Conv2d[conv1]/bias"} <= set(conv.input)
    whole = reaches(nodes, "output/output")
    assert {
        "input/x", "input/y", "Net/Sequential[rest]/Linear[0]/weight",
        "Net/Sequential[rest]/BatchNorm1d[1]/running_mean",
    } <= whole  # fmt: skip
    assert any(one.startswith("Net/relu") for one in whole)
    assert shape(nodes["output/output"]) == [3, 2] and shape(nodes["output/output_1"]) == [3, 1]
    assert nodes["output/output_2"].input == ["input/y"]
    assert "Net/Sequential[rest]/Linear[0]/weight" not in reaches(nodes, "output/output_1")


def test_the_model_is_as_it_was(tmp_path: Path) -> None:
    model = Net()
    model.conv1.eval()
    before = {name: one.clone() for name, one in model.state_dict().items()}
    written(tmp_path, model, (torch.rand(3, 1, 4, 4), torch.rand(3, 2)))
    assert all(torch.equal(one, before[name]) for name, one in model.state_dict().items())
    modes = [module.training for module in model.modules()]
    assert modes == [True, False, True, True, True, True]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_one_tensor_verbose_and_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    linear = nn.Linear(2, 3)
    nodes = written(tmp_path, linear, torch.ones(1, 2), verbose=True)
    assert "output/output = IO Node(Linear/" in capsys.readouterr().out
    assert {"input/input", "Linear/weight", "Linear/bias"} <= reaches(nodes, "output/output")
    with pytest.raises(RuntimeError):
        written(tmp_path, linear, None)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        written(tmp_path, linear, torch.ones(1, 5))
    assert linear(torch.ones(1, 2)).shape == (1, 3) and linear.training


def test_points_are_written_as_pytorch_writes_them(tmp_path: Path) -> None:
    oracle = pytest.importorskip("torch")
    from torch.utils.tensorboard import SummaryWriter as Theirs

    from compat.utils.tensorboard import SummaryWriter as Ours

    found = {}
    for name, t, kind in (("ours", torch, Ours), ("theirs", oracle, Theirs)):
        with kind(str(tmp_path / name)) as writer:
            points, pictures = t.arange(6.0).reshape(3, 2), t.full((3, 1, 4, 5), 0.5)
            writer.add_embedding(points, ["a", "b", "c"], pictures)
            table = [[1, "x"], [2, "y"], [3, "z"]]
            writer.add_embedding(points, table, None, 3, "second/x", ["n", "l"])
            with pytest.raises(AssertionError, match="#labels should equal"):
                writer.add_embedding(points, ["a"], global_step=4)
            with pytest.raises(AssertionError, match="mat should be 2D"):
                writer.add_embedding(points[0], global_step=5)
        texts = {
            str(one.relative_to(tmp_path / name)): one.read_text()
            for one in (tmp_path / name).rglob("*") if one.suffix in (".tsv", ".pbtxt")
        }  # fmt: skip
        found[name] = texts
    assert found["ours"] == found["theirs"] and len(found["ours"]) == 5
    from PIL import Image

    sprites = [Image.open(tmp_path / name / "00000/default/sprite.png") for name in found]
    assert sprites[0].tobytes() == sprites[1].tobytes()
