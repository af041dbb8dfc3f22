"""Layers that find out from their first input how wide it is."""

from __future__ import annotations

from typing import Any

import compat as torch

from ..lazy_tensors import UninitializedBuffer, UninitializedParameter, is_lazy
from .batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .instancenorm import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from .linear import Linear

Tensor = torch.Tensor


class LazyModuleMixin:
    """Gives a layer its shapes just before its first forward; it then is a `cls_to_become`.

    A lazy layer defines `initialize_parameters(*args, **kwargs)`, which gets forward's arguments.
    """

    cls_to_become: type | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._initialize_hook = self.register_forward_pre_hook(  # type: ignore
            self._infer_parameters, with_kwargs=True
        )

    def has_uninitialized_params(self) -> bool:
        """Whether any of the layer's own tensors has no shape yet."""
        own = (*self._parameters.values(), *self._buffers.values())  # type: ignore
        return any(is_lazy(one) for one in own)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Gives the layer's tensors the shapes that follow from an input."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    @staticmethod
    def _infer_parameters(module: Any, args: Any, kwargs: Any = None) -> None:
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {module._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        del module._initialize_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become

    def reset_parameters(self) -> None:
        """Draws the tensors anew, once there are some."""
        known = [one for one in self._parameters.values() if one is not None]  # type: ignore
        if not self.has_uninitialized_params() and all(one.numel() for one in known):
            super().reset_parameters()  # type: ignore


class LazyLinear(LazyModuleMixin, Linear):
    """A `Linear` that takes in_features from its first input."""

    cls_to_become = Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        where = {"device": device, "dtype": dtype}
        super().__init__(0, 0, False, **where)
        self.weight = UninitializedParameter(**where)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(**where)

    def initialize_parameters(self, input: Tensor) -> None:
        """Takes in_features from the last dimension."""
        if not self.has_uninitialized_params():
            self.in_features = self.in_features or self.weight.shape[-1]
            return
        self.in_features = input.shape[-1]
        self.weight.materialize((self.out_features, self.in_features))
        if self.bias is not None:
            self.bias.materialize((self.out_features,))
        self.reset_parameters()


class _LazyConvolution(LazyModuleMixin):
    """A convolution that takes in_channels from its first input."""

    def __init__(
        self, out_channels: int, kernel_size: Any, *args: Any, bias: bool = True,
        device: Any = None, dtype: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        where = {"device": device, "dtype": dtype}
        args, bias = self._split_bias(args, bias)
        super().__init__(0, 0, kernel_size, *args, bias=False, **where, **kwargs)
        self.out_channels = out_channels
        self.weight = UninitializedParameter(**where)
        if bias:
            self.bias = UninitializedParameter(**where)

    def _split_bias(self, args: tuple[Any, ...], bias: bool) -> tuple[tuple[Any, ...], bool]:
        """Positional settings after kernel_size, cut before the flag `bias`."""
        at = 5 if self.transposed else 4  # type: ignore
        if len(args) <= at:
            return args, bias
        if len(args) > at + 1:
            raise TypeError("the settings after bias must be given by name")
        return args[:at], args[at]

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Takes in_channels from the dimension before the spatial ones."""
        rank: int = self.dims  # type: ignore
        if input.dim() not in (rank + 1, rank + 2):
            raise RuntimeError(
                f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {input.shape}"
            )
        if not self.has_uninitialized_params():
            return
        self.in_channels = channels = input.shape[-rank - 1]
        if channels % self.groups:  # type: ignore
            raise ValueError("in_channels must be divisible by groups")
        ends = (channels, self.out_channels)
        ends = ends if self.transposed else ends[::-1]  # type: ignore
        shape = (ends[0], ends[1] // self.groups, *self.kernel_size)  # type: ignore
        self.weight.materialize(shape)
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()


class LazyConv1d(_LazyConvolution, Conv1d):
    """A `Conv1d` that takes in_channels from its first input."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConvolution, Conv2d):
    """A `Conv2d` that takes in_channels from its first input."""

    cls_to_become = Conv2d


class LazyConv3d(_LazyConvolution, Conv3d):
    """A `Conv3d` that takes in_channels from its first input."""

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvolution, ConvTranspose1d):
    """A `ConvTranspose1d` that takes in_channels from its first input."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvolution, ConvTranspose2d):
    """A `ConvTranspose2d` that takes in_channels from its first input."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvolution, ConvTranspose3d):
    """A `ConvTranspose3d` that takes in_channels from its first input."""

    cls_to_become = ConvTranspose3d


class _LazyNorm(LazyModuleMixin):
    """A normalization that takes num_features from its first input."""

    def __init__(
        self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: Any = None, dtype: Any = None, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        where = {"device": device, "dtype": dtype}
        super().__init__(0, eps, momentum, False, False, **where)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(**where)
            if bias:
                self.bias = UninitializedParameter(**where)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**where)
            self.running_var = UninitializedBuffer(**where)
            self.num_batches_tracked = torch.tensor(0, dtype=torch.long, device=device)

    def initialize_parameters(self, input: Tensor) -> None:
        """Takes num_features from dim 1."""
        if not self.has_uninitialized_params():
            return
        self.num_features = input.shape[1]
        for one in (self.weight, self.bias, self.running_mean, self.running_var):
            if is_lazy(one):
                one.materialize((self.num_features,))
        self.reset_parameters()


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A `BatchNorm1d` that takes num_features from its first input."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A `BatchNorm2d` that takes num_features from its first input."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A `BatchNorm3d` that takes num_features from its first input."""

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """An `InstanceNorm1d` that takes num_features from its first input."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """An `InstanceNorm2d` that takes num_features from its first input."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """An `InstanceNorm3d` that takes num_features from its first input."""

    cls_to_become = InstanceNorm3d
