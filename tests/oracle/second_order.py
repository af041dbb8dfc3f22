"""Gradients of gradients: `gradgradcheck` of the entries of PyTorch's operator database.

    python -m tests.oracle.second_order [--only REGEX] [--shard 1/4] [--seconds 60]

PyTorch says which entries have second derivatives and makes their inputs (in float64, the two
smallest samples of each); compat computes, and its own gradgradcheck judges, in its fast mode
where there are many elements. Prints the names
that fail, with the reason, and the count. Exit status 1 below 90%.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import re
import signal
import sys
import types
import unittest
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.testing._internal.common_methods_invocations import op_db

import compat

SAMPLES = 2
GOAL = 0.9
LARGE = 60  # elements, above which one combination of all is compared
_PLACES = ("torch.Tensor", "torch", "torch.nn.functional", "torch.linalg", "torch.fft",
           "torch.special", "torch.signal.windows", "torch.masked")  # fmt: skip


def _at(root: Any, path: str) -> Any:
    return functools.reduce(getattr, path.split(".")[1:], root)


# where torch keeps its functions in public
_PATHS = {
    id(_at(torch, f"{place}.{name}")): f"{place}.{name}"
    for place in _PLACES
    for name in dir(_at(torch, place))
    if name[0] != "_" and callable(_at(torch, f"{place}.{name}"))
}


def _is_skipped(op: Any) -> bool:
    """Whether PyTorch's own test of second derivatives leaves an entry out."""
    return any(
        getattr(one, "cls_name", None) == "TestBwdGradients"
        and one.test_name in (None, "test_fn_gradgrad")
        and (one.dtypes is None or torch.float64 in one.dtypes)
        and one.device_type in (None, "cpu")
        and any("skip" in each.__qualname__ or each is unittest.expectedFailure
                for each in one.decorators)
        for one in op.decorators
    )  # fmt: skip


def entries() -> list[Any]:
    """The entries, aten's internal ones left out, that have second derivatives in float64."""
    return [
        op for op in op_db
        if op.supports_autograd and op.supports_gradgrad and torch.float64 in op.supported_dtypes(
            "cpu") and not op.name.startswith(("_", "torch.ops", "sparse")) and not isinstance(
                op.op, torch._ops.OpOverload | torch._ops.OpOverloadPacket)
        and not _is_skipped(op)
    ]  # fmt: skip


def _seeded(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    compat.manual_seed(42)
    return function(*args, **kwargs)


def _masked(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a mask leaves out may be infinite, and does not count."""
    made = function(*args, **kwargs)
    return compat.where(compat.isfinite(made), made, made.new_zeros([]))


def ours(function: Any) -> Any:
    """A function of the database with torch meaning compat."""
    if isinstance(function, functools.partial):
        settings = {name: convert(one) for name, one in function.keywords.items()}
        return functools.partial(ours(function.func), *map(convert, function.args), **settings)
    name = getattr(function, "__name__", "")
    if id(function) in _PATHS:
        return _at(compat, _PATHS[id(function)])
    if not isinstance(function, types.FunctionType):
        return function
    scope = {**function.__globals__, "torch": compat, "wrapper_set_seed": _seeded}
    cells = tuple(
        types.CellType(ours(cell.cell_contents) if callable(cell.cell_contents)
                       else cell.cell_contents)
        for cell in function.__closure__ or ()
    )  # fmt: skip
    twin = types.FunctionType(
        function.__code__, scope, name, convert(function.__defaults__), cells
    )
    twin.__kwdefaults__ = convert(function.__kwdefaults__)
    return twin


def convert(given: Any) -> Any:
    """A nesting of torch's objects as compat's."""
    if isinstance(given, torch.Tensor):
        made = compat.from_numpy(given.detach().resolve_conj().resolve_neg().numpy().copy())
        return made.requires_grad_(given.requires_grad)
    if isinstance(given, torch.Size):
        return compat.Size(given)
    if isinstance(given, tuple) and hasattr(given, "_fields"):
        return type(given)(*map(convert, given))  # type: ignore[misc]
    if isinstance(given, list | tuple):
        return type(given)(convert(one) for one in given)
    if isinstance(given, dict):
        return {name: convert(one) for name, one in given.items()}
    if isinstance(given, torch.dtype):
        return getattr(compat, str(given).rpartition(".")[2])
    if isinstance(given, torch.device):
        return compat.device(str(given))
    if isinstance(given, torch.memory_format):
        return getattr(compat, str(given).rpartition(".")[2])
    if isinstance(given, torch.nn.PairwiseDistance):
        return compat.nn.PairwiseDistance(given.norm, given.eps, given.keepdim)
    return ours(given) if callable(given) and not isinstance(given, type) else given


def _leaves(tree: Any, kind: type) -> Iterator[Any]:
    if isinstance(tree, kind):
        yield tree
    elif isinstance(tree, list | tuple):
        for one in tree:
            yield from _leaves(one, kind)
    elif isinstance(tree, dict):
        yield from _leaves(list(tree.values()), kind)


def _replaced(tree: Any, fresh: Iterator[Any]) -> Any:
    """The nesting with other tensors in the places of those that need a gradient."""
    if isinstance(tree, compat.Tensor):
        return next(fresh) if tree.requires_grad else tree
    if isinstance(tree, list | tuple) and not isinstance(tree, compat.Size):
        made = [_replaced(one, fresh) for one in tree]
        return type(tree)(*made) if hasattr(tree, "_fields") else type(tree)(made)
    if isinstance(tree, dict):
        return {name: _replaced(one, fresh) for name, one in tree.items()}
    return tree


def samples(op: Any) -> list[Any]:
    """The smallest samples of an entry."""

    def size(sample: Any) -> int:
        parts = (sample.input, sample.args, sample.kwargs)
        return sum(one.numel() for one in _leaves(parts, torch.Tensor) if one.requires_grad)

    torch.manual_seed(0)
    found = itertools.islice(op.sample_inputs("cpu", torch.float64, requires_grad=True), 40)
    return sorted((one for one in found if size(one)), key=size)[:SAMPLES]


def check(op: Any) -> None:
    """Raises what goes wrong with an entry."""
    masked = op.gradcheck_wrapper.__name__.startswith("gradcheck_wrapper_masked")
    wrapper = _masked if masked else ours(op.gradcheck_wrapper)
    function = ours(op.op)
    for sample in samples(op):
        parts = convert((sample.input, sample.args, sample.kwargs))
        finish = ours(sample.output_process_fn_grad)

        def call(*tensors: Any, parts: Any = parts, finish: Callable[..., Any] = finish) -> Any:
            input, args, kwargs = _replaced(parts, iter(tensors))
            return finish(wrapper(function, input, *args, **kwargs))

        tensors = [one for one in _leaves(parts, compat.Tensor) if one.requires_grad]
        large = sum(one.numel() for one in tensors) > LARGE
        compat.autograd.gradgradcheck(call, tuple(tensors), atol=1e-4, fast_mode=large)


@contextlib.contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TimeoutError(f"took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main() -> int:
    """Checks the entries asked for; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="a regular expression of names")
    parser.add_argument("--shard", default="1/1", help="which part of how many")
    parser.add_argument("--seconds", type=int, default=60, help="for one entry")
    chosen = parser.parse_args()
    part, parts = map(int, chosen.shard.split("/"))
    picked = [op for op in entries() if re.search(chosen.only, op.full_name)][part - 1 :: parts]
    failed = 0
    for op in picked:
        try:
            with warnings.catch_warnings(), _at_most(chosen.seconds):
                warnings.simplefilter("ignore")
                check(op)
        except Exception as error:  # any failure of an entry is a result, and the next goes on
            failed += 1
            words = " ".join(str(error).split())[:160]
            print(f"{op.full_name}: {type(error).__name__}: {words}", flush=True)
    passed = len(picked) - failed
    share = passed / max(len(picked), 1)
    print(f"{passed} of {len(picked)} entries have right second derivatives ({share:.1%})")
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
