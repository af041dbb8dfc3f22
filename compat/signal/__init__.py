"""torch.signal: window functions."""

from compat.signal import windows as windows
