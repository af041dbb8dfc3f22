"""torch.special: the special functions, under the names of that module."""

from __future__ import annotations

from compat.front.derive import FUNCTIONS

globals().update(FUNCTIONS["special"])

_ELSEWHERE = {
    "digamma": "digamma", "psi": "digamma", "erf": "erf", "erfc": "erfc", "erfinv": "erfinv",
    "exp2": "exp2", "expit": "sigmoid", "expm1": "expm1", "gammainc": "igamma",
    "gammaincc": "igammac", "gammaln": "lgamma", "log1p": "log1p", "logit": "logit",
    "logsumexp": "logsumexp", "multigammaln": "mvlgamma", "polygamma": "polygamma",
    "round": "round", "sinc": "sinc", "softmax": "softmax", "log_softmax": "log_softmax",
}  # fmt: skip
globals().update({name: FUNCTIONS["torch"][source] for name, source in _ELSEWHERE.items()})
