"""torch.utils._pytree: nested containers as a list of leaves and the rest, by JAX's own trees."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jax

import compat as torch

PyTree = Any
Context = Any
TreeSpec = jax.tree_util.PyTreeDef


def _is_leaf(extra: Callable[[Any], bool] | None) -> Callable[[Any], bool]:
    # None is a leaf here, and tensors are leaves however JAX sees them.
    return lambda node: (
        node is None or isinstance(node, torch.Tensor) or (extra is not None and extra(node))
    )


def tree_flatten(
    tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> tuple[list[Any], TreeSpec]:
    """The leaves and what they hang on."""
    return jax.tree_util.tree_flatten(tree, is_leaf=_is_leaf(is_leaf))


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The tree of these leaves."""
    return jax.tree_util.tree_unflatten(treespec, list(leaves))


def tree_leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves of a tree, from left to right."""
    return tree_flatten(tree, is_leaf)[0]


tree_iter = tree_leaves


def tree_structure(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> TreeSpec:
    """What the leaves hang on."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: Callable[[Any], bool] | None = None
) -> Any:
    """The tree with each leaf replaced by the function of it."""
    return jax.tree_util.tree_map(func, tree, *rests, is_leaf=_is_leaf(is_leaf))


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


def register_pytree_node(
    cls: type, flatten_fn: Callable[[Any], tuple[Any, Any]],
    unflatten_fn: Callable[[Any, Any], Any], **facts: Any,
) -> None:  # fmt: skip
    """Makes a type a container: `flatten_fn(object) -> (children, rest)`, and back by
    `unflatten_fn(children, rest)`. The rest has to be hashable for JAX, or is compared as text."""
    del facts

    def flatten(node: Any) -> tuple[Any, Any]:
        children, rest = flatten_fn(node)
        return children, _Rest(rest)

    jax.tree_util.register_pytree_node(
        cls, flatten, lambda rest, children: unflatten_fn(list(children), rest.kept)
    )


class _Rest:
    """What a container is beside its children, comparable and hashable."""

    def __init__(self, kept: Any) -> None:
        self.kept = kept

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rest) and self.kept == other.kept

    def __hash__(self) -> int:
        return hash(repr(self.kept))


_register_pytree_node = register_pytree_node


def _dict_flatten(d: dict[Any, Any]) -> tuple[list[Any], list[Any]]:
    """The values and the keys of a dictionary."""
    return list(d.values()), list(d)


def _dict_unflatten(values: Iterable[Any], context: list[Any]) -> dict[Any, Any]:
    """The dictionary of these values and keys."""
    return dict(zip(context, values, strict=True))


def _dict_flatten_with_keys(d: dict[Any, Any]) -> tuple[list[Any], list[Any]]:
    """Pairs of a key and its value, and the keys of a dictionary."""
    return [(jax.tree_util.DictKey(key), value) for key, value in d.items()], list(d)
