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
from collections.abc import Iterator
from typing import IO, Any

ALIGNMENT = 64
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
        self._file = file
        self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) if map_file else None
        self._check_version()

    def __contains__(self, name: str) -> bool:
        return f"{self._root}/{name}" in self._zip.NameToInfo

    def size(self, name: str) -> int:
        """How many bytes a record has."""
        return self._entry(name).file_size

    def read(self, name: str) -> bytes | memoryview:
        """The bytes of a record; of a mapped file, a view that is read when it is used."""
        info = self._entry(name)
        if self._map is not None:
            return self._mapped(info)
        try:
            return self._zip.read(info)
        except Exception as error:
            raise _broken(f"failed reading file {name}: {error}.") from error

    def close(self) -> None:
        self._zip.close()

    def _entry(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._zip.getinfo(f"{self._root}/{name}")
        except KeyError:
            raise _broken(f"failed locating file {name}: file not found.") from None

    def _mapped(self, info: zipfile.ZipInfo) -> memoryview:
        assert self._map is not None
        at = info.header_offset + _LOCAL_HEADER
        if at > len(self._map):
            raise _broken(f"record {info.filename} lies outside the file.")
        name_length, extra_length = struct.unpack_from("<HH", self._map, at - 4)
        start = at + name_length + extra_length
        if start + info.file_size > len(self._map):
            raise _broken(f"record {info.filename} lies outside the file.")
        return memoryview(self._map)[start : start + info.file_size]

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
