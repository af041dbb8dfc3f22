"""Views that do not share: the `_copy` twin of each view, writes of a view into a copy, and
pieces that may be written one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compat.core.size import contiguous_format
from compat.front.derive import FUNCTIONS
from compat.front.into import EXACT, given_out

_TWINS = (
    "as_strided", "detach", "diagonal", "expand", "permute", "select", "split",
    "split_with_sizes", "squeeze", "t", "transpose", "unbind", "unfold", "unsqueeze",
    "view_as_complex", "view_as_real", "view",
)  # fmt: skip


def _twin(name: str, view: Callable[..., Any]) -> Callable[..., Any]:
    def copy(input: Any, *args: Any, out: Any = None, **settings: Any) -> Any:
        made = view(input, *args, **settings)
        if isinstance(made, tuple):
            made = tuple(each.clone(memory_format=contiguous_format) for each in made)
        else:
            made = made.clone(memory_format=contiguous_format)
        return given_out(out, made, EXACT)

    copy.__name__ = copy.__qualname__ = f"{name}_copy"
    copy.__doc__ = f"As `{name}`, in memory of its own."
    return copy


def _alias(input: Any) -> Any:
    return input


def _slice(input: Any, dim: int = 0, start: int | None = None, end: int | None = None,
           step: int = 1) -> Any:  # fmt: skip
    axis = dim + input.dim() if dim < 0 else dim
    return input[(*[slice(None)] * axis, slice(start, end, step))]


def narrow_copy(input: Any, dim: int, start: int, length: int, *, out: Any = None) -> Any:
    """As `narrow`, in memory of its own; dims and lengths are refused in other words."""
    if 0 < input.dim() <= dim:
        raise RuntimeError(
            "Expected dim < static_cast<int64_t>(self_sizes.size()) to be true, but got false.  "
            "(Could this error message be improved?  If so, please report an enhancement request "
            "to PyTorch.)"
        )
    if length < 0:
        raise RuntimeError(
            f"start ({start}) + length ({length}) exceeds dimension size ({input.size(dim)})."
        )
    made = input.narrow(dim, start, length).clone(memory_format=contiguous_format)
    return given_out(out, made, EXACT)


def as_strided_scatter(input: Any, src: Any, size: Any, stride: Any,
                       storage_offset: int | None = None) -> Any:  # fmt: skip
    """A copy of input with src written into its `as_strided` view."""
    made = input.clone()
    made.as_strided(size, stride, storage_offset).copy_(src)
    return made


def _pieces(input: Any, parts: Any, dim: int) -> tuple[Any, ...]:
    """Views of the sizes of some parts that, unlike them, may be written in place."""
    made, start = [], 0
    for part in parts:
        length = part.size(dim)
        made.append(input.narrow(dim, start, length))
        start += length
    return tuple(made)


def unsafe_chunk(input: Any, chunks: int, dim: int = 0) -> Any:
    """As `chunk`; the pieces may be written in place, for whoever knows that it is safe."""
    return _pieces(input, input.chunk(chunks, dim), dim)


def unsafe_split(tensor: Any, split_size: int, dim: int = 0) -> Any:
    """As `split`; the pieces may be written in place, for whoever knows that it is safe."""
    return _pieces(tensor, tensor.split(split_size, dim), dim)


def unsafe_split_with_sizes(input: Any, split_sizes: Any, dim: int = 0) -> Any:
    """As `split_with_sizes`; the pieces may be written in place."""
    return _pieces(input, input.split_with_sizes(split_sizes, dim), dim)


def derive_copies(tensor: type) -> None:
    """Puts everything here into the torch namespace and on Tensor."""
    torch = FUNCTIONS["torch"]
    for name in _TWINS:
        torch[f"{name}_copy"] = _twin(name, torch.get(name) or getattr(tensor, name))
    torch |= {"alias_copy": _twin("alias", _alias), "slice_copy": _twin("slice", _slice)}
    for function in (narrow_copy, as_strided_scatter, unsafe_chunk, unsafe_split,
                     unsafe_split_with_sizes):  # fmt: skip
        torch[function.__name__] = function
        setattr(tensor, function.__name__, function)
