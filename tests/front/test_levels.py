"""Each call that the level of the API decides, at both levels, and what choosing one means."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest

import compat as torch

F = torch.nn.functional
from_before = torch.eq  # names imported before 0.4 was ever chosen mean the same


def told(call: Any) -> Any:
    """What a call gives, as plain values with the type, or the words of its error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = call()
        except (RuntimeError, TypeError, IndexError) as error:
            return str(error)
    return (made.tolist(), str(made.dtype)[6:]) if isinstance(made, torch.Tensor) else made


def grown(steps: int = 2) -> Any:
    return torch.ones(2, requires_grad=True) * steps


def after_a_step() -> Any:
    """The gradient of a loss of what an optimizer has changed since."""
    first, second = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    loss = (first * second).sum()
    first.grad = torch.ones(1)
    torch.optim.SGD([first], lr=0.5).step()
    loss.backward()
    return second.grad


def x() -> Any:
    return torch.Tensor([1, 2])


def i() -> Any:
    return torch.LongTensor([7, -7])


def mask() -> Any:
    return torch.ByteTensor([1, 0])


CORNERS = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])

# a call, what it gives at level 2, and at level 0.4; a str is part of an error's text
CASES: dict[str, tuple[Any, Any, Any]] = {
    "==": (lambda: x() == 1, ([True, False], "bool"), ([1, 0], "uint8")),
    "lt": (lambda: x().lt(2), ([True, False], "bool"), ([1, 0], "uint8")),
    "ge": (lambda: torch.ge(x(), 2), ([False, True], "bool"), ([0, 1], "uint8")),
    "bound": (lambda: from_before(x(), 1), ([True, False], "bool"), ([1, 0], "uint8")),
    "eq_": (lambda: x().eq_(1), ([1.0, 0.0], "float32"), ([1.0, 0.0], "float32")),
    "isnan": (lambda: torch.isnan(x()), ([False, False], "bool"), ([0, 0], "uint8")),
    "all": (lambda: (x() > 1).all(), (False, "bool"), (0, "uint8")),
    "any": (lambda: x().any(), (True, "bool"), "only supports torch.uint8"),
    "~": (lambda: x()[~(x() > 1)], ([1.0], "float32"), ([1.0], "float32")),
    "int /": (lambda: i() / 2, ([3.5, -3.5], "float32"), ([3, -3], "int64")),
    "int div": (lambda: torch.div(i(), i() - 5), ([3.5, 7 / 12], "float32"), ([3, 0], "int64")),
    "int div_": (lambda: i().div_(2), "can't be cast", ([3, -3], "int64")),
    "r/": (lambda: 15 / i(), ([15 / 7, -15 / 7], "float32"), ([2, -2], "int64")),
    "types": (lambda: i() + x(), ([8.0, -5.0], "float32"), "Expected object of type torch.Long"),
    "types_": (lambda: x().add_(i()), ([8.0, -5.0], "float32"), "Expected object of type"),
    "number": (lambda: i() * 1.5, ([10.5, -10.5], "float32"), "whole numbers only"),
    "whole number": (lambda: 2.0 * i(), ([14.0, -14.0], "float32"), ([14, -14], "int64")),
    "0-dim index": (lambda: torch.tensor(2.0)[0], "invalid index of a 0-dim", (2.0, "float32")),
    "update": (lambda: after_a_step(), "modified by an inplace", ([1.0], "float32")),
    "0-dim": (lambda: x() + torch.tensor(1), ([2.0, 3.0], "float32"), ([2.0, 3.0], "float32")),
    "arange": (lambda: torch.arange(2), ([0, 1], "int64"), ([0.0, 1.0], "float32")),
    "full": (lambda: torch.full((1,), 3), ([3], "int64"), ([3.0], "float32")),
    "randint": (lambda: torch.randint(1, (2,)), ([0, 0], "int64"), ([0.0, 0.0], "float32")),
    "typed": (lambda: torch.arange(2, dtype=torch.int32), ([0, 1], "int32"), ([0, 1], "int32")),
    "counts": (lambda: torch.ones(2, 1, 2) * torch.ones(4), "must match",
               ([[[1.0, 1.0]], [[1.0, 1.0]]], "float32")),
    "counts_": (lambda: torch.ones(2, 3).add_(torch.ones(6)), "must match",
                ([[2.0] * 3] * 2, "float32")),
    "copy_": (lambda: torch.zeros(4).copy_(torch.ones(2, 2)), "match",
              ([1.0] * 4, "float32")),
    "broadcast": (lambda: (torch.ones(2, 1) + torch.ones(2)).shape, (2, 2), (2, 2)),
    "dropout": (lambda: int(F.dropout(torch.ones(400)).eq(1).sum()) == 400, False, True),
    "dropout3d": (lambda: int(F.dropout3d(torch.ones(9, 50, 1, 1, 1)).eq(1).sum()) == 450,
                  False, True),
    "affine_grid": (lambda: F.affine_grid(CORNERS, (1, 1, 2, 2))[0, 0, 0],
                    ([-0.5, -0.5], "float32"), ([-1.0, -1.0], "float32")),
    "grid_sample": (lambda: F.grid_sample(torch.Tensor([[[[1, 2]]]]), torch.Tensor([[[[-1, 0]]]])),
                    ([[[[0.5]]]], "float32"), ([[[[1.0]]]], "float32")),
    "upsample": (lambda: F.upsample(torch.Tensor([[[[0, 3], [0, 3]]]]), (1, 4), mode="bilinear"),
                 ([[[[0.0, 0.75, 2.25, 3.0]]]], "float32"),
                 ([[[[0.0, 1.0, 2.0, 3.0]]]], "float32")),
    "Upsample": (lambda: torch.nn.Upsample(2, mode="bilinear").align_corners, None, True),
    "potrf": (lambda: torch.Tensor([[4, 9], [2, 5]]).potrf(upper=False),
              ([[2.0, 0.0], [1.0, 2.0]], "float32"), ([[2.0, 0.0], [1.0, 2.0]], "float32")),
    "potrf upper": (lambda: torch.Tensor([[4, 2], [9, 5]]).potrf(),
                    ([[2.0, 1.0], [0.0, 2.0]], "float32"), ([[2.0, 1.0], [0.0, 2.0]], "float32")),
    "symeig": (lambda: torch.Tensor([[2, 0], [9, 1]]).symeig()[0],
               ([1.0, 2.0], "float32"), ([1.0, 2.0], "float32")),
    "sin_": (lambda: grown().sin_().shape, (2,), "needs the input"),
    "log_": (lambda: grown().log_().shape, (2,), "needs the input"),
    "pow_": (lambda: grown().pow_(3).shape, (2,), "needs the input"),
    "mul_": (lambda: grown().mul_(2).tolist(), [4.0, 4.0], [4.0, 4.0]),
    "exp_": (lambda: grown(0).exp_().tolist(), [1.0, 1.0], [1.0, 1.0]),
    "larger": (lambda: torch.zeros(1, 3, 1).add_(torch.zeros(3, 1, 7)), "output with shape",
               "The expanded size of the tensor (1) must match the existing size (7) at "
               "non-singleton dimension 2"),
    "get_device": (lambda: x().get_device(), -1, "get_device is not implemented"),
}  # fmt: skip


def same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, str):
        return wanted in found
    if isinstance(wanted, tuple) and len(wanted) == 2 and isinstance(wanted[1], str):
        return found[1] == wanted[1] and found[0] == pytest.approx(wanted[0], rel=1e-6)
    return found == wanted


# nested lists are beyond approx
def flat(found: Any) -> Any:
    if isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], str):
        values = torch.tensor(found[0]).reshape(-1).tolist()
        return values, found[1]
    return found


@pytest.mark.parametrize("level", ["2", "0.4"])
@pytest.mark.parametrize("name", CASES)
def test_the_level_decides(name: str, level: str) -> None:
    call, newer, older = CASES[name]
    with torch.api(level):
        found = told(call)
    wanted = newer if level == "2" else older
    assert same(flat(found), flat(wanted)), found


@pytest.mark.parametrize("level", ["2", "0.4"])
def test_zero_grad(level: str) -> None:
    with torch.api(level):
        layer = torch.nn.Linear(2, 1)
        layer(torch.ones(1, 2)).sum().backward()
        torch.optim.SGD(layer.parameters(), lr=0.1).zero_grad()
    grad = layer.weight.grad
    assert grad is None if level == "2" else grad.tolist() == [[0.0, 0.0]]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("level", ["2", "0.4"])
def test_schedulers_step_before_or_after(level: str) -> None:
    schedulers = torch.optim.lr_scheduler
    for make in (
        lambda o: schedulers.StepLR(o, 1, 0.5),
        lambda o: schedulers.ExponentialLR(o, 0.5),
        lambda o: schedulers.LambdaLR(o, lambda epoch: 0.5**epoch),
        lambda o: schedulers.MultiStepLR(o, [1, 2], 0.5),
    ):
        rates = []
        with torch.api(level):
            optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
            scheduler = make(optimizer)
            for _ in range(3):
                scheduler.step()
                rates.append(optimizer.param_groups[0]["lr"])
        assert rates[:2] == ([0.5, 0.25] if level == "2" else [1.0, 0.5]), scheduler


def test_the_fallback_warns_and_broadcasting_can() -> None:
    switch = torch.utils.backcompat.broadcast_warning
    with torch.api("0.4"):
        with pytest.warns(UserWarning, match="same number of elements"):
            torch.add(torch.ones(4), torch.ones(2, 2))
        switch.enabled = True
        try:
            with pytest.warns(UserWarning, match="are broadcastable"):
                torch.add(torch.ones(4, 1), torch.ones(4))
        finally:
            switch.enabled = False


def test_the_level_is_the_threads_own_and_the_callers() -> None:
    seen: list[Any] = []
    with torch.api("0.4"):
        thread = threading.Thread(target=lambda: seen.append((x() == 1).dtype))
        thread.start()
        thread.join()
        assert torch.get_api() == "0.4" and torch.arange(2).dtype is torch.float32
        with torch.api(2):
            assert torch.arange(2).dtype is torch.int64
        loader = torch.utils.data.DataLoader(list(range(4)), batch_size=2, shuffle=True)
        assert next(iter(loader)).dtype is torch.int64  # the library calls at level 2
        loss = F.cross_entropy(torch.zeros(2, 3), torch.LongTensor([0, 1]))
    assert seen == [torch.bool] and torch.get_api() == "2" and loss.item() > 1
    assert inspect.signature(F.dropout).parameters["training"].default is True
    with pytest.raises(ValueError, match="levels are 2 and 0.4"):
        torch.api("0.3")


def test_level_2_knows_nothing_of_older_forms() -> None:
    code = (
        "import sys, compat as t; code = t.add.__code__, t.arange.__code__;"
        "t.api('2'); t.set_api(2); assert t.arange.__code__ is code[1];"
        "assert 'compat.older' not in sys.modules;"
        "t.api('0.4'); assert t.arange.__code__ is not code[1]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


SCRIPT = "import torch; print(torch.get_api(), torch.arange(2).type())\n"


@pytest.mark.parametrize("how", ["variable", "option", "call"])
def test_choosing_for_a_program(how: str, tmp_path: Path) -> None:
    import os

    script = tmp_path / "script.py"
    script.write_text("import torch; torch.set_api('0.4')\n" * (how == "call") + SCRIPT)
    options = ["--api", "0.4"] if how == "option" else []
    environment = os.environ | ({"COMPAT_API": "0.4"} if how == "variable" else {})
    done = subprocess.run(
        [sys.executable, "-m", "compat", "run", *options, str(script)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert done.stdout.split() == ["0.4", "torch.FloatTensor"]
