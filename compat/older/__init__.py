"""What level 0.4 does otherwise: one older form for each call, told in terms of level 2."""

from __future__ import annotations

from compat.older import factories, layers, pointwise


def divide_all() -> None:
    """Gives every function of the table its older form."""
    pointwise.divide_operators()
    factories.divide_factories()
    layers.divide_layers()
