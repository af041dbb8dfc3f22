"""The twelve architectures at the size of a modest real use, and LSTM layers by themselves.

compat and real torch run the eager loop of `tests.architectures`; by hand is `compat.pure` of the
same module with optax, one `jax.jit` a step, parameters and states donated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

Step = Callable[[int], Any]

SIZES: dict[str, dict[str, Any]] = {
    "resnet": {"width": 16, "layers": (2, 2), "batch": 32, "size": 32, "classes": 10},
    "densenet": {"growth": 12, "blocks": (4, 4), "width": 24, "batch": 16, "size": 32},
    "unet": {"width": 16, "batch": 4, "size": 64},
    "vit": {"dim": 128, "depth": 3, "batch": 16, "size": 32, "classes": 10},
    "dcgan": {"nz": 100, "ngf": 64, "ndf": 64, "batch": 32},
    "vae": {"pixels": 784, "hidden": 400, "code": 20, "batch": 128},
    "wavenet": {"classes": 64, "channels": 64, "skips": 64, "batch": 4, "length": 257,
                "dilations": (1, 2, 4, 8, 16, 32)},
    "lstm_language_model": {"ntoken": 1000, "size": 200, "batch": 20, "length": 35},
    "seq2seq": {"words": 400, "size": 128, "batch": 64, "length": 12},
    "transformer": {"words": 400, "size": 128, "batch": 32, "length": 24},
    "gpt": {"words": 65, "length": 64, "size": 128, "layers": 4, "batch": 8,
            "text": 100_000},
    "gcn": {"nodes": 2708, "features": 1433, "hidden": 16, "classes": 7, "density": 0.0005},
}  # fmt: skip
LSTMS = {"LSTM 1x128": (128, 1), "LSTM 2x256": (256, 2)}


def eager(torch: Any, name: str) -> Step:
    """The loop as anybody would write it, for real torch or compat."""
    torch.manual_seed(0)
    if name in LSTMS:
        return _lstm(torch, *LSTMS[name])
    from tests.architectures.curves import NETWORKS

    network = NETWORKS[name](torch, **SIZES[name])
    return lambda count: [loss.item() for loss in network.step()]


def _lstm(torch: Any, size: int, layers: int) -> Step:
    """Forward and backward of a batch of 20 over 35 steps."""
    lstm = torch.nn.LSTM(size, size, layers)
    x = torch.randn(35, 20, size, requires_grad=True)
    weights = torch.randn(35, 20, size)

    def step(count: int) -> float:
        lstm.zero_grad()
        x.grad = None
        loss = (lstm(x)[0] * weights).sum()
        loss.backward()
        return loss.item()

    return step


def by_hand(name: str) -> Step:
    """The same step as one compiled function."""
    import compat
    from tests.architectures.curves import NETWORKS

    compat.manual_seed(0)
    network = NETWORKS[name](compat, **SIZES[name])
    return _LOOPS.get(name, _plain)(network, _optimizers()[name])


def _optimizers() -> dict[str, Any]:
    import jax
    import jax.numpy as jnp
    import optax

    def warm(at: Any) -> Any:
        return 1e-3 * jnp.minimum(1.0, (at + 1) / 10)

    def noam(at: Any) -> Any:
        return 0.05 * 16**-0.5 * jnp.minimum((at + 1.0) ** -0.5, (at + 1) * 20**-1.5)

    def matrices(params: Any) -> Any:
        return jax.tree.map(lambda one: one.ndim >= 2, params)

    small, decay = optax.add_decayed_weights(1e-4), optax.exponential_decay(1e-3, 1, 0.98)
    return {
        "resnet": optax.chain(small, optax.sgd(2e-3, 0.9)),
        "densenet": optax.chain(small, optax.sgd(2e-3, 0.9, nesterov=True)),
        "unet": optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3)),
        "vit": optax.adamw(warm, weight_decay=0.05),
        "dcgan": optax.adam(2e-4, b1=0.5),
        "vae": optax.adam(1e-3),
        "wavenet": optax.rmsprop(decay, decay=0.99, eps=1e-8, eps_in_sqrt=False),
        "lstm_language_model": optax.chain(optax.clip_by_global_norm(0.25), optax.sgd(1.0)),
        "seq2seq": optax.adam(2e-3),
        "transformer": optax.adam(noam, b2=0.98, eps=1e-9),
        "gpt": optax.chain(
            optax.clip_by_global_norm(1.0),
            optax.adamw(3e-3, b2=0.95, weight_decay=0.1, mask=matrices),
        ),
        "gcn": optax.chain(optax.add_decayed_weights(5e-4), optax.adam(0.01)),
    }


def _array(one: Any) -> Any:
    """A tensor as an array of JAX's own types."""
    import jax.numpy as jnp

    return jnp.asarray(one.numpy()) if hasattr(one, "numpy") else one


def _updated(transform: Any, gradients: Any, state: Any, params: Any) -> tuple[Any, Any]:
    import optax

    updates, state = transform.update(gradients, state, params)
    return optax.apply_updates(params, updates), state


def _plain(network: Any, transform: Any) -> Step:
    """A step on the next batch; what is no tensor in it is static."""
    import jax

    import compat

    apply = compat.pure(network.module, network.loss)

    @partial(jax.jit, static_argnums=0, donate_argnums=(1, 2, 3))
    def train(rest: Any, params: Any, buffers: Any, state: Any, count: Any, arrays: Any) -> Any:
        key = jax.random.fold_in(jax.random.key(0), count)
        differentiated = jax.value_and_grad(apply.with_buffers, has_aux=True)
        (loss, buffers), gradients = differentiated(params, buffers, *arrays, *rest, rng=key)
        params, state = _updated(transform, gradients, state, params)
        return params, buffers, state, loss

    held = [apply.params, apply.buffers, transform.init(apply.params)]
    batches = []
    for batch in network.batches:
        arrays = tuple(_array(one) for one in batch if hasattr(one, "numpy"))
        batches.append((arrays, tuple(one for one in batch if not hasattr(one, "numpy"))))

    def step(count: int) -> float:
        arrays, rest = batches[count % len(batches)]
        *held[:], loss = train(rest, *held, count, arrays)
        return loss.item()

    return step


def _truncated(network: Any, transform: Any) -> Step:
    """The hidden state goes from step to step."""
    import jax

    import compat

    apply = compat.pure(network.module, network.loss)

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def train(params: Any, state: Any, hidden: Any, count: Any, *words: Any) -> Any:
        key = jax.random.fold_in(jax.random.key(0), count)
        differentiated = jax.value_and_grad(partial(apply, rng=key), has_aux=True)
        (loss, hidden), gradients = differentiated(params, *words, hidden)
        params, state = _updated(transform, gradients, state, params)
        return params, state, hidden, loss

    hidden = tuple(map(_array, network.hidden))
    held = [apply.params, transform.init(apply.params), hidden]
    batches = [tuple(map(_array, batch)) for batch in network.batches]

    def step(count: int) -> float:
        *held[:], loss = train(*held, count, *batches[count % len(batches)])
        return loss.item()

    return step


def _accumulated(network: Any, transform: Any) -> Step:
    """Gradients of two half batches, cut out of the data anew in each step."""
    import jax
    import numpy as np

    import compat

    apply, size = compat.pure(network.module, network.loss), SIZES["gpt"]

    @partial(jax.jit, donate_argnums=(0, 1))
    def train(params: Any, state: Any, count: Any, x: Any, y: Any) -> Any:
        total, loss = None, None
        for half in range(2):
            key = jax.random.fold_in(jax.random.key(0), 2 * count + half)
            differentiated = jax.value_and_grad(partial(apply, rng=key))
            loss, gradients = differentiated(params, x[half], y[half])
            total = gradients if total is None else jax.tree.map(jax.lax.add, total, gradients)
        params, state = _updated(transform, total, state, params)
        return params, state, loss

    held = [apply.params, transform.init(apply.params)]
    data, numbers = network.batches[0].numpy().astype(np.int32), np.random.default_rng(0)
    length, shape = size["length"], (2, size["batch"], 1)

    def step(count: int) -> float:
        rows = numbers.integers(len(data) - length, size=shape) + np.arange(length)
        *held[:], loss = train(*held, count, data[rows], data[rows + 1])
        return loss.item()

    return step


def _judged(network: Any, transform: Any) -> Step:
    """A step of training, then the loss of the other nodes without dropout."""
    import jax

    import compat

    def judge(model: Any, *batch: Any) -> Any:
        model.eval()
        found = network.loss(model, *batch)
        model.train()
        return found

    apply, judged = compat.pure(network.module, network.loss), compat.pure(network.module, judge)

    @partial(jax.jit, donate_argnums=(0, 1))
    def train(params: Any, state: Any, count: Any, graph: Any, known: Any, rest: Any) -> Any:
        key = jax.random.fold_in(jax.random.key(0), count)
        loss, gradients = jax.value_and_grad(partial(apply, rng=key))(params, *graph, known)
        params, state = _updated(transform, gradients, state, params)
        return params, state, loss, judged(params, *graph, rest)

    held = [apply.params, transform.init(apply.params)]
    *graph, known = map(_array, network.batches[0])
    rest = _array(network.rest)

    def step(count: int) -> list[float]:
        *held[:], loss, other = train(*held, count, graph, known, rest)
        return [loss.item(), other.item()]

    return step


def _adversaries(network: Any, transform: Any) -> Step:
    """Both updates as one program; the generator runs once, as in the eager loop."""
    import jax
    import jax.numpy as jnp

    import compat

    size = SIZES["dcgan"]
    makes = compat.pure(network.module["G"])
    judges = compat.pure(network.module["D"], network.loss)

    @partial(jax.jit, donate_argnums=(0, 1))
    def train(g: Any, d: Any, count: Any, images: Any) -> Any:
        (g, g_kept, g_state), (d, d_kept, d_state) = g, d
        key = jax.random.fold_in(jax.random.key(0), count)
        noise = jax.random.normal(key, (size["batch"], size["nz"], 1, 1))
        ones, zeros = jnp.ones(size["batch"]), jnp.zeros(size["batch"])
        fake, pull, g_kept = jax.vjp(
            lambda g: makes.with_buffers(g, g_kept, noise), g, has_aux=True
        )

        def both(d: Any, kept: Any) -> Any:
            real, kept = judges.with_buffers(d, kept, images, ones)
            made, kept = judges.with_buffers(d, kept, fake, zeros)
            return real + made, kept

        (errD, d_kept), gradients = jax.value_and_grad(both, has_aux=True)(d, d_kept)
        d, d_state = _updated(transform, gradients, d_state, d)
        (errG, d_kept), towards = jax.value_and_grad(
            lambda made: judges.with_buffers(d, d_kept, made, ones), has_aux=True
        )(fake)
        g, g_state = _updated(transform, *pull(towards), g_state, g)
        return (g, g_kept, g_state), (d, d_kept, d_state), errD, errG

    held = [(one.params, one.buffers, transform.init(one.params)) for one in (makes, judges)]
    images = _array(network.batches[0][0])

    def step(count: int) -> list[float]:
        *held[:], errD, errG = train(*held, count, images)
        return [errD.item(), errG.item()]

    return step


_LOOPS: dict[str, Callable[[Any, Any], Step]] = {
    "dcgan": _adversaries, "lstm_language_model": _truncated, "gpt": _accumulated, "gcn": _judged,
}  # fmt: skip
