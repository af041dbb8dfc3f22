"""Dropout of elements and of channels."""

from __future__ import annotations

import warnings
from typing import Any

from compat.front.create import hidden

from ..functional import _written


def _seed(input: Any) -> Any:
    from compat.front.sampling import device_seed

    return device_seed(input)


def _chance(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _dropping(name: str, draw: Any, training: bool, doc: str, check: Any = None) -> Any:
    """A dropout: `draw` gives the function of the input for one call."""

    def drop(input: Any, p: float = 0.5, training: bool = training, inplace: bool = False) -> Any:
        _chance(p)
        if check is not None:
            check(input)
        seen = draw(input, p) if training and p else None
        if seen is None:
            return input
        return _written(seen, input, (), {}) if inplace else seen(input)

    drop.__name__ = drop.__qualname__ = name
    drop.__doc__ = doc
    return drop


def _masked(op: str, input: Any, p: float, by_channel: bool = False) -> Any:
    """Dropout by PyTorch's own mask where its stream is followed, else by a declared op."""
    from compat.front.sampling import host_dropout_mask

    mask = host_dropout_mask(input, p, by_channel)
    if mask is not None:
        return lambda x: x * mask
    seed = _seed(input)
    return lambda x: hidden(op)(x, seed, float(p))


def _elements(input: Any, p: float) -> Any:
    return _masked("_dropout", input, p)


def _channels(name: str, rank: int) -> Any:
    """Whole channels; ranks that PyTorch deprecated keep the meaning they had."""

    def check(input: Any) -> None:
        if rank == 1 and input.dim() not in (2, 3):
            raise RuntimeError(
                f"dropout1d: Expected 2D or 3D input, but received a {input.dim()}D input. Note "
                "that dropout1d exists to provide channel-wise dropout on inputs with 1 spatial "
                "dimension, a channel dimension, and an optional batch dimension (i.e. 2D or 3D "
                "inputs)."
            )
        if rank > 1 and input.dim() not in (rank + 1, rank + 2):
            warnings.warn(
                f"{name}: Received a {input.dim()}-D input to {name}, which is deprecated and will "
                "result in an error in a future release. To retain the behavior and silence this "
                f"warning, please use dropout instead. Note that {name} exists to provide "
                f"channel-wise dropout on inputs with {rank} spatial dimensions, a channel "
                "dimension, and an optional batch dimension (i.e. "
                f"{rank + 1}D or {rank + 2}D inputs).",
                stacklevel=3,
            )
        if rank == 2 and input.dim() == 3:
            warnings.warn(
                "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D "
                "dropout behavior is desired - input is interpreted as shape (N, C, L), where C is "
                "the channel dim. This behavior will change in a future release to interpret the "
                "input as one without a batch dimension, i.e. shape (C, H, W). To maintain the 1D "
                "channel-wise dropout behavior, please switch to using dropout1d instead.",
                stacklevel=3,
            )

    def draw(input: Any, p: float) -> Any:
        alone = input.dim() == rank + 1 and rank != 2
        seen = _masked("_feature_dropout", input.unsqueeze(0) if alone else input, p, True)
        return (lambda x: seen(x.unsqueeze(0)).squeeze(0)) if alone else seen

    return _dropping(name, draw, True, "`dropout` of whole channels.", check)


def _alpha(op: str) -> Any:
    def draw(input: Any, p: float) -> Any:
        if op == "_feature_alpha_dropout" and input.dim() < 2:
            raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
        from compat.front.sampling import host_alpha_dropout

        drawn = host_alpha_dropout(input, p, op == "_feature_alpha_dropout")
        if drawn is not None:
            return lambda x: x * drawn[0] + drawn[1]
        seed = _seed(input)
        return lambda x: hidden(op)(x, seed, float(p))

    return draw


dropout = _dropping(
    "dropout", _elements, True,
    "While training zeroes elements with probability p and scales the others by 1 / (1 - p).",
)  # fmt: skip
dropout1d, dropout2d, dropout3d = (_channels(f"dropout{rank}d", rank) for rank in (1, 2, 3))
alpha_dropout = _dropping(
    "alpha_dropout", _alpha("_alpha_dropout"), False,
    "Dropout that keeps mean and variance, for SELU networks.",
)  # fmt: skip
feature_alpha_dropout = _dropping(
    "feature_alpha_dropout", _alpha("_feature_alpha_dropout"), False,
    "`alpha_dropout` of whole channels.",
)  # fmt: skip
