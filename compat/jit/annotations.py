"""torch.jit.annotations: types that scripted code is annotated with. They mean nothing here."""

from __future__ import annotations

from typing import Any
from typing import Dict as Dict  # noqa: UP035
from typing import List as List  # noqa: UP035
from typing import Optional as Optional
from typing import Tuple as Tuple  # noqa: UP035
from typing import Union as Union


class _Broadcasting:
    """A number or a list of so many."""

    def __getitem__(self, kind: Any) -> Any:
        return kind | list[kind]


BroadcastingList1 = BroadcastingList2 = BroadcastingList3 = _Broadcasting()
