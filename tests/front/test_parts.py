"""Complex tensors and their parts agree with PyTorch; parts share memory."""

from typing import Any

import pytest

import compat
from tests.support.both import both


@both
def test_parts_are_views(torch: Any, note: Any) -> None:
    z = torch.complex(torch.arange(4.0), torch.ones(4)).view(2, 2)
    z.real[0] = 7.0
    z.imag.mul_(2)
    torch.view_as_real(z)[1, 1, 0] = -3.0
    z.real = z.real + 0.5
    note(lambda: z)
    note(lambda: torch.view_as_complex(torch.arange(8.0).view(2, 2, 2)))
    note(lambda: torch.view_as_real(z).stride())


@both
def test_functions_of_complex_numbers(torch: Any, note: Any) -> None:
    z = torch.tensor([1 + 2j, -3j, 0j, -1 + 0j])
    x = torch.tensor([1.0, -2.0, 0.0, float("nan")])
    for name in ("real", "angle", "conj_physical", "abs", "sgn"):
        note(lambda name=name: getattr(torch, name)(z))
        note(lambda name=name: getattr(torch, name)(x))
    note(lambda: torch.imag(z))
    note(lambda: torch.imag(x))
    note(lambda: torch.polar(torch.tensor([2.0]), torch.tensor([1.0])))
    note(lambda: torch.complex(x, x.double()))
    note(lambda: torch.view_as_real(x))
    note(lambda: torch.view_as_complex(x))
    note(lambda: x.conj() is x)


@both
def test_gradients_through_parts(torch: Any, note: Any) -> None:
    z = torch.tensor([1 + 2j, 3 - 1j], requires_grad=True)
    (z.real * 2 + z.imag.square() + torch.view_as_real(z).sum(-1) + z.angle()).sum().backward()
    note(lambda: z.grad)
    parts = torch.arange(4.0).view(2, 2).requires_grad_()
    torch.view_as_complex(parts).abs().sum().backward()
    note(lambda: parts.grad)


@both
def test_half_precision_has_none(torch: Any, note: Any) -> None:
    note(lambda: torch.view_as_complex(torch.ones(2, dtype=torch.bfloat16)))
    note(lambda: torch.complex(*[torch.ones(2, dtype=torch.bfloat16)] * 2))


def test_complex32_is_named() -> None:
    half = compat.ones(2, dtype=compat.float16)
    joined = (lambda: compat.complex(half, half), lambda: compat.view_as_complex(half))
    for make in (*joined, half.chalf):
        with pytest.raises(NotImplementedError, match=r"torch\.complex32"):
            make()
