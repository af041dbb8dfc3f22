"""Regions where parameters and samples are valid: `constraint.check(value)` says which are in it.

A constraint over events of several dimensions answers once for each event.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import compat as torch

__all__ = [
    "Constraint", "boolean", "cat", "corr_cholesky", "dependent", "dependent_property",
    "greater_than", "greater_than_eq", "independent", "integer_interval", "interval",
    "half_open_interval", "is_dependent", "less_than", "lower_cholesky", "lower_triangular",
    "MixtureSameFamilyConstraint", "multinomial", "nonnegative", "nonnegative_integer", "one_hot",
    "positive", "positive_semidefinite", "positive_definite", "positive_integer", "real",
    "real_vector", "simplex", "square", "stack", "symmetric", "unit_interval",
]  # fmt: skip


class Constraint:
    """A region. is_discrete says whether its members are apart from each other, event_dim how
    many of the last dimensions of a value make up one member."""

    is_discrete: Any = False
    event_dim: Any = 0

    def check(self, value: torch.Tensor) -> torch.Tensor:
        """A boolean for each event in value: whether it lies in the region."""
        raise NotImplementedError

    def _admits(self) -> Callable[[Any], bool] | None:
        """A test of one event as Python numbers, where there is one: for a few it is faster."""
        return None

    def __repr__(self) -> str:
        return self.__class__.__name__[1:] + "()"


# Constraints that depend on a distribution's parameters.


class _Dependent(Constraint):
    """Stands for a region that only an instance knows; what it knows itself may be said."""

    def __init__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented):
        self._is_discrete = is_discrete
        self._event_dim = event_dim
        super().__init__()

    @property
    def is_discrete(self) -> Any:
        return self._told("is_discrete")

    @property
    def event_dim(self) -> Any:
        return self._told("event_dim")

    def _told(self, name: str) -> Any:
        known = getattr(self, "_" + name)
        if known is NotImplemented:
            raise NotImplementedError(f".{name} cannot be determined statically")
        return known

    def __call__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented):
        """The same with more said about it."""
        discrete = self._is_discrete if is_discrete is NotImplemented else is_discrete
        dims = self._event_dim if event_dim is NotImplemented else event_dim
        return _Dependent(is_discrete=discrete, event_dim=dims)

    def check(self, value: torch.Tensor) -> torch.Tensor:
        raise ValueError("Cannot determine validity of dependent constraint")


def is_dependent(constraint: Any) -> bool:
    """Whether a constraint depends on a distribution's parameters."""
    return isinstance(constraint, _Dependent)


class _DependentProperty(property, _Dependent):
    """Makes a property of a method that gives a constraint; on the class it is `dependent`."""

    def __init__(self, fn: Callable[..., Any] | None = None, *,
                 is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented):  # fmt: skip
        super().__init__(fn)
        self._is_discrete = is_discrete
        self._event_dim = event_dim

    def __call__(self, fn: Callable[..., Any]) -> _DependentProperty:
        """`@dependent_property(event_dim=1)` over a method."""
        return _DependentProperty(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)


# Numbers.


class _Boolean(Constraint):
    is_discrete = True

    def check(self, value: torch.Tensor) -> torch.Tensor:
        return (value == 0) | (value == 1)

    def _admits(self) -> Callable[[Any], bool] | None:
        return lambda x: x == 0 or x == 1


class _Real(Constraint):
    def check(self, value: torch.Tensor) -> torch.Tensor:
        return value == value  # not NaN

    def _admits(self) -> Callable[[Any], bool] | None:
        return lambda x: x == x


class _Bounded(Constraint):
    """A region between bounds; its `repr` names them."""

    bounds: tuple[str, ...] = ()

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={getattr(self, name)}" for name in self.bounds)
        return f"{self.__class__.__name__[1:]}({told})"

    def _admits(self) -> Callable[[Any], bool] | None:
        if all(_is_exact(getattr(self, name)) for name in self.bounds):
            return self.check  # comparisons are the same for numbers
        return None


def _is_exact(bound: Any) -> bool:
    """Whether a bound is the same number in every floating type."""
    if isinstance(bound, float):
        return abs(bound) == math.inf or (abs(bound) <= 8 and (16 * bound).is_integer())
    return isinstance(bound, int)


class _From(_Bounded):
    bounds = ("lower_bound",)

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound
        super().__init__()


class _UpTo(_Bounded):
    bounds = ("upper_bound",)

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound
        super().__init__()


class _Between(_Bounded):
    bounds = ("lower_bound", "upper_bound")

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound
        super().__init__()


class _GreaterThan(_From):
    def check(self, value: torch.Tensor) -> torch.Tensor:
        return self.lower_bound < value


class _GreaterThanEq(_From):
    def check(self, value: torch.Tensor) -> torch.Tensor:
        return self.lower_bound <= value


class _LessThan(_UpTo):
    def check(self, value: torch.Tensor) -> torch.Tensor:
        return value < self.upper_bound


class _Interval(_Between):
    def check(self, value: torch.Tensor) -> torch.Tensor:
        return (self.lower_bound <= value) & (value <= self.upper_bound)


class _HalfOpenInterval(_Between):
    def check(self, value: torch.Tensor) -> torch.Tensor:
        return (self.lower_bound <= value) & (value < self.upper_bound)


def _whole(value: torch.Tensor) -> torch.Tensor:
    return value % 1 == 0


class _IntegerInterval(_Between):
    is_discrete = True

    def check(self, value: torch.Tensor) -> torch.Tensor:
        return _whole(value) & (self.lower_bound <= value) & (value <= self.upper_bound)

    def __repr__(self) -> str:
        return f"IntegerInterval(lower_bound={self.lower_bound}, upper_bound={self.upper_bound})"


class _IntegerLessThan(_UpTo):
    is_discrete = True

    def check(self, value: torch.Tensor) -> torch.Tensor:
        return _whole(value) & (value <= self.upper_bound)


class _IntegerGreaterThan(_From):
    is_discrete = True

    def check(self, value: torch.Tensor) -> torch.Tensor:
        return _whole(value) & (value >= self.lower_bound)


# Vectors.


class _Simplex(Constraint):
    event_dim = 1

    def check(self, value: torch.Tensor) -> torch.Tensor:
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)

    def _admits(self) -> Callable[[Any], bool] | None:
        return lambda x: abs(sum(x) - 1) < 1e-6 and min(x) >= 0


class _OneHot(Constraint):
    is_discrete = True
    event_dim = 1

    def check(self, value: torch.Tensor) -> torch.Tensor:
        return boolean.check(value).all(-1) & (value.sum(-1) == 1)


class _Multinomial(Constraint):
    """Counts that add up to no more than a bound."""

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, value: torch.Tensor) -> torch.Tensor:
        return (value >= 0).all(-1) & (value.sum(-1) <= self.upper_bound)


# Matrices.


class _LowerTriangular(Constraint):
    event_dim = 2

    def check(self, value: torch.Tensor) -> torch.Tensor:
        return (value.tril() == value).flatten(-2).all(-1)


class _LowerCholesky(Constraint):
    event_dim = 2

    def check(self, value: torch.Tensor) -> torch.Tensor:
        positive_diagonal = (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)
        return lower_triangular.check(value) & positive_diagonal


class _CorrCholesky(Constraint):
    """Factors of correlation matrices: rows of length 1."""

    event_dim = 2

    def check(self, value: torch.Tensor) -> torch.Tensor:
        tolerance = torch.finfo(value.dtype).eps * value.size(-1) * 10  # grows as sums do
        length = torch.linalg.norm(value.detach(), dim=-1)
        return lower_cholesky.check(value) & ((length - 1.0).abs() <= tolerance).all(-1)


class _Square(Constraint):
    event_dim = 2

    def check(self, value: torch.Tensor) -> torch.Tensor:
        same = value.shape[-2] == value.shape[-1]
        return torch.full(value.shape[:-2], same, dtype=torch.bool, device=value.device)


class _Symmetric(_Square):
    def check(self, value: torch.Tensor) -> torch.Tensor:
        if value.shape[-2] != value.shape[-1]:
            return super().check(value)
        return torch.isclose(value, value.mT, atol=1e-6).all(-2).all(-1)


class _PositiveSemidefinite(_Symmetric):
    def check(self, value: torch.Tensor) -> torch.Tensor:
        symmetric = super().check(value)
        if value.shape[-2] != value.shape[-1]:
            return symmetric
        return _if_all(symmetric, (torch.linalg.eigvalsh(value) >= 0).all(-1))


class _PositiveDefinite(_Symmetric):
    def check(self, value: torch.Tensor) -> torch.Tensor:
        symmetric = super().check(value)
        if value.shape[-2] != value.shape[-1]:
            return symmetric
        return _if_all(symmetric, torch.linalg.cholesky_ex(value).info == 0)


def _if_all(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Both, or the first alone where it does not hold for all (which says enough)."""
    return torch.where(first.all(), first & second, first)


# Constraints made of others.


class _Wrapping(Constraint):
    def __init__(self, base_constraint: Constraint) -> None:
        self.base_constraint = base_constraint
        super().__init__()

    @property
    def is_discrete(self) -> Any:
        return self.base_constraint.is_discrete


class _IndependentConstraint(_Wrapping):
    """All of the last so many dimensions of answers must be yes."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        super().__init__(base_constraint)

    @property
    def event_dim(self) -> Any:
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def check(self, value: torch.Tensor) -> torch.Tensor:
        result = self.base_constraint.check(value)
        if result.dim() < self.reinterpreted_batch_ndims:
            expected = self.base_constraint.event_dim + self.reinterpreted_batch_ndims
            raise ValueError(f"Expected value.dim() >= {expected} but got {value.dim()}")
        kept = result.dim() - self.reinterpreted_batch_ndims
        return result.reshape(result.shape[:kept] + (-1,)).all(-1)

    def _admits(self) -> Callable[[Any], bool] | None:
        each = self.base_constraint._admits() if self.event_dim == 1 else None
        return each and (lambda x: all(map(each, x)))

    def __repr__(self) -> str:
        inner = f"{self.base_constraint!r}, {self.reinterpreted_batch_ndims}"
        return f"{self.__class__.__name__[1:]}({inner})"


class MixtureSameFamilyConstraint(_Wrapping):
    """A value must be valid for every component of a mixture."""

    @property
    def event_dim(self) -> Any:
        return self.base_constraint.event_dim

    def check(self, value: torch.Tensor) -> torch.Tensor:
        if value.dim() < self.event_dim:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.dim()}")
        result = self.base_constraint.check(value.unsqueeze(-1 - self.event_dim))
        return result.reshape(value.shape[: value.dim() - self.event_dim] + (-1,)).all(-1)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({self.base_constraint!r})"


class _Joined(Constraint):
    def __init__(self, cseq: Sequence[Constraint], dim: int) -> None:
        if not all(isinstance(one, Constraint) for one in cseq):
            raise AssertionError("All elements of cseq must be Constraint instances")
        self.cseq = list(cseq)
        self.dim = dim
        super().__init__()

    def _require_dim(self, value: torch.Tensor) -> None:
        if not -value.dim() <= self.dim < value.dim():
            raise AssertionError(
                f"dim {self.dim} out of range for value with {value.dim()} dimensions"
            )

    @property
    def is_discrete(self) -> Any:
        return any(one.is_discrete for one in self.cseq)


class _Cat(_Joined):
    """Constraints for consecutive slices of given lengths along a dimension."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0,
                 lengths: Sequence[int] | None = None) -> None:  # fmt: skip
        super().__init__(cseq, dim)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.cseq):
            raise AssertionError(
                f"lengths ({len(self.lengths)}) must match cseq ({len(self.cseq)})"
            )

    @property
    def event_dim(self) -> Any:
        return max(one.event_dim for one in self.cseq)

    def check(self, value: torch.Tensor) -> torch.Tensor:
        self._require_dim(value)
        parts = value.split(self.lengths, self.dim)
        return torch.cat([one.check(part) for one, part in zip(self.cseq, parts)], self.dim)


class _Stack(_Joined):
    """A constraint for each index along a dimension."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0) -> None:
        super().__init__(cseq, dim)

    @property
    def event_dim(self) -> Any:
        dim = max(one.event_dim for one in self.cseq)
        return dim + 1 if self.dim + dim < 0 else dim

    def check(self, value: torch.Tensor) -> torch.Tensor:
        self._require_dim(value)
        parts = [value.select(self.dim, at) for at in range(value.size(self.dim))]
        return torch.stack([one.check(part) for one, part in zip(self.cseq, parts)], self.dim)


# The public names.

dependent = _Dependent()
dependent_property = _DependentProperty
independent = _IndependentConstraint
boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
integer_interval = _IntegerInterval
real = _Real()
real_vector = independent(real, 1)
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
greater_than = _GreaterThan
greater_than_eq = _GreaterThanEq
less_than = _LessThan
multinomial = _Multinomial
unit_interval = _Interval(0.0, 1.0)
interval = _Interval
half_open_interval = _HalfOpenInterval
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()
cat = _Cat
stack = _Stack
