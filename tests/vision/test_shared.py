"""What models written beside torchvision's take from it."""

from __future__ import annotations

from typing import Any

import pytest

from compat import vision
from compat.vision import _internally_replaced_utils, _utils
from compat.vision.models import _utils as models


def test_the_older_interface() -> None:
    known = vision.models.ResNet18_Weights

    @models.handle_legacy_interface(weights=("pretrained", known.IMAGENET1K_V1))
    def model(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> Any:
        return weights, progress, kwargs

    assert model() == (None, True, {}) and model(weights=known.DEFAULT)[0] is known.DEFAULT
    assert model(weights="IMAGENET1K_V1", width=2) == ("IMAGENET1K_V1", True, {"width": 2})
    for args, kwargs in (((True, False), {}), ((), {"pretrained": True, "progress": False})):
        with pytest.warns(UserWarning, match="'pretrained' is deprecated"):
            assert model(*args, **kwargs) == (known.IMAGENET1K_V1, False, {})
    with pytest.warns(UserWarning):
        assert model(pretrained=False)[0] is None

    @models.handle_legacy_interface(weights=("pretrained", lambda others: others.get("made")))
    def other(*, weights: Any = None, made: Any = None) -> Any:
        return weights

    with pytest.warns(UserWarning):
        assert other(pretrained=True, made=known.DEFAULT) is known.DEFAULT
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="No weights available"):
        other(pretrained=True)


def test_keywords_that_checkpoints_settle() -> None:
    given = {"num_classes": 10}
    models._ovewrite_named_param(given, "dropout", 0.5)
    assert given == {"num_classes": 10, "dropout": 0.5}
    with pytest.raises(ValueError, match="expected value 1000 but got 10"):
        models._ovewrite_named_param(given, "num_classes", 1000)


def test_names() -> None:
    assert _utils.sequence_to_str(("a",), "or ") == "'a'"
    assert _utils.sequence_to_str(("a", "b"), "or ") == "'a' or 'b'"
    assert _utils.sequence_to_str(("a", "b", "c"), "or ") == "'a', 'b', or 'c'"
    assert callable(_internally_replaced_utils.load_state_dict_from_url)
