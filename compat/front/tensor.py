"""The Tensor class: what it holds, and the few things that are not ops."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import ref

from compat.core import dtype as d
from compat.core.device import device
from compat.core.size import Layout, Size, strided
from compat.engine.storage import AliasStorage, HostStorage
from compat.engine.value import concrete, meta
from compat.front import base, create, looking
from compat.front.base import TensorBase, alias, value_of
from compat.front.derive import FUNCTIONS, derive
from compat.tape import backward as walk
from compat.tape import history, lanes
from compat.tape.node import Node, Tape, ViewTape, leaf_tape


class _TensorType(type):
    """`isinstance(x, torch.Tensor)` holds for every tensor of ours."""


class Tensor(TensorBase, metaclass=_TensorType):
    """An n-dimensional array that records what is done to it.

    `Tensor(2, 3)` is uninitialised with that shape, `Tensor([1, 2])` holds data, both of the
    default type. `torch.tensor` is the better way to make one.
    """

    __slots__ = ()
    __hash__ = object.__hash__
    __array_priority__ = 1000

    if TYPE_CHECKING:  # the methods and operators that declarations make, and no text shows
        def __getattr__(self, name: str) -> Any: ...

        __getitem__: Any
        __setitem__: Any
        __iter__: Any
        __bool__: Any
        __float__: Any
        __int__: Any
        __index__: Any
        __len__: Any
        __eq__: Any
        __ne__: Any
        __lt__: Any
        __le__: Any
        __gt__: Any
        __ge__: Any
        __neg__: Any
        __pos__: Any
        __abs__: Any
        __invert__: Any
        __add__: Any
        __radd__: Any
        __iadd__: Any
        __sub__: Any
        __rsub__: Any
        __isub__: Any
        __mul__: Any
        __rmul__: Any
        __imul__: Any
        __truediv__: Any
        __rtruediv__: Any
        __itruediv__: Any
        __floordiv__: Any
        __rfloordiv__: Any
        __mod__: Any
        __rmod__: Any
        __pow__: Any
        __rpow__: Any
        __matmul__: Any
        __rmatmul__: Any
        __and__: Any
        __rand__: Any
        __or__: Any
        __ror__: Any
        __xor__: Any
        __rxor__: Any
        __lshift__: Any
        __rshift__: Any

    def __new__(cls, *args: Any, device: Any = None, **kwargs: Any) -> Any:
        return legacy_tensor(cls, d.get_default_dtype(), args, device or kwargs.get("device"))

    @staticmethod
    def _make_subclass(cls: type, data: Any, require_grad: bool = False, **_: Any) -> Any:
        """A tensor of the subclass over data's storage: how `Parameter` is made."""
        made = object.__new__(cls)
        made._storage, made._meta, made._offset = data._storage, data._meta, data._offset
        made._tape = None
        if require_grad:
            if not data._meta.differentiable:
                raise RuntimeError(
                    "Only Tensors of floating point and complex dtype can require gradients"
                )
            made.requires_grad_(True)
        return made

    def as_subclass(self, cls: type) -> Any:
        """The same tensor as an instance of a subclass."""
        made = alias(self, self._meta, self._offset, self._tape)
        made.__class__ = cls
        return made

    # Facts.

    @property
    def shape(self) -> Size:
        """The size of each dimension."""
        return self._meta.shape

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        shape = self._meta.shape
        if dim is None:
            return shape
        rank = len(shape)
        if not -rank <= dim < rank:
            span = max(rank, 1)
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], "
                f"but got {dim})"
                if rank
                else f"Dimension specified as {dim} but tensor has no dimensions"
            )
        return shape[dim]

    @property
    def dtype(self) -> d.dtype:
        """The element type."""
        return self._meta.dtype

    @property
    def device(self) -> device:
        """Where the elements are."""
        where = self._meta.device
        return lanes.root(self._storage.value) if where.depth else where

    @property
    def layout(self) -> Layout:
        return strided

    def dim(self) -> int:
        """The number of dimensions."""
        return len(self._meta.shape)

    ndimension = dim

    @property
    def ndim(self) -> int:
        return len(self._meta.shape)

    def numel(self) -> int:
        """The number of elements."""
        return self._meta.numel

    nelement = numel

    def stride(self, dim: int | None = None) -> Any:
        """How many elements apart neighbours are, in all dimensions or in one."""
        return self._meta.strides if dim is None else self._meta.strides[dim]

    def storage_offset(self) -> int:
        """Where in the storage the first element is, in elements."""
        return self._offset

    def element_size(self) -> int:
        """Bytes an element takes."""
        return self._meta.dtype.itemsize

    @property
    def itemsize(self) -> int:
        return self._meta.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self._meta.numel * self._meta.dtype.itemsize

    @property
    def is_cuda(self) -> bool:
        return self._meta.device.type == "cuda"

    @property
    def is_cpu(self) -> bool:
        return self._meta.device.type == "cpu"

    @property
    def is_meta(self) -> bool:
        return self._meta.device.type == "meta"

    @property
    def is_xla(self) -> bool:
        return self._meta.device.type in ("xla", "tpu")

    is_sparse = is_quantized = is_mkldnn = is_nested = is_sparse_csr = is_mps = is_xpu = False
    is_vulkan = is_ipu = is_maia = is_mtia = False
    names = property(lambda self: (None,) * len(self._meta.shape))

    def is_floating_point(self) -> bool:
        """Whether the type is a floating one."""
        return self._meta.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether the type is complex."""
        return self._meta.dtype.is_complex

    def is_signed(self) -> bool:
        """Whether the type holds negative numbers."""
        return self._meta.dtype.is_signed

    def get_device(self) -> int:
        """The device's index; -1 on the host."""
        return -1 if self._meta.device.index is None else self._meta.device.index

    def is_same_size(self, other: Any) -> bool:
        """Whether the shapes are equal."""
        return self._meta.shape == other._meta.shape

    def is_set_to(self, tensor: Any) -> bool:
        """Whether both are the same view of the same storage."""
        return (
            self._storage is tensor._storage
            and self._meta is tensor._meta
            and self._offset == tensor._offset
        )

    def data_ptr(self) -> int:
        """The address of the first element. The storage moves to the host and stays there."""
        looking.shared_array(self)
        storage = self._storage.target if isinstance(self._storage, AliasStorage) else self._storage
        return storage.host.ctypes.data + self._offset * self._meta.dtype.itemsize

    def storage(self) -> Any:
        """The memory under the tensor, of the tensor's type."""
        from compat.storage import storage

        return storage(self)

    def untyped_storage(self) -> Any:
        """The memory under the tensor, as bytes."""
        from compat.storage import untyped_storage

        return untyped_storage(self)

    def is_shared(self) -> bool:
        """Whether the storage is in memory shared between processes."""
        return self.is_cuda or looking.is_shared(self)

    def share_memory_(self) -> Any:
        """Moves the storage to host memory that forked processes share, and stays itself."""
        if self._meta.device.type == "cpu":
            looking.share_between_processes(self)
        return self

    def is_pinned(self, device: Any = None) -> bool:
        return False

    def pin_memory(self, device: Any = None) -> Any:
        """Itself: JAX transfers need no page-locked memory."""
        return self

    is_conj = is_neg = is_inference = _is_zerotensor = lambda self: False

    def resolve_conj(self) -> Any:
        return self

    resolve_neg = resolve_conj

    # Autograd.

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this tensor."""
        tape = self._tape
        if tape is None:
            return False
        return history.requires_grad(self) if isinstance(tape, ViewTape) else tape.requires

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        self.requires_grad_(flag)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Sets whether gradients are kept for this leaf."""
        tape = self._tape
        if tape is not None and tape.node is not None:
            if not requires_grad:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use "
                    "a computed variable in a subgraph that doesn't require differentiation use "
                    "var_no_grad = var.detach()."
                )
            return self
        if isinstance(tape, ViewTape):
            tape.asked = bool(requires_grad)
        if requires_grad and not self._meta.differentiable:
            raise RuntimeError(
                "only Tensors of floating point dtype can require gradients"
            )
        if tape is None:
            if not requires_grad:
                return self
            tape = self._tape = leaf_tape(True)
        tape.requires = bool(requires_grad)
        tape.more().owner = ref(self)
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether a user made it, and not an operation that gradients flow through."""
        return self.grad_fn is None

    @property
    def grad_fn(self) -> Node | None:
        """The operation that made it, None for a leaf."""
        tape = history.current(self)
        return None if tape is None or not tape.requires else tape.node

    @property
    def grad(self) -> Any:
        """The gradient that backward has added up so far, or None."""
        tape = self._tape
        return None if tape is None or tape.extra is None else tape.extra.grad

    @grad.setter
    def grad(self, new: Any) -> None:
        if new is None:
            if self._tape is not None and self._tape.extra is not None:
                self._tape.extra.grad = None
            return
        if not isinstance(new, TensorBase):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type "
                f"{type(new).__name__}"
            )
        if new is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if new._meta.dtype is not self._meta.dtype:
            raise RuntimeError(
                "attempting to assign a gradient with dtype '"
                f"{_cname(new._meta.dtype)}' to a tensor with grad dtype "
                f"'{_cname(self._meta.dtype)}'. The gradient must match the tensor's grad_dtype "
                "(defaults to the tensor's dtype). You can set the tensor's grad_dtype attribute "
                "with a specific dtype, or None to allow any dtype. Set grad_dtype with caution. "
                "Diverging the dtypes of a tensor and its gradient may break downstream systems "
                "that assume they match."
            )
        if new._meta.shape != self._meta.shape:
            raise RuntimeError(
                f"assigned grad has data of a different size: expected {list(self._meta.shape)} "
                f"but got {list(new._meta.shape)}"
            )
        if self._tape is None:
            self._tape = leaf_tape(False)
        self._tape.more().grad = new

    @property
    def output_nr(self) -> int:
        return 0 if self._tape is None else self._tape.index

    @property
    def _version(self) -> int:
        return self._storage.version

    @property
    def _base(self) -> Any:
        return self._tape.base if isinstance(self._tape, ViewTape) else None

    def _is_view(self) -> bool:
        return isinstance(self._tape, ViewTape)

    def _gradient(self) -> tuple[Any, Tape | None]:
        """Value and tape, as the walk back through the graph carries gradients."""
        return value_of(self), self._tape

    @property
    def data(self) -> Any:
        """The same elements without history; writes through it are not counted."""
        made = alias(self, self._meta, self._offset)
        storage = self._storage
        target = storage.target if isinstance(storage, AliasStorage) else storage
        made._storage = AliasStorage(target)
        return made

    @data.setter
    def data(self, new: Any) -> None:
        storage = new._storage
        target = storage.target if isinstance(storage, AliasStorage) else storage
        self._storage, self._meta, self._offset = target, new._meta, new._offset

    def detach(self) -> Any:
        """The same elements without history; gradients do not flow back through it."""
        return alias(self, self._meta, self._offset)

    def detach_(self) -> Any:
        """Makes the tensor a leaf that needs no gradient."""
        tape = self._tape
        if isinstance(tape, ViewTape):
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead. If you are using "
                "DistributedDataParallel (DDP) for training, and gradient_as_bucket_view is set as "
                "True, gradients are views of DDP buckets, and hence detach_() cannot be called on "
                "these gradients. To fix this error, please refer to the Optimizer.zero_grad() "
                "function in torch/optim/optimizer.py as the solution."
            )
        if tape is not None:
            self._tape = leaf_tape(False)  # not the old one: later results may point to it
            self._tape.extra = tape.extra
        return self

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
        **legacy: Any,
    ) -> None:
        """Adds to the leaves' `.grad` the gradient of this tensor (of its sum with gradient)."""
        import compat.autograd as autograd

        if "retain_variables" in legacy:
            retain_graph = legacy["retain_variables"]
        autograd.backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def retain_grad(self) -> None:
        """Keeps `.grad` for this tensor though it is not a leaf."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        tape = self._tape
        assert tape is not None
        extra = tape.more()
        if tape.node is None or extra.retains:
            return
        extra.retains = True
        me = ref(self)

        def keep(gradient: Any) -> None:
            tensor = me()
            if tensor is not None:
                before = extra.grad
                extra.grad = gradient if before is None else before + gradient

        walk.add_hook(tape, keep)[id(keep)] = keep

    @property
    def retains_grad(self) -> bool:
        tape = self._tape
        return tape is not None and tape.extra is not None and tape.extra.retains

    def register_hook(self, hook: Callable[..., Any]) -> Any:
        """Calls hook with each gradient of this tensor; what it returns takes its place."""
        from compat.autograd.handle import RemovableHandle

        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        assert self._tape is not None
        hooks = walk.add_hook(self._tape, hook)
        handle = RemovableHandle(hooks)
        hooks[handle.id] = hook
        return handle

    def register_post_accumulate_grad_hook(self, hook: Callable[..., Any]) -> Any:
        """Calls hook with this leaf each time its `.grad` has been added to."""
        from compat.autograd.handle import RemovableHandle

        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self.grad_fn is not None:
            raise RuntimeError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
            )
        assert self._tape is not None
        extra = self._tape.more()
        if extra.post_hooks is None:
            extra.post_hooks = OrderedDict()
        handle = RemovableHandle(extra.post_hooks)
        extra.post_hooks[handle.id] = hook
        return handle

    # Looking.

    item, tolist, numpy = looking.item, looking.tolist, looking.numpy
    __array__, __bool__ = looking.array_protocol, looking.as_bool
    __int__, __float__, __complex__ = looking.as_int, looking.as_float, looking.as_complex
    __index__, __len__, __iter__ = looking.as_index, looking.length, looking.iterate
    equal = looking.equal

    def __contains__(self, element: Any) -> bool:
        if isinstance(element, TensorBase | int | float | complex):
            return bool((element == self).any())  # type: ignore
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
            f"{type(element)}."
        )

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        from compat.front.show import shown

        return shown(self)

    def __format__(self, spec: str) -> str:
        if not self._meta.shape and not self.is_meta and type(self) is Tensor:
            return self.item().__format__(spec)
        return object.__format__(self, spec)

    # Copies and files.

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment.  If you were attempting to deepcopy a module, this may "
                "be because of a torch.nn.utils.weight_norm usage, see "
                "https://github.com/pytorch/pytorch/pull/103001"
            )
        if id(self) in memo:
            return memo[id(self)]
        storage = self._storage.target if isinstance(self._storage, AliasStorage) else self._storage
        twin = memo.get(id(storage))
        if twin is None:
            twin = memo[id(storage)] = _copied_storage(storage, self)
        made = object.__new__(type(self))
        made._storage, made._meta, made._offset, made._tape = twin, self._meta, self._offset, None
        if self.requires_grad:
            made.requires_grad_(True)
        memo[id(self)] = made
        if self.grad is not None:
            made.grad = copy.deepcopy(self.grad, memo)
        if self.__dict__:
            made.__dict__.update(copy.deepcopy(self.__dict__, memo))  # type: ignore
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support pickling"
            )
        array = looking.fetch(self.detach())
        return _unpickled, (type(self), array, self._meta.dtype.name, self.requires_grad)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self)})

    # Ways out to JAX.

    def jax(self) -> Any:
        """The elements as a jax.Array, which is never written to or donated by us."""
        from compat.front.bridge import to_jax

        return to_jax(self)

    def __dlpack__(self, **kwargs: Any) -> Any:
        if self.requires_grad:
            raise BufferError(
                "Can't export tensors that require gradient, use tensor.detach()"
            )
        return self.jax().__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self.jax().__dlpack_device__()


def _cname(one: d.dtype) -> str:
    names = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int"}
    return names.get(one.name, one.name)


def _copied_storage(storage: Any, tensor: Any) -> Any:
    """A storage of its own with the same elements."""
    from compat.engine.storage import Storage

    if isinstance(storage, HostStorage):
        one = meta((storage.host.size,), tensor._meta.dtype, None, tensor._meta.device)
        return Storage(concrete(one, storage.host.copy()))
    return Storage(storage.value)


def _unpickled(cls: type, array: Any, dtype: str, requires_grad: bool) -> Any:
    made = create.from_host(array, d.DTYPES[dtype], device("cpu"))
    if cls is not Tensor:
        return Tensor._make_subclass(cls, made, requires_grad)
    return made.requires_grad_(True) if requires_grad else made


def legacy_tensor(cls: type, kind: d.dtype, args: tuple[Any, ...], where: Any) -> Any:
    """The old constructors: `FloatTensor()`, `(2, 3)`, `([1, 2])`, `(array)`, `(storage)`."""
    place = create.where(where)
    if not args:
        return create.constant((0,), 0, kind, place)
    (first, *rest) = args
    if isinstance(first, TensorBase) and not rest:
        if first._meta.dtype is not kind:
            raise TypeError(
                f"expected {kind} (got {first._meta.dtype})"
            )
        return first.detach()  # type: ignore[attr-defined]
    if hasattr(first, "_tensor") and not rest:
        return first._tensor()  # type: ignore
    if isinstance(first, Size) or all(isinstance(each, int) for each in args):
        return create.constant(create.size_of(args), 0, kind, place)
    if rest:
        raise TypeError(
            f"new() received an invalid combination of arguments - got "
            f"({', '.join(type(each).__name__ for each in args)})"
        )
    return create.tensor(first, dtype=kind, device=place)


base.tensor_class = Tensor


def make_tensor_class() -> None:
    """Gives Tensor every form of every declaration."""
    from compat.front.bridge import register
    from compat.front.compose import derive_compositions
    from compat.front.convert import derive_conversions
    from compat.front.copies import derive_copies
    from compat.front.counts import derive_counts
    from compat.front.create import derive_creation
    from compat.front.indexing import getitem, setitem
    from compat.front.join import derive_joining
    from compat.front.layouts import derive_layouts
    from compat.front.native import derive_native
    from compat.front.parts import derive_parts
    from compat.front.rare import derive_rare
    from compat.front.sampling import derive_sampling
    from compat.front.search import derive_searching
    from compat.front.shared import asarray
    from compat.front.spectral import derive_spectral
    from compat.front.views import derive_views

    derive(Tensor)
    FUNCTIONS.setdefault("torch", {})["asarray"] = asarray
    derive_views(Tensor, FUNCTIONS)
    derive_conversions(Tensor, FUNCTIONS)
    derive_creation(Tensor)
    derive_compositions(Tensor)
    derive_spectral(Tensor)
    derive_joining(Tensor)
    derive_parts(Tensor)
    derive_searching(Tensor)
    derive_sampling(Tensor)
    derive_copies(Tensor)
    derive_rare(Tensor)
    derive_layouts(Tensor)
    derive_counts(Tensor)
    derive_native()
    register(Tensor)
    Tensor.__getitem__ = getitem  # type: ignore[attr-defined]
    Tensor.__setitem__ = setitem  # type: ignore[attr-defined]

