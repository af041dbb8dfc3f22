"""XLA's general product in NumPy: as the text of one product of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def product(equation: Any) -> str:
    """A product as one (batched) matrix product of operands in the order batch, kept, summed."""
    (left_sum, right_sum), (left_batch, right_batch) = equation.params["dimension_numbers"]
    left, right = (atom.aval for atom in equation.invars[:2])
    result = equation.outvars[0].aval
    batch = [left.shape[dim] for dim in left_batch]

    def turned(place: int, shape: Any, batched: Any, summed: Any, summed_last: bool) -> str:
        kept = [dim for dim in range(len(shape)) if dim not in batched and dim not in summed]
        sizes = [math.prod([shape[dim] for dim in dims]) for dims in (kept, summed)]
        dims = [kept, list(summed)] if summed_last else [list(summed), kept]
        sizes = sizes if summed_last else sizes[::-1]
        order, text = (*batched, *dims[0], *dims[1]), f"{{{place}}}"
        if order != tuple(range(len(shape))):
            text += f".transpose({order})"
        turned_shape = tuple(shape[dim] for dim in order)
        return text + reshaping(turned_shape, (*batch, *sizes))

    a = turned(0, left.shape, left_batch, left_sum, True)
    b = turned(1, right.shape, right_batch, right_sum, False)
    rows = math.prod(result.shape[len(batch) : len(left.shape) - len(left_sum)])
    columns = math.prod(result.shape) // max(rows * math.prod(batch), 1)
    text = f"matmul({a}, {b})" if batch else f"dot({a}, {b})"  # matmul is slow at outer products
    text += reshaping((*batch, rows, columns), result.shape)
    if np.result_type(left.dtype, right.dtype) != result.dtype:
        return f"{text}.astype({np.dtype(result.dtype).name})"
    if not batch and result.shape == (rows, columns):
        return Product(text, f"dot({b}.T, {a}.T)")
    return text


class Product(str):
    """The text of a product of matrices, and of its transpose, which is one as well."""

    turned: str

    def __new__(cls, text: str, turned: str) -> Product:
        made = super().__new__(cls, text)
        made.turned = turned
        return made


def reshaping(own: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """The text behind an array of a shape that gives it another; none where it is the same."""
    return "" if own == shape else f".reshape({tuple(shape)})"
