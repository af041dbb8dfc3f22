"""The examples of nn, autograd, optim and init in the 0.4 documentation, E90 to E126, in cases of
our own."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import pytest

import compat as t
from tests.documentation.say import close, flat, holds, sizes, warned
from tests.documentation.test_examples import V, a, m, map_

nn, F, optim, init = t.nn, t.nn.functional, t.optim, t.nn.init
T = t.Tensor
EXAMPLES: dict[str, Any] = {}


def example(check: Any) -> Any:
    EXAMPLES[check.__name__] = check
    return check


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(1, 2, 3)
        self.add_module("two", nn.Conv2d(2, 3, (1, 2), stride=2))

    def forward(self, x: Any) -> Any:
        return self.two(F.relu(self.one(x)))


@example
def E92() -> Any:
    seen = []

    def visit(module: Any) -> None:
        seen.append(type(module).__name__)
        if isinstance(module, nn.Linear):
            module.weight.data.fill_(1)

    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU()).apply(visit)
    return seen == ["Linear", "ReLU", "Sequential"], net[0].weight.tolist() == [[1]]


@example
def E96() -> Any:
    class Lists(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
            self.params = nn.ParameterList([nn.Parameter(t.eye(4)) for _ in range(2)])

        def forward(self, x: Any) -> Any:
            for at, layer in enumerate(self.layers):
                x = self.layers[at // 2](x) + layer(x).mm(self.params[0])
            return x

    return len(list(Lists().parameters())) == 8, sizes(Lists(), 2, 4) == (2, 4)


EXAMPLES |= {
    "E90": lambda: (sizes(Two(), 1, 1, 8, 8) == (1, 3, 3, 3),
                    [n for n, _ in Two().named_parameters()] == [
                        "one.weight", "one.bias", "two.weight", "two.bias"],
                    [n for n, _ in Two().named_children()] == ["one", "two"]),
    "E91": lambda: repr(Two().two) == "Conv2d(2, 3, kernel_size=(1, 2), stride=(2, 2))",
    "E93": lambda: (len(list(nn.Sequential(s := nn.ReLU(), s).modules())) == 2,
                    [n for n, _ in nn.Sequential(s, s).named_modules()] == ["", "0"]),
    "E94": lambda: ([tuple(p.shape) for p in nn.Conv2d(2, 3, 4).parameters()] == [(3, 2, 4, 4),
              (3,)],
                    (r := nn.Linear(1, 1)).register_buffer("mean", t.zeros(2)),
                    sorted(r.state_dict()) == ["bias", "mean", "weight"]),
    "E95": lambda: (sizes(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), 1, 1, 5, 5) == (1, 2, 3, 3),
                    [n for n, _ in nn.Sequential(OrderedDict(
                        [("first", nn.ReLU()), ("then", nn.ReLU())])).named_children()] == [
                            "first", "then"]),
    "E97": lambda: (sizes(nn.Conv1d(3, 4, 3, stride=2), 2, 3, 20) == (2, 4, 9),
                    sizes(nn.Conv2d(3, 4, (3, 5), stride=(2, 1), padding=(4, 2), dilation=(3, 1)),
                          1, 3, 10, 12) == (1, 4, 6, 12),
                    sizes(nn.Conv3d(2, 3, (3, 5, 2), stride=(2, 1, 1), padding=(4, 2, 0)),
                          1, 2, 4, 6, 8) == (1, 3, 5, 6, 7)),
    "E98": lambda: (sizes(nn.ConvTranspose2d(2, 3, (3, 5), stride=(2, 1), padding=(4, 2)),
                          1, 2, 8, 9) == (1, 3, 9, 9),
                    nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1)(
                        nn.Conv2d(1, 1, 3, stride=2, padding=1)(x := t.ones(1, 1, 8, 8)),
                        output_size=x.size()).shape == x.shape,
                    sizes(nn.ConvTranspose3d(2, 3, 3, stride=2), 1, 2, 2, 3, 4) == (1, 3, 5, 7, 9)),
    "E99": lambda: (sizes(nn.MaxPool1d(3, stride=2), 1, 2, 9) == (1, 2, 4),
                    sizes(nn.MaxPool2d((3, 2), stride=(2, 1)), 1, 2, 9, 6) == (1, 2, 4, 5),
                    sizes(nn.MaxPool3d(3, stride=2), 1, 2, 5, 7, 9) == (1, 2, 2, 3, 4)),
    "E100": lambda: (flat(nn.MaxUnpool1d(2, 2)(*(p := nn.MaxPool1d(2, 2, return_indices=True)(
        T([[[1, 2, 4, 3, 5]]]))))) == [0, 2, 4, 0],
        flat(nn.MaxUnpool1d(2, 2)(*p, output_size=(1, 1, 5))) == [0, 2, 4, 0, 0]),
    "E101": lambda: (flat(nn.MaxUnpool2d(2, 2)(*(p := nn.MaxPool2d(2, 2, return_indices=True)(
        t.arange(16.0).view(1, 1, 4, 4)))))[4:8] == [0, 5, 0, 7],
        flat(nn.MaxUnpool2d(2, 2)(*p, output_size=t.Size([1, 1, 5, 5])))[5:8] == [5, 0, 7]),
    "E102": lambda: nn.MaxUnpool3d(3, 2)(*nn.MaxPool3d(3, 2, return_indices=True)(
        t.randn(1, 2, 5, 7, 9))).shape == (1, 2, 5, 7, 9),
    "E103": lambda: (flat(nn.AvgPool1d(3, 2)(T([[[1, 2, 3, 4, 5]]]))) == [2, 4],
                     sizes(nn.AvgPool2d((3, 2), stride=(2, 1)), 1, 2, 9, 6) == (1, 2, 4, 5),
                     sizes(nn.AvgPool3d((3, 2, 2), stride=(2, 1, 2)), 1, 1, 9, 6, 5) == (
                         1, 1, 4, 5, 2)),
    "E104": lambda: (sizes(nn.FractionalMaxPool2d(3, output_ratio=(0.5, 0.5)), 1, 2, 16, 12) == (
        1, 2, 8, 6), sizes(nn.FractionalMaxPool2d(3, output_size=(5, 4)), 1, 2, 16, 12) == (
            1, 2, 5, 4), sizes(nn.LPPool2d(2, (3, 2), stride=(2, 1)), 1, 2, 9, 6) == (1, 2, 4, 5)),
    "E105": lambda: (sizes(nn.AdaptiveMaxPool1d(3), 1, 2, 8) == (1, 2, 3),
                     sizes(nn.AdaptiveMaxPool2d((2, 3)), 1, 2, 8, 7) == (1, 2, 2, 3),
                     sizes(nn.AdaptiveAvgPool1d(3), 1, 2, 8) == (1, 2, 3),
                     sizes(nn.AdaptiveAvgPool2d(2), 1, 2, 8, 7) == (1, 2, 2, 2)),
    "E106": lambda: [close(layer(a()), map_(formula)) for layer, formula in (
        (nn.ReLU(), lambda v: max(v, 0)), (nn.ReLU6(), lambda v: min(max(v, 0), 6)),
        (nn.ELU(), lambda v: v if v > 0 else math.exp(v) - 1),
        (nn.PReLU(), lambda v: v if v > 0 else v / 4),
        (nn.LeakyReLU(0.1), lambda v: v if v > 0 else v / 10),
        (nn.Threshold(0.3, 20), lambda v: v if v > 0.3 else 20),
        (nn.Hardtanh(), lambda v: min(max(v, -1), 1)), (nn.Tanh(), math.tanh),
        (nn.Sigmoid(), lambda v: 1 / (1 + math.exp(-v))),
        (nn.LogSigmoid(), lambda v: -math.log1p(math.exp(-v))),
        (nn.Softplus(), lambda v: math.log1p(math.exp(v))),
        (nn.Softshrink(), lambda v: v - 0.5 if v > 0.5 else v + 0.5 if v < -0.5 else 0),
        (nn.Softsign(), lambda v: v / (1 + abs(v))), (nn.Tanhshrink(),
        lambda v: v - math.tanh(v)))],
    "E107": lambda: flat(nn.Threshold(0.5, 20)(T([0.5, 0.75]))) == [20, 0.75],
    "E108": lambda: (close(nn.Softmax()(m()).sum(1), [1] * 3), close(nn.Softmin()(m()).sum(1),
              [1] * 3),
                     close(nn.LogSoftmax()(m()).exp(), nn.Softmax()(m())),
                     any("Implicit dimension" in w for w in warned(lambda: nn.Softmax()(m())))),
    "E109": lambda: [close((y := layer(t.randn(*s) * 3 + 1).transpose(0, 1).reshape(2, -1)).mean(1),
                           [0, 0], 1e-3) and close(y.var(1, unbiased=False), [1, 1], 1e-2)
                     for layer, s in ((nn.BatchNorm1d(2), (20, 2)), (nn.BatchNorm2d(2), (4, 2, 3,
                     5)),
                                      (nn.BatchNorm3d(2), (2, 2, 3, 4, 5)))] + [
        not list(nn.BatchNorm1d(3, affine=False).parameters())],
    "E110": lambda: ((r := nn.RNN(3, 4, 2)).weight_ih_l0.shape == (4, 3),
                     [tuple(o.shape) for o in r(t.randn(5, 2, 3), t.zeros(2, 2, 4))] == [
                         (5, 2, 4), (2, 2, 4)]),
    "E111": lambda: (F.conv1d(t.ones(2, 3, 9), t.ones(4, 3, 3)).shape == (2, 4, 7),
                     F.conv2d(t.ones(1, 2, 5, 5), t.ones(3, 2, 3, 3), padding=1).shape == (1, 3, 5,
                     5),
                     F.conv3d(t.ones(1, 2, 5, 5, 5), t.ones(3, 2, 3, 3, 3)).shape == (1, 3, 3, 3,
                     3),
                     F.conv_transpose1d(t.ones(1, 2, 5), t.ones(2, 3, 5)).shape == (1, 3, 9),
                     F.conv_transpose2d(t.ones(1, 2, 5, 5), t.ones(2, 3, 3, 3),
                     padding=1).shape == (
                         1, 3, 5, 5)),
    "E112": lambda: flat(F.avg_pool1d(T([[[2, 4, 6, 8]]]), kernel_size=2, stride=2)) == [3, 7],
    "E113": lambda: close(F.cosine_similarity(T([[3, 4], [1, 0]]), T([[4, 3], [0, 2]])), [0.96, 0]),
    "E115": lambda: (nn.PixelShuffle(2)(T(1, 4, 3, 3)).shape == (1, 1, 6, 6),
                     [tuple(F.pad(t.zeros(2, 3, 4, 5), p, "constant", 0).shape)
                      for p in ((1, 1), (1, 1, 2, 2), (0, 1, 2, 1, 3, 3))] == [
                          (2, 3, 4, 7), (2, 3, 8, 7), (2, 9, 7, 6)]),
    "E121": lambda: plateau(),
    "E122": lambda: close([init.calculate_gain(n) for n in (
        "linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu")],
        [1, 1, 1, 5 / 3, 2**0.5, (2 / 1.0001) ** 0.5], 1e-6),
    "E123": lambda: (init.uniform(w := T(3, 5)) is w, 0 <= w.min() and w.max() <= 1,
                     init.normal(T(3, 5)).shape == (3, 5), flat(init.constant(T(2),
                     0.5)) == [0.5] * 2,
                     init.eye(T(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]],
                     init.dirac(T(2, 4, 3, 3))[1, 1, 1, 1].item() == 1,
                     init.xavier_uniform(T(3, 5), gain=2).abs().max() <= 2 * (6 / 8) ** 0.5,
                     init.kaiming_uniform(T(3, 5)).abs().max() <= (6 / 5) ** 0.5,
                     init.xavier_normal(T(3, 5)).shape == init.kaiming_normal(T(3, 5)).shape,
                     close((o := init.orthogonal(T(2, 4))).mm(o.t()), t.eye(2)),
                     (init.sparse(T(10, 2), sparsity=0.1) == 0).sum(0).tolist() == [1, 1]),
}  # fmt: skip


@example
def E114() -> Any:
    x = t.randn(3, 4, requires_grad=True)
    target = t.randint(4, (3,), dtype=t.int64)
    loss = F.cross_entropy(x, target)
    loss.backward()
    y, z = t.randn(3, requires_grad=True), t.empty(3).random_(2)
    parts = F.binary_cross_entropy(y.sigmoid(), z)
    return (loss.dim() == 0, close(x.grad.sum(1), [0] * 3),
            close(loss, F.nll_loss(F.log_softmax(x, dim=1), target)),
            close(F.binary_cross_entropy_with_logits(y, z), parts))  # fmt: skip


@example
def E116() -> Any:
    x = V(t.zeros(2), requires_grad=True)
    handle = x.register_hook(lambda grad: grad * 3)
    x.backward(t.ones(2))
    handle.remove()
    x.backward(t.ones(2))
    return x.grad.tolist() == [4, 4]


@example
def E117() -> Any:
    one, two = nn.Linear(1, 1), nn.Linear(1, 1)
    groups = [{"params": one.parameters()}, {"params": two.parameters(), "lr": 0.5}]
    made = optim.SGD(groups, lr=0.1, momentum=0.9).param_groups
    return [(g["lr"], g["momentum"]) for g in made] == [(0.1, 0.9), (0.5, 0.9)]


@example
def E118() -> Any:
    p, q = t.ones(1, requires_grad=True), t.ones(2, requires_grad=True)
    optimizer, fitted = optim.SGD([p], lr=0.1, momentum=0.9), optim.LBFGS([q])
    for _ in range(3):
        optimizer.zero_grad()
        (p * p).sum().backward()
        optimizer.step()

    def closure() -> Any:
        fitted.zero_grad()
        loss = ((q - 2) ** 2).sum()
        loss.backward()
        return loss

    fitted.step(closure)
    return close(p, [0.062]), close(q, [2, 2])


def plateau() -> Any:
    optimizer = optim.SGD([t.zeros(1, requires_grad=True)], lr=0.1)
    scheduler, found = optim.lr_scheduler.ReduceLROnPlateau(optimizer, "min", patience=2), []
    for _ in range(5):
        scheduler.step(1.0)
        found.append(optimizer.param_groups[0]["lr"])
    return close(found, [0.1, 0.1, 0.1, 0.01, 0.01])


@example
def E126() -> Any:
    from compat.utils.checkpoint import checkpoint_sequential

    net, x = nn.Sequential(nn.Linear(2, 2), nn.Tanh()), t.randn(1, 2, requires_grad=True)
    return close(checkpoint_sequential(net, 2, x), net(x))


@pytest.mark.parametrize("name", sorted(EXAMPLES, key=lambda name: int(name[1:])))
def test_example(name: str) -> None:
    holds(EXAMPLES[name], "2")
