"""Networks: `import compat.nn as nn` gives this package, torch.nn in every name."""

from . import attention as attention
from . import functional as functional
from . import grad as grad
from . import init as init
from . import modules as modules
from . import parallel as parallel
from . import parameter as parameter
from . import utils as utils
from .lazy_tensors import UninitializedBuffer as UninitializedBuffer
from .lazy_tensors import UninitializedParameter as UninitializedParameter
from .modules import *  # noqa: F403
from .parallel import DataParallel as DataParallel
from .parameter import Buffer as Buffer
from .parameter import Parameter as Parameter
