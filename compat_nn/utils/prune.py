"""Weights of which parts are held at zero by masks."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import compat as torch

from ..modules.module import Module


class BasePruningMethod(ABC):
    """A rule that extends a mask, and the hook that applies the mask before each forward.

    A pruned tensor `weight` is `weight_orig * weight_mask`; the first is the parameter, the mask a
    buffer. PRUNING_TYPE says what a second method may still prune: "unstructured", "structured"
    or "global".
    """

    PRUNING_TYPE: str
    _tensor_name: str

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask for importances t where default_mask has already pruned."""

    def apply_mask(self, module: Module) -> Any:
        """The tensor as it is now."""
        if self._tensor_name is None:
            raise AssertionError(f"Module {module} has to be pruned")
        mask = getattr(module, self._tensor_name + "_mask")
        original = getattr(module, self._tensor_name + "_orig")
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> Any:
        """Prunes `module.<name>`, further if it already is."""
        before = [
            (key, hook)
            for key, hook in module._forward_pre_hooks.items()
            if isinstance(hook, BasePruningMethod) and hook._tensor_name == name
        ]
        if len(before) > 1:
            raise AssertionError(
                f"Avoid adding multiple pruning hooks to the same tensor {name} of module "
                f"{module}. Use a PruningContainer."
            )
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        tensor = getattr(module, name)
        if importance_scores is not None and importance_scores.shape != tensor.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as parameter                     "
                f"{name} of {module}"
            )
        scores = tensor if importance_scores is None else importance_scores
        if before:
            key, old = before[0]
            container = old if isinstance(old, PruningContainer) else PruningContainer(old)
            container.add_pruning_method(method)
            method = container
            mask = method.compute_mask(scores, getattr(module, name + "_mask"))
            del module._forward_pre_hooks[key]
        else:
            mask = method.compute_mask(scores, torch.ones_like(scores))
            original = module._parameters.pop(name)
            module.register_parameter(name + "_orig", original)
        if name + "_mask" in module._buffers:
            module._buffers[name + "_mask"] = mask
        else:
            module.register_buffer(name + "_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """A pruned copy of t, without any module."""
        if importance_scores is not None and importance_scores.shape != t.shape:
            raise AssertionError("importance_scores should have the same shape as tensor t")
        scores = t if importance_scores is None else importance_scores
        mask = torch.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=mask)

    def remove(self, module: Module) -> None:
        """Makes the tensor an ordinary parameter, with the zeros it has now."""
        name = self._tensor_name
        if name is None:
            raise AssertionError(
                f"Module {module} has to be pruned            before pruning can be removed"
            )
        weight = self.apply_mask(module)
        original = module._parameters.pop(name + "_orig")
        original.data = weight.data
        del module._buffers[name + "_mask"]
        if hasattr(module, name):
            delattr(module, name)
        setattr(module, name, original)


class PruningContainer(BasePruningMethod):
    """Several methods one after the other on the same tensor."""

    def __init__(self, *args: Any) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        for one in args:
            if len(args) == 1:
                self._tensor_name = getattr(one, "_tensor_name", None)  # type: ignore
            self.add_pruning_method(one)

    def add_pruning_method(self, method: Any) -> None:
        """Appends a method for the same tensor."""
        if not isinstance(method, BasePruningMethod) and method is not None:
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method is not None and self._tensor_name != method._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, at: int) -> BasePruningMethod:
        return self._pruning_methods[at]

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The newest method's mask over what is not yet pruned, joined with the mask so far."""
        newest = self._pruning_methods[-1]
        kind = newest.PRUNING_TYPE
        mask = default_mask.to(dtype=t.dtype)
        if kind == "unstructured":
            chosen: Any = mask == 1
        elif kind == "structured":
            if not hasattr(newest, "dim"):
                raise AttributeError(
                    "Pruning methods of PRUNING_TYPE "
                    '"structured" need to have the attribute `dim` defined.'
                )
            dim = newest.dim % t.dim()
            rest = [axis for axis in range(t.dim()) if axis != dim]
            chosen = (slice(None),) * dim + (mask.sum(dim=rest) != 0,)
        elif kind == "global":
            chosen = (slice(None),) * t.dim()
        else:
            raise ValueError(f"Unrecognized PRUNING_TYPE {kind}")
        made = mask.clone()
        made[chosen] = newest.compute_mask(t[chosen], default_mask=mask[chosen]).to(mask.dtype)
        return made


class Identity(BasePruningMethod):
    """Prunes nothing."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        return default_mask


class _Amount(BasePruningMethod):
    """A method that prunes a share (a float) or a number (an int) of units."""

    def __init__(self, amount: float) -> None:
        _check_amount(amount)
        self.amount = amount

    def _count(self, size: int) -> int:
        if isinstance(self.amount, numbers.Integral):
            if self.amount > size:
                raise ValueError(
                    f"amount={self.amount} should be smaller than the number of parameters to "
                    f"prune={size}"
                )
            return int(self.amount)
        return round(self.amount * size)


def _check_amount(amount: Any) -> None:
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    whole = isinstance(amount, numbers.Integral)
    if (whole and amount < 0) or (not whole and not 0.0 <= float(amount) <= 1.0):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
            "integer"
        )


class RandomUnstructured(_Amount):
    """Prunes elements drawn evenly."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        count = self._count(t.nelement())
        mask = default_mask.clone()
        if count:
            chances = torch.rand_like(t)
            mask.view(-1)[torch.topk(chances.view(-1), k=count).indices] = 0
        return mask


class L1Unstructured(_Amount):
    """Prunes the elements nearest to zero."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        count = self._count(t.nelement())
        mask = default_mask.clone()
        if count:
            nearest = torch.topk(torch.abs(t).view(-1), k=count, largest=False).indices
            mask.view(-1)[nearest] = 0
        return mask


class _Structured(_Amount):
    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def _check(self, t: Any) -> None:
        if t.dim() <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. Found "
                f"tensor of shape {t.shape} with {t.dim()} dims"
            )
        if self.dim >= t.dim():
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")

    def _kept(self, t: Any, channels: Any) -> Any:
        mask = torch.zeros_like(t)
        mask[(slice(None),) * (self.dim % t.dim()) + (channels,)] = 1
        return mask


class RandomStructured(_Structured):
    """Prunes channels along dim, drawn evenly."""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        self._check(t)
        size = t.shape[self.dim]
        count = self._count(size)
        if not count:
            return default_mask
        chances = torch.rand(size)
        threshold = torch.kthvalue(chances, k=count).values
        return self._kept(t, chances > threshold) * default_mask.to(dtype=t.dtype)


class LnStructured(_Structured):
    """Prunes the channels along dim of the smallest n-norm."""

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        self._check(t)
        size = t.shape[self.dim]
        count = self._count(size)
        if not count:
            return default_mask
        rest = [axis for axis in range(t.dim()) if axis != self.dim % t.dim()]
        norms = torch.norm(t, p=self.n, dim=rest)
        kept = torch.topk(norms, k=size - count, largest=True).indices
        return self._kept(t, kept) * default_mask.to(dtype=t.dtype)


class CustomFromMask(BasePruningMethod):
    """Prunes where a given mask is 0."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        if default_mask.shape != self.mask.shape:
            raise AssertionError("mask shape must match default_mask shape")
        return default_mask * self.mask.to(dtype=default_mask.dtype)


def identity(module: Module, name: str) -> Module:
    """Puts a mask of ones on a tensor."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Prunes `amount` elements drawn evenly."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Module, name: str, amount: float, importance_scores: Any = None
) -> Module:
    """Prunes the `amount` elements nearest to zero."""
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Prunes `amount` channels along dim, drawn evenly."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module, name: str, amount: float, n: Any, dim: int, importance_scores: Any = None
) -> Module:
    """Prunes the `amount` channels along dim of the smallest n-norm."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Any) -> Module:
    """Prunes where the mask is 0."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]], pruning_method: Any, importance_scores: Any = None,
    **kwargs: Any,
) -> None:  # fmt: skip
    """Prunes several tensors as if they were one, by a method without structure."""
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    if importance_scores is not None and not isinstance(importance_scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    pairs = list(parameters)
    scores = importance_scores or {}
    flat = torch.cat(
        [scores.get(pair, getattr(*pair)).detach().reshape(-1) for pair in pairs]
    )
    masks = torch.cat(
        [
            getattr(module, name + "_mask", torch.ones_like(getattr(module, name))).reshape(-1)
            for module, name in pairs
        ]
    )
    container = PruningContainer()
    container._tensor_name = "temp"
    method = pruning_method(**kwargs)
    method._tensor_name = "temp"
    container.add_pruning_method(method)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    made, at = container.compute_mask(flat, masks), 0
    for module, name in pairs:
        one = getattr(module, name)
        custom_from_mask(module, name, made[at : at + one.numel()].view_as(one))
        at += one.numel()


def remove(module: Module, name: str) -> Module:
    """Makes a pruned tensor an ordinary parameter, with the zeros it has now."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(
        f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
    )


def is_pruned(module: Module) -> bool:
    """Whether any tensor in the module or below is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for each in module.modules()
        for hook in each._forward_pre_hooks.values()
    )
