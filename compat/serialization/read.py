"""Files to objects: the safe way and the trusting way, from zip archives and from older formats."""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Callable
from typing import IO, Any

from compat.core.device import device as Device

from . import legacy, rebuild, tar
from .archive import MAGIC, ArchiveReader, opened
from .names import our_module, resolve
from .places import MapLocation, placement
from .rebuild import LoadedStorage
from .restricted import RestrictedUnpickler, find, unsafe_globals


def load(
    f: Any,
    map_location: MapLocation = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Reads what `torch.save`, here or in PyTorch, has written.

    f             a path, or a seekable file object open for reading bytes
    map_location  where storages go: a device, a dict from saved to wanted places, or a function of
                  a storage and its place that returns a storage (None: where they were saved)
    weights_only  True, the default: only tensors, plain containers and what `add_safe_globals`
                  allows are built. False runs whatever the file says: for files you trust
    mmap          whether to map the file into memory rather than to read it

    Raises pickle.UnpicklingError for what is not allowed, RuntimeError for a damaged file.
    """
    if weights_only is None:
        forced = os.environ.get("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "0").lower()
        weights_only = pickle_module is None and forced not in ("1", "y", "yes", "true")
    if weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    if mmap and not isinstance(f, str | os.PathLike):
        raise ValueError("f must be a file path in order to use the mmap argument")
    place = placement(map_location)

    def unpickle(file: IO[bytes], persistent_load: Callable[[Any], LoadedStorage]) -> Any:
        if weights_only:
            return RestrictedUnpickler(file, persistent_load).load()
        module = pickle_module or pickle
        return _trusting(module, file, persistent_load, pickle_load_args)

    with opened(f, "r") as file:
        start = file.tell()
        beginning = file.read(len(MAGIC))
        file.seek(start)
        if not beginning:
            raise EOFError("Ran out of input")
        if beginning == MAGIC:
            return _read_archive(file, bool(mmap), unpickle, place)
        if mmap:
            raise RuntimeError(
                "mmap can only be used with files saved with "
                "`torch.save(_use_new_zipfile_serialization=True), please torch.save your "
                "checkpoint with this option in order to use mmap."
            )
        if tar.is_tar(file):
            if weights_only:
                raise RuntimeError(
                    "Cannot use ``weights_only=True`` with files saved in the legacy .tar format. "
                    "Load it with `weights_only=False`, which runs whatever it says, if you trust "
                    "where it comes from."
                )
            return tar.read(file, unpickle, place)
        return legacy.read(file, unpickle, place)


def get_unsafe_globals_in_checkpoint(f: Any) -> list[str]:
    """The classes and functions that a file names and `weights_only=True` would refuse.

    Nothing of the file is run. ValueError for another format than the zip archive.
    """
    with opened(f, "r") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        file.seek(0)
        archive = ArchiveReader(file, False)
        if "constants.pkl" in archive:
            raise ValueError(
                "Expected input to be a checkpoint returned by torch.save but got a torchscript "
                "checkpoint"
            )
        return unsafe_globals(io.BytesIO(archive.read("data.pkl")))


def _read_archive(
    file: IO[bytes], map_file: bool, unpickle: legacy.Unpickle, place: legacy.Place
) -> Any:
    with ArchiveReader(file, map_file) as archive:
        if "constants.pkl" in archive:
            raise NotImplementedError("torch.load: TorchScript archives")
        order = bytes(archive.read("byteorder")) if "byteorder" in archive else b"little"
        loaded: dict[str, LoadedStorage] = {}

        def persistent_load(identity: Any) -> LoadedStorage:
            kind, key, location, count = legacy.storage_identity(identity)
            if key not in loaded:
                name, itemsize = f"data/{key}", kind.dtype.itemsize if kind.dtype else 1
                size = archive.size(name)
                if size != count * itemsize:
                    raise RuntimeError(
                        f"record size ({size} bytes) does not match expected size "
                        f"({count * itemsize} bytes = {count} elements * {itemsize} bytes/element)"
                    )
                data = archive.read(name)
                if order.decode("ascii", "replace") != sys.byteorder:
                    data = legacy.swapped(data, kind)
                loaded[key] = place(LoadedStorage(data, kind.dtype, Device("cpu")), location)
            return loaded[key]

        return unpickle(io.BytesIO(archive.read("data.pkl")), persistent_load)


def _trusting(
    module: Any,
    file: IO[bytes],
    persistent_load: Callable[[Any], LoadedStorage],
    arguments: dict[str, Any],
) -> Any:
    class Unpickler(module.Unpickler):  # type: ignore[name-defined]
        def find_class(self, package: str, name: str) -> Any:
            found = _SPECIAL.get((package, name))
            if found is not None:
                return found
            if package.partition(".")[0] in ("torch", "torchvision"):
                if name.endswith("Storage"):
                    return find(package, name)
                if our_module(package) == rebuild.__name__:
                    return getattr(rebuild, name)
                return resolve(package, name)
            return super().find_class(package, name)

    reader = Unpickler(file, **{"encoding": "utf-8", **arguments})
    reader.persistent_load = persistent_load
    return reader.load()


_SPECIAL = {
    ("torch._tensor", "_rebuild_from_type_v2"): rebuild._rebuild_from_type_v2,
    ("torch.serialization", "_get_layout"): rebuild._get_layout,
}
