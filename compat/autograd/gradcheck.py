"""Gradients and tangents compared with finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compat.front import create
from compat.front.base import TensorBase
from compat.front.looking import fetch


class GradcheckError(RuntimeError):
    """A gradient or a tangent that differs from the finite differences."""


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
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether func's gradients agree with finite differences, for inputs in double precision.

    Each input that requires a gradient is moved by eps in every element. Raises a
    GradcheckError at the first disagreement beyond atol + rtol * |numerical|, or gives False
    without raise_exception.

    check_backward_ad   compares what backward gives
    check_forward_ad    compares the tangents of `torch.autograd.forward_ad`
    fast_mode   compares one random combination of each Jacobian's elements, which takes one
                backward, or one tangent, and two calls; complex tensors are compared in full
    """
    _check_flags(check_forward_ad, check_backward_ad, check_batched_grad,
                 check_batched_forward_grad)  # fmt: skip
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
        pairs = [
            (number, at) for number, output in enumerate(outputs) if output.requires_grad
            for at in wanted
        ]  # fmt: skip
        fast = {
            (number, at): fast_mode and not (outputs[number].is_complex() or given[at].is_complex())
            for number, at in pairs
        }
        for number, at in pairs if check_backward_ad else ():
            if fast[number, at]:
                both = _combined(func, given, number, at, eps)
            else:
                both = (_by_backward(func, given, number, at),
                        _by_differences(func, given, number, at, eps))  # fmt: skip
            _compare(*both, "", number, at, atol, rtol)
        for number, at in pairs if check_forward_ad else ():
            directions = (
                [_random(given[at], number, at)] if fast[number, at] else _each(given[at])
            )
            _check_forward(func, given, number, at, directions, eps, atol, rtol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _check_flags(
    forward: bool, backward: bool, batched_backward: bool, batched_forward: bool
) -> None:
    """AssertionError when nothing is to be checked, or a part of what is not."""
    if not (forward or backward):
        raise AssertionError(
            "Expected at least one of check_forward_ad or check_backward_ad to be True"
        )
    if batched_backward and not backward:
        raise AssertionError(
            "Setting check_batched_grad=True requires check_backward_ad to be True"
        )
    if batched_forward and not forward:
        raise AssertionError(
            "Setting check_batched_forward_grad=True requires check_forward_ad to be True"
        )


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

    source = given[at]
    output = _outputs(func(*given))[number]
    u = _random(source, number, at)
    v = _unit(np.random.default_rng(number * 1009 + at + 1), output.numel())
    seed = create.from_host(
        v.reshape(output.shape).astype(output.dtype.numpy), output.dtype, output.device
    )
    (found,) = grad(output, source, seed, allow_unused=True)
    backward = 0.0 if found is None else float((fetch(found.detach()) * u).sum())
    moved = _moved(func, given, number, at, u, eps)
    return np.array([backward]), np.array([moved @ v])


def _by_differences(
    func: Any, given: Sequence[Any], number: int, at: int, eps: float
) -> np.ndarray[Any, Any]:
    """The same Jacobian by central differences; complex parts are rows and sums of their own."""
    source = given[at]
    if not source.numel():
        return np.zeros((0, 0))
    moves = [_moved(func, given, number, at, one, eps) for one in _each(source)]
    parts = 2 if source.dtype.is_complex else 1
    stacked = np.array(moves).reshape(source.numel(), parts, -1)  # the last: outputs
    complex_out = np.iscomplexobj(stacked)
    rows = []
    for output in range(stacked.shape[2]):
        column = stacked[:, :, output]
        for part in ((column.real, column.imag) if complex_out else (column,)):
            rows.append(part[:, 0] + 1j * part[:, 1] if parts == 2 else part[:, 0])
    return np.array(rows)


def _each(source: Any) -> list[np.ndarray[Any, Any]]:
    """Directions that move one element each; of a complex one first the real part, then the
    other."""
    made = []
    for element in range(source.numel()):
        for step in (1, 1j) if source.dtype.is_complex else (1,):
            direction = np.zeros(source.numel(), source.dtype.numpy)
            direction[element] = step
            made.append(direction.reshape(source.shape))
    return made


def _random(source: Any, number: int, at: int) -> np.ndarray[Any, Any]:
    """A direction of length 1 that moves every element."""
    draws = np.random.default_rng(number * 1009 + at)
    return _unit(draws, source.numel()).reshape(source.shape).astype(source.dtype.numpy)


def _unit(draws: np.random.Generator, size: int) -> np.ndarray[Any, Any]:
    drawn = draws.standard_normal(size)
    return drawn / max(float(np.linalg.norm(drawn)), 1e-30)


def _moved(
    func: Any, given: Sequence[Any], number: int, at: int, direction: Any, eps: float
) -> np.ndarray[Any, Any]:
    """How fast an output moves with an input, by a central difference."""
    from compat.tape.mode import no_grad

    source = given[at]
    start = np.array(fetch(source.detach()))
    ends = []
    for sign in (1, -1):
        moved = (start + sign * eps * direction).astype(source.dtype.numpy)
        changed = list(given)
        changed[at] = create.from_host(moved, source.dtype, source.device)
        with no_grad():
            ends.append(np.array(fetch(_outputs(func(*changed))[number])).reshape(-1))
    return (ends[0] - ends[1]) / (2 * eps)


def _tangent(
    func: Any, given: Sequence[Any], number: int, at: int, direction: Any
) -> np.ndarray[Any, Any]:
    """The same by forward mode."""
    from compat.autograd import forward_ad

    source = given[at]
    with forward_ad.dual_level():
        changed = list(given)
        tangent = create.from_host(direction, source.dtype, source.device)
        changed[at] = forward_ad.make_dual(source.detach(), tangent)
        output = _outputs(func(*changed))[number]
        found = forward_ad.unpack_dual(output).tangent
        if found is None:
            return np.zeros(output.numel(), output.dtype.numpy)
        return np.array(fetch(found.detach())).reshape(-1)


def _check_forward(
    func: Any, given: Sequence[Any], number: int, at: int, directions: Sequence[Any], eps: float,
    atol: float, rtol: float,
) -> None:  # fmt: skip
    """Compares tangents with differences; imaginary parts of complex inputs apart and first."""
    if not given[at].numel():
        return
    tangents = np.array([_tangent(func, given, number, at, one) for one in directions])
    moves = np.array([_moved(func, given, number, at, one, eps) for one in directions])
    mode = "computed with forward mode "
    if not given[at].dtype.is_complex:
        return _compare(tangents.T, moves.T, mode, number, at, atol, rtol)
    for first, part in ((1, "imaginary"), (0, "real")):
        head = f"While considering the {part} part of complex inputs only, "
        _compare(tangents[first::2].T, moves[first::2].T, mode, number, at, atol, rtol, head)


def _compare(
    analytical: np.ndarray[Any, Any],
    numerical: np.ndarray[Any, Any],
    mode: str,
    output: int,
    at: int,
    atol: float,
    rtol: float,
    head: str = "",
) -> None:
    if analytical.size == 0 or np.allclose(analytical, numerical, rtol, atol):
        return
    raise GradcheckError(
        f"{head}Jacobian {mode}mismatch for output {output} with respect to input {at},\n"
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
    """Whether the gradients of func's gradients agree with finite differences.

    check_rev_over_rev   compares what backward through backward gives
    check_fwd_over_rev   compares the tangents of backward
    """
    from compat.autograd import grad

    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError(
            "Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True"
        )
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError(
            "Setting check_undefined_grad=True requires check_rev_over_rev to be True"
        )

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
        check_forward_ad=check_fwd_over_rev, check_backward_ad=check_rev_over_rev,
    )  # fmt: skip
