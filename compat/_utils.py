"""Where files and pickles look for the functions that put tensors together again."""

from __future__ import annotations

from compat.serialization import rebuild

_rebuild_tensor = rebuild._rebuild_tensor
_rebuild_tensor_v2 = rebuild._rebuild_tensor_v2
_rebuild_tensor_v3 = rebuild._rebuild_tensor_v3
_rebuild_parameter = rebuild._rebuild_parameter
_rebuild_parameter_with_state = rebuild._rebuild_parameter_with_state
_rebuild_meta_tensor_no_storage = rebuild._rebuild_meta_tensor_no_storage
