"""What a strided tensor answers when it is asked for another layout, or treated as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compat.core import dtype as d


def to_sparse(self: Any, sparse_dim: Any = None, *, layout: Any = None, blocksize: Any = None,
              dense_dim: int | None = None) -> Any:  # fmt: skip
    """The tensor in a sparse layout, COO unless told."""
    from compat.sparse.create import to_sparse

    return to_sparse(self, sparse_dim, layout=layout, blocksize=blocksize, dense_dim=dense_dim)


def _to_layout(name: str) -> Callable[..., Any]:
    def convert(self: Any, *blocksize: Any, dense_dim: int | None = None, **named: Any) -> Any:
        from compat.sparse.compressed import LAYOUTS, to_compressed

        size = named.get("blocksize", blocksize[0] if len(blocksize) == 1 else blocksize or None)
        return to_compressed(self, LAYOUTS[name], size, dense_dim)

    convert.__name__ = convert.__qualname__ = f"to_{name}"
    convert.__doc__ = f"The tensor in the layout torch.{name}."
    return convert


def to_dense(self: Any, dtype: Any = None, *, masked_grad: bool | None = None) -> Any:
    """A strided tensor of the same elements; itself when it is one."""
    return self if dtype is None else self.to(dtype)


def sparse_mask(self: Any, mask: Any) -> Any:
    """The elements at the places where mask has entries, as a tensor of mask's layout."""
    from compat.sparse.arithmetic import masked

    return masked(self, mask)


def sparse_dim(self: Any) -> int:
    """How many dimensions have indices: none of a strided tensor."""
    return 0


def dense_dim(self: Any) -> int:
    """How many dimensions have none."""
    return len(self._meta.shape)


def _refused(name: str, wanted: str) -> Callable[..., Any]:
    def refuse(self: Any, *_: Any, **__: Any) -> Any:
        raise RuntimeError(f"{name} expected {wanted} tensor layout but got {told(self)}")

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = f"Of a tensor of the {wanted} layout only: RuntimeError."
    return refuse


def told(tensor: Any) -> str:
    """A layout as errors name it."""
    names = {"sparse_coo": "Sparse", "strided": "Strided"}
    name = repr(tensor.layout).removeprefix("torch.")
    return names.get(name) or "".join(part.capitalize() for part in name.split("_"))


def _not_run(name: str) -> Callable[..., Any]:
    def refuse(self: Any, *_: Any, **__: Any) -> Any:
        where = "CPU" if self.is_cpu else self.device.type.upper()
        raise NotImplementedError(
            f"Could not run 'aten::{name}' with arguments from the '{where}' backend: the tensor "
            "is not sparse."
        )

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = "Of sparse tensors only: NotImplementedError."
    return refuse


def _multiplied(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **settings: Any) -> Any:
        from compat.sparse import products

        return getattr(products, name)(self, *args, **settings)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"`torch.{name}` of this tensor."
    return method


_COO = "sparse coordinate"
_ROWS, _COLUMNS = "sparse row compressed", "sparse column compressed"


def derive_layouts(tensor: type) -> None:
    """Puts the methods on Tensor."""
    for function in (to_sparse, to_dense, sparse_mask, sparse_dim, dense_dim):
        setattr(tensor, function.__name__, function)
    setattr(tensor, "_sparse_mask", sparse_mask)  # noqa: B010
    setattr(tensor, "toDense", to_dense)  # noqa: B010
    setattr(tensor, "to_sparse_coo", lambda self: to_sparse(self))  # noqa: B010
    for name in ("sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc"):
        setattr(tensor, f"to_{name}", _to_layout(name))
    for name in ("coalesce", "is_coalesced", "indices"):
        setattr(tensor, name, _refused(name, _COO))
    setattr(tensor, "values", _refused("values", "sparse"))  # noqa: B010
    for name, wanted in (("crow_indices", _ROWS), ("col_indices", _ROWS),
                         ("ccol_indices", _COLUMNS), ("row_indices", _COLUMNS)):  # fmt: skip
        setattr(tensor, name, _refused(name, wanted))
    for name in ("_nnz", "_indices", "_values", "sparse_resize_", "sparse_resize_and_clear_",
                 "resize_as_sparse_"):  # fmt: skip
        setattr(tensor, name, _not_run(name))
    for name in ("smm", "hspmm", "sspaddmm"):
        setattr(tensor, name, _multiplied(name))


class SparseTypedTensorType(type):
    """The class of `torch.sparse.FloatTensor` and its kin: every COO tensor of the type is one."""

    dtype: d.dtype

    def __instancecheck__(cls, instance: Any) -> bool:
        return getattr(instance, "is_sparse", False) is True and instance.dtype is cls.dtype

    def __subclasscheck__(cls, subclass: type) -> bool:
        return subclass is cls

    def __call__(cls, *args: Any, device: Any = None) -> Any:
        from compat.sparse.create import legacy_sparse

        return legacy_sparse(cls.dtype, device, args)

    def __getattr__(cls, name: str) -> Any:
        """Its methods are those of every COO tensor."""
        if name.startswith("__"):
            raise AttributeError(name)
        from compat.sparse.coo import SparseTensor

        return getattr(SparseTensor, name)

    def __repr__(cls) -> str:
        return f"<class 'torch.sparse.{cls.__name__}'>"


def sparse_typed(kind: d.dtype) -> SparseTypedTensorType:
    """The class `torch.sparse.FloatTensor` of float32, and so on."""
    name = f"{d.TYPE_NAMES[kind]}Tensor"
    doc = f"`{name}(indices, values, size)`: a COO tensor, as `torch.sparse_coo_tensor` makes it."
    return SparseTypedTensorType(name, (), {"dtype": kind, "__module__": "torch.sparse",
                                            "__doc__": doc})  # fmt: skip
