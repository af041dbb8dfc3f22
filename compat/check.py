"""`python -m compat check path...`: which torch names a code base uses, and what becomes of each.

The code is read, not run. A name is what follows an import of torch, torchvision or functorch: an
attribute of a module, or a name imported from one. Methods of tensors cannot be told from methods
of other things and are left out.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from compat.imports import led_to

# Names that are there and do something else than PyTorch's.
DIFFERS = {
    "torch.compile": "returns the function; every program is compiled anyway",
    "torch.jit.script": "returns the function or module with a warning",
    "torch.jit.trace": "returns the function or module with a warning",
    "torch.distributed.init_process_group": "one process only",
    "torch.nn.DataParallel": "one device",
    "torch.nn.parallel.DataParallel": "one device",
    "torch.nn.parallel.DistributedDataParallel": "one process only",
    "torch.set_num_threads": "remembered; XLA chooses its threads when it starts",
    "torch.cuda.empty_cache": "nothing is kept that could be given back",
    "torch.load": "rebuilds tensors and plain containers unless weights_only=False",
}
ROOTS = ("torch", "torchvision", "functorch")


class Use(NamedTuple):
    """A name and where it stands."""

    name: str
    file: str
    line: int


class Unreadable(NamedTuple):
    """A file that is not Python, and why."""

    file: str
    reason: str


def files_of(paths: Sequence[str]) -> Iterator[Path]:
    """The Python files under these paths; FileNotFoundError for a path that is not there."""
    for given in paths:
        path = Path(given)
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*.py") if one.is_file())
        elif path.exists():
            yield path
        else:
            raise FileNotFoundError(given)


def uses_of(file: Path) -> list[Use] | Unreadable:
    """The torch names in a file."""
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        return Unreadable(str(file), str(error))
    names = _imported(tree)
    found = {
        Use(name, str(file), line) for name, line in names.of_imports if name not in ROOTS
    }
    inner: set[int] = set()
    for node in ast.walk(tree):  # outer attributes come before those within them
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            chain, base = [node.attr], node.value
            while isinstance(base, ast.Attribute):
                inner.add(id(base))
                chain.append(base.attr)
                base = base.value
            if isinstance(base, ast.Name) and base.id in names.meaning:
                whole = ".".join([names.meaning[base.id], *reversed(chain)])
                found.add(Use(whole, str(file), node.lineno))
    return sorted(found, key=lambda use: (use.line, use.name))


class _Imported(NamedTuple):
    meaning: dict[str, str]  # what a name of the file stands for
    of_imports: list[tuple[str, int]]


def _imported(tree: ast.AST) -> _Imported:
    result = _Imported({}, [])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                if one.name.split(".")[0] in ROOTS:
                    result.of_imports.append((one.name, node.lineno))
                    known = one.asname or one.name.split(".")[0]
                    result.meaning[known] = one.name if one.asname else known
        elif isinstance(node, ast.ImportFrom) and not node.level:
            module = node.module or ""
            if module.split(".")[0] in ROOTS:
                for one in node.names:
                    if one.name != "*":
                        result.of_imports.append((f"{module}.{one.name}", node.lineno))
                        result.meaning[one.asname or one.name] = f"{module}.{one.name}"
    return result


def is_there(name: str) -> bool:
    """Whether a name leads somewhere. Only modules are looked into: what hangs on a class or an
    object may be made when it is."""
    at, rest = led_to(name)
    return not rest or not (at is None or isinstance(at, ModuleType))


def check(paths: Sequence[str]) -> int:
    """Prints the names by what becomes of them; 1 when some are missing, 2 without files."""
    places: dict[str, list[Use]] = defaultdict(list)
    count = 0
    try:
        for file in files_of(paths):
            read = uses_of(file)
            count += 1
            if isinstance(read, Unreadable):
                print(f"{read.file}: not read: {read.reason}", file=sys.stderr)
                continue
            for use in read:
                places[use.name].append(use)
    except FileNotFoundError as error:
        print(f"python -m compat check: no such path: {error}", file=sys.stderr)
        return 2
    missing = sorted(name for name in places if not is_there(name))
    differs = sorted(name for name in places if name in DIFFERS and name not in missing)
    for title, names in (("missing", missing), ("differs", differs)):
        if names:
            print(f"{title}:")
        for name in names:
            first, more = places[name][0], len(places[name]) - 1
            where = f"{first.file}:{first.line}" + (f" and {more} more" if more else "")
            print(f"  {name:<44} {DIFFERS.get(name, '')}{'  ' * (name in DIFFERS)}{where}")
    works = len(places) - len(missing) - len(differs)
    print(
        f"{count} files, {len(places)} names: {works} work, {len(differs)} differ, "
        f"{len(missing)} missing"
    )
    return 1 if missing else 0
