"""torch.optim: optimizers and learning-rate schedules."""

from __future__ import annotations

from compat.optim import lr_scheduler as lr_scheduler
from compat.optim.adam import Adam as Adam
from compat.optim.adam import AdamW as AdamW
from compat.optim.optax import Optax as Optax
from compat.optim.optimizer import Optimizer as Optimizer
from compat.optim.rmsprop import RMSprop as RMSprop
from compat.optim.sgd import SGD as SGD
