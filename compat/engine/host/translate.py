"""A jaxpr becomes a Python function over NumPy arrays, and an estimate of what a call costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jax.extend.core import Literal

from compat.engine.host.costs import CALL, product_seconds, seconds
from compat.engine.host.rules import INLINED, MIXED, POINTWISE, RULES, VIEWS

LONGEST = 8  # steps of a loop that is written out
KINDS = "biufc"  # NumPy's own types; half-precision ones are slow there


class Unsupported(Exception):
    """A primitive or a type for which there is no translation."""


def translated(closed: Any) -> tuple[Callable[..., Any], float, float]:
    """The function, which gives a tuple of arrays that share no memory with anything else, and
    the seconds a call is expected to take for matrix products and for the rest. Unsupported when
    something cannot be translated."""
    writer = _Writer()
    inputs = [writer.fresh() for _ in closed.jaxpr.invars]
    for var in closed.jaxpr.invars:
        _check(var.aval)
    results = writer.inline(*_opened(closed), inputs)
    return writer.function(", ".join(inputs), results), writer.products, writer.rest


def joined(
    steps: Sequence[tuple[Any, Sequence[str], int, int]], wanted: Sequence[int]
) -> Callable[..., Any]:
    """One function `(x, floats, ints)` for a series of programs.

    steps    a program (a jaxpr to be translated, or an executable to be launched), its operands
             as Python expressions (`r3` is the third result of all, `x` the arrays), the place of
             its first result, and how many it has
    wanted   the places of the results to give
    """
    writer = _Writer()
    writer.scope |= {
        "float64": np.float64, "int64": np.int64, "bool_": np.bool_, "on_host": _on_host,
    }  # fmt: skip
    results: dict[str, str] = {}
    for program, operands, first, count in steps:
        given = []
        for one in operands:
            name = results.get(one)
            if name is None:
                name = writer.line(one)
            given.append(name)
        if hasattr(program, "consts"):
            made = writer.inline(*_opened(program), given)
        else:
            made = writer.launch(program, given, count)
        results |= {f"r{first + at}": name for at, name in enumerate(made)}
    return writer.function("x, floats, ints", [results[f"r{place}"] for place in wanted])


def _on_host(made: Any) -> tuple[Any, ...]:
    """The results of an executable as NumPy arrays."""
    return tuple(map(np.asarray, made)) if type(made) is tuple else (np.asarray(made),)


class _Writer:
    """Writes one line of Python for each equation."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.scope: dict[str, Any] = {}
        self.constants: dict[str, Any] = {}  # names whose values are known already
        self.owned: set[str] = set()  # names of arrays that nothing else shares memory with
        self.products = self.rest = 0.0  # seconds
        self.count = 0

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def constant(self, value: Any) -> str:
        name = self.fresh()
        self.scope[name] = self.constants[name] = value
        return name

    def inline(self, jaxpr: Any, consts: Sequence[Any], inputs: Sequence[str]) -> list[str]:
        """Writes the equations of a jaxpr; gives the names of its results."""
        names: dict[Any, str] = dict(zip(jaxpr.invars, inputs, strict=True))
        for var, value in zip(jaxpr.constvars, consts, strict=True):
            names[var] = self.constant(np.asarray(value))
        thin = _thin(jaxpr)
        wanted = _wanted(jaxpr)

        def named(atom: Any) -> str:
            if isinstance(atom, Literal):
                aval: Any = atom.aval
                return self.constant(np.asarray(atom.val, aval.dtype)[()])
            return names[atom]

        for at, equation in enumerate(jaxpr.eqns):
            if at not in wanted:
                continue
            given = [named(atom) for atom in equation.invars]
            inner = INLINED.get(equation.primitive.name)
            if inner is not None:
                made = self.inline(*_opened(equation.params[inner]), given)
            elif equation.primitive.name == "scan":
                made = self.scan(equation, given)
            else:
                made = self.equation(equation, given, equation.outvars[0] in thin)
            names.update(zip(equation.outvars, made, strict=True))
        return [named(atom) for atom in jaxpr.outvars]

    def scan(self, equation: Any, given: list[str]) -> list[str]:
        """A short loop, written out."""
        params = equation.params
        if params["length"] > LONGEST or "num_consts" not in params:  # newer JAX hides them
            raise Unsupported(f"a scan over {params['length']}")
        fixed, carried = params["num_consts"], params["num_carry"]
        body, body_consts = _opened(params["jaxpr"])
        consts, carry = given[:fixed], given[fixed : fixed + carried]
        stacks: list[list[str]] = [[] for _ in equation.outvars[carried:]]
        places = range(params["length"])
        for place in reversed(places) if params["reverse"] else places:
            rows = [self.line(f"{one}[{place}]") for one in given[fixed + carried :]]
            made = self.inline(body, body_consts, [*consts, *carry, *rows])
            carry = made[:carried]
            for stack, row in zip(stacks, made[carried:], strict=True):
                stack.insert(0 if params["reverse"] else len(stack), row)
        self.scope["stack"] = np.stack
        self.rest += CALL * len(stacks)
        results = [self.line(f"stack([{', '.join(stack)}])") for stack in stacks]
        self.owned.update(results)
        return [*carry, *results]

    def launch(self, executable: Any, given: Sequence[str], count: int) -> list[str]:
        """Writes the launch of an executable."""
        name, results = self.fresh(), [self.fresh() for _ in range(count)]
        self.scope[name] = executable
        call = f"on_host({name}({', '.join(given)}))"
        self.lines.append(f"  ({', '.join(results)},) = {call}")
        return results

    def line(self, expression: str) -> str:
        """Writes one line; gives the name of its result."""
        name = self.fresh()
        self.lines.append(f"  {name} = {expression}")
        return name

    def equation(self, equation: Any, given: list[str], thin: bool) -> list[str]:
        name = equation.primitive.name
        for var in equation.outvars:
            _check(var.aval)
        known = POINTWISE.get(name)
        kinds = {var.aval.dtype for var in equation.invars}
        if known is not None and len(kinds) > 1 and name not in MIXED:
            raise Unsupported(f"{name} of several types")  # NumPy would promote them
        if known is None:
            rule = RULES.get(name)
            if rule is None:
                raise Unsupported(name)
            known = rule(equation, thin) if name == "broadcast_in_dim" else rule(equation)
        if all(one in self.constants for one in given):
            with np.errstate(all="ignore"):
                value = known(*[self.constants[one] for one in given])
            values = value if equation.primitive.multiple_results else (value,)
            return [self.constant(one) for one in values]
        function = self.fresh()
        self.scope[function] = known
        results = [self.fresh() for _ in equation.outvars]
        targets = f"({', '.join(results)},)" if equation.primitive.multiple_results else results[0]
        self.lines.append(f"  {targets} = {function}({', '.join(given)})")
        self.rest += seconds(equation, thin)
        self.products += product_seconds(equation)
        if name not in VIEWS:
            self.owned.update(results)
        return results

    def function(self, parameters: str, results: Sequence[str]) -> Callable[..., Any]:
        """The whole as a function."""
        given = []
        for at, name in enumerate(results):
            if name in self.owned and name not in results[:at]:
                given.append(f"dense({name})")
            else:
                given.append(f"array({name})")
        lines = [f"def host({parameters}):", *self.lines, f"  return {', '.join(given)},"]
        scope = {**self.scope, "dense": _dense, "array": _copied}
        exec(compile("\n".join(lines), "<compat host>", "exec"), scope)
        return scope["host"]


def _opened(body: Any) -> tuple[Any, Sequence[Any]]:
    """A jaxpr and its constants, which come in one object or two, by JAX's version."""
    return getattr(body, "jaxpr", body), getattr(body, "consts", ())


def _dense(array: Any) -> Any:
    """A result as an array in row-major order; NumPy gives scalars for 0-dim ones."""
    if type(array) is np.ndarray and array.flags.c_contiguous:
        return array
    return _copied(array)


def _copied(array: Any) -> Any:
    return np.array(array, order="C")


def _check(aval: Any) -> None:
    own = aval.dtype
    if not isinstance(own, np.dtype) or own.kind not in KINDS or own == np.float16:
        raise Unsupported(str(aval.dtype))


def _wanted(jaxpr: Any) -> set[int]:
    """The equations that the results depend on."""
    needed = {id(var) for var in jaxpr.outvars}
    wanted = set()
    for at in range(len(jaxpr.eqns) - 1, -1, -1):
        equation = jaxpr.eqns[at]
        if any(id(var) in needed for var in equation.outvars):
            wanted.add(at)
            needed.update(id(var) for var in equation.invars)
    return wanted


def _thin(jaxpr: Any) -> set[Any]:
    """Broadcasts that need not be carried out, since NumPy does it where they are used: in
    pointwise operations beside another operand of the full shape."""
    uses: dict[Any, list[Any]] = {}
    for equation in jaxpr.eqns:
        for atom in equation.invars:
            if not isinstance(atom, Literal):
                uses.setdefault(atom, []).append(equation)
    found: set[Any] = set()
    for equation in jaxpr.eqns:
        if equation.primitive.name != "broadcast_in_dim":
            continue
        (result,) = equation.outvars
        if result in jaxpr.outvars:
            continue
        shape = result.aval.shape

        def fits(user: Any, result: Any = result, shape: Any = shape) -> bool:
            return user.primitive.name in POINTWISE and any(
                atom is not result and atom.aval.shape == shape
                and (isinstance(atom, Literal) or atom not in found)
                for atom in user.invars
            )  # fmt: skip

        if all(fits(user) for user in uses.get(result, ())):
            found.add(result)
    return found
