"""L-BFGS: minimise a smooth function with the memory of a few steps. Twin: r/lbfgs.R.

Nocedal and Wright (2006), Numerical Optimization, algorithms 7.4 and 7.5, with the line search of
algorithms 3.5 and 3.6 (strong Wolfe conditions). JavaScript has no twin: it does not fit data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from twinprop.arithmetic import FAST, Arithmetic
from twinprop.checks import Array

#: How many pairs of a step and its change of the gradient are remembered.
MEMORY = 10

#: Sufficient decrease and curvature, the usual values for quasi-Newton methods (section 3.1).
DECREASE = 1e-4
CURVATURE = 0.9

#: Trials of one line search: 30 halvings make a step a billionth.
MOST_TRIALS = 30

#: A trial stays this share of the interval away from its ends.
MARGIN = 0.1

#: Values that differ by this share are taken as equal, so that near the minimum, where all of them
#: are, the slope decides.
ROUNDING = 10.0 * 2.0**-52

#: After so many steps in a row that lower neither the value nor the largest entry of the gradient
#: below what they were, all that is left is rounding.
MOST_IDLE = 10

#: A pair whose curvature is no more than this, by the squared change of the gradient, is rounding.
LEAST_CURVATURE = 2.0**-52

Objective = Callable[[Array], tuple[float, Array]]
Dot = Callable[[Array, Array], float]
AfterIteration = Callable[[int, Array, float, Array], bool]


class Minimum(NamedTuple):
    """What `lbfgs` found.

    Attributes
    ----------
    x : ndarray, (p,)
        Where it ended.
    value : float
        The function there.
    gradient : ndarray, (p,)
        Its gradient there.
    iterations, evaluations : int
        How many steps were made, and how often function and gradient were computed.
    stopped : str
        "gradient": its largest entry is within the tolerance; "line_search": no step lowers the
        function any more, which near a minimum is a matter of rounding; "max_iter"; "asked":
        `after_iteration` returned True.
    """

    x: Array
    value: float
    gradient: Array
    iterations: int
    evaluations: int
    stopped: str


class _Trial(NamedTuple):
    """A step length along the direction, and what was found there."""

    step: float
    value: float
    slope: float
    x: Array
    gradient: Array


def lbfgs(
    objective: Objective,
    start: Array,
    *,
    max_iter: int = 200,
    tol: float = 1e-4,
    memory: int = MEMORY,
    after_iteration: AfterIteration | None = None,
    arithmetic: Arithmetic = FAST,
) -> Minimum:
    """Minimise a function of p numbers from `start`.

    Parameters
    ----------
    objective : callable
        ``objective(x)`` gives the function's value and its gradient (p,). A value or gradient that
        is not finite counts as too high: the line search goes back.
    start : ndarray, (p,)
        Where to start; the function must be finite there.
    max_iter : int, default 200
        At most so many steps.
    tol : float, default 1e-4
        Stop when the largest absolute entry of the gradient is at most this.
    memory : int, default 10
        How many steps are remembered.
    after_iteration : callable, optional
        ``after_iteration(iteration, x, value, gradient)`` is called after each step, from 1 on; if
        it returns True, that step is the last.
    arithmetic : Arithmetic, default FAST
        What it computes with: PORTABLE gives the same bits everywhere.

    Returns
    -------
    Minimum
        Where it ended, and why.

    References
    ----------
    Nocedal, J. and Wright, S. J. (2006). Numerical Optimization, second edition. Springer.
    Algorithms 7.4 (the direction), 7.5 (the loop), 3.5 and 3.6 (the line search).

    Examples
    --------
    >>> found = lbfgs(lambda x: (float(x @ x), 2.0 * x), np.array([3.0, -4.0]))
    >>> np.allclose(found.x, 0.0), found.stopped
    (True, 'gradient')
    """
    dot = arithmetic.dot
    x = np.array(start, dtype=np.float64)
    value, gradient = objective(x)
    evaluations = 1
    steps: list[Array] = []
    changes: list[Array] = []
    lowest, smallest = value, _largest(gradient)
    iteration = idle = 0
    stopped = ""
    while iteration < max_iter:
        if _largest(gradient) <= tol:
            break
        direction = _direction(gradient, steps, changes, dot)
        slope = dot(direction, gradient)
        if not slope < 0.0:  # rounding alone
            steps, changes = [], []
            direction = -gradient
            slope = dot(direction, gradient)
        first = 1.0 if steps else min(1.0, 1.0 / math.sqrt(-slope))
        trial, tried = _line_search(objective, x, value, gradient, direction, slope, first, dot)
        evaluations += tried
        if trial is None:
            if not steps:
                stopped = "line_search"
                break
            steps, changes = [], []  # what is remembered may mislead: once more, straight down
            continue
        idle += 1
        if trial.value < lowest or _largest(trial.gradient) < smallest:
            idle = 0
            lowest = min(lowest, trial.value)
            smallest = min(smallest, _largest(trial.gradient))
        step, change = trial.x - x, trial.gradient - gradient
        if dot(step, change) > LEAST_CURVATURE * dot(change, change):
            steps, changes = [*steps, step][-memory:], [*changes, change][-memory:]
        x, value, gradient = trial.x, trial.value, trial.gradient
        iteration += 1
        if after_iteration is not None and after_iteration(iteration, x, value, gradient):
            stopped = "asked"
            break
        if idle == MOST_IDLE:
            stopped = "line_search"
            break
    if not stopped:
        stopped = "gradient" if _largest(gradient) <= tol else "max_iter"
    return Minimum(x, value, gradient, iteration, evaluations, stopped)


def _largest(gradient: Array) -> float:
    return float(np.abs(gradient).max(initial=0.0))


def _direction(
    gradient: Array, steps: list[Array], changes: list[Array], dot: Dot = FAST.dot
) -> Array:
    """Return -H gradient by the two loops of algorithm 7.4; H starts as gamma I, equation 7.20."""
    direction = -gradient
    shares = []
    for step, change in zip(reversed(steps), reversed(changes), strict=True):
        share = dot(step, direction) / dot(change, step)
        direction = direction - share * change
        shares.append(share)
    if steps:
        direction = direction * (dot(steps[-1], changes[-1]) / dot(changes[-1], changes[-1]))
    for step, change, share in zip(steps, changes, reversed(shares), strict=True):
        direction = direction + (share - dot(change, direction) / dot(change, step)) * step
    return direction


def _line_search(
    objective: Objective,
    x: Array,
    value: float,
    gradient: Array,
    direction: Array,
    slope: float,
    first: float,
    dot: Dot,
) -> tuple[_Trial | None, int]:
    """Return a step that meets the strong Wolfe conditions, and how many were tried.

    If none is found among `MOST_TRIALS`, the best that was seen with a sufficient decrease; None
    without such a one.
    """
    tried = 0

    def at(step: float) -> _Trial:
        nonlocal tried
        tried += 1
        there = x + step * direction
        found, gradient_there = objective(there)
        along = dot(gradient_there, direction)
        if not (math.isfinite(found) and math.isfinite(along)):
            found, along = math.inf, math.nan
        return _Trial(step, found, along, there, gradient_there)

    def too_high(trial: _Trial, low: _Trial) -> bool:
        enough = value + DECREASE * trial.step * slope
        highest = min(enough, low.value) if low.step > 0.0 else enough
        return trial.value > highest + ROUNDING * abs(value)

    def flat(trial: _Trial) -> bool:
        return abs(trial.slope) <= -CURVATURE * slope

    # algorithm 3.5: longer steps, until an interval is known to hold a good one
    low = _Trial(0.0, value, slope, x, gradient)
    step = first
    while True:
        trial = at(step)
        if too_high(trial, low):
            high = trial
            break
        if flat(trial):
            return trial, tried
        if trial.slope >= 0.0:
            low, high = trial, low
            break
        low = trial
        step *= 2.0
        if tried >= MOST_TRIALS:
            return low, tried

    # algorithm 3.6: `low` has the lowest value so far that decreases enough; narrow the interval
    while tried < MOST_TRIALS:
        trial = at(_between(low, high))
        if too_high(trial, low):
            high = trial
            continue
        if flat(trial):
            return trial, tried
        if trial.slope * (high.step - low.step) >= 0.0:
            high = low
        low = trial
    return (low if low.step > 0.0 else None), tried


def _between(low: _Trial, high: _Trial) -> float:
    """Return the minimum of the cubic through both ends, equation 3.59, kept inside of them."""
    width = high.step - low.step
    middle = low.step + 0.5 * width
    if not math.isfinite(high.value):
        return middle
    first = low.slope + high.slope - 3.0 * (low.value - high.value) / (low.step - high.step)
    inside = first * first - low.slope * high.slope
    if not inside >= 0.0:
        return middle
    second = math.copysign(math.sqrt(inside), width)
    below = high.slope - low.slope + 2.0 * second
    if below == 0.0:
        return middle
    share = 1.0 - (high.slope + second - first) / below
    return low.step + min(max(share, MARGIN), 1.0 - MARGIN) * width
