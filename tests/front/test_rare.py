"""Methods that few programs call, beside PyTorch's."""

from typing import Any

from tests.support.both import both


@both
def test_layouts(torch: Any, note: Any) -> None:
    m = torch.arange(6.0).reshape(2, 3)
    note(lambda: (m.dim_order(), m.t().dim_order(), m.expand(4, 2, 3).dim_order()))
    image = torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last)
    note(lambda: image.dim_order(ambiguity_check=[torch.channels_last]))
    note(lambda: m[:, None].dim_order(ambiguity_check=True))
    note(lambda: (m.to_dense() is m, m.to_dense(torch.float64), m.sparse_dim(), m.dense_dim()))
    note(lambda: m.is_coalesced())
    note(lambda: m.values())
    note(lambda: (m.is_distributed(), m.name, m.dequantize()))


@both
def test_elements_and_shapes(torch: Any, note: Any) -> None:
    note(lambda: torch.ones(2).map2_(torch.ones(2), torch.ones(2) * 3, lambda a, b, c: a + b * c))
    note(lambda: torch.arange(4).resize_as(torch.ones(2, 2)))
    note(lambda: torch.arange(5).resize_as(torch.ones(2, 2)))
