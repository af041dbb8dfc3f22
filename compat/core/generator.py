"""Random state: the mt19937 stream that PyTorch's CPU generator draws from, and its saved form."""

from __future__ import annotations

import secrets
import struct
from typing import Any

import numpy as np

from .device import device as Device
from .errors import require

DEFAULT_SEED = 67280421310721

# The saved state, little endian: the seed; `left`, `seeded`; `next`; the 624 words of mt19937, each
# in 8 bytes; x, y, rho of a normal sample in reserve (only y is used) and whether it is there; a
# float32 sample in reserve and whether it is there (carried along: no CPU sampler reads it).
_HEAD = struct.Struct("<QiiQ")
_TAIL = struct.Struct("<dddi4xf?3x")
_WORDS = 624
_STATE_BYTES = _HEAD.size + 8 * _WORDS + _TAIL.size


class Generator:
    """A stream of random bits, as `torch.Generator()`; the same seed gives PyTorch's CPU numbers.

    >>> Generator().manual_seed(0).words(2)
    array([2357136044, 2546248239], dtype=uint32)
    """

    def __init__(self, device: Any = "cpu") -> None:
        self.device = Device(device)
        self._mt19937 = np.random.MT19937(0)
        self._draw = np.random.Generator(self._mt19937)
        self.manual_seed(DEFAULT_SEED)

    # Seeds and states.

    def manual_seed(self, seed: int) -> Generator:
        """Restarts the stream; a negative seed counts back from 2**64."""
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        require(-(2**63) <= seed < 2**64, "Overflow when unpacking long long", ValueError)
        self._initial_seed = int(seed) % 2**64
        # RandomState seeds an integer below 2**32 by the original mt19937 recipe, as PyTorch does.
        fresh = np.random.RandomState(self._initial_seed & 0xFFFFFFFF).get_state(legacy=False)
        self._mt19937.state = fresh  # type: ignore
        self._untouched = True
        self.spare_normal: float | None = None
        self._spare_float = (0.0, False)
        return self

    def seed(self) -> int:
        """Restarts the stream from a seed that nobody can foresee, and returns that seed."""
        seed = secrets.randbits(64)
        self.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed the stream was last started with."""
        return self._initial_seed

    def get_state(self) -> np.ndarray:
        """The whole state as bytes (uint8), in the format of PyTorch's CPU generator."""
        state = self._mt19937.state["state"]
        position = int(state["pos"])  # 1 to 624 words of the block are used
        following = 0 if self._untouched and position == _WORDS else position
        spare = self.spare_normal
        parts = (
            _HEAD.pack(self._initial_seed, _WORDS + 1 - position, 1, following),
            state["key"].astype("<u8").tobytes(),
            _TAIL.pack(0.0, spare or 0.0, 0.0, spare is not None, *self._spare_float),
        )
        return np.frombuffer(b"".join(parts), np.uint8).copy()

    def set_state(self, state: np.ndarray) -> None:
        """Continues from a state that `get_state`, or PyTorch's generator, has returned."""
        if not isinstance(state, np.ndarray) or state.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        require(
            state.size == _STATE_BYTES,
            f"Expected a CPUGeneratorImplState of size {_STATE_BYTES} but found the input RNG "
            f"state size to be {state.size}",
        )
        raw = state.tobytes()
        seed, left, seeded, following = _HEAD.unpack_from(raw)
        words = np.frombuffer(raw, "<u8", _WORDS, _HEAD.size)
        _, spare, _, has_spare, *spare_float = _TAIL.unpack_from(raw, _HEAD.size + 8 * _WORDS)
        position = _WORDS + 1 - left
        valid = seeded and 0 < left <= _WORDS and following in (position, 0 if left == 1 else -1)
        require(valid and int(words.max()) < 2**32, "Invalid mt19937 state")
        key = {"key": words.astype(np.uint32), "pos": position}
        self._mt19937.state = {"bit_generator": "MT19937", "state": key}  # type: ignore
        self._initial_seed = seed
        self._untouched = following == 0
        self.spare_normal = spare if has_spare else None
        self._spare_float = (spare_float[0], spare_float[1])

    def clone_state(self) -> Generator:
        """A generator of its own that goes on from the same state."""
        twin = Generator(self.device)
        twin.set_state(self.get_state())
        return twin

    def __copy__(self) -> Generator:
        return self.clone_state()

    def __deepcopy__(self, memo: dict[int, Any]) -> Generator:
        return self.clone_state()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.device, self.get_state())

    # Draws. Each takes its words off the stream in one piece.

    def words(self, count: int) -> np.ndarray:
        """The next words of the stream, uint32."""
        self._untouched &= count == 0
        if count > _FEW:
            return self._draw.integers(2**32, size=count, dtype=np.uint32)
        return self._mt19937.random_raw(count).astype(np.uint32)

    def long_words(self, count: int) -> np.ndarray:
        """uint64 numbers of two words each, the first word being the high half."""
        self._untouched &= count == 0
        if count > _FEW:
            return self._draw.integers(2**64, size=count, dtype=np.uint64)
        words = self._mt19937.random_raw(2 * count)
        return words[::2] << _HALF | words[1::2]

    def word(self) -> int:
        """The next word of the stream."""
        self._untouched = False
        return self._mt19937.random_raw()

    def long_word(self) -> int:
        """The next two words as one number, the first being the high half."""
        return self.word() << 32 | self.word()

    def key(self) -> np.ndarray:
        """Two words (uint32) that seed a compiled draw: the key of a `jax.random` stream."""
        return self.words(2)


_FEW = 64  # numbers up to which raw words, put together by hand, are faster
_HALF = np.uint64(32)


def _restored(device: Device, state: np.ndarray) -> Generator:
    generator = Generator(device)
    generator.set_state(state)
    return generator


default_generator = Generator()


def manual_seed(seed: Any) -> Generator:
    """Restarts the default generator; `seed` is made an int first."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Restarts the default generator from an unforeseeable seed and returns it."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()
