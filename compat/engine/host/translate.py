"""A program becomes a Python function over NumPy arrays, and an estimate of what a call costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from compat.engine.host.costs import CALL, SCALAR, product_seconds, seconds
from compat.engine.host.plain import Constant, Program, Variable
from compat.engine.host.products import Product
from compat.engine.host.rules import (
    INLINED,
    MIXED,
    POINTWISE,
    RESHAPING,
    RULES,
    SCOPE,
    VIEWS,
    View,
    pointwise,
)  # fmt: skip

LONGEST = 8  # steps of a loop that is written out
READ = "{0} if type({0}) is ndarray else asarray({0})"
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
    function = writer.function(", ".join(inputs), results, program.outvars)
    return function, writer.products, writer.rest


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
    results: dict[str, tuple[str, Any]] = {}  # names, with what says their shape
    for program, operands, first, count in steps:
        given = []
        for one in operands:
            name, atom = results.get(one) or (writer.line(one), None)
            if not isinstance(program, Program):  # what is on the device stays there
                given.append(writer.shaped(name, atom))
                continue
            if atom is None and one.startswith(("x", "r")):
                name = writer.line(READ, [name])
            elif atom is None:
                writer.single.add(name)
            given.append(name)
        if isinstance(program, Program):
            made, atoms = writer.inline(program, given), program.outvars
        else:
            made, atoms = writer.launch(program, given, count), [None] * count
        for at, pair in enumerate(zip(made, atoms, strict=True)):
            results[f"r{first + at}"] = pair
    chosen = [results[f"r{place}"] for place in wanted]
    names, atoms = [name for name, _ in chosen], [atom for _, atom in chosen]
    return writer.function("x, floats, ints", names, atoms)


class Line(NamedTuple):
    """One line of the function: what it reads, and the names that it gives."""

    text: str
    given: Sequence[str]
    targets: Sequence[str]


class _Writer:
    """Writes one line of Python for each equation that computes something.

    Nothing is written twice. An array of a single element is carried as a NumPy scalar, with
    which NumPy calculates ten times as fast, until somebody needs its shape.

    constants   names whose values are known already
    owned       names of arrays that nothing else shares memory with
    launched    names of what executables gave, which are arrays of the device
    single      names of scalars, which have no shape
    """

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.scope: dict[str, Any] = dict(SCOPE)
        self.constants: dict[str, Any] = {}
        self.owned: set[str] = set()
        self.launched: set[str] = set()
        self.single: set[str] = set()
        self.written: dict[Any, list[str]] = {}
        self.turned_products: dict[str, tuple[str, list[str]]] = {}
        self.products = self.rest = 0.0  # seconds
        self.count = 0

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def constant(self, value: Any) -> str:
        name = self.fresh()
        self.scope[name] = self.constants[name] = value
        if not np.ndim(value):
            self.single.add(name)
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
        columns = [
            self.shaped(name, atom)
            for name, atom in list(zip(given, equation.invars, strict=True))[fixed + carried :]
        ]
        for place in reversed(places) if params["reverse"] else places:
            rows = [self.line(f"{{0}}[{place}]", [one]) for one in columns]
            made = self.inline(body, [*consts, *carry, *rows])
            carry = made[:carried]
            for at, stack in enumerate(stacks, carried):
                row = self.shaped(made[at], body.outvars[at])
                stack.insert(0 if params["reverse"] else len(stack), row)
        self.rest += CALL * len(stacks)
        results = [self.line(f"stack([{_places(len(stack))}])", stack) for stack in stacks]
        self.owned.update(results)
        return [*carry, *results]

    def launch(self, executable: Any, given: Sequence[str], count: int) -> list[str]:
        """Writes the launch of an executable."""
        name, results = self.fresh(), [self.fresh() for _ in range(count)]
        self.scope[name] = executable
        text = f"several({name}({', '.join(given)}))"
        self.lines.append(Line(text, given, (*results, "")))
        self.launched.update(results)
        return results

    def line(self, template: str, given: Sequence[str] = ()) -> str:
        """Writes one line; gives the name of its result."""
        text = template.format(*given)
        if text in given:
            return text
        found = self.written.get(text)
        if found is None:
            found = self.written[text] = [self.fresh()]
            self.lines.append(Line(text, given, found))
        return found[0]

    def shaped(self, name: str, atom: Any) -> str:
        """The name of a value as an array, where it is carried without its shape."""
        if name not in self.single or atom is None or not atom.aval.shape:
            return name
        shape = atom.aval.shape
        if name in self.constants:
            return self.constant(self.constants[name].reshape(shape))
        made = self.line(f"{{0}}.reshape({shape})", [name])
        self.owned.add(made)
        return made

    def scalar(self, name: str, atom: Variable) -> str:
        """The name of an array of one element as a scalar."""
        if name in self.single:
            return name
        if name in self.constants:
            return self.constant(self.constants[name].reshape(())[()])
        rank = len(atom.aval.shape)
        made = self.line(f"{{0}}[{', '.join('0' * rank) or '()'}]", [name])
        self.single.add(made)
        return made

    def equation(self, equation: Any, given: list[str], thin: bool) -> list[str]:
        name, atoms = equation.name, equation.invars
        for var in equation.outvars:
            _check(var.aval)
        alone = all([_is_single(atom) for atom in (*atoms, *equation.outvars)])
        if alone and name in RESHAPING:
            made = self.scalar(given[0], atoms[0])
            if name == "reduce_sum" and atoms[0].aval.dtype.kind in "fc":
                made = self.line("{0} + 0.0", [made])  # a sum of -0.0 is 0.0
                self.single.add(made)
            return [made]
        known = pointwise(equation)
        kinds = {var.aval.dtype for var in atoms}
        if known is None:
            rule = RULES.get(name)
            if rule is None:
                raise Unsupported(name)
            if name == "broadcast_in_dim" and thin and given[0] in self.single:
                return given
            known = rule(equation, thin) if name == "broadcast_in_dim" else rule(equation)
            alone = alone and name == "convert_element_type"
            if not alone:
                given = [self.shaped(one, atom) for one, atom in zip(given, atoms, strict=True)]
        elif len(kinds) > 1 and name not in MIXED:
            raise Unsupported(f"{name} of several types")  # NumPy would promote them
        if alone:
            given = [self.scalar(one, atom) for one, atom in zip(given, atoms, strict=True)]
            if name == "select_n" and len(given) == 3:
                known = "{2} if {0} else {1}"
        results = self.applied(equation, known, given)
        if alone:
            self.single.update(results)
        return results

    def applied(self, equation: Any, known: Any, given: list[str]) -> list[str]:
        """Writes what a rule gave: a function, or the text of the result or of each result."""
        if all(one in self.constants for one in given):
            return self.folded(equation, known, given)
        turned = equation.name == "transpose" and equation.params["permutation"][0] == 1
        if turned and given[0] in self.turned_products:
            made = self.line(*self.turned_products[given[0]])
            self.owned.add(made)
            return [made]
        if not callable(known):
            several: list[str] = known if isinstance(known, list) else [known]
            results = [self.line(one, given) for one in several]
            views = [isinstance(one, View) for one in several]
            if equation.name == "dot_general" and isinstance(known, Product):
                self.turned_products[results[0]] = known.turned, given
        else:
            key = equation.name, repr(equation.params), *given
            if key in self.written:
                return self.written[key]
            function = self.fresh()
            self.scope[function] = known
            results = self.written[key] = [self.fresh() for _ in equation.outvars]
            text = f"{function}({', '.join(given)})"
            self.lines.append(Line(text, given, (*results, "") if equation.several else results))
            views = [equation.name in VIEWS] * len(results)
        thin = equation.name == "broadcast_in_dim" and views[0]
        single = all(one in self.single for one in given)
        self.rest += SCALAR if single else seconds(equation, thin)
        self.products += product_seconds(equation)
        self.owned.update(one for one, view in zip(results, views, strict=True) if not view)
        return results

    def folded(self, equation: Any, known: Any, given: list[str]) -> list[str]:
        """The results for constants, which are computed now."""
        if isinstance(known, str):
            text = known.format(*given)
            known = lambda *_: eval(text, self.scope)  # noqa: E731, S307
        elif isinstance(known, list):
            texts = [one.format(*given) for one in known]
            known = lambda *_: [eval(one, self.scope) for one in texts]  # noqa: E731, S307
        with np.errstate(all="ignore"):
            value = known(*[self.constants[one] for one in given])
        if equation.name == "broadcast_in_dim" and np.size(self.constants[given[0]]) == 1:
            shape = equation.outvars[0].aval.shape
            if value.size:
                value = np.broadcast_to(value.reshape(-1)[0], shape)  # one element of memory
        values = value if equation.several else (value,)
        return [self.constant(one) for one in values]

    def function(
        self, parameters: str, results: Sequence[str], atoms: Sequence[Variable]
    ) -> Callable[..., Any]:
        """The whole as a function."""
        results = [self.shaped(name, atom) for name, atom in zip(results, atoms, strict=True)]
        given = []
        for at, name in enumerate(results):
            if name in self.launched:
                given.append(name)
            elif name in self.owned and name not in self.single and name not in results[:at]:
                given.append(f"dense({name})")
            else:
                given.append(f"array({name})")
        lines = [f"def host({parameters}):", *self.needed(results), f"  return {', '.join(given)},"]
        exec(compile("\n".join(lines), "<compat host>", "exec"), self.scope)
        return self.scope["host"]

    def needed(self, results: Sequence[str]) -> list[str]:
        """The lines that the results depend on."""
        wanted, kept = set(results), []
        for line in reversed(self.lines):
            if not wanted.isdisjoint(line.targets):
                wanted.update(line.given)
                kept.append(f"  {', '.join(line.targets)} = {line.text}")
        return kept[::-1]


def _places(count: int) -> str:
    return ", ".join([f"{{{at}}}" for at in range(count)])


def _is_single(atom: Variable) -> bool:
    return math.prod(atom.aval.shape) == 1


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
