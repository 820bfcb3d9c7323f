"""What a direct call may be given, and the words when it may not. Twins:
tests/testthat/test-checks.R, tests/js/checks.test.js."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from twinprop import InputError, Network, load_dataset, starting_weights
from twinprop.checks import describe


def message(call, *arguments, **settings):
    with pytest.raises(InputError) as caught:
        call(*arguments, **settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "true"),
        (np.bool_(False), "false"),
        (0, "0"),
        (-0.0, "-0"),
        (3.0, "3"),
        (0.1, "0.1"),
        (1 / 3, "0.333333333333333"),
        (1e15, "1e+15"),
        (123456789012345, "123456789012345"),
        (1e-7, "1e-07"),
        (1e308, "1e+308"),
        (10**400, "Inf"),
        (-(10**400), "-Inf"),
        (math.nan, "NaN"),
        (math.inf, "Inf"),
        (np.float64("-inf"), "-Inf"),
        (np.float32(0.5), "0.5"),
        (np.int64(7), "7"),
        (np.array(7.5), "7.5"),
        (Fraction(1, 4), "0.25"),
        ("", '""'),
        ("a b", '"a b"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("x" * 60, '"' + "x" * 60 + '"'),
        ("x" * 61, '"' + "x" * 60 + '..."'),
        # Cut first, so that no backslash is left alone at the end.
        ("x" * 59 + '"y', '"' + "x" * 59 + '\\"..."'),
        (np.str_("name"), '"name"'),
        ([], "a list of 0"),
        ([1, [2, 3]], "a list of 2"),
        ((1, 2, 3), "a list of 3"),
        (np.zeros((4, 2)), "a list of 4"),
        (range(5), "a list of 5"),
        ({}, "an object"),
        ({"a": 1}, "an object"),
        ({1, 2}, "a set"),
        (1j, "a complex"),
        (Decimal(1), "a Decimal"),
    ],
    ids=repr,
)
def test_describe(value, words):
    assert describe(value) == words


# Every way to give a matrix of the numbers 1, 2; 3, 4.
GOOD = [
    [[1, 2], [3, 4]],
    [[1.0, 2.0], [3.0, 4.0]],
    ((1, 2), (3, 4)),
    [np.array([1, 2]), (3, 4)],
    [[np.float32(1), Fraction(2)], [3, 4]],
    np.array([[1, 2], [3, 4]]),
    np.array([[1, 2], [3, 4]], dtype=np.uint8),
    np.array([[1, 2], [3, 4]], dtype=np.float32),
    np.array([[1, 2], [3, 4]], dtype=">f8"),
    np.array([[1, 2], [3, 4]], dtype=object),
    np.array([[1, 3], [2, 4]]).T,
    np.array([[1, 0, 2], [3, 0, 4]])[:, ::2],
    pd.DataFrame({"a": [1, 3], "b": [2.0, 4.0]}),
    pd.DataFrame({"a": [1, 3], "b": [2, 4]}, dtype="Int64", index=["r", "s"]),
]


@pytest.mark.parametrize("x", GOOD, ids=lambda x: type(x).__name__)
def test_matrices_that_are_taken(x):
    network = Network([2, 2])
    forward = network.forward(x)
    assert forward.a[0].dtype == np.float64
    np.testing.assert_array_equal(forward.a[0], [[1.0, 2.0], [3.0, 4.0]])
    assert network.mean_cost(x, x) == network.mean_cost([[1, 2], [3, 4]], [[1, 2], [3, 4]])
    assert network.train(x, x, epochs=1).updates == 2
    np.testing.assert_array_equal(Network([2, 2], weights=[x]).weights[0], [[1, 2], [3, 4]])


# What follows the argument's name; 2 columns are wanted.
BAD = [
    (None, " must be a list of rows, each a list of numbers, got null"),
    (3, " must be a list of rows, each a list of numbers, got 3"),
    (np.array(3.0), " must be a list of rows, each a list of numbers, got 3"),
    ("ab", ' must be a list of rows, each a list of numbers, got "ab"'),
    ({"a": [1]}, " must be a list of rows, each a list of numbers, got an object"),
    ([], " must have at least 1 row, got 0"),
    (np.empty((0, 2)), " must have at least 1 row, got 0"),
    ([1, 2], " row 1 must be a list of numbers, got 1"),
    (np.array([1.0, 2.0]), " row 1 must be a list of numbers, got 1"),
    (pd.Series([1.0, 2.0]), " row 1 must be a list of numbers, got 1"),
    ([[1, 2], None], " row 2 must be a list of numbers, got null"),
    (["ab"], ' row 1 must be a list of numbers, got "ab"'),
    ([[1, 2], [3]], " row 2 must have 2 values, got 1"),
    (np.ones((2, 3)), " row 1 must have 2 values, got 3"),
    (np.ones((1, 2, 2)), " row 1, column 1 must be a finite number, got a list of 2"),
    ([[1, 2], [3, math.nan]], " row 2, column 2 must be a finite number, got NaN"),
    (np.array([[1, -np.inf]]), " row 1, column 2 must be a finite number, got -Inf"),
    (
        np.array([[np.nan, 1]], dtype=np.float32),
        " row 1, column 1 must be a finite number, got NaN",
    ),
    ([[1, 10**400]], " row 1, column 2 must be a finite number, got Inf"),
    ([[1, "2"]], ' row 1, column 2 must be a finite number, got "2"'),
    (np.array([["1", "2"]]), ' row 1, column 1 must be a finite number, got "1"'),
    ([[None, 2]], " row 1, column 1 must be a finite number, got null"),
    # A bool is no number in a plan, so it is none in a list, an array or a DataFrame.
    ([[1, True]], " row 1, column 2 must be a finite number, got true"),
    (np.array([[False, True]]), " row 1, column 1 must be a finite number, got false"),
    (
        pd.DataFrame({"a": [1.0], "b": [True]}),
        " row 1, column 2 must be a finite number, got true",
    ),
    (pd.DataFrame({"a": [1], "b": ["x"]}), ' row 1, column 2 must be a finite number, got "x"'),
    ([[1j, 2]], " row 1, column 1 must be a finite number, got a complex"),
    (
        np.ma.masked_array([[1, 2]], mask=[[False, True]]),
        " row 1, column 2 must be a finite number, got NaN",
    ),
    (np.array([[1j, 2]]), " row 1, column 1 must be a finite number, got a complex128"),
]


@pytest.mark.parametrize(("given", "words"), BAD, ids=[words for _, words in BAD])
def test_matrices_that_are_refused(given, words):
    network = Network([2, 2])
    before = network.parameters.copy()
    good = [[1, 2]]
    forward = network.forward(good)
    for call in (network.forward, network.predict):
        assert message(call, given) == f"x{words}"
    for call in (network.step, network.train, network.mean_cost):
        assert message(call, given, good) == f"x{words}"
        assert message(call, good, given) == f"d{words}"
    assert message(network.backward, forward, given) == f"d{words}"
    np.testing.assert_array_equal(network.parameters, before)


def test_as_many_targets_as_inputs():
    network = Network([1, 1])
    words = "d must have as many rows as x (2), got 1"
    for call in (network.step, network.train, network.mean_cost):
        assert message(call, [[1], [2]], [[1]]) == words
    assert message(network.backward, network.forward([[1], [2]]), [[1]]) == words


ONE_MATRIX = "weights must have one matrix for each layer after the input (2), got "
ONE_LIST = "biases must have one list for each layer after the input (2), got "
NAMES = '"sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity", "softmax"'


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"layers": 3}, "layers must be a list of at least 2 integers >= 1, got 3"),
        ({"layers": "23"}, 'layers must be a list of at least 2 integers >= 1, got "23"'),
        ({"layers": [2]}, "layers must be a list of at least 2 integers >= 1, got a list of 1"),
        ({"layers": [2, 0]}, "layers entry 2 must be an integer >= 1, got 0"),
        ({"layers": [2.5, 1]}, "layers entry 1 must be an integer >= 1, got 2.5"),
        ({"layers": [2, True]}, "layers entry 2 must be an integer >= 1, got true"),
        ({"activations": None}, "activations must be a name or a list of names, got null"),
        ({"activations": "Tanh"}, f'activations entry 1 must be one of {NAMES}, got "Tanh"'),
        ({"activations": ["tanh", 1]}, f"activations entry 2 must be one of {NAMES}, got 1"),
        (
            {"activations": ["tanh"]},
            "activations must have one name for each layer after the input (2), got 1",
        ),
        ({"init": "zero"}, 'init must be one of "xavier", "he", "torch", "uniform", got "zero"'),
        ({"seed": 0.5}, "seed must be an integer from -2147483647 to 2147483647, got 0.5"),
        ({"weights": 1}, f"{ONE_MATRIX}1"),
        ({"weights": [[[1, 2]]]}, f"{ONE_MATRIX}1"),
        ({"weights": [[[1, 2]], [[1]]]}, "weights layer 2 must have 3 rows, got 1"),
        (
            {"weights": [np.ones((3, 2)), np.ones((1, 2))]},
            "weights layer 3 row 1 must have 3 values, got 2",
        ),
        (
            {"weights": [np.ones((3, 2)), [[1, 2, None]]]},
            "weights layer 3 row 1, column 3 must be a finite number, got null",
        ),
        ({"biases": {}}, f"{ONE_LIST}an object"),
        ({"biases": [[1, 2, 3]]}, f"{ONE_LIST}1"),
        ({"biases": [[1, 2], [3]]}, "biases layer 2 must have 3 values, got 2"),
        ({"biases": [[1, 2, 3], 4]}, "biases layer 3 must have 1 values, got 4"),
        (
            {"biases": [[1, 2, math.nan], [3]]},
            "biases layer 2 value 3 must be a finite number, got NaN",
        ),
    ],
    ids=str,
)
def test_networks_that_are_refused(settings, words):
    assert message(Network, **{"layers": [2, 3, 1], **settings}) == words
    if set(settings) <= {"layers", "init", "seed"}:
        assert message(starting_weights, **{"layers": [2, 3, 1], **settings}) == words


COSTS = '"half_mse", "half_sse", "mse", "cross_entropy"'
RULES = '"gradient", "transpose", "proportional", "proportional_abs"'
SNAPSHOTS = "snapshots must be a list of integers >= 1, each larger than the one before, got "
BATCH = "batch_size must be null or an integer from 1 to 2 (the number of rows), got "
TRAINING = [
    ({"cost": "sse"}, f'cost must be one of {COSTS}, got "sse"'),
    ({"cost": None}, f"cost must be one of {COSTS}, got null"),
    ({"rule": "chain"}, f'rule must be one of {RULES}, got "chain"'),
    ({"rule": ["gradient"]}, f"rule must be one of {RULES}, got a list of 1"),
    (
        {"update_order": "input_first"},
        'update_order must be one of "simultaneous", "output_first", got "input_first"',
    ),
    ({"epochs": -1}, "epochs must be an integer >= 0, got -1"),
    ({"epochs": True}, "epochs must be an integer >= 0, got true"),
    ({"epochs": None}, "epochs must be an integer >= 0, got null"),
    ({"shuffle": 1}, "shuffle must be true or false, got 1"),
    ({"seed": "1"}, 'seed must be an integer from -2147483647 to 2147483647, got "1"'),
    ({"batch_size": 0}, f"{BATCH}0"),
    ({"batch_size": 3}, f"{BATCH}3"),
    ({"batch_size": 1.5}, f"{BATCH}1.5"),
    ({"batch_size": "all"}, f'{BATCH}"all"'),
    ({"snapshots": None}, f"{SNAPSHOTS}null"),
    ({"snapshots": 3}, f"{SNAPSHOTS}3"),
    ({"snapshots": [0]}, f"{SNAPSHOTS}a list of 1"),
    ({"snapshots": [2, 2]}, f"{SNAPSHOTS}a list of 2"),
]


@pytest.mark.parametrize(("settings", "words"), TRAINING, ids=str)
def test_settings_that_are_refused(settings, words):
    network = Network([1, 1])
    x, d = [[0], [1]], [[0], [1]]
    assert message(network.train, x, d, **settings) == words
    if set(settings) <= {"cost", "rule", "update_order"}:
        assert message(network.step, x, d, **settings) == words
    if set(settings) <= {"cost", "rule"}:
        assert message(network.backward, network.forward(x), d, **settings) == words
    if "cost" in settings:
        assert message(network.mean_cost, x, d, **settings) == words


def test_settings_of_numpy_s_types_are_taken():
    network = Network(np.array([1, 1]), np.array(["tanh"]), seed=np.int32(3))
    run = network.train(
        [[0], [1]],
        [[0], [1]],
        epochs=np.int64(3),
        batch_size=np.float64(2),
        shuffle=np.True_,
        snapshots=np.array([1, 2]),
    )
    assert (run.updates, len(run.snapshots)) == (3, 2)


@pytest.mark.parametrize("weight_decay", [-1, math.nan, "1", None, True])
def test_weight_decay_of_the_mean_cost(weight_decay):
    words = f"weight_decay must be a finite number >= 0, got {describe(weight_decay)}"
    assert message(Network([1, 1]).mean_cost, [[1]], [[1]], weight_decay=weight_decay) == words


def test_a_data_set_is_asked_for_by_its_name():
    assert message(load_dataset, "mnist").startswith('dataset must be one of "xor", ')
