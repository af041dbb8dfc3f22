"""Tensors that are not strided: what they have in common."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import compat as torch
from compat.core.dtype import TYPE_NAMES
from compat.core.size import Layout, Size, sparse_coo
from compat.engine.value import Meta
from compat.front import printing
from compat.front.base import elements
from compat.front.convert import type_named
from compat.front.create import hidden
from compat.tape.history import check_writable
from compat.tape.node import leaf_tape

_ABSENT = (
    "Could not run 'aten::{}' with arguments from the '{}' backend: a tensor of the layout {} "
    "has no such operation."
)


class NotStrided(NotImplementedError, TypeError):
    """An operation that needs a strided tensor met another one."""


class OtherMeta(Meta):
    """What is known of a tensor that is not strided. It is no key: what is remembered by shapes
    and strides must not be found for it, so each call comes the long way, where it is answered."""

    __slots__ = ("layout",)

    contiguous = dense = False  # type: ignore[assignment]

    def __init__(self, shape: Sequence[int], dtype: Any, device: Any, layout: Layout) -> None:
        self.shape, self.dtype, self.device = Size(shape), dtype, device
        self.numel, self.facts = self.shape.numel(), (tuple(shape), dtype)
        self.differentiable = dtype.is_floating_point or dtype.is_complex
        self.layout, self.rows = layout, {}

    @property
    def strides(self) -> tuple[int, ...]:  # type: ignore[override]
        return (0,) * len(self.shape)

    def __hash__(self) -> int:
        raise NotStrided(f"a tensor of the layout {self.layout} where a strided one is needed")


class NoStorage:
    """Stands where a strided tensor has its storage."""

    def __init__(self, layout: Layout) -> None:
        self.layout, self.version = layout, 0

    @property
    def value(self) -> Any:
        raise NotStrided(
            f"Cannot access the storage of a tensor of the layout {self.layout}: it has none. "
            "Use Tensor.to_dense() first."
        )


Answer = Callable[..., Any]
ANSWERS: dict[str, Answer] = {}  # of COO tensors, by the name of the op
OF_COMPRESSED: dict[str, Answer] = {}  # of CSR tensors and their kin


def refusal(name: str, layout: Layout, device: Any) -> NotImplementedError:
    """The error of an operation that there is not."""
    kind = "Sparse" if layout is sparse_coo else "SparseCsr"
    where = "CPU" if device.type == "cpu" else device.type.upper()
    return NotImplementedError(_ABSENT.format(name, f"{kind}{where}", layout))


class NotStridedTensor(torch.Tensor):
    """A tensor that is made of other tensors, of which one holds its values.

    Its part in the graph is that of its values: what is computed from them is what is computed
    from it, and a gradient that arrives at them is shown with its places as the tensor's own.
    """

    __slots__ = ("_vals",)

    _vals: Any
    _table = ANSWERS
    _title = "sparse."  # in the name of its type

    # What a strided tensor keeps in slots of its own.

    @property
    def _tape(self) -> Any:  # type: ignore[override]
        return self._vals._tape

    @_tape.setter
    def _tape(self, new: Any) -> None:
        self._vals._tape = new

    def _answer(self, name: str, args: Sequence[Any], settings: dict[str, Any]) -> Any:
        """What an op gives for operands of which the first that is not strided is this one."""
        found = self._table.get(name)
        if found is None:
            raise refusal(name, self.layout, self.device)
        return found(*args, **settings)

    def _prepare(self, shape: Sequence[int], values: Any, layout: Layout) -> None:
        self._meta = OtherMeta(shape, values.dtype, values.device, layout)
        self._storage, self._offset = NoStorage(layout), 0  # type: ignore[assignment]
        self._vals = own_values(values)

    def _with(self, values: Any) -> Any:
        """A tensor with the same places and other values."""
        raise NotImplementedError

    def _parts(self) -> tuple[Any, ...]:
        """The tensors that it is made of, the values last, none with a history."""
        raise NotImplementedError

    def _rebuilt(self, parts: Sequence[Any]) -> Any:
        """A tensor like it made of other parts."""
        raise NotImplementedError

    @property
    def layout(self) -> Layout:
        """How the elements are kept."""
        return self._meta.layout  # type: ignore[attr-defined]

    # Autograd.

    @property
    def grad(self) -> Any:
        """The gradient, with an entry wherever this tensor has one."""
        found = torch.Tensor.grad.fget(self)  # type: ignore[attr-defined]
        return None if found is None else self._as_gradient(found)

    @grad.setter
    def grad(self, new: Any) -> None:
        if new is not None:
            new = self._aligned(new)
            self._vals.grad = new
        elif self._tape is not None and self._tape.extra is not None:
            self._tape.extra.grad = None

    def _as_gradient(self, found: Any) -> Any:
        """A gradient of the values, as one of the tensor."""
        return self._with(found)

    def _aligned(self, gradient: Any) -> Any:
        """A gradient of the tensor, as one of the values."""
        if type(gradient) is not type(self) or gradient._vals.shape != self._vals.shape:
            raise NotImplementedError(
                f"a gradient of a {self.layout} tensor that has not the tensor's own entries"
            )
        return gradient._vals

    def _rooted(self, gradient: Any) -> tuple[Any, Any]:
        """Where backward starts for this tensor: the values, and their gradient."""
        return self._vals, None if gradient is None else self._aligned(gradient)

    def _gradient(self) -> tuple[Any, Any]:
        return self, self._tape

    @property
    def meta(self) -> Any:
        """As a gradient's value is asked for it."""
        return self._meta

    def tensor(self, tape: Any) -> Any:
        """A gradient on its way becomes a tensor that a user may keep and write to."""
        return self._with(self._vals)

    def backward(
        self, gradient: Any = None, retain_graph: Any = None, create_graph: bool = False,
        inputs: Any = None, **legacy: Any,
    ) -> None:  # fmt: skip
        """As of a strided tensor; gradient has the layout and the entries of this one."""
        values, given = self._rooted(gradient)
        if given is None and self.numel() != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        values.backward(given, retain_graph, create_graph, inputs, **legacy)

    def register_hook(self, hook: Callable[..., Any]) -> Any:
        """Calls hook with each gradient of this tensor; what it returns takes its place."""

        def seen(found: Any) -> Any:
            changed = hook(self._as_gradient(found))
            return None if changed is None else self._aligned(changed)

        return torch.Tensor.register_hook(self, seen)

    def detach(self) -> Any:
        """The same entries without history."""
        return self._with(self._vals.detach())

    @property
    def data(self) -> Any:
        """The same entries without history; writes to the values are seen here."""
        return self._with(self._vals.data)

    @data.setter
    def data(self, new: Any) -> None:
        tape = self._tape
        self._take(new)
        self._vals = new._vals.detach()
        self._vals._tape = tape

    def detach_(self) -> Any:
        """Makes the tensor a leaf that needs no gradient."""
        self._vals = self._vals.detach()
        return self

    # Writing: the tensor takes over the parts of a result.

    def _take(self, result: Any) -> None:
        raise NotImplementedError

    def _has_places_of(self, other: Any) -> bool:
        """Whether the entries of both are known to be at the same places."""
        raise NotImplementedError

    def _become(self, result: Any, shared: bool = False) -> Any:
        """What an operation in place does.

        shared   whether the values are written to, so that tensors that share them, as `.data`
                 gives them, see it
        """
        if self._tape is not None:
            check_writable(self)
        if result.dtype is not self.dtype:
            if not torch.can_cast(result.dtype, self.dtype):
                raise RuntimeError(
                    f"result type {TYPE_NAMES[result.dtype]} can't be cast to the desired output "
                    f"type {TYPE_NAMES[self.dtype]}"
                )
            result = result.to(self.dtype)
        before = self._tape
        if shared and result._tape is None and self._has_places_of(result):
            with torch.no_grad():
                self._vals.copy_(result._vals)
        else:
            self._take(result)
        self._storage.version += 1
        if before is not None:
            self._tape = _tape_after(before, self._tape)
        return self

    # Looking.

    def _no_elements(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError(
            f"a tensor of the layout {self.layout} has no elements in memory; use "
            "Tensor.to_dense() first"
        )

    data_ptr = tolist = jax = share_memory_ = _no_elements

    def item(self) -> Any:
        raise RuntimeError(f"a Tensor with {self.numel()} elements cannot be converted to Scalar")

    def storage(self) -> Any:
        raise NotImplementedError("Cannot access storage of SparseTensorImpl")

    untyped_storage = storage
    __setitem__ = _no_elements

    def numpy(self, *, force: bool = False) -> Any:
        kind = "Sparse" if self.is_sparse else "SparseCsr"
        raise TypeError(
            f"can't convert {kind} layout tensor to numpy. Use Tensor.to_dense() first."
        )

    def __array__(self, *_: Any, **__: Any) -> Any:
        return self.numpy()

    def __bool__(self) -> bool:
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")

    def __float__(self) -> float:
        raise ValueError("only one element tensors can be converted to Python scalars")

    __int__ = __complex__ = __float__  # type: ignore[assignment]

    @property
    def nbytes(self) -> int:
        raise RuntimeError(
            "nbytes is not defined for sparse tensors: add up those of the tensors that it is "
            "made of"
        )

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """The name of the type, as 'torch.sparse.FloatTensor'; else the tensor in that type."""
        if dtype is None:
            where = "" if self.device.type == "cpu" else f"{self.device.type}."
            return f"torch.{where}{self._title}{TYPE_NAMES[self.dtype]}Tensor"
        if isinstance(dtype, torch.dtype):
            return self.to(dtype)
        name = dtype if isinstance(dtype, str) else f"{dtype.__module__}.{dtype.__name__}"
        return self.to(type_named(name)[0])

    def stride(self, dim: int | None = None) -> Any:
        return self._meta.strides if dim is None else 0

    def contiguous(self, memory_format: Any = None) -> Any:
        raise RuntimeError("unsupported memory format option Contiguous")

    def reshape(self, *shape: Any) -> Any:
        raise RuntimeError("reshape is not implemented for sparse tensors")

    flatten = ravel = reshape_as = reshape

    def expand(self, *sizes: Any) -> Any:
        raise RuntimeError("expand is unsupported for Sparse tensors")

    # Copies and files.

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment."
            )
        if id(self) in memo:
            return memo[id(self)]
        made = self._rebuilt([copy.deepcopy(part, memo) for part in self._parts()])
        if self.requires_grad:
            made.requires_grad_()
        made.__dict__.update(copy.deepcopy(self.__dict__, memo))
        memo[id(self)] = made
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support pickling"
            )
        return rebuilt, (type(self), self._parts(), *self._facts())

    def _facts(self) -> tuple[Any, ...]:
        """What a tensor is made from beside its parts."""
        raise NotImplementedError

    def _for_file(self) -> tuple[Any, ...]:
        """The layout, and what PyTorch makes a tensor of this layout from."""
        raise NotImplementedError

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        names = self._part_names()
        text = "tensor("
        for at, (name, part) in enumerate(zip(names, self._parts(), strict=True)):
            lead = ("" if not at else ",\n       ") + f"{name}=tensor("
            text += lead
            shape = tuple(part.shape)
            if part.is_meta:
                text += f"..., size={shape})"
            elif not part.numel():
                text += f"[], size={shape})"
            else:
                indent = len(text) - text.rfind("\n") - 1
                array = elements(part)
                text += printing.elements_str(array.__getitem__, shape, part.dtype, indent) + ")"
        told = [] if self.device.type == "cpu" else [f"device='{self.device}'"]
        told += [f"size={tuple(self.shape)}", f"nnz={self._nnz()}"]  # type: ignore[attr-defined]
        usual = torch.get_default_dtype()
        if self.dtype not in (usual, usual.to_complex(), torch.int64, torch.bool):
            told.append(f"dtype={self.dtype}")
        told.append(f"layout={self.layout}")
        if self.grad_fn is not None:
            told.append(f"grad_fn=<{self.grad_fn.name()}>")
        elif self.requires_grad:
            told.append("requires_grad=True")
        return printing.with_suffixes(text, told, 7, newline=self.is_sparse)

    def _part_names(self) -> tuple[str, ...]:
        raise NotImplementedError

    __hash__ = object.__hash__


def own_values(values: Any) -> Any:
    """Values as a tensor keeps them: a tensor object of its own, which is no view."""
    tape = values._tape
    if tape is None or not values.requires_grad:
        return values.detach()
    if tape.is_view or tape.node is None:
        return hidden("cloned")(values)
    made = values.detach()
    made._tape = tape
    return made


def _tape_after(before: Any, written: Any) -> Any:
    """The part in the graph of a tensor that was written to; `.grad` stays."""
    if not torch.is_grad_enabled() or (written is None and before.node is None):
        return before
    after = leaf_tape(False) if written is None else written
    after.extra = before.extra
    return after


def rebuilt(kind: Any, parts: Sequence[Any], *facts: Any) -> Any:
    """A tensor out of a pickle."""
    return kind._from_parts(parts, *facts)
