"""torch.autograd.graph: nodes, edges, and hooks on what is saved and on what flows."""

from __future__ import annotations

import abc
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from compat.autograd.saved import disable_saved_tensors_hooks as disable_saved_tensors_hooks
from compat.autograd.saved import packed_now
from compat.autograd.saved import saved_tensors_hooks as saved_tensors_hooks
from compat.front import call
from compat.front.base import TensorBase
from compat.front.create import hidden
from compat.tape import backward as walk
from compat.tape import node as graph
from compat.tape.history import current


class Node(abc.ABC):
    """What `grad_fn` is an instance of."""

    @abc.abstractmethod
    def name(self) -> str:
        """As PyTorch calls the operation: "AddBackward0"."""

    @property
    @abc.abstractmethod
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """Where gradients flow to from here."""


Node.register(graph.Node)
Node.register(graph.AccumulateGrad)


class GradientEdge(NamedTuple):
    """A place in the graph: a node, and which of its results."""

    node: Any
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """Where the gradient of a tensor arrives: `grad` and `backward` take it in its place."""
    if not tensor.requires_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            "gradients"
        )
    tape = current(tensor)
    assert tape is not None
    return GradientEdge(tape.target(), tape.index)


def increment_version(tensor: Any) -> None:
    """Counts a write of one tensor, or of each of several, that autograd has not seen."""
    for one in (tensor,) if isinstance(tensor, TensorBase) else tensor:
        one._storage.version += 1


class save_on_cpu(saved_tensors_hooks):
    """In the block, what is saved for backward is kept in host memory."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(
            lambda tensor: (tensor.device, tensor.cpu()), lambda kept: kept[1].to(kept[0])
        )


class _Unversioned:
    """What `allow_mutation_on_saved_tensors` gives; there is nothing to look after."""

    def clear(self) -> None:
        """Nothing is kept that could be cleared."""


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_Unversioned]:
    """In the block, saved tensors may be overwritten: backward uses what they were.

    Values are immutable here, so that no copy is needed; only the check of versions is left out.
    """

    def forget_storage(node: graph.Node, tensors: Sequence[Any], ins: Sequence[int]) -> None:
        node.saved = [
            None if at % 3 == 1 else one for at, one in enumerate(node.saved or ())
        ]

    call.watchers.append(forget_storage)
    try:
        yield _Unversioned()
    finally:
        call.watchers.remove(forget_storage)


# Hooks on several gradients.


class _Handle:
    """Removes the hooks on all tensors."""

    def __init__(self, handles: Sequence[Any]) -> None:
        self.handles = tuple(handles)

    def remove(self) -> None:
        """Unregisters the hook."""
        for each in self.handles:
            each.remove()

    def __enter__(self) -> _Handle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class _Meeting:
    """What one backward has brought so far for tensors that share a hook."""

    def __init__(self, running: Any, waiting: set[int], count: int) -> None:
        self.running, self.waiting = weakref.ref(running), waiting
        self.found: list[Any] = [None] * count


def register_multi_grad_hook(
    tensors: Sequence[Any], fn: Callable[..., None], *, mode: str = "all"
) -> _Handle:
    """Calls fn in each backward: with all gradients of these tensors once they are there (None
    for tensors that this backward does not reach), or in mode "any" with the first one."""
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    listed = [one for one in tensors if mode == "all" or one.requires_grad]
    tapes = [current(one) for one in listed]
    meeting: list[_Meeting] = []

    def seen(at: int) -> Callable[[Any], None]:
        def hook(gradient: Any) -> None:
            running = walk.running.walk
            if not meeting or meeting[0].running() is not running:
                reached = running.reached()
                waiting = {
                    place
                    for place, tape in enumerate(tapes)
                    if tape is not None and (tape if tape.node is None else tape.node) in reached
                }
                meeting[:] = [_Meeting(running, waiting, len(tapes))]
                if mode == "any":
                    fn(gradient)
            if mode == "any":
                return
            now = meeting[0]
            now.found[at] = gradient
            now.waiting.discard(at)
            if not now.waiting:
                meeting.clear()
                fn(now.found)

        return hook

    return _Handle([one.register_hook(seen(at)) for at, one in enumerate(listed)])


# For checkpoints.


def _apart(tensor: Any, after: Any) -> Any:
    """The same elements, in a way that no compiler can know: what is computed from them is
    computed for itself, and not before `after` is there."""
    return hidden("_apart")(tensor, tensor if after is None else after, 0)


def _kept(tensor: Any) -> Callable[[], Any]:
    """Gives the tensor back, through the hooks for saved tensors if there are any now."""
    packed = packed_now(tensor)
    return (lambda: tensor) if packed is None else packed.tensor


def _adds_to_leaves() -> bool:
    """Whether the backward that runs adds to the `.grad` of all leaves."""
    running = getattr(walk.running, "walk", None)
    return running is None or running.targets is None

