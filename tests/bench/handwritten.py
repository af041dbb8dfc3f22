"""The benchmark's training programs by hand: one `jax.jit` step each, optax, donated parameters.

This is what compat is measured against, so it is as good as its writer could make it: channels
last, products of matrices, scans with gradients of their own, pooling without select-and-scatter.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jax.nn import relu

Step = Callable[[int], float]
Pytree = Any


def _loop(loss_of: Callable[..., Any], params: Pytree, transform: Any, *batch: Any) -> Step:
    """A training loop of `loss_of(params, *batch)`; `transform` gives directions from gradients."""
    params = jax.tree.map(jnp.asarray, params)
    batch = tuple(map(jnp.asarray, batch))

    @partial(jax.jit, donate_argnums=(0, 1))
    def train(params: Pytree, state: Pytree, rate: Any, *batch: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(params, *batch)
        directions, state = transform.update(gradients, state, params)
        return jax.tree.map(lambda p, d: p - rate * d, params, directions), state, loss

    held = [params, transform.init(params)]

    def step(count: int) -> float:
        held[0], held[1], loss = train(*held, 1e-3 / (1 + 0.01 * count), *batch)
        return loss.item()

    return step


def _cross_entropy(logits: jax.Array, classes: jax.Array) -> jax.Array:
    chosen = jnp.take_along_axis(logits, classes[:, None], 1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, 1) - chosen)


class _Draw:
    """Initial numbers: normal, scaled by the fan-in."""

    def __init__(self) -> None:
        self.numbers = np.random.default_rng(0)

    def normal(self, *shape: int) -> np.ndarray:
        return self.numbers.standard_normal(shape).astype(np.float32)

    def weight(self, *shape: int) -> np.ndarray:
        return self.normal(*shape) / np.float32(np.sqrt(np.prod(shape[:-1])))

    def linear(self, before: int, after: int) -> tuple[np.ndarray, np.ndarray]:
        return self.weight(before, after), np.zeros(after, np.float32)

    def integers(self, below: int, *shape: int) -> np.ndarray:
        return self.numbers.integers(below, size=shape).astype(np.int32)


@jax.custom_vjp
def _narrowing(a: jax.Array, b: jax.Array) -> jax.Array:
    """a @ b, where b is higher than wide: its gradient is faster the other way around."""
    return a @ b


def _narrowing_back(kept: tuple[jax.Array, jax.Array], g: jax.Array) -> tuple[jax.Array, jax.Array]:
    a, b = kept
    of_b = lax.optimization_barrier(jnp.swapaxes(g, -1, -2) @ a)
    return g @ jnp.swapaxes(b, -1, -2), jnp.swapaxes(of_b, -1, -2)


_narrowing.defvjp(lambda a, b: (a @ b, (a, b)), _narrowing_back)


def _linear(x: jax.Array, weights: tuple[jax.Array, jax.Array]) -> jax.Array:
    high = len(x) >= 512 and weights[0].shape[0] > 1.5 * weights[0].shape[1]
    return (_narrowing if high else jnp.matmul)(x, weights[0]) + weights[1]


# --- multilayer perceptron ------------------------------------------------------------------------


def _mlp(transform: Any) -> Step:
    draw = _Draw()

    def loss(params: Any, images: Any, digits: Any) -> Any:
        hidden, out = params
        return _cross_entropy(_linear(relu(_linear(images, hidden)), out), digits)

    params = draw.linear(784, 256), draw.linear(256, 10)
    return _loop(loss, params, transform, draw.normal(64, 784), draw.integers(10, 64))


# --- convolutions ---------------------------------------------------------------------------------


def _conv(x: jax.Array, w: jax.Array, padding: int, stride: int = 1) -> jax.Array:
    pads, layout = [(padding, padding)] * 2, ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, w, (stride, stride), pads, dimension_numbers=layout)


def _shifts(x: jax.Array, size: int, stride: int = 1) -> list[jax.Array]:
    """What each tap of a size x size window sees."""
    n, height, width, c = x.shape
    ends = height - size + 1, width - size + 1
    return [
        lax.slice(x, (0, i, j, 0), (n, i + ends[0], j + ends[1], c), (1, stride, stride, 1))
        for i in range(size)
        for j in range(size)
    ]


def _in_blocks(form: Callable[[jax.Array], jax.Array], batch: jax.Array) -> jax.Array:
    """Eight images at a time: stays in cache, and XLA cannot repeat it in each consumer."""
    made = lax.map(form, batch.reshape(-1, 8, *batch.shape[1:]))
    return made.reshape(-1, *made.shape[2:])


@jax.custom_vjp
def _conv5_one_channel(x: jax.Array, w: jax.Array) -> jax.Array:
    """5x5 with padding 2 on one channel, as a sum over taps: 1.0 ms where XLA takes 5.1."""

    def sums(block: jax.Array) -> jax.Array:
        padded = jnp.pad(block, ((0, 0), (2, 2), (2, 2), (0, 0)))
        flat = w.reshape(25, -1)
        return sum(seen * flat[i] for i, seen in enumerate(_shifts(padded, 5)))  # type: ignore

    return _in_blocks(sums, x)


_conv5_one_channel.defvjp(
    lambda x, w: (_conv5_one_channel(x, w), (x, w)),
    lambda saved, g: jax.vjp(lambda x, w: _conv(x, w, 2), *saved)[1](g),
)


@jax.custom_vjp
def _conv5(x: jax.Array, w: jax.Array) -> jax.Array:
    """5x5 without padding; the gradient of few input channels as one product, 5.4 ms for 7.5."""
    return _conv(x, w, 0)


def _conv5_backward(saved: Any, g: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, w = saved
    size, c = x.shape[1], x.shape[3]

    def scatter(block: jax.Array) -> jax.Array:
        parts = (block.reshape(-1, block.shape[-1]) @ w.reshape(25 * c, -1).T).reshape(
            *block.shape[:-1], -1
        )
        total = jnp.zeros(())
        for tap in range(25):
            pads = [(i, size - i - block.shape[1], 0) for i in divmod(tap, 5)]
            part = parts[..., tap * c : (tap + 1) * c]
            total += lax.pad(part, jnp.float32(0), [(0, 0, 0), *pads, (0, 0, 0)])
        return total

    return _in_blocks(scatter, g), jax.vjp(lambda w: _conv(x, w, 0), w)[1](g)[0]


_conv5.defvjp(lambda x, w: (_conv5(x, w), (x, w)), _conv5_backward)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _conv3(x: jax.Array, w: jax.Array, stride: int = 1) -> jax.Array:
    """3x3 with padding 1; the kernel's gradient on large images in blocks, 33 ms for 72."""
    return _conv(x, w, 1, stride)


def _conv3_backward(stride: int, saved: Any, g: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, w = saved
    pull = jax.vjp(lambda x, w: _conv(x, w, 1, stride), x, w)[1]
    if g.shape[1] < 16 or x.shape[3] < 64:
        return pull(g)
    rows, c = 8, x.shape[3]
    padded, blocks = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), g.shape[1] // rows
    high = (rows - 1) * stride + 3

    def add(total: jax.Array, at: jax.Array) -> tuple[jax.Array, None]:
        """What the eight rows see, laid out, stays in cache as one factor of a product."""
        sample, row = at // blocks, at % blocks * rows
        start = sample, row * stride, 0, 0
        part = lax.dynamic_slice(padded, start, (1, high, *padded.shape[2:]))
        laid = jnp.concatenate([one.reshape(-1, c) for one in _shifts(part, 3, stride)], 1)
        own = lax.dynamic_slice(g, (sample, row, 0, 0), (1, rows, *g.shape[2:]))
        return total + own.reshape(-1, g.shape[3]).T @ laid, None

    zero = jnp.zeros((g.shape[3], 9 * c))
    total, _ = lax.scan(add, zero, jnp.arange(len(g) * blocks))
    return pull(g)[0], total.T.reshape(w.shape)


_conv3.defvjp(lambda x, w, stride: (_conv3(x, w, stride), (x, w)), _conv3_backward)


def _winners(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The maximum of each 2x2 window, and which of the four it was."""
    best, *others = _shifts(x, 2, 2)
    winner = jnp.zeros(best.shape, jnp.int8)
    for i, seen in enumerate(others, 1):
        wins = seen > best
        best, winner = jnp.where(wins, seen, best), jnp.where(wins, jnp.int8(i), winner)
    return best, winner


@jax.custom_vjp
def _max_pool(x: jax.Array) -> jax.Array:
    return _winners(x)[0]


def _max_pool_backward(winner: jax.Array, g: jax.Array) -> tuple[jax.Array]:
    """Every element compares its place in its window with the winner's."""
    n, height, width, c = g.shape
    own = jnp.arange(4, dtype=jnp.int8).reshape(2, 1, 2, 1)
    wins = winner[:, :, None, :, None] == own
    return (jnp.where(wins, g[:, :, None, :, None], 0).reshape(n, 2 * height, 2 * width, c),)


_max_pool.defvjp(_winners, _max_pool_backward)


def cnn() -> Step:
    """LeNet-like on 28x28 images, batch 64, SGD."""
    draw = _Draw()
    params = {
        "conv1": (draw.weight(5, 5, 1, 16), draw.normal(16)),
        "conv2": (draw.weight(5, 5, 16, 32), draw.normal(32)),
        "fc1": draw.linear(800, 120),
        "fc2": draw.linear(120, 10),
    }

    def loss(params: Any, images: Any, digits: Any) -> Any:
        (w1, b1), (w2, b2) = params["conv1"], params["conv2"]
        x = _max_pool(relu(_conv5_one_channel(images, w1) + b1))
        x = _max_pool(relu(_conv5(x, w2) + b2)).reshape(64, -1)
        return _cross_entropy(_linear(relu(_linear(x, params["fc1"])), params["fc2"]), digits)

    images = draw.normal(64, 28, 28, 1)
    return _loop(loss, params, optax.identity(), images, draw.integers(10, 64))


def _batch_norm(x: jax.Array, affine: tuple[jax.Array, jax.Array], kept: list[Any]) -> jax.Array:
    mean = x.mean((0, 1, 2))
    var = jnp.square(x - mean).mean((0, 1, 2))
    kept.append((mean, var))
    return (x - mean) * (lax.rsqrt(var + 1e-5) * affine[0]) + affine[1]


def resnet() -> Step:
    """ResNet-18 for 32x32 images, batch 32, SGD with momentum; running statistics are kept."""
    draw, strides = _Draw(), []

    def norm(c: int) -> tuple[np.ndarray, np.ndarray]:
        return np.ones(c, np.float32), np.zeros(c, np.float32)

    blocks, before = [], 64
    for width, first in ((64, 1), (128, 2), (256, 2), (512, 2)):
        for stride in (first, 1):
            block = {"conv1": draw.weight(3, 3, before, width), "norm1": norm(width),
                     "conv2": draw.weight(3, 3, width, width), "norm2": norm(width)}  # fmt: skip
            if stride != 1:
                block |= {"conv": draw.weight(before, width), "norm": norm(width)}
            blocks.append(block)
            strides.append(stride)
            before = width
    params = {"conv": draw.weight(3, 3, 3, 64), "norm": norm(64), "blocks": blocks,
              "head": draw.linear(512, 10)}  # fmt: skip

    def loss(params: Any, images: Any, digits: Any) -> Any:
        kept: list[Any] = []
        x = relu(_batch_norm(_conv3(images, params["conv"]), params["norm"], kept))
        for block, stride in zip(params["blocks"], strides, strict=True):
            y = _conv3(x, block["conv1"], stride)
            y = _conv3(relu(_batch_norm(y, block["norm1"], kept)), block["conv2"])
            y = _batch_norm(y, block["norm2"], kept)
            if (
                stride != 1
            ):  # a 1x1 convolution is a product: its weight gradient takes 1.7 ms, not 9
                x = _batch_norm(x[:, ::stride, ::stride] @ block["conv"], block["norm"], kept)
            x = relu(x + y)
        return _cross_entropy(_linear(x.mean((1, 2)), params["head"]), digits), kept

    return _resnet_loop(loss, params, draw.normal(32, 32, 32, 3), draw.integers(10, 32))


def _resnet_loop(loss_of: Any, params: Pytree, images: np.ndarray, digits: np.ndarray) -> Step:
    transform = optax.trace(0.9)

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def train(params: Pytree, state: Pytree, running: Pytree, rate: Any, *batch: Any) -> Any:
        (loss, kept), gradients = jax.value_and_grad(loss_of, has_aux=True)(params, *batch)
        directions, state = transform.update(gradients, state)
        params = jax.tree.map(lambda p, d: p - rate * d, params, directions)
        running = jax.tree.map(lambda old, new: 0.9 * old + 0.1 * new, running, kept)
        return params, state, running, loss

    params = jax.tree.map(jnp.asarray, params)
    batch = jnp.asarray(images), jnp.asarray(digits)
    shapes = jax.eval_shape(lambda p: loss_of(p, *batch)[1], params)
    held = [params, transform.init(params), jax.tree.map(lambda s: jnp.zeros(s.shape), shapes)]

    def step(count: int) -> float:
        *held[:], loss = train(*held, 1e-3 / (1 + 0.01 * count), *batch)
        return loss.item()

    return step


# --- LSTM -----------------------------------------------------------------------------------------


def _lstm_forward(fed: jax.Array, w: jax.Array) -> tuple[jax.Array, Any]:
    """fed [T, N, 4 H], w [H, 4 H]: the outputs [T, N, H], from zero states."""
    size = w.shape[0]

    def step(carry: Any, now: jax.Array) -> Any:
        h, c = carry
        i, f, g, o = jnp.split(now + h @ w, 4, -1)
        i, f, g, o = lax.logistic(i), lax.logistic(f), jnp.tanh(g), lax.logistic(o)
        new = f * c + i * g
        h = o * jnp.tanh(new)
        return (h, new), (h, c, new, jnp.concatenate([i, f, g, o], -1))

    zeros = jnp.zeros((fed.shape[1], size))
    _, (outputs, before, cells, gates) = lax.scan(step, (zeros, zeros), fed)
    return outputs, (outputs, before, cells, gates, w)


@jax.custom_vjp
def _lstm(fed: jax.Array, w: jax.Array) -> jax.Array:
    return _lstm_forward(fed, w)[0]


def _lstm_backward(saved: Any, given: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Only the states' gradients go through the scan; the weights' are one product behind it."""
    outputs, before, cells, gates, w = saved
    transposed = w.T

    def step(carry: Any, now: Any) -> Any:
        dh, dc = carry
        given, c, new, gate = now
        i, f, g, o = jnp.split(gate, 4, -1)
        dh, bent = dh + given, jnp.tanh(new)
        dc = dc + dh * o * (1 - bent * bent)
        d = jnp.concatenate(
            [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g),
             dh * bent * o * (1 - o)], -1,
        )  # fmt: skip
        return (d @ transposed, dc * f), d

    zeros = jnp.zeros(given.shape[1:])
    _, d = lax.scan(step, (zeros, zeros), (given, before, cells, gates), reverse=True)
    h_before = outputs[:-1].reshape(-1, w.shape[0])
    return d, h_before.T @ d[1:].reshape(-1, w.shape[1])


_lstm.defvjp(_lstm_forward, _lstm_backward)


def lstm() -> Step:
    """A language model: embedding, one LSTM layer of 128, 35 steps, batch 20, SGD."""
    draw = _Draw()
    params = {"embedding": draw.normal(200, 128), "input": draw.linear(128, 512),
              "hidden": draw.linear(128, 512), "head": draw.linear(128, 200)}  # fmt: skip

    def loss(params: Any, words: Any) -> Any:
        x = params["embedding"][words[:-1].reshape(-1)]
        fed = _linear(x, params["input"]) + params["hidden"][1]
        outputs = _lstm(fed.reshape(35, 20, 512), params["hidden"][0])
        logits = _linear(outputs.reshape(-1, 128), params["head"])
        return _cross_entropy(logits, words[1:].reshape(-1))

    return _loop(loss, params, optax.identity(), draw.integers(200, 36, 20))


# --- GPT ------------------------------------------------------------------------------------------


def _layer_norm(x: jax.Array, affine: tuple[jax.Array, jax.Array]) -> jax.Array:
    off = x - x.mean(-1, keepdims=True)
    return off * lax.rsqrt(jnp.square(off).mean(-1, keepdims=True) + 1e-5) * affine[0] + affine[1]


def _attention(x: jax.Array, n: int, heads: int) -> jax.Array:
    """Causal attention of x [N T, 3 C]."""
    t, size = x.shape[0] // n, x.shape[1] // (3 * heads)
    q, k, v = x.reshape(n, t, 3, heads, size).transpose(2, 0, 3, 1, 4)
    scores = (q @ k.transpose(0, 1, 3, 2)) * size**-0.5
    scores = jnp.where(jnp.tri(t, dtype=bool), scores, -jnp.inf)
    mixed = _narrowing(jax.nn.softmax(scores), v)
    return mixed.transpose(0, 2, 1, 3).reshape(n * t, heads * size)


def gpt() -> Step:
    """GPT: 4 layers, 4 heads, 128 wide, context 128, batch 8, 65 characters, Adam."""
    draw, width = _Draw(), 128

    def norm() -> tuple[np.ndarray, np.ndarray]:
        return np.ones(width, np.float32), np.zeros(width, np.float32)

    blocks = [
        {"norm1": norm(), "attention": draw.linear(width, 3 * width),
         "project": draw.linear(width, width), "norm2": norm(),
         "fc1": draw.linear(width, 4 * width), "fc2": draw.linear(4 * width, width)}
        for _ in range(4)
    ]  # fmt: skip
    params = {"tokens": draw.normal(65, width), "places": draw.normal(128, width),
              "blocks": blocks, "norm": norm(), "head": draw.linear(width, 65)}  # fmt: skip

    def loss(params: Any, tokens: Any) -> Any:
        x = params["tokens"][tokens[:, :-1]] + params["places"]
        x = x.reshape(-1, width)
        for block in params["blocks"]:
            joined = _linear(_layer_norm(x, block["norm1"]), block["attention"])
            x = x + _linear(_attention(joined, 8, 4), block["project"])
            wide = jax.nn.gelu(_linear(_layer_norm(x, block["norm2"]), block["fc1"]))
            x = x + _linear(wide, block["fc2"])
        logits = _linear(_layer_norm(x, params["norm"]), params["head"])
        return _cross_entropy(logits, tokens[:, 1:].reshape(-1))

    return _loop(loss, params, optax.scale_by_adam(), draw.integers(65, 8, 129))


PROGRAMS: dict[str, Callable[[], Step]] = {
    "MLP SGD": partial(_mlp, optax.identity()), "MLP Adam": partial(_mlp, optax.scale_by_adam()),
    "CNN": cnn, "ResNet-18": resnet, "LSTM": lstm, "GPT": gpt,
}  # fmt: skip
