"""Gradients compared with finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compat.front import create
from compat.front.base import TensorBase
from compat.front.looking import fetch


class GradcheckError(RuntimeError):
    """A gradient that differs from the finite differences."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether func's gradients agree with finite differences, for inputs in double precision.

    Each input that requires a gradient is moved by eps in every element. Raises a
    GradcheckError at the first disagreement beyond atol + rtol * |numerical|, or gives False
    without raise_exception.

    fast_mode compares one random combination of each Jacobian's elements, which takes one
    backward and two calls; complex tensors are compared in full all the same.
    """
    given = (inputs,) if isinstance(inputs, TensorBase) else tuple(inputs)
    wanted = [
        at for at, one in enumerate(given) if isinstance(one, TensorBase) and one.requires_grad
    ]  # type: ignore[attr-defined]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the "
            "them have requires_grad=True."
        )
    try:
        outputs = _outputs(func(*given))
        for number, output in enumerate(outputs):
            if not output.requires_grad:
                continue
            for at in wanted:
                if fast_mode and not (output.is_complex() or given[at].is_complex()):
                    both = _combined(func, given, number, at, eps)
                    _compare(*both, number, at, atol, rtol)
                    continue
                analytical = _by_backward(func, given, number, at)
                numerical = _by_differences(func, given, number, at, eps)
                _compare(analytical, numerical, number, at, atol, rtol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _outputs(made: Any) -> list[Any]:
    listed = list(made) if isinstance(made, tuple | list) else [made]
    return [one for one in listed if isinstance(one, TensorBase) and one._meta.differentiable]


def _by_backward(func: Any, given: Sequence[Any], number: int, at: int) -> np.ndarray[Any, Any]:
    """The Jacobian, a row for each output element, by one backward each."""
    from compat.autograd import grad

    output = _outputs(func(*given))[number]
    rows = []
    for element in range(output.numel()):
        weight = np.zeros(output.numel(), output.dtype.numpy)
        weight[element] = 1
        seed = create.from_host(weight.reshape(output.shape), output.dtype, output.device)
        (found,) = grad(output, given[at], seed, retain_graph=True, allow_unused=True)
        size = given[at].numel()
        rows.append(np.zeros(size) if found is None else fetch(found.detach()).reshape(-1))
        if output.dtype.is_complex:
            seed = create.from_host(
                (weight * 1j).reshape(output.shape), output.dtype, output.device
            )
            (found,) = grad(output, given[at], seed, retain_graph=True, allow_unused=True)
            rows.append(np.zeros(size) if found is None else fetch(found.detach()).reshape(-1))
    return np.array(rows)


def _combined(
    func: Any, given: Sequence[Any], number: int, at: int, eps: float
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """One number for a Jacobian J, by backward and by differences: v J u for random unit vectors
    u and v."""
    from compat.autograd import grad
    from compat.tape.mode import no_grad

    source, draws = given[at], np.random.default_rng(number * 1009 + at)

    def unit(size: int) -> np.ndarray[Any, Any]:
        drawn = draws.standard_normal(size)
        return drawn / max(float(np.linalg.norm(drawn)), 1e-30)

    output = _outputs(func(*given))[number]
    u, v = unit(source.numel()), unit(output.numel())
    seed = create.from_host(
        v.reshape(output.shape).astype(output.dtype.numpy), output.dtype, output.device
    )
    (found,) = grad(output, source, seed, allow_unused=True)
    backward = 0.0 if found is None else float(fetch(found.detach()).reshape(-1) @ u)
    start = np.array(fetch(source.detach()))
    ends = []
    for sign in (1, -1):
        moved = (start + sign * eps * u.reshape(start.shape)).astype(source.dtype.numpy)
        changed = list(given)
        changed[at] = create.from_host(moved, source.dtype, source.device)
        with no_grad():
            ends.append(fetch(_outputs(func(*changed))[number]).reshape(-1) @ v)
    return np.array([backward]), np.array([(ends[0] - ends[1]) / (2 * eps)])


def _by_differences(
    func: Any, given: Sequence[Any], number: int, at: int, eps: float
) -> np.ndarray[Any, Any]:
    """The same Jacobian by central differences; complex parts are rows and sums of their own."""
    from compat.tape.mode import no_grad

    source = given[at]
    start = np.array(fetch(source.detach()))
    if not start.size:
        return np.zeros((0, 0))
    columns = []
    directions = [1.0, 1j] if source.dtype.is_complex else [1.0]
    for element in range(start.size):
        parts = []
        for direction in directions:
            ends = []
            for sign in (1, -1):
                moved = start.copy().reshape(-1)
                moved[element] += sign * eps * direction
                changed = list(given)
                made = create.from_host(moved.reshape(start.shape), source.dtype, source.device)
                changed[at] = made
                with no_grad():
                    ends.append(np.array(fetch(_outputs(func(*changed))[number])).reshape(-1))
            parts.append((ends[0] - ends[1]) / (2 * eps))
        columns.append(parts)
    stacked = np.array(columns)  # (inputs, directions, outputs)
    complex_out = np.iscomplexobj(stacked)
    rows = []
    for output in range(stacked.shape[2]):
        moves = stacked[:, :, output]
        for part in ((moves.real, moves.imag) if complex_out else (moves,)):
            rows.append(part[:, 0] + 1j * part[:, 1] if len(directions) == 2 else part[:, 0])
    return np.array(rows)


def _compare(
    analytical: np.ndarray[Any, Any],
    numerical: np.ndarray[Any, Any],
    output: int,
    at: int,
    atol: float,
    rtol: float,
) -> None:
    if analytical.size == 0 or np.allclose(analytical, numerical, rtol, atol):
        return
    raise GradcheckError(
        f"Jacobian mismatch for output {output} with respect to input {at},\n"
        f"numerical:{numerical.T}\nanalytical:{analytical.T}\n"
    )


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Whether the gradients of func's gradients agree with finite differences."""
    from compat.autograd import grad

    given = (inputs,) if isinstance(inputs, TensorBase) else tuple(inputs)
    outputs = [one for one in _outputs(func(*given)) if one.requires_grad]
    if grad_outputs is None:
        source = np.random.default_rng(0)
        seeds = [
            create.from_host(
                source.standard_normal(tuple(one.shape)).astype(one.dtype.numpy),
                one.dtype,
                one.device,
            ).requires_grad_(True)
            for one in outputs
        ]
    else:
        seeds = [grad_outputs] if isinstance(grad_outputs, TensorBase) else list(grad_outputs)
    count = len(given)

    def first_order(*everything: Any) -> Any:
        originals, weights = everything[:count], everything[count:]
        originals = tuple(
            one.requires_grad_(True)
            if isinstance(one, TensorBase) and given[at].requires_grad and not one.requires_grad  # type: ignore[attr-defined]
            else one
            for at, one in enumerate(originals)
        )
        targets = [one for at, one in enumerate(originals)
                   if isinstance(given[at], TensorBase) and given[at].requires_grad]  # fmt: skip
        from compat.tape.mode import enable_grad

        with enable_grad():
            results = [one for one in _outputs(func(*originals)) if one.requires_grad]
            found = grad(results, targets, weights, create_graph=True, allow_unused=True)
        return tuple(one for one in found if one is not None)

    return gradcheck(
        first_order, (*given, *seeds), eps=eps, atol=atol, rtol=rtol,
        raise_exception=raise_exception, fast_mode=fast_mode,
    )  # fmt: skip
