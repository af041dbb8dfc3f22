"""Optimizer: groups of parameters with their settings, the state of each parameter, and hooks."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from typing import Any, TypeAlias

import compat as torch
from compat.front.update import drop_gradients, gradients
from compat.utils.hooks import RemovableHandle

Hook: TypeAlias = Callable[..., Any]
ParamsT: TypeAlias = Iterable[Any]
StateDict: TypeAlias = dict[str, Any]


class _RequiredParameter:
    """Stands for a setting without a default."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _RequiredParameter()

_global_optimizer_pre_hooks: dict[int, Hook] = OrderedDict()
_global_optimizer_post_hooks: dict[int, Hook] = OrderedDict()


def _enter(table: dict[int, Hook], hook: Hook, prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(table)
    table[handle.id] = hook
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Calls `hook(optimizer, args, kwargs)` before each step of every optimizer."""
    return _enter(_global_optimizer_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Calls `hook(optimizer, args, kwargs)` after each step of every optimizer."""
    return _enter(_global_optimizer_post_hooks, hook)


def _between_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step of an optimizer class, between the hooks."""

    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        before, after = self._optimizer_step_pre_hooks, self._optimizer_step_post_hooks
        if not (before or after or _global_optimizer_pre_hooks or _global_optimizer_post_hooks):
            return step(self, *args, **kwargs)
        args = (self, *args)  # hooks see the arguments as those of the plain function
        for hook in chain(_global_optimizer_pre_hooks.values(), before.values()):
            answer = hook(self, args, kwargs)
            if answer is not None:
                if not (isinstance(answer, tuple) and len(answer) == 2):
                    raise RuntimeError(
                        f"{step} must return None or a tuple of (new_args, new_kwargs), "
                        f"but got {answer}."
                    )
                args, kwargs = answer
        result = step(*args, **kwargs)
        for hook in chain(after.values(), _global_optimizer_post_hooks.values()):
            hook(self, args, kwargs)
        return result

    hooked.hooked = True
    return hooked


_HOOK_TABLES = (
    "_optimizer_step_pre_hooks",
    "_optimizer_step_post_hooks",
    "_optimizer_state_dict_pre_hooks",
    "_optimizer_state_dict_post_hooks",
    "_optimizer_load_state_dict_pre_hooks",
    "_optimizer_load_state_dict_post_hooks",
)


class Optimizer:
    """The base of all optimizers; a subclass gives the defaults of its settings, and `step`.

    params    tensors, (name, tensor) pairs, or groups: dicts of "params" and settings of their own
    defaults  the settings of groups that do not say otherwise; `required` for those they must

    The settings in force are in `param_groups`, and may be changed there between steps.
    """

    state: dict[torch.Tensor, Any]
    param_groups: list[dict[str, Any]]
    defaults: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__ and not getattr(cls.step, "hooked", False):
            cls.step = _between_hooks(cls.step)

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._prepare_hooks()
        if isinstance(params, torch.Tensor):
            raise TypeError(
                "params argument given to the optimizer should be "
                f"an iterable of Tensors or dicts, but got {torch.typename(params)}"
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _prepare_hooks(self) -> None:
        for table in _HOOK_TABLES:
            if table not in self.__dict__:
                self.__dict__[table] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._prepare_hooks()
        self.defaults.setdefault("differentiable", False)

    def __repr__(self) -> str:
        text = type(self).__name__ + " ("
        for at, group in enumerate(self.param_groups):
            text += f"\nParameter Group {at}\n"
            for key in sorted(group):
                if key != "params":
                    text += f"    {key}: {group[key]}\n"
        return text + ")"

    # Groups.

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a group, as when layers are unfrozen during training; its own settings win.

        Raises TypeError or ValueError for what is no leaf tensor, or is in a group already.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, torch.Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            )
        params, names = _without_names(list(params))
        param_group["params"] = params
        if names is not None:
            param_group["param_names"] = names
        for param in params:
            if not isinstance(param, torch.Tensor):
                raise TypeError(
                    "optimizer can only optimize Tensors, "
                    f"but one of the params is {torch.typename(param)}"
                )
            leaf = param.is_leaf or param.retains_grad
            if not leaf and not self.defaults.get("differentiable"):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    "parameter group didn't specify a value of required "
                    f"optimization parameter {name}"
                )
            param_group.setdefault(name, default)
        self._check_new(param_group)
        self.param_groups.append(param_group)

    def _check_new(self, group: dict[str, Any]) -> None:
        """That no parameter is in two groups, and that all groups have names or none."""
        own = set(group["params"])
        if len(own) != len(group["params"]):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; "
                "in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        for other in self.param_groups:
            if ("param_names" in other) != ("param_names" in group):
                without = "with" if "param_names" in group else "without"
                raise ValueError(
                    "all optimizer param groups should be with/without names. "
                    f"cannot add param group {without} names to the optimizer"
                )
        if any(not own.isdisjoint(other["params"]) for other in self.param_groups):
            raise ValueError("some parameters appear in more than one parameter group")

    # Steps.

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Changes the parameters by their gradients; subclasses say how.

        closure  computes the loss and its gradients anew; the step returns its loss
        """
        raise NotImplementedError

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Takes the gradients of all parameters away, or sets them to zero."""
        for group in self.param_groups:
            if set_to_none:
                drop_gradients(group["params"])
                continue
            for grad in gradients(group["params"]):
                if grad is not None:
                    if grad.grad_fn is not None:
                        grad.detach_()
                    else:
                        grad.requires_grad_(False)
                    grad.zero_()

    # State.

    def state_dict(self) -> StateDict:
        """The state and the settings, with numbers in the place of the parameters."""
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        numbers: dict[torch.Tensor, int] = {}
        groups = []
        for group in self.param_groups:
            for param in group["params"]:
                numbers.setdefault(param, len(numbers))
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [numbers[param] for param in group["params"]]
            groups.append(packed)
        state = {numbers.get(key, key): value for key, value in self.state.items()}
        found: StateDict = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            answer = hook(self, found)
            if answer is not None:
                found = answer
        return found

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Takes over the state and the settings; the groups must have as many parameters each.

        State is moved to its parameter's device and cast to its type, but for "step".
        """
        state_dict = state_dict.copy()
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            answer = hook(self, state_dict)
            if answer is not None:
                state_dict = answer
        saved = deepcopy(state_dict["param_groups"])
        if len(saved) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        pairs = list(zip(self.param_groups, saved, strict=True))
        if any(len(group["params"]) != len(given["params"]) for group, given in pairs):
            raise ValueError(
                "loaded state dict contains a parameter group "
                "that doesn't match the size of optimizer's group"
            )
        params = {
            number: param
            for group, given in pairs
            for number, param in zip(given["params"], group["params"], strict=True)
        }
        state: dict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in params:
                state[params[key]] = _fitted(params[key], value, saved, key)
            else:
                state[key] = value
        for group, given in pairs:
            given["params"] = group["params"]
            if "param_names" in group:
                given.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    # Hooks.

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Calls `hook(optimizer, args, kwargs)` before each step; it may return new ones."""
        return _enter(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Calls `hook(optimizer, args, kwargs)` after each step."""
        return _enter(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Calls `hook(optimizer)` before `state_dict()`."""
        return _enter(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Calls `hook(optimizer, state_dict)` after `state_dict()`; it may return another."""
        return _enter(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Calls `hook(optimizer, state_dict)` before loading; it may return another."""
        return _enter(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Calls `hook(optimizer)` after loading."""
        return _enter(self._optimizer_load_state_dict_post_hooks, hook, prepend)

    @staticmethod
    def _group_tensors_by_device_and_dtype(
        tensorlistlist: list[list[Any]], with_indices: bool = False
    ) -> dict[tuple[torch.device, torch.dtype], tuple[list[list[Any]], list[int]]]:
        """Lists of equal length, by device and type of what the first holds; with_indices:
        and the places where they were."""
        groups: dict[Any, tuple[list[list[Any]], list[int]]] = {}
        for at, row in enumerate(zip(*tensorlistlist, strict=True)):
            lists, places = groups.setdefault(
                (row[0].device, row[0].dtype), ([[] for _ in tensorlistlist], [])
            )
            for each, one in zip(lists, row, strict=True):
                each.append(one)
            if with_indices:
                places.append(at)
        return groups


def _without_names(params: list[Any]) -> tuple[list[Any], list[str] | None]:
    """Parameters given as (name, tensor) pairs, taken apart."""
    named = [isinstance(param, tuple) for param in params]
    if not any(named):
        return params, None
    if not all(named):
        raise ValueError(
            "all optimizer params should be with/without names. Some param names are missing"
        )
    return [param for _, param in params], [name for name, _ in params]


# What optimizers written beside PyTorch's ask for.

_params_t = ParamsT


def _get_capturable_supported_devices(supports_xla: bool = True) -> list[str]:
    """The kinds of devices whose steps can be part of a recorded program."""
    return ["cuda", "xpu", "hpu", "privateuseone"] + ["xla"] * supports_xla


def _default_to_fused_or_foreach(
    params: list[torch.Tensor], differentiable: bool, use_fused: bool = False
) -> tuple[bool, bool]:
    """Whether to step by fused kernels, or by lists: neither, since XLA joins loops by itself."""
    return False, False


def _fitted(
    param: torch.Tensor, value: Any, groups: list[Any], number: Any, key: Any = None
) -> Any:
    """Saved state, on the device and in the type of its parameter."""
    if isinstance(value, torch.Tensor):
        if key == "step":
            # A count stays as it is, unless the step is computed where the parameter is.
            group = next((one for one in groups if number in one["params"]), {})
            if group.get("capturable") or group.get("fused"):
                return value.to(dtype=torch.float32, device=param.device)
            return value
        if param.is_floating_point():
            return value.to(dtype=param.dtype, device=param.device)
        return value.to(device=param.device)
    if isinstance(value, dict):
        return {name: _fitted(param, one, groups, number, name) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_fitted(param, one, groups, number) for one in value)
    return value
