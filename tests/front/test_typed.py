"""Typed constructors, limits of types, storages and settings agree with PyTorch."""

from typing import Any

from tests.support.both import both


@both
def test_typed_constructors(torch: Any, note: Any) -> None:
    for name in ("Float", "Double", "Half", "Byte", "Char", "Short", "Int", "Long", "Bool"):
        kind = getattr(torch, f"{name}Tensor")
        note(lambda kind=kind: kind([0, 1, 2]))
        note(lambda kind=kind: kind(2, 3).shape)
        note(lambda kind=kind: [isinstance(torch.zeros(1, dtype=d), kind)
                                for d in (torch.float32, torch.int64, torch.bool)])  # fmt: skip
    note(lambda: torch.zeros(2).type(torch.LongTensor))
    note(lambda: torch.typename(torch.zeros(2)))


@both
def test_limits(torch: Any, note: Any) -> None:
    for name in ("float16", "bfloat16", "float32", "float64", "complex64"):
        info = torch.finfo(getattr(torch, name))
        note(lambda info=info: (info.bits, info.eps, info.max, info.min, info.tiny))
    for name in ("uint8", "int8", "int16", "int32", "int64"):
        note(lambda name=name: torch.iinfo(getattr(torch, name)))
    note(lambda: torch.finfo())
    note(lambda: torch.finfo(torch.int8))
    note(lambda: torch.iinfo(torch.float32))


@both
def test_storages_share_memory(torch: Any, note: Any) -> None:
    x = torch.arange(6.0).view(2, 3)
    raw = x.t()[1:].untyped_storage()
    note(lambda: (raw.nbytes(), raw.data_ptr() == x.data_ptr()))
    note(lambda: x.untyped_storage() == raw)
    raw_typed = x.storage()
    raw_typed[4] = 40.0
    note(lambda: (x, len(raw_typed), raw_typed.tolist()))
    note(lambda: torch.is_storage(raw))


@both
def test_settings(torch: Any, note: Any) -> None:
    torch.set_default_tensor_type(torch.DoubleTensor)
    note(lambda: torch.zeros(1).dtype)
    torch.set_default_tensor_type("torch.FloatTensor")
    note(lambda: torch.zeros(1).dtype)
    torch.use_deterministic_algorithms(True, warn_only=True)
    note(lambda: torch.get_deterministic_debug_mode())
    torch.use_deterministic_algorithms(False)
    note(lambda: torch.are_deterministic_algorithms_enabled())
    note(lambda: torch.set_num_threads(0))
    note(lambda: (torch.pi, torch.inf, torch.nan, torch.e, torch.newaxis))
