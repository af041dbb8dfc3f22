"""torch.serialization: saving and loading objects with tensors in them."""

import compat._utils  # noqa: F401  (a name that pickles of parameters look up)

from .places import register_package as register_package
from .read import get_unsafe_globals_in_checkpoint as get_unsafe_globals_in_checkpoint
from .read import load as load
from .restricted import add_safe_globals as add_safe_globals
from .restricted import clear_safe_globals as clear_safe_globals
from .restricted import get_safe_globals as get_safe_globals
from .restricted import safe_globals as safe_globals
from .write import save as save
