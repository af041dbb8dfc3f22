"""Files to objects: the safe way and the trusting way, from zip archives and from older formats."""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Callable
from typing import IO, Any

from compat.core.device import device as Device
from compat.core.device import platform_devices

from . import legacy, rebuild, tar
from .archive import MAGIC, ArchiveReader, opened
from .names import our_module, resolve
from .rebuild import LoadedStorage
from .restricted import RestrictedUnpickler, find

MapLocation = Callable[[Any, str], Any] | Device | str | dict[str, str] | None


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


# Where storages go.


def placement(map_location: MapLocation) -> legacy.Place:
    """The function that puts a storage where `map_location` wants it."""

    def place(storage: LoadedStorage, location: str) -> LoadedStorage:
        if callable(map_location) and not isinstance(map_location, Device):
            chosen = map_location(storage.to(_device(location, check=False)), location)
            return chosen if chosen is not None else storage.to(_device(location))
        if isinstance(map_location, dict):
            return storage.to(_device(str(map_location.get(location, location))))
        wanted = location if map_location is None else str(map_location)
        return storage.to(_device(wanted))

    return place


def _device(location: str, check: bool = True) -> Device:
    try:
        found = Device(location)
    except RuntimeError:
        raise RuntimeError(
            "don't know how to restore data location of torch.storage.UntypedStorage "
            f"(tagged with {location})"
        ) from None
    if found.type == "cuda" and check:
        available = len(platform_devices("cuda"))
        if not available:
            raise RuntimeError(
                "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() "
                "is False. If you are running on a CPU-only machine, please use torch.load with "
                "map_location=torch.device('cpu') to map your storages to the CPU."
            )
        if (found.index or 0) >= available:
            raise RuntimeError(
                f"Attempting to deserialize object on CUDA device {found.index} but "
                f"torch.cuda.device_count() is {available}. Please use torch.load with "
                "map_location to map your storages to an existing device."
            )
        found = Device("cuda", found.index or 0)
    return found
