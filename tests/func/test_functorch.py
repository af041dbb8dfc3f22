"""functorch beside PyTorch's: the older names of `torch.func`, and modules as functions."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from typing import Any

import pytest

from tests.support.both import both


def functorch_of(torch: Any) -> Any:
    name = "functorch" if torch.__name__ == "torch" else "compat.functorch"
    return importlib.import_module(name)


def tied(torch: Any) -> Any:
    class Twice(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
            self.b.weight = self.a.weight

        def forward(self, x: Any) -> Any:
            return self.b(self.a(x))

    return Twice()


@both
def test_modules_as_functions(torch, note):
    ft = functorch_of(torch)
    quiet = lambda step: note(lambda: _quietly(step))  # noqa: E731
    torch.manual_seed(0)
    x = torch.tensor([[1.0, 2.0], [-0.5, 3.0], [0.25, -1.0]])
    norm = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    function, params, buffers = _quietly(lambda: ft.make_functional_with_buffers(norm))
    note(lambda: function)
    note(lambda: function(params, buffers, x))
    note(lambda: (buffers, norm[1].running_mean))  # what batch norm writes stays in the copies
    note(lambda: [type(one).__name__ for one in (params, buffers, params[0])])
    note(lambda: [one.requires_grad for one in params])
    note(lambda: function.param_names)
    quiet(lambda: ft.make_functional(norm))
    quiet(lambda: ft.make_functional(norm[0], disable_autograd_tracking=True)[1])
    quiet(lambda: ft.combine_state_for_ensemble([]))
    quiet(lambda: ft.combine_state_for_ensemble([norm, norm[0]]))
    two = [torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)]
    many, stacked, none = _quietly(lambda: ft.combine_state_for_ensemble(two))
    note(lambda: (stacked, none))
    note(lambda: torch.vmap(many, in_dims=(0, 0, None))(stacked, none, x))

    twice = tied(torch)
    function, params = _quietly(lambda: ft.make_functional(twice))
    note(lambda: (len(params), function(params, x)))
    tangents = tuple(torch.ones_like(one) for one in params)
    quiet(lambda: ft.jvp(lambda params: function(params, x), (params,), (tangents,))[1].detach())


def _quietly(step: Any) -> Any:
    """What the step gives; each library words its own warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return step()


def test_older_names_work_and_warn() -> None:
    import compat as torch
    import compat.functorch as ft

    with pytest.warns(FutureWarning, match="use `torch.func.grad`"):
        assert ft.grad(torch.sum)(torch.ones(2)).tolist() == [1.0, 1.0]
    with pytest.warns(FutureWarning, match="use `torch.vmap`"):
        assert ft.vmap(torch.neg)(torch.ones(2)).tolist() == [-1.0, -1.0]


def test_a_program_finds_it_under_its_own_name() -> None:
    program = (
        "import compat; compat.install()\n"
        "import functorch as ft, torch\n"
        "from functorch import vmap\n"
        "print(vmap(torch.neg)(torch.ones(2)).tolist(), ft.__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[0] == "[-1.0, -1.0] compat.functorch"
