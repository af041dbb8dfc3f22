"""torch.special: the special functions, under the names of that module."""

from __future__ import annotations

from compat.front.derive import FUNCTIONS

globals().update(FUNCTIONS["special"])
for _name, _source in (("expit", "sigmoid"), ("round", "round"), ("logsumexp", "logsumexp"),
                       ("psi", "digamma"), ("gammaln", "lgamma"), ("sinc", "sinc")):  # fmt: skip
    globals()[_name] = FUNCTIONS["torch"][_source]
