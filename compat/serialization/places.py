"""Where the storages of a file go, and how a file says where they were."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Any

from compat.core.device import device as Device
from compat.core.device import platform_devices

from . import legacy
from .rebuild import LoadedStorage

MapLocation = Callable[[Any, str], Any] | Device | str | dict[str, str] | None

_OWN = 10  # the priority of what is here, as of PyTorch's CPU
_registry: list[tuple[int, Callable[[Any], str | None], Callable[[Any, str], Any]]] = []


def register_package(
    priority: int,
    tagger: Callable[[Any], str | None],
    deserializer: Callable[[Any, str], Any],
) -> None:
    """Has files written and read with places of one's own.

    priority      lower ones are asked first; PyTorch's own has 10
    tagger        a storage -> the name of its place in the file, or None
    deserializer  a storage and that name -> the storage where it belongs, or None
    """
    bisect.insort(_registry, (priority, tagger, deserializer), key=lambda entry: entry[0])


def tag_of(storage: Any) -> str:
    """What a file says of the place of a storage."""
    for priority, tagger, _ in _registry:
        tag = tagger(storage) if priority < _OWN else None
        if tag is not None:
            return tag
    return str(storage.device)


def _restored(storage: LoadedStorage, location: str) -> LoadedStorage:
    """The storage at the place that a file names."""
    for priority, _, deserializer in _registry:
        if priority >= _OWN and _is_device(location):
            break
        found = deserializer(storage, location)
        if found is not None:
            return found
    return storage.to(_device(location))


def _is_device(location: str) -> bool:
    try:
        Device(location)
    except RuntimeError:
        return False
    return True


def placement(map_location: MapLocation) -> legacy.Place:
    """The function that puts a storage where `map_location` wants it."""

    def place(storage: LoadedStorage, location: str) -> LoadedStorage:
        if callable(map_location) and not isinstance(map_location, Device):
            chosen = map_location(storage.to(_device(location, check=False)), location)
            return chosen if chosen is not None else _restored(storage, location)
        if isinstance(map_location, dict):
            return _restored(storage, str(map_location.get(location, location)))
        wanted = location if map_location is None else str(map_location)
        return _restored(storage, wanted)

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
