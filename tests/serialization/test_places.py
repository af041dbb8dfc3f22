"""Places of one's own in files, and what a file names, beside PyTorch's."""

from __future__ import annotations

import argparse
import io
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

import compat
from compat.serialization import places

torch = pytest.importorskip("torch")


@pytest.fixture
def clean() -> Iterator[None]:
    theirs = torch.serialization._package_registry
    kept = list(theirs), list(places._registry)
    yield
    theirs[:], places._registry[:] = kept


def test_packages_are_asked_in_order(clean: None) -> None:
    def asked(t: Any) -> list[Any]:
        log: list[Any] = []

        def tag(storage: Any) -> str | None:
            return "mine" if storage.device.type == "cpu" else None

        def own(storage: Any, location: str) -> Any:
            log.append(("own", location))
            return storage if location == "mine" else None

        def late(storage: Any, location: str) -> Any:
            log.append(("late", location))
            return storage if location == "else" else None

        t.serialization.register_package(30, lambda storage: None, late)
        t.serialization.register_package(5, tag, own)
        file = io.BytesIO()
        t.save(t.arange(3), file)
        for where in (None, "else", "cpu", "nowhere"):
            file.seek(0)
            try:
                log.append(t.load(file, map_location=where).tolist())
            except RuntimeError as error:
                log.append(str(error))
        return log

    assert asked(compat) == asked(torch)


@pytest.mark.parametrize("protocol", [2, 4])
def test_names_that_would_be_refused(tmp_path: pathlib.Path, protocol: int) -> None:
    name = tmp_path / "made.pt"
    space = argparse.Namespace(x=1)
    held = {"a": torch.ones(2), "b": space, "c": [pathlib.PurePosixPath("x"), argparse.Action]}
    torch.save(held, name, pickle_protocol=protocol)
    found = compat.serialization.get_unsafe_globals_in_checkpoint(name)
    assert set(found) == {"argparse.Namespace", "argparse.Action", "pathlib.PurePosixPath"}
    if protocol == 2:
        assert set(found) == set(torch.serialization.get_unsafe_globals_in_checkpoint(name))
    with pytest.raises(ValueError, match="Expected input to be a checkpoint"):
        compat.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(b"no archive"))
