"""Invertible maps with known volume: `t(x)`, `t.inv(y)`, `t.log_abs_det_jacobian(x, y)`."""

from __future__ import annotations

from compat.distributions.joined_transforms import CatTransform as CatTransform
from compat.distributions.joined_transforms import ComposeTransform as ComposeTransform
from compat.distributions.joined_transforms import IndependentTransform as IndependentTransform
from compat.distributions.joined_transforms import StackTransform as StackTransform
from compat.distributions.joined_transforms import identity_transform as identity_transform
from compat.distributions.matrix_transforms import CorrCholeskyTransform as CorrCholeskyTransform
from compat.distributions.matrix_transforms import (
    LowerCholeskyTransform as LowerCholeskyTransform,
)
from compat.distributions.matrix_transforms import (
    PositiveDefiniteTransform as PositiveDefiniteTransform,
)
from compat.distributions.matrix_transforms import SoftmaxTransform as SoftmaxTransform
from compat.distributions.matrix_transforms import (
    StickBreakingTransform as StickBreakingTransform,
)
from compat.distributions.scalar_transforms import AbsTransform as AbsTransform
from compat.distributions.scalar_transforms import AffineTransform as AffineTransform
from compat.distributions.scalar_transforms import (
    CumulativeDistributionTransform as CumulativeDistributionTransform,
)
from compat.distributions.scalar_transforms import ExpTransform as ExpTransform
from compat.distributions.scalar_transforms import PowerTransform as PowerTransform
from compat.distributions.scalar_transforms import ReshapeTransform as ReshapeTransform
from compat.distributions.scalar_transforms import SigmoidTransform as SigmoidTransform
from compat.distributions.scalar_transforms import SoftplusTransform as SoftplusTransform
from compat.distributions.scalar_transforms import TanhTransform as TanhTransform
from compat.distributions.transform import Transform as Transform
from compat.distributions.transform import _InverseTransform as _InverseTransform

__all__ = [
    "AbsTransform", "AffineTransform", "CatTransform", "ComposeTransform",
    "CorrCholeskyTransform", "CumulativeDistributionTransform", "ExpTransform",
    "IndependentTransform", "LowerCholeskyTransform", "PositiveDefiniteTransform",
    "PowerTransform", "ReshapeTransform", "SigmoidTransform", "SoftplusTransform",
    "TanhTransform", "SoftmaxTransform", "StackTransform", "StickBreakingTransform", "Transform",
    "identity_transform",
]  # fmt: skip
