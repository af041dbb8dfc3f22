"""Products of matrices and vectors."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from compat.core.dtype import type_name
from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.roles import Array, Arrays, Scalar


def same_type(name: str, a: jax.Array, b: jax.Array) -> None:
    """Refuses operands of different types."""
    require(
        a.dtype == b.dtype,
        f"expected m1 and m2 to have the same dtype, but got: {c_name(a)} != {c_name(b)}"
        if name in ("mm", "addmm")
        else f"expected scalar type {_title(a)} but found {_title(b)}",
    )


_C = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int",
      "float16": "c10::Half", "bfloat16": "c10::BFloat16", "bool": "bool",
      "complex64": "c10::complex<float>", "complex128": "c10::complex<double>"}  # fmt: skip


def c_name(a: jax.Array) -> str:
    """What C++ calls the type of an array."""
    return _C.get(a.dtype.name, a.dtype.name)


def _title(a: jax.Array) -> str:
    return type_name(a.dtype)


def product(a: jax.Array, b: jax.Array) -> jax.Array:
    """The matrix product. Leading dimensions of a are flattened when b is one matrix, since
    XLA:CPU takes twice the time otherwise."""
    if a.dtype == bool:
        return jnp.matmul(a, b)
    if b.ndim == 2 and a.ndim > 2:
        rows = math.prod(a.shape[:-1])
        return jnp.matmul(a.reshape(rows, a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[-1])
    return jnp.matmul(a, b)


@op(dunder="matmul", homes=("torch", "Tensor", "linalg"))
def matmul(input: Array, other: Array) -> Array:
    """The matrix product, with vectors at either end and leading dimensions broadcast."""
    require(
        input.ndim > 0 and other.ndim > 0,
        "both arguments to matmul need to be at least 1D, but they are "
        f"{input.ndim}D and {other.ndim}D",
    )
    same_type("matmul", input, other)
    inner = other.shape[0] if other.ndim == 1 else other.shape[-2]
    if input.ndim <= 2 and other.ndim <= 2:
        _check_small(input, other, inner)
    else:
        require(input.shape[-1] == inner, _batched_text(input, other))
    return product(input, other)


def _check_small(a: jax.Array, b: jax.Array, inner: int) -> None:
    if a.shape[-1] == inner:
        return
    if a.ndim == 1 and b.ndim == 1:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.shape[0]}] and src [{inner}] to have "
            f"the same number of elements, but got {a.shape[0]} and {inner} elements respectively"
        )
    if b.ndim == 1:
        raise RuntimeError(
            f"size mismatch, got input ({a.shape[0]}), mat ({a.shape[0]}x{a.shape[1]}), vec "
            f"({inner})"
        )
    rows = a.shape[0] if a.ndim == 2 else 1
    raise RuntimeError(
        f"mat1 and mat2 shapes cannot be multiplied ({rows}x{a.shape[-1]} and "
        f"{inner}x{b.shape[-1]})"
    )


def _batched_text(a: jax.Array, b: jax.Array) -> str:
    rows = 1
    for n in a.shape[:-1]:
        rows *= n
    if b.ndim <= 2:
        columns = b.shape[-1] if b.ndim == 2 else 1
        return (
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{a.shape[-1]} and "
            f"{b.shape[0]}x{columns})"
        )
    lead = 1
    for n in b.shape[:-2]:
        lead *= n
    return (
        f"Expected size for first two dimensions of batch2 tensor to be: [{lead}, {a.shape[-1]}] "
        f"but got: [{lead}, {b.shape[-2]}]."
    )


@op(extras={"samples": ({"input": 0}, (0,))})
def mm(input: Array, mat2: Array) -> Array:
    """The product of two matrices."""
    require(input.ndim == 2, "self must be a matrix")
    require(mat2.ndim == 2, "mat2 must be a matrix")
    same_type("mm", input, mat2)
    _check_small(input, mat2, mat2.shape[0])
    return product(input, mat2)


@op
def mv(input: Array, vec: Array) -> Array:
    """The product of a matrix and a vector."""
    require(
        input.ndim == 2 and vec.ndim == 1,
        f"vector + matrix @ vector expected, got 1, {input.ndim}, {vec.ndim}",
    )
    _check_small(input, vec, vec.shape[0])
    return jnp.matmul(input, vec)


@op
def bmm(input: Array, mat2: Array) -> Array:
    """The products of two batches of matrices."""
    require(input.ndim == 3, "batch1 must be a 3D tensor")
    require(mat2.ndim == 3, "batch2 must be a 3D tensor")
    same_type("bmm", input, mat2)
    require(
        mat2.shape[:2] == (input.shape[0], input.shape[2]),
        f"Expected size for first two dimensions of batch2 tensor to be: [{input.shape[0]}, "
        f"{input.shape[2]}] but got: [{mat2.shape[0]}, {mat2.shape[1]}].",
    )
    return jnp.matmul(input, mat2)


@op(kernel=("dot", "ifc"))
def dot(input: Array, tensor: Array) -> Array:
    """The sum of products of two vectors."""
    _two_vectors(input, tensor)
    return jnp.dot(input, tensor)


def _two_vectors(a: jax.Array, b: jax.Array) -> None:
    """Refuses all but two vectors of one type and length."""
    require(
        a.ndim == 1 and b.ndim == 1,
        f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors",
    )
    require(
        a.dtype == b.dtype,
        f"dot : expected both vectors to have same dtype, but found {_title(a)} and {_title(b)}",
    )
    require(
        a.shape == b.shape,
        f"inconsistent tensor size, expected tensor [{a.size}] and src [{b.size}] to have "
        f"the same number of elements, but got {a.size} and {b.size} elements respectively",
    )


@op(homes=("torch", "Tensor"))
def vdot(input: Array, other: Array) -> Array:
    """The sum of products, the first vector conjugated."""
    _two_vectors(input, other)
    return jnp.vdot(input, other)


@op
def inner(input: Array, other: Array) -> Array:
    """Sums of products over the last dimensions."""
    return jnp.inner(input, other)


@op(aliases=("ger",), extras={"out": "cast", "apart": "all"})
def outer(input: Array, vec2: Array) -> Array:
    """All products of two vectors."""
    for place, one in (("1", input), ("2", vec2)):
        require(one.ndim == 1, f"outer: Expected 1-D argument {place}, but got {one.ndim}-D")
    kind = jnp.promote_types(input.dtype, vec2.dtype)
    return jnp.outer(input.astype(kind), vec2.astype(kind))


def scaled(base: jax.Array, beta: Any, added: jax.Array, alpha: Any) -> jax.Array:
    """`beta * base + alpha * added`; with beta 0 what base holds does not matter."""
    if not isinstance(alpha, int):
        added = added * alpha.astype(added.dtype)
    if isinstance(beta, int):
        return base + added
    return jnp.where(beta == 0, added, base * beta.astype(base.dtype) + added)


@op(inplace=True, legacy="addmm(beta, input, alpha, mat1, mat2)")
def addmm(input: Array, mat1: Array, mat2: Array, *, beta: Scalar = 1, alpha: Scalar = 1) -> Array:
    """`beta * input + alpha * mat1 @ mat2`."""
    require(mat1.ndim == 2, f"mat1 must be a matrix, got {mat1.ndim}-D tensor")
    require(mat2.ndim == 2, f"mat2 must be a matrix, got {mat2.ndim}-D tensor")
    _check_small(mat1, mat2, mat2.shape[0])
    made = product(mat1, mat2)
    return scaled(_expanded(input, made.shape), beta, made, alpha)


def _expanded(input: jax.Array, shape: Any) -> jax.Array:
    lead = len(shape) - input.ndim
    for d, n in enumerate(input.shape):
        require(
            lead >= 0 and n in (1, shape[lead + d]),
            f"The expanded size of the tensor ({shape[lead + d] if lead >= 0 else shape}) must "
            f"match the existing size ({n}) at non-singleton dimension {d}.  Target sizes: "
            f"{list(shape)}.  Tensor sizes: {list(input.shape)}",
        )
    return jnp.broadcast_to(input, shape)


@op(inplace=True, legacy="addmv(beta, input, alpha, mat, vec)",
    extras={"torch_inplace": True})  # fmt: skip
def addmv(input: Array, mat: Array, vec: Array, *, beta: Scalar = 1, alpha: Scalar = 1) -> Array:
    """`beta * input + alpha * mat @ vec`."""
    made = jnp.matmul(mat, vec)
    return scaled(_expanded(input, made.shape), beta, made, alpha)


@op(inplace=True, legacy="addr(beta, input, alpha, vec1, vec2)", extras={"out": "cast"})
def addr(input: Array, vec1: Array, vec2: Array, *, beta: Scalar = 1, alpha: Scalar = 1) -> Array:
    """`beta * input + alpha * outer(vec1, vec2)`."""
    made = jnp.outer(vec1, vec2)
    return scaled(_expanded(input, made.shape), beta, made, alpha)


@op(inplace=True, legacy="baddbmm(beta, input, alpha, batch1, batch2)")
def baddbmm(input: Array, batch1: Array, batch2: Array, *, beta: Scalar = 1,
            alpha: Scalar = 1) -> Array:  # fmt: skip
    """`beta * input + alpha * batch1 @ batch2`, for batches of matrices."""
    require(batch1.ndim == 3, "batch1 must be a 3D tensor")
    require(batch2.ndim == 3, "batch2 must be a 3D tensor")
    require(
        batch2.shape[:2] == (batch1.shape[0], batch1.shape[2]),
        f"Expected size for first two dimensions of batch2 tensor to be: [{batch1.shape[0]}, "
        f"{batch1.shape[2]}] but got: [{batch2.shape[0]}, {batch2.shape[1]}].",
    )
    made = jnp.matmul(batch1, batch2)
    return scaled(_expanded(input, made.shape), beta, made, alpha)


@op(inplace=True, legacy="addbmm(beta, input, alpha, batch1, batch2)",
    extras={"resizes": True})  # fmt: skip
def addbmm(input: Array, batch1: Array, batch2: Array, *, beta: Scalar = 1,
           alpha: Scalar = 1) -> Array:  # fmt: skip
    """`beta * input + alpha * sum over the batch of batch1 @ batch2`."""
    made = jnp.einsum("bij,bjk->ik", batch1, batch2)
    return scaled(_expanded(input, made.shape), beta, made, alpha)


@op(homes=("hidden",), name="_einsum", out=False)
def einsum(equation: str, operands: Arrays) -> Array:
    """Sums of products by Einstein's convention; whole numbers that are summed before they meet
    others give int64."""
    if all(one.dtype.kind in "iub" for one in operands) and _sums_alone(equation):
        return jnp.einsum(equation, *[one.astype("int64") for one in operands])
    return jnp.einsum(equation, *operands)


def _sums_alone(equation: str) -> bool:
    """Whether a letter is in one operand only and not in the result."""
    given, arrow, result = equation.partition("->")
    terms = given.split(",")
    return any(
        sum(letter in term for term in terms) == 1
        and (letter not in result if arrow else given.count(letter) > 1)
        for letter in set(given) - set(".,")
    )


@op(extras={"out": "cast"})
def kron(input: Array, other: Array) -> Array:
    """The Kronecker product."""
    if input.dtype == bool and other.dtype == bool:
        return jnp.kron(input.astype("uint8"), other.astype("uint8")).astype(bool)
    return jnp.kron(input, other)


@op(homes=("hidden",), name="_tensordot", out=False)
def tensordot(a: Array, b: Array, dims: Any = 2) -> Array:
    """Sums of products over several dimensions, of which one of two may have size 1."""
    first, second = _contracted(a, b, dims)
    for one, other in zip(first, second, strict=True):
        if b.shape[other] == 1:
            a = jnp.sum(a, one, keepdims=True, dtype=a.dtype)
        elif a.shape[one] == 1:
            b = jnp.sum(b, other, keepdims=True, dtype=b.dtype)
    return jnp.tensordot(a, b, (first, second))


def _contracted(a: jax.Array, b: jax.Array, dims: Any) -> tuple[list[int], list[int]]:
    if isinstance(dims, int):
        dims = ([*range(a.ndim - dims, a.ndim)], [*range(dims)])
    first, second = ([each % x.ndim for each in d] for d, x in zip(dims, (a, b), strict=True))
    for one, other in zip(first, second, strict=True):
        require(
            a.shape[one] == b.shape[other] or 1 in (a.shape[one], b.shape[other]),
            f"contracted dimensions need to match, but first has size {a.shape[one]} in dim {one} "
            f"and second has size {b.shape[other]} in dim {other}",
        )
    return first, second


@op(homes=("nn.functional",),
    extras={"node": "AddmmBackward0", "samples": ({"input": 0}, (0,))})
def linear(input: Array, weight: Array, bias: Array | None = None) -> Array:
    """`input @ weight.T + bias`; weight is (out, in)."""
    require(
        input.shape[-1] == weight.shape[-1],
        _linear_text(input, weight),
    )
    require(
        input.dtype == weight.dtype,
        f"mat1 and mat2 must have the same dtype, but got {_title(input)} and {_title(weight)}",
    )
    flat = input.reshape(-1, input.shape[-1]) if input.ndim != 2 else input
    made = jax.lax.dot_general(flat, weight, (((1,), (weight.ndim - 1,)), ((), ())))
    if bias is not None:
        made = made + bias
    return made.reshape(*input.shape[:-1], *weight.shape[:-1]) if input.ndim != 2 else made


def _linear_text(input: jax.Array, weight: jax.Array) -> str:
    rows = input.size // max(input.shape[-1], 1) if input.ndim > 1 else 1
    outs = weight.shape[0] if weight.ndim == 2 else 1
    return (
        f"mat1 and mat2 shapes cannot be multiplied ({rows}x{input.shape[-1]} and "
        f"{weight.shape[-1]}x{outs})"
    )


@op(homes=("nn.functional",), out=False)
def bilinear(input1: Array, input2: Array, weight: Array, bias: Array | None = None) -> Array:
    """`input1 @ weight[k] @ input2 + bias[k]` for each output k."""
    wide = jnp.float32 if weight.dtype.itemsize < 4 else None
    made = jnp.einsum("...i,kij,...j->...k", input1, weight, input2, preferred_element_type=wide)
    return (made if bias is None else made + bias).astype(weight.dtype)
