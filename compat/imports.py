"""One import finder: `compat.nn` is `compat_nn`, and after `install()` torch is compat."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

# Prefixes of module names that stand for others. Longer ones are tried first.
_OURS = {"compat.nn": "compat_nn"}
_THEIRS = {
    "torch.nn": "compat_nn", "torch": "compat", "torchvision": "compat.vision",
    "functorch": "compat.functorch",
}  # fmt: skip


def replaced(name: str) -> str:
    """The module that stands for one of PyTorch's: 'torch.nn' is 'compat_nn'."""
    for prefix, real in _torch.table.items():
        if name == prefix or name.startswith(prefix + "."):
            return real + name[len(prefix) :]
    return name


def led_to(name: str) -> tuple[Any, list[str]]:
    """What a dotted name of torch's or torchvision's leads to, and the parts that lead nowhere.

    Modules that nobody has opened yet are opened.
    """
    at: Any = None
    parts = name.split(".")
    for done in range(len(parts)):
        try:
            inner = getattr(at, parts[done])
            if isinstance(inner, type(annotations)):  # what `from __future__ import` leaves
                raise AttributeError(parts[done])
            at = inner
        except (AttributeError, ImportError, NotImplementedError):
            if at is not None and not isinstance(at, ModuleType):
                return at, parts[done:]
            theirs = ".".join(parts[: done + 1])
            if replaced(theirs) == theirs:  # none of torch, torchvision, functorch
                return None, parts
            try:
                at = importlib.import_module(replaced(theirs))
            except ImportError:
                return at, parts[done:]
    return at, []


class _Twin(importlib.abc.Loader):
    """Gives a module that exists already under its other name."""

    def __init__(self, real: str) -> None:
        self.real = real

    def create_module(self, spec: Any) -> ModuleType:
        module = importlib.import_module(self.real)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec  # the import system has put its own there


class Finder(importlib.abc.MetaPathFinder):
    """Resolves names by a table of prefixes."""

    def __init__(self, table: dict[str, str]) -> None:
        self.table = dict(sorted(table.items(), key=lambda pair: -len(pair[0])))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        for prefix, real in self.table.items():
            if fullname == prefix or fullname.startswith(prefix + "."):
                name = real + fullname[len(prefix) :]
                try:
                    found = importlib.util.find_spec(name)
                except ModuleNotFoundError:
                    return None
                if found is None:
                    return None
                spec = importlib.machinery.ModuleSpec(
                    fullname, _Twin(name), origin=found.origin,
                    is_package=found.submodule_search_locations is not None,
                )  # fmt: skip
                return spec
        return None


class _Distribution(importlib.metadata.Distribution):
    """What `importlib.metadata` says of torch once we are it."""

    def __init__(self, name: str, version: str) -> None:
        self._name, self._version = name, version

    def read_text(self, filename: str) -> str | None:
        if filename in ("METADATA", "PKG-INFO"):
            return f"Metadata-Version: 2.1\nName: {self._name}\nVersion: {self._version}\n"
        return None

    def locate_file(self, path: Any) -> Any:
        raise FileNotFoundError(path)


class _Distributions(importlib.metadata.DistributionFinder):
    """Answers for torch and torchvision."""

    def find_spec(self, *_: Any, **__: Any) -> None:
        return None

    def find_distributions(self, context: Any = None) -> Any:
        from compat.version import __version__

        name = getattr(context, "name", None)
        if name in ("torch", "torchvision"):
            yield _Distribution(name, __version__)


_own = Finder(_OURS)
_torch = Finder(_THEIRS)
_distributions = _Distributions()


def link() -> None:
    """Makes `import compat.nn` find `compat_nn`."""
    if _own not in sys.meta_path:
        sys.meta_path.insert(0, _own)


def install() -> None:
    """Makes `import torch`, `torch.nn...`, `torchvision` and `functorch` resolve to compat in
    this process.

    RuntimeError when real PyTorch has been imported already.
    """
    real = sys.modules.get("torch")
    if real is not None and real is not sys.modules.get("compat"):
        raise RuntimeError("compat.install(): the real torch has been imported already")
    for finder in (_distributions, _torch):
        if finder not in sys.meta_path:
            sys.meta_path.insert(0, finder)


def uninstall() -> None:
    """Takes `install` back; modules imported meanwhile stay what they are."""
    for finder in (_distributions, _torch):
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
    for name in [name for name in sys.modules if name.split(".")[0] in _THEIRS]:
        del sys.modules[name]
