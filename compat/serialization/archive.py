"""The zip container of saved files: named records, stored plainly, each aligned to 64 bytes."""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any

import numpy as np

from compat.engine.memory import ALIGNMENT, room

_LARGE = 1 << 20  # bytes of a record that has pages, and a turn of the checking thread, to itself
MAGIC = b"PK\x03\x04"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # no record bears a date: equal contents make equal files
_LOCAL_HEADER = 30  # bytes, before the name
_ZIP64_EXTRA = 20
_NEWEST_VERSION = 10
_CORRUPT = (
    " If you are seeing this error, there is a high likelihood that your checkpoint file is "
    "corrupted. This can happen if the checkpoint was not saved properly, was transferred "
    "incorrectly, or the file was modified after saving."
)


class ArchiveWriter:
    """Writes records into a zip file, under one top folder."""

    def __init__(self, file: IO[bytes], folder: str) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._folder = folder
        self._digest = hashlib.sha1()

    def add(self, name: str, data: bytes | memoryview) -> None:
        """Appends one record; its bytes start at a multiple of 64."""
        size = memoryview(data).nbytes
        info = zipfile.ZipInfo(f"{self._folder}/{name}", _EPOCH)
        info.file_size = size
        assert self._zip.fp is not None
        start = self._zip.fp.tell() + _LOCAL_HEADER + len(info.filename.encode()) + 4
        if size * 1.05 > zipfile.ZIP64_LIMIT:  # when zipfile adds a header field for large sizes
            start += _ZIP64_EXTRA
        padding = -start % ALIGNMENT
        info.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
        with self._zip.open(info, "w") as record:
            record.write(data)
        self._digest.update(f"{name}:{info.CRC}:{size};".encode())

    def close(self) -> None:
        """Adds the identity of the contents and the table of the records."""
        identity = str(int.from_bytes(self._digest.digest())).zfill(40)[:40]
        self.add(".data/serialization_id", identity.encode())
        self._zip.close()


@contextlib.contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """A new file that takes the place of the one at path when all of it is written.

    Whatever interrupts the writing, the old file stays as it was.
    """
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
        with open(path, "wb") as device:  # a device or a pipe is written to, not replaced
            yield device
        return
    temporary = os.path.join(folder, f".{os.path.basename(path)}.{os.urandom(6).hex()}.part")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


class ArchiveReader:
    """Reads records; RuntimeError when the file is damaged.

    What is read never takes more memory than the file is long: records are stored as they are.
    Used in a `with` statement, at whose end every checksum has been compared.
    """

    def __init__(self, file: IO[bytes], map_file: bool = False) -> None:
        length = file.seek(0, os.SEEK_END)
        try:
            self._zip = zipfile.ZipFile(file)
        except Exception as error:  # zipfile meets damaged tables with errors of many kinds
            raise _broken(f"failed reading zip archive: {error}.") from error
        entries = self._zip.infolist()
        roots = {info.filename.partition("/")[0] for info in entries}
        for info in entries:
            if "/" not in info.filename:
                raise RuntimeError(f"file in archive is not in a subdirectory: {info.filename}")
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
                raise _broken(f"record {info.filename} is compressed or encrypted.")
        if len(roots) != 1:
            raise _broken("expected one folder at the top of the archive.")
        if sum(info.file_size for info in entries) > length:
            raise _broken("its records are longer than the file.")
        self._root = roots.pop()
        self._file, self._length = file, length
        self._checker = ThreadPoolExecutor(1)  # starts its thread with the first of its checks
        self._checks: list[Future[None]] = []
        self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) if map_file else None
        self._check_version()

    def __contains__(self, name: str) -> bool:
        return f"{self._root}/{name}" in self._zip.NameToInfo

    def size(self, name: str) -> int:
        """How many bytes a record has."""
        return self._entry(name).file_size

    def read(self, name: str) -> np.ndarray[Any, Any]:
        """The bytes of a record; of a mapped file, a view that is read when it is used."""
        info = self._entry(name)
        try:
            start = self._start(info)
            if self._map is not None:
                return np.frombuffer(self._map, np.uint8, info.file_size, start)
            return self._read(info, start)
        except (OSError, ValueError) as error:
            raise _broken(f"failed reading file {name}: {error}.") from error

    def __enter__(self) -> ArchiveReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Waits for the checksums of what was read; RuntimeError when one is wrong."""
        self._checker.shutdown(cancel_futures=kind is not None)
        if kind is None:
            for check in self._checks:
                check.result()

    def _entry(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._zip.getinfo(f"{self._root}/{name}")
        except KeyError:
            raise _broken(f"failed locating file {name}: file not found.") from None

    def _start(self, info: zipfile.ZipInfo) -> int:
        """Where the bytes of a record begin: behind its name and its padding."""
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL_HEADER)
        if len(header) != _LOCAL_HEADER or not header.startswith(MAGIC):
            raise ValueError("it has no header")
        name_length, extra_length = struct.unpack_from("<HH", header, _LOCAL_HEADER - 4)
        start = info.header_offset + _LOCAL_HEADER + name_length + extra_length
        if start + info.file_size > self._length:
            raise ValueError("it lies outside the file")
        return start

    def _read(self, info: zipfile.ZipInfo, start: int) -> np.ndarray[Any, Any]:
        """Reads straight to where the bytes stay. A large record's checksum is taken beside the
        reading of the next, which for 500 MB is a third of the time."""
        self._file.seek(start)
        found = _space(info.file_size)
        left = memoryview(found)
        while left:
            count = _read_into(self._file, left)
            if not count:
                raise ValueError("unexpected end of the file")
            left = left[count:]
        if info.file_size < _LARGE:
            _verify(info, found)
        else:
            self._checks.append(self._checker.submit(_verify, info, found))
        return found

    def _check_version(self) -> None:
        name = "version" if "version" in self else ".data/version"
        text = bytes(self.read(name)).strip()
        if not text.isdigit() or len(text) > 9:
            raise _broken(f"its version is {text[:20]!r}.")
        if int(text) > _NEWEST_VERSION:
            raise RuntimeError(
                f"Attempted to read a PyTorch file with version {int(text)}, but the maximum "
                f"supported version for reading is {_NEWEST_VERSION}. The version of your PyTorch "
                "installation may be too old, please upgrade PyTorch to latest version to mitigate "
                "this issue."
            )


def _space(size: int) -> np.ndarray[Any, Any]:
    """Room for so many bytes. For many it is pages of their own, asked for at once: they are there
    sooner than one by one, and the system has them back when the tensor is gone."""
    if size >= _LARGE and hasattr(mmap, "MAP_POPULATE"):
        pages = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)
        return np.frombuffer(pages, np.uint8)
    return room(size)


def _verify(info: zipfile.ZipInfo, found: np.ndarray[Any, Any]) -> None:
    if zlib.crc32(found) != info.CRC:
        raise _broken(f"failed reading file {info.filename}: its checksum is wrong.")


def _read_into(file: Any, part: memoryview) -> int:
    """Reads some bytes, at most as many as there is room for; from a file object that can only
    `read`, too."""
    if hasattr(file, "readinto"):
        return file.readinto(part)
    read = file.read(len(part))
    part[: len(read)] = read
    return len(read)


def _broken(what: str) -> RuntimeError:
    return RuntimeError(f"PytorchStreamReader {what}{_CORRUPT}")


def opened(f: Any, mode: str) -> contextlib.AbstractContextManager[IO[bytes]]:
    """The file behind what the user gave: a path is opened and closed, a file object used."""
    if isinstance(f, str | os.PathLike):
        path = os.fspath(f)
        return replacing(path) if mode == "w" else open(path, "rb")
    if mode == "w":
        if not hasattr(f, "write"):
            raise AttributeError(
                "expected 'f' to be string, path, or a file-like object with a 'write' attribute"
            )
    else:
        for needed in ("seek", "tell", "read"):
            if not hasattr(f, needed):
                raise AttributeError(
                    f"'{type(f).__name__}' object has no attribute '{needed}'. You can only "
                    "torch.load from a file that is seekable. Please pre-load the data into a "
                    "buffer like io.BytesIO and try to load from it instead."
                )
    return contextlib.nullcontext(f)
