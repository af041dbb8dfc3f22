"""What outlives a process: the shapes of results, and executables, in one file on disk.

JAX's own cache on disk is asked with the lowered program, so a second run of a script still has
to trace and lower everything, which takes longer than XLA took. Entries and sections have names
of their own (`mark`): function, settings, shapes. What is kept under these is there at once.

A mark holds for one state of this package's source, JAX's version, this kind of processor and the
settings in the environment. What is named by an object that means nothing in another process, a
user's function above all, has no mark; its executable is found by the text of the lowered program.

The file is the user's own, like JAX's cache: executables are loaded by unpickling.
"""

from __future__ import annotations

import atexit
import dataclasses
import functools
import hashlib
import os
import pickle
import platform
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.experimental import serialize_executable

from compat.core.device import device
from compat.core.dtype import dtype, get_default_dtype

LIMIT = 2 << 30  # bytes of the file from which on the half that was used longest ago is dropped
DAY = 86_400
FILE = "kept.sqlite"
BATCH = 64  # small records written at a time

Mark = bytes


class Nameless(Exception):
    """Something that a mark cannot be made of."""


def mark(*what: Hashable) -> Mark | None:
    """The name of what consists of these, the same in every process; None if it has none."""
    try:
        return _mark_of(*what)
    except Nameless:
        return None


def _mark_of(*what: Hashable) -> Mark:
    text = _written(what)
    state = f"{_world()} {get_default_dtype().name} {jax.config.jax_default_matmul_precision}"  # type: ignore[attr-defined]
    return hashlib.blake2b(f"{state} {text}".encode(), digest_size=16).digest()


def _written(one: Any) -> str:
    kind = type(one)
    if kind in _PLAIN:
        return repr(one)
    if isinstance(one, tuple | list):  # a Size is its numbers
        return f"({' '.join([_written(part) for part in one])})"
    if kind is dtype:
        return one.name
    if kind is device:
        return repr(one)
    own = getattr(one, "mark", None)  # an op, an entry
    if own is not None and kind.__module__.startswith(_PACKAGE):
        return own if type(own) is str else own.hex()
    if kind.__module__.startswith(_PACKAGE) and dataclasses.is_dataclass(one):
        fields = [getattr(one, field.name) for field in dataclasses.fields(one)]
        return f"{kind.__qualname__}{_written(tuple(fields))}"
    if kind in (type, type(_written)) and one.__module__.startswith(_PACKAGE):
        if getattr(one, "__closure__", None) is None and "<" not in one.__qualname__:
            return f"{one.__module__}.{one.__qualname__}"
    if isinstance(one, np.dtype):
        return one.str
    raise Nameless(f"{kind.__module__}.{kind.__qualname__}")


_PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None), type(Ellipsis)})
_PACKAGE = __name__.partition(".")[0] + "."


@functools.cache
def _world() -> str:
    """What results depend on besides the entry: source, libraries, processor, settings."""
    files = sorted(_sources(Path(__file__).parent.parent))
    settings = sorted(
        (name, value)
        for name, value in os.environ.items()
        if name.startswith(("COMPAT_", "JAX_", "XLA_")) and name != "COMPAT_CACHE_DIR"
    )
    with suppress(OSError):  # elsewhere than on Linux the machine's name has to do
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        kind = {one for one in lines if one.startswith(("flags", "Features", "model name"))}
        settings += [("processor", one) for one in sorted(kind)]
    world = files, settings, platform.machine(), jax.__version__, version("jaxlib")
    return hashlib.blake2b(repr(world).encode(), digest_size=16).hexdigest()


def _sources(folder: Any) -> Iterator[tuple[str, int, int]]:
    """Path, size and time of change of every source file."""
    for entry in os.scandir(folder):
        if entry.is_dir():
            yield from _sources(entry.path)
        elif entry.name.endswith(".py"):
            found = entry.stat()
            yield entry.path, found.st_size, found.st_mtime_ns


class Store:
    """Bytes by mark, in one file that any number of processes may use at a time.

    A file that cannot be read or written costs a warning and the time to make things again.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.process = folder, os.getpid()
        self.turn, self.works = threading.Lock(), True
        self.waiting: dict[Mark, bytes] = {}  # small records, written together
        self.touched: list[Mark] = []
        self.today = int(time.time() / DAY)
        self.base = sqlite3.connect(folder / FILE, timeout=5.0, check_same_thread=False)
        self.base.execute("PRAGMA journal_mode=WAL")
        self.base.execute("PRAGMA synchronous=NORMAL")  # a lost record is made again
        self.base.execute(
            "CREATE TABLE IF NOT EXISTS kept(mark BLOB PRIMARY KEY, used INT, data BLOB)"
        )
        (pages,) = self.base.execute("PRAGMA page_count").fetchone()
        (size,) = self.base.execute("PRAGMA page_size").fetchone()
        if pages * size > LIMIT:
            self._halve()

    def _halve(self) -> None:
        """Drops the half that was used last the longest ago."""
        with self.base:
            self.base.execute(
                "DELETE FROM kept WHERE rowid IN (SELECT rowid FROM kept ORDER BY used, rowid "
                "LIMIT (SELECT COUNT(*) / 2 FROM kept))"
            )
        self.base.execute("VACUUM")

    def get(self, mark: Mark) -> bytes | None:
        """The bytes of a mark, None where there are none."""
        query = "SELECT data, used FROM kept WHERE mark = ?"
        with self.turn:
            found = self.waiting.get(mark)
            if found is not None or not self.works:
                return found
            try:
                row = self.base.execute(query, (mark,)).fetchone()
            except sqlite3.Error as error:
                return self._fails(error)
            if row is None:
                return None
            if row[1] != self.today:
                self.touched.append(mark)
            return row[0]

    def put(self, mark: Mark, data: bytes) -> None:
        """Keeps the bytes of a mark: at once when there are many, else before long."""
        with self.turn:
            if not self.works:
                return
            self.waiting[mark] = data
            if len(self.waiting) >= BATCH or len(data) > 4096:
                self._write()

    def close(self) -> None:
        """At exit: writes what waits."""
        if os.getpid() == self.process:
            with self.turn:
                self._write()

    def _write(self) -> None:
        rows = [(mark, self.today, data) for mark, data in self.waiting.items()]
        touched = [(self.today, mark) for mark in self.touched]
        self.waiting.clear()
        self.touched.clear()
        try:
            with self.base:
                self.base.executemany("INSERT OR REPLACE INTO kept VALUES(?, ?, ?)", rows)
                self.base.executemany("UPDATE kept SET used = ? WHERE mark = ?", touched)
        except sqlite3.Error as error:
            self._fails(error)

    def _fails(self, error: Exception) -> None:
        """Goes on without the file."""
        _say(self.folder, error)
        self.works = False


def _say(folder: Path, error: Exception) -> None:
    warnings.warn(f"compat keeps nothing for the next run in {folder}: {error}", stacklevel=2)


@functools.cache
def _opened(process: int) -> Store | None:
    """The store of this process; after a fork the child opens it anew. None if switched off."""
    place = os.environ.get("COMPAT_CACHE_DIR", "~/.cache/compat")
    if place in ("", "0"):
        return None
    folder = Path(place)
    try:
        folder = folder.expanduser()  # RuntimeError without a home
        try:
            store = Store(folder)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # locked, read-only, disk full
                raise
            for damaged in folder.glob(f"{FILE}*"):
                damaged.unlink()
            store = Store(folder)
    except (OSError, RuntimeError, sqlite3.Error) as error:
        _say(folder, error)
        return None
    atexit.register(store.close)
    return store


def recall(mark: Mark | None) -> Any:
    """What `remember` was given for this mark, in this process or an earlier one; else None."""
    store = _opened(os.getpid())
    data = store.get(mark) if store is not None and mark is not None else None
    try:
        return None if data is None else pickle.loads(data)
    except Exception as error:  # damage takes many forms
        return _damaged(store, error)


def remember(mark: Mark | None, what: Any) -> None:
    """Keeps something that can be pickled."""
    store = _opened(os.getpid())
    if store is not None and mark is not None:
        store.put(mark, pickle.dumps(what))


def _damaged(store: Any, error: Exception) -> None:
    text = f"compat makes again what is damaged in {store.folder}: {error}"
    warnings.warn(text, stacklevel=3)


def executable(mark: Mark | None, lower: Callable[[], tuple[Any, Any]]) -> Any:
    """The executable of a mark: from the disk, or compiled now and kept.

    One that calls functions of a library, as LAPACK's, is found by its lowered text, since it is
    lowering that readies these.

    lower    gives the lowered program and options for XLA
    """
    store = _opened(os.getpid())
    # An executable that JAX took from a cache of its own cannot be kept a second time.
    if store is None or jax.config.jax_compilation_cache_dir is not None:  # type: ignore[attr-defined]
        lowered, options = lower()
        return lowered.compile(options)
    device = jax.config.jax_default_device  # type: ignore[attr-defined]
    if device is None or isinstance(device, str):
        device = jax.devices(device)[0]
    where = f" {device.platform} {device.device_kind} {device.id}".encode()
    if mark is not None and (found := _loaded(store, mark + where, device)) is not None:
        return found
    lowered, options = lower()
    text = lowered.as_text()
    if mark is None or "custom_call" in text:
        mark = _mark_of("lowered", text, repr(options))
        if (found := _loaded(store, mark + where, device)) is not None:
            return found
    made = lowered.compile(options)
    if "callback" not in text:  # that is an address of this process
        # Some backends and programs have no form to be kept in.
        with suppress(ValueError, NotImplementedError, jax.errors.JaxRuntimeError):
            store.put(mark + where, pickle.dumps(serialize_executable.serialize(made)))
    return made


def _loaded(store: Store, mark: Mark, device: Any) -> Any:
    """The executable of a mark, if it is there and can be read."""
    data = store.get(mark)
    if data is None:
        return None
    try:
        payload, taken, given = pickle.loads(data)
        return serialize_executable.deserialize_and_load(
            payload, taken, given, device.client, [device]
        )
    except Exception as error:
        return _damaged(store, error)
