"""Gradients, Jacobians and Hessians of functions, as functions: each calls the function with fresh
leaves and asks the graph that this records.

Results are differentiable themselves where anything outside asks for gradients: another
transformation around this one, or a tensor that the function refers to.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakSet

import compat as torch
from compat.autograd.function import tangents_asked
from compat.engine.recorder import local
from compat.front.base import wrap
from compat.front.samples import with_tape
from compat.func.calls import is_tensor
from compat.func.mapping import vmap
from compat.tape import lanes
from compat.tape.history import current
from compat.tape.node import sequence
from compat.utils._pytree import tree_flatten, tree_structure, tree_unflatten

Argnums = int | tuple[int, ...]


class _Graph:
    """A call of a function with fresh leaves in the places of the chosen arguments.

    leaves    the fresh ones
    made      what the function gave; with auxiliary results the first of the pair
    more      the auxiliary results
    outside   whether something else asks for gradients, so that derivatives need their own graph
    """

    def __init__(
        self, func: Callable[..., Any], args: Sequence[Any], kwargs: Any, argnums: Argnums,
        aux: bool = False,
    ) -> None:  # fmt: skip
        self.several = isinstance(argnums, tuple)
        numbers = argnums if isinstance(argnums, tuple) else (argnums,)
        for number in numbers:
            if not -len(args) <= number < len(args):
                raise RuntimeError(
                    f"Got argnum={number}, but only {len(args)} positional inputs"
                )
        numbers = tuple(number % len(args) for number in numbers)
        chosen, self.tree = tree_flatten([args[at] for at in numbers])
        for one in chosen:
            if not is_tensor(one):
                raise ValueError(f"Thing passed to transform API must be Tensor, got {type(one)}")
        start = next(sequence)
        linked = local.grad and any(one.requires_grad for one in chosen)
        with torch.enable_grad():
            self.leaves = [_leaf(one, linked) for one in chosen]
            full = list(args)
            for at, one in zip(numbers, tree_unflatten(self.leaves, self.tree), strict=True):
                full[at] = one
            self.given = func(*full, **kwargs)
        self.made, self.more = self.given, None
        if aux:
            if not isinstance(self.given, tuple) or len(self.given) != 2:
                raise RuntimeError(
                    "grad_and_value(f)(*args): output of function f should be a tuple: "
                    "(output, aux) if has_aux is True"
                )
            self.made, self.more = self.given
        self.outputs, self.nesting = tree_flatten(self.made)
        self.outside = linked or (local.grad and self._reaches_outside(start))

    def _reaches_outside(self, start: int) -> bool:
        """Whether the graph has leaves besides the fresh ones, or nodes from before the call."""
        tapes = [current(one) for one in tree_flatten(self.given)[0] if is_tensor(one)]
        tapes = [one for one in tapes if one is not None and one.requires]
        seen: set[Any] = set()
        while tapes:
            tape = tapes.pop()
            node = tape.node
            if node is None:
                if tape not in _noted:
                    return True
            elif node.seq < start:
                return True
            elif node not in seen:
                seen.add(node)
                tapes += [edge for edge in node.edges if edge is not None]
        return False

    def tensors(self, name: str) -> list[Any]:
        """The results; RuntimeError when the function gave anything but tensors."""
        for one in self.outputs:
            if not is_tensor(one):
                raise RuntimeError(
                    f"{name}(f, *primals): expected f(*primals) to return only tensors, got "
                    f"unsupported type {type(one)}"
                )
        return self.outputs

    def shown(self, tree: Any) -> Any:
        """Results as a user gets them: without the graph to the fresh leaves."""
        if self.outside:
            return tree
        leaves, nesting = tree_flatten(tree)
        return tree_unflatten([one.detach() if is_tensor(one) else one for one in leaves], nesting)

    def arguments(self, tensors: Sequence[Any]) -> Any:
        """One for each chosen argument, nested as it is."""
        made = tree_unflatten(list(tensors), self.tree)
        return tuple(made) if self.several else made[0]

    def pull(
        self, outputs: Sequence[Any], cotangents: Sequence[Any], create: bool | None = None
    ) -> list[Any]:
        """The gradients of the leaves."""
        create = self.outside if create is None else create
        return _derived(outputs, self.leaves, cotangents, create)

    def push_along(self, outputs: Sequence[Any]) -> Callable[..., list[Any]]:
        """A function from tangents of leaves, by place, to those of the outputs: gradients are
        linear in what they are weighted by, and the derivative with respect to that goes the
        other way round."""
        floating = [one for one in outputs if one.is_floating_point() or one.is_complex()]
        with torch.enable_grad(), tangents_asked:
            marks = [_leaf(torch.zeros_like(one), linked=False) for one in floating]
            rows = self.pull(floating, marks, create=True)

        def push(tangents: dict[int, Any]) -> list[Any]:
            create = self.outside or any(one.requires_grad for one in tangents.values())
            met = [(rows[at], one) for at, one in tangents.items() if rows[at].requires_grad]
            with tangents_asked:
                found = _derived([row for row, _ in met], marks, [one for _, one in met], create)
            rest = iter(found)
            return [
                next(rest) if one.is_floating_point() or one.is_complex() else torch.zeros_like(one)
                for one in outputs
            ]

        return push


def _leaf(tensor: Any, linked: bool) -> Any:
    """A tensor of the same elements that requires gradients, and that nobody else has."""
    if lanes.local.mapped:
        tensor = wrap(*lanes.lifted(with_tape(tensor if linked else tensor.detach())))
    if linked and tensor.requires_grad:
        return tensor.view_as(tensor)
    return _ours(tensor.detach().requires_grad_())


def _ours(leaf: Any) -> Any:
    """The leaf, which is noted as none that asks for gradients from outside."""
    _noted.add(leaf._tape)
    return leaf


_noted: WeakSet[Any] = WeakSet()


def _derived(
    outputs: Sequence[Any], inputs: Sequence[Any], weights: Sequence[Any], create: bool
) -> list[Any]:
    """`autograd.grad` that keeps the graph; zeros where nothing flows."""
    flowing = [
        pair for pair in zip(outputs, weights, strict=True)
        if is_tensor(pair[0]) and pair[0].requires_grad
    ]  # fmt: skip
    found: Sequence[Any] = [None] * len(inputs)
    if flowing:
        found = torch.autograd.grad(
            [one for one, _ in flowing], inputs, [weight for _, weight in flowing],
            retain_graph=True, create_graph=create and local.grad, allow_unused=True,
        )  # fmt: skip
    return [
        torch.zeros_like(one).detach() if grad is None else grad
        for one, grad in zip(inputs, found, strict=True)
    ]


def grad_and_value(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives the gradient of func, which gives one number, and its value.

    argnums   the arguments to differentiate by: tensors, or nested ones
    has_aux   whether func gives (value, more): then the value is that pair
    """

    @functools.wraps(func)
    def inside(*args: Any, **kwargs: Any) -> Any:
        graph = _Graph(func, args, kwargs, argnums, has_aux)
        output = graph.made
        if not is_tensor(output):
            raise RuntimeError(
                "grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got "
                f"{type(output)}"
            )
        if output.dim():
            raise RuntimeError(
                "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, "
                f"got tensor with {output.dim()} dims. Maybe you wanted to use the vjp or "
                "jacrev APIs instead?"
            )
        gradients = graph.pull([output], [None])
        return graph.arguments(gradients), graph.shown(graph.given)

    return inside


def grad(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives the gradient of func, which gives one number.

    argnums   the arguments to differentiate by: tensors, or nested ones
    has_aux   whether func gives (value, more): then the result is (gradient, more)

    >>> compat.func.grad(lambda x: x**2)(compat.tensor(3.0))
    tensor(6.)
    """

    @functools.wraps(func)
    def inside(*args: Any, **kwargs: Any) -> Any:
        gradients, value = grad_and_value(func, argnums, has_aux)(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return inside


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """What func gives, and a function that takes cotangents of it to those of the primals."""
    graph = _Graph(func, primals, {}, tuple(range(len(primals))), has_aux)
    outputs = graph.tensors("vjp")

    def pull(*cotangents: Any, retain_graph: bool = True, create_graph: bool = True) -> Any:
        given, _ = tree_flatten(cotangents[0] if len(cotangents) == 1 else cotangents)
        if len(given) != len(outputs):
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of "
                "outputs to the function."
            )
        create = graph.outside or any(one.requires_grad for one in given)
        return graph.arguments(graph.pull(outputs, given, create))

    output = graph.shown(graph.made)
    return (output, pull, graph.shown(graph.more)) if has_aux else (output, pull)


def jvp(
    func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False,
    has_aux: bool = False,
) -> Any:  # fmt: skip
    """What func gives, and its derivative in the direction of the tangents."""
    if not isinstance(primals, tuple):
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals to be a tuple. E.g. it should be valid "
            "to call f(*primals)."
        )
    given, tree = tree_flatten(tangents)
    if tree != tree_structure(primals):
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals and tangents to have the same python "
            "structure. For example, if primals is a tuple of 3 tensors, tangents also must be. "
            f"Got primals with structure {tree_structure(primals)} and tangents with structure "
            f"{tree}"
        )
    graph = _Graph(func, primals, {}, tuple(range(len(primals))), has_aux)
    outputs = graph.tensors("jvp")
    moved = tree_unflatten(graph.push_along(outputs)(dict(enumerate(given))), graph.nesting)
    output = graph.shown(graph.made)
    return (output, moved, graph.shown(graph.more)) if has_aux else (output, moved)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """What func gives, and its derivative here as a function of tangents."""
    output = func(*primals)
    return output, lambda *tangents: jvp(func, primals, tangents)[1]


def _only_real(name: str, what: str, tensors: Sequence[Any]) -> None:
    """RuntimeError, as in PyTorch, for complex numbers."""
    for at, one in enumerate(tensors):
        if one.is_complex():
            raise RuntimeError(
                f"{name}: Expected all {what} to be real but received complex tensor at flattened "
                f"input idx: {at}"
            )


def _units(like: Any) -> Any:
    """A tensor for each element, with 1 there."""
    eye = torch.eye(like.numel(), dtype=like.dtype, device=like.device)
    return eye.reshape(like.numel(), *like.shape)


def _jacobian(
    func: Callable[..., Any], argnums: Argnums, has_aux: bool, forward: bool,
    chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    name = "jacfwd" if forward else "jacrev"
    rows_of = _by_columns if forward else _by_rows

    @functools.wraps(func)
    def inside(*args: Any, **kwargs: Any) -> Any:
        with lanes.deeper(mapping=False):  # what func maps is deeper than the pass over rows
            graph = _Graph(func, args, kwargs, argnums, has_aux)
        outputs = graph.tensors("jacrev")
        _only_real(name, "inputs", graph.leaves)
        _only_real(name, "outputs", outputs)
        rows = [graph.arguments(row) for row in rows_of(graph, outputs, chunk_size)]
        result = tree_unflatten(rows, graph.nesting)
        return (result, graph.shown(graph.more)) if has_aux else result

    return inside


def _by_rows(graph: _Graph, outputs: Sequence[Any], chunk_size: int | None) -> list[list[Any]]:
    """The Jacobian of each output with respect to each leaf: a backward for each element of an
    output, all at once."""
    found = []
    for output in outputs:
        pull = vmap(lambda unit, output=output: graph.pull([output], [unit]), chunk_size=chunk_size)
        rows = pull(_units(output))
        found.append(
            [
                row.reshape(*output.shape, *leaf.shape)
                for row, leaf in zip(rows, graph.leaves, strict=True)
            ]
        )
    return found


def _by_columns(graph: _Graph, outputs: Sequence[Any], chunk_size: int | None) -> list[list[Any]]:
    """The same, by a tangent for each element of a leaf."""
    push = graph.push_along(outputs)
    found: list[list[Any]] = [[] for _ in outputs]
    for at, leaf in enumerate(graph.leaves):
        columns = vmap(lambda unit, at=at: push({at: unit}), chunk_size=chunk_size)(_units(leaf))
        for row, column, output in zip(found, columns, outputs, strict=True):
            row.append(column.movedim(0, -1).reshape(*output.shape, *leaf.shape))
    return found


def jacrev(
    func: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False,
    chunk_size: int | None = None, _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:  # fmt: skip
    """A function that gives the Jacobian of func, row by row.

    argnums      the arguments to differentiate by
    has_aux      whether func gives (value, more): then the result is (Jacobian, more)
    chunk_size   how many rows at once; all when left out
    """
    return _jacobian(func, argnums, has_aux, False, chunk_size)


def jacfwd(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *,
    randomness: str = "error",
) -> Callable[..., Any]:  # fmt: skip
    """A function that gives the Jacobian of func, column by column."""
    return _jacobian(func, argnums, has_aux, True)


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that gives the second derivatives of func: `jacfwd` of `jacrev`."""
    return jacfwd(jacrev(func, argnums), argnums)


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """The function itself: values are immutable, whatever it writes."""
    return func
