"""`Function`: an operation whose gradient the user writes."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from compat.autograd import traced
from compat.autograd.saved import Packed, packed_now, unpacked
from compat.core.flag import Flag
from compat.engine.recorder import local
from compat.engine.value import Meta
from compat.front import create
from compat.front.base import TensorBase, alias, wrap
from compat.front.convert import to
from compat.front.samples import depth_of, mapped_by
from compat.tape import history
from compat.tape.mode import enable_grad
from compat.tape.node import Node, Tape, ViewTape, result_tape

tangents_asked = Flag()  # on while a dual tensor's tangent is worked out: `jvp` answers then


class FunctionCtx:
    """What forward leaves for backward."""

    _saved: tuple[Any, ...] = ()
    _dirty: tuple[Any, ...] = ()
    _undifferentiated: tuple[Any, ...] = ()
    _materialize = True
    needs_input_grad: tuple[bool, ...] = ()
    requires_grad = False  # whether backward may be called
    num_inputs = num_outputs = 0  # of forward: what it was given, the tensors it made

    def save_for_backward(self, *tensors: Any) -> None:
        """Keeps inputs and outputs for backward, which finds them in `saved_tensors`."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, TensorBase):
                raise TypeError(
                    "save_for_backward can only save variables, but argument 0 is of type "
                    f"{type(tensor).__name__}"
                )
        self._saved = tensors

    save_for_forward = save_for_backward

    def mark_dirty(self, *tensors: Any) -> None:
        """Says which inputs forward has written in place."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Says which outputs no gradient flows through."""
        self._undifferentiated = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros, not None, for outputs that no gradient came from."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What forward saved; RuntimeError when it was overwritten or freed since."""
        node = self._node  # type: ignore[attr-defined]
        if node.saved is None:
            from compat.tape.backward import _FREED

            raise RuntimeError(_FREED)
        return tuple(_checked(one, node) for one in node.kept)

    saved_variables = saved_tensors


def _checked(one: Any, node: Any) -> Any:
    if one is None:
        return None
    if isinstance(one[0], Packed):
        packed, tape, place = one
        return unpacked(packed, tape if place is None else result_tape(node, place))
    tensor, version, place = one
    if tensor._storage.version != version:
        from compat.core.dtype import TYPE_NAMES

        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace "
            f"operation: [torch.{TYPE_NAMES[tensor._meta.dtype]}Tensor {list(tensor._meta.shape)}]"
            f", is at version {tensor._storage.version}; expected version {version} instead. Hint: "
            "enable anomaly detection to find the operation that failed to compute its gradient, "
            "with torch.autograd.set_detect_anomaly(True)."
        )
    if place is not None:  # a result: its history is this very node
        made = alias(tensor, tensor._meta, tensor._offset, result_tape(node, place))
        return made
    return tensor


class _FunctionNode(Node):
    """The node of a Function; it is its own rule."""

    __slots__ = ("ctx", "function", "__dict__")

    def __init__(
        self, function: Any, ctx: Any, edges: tuple[Any, ...], outs: Sequence[Meta]
    ) -> None:
        super().__init__(self, edges, (None, None, 0), (), outs)
        self.ctx, self.function, self.line = ctx, function, None

    def name(self) -> str:  # type: ignore[override]
        return f"{self.function.__name__}Backward"

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{self.name()} object at {id(self):#x}>"

    @property
    def kept(self) -> Any:
        """What forward saved, until it is freed."""
        return self.saved[0] if self.saved else ()

    def __getattr__(self, name: str) -> Any:
        if name in ("ctx", "function"):
            raise AttributeError(name)
        return getattr(self.ctx, name)

    def pull(self, node: Node, gradients: Sequence[Any], create_graph: bool) -> list[Any]:
        ctx = self.ctx
        given = [self._given(one, out) for one, out in zip(gradients, self.outs, strict=True)]
        results = self._rule(given)(ctx, *given)
        results = results if isinstance(results, tuple | list) else (results,)
        places = ctx._places
        count = ctx._count
        if len(results) > count and all(one is None for one in results[count:]):
            results = results[:count]
        if len(results) != count:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{count}, got {len(results)})"
            )
        return [
            self._flowing(results[place], metas, place)
            for place, metas in zip(places, ctx._metas, strict=True)
        ]

    def _rule(self, given: list[Any]) -> Callable[..., Any]:
        """What leads back: `backward`, or `vjp`; for a dual tensor's tangent `jvp` transposed."""
        jvp = _rule(self.function, "jvp")
        if jvp is not None and tangents_asked.on:
            return functools.partial(self._transposed, jvp)
        return _rule(self.function, "backward", "vjp") or self.function.backward

    def _transposed(self, jvp: Any, ctx: Any, *gradients: Any) -> Any:
        """Gradients of the inputs: `jvp` is linear in the tangents, so that its own gradient by
        them leads back."""
        from compat.autograd import grad

        metas, places = ctx._metas, ctx._places
        given: list[Any] = [None] * ctx._count
        with enable_grad():
            for place, one in zip(places, metas, strict=True):
                if one.differentiable:
                    given[place] = create.constant(one.shape, 0, one.dtype, one.device)
                    given[place].requires_grad_()
            made = jvp(ctx, *given)
            made = made if isinstance(made, tuple | list) else (made,)
            pairs = [
                (one, gradient) for one, gradient in zip(made, gradients, strict=True)
                if isinstance(one, TensorBase) and one.requires_grad  # type: ignore[attr-defined]
            ]  # fmt: skip
            wanted = [one for one in given if one is not None]
            found = iter(
                grad([one for one, _ in pairs], wanted, [gradient for _, gradient in pairs],
                     create_graph=True, allow_unused=True)
            )  # fmt: skip
        return tuple(None if one is None else next(found) for one in given)

    def _given(self, gradient: Any, out: Meta) -> Any:
        if gradient is not None:
            return wrap(*gradient)
        if not self.ctx._materialize:
            return None
        return create.constant(out.shape, 0, out.dtype, out.device)

    def _flowing(self, result: Any, expected: Meta, place: int) -> Any:
        if result is None:
            return None
        if not isinstance(result, TensorBase):
            raise TypeError(
                f"{self.name()}: expected Variable (got {type(result).__name__})"
            )
        if result._meta.shape != expected.shape:
            try:
                result = result.expand(expected.shape) if result._meta.numel < expected.numel else (
                    result.sum_to_size(expected.shape)  # type: ignore[attr-defined]
                )
            except RuntimeError:
                raise RuntimeError(
                    f"Function {self.name()} returned an invalid gradient at index {place} - got "
                    f"{list(result._meta.shape)} but expected shape compatible with "
                    f"{list(expected.shape)}"
                ) from None
        if result._meta.dtype is not expected.dtype:
            result = to(result, expected.dtype)
        return result._gradient()


def _node_class(function: Any) -> type[_FunctionNode]:
    """The class of a Function's nodes, which is called as PyTorch calls it."""
    made = function.__dict__.get("_backward_cls")
    if made is None:
        made = type(f"{function.__name__}Backward", (_FunctionNode,), {"__slots__": ()})
        function._backward_cls = made
    return made


class VmapInfo(NamedTuple):
    """What a Function's `vmap` is told: how many samples there are, and what draws may do."""

    batch_size: int
    randomness: str


class Function(FunctionCtx):
    """An operation with a gradient of its own: static `forward(ctx, ...)` and `backward(ctx, ...)`.

    The old form, with both as methods of an instance that is called, works too; `self` is the ctx.

    >>> class Double(compat.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x * 2
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         return grad * 2
    >>> Double.apply(compat.tensor(3.0))
    tensor(6.)
    """

    _transparent = False  # whether JAX's transformations differentiate what forward does

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            "static, so you should invoke them on the class itself. Instantiating an autograd "
            "function will raise an error in a future version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any) -> Any:
        """The old form: forward and backward are methods of this instance."""
        if isinstance(inspect.getattr_static(self, "forward"), staticmethod):
            raise RuntimeError(
                f"{type(self).__name__} has a static forward; use {type(self).__name__}.apply"
            )
        warnings.warn(
            "Functions whose forward is a method of the instance are the old form; make forward "
            "and backward static, with ctx as the first argument, and use `apply`.",
            FutureWarning,
            stacklevel=2,
        )
        return _run(type(self), self, args)

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise NotImplementedError(NO_BACKWARD)

    vjp = backward  # its other name

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        raise NotImplementedError(NO_JVP)

    generate_vmap_rule = False

    @staticmethod
    def vmap(info: VmapInfo, in_dims: tuple[Any, ...], *args: Any) -> Any:
        """The result for batches, and the dimensions of their samples; without it, and with
        `generate_vmap_rule`, forward is mapped."""
        raise NotImplementedError("To use autograd.Function with vmap, you must implement vmap.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        raise NotImplementedError("setup_context is not implemented.")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Runs forward and gives its result, with backward in the graph."""
        return _run(cls, FunctionCtx(), args)


NO_BACKWARD = (
    "You must implement either the backward or vjp method for your custom autograd.Function to use "
    "it with backward mode AD."
)
NO_JVP = (
    "You must implement the jvp function for custom autograd.Function to use it with forward mode "
    "AD."
)


def _rule(cls: Any, *names: str) -> Any:
    """The first of these methods that a Function has of its own, None without any."""
    for name in names:
        found = getattr(cls, name)
        if found is not getattr(Function, name):
            return found
    return None


def _forward(cls: Any, ctx: Any, args: tuple[Any, ...]) -> Any:
    """Forward's result, without a graph."""
    before, local.grad = local.grad, False
    try:
        if cls.setup_context is Function.setup_context:
            return cls.forward(ctx, *args)
        made = cls.forward(*args)
        cls.setup_context(ctx, args, made)
        return made
    finally:
        local.grad = before


def _run(cls: Any, ctx: Any, args: tuple[Any, ...]) -> Any:
    if depth_of(args) and _rule(cls, "vmap") is not None:
        return mapped_by(cls.vmap, lambda size: VmapInfo(size, "error"), args)
    if traced.is_traced(args):
        if cls._transparent:
            return cls.forward(ctx, *args)
        backward = _rule(cls, "backward", "vjp")
        return traced.apply_traced(cls, functools.partial(_forward, cls), args, backward)
    tensors = [(at, one) for at, one in enumerate(args) if isinstance(one, TensorBase)]
    tapes = [_tape_of(one) for _, one in tensors]
    needs = local.grad and any(tape is not None for tape in tapes)
    ctx.needs_input_grad = tuple(
        isinstance(one, TensorBase) and one.requires_grad for one in args  # type: ignore[attr-defined]
    )
    made = _forward(cls, ctx, args)
    ctx.requires_grad, ctx.num_inputs = needs, len(args)
    ctx.num_outputs = len(made) if isinstance(made, tuple | list) else 1
    if not needs:
        ctx._node = _Freed(ctx)  # type: ignore[attr-defined]
        return made
    return _recorded(cls, ctx, args, tensors, tapes, made)


class _Freed:
    """Stands for the node of a Function that no gradient flows through."""

    saved = ()

    def __init__(self, ctx: FunctionCtx) -> None:
        self.kept = [
            None if one is None else (one, one._storage.version, None) for one in ctx._saved
        ]


def _tape_of(tensor: Any) -> Tape | None:
    return history.current(tensor) if tensor.requires_grad else None


def _recorded(cls: Any, ctx: Any, args: Any, tensors: Any, tapes: Any, made: Any) -> Any:
    """The results of forward with the node that leads back."""
    several = isinstance(made, tuple | list)
    results = list(made) if several else [made]
    inputs = {id(one) for _, one in tensors}
    dirty = {id(one) for one in ctx._dirty}
    marked = {id(one) for one in ctx._undifferentiated}
    plain = {at for at, one in enumerate(results) if id(one) in marked}
    for one in ctx._dirty:
        history.check_writable(one)
    outs = [at for at, one in enumerate(results) if isinstance(one, TensorBase)]
    metas = [results[at]._meta for at in outs]
    node = _node_class(cls)(cls, ctx, tuple(tapes), metas)
    ctx._node, ctx._count = node, len(args)
    ctx._places = [at for at, _ in tensors]
    ctx._metas = [one._meta for _, one in tensors]
    shown: dict[int, int] = {}
    for place, at in enumerate(outs):
        one = results[at]
        if id(one) in inputs and id(one) not in dirty:  # an input handed through is a new view
            one = results[at] = alias(one, one._meta, one._offset)
        shown[id(one)] = place
    kept = [
        None if one is None else (one, one._storage.version, shown.get(id(one)))
        for one in ctx._saved
    ]
    for place, at in enumerate(outs):
        one = results[at]
        if at in plain or not one._meta.differentiable:
            continue
        tape = result_tape(node, place)
        if id(one) in dirty:
            history.rewrite(one, tape)
        elif isinstance(one._tape, ViewTape):
            one._tape.node, one._tape.index, one._tape.requires = node, place, True
        else:
            one._tape = tape
    if kept:  # where the walk frees it
        node.saved = ([_settled(one) for one in kept], None, 0)
    return type(made)(results) if several else results[0]


def _settled(one: Any) -> Any:
    """What is kept of a saved tensor: itself, or what the hooks for such made of it."""
    if one is None:
        return None
    tensor, version, place = one
    tape = tensor._tape if place is None else None
    if place is not None:
        tensor = _detached(tensor)
    packed = packed_now(tensor)
    return (tensor, version, place) if packed is None else (packed, tape, place)


def _detached(tensor: Any) -> Any:
    """A result that is saved must not hold its own node, or neither would ever be freed."""
    return alias(tensor, tensor._meta, tensor._offset)


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a backward that is not differentiable itself; a second backward raises."""

    @functools.wraps(function)
    def once(ctx: Any, *gradients: Any) -> Any:
        recorded = local.grad
        before, local.grad = local.grad, False
        try:
            results = function(ctx, *gradients)
        finally:
            local.grad = before
        if not recorded or not any(
            isinstance(one, TensorBase) and one.requires_grad for one in gradients  # type: ignore[attr-defined]
        ):
            return results
        listed = results if isinstance(results, tuple) else (results,)
        marked = tuple(_Once.apply(one) if isinstance(one, TensorBase) else one for one in [
            None if one is None else one.detach().requires_grad_() for one in listed
        ])
        return marked if isinstance(results, tuple) else marked[0]

    return once


class _Once(Function):
    """Raises when a gradient is sent through a result that has none."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )
