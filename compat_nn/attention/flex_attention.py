"""Attention with a function of one's own on the scores, and a mask kept by blocks.

He et al., 2024, "Flex Attention: A Programming Model for Generating Optimized Attention Kernels".
The functions are written for one score or one pair of positions. Here they are called once, with
positions that broadcast against each other, so that they become part of the one program that
computes the attention; what they close over gets gradients as any operand does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import compat as torch
from compat import Tensor

MaskMod = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
ScoreMod = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]

_DEFAULT_SPARSE_BLOCK_SIZE = 128


class AuxRequest(NamedTuple):
    """What `flex_attention` should give beside the result."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What was asked for by an `AuxRequest`; None for the rest."""

    lse: Tensor | None = None
    max_scores: Tensor | None = None


def noop_mask(batch: Tensor, head: Tensor, token_q: Tensor, token_kv: Tensor) -> Tensor:
    """Lets every query see every key."""
    return batch.new_ones(size=(), dtype=torch.bool)


def and_masks(*mask_mods: MaskMod) -> MaskMod:
    """The mask of what all the masks let through."""
    _check_callable(mask_mods)

    def both(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        result = b.new_ones((), dtype=torch.bool)
        for mask in mask_mods:
            result = result & mask(b, h, q, kv)
        return result

    return both


def or_masks(*mask_mods: MaskMod) -> MaskMod:
    """The mask of what any of the masks lets through."""
    _check_callable(mask_mods)

    def either(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        result = b.new_zeros((), dtype=torch.bool)
        for mask in mask_mods:
            result = result | mask(b, h, q, kv)
        return result

    return either


def _check_callable(mask_mods: tuple[Any, ...]) -> None:
    if not all(callable(one) for one in mask_mods):
        raise RuntimeError(f"All inputs should be callable mask_mods: {mask_mods}")


def _places(sizes: tuple[int, int, int, int], device: Any) -> list[Tensor]:
    """Numbers of sample, head, query and key, each along a dimension of its own."""
    shapes = ((-1, 1, 1, 1), (-1, 1, 1), (-1, 1), (-1,))
    return [
        torch.arange(n, device=device).view(shape) for n, shape in zip(sizes, shapes, strict=True)
    ]


def create_mask(
    mod_fn: Callable[..., Tensor],
    B: int | None,
    H: int | None,
    Q_LEN: int,
    KV_LEN: int,
    device: Any = None,
) -> Tensor:
    """What a mask lets through as booleans [B, H, Q_LEN, KV_LEN]; of a score function (five
    arguments), what it makes of scores of zero."""
    sizes = (B or 1, H or 1, Q_LEN, KV_LEN)
    places = _places(sizes, device)
    code = getattr(mod_fn, "__code__", None)
    takes_score = code is not None and code.co_argcount == 5
    made = mod_fn(torch.zeros(sizes, device=device), *places) if takes_score else mod_fn(*places)
    return made.expand(sizes)


class BlockMask:
    """Which blocks of queries see which blocks of keys, and a mask for what is inside of them.

    kv_num_blocks   [B, H, rows]           how many blocks of keys a block of queries sees in part
    kv_indices      [B, H, rows, columns]  their numbers first, then the others
    full_...        the same of blocks that are seen whole; None where they are not kept apart
    q_...           the same from the side of the keys
    mask_mod        what is seen of the blocks that are seen in part
    """

    def __init__(
        self,
        seq_lengths: tuple[int, int],
        kv_num_blocks: Tensor,
        kv_indices: Tensor,
        full_kv_num_blocks: Tensor | None,
        full_kv_indices: Tensor | None,
        q_num_blocks: Tensor | None,
        q_indices: Tensor | None,
        full_q_num_blocks: Tensor | None,
        full_q_indices: Tensor | None,
        BLOCK_SIZE: tuple[int, int] = (_DEFAULT_SPARSE_BLOCK_SIZE, _DEFAULT_SPARSE_BLOCK_SIZE),
        mask_mod: MaskMod = noop_mask,
    ) -> None:
        if kv_indices.dim() < 2:
            raise RuntimeError("BlockMask must have at least 2 dimensions")
        self.seq_lengths = seq_lengths
        self.kv_num_blocks, self.kv_indices = kv_num_blocks, kv_indices
        self.full_kv_num_blocks, self.full_kv_indices = full_kv_num_blocks, full_kv_indices
        self.q_num_blocks, self.q_indices = q_num_blocks, q_indices
        self.full_q_num_blocks, self.full_q_indices = full_q_num_blocks, full_q_indices
        self.BLOCK_SIZE = BLOCK_SIZE
        self.mask_mod = mask_mod

    @classmethod
    def from_kv_blocks(
        cls,
        kv_num_blocks: Tensor,
        kv_indices: Tensor,
        full_kv_num_blocks: Tensor | None = None,
        full_kv_indices: Tensor | None = None,
        BLOCK_SIZE: int | tuple[int, int] = _DEFAULT_SPARSE_BLOCK_SIZE,
        mask_mod: MaskMod | None = None,
        seq_lengths: tuple[int, int] | None = None,
        compute_q_blocks: bool = True,
    ) -> BlockMask:
        """The mask of what the blocks of queries see; the other side is worked out."""
        sides = _pair(BLOCK_SIZE)
        if (full_kv_num_blocks is None) != (full_kv_indices is None):
            raise AssertionError(
                "full_kv_num_blocks and full_kv_indices must be both provided or omitted"
            )
        rows, columns = kv_indices.shape[-2:]
        lengths = seq_lengths or (rows * sides[0], columns * sides[1])
        parts: list[Tensor | None] = [None] * 4
        if compute_q_blocks:
            parts[:2] = _listed(_marked(kv_num_blocks, kv_indices).transpose(-2, -1))
            if full_kv_num_blocks is not None and full_kv_indices is not None:
                whole = _marked(full_kv_num_blocks, full_kv_indices)
                parts[2:] = _listed(whole.transpose(-2, -1))
        return cls(
            lengths, kv_num_blocks, kv_indices, full_kv_num_blocks, full_kv_indices,
            *parts, BLOCK_SIZE=sides, mask_mod=mask_mod or noop_mask,
        )  # fmt: skip

    @property
    def shape(self) -> tuple[int, ...]:
        """[B, H, queries, keys]."""
        return (*self.kv_indices.shape[:-2], *self.seq_lengths)

    def numel(self) -> int:
        """How many pairs of a query and a key there are."""
        return math.prod(self.shape)

    def to_dense(self) -> Tensor:
        """1 for each block that is seen at least in part: [B, H, rows, columns]."""
        seen = _marked(self.kv_num_blocks, self.kv_indices)
        if self.full_kv_num_blocks is not None and self.full_kv_indices is not None:
            seen = seen | _marked(self.full_kv_num_blocks, self.full_kv_indices)
        return seen.to(torch.int32)

    def sparsity(self) -> float:
        """The percentage of pairs in blocks that are not seen at all."""
        seen = int(self.kv_num_blocks.sum())
        if self.full_kv_num_blocks is not None:
            seen += int(self.full_kv_num_blocks.sum())
        return 100 * (1 - seen * math.prod(self.BLOCK_SIZE) / self.numel())

    def allowed(self) -> Tensor:
        """What is let through, as booleans that broadcast to [B, H, queries, keys]."""
        device = self.kv_indices.device
        batch = self.kv_indices.shape[:-2]
        sizes = (*(1,) * (2 - len(batch)), *batch, *self.seq_lengths)
        inside = self.mask_mod(*_places(sizes, device))  # type: ignore[arg-type]
        seen = self._spread(_marked(self.kv_num_blocks, self.kv_indices)) & inside
        if self.full_kv_num_blocks is not None and self.full_kv_indices is not None:
            seen = seen | self._spread(_marked(self.full_kv_num_blocks, self.full_kv_indices))
        return seen

    def _spread(self, blocks: Tensor) -> Tensor:
        """Each block's mark for every pair in it."""
        for dim, (size, length) in enumerate(zip(self.BLOCK_SIZE, self.seq_lengths, strict=True)):
            blocks = blocks.repeat_interleave(size, dim - 2).narrow(dim - 2, 0, length)
        return blocks

    def __getitem__(self, index: Any) -> BlockMask:
        """The mask of some samples, heads or blocks of queries; it has no `mask_mod`, which
        would be asked about other positions than it was written for."""
        index = index if isinstance(index, tuple) else (index,)
        index = tuple(slice(i, i + 1) if isinstance(i, int) and i != -1 else i for i in index)
        index = tuple(slice(-1, None) if isinstance(i, int) else i for i in index)
        full_num, full_indices = self.full_kv_num_blocks, self.full_kv_indices
        indices = self.kv_indices[index]
        return BlockMask.from_kv_blocks(
            self.kv_num_blocks[index], indices,
            None if full_num is None else full_num[index],
            None if full_indices is None else full_indices[index],
            self.BLOCK_SIZE, _sliced, (indices.shape[-2] * self.BLOCK_SIZE[0], self.seq_lengths[1]),
            self.q_indices is not None,
        )  # fmt: skip

    def to(self, device: Any) -> BlockMask:
        """The mask with its tensors on a device."""
        names = ("kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices",
                 "q_num_blocks", "q_indices", "full_q_num_blocks", "full_q_indices")  # fmt: skip
        moved = [None if (one := getattr(self, name)) is None else one.to(device) for name in names]
        return BlockMask(self.seq_lengths, *moved, self.BLOCK_SIZE, self.mask_mod)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"BlockMask(shape={tuple(self.shape)}, sparsity={self.sparsity():.2f}%)"


def _sliced(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
    raise RuntimeError(
        "Cannot use mask_mod from a sliced BlockMask. When slicing a BlockMask, the original "
        "mask_mod must be set by hand"
    )


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else tuple(size)  # type: ignore[return-value]


def _listed(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """How many blocks each row has, and their numbers first in a list of all."""
    marks = blocks.to(torch.int32)
    order = torch.argsort(marks, dim=-1, descending=True, stable=True).to(torch.int32)
    return marks.sum(-1, dtype=torch.int32), order


def _marked(count: Tensor, indices: Tensor) -> Tensor:
    """The way back from `_listed`: True for each block that a row has."""
    columns = indices.shape[-1]
    listed = torch.arange(columns, device=indices.device) < count.unsqueeze(-1)
    marks = torch.zeros(indices.shape, dtype=torch.int32, device=indices.device)
    return marks.scatter_add(-1, indices.long(), listed.to(torch.int32)) > 0


def create_block_mask(
    mask_mod: MaskMod,
    B: int | None,
    H: int | None,
    Q_LEN: int,
    KV_LEN: int,
    device: Any = None,
    BLOCK_SIZE: int | tuple[int, int] = _DEFAULT_SPARSE_BLOCK_SIZE,
    _compile: bool = False,
    separate_full_blocks: bool = True,
) -> BlockMask:
    """The blocks of a mask, which is asked about every pair once.

    B, H   None where the mask does not depend on the sample or the head

    >>> create_block_mask(lambda b, h, q, kv: q >= kv, None, None, 256, 256).to_dense()
    tensor([[[[1, 0],
              [1, 1]]]], dtype=torch.int32)
    """
    sides = _pair(BLOCK_SIZE)
    mask = create_mask(mask_mod, B, H, Q_LEN, KV_LEN, device)
    rows, columns = (-(-n // size) for n, size in zip((Q_LEN, KV_LEN), sides, strict=True))
    short = (0, columns * sides[1] - KV_LEN, 0, rows * sides[0] - Q_LEN)
    padded = torch.nn.functional.pad(mask.to(torch.int32), short)
    blocks = padded.view(B or 1, H or 1, rows, sides[0], columns, sides[1]).sum((3, 5))
    whole = blocks == math.prod(sides)
    partial = (blocks > 0) & ~whole if separate_full_blocks else blocks > 0
    return BlockMask.from_kv_blocks(
        *_listed(partial), *(_listed(whole) if separate_full_blocks else ()),
        BLOCK_SIZE=sides, mask_mod=mask_mod, seq_lengths=(Q_LEN, KV_LEN),
    )  # fmt: skip


def flex_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    score_mod: ScoreMod | None = None,
    block_mask: BlockMask | None = None,
    scale: float | None = None,
    enable_gqa: bool = False,
    return_lse: bool = False,
    kernel_options: dict[str, Any] | None = None,
    *,
    return_aux: AuxRequest | None = None,
) -> Any:
    """softmax(score_mod(scale · query · keyᵀ)) · value, over the pairs that the mask lets through.

    query       [B, Hq, L, E]
    key, value  [B, Hkv, S, E], [B, Hkv, S, Ev]; with enable_gqa Hq is a multiple of Hkv
    score_mod   of (score, sample, head, query, key), which broadcast against each other
    scale       1/√E when it is not given
    gives       [B, Hq, L, Ev]; a query that sees nothing gives zeros. With return_lse also the
                logarithm of the sum of exponentials [B, Hq, L]; with return_aux an `AuxOutput`
    raises      ValueError where shapes do not fit
    """
    _check(query, key, value, enable_gqa)
    if enable_gqa:
        groups = query.shape[1] // key.shape[1]
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    wide = query.dtype if query.dtype == torch.float64 else torch.float32
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = (query.to(wide) @ key.to(wide).transpose(-2, -1)) * scale
    if score_mod is not None:
        scores = score_mod(scores, *_places(tuple(scores.shape), query.device))  # type: ignore
    if block_mask is not None:
        if block_mask.seq_lengths != tuple(scores.shape[-2:]):
            raise ValueError(
                f"block_mask was created for block_mask.shape={block_mask.shape} but got q_len="
                f"{scores.shape[-2]} and kv_len={scores.shape[-1]}. As the block mask was created "
                "for a different length than you're using it for, you can either 1. create a new "
                "block mask with the correct length, or 2. 'adjust' the existing block mask to the "
                "correct length by calling block_mask._adjust(q_len, kv_len)."
            )
        scores = scores.masked_fill(~block_mask.allowed(), -torch.inf)
    highest = scores.detach().amax(-1, keepdim=True)
    lse = torch.logsumexp(scores, -1)
    # A row of nothing has weights of nan, which must not reach the gradients either.
    sees = highest > -torch.inf
    weights = torch.exp(scores - torch.where(sees, lse.unsqueeze(-1), 0.0))
    made = (weights @ value.to(wide)).to(query.dtype)
    if return_aux is not None:
        return made, AuxOutput(
            lse if return_aux.lse else None, highest.squeeze(-1) if return_aux.max_scores else None
        )
    return (made, lse) if return_lse else made


def _check(query: Tensor, key: Tensor, value: Tensor, enable_gqa: bool) -> None:
    if not query.dtype == key.dtype == value.dtype:
        raise ValueError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{query.dtype}, key.dtype: {key.dtype}, and value.dtype: {value.dtype} instead."
        )
    for one in (query, key, value):
        if one.dim() != 4:
            raise ValueError("NYI: query, key, and value must be 4D tensors")
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(
            "NYI: Currently non power of 2 embedding dimension are not supported. Expected query "
            f"and key to have the same embedding dimension but got {query.shape[-1]} and "
            f"{key.shape[-1]}."
        )
    if query.shape[1] != key.shape[1] and not enable_gqa:
        raise ValueError(
            f"Expect query and key/value to have the same number of heads but got Hq="
            f"{query.shape[1]} and Hkv={key.shape[1]}. Try setting enable_gqa=True for GQA."
        )
    if enable_gqa and query.shape[1] % key.shape[1]:
        raise ValueError(
            f"Expect number of query heads to be a multiple of kv heads for GQA but got Hq="
            f"{query.shape[1]} and Hkv={key.shape[1]}."
        )
