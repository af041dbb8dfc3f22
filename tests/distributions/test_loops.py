"""Loops that sample as they go: one look a step, nothing compiled anew, many values checked at
once."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import Categorical, Normal


def _counted(step: Any, times: int = 3) -> dict[str, int]:
    """How much the counters grow over steps when everything is warm."""
    for _ in range(3):
        step()
    before = dict(torch.stats())
    for _ in range(times):
        step()
    after = torch.stats()
    return {name: after[name] - before[name] for name in ("compiles", "sections")}


def test_a_policy_looks_once_a_step() -> None:
    policy = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    optimizer = torch.optim.SGD(policy.parameters(), lr=0.1)

    def episode() -> None:
        kept = []
        state = torch.ones(1, 4)
        for _ in range(5):
            choice = Categorical(torch.softmax(policy(state), dim=1))
            action = choice.sample()
            kept.append(choice.log_prob(action))
            state = state + action.item()
        optimizer.zero_grad()
        torch.cat(kept).sum().neg().backward()
        optimizer.step()

    counted = _counted(episode)
    assert counted["compiles"] == 0
    assert counted["sections"] <= 3 * (5 + 1)  # one a step, and the update


def test_many_values_are_checked_by_one_look() -> None:
    loc, scale = torch.zeros(50, 10), torch.ones(50, 10)

    def step() -> None:
        normal = Normal(loc + 1, scale * 2)
        normal.rsample().sum().item()

    assert _counted(step) == {"compiles": 0, "sections": 6}
    assert _counted(lambda: Normal(loc, scale, validate_args=False)) == {
        "compiles": 0, "sections": 0
    }  # fmt: skip
