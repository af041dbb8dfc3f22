"""torch.utils._pytree: nested containers as a list of leaves and a structure.

Containers are those of the table, which `register_pytree_node` adds to, and named tuples; dicts
keep their order. Anything else is a leaf, None and tensors too.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax

PyTree = Any
Context = Any


class _Container(NamedTuple):
    flatten: Callable[[Any], tuple[Iterable[Any], Any]]
    unflatten: Callable[[Any, Any], Any]


@dataclass(frozen=True)
class TreeSpec:
    """How leaves are nested: a container's type, what it is beside its parts, and the parts."""

    type: type | None
    context: Any
    children: tuple[TreeSpec, ...]

    def __repr__(self) -> str:
        if self.type is None:
            return "*"
        below = ", ".join(map(repr, self.children))
        return f"TreeSpec({self.type.__name__}, {self.context}, [{below}])"

    @property
    def num_leaves(self) -> int:
        """How many leaves it takes."""
        return 1 if self.type is None else sum(one.num_leaves for one in self.children)

    def is_leaf(self) -> bool:
        """Whether it stands for a single leaf."""
        return self.type is None


LEAF = TreeSpec(None, None, ())


def _dict_flatten(d: dict[Any, Any]) -> tuple[list[Any], list[Any]]:
    """The values and the keys of a dictionary."""
    return list(d.values()), list(d)


def _dict_unflatten(values: Iterable[Any], context: list[Any]) -> dict[Any, Any]:
    """The dictionary of these values and keys."""
    return dict(zip(context, values, strict=True))


def _dict_flatten_with_keys(d: dict[Any, Any]) -> tuple[list[Any], list[Any]]:
    """Pairs of a key and its value, and the keys of a dictionary."""
    return [(jax.tree_util.DictKey(key), value) for key, value in d.items()], list(d)


_KINDS: dict[type, _Container] = {
    list: _Container(lambda one: (one, None), lambda parts, _: list(parts)),
    tuple: _Container(lambda one: (one, None), lambda parts, _: tuple(parts)),
    dict: _Container(_dict_flatten, _dict_unflatten),
    OrderedDict: _Container(
        _dict_flatten, lambda parts, keys: OrderedDict(zip(keys, parts, strict=True))
    ),
    defaultdict: _Container(
        lambda one: (list(one.values()), [one.default_factory, list(one)]),
        lambda parts, rest: defaultdict(rest[0], zip(rest[1], parts, strict=True)),
    ),
    deque: _Container(
        lambda one: (one, one.maxlen), lambda parts, length: deque(parts, maxlen=length)
    ),
}


def _container(kind: type) -> _Container | None:
    found = _KINDS.get(kind)
    if found is None and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _Container(lambda one: (one, None), lambda parts, _: kind(*parts))
    return found


def register_pytree_node(
    cls: type, flatten_fn: Callable[[Any], tuple[Any, Any]],
    unflatten_fn: Callable[[Any, Any], Any], **facts: Any,
) -> None:  # fmt: skip
    """Makes a type a container: `flatten_fn(object) -> (parts, rest)`, and back by
    `unflatten_fn(parts, rest)`. Other settings are taken, and change nothing."""
    _KINDS[cls] = _Container(flatten_fn, unflatten_fn)


_register_pytree_node = register_pytree_node


def tree_flatten(
    tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> tuple[list[Any], TreeSpec]:
    """The leaves, from left to right, and how they are nested."""
    leaves: list[Any] = []
    return leaves, _flattened(tree, is_leaf, leaves)


def _flattened(tree: Any, is_leaf: Callable[[Any], bool] | None, leaves: list[Any]) -> TreeSpec:
    how = None if is_leaf is not None and is_leaf(tree) else _container(type(tree))
    if how is None:
        leaves.append(tree)
        return LEAF
    parts, context = how.flatten(tree)
    return TreeSpec(
        type(tree), context, tuple([_flattened(one, is_leaf, leaves) for one in parts])
    )


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The tree of these leaves; ValueError when they are too many or too few."""
    given = list(leaves)
    if len(given) != treespec.num_leaves:
        raise ValueError(
            f"tree_unflatten(leaves, treespec): `leaves` has length {len(given)} but the spec "
            f"refers to a pytree that holds {treespec.num_leaves} items ({treespec})."
        )
    return _unflattened(treespec, iter(given))


def _unflattened(structure: TreeSpec, leaves: Iterator[Any]) -> Any:
    if structure.type is None:
        return next(leaves)
    how = _container(structure.type)
    assert how is not None
    return how.unflatten([_unflattened(one, leaves) for one in structure.children],
                         structure.context)  # fmt: skip


def tree_leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves of a tree, from left to right."""
    return tree_flatten(tree, is_leaf)[0]


tree_iter = tree_leaves


def tree_structure(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> TreeSpec:
    """How the leaves are nested."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: Callable[[Any], bool] | None = None
) -> Any:
    """The tree with each leaf replaced by the function of it, and of those of the other trees."""
    leaves, structure = tree_flatten(tree, is_leaf)
    others = [tree_leaves(one, is_leaf) for one in rests]
    return tree_unflatten([func(*given) for given in zip(leaves, *others, strict=True)], structure)


def tree_map_(func: Callable[..., Any], tree: Any, *rests: Any) -> Any:
    """Calls a function for each leaf; gives the tree."""
    tree_map(func, tree, *rests)
    return tree


def tree_map_only(kind: Any, func: Callable[[Any], Any], tree: Any) -> Any:
    """As `tree_map` for the leaves of a type; the others stay."""
    return tree_map(lambda leaf: func(leaf) if isinstance(leaf, kind) else leaf, tree)


def tree_all(pred: Callable[[Any], bool], tree: Any) -> bool:
    """Whether something holds for each leaf."""
    return all(map(pred, tree_leaves(tree)))


def tree_any(pred: Callable[[Any], bool], tree: Any) -> bool:
    """Whether something holds for a leaf."""
    return any(map(pred, tree_leaves(tree)))
