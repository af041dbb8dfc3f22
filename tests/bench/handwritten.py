"""The benchmark's programs by hand: `jax.jit` and optax, the best we can write on XLA:CPU.

Matrix products on two dimensions, recurrences as scans, images with channels last, a pool
gradient of its own (XLA's select-and-scatter is several times slower), donated parameters, and
the allocator's settings of `compat.engine.memory`. Parameters are PyTorch's in size, not in value.
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

Step = Callable[[int], float]
_source = np.random.default_rng(0)


def _normal(*shape: int, scale: float = 0.05) -> Any:
    return jnp.asarray(_source.normal(size=shape, scale=scale).astype(np.float32))


def _digits(count: int, classes: int) -> Any:
    return jnp.asarray(_source.integers(classes, size=count).astype(np.int32))


def _cross_entropy(logits: Any, target: Any) -> Any:
    logs = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(logs, target[:, None], 1).mean()


def _loop(
    loss_of: Callable[..., Any], params: Any, batch: Any, optimizer: Any, aux: Any = None
) -> Step:
    """A jitted step with donated parameters and state; the learning rate is an argument."""
    state = optimizer.init(params)

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(params: Any, state: Any, aux: Any, batch: Any, lr: Any) -> Any:
        if aux is None:
            loss, grads = jax.value_and_grad(loss_of)(params, batch)
        else:
            (loss, aux), grads = jax.value_and_grad(loss_of, has_aux=True)(params, aux, batch)
        updates, state = optimizer.update(grads, state, params)
        params = jax.tree.map(lambda p, u: p - lr * u, params, updates)
        return params, state, aux, loss

    held = [params, state, aux]

    def run(count: int) -> float:
        *held[:], loss = step(*held, batch, np.float32(1e-3 / (1 + 0.01 * count)))
        return float(loss)

    return run


def _mlp(optimizer: Any) -> Step:
    params = [_normal(256, 784), _normal(256), _normal(10, 256), _normal(10)]
    batch = _normal(64, 784, scale=1), _digits(64, 10)

    def loss_of(params: Any, batch: Any) -> Any:
        w1, b1, w2, b2 = params
        h = jax.nn.relu(batch[0] @ w1.T + b1)
        return _cross_entropy(h @ w2.T + b2, batch[1])

    return _loop(loss_of, params, batch, optimizer)


def mlp_sgd() -> Step:
    return _mlp(optax.identity())


def mlp_adam() -> Step:
    return _mlp(optax.scale_by_adam())


def _convolution(x: Any, w: Any, stride: int = 1, pad: int = 0) -> Any:
    """(N, H, W, C) with (KH, KW, C, O)."""
    return lax.conv_general_dilated(
        x, w, (stride, stride), ((pad, pad), (pad, pad)), dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


@jax.custom_vjp
def _pool(x: Any) -> Any:
    """2x2 maxima as the maximum of strided slices."""
    return _pool_forward(x)[0]


def _corners(x: Any) -> list[Any]:
    return [x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]


def _pool_forward(x: Any) -> Any:
    a, b, c, d = _corners(x)
    best = jnp.maximum(jnp.maximum(a, b), jnp.maximum(c, d))
    place = jnp.where(a == best, 0, jnp.where(b == best, 1, jnp.where(c == best, 2, 3)))
    return best, place.astype(jnp.int8)


def _pool_backward(place: Any, grad: Any) -> Any:
    n, h, w, c = grad.shape
    parts = [jnp.where(place == at, grad, 0) for at in range(4)]
    top = jnp.stack(parts[:2], 3).reshape(n, h, 2 * w, c)
    bottom = jnp.stack(parts[2:], 3).reshape(n, h, 2 * w, c)
    return (jnp.stack([top, bottom], 2).reshape(n, 2 * h, 2 * w, c),)


_pool.defvjp(_pool_forward, _pool_backward)


def _first_convolution(x: Any, w: Any, pad: int) -> Any:
    """One input channel: the taps as columns of one matrix product beat XLA's convolution."""
    size, _, _, out = w.shape
    x = jnp.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    n, h, width = x.shape[0], x.shape[1] - size + 1, x.shape[2] - size + 1
    taps = [x[:, i : i + h, j : j + width] for i in range(size) for j in range(size)]
    columns = jnp.concatenate(taps, -1).reshape(-1, size * size)
    return (columns @ w.reshape(-1, out)).reshape(n, h, width, out)


def cnn() -> Step:
    params = [
        _normal(5, 5, 1, 16), _normal(16), _normal(5, 5, 16, 32), _normal(32), _normal(800, 120),
        _normal(120), _normal(120, 10), _normal(10),
    ]  # fmt: skip
    batch = _normal(64, 28, 28, 1, scale=1), _digits(64, 10)

    def loss_of(params: Any, batch: Any) -> Any:
        w1, b1, w2, b2, w3, b3, w4, b4 = params
        x = _pool(jax.nn.relu(_first_convolution(batch[0], w1, 2) + b1))
        x = _pool(jax.nn.relu(_convolution(x, w2) + b2))
        h = jax.nn.relu(x.reshape(64, -1) @ w3 + b3)
        return _cross_entropy(h @ w4 + b4, batch[1])

    return _loop(loss_of, params, batch, optax.identity())


def resnet() -> Step:
    params: dict[str, Any] = {}
    stats: dict[str, Any] = {}

    def conv(name: str, before: int, width: int, size: int) -> None:
        params[name] = _normal(size, size, before, width)
        params[name + "/bn"] = (jnp.ones(width), jnp.zeros(width))
        stats[name] = (jnp.zeros(width), jnp.ones(width))

    conv("first", 3, 64, 3)
    plan, before = [], 64
    for group, (width, stride) in enumerate(((64, 1), (128, 2), (256, 2), (512, 2))):
        for block in range(2):
            name, step = f"{group}.{block}", stride if block == 0 else 1
            conv(name + "a", before, width, 3)
            conv(name + "b", width, width, 3)
            if step != 1 or before != width:
                conv(name + "s", before, width, 1)
            plan.append((name, step, step != 1 or before != width))
            before = width
    params["head"] = (_normal(512, 10), _normal(10))
    batch = _normal(32, 32, 32, 3, scale=1), _digits(32, 10)

    def loss_of(params: Any, stats: Any, batch: Any) -> Any:
        fresh = dict(stats)

        def normal(x: Any, name: str) -> Any:
            mean = x.mean((0, 1, 2))
            off = x - mean
            var = (off * off).mean((0, 1, 2))
            count = x.size // x.shape[-1]
            old_mean, old_var = stats[name]
            fresh[name] = lax.stop_gradient(
                (old_mean + 0.1 * (mean - old_mean),
                 old_var + 0.1 * (var * count / (count - 1) - old_var))
            )  # fmt: skip
            scale, shift = params[name + "/bn"]
            return off * (lax.rsqrt(var + 1e-5) * scale) + shift

        x = jax.nn.relu(normal(_convolution(batch[0], params["first"], 1, 1), "first"))
        for name, step, shortcut in plan:
            y = jax.nn.relu(normal(_convolution(x, params[name + "a"], step, 1), name + "a"))
            y = normal(_convolution(y, params[name + "b"], 1, 1), name + "b")
            if shortcut:
                x = normal(_convolution(x, params[name + "s"], step), name + "s")
            x = jax.nn.relu(x + y)
        w, b = params["head"]
        return _cross_entropy(x.mean((1, 2)) @ w + b, batch[1]), fresh

    return _loop(loss_of, params, batch, optax.trace(0.9), stats)


def lstm() -> Step:
    params = [
        _normal(200, 128), _normal(512, 128), _normal(512, 128), _normal(512), _normal(128, 200),
        _normal(200),
    ]  # fmt: skip
    words = _digits(36 * 20, 200).reshape(36, 20)

    def loss_of(params: Any, words: Any) -> Any:
        table, w_in, w_hid, bias, w_out, b_out = params
        x = table[words[:-1]]
        fed = (x.reshape(-1, 128) @ w_in.T + bias).reshape(35, 20, 512)

        def step(carry: Any, now: Any) -> Any:
            h, c = carry
            i, f, g, o = jnp.split(now + h @ w_hid.T, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zeros = jnp.zeros((20, 128))
        _, hidden = lax.scan(step, (zeros, zeros), fed)
        return _cross_entropy(hidden.reshape(-1, 128) @ w_out + b_out, words[1:].reshape(-1))

    return _loop(loss_of, params, words, optax.identity())


def gpt() -> Step:
    width, heads, length = 128, 4, 128

    def block() -> dict[str, Any]:
        return {
            "norm1": (jnp.ones(width), jnp.zeros(width)), "qkv": _linear(width, 3 * width),
            "project": _linear(width, width), "norm2": (jnp.ones(width), jnp.zeros(width)),
            "fc1": _linear(width, 4 * width), "fc2": _linear(4 * width, width),
        }  # fmt: skip

    def _linear(before: int, after: int) -> Any:
        return _normal(before, after), _normal(after)

    params = {
        "tokens": _normal(65, width), "places": _normal(length, width),
        "blocks": [block() for _ in range(4)], "norm": (jnp.ones(width), jnp.zeros(width)),
        "head": _linear(width, 65),
    }  # fmt: skip
    tokens = _digits(8 * 129, 65).reshape(8, 129)
    mask = np.tril(np.ones((length, length), bool))

    def normal(x: Any, given: Any) -> Any:
        off = x - x.mean(-1, keepdims=True)
        return off * lax.rsqrt((off * off).mean(-1, keepdims=True) + 1e-5) * given[0] + given[1]

    def loss_of(params: Any, tokens: Any) -> Any:
        n = tokens.shape[0]
        x = (params["tokens"][tokens[:, :-1]] + params["places"]).reshape(-1, width)  # (N * T, C)
        for b in params["blocks"]:
            qkv = normal(x, b["norm1"]) @ b["qkv"][0] + b["qkv"][1]
            q, k, v = (
                part.reshape(n, length, heads, -1).transpose(0, 2, 1, 3)
                for part in jnp.split(qkv, 3, -1)
            )
            scores = q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width // heads))
            weights = jax.nn.softmax(jnp.where(mask, scores, -jnp.inf))
            mixed = (weights @ v).transpose(0, 2, 1, 3).reshape(-1, width)
            x = x + mixed @ b["project"][0] + b["project"][1]
            h = jax.nn.gelu(normal(x, b["norm2"]) @ b["fc1"][0] + b["fc1"][1])
            x = x + h @ b["fc2"][0] + b["fc2"][1]
        w, bias = params["head"]
        return _cross_entropy(normal(x, params["norm"]) @ w + bias, tokens[:, 1:].reshape(-1))

    return _loop(loss_of, params, tokens, optax.scale_by_adam())


PROGRAMS: dict[str, Callable[[], Step]] = {
    "MLP SGD": mlp_sgd, "MLP Adam": mlp_adam, "CNN": cnn, "ResNet-18": resnet, "LSTM": lstm,
    "GPT": gpt,
}  # fmt: skip
