"""The torch namespace's own forms of network functions, and groups, channels and time."""

from typing import Any

from tests.support.both import both


@both
def test_losses(torch: Any, note: Any) -> None:
    torch.manual_seed(1)
    x, y = torch.randn(4, 3), torch.randn(4, 3)
    sign = torch.tensor([1.0, -1, 1, -1])
    for reduction in (0, 1, 2):
        note(lambda: torch.kl_div(x, y.abs(), reduction))  # noqa: B023
        note(lambda: torch.binary_cross_entropy_with_logits(x, y, None, None, reduction))  # noqa: B023
        note(lambda: torch.cosine_embedding_loss(x, y, sign, 0.1, reduction))  # noqa: B023
        note(lambda: torch.hinge_embedding_loss(x[:, 0], sign, 1.0, reduction))  # noqa: B023
        note(lambda: torch.margin_ranking_loss(x[:, 0], y[:, 0], sign, 0.1, reduction))  # noqa: B023
        note(lambda: torch.poisson_nll_loss(x, y.abs(), True, True, 1e-8, reduction))  # noqa: B023
        note(lambda: torch.triplet_margin_loss(x, y, x + y, 1.0, 2, 1e-6, False, reduction))  # noqa: B023
    note(lambda: torch.kl_div(x, y.abs()))
    chances = torch.randn(6, 2, 4).log_softmax(2)
    labels, long = torch.tensor([[1, 2], [3, 1]]), torch.tensor([6, 5])
    for reduction in (0, 1, 2):
        note(lambda: torch.ctc_loss(chances, labels, long, torch.tensor([2, 1]), 0, reduction))  # noqa: B023


@both
def test_embeddings(torch: Any, note: Any) -> None:
    weight, places = torch.arange(12.0).reshape(4, 3), torch.tensor([0, 2, 1, 3, 3])
    note(lambda: torch.embedding(weight, places))
    note(lambda: torch.embedding_renorm_(weight.clone(), places, 1.0, 2.0))
    for mode in (0, 1, 2):
        note(lambda: torch.embedding_bag(weight, places, torch.tensor([0, 2, 2]), False, mode))  # noqa: B023
        ends = torch.tensor([0, 2, 5])
        note(lambda: torch.embedding_bag(weight, places, ends, False, mode, False, None, True))  # noqa: B023


@both
def test_normalisations_and_norms(torch: Any, note: Any) -> None:
    x = torch.arange(12.0).reshape(1, 3, 4)
    note(lambda: torch.instance_norm(x, None, None, None, None, True, 0.1, 1e-5, False))
    note(lambda: torch.batch_norm(
        x, torch.ones(3), None, torch.zeros(3), torch.ones(3), False, 0.1, 1e-5, True))  # fmt: skip
    for dim in (0, 1, -1):
        note(lambda: torch.norm_except_dim(x[0], 2, dim))  # noqa: B023


@both
def test_windows_and_time(torch: Any, note: Any) -> None:
    x = torch.arange(24.0).reshape(4, 2, 3)
    note(lambda: torch.adaptive_max_pool1d(x, 2))
    note(lambda: torch.max_pool1d_with_indices(x, 2))
    weight = torch.arange(30.0).reshape(2, 3, 5)
    note(lambda: torch.conv_tbc(x, weight, torch.ones(5), 1))
    note(lambda: torch.conv_tbc(x, weight[:, :2], torch.ones(5)))
    note(lambda: torch.native_channel_shuffle(torch.arange(8.0).reshape(1, 4, 2), 2))
    for transposed in (False, True):
        kernel = torch.ones(2, 2, 2) if transposed else torch.ones(3, 2, 2)
        note(lambda: torch.convolution(
            torch.ones(1, 2, 5), kernel, None, [1], [0], [1], transposed, [0], 1))  # noqa: B023  # fmt: skip


@both
def test_products_of_groups(torch: Any, note: Any) -> None:
    F = torch.nn.functional
    half = lambda *n: (torch.arange(float(torch.Size(n).numel())) % 7).reshape(n).bfloat16()  # noqa: E731
    ends = torch.tensor([3, 8], dtype=torch.int32)
    note(lambda: F.grouped_mm(half(2, 4, 8), half(2, 8, 16)))
    note(lambda: F.grouped_mm(half(8, 8), half(2, 8, 16), offs=ends))
    note(lambda: F.grouped_mm(half(2, 4, 8), half(8, 8), offs=ends))
    note(lambda: F.grouped_mm(half(8, 8), half(8, 16), offs=torch.tensor([4, 8]).int()))


@both
def test_products_with_scales(torch: Any, note: Any) -> None:
    F = torch.nn.functional
    whole, rows = F.ScalingType.TensorWise, F.ScalingType.RowWise
    torch.manual_seed(1)
    a = torch.randn(4, 16).to(torch.float8_e4m3fn)
    b = torch.randn(8, 16).to(torch.float8_e5m2).t()
    one = torch.tensor(2.0)
    bias = torch.ones(8, dtype=torch.bfloat16)
    note(lambda: F.scaled_mm(a, b, one, whole, one, whole, bias=bias))
    note(lambda: F.scaled_mm(a, b, [one], [whole], [one], [whole], output_dtype=torch.float32))
    each = torch.arange(4.0).reshape(4, 1), torch.arange(8.0).reshape(1, 8)
    note(lambda: F.scaled_mm(a, b, each[0], rows, each[1], rows))
    note(lambda: F.scaled_mm(a, b, each[0][:3], rows, each[1], rows))
    note(lambda: F.scaled_mm(a, b, each[0], whole, one, whole))
    note(lambda: F.scaled_mm(a, b.t(), one, whole, one, whole))


@both
def test_statistics_of_channels(torch: Any, note: Any) -> None:
    torch.manual_seed(0)
    x, mean, var = torch.randn(4, 3, 2), torch.zeros(3), torch.ones(3)
    note(lambda: (torch.batch_norm_update_stats(x, mean, var, 0.1), mean, var))
    note(lambda: torch.batch_norm_update_stats(x, None, None, 0.1))
