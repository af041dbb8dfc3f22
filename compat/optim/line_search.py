"""A step length that fulfils the strong Wolfe conditions.

Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6, with cubic interpolation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

DECREASE, CURVATURE, TRIALS = 1e-4, 0.9, 25


class Point(NamedTuple):
    """A place on the line: its distance, the loss and gradient there, and the slope along it."""

    at: float
    loss: float
    gradient: Any
    slope: Any


def strong_wolfe(
    visit: Callable[[float], Point], start: Point, length: float, longest: Any, tolerance: float
) -> tuple[Point, int]:
    """A point as wanted, or the best found, and how many points were visited.

    longest  the largest element of the direction; tolerance ends the search of a small interval
    """

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + DECREASE * point.at * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -CURVATURE * start.slope

    before, new, visits, trial = start, visit(length), 1, 0
    low, high = start, new
    while trial < TRIALS:
        if too_high(new) or (trial > 1 and new.loss >= before.loss):
            low, high = before, new
            break
        if flat(new):
            return new, visits
        if new.slope >= 0:
            low, high = before, new
            break
        bounds = new.at + 0.01 * (new.at - before.at), new.at * 10
        before, new = new, visit(_least(before, new, bounds))
        visits, trial = visits + 1, trial + 1
        low, high = start, new
    if low.loss > high.loss:
        low, high = high, low
    stuck = False
    while trial < TRIALS and abs(high.at - low.at) * longest >= tolerance:
        first, second = (low, high) if low.at <= high.at else (high, low)
        at = _least(first, second, (first.at, second.at))
        margin = 0.1 * (second.at - first.at)
        if min(second.at - at, at - first.at) < margin:
            if stuck or at >= second.at or at <= first.at:
                nearer_end = abs(at - second.at) < abs(at - first.at)
                at = second.at - margin if nearer_end else first.at + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        new = visit(at)
        visits, trial = visits + 1, trial + 1
        if too_high(new) or new.loss >= low.loss:
            high = new
            if low.loss > high.loss:
                low, high = high, low
            continue
        if flat(new):
            return new, visits
        if new.slope * (high.at - low.at) >= 0:
            high = low
        low = new
    return low, visits


def _least(one: Point, other: Point, bounds: tuple[float, float]) -> float:
    """Where the cubic through two points with their slopes is least, within bounds."""
    if one.at > other.at:
        one, other = other, one
    bend = one.slope + other.slope - 3 * (one.loss - other.loss) / (one.at - other.at)
    square = bend**2 - one.slope * other.slope
    if square < 0:
        return (bounds[0] + bounds[1]) / 2
    root = square**0.5
    part = (other.slope + root - bend) / (other.slope - one.slope + 2 * root)
    return min(max(other.at - (other.at - one.at) * part, bounds[0]), bounds[1])
