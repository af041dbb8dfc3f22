"""The base of all distributions: shapes, checks of arguments and samples, what may be asked."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import compat as torch
from compat.distributions import constraints
from compat.distributions.utils import lazy_names

Shape = Sequence[int]
_NOTHING = torch.Size()


class Distribution:
    """A distribution, or a batch of them: samples have shape sample_shape + batch_shape +
    event_shape, log_prob gives sample_shape + batch_shape.

    A class says in `_kept` which attributes `expand` carries over, each with the number of
    dimensions that belong to one event (None: as it is).
    """

    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args = __debug__
    _kept: ClassVar[dict[str, int | None]]

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether arguments and values are checked when nothing else is said."""
        if value not in (True, False):
            raise ValueError
        Distribution._validate_args = value

    def __init__(self, batch_shape: Any = _NOTHING, event_shape: Any = _NOTHING,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._batch_shape = batch_shape
        self._event_shape = event_shape
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_arguments()
        super().__init__()

    def _check_arguments(self) -> None:
        """ValueError when a parameter is invalid. All are looked at at once."""
        try:
            needed = self.arg_constraints
        except NotImplementedError:
            needed = {}
            warnings.warn(
                f"{self.__class__} does not define `arg_constraints`. Please set "
                "`arg_constraints = {}` or initialize the distribution with "
                "`validate_args=False` to turn off validation.",
                stacklevel=3,
            )
        given = []
        own, lazy = self.__dict__, lazy_names(type(self))
        for name, constraint in needed.items():
            if isinstance(constraint, constraints._Dependent):
                continue
            if name in lazy and name not in own:
                continue  # the other form of the same parameter was given
            given.append((name, constraint, getattr(self, name)))
        if _satisfied([pair[1:] for pair in given]):
            return
        self._check_parts()
        for name, constraint, value in given:
            if not constraint.check(value).all():
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape "
                    f"{tuple(value.shape)}) of distribution {self!r} to satisfy the constraint "
                    f"{constraint!r}, but found invalid values:\n{value}"
                )

    def _check_parts(self) -> None:
        """ValueError when what this distribution is made of blames a parameter, by its name."""

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """This distribution with its batch expanded to a larger one, without new memory."""
        owner = next((one for one in type(self).__mro__ if "_kept" in vars(one)), None)
        if owner is None:
            raise NotImplementedError
        new = self._get_checked_instance(owner, _instance)
        batch_shape = torch.Size(batch_shape)
        for name, dims in owner._kept.items():
            if name in self.__dict__:
                setattr(new, name, _expanded(self.__dict__[name], batch_shape, dims))
        Distribution.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def batch_shape(self) -> torch.Size:
        """The shape of the batch of distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> torch.Size:
        """The shape of one sample of one of them."""
        return self._event_shape

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """Which values each parameter may have."""
        raise NotImplementedError

    @property
    def support(self) -> Any:
        """Which values samples can have."""
        raise NotImplementedError

    @property
    def mean(self) -> torch.Tensor:
        """The mean of each distribution."""
        raise NotImplementedError

    @property
    def mode(self) -> torch.Tensor:
        """The most likely value of each distribution."""
        raise NotImplementedError(f"{self.__class__} does not implement mode")

    @property
    def variance(self) -> torch.Tensor:
        """The variance of each distribution."""
        raise NotImplementedError

    @property
    def stddev(self) -> torch.Tensor:
        """The square root of the variance."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = _NOTHING) -> torch.Tensor:
        """Samples without gradients."""
        with torch.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = _NOTHING) -> torch.Tensor:
        """Samples that gradients flow through, to the parameters."""
        raise NotImplementedError

    def sample_n(self, n: int) -> torch.Tensor:
        """`sample((n,))`."""
        warnings.warn(
            "`sample_n(n)` will be deprecated. Use `sample((n,))` instead.",
            FutureWarning, stacklevel=2,
        )  # fmt: skip
        return self.sample(torch.Size((n,)))

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        """The logarithm of the density, or of the chance, at value."""
        raise NotImplementedError

    def cdf(self, value: torch.Tensor) -> torch.Tensor:
        """The chance of a sample no greater than value."""
        raise NotImplementedError

    def icdf(self, value: torch.Tensor) -> torch.Tensor:
        """The inverse of `cdf`."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> torch.Tensor:
        """All values of a discrete distribution along dimension 0, for each of the batch or,
        when not expand, with dimensions of size 1 in its place."""
        raise NotImplementedError

    def entropy(self) -> torch.Tensor:
        """The entropy of each distribution, in nats."""
        raise NotImplementedError

    def perplexity(self) -> torch.Tensor:
        """The exponential of the entropy."""
        return torch.exp(self.entropy())

    def _extended_shape(self, sample_shape: Any = _NOTHING) -> torch.Size:
        """The shape of samples when so many are drawn."""
        return torch.Size(sample_shape) + self._batch_shape + self._event_shape

    def _validate_sample(self, value: Any) -> None:
        """ValueError when value has the wrong shape or lies outside the support."""
        if not isinstance(value, torch.Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        given, whole = value.shape, self._batch_shape + self._event_shape
        if given != whole:
            _check_shape(given, whole, self._event_shape)
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{self.__class__} does not define `support` to enable sample validation. Please "
                "initialize the distribution with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return
        if not _satisfied([(support, value)]) and not support.check(value).all():
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(given)}) to be "
                f"within the support ({support!r}) of the distribution {self!r}, but found "
                f"invalid values:\n{value}"
            )

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        """What `expand` fills: _instance, or a new one when nobody changed `__init__` of cls."""
        if _instance is not None:
            return _instance
        mine = type(self)
        if mine.__init__ != cls.__init__:
            raise NotImplementedError(
                f"Subclass {mine.__name__} of {cls.__name__} that defines a custom __init__ "
                "method must also define a custom .expand() method."
            )
        return mine.__new__(mine)

    def __repr__(self) -> str:
        told = []
        for name in self.arg_constraints:
            if name in self.__dict__:
                value = self.__dict__[name]
                told.append(f"{name}: {value if value.numel() == 1 else value.size()}")
        return f"{self.__class__.__name__}({', '.join(told)})"


def _check_shape(given: torch.Size, whole: torch.Size, event: torch.Size) -> None:
    """ValueError when a value of this shape fits no batch of events."""
    if event and given[max(len(given) - len(event), 0) :] != event:
        raise ValueError(
            f"The right-most size of value must match event_shape: {given} vs {event}."
        )
    for mine, yours in zip(reversed(given), reversed(whole)):
        if mine != 1 and yours != 1 and mine != yours:
            raise ValueError(
                f"Value is not broadcastable with batch_shape+event_shape: {given} vs {whole}."
            )


FEW = 64  # elements that are faster looked at one by one than by recording the check


def _satisfied(pairs: Sequence[tuple[Any, torch.Tensor]]) -> bool:
    """Whether all values lie in the regions beside them, by looking once. A no may come of
    rounding, and is to be confirmed by the constraint.

    A few numbers are fetched and compared in Python: the first to be fetched makes the others
    known. More are compared by what is recorded, and one answer is fetched. Inside of a trace
    (`vmap`, `jax.jit`) there is nothing to look at, and nothing is refused.
    """
    is_sample = torch._C._functorch.is_batchedtensor
    if any(value.device.is_traced or is_sample(value) for _, value in pairs):
        return True
    own = constraints.__name__  # a program's own constraints may need tensors
    tests = [
        one._admits() if value.numel() <= FEW and type(one).__module__ == own else None
        for one, value in pairs
    ]
    if None not in tests:
        return all(
            test(x)
            for test, (one, value) in zip(tests, pairs)
            for x in _events(value, one.event_dim)
        )
    fine: Any = True
    for one, value in pairs:
        valid = one.check(value)
        fine = fine & (valid.all() if valid.dim() else valid)
    return bool(fine)


def _events(value: torch.Tensor, dims: int) -> Sequence[Any]:
    """The events in a value, as numbers or lists of numbers."""
    outer = value.dim() - dims
    if outer == 1:
        return value.tolist()
    if outer == 0:
        return (value.tolist(),)
    return value.flatten(0, outer - 1).tolist()


def _expanded(value: Any, batch_shape: torch.Size, dims: int | None) -> Any:
    if isinstance(value, Distribution):
        return value.expand(batch_shape)
    if dims is None or not isinstance(value, torch.Tensor):
        return value
    return value.expand(batch_shape + value.shape[value.dim() - dims :])
