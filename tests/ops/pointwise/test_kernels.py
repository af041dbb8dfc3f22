"""Which types and numbers an op takes: as PyTorch, and refused in its words."""

from typing import Any

import pytest

from tests.support.both import both

KINDS = ["float32", "float16", "int64", "uint8", "bool"]
UNARY = ["abs", "ceil", "floor", "round", "trunc", "frac", "square", "neg", "sqrt", "bitwise_not",
         "logical_not", "sign", "isnan", "angle", "digamma"]  # fmt: skip
BINARY = ["add", "sub", "mul", "div", "floor_divide", "remainder", "fmod", "maximum", "atan2",
          "bitwise_and", "hypot", "gcd", "nextafter", "copysign", "logaddexp",
          "bitwise_left_shift", "eq", "xlogy"]  # fmt: skip


@both
@pytest.mark.parametrize("kind", KINDS)
def test_kinds(torch: Any, note: Any, kind: str) -> None:
    a = torch.tensor([3, 0, 5]).to(getattr(torch, kind))
    b = torch.tensor([2, 1, 4]).to(getattr(torch, kind))
    for name in UNARY:
        note(lambda name=name: getattr(torch, name)(a))
    for name in BINARY:
        if kind != "float16" or name not in ("nextafter", "xlogy"):  # other roundings on the way
            note(lambda name=name: getattr(torch, name)(a, b))
    for name in ("sum", "prod", "cumsum", "mean", "nansum", "nanmean"):
        for to in (torch.bool, torch.float64):
            note(lambda name=name, to=to: getattr(torch, name)(a, 0, dtype=to))


@both
@pytest.mark.parametrize("name", BINARY)
def test_numbers_for_tensors(torch: Any, note: Any, name: str) -> None:
    op, x = getattr(torch, name), torch.tensor([1.0, 2.0])
    if name in ("bitwise_and", "gcd", "bitwise_left_shift"):
        x = x.long()

    def told(*operands: Any) -> Any:
        try:
            return op(*operands)
        except TypeError as error:
            return str(error).splitlines()[0]

    for operands in ((2, x), (x, 2), (2, 2)):
        note(lambda operands=operands: told(*operands))


@both
def test_overlaps(torch: Any, note: Any) -> None:
    x = torch.arange(6.0)
    note(lambda: x[1:].add_(x[:-1]))
    note(lambda: x[:3].mul_(x[3:]))
    note(lambda: x.add_(x))
    note(lambda: torch.zeros(1).expand(3).add_(1))
    note(lambda: torch.add(torch.ones(3), 1, out=torch.zeros(1).expand(3)))
