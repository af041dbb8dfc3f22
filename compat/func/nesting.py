"""Nested arguments as a list of leaves and a structure; dicts keep their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TreeSpec:
    """How leaves are nested: a container's type, the names of its parts, and the parts."""

    type: type | None
    context: tuple[Any, ...] | None
    children: tuple[TreeSpec, ...]

    def __repr__(self) -> str:
        if self.type is None:
            return "*"
        names = None if self.context is None else list(self.context)
        below = ", ".join(map(repr, self.children))
        return f"TreeSpec({self.type.__name__}, {names}, [{below}])"


LEAF = TreeSpec(None, None, ())


def flat(tree: Any) -> tuple[list[Any], TreeSpec]:
    """The leaves of nested tuples, lists and dicts, and their structure."""
    kind = type(tree)
    if isinstance(tree, dict):
        parts, names = list(tree.values()), tuple(tree)
    elif isinstance(tree, tuple | list):
        parts, names = list(tree), None
    else:
        return [tree], LEAF
    leaves: list[Any] = []
    children = []
    for part in parts:
        found, structure = flat(part)
        leaves += found
        children.append(structure)
    return leaves, TreeSpec(kind, names, tuple(children))


def nested(structure: TreeSpec, leaves: Iterable[Any]) -> Any:
    """The leaves in their structure again."""
    return _taken(structure, iter(leaves))


def _taken(structure: TreeSpec, leaves: Iterator[Any]) -> Any:
    kind = structure.type
    if kind is None:
        return next(leaves)
    parts = [_taken(each, leaves) for each in structure.children]
    if structure.context is not None:
        made = dict(zip(structure.context, parts, strict=True))
        return made if kind is dict else kind(made)
    return kind(*parts) if hasattr(kind, "_fields") else kind(parts)
