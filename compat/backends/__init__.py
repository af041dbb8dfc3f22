"""torch.backends: switches that scripts set; XLA decides by itself."""

from __future__ import annotations

from compat.backends import cuda as cuda
from compat.backends import cudnn as cudnn
from compat.backends import mps as mps
from compat.backends import opt_einsum as opt_einsum
