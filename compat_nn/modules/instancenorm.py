"""Normalization of each channel of each sample: InstanceNorm."""

from __future__ import annotations

import warnings
from typing import Any

import compat as torch

from .. import functional as F
from .batchnorm import _NormBase

Tensor = torch.Tensor


class _InstanceNorm(_NormBase):
    """Instance normalization of any number of dimensions."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def _get_no_batch_dim(self) -> int:
        """How many dimensions a single sample has."""
        raise NotImplementedError

    def _check_input_dim(self, input: Tensor) -> None:
        single = self._get_no_batch_dim()
        if input.dim() not in (single, single + 1):
            raise ValueError(
                f"expected {single}D or {single + 1}D input (got {input.dim()}D input)"
            )

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any],
        strict: bool, missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        # Version 0.3 kept running statistics always; 0.4 does when asked.
        if local_metadata.get("version") is None and not self.track_running_stats:
            old = [f"{prefix}{name}" for name in ("running_mean", "running_var")]
            found = [key for key in old if key in state_dict]
            if found:
                names = " and ".join(f'"{key}"' for key in found)
                error_msgs.append(
                    f"Unexpected running stats buffer(s) {names} for {type(self).__name__} "
                    "with track_running_stats=False. If state_dict is a checkpoint saved before "
                    "0.4.0, this may be expected because InstanceNorm does not track running "
                    "stats by default since 0.4.0. Please remove these keys from state_dict. If "
                    "the running stats are actually needed, instead set track_running_stats=True "
                    f"in {type(self).__name__} to enable them. See the documentation of "
                    f"{type(self).__name__} for details."
                )
                for key in found:
                    state_dict.pop(key)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        single = self._get_no_batch_dim()
        channels = input.size(-single)
        if channels != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={input.dim() - single} to match num_features "
                    f"({self.num_features}), but got: {channels}."
                )
            warnings.warn(
                f"input's size at dim={input.dim() - single} does not match num_features. "
                "You can silence this warning by not passing in num_features, "
                "which is not used because affine=False",
                stacklevel=2,
            )
        alone = input.dim() == single
        result = F.instance_norm(
            input.unsqueeze(0) if alone else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum if self.momentum is not None else 0.0,
            self.eps,
        )
        return result.squeeze(0) if alone else result


class InstanceNorm1d(_InstanceNorm):
    """Normalizes each channel of each sample of (N, C, L), or (C, L), by its own statistics.

    `affine` and `track_running_stats` are off unless asked for; else as `BatchNorm1d`.
    """

    def _get_no_batch_dim(self) -> int:
        return 2


class InstanceNorm2d(_InstanceNorm):
    """Normalizes each channel of each sample of (N, C, H, W), or (C, H, W)."""

    def _get_no_batch_dim(self) -> int:
        return 3


class InstanceNorm3d(_InstanceNorm):
    """Normalizes each channel of each sample of (N, C, D, H, W), or (C, D, H, W)."""

    def _get_no_batch_dim(self) -> int:
        return 4
