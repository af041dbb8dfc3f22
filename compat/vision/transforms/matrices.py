"""The numbers of turns and projections, for pictures, tensors and boxes alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def inverse_affine(
    center: Sequence[float], angle: float, translate: Sequence[float], scale: float,
    shear: Sequence[float],
) -> list[float]:  # fmt: skip
    """The matrix from results' places to the image's, six numbers by rows, of a turn, a shear, a
    scale (about the centre) and a shift."""
    turn, shear_x, shear_y = math.radians(angle), *(math.radians(one) for one in shear)
    (cx, cy), (tx, ty) = center, translate
    a = math.cos(turn - shear_y) / math.cos(shear_y)
    b = -math.cos(turn - shear_y) * math.tan(shear_x) / math.cos(shear_y) - math.sin(turn)
    c = math.sin(turn - shear_y) / math.cos(shear_y)
    d = -math.sin(turn - shear_y) * math.tan(shear_x) / math.cos(shear_y) + math.cos(turn)
    rows = [d / scale, -b / scale, 0.0, -c / scale, a / scale, 0.0]
    rows[2] = rows[0] * (-cx - tx) + rows[1] * (-cy - ty) + cx
    rows[5] = rows[3] * (-cx - tx) + rows[4] * (-cy - ty) + cy
    return rows


def turned_size(matrix: Sequence[float], height: int, width: int) -> tuple[int, int]:
    """The (height, width) of whole pixels around a picture that six numbers, by rows, turn about
    its centre; what a corner is off by rounding isn't counted."""
    found = []
    for row, half in ((matrix[3:], height / 2), (matrix[:3], width / 2)):
        ends = [
            row[0] * x + row[1] * y + row[2] + half
            for x in (-width / 2, width / 2) for y in (-height / 2, height / 2)
        ]  # fmt: skip
        low, high = (math.trunc(round(end * 1e4, 2)) / 1e4 for end in (min(ends), max(ends)))
        found.append(math.ceil(high) - math.floor(low))
    return found[0], found[1]


def perspective_numbers(
    startpoints: Sequence[Sequence[int]], endpoints: Sequence[Sequence[int]]
) -> list[float]:
    """The eight numbers of the projection that takes end points to start points."""
    rows = []
    for (x, y), (u, v) in zip(endpoints, startpoints, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    targets = np.asarray(startpoints, dtype=np.float64).reshape(8)
    return np.linalg.lstsq(np.asarray(rows, dtype=np.float64), targets, rcond=None)[0].tolist()
