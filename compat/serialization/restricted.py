"""The safe reading of pickles: a table says what may be built, and nothing else is called."""

from __future__ import annotations

import contextlib
import pickle
import pickletools
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

import numpy as np

from compat.core import dtype as types
from compat.core.device import device as Device
from compat.core.size import Size

from . import rebuild
from .names import full_name, resolve
from .rebuild import LoadedStorage, StorageType

_ADVICE = (
    "Weights only load failed. Only tensors, plain containers and what you allow are loaded, since "
    "a file may hold code. If you trust this file, there are two ways on: (1) load it with "
    "`weights_only=False`, which runs whatever it says; (2) allow the classes and functions that "
    "it names with `torch.serialization.add_safe_globals`.\n\tWeightsUnpickler error: "
)

PersistentLoad = Callable[[Any], LoadedStorage]

# What the user allowed, by the name a file gives it.
_added: dict[str, Any] = {}


def add_safe_globals(safe_globals: Iterable[Any]) -> None:
    """Allows classes and functions in files loaded with weights_only=True.

    An element may be a pair (thing, name) when files know it by another name.
    """
    for one in safe_globals:
        thing, name = one if isinstance(one, tuple) else (one, full_name(one))
        _added[name] = thing


def get_safe_globals() -> list[Any]:
    """What has been allowed so far."""
    return list(_added.values())


def clear_safe_globals() -> None:
    """Forgets what has been allowed."""
    _added.clear()


@contextlib.contextmanager
def safe_globals(safe_globals: Iterable[Any]) -> Iterator[None]:
    """Allows classes and functions for a while: `with safe_globals([Config]): ...`."""
    before = dict(_added)
    add_safe_globals(safe_globals)
    try:
        yield
    finally:
        _added.clear()
        _added.update(before)


# The builders of the table. Each takes plain data only, in amounts that the file itself holds.


def _bytearray(*args: Any) -> bytearray:
    if not args:
        return bytearray()
    if isinstance(args[0], bytes | bytearray):
        return bytearray(args[0])
    return bytearray(_encode(*args))


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "utf-8", "ascii"):
        raise pickle.UnpicklingError(f"cannot encode with {encoding!r}")
    return text.encode(encoding)


def _set(items: Iterable[Any] = ()) -> set[Any]:
    return set(map(_hashable, items))


def _frozenset(items: Iterable[Any] = ()) -> frozenset[Any]:
    return frozenset(map(_hashable, items))


def _ordered(pairs: Iterable[Any] = ()) -> OrderedDict[Any, Any]:
    return OrderedDict((_hashable(key), value) for key, value in pairs)


def _counter(counts: dict[Any, int] | None = None) -> Counter[Any]:
    return Counter(dict(counts or {}))


def _size(sizes: Iterable[int] = ()) -> Size:
    return Size(tuple(sizes))


def _numpy_type(code: str, *flags: Any) -> np.dtype[Any]:
    found = np.dtype(str(code))
    if found.kind not in "biufc" or found.subdtype is not None:
        raise pickle.UnpicklingError(f"the NumPy type {code!r} is not allowed in a file")
    return found


def _numpy_scalar(kind: np.dtype[Any], data: bytes) -> Any:
    if not isinstance(kind, np.dtype) or not isinstance(data, bytes):
        raise pickle.UnpicklingError("not a NumPy scalar")
    (value,) = np.frombuffer(data, kind)
    return value


_TABLE: dict[str, Any] = {
    "collections.OrderedDict": _ordered,
    "collections.Counter": _counter,
    "__builtin__.set": _set, "builtins.set": _set,
    "__builtin__.frozenset": _frozenset, "builtins.frozenset": _frozenset,
    "__builtin__.bytearray": _bytearray, "builtins.bytearray": _bytearray,
    "__builtin__.complex": complex, "builtins.complex": complex,
    "_codecs.encode": _encode,
    "torch.Size": _size,
    "torch.device": Device,
    "torch.serialization._get_layout": rebuild._get_layout,
    "torch._tensor._rebuild_from_type_v2": rebuild._rebuild_from_type_v2,
    "numpy.dtype": _numpy_type,
    "numpy.core.multiarray.scalar": _numpy_scalar,
    "numpy._core.multiarray.scalar": _numpy_scalar,
    "torch.storage.UntypedStorage": StorageType(None),
    "torch.UntypedStorage": StorageType(None),
}  # fmt: skip
for _name in (
    "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter",
    "_rebuild_parameter_with_state", "_rebuild_meta_tensor_no_storage", "_rebuild_sparse_tensor",
    "_rebuild_qtensor", "_rebuild_nested_tensor",
):  # fmt: skip
    _TABLE[f"torch._utils.{_name}"] = getattr(rebuild, _name)
for _dtype in types.DTYPES.values():
    _TABLE[f"torch.{_dtype.name}"] = _dtype
    for _package in ("torch", "torch.cuda"):
        _TABLE[f"{_package}.{types.TYPE_NAMES[_dtype]}Storage"] = StorageType(_dtype)

# Classes that files name as data; they are looked up when a file does.
_CLASSES = {
    "torch.Tensor": ("torch", "Tensor"),
    "torch._tensor.Tensor": ("torch", "Tensor"),
    "torch.nn.parameter.Parameter": ("torch.nn.parameter", "Parameter"),
    "torch.nn.Parameter": ("torch.nn.parameter", "Parameter"),
}
_CALLABLE = {id(thing) for thing in _TABLE.values() if callable(thing)}
_MOST_KEY_PARTS = 10_000


def unsafe_globals(file: IO[bytes]) -> list[str]:
    """The names in a pickle that a file may not use, read without running any of it."""
    found: dict[str, None] = {}
    strings: list[str] = []
    memo: dict[int, str] = {}
    last = ""
    for opcode, value, _ in pickletools.genops(file):
        kind = opcode.name
        if kind in ("GLOBAL", "STACK_GLOBAL"):
            module, name = value.split(" ") if kind == "GLOBAL" else strings[-2:]
            try:
                find(module, name)
            except pickle.UnpicklingError:
                found[f"{module}.{name}"] = None
        elif kind == "MEMOIZE" or kind.endswith("PUT"):
            memo[len(memo) if value is None else int(value)] = last
        elif kind.endswith("GET"):
            strings.append(memo.get(int(value), ""))
        elif isinstance(value, str):
            strings.append(value)
        last = value if isinstance(value, str) else ""
    return list(found)


def find(module: str, name: str) -> Any:
    """What a file may use under a name; UnpicklingError when that is nothing."""
    full = f"{module}.{name}"
    short = name if module in ("builtins", "__builtin__") else full
    if full in _TABLE:
        return _TABLE[full]
    for known in (full, short):
        if known in _added:
            return _added[known]
    if full in _CLASSES:
        return resolve(*_CLASSES[full])
    raise pickle.UnpicklingError(
        f"Unsupported global: GLOBAL {short} was not an allowed global by default. Please use "
        f"`torch.serialization.add_safe_globals([{short}])` or the "
        f"`torch.serialization.safe_globals([{short}])` context manager to allowlist this global "
        "if you trust this class/function."
    )


def _hashable(key: Any) -> Any:
    """The key, unless hashing it could take forever: tuples in tuples in tuples ..."""
    if not isinstance(key, tuple | frozenset):
        return key
    pending, parts = [key], 0
    while pending:
        one = pending.pop()
        parts += 1
        if parts > _MOST_KEY_PARTS:
            raise pickle.UnpicklingError("a key of a dictionary or set is too large")
        if isinstance(one, tuple | frozenset):
            pending.extend(one)
    return key


class RestrictedUnpickler(pickle._Unpickler):  # type: ignore[name-defined]
    """The standard library's unpickler in Python, with the table for its only names.

    Opcodes that build or call are replaced by careful ones, those that no file needs are left out.
    """

    def __init__(self, file: IO[bytes], persistent_load: PersistentLoad) -> None:
        super().__init__(file, encoding="utf-8")
        self.persistent_load = persistent_load

    def find_class(self, module: str, name: str) -> Any:
        return find(module, name)

    def load_reduce(self) -> None:
        args, func = self.stack.pop(), self.stack[-1]
        allowed = id(func) in _CALLABLE or any(func is one for one in _added.values())
        if not allowed or not isinstance(args, tuple):
            raise pickle.UnpicklingError(f"Trying to call {func!r}, which is not allowed")
        if func is rebuild._rebuild_from_type_v2 and (
            len(args) != 4 or id(args[0]) not in _CALLABLE or not isinstance(args[1], type)
        ):
            raise pickle.UnpicklingError("Trying to rebuild a tensor with something not allowed")
        self.stack[-1] = func(*args)

    def load_newobj(self) -> None:
        args, cls = self.stack.pop(), self.stack.pop()
        if not any(cls is one for one in _added.values()):
            raise pickle.UnpicklingError(f"Trying to make a {cls!r}, which is not allowed")
        self.append(cls.__new__(cls, *args))

    def load_build(self) -> None:
        state, target = self.stack[-1], self.stack[-2]
        if isinstance(target, np.dtype):  # its state says the byte order
            self.stack.pop()
            self.stack[-1] = target.newbyteorder(state[1]) if state[1] in "<>" else target
        elif type(target) is OrderedDict:  # a state_dict carries its versions so
            self.stack.pop()
            target.__dict__.update(state)
        elif any(type(target) is one for one in _added.values()):
            super().load_build()
        else:
            raise pickle.UnpicklingError(
                f"Can only build Tensor, Parameter, OrderedDict or types allowlisted via "
                f"`add_safe_globals`, but got {type(target)}"
            )

    def load_setitem(self) -> None:
        _hashable(self.stack[-2])
        super().load_setitem()

    def load_setitems(self) -> None:
        for key in self.stack[::2]:
            _hashable(key)
        super().load_setitems()

    def load_additems(self) -> None:
        for item in self.stack:
            _hashable(item)
        super().load_additems()

    def load_frozenset(self) -> None:
        for item in self.stack:
            _hashable(item)
        super().load_frozenset()

    def load(self) -> Any:
        """The object; UnpicklingError for what is not allowed and for what is no pickle."""
        try:
            return super().load()
        except pickle.UnpicklingError as error:
            raise pickle.UnpicklingError(_ADVICE + str(error)) from None
        except (NotImplementedError, RuntimeError):
            raise
        except Exception as error:  # damaged bytes: a bad operand, a name that is no text ...
            what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise pickle.UnpicklingError(f"{_ADVICE}the file is damaged ({what})") from error


class _Opcodes(dict[int, Any]):
    def __missing__(self, code: int) -> Any:
        raise pickle.UnpicklingError(f"Unsupported operand {code}")


_FORBIDDEN = (
    pickle.PERSID, pickle.INST, pickle.OBJ, pickle.NEWOBJ_EX, pickle.EXT1, pickle.EXT2,
    pickle.EXT4, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER, pickle.DUP,
)  # fmt: skip
RestrictedUnpickler.dispatch = _Opcodes(pickle._Unpickler.dispatch)  # type: ignore[attr-defined]
for _code in _FORBIDDEN:
    del RestrictedUnpickler.dispatch[_code[0]]
for _code, _method in {
    pickle.REDUCE: RestrictedUnpickler.load_reduce,
    pickle.NEWOBJ: RestrictedUnpickler.load_newobj,
    pickle.BUILD: RestrictedUnpickler.load_build,
    pickle.SETITEM: RestrictedUnpickler.load_setitem,
    pickle.SETITEMS: RestrictedUnpickler.load_setitems,
    pickle.ADDITEMS: RestrictedUnpickler.load_additems,
    pickle.FROZENSET: RestrictedUnpickler.load_frozenset,
}.items():
    RestrictedUnpickler.dispatch[_code[0]] = _method
