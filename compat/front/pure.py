"""Modules as pure functions of their parameters, for JAX's transformations."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compat.core import dtype as d
from compat.engine.recorder import local
from compat.front import keyed
from compat.front.base import TensorBase, value_of
from compat.front.bridge import array_of, from_jax, replaced, to_jax
from compat.tape.mode import no_grad

Arrays = dict[str, Any]


class Pure:
    """A module as a pure function: `apply(params, *args)`. See `pure`.

    params, buffers   its parameters and buffers by name as jax.Arrays, copies that may be donated;
                      tensors with several names have the first
    """

    def __init__(self, module: Any, call: Callable[..., Any] | None = None) -> None:
        self.module = module
        self.call = type(module).__call__ if call is None else call
        self._params: dict[str, Any] = dict(module.named_parameters())
        self._buffers: dict[str, Any] = dict(module.named_buffers())
        self.params: Arrays = {name: _copied(one) for name, one in self._params.items()}
        self.buffers: Arrays = {name: _copied(one) for name, one in self._buffers.items()}

    def __call__(self, params: Arrays, *args: Any, rng: Any = None, **kwargs: Any) -> Any:
        """The module's result with these parameters and its own buffers; what it writes to
        buffers is lost.

        args, kwargs   arrays, tensors, or anything else; trees of them
        rng            a JAX key for what is drawn, needed where something is
        gives          arrays where the module gives tensors
        raises         RuntimeError when numbers are drawn and there is no key
        """
        buffers = {name: array_of(one) for name, one in self._buffers.items()}
        return self.with_buffers(params, buffers, *args, rng=rng, **kwargs)[0]

    def with_buffers(
        self, params: Arrays, buffers: Arrays, *args: Any, rng: Any = None, **kwargs: Any
    ) -> tuple[Any, Arrays]:
        """The module's result with these parameters and buffers, and the buffers after it.

        >>> (loss, buffers), gradients = jax.value_and_grad(apply.with_buffers, has_aux=True)(
        ...     apply.params, apply.buffers, images, classes)
        """
        tensors = [*self._params.values(), *self._buffers.values()]
        arrays = [params[name] for name in self._params]
        arrays += [buffers[name] for name in self._buffers]
        held = [keyed.traced(*pair) for pair in zip(arrays, map(_kind, tensors), strict=True)]
        local.recorder.flush()  # what was recorded before does not belong into the trace
        before = local.grad, keyed.local.keys
        local.grad, keyed.local.keys = False, keyed.Keys(rng)
        try:
            with keyed.TRACED, warnings.catch_warnings(), replaced(tensors, held):
                # JAX without 64-bit types computes in 32 bits what the module calls int64.
                warnings.filterwarnings("ignore", "Explicitly requested dtype .*64")
                given, named = jax.tree.map(_entered, (args, kwargs), is_leaf=_is_array)
                made = self.call(self.module, *given, **named)
                made = jax.tree.map(_left, made, is_leaf=_is_array)
                return made, {name: _left(one) for name, one in self._buffers.items()}
        finally:
            local.grad, keyed.local.keys = before

    def load(self, params: Arrays, buffers: Arrays | None = None) -> None:
        """Puts trained arrays back into the module, as copies: the arrays stay the caller's."""
        pairs = [(one, params[name]) for name, one in self._params.items()]
        pairs += [(one, buffers[name]) for name, one in self._buffers.items() if buffers]
        with no_grad():
            for tensor, array in pairs:
                tensor.copy_(from_jax(array))


def _copied(tensor: Any) -> Any:
    """The elements as an array of its own, in the type that JAX has for them outside."""
    counts = not tensor._meta.dtype.is_floating_point  # small numbers: nobody need be warned
    array = array_of(tensor) if counts else to_jax(tensor)
    kept = jax.dtypes.canonicalize_dtype(tensor._meta.dtype.numpy)
    with jax.enable_x64(True):
        return jnp.array(array, kept, copy=True)


def _kind(tensor: Any) -> Any:
    return tensor._meta.dtype


def _is_array(one: Any) -> bool:
    return isinstance(one, TensorBase | jax.Array | np.ndarray)


def _entered(one: Any) -> Any:
    """An argument as a tensor in the trace. Where JAX has no 64-bit types its int32 stands for
    what programs for PyTorch have as int64."""
    if isinstance(one, TensorBase):
        return keyed.traced(array_of(one), one._meta.dtype)
    if not _is_array(one):
        return one
    wide = jax.config.jax_enable_x64  # type: ignore[attr-defined]
    stands_for = one.dtype if wide or one.dtype != np.int32 else np.dtype("int64")
    return keyed.traced(one, d.from_numpy_type(stands_for))


def _left(one: Any) -> Any:
    """A result as an array of JAX's."""
    return jnp.asarray(value_of(one).array) if isinstance(one, TensorBase) else one


def pure(module: Any, call: Callable[..., Any] | None = None) -> Pure:
    """A module as a pure function of its parameters, for jax.jit, grad, vmap and shard_map.

    module   what is called; several, in a ModuleDict, together with `call`
    call     what is computed with it, `call(module, *args)`; the module's own call when None

    >>> apply = compat.pure(model)
    >>> jax.jit(apply)(apply.params, jax.numpy.ones((1, 4)))
    >>> loss = compat.pure(model, lambda model, x, y: F.mse_loss(model(x), y))
    >>> gradients = jax.grad(loss)(loss.params, x, y)
    >>> loss.load(jax.tree.map(lambda p, g: p - 0.1 * g, loss.params, gradients))
    """
    return Pure(module, call)
