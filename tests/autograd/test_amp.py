"""Autocast chooses PyTorch's types; the scaler scales, skips and grows."""

import compat
from tests.support.both import both


@both
def test_types_follow_the_lists(torch, note):
    F = torch.nn.functional
    x, h = torch.ones(4, 4), torch.ones(4, 4, dtype=torch.bfloat16)
    i = torch.tensor([0, 1, 2, 3])
    cases = (
        lambda: x @ x, lambda: torch.mm(x, h), lambda: F.linear(x, x), lambda: x.matmul(x),
        lambda: F.conv2d(x[None, None], x[None, None]), lambda: torch.mv(x, x[0]),
        lambda: h.exp(), lambda: h.softmax(0), lambda: h.prod(), lambda: h.sum(),
        lambda: F.mse_loss(h, h), lambda: F.cross_entropy(h, i), lambda: F.l1_loss(h, h),
        lambda: F.hinge_embedding_loss(h, h), lambda: F.soft_margin_loss(h, h),
        lambda: torch.cat([h, x]), lambda: torch.stack([h, h]), lambda: x + h,
        lambda: x.double() @ x.double(),
        lambda: torch.nn.LSTM(4, 4)(x)[0], lambda: F.scaled_dot_product_attention(x, x, x),
        lambda: torch.linalg.inv(torch.eye(3, dtype=torch.bfloat16)),
    )  # fmt: skip
    for low in (torch.bfloat16, torch.float16):
        for case in cases if low is torch.bfloat16 else cases[:15]:
            with torch.autocast("cpu", dtype=low):
                note(lambda case=case: case().dtype)
    for case in cases[:6]:
        note(lambda case=case: case().dtype)


@both
def test_blocks_nest_and_decorate(torch, note):
    x = torch.ones(2, 2, requires_grad=True)
    with torch.autocast("cpu"):
        note(lambda: (torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")))
        with torch.autocast("cpu", enabled=False):
            note(lambda: (x @ x).dtype)
        with torch.autocast("cpu", torch.float16):
            note(lambda: (x.detach() @ x.detach()).dtype)
        y = (x @ x).sum()
        note(lambda: y.dtype)
    note(lambda: torch.is_autocast_enabled("cpu"))
    note(lambda: torch.autograd.grad(y, x))
    note(lambda: torch.autocast("cpu")(lambda: (x @ x).dtype)())
    note(lambda: torch.autocast("cpu", torch.float32)._enabled)
    note(lambda: torch.autocast("cuda")._enabled)
    note(lambda: torch.autocast(3))
    note(lambda: torch.amp.is_autocast_available("cpu"))

    class Twice(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu")
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x @ x

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            note(lambda: (x @ x).dtype)
            return grad.float() @ x.float().t()

    with torch.autocast("cpu"):
        z = Twice.apply(x)
    note(lambda: z.dtype)
    z.sum().backward()


@both
def test_scaler(torch, note):
    w = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=2)
    for factor in (1.0, float("inf"), 1.0, 1.0, 1.0):
        optimizer.zero_grad()
        scaler.scale((w * factor).sum()).backward()
        scaler.unscale_(optimizer)
        note(lambda: w.grad)
        note(lambda: scaler.unscale_(optimizer))
        scaler.step(optimizer)
        note(lambda: scaler.step(optimizer))
        scaler.update()
        note(lambda: (w.detach(), scaler.get_scale()))
    note(scaler.state_dict)
    note(lambda: torch.amp.GradScaler("cuda").scale(3))


def test_fast_way_comes_back():
    from compat.front import derive

    x = compat.ones(2, 2)
    (x @ x).exp()
    before = [dict(plans) for plans in derive._plans.values()]
    with compat.autocast("cpu"):
        assert (x @ x).dtype is compat.bfloat16
    assert (x @ x).dtype is compat.float32
    for was, now in zip(before, derive._plans.values(), strict=True):
        assert was.items() <= now.items()


@both
def test_norms_keep_the_type_of_their_input(torch, note):
    h = torch.linspace(-1, 1, 32).reshape(4, 8).bfloat16().requires_grad_()
    nn = torch.nn
    for layer in (nn.BatchNorm1d(8), nn.BatchNorm1d(8).eval(), nn.LayerNorm(8), nn.GroupNorm(2, 8)):
        made = layer(h)
        note(lambda made=made: made.detach())
        made.float().pow(2).sum().backward()
        note(lambda layer=layer: (h.grad.dtype, layer.weight.grad.dtype))
        h.grad = None
