"""The check of second derivatives: it passes what is right, and notices what is wrong."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("expecttest")  # the operator database asks for it

from tests.oracle import second_order  # noqa: E402

pytestmark = pytest.mark.oracle


def entry(name: str) -> object:
    return next(op for op in second_order.entries() if op.full_name == name)


@pytest.mark.parametrize("name", ["mul", "nn.functional.logsigmoid", "masked.amax", "cumsum"])
def test_right_ones_pass(name: str) -> None:
    second_order.check(entry(name))


def test_wrong_ones_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    import compat

    monkeypatch.setattr(compat, "tanh", lambda x: (x * x.detach()) ** 2)
    with pytest.raises(compat.autograd.gradcheck.__globals__["GradcheckError"]):
        second_order.check(entry("tanh"))


def test_there_are_hundreds() -> None:
    assert len(second_order.entries()) > 400
