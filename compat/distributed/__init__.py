"""torch.distributed for a world of one process.

Scripts ask whether they are alone before they do anything else, and one process under a launcher
is a legal world: its collectives give back what they were given. More processes are not here yet
and say so when the group is made.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import compat as torch


class ReduceOp:
    """How a collective joins the processes' tensors."""

    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR, PREMUL_SUM = range(9)


class Work:
    """A collective that was asked for with `async_op=True`: done already."""

    def wait(self, timeout: timedelta | None = None) -> bool:
        """Whether it has ended."""
        return True

    def is_completed(self) -> bool:
        """Whether it has ended."""
        return True


class ProcessGroup:
    """The processes of a world: this one."""

    def rank(self) -> int:
        """This process's place."""
        return 0

    def size(self) -> int:
        """How many there are."""
        return 1


_world: ProcessGroup | None = None
_backend = "undefined"


class _GroupNames:
    WORLD = property(lambda self: _world)


group = _GroupNames()


def is_available() -> bool:
    """Whether more than one process can work together: not yet, so libraries leave it alone."""
    return False


def is_initialized() -> bool:
    """Whether `init_process_group` has been called."""
    return _world is not None


def is_nccl_available() -> bool:
    """Whether NVIDIA's library is there: XLA has collectives of its own."""
    return False


def is_gloo_available() -> bool:
    """Whether the CPU's backend is there; a world of one needs none."""
    return True


def is_mpi_available() -> bool:
    """Whether MPI is there."""
    return False


def is_torchelastic_launched() -> bool:
    """Whether a launcher started this process."""
    return os.environ.get("TORCHELASTIC_RUN_ID") is not None


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: timedelta | None = None,
    world_size: int = -1,
    rank: int = -1,
    store: Any = None,
    group_name: str = "",
    pg_options: Any = None,
    device_id: Any = None,
) -> None:
    """Makes the group of all processes, by the arguments or RANK and WORLD_SIZE.

    NotImplementedError for more than one process; ValueError when the size is said nowhere or
    the group exists.
    """
    global _world, _backend
    if _world is not None:
        raise ValueError("trying to initialize the default process group twice!")
    size = _said("WORLD_SIZE", "world size", world_size)
    _said("RANK", "rank", rank)
    if size != 1:
        raise NotImplementedError(f"torch.distributed.init_process_group: {size} processes")
    _world, _backend = ProcessGroup(), backend or "gloo"


def _said(variable: str, what: str, given: int) -> int:
    if given >= 0:
        return given
    if variable not in os.environ:
        raise ValueError(
            f"Error initializing torch.distributed using env:// rendezvous: environment variable "
            f"{variable} expected, but not set"
        )
    return int(os.environ[variable])


def destroy_process_group(group: ProcessGroup | None = None) -> None:
    """Forgets the group."""
    global _world
    _need()
    _world = None


def _need() -> None:
    if _world is None:
        raise ValueError(
            "Default process group has not been initialized, please make sure to call "
            "init_process_group."
        )


def get_rank(group: ProcessGroup | None = None) -> int:
    """This process's place in the group."""
    _need()
    return 0


def get_world_size(group: ProcessGroup | None = None) -> int:
    """How many processes the group has."""
    _need()
    return 1


def get_backend(group: ProcessGroup | None = None) -> str:
    """The name of the backend that was asked for."""
    _need()
    return _backend


def new_group(ranks: Any = None, *args: Any, **options: Any) -> ProcessGroup:
    """A group of some of the processes."""
    _need()
    return ProcessGroup()


def _done(async_op: bool) -> Work | None:
    _need()
    return Work() if async_op else None


def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> Work | None:
    """Waits for every process of the group."""
    return _done(async_op)


def broadcast(
    tensor: torch.Tensor, src: int | None = None, group: Any = None, async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:  # fmt: skip
    """Gives every process the tensor of process `src`."""
    return _done(async_op)


def all_reduce(
    tensor: torch.Tensor, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """Joins the tensors of all processes, in place."""
    return _done(async_op)


def reduce(
    tensor: torch.Tensor, dst: int | None = None, op: Any = ReduceOp.SUM, group: Any = None,
    async_op: bool = False, group_dst: int | None = None,
) -> Work | None:  # fmt: skip
    """Joins the tensors of all processes in process `dst`."""
    return _done(async_op)


def all_gather(
    tensor_list: list[torch.Tensor], tensor: torch.Tensor, group: Any = None,
    async_op: bool = False,
) -> Work | None:  # fmt: skip
    """Fills the list with the tensors of all processes."""
    _need()
    tensor_list[0].copy_(tensor)
    return _done(async_op)


def all_gather_into_tensor(
    output_tensor: torch.Tensor, input_tensor: torch.Tensor, group: Any = None,
    async_op: bool = False,
) -> Work | None:  # fmt: skip
    """Fills the output with the tensors of all processes, one after the other."""
    _need()
    output_tensor.copy_(input_tensor.reshape(output_tensor.shape))
    return _done(async_op)


def gather(
    tensor: torch.Tensor, gather_list: list[torch.Tensor] | None = None, dst: int | None = None,
    group: Any = None, async_op: bool = False, group_dst: int | None = None,
) -> Work | None:  # fmt: skip
    """Fills the list of process `dst` with the tensors of all processes."""
    _need()
    if gather_list is None:
        raise ValueError("Argument ``gather_list`` must be specified on destination rank.")
    gather_list[0].copy_(tensor)
    return _done(async_op)


def scatter(
    tensor: torch.Tensor, scatter_list: list[torch.Tensor] | None = None, src: int | None = None,
    group: Any = None, async_op: bool = False, group_src: int | None = None,
) -> Work | None:  # fmt: skip
    """Gives each process its tensor of the list."""
    _need()
    if scatter_list is None:
        raise ValueError("Argument ``scatter_list`` must be specified on source rank.")
    tensor.copy_(scatter_list[0])
    return _done(async_op)


def reduce_scatter(
    output: torch.Tensor, input_list: list[torch.Tensor], op: Any = ReduceOp.SUM,
    group: Any = None, async_op: bool = False,
) -> Work | None:  # fmt: skip
    """Joins the lists of all processes and gives each process its member."""
    _need()
    output.copy_(input_list[0])
    return _done(async_op)


def all_gather_object(object_list: list[Any], obj: Any, group: Any = None) -> None:
    """Fills the list with the objects of all processes."""
    _need()
    object_list[0] = obj


def broadcast_object_list(
    object_list: list[Any], src: int | None = None, group: Any = None, device: Any = None
) -> None:
    """Gives every process the objects of process `src`."""
    _need()
