"""torchvision.datasets.utils: fetching, checking and unpacking the files of a data set."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import shutil
import tarfile
import urllib.error
import zipfile
from pathlib import Path
from typing import Any, TypeVar

from compat.hub import download_url_to_file, urlparse

T = TypeVar("T", str, bytes)
_BLOCK = 1 << 20


def calculate_md5(fpath: Any, chunk_size: int = _BLOCK) -> str:
    """The MD5 sum of a file, as text."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(fpath, "rb") as file:
        while block := file.read(chunk_size):
            digest.update(block)
    return digest.hexdigest()


def check_md5(fpath: Any, md5: str, **kwargs: Any) -> bool:
    """Whether a file has this MD5 sum."""
    return md5 == calculate_md5(fpath, **kwargs)


def check_integrity(fpath: Any, md5: str | None = None) -> bool:
    """Whether a file is there, with this MD5 sum if one is given."""
    return os.path.isfile(fpath) and (md5 is None or check_md5(fpath, md5))


def download_url(
    url: str, root: Any, filename: Any = None, md5: str | None = None, max_redirect_hops: int = 3
) -> None:
    """Fetches a URL into a folder unless the file is there and whole."""
    root = os.path.expanduser(root)
    path = os.path.join(root, filename or os.path.basename(urlparse(url).path))
    os.makedirs(root, exist_ok=True)
    if check_integrity(path, md5):
        return
    try:
        download_url_to_file(url, path)
    except (urllib.error.URLError, OSError) as error:
        raise RuntimeError(f"Cannot download {url}: {error}") from error
    if not check_integrity(path, md5):
        os.remove(path)
        raise RuntimeError("File not found or corrupted.")


def _kind(path: Path) -> tuple[str, str]:
    """Archive and compression of a file name: ('.tar', '.gz')."""
    suffixes = [one.lower() for one in path.suffixes][-2:]
    if not suffixes:
        raise RuntimeError(f"File '{path}' has no suffixes that could be used to detect the "
                           "archive type and compression.")  # fmt: skip
    short = {".tbz": (".tar", ".bz2"), ".tbz2": (".tar", ".bz2"), ".tgz": (".tar", ".gz")}
    last = suffixes[-1]
    if last in short:
        return short[last]
    if last in (".tar", ".zip"):
        return last, ""
    if last in (".gz", ".bz2", ".xz"):
        return (suffixes[-2] if suffixes[-2:-1] == [".tar"] else ""), last
    raise RuntimeError(f"Unknown compression or archive type: '{last}'.")


_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def extract_archive(from_path: Any, to_path: Any = None, remove_finished: bool = False) -> Any:
    """Unpacks a tar or zip archive, or one compressed file. Members that would land outside of
    the folder are refused."""
    source = Path(from_path)
    target = Path(to_path) if to_path is not None else source.parent
    archive, compression = _kind(source)
    if archive == ".zip":
        with zipfile.ZipFile(source) as file:
            for name in file.namelist():
                _inside(target, name)
            file.extractall(target)
    elif archive == ".tar":
        mode: Any = f"r:{compression[1:]}"
        with tarfile.open(source, mode) as file:
            file.extractall(target, filter="data")
    else:
        target = target / source.stem if to_path is None or target.is_dir() else target
        with _OPENERS[compression](source, "rb") as packed, open(target, "wb") as plain:
            shutil.copyfileobj(packed, plain)
    if remove_finished:
        source.unlink()
    return type(from_path)(target) if isinstance(from_path, str) else target


def _inside(folder: Path, name: str) -> None:
    place = (folder / name).resolve()
    if not place.is_relative_to(folder.resolve()):
        raise RuntimeError(f"archive member {name!r} lies outside of {folder}")


def download_and_extract_archive(
    url: str, download_root: Any, extract_root: Any = None, filename: Any = None,
    md5: str | None = None, remove_finished: bool = False,
) -> None:  # fmt: skip
    """Fetches an archive and unpacks it."""
    download_root = os.path.expanduser(download_root)
    name = filename or os.path.basename(urlparse(url).path)
    download_url(url, download_root, name, md5)
    extract_archive(
        os.path.join(download_root, name), extract_root or download_root, remove_finished
    )


def list_dir(root: Any, prefix: bool = False) -> list[str]:
    """The folders of a folder."""
    root = os.path.expanduser(root)
    found = [name for name in os.listdir(root) if os.path.isdir(os.path.join(root, name))]
    return [os.path.join(root, name) for name in found] if prefix else found


def list_files(root: Any, suffix: Any, prefix: bool = False) -> list[str]:
    """The files of a folder whose names end so."""
    root = os.path.expanduser(root)
    found = [
        name
        for name in os.listdir(root)
        if os.path.isfile(os.path.join(root, name)) and name.endswith(suffix)
    ]
    return [os.path.join(root, name) for name in found] if prefix else found


def verify_str_arg(value: T, arg: Any = None, valid_values: Any = None) -> T:
    """The value; ValueError when it is none of the valid ones."""
    if not isinstance(value, str):
        name = f" for argument {arg}" if arg else ""
        raise ValueError(f"Expected type str{name}, but got type {type(value)}.")
    if valid_values is not None and value not in valid_values:
        name = f" for argument {arg}" if arg else ""
        shown = "{" + ", ".join(f"'{one}'" for one in valid_values) + "}"
        raise ValueError(f"Unknown value '{value}'{name}. Valid values are {shown}.")
    return value


