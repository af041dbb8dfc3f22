"""Every layer against PyTorch's: the same seed gives the same weights, and these the same results.

A case is a name, arguments, and the inputs by name; each is run in training and in evaluation.
"""

import numpy as np
import pytest

import compat

oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

DRAWS = {
    "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout",
    "RReLU", "FractionalMaxPool2d", "FractionalMaxPool3d",
}  # fmt: skip

_rng = np.random.default_rng(0)


def _normal(*shape):
    return _rng.standard_normal(shape, dtype=np.float32)


def _positive(*shape):
    return _rng.random(shape, dtype=np.float32) * 0.9 + 0.05


def _log_softmax(*shape):
    x = _normal(*shape)
    return (x - np.log(np.exp(x).sum(1, keepdims=True))).astype(np.float32)


INPUTS = {
    "x": _normal(5, 4), "y": _normal(5, 4), "z": _normal(5, 4), "x3": _normal(5, 3),
    "v": _normal(5), "w": _normal(5), "1d": _normal(2, 4, 9), "2d": _normal(2, 4, 6, 8),
    "3d": _normal(2, 4, 5, 6, 7), "1d+": _positive(2, 4, 9), "2d+": _positive(2, 4, 6, 8),
    "3d+": _positive(2, 4, 5, 6, 7), "p": _positive(5, 4), "logp": _log_softmax(5, 4),
    "bits": (_normal(5, 4) > 0).astype(np.float32), "sign": np.sign(_normal(5)),
    "signs": np.sign(_normal(5, 4)), "class": _rng.integers(0, 4, 5),
    "labels": np.array([[1, 2, -1, 0]] * 5), "ids": _rng.integers(0, 10, (3, 4)),
    "seq": _normal(5, 2, 3), "one seq": _normal(5, 3), "h": _normal(1, 2, 4), "step": _normal(2, 3),
    "step h": _normal(2, 4), "columns": _normal(2, 12, 6), "q": _normal(5, 2, 4),
    "k": _normal(6, 2, 3), "u": _normal(6, 2, 5),
    "ctc": _log_softmax(8, 5, 2).swapaxes(1, 2).copy(), "ctc targets": _rng.integers(1, 5, (2, 3)),
    "eights": np.array([8, 7]), "twos": np.array([3, 2]),
    "images": _log_softmax(2, 4, 3, 3), "image class": _rng.integers(0, 4, (2, 3, 3)),
}  # fmt: skip

W = np.array([1.0, 2.0, 0.5, 3.0], np.float32)


def _spatial():
    """The families, in one, two and three dimensions."""
    for d in (1, 2, 3):
        x = f"{d}d"
        yield f"Conv{d}d", (4, 6, 3), {}, x
        yield f"Conv{d}d", (4, 6, 3, 2, 1, 2, 2, False), {}, x
        yield f"Conv{d}d", (4, 6, 3), {"padding": "same", "dilation": 2}, x
        yield f"Conv{d}d", (4, 6, (3, 2, 3)[:d]), {"padding": "same", "padding_mode": "circular"}, x
        yield f"Conv{d}d", (4, 6, 2), {"padding": 1, "padding_mode": "reflect"}, x
        yield f"Conv{d}d", (4, 6, 2), {"padding": 1, "padding_mode": "replicate"}, x
        yield f"ConvTranspose{d}d", (4, 6, 3), {}, x
        yield f"ConvTranspose{d}d", (4, 6, 3, 2, 1, 1, 2, False, 2), {}, x
        yield f"BatchNorm{d}d", (4,), {}, x
        yield f"BatchNorm{d}d", (4,), {"momentum": None}, x
        yield f"BatchNorm{d}d", (4, 1e-3, 0.2, False, False), {}, x
        yield f"BatchNorm{d}d", (4,), {"bias": False}, x
        yield f"InstanceNorm{d}d", (4,), {}, x
        yield f"InstanceNorm{d}d", (4,), {"affine": True, "track_running_stats": True}, x
        yield f"Dropout{d}d", (0.3,), {}, x
        yield f"MaxPool{d}d", (2,), {"return_indices": True}, x
        yield f"MaxPool{d}d", (3, 2, 1, 1), {"ceil_mode": True}, x
        yield f"AvgPool{d}d", (2,), {}, x
        yield f"AvgPool{d}d", (3, 2, 1, True, False), {}, x
        yield f"LPPool{d}d", (2, 2), {}, x + "+"
        yield f"LPPool{d}d", (2.5, 2, 1), {"ceil_mode": True}, x + "+"
        yield f"AdaptiveMaxPool{d}d", (3, True), {}, x
        yield f"AdaptiveAvgPool{d}d", (3,), {}, x
        for kind, extra in (
            ("Constant", (3.5,)), ("Zero", ()), ("Reflection", ()), ("Replication", ()),
            ("Circular", ()),
        ):  # fmt: skip
            yield f"{kind}Pad{d}d", (2, *extra), {}, x
            yield f"{kind}Pad{d}d", ((1, 2, 2, 1, 1, 0)[: 2 * d], *extra), {}, x


def _activations():
    for name in (
        "Sigmoid Tanh LogSigmoid Softsign Tanhshrink ReLU SELU SiLU Mish Hardswish Hardsigmoid "
        "RReLU Hardtanh ReLU6 ELU CELU GLU GELU Hardshrink Softshrink LeakyReLU Softplus PReLU "
        "Softmin Softmax LogSoftmax Dropout AlphaDropout FeatureAlphaDropout Flatten Identity"
    ).split():
        yield name, (), {}, "x"
    yield "Threshold", (0.1, 20), {}, "x"
    yield "Hardtanh", (-2, 0.5), {}, "x"
    yield "ELU", (0.5,), {}, "x"
    yield "GELU", (), {"approximate": "tanh"}, "x"
    yield "LeakyReLU", (0.3,), {}, "x"
    yield "Softplus", (2, 1), {}, "x"
    yield "PReLU", (4, 0.1), {}, "2d"
    yield "Softmax", (1,), {}, "2d"
    yield "Softmax2d", (), {}, "2d"
    yield "RReLU", (0.1, 0.2), {}, "x"


def _losses():
    reductions = [{}, {"reduction": "sum"}, {"reduction": "none"}]
    flags = [{"size_average": False}, {"reduce": False}, {"size_average": True, "reduce": True}]
    inputs = {
        "L1Loss": "x y", "MSELoss": "x y", "SmoothL1Loss": "x y", "NLLLoss": "logp class",
        "CrossEntropyLoss": "x class", "BCELoss": "p bits", "BCEWithLogitsLoss": "x bits",
        "MultiLabelMarginLoss": "x labels", "MultiLabelSoftMarginLoss": "x bits",
        "MultiMarginLoss": "x class", "SoftMarginLoss": "x signs", "HingeEmbeddingLoss": "x signs",
        "PoissonNLLLoss": "x p", "KLDivLoss": "logp p", "CosineEmbeddingLoss": "x y sign",
        "MarginRankingLoss": "v w sign", "TripletMarginLoss": "x y z",
    }  # fmt: skip
    for how in reductions + flags:
        for name, given in inputs.items():
            yield name, (), how, given
    for how in reductions:
        yield "HuberLoss", (), {"delta": 0.5, **how}, "x y"
        yield "GaussianNLLLoss", (), {"full": True, **how}, "x y p"
        yield "TripletMarginWithDistanceLoss", (), {"swap": True, **how}, "x y z"
        yield "CTCLoss", (), how, "ctc,ctc targets,eights,twos"
    yield "CrossEntropyLoss", (W,), {"label_smoothing": 0.1, "ignore_index": 2}, "x class"
    yield "CrossEntropyLoss", (), {}, "x p"
    yield "NLLLoss", (W,), {"ignore_index": 1}, "images,image class"
    yield "NLLLoss2d", (), {}, "images,image class"
    yield "BCELoss", (W,), {}, "p bits"
    yield "BCEWithLogitsLoss", (W,), {"pos_weight": W}, "x bits"
    yield "MultiMarginLoss", (2, 0.5, W), {}, "x class"
    yield "KLDivLoss", (), {"reduction": "batchmean", "log_target": True}, "logp logp"
    yield "PoissonNLLLoss", (False, True), {}, "p p"
    yield "SmoothL1Loss", (), {"beta": 0.3}, "x y"
    yield "TripletMarginLoss", (0.5, 1, 1e-3, True), {}, "x y z"


def _recurrent():
    for name in ("RNN", "LSTM", "GRU"):
        yield name, (3, 4), {}, "seq"
        yield name, (3, 4, 2), {"bidirectional": True}, "seq"
        yield name, (3, 4), {"num_layers": 2, "bias": False, "batch_first": True}, "seq"
        yield name, (3, 4), {}, "one seq"
        yield name + "Cell", (3, 4), {}, "step"
        yield name + "Cell", (3, 4, False), {}, "step"
    yield "RNN", (3, 4), {"nonlinearity": "relu"}, "seq,h"
    yield "GRU", (3, 4), {}, "seq,h"
    yield "RNNCell", (3, 4), {"nonlinearity": "relu"}, "step,step h"
    yield "GRUCell", (3, 4), {}, "step,step h"
    yield "LSTM", (3, 4), {"proj_size": 2, "num_layers": 2, "bidirectional": True}, "seq"


def _others():
    yield "Linear", (4, 3), {}, "x"
    yield "Linear", (4, 3), {"bias": False}, "x"
    yield "Linear", (9, 3), {}, "1d"
    yield "Bilinear", (4, 3, 6), {}, "x x3"
    yield "LayerNorm", (4,), {}, "x"
    yield "LayerNorm", ((6, 8), 1e-3, True, False), {}, "2d"
    yield "LayerNorm", (4,), {"elementwise_affine": False}, "x"
    yield "GroupNorm", (2, 4), {}, "2d"
    yield "GroupNorm", (2, 4), {"affine": False}, "2d"
    yield "RMSNorm", (4,), {}, "x"
    yield "RMSNorm", ((4,), 1e-3, False), {}, "x"
    yield "LocalResponseNorm", (2,), {}, "2d"
    yield "Embedding", (10, 3), {}, "ids"
    yield "Embedding", (10, 3), {"padding_idx": -2}, "ids"
    yield "Embedding", (10, 3), {"max_norm": 1.0, "scale_grad_by_freq": True}, "ids"
    for mode in ("mean", "sum", "max"):
        yield "EmbeddingBag", (10, 3), {"mode": mode, "padding_idx": 2}, "ids"
    yield "Unflatten", (1, (2, 2)), {}, "x"
    yield "Flatten", (0, 2), {}, "2d"
    yield "Fold", ((3, 4), 2), {}, "columns"
    yield "Unfold", ((2, 3), 1, 1, 2), {}, "2d"
    yield "PixelShuffle", (2,), {}, "2d"
    yield "PixelUnshuffle", (2,), {}, "2d"
    yield "ChannelShuffle", (2,), {}, "2d"
    yield "Upsample", (None, 2), {}, "2d"
    yield "Upsample", ((9, 9),), {"mode": "bilinear"}, "2d"
    yield "UpsamplingNearest2d", (), {"scale_factor": 2}, "2d"
    yield "UpsamplingBilinear2d", ((10, 10),), {}, "2d"
    yield "PairwiseDistance", (1, 1e-3, True), {}, "x y"
    yield "CosineSimilarity", (), {}, "x y"
    yield "FractionalMaxPool2d", (2,), {"output_size": 3}, "2d"
    yield "MultiheadAttention", (4, 2), {}, "q q q"
    more = {"add_bias_kv": True, "add_zero_attn": True, "kdim": 3, "vdim": 5}
    yield "MultiheadAttention", (4, 2), more, "q k u"
    yield "TransformerEncoderLayer", (4, 2, 8, 0.0), {}, "q"
    options = {"norm_first": True, "batch_first": True, "bias": False}
    yield "TransformerEncoderLayer", (4, 2, 8, 0.0, "gelu"), options, "q"
    yield "TransformerDecoderLayer", (4, 2, 8, 0.0), {}, "q q"
    yield "Transformer", (4, 2, 2, 2, 8, 0.0), {}, "q q"


CASES = [*_spatial(), *_activations(), *_losses(), *_recurrent(), *_others()]


def _argument(torch, value):
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


def _leaves(torch, result):
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, tuple | list):
        return [leaf for one in result for leaf in _leaves(torch, one)]
    return []


def _run(torch, name, args, kwargs, given, training, works):
    """Everything there is to compare, as text and arrays; with gradients where there are some."""
    torch.manual_seed(3)
    args = [_argument(torch, one) for one in args]
    kwargs = {key: _argument(torch, one) for key, one in kwargs.items()}
    layer = getattr(torch.nn, name)(*args, **kwargs).train(training)
    facts = [repr(layer), list(layer.state_dict()), dict(layer.state_dict()._metadata)]
    facts.append([(n, one.requires_grad) for n, one in layer.named_parameters()])
    arrays = {key: one.detach().numpy().copy() for key, one in layer.state_dict().items()}
    facts.append(float(torch.rand(1)))  # the random stream is at the same place
    if not works:
        return facts, arrays
    inputs = [torch.tensor(INPUTS[one]) for one in given]
    for one in inputs[: 1 if name.endswith("Loss") else None]:
        if one.is_floating_point():
            one.requires_grad_()
    outputs = _leaves(torch, layer(*inputs))
    total = 0.0
    for at, one in enumerate(outputs):
        facts.append((at, tuple(one.shape), str(one.dtype), one.requires_grad))
        arrays[f"output {at}"] = one.detach().numpy()
        if one.requires_grad:
            weights = torch.linspace(0.3, 1.7, one.numel()).reshape(one.shape)
            total = total + (one * weights).sum()
    if any(one.requires_grad for one in outputs):
        total.backward()
    named = [(f"input {at}", one) for at, one in enumerate(inputs)]
    for key, one in [*named, *layer.named_parameters()]:
        facts.append((key, one.grad is None))
        if one.grad is not None:
            arrays[f"grad of {key}"] = one.grad.numpy()
    for key, one in layer.named_buffers():
        arrays[f"{key} afterwards"] = one.numpy()
    return facts, arrays


def _modes():
    """Each case in training, and in evaluation where that makes a difference."""
    for at, case in enumerate(CASES):
        yield pytest.param(case, True, id=f"{at}-{case[0]}")
        if "Norm" in case[0] or "Dropout" in case[0] or case[0] == "RReLU":
            yield pytest.param(case, False, id=f"{at}-{case[0]}-eval")


@pytest.mark.parametrize(("case", "training"), _modes())
@pytest.mark.filterwarnings("ignore")
def test_layer(case, training):
    name, args, kwargs, given = case
    given = given.split(",") if "," in given else [given] if given in INPUTS else given.split()
    works = name not in DRAWS or not (training or name.startswith("Frac"))
    facts, arrays = _run(compat, name, args, kwargs, given, training, works)
    their_facts, their_arrays = _run(oracle, name, args, kwargs, given, training, works)
    plain = [str(one).replace("compat.", "torch.") for one in facts]
    assert plain == [str(one) for one in their_facts]
    assert list(arrays) == list(their_arrays)
    for key, array in arrays.items():
        np.testing.assert_allclose(array, their_arrays[key], rtol=2e-4, atol=2e-5, err_msg=key)


@pytest.mark.parametrize("size", [2, 3, 6])
def test_old_response_norm(size):
    """Only forward: PyTorch's gradient of it is not that of what it computes."""
    results = [
        torch.nn.CrossMapLRN2d(size, 1e-2, 0.5, 2.0)(torch.tensor(INPUTS["2d"])).numpy()
        for torch in (compat, oracle)
    ]
    np.testing.assert_allclose(*results, rtol=1e-4)


WRONG = [
    lambda nn, t: nn.Conv2d(3, 4, 3, groups=2),
    lambda nn, t: nn.Conv2d(4, 3, 3, groups=2),
    lambda nn, t: nn.Conv2d(4, 4, 3, groups=0),
    lambda nn, t: nn.Conv2d(4, 4, 3, padding="same", stride=2),
    lambda nn, t: nn.ConvTranspose2d(4, 4, 3, padding_mode="reflect"),
    lambda nn, t: nn.ConvTranspose1d(4, 4, 3, 2)(t.ones(1, 4, 5), output_size=[9]),
    lambda nn, t: nn.ConvTranspose1d(4, 4, 3, 2)(t.ones(1, 4, 5), output_size=[1, 2]),
    lambda nn, t: nn.BatchNorm1d(3)(t.ones(2, 3, 4, 5)),
    lambda nn, t: nn.BatchNorm2d(3)(t.ones(2, 3)),
    lambda nn, t: nn.BatchNorm3d(3)(t.ones(2, 3)),
    lambda nn, t: nn.InstanceNorm1d(3)(t.ones(2, 3, 4, 5)),
    lambda nn, t: nn.InstanceNorm1d(3, affine=True)(t.ones(2, 4, 5)),
    lambda nn, t: nn.GroupNorm(2, 3),
    lambda nn, t: nn.Dropout(2.0),
    lambda nn, t: nn.Embedding(3, 2, padding_idx=5),
    lambda nn, t: nn.Embedding(3, 2, padding_idx=-5),
    lambda nn, t: nn.Embedding.from_pretrained(t.ones(3)),
    lambda nn, t: nn.Hardtanh(1.0, 0.0),
    lambda nn, t: nn.Hardtanh(min_value=-3.0),
    lambda nn, t: nn.Softmax2d()(t.ones(2)),
    lambda nn, t: nn.CircularPad2d(1)(t.ones(2)),
    lambda nn, t: nn.Unflatten(1, 5),
    lambda nn, t: nn.Unflatten(1, (2.0,)),
    lambda nn, t: nn.FractionalMaxPool2d(2),
    lambda nn, t: nn.FractionalMaxPool2d(2, output_size=2, output_ratio=0.5),
    lambda nn, t: nn.FractionalMaxPool2d(2, output_ratio=1.5),
    lambda nn, t: nn.MultiMarginLoss(3),
    lambda nn, t: nn.MultiMarginLoss(weight=t.ones(2, 2)),
    lambda nn, t: nn.TripletMarginLoss(-1.0),
    lambda nn, t: nn.Bilinear(0, 1, 1),
    lambda nn, t: nn.LSTM(3, 4, dropout=2),
    lambda nn, t: nn.LSTM(3, 4, dropout=0.5),
    lambda nn, t: nn.LSTM(3, 4, proj_size=4),
    lambda nn, t: nn.GRU(3, 4, proj_size=2),
    lambda nn, t: nn.RNN(3, 4, nonlinearity="foo"),
    lambda nn, t: nn.RNNBase("RNN", 3, 4),
    lambda nn, t: nn.LSTM(3, 0),
    lambda nn, t: nn.LSTM(3, 4.0),
    lambda nn, t: nn.GRU(3, 4)(t.ones(3)),
    lambda nn, t: nn.LSTM(3, 4)(t.ones(3)),
    lambda nn, t: nn.GRU(3, 4)(t.ones(5, 2, 6)),
    lambda nn, t: nn.GRU(3, 4)(t.ones(5, 2, 3), t.ones(2, 2, 4)),
    lambda nn, t: nn.GRU(3, 4)(t.ones(5, 3), t.ones(1, 2, 4)),
    lambda nn, t: nn.LSTM(3, 4)(t.ones(5, 2, 3), (t.ones(1, 2, 4), t.ones(2, 2, 4))),
    lambda nn, t: nn.LSTM(3, 4)(t.ones(5, 2, 3), (t.ones(1, 4), t.ones(1, 2, 4))),
    lambda nn, t: nn.LSTM(3, 4)(t.ones(5, 2, 3).double()),
    lambda nn, t: nn.RNNCell(3, 4)(t.ones(5, 2, 3)),
    lambda nn, t: nn.GRUCell(3, 4)(t.ones(2, 3), t.ones(2, 2, 3)),
    lambda nn, t: nn.LSTMCell(3, 4)(t.ones(2, 3), (t.ones(2, 4), t.ones(2, 1, 3, 4))),
    lambda nn, t: nn.RNNCell(3, 4, nonlinearity="foo")(t.ones(2, 3)),
    lambda nn, t: nn.MultiheadAttention(5, 2),
    lambda nn, t: nn.MultiheadAttention(0, 2),
    lambda nn, t: nn.TransformerEncoderLayer(4, 2, activation="foo"),
    lambda nn, t: nn.Transformer(4, 2, 1, 1, batch_first=True)(t.ones(2, 3, 4), t.ones(3, 3, 4)),
    lambda nn, t: nn.Transformer(4, 2, 1, 1, batch_first=True)(t.ones(2, 3, 5), t.ones(2, 3, 5)),
    lambda nn, t: nn.Transformer.generate_square_subsequent_mask(3),
    lambda nn, t: nn.Linear(2, 2, foo=1),
]


@pytest.mark.parametrize("step", WRONG, ids=range(len(WRONG)))
def test_errors(step):
    from tests.support.both import Notes, agree

    ours, theirs = Notes(), Notes()
    for torch, notes in ((compat, ours), (oracle, theirs)):
        notes(lambda torch=torch: step(torch.nn, torch))
    assert agree(ours[0], theirs[0]), f"{ours[0]}\n---\n{theirs[0]}"
