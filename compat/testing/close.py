"""assert_close: whether two nested results agree, and by how much they do not."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

import compat as torch

# The tolerances of a type, (relative, absolute); what is not here has to be equal.
_TOLERANCES = {
    torch.float16: (1e-3, 1e-5), torch.bfloat16: (1.6e-2, 1e-5), torch.float32: (1.3e-6, 1e-5),
    torch.float64: (1e-7, 1e-7), torch.complex64: (1.3e-6, 1e-5), torch.complex128: (1e-7, 1e-7),
}  # fmt: skip
_EXACT = (0.0, 0.0)
# A caller's own text replaces what is said of leaves, not of the containers around them.
_OF_CONTAINERS = ("The length of the sequences", "The keys of the mappings")


class _Rules(NamedTuple):
    """What the caller asked for."""

    rtol: float | None
    atol: float | None
    equal_nan: bool
    check_device: bool
    check_dtype: bool
    check_layout: bool
    check_stride: bool
    allow_subclasses: bool

    def check(self) -> None:
        """ValueError when one tolerance is given without the other."""
        if (self.rtol is None) != (self.atol is None):
            missing = "atol" if self.atol is None else "rtol"
            raise ValueError(
                "Both 'rtol' and 'atol' must be either specified or omitted, "
                f"but got no {missing}."
            )

    def tolerances(self, *kinds: torch.dtype) -> tuple[float, float]:
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        found = [_TOLERANCES.get(kind, _EXACT) for kind in kinds]
        return max(rtol for rtol, _ in found), max(atol for _, atol in found)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """AssertionError unless |actual - expected| <= atol + rtol * |expected| in each element.

    Tensors, NumPy arrays and numbers, in any nesting of sequences and mappings. The tolerances
    go together and depend on the type by default; integers and bools have to be equal.
    equal_nan  NaN equals NaN
    check_*    what else has to agree
    msg        the error's text, or a function of the generated one
    """
    rules = _Rules(
        rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride,
        allow_subclasses,
    )  # fmt: skip
    problem = _difference(actual, expected, rules, ())
    if problem is None:
        return
    if isinstance(msg, str) and not problem.startswith(_OF_CONTAINERS):
        problem = msg
    raise AssertionError(msg(problem) if callable(msg) else problem)


def _difference(actual: Any, expected: Any, rules: _Rules, path: tuple[Any, ...]) -> str | None:
    """What is wrong, None when nothing is."""
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        problem = _keys(actual, expected)
        pairs = [(key, actual[key], expected.get(key)) for key in actual]
        return problem or _members(pairs, rules, path)
    if _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            return f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
        return _members(list(zip(range(len(actual)), actual, expected, strict=True)), rules, path)
    problem = _leaf(actual, expected, rules)
    if problem is None or not path:
        return problem
    return f"{problem}\n\nThe failure occurred for item {''.join(f'[{at!r}]' for at in path)}"


def _is_sequence(one: Any) -> bool:
    return isinstance(one, Sequence) and not isinstance(one, str | bytes)


def _keys(actual: Mapping[Any, Any], expected: Mapping[Any, Any]) -> str | None:
    missing = sorted(expected.keys() - actual.keys(), key=str)
    more = sorted(actual.keys() - expected.keys(), key=str)
    if not missing and not more:
        return None
    return (
        "The keys of the mappings do not match:\n"
        f"Missing keys in the actual mapping: {missing}\n"
        f"Additional keys in the actual mapping: {more}"
    )


def _members(
    pairs: list[tuple[Any, Any, Any]], rules: _Rules, path: tuple[Any, ...]
) -> str | None:
    for at, actual, expected in pairs:
        problem = _difference(actual, expected, rules, (*path, at))
        if problem is not None:
            return problem
    return None


def _leaf(actual: Any, expected: Any, rules: _Rules) -> str | None:
    if actual is None or expected is None:
        if actual is None and expected is None:
            return None
        return f"None mismatch: {actual!r} is not {expected!r}"
    if isinstance(actual, numbers.Number) and isinstance(expected, numbers.Number):
        rules.check()
        return _numbers(actual, expected, rules)
    arrays = (torch.Tensor, np.ndarray)
    if not isinstance(actual, arrays) or not isinstance(expected, arrays):
        raise TypeError(
            f"No comparison pair was able to handle inputs of type {type(actual)} and "
            f"{type(expected)}."
        )
    if not rules.allow_subclasses and type(actual) is not type(expected):
        raise TypeError(
            "No comparison pair was able to handle inputs of type "
            f"{type(actual)} and {type(expected)}."
        )
    rules.check()
    return _tensors(torch.as_tensor(actual), torch.as_tensor(expected), rules)


def _numbers(actual: Any, expected: Any, rules: _Rules) -> str | None:
    if rules.check_dtype and type(actual) is not type(expected):
        return f"The (d)types do not match: {type(actual)} != {type(expected)}."
    kinds = {bool: torch.bool, int: torch.int64, float: torch.float64, complex: torch.complex128}
    kind = [kinds.get(type(one), torch.float64) for one in (actual, expected)]
    return _scalars(actual, expected, *rules.tolerances(*kind), rules.equal_nan)


def _scalars(
    actual: Any, expected: Any, rtol: float, atol: float, equal_nan: bool
) -> str | None:
    with np.errstate(all="ignore"):
        apart = abs(complex(actual) - complex(expected))
        if actual == expected or apart <= atol + rtol * abs(expected) < np.inf:
            return None
    if equal_nan and actual != actual and expected != expected:
        return None
    if not rtol and not atol:
        head, limits = "Scalars are not equal!", ("", "")
    else:
        head = "Scalars are not close!"
        limits = (f" (up to {atol} allowed)", f" (up to {rtol} allowed)")
    if isinstance(actual, int) and isinstance(expected, int):
        apart = abs(int(actual) - int(expected))
    relative = apart / abs(expected) if expected else float("inf")
    return (
        f"{head}\n\nExpected {expected} but got {actual}.\n"
        f"Absolute difference: {apart}{limits[0]}\nRelative difference: {relative}{limits[1]}"
    )


def _tensors(actual: torch.Tensor, expected: torch.Tensor, rules: _Rules) -> str | None:
    facts = [("shape", actual.shape, expected.shape, True)]
    facts.append(("layout", actual.layout, expected.layout, rules.check_layout))
    facts.append(("device", actual.device, expected.device, rules.check_device))
    facts.append(("dtype", actual.dtype, expected.dtype, rules.check_dtype))
    facts.append(("stride()", actual.stride(), expected.stride(), rules.check_stride))
    for name, ours, theirs, checked in facts:
        if checked and ours != theirs:
            return f"The values for attribute '{name}' do not match: {ours} != {theirs}."
    rtol, atol = rules.tolerances(actual.dtype, expected.dtype)
    with torch.no_grad():
        kind = torch.promote_types(actual.dtype, expected.dtype)
        ours, theirs = actual.detach().to(kind), expected.detach().to(kind).to(actual.device)
        close = torch.isclose(ours, theirs, rtol=rtol, atol=atol, equal_nan=rules.equal_nan)
        if bool(close.all()):
            return None
        if ours.dim() == 0:
            return _scalars(ours.item(), theirs.item(), rtol, atol, rules.equal_nan)
        return _report(ours, theirs, close, rtol, atol)


def _report(
    actual: torch.Tensor, expected: torch.Tensor, close: torch.Tensor, rtol: float, atol: float
) -> str:
    if not (actual.is_floating_point() or actual.is_complex()):
        actual, expected = actual.to(torch.int64), expected.to(torch.int64)
    apart = torch.where(close, 0, (actual - expected).abs())
    relative = torch.where(close, 0, apart / expected.abs())
    wrong, count = int((~close).sum()), close.numel()
    exact = not rtol and not atol
    lines = [
        f"Tensor-likes are not {'equal' if exact else 'close'}!\n",
        f"Mismatched elements: {wrong} / {count} ({100 * wrong / count:.1f}%)",
    ]
    for name, values, limit in (("absolute", apart, atol), ("relative", relative, rtol)):
        place = int(values.argmax())
        index = tuple(int(at) for at in np.unravel_index(place, tuple(values.shape)))
        allowed = "" if exact else f" (up to {limit} allowed)"
        lines.append(
            f"Greatest {name} difference: {values.flatten()[place].item()} at index "
            f"{index}{allowed}"
        )
    return "\n".join(lines)
