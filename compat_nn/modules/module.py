"""Module: a tree of named parameters, buffers and children around a `forward`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import compat as torch

from ..parameter import Buffer, Parameter
from . import hooks as _hooks
from .conversion import Converts
from .hooks import (
    HookedCalls,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from .state import KeepsState

__all__ = [
    "Module",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

M = TypeVar("M", bound="Module")


def indented(text: str, spaces: int = 2) -> str:
    """The text with all lines but the first moved to the right."""
    return text.replace("\n", "\n" + " " * spaces)


class Module(HookedCalls, KeepsState, Converts):
    """The base of all networks: what is assigned to its attributes is found again by name.

    A `Parameter` becomes a parameter, a `Module` a child, a registered tensor a buffer. A subclass
    calls `super().__init__()` first and defines `forward`.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = Parameter(torch.ones(1))
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> [name for name, _ in Scale().named_parameters()]
    ['factor']
    """

    dump_patches: bool = False
    call_super_init: bool = False
    training: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            name = type(self).__name__
            if kwargs:
                raise TypeError(
                    f"{name}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were given"
                )
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _non_persistent_buffers_set=set(),
            _modules={},
        )
        self._prepare_hooks()
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What a call of the module computes; every subclass defines it."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    # Registration.

    def _check_name(self, kind: str, name: Any, taken_by: dict[str, Any], shown: str = "") -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {torch.typename(name)}")
        if hasattr(self, name) and name not in taken_by:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain "."{shown}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Adds a parameter, or None for one that could be there but is not."""
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_name("parameter", name, self._parameters)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{torch.typename(param)}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model "
                    "parameters must be created explicitly. To express "
                    f"'{name}' as a function of another Tensor, compute the value in "
                    "the forward() method."
                )
            for hook in _hooks.everywhere_new_parameter.values():
                param = _or(hook(self, name, param), param)
        self._parameters[name] = param

    def register_buffer(
        self, name: str, tensor: torch.Tensor | None, persistent: bool = True
    ) -> None:
        """Adds a tensor that is part of the state but not learned.

        persistent   whether `state_dict()` contains it
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_name("buffer", name, self._buffers)
        if tensor is not None:
            if not isinstance(tensor, torch.Tensor):
                raise TypeError(
                    f"cannot assign '{torch.typename(tensor)}' object to buffer '{name}' "
                    "(torch Tensor or None required)"
                )
            for hook in _hooks.everywhere_new_buffer.values():
                tensor = _or(hook(self, name, tensor), tensor)
        self._buffers[name] = tensor
        (self._non_persistent_buffers_set.discard if persistent
         else self._non_persistent_buffers_set.add)(name)  # fmt: skip

    def add_module(self, name: str, module: Module | None) -> None:
        """Adds a child, which is then also an attribute of that name."""
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{torch.typename(module)} is not a Module subclass")
        self._check_name("module", name, self._modules, f", got: {name}")
        self._modules[name] = self._registered(name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as `add_module`."""
        self.add_module(name, module)

    def _registered(self, name: str, module: Any) -> Any:
        if module is not None:
            for hook in _hooks.everywhere_new_module.values():
                module = _or(hook(self, name, module), module)
        return module

    # Attributes.

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        if "_parameters" in own:
            parameters = own["_parameters"]
            if name in parameters:
                return parameters[name]
            modules = own["_modules"]
            if name in modules:
                return modules[name]
            buffers = own["_buffers"]
            if name in buffers:
                return buffers[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if isinstance(value, Parameter):
            self._check_made(own, "parameters")
            self._forget(name, "_buffers", "_modules")
            self.register_parameter(name, value)
        elif name in own.get("_parameters", ()):
            self._refuse(name, value, "parameter", "torch.nn.Parameter or None")
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._check_made(own, "module")
            self._forget(name, "_parameters", "_buffers")
            own["_modules"][name] = self._registered(name, value)
        elif name in own.get("_modules", ()):
            self._refuse(name, value, "child module", "torch.nn.Module or None")
            own["_modules"][name] = None
        elif isinstance(value, Buffer):
            self._check_made(own, "buffer")
            self.register_buffer(name, value, value.persistent)
        elif name in own.get("_buffers", ()):
            if not isinstance(value, torch.Tensor):
                self._refuse(name, value, "buffer", "torch.nn.Buffer, torch.Tensor or None")
            persistent = name not in own["_non_persistent_buffers_set"]
            self.register_buffer(name, value, persistent)
        else:
            super().__setattr__(name, value)

    @staticmethod
    def _check_made(own: dict[str, Any], what: str) -> None:
        if "_parameters" not in own:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")

    @staticmethod
    def _refuse(name: str, value: Any, what: str, expected: str) -> None:
        if value is not None:
            raise TypeError(
                f"cannot assign '{torch.typename(value)}' as {what} '{name}' ({expected} expected)"
            )

    def _forget(self, name: str, *tables: str) -> None:
        """Makes room for an attribute of another kind under the name."""
        own = self.__dict__
        own.pop(name, None)
        for table in tables:
            own[table].pop(name, None)
        if "_buffers" in tables:
            own["_non_persistent_buffers_set"].discard(name)

    def __delattr__(self, name: str) -> None:
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del table[name]
                if table is self._buffers:
                    self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = {*dir(type(self)), *self.__dict__}
        names.update(self._parameters, self._modules, self._buffers)
        return sorted(name for name in names if not name[0].isdigit())

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__.setdefault("_non_persistent_buffers_set", set())
        self._prepare_hooks()  # what modules saved long ago lack

    # Looking things up by a dotted name.

    def get_submodule(self, target: str) -> Module:
        """The descendant of that name, as "layers.0"; the module itself for ""."""
        found = self
        for name in target.split(".") if target else ():
            if not hasattr(found, name):
                raise AttributeError(f"{found._get_name()} has no attribute `{name}`")
            found = getattr(found, name)
            if not isinstance(found, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return found

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Puts a module in the place of a descendant; with `strict` there must be one already."""
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def _get_tensor(self, target: str) -> tuple[Module, str, Any]:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        return module, name, getattr(module, name)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of that dotted name."""
        _, name, found = self._get_tensor(target)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> torch.Tensor:
        """The buffer of that dotted name."""
        module, name, found = self._get_tensor(target)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return found

    # Iteration.

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, each with its dotted name, each once by default."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                inner = f"{prefix}.{name}" if prefix else name
                yield from child.named_modules(memo, inner, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all below it, each once."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The children with their names, each once."""
        seen: set[Module] = set()
        for name, child in self._modules.items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """The children, each once."""
        for _, child in self.named_children():
            yield child

    def _named_members(
        self,
        get_members_fn: Callable[[Module], Any],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        else:
            modules = iter([(prefix, self)])
        seen: set[Any] = set()
        for path, module in modules:
            for name, one in get_members_fn(module):
                if one is None or one in seen:
                    continue
                if remove_duplicate:
                    seen.add(one)
                yield f"{path}.{name}" if path else name, one

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True,
        *, memo: set[Any] | None = None,
    ) -> Iterator[tuple[str, Parameter]]:  # fmt: skip
        """The parameters with their dotted names, each once by default; none that memo holds."""
        known = set() if memo is None else memo
        for name, one in self._named_members(
            lambda module: module._parameters.items(), prefix, recurse, remove_duplicate
        ):
            if one not in known:
                yield name, one
        known.update(self.parameters() if memo is not None else ())

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters of this module and, with `recurse`, of all below it: for an optimizer."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, torch.Tensor]]:
        """The buffers with their dotted names, each once by default."""
        yield from self._named_members(
            lambda module: module._buffers.items(), prefix, recurse, remove_duplicate
        )

    def buffers(self, recurse: bool = True) -> Iterator[torch.Tensor]:
        """The buffers of this module and, with `recurse`, of all below it."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Calls `fn` with every module below this one, then with this one; returns the module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    # Training.

    def train(self: M, mode: bool = True) -> M:
        """Sets training mode (dropout drops, batch norm gathers), here and below."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self: M) -> M:
        """Sets evaluation mode: `train(False)`."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Whether the parameters collect gradients: `False` freezes the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Takes the gradients of all parameters away, or sets them to zero."""
        if getattr(self, "_is_replica", False):
            warnings.warn(
                "Calling .zero_grad() from a module created with nn.DataParallel() has no effect. "
                "The parameters are copied (in a differentiable manner) from the original module. "
                "This means they are not leaf nodes in autograd and so don't accumulate gradients. "
                "If you need gradients in your forward method, "
                "consider using autograd.grad instead.",
                stacklevel=2,
            )
        for parameter in self.parameters():
            if parameter.grad is None:
                continue
            if set_to_none:
                parameter.grad = None
            else:
                if parameter.grad.grad_fn is not None:
                    parameter.grad.detach_()
                else:
                    parameter.grad.requires_grad_(False)
                parameter.grad.zero_()

    def _replicate_for_data_parallel(self) -> Module:
        """A shallow copy with tables of its own."""
        replica = self.__new__(type(self))
        replica.__dict__ = self.__dict__.copy()
        replica._parameters = {}
        replica._buffers = replica._buffers.copy()
        replica._modules = replica._modules.copy()
        replica._is_replica = True
        return replica

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Calls are compiled already; there is nothing to ask for."""

    # Showing.

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """Override to add to what `repr()` says in front of the children."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        told = extra.split("\n") if extra else []
        children = [f"({name}): {indented(repr(child))}" for name, child in self._modules.items()]
        if len(told) == 1 and not children:
            body = extra
        else:
            body = "".join(f"\n  {line}" for line in told + children)
            body += "\n" if body else ""
        return f"{self._get_name()}({body})"


def _or(answer: Any, default: Any) -> Any:
    return default if answer is None else answer
