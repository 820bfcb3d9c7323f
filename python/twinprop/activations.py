"""Activation functions, each beside its derivative. Twins: r/activations.R, inst/js/activations.js.

Section 1 of docs/contract.md. A derivative takes both z and a = f(z) and uses the one named in
`Activation.uses`. Both write into `out`, so that training allocates nothing. The caller silences
numpy's overflow warnings, once per pass instead of once per function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from twinprop.arithmetic import FAST, Arithmetic
from twinprop.checks import Array

LEAKY_RELU_SLOPE = 0.01


class Activation(NamedTuple):
    """An activation function and its derivative.

    Attributes
    ----------
    value : callable
        ``value(z, out, arithmetic)`` writes f(z) into `out`; both (n, units). Without `arithmetic`
        it is the fast one.
    derivative : callable or None
        ``derivative(z, a, out, arithmetic)`` writes f'(z) into `out`. None for softmax,
        which is only used with a cost whose delta needs no f' (cross_entropy).
    uses : str
        "z" or "a": what the derivative is computed from.
    smooth : bool
        False if the derivative has a jump (at z = 0).
    """

    value: Callable[..., Array]
    derivative: Callable[..., Array] | None
    uses: str
    smooth: bool


def _sigmoid(z: Array, out: Array, arithmetic: Arithmetic = FAST) -> Array:
    """f(z) = 1 / (1 + exp(-z)); exp may overflow to Inf, which gives the right limit 0."""
    np.negative(z, out=out)
    arithmetic.exp(out, out)
    np.add(out, 1.0, out=out)
    return np.divide(1.0, out, out=out)


def _sigmoid_derivative(z: Array, a: Array, out: Array, arithmetic: Arithmetic = FAST) -> Array:
    """f'(z) = a (1 - a)."""
    np.subtract(1.0, a, out=out)
    return np.multiply(a, out, out=out)


def _tanh(z: Array, out: Array, arithmetic: Arithmetic = FAST) -> Array:
    return arithmetic.tanh(z, out)


def _tanh_derivative(z: Array, a: Array, out: Array, arithmetic: Arithmetic = FAST) -> Array:
    """f'(z) = 1 - a^2."""
    np.multiply(a, a, out=out)
    return np.subtract(1.0, out, out=out)


def _relu(z: Array, out: Array, arithmetic: Arithmetic = FAST) -> Array:
    return arithmetic.relu(z, out)


def _relu_derivative(z: Array, a: Array, out: Array, arithmetic: Arithmetic = FAST) -> Array:
    """f'(z) = 1 where z > 0, else 0."""
    return np.greater(z, 0.0, out=out, casting="unsafe")


def _leaky_relu(z: Array, out: Array, arithmetic: Arithmetic = FAST) -> Array:
    np.multiply(z, LEAKY_RELU_SLOPE, out=out)
    return np.maximum(z, out, out=out)


def _leaky_relu_derivative(z: Array, a: Array, out: Array, arithmetic: Arithmetic = FAST) -> Array:
    """f'(z) = 1 where z > 0, else the slope."""
    out[...] = np.where(z > 0.0, 1.0, LEAKY_RELU_SLOPE)
    return out


def _softplus(z: Array, out: Array, arithmetic: Arithmetic = FAST) -> Array:
    """f(z) = log(1 + exp(z)), written so that exp cannot overflow."""
    np.abs(z, out=out)
    np.negative(out, out=out)
    arithmetic.exp(out, out)
    arithmetic.log1p(out, out)
    return np.add(out, np.maximum(z, 0.0), out=out)


def _softplus_derivative(z: Array, a: Array, out: Array, arithmetic: Arithmetic = FAST) -> Array:
    """f'(z) = sigmoid(z)."""
    return _sigmoid(z, out, arithmetic)


def _identity(z: Array, out: Array, arithmetic: Arithmetic = FAST) -> Array:
    out[...] = z
    return out


def _identity_derivative(z: Array, a: Array, out: Array, arithmetic: Arithmetic = FAST) -> Array:
    out[...] = 1.0
    return out


def _softmax(z: Array, out: Array, arithmetic: Arithmetic = FAST) -> Array:
    """f(z)_k = exp(z_k) / sum_j exp(z_j), shifted by the largest z so that exp cannot overflow."""
    np.subtract(z, z.max(axis=1, keepdims=True), out=out)
    arithmetic.exp(out, out)
    return np.divide(out, arithmetic.sum_units(out)[:, np.newaxis], out=out)


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(_sigmoid, _sigmoid_derivative, uses="a", smooth=True),
    "tanh": Activation(_tanh, _tanh_derivative, uses="a", smooth=True),
    "relu": Activation(_relu, _relu_derivative, uses="z", smooth=False),
    "leaky_relu": Activation(_leaky_relu, _leaky_relu_derivative, uses="z", smooth=False),
    "softplus": Activation(_softplus, _softplus_derivative, uses="z", smooth=True),
    "identity": Activation(_identity, _identity_derivative, uses="z", smooth=True),
    "softmax": Activation(_softmax, None, uses="a", smooth=True),
}

ACTIVATION_ALIASES = {"logistic": "sigmoid", "linear": "identity"}
