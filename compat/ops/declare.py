"""An op, declared once: a pure function over jax arrays, and what the front derives from it."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import jax

from compat.ops.roles import PLAIN, STATIC, Role

Body = TypeVar("Body", bound=Callable[..., Any])


@dataclass(frozen=True)
class Parameter:
    """One parameter of an op."""

    name: str
    role: Role
    default: Any  # inspect.Parameter.empty when it must be given
    optional: bool  # whether None may be given
    keyword_only: bool

    @property
    def is_static(self) -> bool:
        return self.role.kind == "static"

    @property
    def is_required(self) -> bool:
        return self.default is inspect.Parameter.empty


@dataclass(eq=False)
class Op:
    """One declaration.

    homes     where it can be found: "torch", "Tensor", "nn.functional", "linalg", ...
    aliases   its other names in the same homes
    dunder    the Python operator it implements, as "add"; `reflected` ones are derived
    inplace   whether `name_` exists
    out       whether `out=` exists
    legacy    an old positional spelling, as "add(input, alpha, other)"
    backward  the gradient rule, when it is not `jax.vjp` of the body. The names of its
              parameters say what it needs: `grad` (the cotangent, or one `grad_<n>` a result),
              `result` (or `result_<n>`), and parameters of the op by their names. It gives the
              gradients of the array parameters in order
    strides   "pointwise" (as the inputs), "contiguous", or a function of the input metas
    math      whether half-precision types are computed in float32
    kernel    PyTorch's name of the kernel and the kinds of types it takes, of "bifc" (bools,
              whole numbers, floating, complex); others are refused in its words. "{name}" in it
              stands for the name of the op
    results   names of the fields, for ops with several results
    guard     exception and text raised at the next look when the body's last result, a 0-dim
              bool, is False
    extras    what few ops need; "blind" says, of the settings and the operands' metas, as bits
              to which no gradient comes back; "divisor" names the operand by which whole numbers
              are divided, "out" and "apart" say what `out=` refuses, see `front/into.py`;
              "samples" gives, of ops that work on each sample alone, the dimension of samples of
              operands by name (the others all samples share), and of each result, or
              is a function of the settings that gives this
    residuals how many trailing results are kept for `backward` and not given out
    """

    name: str
    body: Callable[..., Any]
    homes: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    dunder: str | None = None
    inplace: bool = False
    out: bool = True
    legacy: str | None = None
    backward: Callable[..., Any] | None = None
    strides: Any = "contiguous"
    math: bool = False
    kernel: tuple[str, str] | None = None
    results: tuple[str, ...] = ()
    guard: tuple[type[Exception], str] | None = None
    residuals: int = 0
    varargs: str | None = None
    differentiable: bool = True
    extras: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        hints = typing.get_type_hints(self.body, include_extras=True)
        found = []
        for name, each in inspect.signature(self.body).parameters.items():
            role, optional = _role_of(hints.get(name, Any))
            found.append(
                Parameter(
                    name,
                    role,
                    each.default,
                    optional or each.default is None,
                    each.kind is inspect.Parameter.KEYWORD_ONLY,
                )
            )
        return tuple(found)

    @cached_property
    def returns(self) -> tuple[Role, ...]:
        """The role of each result; a single one for all when there is no telling how many."""
        hint = typing.get_type_hints(self.body, include_extras=True).get("return", Any)
        if typing.get_origin(hint) is tuple:
            return tuple(_role_of(part)[0] for part in typing.get_args(hint) if part is not ...)
        return (_role_of(hint)[0],)

    @cached_property
    def mark(self) -> str | None:
        """A name that means the same function in every process; None for those made at run time."""
        if self.body.__module__.startswith(_HOUSE) and OPS.get(self.place) is self:
            return f"op {self.place}"
        return None

    @property
    def place(self) -> str:
        """Its first home and name."""
        return f"{self.homes[0]}.{self.name}"

    @cached_property
    def promotes(self) -> bool:
        return any(parameter.role.promotes for parameter in self.parameters)

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def _role_of(hint: Any) -> tuple[Role, bool]:
    """The role in an annotation, and whether it allows None."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        parts = typing.get_args(hint)
        roles = [_role_of(part)[0] for part in parts if part is not types.NoneType]
        role = next((one for one in roles if one != STATIC), STATIC)
        return role, types.NoneType in parts
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, Role):
            return extra, False
    return (PLAIN if hint is jax.Array else STATIC), False


_HOUSE = __name__.rpartition(".")[0] + "."
OPS: dict[str, Op] = {}  # every declaration, by its first home and name


def _declared(body: Callable[..., Any], settings: dict[str, Any]) -> None:
    name = settings.pop("name", None) or body.__name__.rstrip("_")
    op = Op(name=name, body=body, **settings)
    OPS[op.place] = op


def _decorator(defaults: dict[str, Any]) -> Callable[..., Any]:
    def decorate(body: Any = None, **settings: Any) -> Any:
        if body is not None:
            _declared(body, dict(defaults))
            return body
        return lambda body: (_declared(body, {**defaults, **settings}), body)[1]

    return decorate


_BOTH = ("torch", "Tensor")

op = _decorator({"homes": _BOTH})
pointwise = _decorator(
    {"homes": _BOTH, "inplace": True, "strides": "pointwise", "math": True}
)
reduction = _decorator({"homes": _BOTH, "math": True})
creation = _decorator({"homes": ("torch",)})


@dataclass(eq=False)
class View:
    """A view op: how it maps sizes, strides and offset; gradient and reading follow from that.

    geometry takes a `Geometry` and the static arguments, and gives one (or a list of them,
    for ops like `split`, whose results may not be written in place while gradients are kept).
    """

    name: str
    geometry: Callable[..., Any]
    homes: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    varargs: str | None = None
    inplace: bool = False

    @cached_property
    def signature(self) -> inspect.Signature:
        return inspect.signature(self.geometry)


VIEWS: dict[str, View] = {}


def view(
    body: Any = None,
    *,
    homes: Sequence[str] = _BOTH,
    aliases: Sequence[str] = (),
    varargs: str | None = None,
    inplace: bool = False,
) -> Any:
    """Declares a view op: `@view def t(x: Geometry) -> Geometry`."""

    def declare(geometry: Body) -> Body:
        name = geometry.__name__.rstrip("_")
        VIEWS[name] = View(name, geometry, tuple(homes), tuple(aliases), varargs, inplace)
        return geometry

    return declare(body) if body is not None else declare


class Geometry(NamedTuple):
    """Sizes, strides and offset of a view over the flat order of a storage."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
