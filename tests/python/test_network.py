"""Starting weights against R's, and the network as an object. Twins: tests/testthat/test-network.R,
tests/js/network.test.js."""

import copy
import math
import pickle
import re

import numpy as np
import pytest

from twinprop import (
    DenominatorError,
    InputError,
    Network,
    Optimizer,
    RandomStream,
    starting_weights,
)
from twinprop.network import INITS

# A square root and a product or two.
ROUNDING = 1e-15

# Rscript -e 'set.seed(42, "Mersenne-Twister", "Inversion", "Rejection")
#   u <- runif(13); r <- sqrt(6 / c(2 + 3, 3 + 1))
#   cat(sprintf("%.17g", c(-r[1] + 2 * r[1] * u[1:6], -r[2] + 2 * r[2] * u[7:9])))'
XAVIER = [
    [
        0.90879450804969197,
        0.95758425277652925,
        -0.46854480382427399,
        0.72397447548442506,
        0.31054887249189078,
        0.041837128382179456,
    ],
    [0.57952064997614272, -0.8948804227620587, 0.38455100503532358],
]


@pytest.mark.parametrize("seed", [None, 42])
def test_xavier_is_r_s(seed):
    weights, biases = starting_weights([2, 3, 1], **({} if seed is None else {"seed": seed}))
    for found, expected in zip(weights, XAVIER, strict=True):
        np.testing.assert_allclose(found.ravel(), expected, rtol=ROUNDING)
    assert [w.shape for w in weights] == [(3, 2), (1, 3)]
    assert [b.tolist() for b in biases] == [[0.0] * 3, [0.0]]


# The limits for 2 inputs and 3 outputs, then 3 and 1; whether biases are drawn after the weights.
LIMITS = {
    "xavier": ([math.sqrt(6 / 5), math.sqrt(6 / 4)], False),
    "he": ([math.sqrt(6 / 2), math.sqrt(6 / 3)], False),
    "torch": ([1 / math.sqrt(2), 1 / math.sqrt(3)], True),
    "uniform": ([1.0, 1.0], True),
}


def test_all_inits_are_tested():
    assert [*INITS] == [*LIMITS]


@pytest.mark.parametrize("init", LIMITS)
def test_weights_are_drawn_row_by_row_then_biases(init):
    limits, biases_too = LIMITS[init]
    u = iter(RandomStream(7).uniform(13))
    weights, biases = starting_weights([2, 3, 1], init, seed=7)
    for w, b, limit in zip(weights, biases, limits, strict=True):
        for row in w:
            for value in row:
                assert value == pytest.approx(limit * (2 * next(u) - 1), rel=1e-14)
        for value in b:
            expected = limit * (2 * next(u) - 1) if biases_too else 0.0
            assert value == pytest.approx(expected, rel=1e-14)
    assert len([*u]) == (0 if biases_too else 4)


def test_a_network_starts_with_them():
    for init in INITS:
        network = Network([3, 4, 2], init=init, seed=5)
        weights, biases = starting_weights([3, 4, 2], init, 5)
        for found, expected in zip([*network.weights, *network.biases], [*weights, *biases]):
            np.testing.assert_array_equal(found, expected)


W = [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[7.0, 8.0, 9.0]]]
B = [[-1.0, -2.0, -3.0], [-4.0]]


def test_weights_and_biases_by_hand():
    network = Network([2, 3, 1], weights=W, biases=B)
    assert [w.tolist() for w in network.weights] == W
    assert [b.tolist() for b in network.biases] == B
    # All weights, layer by layer and row by row, then all biases.
    assert network.parameters.tolist() == [*range(1, 10), *range(-1, -5, -1)]
    assert network.n_weights == 9


def test_biases_are_0_beside_weights_by_hand():
    network = Network([2, 3, 1], weights=W, init="uniform")
    assert network.parameters.tolist() == [*range(1, 10), 0, 0, 0, 0]


def test_biases_by_hand_replace_the_drawn_ones():
    drawn, _ = starting_weights([2, 3, 1], "uniform", 3)
    network = Network([2, 3, 1], init="uniform", seed=3, biases=B)
    for found, expected in zip(network.weights, drawn, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert [b.tolist() for b in network.biases] == B


def test_weights_by_hand_are_copied():
    given = [np.array(w) for w in W]
    network = Network([2, 3, 1], weights=given)
    network.parameters[:] = 0.0
    np.testing.assert_array_equal(given[0], W[0])


def test_weights_and_biases_are_views_of_the_parameters():
    network = Network([2, 3, 1], weights=W, biases=B)
    for values in [*network.weights, *network.biases]:
        assert np.shares_memory(values, network.parameters)
    network.parameters[3] = 40.0
    network.parameters[-1] = 50.0
    assert network.weights[0][1, 1] == 40.0
    assert network.biases[1][0] == 50.0
    network.weights[1][0, 2] = 60.0
    assert network.parameters[8] == 60.0


def test_predict_is_the_last_activation():
    network = Network([2, 3, 2], ["relu", "softmax"])
    x = [[0.5, -1.0], [2.0, 3.0], [0.0, 0.0]]
    np.testing.assert_array_equal(network.predict(x), network.forward(x).a[-1])
    assert network.predict(x).shape == (3, 2)


def test_one_activation_is_for_every_layer_and_aliases_are_replaced():
    assert Network([2, 3, 1]).activations == ("sigmoid", "sigmoid")
    assert Network([2, 3, 1], "linear").activations == ("identity", "identity")
    assert Network([2, 3, 1], ["tanh", "logistic"]).activations == ("tanh", "sigmoid")
    assert Network((2.0, np.int64(3), 1)).layers == (2, 3, 1)


def test_repr():
    assert repr(Network([2, 3, 1], "tanh")) == "Network([2, 3, 1], ['tanh', 'tanh'])"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_trains_like_the_network_and_leaves_it_alone(duplicate):
    network = Network([2, 3, 1])
    before = network.parameters.copy()
    other = duplicate(network)
    run = other.train([[0, 1], [1, 0]], [[1], [0]], epochs=3)
    np.testing.assert_array_equal(network.parameters, before)
    np.testing.assert_array_equal(run.weights[0], other.weights[0])
    np.testing.assert_array_equal(other.predict([[0, 1], [1, 0]]), run.outputs)


def test_softmax_is_for_two_outputs_or_more():
    with pytest.raises(InputError) as caught:
        Network([2, 1], "softmax")
    assert str(caught.value) == (
        'activation "softmax" needs at least 2 outputs, got 1; use "sigmoid" for one output'
    )
    with pytest.raises(InputError) as caught:
        Network([2, 3, 2], "softmax")
    assert str(caught.value) == (
        'activation "softmax" is for the output layer only, got it in layer 2'
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (None, "forward must be what forward() returned, got null"),
        (
            Network([2, 3, 1]).forward([[1, 2]]),
            "forward must be of a network of layers 2-1, got 2-3-1",
        ),
    ],
)
def test_backward_refuses_another_forward(wrong, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        Network([2, 1]).backward(wrong, [[1]])


def test_update_refuses_other_gradients():
    network = Network([2, 1])
    before = network.parameters.copy()
    other = Network([3, 1])
    optimizer = Optimizer("adam")
    with pytest.raises(InputError, match="^grad_weights layer 2 row 1 must have 2 values, got 3$"):
        network.update(other.backward(other.forward([[1, 2, 3]]), [[1]]), optimizer)
    with pytest.raises(InputError, match="^backward must be what backward"):
        network.update(None, optimizer)
    assert optimizer.updates == 0
    np.testing.assert_array_equal(network.parameters, before)


def test_a_step_that_fails_moves_nothing():
    weights = [np.ones((2, 2)), [[1.0, -1.0], [1.0, 1.0]], np.ones((2, 2))]
    network = Network([2, 2, 2, 2], weights=weights)
    before = network.parameters.copy()
    with pytest.raises(DenominatorError, match="neuron 1 of layer 3") as caught:
        network.step(
            [[1, 2]],
            [[1, 0]],
            rule="proportional",
            update_order="output_first",
            optimizer=Optimizer(learning_rate=1e-9),
        )
    np.testing.assert_array_equal(network.parameters, before)
    assert caught.value.network is network
