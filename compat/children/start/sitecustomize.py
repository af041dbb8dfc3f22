"""Run by Python as it starts: torch is compat here, once somebody imports it."""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys


class _First(importlib.abc.MetaPathFinder):
    """Puts compat's own finder in place at the first import of torch."""

    def find_spec(self, fullname, path=None, target=None):  # type: ignore[no-untyped-def]
        if fullname.split(".")[0] not in ("torch", "torchvision", "functorch"):
            return None
        sys.meta_path.remove(self)
        import compat

        compat.install()
        return importlib.util.find_spec(fullname)


def _run_next() -> None:
    """Runs the sitecustomize that this one stands before."""
    here = os.path.dirname(os.path.abspath(__file__))
    others = [path for path in sys.path if os.path.abspath(path or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


sys.meta_path.insert(0, _First())
_run_next()
