"""What happens to the tensors that operations save: hooks that pack and unpack them.

Operations know nothing of it. While hooks are set, a watcher of the calls takes what a new node
has saved, hands it to the pack hook, and puts a rule in the node's rule's place that unpacks first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from compat.engine.recorder import local
from compat.engine.value import Meta
from compat.front import call
from compat.front.base import TensorBase, alias, value_of, wrap
from compat.tape.node import Node, Tape

Hook = Callable[[Any], Any]


class _Hooks(threading.local):
    """The hooks of a thread: pairs, the innermost last, and why none may be set."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Hook, Hook]] = []
        self.refusal: str | None = None


_hooks = _Hooks()
_users = 0  # blocks with hooks, in all threads
_lock = threading.Lock()


class Packed:
    """A saved tensor in the form that the pack hook gave it."""

    __slots__ = ("kept", "unpack", "facts")

    def __init__(self, tensor: Any, pack: Hook, unpack: Hook) -> None:
        before, local.grad = local.grad, False
        try:
            self.kept = pack(tensor)
        finally:
            local.grad = before
        self.unpack = unpack
        self.facts = tensor._meta.facts

    def tensor(self) -> Any:
        """The tensor again; TypeError when the hook gives something else."""
        before, local.grad = local.grad, False
        try:
            made = self.unpack(self.kept)
        finally:
            local.grad = before
        if not isinstance(made, TensorBase):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of "
                f"type {type(made).__name__}"
            )
        if made._meta.facts != self.facts:
            raise RuntimeError(
                f"unpack_hook gave a tensor of shape {made._meta.shape} and type "
                f"{made._meta.dtype} for a saved one of shape {self.facts[0]} and type "
                f"{self.facts[1]}"
            )
        return made


class PackedRule:
    """The rule of a node whose saved tensors are packed: unpacks, then does as the rule does."""

    __slots__ = ("rule", "packed")

    def __init__(self, rule: Any, packed: Sequence[Packed]) -> None:
        self.rule, self.packed = rule, packed

    @property
    def name(self) -> str:
        return self.rule.name

    @property
    def outs(self) -> Sequence[Meta]:
        return self.rule.outs

    def kept(self, mask: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return self.rule.kept(mask)

    def pull(self, node: Node, gradients: Sequence[Any], create: bool) -> list[Any]:
        marker = node.saved
        saved: list[Any] = []
        for one in self.packed:
            saved += (value_of(one.tensor()), None, 0)
        node.saved = saved
        try:
            return self.rule.pull(node, gradients, create)
        finally:
            node.saved = marker


def pack_saved(node: Node, tensors: Sequence[Any], ins: Sequence[int]) -> None:
    """Packs what a new node has saved, by the innermost hooks of this thread."""
    if not _hooks.pairs or not node.saved:
        return
    pack, unpack = _hooks.pairs[-1]
    saved = node.saved
    packed = []
    for at in range(len(saved) // 3):
        # Results go in without history: the node would hold itself.
        tensor = tensors[ins[at]] if at < len(ins) else wrap(saved[3 * at])
        packed.append(Packed(tensor, pack, unpack))
    node.rule = PackedRule(node.rule, packed)
    node.saved = (None, None, 0) * len(packed)


def packed_now(tensor: Any) -> Packed | None:
    """A tensor packed by the innermost hooks; None when there are none."""
    return Packed(tensor, *_hooks.pairs[-1]) if _hooks.pairs else None


def unpacked(packed: Packed, tape: Tape | None) -> Any:
    """A packed tensor again, in its place in the graph."""
    made = packed.tensor()
    return alias(made, made._meta, made._offset, tape)


class saved_tensors_hooks:
    """In the block, each tensor that is saved for backward goes through `pack_hook`, and what
    that gives through `unpack_hook` when backward needs the tensor.

    pack_hook     takes a tensor, gives anything
    unpack_hook   takes what pack_hook gave, gives a tensor of the same elements
    """

    def __init__(self, pack_hook: Hook, unpack_hook: Hook) -> None:
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        global _users
        if _hooks.refusal is not None:
            raise RuntimeError(_hooks.refusal)
        _hooks.pairs.append((self.pack_hook, self.unpack_hook))
        with _lock:
            _users += 1
            if pack_saved not in call.watchers:
                call.watchers.append(pack_saved)

    def __exit__(self, *exc: object) -> None:
        global _users
        _hooks.pairs.pop()
        with _lock:
            _users -= 1
            if not _users:
                call.watchers.remove(pack_saved)


class disable_saved_tensors_hooks:
    """In the block, setting hooks for saved tensors raises a RuntimeError with this text."""

    def __init__(self, error_message: str) -> None:
        self.message = error_message

    def __enter__(self) -> None:
        if _hooks.pairs:
            raise RuntimeError(self.message)
        self.before, _hooks.refusal = _hooks.refusal, self.message

    def __exit__(self, *exc: object) -> None:
        _hooks.refusal = self.before
