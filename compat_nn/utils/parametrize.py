"""Parameters that are computed from others whenever they are read."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import compat as torch

from ..modules.container import ModuleDict, ModuleList
from ..modules.module import Module
from ..parameter import Parameter

_cache: dict[tuple[int, str], Any] = {}
_caching = 0


@contextmanager
def cached() -> Iterator[None]:
    """Inside, each parametrized tensor is computed once."""
    global _caching
    _caching += 1
    try:
        yield
    finally:
        _caching -= 1
        if not _caching:
            _cache.clear()


class ParametrizationList(ModuleList):
    """The modules through which a tensor is computed, and what it is computed from.

    original    the tensor it is computed from, or original0, original1, ... when the last
                `right_inverse` gives several
    """

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        with torch.no_grad():
            source = self._inverted(original)
        if not isinstance(source, torch.Tensor) and not isinstance(source, Sequence):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(source).__name__}"
            )
        self.is_tensor = isinstance(source, torch.Tensor)
        self.ntensors = 1 if self.is_tensor else len(source)
        if self.is_tensor:
            if original.dtype != source.dtype:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                    f"original.dtype: {original.dtype}\n"
                    f"right_inverse(original).dtype: {source.dtype}"
                )
            with torch.no_grad():  # the optimizers that know the tensor go on knowing it
                original.data = source
            self._enter("original", original)
        else:
            for at, one in enumerate(source):
                if not isinstance(one, torch.Tensor):
                    raise ValueError(
                        "When `right_inverse` outputs a Sequence of tensors, each element must be "
                        f"a tensor. Got {type(one).__name__} at position {at}"
                    )
                if isinstance(original, Parameter):
                    learns = original.requires_grad and one.is_floating_point()
                    one = Parameter(one, learns)
                self._enter(f"original{at}", one)
        if not unsafe:
            made = self()
            if not isinstance(made, torch.Tensor):
                raise ValueError(
                    f"A parametrization must return a tensor. Got {type(made).__name__}."
                )
            _check_same(made, shape, dtype)

    def _enter(self, name: str, one: Any) -> None:
        if isinstance(one, Parameter):
            self.register_parameter(name, one)
        else:
            self.register_buffer(name, one)

    def _inverted(self, value: Any) -> Any:
        for module in reversed(list(self)):
            if not hasattr(module, "right_inverse"):
                return value
            try:
                value = module.right_inverse(value)
            except NotImplementedError:
                return value
        return value

    def right_inverse(self, value: Any) -> None:
        """Sets the originals so that the tensor becomes `value`."""
        with torch.no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                value = module.right_inverse(value)
            if self.is_tensor:
                if not isinstance(value, torch.Tensor):
                    raise ValueError(
                        f"`right_inverse` should return a tensor. Got {type(value).__name__}"
                    )
                if value.dtype != self.original.dtype:
                    raise ValueError(
                        "The tensor returned by `right_inverse` has dtype "
                        f"{value.dtype} while `original` has dtype {self.original.dtype}"
                    )
                self.original.data = value
                return
            if not isinstance(value, Sequence):
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors. Got "
                    f"{type(value).__name__}."
                )
            if len(value) != self.ntensors:
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors of length "
                    f"{self.ntensors}. Got a sequence of length {len(value)}."
                )
            for at, one in enumerate(value):
                getattr(self, f"original{at}").data = one

    def forward(self) -> Any:
        first, *rest = list(self)
        if self.is_tensor:
            made = first(self.original)
        else:
            made = first(*[getattr(self, f"original{at}") for at in range(self.ntensors)])
        for module in rest:
            made = module(made)
        return made


def _check_same(made: Any, shape: Any, dtype: Any) -> None:
    for what, old, new in (("dtype", dtype, made.dtype), ("shape", shape, made.shape)):
        if old != new:
            raise ValueError(
                f"Registering a parametrization may not change the {what} of the tensor, unless "
                f"`unsafe` flag is enabled.\nunparametrized {what}: {old}\n"
                f"parametrized {what}: {new}"
            )


def _inject_class(module: Module) -> None:
    """Gives the module a class of its own, which can hold properties."""
    base = type(module)

    def refuse(self: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict(). See:\n"
            "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
            "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
        )

    def copied(self: Any, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            made = memo[id(self)] = self.__new__(type(self))
            made.__dict__ = copy.deepcopy(self.__dict__, memo)
        return memo[id(self)]

    settings = {"__getstate__": refuse, "__deepcopy__": copied, "__module__": __name__}
    module.__class__ = type(f"Parametrized{base.__name__}", (base,), settings)


def _inject_property(module: Module, name: str) -> None:
    def read(self: Any) -> Any:
        if not _caching:
            return self.parametrizations[name]()
        key = id(self), name
        if key not in _cache:
            _cache[key] = self.parametrizations[name]()
        return _cache[key]

    def write(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(read, write))


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """From now on `module.<tensor_name>` is `parametrization(original)`.

    A `right_inverse` of the parametrization says what the original becomes, now and when
    somebody assigns to the tensor.
    unsafe   leaves out the check that shape and dtype stay
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            now = getattr(module, tensor_name)
            made = parametrization(now)
            if not isinstance(made, torch.Tensor):
                raise ValueError(
                    f"A parametrization must return a tensor. Got {type(made).__name__}."
                )
            _check_same(made, now.shape, now.dtype)
        known = module.parametrizations[tensor_name]
        known.append(parametrization)
        known.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = getattr(module, tensor_name)
        made = ParametrizationList([parametrization], original, unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _inject_class(module)
            module.parametrizations = ModuleDict()
        _inject_property(module, tensor_name)
        module.parametrizations[tensor_name] = made
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether any tensor of the module, or this one, is computed."""
    known = module._modules.get("parametrizations")
    if not isinstance(known, ModuleDict):
        return False
    return len(known) > 0 if tensor_name is None else tensor_name in known


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Makes the tensor an ordinary one: as computed now, or, if not wanted so, the original."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    known = module.parametrizations[tensor_name]
    if known.is_tensor:
        original = known.original
        if leave_parametrized:
            with torch.no_grad():
                original.data = getattr(module, tensor_name).detach()
    elif leave_parametrized:
        made = getattr(module, tensor_name)
        original = Parameter(made.detach()) if made.requires_grad else made
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    if isinstance(original, Parameter):
        module.register_parameter(tensor_name, original)
    else:
        module.register_buffer(tensor_name, original)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The module's class before any of its tensors was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Gives `to_module` copies of the parametrizations of the other, with their originals."""
    if not is_parametrized(from_module):
        return to_module
    names = [tensor_name] if tensor_name is not None else list(from_module.parametrizations)
    for name in names:
        known = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach().clone()))
        for one in known:
            register_parametrization(to_module, name, copy.deepcopy(one), unsafe=known.unsafe)
        mine = to_module.parametrizations[name]
        with torch.no_grad():
            for own, theirs in zip(
                mine.parameters(recurse=False), known.parameters(recurse=False), strict=True
            ):
                own.data = theirs.detach().clone()
    return to_module
