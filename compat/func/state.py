"""Modules as functions of their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import compat as torch


def functional_call(
    module: Any, parameter_and_buffer_dicts: Any, args: Any = None, kwargs: Any = None, *,
    tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """What a module gives with other parameters and buffers, given by name.

    parameter_and_buffer_dicts   a dict, or several whose names do not meet
    args                         the module's argument, or a tuple of them
    tie_weights                  whether parameters that are one stay one
    strict                       RuntimeError for names that are missing or not the module's
    """
    given = parameter_and_buffer_dicts
    if not isinstance(given, dict):
        names = [name for one in given for name in one]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise ValueError(f"{twice} appeared in multiple dictionaries; behavior is ambiguous")
        given = {name: one for part in given for name, one in part.items()}
    return torch.nn.utils.stateless.call(
        module, given, () if args is None else args, kwargs, tie_weights=tie_weights, strict=strict
    )


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and buffers of modules of one class, each stacked along a new dimension."""
    listed = alike("stack_module_state", models)
    params = {}
    for name, first in listed[0].named_parameters():
        found = [dict(one.named_parameters())[name] for one in listed]
        needs = {one.requires_grad for one in found}
        if len(needs) > 1:
            raise RuntimeError(
                f"Expected {name} from each model to have the same .requires_grad"
            )
        params[name] = torch.stack([one.detach() for one in found]).requires_grad_(
            first.requires_grad
        )
    buffers = {
        name: torch.stack([dict(one.named_buffers())[name] for one in listed])
        for name, _ in listed[0].named_buffers()
    }
    return params, buffers


def alike(name: str, models: Sequence[Any]) -> list[Any]:
    """The models as a list; RuntimeError when they cannot be stacked."""
    listed = list(models)
    if not listed:
        raise RuntimeError(f"{name}: Expected at least one model, got 0.")
    if len({one.training for one in listed}) > 1:
        raise RuntimeError(f"{name}: Expected all models to have the same training/eval mode.")
    if len({type(one) for one in listed}) > 1:
        raise RuntimeError(f"{name}: Expected all models to be of the same class.")
    return listed


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """Makes all batch norms of a module use the statistics of the batch alone."""
    for module in root.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root

