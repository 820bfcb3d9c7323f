"""The rules compared: the oracle's cases, numbers by hand, and what stops a training. Twins:
tests/testthat/test-compare_rules.R, tests/js/compare_rules.test.js."""

import itertools
import math
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest

from rules_conformance import assert_tables, rules_cases
from twinprop import (
    ACTIVATIONS,
    RULES,
    DivergenceError,
    InputError,
    Network,
    Optimizer,
    RuleComparison,
    compare_rules,
)

CASES = rules_cases()
XOR_X = [[0, 0], [0, 1], [1, 0], [1, 1]]
XOR_D = [[0], [1], [1], [0]]
# Central differences of a cost of about 0.1 with a step of 1e-5: 1e-10 of cutting off and rounding.
DIFFERENCES = 1e-8


def replay(case):
    """Compare as a case says."""
    network, training = case["plan"]["network"], dict(case["plan"]["training"])
    optimizer = Optimizer(**training.pop("optimizer", {}))
    how = {key: case[key] for key in ("rules", "along", "every") if key in case}
    data = case["plan"]["data"]
    return compare_rules(
        Network(**network), data["x"], data["d"], optimizer=optimizer, **training, **how
    )


def test_there_are_cases():
    assert len(CASES) > 20


@pytest.mark.parametrize("name", CASES)
def test_case(name):
    found = replay(CASES[name])
    assert_tables(found.columns, CASES[name]["expected"], name)


@pytest.mark.parametrize("name", CASES)
def test_the_frames_are_the_columns(name):
    found = replay(CASES[name])
    for table, columns in found.columns.items():
        frame = getattr(found, table)
        assert list(frame.columns) == list(columns)
        values = frame.astype(object).where(frame.notna(), None).to_dict("list")
        assert values == {
            key: [None if value is None or value != value else value for value in column]
            for key, column in columns.items()
        }


# By hand: 1-2-1, identity, x = 1, d = 1, W[2] = (1, 2)', W[3] = (3, 1), no biases.
# a[2] = (1, 2), a[3] = 5, e[3] = 4 = delta[3]; grad W[3] = (4, 8), grad b[3] = 4.
# gradient and transpose: e[2] = (12, 4);  proportional: e[2] = 4 (3/4, 1/4) = (3, 1).
# grad W[2] = grad b[2] = e[2]: of proportional the cosine is 1 and the length ratio 1/4.
# eta = 1/16. The step by gradient: W[2] = (1/4, 7/4), b[2] = (-3/4, -1/4), W[3] = (11/4, 1/2),
# b[3] = -1/4; a[2] = (-1/2, 3/2), a[3] = -11/8 + 3/4 - 1/4 = -7/8, C = (15/8)^2 / 2 = 225/128
# from 8: change = -799/128. The step by proportional: W[2] = (13/16, 31/16), b[2] = (-3/16, -1/16),
# a[2] = (10/16, 30/16), a[3] = 110/64 + 60/64 - 16/64 = 154/64, C = (90/64)^2 / 2 = 2025/2048:
# change = -14359/2048.
def by_hand(**how):
    network = Network([1, 2, 1], "identity", weights=[[[1], [2]], [[3, 1]]])
    optimizer = Optimizer("sgd", learning_rate=1 / 16)
    return compare_rules(network, [[1]], [[1]], optimizer=optimizer, epochs=0, **how)


def test_the_numbers_by_hand():
    found = by_hand(rules=["gradient", "proportional"])
    np.testing.assert_allclose(found.table["cosine"], 1.0, rtol=1e-15)
    np.testing.assert_allclose(found.table["length_ratio"], [1, 1, 0.25, 1], rtol=1e-15)
    np.testing.assert_allclose(found.steps["change"], [-799 / 128, -14359 / 2048], rtol=1e-15)
    assert found.steps["lowers_cost"].tolist() == [True, True]
    assert found.costs["cost"].tolist() == [8.0, 8.0]
    assert math.isnan(found.steps["smallest_denominator"][0])
    assert found.steps["smallest_denominator"][1] == 1.0


# W[3] = (3, -1): D = 2, sum of sizes 4. e[2] = e (3/2, -1/2) and W[3]' e = e (3, -1): cosine 1.
# W[3] = (1, -3): D = -2, e[2] = e (-1/2, 3/2), against the gradient.
@pytest.mark.parametrize(("weights", "cosine"), [([3, -1], 1.0), ([1, -3], -1.0)])
def test_a_negative_denominator_turns_the_sign(weights, cosine):
    network = Network([1, 2, 1], "identity", weights=[[[1], [2]], [weights]])
    found = compare_rules(network, [[1]], [[5]], rules="proportional", epochs=0)
    assert found.table["cosine"][0] == pytest.approx(cosine, abs=1e-15)
    assert found.steps["smallest_denominator"].tolist() == [0.5]
    found = compare_rules(network, [[1]], [[5]], rules="proportional_abs", epochs=0)
    assert found.table["cosine"][0] == pytest.approx(1.0, abs=1e-15)
    assert found.steps["smallest_denominator"].tolist() == [1.0]


@pytest.mark.parametrize("weight_decay", [0.0, 0.2])
@pytest.mark.parametrize("rule", RULES)
def test_the_cosine_is_that_to_the_differences_of_the_cost(rule, weight_decay):
    network = Network([2, 3, 2, 1], "tanh", init="uniform", seed=4)
    optimizer = Optimizer("sgd", weight_decay=weight_decay)
    found = compare_rules(network, XOR_X, XOR_D, rules=rule, optimizer=optimizer, epochs=0)
    backward = network.backward(network.forward(XOR_X), XOR_D, rule=rule)
    h = 1e-5
    for i, row in found.table.iterrows():
        parts = [network.weights[i], network.biases[i]]
        exact = []
        for values in (part.reshape(-1) for part in parts):
            for k in range(values.size):
                costs = []
                for sign in (1, -1):
                    values[k] += sign * h
                    costs.append(network.mean_cost(XOR_X, XOR_D, weight_decay=weight_decay))
                    values[k] -= sign * h
                exact.append((costs[0] - costs[1]) / (2 * h))
        penalised = backward.grad_weights[i] + weight_decay * network.weights[i]
        mine = np.concatenate([penalised.ravel(), backward.grad_biases[i]])
        lengths = np.sqrt(mine @ mine), np.sqrt(exact @ np.array(exact))
        assert row["cosine"] == pytest.approx(mine @ exact / math.prod(lengths), abs=DIFFERENCES)
        assert row["length_ratio"] == pytest.approx(lengths[0] / lengths[1], rel=1e-6)


def test_the_step_is_that_of_sgd_over_all_samples():
    network = Network([2, 3, 1], "tanh", init="uniform", seed=4)
    optimizer = Optimizer("adam", learning_rate=0.3, weight_decay=0.1)
    found = compare_rules(network, XOR_X, XOR_D, optimizer=optimizer, epochs=0)
    for rule, change in zip(found.steps["rule"], found.steps["change"]):
        moved = Network(network.layers, "tanh", weights=network.weights, biases=network.biases)
        before = moved.mean_cost(XOR_X, XOR_D, weight_decay=0.1)
        sgd = Optimizer("sgd", learning_rate=0.3, weight_decay=0.1)
        moved.step(XOR_X, XOR_D, rule=rule, optimizer=sgd)
        after = moved.mean_cost(XOR_X, XOR_D, weight_decay=0.1)
        assert change == pytest.approx(after - before, rel=1e-12)


@pytest.mark.parametrize("settings", [
    {},
    {"batch_size": 3, "shuffle": True, "seed": 3},
    {"update_order": "output_first", "cost": "half_sse"},
    {"optimizer": Optimizer("momentum", learning_rate=0.1)},
])  # fmt: skip
def test_each_rule_trains_as_train_does(settings):
    network = Network([2, 3, 1], "tanh", seed=2)
    found = compare_rules(network, XOR_X, XOR_D, epochs=7, every=3, **settings)
    for rule, costs in found.costs.groupby("rule"):
        assert costs["epoch"].tolist() == [0, 3, 6, 7]
        for epoch, cost in zip(costs["epoch"], costs["cost"]):
            copy = Network([2, 3, 1], "tanh", seed=2)
            given = {**settings}
            if "optimizer" in given:
                given["optimizer"] = Optimizer(**given["optimizer"].settings)
            run = copy.train(XOR_X, XOR_D, rule=rule, epochs=epoch, **given)
            assert cost == run.final_cost


def test_what_is_given_is_left_as_it_is():
    network = Network([2, 3, 1])
    optimizer = Optimizer("adam")
    network.train(XOR_X, XOR_D, optimizer=optimizer, epochs=3)
    before, views = network.parameters.copy(), network.weights
    first = compare_rules(network, XOR_X, XOR_D, optimizer=optimizer, epochs=5)
    np.testing.assert_array_equal(network.parameters, before)
    assert network.weights is views
    assert optimizer.updates == 12
    # an optimiser's memory is not taken over
    fresh = compare_rules(network, XOR_X, XOR_D, optimizer="adam", epochs=5)
    assert fresh.columns["costs"] == first.columns["costs"]


def test_along_is_another_rules_weights():
    network = Network([2, 3, 1], "tanh", init="uniform", seed=6)
    how = {"epochs": 4, "every": 2}
    found = compare_rules(network, XOR_X, XOR_D, along="transpose", **how)
    own = compare_rules(network, XOR_X, XOR_D, **how)
    assert found.columns["costs"] == own.columns["costs"]
    of_transpose = [t.table[t.table["rule"] == "transpose"] for t in (found, own)]
    assert of_transpose[0].equals(of_transpose[1])
    assert not found.table.equals(own.table)
    moved = Network([2, 3, 1], "tanh", init="uniform", seed=6)
    moved.train(XOR_X, XOR_D, rule="transpose", epochs=4)
    there = compare_rules(moved, XOR_X, XOR_D, epochs=0)
    last = found.table[found.table["epoch"] == 4]
    assert last["cosine"].tolist() == there.table["cosine"].tolist()


@pytest.mark.parametrize(
    ("epochs", "every", "points"),
    [
        (0, None, [0]),
        (3, None, [0, 1, 2, 3]),
        (50, None, [*range(51)]),
        (51, None, [*range(0, 51, 2), 51]),
        (100, None, [*range(0, 101, 2)]),
        (5, 2, [0, 2, 4, 5]),
        (5, 9, [0, 5]),
    ],
)
def test_the_points(epochs, every, points):
    network = Network([2, 2, 1])
    found = compare_rules(network, XOR_X, XOR_D, rules="gradient", epochs=epochs, every=every)
    for frame in (found.steps, found.costs):
        assert frame["epoch"].tolist() == points
    assert found.table["epoch"].tolist() == [epoch for epoch in points for _ in (2, 3)]


class TestStops:
    def test_at_a_vanishing_denominator(self):
        network = Network([2, 2, 1], weights=[np.ones((2, 2)), [[1.0, -1.0]]])
        found = compare_rules(network, XOR_X, XOR_D, rules=["proportional"], epochs=3)
        message = (
            'rule "proportional": the weights into neuron 1 of layer 3 sum to 0 or nearly 0, so '
            'its error cannot be shared out; try rule "proportional_abs" or other starting weights'
        )
        (row,) = found.summary.to_dict("records")
        assert (row["epochs"], row["stopped"]) == (0, message)
        assert found.steps["smallest_denominator"].tolist() == [0.0]
        assert found.table["cosine"].isna().all()
        assert found.steps["lowers_cost"].isna().all()
        assert found.text.splitlines()[-1] == f"proportional stopped after epoch 0: {message}"
        assert " 0 of 0 " in found.text

    def test_at_a_cost_that_is_not_finite(self):
        network = Network([2, 3, 1], "identity")
        optimizer = Optimizer("sgd", learning_rate=50)
        found = compare_rules(network, XOR_X, XOR_D, epochs=30, every=30, optimizer=optimizer)
        for row in found.summary.to_dict("records"):
            epoch = int(re.search(r"Inf in epoch (\d+);", row["stopped"])[1])
            assert row["epochs"] == epoch - 1
            mine = found.costs[found.costs["rule"] == row["rule"]]
            assert mine["epoch"].iloc[-1] <= epoch - 1
            assert np.isfinite(mine["cost"]).all()

    def test_at_a_point_whose_cost_is_not_finite(self):
        # One sample: the cost of an epoch is that before its update, at most 1e300 here.
        network = Network([1, 1], "identity", weights=[[[1.0]]])
        optimizer = Optimizer("sgd", learning_rate=1e60)
        how = {"rules": "gradient", "epochs": 9, "optimizer": optimizer}
        found = compare_rules(network, [[1.0]], [[0.0]], every=1, **how)
        (row,) = found.summary.to_dict("records")
        assert found.costs["epoch"].tolist() == [*range(row["epochs"] + 1)]
        assert f"in epoch {row['epochs'] + 1};" in row["stopped"]
        assert found.steps["change"].iloc[-1] == math.inf
        assert not found.steps["lowers_cost"].any()

    def test_before_training(self):
        network = Network([2, 1], "identity")
        network.parameters[0] = 1e300
        with pytest.raises(DivergenceError, match="the cost is NaN or Inf before training"):
            compare_rules(network, XOR_X, XOR_D)


class TestInterrupts:
    def interrupted(self, monkeypatch, call, **how):
        """Compare, interrupted at that call of the hidden layer's activation."""
        calls = itertools.count(1)

        def stops(z, out, *arithmetic):
            if next(calls) == call:
                raise KeyboardInterrupt
            return np.tanh(z, out=out)

        monkeypatch.setitem(ACTIVATIONS, "tanh", ACTIVATIONS["tanh"]._replace(value=stops))
        network = Network([2, 3, 1], ["tanh", "sigmoid"])
        return compare_rules(network, XOR_X, XOR_D, epochs=3, every=1, **how)

    def calls(self, monkeypatch, **how):
        with monkeypatch.context() as patch:
            count = itertools.count()

            def counts(z, out, *arithmetic):
                next(count)
                return np.tanh(z, out=out)

            patch.setitem(ACTIVATIONS, "tanh", ACTIVATIONS["tanh"]._replace(value=counts))
            network = Network([2, 3, 1], ["tanh", "sigmoid"])
            whole = compare_rules(network, XOR_X, XOR_D, epochs=3, every=1, **how)
            return next(count), whole

    @pytest.mark.parametrize("along", ["own", "gradient"])
    def test_it_keeps_what_is_there_wherever_it_is(self, along, monkeypatch):
        rules = ["gradient", "transpose"]
        count, whole = self.calls(monkeypatch, rules=rules, along=along)
        seen = set()
        for call in range(1, count + 1):
            with warnings.catch_warnings(record=True) as caught, monkeypatch.context() as patch:
                warnings.simplefilter("always")
                try:
                    found = self.interrupted(patch, call, rules=rules, along=along)
                except KeyboardInterrupt:
                    assert not caught
                    seen.add("raised")
                    continue
            (warning,) = caught
            assert warning.filename == __file__
            name = re.fullmatch(
                r'comparison interrupted in the training by rule "(\w+)"; the result keeps what '
                r"was measured until then",
                str(warning.message),
            )[1]
            seen.add(name)
            for table in ("table", "steps", "costs"):
                rows, all_rows = (
                    list(zip(*f.columns[table].values(), strict=True)) for f in (found, whole)
                )
                assert [row for row in all_rows if row in rows] == rows
            assert found.text.startswith("Rules compared")
        assert seen == {"raised", *rules}


def test_a_step_that_changes_nothing_but_rounding_does_not_lower_the_cost():
    # a perfect fit but for the last bit of the outputs
    network = Network([1, 1], "identity", weights=[[[0.1]]], biases=[[0.2]])
    x = [[0.3], [0.7]]
    d = np.nextafter(network.predict(x), 1.0)
    found = compare_rules(network, x, d, rules="gradient", epochs=0)
    assert found.steps["change"][0] <= 0.0
    assert not found.steps["lowers_cost"][0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"network": 3}, "network must be a Network, got 3"),
        ({"rules": []}, "rules must be a name or a list of names, got a list of 0"),
        ({"rules": 3}, "rules must be a name or a list of names, got 3"),
        ({"rules": ["gradient", "hebb"]}, 'rules entry 2 must be one of "gradient", "transpose", '
            '"proportional", "proportional_abs", got "hebb"'),
        ({"rules": "hebb"}, 'rules entry 1 must be one of "gradient", "transpose", '
            '"proportional", "proportional_abs", got "hebb"'),
        ({"rules": ["transpose", "gradient", "transpose"]},
            'rules must name each rule once, got "transpose" twice'),
        ({"cost": "sse"}, 'cost must be one of "half_mse", "half_sse", "mse", "cross_entropy", '
            'got "sse"'),
        ({"update_order": "x"}, 'update_order must be one of "simultaneous", "output_first", '
            'got "x"'),
        ({"epochs": -1}, "epochs must be an integer >= 0, got -1"),
        ({"shuffle": 1}, "shuffle must be true or false, got 1"),
        ({"seed": 2**31}, "seed must be an integer from -2147483647 to 2147483647, "
            "got 2147483648"),
        ({"along": "mine"}, 'along must be one of "own", "gradient", "transpose", "proportional", '
            '"proportional_abs", got "mine"'),
        ({"every": 0}, "every must be null or an integer >= 1, got 0"),
        ({"every": 1.5}, "every must be null or an integer >= 1, got 1.5"),
        ({"progress": 1}, "progress must be true or false, got 1"),
        ({"x": [[1, 2, 3]]}, "x row 1 must have 2 values, got 3"),
        ({"d": [[1]]}, "d must have as many rows as x (4), got 1"),
        ({"batch_size": 5}, "batch_size must be null or an integer from 1 to 4 (the number of "
            "rows), got 5"),
    ],
)  # fmt: skip
def test_input_errors(given, message):
    settings = {"network": Network([2, 1]), "x": XOR_X, "d": XOR_D, **given}
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        compare_rules(settings.pop("network"), settings.pop("x"), settings.pop("d"), **settings)


def test_the_print():
    found = by_hand(rules=["gradient", "proportional"])
    assert isinstance(found, RuleComparison)
    assert str(found) == repr(found) == found.text
    assert found.text.splitlines() == [
        "Rules compared on a 1-2-1 network (identity, identity), cost half_mse, optimizer sgd, "
        "learning rate 0.0625, 0 epochs, each along its own training",
        "",
        "rule              cost before   cost after  epochs  mean cosine  smallest  length ratio"
        "  lowers cost  denominator",
        "gradient             8.00e+00     8.00e+00       0        1.000     1.000      1.00e+00"
        "       1 of 1            -",
        "proportional         8.00e+00     8.00e+00       0        1.000     1.000      2.50e-01"
        "       1 of 1     1.000000",
        "",
        "Cosine (mean, smallest) and length ratio (median) are of the gradient into layer 2, "
        "against the exact one.",
        "Lowers cost: at how many of the points a step by the rule's gradient does.",
    ]


def test_the_title_names_weight_decay_and_along():
    optimizer = Optimizer("adam", weight_decay=0.1)
    network = Network([2, 2, 1])
    how = {"optimizer": optimizer, "epochs": 1, "along": "gradient"}
    found = compare_rules(network, XOR_X, XOR_D, **how)
    assert found.text.splitlines()[0] == (
        "Rules compared on a 2-2-1 network (sigmoid, sigmoid), cost half_mse, optimizer adam, "
        "learning rate 0.001, weight decay 0.1, 1 epochs, along the training by gradient"
    )


def test_rounding_does_not_show():
    module = sys.modules["twinprop.compare_rules"]
    assert module._fixed(0.0625, 3) == module._fixed(0.0625 + 1e-13, 3) == "0.062"
    assert module._fixed(-5.55e-17, 3) == module._fixed(2.77e-17, 3) == "0.000"
    assert module._fixed(-0.0004, 3) == "0.000"
    assert module._fixed(-0.9996, 3) == "-1.000"
    assert module._exponential(1.125) == module._exponential(1.125 * (1 + 1e-13)) == "1.12e+00"
    assert module._cost(3e-33, 0.1) == module._cost(1e-32, 0.1) == "0.00e+00"
    assert module._cost(3e-10, 0.1) == "3.00e-10"
    assert (module._fixed(math.nan, 3), module._exponential(math.inf)) == ("-", "Inf")


def test_progress_names_the_rule(capfd):
    how = {"rules": ["gradient", "transpose"], "epochs": 2}
    compare_rules(Network([2, 2, 1]), XOR_X, XOR_D, **how)
    assert capfd.readouterr() == ("", "")
    compare_rules(Network([2, 2, 1]), XOR_X, XOR_D, progress=True, **how)
    out, err = capfd.readouterr()
    assert out == ""
    starts = [line.split(" cost ")[0] for line in err.splitlines()]
    assert starts == [
        *("gradient: epoch 1/2", "gradient: epoch 2/2"),
        *("transpose: epoch 1/2", "transpose: epoch 2/2"),
    ]


def test_printing_does_not_need_pandas():
    code = (
        "import sys, twinprop as t; "
        "c = t.compare_rules(t.Network([2, 2, 1]), [[0, 1]], [[1]], epochs=1); "
        "str(c); print('pandas' in sys.modules); c.summary; print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
