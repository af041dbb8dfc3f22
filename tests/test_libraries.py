"""Libraries that look for torch find compat after `install()`: each in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

ROOT = Path(__file__).parents[1]


def ran(library: str, program: str, folder: Path | None = None) -> str:
    """What a program prints after `install()`; without the library it is skipped."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", f"import compat; compat.install()\n{program}"],
        capture_output=True, text=True, timeout=300, cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_safetensors_goes_in_and_out(tmp_path: Path) -> None:
    """Files are exchanged with real PyTorch in both directions, types and shared tensors too."""
    save = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    theirs = {
        "w": torch.arange(6.0).reshape(2, 3), "half": torch.ones(3, dtype=torch.bfloat16) / 3,
        "flags": torch.tensor([True, False]), "count": torch.tensor(7),
    }  # fmt: skip
    save.save_file(theirs, tmp_path / "theirs.safetensors", {"by": "torch"})
    program = """
import sys, torch
from safetensors.torch import load_file, save_file, save_model, load_model, load, save
from safetensors import safe_open
assert 'compat' in torch.__version__, torch.__version__
found = load_file('theirs.safetensors')
assert found['w'].tolist() == [[0, 1, 2], [3, 4, 5]] and found['count'].item() == 7
assert found['half'].dtype is torch.bfloat16 and found['flags'].dtype is torch.bool
with safe_open('theirs.safetensors', 'pt') as file:
    assert file.metadata() == {'by': 'torch'}
    assert torch.equal(file.get_slice('w')[:, 1:], found['w'][:, 1:])
save_file(found, 'ours.safetensors')
assert torch.equal(load(save(found))['w'], found['w'])
torch.manual_seed(0)
model = torch.nn.Linear(3, 2)
save_model(model, 'model.safetensors')
other = torch.nn.Linear(3, 2)
load_model(other, 'model.safetensors')
assert torch.equal(other.weight, model.weight)
"""
    ran("safetensors", program, tmp_path)
    ours = save.load_file(tmp_path / "ours.safetensors")
    for name, one in theirs.items():
        assert torch.equal(ours[name], one) and ours[name].dtype == one.dtype
    torch.manual_seed(0)
    model = save.load_file(tmp_path / "model.safetensors")
    torch.testing.assert_close(model["weight"], torch.nn.Linear(3, 2).weight.detach())


def test_einops_rearranges_our_tensors() -> None:
    program = """
import torch
from einops import einsum, pack, rearrange, reduce, repeat, unpack
from einops.layers.torch import EinMix, Rearrange, Reduce
x = torch.arange(24.0, requires_grad=True).view(2, 3, 4)
y = rearrange(x, 'b (h w) c -> b c h w', h=3)
assert isinstance(y, torch.Tensor) and y.shape == (2, 4, 3, 1)
assert torch.equal(reduce(x, 'b h c -> c', 'mean'), x.mean((0, 1)))
assert repeat(x, 'b h c -> b h c k', k=2).shape == (2, 3, 4, 2)
assert torch.equal(einsum(x, x, 'b h c, b k c -> b h k'), x @ x.transpose(1, 2))
packed, shapes = pack([x, x[:, 0]], 'b * c')
assert packed.shape == (2, 4, 4) and unpack(packed, shapes, 'b * c')[1].shape == (2, 4)
layers = torch.nn.Sequential(Rearrange('b h c -> b c h'), Reduce('b c h -> b c', 'max'))
layers(x).sum().backward()
print(EinMix('b h c -> b h o', weight_shape='c o', c=4, o=5)(x).shape)
"""
    assert ran("einops", program).strip() == "torch.Size([2, 3, 5])"


def test_torchmetrics_measures_with_our_tensors() -> None:
    program = """
import torch, torchmetrics
accuracy = torchmetrics.Accuracy(task='multiclass', num_classes=3)
wanted, given = torch.tensor([0, 1, 2, 2]), torch.tensor([0, 2, 2, 2])
accuracy.update(given, wanted)
error = torchmetrics.MeanSquaredError()
print(f'{accuracy.compute().item():.3f} {error(given.float(), wanted.float()).item():.3f}')
"""
    assert ran("torchmetrics", program).strip() == "0.750 0.250"


def test_tqdm_and_tensorboard_take_our_numbers(tmp_path: Path) -> None:
    program = """
import torch
from torch.utils.tensorboard import SummaryWriter
writer = SummaryWriter('log')
for step in range(3):
    writer.add_scalar('loss', torch.tensor(1.0 / (step + 1)), step)
writer.add_histogram('weights', torch.randn(100), 0)
writer.close()
"""
    ran("tensorboard", program, tmp_path)
    assert list((tmp_path / "log").iterdir())
    program = """
import torch
from tqdm import tqdm
bar = tqdm(torch.arange(4), disable=False)
for number in bar:
    bar.set_postfix(loss=torch.tensor(0.5).item())
"""
    ran("tqdm", program)


def test_scikit_learns_array_interface_knows_us() -> None:
    program = """
import importlib.util
import os
os.environ['SCIPY_ARRAY_API'] = '1'
import torch, sklearn
from sklearn.preprocessing import MinMaxScaler
with sklearn.config_context(array_api_dispatch=True):
    made = MinMaxScaler().fit_transform(torch.arange(6.0).reshape(3, 2))
print(type(made).__module__.split('.')[0], made.tolist())
"""
    out = ran("sklearn", program)
    assert out.strip().endswith("[[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]")
