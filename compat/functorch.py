"""functorch: `torch.func` by its older names, and modules as functions of tuples."""

from __future__ import annotations

import copy
import functools
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import compat as torch
import compat.func as func
from compat.func.state import alike

__version__ = torch.__version__
_Names = tuple[tuple[str, ...], ...]  # every name of each tensor


def _older(successor: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function say at each call what has taken its place."""

    def made(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def warned(*args: Any, **kwargs: Any) -> Any:
            warnings.warn(
                f"`functorch.{function.__name__}` is deprecated; use `{successor}`",
                FutureWarning,
                stacklevel=2,
            )
            return function(*args, **kwargs)

        return warned

    return made


functionalize, grad, grad_and_value, hessian, jacfwd, jacrev, jvp, vjp = (
    _older(f"torch.func.{one.__name__}")(one) for one in (
        func.functionalize, func.grad, func.grad_and_value, func.hessian, func.jacfwd,
        func.jacrev, func.jvp, func.vjp,
    )
)  # fmt: skip
vmap = _older("torch.vmap")(func.vmap)


class FunctionalModuleWithBuffers(torch.nn.Module):
    """A module without tensors of its own: it is called with its parameters, its buffers and
    then its arguments."""

    def __init__(self, stateless_model: Any, param_names: _Names, buffer_names: _Names) -> None:
        super().__init__()
        self.stateless_model = stateless_model
        self._names = param_names, buffer_names
        self.param_names, self.buffer_names = map(_first, self._names)

    def forward(
        self, params: Iterable[Any], buffers: Iterable[Any], *args: Any, **kwargs: Any
    ) -> Any:
        """What the module gives with these; in-place changes of buffers stay in those given."""
        given = _by_name(self._names[0], params) | _by_name(self._names[1], buffers)
        return torch.nn.utils.stateless.call(
            self.stateless_model, given, args, kwargs, tie_weights=False
        )


class FunctionalModule(torch.nn.Module):
    """The same for a module without buffers: called with its parameters and its arguments."""

    def __init__(self, stateless_model: Any, param_names: _Names) -> None:
        super().__init__()
        self.stateless_model, self._names = stateless_model, param_names
        self.param_names = _first(param_names)

    def forward(self, params: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
        """What the module gives with these parameters."""
        return torch.nn.utils.stateless.call(
            self.stateless_model, _by_name(self._names, params), args, kwargs,
            tie_weights=False,
        )  # fmt: skip


def _first(names: _Names) -> tuple[str, ...]:
    return tuple(several[0] for several in names)


def _by_name(names: _Names, tensors: Iterable[Any]) -> dict[str, Any]:
    pairs = zip(names, tensors, strict=False)
    return {name: one for several, one in pairs for name in several}


def _taken(named: Iterable[tuple[str, Any]]) -> tuple[_Names, tuple[Any, ...]]:
    """The tensors, each once, and all the names of each."""
    names: dict[int, list[str]] = {}
    tensors: dict[int, Any] = {}
    for name, one in named:
        names.setdefault(id(one), []).append(name)
        tensors[id(one)] = one
    return tuple(map(tuple, names.values())), tuple(tensors.values())


def _emptied(place: dict[str, Any], kind: Callable[..., Any]) -> dict[str, Any]:
    """Tensors without elements in place of a module's own, which still say that they are there."""
    return {
        name: None if one is None else kind(one.detach().to("meta")) for name, one in place.items()
    }


def _split(model: Any, untracked: bool) -> tuple[Any, _Names, Any, _Names, Any]:
    """A copy of the module without its tensors; names and copies of parameters and buffers."""
    bare = copy.deepcopy(model)
    param_names, params = _taken(bare.named_parameters(remove_duplicate=False))
    buffer_names, buffers = _taken(bare.named_buffers(remove_duplicate=False))
    for part in bare.modules():
        part._parameters.update(_emptied(part._parameters, torch.nn.Parameter))
        part._buffers.update(_emptied(part._buffers, torch.detach))
    if untracked:
        for one in params:
            one.requires_grad_(False)
    return bare, param_names, params, buffer_names, buffers


@_older("torch.func.functional_call")
def make_functional(model: Any, disable_autograd_tracking: bool = False) -> Any:
    """(function, parameters): function(parameters, *args) is what the module gives.

    The parameters are copies; with disable_autograd_tracking they require no gradient.
    RuntimeError for a module with buffers.
    """
    if any(True for _ in model.buffers()):
        raise RuntimeError(
            "make_functional(model): `model` has buffers. Please use "
            "make_functional_with_buffers(model) instead."
        )
    bare, names, params, _, _ = _split(model, disable_autograd_tracking)
    return FunctionalModule(bare, names), params


@_older("torch.func.functional_call")
def make_functional_with_buffers(model: Any, disable_autograd_tracking: bool = False) -> Any:
    """(function, parameters, buffers): function(parameters, buffers, *args) is what the module
    gives. See `make_functional`."""
    bare, names, params, buffer_names, buffers = _split(model, disable_autograd_tracking)
    return FunctionalModuleWithBuffers(bare, names, buffer_names), params, buffers


@_older("torch.func.stack_module_state")
def combine_state_for_ensemble(models: Sequence[Any]) -> Any:
    """(function, parameters, buffers) of modules of one class, their tensors stacked, for `vmap`
    over the function."""
    listed = alike("combine_state_for_ensemble", models)
    bare, names, _, buffer_names, _ = _split(listed[0], untracked=False)
    function = FunctionalModuleWithBuffers(bare, names, buffer_names)
    params, buffers = (
        tuple(torch.stack(several).detach() for several in zip(*kept, strict=True))
        for kept in zip(*map(_kept, listed), strict=True)
    )
    return function, params, buffers


def _kept(model: Any) -> tuple[list[Any], list[Any]]:
    return list(model.parameters()), list(model.buffers())
