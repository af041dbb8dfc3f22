"""How tensors look when printed: PyTorch's layout of numbers, line breaks, dots and remarks."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from compat.core import dtype as types
from compat.core.device import device as Device

Take = Callable[[tuple[slice, ...]], np.ndarray]


@dataclass(frozen=True)
class Options:
    """What `torch.set_printoptions` sets."""

    precision: int = 4
    threshold: float = 1000  # more elements than this are summarised
    edgeitems: int = 3  # what a summary keeps at either end of a dimension
    linewidth: int = 80
    sci_mode: bool | None = None  # None: as the numbers ask for


_PROFILES = {
    "default": Options(),
    "short": Options(precision=2, edgeitems=2),
    "full": Options(threshold=math.inf),
}
_options = Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Changes how tensors are printed; a profile ('default', 'short', 'full') goes first.

    What is not given stays, except sci_mode, which goes back to deciding by the numbers.
    """
    global _options
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    start = _PROFILES.get(profile, _options) if profile is not None else _options
    chosen = {name: value for name, value in given.items() if value is not None}
    _options = replace(start, sci_mode=sci_mode, **chosen)


def get_printoptions() -> dict[str, Any]:
    """The present options by name."""
    return asdict(_options)


@contextlib.contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Other options for a while: `with printoptions(precision=2): ...`."""
    global _options
    before = _options
    set_printoptions(**options)
    try:
        yield
    finally:
        _options = before


def tensor_str(
    take: Take,
    shape: Sequence[int],
    dtype: types.dtype,
    *,
    device: Device | None = None,
    requires_grad: bool = False,
    grad_fn: str | None = None,
    class_name: str = "tensor",
    remarks: Sequence[str] = (),
) -> str:
    """The text of `repr(tensor)`.

    take        gives the elements in a block, one slice a dimension; called for what is shown only
    device      said when it is not the host; of a tensor on 'meta' no element is taken
    grad_fn     the name of its function, for a tensor that has a history
    class_name  'tensor', or the name of a subclass
    remarks     more to be said at the end, as "layout=torch.sparse_coo"
    """
    prefix = f"{class_name}("
    where = device.type if device is not None else "cpu"
    empty = math.prod(shape) == 0
    suffixes = [] if where == "cpu" else [f"device='{device}'"]
    if where == "meta" or (empty and len(shape) != 1):
        suffixes.append(f"size={tuple(shape)}")
    if where == "meta":
        body = "..."
    elif empty:
        body = "[]"
    else:
        body = elements_str(take, shape, dtype, len(prefix))
    default = types.get_default_dtype()
    usual = [default]
    if body not in ("...", "[]"):
        usual += [default.to_complex(), types.int64, types.bool_]
    if dtype not in usual:
        suffixes.append(f"dtype={dtype!r}")
    suffixes.extend(remarks)
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    return with_suffixes(prefix + body, suffixes, len(prefix))


def formatted(value: Any, spec: str) -> str:
    """`format(tensor, spec)`: a tensor without dimensions is formatted as its number."""
    if value.dim() == 0 and value.device.type != "meta":
        return format(value.item(), spec)
    return object.__format__(value, spec)


def with_suffixes(
    text: str, suffixes: Sequence[str], indent: int, newline: bool = False
) -> str:
    """The text with remarks behind it and the last bracket; newline puts them on a new line."""
    parts = [text]
    length = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if newline or length + len(suffix) + 2 > _options.linewidth:
            parts.append(",\n" + " " * indent + suffix)
            length, newline = indent + len(suffix), False
        else:
            parts.append(", " + suffix)
            length += len(suffix) + 2
    return "".join(parts) + ")"


# Elements and their arrangement.


def elements_str(take: Take, shape: Sequence[int], dtype: types.dtype, indent: int) -> str:
    """The elements in their brackets; lines after the first are indented by so much."""
    edge = _options.edgeitems
    summarised = math.prod(shape) > _options.threshold
    cut = [summarised and size > 2 * edge for size in shape]
    shown = _corners(take, shape, cut, edge)
    write, width = _writer(shown, dtype)
    return _arranged(shown, cut, write, width, indent)


def _corners(take: Take, shape: Sequence[int], cut: Sequence[bool], edge: int) -> np.ndarray:
    """The elements to be shown: both ends of the dimensions that are cut, the others whole."""
    pieces = [
        [slice(0, edge), slice(size - edge, size)] if is_cut else [slice(0, size)]
        for size, is_cut in zip(shape, cut, strict=True)
    ]
    if not any(cut):
        return np.asarray(take(tuple(slice(0, size) for size in shape)))
    blocks = {
        corner: np.asarray(take(tuple(p[i] for p, i in zip(pieces, corner, strict=True))))
        for corner in itertools.product(*(range(len(p)) for p in pieces))
    }

    def joined(corner: tuple[int, ...]) -> np.ndarray:
        dim = len(corner)
        if dim == len(shape):
            return blocks[corner]
        ends = [joined((*corner, end)) for end in range(len(pieces[dim]))]
        return np.concatenate(ends, axis=dim)

    return joined(())


def _arranged(
    shown: np.ndarray, cut: Sequence[bool], write: Callable[[Any], str], width: int, indent: int
) -> str:
    if shown.ndim == 0:
        return write(shown.item())
    edge = _options.edgeitems
    if shown.ndim == 1:
        return _row([write(value) for value in shown.tolist()], cut[0], width, indent)
    inner = [_arranged(part, cut[1:], write, width, indent + 1) for part in shown]
    if cut[0]:
        inner[edge:edge] = ["..."]
    between = "," + "\n" * (shown.ndim - 1) + " " * (indent + 1)
    return f"[{between.join(inner)}]"


def _row(words: list[str], cut: bool, width: int, indent: int) -> str:
    edge = _options.edgeitems
    if cut:
        words[edge:edge] = [" ..."]
    per_line = max(1, (_options.linewidth - indent) // (width + 2))
    lines = [", ".join(words[at : at + per_line]) for at in range(0, len(words), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


# How one number is written: a function, and the width that it fills.


def _writer(shown: np.ndarray, dtype: types.dtype) -> tuple[Callable[[Any], str], int]:
    if dtype.is_complex:
        write_real, real_width = _float_writer(shown.real)  # type: ignore
        write_imaginary, imaginary_width = _float_writer(shown.imag)  # type: ignore

        def write(value: complex) -> str:
            tail = write_imaginary(value.imag).lstrip()
            return write_real(value.real) + ("" if tail[0] in "+-" else "+") + tail + "j"

        return write, real_width + imaginary_width + 1
    if dtype.is_floating_point:
        return _float_writer(shown)
    width = max(1, *(len(str(value)) for value in shown.ravel().tolist()))
    return lambda value: f"{value!s:>{width}}", width


def _float_writer(shown: np.ndarray) -> tuple[Callable[[float], str], int]:
    values = shown.astype(np.float64).ravel()
    values = values[np.isfinite(values) & (values != 0)]
    form, tail, width = ".0f", ".", 1
    if values.size:
        sizes = np.abs(values)
        largest, smallest = float(sizes.max()), float(sizes.min())
        whole = bool((values == np.ceil(values)).all())
        scientific = _options.sci_mode
        if scientific is None:
            scientific = (
                largest / smallest > 1000 or largest > 1e8 or (not whole and smallest < 1e-4)
            )
        if scientific:
            form, tail = f".{_options.precision}e", ""
        elif not whole:
            form, tail = f".{_options.precision}f", ""
        width = max(len(format(value, form)) + len(tail) for value in values.tolist())

    def write(value: float) -> str:
        word = format(value, form) + (tail if math.isfinite(value) else "")
        return f"{word:>{width}}"

    return write, width
