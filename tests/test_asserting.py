"""Stated conditions beside PyTorch's."""

from typing import Any

from tests.support.both import both


@both
def test_conditions(torch: Any, note: Any) -> None:
    note(lambda: torch._assert(False, "no"))
    note(lambda: torch._assert(True, "no"))
    for name in ("", "_index", "_value", "_type", "_not_implemented"):
        note(lambda name=name: getattr(torch, f"_check{name}")(False))
        note(lambda name=name: getattr(torch, f"_check{name}")(False, lambda: "told"))
        note(lambda name=name: getattr(torch, f"_check{name}")(True))
    note(lambda: torch._check(False, "text"))
    note(lambda: torch._check(3))
    note(lambda: torch._check(torch.tensor(True)))
    note(lambda: torch._check_with(KeyError, False, lambda: "k"))
    note(lambda: torch._check_is_size(-1))
    note(lambda: torch._check_is_size(3))
    note(lambda: torch._check_tensor_all(torch.tensor([True, False])))
    note(lambda: torch._check_tensor_all(torch.tensor([True, True])))
    note(lambda: torch._check_tensor_all(torch.ones(2)))
    note(lambda: torch._check_tensor_all(3))
