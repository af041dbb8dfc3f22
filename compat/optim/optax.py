"""Any optax transformation as an optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

import compat as torch
from compat.front.update import overwrite, recorded, run_pending
from compat.optim.optimizer import Optimizer


class Optax(Optimizer):
    """Updates parameters by an `optax.GradientTransformation`.

    >>> optimizer = compat.optim.Optax(model.parameters(), optax.lion(1e-4))
    """

    def __init__(self, params: Any, transformation: Any) -> None:
        super().__init__(params, {})
        self.transformation = transformation
        for group in self.param_groups:
            group["optax"] = self._started(group["params"])

    def _started(self, params: list[Any]) -> list[Any]:
        """The leaves of the transformation's state, as tensors."""
        init = self.transformation.init
        shapes = [jax.ShapeDtypeStruct(tuple(p.shape), p.dtype.numpy) for p in params]
        self._structure = jax.tree.structure(jax.eval_shape(init, shapes))
        return recorded(
            (self.transformation, "init", len(params)), "optax init",
            lambda arrays, _: jax.tree.leaves(init(list(arrays))), params,
        )  # fmt: skip

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Applies the transformation to all gradients at once; one that is missing is zero."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params, leaves = group["params"], group["optax"]
            grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in params]
            count, total = len(params), len(params) + len(leaves)
            structure, update = self._structure, self.transformation.update

            def whole(arrays: Any, _: Any) -> list[Any]:
                state = jax.tree.unflatten(structure, arrays[count:total])
                given = list(arrays[:count])
                moves, state = update(list(arrays[total:]), state, given)
                new = [p + m.astype(p.dtype) for p, m in zip(given, moves, strict=True)]
                return [*new, *jax.tree.leaves(state)]

            overwrite((self.transformation, "step", count), "optax", whole,
                      [*params, *leaves], grads)  # fmt: skip
        run_pending()
        return loss
