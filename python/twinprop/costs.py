"""Costs and the scale each puts on the output error. Twins: r/costs.R, inst/js/costs.js.

Section 2 of docs/contract.md. The output error is e = a - d; dC/dz of the output layer is
s * e * f'(z) for the squared costs and s * e for the cross entropies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from twinprop.arithmetic import FAST, Arithmetic
from twinprop.checks import Array, describe
from twinprop.errors import InputError

#: Targets of softmax outputs must sum to 1 to this, for a - d to be the gradient to as many digits:
#: 1/3 three times does, 0.33 three times does not.
SUM_TOLERANCE = 1e-12


class Cost(NamedTuple):
    """A cost and the scale s of its output error.

    Attributes
    ----------
    value : callable
        ``value(z, a, d, arithmetic)`` gives the cost of each sample, (n,); z, a, d of the output
        layer (n, K). Without `arithmetic` it is the fast one.
    scale : callable
        ``scale(K)`` is the factor s on the output error e.
    """

    value: Callable[..., Array]
    scale: Callable[[int], float]


def _half_mse(z: Array, a: Array, d: Array, arithmetic: Arithmetic = FAST) -> Array:
    """1/(2K) sum_k e_k^2."""
    return arithmetic.sum_unit_squares(a - d) / (2.0 * a.shape[1])


def _half_sse(z: Array, a: Array, d: Array, arithmetic: Arithmetic = FAST) -> Array:
    """1/2 sum_k e_k^2."""
    return arithmetic.sum_unit_squares(a - d) / 2.0


def _mse(z: Array, a: Array, d: Array, arithmetic: Arithmetic = FAST) -> Array:
    """1/K sum_k e_k^2."""
    return arithmetic.sum_unit_squares(a - d) / a.shape[1]


def _binary_cross_entropy(z: Array, a: Array, d: Array, arithmetic: Arithmetic = FAST) -> Array:
    """-sum_k (d log a + (1 - d) log(1 - a)) of sigmoid outputs, in z: finite when they saturate."""
    rest = arithmetic.log1p(arithmetic.exp(-np.abs(z)))
    return arithmetic.sum_units(np.maximum(z, 0.0) - d * z + rest)


def _multiclass_cross_entropy(z: Array, a: Array, d: Array, arithmetic: Arithmetic = FAST) -> Array:
    """-sum_k d_k log a_k of softmax outputs, in z: finite when they saturate."""
    largest = z.max(axis=1, keepdims=True)
    sums = arithmetic.sum_units(arithmetic.exp(z - largest))
    log_sum = largest + arithmetic.log(sums)[:, np.newaxis]
    return arithmetic.sum_units(d * (log_sum - z))


COSTS: dict[str, Cost] = {
    "half_mse": Cost(_half_mse, lambda k: 1.0 / k),
    "half_sse": Cost(_half_sse, lambda k: 1.0),
    "mse": Cost(_mse, lambda k: 2.0 / k),
    "cross_entropy": Cost(_binary_cross_entropy, lambda k: 1.0),
}

_SOFTMAX_CROSS_ENTROPY = Cost(_multiclass_cross_entropy, lambda k: 1.0)


def cost_function(cost: str, output_activation: str) -> Cost:
    """Return the cost named `cost` for outputs of this activation."""
    if cost == "cross_entropy" and output_activation == "softmax":
        return _SOFTMAX_CROSS_ENTROPY
    return COSTS[cost]


def penalty(weights: Array, weight_decay: float, arithmetic: Arithmetic = FAST) -> float:
    """weight_decay / 2 * sum of W^2; `weights` is a flat view of all weights, never biases."""
    return 0.5 * weight_decay * arithmetic.sum_of_squares(weights) if weight_decay else 0.0


def check_cost_fits(cost: str, output_activation: str) -> None:
    """Refuse a cost that the output layer's activation cannot serve."""
    if output_activation == "softmax" and cost != "cross_entropy":
        raise InputError(
            f'activation "softmax" in the output layer needs cost "cross_entropy", got "{cost}"'
        )
    if cost == "cross_entropy" and output_activation not in ("sigmoid", "softmax"):
        raise InputError(
            'cost "cross_entropy" needs "sigmoid" or "softmax" in the output layer, '
            f'got "{output_activation}"'
        )


def check_targets(d: Array, name: str, cost: str, output_activation: str) -> None:
    """Refuse targets that are no probabilities where the cost asks for them."""
    if cost != "cross_entropy":
        return
    outside = np.argwhere((d < 0.0) | (d > 1.0))
    if len(outside):
        i, j = outside[0]
        raise InputError(
            f"{name} row {i + 1}, column {j + 1} must be from 0 to 1 "
            f'for cost "cross_entropy", got {describe(d[i, j])}'
        )
    if output_activation == "softmax":
        sums = d.sum(axis=1)
        wrong = np.flatnonzero(np.abs(sums - 1.0) > SUM_TOLERANCE)
        if len(wrong):
            i = wrong[0]
            raise InputError(
                f'{name} row {i + 1} must sum to 1 for "softmax" outputs, got {describe(sums[i])}'
            )
