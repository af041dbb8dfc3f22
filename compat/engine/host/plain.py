"""A jaxpr as plain objects, which can be kept on disk: what the translation into NumPy reads."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from jax.extend.core import Literal
from jax.lax import GatherDimensionNumbers, GatherScatterMode, ScatterDimensionNumbers

from compat.engine.host.rules import INLINED


class Aval(NamedTuple):
    """Shape and type of a variable."""

    shape: tuple[int, ...]
    dtype: Any


class Variable:
    """What an equation gives or takes."""

    __slots__ = ("aval",)

    def __init__(self, aval: Aval) -> None:
        self.aval = aval


class Constant(Variable):
    """A number that stands in an equation."""

    __slots__ = ("value",)

    def __init__(self, aval: Aval, value: Any) -> None:
        super().__init__(aval)
        self.value = value


class Equation(NamedTuple):
    """One primitive applied."""

    name: str
    params: dict[str, Any]
    invars: list[Variable]
    outvars: list[Variable]
    several: bool  # whether it gives a tuple


class Program(NamedTuple):
    """Equations in order, from variables and constants to variables."""

    invars: list[Variable]
    outvars: list[Variable]
    constants: list[tuple[Variable, Any]]
    equations: list[Equation]


def plain(closed: Any) -> Program:
    """The jaxpr, and those inside of it, as plain objects."""
    jaxpr, consts = getattr(closed, "jaxpr", closed), getattr(closed, "consts", ())
    variables: dict[int, Variable] = {}

    def one(atom: Any) -> Variable:
        found = variables.get(id(atom))
        if found is None:
            aval = Aval(atom.aval.shape, atom.aval.dtype)
            if isinstance(atom, Literal):
                return Constant(aval, np.asarray(atom.val, aval.dtype)[()])
            found = variables[id(atom)] = Variable(aval)
        return found

    def equation(each: Any) -> Equation:
        name = each.primitive.name
        inner = INLINED.get(name, "jaxpr" if name == "scan" else None)
        params = {
            key: plain(value) if key == inner else value
            for key, value in each.params.items()
            if key == inner or isinstance(value, _KEPT)
        }
        made = [one(atom) for atom in each.invars], [one(atom) for atom in each.outvars]
        return Equation(name, params, *made, each.primitive.multiple_results)

    return Program(
        [one(atom) for atom in jaxpr.invars],
        [one(atom) for atom in jaxpr.outvars],
        [(one(var), np.asarray(value)) for var, value in zip(jaxpr.constvars, consts, strict=True)],
        [equation(each) for each in jaxpr.eqns],
    )


# Of the settings of a primitive; what is left out, as a sharding, no translation reads.
_KEPT = (
    bool, int, float, complex, str, tuple, type(None), np.dtype, np.generic, IntEnum, type,
    GatherDimensionNumbers, ScatterDimensionNumbers, GatherScatterMode,
)  # fmt: skip
