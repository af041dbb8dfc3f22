"""Gradients, Jacobians and Hessians of functions, as functions."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from compat.func.lifting import Lifted, is_tensor, run
from compat.ops.forward import forward_mode
from compat.utils._pytree import tree_flatten, tree_structure, tree_unflatten

Argnums = int | tuple[int, ...]


def _conjugated(tree: Any) -> Any:
    """JAX's gradients of complex numbers as PyTorch has them."""
    return jax.tree.map(lambda one: one.conj() if jnp.iscomplexobj(one) else one, tree)


class _Chosen:
    """A function of the arguments that are differentiated, the others held fixed.

    Arrays go in as those of the chosen arguments, and then those of the rest.
    """

    def __init__(
        self, func: Callable[..., Any], args: Any, kwargs: Any, argnums: Argnums, aux: bool
    ) -> None:
        self.several = isinstance(argnums, tuple)
        numbers = argnums if isinstance(argnums, tuple) else (argnums,)
        for number in numbers:
            if not -len(args) <= number < len(args):
                raise RuntimeError(
                    f"Got argnum={number}, but only {len(args)} positional inputs"
                )
        self.numbers = [number % len(args) for number in numbers]
        self.aux = aux
        self.outputs: Any = None
        self.extra: Any = None
        chosen, self.chosen_tree = tree_flatten([args[at] for at in self.numbers])
        for one in chosen:
            if not is_tensor(one):
                raise ValueError(f"Thing passed to transform API must be Tensor, got {type(one)}")
        self.count = len(chosen)
        rest = [None if at in self.numbers else one for at, one in enumerate(args)]

        def call(chosen: Any, rest: Any, kwargs: Any) -> Any:
            full = list(rest)
            for at, one in zip(self.numbers, chosen, strict=True):
                full[at] = one
            return func(*full, **kwargs)

        self.lifted = Lifted(call, ([args[at] for at in self.numbers], rest, kwargs), {})
        self.lifted.function = call

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        """All results that are tensors, those of the function first, then the auxiliary ones."""
        return self.lifted(*arrays)

    def split(self) -> tuple[Any, Any]:
        """The function's results and the auxiliary ones of the last call, still traced."""
        made = tree_unflatten(self.lifted.results, self.lifted.structure)
        if not self.aux:
            return made, None
        if not isinstance(made, tuple) or len(made) != 2:
            raise RuntimeError(
                "grad_and_value(f)(*args): output of function f should be a tuple: "
                "(output, aux) if has_aux is True"
            )
        return made

    def outs(self) -> int:
        """How many tensors are results of the function itself."""
        return sum(is_tensor(one) for one in tree_flatten(self.split()[0])[0])

    def arguments(self, tensors: Any) -> Any:
        """One for each chosen argument, nested as it is."""
        made = tree_unflatten(tensors, self.chosen_tree)
        return tuple(made) if self.several else made[0]


def grad_and_value(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives the gradient of func, which gives one number, and its value.

    argnums   the arguments to differentiate by: tensors, or nested ones
    has_aux   whether func gives (value, more): then the value is that pair
    """

    @functools.wraps(func)
    def inside(*args: Any, **kwargs: Any) -> Any:
        chosen = _Chosen(func, args, kwargs, argnums, has_aux)
        count = chosen.count

        def core(*arrays: Any) -> Any:
            def value(*given: Any) -> Any:
                made = chosen(*given, *arrays[count:])
                output, _ = chosen.split()
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
                return made[0], made[1:]

            one, pull, more = jax.vjp(value, *arrays[:count], has_aux=True)
            return (*_conjugated(pull(jnp.ones_like(one))), one, *more)

        made = run(core, chosen.lifted.tensors)
        gradients = chosen.arguments(made[:count])
        return gradients, chosen.lifted.nested(made[count:])

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
    chosen = _Chosen(func, primals, {}, tuple(range(len(primals))), has_aux)
    made = run(chosen, chosen.lifted.tensors)
    output, aux = _checked(chosen, made, "vjp")
    shapes = tree_flatten(output)[0]

    def pull(cotangents: Any, retain_graph: bool = True, create_graph: bool = True) -> Any:
        given, _ = tree_flatten(cotangents)
        if len(given) != len(shapes):
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of "
                "outputs to the function."
            )
        count = chosen.count

        def core(*arrays: Any) -> Any:
            outs = chosen.outs()
            _, back = jax.vjp(lambda *given: chosen(*given)[:outs], *arrays[:count])
            return _conjugated(back(_conjugated(tuple(arrays[count:]))))

        return chosen.arguments(run(core, [*chosen.lifted.tensors, *given]))

    def shown(*cotangents: Any, **kwargs: Any) -> Any:
        found = pull(cotangents[0] if len(cotangents) == 1 else cotangents, **kwargs)
        return found

    return (output, shown, aux) if has_aux else (output, shown)


def _checked(chosen: _Chosen, made: list[Any], name: str) -> tuple[Any, Any]:
    """The results as tensors; RuntimeError when the function gave anything else."""
    output, _ = chosen.split()
    for one in tree_flatten(output)[0]:
        if not is_tensor(one):
            raise RuntimeError(
                f"{name}(f, *primals): expected f(*primals) to return only tensors, got "
                f"unsupported type {type(one)}"
            )
    full = chosen.lifted.nested(made)
    return full if chosen.aux else (full, None)


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
    chosen = _Chosen(func, primals, {}, tuple(range(len(primals))), has_aux)
    count = chosen.count

    def core(*arrays: Any) -> Any:
        def call(*given: Any) -> Any:
            made = chosen(*given)
            outs = chosen.outs()
            return made[:outs], made[outs:]

        with forward_mode:
            made, moved, more = jax.jvp(call, arrays[:count], arrays[count:], has_aux=True)
        return (*made, *moved, *more)

    made = run(core, [*chosen.lifted.tensors, *given])
    outs = chosen.outs()
    output, aux = _checked(chosen, [*made[:outs], *made[2 * outs :]], "jvp")
    moved = tree_unflatten(made[outs : 2 * outs], tree_structure(output))
    return (output, moved, aux) if has_aux else (output, moved)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """What func gives, and its derivative here as a function of tangents."""
    output = func(*primals)
    return output, lambda *tangents: jvp(func, primals, tangents)[1]


def _only_real(name: str, what: str, arrays: Sequence[Any]) -> None:
    """RuntimeError, as in PyTorch, for complex numbers."""
    for at, one in enumerate(arrays):
        if jnp.iscomplexobj(one):
            raise RuntimeError(
                f"{name}: Expected all {what} to be real but received complex tensor at flattened "
                f"input idx: {at}"
            )


def _jacobian(
    func: Callable[..., Any], argnums: Argnums, has_aux: bool, forward: bool
) -> Callable[..., Any]:
    name = "jacfwd" if forward else "jacrev"

    @functools.wraps(func)
    def inside(*args: Any, **kwargs: Any) -> Any:
        chosen = _Chosen(func, args, kwargs, argnums, has_aux)
        count = chosen.count

        def core(*arrays: Any) -> Any:
            def call(*given: Any) -> Any:
                made = chosen(*given, *arrays[count:])
                outs = chosen.outs()
                _only_real(name, "outputs", made[:outs])
                return made[:outs], (made[:outs], made[outs:])

            _only_real(name, "inputs", arrays[:count])
            transform = jax.jacfwd if forward else jax.jacrev
            with forward_mode if forward else contextlib.nullcontext():
                rows, (made, more) = transform(call, argnums=tuple(range(count)), has_aux=True)(
                    *arrays[:count]
                )
            return (*[one for row in rows for one in row], *made, *more)

        made = run(core, chosen.lifted.tensors)
        outs = chosen.outs()
        output, aux = _checked(chosen, made[outs * count :], "jacrev")
        rows = [chosen.arguments(made[at * count : (at + 1) * count]) for at in range(outs)]
        result = tree_unflatten(rows, tree_structure(output))
        return (result, aux) if has_aux else result

    return inside


def jacrev(
    func: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False,
    chunk_size: int | None = None, _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:  # fmt: skip
    """A function that gives the Jacobian of func, row by row.

    argnums      the arguments to differentiate by
    has_aux      whether func gives (value, more): then the result is (Jacobian, more)
    chunk_size   is taken, and changes nothing in the result
    """
    return _jacobian(func, argnums, has_aux, forward=False)


def jacfwd(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *,
    randomness: str = "error",
) -> Callable[..., Any]:  # fmt: skip
    """A function that gives the Jacobian of func, column by column."""
    return _jacobian(func, argnums, has_aux, forward=True)


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that gives the second derivatives of func: `jacfwd` of `jacrev`."""
    return jacfwd(jacrev(func, argnums), argnums)


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """The function itself: values are immutable, whatever it writes."""
    return func
