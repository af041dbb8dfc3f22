"""torch.utils.checkpoint: forgets the inside of a function, and computes it again in backward.

A recorded step holds forward and recomputation in one program, whose compiler would see that
both are the same and compute it once. So the recomputation starts from inputs that are set apart,
and waits for the gradient that reached the function's results.
"""

from __future__ import annotations

import contextlib
import enum
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import compat as torch

_early_stop = True
_debug: bool | None = None


class CheckpointError(RuntimeError):
    """The recomputation did not do what the forward did."""


class _Enough(BaseException):
    """Ends a recomputation that has given all that backward needs."""


def noop_context_fn() -> tuple[Any, Any]:
    """Two contexts that do nothing: for the forward and for the recomputation."""
    return contextlib.nullcontext(), contextlib.nullcontext()


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Sets whether recomputations end when backward has what it needs; the functions that are
    checkpointed in the block keep this."""
    global _early_stop
    before, _early_stop = _early_stop, enable
    try:
        yield
    finally:
        _early_stop = before


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Sets the `debug` of all checkpoints in the block; None leaves it to each."""
    global _debug
    before, _debug = _debug, enabled
    try:
        yield
    finally:
        _debug = before


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args, **kwargs), of which nothing is kept but the inputs.

    use_reentrant        True runs a backward inside the backward, and knows only gradients of
                         tensors among args; False computes what was saved again
    preserve_rng_state   (a keyword, on by default) draws the same random numbers again
    context_fn           gives the contexts to run the forward and the recomputation in
    determinism_check    "none" leaves out the comparison of shapes and types
    early_stop           ends the recomputation when nothing more is needed of it
    raises               CheckpointError when the recomputation saves other tensors
    """
    if use_reentrant is None:
        warnings.warn(_UNSAID, UserWarning, stacklevel=2)
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if not use_reentrant:
        return _by_hooks(
            function, args, kwargs, preserve, context_fn, determinism_check, early_stop
        )
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if context_fn is not noop_context_fn or debug is not False:
        raise ValueError(
            "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
        )
    return CheckpointFunction.apply(function, preserve, *args)


_UNSAID = (
    "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. "
    "Starting in PyTorch 2.9, calling checkpoint without use_reentrant will raise an exception. "
    "use_reentrant=False is recommended, but if you need to preserve the current default "
    "behavior, you can pass use_reentrant=True. Refer to docs for more details on the "
    "differences between the two variants."
)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """A chain of functions (or a Sequential) in segments, all but the last checkpointed.

    preserve_rng_state   as `checkpoint` takes it
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be "
            "passed explicitly. In version 2.9 we will raise an exception if use_reentrant is not "
            "passed. use_reentrant=False is recommended, but if you need to preserve the current "
            "default behavior, you can pass use_reentrant=True. Refer to docs for more details on "
            "the differences between the two variants.",
            UserWarning,
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    chain = list(functions.children()) if isinstance(functions, torch.nn.Module) else functions

    def run(part: Sequence[Any]) -> Callable[[Any], Any]:
        def forward(value: Any) -> Any:
            for each in part:
                value = each(value)
            return value

        return forward

    size = len(chain) // segments
    starts = range(0, size * (segments - 1), size)
    for start in starts:
        input = checkpoint(
            run(chain[start : start + size]), input, use_reentrant=use_reentrant,
            preserve_rng_state=preserve,
        )  # fmt: skip
    return run(chain[size * len(starts) :])(input)


# What holds around a function, again in the recomputation.


class _Surroundings:
    """The random state and autocast settings of the forward."""

    def __init__(self, preserve: bool) -> None:
        self.state = torch.get_rng_state() if preserve else None
        self.casts = [
            (kind, torch.get_autocast_dtype(kind), torch.is_autocast_enabled(kind))
            for kind in ("cpu", "cuda")
        ]

    @contextlib.contextmanager
    def again(self) -> Iterator[None]:
        """The forward's surroundings; the random state goes back to what it was at the end."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(torch.enable_grad())
            if self.state is not None:
                stack.enter_context(torch.random.fork_rng())
                torch.set_rng_state(self.state)
            for kind, dtype, enabled in self.casts:
                stack.enter_context(torch.autocast(kind, dtype, enabled))
            yield


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The inputs with the tensors among them without history, requiring gradients as before."""
    if not isinstance(inputs, tuple):
        raise RuntimeError(
            f"Only tuple of tensors is supported. Got Unsupported input type: "
            f"{type(inputs).__name__}"
        )
    return tuple(
        one.detach().requires_grad_(one.requires_grad) if isinstance(one, torch.Tensor) else one
        for one in inputs
    )


def check_backward_validity(inputs: Any) -> None:
    """Warns when no input requires a gradient."""
    if not any(isinstance(one, torch.Tensor) and one.requires_grad for one in inputs):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None",
            UserWarning,
            stacklevel=2,
        )


class CheckpointFunction(torch.autograd.Function):
    """The variant that runs a backward inside the backward."""

    _transparent = True

    @staticmethod
    def forward(ctx: Any, run: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        check_backward_validity(args)
        ctx.run, ctx.around = run, _Surroundings(preserve)
        ctx.places = [at for at, one in enumerate(args) if isinstance(one, torch.Tensor)]
        ctx.others = [None if at in ctx.places else one for at, one in enumerate(args)]
        ctx.save_for_backward(*[args[at] for at in ctx.places])
        return run(*args)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        if not torch.autograd.graph._adds_to_leaves():
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or "
                "passing an `inputs` parameter to .backward(). To resolve this error, you can "
                "either set use_reentrant=False, or call .backward() without passing the `inputs` "
                "argument."
            )
        after = next((one for one in grad_outputs if isinstance(one, torch.Tensor)), None)
        args = list(ctx.others)
        for at, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            args[at] = _again(tensor, after)
        with ctx.around.again():
            outputs = ctx.run(*args)
        listed = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [
            (one, gradient)
            for one, gradient in zip(listed, grad_outputs, strict=True)
            if isinstance(one, torch.Tensor) and one.requires_grad
        ]
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        torch.autograd.backward(*[list(each) for each in zip(*pairs, strict=True)])
        gradients = [one.grad if isinstance(one, torch.Tensor) else None for one in args]
        return None, None, *gradients


def _again(tensor: Any, after: Any) -> Any:
    """An input of the recomputation: set apart, without history."""
    made = torch.autograd.graph._apart(tensor.detach(), after)
    return made.requires_grad_(tensor.requires_grad)


# The variant that computes again what was saved.


class _Frame:
    """One call of a checkpointed function: what it saved, by place, until backward asks."""

    def __init__(
        self, run: Callable[[Any], None], around: _Surroundings, check: bool, early_stop: bool
    ) -> None:
        self.run, self.around = run, around
        self.check, self.early_stop = check, early_stop
        self.facts: list[dict[str, Any]] = []
        self.found: dict[int, Any] = {}
        self.after: Any = None

    def pack(self, tensor: Any) -> int:
        """Forgets a tensor that the forward saves; only its place remains."""
        self.facts.append(_facts(tensor))
        return len(self.facts) - 1

    def unpack(self, place: int) -> Any:
        """The tensor again: all of the frame's are computed when the first is asked for."""
        if place not in self.found:
            self.recompute()
        return self.found.pop(place)  # held longer it would be a result of the program

    def note(self, gradient: Any) -> None:
        """A gradient has reached the results: the recomputation waits for it."""
        self.after = gradient.detach()

    def recompute(self) -> None:
        """Runs the function again and collects what it saves."""
        self.found.clear()
        after, self.after = self.after, None
        count = [0]

        def collect(tensor: Any) -> int:
            place = count[0]
            count[0] += 1
            if place >= len(self.facts):
                raise CheckpointError(
                    "torch.utils.checkpoint: trying to save more tensors during recomputation "
                    "than during the original forward pass."
                )
            self.found[place] = tensor.detach()
            if self.early_stop and count[0] == len(self.facts):
                raise _Enough
            return place

        hooks = torch.autograd.graph.saved_tensors_hooks(collect, self.refuse)
        try:
            with self.around.again(), hooks:
                self.run(after)
        except _Enough:
            pass  # how a recomputation ends
        if count[0] != len(self.facts):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation.\n"
                f"Number of tensors saved during forward: {len(self.facts)}\n"
                f"Number of tensors saved during recomputation: {count[0]}."
            )
        if self.check:
            self.compare()

    @staticmethod
    def refuse(place: int) -> Any:
        """A backward through the recomputation itself."""
        raise RuntimeError(
            "torch.utils.checkpoint: backward was called inside of a function that is being "
            "recomputed, on tensors that it has saved itself"
        )

    def compare(self) -> None:
        """CheckpointError when shapes, types or devices differ from the forward's."""
        lines = [
            f"tensor at position {place}:\nsaved metadata: {facts}\n"
            f"recomputed metadata: {_facts(self.found[place])}"
            for place, facts in enumerate(self.facts)
            if _facts(self.found[place]) != facts
        ]
        if lines:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have "
                "different metadata than during the forward pass.\n" + "\n".join(lines) + "\n."
            )


def _facts(tensor: Any) -> dict[str, Any]:
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


def _by_hooks(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    preserve: bool,
    context_fn: Callable[[], tuple[Any, Any]],
    determinism_check: str,
    early_stop: bool,
) -> Any:
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"determinism_check should be one of ['default', 'none'], but got {determinism_check}"
        )
    in_forward, in_recomputation = context_fn()
    if not torch.is_grad_enabled():
        with in_forward:
            return function(*args, **kwargs)
    kept = [_holder(one) for one in args]
    named = {name: _holder(one) for name, one in kwargs.items()}

    def run(after: Any) -> None:
        with in_recomputation:
            function(
                *[one(after) for one in kept], **{name: one(after) for name, one in named.items()}
            )

    stops = early_stop and _early_stop
    frame = _Frame(run, _Surroundings(preserve), determinism_check == "default", stops)
    with torch.autograd.graph.saved_tensors_hooks(frame.pack, frame.unpack), in_forward:
        made = function(*args, **kwargs)
    for tensor in _tensors(made):
        if tensor.requires_grad and not tensor.is_leaf:
            tensor.register_hook(frame.note)
    return made


def _holder(one: Any) -> Callable[[Any], Any]:
    """Keeps an argument for the recomputation, through the hooks of a checkpoint around."""
    if not isinstance(one, torch.Tensor):
        return lambda after: one
    kept, requires = torch.autograd.graph._kept(one), one.requires_grad

    def again(after: Any) -> Any:
        made = torch.autograd.graph._apart(kept().detach(), after)
        return made.requires_grad_(requires)

    return again


def _tensors(made: Any) -> Iterator[Any]:
    """The tensors in nested results."""
    if isinstance(made, torch.Tensor):
        yield made
    elif isinstance(made, dict):
        for one in made.values():
            yield from _tensors(one)
    elif isinstance(made, list | tuple):
        for one in made:
            yield from _tensors(one)


# Choosing what is kept.


class CheckpointPolicy(enum.Enum):
    """What a selective checkpoint does with the result of an operation."""

    MUST_SAVE = 0
    PREFER_SAVE = 1
    MUST_RECOMPUTE = 2
    PREFER_RECOMPUTE = 3


def create_selective_checkpoint_contexts(
    policy_fn_or_list: Any, allow_cache_entry_mutation: bool = False
) -> Any:
    """Not there: operations have no overload names that a policy could choose by."""
    raise NotImplementedError("compat does not have create_selective_checkpoint_contexts yet")
