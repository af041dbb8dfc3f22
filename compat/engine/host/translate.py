"""A program becomes a Python function over NumPy arrays, and an estimate of what a call costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compat.engine.host.costs import CALL, product_seconds, seconds
from compat.engine.host.plain import Constant, Program, Variable
from compat.engine.host.rules import INLINED, MIXED, POINTWISE, RULES, VIEWS

LONGEST = 8  # steps of a loop that is written out
KINDS = "biufc"  # NumPy's own types; half-precision ones are slow there


class Unsupported(Exception):
    """A primitive or a type for which there is no translation."""


def translated(program: Program) -> tuple[Callable[..., Any], float, float]:
    """The function, which gives a tuple of arrays that share no memory with anything else, and
    the seconds a call is expected to take for matrix products and for the rest. Unsupported when
    something cannot be translated."""
    writer = _Writer()
    inputs = [writer.fresh() for _ in program.invars]
    for var in program.invars:
        _check(var.aval)
    results = writer.inline(program, inputs)
    return writer.function(", ".join(inputs), results), writer.products, writer.rest


def joined(
    steps: Sequence[tuple[Any, Sequence[str], int, int]], wanted: Sequence[int]
) -> Callable[..., Any]:
    """One function `(x, floats, ints)` for a series of programs.

    steps    a program to be translated, or an executable to be launched, its operands
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
        if isinstance(program, Program):
            made = writer.inline(program, given)
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

    def inline(self, program: Program, inputs: Sequence[str]) -> list[str]:
        """Writes the equations of a program; gives the names of its results."""
        names: dict[Variable, str] = dict(zip(program.invars, inputs, strict=True))
        for var, value in program.constants:
            names[var] = self.constant(value)
        thin = _thin(program)
        wanted = _wanted(program)

        def named(atom: Variable) -> str:
            return self.constant(atom.value) if isinstance(atom, Constant) else names[atom]

        for at, equation in enumerate(program.equations):
            if at not in wanted:
                continue
            given = [named(atom) for atom in equation.invars]
            inner = INLINED.get(equation.name)
            if inner is not None:
                made = self.inline(equation.params[inner], given)
            elif equation.name == "scan":
                made = self.scan(equation, given)
            else:
                made = self.equation(equation, given, equation.outvars[0] in thin)
            names.update(zip(equation.outvars, made, strict=True))
        return [named(atom) for atom in program.outvars]

    def scan(self, equation: Any, given: list[str]) -> list[str]:
        """A short loop, written out."""
        params = equation.params
        if params["length"] > LONGEST or "num_consts" not in params:  # newer JAX hides them
            raise Unsupported(f"a scan over {params['length']}")
        fixed, carried = params["num_consts"], params["num_carry"]
        body = params["jaxpr"]
        consts, carry = given[:fixed], given[fixed : fixed + carried]
        stacks: list[list[str]] = [[] for _ in equation.outvars[carried:]]
        places = range(params["length"])
        for place in reversed(places) if params["reverse"] else places:
            rows = [self.line(f"{one}[{place}]") for one in given[fixed + carried :]]
            made = self.inline(body, [*consts, *carry, *rows])
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
        name = equation.name
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
            if name == "broadcast_in_dim" and np.size(self.constants[given[0]]) == 1 and value.size:
                value = np.broadcast_to(value.reshape(-1)[0], value.shape)  # one element of memory
            values = value if equation.several else (value,)
            return [self.constant(one) for one in values]
        function = self.fresh()
        self.scope[function] = known
        results = [self.fresh() for _ in equation.outvars]
        targets = f"({', '.join(results)},)" if equation.several else results[0]
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


def _wanted(program: Program) -> set[int]:
    """The equations that the results depend on."""
    needed = {id(var) for var in program.outvars}
    wanted = set()
    for at in range(len(program.equations) - 1, -1, -1):
        equation = program.equations[at]
        if any(id(var) in needed for var in equation.outvars):
            wanted.add(at)
            needed.update(id(var) for var in equation.invars)
    return wanted


def _thin(program: Program) -> set[Any]:
    """Broadcasts that need not be carried out, since NumPy does it where they are used: in
    pointwise operations beside another operand of the full shape."""
    uses: dict[Any, list[Any]] = {}
    for equation in program.equations:
        for atom in equation.invars:
            if not isinstance(atom, Constant):
                uses.setdefault(atom, []).append(equation)
    found: set[Any] = set()
    for equation in program.equations:
        if equation.name != "broadcast_in_dim":
            continue
        (result,) = equation.outvars
        if result in program.outvars:
            continue
        shape = result.aval.shape

        def fits(user: Any, result: Any = result, shape: Any = shape) -> bool:
            return user.name in POINTWISE and any(
                atom is not result and atom.aval.shape == shape
                and (isinstance(atom, Constant) or atom not in found)
                for atom in user.invars
            )  # fmt: skip

        if all(fits(user) for user in uses.get(result, ())):
            found.add(result)
    return found
