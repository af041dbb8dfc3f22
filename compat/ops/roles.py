"""What a parameter of an op is. The annotation says it, and nothing else does.

An editor and a type checker see plain arrays and numbers; the front reads the role.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import jax

from compat.core import dtype as _dtype


@dataclass(frozen=True)
class Role:
    """How an argument travels, and, on a return annotation, which type a result gets.

    kind       "array"   traced, its type left alone
               "arrays"  a sequence of such
               "scalar"  a Python number that is traced: another value never recompiles
               "static"  part of the signature
    promotes   whether its type joins promotion, and it is cast to the common type
    floats     whether whole numbers become the default floating type
    numbers    for promoted arrays: whether a Python number in their place is "traced", "static"
               or "refused"
    result     for return annotations: "promoted", "bool", "index" or "as is"
    """

    kind: str
    promotes: bool = False
    floats: bool = False
    numbers: str = "refused"
    result: str = "as is"


Array: TypeAlias = Annotated[jax.Array, Role("array")]
Promoted: TypeAlias = Annotated[
    jax.Array, Role("array", promotes=True, numbers="traced", result="promoted")
]
# As Promoted, but a Python number in its place is part of the signature (exponents of pow).
PromotedStatic: TypeAlias = Annotated[
    jax.Array, Role("array", promotes=True, numbers="static", result="promoted")
]
# As Promoted where a number makes no sense: the input of a reduction.
Operand: TypeAlias = Annotated[jax.Array, Role("array", promotes=True, result="promoted")]
Floating: TypeAlias = Annotated[
    jax.Array, Role("array", promotes=True, floats=True, numbers="traced", result="promoted")
]
# As Floating where a number in its place is refused.
FloatingOperand: TypeAlias = Annotated[
    jax.Array, Role("array", promotes=True, floats=True, result="promoted")
]
Arrays: TypeAlias = Annotated[Sequence[jax.Array], Role("arrays")]
PromotedArrays: TypeAlias = Annotated[Sequence[jax.Array], Role("arrays", promotes=True)]
# A number cast to the type in which the op computes.
Scalar: TypeAlias = Annotated[Any, Role("scalar")]
# Static settings, named for the reader.
Dim: TypeAlias = Annotated[int, Role("static")]
Dims: TypeAlias = Annotated[tuple[int, ...] | int, Role("static")]
Shape: TypeAlias = Annotated[tuple[int, ...], Role("static")]
Flag: TypeAlias = Annotated[bool, Role("static")]
DType: TypeAlias = Annotated[_dtype.dtype, Role("static")]
# Types of results.
Bool: TypeAlias = Annotated[jax.Array, Role("array", result="bool")]
Index: TypeAlias = Annotated[jax.Array, Role("array", result="index")]

STATIC = Role("static")
PLAIN = Role("array")  # what a bare `jax.Array` means
