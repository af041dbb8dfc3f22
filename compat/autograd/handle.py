"""What registering a hook gives back."""

from __future__ import annotations

import itertools
from typing import Any
from weakref import ref

_ids = itertools.count()


class RemovableHandle:
    """Removes a hook: by `remove()`, or at the end of a `with` block."""

    def __init__(self, hooks_dict: Any, *, extra_dict: Any = None) -> None:
        self.hooks = ref(hooks_dict) if hasattr(hooks_dict, "__weakref__") else lambda: hooks_dict
        extras = extra_dict if isinstance(extra_dict, list) else [extra_dict]
        self.extras = [each for each in extras if each is not None]
        self.id = next(_ids)

    def remove(self) -> None:
        """Takes the hook out; a second call does nothing."""
        hooks = self.hooks()
        if hooks is not None:
            hooks.pop(self.id, None)
        for each in self.extras:
            each.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()
