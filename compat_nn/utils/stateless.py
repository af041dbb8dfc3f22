"""A module called with other tensors in the places of its own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import compat as torch

from ..modules.module import Module


def functional_call(
    module: Module, parameters_and_buffers: Mapping[str, Any], args: Any = None,
    kwargs: dict[str, Any] | None = None, *, tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """`module(*args, **kwargs)` with these tensors, by their dotted names.

    tie_weights   a tensor that the module knows by several names is replaced under all of them
    strict        every parameter and buffer must be given, and nothing else
    """
    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be "
        "removed in a future version of PyTorch. Please use `torch.func.functional_call` instead "
        "which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return call(module, parameters_and_buffers, args, kwargs, tie_weights, strict)


def call(
    module: Module, tensors: Mapping[str, Any], args: Any = None,
    kwargs: dict[str, Any] | None = None, tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """`functional_call` without the warning."""
    given = () if args is None else args if isinstance(args, tuple) else (args,)
    with swapped(module, tensors, tie_weights, strict):
        return module(*given, **({} if kwargs is None else kwargs))


@contextmanager
def swapped(
    module: Module, tensors: Mapping[str, Any], tie_weights: bool = True, strict: bool = False
) -> Iterator[None]:
    """Inside, the module has these tensors. In-place changes to them stay theirs."""
    names = _tied(module, tensors) if tie_weights else dict(tensors)
    if strict:
        _check_names(module, tensors, names)
    undo: list[tuple[dict[str, Any], str, Any, bool]] = []
    try:
        for name, tensor in names.items():
            owner, last = _owner(module, name)
            if not isinstance(tensor, torch.Tensor):
                raise TypeError(f"{tensor} is not an instance of torch.Tensor")
            place = owner._buffers if last in owner._buffers else owner._parameters
            undo.append((place, last, place.get(last), last in place))
            place[last] = tensor
        yield
    finally:
        for place, last, old, was_there in reversed(undo):
            if was_there:
                place[last] = old
            else:
                del place[last]


def _owner(module: Module, name: str) -> tuple[Module, str]:
    *path, last = name.split(".")
    for part in path:
        if not part:
            raise KeyError('tensor name can\'t be empty string ""')
        if not isinstance(getattr(module, part, None), Module):
            raise AttributeError(f"{module._get_name()} has no attribute `{part}`")
        module = getattr(module, part)
    if not last:
        raise KeyError('tensor name can\'t be empty string ""')
    return module, last


def _all(module: Module) -> Iterator[tuple[str, Any]]:
    yield from module.named_parameters(remove_duplicate=False)
    yield from module.named_buffers(remove_duplicate=False)


def _tied(module: Module, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors under every name that the module has for what they replace."""
    groups: dict[int, list[str]] = {}
    for name, one in _all(module):
        groups.setdefault(id(one), []).append(name)
    made = dict(tensors)
    for names in groups.values():
        given = [name for name in names if name in tensors]
        if len({id(tensors[name]) for name in given}) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(given)}, which are tied. "
                "Consider using tie_weights=False"
            )
        if given:
            made.update(dict.fromkeys(names, tensors[given[0]]))
    return made


def _check_names(module: Module, given: Mapping[str, Any], covered: Mapping[str, Any]) -> None:
    known = [name for name, _ in _all(module)]
    unexpected = [name for name in given if name not in known]
    missing = [name for name in known if name not in covered]
    if not unexpected and not missing:
        return
    told = ""
    for what, names in (("Unexpected", unexpected), ("Missing", missing)):
        if names:
            told += f"\n\t{what} key(s): {', '.join(map(repr, sorted(names)))}."
    raise RuntimeError(f"Error(s) in reparametrizing for {module._get_name()}:{told}")
