"""Costs against sums by hand, gradients against differences of the cost. Twins:
tests/testthat/test-costs.R, tests/js/costs.test.js."""

import itertools
import math

import numpy as np
import pytest

from twinprop import COSTS, InputError, Network
from twinprop.costs import check_targets, cost_function

# A handful of roundings.
VALUE = 1e-14

# Central differences with step H err by H^2 C''' / 6 and by the roundings of the cost C over H:
# 1e-11 each at H = 1e-5, beside largest gradients of 0.01 to 1.
H = 1e-5
SMOOTH = 1e-9
# No net input is near a kink; but dead neurons leave smaller gradients, beside which the same
# roundings are larger.
KINKED = 1e-8

OUTPUTS = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity"]
HIDDEN = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity"]
KINKS = {"relu", "leaky_relu"}

PAIRS = [
    *itertools.product(["half_mse", "half_sse", "mse"], OUTPUTS, [1, 2, 3]),
    *[("cross_entropy", "sigmoid", k) for k in (1, 2, 3)],
    *[("cross_entropy", "softmax", k) for k in (2, 3)],
]


def problem(cost, output, k, hidden, rng):
    """A network 2-3-K and four samples, no net input near a kink."""
    while True:
        shapes = [(3, 2), (k, 3)]
        network = Network(
            [2, 3, k],
            [hidden, output],
            weights=[rng.uniform(-1, 1, shape) for shape in shapes],
            biases=[rng.uniform(-1, 1, shape[0]) for shape in shapes],
        )
        x, d = rng.uniform(-1, 1, (4, 2)), rng.uniform(0.1, 0.9, (4, k))
        if output == "softmax":
            d /= d.sum(axis=1, keepdims=True)
        # And outputs of relu that are not all dead.
        z = network.forward(x).z
        if min(abs(v).min() for v in z) > 100 * H and (z[-1] > 0).any(axis=0).all():
            return network, x, d


def differences(network, x, d, cost):
    """The gradient of the mean cost by central differences, in the order of the parameters."""
    result = np.empty_like(network.parameters)
    for i, start in enumerate(network.parameters.copy()):
        network.parameters[i] = start + H
        above = network.mean_cost(x, d, cost=cost)
        network.parameters[i] = start - H
        below = network.mean_cost(x, d, cost=cost)
        network.parameters[i] = start
        result[i] = (above - below) / (2 * H)
    return result


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(("cost", "output", "k"), PAIRS)
def test_the_gradient_is_that_of_the_cost(cost, output, k, hidden):
    network, x, d = problem(cost, output, k, hidden, np.random.default_rng(k))
    backward = network.backward(network.forward(x), d, cost=cost)
    found = np.concatenate([g.ravel() for g in (*backward.grad_weights, *backward.grad_biases)])
    expected = differences(network, x, d, cost)
    assert np.abs(expected).max() > 0.005
    tolerance = KINKED if {hidden, output} & KINKS else SMOOTH
    assert np.abs(found - expected).max() <= tolerance * np.abs(expected).max()


def one_output(activation, z):
    """A network whose output's net inputs are z, for an input of 1."""
    return Network([1, len(z)], activation, weights=[[[value] for value in z]])


# a = (0.5, 2, -1), d = (0, 1, 1): e = (0.5, 1, -2), sum of e^2 = 5.25
@pytest.mark.parametrize(
    ("cost", "expected", "scale"),
    [("half_mse", 5.25 / 6, 1 / 3), ("half_sse", 5.25 / 2, 1.0), ("mse", 5.25 / 3, 2 / 3)],
)
def test_squared_costs_by_hand(cost, expected, scale):
    network = one_output("identity", [0.5, 2.0, -1.0])
    d = [[0.0, 1.0, 1.0]]
    assert network.mean_cost([[1.0]], d, cost=cost) == pytest.approx(expected, rel=VALUE)
    assert COSTS[cost].scale(3) == scale
    delta = network.backward(network.forward([[1.0]]), d, cost=cost).delta[-1]
    np.testing.assert_allclose(delta, [[0.5 * scale, scale, -2 * scale]], rtol=VALUE)


def test_the_cost_is_the_mean_over_the_samples():
    # e = 1, 2, 4: squares 1, 4, 16, their mean 7
    network = Network([1, 1], "identity", weights=[[[1.0]]])
    assert network.mean_cost([[1.0], [2.0], [4.0]], [[0.0]] * 3, cost="mse") == 7.0


@pytest.mark.parametrize("d", [[0.0, 1.0], [1.0, 0.0], [0.25, 0.75]])
def test_binary_cross_entropy_by_its_definition(d):
    z = [0.3, -1.2]
    a = [1 / (1 + math.exp(-v)) for v in z]
    expected = -math.fsum(t * math.log(p) + (1 - t) * math.log(1 - p) for t, p in zip(d, a))
    network = one_output("sigmoid", z)
    found = network.mean_cost([[1.0]], [d], cost="cross_entropy")
    assert found == pytest.approx(expected, rel=VALUE)
    # dC/dz = a - d: the scale is 1 for any number of outputs.
    delta = network.backward(network.forward([[1.0]]), [d], cost="cross_entropy").delta[-1]
    np.testing.assert_allclose(delta, [np.subtract(a, d)], rtol=VALUE)


@pytest.mark.parametrize("d", [[0.0, 1.0, 0.0], [0.2, 0.3, 0.5]])
def test_multiclass_cross_entropy_by_its_definition(d):
    z = [0.3, -1.2, 2.0]
    a = [math.exp(v) / math.fsum(map(math.exp, z)) for v in z]
    expected = -math.fsum(t * math.log(p) for t, p in zip(d, a))
    network = one_output("softmax", z)
    found = network.mean_cost([[1.0]], [d], cost="cross_entropy")
    assert found == pytest.approx(expected, rel=VALUE)
    delta = network.backward(network.forward([[1.0]]), [d], cost="cross_entropy").delta[-1]
    np.testing.assert_allclose(delta, [np.subtract(a, d)], rtol=VALUE)


# -log a of a sigmoid at z = -1000 is 1000 to the last bit, that at z = 1000 is 0.
@pytest.mark.parametrize(
    ("activation", "z", "d", "expected"),
    [
        ("sigmoid", [-1000.0], [1.0], 1000.0),
        ("sigmoid", [1000.0], [0.0], 1000.0),
        ("sigmoid", [1000.0], [1.0], 0.0),
        ("sigmoid", [1000.0, -1000.0], [0.5, 0.5], 1000.0),
        ("softmax", [-1000.0, 1000.0], [1.0, 0.0], 2000.0),
        ("softmax", [-1000.0, 1000.0], [0.0, 1.0], 0.0),
        ("softmax", [1000.0, 1000.0], [0.5, 0.5], math.log(2.0)),
    ],
)
def test_cross_entropy_of_saturated_outputs(activation, z, d, expected):
    network = one_output(activation, z)
    found = network.mean_cost([[1.0]], [d], cost="cross_entropy")
    assert found == pytest.approx(expected, rel=1e-13)  # log(2) beside z = 1000
    backward = network.backward(network.forward([[1.0]]), [d], cost="cross_entropy")
    assert np.isfinite(backward.grad_weights[0]).all()


def test_costs_are_those_of_each_sample():
    z = np.array([[0.3, -1.0], [2.0, 0.5]])
    d = np.array([[1.0, 0.0], [0.0, 1.0]])
    for cost, activation in [("half_mse", "identity"), ("cross_entropy", "softmax")]:
        a = Network([2, 2], activation, weights=[np.eye(2)]).predict(z)
        value = cost_function(cost, activation).value
        each = [value(z[i : i + 1], a[i : i + 1], d[i : i + 1])[0] for i in range(2)]
        np.testing.assert_allclose(value(z, a, d), each, rtol=VALUE)
        assert each[0] != each[1]


def test_the_penalty_counts_weights_never_biases():
    # 1^2 + 2^2 + (-3)^2 = 14
    weights, x, d = [[[1.0], [2.0]], [[-3.0, 0.0]]], [[1.0]], [[0.5]]
    network = Network([1, 2, 1], weights=weights, biases=[[10.0, 20.0], [30.0]])
    plain = network.mean_cost(x, d)
    assert network.mean_cost(x, d, weight_decay=0.2) - plain == pytest.approx(1.4, rel=VALUE)
    assert network.mean_cost(x, d, weight_decay=0) == plain


@pytest.mark.parametrize("cost", ["half_mse", "half_sse", "mse"])
def test_softmax_needs_cross_entropy(cost):
    with pytest.raises(InputError) as caught:
        one_output("softmax", [1.0, 2.0]).mean_cost([[1.0]], [[0, 1]], cost=cost)
    assert str(caught.value) == (
        f'activation "softmax" in the output layer needs cost "cross_entropy", got "{cost}"'
    )


@pytest.mark.parametrize("activation", ["tanh", "relu", "leaky_relu", "softplus", "identity"])
def test_cross_entropy_needs_probabilities(activation):
    with pytest.raises(InputError) as caught:
        one_output(activation, [1.0]).mean_cost([[1.0]], [[0]], cost="cross_entropy")
    assert str(caught.value) == (
        f'cost "cross_entropy" needs "sigmoid" or "softmax" in the output layer, got "{activation}"'
    )


def test_cross_entropy_needs_targets_from_0_to_1():
    with pytest.raises(InputError) as caught:
        check_targets(np.array([[0.0, 1.0], [0.5, 1.5]]), "d", "cross_entropy", "sigmoid")
    assert str(caught.value) == (
        'd row 2, column 2 must be from 0 to 1 for cost "cross_entropy", got 1.5'
    )
    with pytest.raises(InputError, match=r"d row 1, column 1 .* got -0\.1"):
        check_targets(np.array([[-0.1, 1.1]]), "d", "cross_entropy", "softmax")
    check_targets(np.array([[-0.1, 1.1]]), "d", "mse", "sigmoid")


def test_softmax_needs_targets_that_sum_to_1():
    with pytest.raises(InputError) as caught:
        check_targets(np.array([[0.5, 0.5], [0.5, 1.0]]), "d", "cross_entropy", "softmax")
    assert str(caught.value) == 'd row 2 must sum to 1 for "softmax" outputs, got 1.5'
    check_targets(np.array([[1 / 3] * 3, [0.7, 0.2, 0.1]]), "d", "cross_entropy", "softmax")
    check_targets(np.array([[0.5, 1.0]]), "d", "cross_entropy", "sigmoid")
