"""torch.utils.model_zoo: the older name of `torch.hub`'s loading by URL."""

from __future__ import annotations

from typing import Any

from compat.hub import _get_torch_home as _get_torch_home
from compat.hub import load_state_dict_from_url
from compat.hub import urlparse as urlparse


def load_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = True,
    file_name: str | None = None,
) -> Any:
    """As `torch.hub.load_state_dict_from_url`, with the hash in the file's name checked."""
    return load_state_dict_from_url(url, model_dir, map_location, progress, check_hash, file_name)
