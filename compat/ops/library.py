"""The chapters of the op library: importing one declares what is in it."""

from __future__ import annotations

import importlib

CHAPTERS = (
    "create", "sample", "apart",
    "pointwise.arithmetic", "pointwise.powers", "pointwise.trigonometry", "pointwise.rounding",
    "pointwise.comparison", "pointwise.bits", "pointwise.parts", "pointwise.special",
    "pointwise.gamma", "pointwise.bessel", "pointwise.polynomials", "dirichlet",
    "reduce.sums", "reduce.extremes", "reduce.scans", "reduce.statistics", "reduce.hashes",
    "shape.views", "shape.arrange",
    "index.gather", "index.scatter", "index.search",
    "linalg.products", "linalg.distances", "linalg.determinants", "linalg.solve", "linalg.pseudo",
    "linalg.cholesky", "linalg.lu", "linalg.spectra", "linalg.orthogonal", "linalg.norms",
    "linalg.powers", "linalg.ldl",
    "spectral.transforms", "spectral.frames",
    "neural.activation", "neural.loss", "neural.embedding", "neural.convolution",
    "neural.pooling", "neural.fold", "neural.normalization", "neural.attention", "neural.resize",
    "neural.recurrent", "neural.projecting", "neural.ctc", "neural.grid", "neural.unpooling",
    "neural.margin", "neural.bags",
)  # fmt: skip


def load() -> None:
    """Imports every chapter."""
    for chapter in CHAPTERS:
        importlib.import_module(f"compat.ops.{chapter}")
