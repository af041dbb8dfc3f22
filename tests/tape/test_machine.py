"""Random programs of views, writes and gradients do the same here as in PyTorch, step by step.

A program is a list of lines of Python, drawn one at a time from the tensors that are alive, and
run with both libraries. A failure shrinks to a few lines and is shown as a script that runs. The
environment variable MACHINE_EXAMPLES says how many programs are drawn.
"""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import compat

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "100"))
STEPS, TENSORS = 10, 7
# Few shapes, so that the executables of one program serve the next.
SHAPES = ["", "4", "2, 3", "2, 0", "2, 1, 3"]

Draw = Callable[[Random, "Tensors"], str]


class Tensors:
    """What the lines of a program may speak of: the oracle's side, asked for shapes."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self.scope = scope

    def names(self, kind: str = "x") -> list[str]:
        return [name for name in self.scope if name[0] == kind and name[1:].isdigit()]

    def any(self, r: Random) -> str:
        return r.choice(self.names())

    def writable(self, r: Random) -> str:
        """A tensor whose elements do not overlap in part.

        Writes into overlapping windows are the one thing left out: PyTorch's results there
        follow from the order in which its loops visit the elements.
        """
        fine = [name for name in self.names() if not _overlaps(self.scope[name])]
        return r.choice(fine)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.scope[name].shape)

    def like(self, r: Random, name: str) -> str:
        """Another tensor that broadcasts with this one, mostly."""
        shape = self.shape(name)
        fitting = [one for one in self.names() if _broadcasts(self.shape(one), shape)]
        return r.choice(fitting) if fitting and r.random() < 0.9 else self.any(r)

    def safe(self, target: str, source: str) -> str:
        """The source; the target itself where only the order of PyTorch's loops would tell what a
        write from one tensor into another over the same memory gives."""
        x, y = self.scope[target], self.scope[source]
        one_memory = x.untyped_storage().data_ptr() == y.untyped_storage().data_ptr()
        plain = x.is_contiguous() and y.is_contiguous()
        return target if one_memory and not plain else source

    def dim(self, r: Random, name: str) -> int:
        """A dimension, rarely one that is not there."""
        rank = max(len(self.shape(name)), 1)
        return r.randrange(-rank, rank) if r.random() < 0.97 else rank

    def is_expanded(self, name: str) -> bool:
        return 0 in self.scope[name].stride()

    def size(self, name: str, dim: int) -> int:
        shape = self.shape(name)
        return shape[dim] if -len(shape) <= dim < len(shape) else 1


def _overlaps(x: Any) -> bool:
    """Whether two elements share memory, other than by being expanded."""
    steps = [(n, stride) for n, stride in zip(x.shape, x.stride(), strict=True) if stride]
    places = np.zeros(1, int)
    for n, stride in steps:
        places = (places[:, None] + np.arange(n) * stride).reshape(-1)
    return len(set(places.tolist())) != places.size


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    lead = len(target) - len(shape)
    return lead >= 0 and all(n in (1, target[lead + at]) for at, n in enumerate(shape))


# Lines that make tensors.


def create(r: Random, _: Tensors) -> str:
    shape = r.choice(SHAPES)
    count = int(np.prod([int(n) for n in shape.split(",")])) if shape else 1
    start = f"torch.arange({count}.0, dtype=torch.float64).add({r.randrange(3)})"
    data = f"{start}.reshape({shape or '()'})"
    return f"{data}.clone().requires_grad_({r.random() < 0.5})"


def view(r: Random, t: Tensors) -> str:
    x = t.any(r)
    rank = len(t.shape(x))
    dim, other = t.dim(r, x), t.dim(r, x)
    size = t.size(x, dim)
    start = r.randrange(0, size + 1)
    numel = int(np.prod(t.shape(x)))
    order = list(range(rank))
    r.shuffle(order)
    choices = [
        "t()", f"transpose({dim}, {other})", f"permute({order})", f"select({dim}, {min(start, 1)})",
        f"narrow({dim}, {start}, {size - start})", "squeeze()", f"squeeze({dim})",
        f"unsqueeze({dim})", "view(-1)", "reshape(-1)",
        f"view({r.choice(['2, -1', '-1, 2', '4'])})",
        f"reshape({r.choice(['2, -1', '-1, 3', '1, -1'])})", f"expand(2, {'-1, ' * rank})",
        f"expand({r.choice(['2, 3', '4', '2, 2, 3'])})",
        f"diagonal({r.randrange(-1, 2)}, {dim}, {other})", f"unfold({dim}, {min(size, 2)}, 1)",
        f"split(2, {dim})[{r.randrange(2)}]", f"chunk(2, {dim})[0]", f"unbind({dim})[-1]",
        f"as_strided(({r.randrange(1, 3)}, {min(2, numel)}), ({r.randrange(3)}, 1))", "flatten()",
        f"flatten({dim})", "detach()", "data", f"view_as({t.any(r)})",
    ]  # fmt: skip
    return f"{x}.{r.choice(choices)}"


def sliced(r: Random, t: Tensors) -> str:
    x = t.any(r)
    return f"{x}[{index(r, t, x)}]"


def index(r: Random, t: Tensors, x: str) -> str:
    """Ints, slices with steps, None and Ellipsis for some of the dimensions."""
    items = []
    for size in t.shape(x)[: r.randrange(1, 4)]:
        items.append(r.choice(["0", "-1", ":", "1:", ":-1", "::2", "1::2", "None", f"{size}:"]))
    return ", ".join(items) or "..."


def result(r: Random, t: Tensors) -> str:
    x = t.any(r)
    y = t.like(r, x)
    return r.choice([
        f"{x} + {y}", f"{x} * {y}", f"{x}.mul(2.0)", f"{x}.exp()", f"{x}.relu()", f"{x}.sum()",
        f"{x}.mean()", f"{x}.sum({t.dim(r, x)})", f"{x}.clone()", f"{x}.contiguous()",
        f"{x} @ {x}.t()", f"{x}.grad.clone()", f"torch.sin({x})", f"{x} / {y}", f"{x}.clone()",
    ])  # fmt: skip


# Lines that change tensors. Writes by index into expanded tensors, which PyTorch deprecates, are
# left out.

INDEXED = "by index"


def inplace(r: Random, t: Tensors) -> str:
    x = t.writable(r)
    y, dim = t.safe(x, t.like(r, x)), t.dim(r, x)
    method = r.choice([
        f"add_({y})", f"add_({y}, alpha=2)", f"mul_({y})", "mul_(0.5)", "zero_()", "fill_(3.0)",
        f"copy_({y})", f"copy_({y})", f"sub_({y})", "clamp_(max=2.0)", "clamp_(0.5, 2.0)",
        "exp_()", "relu_()", "t_()", "squeeze_()", f"squeeze_({dim})", f"unsqueeze_({dim})",
        f"transpose_({dim}, {t.dim(r, x)})", "sin_()", "neg_()", INDEXED, INDEXED,
    ])  # fmt: skip
    if method is INDEXED:
        if 0 in t.shape(x) or t.is_expanded(x):
            return f"{x}.fill_(2.0)"
        ways = [f"masked_fill_({x} > 1, -1.0)", f"index_fill_({dim}, torch.tensor([0]), 7.0)"]
        method = r.choice(ways)
    return f"{x}.{method}"


def assign(r: Random, t: Tensors) -> str:
    x = t.writable(r)
    value = r.choice([t.safe(x, t.any(r)), "1.5", "0"])
    places = [index(r, t, x), index(r, t, x)]
    if 0 not in t.shape(x) and not t.is_expanded(x):
        places += [f"{x} > 1", "torch.tensor([0])", "..., torch.tensor([-1])"]
    where = r.choice(places)
    return f"{x}[{where}] = {value if value != x and where in places[:2] else 2}"


def augmented(r: Random, t: Tensors) -> str:
    x = t.writable(r)
    place = r.choice([x, f"{x}[{index(r, t, x)}]", f"{x}.data"])
    value = t.like(r, x)
    if place != x and t.safe(x, value) != value:
        value = "2.0"
    return f"{place} {r.choice(['+=', '*=', '-='])} {r.choice([value, '2.0'])}"


def out(r: Random, t: Tensors) -> str:
    x, o = t.any(r), t.writable(r)
    return f"torch.{r.choice(['add', 'mul'])}({t.safe(o, x)}, {t.safe(o, t.like(r, x))}, out={o})"


def unrecorded(r: Random, t: Tensors) -> str:
    line = r.choice([inplace, assign, augmented, out])(r, t)
    return f"with torch.no_grad(): {line}"


def unrecorded_view(r: Random, t: Tensors) -> str:
    return f"with torch.no_grad(): {{new}} = {r.choice([view, sliced, result])(r, t)}"


def data_write(r: Random, t: Tensors) -> str:
    x = t.writable(r)
    return f"{x}.{r.choice(['data', 'detach()'])}.{r.choice(['mul_(2.0)', 'zero_()', 'add_(1)'])}"


# Gradients, and memory shared with NumPy.


def backward(r: Random, t: Tensors) -> str:
    x = t.any(r)
    keep = r.choice(["", "retain_graph=True"])
    return r.choice([f"{x}.sum().backward({keep})", f"{x}.backward({keep})"])


def flags(r: Random, t: Tensors) -> str:
    x = t.any(r)
    return f"{x}." + r.choice([
        "requires_grad_()", "requires_grad_(False)", "detach_()", "grad.mul_(2.0)", "grad.zero_()",
        "grad = None", "retain_grad()",
    ])  # fmt: skip


def shared(r: Random, t: Tensors) -> str:
    return f"{{array}} = {t.any(r)}{r.choice(['', '.detach()'])}.numpy()"


def from_numpy_side(r: Random, t: Tensors) -> str:
    arrays = t.names("n")
    if not arrays:
        return shared(r, t)
    return f"{r.choice(arrays)}[...] {r.choice(['=', '+=', '*='])} 2.0"


MAKERS: list[Draw] = [create, view, view, view, sliced, sliced, result, result]
CHANGES: list[Draw] = [
    inplace, inplace, inplace, inplace, assign, assign, augmented, out, unrecorded, unrecorded_view,
    data_write, backward, backward, flags, shared, from_numpy_side,
]  # fmt: skip


def line(r: Random, t: Tensors) -> str:
    """The next line: a new tensor while there is room, or a change."""
    used = {int(name[1:]) for name in t.names()}
    new = f"x{min(set(range(TENSORS + 1)) - used)}" if len(used) < TENSORS else t.any(r)
    if len(used) < 2:
        return f"{new} = {create(r, t)}"
    draw = r.choice(MAKERS + CHANGES)
    if draw in MAKERS:
        return f"{new} = {draw(r, t)}"
    return draw(r, t).replace("{new}", new).replace("{array}", f"n{r.randrange(2)}")


# Running a line on one side, and what of a side must agree.


class Side:
    """One library, its variables, and what became of the last line."""

    def __init__(self, library: Any) -> None:
        self.scope: dict[str, Any] = {"torch": library}
        self.tensor = library.Tensor

    def run(self, code: str) -> str:
        """The type of the line's error and, where autograd speaks, its words; empty if none."""
        try:
            exec(code, self.scope)
        except Exception as error:
            return _told(error)
        finally:
            for name in [n for n in self.scope if n[0] == "x" and self.scope[n] is None]:
                del self.scope[name]
        return ""

    def facts(self, name: str) -> dict[str, Any]:
        """What is known of a tensor without its elements."""
        x = self.scope[name]
        looks: dict[str, Callable[[], Any]] = {
            "shape": lambda: tuple(x.shape),
            # Strides of dimensions that are never walked are anybody's choice.
            "stride": lambda: [
                step for step, n in zip(x.stride(), x.shape, strict=True) if 1 < n <= x.numel()
            ],
            "offset": x.storage_offset, "contiguous": x.is_contiguous,
            "requires_grad": lambda: x.requires_grad, "is_leaf": lambda: x.is_leaf,
            "has grad_fn": lambda: x.grad_fn is not None, "_version": lambda: x._version,
        }  # fmt: skip
        return {what: _tried(look) for what, look in looks.items()}

    def elements(self, name: str) -> list[Any]:
        one = self.scope[name]
        if isinstance(one, np.ndarray):
            return [one.copy()]
        return [_elements(one.detach()), _tried(lambda: _elements_of_grad(one))]


def _elements_of_grad(x: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns at the gradient of what is no leaf
        return None if x.grad is None else _elements(x.grad.detach())


def _elements(x: Any) -> np.ndarray[Any, Any]:
    return np.array(x.tolist(), np.float64).reshape(tuple(x.shape))


def _tried(look: Callable[[], Any]) -> Any:
    try:
        return look()
    except RuntimeError as error:
        return _told(error)


_AUTOGRAD = re.compile("leaf|grad|inplace|graph|backward")


def _told(error: Exception) -> str:
    text = str(error).partition(" Hint:")[0].partition("\n")[0]
    kind = type(error).__name__
    return f"{kind}: {text}" if _AUTOGRAD.search(text) and kind == "RuntimeError" else kind


class Disagreement(AssertionError):
    """The two libraries differ; shown with the script that makes them."""

    def __init__(self, lines: list[str], what: str, ours: Any, theirs: Any) -> None:
        script = "\n".join(["import torch", *lines])
        super().__init__(f"{what}\n  compat {ours}\n  torch  {theirs}\n{script}")


def compare(mine: Side, yours: Side, lines: list[str], looks: bool) -> None:
    """Every tensor and array that is alive, on both sides."""
    names = [n for n in yours.scope if n[0] in "xn" and n[1:].isdigit()]
    for name in names:
        if name[0] == "x":
            ours, theirs = mine.facts(name), yours.facts(name)
            for what, theirs_ in theirs.items():
                if ours[what] != theirs_:
                    raise Disagreement(lines, f"{name}: {what}", ours[what], theirs_)
    for name in names if looks else ():
        for a, b in zip(mine.elements(name), yours.elements(name), strict=True):
            if not _close(a, b):
                raise Disagreement(lines, f"{name}: elements or .grad", a, b)


def _close(a: Any, b: Any) -> bool:
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return type(a) is type(b) and a == b
    return a.shape == b.shape and np.allclose(a, b, 1e-9, 1e-12, equal_nan=True)


def run(r: Random, steps: int) -> None:
    """Draws a program and runs it on both sides."""
    mine, yours = Side(compat), Side(torch)
    tensors, lines = Tensors(yours.scope), []
    for _ in range(steps):
        lines.append(line(r, tensors))
        theirs = yours.run(lines[-1])
        ours = mine.run(lines[-1])
        if ours != theirs:
            raise Disagreement(lines, "error", ours or "none", theirs or "none")
        if ours and "out=" in lines[-1]:
            return  # PyTorch may have resized the target before it refused
        compare(mine, yours, lines, looks=r.random() < 0.2)
    compare(mine, yours, lines, looks=True)


@pytest.mark.parametrize("mode", ["recorded", "eager"])
@pytest.mark.filterwarnings("ignore")
def test_programs_agree_with_pytorch(mode: str) -> None:
    """Errors, geometry, versions and flags after each line; elements now and then, and at last."""

    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck),
        derandomize=EXAMPLES <= 100,
    )  # fmt: skip
    @given(st.randoms(use_true_random=False), st.integers(3, STEPS))
    def programs(r: Random, steps: int) -> None:
        with compat.eager() if mode == "eager" else contextlib.nullcontext():
            run(r, steps)

    programs()
