"""The element types: PyTorch's names over NumPy's types."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

BOOL, INTEGER, FLOATING, COMPLEX = range(4)  # the categories of type promotion, lowest first


class dtype:
    """An element type, as `torch.float32`.

    There is one object a type, so types are compared by identity.
    """

    __slots__ = ("name", "numpy", "category", "itemsize", "is_signed")

    def __init__(self, name: str, numpy_type: Any, category: int) -> None:
        self.name = name
        self.numpy: np.dtype[Any] = np.dtype(numpy_type)
        self.category = category
        self.itemsize: int = self.numpy.itemsize
        self.is_signed = category >= FLOATING or self.numpy.kind == "i"

    @property
    def is_floating_point(self) -> bool:
        return self.category == FLOATING

    @property
    def is_complex(self) -> bool:
        return self.category == COMPLEX

    def to_complex(self) -> dtype:
        """The complex type whose parts have this type."""
        return _COMPLEX_OF.get(self, self)

    def to_real(self) -> dtype:
        """The type of the parts of a complex type."""
        return _REAL_OF.get(self, self)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)


def _by_name(name: str) -> dtype:
    return DTYPES[name]


bool_ = dtype("bool", np.bool_, BOOL)
uint8 = dtype("uint8", np.uint8, INTEGER)
int8 = dtype("int8", np.int8, INTEGER)
int16 = dtype("int16", np.int16, INTEGER)
int32 = dtype("int32", np.int32, INTEGER)
int64 = dtype("int64", np.int64, INTEGER)
uint16 = dtype("uint16", np.uint16, INTEGER)
uint32 = dtype("uint32", np.uint32, INTEGER)
uint64 = dtype("uint64", np.uint64, INTEGER)
float16 = dtype("float16", np.float16, FLOATING)
bfloat16 = dtype("bfloat16", ml_dtypes.bfloat16, FLOATING)
float32 = dtype("float32", np.float32, FLOATING)
float64 = dtype("float64", np.float64, FLOATING)
# Types to keep numbers in: PyTorch converts to and from them and computes nothing with them.
float8_e4m3fn = dtype("float8_e4m3fn", ml_dtypes.float8_e4m3fn, FLOATING)
float8_e5m2 = dtype("float8_e5m2", ml_dtypes.float8_e5m2, FLOATING)
float8_e4m3fnuz = dtype("float8_e4m3fnuz", ml_dtypes.float8_e4m3fnuz, FLOATING)
float8_e5m2fnuz = dtype("float8_e5m2fnuz", ml_dtypes.float8_e5m2fnuz, FLOATING)
complex64 = dtype("complex64", np.complex64, COMPLEX)
complex128 = dtype("complex128", np.complex128, COMPLEX)

DTYPES: dict[str, dtype] = {
    one.name: one
    for one in (
        bool_, uint8, int8, int16, int32, int64, uint16, uint32, uint64,
        float8_e4m3fn, float8_e5m2, float8_e4m3fnuz, float8_e5m2fnuz,
        float16, bfloat16, float32, float64, complex64, complex128,
    )
}  # fmt: skip

# The second names PyTorch gives to some of them.
ALIASES: dict[str, dtype] = {
    "float": float32, "double": float64, "half": float16, "short": int16, "int": int32,
    "long": int64, "cfloat": complex64, "cdouble": complex128,
}  # fmt: skip

# The names of the typed tensor classes: torch.FloatTensor, torch.FloatStorage.
TYPE_NAMES: dict[dtype, str] = {
    bool_: "Bool", uint8: "Byte", int8: "Char", int16: "Short", int32: "Int", int64: "Long",
    float16: "Half", bfloat16: "BFloat16", float32: "Float", float64: "Double",
    complex64: "ComplexFloat", complex128: "ComplexDouble",
    float8_e4m3fn: "Float8_e4m3fn", float8_e5m2: "Float8_e5m2",
    float8_e4m3fnuz: "Float8_e4m3fnuz", float8_e5m2fnuz: "Float8_e5m2fnuz",
    uint16: "UInt16", uint32: "UInt32", uint64: "UInt64",
}  # fmt: skip

# What some of PyTorch's messages call them.
CPP_NAMES: dict[dtype, str] = {
    bool_: "bool", uint8: "unsigned char", int8: "signed char", int16: "short int", int32: "int",
    int64: "long int", float16: "c10::Half", bfloat16: "c10::BFloat16", float32: "float",
    float64: "double", complex64: "c10::complex<float>", complex128: "c10::complex<double>",
    float8_e4m3fn: "c10::Float8_e4m3fn", float8_e5m2: "c10::Float8_e5m2",
    float8_e4m3fnuz: "c10::Float8_e4m3fnuz", float8_e5m2fnuz: "c10::Float8_e5m2fnuz",
    uint16: "short unsigned int", uint32: "unsigned int", uint64: "long unsigned int",
}  # fmt: skip


def type_name(numpy_type: Any) -> str:
    """What PyTorch's messages call a type: "Float", "Long"."""
    return TYPE_NAMES[from_numpy_type(numpy_type)]


_COMPLEX_OF = {float32: complex64, float64: complex128, bfloat16: complex64, float16: complex64}
_REAL_OF = {complex64: float32, complex128: float64}
_BY_NUMPY = {one.numpy: one for one in DTYPES.values()}


def from_numpy_type(numpy_type: Any) -> dtype:
    """Our type for a NumPy one; TypeError, as PyTorch's `from_numpy`, when there is none."""
    found = _BY_NUMPY.get(np.dtype(numpy_type))
    if found is None:
        raise TypeError(
            f"can't convert np.ndarray of type {np.dtype(numpy_type)}. The only supported types "
            "are: float64, float32, float16, complex64, complex128, int64, int32, int16, int8, "
            "uint64, uint32, uint16, uint8, and bool."
        )
    return found


_default = float32


def get_default_dtype() -> dtype:
    """The type of floating tensors made without one: float32 unless changed."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Changes the default floating type, e.g. `torch.set_default_dtype(torch.float64)`."""
    global _default
    if not isinstance(d, dtype):
        raise TypeError("invalid dtype object")
    if not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d}")
    _default = d


def of_number(number: Any) -> dtype:
    """The type a Python number gets when it becomes a tensor of its own."""
    if isinstance(number, bool | np.bool_):
        return bool_
    if isinstance(number, int | np.integer):
        return int64
    if isinstance(number, complex | np.complexfloating):
        return _default.to_complex()
    return _default
