"""The gradient check: it passes what is right, and fires on what is not. Twins:
tests/testthat/test-gradcheck.R, tests/js/gradcheck.test.js."""

import itertools
import re
import subprocess
import sys

import numpy as np
import pytest

from twinprop import (
    ACTIVATIONS,
    RULES,
    DenominatorError,
    DivergenceError,
    GradientCheck,
    InputError,
    Network,
    TwinpropWarning,
    check_gradient,
    gradcheck,
)
from twinprop.costs import COSTS

WORST = 5
XOR_X = [[0, 0], [0, 1], [1, 0], [1, 1]]
XOR_D = [[0], [1], [1], [0]]
COLUMNS = [
    *("layer", "from", "to", "parameter", "backprop", "difference", "absolute", "relative"),
    *("kink", "passes"),
]
OUTPUTS = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity"]
SMOOTH = ["sigmoid", "tanh", "softplus", "identity"]

PAIRS = [
    *itertools.product(["half_mse", "half_sse", "mse"], OUTPUTS, [1, 2, 3]),
    *[("cross_entropy", "sigmoid", k) for k in (1, 2, 3)],
    *[("cross_entropy", "softmax", k) for k in (2, 3)],
]


def problem(output, k, hidden="tanh", seed=1):
    """A network 2-3-2-K with biases and five samples."""
    rng = np.random.default_rng(seed)
    network = Network([2, 3, 2, k], [hidden, hidden, output], init="uniform", seed=seed)
    x, d = rng.uniform(-1, 1, (5, 2)), rng.uniform(0.1, 0.9, (5, k))
    if output == "softmax":
        d /= d.sum(axis=1, keepdims=True)
    return network, x, d


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize(("cost", "output", "k"), PAIRS)
def test_passes_for_every_cost_and_output(cost, output, k, weight_decay):
    for hidden in OUTPUTS:
        network, x, d = problem(output, k, hidden)
        check = check_gradient(network, x, d, cost=cost, weight_decay=weight_decay)
        assert check.passes, f"{hidden}\n{check}"
        # The cases are checks, not exemptions.
        assert check.columns["kink"].sum() == 0
        assert check.warning is None


def test_the_numbers_by_hand():
    # C = (3 w + b - 1)^2 / 2 at w = 1, b = 0: dC/dw = 6, dC/db = 2; the penalty adds 0.1 w.
    network = Network([1, 1], "identity", weights=[[[1.0]]])
    check = check_gradient(network, [[3]], [[1]], weight_decay=0.1)
    table = check.table
    assert list(table.columns) == COLUMNS
    np.testing.assert_allclose(table["backprop"], [6.1, 2.0], rtol=1e-14)
    # rounding: 2^-52 of the cost 2 beside a step of 2^-19
    np.testing.assert_allclose(table["difference"], [6.1, 2.0], rtol=1e-9)
    np.testing.assert_array_equal(
        table["absolute"], np.abs(table["backprop"] - table["difference"])
    )
    assert table["from"].isna().tolist() == [False, True]
    assert table[["layer", "to", "parameter"]].to_numpy().tolist() == [
        [2, 1, "weight"],
        [2, 1, "bias"],
    ]
    assert check.passes
    assert (check.cosine, check.length_ratio) == pytest.approx((1.0, 1.0), abs=1e-9)


def test_the_rows_are_in_order():
    check = check_gradient(Network([2, 2, 1], "tanh"), XOR_X, XOR_D)
    rows = check.table[["layer", "from", "to", "parameter"]].astype(object)
    assert rows.where(rows.notna(), None).to_numpy().tolist() == [
        [2, 1, 1, "weight"],
        [2, 2, 1, "weight"],
        [2, 1, 2, "weight"],
        [2, 2, 2, "weight"],
        [2, None, 1, "bias"],
        [2, None, 2, "bias"],
        [3, 1, 1, "weight"],
        [3, 2, 1, "weight"],
        [3, None, 1, "bias"],
    ]


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("factor", [1.001, -1.0])
def test_fires_on_a_broken_derivative(name, factor, monkeypatch):
    right = ACTIVATIONS[name].derivative

    def wrong(z, a, out, arithmetic):
        right(z, a, out)
        out *= factor

    network, x, d = problem("sigmoid", 2, name)
    assert check_gradient(network, x, d).passes
    monkeypatch.setitem(ACTIVATIONS, name, ACTIVATIONS[name]._replace(derivative=wrong))
    check = check_gradient(network, x, d)
    assert not check.passes
    assert check.verdict.startswith("FAILS: ")
    if name != "sigmoid":
        # what is behind the broken derivative is right
        failing = check.table[~check.table["passes"]]
        assert set(failing["layer"]) == ({3} if factor == -1.0 else {2, 3})  # -1 twice is 1


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_fires_on_a_broken_derivative_with_a_kink(name, monkeypatch):
    network, x, d = problem("identity", 2, name)
    wrong = ACTIVATIONS[name]._replace(derivative=lambda z, a, out, arithmetic: out.fill(1.0))
    monkeypatch.setitem(ACTIVATIONS, name, wrong)
    assert not check_gradient(network, x, d).passes


def test_fires_on_a_broken_rule(monkeypatch):
    network, x, d = problem("sigmoid", 2)

    def wrong(weights, e, g, layer, out, arithmetic):
        np.dot(g, weights, out=out)
        out[-1] = 0.0  # a forgotten sample

    monkeypatch.setitem(RULES, "gradient", wrong)
    check = check_gradient(network, x, d)
    assert not check.passes
    assert check.warning is None
    assert set(check.table[~check.table["passes"]]["layer"]) == {2, 3}
    assert not check.worst["passes"].any()
    assert check.worst["relative"].tolist() == sorted(check.table["relative"])[: -WORST - 1 : -1]


def test_fires_on_a_broken_scale(monkeypatch):
    network, x, d = problem("sigmoid", 2)
    monkeypatch.setitem(COSTS, "mse", COSTS["mse"]._replace(scale=lambda k: 1.0 / k))
    check = check_gradient(network, x, d, cost="mse")
    assert not check.table["passes"].any()
    assert (check.cosine, check.length_ratio) == pytest.approx((1.0, 0.5), abs=1e-9)


def test_fires_on_one_wrong_weight(monkeypatch):
    network, x, d = problem("sigmoid", 2)
    right = network.backward

    def wrong(*given, **named):
        backward = right(*given, **named)
        backward.grad_weights[1][1, 2] += 1e-4
        return backward

    monkeypatch.setattr(network, "backward", wrong)
    check = check_gradient(network, x, d)
    failing = check.table[~check.table["passes"]]
    assert failing[["layer", "from", "to"]].to_numpy().tolist() == [[3, 3, 2]]
    assert check.verdict.startswith(
        "FAILS: 1 of 23 weights and biases differ, the most the weight from neuron 3 of layer 2 "
        "to neuron 2 of layer 3 (relative error "
    )
    assert check.worst.iloc[0]["to"] == 2
    assert check.worst["passes"].tolist() == [False, True, True, True, True]


def test_a_gradient_that_is_no_number_fails(monkeypatch):
    network, x, d = problem("sigmoid", 2)
    right = network.backward

    def wrong(*given, **named):
        backward = right(*given, **named)
        backward.grad_biases[0][1] = np.nan
        return backward

    monkeypatch.setattr(network, "backward", wrong)
    check = check_gradient(network, x, d)
    assert not check.passes
    assert check.verdict == (
        "FAILS: 1 of 23 weights and biases differ, the most the bias of neuron 2 of layer 2 "
        "(relative error Inf)."
    )
    assert "NaN" in str(check)


@pytest.mark.parametrize("rule", ["transpose", "proportional", "proportional_abs"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.2])
def test_another_rule_fails_and_says_by_how_much(rule, weight_decay):
    network, x, d = problem("sigmoid", 2, "sigmoid")
    with pytest.warns(TwinpropWarning) as caught:
        check = check_gradient(network, x, d, rule=rule, weight_decay=weight_decay)
    assert caught[0].filename == __file__
    assert not check.passes

    def gradient(by):
        backward = network.backward(network.forward(x), d, rule=by)
        parts = [
            g + weight_decay * w
            for g, w in zip(backward.grad_weights, network.weights, strict=True)
        ]
        return np.concatenate([v.ravel() for v in [*parts, *backward.grad_biases]])

    p, q = gradient(rule), gradient("gradient")
    cosine = p @ q / np.sqrt(p @ p) / np.sqrt(q @ q)
    ratio = np.sqrt(p @ p) / np.sqrt(q @ q)
    assert (check.cosine, check.length_ratio) == pytest.approx((cosine, ratio), abs=1e-8)
    table = check.table
    size = table[["backprop", "difference"]].abs().max(axis=1)
    large = size > 1e-3  # above any floor
    assert large.sum() > 8
    np.testing.assert_allclose(table["relative"][large], (table["absolute"] / size)[large])
    assert check.largest_relative == table["relative"].max() > 0.1
    assert str(caught[0].message) == check.warning
    assert check.warning == (
        f'rule "{rule}" is not the gradient, so it is not expected to pass: the largest relative '
        f"error is {check.largest_relative:.2e}; of the whole gradient the cosine is {cosine:.3f} "
        f"and the length ratio {ratio:.2e}"
    )
    # The output layer has the same error by every rule.
    passing = check.table[check.table["passes"]]
    assert set(passing["layer"]) == {4}
    assert len(passing) == 6


def test_another_rule_passes_where_it_is_the_gradient():
    # pytest turns a warning into an error
    assert check_gradient(Network([2, 1]), XOR_X, XOR_D, rule="proportional").passes
    identity = Network([2, 3, 1], "identity")
    assert check_gradient(identity, XOR_X, XOR_D, rule="transpose").passes


class TestKinks:
    def test_a_net_input_of_zero(self):
        # z = (0, 0.5) in the hidden layer: the weights and the bias of its first neuron kink.
        network = Network(
            [1, 2, 1],
            ["relu", "identity"],
            weights=[[[1.0], [0.5]], [[1.0, 1.0]]],
            biases=[[-1.0, 0.0], [0.0]],
        )
        check = check_gradient(network, [[1.0]], [[3.0]])
        table = check.table
        assert table["kink"].tolist() == [True, False, True, False, False, False, False]
        assert table["passes"].isna().tolist() == table["kink"].tolist()
        assert not (check.columns["passes"] & check.columns["kink"]).any()
        # the derivative at 0 is 0, the difference is half of the other slope, e = -2.5
        assert table["backprop"][0] == 0.0
        assert table["difference"][0] == pytest.approx(-1.25, rel=1e-4)
        assert check.cosine == pytest.approx(1.0, abs=1e-9)  # without the kinks
        assert check.passes
        assert check.verdict == (
            "PASSES: backpropagation and central differences agree in all 5 weights and biases "
            "(relative errors up to 1e-06). 2 at a kink left out."
        )
        assert check.worst["kink"].tolist() == [False] * 5

    @pytest.mark.parametrize("name", ["relu", "leaky_relu"])
    @pytest.mark.parametrize(
        ("bias", "kink"), [(0.0, True), (0.5, True), (-0.5, True), (1.5, False), (-1.5, False)]
    )
    def test_only_within_the_step(self, name, bias, kink):
        network = Network([1, 1], name, weights=[[[1.0]]], biases=[[bias * gradcheck.STEP]])
        check = check_gradient(network, [[0.0]], [[1.0]])
        assert check.table["kink"].tolist() == [False, kink]

    def test_in_a_later_layer_and_for_one_sample_of_many(self):
        # z[3] = tanh(x): 0 for the sample x = 0 only; the bias into layer 2 moves it.
        network = Network([1, 1, 1], ["tanh", "relu"], weights=[[[1.0]], [[1.0]]])
        check = check_gradient(network, [[0.5], [0.0], [-0.7]], [[1.0], [1.0], [1.0]])
        assert check.table["kink"].tolist() == [False, True, False, True]

    @pytest.mark.parametrize("name", SMOOTH)
    def test_smooth_activations_have_none(self, name):
        network = Network([2, 2, 1], name, weights=[np.zeros((2, 2)), np.zeros((1, 2))])
        check = check_gradient(network, XOR_X, XOR_D)
        assert not check.columns["kink"].any()
        assert check.passes

    def test_nothing_left_to_judge(self):
        network = Network([1, 1], "relu", weights=[[[1.0]]], biases=[[-1.0]])
        check = check_gradient(network, [[1.0]], [[3.0]])
        assert not check.passes
        assert check.verdict == "NOT CHECKED: all 2 weights and biases are at a kink."
        assert check.largest_relative == 0.0
        assert np.isnan(check.cosine)
        assert "None fails; the first 2 of 2:" in str(check)


class TestSteps:
    @pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1e3, 1e5])
    @pytest.mark.parametrize("output", OUTPUTS)
    def test_inputs_of_any_size(self, scale, output):
        network, x, d = problem(output, 2, "tanh")
        assert check_gradient(network, scale * x, d).passes

    @pytest.mark.parametrize("scale", [1e-3, 30.0, 1e3, 1e6])
    def test_targets_and_weights_of_any_size(self, scale):
        network, x, d = problem("identity", 2, "softplus")
        assert check_gradient(network, x, scale * d).passes
        network.parameters *= scale
        assert check_gradient(network, x, d).passes

    def test_unscaled_inputs_do_not_hide_a_wrong_factor(self, monkeypatch):
        network, x, d = problem("sigmoid", 2, "softplus")
        right = network.backward

        def wrong(*given, **named):
            backward = right(*given, **named)
            for g in backward.grad_weights:
                g *= 1.001
            return backward

        monkeypatch.setattr(network, "backward", wrong)
        check = check_gradient(network, 100 * x, d)
        assert not check.passes
        # less than 1e-3 where the floor is the larger
        assert 1e-4 < check.largest_relative < 1.01e-3

    def test_outputs_larger_than_their_errors(self):
        # a - d rounds to 1e-8, beside costs of 1e-4.
        network = Network([1, 1], "identity", weights=[[[0.9]]], biases=[[1e8]])
        x = np.array([[0.3], [-0.6]])
        check = check_gradient(network, x, network.predict(x) - [[0.01], [-0.01]])
        assert check.passes, str(check)

    def test_a_huge_weight_still_moves(self):
        # Its neighbour holds z at 0, so that the step cannot be as large as the weight asks.
        network = Network([2, 1], "identity", weights=[[[2.0**40, -(2.0**40)]]])
        check = check_gradient(network, [[1.0, 1.0]], [[1.0]])
        assert np.isfinite(check.columns["difference"]).all()
        assert check.passes

    def test_the_step_fits_the_net_inputs(self):
        h = gradcheck.STEP
        z = np.array([[0.5]])

        def fitting(move, value=1.0):
            return gradcheck.fitting_step(h, value, [z - move], [z + move], [z])

        assert fitting(h) == h
        assert fitting(h * (1 + 1e-9)) == h
        assert fitting(1.5 * h) == h / 2
        assert fitting(2 * h) == h / 2
        assert fitting(2.1 * h) == h / 4
        assert fitting(2.0**20 * h) == gradcheck.SMALLEST_STEP
        assert fitting(np.nan) == h
        # beside a net input of 8, eight times the move
        assert gradcheck.fitting_step(h, 1.0, [z * 16 - 8 * h], [z * 16 + 8 * h], [z * 16]) == h

    def test_the_first_step_is_relative_above_one(self):
        step = gradcheck.STEP
        assert [gradcheck.first_step(w) for w in (0.0, 0.1, -1.0, 3.0, -4.0)] == [
            step,
            step,
            step,
            2 * step,
            4 * step,
        ]


def test_what_rounds_is_not_called_wrong():
    # At a minimum the gradient is nothing but rounding.
    network = Network([1, 1], "sigmoid", weights=[[[0.3]]], biases=[[0.2]])
    x = [[0.7], [0.7]]
    a = network.predict(x)[0, 0]
    for gap in (0.0, 1e-12, 1e-3, 0.1):  # two samples whose errors cancel
        check = check_gradient(network, x, [[a - gap], [a + gap]])
        assert check.passes, str(check)


def test_random_networks_pass():
    rng = np.random.default_rng(7)
    for seed in range(80):
        layers = rng.integers(1, 6, rng.integers(2, 5)).tolist()
        activations = rng.choice(OUTPUTS, len(layers) - 1).tolist()
        network = Network(layers, activations, init="uniform", seed=seed)
        network.parameters *= 10.0 ** rng.uniform(-2, 1)
        rows = rng.integers(1, 6)
        x = rng.normal(size=(rows, layers[0])) * 10.0 ** rng.uniform(-2, 3)
        d = rng.normal(size=(rows, layers[-1])) * 10.0 ** rng.uniform(-2, 3)
        check = check_gradient(network, x, d, weight_decay=float(rng.choice([0.0, 0.1])))
        assert check.passes, f"{seed}: {check}"


class TestTheNetworkIsUnchanged:
    def test_after_a_check(self):
        network, x, d = problem("sigmoid", 2)
        before, views = network.parameters.copy(), network.weights
        first = check_gradient(network, x, d)
        np.testing.assert_array_equal(network.parameters, before)
        assert network.weights is views
        assert np.shares_memory(network.weights[0], network.parameters)
        again = check_gradient(network, x, d)
        for name in COLUMNS:
            np.testing.assert_array_equal(first.columns[name], again.columns[name])

    def test_after_an_error(self, monkeypatch):
        network, x, d = problem("sigmoid", 2)
        before = network.parameters.copy()
        calls = itertools.count()

        def stops(z, out, *arithmetic):
            if next(calls) == 30:
                raise KeyboardInterrupt
            return np.tanh(z, out=out)

        monkeypatch.setitem(ACTIVATIONS, "tanh", ACTIVATIONS["tanh"]._replace(value=stops))
        with pytest.raises(KeyboardInterrupt):
            check_gradient(network, x, d)
        np.testing.assert_array_equal(network.parameters, before)

    def test_it_is_the_weights_alone_that_count(self):
        network, x, d = problem("sigmoid", 2)
        start = network.parameters.copy()
        first = check_gradient(network, x, d)
        network.train(x, d, epochs=3)
        trained = check_gradient(network, x, d)
        assert not np.array_equal(trained.columns["backprop"], first.columns["backprop"])
        network.parameters[:] = start
        again = check_gradient(network, x, d)
        np.testing.assert_array_equal(again.columns["difference"], first.columns["difference"])


def test_a_vanishing_denominator():
    network = Network([2, 2, 1], weights=[np.ones((2, 2)), [[1.0, -1.0]]])
    with pytest.raises(DenominatorError, match="the weights into neuron 1 of layer 3 sum to 0"):
        check_gradient(network, XOR_X, XOR_D, rule="proportional")


@pytest.mark.parametrize("weight", [np.nan, 1e300])
def test_a_cost_that_is_no_number(weight):
    network = Network([2, 1], "identity")
    network.parameters[0] = weight
    words = "the cost is NaN or Inf at these weights: standardise the inputs or use smaller weights"
    with pytest.raises(DivergenceError, match=f"^{words}$") as caught:
        check_gradient(network, XOR_X, XOR_D)
    assert caught.value.network is network


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"network": 3}, "network must be a Network, got 3"),
        ({"cost": "sse"}, 'cost must be one of "half_mse", "half_sse", "mse", "cross_entropy", '
            'got "sse"'),
        ({"rule": "hebb"}, 'rule must be one of "gradient", "transpose", "proportional", '
            '"proportional_abs", got "hebb"'),
        ({"weight_decay": -1}, "weight_decay must be a finite number >= 0, got -1"),
        ({"x": [[1, 2, 3]]}, "x row 1 must have 2 values, got 3"),
        ({"d": [[1]]}, "d must have as many rows as x (4), got 1"),
        ({"d": [[2], [0], [0], [0]], "cost": "cross_entropy"},
            'd row 1, column 1 must be from 0 to 1 for cost "cross_entropy", got 2'),
        ({"network": Network([2, 1], "tanh"), "cost": "cross_entropy"},
            'cost "cross_entropy" needs "sigmoid" or "softmax" in the output layer, got "tanh"'),
    ],
)  # fmt: skip
def test_input_errors(given, message):
    settings = {"network": Network([2, 1]), "x": XOR_X, "d": XOR_D, **given}
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        check_gradient(settings.pop("network"), settings.pop("x"), settings.pop("d"), **settings)


def test_the_print():
    network = Network([1, 1], "identity", weights=[[[1.0]]])
    check = check_gradient(network, [[3]], [[1]], weight_decay=0.1)
    assert isinstance(check, GradientCheck)
    assert str(check) == repr(check) == check.text
    assert check.text.splitlines() == [
        "Gradient check of a 1-1 network (identity), cost half_mse, rule gradient, "
        "weight decay 0.1",
        "PASSES: backpropagation and central differences agree in all 2 weights and biases "
        "(relative errors up to 1e-06).",
        "",
        "None fails; the first 2 of 2:",
        "layer  from    to  parameter     backprop   difference   relative  kink  passes",
        "    2     1     1  weight      6.1000e+00   6.1000e+00   <= 1e-06  no    yes",
        "    2     -     1  bias        2.0000e+00   2.0000e+00   <= 1e-06  no    yes",
    ]


def test_printing_does_not_need_pandas():
    code = (
        "import sys, twinprop as t; c = t.check_gradient(t.Network([2, 1]), [[0, 1]], [[1]]); "
        "str(c); print('pandas' in sys.modules); c.table; print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
