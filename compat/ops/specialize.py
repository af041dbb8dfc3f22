"""One op at one set of settings: the pure function over operands that the engine records."""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from compat.core import dtype as d
from compat.core.dtype import COMPLEX, FLOATING, dtype
from compat.core.promotion import math_dtype, result_type, to_floating
from compat.core.size import broadcast_shapes
from compat.ops.declare import Op, Parameter

ZERO_DIVISION = (RuntimeError, "ZeroDivisionError")
KIND_TYPES: dict[str, type] = {"b": bool, "i": int, "f": float, "c": complex}


class Binding:
    """An op with its static arguments bound, and a code for each argument that is traced.

    codes    one a traced parameter: "T" an array, "L3" a list of three, "b i f c" a number by
             kind, "-" left at its default, "N" a number that is part of the settings
    operand_types   (dtype, rank) of each array, in order
    """

    __slots__ = ("op", "codes", "statics", "operand_types", "compute", "math", "arity", "divides")

    def __init__(
        self,
        op: Op,
        codes: Sequence[tuple[Parameter, str]],
        statics: dict[str, Any],
        operand_types: Sequence[tuple[dtype, int]],
    ) -> None:
        self.op = op
        self.codes = tuple(codes)
        self.statics = statics
        self.operand_types = tuple(operand_types)
        self.arity = len(self.operand_types)
        self.compute = self._common_type() if op.promotes else None
        self.math = self.compute and (math_dtype(self.compute) if op.math else self.compute)
        if op.kernel is not None:
            self._check_kernel(*op.kernel)
        self.divides = self._divides()

    def _check_kernel(self, name: str, kinds: str) -> None:
        common = self.compute or next((one for one, _ in self.operand_types), None)
        if common is not None and "bifc"[common.category] not in kinds:
            raise NotImplementedError(
                f"\"{name.format(name=self.op.name)}\" not implemented for "
                f"'{d.TYPE_NAMES[common]}'"
            )

    def _divides(self) -> str | None:
        """How whole numbers are divided, which zero breaks: by a "number", by a "tensor", or not.

        A number is looked at when the call is made. A tensor is looked at in the program, whose
        check is read at the next look: waiting for its values at the call would end the section.
        """
        if "divisor" not in self.op.extras or self.compute is None:
            return None
        if self.compute.category >= FLOATING or self.statics.get("rounding_mode", "") is None:
            return None
        code = next(code for one, code in self.codes if one.name == self.op.extras["divisor"])
        return "tensor" if code == "T" else "number"

    @property
    def guard(self) -> tuple[type[Exception], str] | None:
        """Exception and text for when the last result of `forward` is False, if it is a check."""
        return ZERO_DIVISION if self.divides == "tensor" else self.op.guard

    def key(self) -> Hashable:
        """What the engine interns the function by, beside operand shapes and number kinds."""
        codes = tuple(code for _, code in self.codes)
        return self.op, codes, tuple(self.statics.items()), self.compute

    def samples(
        self, inputs: Sequence[Any], outs: Sequence[Any]
    ) -> tuple[list[int | None], list[int | None]] | None:
        """For each array and each result the dimension of its samples, None where all share it;
        for ops that work on each sample alone."""
        declared: Any = self.op.extras.get("samples")
        if callable(declared):
            declared = declared(self.statics)
        if declared is None:
            return None
        names = [one.name for one, code in self.codes if code == "T"]
        of_inputs = [declared[0].get(name) for name in names]
        of_results = list(declared[1])
        placed = [*zip(of_inputs, inputs, strict=True), *zip(of_results, outs, strict=True)]
        if all(dim is None or len(one.shape) > dim for dim, one in placed):
            return of_inputs, of_results
        return None

    def kinds(self) -> str:
        """The kinds of the numbers, in order."""
        return "".join(code for _, code in self.codes if code in KIND_TYPES)

    def _common_type(self) -> dtype:
        types = iter(self.operand_types)
        joining: list[tuple[dtype, int]] = []
        numbers: list[type] = []
        floats = False
        for parameter, code in self.codes:
            role = parameter.role
            if code == "T" or code[0] == "L":
                mine = [next(types) for _ in range(1 if code == "T" else int(code[1:]))]
                joining += mine if role.promotes else []
            elif code == "N":
                numbers.append(type(self.statics[parameter.name]))
            elif code != "-" and role.promotes:
                numbers.append(KIND_TYPES[code])
            floats |= role.floats
        if joining or numbers:
            common = result_type(joining, numbers)
        else:  # every operand left out: cat of nothing
            common = d.get_default_dtype()
        return to_floating(common) if floats else common

    def result_dtype(self, of: dtype) -> dtype:
        """What a result that the body gives in this type is given out in."""
        if self.math is not None and of is self.math and self.compute is not None:
            return self.compute
        return of

    # The function.

    def forward(self, *operands: Any) -> Any:
        """The body on operands (arrays, then numbers), with promotion and the result types."""
        if self.op.strides == "pointwise":
            broadcast_shapes(*[one.shape for one in operands[: self.arity]])
        given = self._arguments(operands)
        made = self._typed(self.op.body(**given))
        if self.divides == "tensor":
            fine = given[self.op.extras["divisor"]] != 0 if made.size else True
            return made, jnp.all(fine)
        return made

    def _arguments(self, operands: Sequence[Any]) -> dict[str, Any]:
        arrays, numbers = iter(operands[: self.arity]), iter(operands[self.arity :])
        given = dict(self.statics)
        for parameter, code in self.codes:
            if code in ("-", "N"):
                if code == "-" and parameter.is_required:
                    given[parameter.name] = None
                continue
            if code == "T":
                given[parameter.name] = self._cast(parameter, next(arrays))
            elif code[0] == "L":
                count = int(code[1:])
                given[parameter.name] = [
                    self._cast(parameter, next(arrays)) for _ in range(count)
                ]
            else:
                given[parameter.name] = self._cast_number(parameter, next(numbers))
        return given

    def _cast(self, parameter: Parameter, array: Any) -> Any:
        if parameter.role.promotes and self.math is not None:
            return convert(array, self.math)
        return array

    def _cast_number(self, parameter: Parameter, number: Any) -> Any:
        """A number meets the arrays in the type in which the op computes."""
        target = self.math or next((one for one, _ in self.operand_types), None)
        if target is None:
            return number
        own = d.from_numpy_type(number.dtype)
        if own.category > target.category:  # a fraction for whole numbers keeps its own type
            return number
        return number.astype(target.numpy)

    def _typed(self, made: Any) -> Any:
        own = self.operand_types[0][0] if self.operand_types else None
        if own is not None and "as_input" in self.op.extras and own.category == FLOATING:
            # Parameters of a wider type do not widen the result.
            if isinstance(made, tuple | list):
                return (convert(made[0], own), *self._by_roles(tuple(made[1:]), 1))
            return convert(made, own)
        return self._by_roles(made, 0)

    def _by_roles(self, made: Any, skipped: int) -> Any:
        roles = self.op.returns[skipped:]
        if not isinstance(made, tuple | list):
            return self._typed_as(roles[0].result, made)
        kinds = [role.result for role in roles] or ["as is"]
        kinds += kinds[-1:] * (len(made) - len(kinds))
        return tuple(self._typed_as(kind, one) for kind, one in zip(kinds, made, strict=False))

    def _typed_as(self, result: str, array: Any) -> Any:
        if result == "promoted" and self.compute is not None:
            return convert(array, self.compute)
        if result == "bool":
            return array.astype(bool)
        if result == "index":
            return array.astype("int64")
        array = jnp.asarray(array)
        own = d.from_numpy_type(array.dtype)
        return convert(array, self.result_dtype(own))

    # The declared gradient.

    def rule_needs(self) -> list[tuple[str, int]]:
        """What the declared gradient rule reads: ("in", operand) and ("out", result) pairs."""
        rule = self.op.backward
        assert rule is not None
        needs: list[tuple[str, int]] = []
        places = dict(self._places())
        for name in inspect.signature(rule).parameters:
            if name in places:
                needs += [("in", place) for place in places[name]]
            elif name == "result":
                needs.append(("out", 0))
            elif name.startswith("result_"):
                needs.append(("out", int(name[7:])))
        return needs

    def _places(self) -> Iterator[tuple[str, list[int]]]:
        at = 0
        for parameter, code in self.codes:
            count = 1 if code == "T" else int(code[1:]) if code[0] == "L" else 0
            if count:
                yield parameter.name, list(range(at, at + count))
                at += count

    def rule(
        self, grads: Sequence[Any], inputs: dict[int, Any], outputs: dict[int, Any], numbers: Any
    ) -> list[Any]:
        """Gradients of all array operands by the declared rule, None where it gives none."""
        rule = self.op.backward
        assert rule is not None
        zeros = [
            inputs.get(at, jnp.zeros((), one.numpy))
            for at, (one, _) in enumerate(self.operand_types)
        ]
        values = self._arguments([*zeros, *numbers])
        defaults = {p.name: p.default for p in self.op.parameters}
        given: dict[str, Any] = {}
        for name in inspect.signature(rule).parameters:
            if name == "grad":
                given[name] = self._upcast(grads[0])
            elif name.startswith("grad_"):
                given[name] = self._upcast(grads[int(name[5:])])
            elif name == "result":
                given[name] = self._upcast(outputs[0])
            elif name.startswith("result_"):
                given[name] = self._upcast(outputs[int(name[7:])])
            else:
                given[name] = values[name] if name in values else defaults[name]
        made = rule(**given)
        return list(made) if isinstance(made, tuple | list) else [made]

    def _upcast(self, array: Any) -> Any:
        if array is not None and self.math is not None and self.op.math:
            own = d.from_numpy_type(array.dtype)
            return convert(array, math_dtype(own))
        return array


def convert(array: Any, to: dtype) -> jax.Array:
    """The array in another type, as PyTorch converts: the imaginary part is dropped silently."""
    array = jnp.asarray(array)
    if array.dtype == to.numpy:
        return array
    if array.dtype.kind == "c" and to.category != COMPLEX:
        array = array.real
    if to.category < FLOATING and array.dtype.kind == "f" and to.category:
        return _to_whole(array, to)
    if to is d.float8_e4m3fn:  # it has no infinity: PyTorch takes its greatest number instead
        array = jnp.clip(array, -_GREATEST, _GREATEST)
    return array.astype(to.numpy)


_GREATEST = 448


def _to_whole(array: jax.Array, to: dtype) -> jax.Array:
    """Fractions to whole numbers: narrow types wrap around through int64, as on x86."""
    if to.itemsize < 4:
        return array.astype("int32").astype(to.numpy)
    return array.astype(to.numpy)


def unbroadcast(gradient: Any, shape: Sequence[int]) -> Any:
    """Sums a gradient over the dimensions along which its operand was expanded."""
    if tuple(gradient.shape) == tuple(shape):
        return gradient
    extra = gradient.ndim - len(shape)
    axes = [*range(extra)]
    own = gradient.shape[extra:]
    axes += [extra + dim for dim, n in enumerate(shape) if n == 1 and own[dim] != 1]
    return gradient.sum(tuple(axes), keepdims=True).reshape(shape)
