"""Activations against exact values, derivatives against differences. Twins:
tests/testthat/test-activations.R, tests/js/activations.test.js."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from twinprop import ACTIVATIONS, Network
from twinprop.activations import ACTIVATION_ALIASES

# exp and log1p are right to 1 ulp (2.2e-16), numpy's tanh to 2; a few such roundings follow.
VALUE = 1e-15
# Central differences err by h^2 f''' / 6 = 2e-11 and by 1e-16 / h = 1e-11 at h = 1e-5.
H = 1e-5
SMOOTH = 1e-9
# Each side of a kink is a straight line: only the roundings of the difference remain.
KINKED = 1e-10

POINTS = [-30.0, -5.0, -1.5, -1.0, -0.3, -1e-3, 1e-3, 0.3, 1.0, 1.5, 5.0, 30.0]
KINKS = ["relu", "leaky_relu"]
SMOOTH_ONES = ["sigmoid", "tanh", "softplus", "identity"]


def value(name, z):
    z = np.atleast_2d(np.asarray(z, dtype=float))
    return ACTIVATIONS[name].value(z, np.empty_like(z))[0]


def derivative(name, z):
    z = np.atleast_2d(np.asarray(z, dtype=float))
    a = ACTIVATIONS[name].value(z, np.empty_like(z))
    return ACTIVATIONS[name].derivative(z, a, np.empty_like(z))[0]


def exact(name, z):
    """The value with 60 digits, by the definition."""
    with localcontext() as context:
        context.prec = 60
        z = Decimal(z)
        one = Decimal(1)
        return float(
            {
                "sigmoid": lambda: one / (one + (-z).exp()),
                "tanh": lambda: ((2 * z).exp() - one) / ((2 * z).exp() + one),
                "relu": lambda: max(z, Decimal(0)),
                "leaky_relu": lambda: z if z > 0 else Decimal("0.01") * z,
                "softplus": lambda: (one + z.exp()).ln(),
                "identity": lambda: z,
            }[name]()
        )


def test_all_are_tested():
    assert [*ACTIVATIONS] == [
        *["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity", "softmax"]
    ]
    assert [name for name, activation in ACTIVATIONS.items() if not activation.smooth] == KINKS
    assert ACTIVATION_ALIASES == {"logistic": "sigmoid", "linear": "identity"}


@pytest.mark.parametrize("name", [*SMOOTH_ONES, *KINKS])
@pytest.mark.parametrize("z", [*POINTS, 0.0])
def test_value(name, z):
    assert value(name, [z])[0] == pytest.approx(exact(name, z), rel=VALUE, abs=0)


@pytest.mark.parametrize("z", [[0.0, 0.0], [1.0, 2.0, 3.0], [-5.0, 5.0, 0.5, 20.0]])
def test_softmax(z):
    largest = max(z)
    expected = [math.exp(v - largest) for v in z]
    expected = [v / math.fsum(expected) for v in expected]
    np.testing.assert_allclose(value("softmax", z), expected, rtol=VALUE, atol=0)


def test_softmax_takes_each_row_by_itself():
    z = np.array([[0.0, 1.0], [2000.0, 1998.0]])
    both = ACTIVATIONS["softmax"].value(z, np.empty_like(z))
    np.testing.assert_array_equal(both, [value("softmax", row) for row in z])
    np.testing.assert_allclose(both.sum(axis=1), 1.0, rtol=VALUE)


@pytest.mark.parametrize("name", SMOOTH_ONES)
def test_derivative_of_the_smooth(name):
    z = np.array([point for point in POINTS if abs(point) < 30] + [0.0])
    differences = (value(name, z + H) - value(name, z - H)) / (2 * H)
    np.testing.assert_allclose(derivative(name, z), differences, rtol=0, atol=SMOOTH)


@pytest.mark.parametrize("name", KINKS)
def test_derivative_of_the_kinked(name):
    z = np.array([point for point in POINTS if 2 * H < abs(point) < 5])
    differences = (value(name, z + H) - value(name, z - H)) / (2 * H)
    np.testing.assert_allclose(derivative(name, z), differences, rtol=0, atol=KINKED)


@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.01)])
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_at_the_kink_the_slope_is_that_of_the_left(name, slope, zero):
    assert derivative(name, [zero])[0] == slope
    assert derivative(name, [math.nextafter(0.0, 1.0)])[0] == 1.0
    assert value(name, [zero])[0] == 0.0


@pytest.mark.parametrize("name", [*SMOOTH_ONES, *KINKS])
def test_a_derivative_uses_what_it_says(name):
    activation = ACTIVATIONS[name]
    z = np.array([POINTS])
    a = activation.value(z, np.empty_like(z))
    nothing = np.full_like(z, np.nan)
    given = (nothing, a) if activation.uses == "a" else (z, nothing)
    found = activation.derivative(*given, np.empty_like(z))
    np.testing.assert_array_equal(found, activation.derivative(z, a, np.empty_like(z)))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_arguments_stay_as_they_are(name):
    activation = ACTIVATIONS[name]
    z = np.array([POINTS])
    out = np.empty_like(z)
    assert activation.value(z, out) is out
    np.testing.assert_array_equal(z, [POINTS])
    if activation.derivative is not None:
        a = out.copy()
        assert activation.derivative(z, a, out) is out
        np.testing.assert_array_equal(z, [POINTS])
        np.testing.assert_array_equal(a, activation.value(z, np.empty_like(z)))


def outputs(name, z):
    """What a network of this activation makes of net inputs; any warning is an error here."""
    size = len(z)
    network = Network([size, size], name, weights=[np.eye(size)])
    forward = network.forward([z])
    np.testing.assert_array_equal(forward.z[0], [z])
    return forward.a[-1][0].tolist()


# The values at -1000, 0 and 1000: limits where exp overflows and underflows.
EXTREME = {
    "sigmoid": [0.0, 0.5, 1.0],
    "logistic": [0.0, 0.5, 1.0],
    "tanh": [-1.0, 0.0, 1.0],
    "relu": [0.0, 0.0, 1000.0],
    "leaky_relu": [-10.0, 0.0, 1000.0],
    "softplus": [0.0, math.log(2.0), 1000.0],
    "identity": [-1000.0, 0.0, 1000.0],
    "linear": [-1000.0, 0.0, 1000.0],
    "softmax": [0.0, 0.0, 1.0],
}


@pytest.mark.parametrize("name", EXTREME)
def test_extreme_net_inputs(name):
    assert outputs(name, [-1000.0, 0.0, 1000.0]) == EXTREME[name]


def test_softmax_of_equal_extremes():
    assert outputs("softmax", [1000.0, 1000.0]) == [0.5, 0.5]
    assert outputs("softmax", [-1000.0, -1000.0]) == [0.5, 0.5]


@pytest.mark.parametrize("name", [*SMOOTH_ONES, *KINKS])
def test_extreme_net_inputs_have_finite_gradients(name):
    network = Network([1, 3, 1], name, weights=[[[1000.0], [-1000.0], [0.0]], [[1.0, 1.0, 1.0]]])
    backward = network.backward(network.forward([[1.0]]), [[0.5]])
    for values in (*backward.e, *backward.delta, *backward.grad_weights, *backward.grad_biases):
        assert np.isfinite(values).all()
