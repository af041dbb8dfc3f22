"""How to reach a region from all of space: `biject_to(constraint)`, `transform_to(constraint)`.

`biject_to` gives bijections, of which the volume is known; `transform_to` gives maps that need not
be, but behave well under optimisation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compat.distributions import constraints, transforms

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]


class ConstraintRegistry:
    """Kinds of constraints, and what makes a transform for one of a kind."""

    def __init__(self) -> None:
        self._registry: dict[type, Callable[[Any], transforms.Transform]] = {}
        super().__init__()

    def register(self, constraint: Any, factory: Any = None) -> Any:
        """Says what makes a transform onto this kind of constraint (a class, or one of it).

        `registry.register(kind, factory)`, or `@registry.register(kind)` over the factory.
        """
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        kind = type(constraint) if isinstance(constraint, constraints.Constraint) else constraint
        if not isinstance(kind, type) or not issubclass(kind, constraints.Constraint):
            raise TypeError(
                "Expected constraint to be either a Constraint subclass or instance, but got "
                f"{constraint}"
            )
        self._registry[kind] = factory
        return factory

    def __call__(self, constraint: constraints.Constraint) -> transforms.Transform:
        """A transform from all of space onto the constraint; NotImplementedError if none is
        known."""
        factory = self._registry.get(type(constraint))
        if factory is None:
            raise NotImplementedError(
                f"Cannot transform {type(constraint).__name__} constraints"
            ) from None
        return factory(constraint)


biject_to = ConstraintRegistry()
transform_to = ConstraintRegistry()


def _for_both(*kinds: Any) -> Callable[[Any], Any]:
    def register(factory: Any) -> Any:
        for kind in kinds:
            biject_to.register(kind, factory)
            transform_to.register(kind, factory)
        return factory

    return register


@_for_both(constraints.real)
def _onto_real(constraint: Any) -> transforms.Transform:
    return transforms.identity_transform


def _wrapping(registry: ConstraintRegistry) -> None:
    """Registers what needs the registry itself, for the constraints inside."""

    @registry.register(constraints.independent)
    def _onto_independent(constraint: Any) -> transforms.Transform:
        return transforms.IndependentTransform(
            registry(constraint.base_constraint), constraint.reinterpreted_batch_ndims
        )

    @registry.register(constraints.cat)
    def _onto_cat(constraint: Any) -> transforms.Transform:
        parts = [registry(one) for one in constraint.cseq]
        return transforms.CatTransform(parts, constraint.dim, constraint.lengths)

    @registry.register(constraints.stack)
    def _onto_stack(constraint: Any) -> transforms.Transform:
        return transforms.StackTransform([registry(one) for one in constraint.cseq], constraint.dim)


_wrapping(biject_to)
_wrapping(transform_to)


def _moved(first: transforms.Transform, loc: Any, scale: Any) -> transforms.Transform:
    return transforms.ComposeTransform([first, transforms.AffineTransform(loc, scale)])


@_for_both(constraints.greater_than, constraints.greater_than_eq)
def _onto_above(constraint: Any) -> transforms.Transform:
    return _moved(transforms.ExpTransform(), constraint.lower_bound, 1)


@_for_both(constraints.less_than)
def _onto_below(constraint: Any) -> transforms.Transform:
    return _moved(transforms.ExpTransform(), constraint.upper_bound, -1)


@_for_both(constraints.interval, constraints.half_open_interval)
def _onto_interval(constraint: Any) -> transforms.Transform:
    low, high = constraint.lower_bound, constraint.upper_bound
    numbers = isinstance(low, int | float) and isinstance(high, int | float)
    if numbers and low == 0 and high == 1:
        return transforms.SigmoidTransform()
    return _moved(transforms.SigmoidTransform(), low, high - low)


@biject_to.register(constraints.simplex)
def _bijection_to_simplex(constraint: Any) -> transforms.Transform:
    return transforms.StickBreakingTransform()


@transform_to.register(constraints.simplex)
def _onto_simplex(constraint: Any) -> transforms.Transform:
    return transforms.SoftmaxTransform()


@_for_both(constraints.corr_cholesky)
def _onto_corr_cholesky(constraint: Any) -> transforms.Transform:
    return transforms.CorrCholeskyTransform()


@transform_to.register(constraints.lower_cholesky)
def _onto_lower_cholesky(constraint: Any) -> transforms.Transform:
    return transforms.LowerCholeskyTransform()


@transform_to.register(constraints.positive_definite)
@transform_to.register(constraints.positive_semidefinite)
def _onto_positive_definite(constraint: Any) -> transforms.Transform:
    return transforms.PositiveDefiniteTransform()
