"""The oldest format: a tar archive of the storages, the tensors, and a pickle that names them.

PyTorch wrote it before its first numbered release. Tensors and storages have numbers; what the
pickle refers to is the number of a tensor.
"""

from __future__ import annotations

import io
import struct
import tarfile
from typing import IO, Any

from compat.core.device import device as Device

from .legacy import Place, Unpickle, read_storage
from .rebuild import LoadedStorage, StorageType
from .restricted import RestrictedUnpickler, find

MAGIC, MAGIC_AT = b"ustar", 257


def is_tar(file: IO[bytes]) -> bool:
    """Whether a tar archive begins here."""
    start = file.tell()
    head = file.read(MAGIC_AT + len(MAGIC))
    file.seek(start)
    return head[MAGIC_AT:] == MAGIC


def read(file: IO[bytes], unpickle: Unpickle, place: Place) -> Any:
    """The object in an archive. RuntimeError for a damaged one."""
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            parts = {name: _member(archive, name) for name in ("storages", "tensors", "pickle")}
    except tarfile.TarError as error:
        raise RuntimeError(f"the file is damaged: {error}") from None
    storages = _storages(parts["storages"], place)
    tensors = _tensors(parts["tensors"], storages)

    def persistent_load(identity: Any) -> Any:
        if isinstance(identity, tuple):  # a container, told with its type
            return identity[0]
        return _of(tensors, identity)

    return unpickle(parts["pickle"], persistent_load)


def _member(archive: tarfile.TarFile, name: str) -> io.BytesIO:
    try:
        found = archive.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise RuntimeError(f"the file is damaged: it has no part {name!r}")
    return io.BytesIO(found.read())


def _storages(file: io.BytesIO, place: Place) -> dict[int, tuple[LoadedStorage, int]]:
    """Each storage by its number, with the element of it at which it begins: some are parts of
    others."""
    length = file.getbuffer().nbytes
    loaded: dict[int, tuple[LoadedStorage, int]] = {}
    for _ in range(_count(file)):
        key, location, kind = _told(file, 3)
        if not isinstance(kind, StorageType) or kind.dtype is None or type(location) is not str:
            raise RuntimeError("the file is damaged: a storage has no type or no place")
        start = file.tell()
        head = file.read(8)
        count = struct.unpack("<q", head)[0] if len(head) == 8 else -1
        file.seek(start)
        data = read_storage(file, kind, count, length)
        loaded[_number(key)] = place(LoadedStorage(data, kind.dtype, Device("cpu")), location), 0
    parts = _plain(file)
    for part in parts if isinstance(parts, list) else ():
        target, root, offset, _ = part
        storage, begin = _of(loaded, root)
        loaded[_number(target)] = storage, begin + _number(offset)
    return loaded


def _tensors(
    file: io.BytesIO, storages: dict[int, tuple[LoadedStorage, int]]
) -> dict[int, Any]:  # fmt: skip
    made = {}
    for _ in range(_count(file)):
        key, storage_key, _ = _told(file, 3)
        storage, begin = _of(storages, storage_key)
        (rank, _) = struct.unpack("<ii", _exactly(file, 8))
        if not 0 <= rank <= 64:
            raise RuntimeError(f"the file is damaged: a tensor of {rank} dimensions")
        size = struct.unpack(f"<{rank}q", _exactly(file, 8 * rank))
        stride = struct.unpack(f"<{rank}q", _exactly(file, 8 * rank))
        (offset,) = struct.unpack("<q", _exactly(file, 8))
        assert storage.dtype is not None
        made[_number(key)] = storage.tensor(storage.dtype, begin + offset, size, stride)
    return made


class _Plain(RestrictedUnpickler):
    """Reads numbers, names, and the classes of storages; the classes of tensors say nothing."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "torch" and name.endswith("Tensor"):
            return StorageType
        return find(module, name)


def _plain(file: io.BytesIO) -> Any:
    def no_storages(identity: Any) -> Any:
        raise RuntimeError("the file is damaged: a reference where none can be")

    return _Plain(file, no_storages).load()


def _count(file: io.BytesIO) -> int:
    return min(_number(_plain(file)), file.getbuffer().nbytes)


def _told(file: io.BytesIO, count: int) -> tuple[Any, ...]:
    told = _plain(file)
    if not isinstance(told, tuple) or len(told) != count:
        raise RuntimeError("the file is damaged: a part of it is not told")
    return told


def _number(key: Any) -> int:
    try:
        return int(key)
    except (TypeError, ValueError):
        raise RuntimeError(f"the file is damaged: {str(key)[:40]!r} is no number") from None


def _of(known: dict[int, Any], key: Any) -> Any:
    number = _number(key)
    if number not in known:
        raise RuntimeError(f"the file is damaged: number {number} is missing")
    return known[number]


def _exactly(file: io.BytesIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise RuntimeError(
            f"unexpected EOF, expected {size - len(data)} more bytes. The file might be corrupted."
        )
    return data
