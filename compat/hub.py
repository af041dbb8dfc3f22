"""torch.hub: files from the network, checked and kept; models from a folder with a hubconf.py."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import re
import sys
import zipfile
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import urlparse as urlparse
from urllib.request import Request, urlopen

import compat as torch
from compat.serialization.archive import replacing

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
_BLOCK = 1 << 17  # bytes read at once
_hub_dir: str | None = None


def _get_torch_home() -> str:
    """Where files are kept: TORCH_HOME, or `torch` in the user's cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch")))


def get_dir() -> str:
    """The folder of models and checkpoints."""
    return _hub_dir if _hub_dir is not None else os.path.join(_get_torch_home(), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Changes the folder of models and checkpoints."""
    global _hub_dir
    _hub_dir = os.path.expanduser(os.fspath(d))


def download_url_to_file(
    url: str, dst: str, hash_prefix: str | None = None, progress: bool = True
) -> None:
    """Reads a URL (http, https, ftp or file) into a file.

    hash_prefix  the beginning of the file's SHA-256; RuntimeError when it differs

    The file appears under its name when it is whole and checked, not before.
    """
    dst = os.path.expanduser(dst)
    os.stat(os.path.dirname(dst) or ".")  # FileNotFoundError before anything is fetched
    digest = hashlib.sha256()
    request = Request(url, headers={"User-Agent": "torch.hub"})
    with urlopen(request) as source, replacing(dst) as kept:
        length = source.headers.get("Content-Length")
        show = _Progress(int(length) if length else None, progress)
        while block := source.read(_BLOCK):
            kept.write(block)
            digest.update(block)
            show.add(len(block))
        show.close()
        if length and show.done != int(length):
            raise RuntimeError(f"{url}: got {show.done} of {length} bytes")
        found = digest.hexdigest()
        if hash_prefix and not found.startswith(hash_prefix):
            raise RuntimeError(
                f'invalid hash value (expected "{hash_prefix}", got "{found}")'
            )


class _Progress:
    """One line on stderr, rewritten as bytes come."""

    def __init__(self, total: int | None, shown: bool) -> None:
        self.total, self.done = total, 0
        self.shown = shown and sys.stderr.isatty()

    def add(self, count: int) -> None:
        self.done += count
        if self.shown:
            share = f" {100 * self.done // self.total}%" if self.total else ""
            sys.stderr.write(f"\r{self.done / 1e6:.1f} MB{share}")
            sys.stderr.flush()

    def close(self) -> None:
        if self.shown:
            sys.stderr.write("\n")


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = True,
) -> Any:
    """Loads a checkpoint by its URL, from the folder of checkpoints when it is there already.

    check_hash    the name ends in `-<beginning of SHA-256>.ext`, and the file has to agree
    file_name     the name in the folder; by default the URL's
    weights_only  rebuilds tensors and plain containers alone

    A zip file with one member, of the old formats, is unpacked first.
    """
    folder = model_dir if model_dir is not None else os.path.join(get_dir(), "checkpoints")
    os.makedirs(folder, exist_ok=True)
    name = file_name or os.path.basename(urlparse(url).path)
    kept = os.path.join(folder, name)
    if not os.path.exists(kept):
        sys.stderr.write(f'Downloading: "{url}" to {kept}\n')
        wanted = HASH_REGEX.search(name) if check_hash else None
        download_url_to_file(url, kept, wanted.group(1) if wanted else None, progress)
    if zipfile.is_zipfile(kept):
        with zipfile.ZipFile(kept) as archive:
            members = archive.infolist()
            if len(members) == 1 and "/" not in members[0].filename:
                kept = archive.extract(members[0], folder)
    return torch.load(kept, map_location=map_location, weights_only=weights_only)


def _from_folder(repo_or_dir: str, source: str, what: str) -> ModuleType:
    if source != "local":
        raise NotImplementedError(
            f"torch.hub.{what}(source={source!r}): fetch the repository and use source='local'"
        )
    folder = os.path.expanduser(repo_or_dir)
    path = os.path.join(folder, "hubconf.py")
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    sys.path.insert(0, folder)
    try:
        spec = importlib.util.spec_from_file_location("hubconf", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    missing = [
        name for name in getattr(module, "dependencies", ()) if not importlib.util.find_spec(name)
    ]
    if missing:
        raise RuntimeError(f"Missing dependencies: {', '.join(missing)}")
    return module


def _entry(module: ModuleType, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if not callable(found):
        raise RuntimeError(f"Cannot find callable {name} in hubconf")
    return found


def list(github: str, *_: Any, source: str = "local", **__: Any) -> Any:
    """The names of the models of a folder with a hubconf.py."""
    module = _from_folder(github, source, "list")
    return [
        name
        for name, value in vars(module).items()
        if callable(value) and not name.startswith("_")
    ]


def help(github: str, model: str, *_: Any, source: str = "local", **__: Any) -> str | None:
    """What a model of a folder says of itself."""
    return _entry(_from_folder(github, source, "help"), model).__doc__


def load(
    repo_or_dir: str, model: str, *args: Any, source: str = "github", trust_repo: Any = None,
    force_reload: bool = False, verbose: bool = True, skip_validation: bool = False,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """Calls a model's function of a folder with a hubconf.py (`source="local"`)."""
    return _entry(_from_folder(repo_or_dir, source, "load"), model)(*args, **kwargs)
