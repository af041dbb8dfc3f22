"""Activations: one module for each function that works on elements, and the softmax family."""

from __future__ import annotations

import warnings
from typing import Any

import compat as torch

from .. import functional as F
from ..parameter import Parameter
from .module import Module

Tensor = torch.Tensor


class _Plain(Module):
    """An activation without arguments; its function has the name `function_name`."""

    function_name = ""

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self.function_name)(input)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, input: Tensor) -> Tensor:
        return torch.sigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        return torch.tanh(input)


class LogSigmoid(_Plain):
    """log(1 / (1 + exp(-x)))."""

    function_name = "logsigmoid"


class Softsign(_Plain):
    """x / (1 + |x|)."""

    function_name = "softsign"


class Tanhshrink(_Plain):
    """x - tanh(x)."""

    function_name = "tanhshrink"


class _MaybeInplace(Module):
    """An activation whose only argument is whether it overwrites its input."""

    __constants__ = ["inplace"]
    function_name = ""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self.function_name)(input, inplace=self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class ReLU(_MaybeInplace):
    """max(0, x)."""

    function_name = "relu"


class SELU(_MaybeInplace):
    """scale · (max(0, x) + min(0, alpha · (exp(x) - 1))), which keeps mean 0 and variance 1."""

    function_name = "selu"


class SiLU(_MaybeInplace):
    """x · sigmoid(x)."""

    function_name = "silu"


class Mish(_MaybeInplace):
    """x · tanh(softplus(x))."""

    function_name = "mish"


class Hardswish(_MaybeInplace):
    """x · min(max(x + 3, 0), 6) / 6."""

    function_name = "hardswish"

    def extra_repr(self) -> str:
        return ""


class Hardsigmoid(_MaybeInplace):
    """min(max(x + 3, 0), 6) / 6."""

    function_name = "hardsigmoid"

    def extra_repr(self) -> str:
        return ""


class Threshold(Module):
    """x where it is above the threshold, else `value`."""

    __constants__ = ["threshold", "value", "inplace"]

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}" + _inplace(self)


def _inplace(module: Any) -> str:
    return ", inplace=True" if module.inplace else ""


class RReLU(Module):
    """x, or x times a slope drawn from [lower, upper] where x is negative."""

    __constants__ = ["lower", "upper", "inplace"]

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}" + _inplace(self)


class Hardtanh(Module):
    """x cut off below min_val and above max_val."""

    __constants__ = ["min_val", "max_val", "inplace"]

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        for old, given in (("min_value", min_value), ("max_value", max_value)):
            if given is not None:
                warnings.warn(
                    f"keyword argument `{old}` is deprecated and renamed to `{old[:-2]}`",
                    FutureWarning,
                    stacklevel=2,
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise AssertionError(
                f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})"
            )

    def forward(self, input: Tensor) -> Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}" + _inplace(self)


class ReLU6(Hardtanh):
    """min(max(0, x), 6)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class _WithAlpha(Module):
    __constants__ = ["alpha", "inplace"]
    function_name = ""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self.function_name)(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + _inplace(self)


class ELU(_WithAlpha):
    """x, or alpha · (exp(x) - 1) where x is negative."""

    function_name = "elu"


class CELU(_WithAlpha):
    """x, or alpha · (exp(x / alpha) - 1) where x is negative."""

    function_name = "celu"


class GLU(Module):
    """a · sigmoid(b), for the two halves a and b of a dimension."""

    __constants__ = ["dim"]

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class GELU(Module):
    """x · Φ(x), Φ the normal distribution function; approximate="tanh" is a little faster."""

    __constants__ = ["approximate"]

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class _Shrink(Module):
    __constants__ = ["lambd"]
    function_name = ""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self.function_name)(input, self.lambd)

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Hardshrink(_Shrink):
    """x, or 0 where |x| is at most lambd."""

    function_name = "hardshrink"


class Softshrink(_Shrink):
    """x moved towards 0 by lambd, and 0 where |x| is at most lambd."""

    function_name = "softshrink"


class LeakyReLU(Module):
    """x, or negative_slope · x where x is negative."""

    __constants__ = ["inplace", "negative_slope"]

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}" + _inplace(self)


class Softplus(Module):
    """log(1 + exp(beta · x)) / beta; x itself where beta · x is above the threshold."""

    __constants__ = ["beta", "threshold"]

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class PReLU(Module):
    """x, or weight · x where x is negative; one learned weight, or one for each channel."""

    __constants__ = ["num_parameters"]

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(torch.empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Sets the weight to its initial value."""
        torch.nn.init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class _AlongDim(Module):
    """A function along one dimension; without one, the dimension depends on the shape."""

    __constants__ = ["dim"]
    function_name = ""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if not hasattr(self, "dim"):
            self.dim = None

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self.function_name)(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmin(_AlongDim):
    """exp(-x) / Σ exp(-x) along a dimension."""

    function_name = "softmin"


class Softmax(_AlongDim):
    """exp(x) / Σ exp(x) along a dimension: numbers that add up to 1."""

    function_name = "softmax"


class LogSoftmax(_AlongDim):
    """log(exp(x) / Σ exp(x)) along a dimension."""

    function_name = "log_softmax"


class Softmax2d(Module):
    """Softmax over the channels of (N, C, H, W), or (C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (3, 4):
            raise ValueError(
                f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead"
            )
        return F.softmax(input, -3, _stacklevel=5)


def __getattr__(name: str) -> Any:
    # `MultiheadAttention` lives beside; here for those who import it from PyTorch's place.
    if name == "MultiheadAttention":
        from .attention import MultiheadAttention

        return MultiheadAttention
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
