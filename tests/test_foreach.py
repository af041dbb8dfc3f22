"""The operations on lists, against PyTorch's."""

from __future__ import annotations

from typing import Any

import pytest

import compat

torch = pytest.importorskip("torch")

CALLS = {
    "_foreach_add": ([1.0, 2.0],), "_foreach_mul": (3.0,), "_foreach_sub": ("list",),
    "_foreach_div": ("list",), "_foreach_maximum": ("list",), "_foreach_pow": (2,),
    "_foreach_addcmul": ("list", "list"), "_foreach_addcdiv": ("list", "list"),
    "_foreach_lerp": ("list", 0.3), "_foreach_sqrt": (), "_foreach_neg": (),
    "_foreach_clamp_min": (0.4,),
}  # fmt: skip


def given(library: Any) -> list[Any]:
    library.manual_seed(1)
    return [library.rand(3) + 0.1, library.rand(2, 2) + 0.1]


@pytest.mark.parametrize("name", CALLS)
def test_lists(name: str) -> None:
    found = []
    for library in (compat, torch):
        args = [given(library) if one == "list" else one for one in CALLS[name]]
        made = getattr(library, name)(given(library), *args)
        here = given(library)
        given_back = getattr(library, name + "_")(here, *args)
        assert all(one is other for one, other in zip(given_back, here, strict=True))
        found.append([[one.tolist() for one in group] for group in (made, here)])
    for ours, theirs in zip(*found, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert compat.allclose(compat.tensor(one), compat.tensor(other))
