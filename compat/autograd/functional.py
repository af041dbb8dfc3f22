"""torch.autograd.functional: products with Jacobians and Hessians, and these matrices whole.

Everything is made of `grad`. A product with a Jacobian from the right is the gradient of the
product from the left with respect to what it is weighted by, since that is linear in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import compat as torch

Tensors = tuple[Any, ...]

_LINEAR = (
    "While computing the hessian, found that the jacobian of the user-provided function with "
    "respect to input {at} is independent of the input. This is not allowed in strict mode. You "
    "should ensure that your function is twice differentiable and that the jacobian depends on "
    "the inputs (this would be violated by a linear function for example)."
)
_UNUSED = (
    "The output of the user-provided function is independent of input {at}. This is not allowed "
    "in strict mode."
)
_FLAT = (
    "The {what} of the user-provided function is independent of {where}input {at}. This is not "
    "allowed in strict mode when create_graph=True."
)


def vjp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """What func gives for the inputs, and v times its Jacobian.

    inputs        a tensor or a tuple of tensors
    v             of the shape of func's result, or a tuple; may be left out for one number
    create_graph  leaves both results differentiable
    strict        RuntimeError where a result does not depend on an input, instead of zeros
    """
    with torch.enable_grad():
        several, given = _tensors(inputs, "inputs", "vjp")
        given = _entered(given, create_graph)
        listed, outputs = _called(func, given, "vjp", strict)
        weights = _weights(v, outputs, "vjp", "the user-provided function returns")
    with torch.set_grad_enabled(create_graph or torch.is_grad_enabled()):
        rows = _pulled(outputs, given, weights, create_graph)
        rows = _filled(rows, given, strict, _UNUSED, create_graph and _FLAT)
    return (
        _left(outputs, listed, create_graph),
        _left(rows, several, create_graph),
    )


def jvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """What func gives for the inputs, and its Jacobian times v.

    inputs        a tensor or a tuple of tensors
    v             of the shapes of the inputs; may be left out for one number
    create_graph  leaves both results differentiable
    strict        RuntimeError where a result does not depend on an input, instead of zeros
    """
    with torch.enable_grad():
        several, given = _tensors(inputs, "inputs", "jvp")
        weights = _weights(v, given, "jvp", "the input to the user-provided function is")
        given = _entered(given, create_graph)
        listed, outputs = _called(func, given, "jvp", strict)
        marks = tuple(torch.zeros_like(one, requires_grad=True) for one in outputs)
        rows = _filled(_pulled(outputs, given, marks, True), given, strict, _UNUSED, None)
        columns = _pulled(rows, marks, weights, create_graph)
        if strict and create_graph:
            _require_flow(columns, _FLAT, "jacobian")
        columns = _filled(columns, outputs, False, "", None)
    return _left(outputs, listed, create_graph), _left(columns, listed, create_graph)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of func: of shape output.shape + input.shape, nested as outputs and inputs are.

    create_graph  leaves the result differentiable
    strict        RuntimeError where an output does not depend on an input, instead of zeros
    vectorize     changes nothing in the result: all rows are recorded into one program anyway
    strategy      "reverse-mode" takes a backward an output element, "forward-mode" a product
                  with the Jacobian an input element
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError(
                "torch.autograd.functional.jacobian: `create_graph=True` and "
                '`strategy="forward-mode"` are not supported together (yet). Please either set '
                '`create_graph=False` or `strategy="reverse-mode"`.'
            )
        if not vectorize:
            raise NotImplementedError(_FORWARD)
    if vectorize and strict:
        raise RuntimeError(
            "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not "
            "supported together. Please either set `strict=False` or `vectorize=False`."
        )
    with torch.enable_grad():
        several, given = _tensors(inputs, "inputs", "jacobian")
        given = _entered(given, create_graph)
        listed, outputs = _called(func, given, "jacobian", strict)
        if strategy == "forward-mode":
            made = _by_columns(outputs, given)
        else:
            made = tuple(
                _by_rows(at, one, given, create_graph, strict) for at, one in enumerate(outputs)
            )
    nested = tuple(_left(row, several, create_graph) for row in made)
    return nested if listed else nested[0]


_FORWARD = (
    "Computing Jacobian using forward-AD or forward-over-reverse Hessian is"
    "only implemented for `vectorize=True`."
)


def _by_rows(at: int, output: Any, given: Tensors, create_graph: bool, strict: bool) -> Tensors:
    """The Jacobian of one output, a backward for each of its elements."""
    unused = (
        f"Output {at} of the user-provided function is independent of input {{at}}. This is not "
        "allowed in strict mode."
    )
    rows = []
    for weights in _units(output):
        row = _pulled((output,), given, (weights,), create_graph)
        rows.append(_filled(row, given, strict, unused, create_graph and _FLAT))
    if not rows:
        return tuple(one.new_zeros((*output.shape, *one.shape)) for one in given)
    return tuple(
        torch.stack([row[place] for row in rows]).view(*output.shape, *one.shape)
        for place, one in enumerate(given)
    )


def _by_columns(outputs: Tensors, given: Tensors) -> tuple[Tensors, ...]:
    """The Jacobians of all outputs, a product for each element of the inputs."""
    marks = tuple(torch.zeros_like(one, requires_grad=True) for one in outputs)
    rows = _filled(_pulled(outputs, given, marks, True), given, False, "", None)
    made: list[list[Any]] = [[] for _ in outputs]
    for place, one in enumerate(given):
        columns = [
            _filled(_pulled((rows[place],), marks, (unit,), False), outputs, False, "", None)
            for unit in _units(one)
        ]
        for at, output in enumerate(outputs):
            shape = (*output.shape, *one.shape)
            flat = [column[at].reshape(-1) for column in columns]
            made[at].append(
                torch.stack(flat, 1).reshape(shape) if flat else output.new_zeros(shape)
            )
    return tuple(tuple(each) for each in made)


def _units(like: Any) -> list[Any]:
    """For each element a tensor that is one there and zero elsewhere."""
    count = like.numel()
    basis = torch.eye(count, dtype=like.dtype, device=like.device)
    return [basis[at].view(like.shape) for at in range(count)]


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of func, which gives one number: a matrix for each pair of inputs.

    create_graph   leaves the result differentiable
    strict         RuntimeError where the gradient does not depend on an input, instead of zeros
    vectorize      changes nothing in the result
    outer_jacobian_strategy   how the gradient is differentiated, as `jacobian` takes it
    """
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode".'
        )
    several, given = _tensors(inputs, "inputs", "hessian")

    def slopes(*each: Any) -> Any:
        """The gradient of func, in a graph of its own."""
        _, outputs = _one_number(func, each, "hessian", strict)
        rows = _pulled(outputs, each, (None,), True)
        rows = _filled(rows, each, False, "", None)
        if strict:
            _require_flow(rows, _LINEAR)
        return rows

    made = jacobian(
        slopes, given, create_graph, strict, vectorize, outer_jacobian_strategy
    )
    return made if several else made[0][0]


def vhp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """What func, which gives one number, gives for the inputs; and v times its Hessian.

    v             of the shapes of the inputs; may be left out for one number
    create_graph  leaves both results differentiable
    strict        RuntimeError where the gradient does not depend on an input, instead of zeros
    """
    with torch.enable_grad():
        several, given = _tensors(inputs, "inputs", "vhp")
        weights = _weights(v, given, "vhp", "the input to the user-provided function is")
        given = _entered(given, create_graph)
        listed, outputs = _one_number(func, given, "vhp", strict)
        slopes = _slopes(outputs, given, strict)
        rows = _pulled(slopes, given, weights, create_graph)
        rows = _filled(rows, given, strict, _LINEAR, create_graph and _FLAT, "hessian")
    return _left(outputs, listed, create_graph), _left(rows, several, create_graph)


def hvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """What func, which gives one number, gives for the inputs; and its Hessian times v.

    v             of the shapes of the inputs; may be left out for one number
    create_graph  leaves both results differentiable
    strict        RuntimeError where the gradient does not depend on an input, instead of zeros
    `vhp` gives the same where second derivatives are continuous, in one backward less.
    """
    with torch.enable_grad():
        several, given = _tensors(inputs, "inputs", "hvp")
        weights = _weights(v, given, "hvp", "the input to the user-provided function is")
        given = _entered(given, create_graph)
        listed, outputs = _one_number(func, given, "hvp", strict)
        slopes = _slopes(outputs, given, strict)
        marks = tuple(torch.zeros_like(one, requires_grad=True) for one in given)
        rows = _filled(_pulled(slopes, given, marks, True), given, strict, _LINEAR, None)
        columns = _pulled(rows, marks, weights, create_graph)
        columns = _filled(columns, given, strict, _LINEAR, create_graph and _FLAT, "hessian")
    return _left(outputs, listed, create_graph), _left(columns, several, create_graph)


def _slopes(outputs: Tensors, given: Tensors, strict: bool) -> Tensors:
    """The gradient of one number, differentiable."""
    rows = _pulled(outputs, given, (None,), True)
    rows = _filled(rows, given, strict, _UNUSED, None)
    if strict:
        _require_flow(rows, _LINEAR)
    return rows


# Arguments.


def _tensors(given: Any, what: str, name: str) -> tuple[bool, Tensors]:
    """Whether several were given, and all as a tuple; TypeError for what is no tensor."""
    several = isinstance(given, tuple)
    listed = given if several else (given,)
    for at, one in enumerate(listed):
        if not isinstance(one, torch.Tensor):
            where = f"value at index {at}" if several else f"given {what}"
            raise TypeError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the "
                f"{where} has type {type(one)}."
            )
    return several, listed


def _entered(given: Tensors, create_graph: bool) -> Tensors:
    """The inputs as func gets them: other tensors, so that gradients stop, or pass, here."""
    return tuple(
        one.view_as(one) if create_graph and one.requires_grad else one.detach().requires_grad_()
        for one in given
    )


def _called(
    func: Callable[..., Any], given: Tensors, name: str, strict: bool
) -> tuple[bool, Tensors]:
    """The results of func, and whether it gave several."""
    listed, outputs = _tensors(func(*given), "outputs of the user-provided function", name)
    if strict:
        for at, one in enumerate(outputs):
            if not one.requires_grad:
                raise RuntimeError(
                    f"Output {at} of the user-provided function does not require gradients. The "
                    "outputs must be computed in a differentiable manner from the input when "
                    "running in strict mode."
                )
    return listed, outputs


def _one_number(
    func: Callable[..., Any], given: Tensors, name: str, strict: bool
) -> tuple[bool, Tensors]:
    """The result of func, which must be a single element."""
    listed, outputs = _called(func, given, name, strict)
    if listed:
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {name} should contain a single element"
        )
    return listed, outputs


def _weights(v: Any, like: Tensors, name: str, who: str) -> Tensors:
    """What is multiplied with; RuntimeError when shapes are not those of what it goes with."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"The vector v can only be None if {who} a single Tensor with a single element."
            )
        return (torch.ones_like(like[0]),)
    _, listed = _tensors(v, "v", name)
    if len(listed) != len(like):
        raise RuntimeError(
            "The given v should contain a single Tensor."
            if len(like) == 1
            else f"v is a tuple of invalid length: should be {len(like)} but got {len(listed)}."
        )
    for at, (one, other) in enumerate(zip(listed, like, strict=True)):
        if one.shape != other.shape:
            entry = f"Entry {at} in " if len(like) > 1 else ""
            raise RuntimeError(
                f"{entry}v has invalid size: should be {other.shape} but got {one.shape}."
            )
    return listed


# Gradients.


def _pulled(
    outputs: Sequence[Any], given: Tensors, weights: Sequence[Any], create_graph: bool
) -> Tensors:
    """The gradients of the outputs that have any; None where none arrives."""
    flowing = [
        (one, weight) for one, weight in zip(outputs, weights, strict=True) if one.requires_grad
    ]
    if not flowing:
        return (None,) * len(given)
    ends, starts = zip(*flowing, strict=True)
    return torch.autograd.grad(
        ends, given, starts, retain_graph=True, create_graph=create_graph, allow_unused=True
    )


def _filled(
    rows: Tensors, like: Tensors, strict: bool, unused: str, flat: str | None | bool,
    what: str = "jacobian",
) -> Tensors:  # fmt: skip
    """Zeros in place of gradients that are not there; in strict mode these texts are raised."""
    if strict:
        for at, one in enumerate(rows):
            if one is None:
                raise RuntimeError(unused.format(at=at))
        if flat:
            _require_flow(rows, str(flat), what)
    return tuple(
        torch.zeros_like(other) if one is None else one
        for one, other in zip(rows, like, strict=True)
    )


def _require_flow(rows: Tensors, text: str, what: str = "") -> None:
    for at, one in enumerate(rows):
        if one is None or not one.requires_grad:
            raise RuntimeError(text.format(at=at, what=what, where=""))


def _left(tensors: Tensors, several: bool, create_graph: bool) -> Any:
    """Results as they are given out: without history unless it was asked for."""
    made = tuple(
        one if create_graph or not one.requires_grad else one.detach() for one in tensors
    )
    return made if several else made[0]
