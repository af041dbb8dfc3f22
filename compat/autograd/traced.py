"""A `Function` inside of JAX's transformations: its own rule is what JAX is told.

Under a user's `jax.jit` tensors hold tracers, and JAX would differentiate what forward does. Each
call becomes one function with a rule instead, which is `backward`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compat.engine.recorder import local
from compat.front.base import TensorBase
from compat.front.bridge import from_jax, held_array

Arrays = tuple[Any, ...]
Run = Callable[[Any, tuple[Any, ...]], Any]


def is_traced(args: Sequence[Any]) -> bool:
    """Whether a tensor among the arguments holds a tracer."""
    devices = [one._meta.device for one in args if _is_tensor(one)]
    return any(where.is_traced and not where.depth for where in devices)


def apply_traced(cls: Any, run: Run, args: tuple[Any, ...], backward: Any) -> Any:
    """The result of a Function in a trace, with its rule.

    run        forward, given a ctx and the arguments
    backward   the rule, None where the Function has none
    """
    call = _Call(cls, run, args)
    arrays = tuple(held_array(args[at]) for at in call.places)
    ruled = jax.custom_vjp(lambda *given: call.forward(given)[0])
    ruled.defvjp(
        lambda *given: call.saved(ruled, given), lambda *given: call.pull(backward, *given)
    )
    made = ruled(*arrays)
    return call.nested([from_jax(one) for one in made])


class _Call:
    """One call: its arguments, and what forward gave and left in ctx besides tensors."""

    def __init__(self, cls: Any, run: Run, args: tuple[Any, ...]) -> None:
        self.cls, self.run, self.args = cls, run, args
        self.places = [at for at, one in enumerate(args) if _is_tensor(one)]
        self.results: Any = None
        self.left: Any = None

    def forward(self, arrays: Sequence[Any]) -> tuple[Arrays, Any]:
        """The results that are tensors, and ctx."""
        from compat.autograd.function import FunctionCtx

        full = list(self.args)
        for at, array in zip(self.places, arrays, strict=True):
            full[at] = from_jax(array)
        ctx = FunctionCtx()
        ctx.needs_input_grad = tuple(
            _is_tensor(one) and one._meta.differentiable for one in full
        )
        made = self.run(ctx, tuple(full))
        if ctx._dirty:
            raise NotImplementedError(f"{self.cls.__name__}: mark_dirty inside of a transformation")
        self.results = made
        every = made if isinstance(made, tuple | list) else [made]
        return tuple(held_array(one) for one in every if _is_tensor(one)), ctx

    def nested(self, tensors: Sequence[Any]) -> Any:
        """Tensors in the places of forward's results."""
        rest = iter(tensors)
        if not isinstance(self.results, tuple | list):
            return next(rest) if _is_tensor(self.results) else self.results
        return type(self.results)(
            next(rest) if _is_tensor(one) else one for one in self.results
        )

    def _left(self, ruled: Any, arrays: Sequence[Any]) -> tuple[Arrays, Arrays]:
        """The results, and the tensors in ctx. Both have the rules for whatever differentiates
        them in turn: results are not those of forward, but of the function that has the rules."""
        made = ruled(*arrays)
        _, ctx = self.forward(arrays)
        every = self.results if isinstance(self.results, tuple | list) else [self.results]
        given = {id(one): array for one, array in zip(filter(_is_tensor, every), made, strict=True)}
        leaves, nesting = jax.tree.flatten(ctx.__dict__, is_leaf=_is_tensor)
        at = [place for place, one in enumerate(leaves) if _is_tensor(one)]
        kept = tuple(
            given[id(one)] if id(one) in given else held_array(one)
            for one in leaves
            if _is_tensor(one)
        )
        self.left = [None if _is_tensor(one) else one for one in leaves], at, nesting
        return made, kept

    def _ctx(self, kept: Arrays) -> Any:
        from compat.autograd.function import FunctionCtx, _Freed

        leaves, at, nesting = self.left
        full = list(leaves)
        for place, array in zip(at, kept, strict=True):
            full[place] = from_jax(array)
        ctx: Any = FunctionCtx()
        ctx.__dict__.update(jax.tree.unflatten(nesting, full))
        ctx._node = _Freed(ctx)
        return ctx

    def saved(self, ruled: Any, arrays: Sequence[Any]) -> tuple[Arrays, tuple[Arrays, Arrays]]:
        """The results, and what backward needs: the tensors in ctx, and the inputs."""
        made, kept = self._left(ruled, arrays)
        return made, (kept, tuple(arrays))

    def pull(self, backward: Any, residuals: tuple[Arrays, Arrays], cotangents: Arrays) -> Arrays:
        """The gradients of the inputs."""
        from compat.autograd.function import NO_BACKWARD

        if backward is None:
            raise NotImplementedError(NO_BACKWARD)
        kept, inputs = residuals
        given = [from_jax(_zero(one) if _is_whole(one) else _conj(one)) for one in cotangents]
        found = _quietly(lambda: backward(self._ctx(kept), *given))
        found = found if isinstance(found, tuple | list) else (found,)
        made = []
        for at, array in zip(self.places, inputs, strict=True):
            one = found[at] if at < len(found) else None
            if not jnp.issubdtype(array.dtype, jnp.inexact):
                made.append(np.zeros(array.shape, jax.dtypes.float0))
            elif one is None:
                made.append(jnp.zeros_like(array))
            else:
                made.append(_conj(held_array(one)).astype(array.dtype))
        return tuple(made)


def _is_tensor(one: Any) -> bool:
    return isinstance(one, TensorBase)


def _quietly(rule: Callable[[], Any]) -> Any:
    before, local.grad = local.grad, False
    try:
        return rule()
    finally:
        local.grad = before


def _is_whole(array: Any) -> bool:
    """Whether it stands for the derivative of whole numbers, which have none."""
    return getattr(array, "dtype", None) == jax.dtypes.float0


def _zero(array: Any) -> Any:
    return jnp.zeros(array.shape)


def _conj(array: Any) -> Any:
    """PyTorch's gradients of complex numbers are the conjugates of JAX's."""
    return array.conj() if jnp.iscomplexobj(array) else array
