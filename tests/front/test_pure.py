"""`compat.pure`: modules under JAX's own transformations do what they do by themselves."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

import compat as torch
import compat.nn as nn
import compat.nn.functional as F


def _small() -> Any:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(36, 5),
    )  # fmt: skip


def _batch() -> tuple[Any, Any]:
    return torch.randn(6, 3, 8, 8), torch.randint(5, (6,))


def _loss(model: Any, images: Any, kinds: Any) -> Any:
    return F.cross_entropy(model(images), kinds)


def test_a_compiled_step_has_the_gradients_and_buffers_of_backward() -> None:
    model, (images, kinds) = _small(), _batch()
    apply = torch.pure(model, _loss)
    step = jax.jit(jax.value_and_grad(apply.with_buffers, has_aux=True), donate_argnums=1)
    arrays = jnp.asarray(images.numpy()), jnp.asarray(kinds.numpy().astype("int32"))
    (loss, buffers), gradients = step(apply.params, apply.buffers, *arrays)
    (loss, buffers), gradients = step(apply.params, buffers, *arrays)

    for _ in range(2):
        model.zero_grad()
        expected = _loss(model, images, kinds)
        expected.backward()
    np.testing.assert_allclose(loss, expected.item(), rtol=1e-6)
    for name, one in model.named_parameters():
        np.testing.assert_allclose(gradients[name], one.grad.numpy(), rtol=1e-4, atol=1e-6)
    for name, one in model.named_buffers():
        np.testing.assert_allclose(buffers[name], one.numpy(), rtol=1e-5)
    assert buffers["1.num_batches_tracked"].dtype == np.int32  # what JAX has outside
    assert step._cache_size() == 1


def test_a_plain_call_leaves_the_module_as_it_was() -> None:
    model, (images, _) = _small(), _batch()
    apply = torch.pure(model)
    mean = model[1].running_mean.clone()
    made = jax.jit(apply)(apply.params, images.numpy())
    np.testing.assert_array_equal(model[1].running_mean.numpy(), mean.numpy())
    np.testing.assert_allclose(made, model(images).detach().numpy(), rtol=1e-5, atol=1e-6)


def test_trained_arrays_go_back_and_donated_ones_are_copies() -> None:
    model = nn.Linear(3, 2)
    apply = torch.pure(model)
    before = model.weight.detach().clone()
    doubled = jax.jit(lambda params: jax.tree.map(lambda one: 2 * one, params), donate_argnums=0)
    apply.load(doubled(apply.params))
    np.testing.assert_array_equal(model.weight.detach().numpy(), 2 * before.numpy())
    model(torch.ones(1, 3)).sum().backward()
    assert model.weight.grad is not None


def test_a_tensor_of_two_names_is_one_parameter_with_one_gradient() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = nn.Embedding(7, 4), nn.Linear(4, 7)
            self.decoder.weight = self.encoder.weight

        def forward(self, words: Any) -> Any:
            return self.decoder(self.encoder(words)).square().sum()

    model, words = Tied(), torch.randint(7, (9,))
    apply = torch.pure(model)
    assert sorted(apply.params) == ["decoder.bias", "encoder.weight"]
    gradient = jax.grad(apply)(apply.params, words)["encoder.weight"]
    model(words).backward()
    np.testing.assert_allclose(gradient, model.encoder.weight.grad.numpy(), rtol=1e-5)


def test_vmap_over_examples_and_over_models() -> None:
    model, (images, _) = _small().eval(), _batch()
    apply = torch.pure(model)
    expected = model(images).detach().numpy()
    each = jax.vmap(lambda image: apply(apply.params, image[None])[0])(images.numpy())
    np.testing.assert_allclose(each, expected, rtol=1e-5, atol=1e-6)

    many = jax.tree.map(lambda one: jnp.stack([one, 0 * one]), apply.params)
    both = jax.vmap(apply, (0, None))(many, images.numpy())
    np.testing.assert_allclose(both[0], expected, rtol=1e-5, atol=1e-6)
    assert not both[1].any()


def test_shard_map() -> None:
    model = nn.Linear(3, 2)
    apply = torch.pure(model)
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    mesh = Mesh(np.array(jax.devices()[:1]), ("data",))
    split, same = PartitionSpec("data"), PartitionSpec()
    made = jax.shard_map(apply, mesh=mesh, in_specs=(same, split), out_specs=split)(apply.params, x)
    np.testing.assert_allclose(made, model(torch.tensor(x)).detach().numpy(), rtol=1e-5, atol=1e-6)


class _Noisy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear, self.drop = nn.Linear(40, 50), nn.Dropout(0.25)
        self.register_buffer("noise", torch.zeros(50))

    def forward(self, x: Any) -> Any:
        self.noise.normal_(1.0, 2.0)
        mixed = self.linear(x) * 0 + torch.randn(50) + torch.rand_like(self.noise)
        return self.drop(torch.ones(200, 50)), mixed, torch.bernoulli(torch.full((50,), 0.5))


def test_what_is_drawn_follows_the_key() -> None:
    apply = torch.pure(_Noisy())
    run = jax.jit(lambda key: apply.with_buffers(apply.params, apply.buffers, x, rng=key))
    x = np.ones((200, 40), np.float32)
    first, again, other = (run(jax.random.key(seed)) for seed in (0, 0, 1))
    for one, same, another in zip(*map(jax.tree.leaves, (first, again, other)), strict=True):
        np.testing.assert_array_equal(one, same)
        assert (np.asarray(one) != np.asarray(another)).any()
    (dropped, _, coins), buffers = first
    assert abs(np.mean(np.asarray(dropped) == 0) - 0.25) < 0.02
    np.testing.assert_allclose(np.unique(dropped), [0, 4 / 3], rtol=1e-6)
    assert set(np.unique(coins)) == {0.0, 1.0}
    assert abs(float(buffers["noise"].std()) - 2) < 0.7


def test_draws_without_a_key_and_draws_that_only_the_host_makes_raise() -> None:
    dropping = torch.pure(nn.Dropout())
    with pytest.raises(RuntimeError, match="give it a key"):
        jax.jit(dropping)({}, np.ones(3, np.float32))
    poisson = torch.pure(nn.Identity(), lambda module, x: torch.poisson(x))
    with pytest.raises(NotImplementedError, match="pure function"):
        jax.jit(partial(poisson, rng=jax.random.key(0)))({}, np.ones(3, np.float32))
    own = torch.Generator().manual_seed(3)  # and outside the stream goes on as ever
    torch.manual_seed(3)
    assert torch.randperm(5).tolist() == torch.randperm(5, generator=own).tolist()
