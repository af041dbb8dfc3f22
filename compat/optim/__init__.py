"""torch.optim: optimizers and learning-rate schedules."""

from __future__ import annotations

from compat.optim import lr_scheduler as lr_scheduler
from compat.optim import swa_utils as swa_utils
from compat.optim.adadelta import Adadelta as Adadelta
from compat.optim.adafactor import Adafactor as Adafactor
from compat.optim.adagrad import Adagrad as Adagrad
from compat.optim.adam import Adam as Adam
from compat.optim.adam import AdamW as AdamW
from compat.optim.adamax import Adamax as Adamax
from compat.optim.asgd import ASGD as ASGD
from compat.optim.lbfgs import LBFGS as LBFGS
from compat.optim.muon import Muon as Muon
from compat.optim.nadam import NAdam as NAdam
from compat.optim.optax import Optax as Optax
from compat.optim.optimizer import Optimizer as Optimizer
from compat.optim.radam import RAdam as RAdam
from compat.optim.rmsprop import RMSprop as RMSprop
from compat.optim.rprop import Rprop as Rprop
from compat.optim.sgd import SGD as SGD
from compat.optim.sparse_adam import SparseAdam as SparseAdam
