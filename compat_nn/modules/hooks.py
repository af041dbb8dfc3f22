"""What surrounds `forward`: the hooks of one module and of all modules, and the calls of both."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import compat as torch
from compat.utils.hooks import RemovableHandle

Hook = Callable[..., Any]

# The hooks of all modules, by the moment they run at.
everywhere_before: dict[int, Hook] = OrderedDict()
everywhere_after: dict[int, Hook] = OrderedDict()
everywhere_after_always: dict[int, bool] = OrderedDict()
everywhere_after_with_kwargs: dict[int, bool] = OrderedDict()
everywhere_backward: dict[int, Hook] = OrderedDict()
everywhere_before_backward: dict[int, Hook] = OrderedDict()
everywhere_new_parameter: dict[int, Hook] = OrderedDict()
everywhere_new_buffer: dict[int, Hook] = OrderedDict()
everywhere_new_module: dict[int, Hook] = OrderedDict()

# The ids of those that concern a call: one look tells that there are none.
everywhere_called: dict[int, bool] = OrderedDict()

_everywhere_is_full: bool | None = None

_TABLES = (
    "_backward_pre_hooks",
    "_backward_hooks",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)

_MIXED = (
    "Cannot use both regular backward hooks and full backward hooks {}. "
    "Please use only one of them."
)


def _enter(
    table: dict[int, Hook], hook: Hook, *marks: Any, prepend: bool = False
) -> RemovableHandle:
    handle = RemovableHandle(table, extra_dict=list(marks) or None)
    table[handle.id] = hook
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


class HookedCalls:
    """The part of a Module that registers hooks and runs `forward` between them."""

    def _prepare_hooks(self) -> None:
        """Makes the (empty) tables of hooks."""
        own = self.__dict__
        own.setdefault("_is_full_backward_hook", None)
        for table in _TABLES:
            if table not in own:
                own[table] = OrderedDict()

    # Registration.

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Calls `hook(module, args)` before each forward; what it returns replaces the arguments.

        With `with_kwargs` it is `hook(module, args, kwargs)`, and returns both or None.
        """
        marks = self._forward_pre_hooks_with_kwargs
        handle = _enter(self._forward_pre_hooks, hook, marks, prepend=prepend)
        if with_kwargs:
            marks[handle.id] = True
        return handle

    def register_forward_hook(
        self,
        hook: Hook,
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Calls `hook(module, args, output)` after each forward; what it returns is the output.

        With `with_kwargs` it is `hook(module, args, kwargs, output)`; with `always_call` it runs
        also when forward raises.
        """
        kwargs_marks, always_marks = (
            self._forward_hooks_with_kwargs,
            self._forward_hooks_always_called,
        )
        handle = _enter(self._forward_hooks, hook, kwargs_marks, always_marks, prepend=prepend)
        if with_kwargs:
            kwargs_marks[handle.id] = True
        if always_call:
            always_marks[handle.id] = True
        return handle

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Calls `hook(module, grad_output)` when the gradients of the outputs are known."""
        return _enter(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Calls `hook(module, grad_input, grad_output)` when the inputs' gradients are known."""
        self._set_fullness(True)
        return _enter(self._backward_hooks, hook, prepend=prepend)

    def register_backward_hook(self, hook: Hook) -> RemovableHandle:
        """Calls `hook(module, grad_input, grad_output)` of the last operation of forward.

        Deprecated: `register_full_backward_hook` sees the gradients of the whole module.
        """
        self._set_fullness(False)
        return _enter(self._backward_hooks, hook)

    def _set_fullness(self, full: bool) -> None:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(_MIXED.format("on a single Module"))
        self._is_full_backward_hook = full

    # The call.

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        """`forward` between the hooks; without any it is `forward`."""
        own = self.__dict__
        if not (
            own["_forward_hooks"]
            or own["_forward_pre_hooks"]
            or own["_backward_hooks"]
            or own["_backward_pre_hooks"]
            or everywhere_called
        ):
            return self.forward(*args, **kwargs)
        called: set[int] = set()
        try:
            return self._call_between_hooks(args, kwargs, called)
        except Exception:
            self._run_always_called(args, kwargs, called)
            raise

    __call__ = _wrapped_call_impl = _call_impl

    def _call_between_hooks(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], called: set[int]
    ) -> Any:
        args, kwargs = self._run_before(args, kwargs)
        full, plain = self._get_backward_hooks()
        before_backward = self._get_backward_pre_hooks()
        watch = None
        if full or before_backward:
            watch = BackwardHook(self, full, before_backward)
            args = watch.setup_input_hook(args)
        result = self.forward(*args, **kwargs)
        for key, run in self._after_hooks(args, kwargs):
            called.add(key)
            answer = run(result)
            if answer is not None:
                result = answer
        if watch is not None:
            if not isinstance(result, (torch.Tensor, tuple)):
                warnings.warn(
                    "For backward hooks to be called,"
                    " module output should be a Tensor or a tuple of Tensors"
                    f" but received {type(result)}",
                    stacklevel=4,
                )
            result = watch.setup_output_hook(result)
        if plain:
            self._attach_plain(plain, args, result)
        return result

    def _run_before(self, args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        with_kwargs = self._forward_pre_hooks_with_kwargs
        for key, hook in (*everywhere_before.items(), *self._forward_pre_hooks.items()):
            if key in with_kwargs:
                answer = hook(self, args, kwargs)
                if answer is None:
                    continue
                if not (isinstance(answer, tuple) and len(answer) == 2):
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of "
                        f"(new_args, new_kwargs), but got {answer}."
                    )
                args, kwargs = answer
            else:
                answer = hook(self, args)
                if answer is not None:
                    args = answer if isinstance(answer, tuple) else (answer,)
        return args, kwargs

    def _after_hooks(self, args: Any, kwargs: Any) -> Iterator[tuple[int, Hook]]:
        """The forward hooks, each as a function of the result alone."""
        for marks, hooks in (
            (everywhere_after_with_kwargs, everywhere_after),
            (self._forward_hooks_with_kwargs, self._forward_hooks),
        ):
            for key, hook in tuple(hooks.items()):
                known = (self, args, kwargs) if key in marks else (self, args)
                yield key, partial(hook, *known)

    def _run_always_called(self, args: Any, kwargs: Any, called: set[int]) -> None:
        """After an error: the hooks that asked for it and have not run; their errors only warn."""
        for key, run in self._after_hooks(args, kwargs):
            is_global = key in everywhere_after_always
            if key in called or not (is_global or key in self._forward_hooks_always_called):
                continue
            try:
                run(None)
            except Exception as error:
                warnings.warn(
                    f"{'global ' * is_global}module forward hook with ``always_call=True`` raised "
                    "an exception that was silenced as another error was raised in "
                    f"forward: {error}",
                    stacklevel=3,
                )

    # Hooks on gradients.

    def _get_backward_hooks(self) -> tuple[list[Hook], list[Hook]]:
        """The backward hooks: the full ones, and those of the last operation only."""
        full: list[Hook] = []
        plain: list[Hook] = []
        (full if _everywhere_is_full else plain).extend(everywhere_backward.values())
        (full if self._is_full_backward_hook else plain).extend(self._backward_hooks.values())
        return full, plain

    def _get_backward_pre_hooks(self) -> list[Hook]:
        return [*everywhere_before_backward.values(), *self._backward_pre_hooks.values()]

    def _attach_plain(self, hooks: list[Hook], args: Any, result: Any) -> None:
        found = result
        while not isinstance(found, torch.Tensor):
            if isinstance(found, dict):
                found = next(one for one in found.values() if isinstance(one, torch.Tensor))
            else:
                found = found[0]
        if found.grad_fn is not None:
            for hook in hooks:
                found.grad_fn.register_hook(partial(hook, self))
            self._maybe_warn_non_full_backward_hook(args, result, found.grad_fn)

    def _maybe_warn_non_full_backward_hook(self, args: Any, result: Any, grad_fn: Any) -> None:
        outputs = result if isinstance(result, tuple) else (result,)
        inputs = args if isinstance(args, tuple) else (args,)
        sources = {one.grad_fn for one in inputs if isinstance(one, torch.Tensor)} - {None}
        reached = {function for function, _ in grad_fn.next_functions}
        if not all(isinstance(one, torch.Tensor) for one in outputs):
            what = (
                "non-full backward hooks on a Module that does not return a "
                "single Tensor or a tuple of Tensors", "some of the grad_output",
            )  # fmt: skip
        elif not all(isinstance(one, torch.Tensor) for one in inputs):
            what = (
                "non-full backward hooks on a Module that does not take as input a "
                "single Tensor or a tuple of Tensors", "some of the grad_input",
            )  # fmt: skip
        elif {one.grad_fn for one in outputs} - {None} != {grad_fn}:
            what = (
                "a non-full backward hook when outputs are generated by different autograd Nodes",
                "some grad_output",
            )
        elif sources != reached:
            what = (
                "a non-full backward hook when the forward contains multiple autograd Nodes",
                "some grad_input",
            )
        else:
            return
        warnings.warn(
            f"Using {what[0]} is deprecated and will be removed in future versions. "
            f"This hook will be missing {what[1]}. Please use register_full_backward_hook to get "
            "the documented behavior.",
            FutureWarning,
            stacklevel=5,
        )


class BackwardHookFunction(torch.autograd.Function):
    """The identity, with a watcher that sees the gradients on their way through."""

    _transparent = True

    @staticmethod
    def forward(ctx: Any, watcher: Hook, zeros: bool, *tensors: torch.Tensor) -> Any:
        ctx.watcher = watcher
        ctx.set_materialize_grads(zeros)
        ctx.mark_non_differentiable(*[one for one in tensors if not one.requires_grad])
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return None, None, *ctx.watcher(gradients)


class BackwardHook:
    """One call of a module with full backward hooks: watches its inputs and its outputs.

    The outputs' gradients come first: they are kept until those of the inputs are there.
    """

    def __init__(self, module: Any, user_hooks: list[Hook], user_pre_hooks: list[Hook]) -> None:
        self.module, self.user_hooks, self.user_pre_hooks = module, user_hooks, user_pre_hooks
        self.grad_outputs: tuple[Any, ...] | None = None
        self.inputs_are_watched = False
        self.input_count = 0

    def setup_input_hook(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, watched where they are tensors."""
        self.input_count = len(args)
        args, self.inputs_are_watched = self._watch(args, self._inputs_known, zeros=True)
        return args

    def setup_output_hook(self, result: Any) -> Any:
        """The result, watched where it is or holds tensors."""
        outputs = result if isinstance(result, tuple) else (result,)
        outputs, _ = self._watch(outputs, self._outputs_known, zeros=False)
        return outputs if isinstance(result, tuple) else outputs[0]

    @staticmethod
    def _watch(values: tuple[Any, ...], known: Hook, zeros: bool) -> tuple[tuple[Any, ...], bool]:
        places = [at for at, one in enumerate(values) if isinstance(one, torch.Tensor)]
        tensors = [values[at] for at in places]
        if not torch.is_grad_enabled() or not any(one.requires_grad for one in tensors):
            return values, False

        def watcher(gradients: tuple[Any, ...]) -> list[Any]:
            seen: list[Any] = [None] * len(values)
            for at, gradient in zip(places, gradients, strict=True):
                seen[at] = gradient
            replaced = known(tuple(seen))
            return [replaced[at] for at in places]

        watched = list(values)
        through = BackwardHookFunction.apply(watcher, zeros, *tensors)
        for at, one in zip(places, through, strict=True):
            watched[at] = one
        # A named tuple stays one.
        rebuild = getattr(type(values), "_make", type(values))
        return rebuild(watched), True

    def _outputs_known(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.user_pre_hooks:
            answer = hook(self.module, gradients)
            if answer is None:
                continue
            gradients = self._same_count("Backward pre hook", "grad_output", answer, gradients)
        if self.inputs_are_watched:
            self.grad_outputs = gradients
            return gradients
        warnings.warn(
            "Full backward hook is firing when gradients are computed "
            "with respect to module outputs since no inputs require gradients. See "
            "https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html#"
            "torch.nn.Module.register_full_backward_hook for more details.",
            stacklevel=5,
        )
        for hook in self.user_hooks:
            answer = hook(self.module, (None,) * self.input_count, gradients)
            if answer is not None and not all(one is None for one in answer):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires "
                    "gradient should always return None or None for all gradients."
                )
        return gradients

    def _inputs_known(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.grad_outputs is None:  # no output took part in this backward
            return gradients
        for hook in self.user_hooks:
            answer = hook(self.module, gradients, self.grad_outputs)
            if answer is not None:
                gradients = self._same_count("Backward hook", "grad_input", answer, gradients)
        self.grad_outputs = None
        return gradients

    @staticmethod
    def _same_count(who: str, what: str, answer: Any, known: tuple[Any, ...]) -> tuple[Any, ...]:
        answer = answer if isinstance(answer, tuple) else (answer,)
        if len(answer) != len(known):
            raise RuntimeError(
                f"{who} returned an invalid number of {what}, "
                f"got {len(answer)}, but expected {len(known)}"
            )
        return answer


# Hooks of all modules.


def _enter_everywhere(table: dict[int, Hook], hook: Hook, *marks: Any) -> RemovableHandle:
    handle = _enter(table, hook, everywhere_called, *marks)
    everywhere_called[handle.id] = True
    return handle


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Calls `hook(module, args)` before the forward of every module."""
    return _enter_everywhere(everywhere_before, hook)


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Calls `hook(module, args, output)` after the forward of every module."""
    marks, always = everywhere_after_with_kwargs, everywhere_after_always
    handle = _enter_everywhere(everywhere_after, hook, marks, always)
    if with_kwargs:
        marks[handle.id] = True
    if always_call:
        always[handle.id] = True
    return handle


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Calls `hook(module, grad_output)` in the backward of every module."""
    return _enter_everywhere(everywhere_before_backward, hook)


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Calls `hook(module, grad_input, grad_output)` in the backward of every module."""
    return _register_everywhere_backward(hook, full=True)


def register_module_backward_hook(hook: Hook) -> RemovableHandle:
    """Calls the hook at the last operation of every module; deprecated as the module's own."""
    return _register_everywhere_backward(hook, full=False)


def _register_everywhere_backward(hook: Hook, full: bool) -> RemovableHandle:
    global _everywhere_is_full
    if _everywhere_is_full is (not full):
        raise RuntimeError(_MIXED.format("as a global Module hook"))
    _everywhere_is_full = full
    return _enter_everywhere(everywhere_backward, hook)


def register_module_parameter_registration_hook(hook: Hook) -> RemovableHandle:
    """Calls `hook(module, name, parameter)`, which may return another, at each registration."""
    return _enter(everywhere_new_parameter, hook)


def register_module_buffer_registration_hook(hook: Hook) -> RemovableHandle:
    """Calls `hook(module, name, buffer)`, which may return another, at each registration."""
    return _enter(everywhere_new_buffer, hook)


def register_module_module_registration_hook(hook: Hook) -> RemovableHandle:
    """Calls `hook(module, name, submodule)`, which may return another, at each registration."""
    return _enter(everywhere_new_module, hook)
