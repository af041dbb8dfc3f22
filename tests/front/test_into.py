"""What `out=` tensors are refused: other types, and memory shared with the operands."""

from typing import Any

from tests.support.both import both


@both
def test_types_of_results(torch: Any, note: Any) -> None:
    x, m = torch.arange(6.0), torch.arange(6.0).reshape(2, 3)
    wide = lambda *n: torch.zeros(n, dtype=torch.float64)  # noqa: E731
    note(lambda: torch.add(x, 1, out=wide(6)))
    note(lambda: torch.sin(x, out=wide(6)))
    note(lambda: torch.neg(x, out=wide(6)))
    note(lambda: torch.floor(x, out=wide(6)))
    note(lambda: torch.sum(m, 0, out=wide(3)))
    note(lambda: torch.cumsum(m, 0, out=wide(2, 3)))
    note(lambda: torch.amax(m, 0, out=wide(3)))
    note(lambda: torch.mm(m, m.t(), out=wide(2, 2)))
    note(lambda: torch.argmax(m, 0, out=torch.zeros(3, dtype=torch.int32)))
    note(lambda: torch.cat([x, x], out=wide(12)))
    note(lambda: torch.gather(m, 1, torch.zeros(2, 1, dtype=torch.int64), out=wide(2, 1)))
    note(lambda: torch.linalg.inv(torch.eye(2), out=wide(2, 2)))
    note(lambda: torch.where(x > 2, x, -x, out=wide(6)))
    note(lambda: torch.masked_select(x, x > 2, out=wide(3)))
    note(lambda: torch.transpose_copy(m, 0, 1, out=wide(3, 2)))
    note(lambda: torch.zeros(3, dtype=torch.float32, out=wide(3)))
    note(lambda: torch.arange(3, dtype=torch.float32, out=wide(3)))
    note(lambda: torch.rand(3, dtype=torch.float32, out=wide(3)))
    note(lambda: torch.complex(x, x, out=torch.zeros(6, dtype=torch.complex128)))


@both
def test_shared_memory(torch: Any, note: Any) -> None:
    m = torch.arange(6.0).reshape(2, 3)
    places = torch.zeros(2, 3, dtype=torch.int64)
    note(lambda: torch.gather(m, 1, places, out=m))
    note(lambda: torch.take(m, places, out=m))
    note(lambda: torch.cross(m, m, out=m))
    note(lambda: torch.stack([m[0], m[1]], out=m))
    note(lambda: torch.cumsum(m, 1, out=m))
    note(lambda: [*torch.sort(m, 1, out=(m, places))])
    note(lambda: m)


@both
def test_results_of_another_shape_in_place(torch: Any, note: Any) -> None:
    a, b = torch.ones(2, 2, 3), torch.ones(2, 3, 2, requires_grad=True)
    x = torch.ones(1, requires_grad=True)
    made = x.clone()
    note(lambda: made.addbmm_(a, b))
    made.sum().backward()
    note(lambda: (made.shape, x.grad, b.grad))
