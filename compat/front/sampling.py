"""Random tensors: drawn on the host at the call, the numbers that PyTorch gives on the CPU."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.core import generator as source
from compat.core import rejection, streams
from compat.core.device import device as Device
from compat.core.generator import Generator
from compat.core.normal import double
from compat.core.promotion import promote_types
from compat.core.size import broadcast_shapes
from compat.engine.memory import raise_as_torch
from compat.engine.value import concrete, meta
from compat.front import create, keyed, samples
from compat.front.base import TensorBase, elements, look, on_device, store, value_of
from compat.front.create import finished, from_host, size_of, where
from compat.front.derive import FUNCTIONS
from compat.front.into import given_out
from compat.tape import history, lanes
from compat.tape.mode import no_grad

Draw = Callable[[Sequence[int]], np.ndarray[Any, Any]]


def _stream(generator: Any) -> Generator:
    return source.default_generator if generator is None else generator


def _drawn(sampler: Callable[..., Any], generator: Any, *facts: Any) -> Any:
    """What a sampler draws from the stream; in a traced call, its counterpart from the key."""
    return keyed.draw(sampler, *facts) if keyed.local.keys else sampler(_stream(generator), *facts)


def _made(draw: Draw, shape: Sequence[int], dtype: d.dtype, device: Any) -> Any:
    place = where(device)
    if place.type == "meta":
        return create.constant(shape, 0, dtype, place)
    try:
        if lanes.local.draws:
            return samples.drawn(lambda lead: _held(draw((*lead, *shape)), dtype, place))
        return _held(draw(shape), dtype, place)
    except MemoryError as error:
        raise_as_torch(error)


def _held(drawn: Any, dtype: d.dtype, place: Device) -> Any:
    """Samples as a tensor; those that a key gave stay in the trace."""
    if keyed.local.keys is not None:
        return keyed.traced(drawn, dtype)
    return from_host(drawn, dtype, place)


def _floating(dtype: d.dtype | None) -> d.dtype:
    return dtype or d.get_default_dtype()


# Whole tensors.


def _factory(name: str, sampler: Callable[..., np.ndarray[Any, Any]]) -> Callable[..., Any]:
    def make(*size: Any, generator: Any = None, out: Any = None, dtype: d.dtype | None = None,
             layout: Any = None, device: Any = None, requires_grad: bool = False,
             pin_memory: bool = False, names: Any = None, **extra: Any) -> Any:  # fmt: skip
        if "size" in extra:
            size = (extra.pop("size"),)
        if extra:
            raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(extra))}'")
        if not size:
            raise TypeError(f'{name}() missing 1 required positional arguments: "size"')
        shape = size_of(size)
        create.typed_out(dtype, out)
        kind = _floating(dtype if out is None else out._meta.dtype)
        made = _made(lambda n: _drawn(sampler, generator, n, kind.numpy), shape, kind, device)
        return finished(given_out(out, made), requires_grad)

    make.__name__ = make.__qualname__ = name
    return make


rand = _factory("rand", streams.uniform)
rand.__doc__ = "Numbers drawn evenly from [0, 1)."
randn = _factory("randn", streams.normal)
randn.__doc__ = "Numbers drawn from the standard normal distribution."


def randint(low: Any = 0, high: Any = None, size: Any = None, *, generator: Any = None,
            out: Any = None, dtype: d.dtype | None = None, layout: Any = None, device: Any = None,
            requires_grad: bool = False, pin_memory: bool = False) -> Any:  # fmt: skip
    """Whole numbers drawn evenly from [low, high), or from 0: `randint(high, size)`."""
    if size is None and isinstance(high, list | tuple):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    kind = dtype or d.int64
    first, last = int(low), int(high)
    if first >= last:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={first} >= to={last}"
        )
    made = _made(
        lambda n: _drawn(streams.integers, generator, n, kind.numpy, first, last),
        size_of((size,)), kind, device,
    )  # fmt: skip
    return finished(given_out(out, made), requires_grad)


def randperm(n: int, *, generator: Any = None, out: Any = None, dtype: d.dtype | None = None,
             layout: Any = None, device: Any = None, requires_grad: bool = False,
             pin_memory: bool = False) -> Any:  # fmt: skip
    """The numbers from 0 to n - 1 in random order."""
    kind = dtype or d.int64
    drawn = _drawn(streams.permutation, generator, n, kind.numpy)
    made = from_host(drawn, kind, where(device))
    return finished(given_out(out, made), requires_grad)


def _like(factory: Callable[..., Any], fill: Callable[..., Any]) -> Callable[..., Any]:
    """The `_like` form of a factory; `fill` draws its numbers in another order of memory."""

    def make(input: Any, *args: Any, dtype: Any = None, layout: Any = None, device: Any = None,
             memory_format: Any = None, **options: Any) -> Any:  # fmt: skip
        place = input._meta.device if device is None else device
        kind = dtype or input._meta.dtype
        shape = tuple(input._meta.shape)
        strides = create._like_strides(input, memory_format)
        if strides is None:
            return factory(*args, size=shape, dtype=kind, device=place, **options)
        made = create.empty_strided(shape, strides, dtype=kind, device=place)
        drawn = fill(made, generator=options.pop("generator", None))
        return finished(drawn, options.pop("requires_grad", False))

    make.__name__ = make.__qualname__ = f"{factory.__name__}_like"
    make.__doc__ = f"`{factory.__name__}` with input's size, type and device."
    return make


def randint_like(input: Any, low: Any, high: Any = None, **options: Any) -> Any:
    """`randint` with input's size, type and device."""
    first, last = (0, low) if high is None else (low, high)
    make = _like(
        lambda *_, size, **rest: randint(first, last, size, **rest),
        lambda made, generator: random_(made, first, last, generator=generator),
    )
    return make(input, **options)


def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Any = None,
           out: Any = None, dtype: d.dtype | None = None, layout: Any = None, device: Any = None,
           requires_grad: bool = False, pin_memory: bool = False,
           means: Any = None) -> Any:  # fmt: skip
    """Normal samples: with mean (once: means) and std for each element, or of size for all."""
    mean = mean if means is None else means
    if size is not None:
        create.typed_out(dtype, out)
        kind = _floating(dtype)
        made = _made(
            lambda n: _drawn(streams.normal, generator, n, kind.numpy, float(mean), float(std)),
            size_of((size,)), kind, device,
        )  # fmt: skip
        return finished(given_out(out, made), requires_grad)
    if isinstance(std, TensorBase):
        if std._meta.dtype.is_complex:
            raise RuntimeError("normal expects standard deviation to be non-complex")
        if std._meta.numel and bool((std < 0).any()):  # type: ignore[operator]
            raise RuntimeError("normal expects all elements of std >= 0.0")
    elif std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    one = mean if isinstance(mean, TensorBase) else std
    both = isinstance(mean, TensorBase) and isinstance(std, TensorBase)
    kind = promote_types(mean._meta.dtype, std._meta.dtype) if both else one._meta.dtype
    shape = broadcast_shapes(mean._meta.shape, std._meta.shape) if both else one._meta.shape
    noise = _made(
        lambda n: _drawn(streams.normal, generator, n, kind.numpy), shape, kind, one._meta.device
    )
    with no_grad():
        drawn = noise * std + mean
    given = [each if isinstance(each, TensorBase) else None for each in (mean, std)]
    made = create.hidden("_normal")(*given, drawn)
    return given_out(out, made)


def bernoulli(input: Any, p: Any = None, *, generator: Any = None, out: Any = None) -> Any:
    """Ones with the probability that each element says (or p for all), zeros else."""
    kind = input._meta.dtype
    if p is not None and not isinstance(p, TensorBase):
        drawn = _drawn(streams.bernoulli, generator, input._meta.shape, kind.numpy, float(p))
    else:
        given = input if p is None else p
        chances = value_of(given).array if keyed.local.keys else _parameter(given)
        drawn = _drawn(streams.bernoulli_each, generator, chances, kind.numpy)
    made = _held(drawn, kind, input._meta.device)
    if input._meta.differentiable:
        made = create.hidden("_bernoulli")(input, made)
    return given_out(out, made)


def _parameter(tensor: Any) -> np.ndarray[Any, Any]:
    """What a sampler is told for each element."""
    if keyed.local.keys is not None:
        raise NotImplementedError(
            "samples with a parameter for each element cannot be drawn in a pure function: draw "
            "them before and pass them in"
        )
    return elements(tensor)


def _each_in_memory_order(generator: Any, chances: np.ndarray[Any, Any], kind: Any,
                          strides: Sequence[int] | None) -> np.ndarray[Any, Any]:  # fmt: skip
    """Bernoulli samples with a chance for each element, drawn as a tensor of these strides is
    filled."""
    if strides is None:
        return _drawn(streams.bernoulli_each, generator, chances, kind)
    places = streams.in_memory_order(
        chances.shape, strides, lambda n: np.arange(chances.size).reshape(n)
    ).reshape(-1)
    drawn = np.empty(chances.size, kind)
    turn = np.argsort(places)  # turn[k] is the element that is drawn k-th
    drawn[turn] = _drawn(streams.bernoulli_each, generator, chances.reshape(-1)[turn], kind)
    return drawn.reshape(chances.shape)


def _sampler(name: str, sampler: Callable[..., np.ndarray[Any, Any]], doc: str) -> Any:
    def sample(input: Any, *others: Any, generator: Any = None, **named: Any) -> Any:
        parameters = [input, *others, *named.values()]
        drawn = _drawn(sampler, generator, *[_parameter(one) for one in parameters])
        made = from_host(drawn, input._meta.dtype, input._meta.device)
        return create.hidden(f"_{name}")(*parameters, made)

    sample.__name__ = sample.__qualname__ = name
    sample.__doc__ = doc
    return sample


poisson = _sampler("poisson", rejection.poisson, "Counts of events at the rates in input.")
binomial = _sampler("binomial", rejection.binomial, "Successes in count trials of chance prob.")
_standard_gamma = _sampler("_standard_gamma", rejection.gamma, "Gamma samples of scale 1.")
_sample_dirichlet = _sampler("_sample_dirichlet", rejection.dirichlet, "Dirichlet samples.")


def multinomial(input: Any, num_samples: int, replacement: bool = False, *, generator: Any = None,
                out: Any = None) -> Any:  # fmt: skip
    """Indices drawn from each row, with probabilities in proportion to the elements."""
    if out is not None and out._meta.dtype is not d.int64:
        raise RuntimeError(
            f"multinomial expects Long tensor out, got: {d.TYPE_NAMES[out._meta.dtype]}"
        )
    if input._meta.shape and input._meta.shape[-1] > 2**24:
        raise RuntimeError("number of categories cannot exceed 2^24")
    drawn = _drawn(streams.multinomial, generator, _parameter(input), num_samples, replacement)
    made = from_host(drawn, d.int64, input._meta.device)
    return given_out(out, made)


# In place.


def _overwrite(self: Any, draw: Draw) -> Any:
    """Fills a tensor with samples, in the order of its memory as PyTorch does."""
    one = self._meta
    if one.device.type == "meta":  # there are no elements, and nothing is drawn for them
        return self
    if keyed.local.keys is not None:
        return self.copy_(_held(draw(tuple(one.shape)), one.dtype, one.device))
    if lanes.local.draws and one.device.depth:
        return self.copy_(_made(draw, one.shape, one.dtype, self.device))
    drawn = draw(tuple(one.shape)) if one.contiguous else streams.in_memory_order(
        tuple(one.shape), one.strides, draw
    )
    return _written(self, drawn)


def _written(self: Any, drawn: np.ndarray[Any, Any]) -> Any:
    if self._tape is not None:
        history.check_writable(self)
    one = self._meta
    dense = meta(one.shape, one.dtype, one.strides if one.dense else None, one.device)
    array = np.ascontiguousarray(drawn).reshape(drawn.shape)
    store(self, concrete(dense, on_device(array, dense), owned=True))
    if self._tape is not None:
        history.rewrite(self, None)
    return self


def _filler(name: str, sampler: Callable[..., Any], doc: str, *settings: tuple[str, Any]) -> Any:
    def fill(self: Any, *args: Any, generator: Any = None, **named: Any) -> Any:
        given = dict(settings)
        given.update(zip((key for key, _ in settings), args, strict=False))
        for key, value in named.items():
            if key not in given and key not in ("from", "lambd"):
                raise TypeError(f"{name}() got an unexpected keyword argument '{key}'")
            given["low" if key == "from" else key] = value
        numbers = [
            value.item() if isinstance(value, TensorBase) else value  # type: ignore[attr-defined]
            for key, value in given.items()
        ]
        kind = self._meta.dtype.numpy
        return _overwrite(self, lambda n: _drawn(sampler, generator, n, kind, *numbers))

    fill.__name__ = fill.__qualname__ = name
    fill.__doc__ = doc
    return fill


uniform_ = _filler("uniform_", streams.uniform, "Numbers drawn evenly from [from, to).",
                   ("low", 0.0), ("to", 1.0))  # fmt: skip
exponential_ = _filler("exponential_", streams.exponential, "Waiting times of mean 1 / lambd.",
                       ("lambd", 1.0))  # fmt: skip
cauchy_ = _filler("cauchy_", streams.cauchy, "Samples of the Cauchy distribution.",
                  ("median", 0.0), ("sigma", 1.0))  # fmt: skip
log_normal_ = _filler("log_normal_", streams.log_normal, "Exponentials of normal samples.",
                      ("mean", 1.0), ("std", 2.0))  # fmt: skip
geometric_ = _filler("geometric_", streams.geometric, "Trials until the first success.",
                     ("p", None))  # fmt: skip


def normal_(self: Any, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Any:
    """Normal samples."""
    kind = self._meta.dtype.numpy
    whole = self._meta.contiguous
    return _overwrite(
        self,
        lambda n: _drawn(streams.normal, generator, n, kind, float(mean), float(std), whole),
    )


def random_(self: Any, *bounds: Any, generator: Any = None, **named: Any) -> Any:
    """Whole numbers: up to what the type holds, from 0 to `to`, or from `from` to `to`."""
    kind = self._meta.dtype.numpy
    low, high = named.get("from"), named.get("to")
    if len(bounds) == 1:
        high = bounds[0]
    elif len(bounds) == 2:
        low, high = bounds
    if low is None and high is None:
        return _overwrite(self, lambda n: _drawn(streams.random, generator, n, kind))
    return _overwrite(
        self, lambda n: _drawn(streams.integers, generator, n, kind, int(low or 0), high)
    )


def bernoulli_(self: Any, p: Any = 0.5, *, generator: Any = None) -> Any:
    """Ones with probability p, zeros else."""
    kind = self._meta.dtype.numpy
    if isinstance(p, TensorBase):
        chances = np.broadcast_to(_parameter(p), self._meta.shape)
        strides = None if self._meta.contiguous else self._meta.strides
        drawn = _each_in_memory_order(generator, chances, kind, strides)
        return _written(self, drawn)
    return _overwrite(
        self, lambda n: _drawn(streams.bernoulli, generator, n, kind, float(p))
    )


# State.


def manual_seed(seed: Any) -> Generator:
    """Restarts the default stream, so that the draws that follow can be made again."""
    return source.manual_seed(seed)


def get_rng_state() -> Any:
    """The state of the default stream, as a ByteTensor."""
    return _default.get_state()


def set_rng_state(new_state: Any) -> None:
    """Continues the default stream from a state."""
    _default.set_state(new_state)


class TensorGenerator(Generator):
    """`torch.Generator`: a stream of random numbers of its own, whose state is a ByteTensor."""

    def get_state(self) -> Any:
        """The state, as a ByteTensor."""
        return from_host(super().get_state(), d.uint8, Device("cpu"))

    def set_state(self, new_state: Any) -> None:
        """Continues from a state."""
        array = look(value_of(new_state)) if isinstance(new_state, TensorBase) else new_state
        super().set_state(np.array(array))


TensorGenerator.__name__ = TensorGenerator.__qualname__ = "Generator"
_default = TensorGenerator()
source.default_generator = _default


# Compiled draws.

follows_stream = os.environ.get("COMPAT_DROPOUT", "key") == "stream"


def follow_stream(mode: bool = True) -> None:
    """Whether dropout draws its mask from the mt19937 stream, as PyTorch's CPU does, at the cost
    of drawing on the host; otherwise a key from the stream seeds a draw inside the program."""
    global follows_stream
    follows_stream = mode


def device_seed(input: Any) -> Any:
    """64 bits from the stream, as a 0-dim tensor: what seeds a draw inside a program."""
    if keyed.local.keys is not None:
        return keyed.traced(keyed.local.keys.next(), d.int64)

    def seeds(lead: tuple[int, ...]) -> Any:
        made = [_seed() for _ in range(math.prod(lead))]
        return from_host(np.array(made).reshape(lead), d.int64, input.device)

    return samples.drawn(seeds) if input._meta.device.depth else seeds(())


def _seed() -> np.int64:
    high, low = source.default_generator.key()
    return np.int64((int(high) << 32 | int(low)) - (1 << 64 if high >> 31 else 0))


def host_dropout_mask(input: Any, p: float, by_channel: bool = False) -> Any:
    """PyTorch's own dropout mask, scaled, when the stream is to be followed; else None."""
    mask = _host_mask(input, p, by_channel)
    if mask is None:
        return None
    scale = mask.astype(input._meta.dtype.numpy) / (1 - p) if p < 1 else mask * 0.0
    return _beside(input, scale)


def _host_mask(input: Any, p: float, by_channel: bool) -> np.ndarray[Any, Any] | None:
    """What PyTorch keeps, drawn from its stream when that is to be followed; else None."""
    if not follows_stream or keyed.local.keys is not None:
        return None
    shape = tuple(input._meta.shape)
    if by_channel:
        shape = (*shape[:2], *(1,) * (len(shape) - 2))
    if p == 1:  # nothing is kept, and nothing drawn
        return np.zeros(shape, bool)
    return streams.dropout_mask(source.default_generator, shape, p)


def _beside(input: Any, array: np.ndarray[Any, Any]) -> Any:
    """An array as a tensor of the input's type, on its device."""
    one = input._meta
    return from_host(np.asarray(array, one.dtype.numpy), one.dtype, one.device)


def host_alpha_dropout(input: Any, p: float, by_channel: bool = False) -> tuple[Any, Any] | None:
    """The factor and the shift of PyTorch's own alpha dropout when the stream is to be followed."""
    mask = _host_mask(input, p, by_channel)
    if mask is None or p == 1:
        return None if mask is None else (_beside(input, mask * 0.0), _beside(input, mask * 0.0))
    alpha = 1.7580993408473766
    scale = 1 / np.sqrt((alpha * alpha * p + 1) * (1 - p))
    kept = mask.astype(np.float64)
    shift = (kept - 1) * (alpha * scale) + alpha * scale * p
    return _beside(input, kept * scale), _beside(input, shift)


def host_slopes(input: Any, lower: float, upper: float) -> Any:
    """PyTorch's own slopes for `rrelu` when the stream is to be followed; else None.

    One is drawn for each element that is not positive, in the order of memory, so it takes a look.
    """
    if not follows_stream or keyed.local.keys is not None:
        return None
    array = look(value_of(input))
    slopes = np.ones(array.size)
    low = np.flatnonzero(array.reshape(-1) <= 0)
    slopes[low] = [lower + (upper - lower) * double(source.default_generator) for _ in low]
    return _beside(input, slopes.reshape(array.shape))


def derive_sampling(tensor: type) -> None:
    """Puts the samplers into the torch namespace and on Tensor."""
    functions: dict[str, Any] = {
        "rand": rand, "randn": randn, "randint": randint, "randperm": randperm, "normal": normal,
        "rand_like": _like(rand, uniform_), "randn_like": _like(randn, normal_),
        "randint_like": randint_like,
        "bernoulli": bernoulli, "multinomial": multinomial, "manual_seed": manual_seed,
        "get_rng_state": get_rng_state, "set_rng_state": set_rng_state,
        "Generator": TensorGenerator, "seed": source.seed, "initial_seed": source.initial_seed,
        "default_generator": _default,
        "poisson": poisson, "binomial": binomial, "_standard_gamma": _standard_gamma,
        "_sample_dirichlet": _sample_dirichlet,
    }  # fmt: skip
    FUNCTIONS["torch"] |= functions
    for method in (uniform_, exponential_, cauchy_, log_normal_, geometric_, normal_, random_,
                   bernoulli_, bernoulli, multinomial):  # fmt: skip
        setattr(tensor, method.__name__, method)

