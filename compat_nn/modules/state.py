"""A module's state as a flat dictionary: `state_dict` and `load_state_dict`."""

from __future__ import annotations

import itertools
import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import compat as torch
from compat.utils.hooks import RemovableHandle

from ..lazy_tensors import is_lazy
from ..parameter import Parameter

_EXTRA = "_extra_state"
_REPORT = (
    " Please file an issue at https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml"
    " to report this bug."
)


class _IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What `load_state_dict` found amiss."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


class KeepsState:
    """The part of a Module that saves and loads its parameters and persistent buffers."""

    _version: int = 1

    def get_extra_state(self) -> Any:
        """Override to add something that is no tensor to `state_dict()`."""
        raise RuntimeError(
            "Reached a code path in Module.get_extra_state() that should never be called." + _REPORT
        )

    def set_extra_state(self, state: Any) -> None:
        """Override to take back what `get_extra_state` returned."""
        raise RuntimeError(
            "Reached a code path in Module.set_extra_state() that should never be called." + _REPORT
        )

    # Saving.

    def state_dict(
        self,
        *args: Any,
        destination: dict[str, Any] | None = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> dict[str, Any]:
        """All parameters and persistent buffers by their dotted names.

        The tensors share memory with the module's and are detached unless `keep_vars`. The
        versions of the modules are in the result's `_metadata`.
        """
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead. Refer to "
                "https://pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module.state_dict"
                " for details.",
                FutureWarning,
                stacklevel=2,
            )
            given = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
            destination = given.get("destination") if destination is None else destination
            prefix = given.get("prefix", prefix)
            keep_vars = given.get("keep_vars", keep_vars)
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        about = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = about
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, child in self._modules.items():
            if child is not None:
                child.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        for hook in self._state_dict_hooks.values():
            answer = hook(self, destination, prefix, about)
            if not getattr(hook, "_from_public_api", False):
                destination = destination if answer is None else answer
            elif answer is not None:
                raise RuntimeError("state_dict post-hook must return None")
        return destination

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Adds this module's own tensors, without those of its children."""
        for name, one in self._state_tensors():
            destination[prefix + name] = one if keep_vars else one.detach()
        if self._has_extra_state("get_extra_state"):
            destination[prefix + _EXTRA] = self.get_extra_state()

    def _state_tensors(self) -> list[tuple[str, torch.Tensor]]:
        own = itertools.chain(self._parameters.items(), self._buffers.items())
        hidden = self._non_persistent_buffers_set
        return [(name, one) for name, one in own if one is not None and name not in hidden]

    def _has_extra_state(self, method: str) -> bool:
        return getattr(type(self), method) is not getattr(KeepsState, method)

    # Loading.

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copies the tensors of a `state_dict()` into this module and its children.

        strict   a missing or an unexpected key is an error (else it is only returned)
        assign   takes the given tensors themselves instead of copying into the present ones
        raises   TypeError when it is no mapping; RuntimeError that lists all that does not fit
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        metadata = getattr(state_dict, "_metadata", None)
        state = OrderedDict(state_dict)
        if metadata is not None:
            state._metadata = metadata

        def load(module: Any, given: dict[str, Any], prefix: str) -> None:
            about = {} if metadata is None else metadata.get(prefix[:-1], {})
            if assign:
                about["assign_to_params_buffers"] = True
            module._load_from_state_dict(given, prefix, about, True, missing, unexpected, errors)
            for name, child in module._modules.items():
                if child is not None:
                    inner = f"{prefix}{name}."
                    load(child, {k: v for k, v in given.items() if k.startswith(inner)}, inner)
            found = _IncompatibleKeys(missing, unexpected)
            for hook in module._load_state_dict_post_hooks.values():
                if hook(module, found) is not None:
                    raise AssertionError(
                        "Hooks registered with ``register_load_state_dict_post_hook`` are not"
                        " expected to return new values, if incompatible_keys need to be modified,"
                        " it should be done inplace."
                    )

        load(self, state, "")
        if strict:
            amiss = [("Missing", missing), ("Unexpected", unexpected)]
            errors[:0] = [
                "{} key(s) in state_dict: {}. ".format(what, ", ".join(f'"{key}"' for key in keys))
                for what, keys in amiss
                if keys
            ]
        if errors:
            listed = "\n\t".join(errors)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}"
            )
        return _IncompatibleKeys(missing, unexpected)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Takes what is this module's own, and notes what is missing, unexpected or wrong."""
        for hook in self._load_state_dict_pre_hooks.values():
            hook(
                state_dict, prefix, local_metadata, strict,
                missing_keys, unexpected_keys, error_msgs,
            )  # fmt: skip
        assign = local_metadata.get("assign_to_params_buffers", False)
        own = dict(self._state_tensors())
        for name, present in own.items():
            key = prefix + name
            if key in state_dict:
                error = self._take(name, key, present, state_dict[key], assign)
                if error:
                    error_msgs.append(error)
            elif strict:
                missing_keys.append(key)
        extra = prefix + _EXTRA
        if self._has_extra_state("set_extra_state"):
            if extra in state_dict:
                self.set_extra_state(state_dict[extra])
            elif strict:
                missing_keys.append(extra)
        elif strict and extra in state_dict:
            unexpected_keys.append(extra)
        if strict:
            for key in state_dict:
                if not key.startswith(prefix) or key == extra:
                    continue
                first, *deeper = key[len(prefix) :].split(".", 1)
                if first not in (self._modules if deeper else own):
                    unexpected_keys.append(key)

    def _take(self, name: str, key: str, present: Any, given: Any, assign: bool) -> str | None:
        """Copies one tensor, or puts it in the place of the present one; says what went wrong."""
        named = f'While copying the parameter named "{key}", '
        if not isinstance(given, torch.Tensor):
            return (
                f"{named}expected torch.Tensor or Tensor-like object from checkpoint "
                f"but received {type(given)}"
            )
        if is_lazy(present):
            if is_lazy(given):
                return None
            present.materialize(given.shape)
        if present.dim() == 0 and given.shape == (1,):  # 0.3 saved numbers as one element
            given = given[0]
        if given.shape != present.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {given.shape} from "
                f"checkpoint, the shape in current model is {present.shape}."
            )
        if present.is_meta and not given.is_meta and not assign:
            warnings.warn(
                f"for {key}: copying from a non-meta parameter in the checkpoint to a meta "
                "parameter in the current model, which is a no-op. (Did you mean to "
                "pass `assign=True` to assign items in the state dictionary to their "
                "corresponding key in the module instead of copying them in place?)",
                stacklevel=2,
            )
        try:
            with torch.no_grad():
                if not assign:
                    present.copy_(given)
                elif isinstance(present, Parameter) and not isinstance(given, Parameter):
                    setattr(self, name, Parameter(given, requires_grad=present.requires_grad))
                else:
                    if isinstance(given, Parameter):
                        given.requires_grad_(present.requires_grad)
                    setattr(self, name, given)
        except Exception as error:
            return (
                f"{named}whose dimensions in the model are {present.size()} and "
                f"whose dimensions in the checkpoint are {given.size()}, "
                f"an exception occurred : {error.args}."
            )
        return None

    # Hooks.

    def register_state_dict_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Calls `hook(module, state_dict, prefix, local_metadata)` after `state_dict()`."""
        hook._from_public_api = True
        return self._enter_hook(self._state_dict_hooks, hook)

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """As the public one, but what the hook returns replaces the result."""
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was "
                "previously registered via register_state_dict_post_hook"
            )
        return self._enter_hook(self._state_dict_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Calls `hook(module, prefix, keep_vars)` before `state_dict()`."""
        return self._enter_hook(self._state_dict_pre_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Calls `hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)` before the module loads; it may change all of them."""
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., None], with_module: bool = False
    ) -> RemovableHandle:
        return self._enter_hook(
            self._load_state_dict_pre_hooks, partial(hook, self) if with_module else hook
        )

    def register_load_state_dict_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Calls `hook(module, incompatible_keys)` after the module has loaded."""
        return self._enter_hook(self._load_state_dict_post_hooks, hook)

    @staticmethod
    def _enter_hook(table: dict[int, Any], hook: Callable[..., Any]) -> RemovableHandle:
        handle = RemovableHandle(table)
        table[handle.id] = hook
        return handle
