"""torch.func: functions made of functions, by JAX's own transformations."""

from __future__ import annotations

from compat.func.derivatives import functionalize as functionalize
from compat.func.derivatives import grad as grad
from compat.func.derivatives import grad_and_value as grad_and_value
from compat.func.derivatives import hessian as hessian
from compat.func.derivatives import jacfwd as jacfwd
from compat.func.derivatives import jacrev as jacrev
from compat.func.derivatives import jvp as jvp
from compat.func.derivatives import linearize as linearize
from compat.func.derivatives import vjp as vjp
from compat.func.mapping import vmap as vmap
from compat.func.state import functional_call as functional_call
from compat.func.state import replace_all_batch_norm_modules_ as replace_all_batch_norm_modules_
from compat.func.state import stack_module_state as stack_module_state
