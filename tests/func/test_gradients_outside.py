"""`vmap` over gradients of a graph that was recorded outside, beside PyTorch's."""

from typing import Any

from tests.support.both import both


@both
def test_rows_of_a_jacobian(torch: Any, note: Any) -> None:
    x = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    y = x**3 + x.sum()

    def row(v: Any) -> Any:
        return torch.autograd.grad(y, x, v)[0]

    note(lambda: torch.vmap(row)(torch.eye(3)))
    z = (x**2).sin()
    note(lambda: torch.vmap(lambda v: (torch.autograd.grad(z, x, v)[0], v * 2),
                            out_dims=(1, 0))(torch.eye(3)))  # fmt: skip
