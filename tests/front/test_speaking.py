"""Objects with `__torch_function__` beside PyTorch's treatment of them."""

from typing import Any

from tests.support.both import both


@both
def test_objects_that_speak_are_asked(torch: Any, note: Any) -> None:
    class Scaled:
        def __init__(self, size: int, value: float) -> None:
            self.size, self.value = size, value

        def __repr__(self) -> str:
            return f"Scaled({self.size}, {self.value})"

        @classmethod
        def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None):
            if func is torch.mean:
                return args[0].value / args[0].size
            if func in (torch.add, torch.mul, torch.cat):
                return func.__name__ if func is torch.cat else (args, kwargs)
            return NotImplemented

    one = Scaled(2, 3.0)
    note(lambda: torch.mean(one))
    note(lambda: torch.add(one, 2))
    note(lambda: torch.add(one, 2, alpha=3))
    note(lambda: torch.mul(torch.ones(2), one))
    note(lambda: type(_raised(lambda: torch.exp(one))))


def _raised(call: Any) -> Exception | None:
    try:
        call()
    except Exception as error:
        return error
    return None
