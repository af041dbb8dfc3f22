"""Kullback and Leibler's divergence: which formula belongs to which pair of distributions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import compat as torch
from compat.distributions.distribution import Distribution

__all__ = ["register_kl", "kl_divergence"]

Formula = Callable[[Any, Any], torch.Tensor]
_KL_REGISTRY: dict[tuple[type, type], Formula] = {}  # what was registered
_KL_MEMOIZE: dict[tuple[type, type], Formula] = {}  # what was found for pairs of types


def register_kl(type_p: type, type_q: type) -> Callable[[Formula], Formula]:
    """`@register_kl(P, Q)` over the formula of kl(p || q) for these classes and those below them.

    The most specific pair is taken; TypeError for what is no distribution's class.
    """
    if not isinstance(type_p, type) and issubclass(type_p, Distribution):
        raise TypeError(f"Expected type_p to be a Distribution subclass but got {type_p}")
    if not isinstance(type_q, type) and issubclass(type_q, Distribution):
        raise TypeError(f"Expected type_q to be a Distribution subclass but got {type_q}")

    def register(formula: Formula) -> Formula:
        _KL_REGISTRY[type_p, type_q] = formula
        _KL_MEMOIZE.clear()
        return formula

    return register


def _found(type_p: type, type_q: type) -> Any:
    """The formula for a pair of classes: the first class of p's family that has any counts more
    than the first of q's. Warns when it would be another the other way round."""
    up_p = {one: at for at, one in enumerate(type_p.__mro__)}
    up_q = {one: at for at, one in enumerate(type_q.__mro__)}
    fitting = [pair for pair in _KL_REGISTRY if pair[0] in up_p and pair[1] in up_q]
    if not fitting:
        return NotImplemented
    left = min(fitting, key=lambda pair: (up_p[pair[0]], up_q[pair[1]]))
    right = min(fitting, key=lambda pair: (up_q[pair[1]], up_p[pair[0]]))
    if _KL_REGISTRY[left] is not _KL_REGISTRY[right]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). Please "
            f"register_kl({left[0].__name__}, {right[1].__name__})",
            RuntimeWarning, stacklevel=3,
        )  # fmt: skip
    return _KL_REGISTRY[left]


def kl_divergence(p: Distribution, q: Distribution) -> torch.Tensor:
    """How far q is from p, in nats: the mean under p of log p(x) - log q(x), for each of the
    batch. NotImplementedError when nobody registered a formula for the two."""
    pair = type(p), type(q)
    formula = _KL_MEMOIZE.get(pair)
    if formula is None:
        formula = _KL_MEMOIZE[pair] = _found(*pair)
    if formula is NotImplemented:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {pair[0].__name__} and q type "
            f"{pair[1].__name__}"
        )
    return formula(p, q)
