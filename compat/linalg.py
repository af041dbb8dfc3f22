"""torch.linalg: the operations of linear algebra, and the few that are compositions."""

from __future__ import annotations

from typing import Any

from compat.core.errors import LinAlgError as LinAlgError
from compat.front.create import hidden
from compat.front.derive import FUNCTIONS
from compat.front.into import given_out
from compat.front.results import result_type

globals().update(FUNCTIONS["linalg"])


def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonal of matrices, as a view."""
    return FUNCTIONS["torch"]["diagonal"](A, offset, dim1, dim2)


_LSTSQ = result_type("linalg_lstsq", ("solution", "residuals", "rank", "singular_values"))


def lstsq(input: Any, b: Any, rcond: float | None = None, *, driver: str | None = None,
          out: Any = None) -> Any:  # fmt: skip
    """X that makes `norm(input @ X - b)` least, and of all such X the shortest.

    The rank is given by all drivers but "gels"; singular values by "gelsd" and "gelss"; the squared
    residuals of tall matrices by "gels", and by "gelsd" and "gelss" when the rank is full, which
    takes a look at it.
    """
    driver = "gelsy" if driver is None else driver
    solution, squares, rank, sizes = hidden("_lstsq")(input, b, rcond, driver)
    rows, columns = input.shape[-2:]
    exact = driver in ("gelsd", "gelss")
    if rows <= columns or driver == "gelsy" or (exact and not bool((rank == columns).all())):
        squares = squares.reshape(-1)[:0]
    if driver == "gels":
        rank = rank.new_zeros((0,))
    sizes = sizes.detach() if exact else sizes.new_zeros((0,))
    made = _LSTSQ(solution, squares, rank, sizes)
    return given_out(out, made)

